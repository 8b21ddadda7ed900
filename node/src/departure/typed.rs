//! What an office had typed comes along to its new node: lines of the file that the old one wrote, checked as anything
//! that comes from outside. Nothing that is here already is replaced.

use async_trait::async_trait;
use duikou_proto::name::MemberId;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use crate::audit::{Action, Actor, Event};
use crate::drafts::{Brought, DraftFact, Refusal};
use crate::engine::approval::{Policy, PolicyFact};
use crate::engine::{Command, Work, facts};
use crate::limits;
use crate::sheets::remembered::Remembered;
use crate::store::StoreError;

/// What the audit trail says of it.
const FROM: &str = "from another node";

/// A line of the file: a fact as it was kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Line {
    /// Its key.
    pub(crate) fact: String,
    /// Its value.
    pub(crate) value: Value,
}

/// Why a line is not taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum NotTakenIn {
    /// The member has as many drafts as it may have.
    #[error("the member has as many drafts as it may have")]
    Full,
    /// The listing has another draft here.
    #[error("the listing has another draft here")]
    Taken,
}

/// What became of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TakenIn {
    /// A draft is here now.
    Draft,
    /// What the member has chosen of who approves holds here now.
    Policy,
    /// How a table is read is remembered here now.
    Mapping,
    /// It was here already, or has been decided otherwise here.
    Known,
}

/// What a line holds.
#[derive(Debug)]
pub(crate) enum Typed {
    Draft(Box<DraftFact>),
    Policy(PolicyFact),
    Mapping(String, Box<Remembered>),
}

/// Whose a line is, and what it holds; None where it is no line of such a file.
pub(crate) fn read(line: &str) -> Option<(MemberId, Typed)> {
    if line.len() > limits::OFFICE_LINE_BYTES {
        return None;
    }
    let Line { fact, value } = serde_json::from_str(line).ok()?;
    let (sort, rest) = fact.split_once('/')?;
    let (member, id) = rest.split_once('/').unwrap_or((rest, ""));
    let member: MemberId = member.parse().ok()?;
    let typed = match sort {
        "draft" => {
            let draft: DraftFact = serde_json::from_value(value).ok()?;
            let its_own = draft.id == id && draft.listing_name().ok()?.origin() == member;
            (its_own && draft.is_sound()).then(|| Typed::Draft(Box::new(draft)))?
        }
        "policy" if id.is_empty() => Typed::Policy(serde_json::from_value(value).ok()?),
        "mapping" if !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            Typed::Mapping(id.to_owned(), Box::new(serde_json::from_value(value).ok()?))
        }
        _ => return None,
    };
    Some((member, typed))
}

/// Takes in what a line of a member here holds.
pub(crate) struct TakeIn {
    pub(crate) member: MemberId,
    pub(crate) typed: Typed,
    /// Who brings it.
    pub(crate) by: Actor,
    /// Their account: those of the old node are nobody's here.
    pub(crate) account: String,
}

#[async_trait]
impl Command for TakeIn {
    type Output = Result<TakenIn, NotTakenIn>;

    fn bytes(&self) -> usize {
        limits::OFFICE_LINE_BYTES
    }

    async fn run(self, work: &mut Work<'_>) -> Result<Self::Output, StoreError> {
        let Self { member, typed, by, account } = self;
        match typed {
            Typed::Draft(draft) => {
                let name = draft.name();
                match (Brought { member: &member, draft: *draft, account }).keep(work).await? {
                    Ok(true) => {
                        work.audit(&by, Event::new(Action::DraftCreate, name).of(&member).saying(FROM)).await?;
                        Ok(Ok(TakenIn::Draft))
                    }
                    Ok(false) => Ok(Ok(TakenIn::Known)),
                    Err(Refusal::Full) => Ok(Err(NotTakenIn::Full)),
                    Err(_) => Ok(Err(NotTakenIn::Taken)),
                }
            }
            Typed::Policy(policy) => {
                let decided = Policy::of(work, &member)?.chosen.version > 0;
                let Some(rule) = policy.rule.filter(|_| !decided) else { return Ok(Ok(TakenIn::Known)) };
                // Deputies are accounts of the old node.
                let deputies = Vec::new();
                let chosen = PolicyFact { rule: Some(rule), deputies, version: 1, time: work.now, by: account };
                work.put_fact(facts::policy(&member), &chosen);
                let event = Event::new(Action::PolicySet, format!("members/{member}/approvalPolicy")).of(&member);
                work.audit(&by, event.saying(FROM)).await?;
                Ok(Ok(TakenIn::Policy))
            }
            Typed::Mapping(fingerprint, remembered) => {
                let new = remembered.bring(&member, &fingerprint, work).await?;
                Ok(Ok(if new { TakenIn::Mapping } else { TakenIn::Known }))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use duikou_proto::v1::Listing;

    use super::*;
    use crate::services::tests::World;
    use crate::sheets::Mapping;
    use crate::sheets::remembered::{recall, remember};

    fn line(fact: &str, value: Value) -> String {
        serde_json::to_string(&Line { fact: fact.to_owned(), value }).unwrap()
    }

    #[test]
    fn only_lines_of_such_a_file_are_read() {
        let id = "01a0b87b-3c71-7d42-9d7e-4a5b6c7d8e9f";
        let name = "members/a.n.example/listings/tea".parse().unwrap();
        let draft = DraftFact::new(id.to_owned(), &name, &Listing::default(), "x".to_owned(), String::new());
        let value = serde_json::to_value(&draft).unwrap();
        assert!(matches!(read(&line(&format!("draft/a.n.example/{id}"), value.clone())), Some((_, Typed::Draft(_)))));
        let policy = serde_json::to_value(PolicyFact::default()).unwrap();
        assert!(matches!(read(&line("policy/a.n.example", policy.clone())), Some((_, Typed::Policy(_)))));
        let mut hollow = value.clone();
        hollow["content"] = "***".into();
        for bad in [
            line(&format!("draft/b.n.example/{id}"), value.clone()),
            line("draft/a.n.example/other", value.clone()),
            line(&format!("draft/a.n.example/{id}"), hollow),
            line("draft/a.n.example/../x", value.clone()),
            line("policy/a.n.example/x", policy.clone()),
            line("account/a.n.example", policy),
            line("mapping/a.n.example/0f", Value::Null),
            line("mapping/a.n.example/../0f", serde_json::json!({"mapping": {}, "used": 1})),
            "{}".to_owned(),
            "x".repeat(limits::OFFICE_LINE_BYTES + 1),
        ] {
            assert!(read(&bad).is_none(), "{bad}");
        }
    }

    #[tokio::test]
    async fn what_is_known_here_stays_and_the_rest_is_taken_in() {
        let world = World::new().await;
        let take = async |fact: &str, value: &Value| {
            let (member, typed) = read(&line(fact, value.clone())).expect("a good line");
            let account = "local".to_owned();
            world.engine.submit(TakeIn { member, typed, by: Actor::local(), account }).await.unwrap()
        };
        let member: MemberId = "a.n.example".parse().unwrap();
        let sheet = |name: &str| Mapping { sheet: Some(name.to_owned()), ..Mapping::default() };
        let mapping = serde_json::json!({"mapping": sheet("theirs"), "used": 1});
        remember(&world.engine, &member, "0a", sheet("ours")).await.unwrap();
        assert_eq!(take("mapping/a.n.example/0a", &mapping).await, Ok(TakenIn::Known));
        assert_eq!(take("mapping/a.n.example/0b", &mapping).await, Ok(TakenIn::Mapping));
        assert_eq!(recall(&world.engine, &member, "0a").await.unwrap(), Some(sheet("ours")));
        assert_eq!(recall(&world.engine, &member, "0b").await.unwrap(), Some(sheet("theirs")));

        let name = "members/a.n.example/listings/tea".parse().unwrap();
        let of = |id: &str| {
            let draft = DraftFact::new(id.to_owned(), &name, &Listing::default(), "x".to_owned(), String::new());
            (format!("draft/a.n.example/{id}"), serde_json::to_value(draft).unwrap())
        };
        let (fact, value) = of("01a0b87b-3c71-7d42-9d7e-4a5b6c7d8e9f");
        assert_eq!(take(&fact, &value).await, Ok(TakenIn::Draft));
        assert_eq!(take(&fact, &value).await, Ok(TakenIn::Known));
        let (fact, value) = of("01a0b87b-3c71-7d42-9d7e-4a5b6c7d8eaa");
        assert_eq!(take(&fact, &value).await, Err(NotTakenIn::Taken));
    }
}
