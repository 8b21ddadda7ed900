//! What was done to a listing here, for those who may write it.

use duikou_proto::name::RecordName;
use duikou_proto::v1::AuditEntry;

use super::super::Web;
use super::super::catalogue::Texts;
use super::super::visitor::Visitor;
use super::super::{format, words};
use crate::accounts::{Account, Role};
use crate::engine::facts;
use crate::services::{Happened, until_in};

/// Things that are shown.
const HISTORY: usize = 50;

/// Something that was done to a listing.
pub(crate) struct Done {
    pub(crate) time: String,
    pub(crate) what: String,
    pub(crate) who: String,
}

/// Who did something, by the name in the audit trail.
pub(in crate::web) async fn done_by(web: &Web, texts: Texts, actor: &str) -> String {
    let account = match actor.strip_prefix("accounts/") {
        Some(id) => web.engine().fact::<Account>(&facts::account(id)).await.ok().flatten(),
        None => None,
    };
    words::actor(texts, actor, |_| account.map(|account| account.called().to_owned()))
}

/// What was done to it here, newest first, for those who may write it.
pub(super) async fn history(web: &Web, visitor: &Visitor, name: &str) -> Vec<Done> {
    let Ok(name) = RecordName::parse(name, &web.engine().identity().network) else { return Vec::new() };
    if visitor.at_least(Role::Editor).is_err() {
        return Vec::new();
    }
    let entries = web.services().audits.history(visitor.ask((name, HISTORY))).await.unwrap_or_default();
    let texts = visitor.texts;
    let mut done = Vec::with_capacity(entries.len());
    for (at, Happened { entry, author }) in entries.iter().enumerate() {
        let before = entries.get(at + 1..).unwrap_or_default();
        let what = what(texts, entry, before.iter().map(|happened| &happened.entry));
        let time = entry.time.map(|time| format::moment(texts.language(), &format::in_china(time.seconds)));
        let who = done_by(web, texts, &entry.actor).await;
        let who = match author.is_empty() || *author == entry.actor {
            true => who,
            false => {
                let author = done_by(web, texts, author).await;
                texts.fill("history-approved", &[("author", &author), ("who", &who)])
            }
        };
        done.push(Done { time: time.unwrap_or_default(), what, who });
    }
    done
}

/// What an entry tells in words; `before`: those before it, newest first. That a listing is there for longer is what its
/// readers notice of a change.
fn what<'e>(texts: Texts, entry: &AuditEntry, mut before: impl Iterator<Item = &'e AuditEntry>) -> String {
    match &*entry.action {
        "listing.create" => texts.text("history-create"),
        "listing.update" => {
            let until = until_in(&entry.detail);
            let former = before.find_map(|before| until_in(&before.detail));
            match until.zip(former).filter(|(until, former)| until > former) {
                Some((until, _)) => texts.about("history-extend", &format::until(texts.language(), until)),
                None => texts.text("history-update"),
            }
        }
        "listing.withdraw" => texts.text("history-withdraw"),
        action => action.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use duikou_proto::language::Language;

    use super::*;

    #[test]
    fn a_change_by_which_a_listing_is_there_for_longer_says_so() {
        let entry = |action: &str, detail: &str| AuditEntry {
            action: action.to_owned(),
            detail: detail.to_owned(),
            ..AuditEntry::default()
        };
        let texts = Texts::of(Language::Zh);
        let later = entry("listing.update", "revision 3, until 2027-06-30T15:59:59Z");
        let former =
            [entry("listing.update", "revision 2"), entry("listing.create", "revision 1, until 2027-03-31T15:59:59Z")];
        assert_eq!(what(texts, &later, former.iter()), "修改，有效期延长至2027年6月30日");
        for (entry, before) in
            [(&later, &former[..1]), (&former[0], &former[1..]), (&later, std::slice::from_ref(&later))]
        {
            assert_eq!(what(texts, entry, before.iter()), "修改", "nothing says that it is longer");
        }
    }
}
