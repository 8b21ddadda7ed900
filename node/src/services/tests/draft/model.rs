//! Random people who write, hand in, give back, approve and publish, beside a model of what each may come to: nothing is
//! published without a valid approval, and nothing that has one is refused.

use super::*;

/// Audiences, and of each those that are no wider: whoever sees nothing more by the one than by the other.
const AUDIENCES: [(&[&str], &[usize]); 4] =
    [(&["member:c"], &[0]), (&["network"], &[0, 1]), (&["public"], &[0, 1, 2, 3]), (&[], &[3])];
const TITLES: [&str; 3] = ["spring tea", "summer tea", "autumn tea"];
const STEPS: usize = 250;
const NAME: &str = "members/a.n.example/listings/x";

/// Title and audience.
type Said = (usize, usize);

fn said((title, audience): Said) -> Listing {
    Listing {
        name: NAME.into(),
        expire_time: Some(timestamp(START + 100 * DAY)),
        ..listing(TITLES[title], AUDIENCES[audience].0)
    }
}

struct Chance(blake3::OutputReader);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        usize::try_from(u64::from_le_bytes(bytes) % bound as u64).unwrap()
    }

    fn said(&mut self) -> Said {
        (self.below(TITLES.len()), self.below(AUDIENCES.len()))
    }
}

/// The draft as it should be.
struct Held {
    draft: Draft,
    says: Said,
    hands: Vec<usize>,
    state: State,
    /// What the listing's revision was when it was handed in.
    base: u64,
    /// What it was approved as before somebody changed it.
    stale: Vec<String>,
}

struct Model {
    rule: Rule,
    published: Option<Said>,
    /// Changes with whatever is signed; 0: nothing that anybody else could see.
    revision: u64,
    written: u64,
    exposed: bool,
    known: bool,
    draft: Option<Held>,
    approved: Option<(String, String, v1::ApproveDraftResponse)>,
}

type Told = Result<(), &'static str>;

impl Model {
    fn write(&mut self, says: Said) {
        self.written += 1;
        (self.revision, self.published, self.known) = (self.written, Some(says), true);
        self.exposed |= !AUDIENCES[says.1].0.is_empty();
    }

    fn direct(&mut self, says: Said) -> Told {
        let narrower = |before: Said| before.0 == says.0 && AUDIENCES[before.1].1.contains(&says.1);
        if self.published == Some(says) {
            return Ok(());
        }
        if self.rule != Rule::None && !self.published.is_some_and(narrower) {
            return Err("APPROVAL_REQUIRED");
        }
        self.write(says);
        Ok(())
    }

    fn withdraw(&mut self) -> Told {
        if !self.known {
            return Err("NOT_FOUND");
        }
        if self.published.take().is_some() {
            self.written += 1;
            self.revision = if self.exposed { self.written } else { 0 };
        }
        Ok(())
    }

    fn submit(&mut self) -> Told {
        let (published, revision) = (self.published, self.revision);
        let Some(held) = &mut self.draft else { return Err("NOT_FOUND") };
        if published == Some(held.says) {
            return Err("NOTHING_TO_APPROVE");
        }
        (held.state, held.base) = (State::Submitted, revision);
        Ok(())
    }

    fn judge(&self, who: usize) -> Told {
        if self.rule == Rule::Other && who < REVIEWER { Err("NOT_REVIEWER") } else { Ok(()) }
    }

    fn give_back(&mut self, who: usize) -> Told {
        self.judge(who)?;
        let held = self.draft.as_mut().ok_or("NOT_FOUND")?;
        if held.state != State::Submitted {
            return Err("DRAFT_STATE");
        }
        held.state = State::Returned;
        Ok(())
    }

    fn approve(&mut self, who: usize, current: bool) -> Told {
        let held = self.draft.as_ref().ok_or("NOT_FOUND")?;
        if !current || held.state != State::Submitted {
            return Err("DRAFT_CHANGED");
        }
        self.judge(who)?;
        if self.rule == Rule::Other && held.hands.contains(&who) {
            return Err("OTHER_PERSON");
        }
        if held.base != self.revision {
            return Err("ETAG_MISMATCH");
        }
        let says = held.says;
        self.draft = None;
        self.write(says);
        Ok(())
    }
}

/// The first of those who are reviewers.
const REVIEWER: usize = 2;

struct Play<'a> {
    world: &'a World,
    people: [String; 4],
    model: Model,
}

impl Play<'_> {
    async fn step(&mut self, chance: &mut Chance) -> (String, Told, Result<(), Status>) {
        let who = chance.below(self.people.len());
        let secret = self.people[who].clone();
        let world = self.world;
        match (chance.below(12), &mut self.model.draft) {
            (0, _) => {
                let rule = [Rule::None, Rule::Self_, Rule::Other, Rule::Other][chance.below(4)];
                self.model.rule = rule;
                world.rule("a", rule).await;
                (format!("the rule is {rule:?}"), Ok(()), Ok(()))
            }
            (1 | 2, _) => {
                let says = chance.said();
                let request = UpdateListingRequest {
                    listing: Some(said(says)),
                    update_mask: Some(FieldMask { paths: vec!["*".into()] }),
                    allow_missing: true,
                    ..Default::default()
                };
                let done = world.anybody().update_listing(bearing(&secret, request)).await.map(drop);
                (format!("{who} writes {says:?}"), self.model.direct(says), done)
            }
            (3, _) => {
                let request = WithdrawListingRequest { name: NAME.into(), ..Default::default() };
                let done = world.anybody().withdraw_listing(bearing(&secret, request)).await.map(drop);
                (format!("{who} withdraws"), self.model.withdraw(), done)
            }
            (4, held) => {
                let says = chance.said();
                let made = world.draft(&secret, "x", said(says)).await;
                let expected = if held.is_some() { Err("DRAFT_EXISTS") } else { Ok(()) };
                let done = made.map(|draft| {
                    let state = State::Draft;
                    *held = Some(Held { draft, says, hands: vec![who], state, base: 0, stale: Vec::new() });
                });
                (format!("{who} drafts {says:?}"), expected, done)
            }
            (5 | 6, Some(held)) => {
                let (says, fresh) = (chance.said(), chance.below(4) > 0);
                let mut wanted = Draft { listing: Some(said(says)), ..held.draft.clone() };
                if !fresh {
                    wanted.etag = "ffff".into();
                }
                let edited = world.edit(&secret, &wanted, &["*"]).await;
                let done = edited.map(|draft| {
                    if says != held.says {
                        held.stale.extend(Some(held.draft.content_hash.clone()).filter(|hash| !hash.is_empty()));
                        held.says = says;
                        held.hands.push(who);
                        if held.state == State::Submitted {
                            held.state = State::Draft;
                        }
                    }
                    held.draft = draft;
                });
                let expected = if fresh { Ok(()) } else { Err("DRAFT_CHANGED") };
                (format!("{who} edits to {says:?}"), expected, done)
            }
            (7 | 8, Some(held)) => {
                let done = world.submit(&secret, &held.draft).await.map(|draft| held.draft = draft);
                (format!("{who} hands in"), self.model.submit(), done)
            }
            (9, Some(held)) => {
                let done = world.give_back(&secret, &held.draft.name, "no").await.map(|draft| held.draft = draft);
                (format!("{who} gives back"), self.model.give_back(who), done)
            }
            (10, Some(held)) if chance.below(6) == 0 => {
                let request = DeleteDraftRequest { name: held.draft.name.clone(), ..Default::default() };
                let done = world.drafts().delete_draft(bearing(&secret, request)).await.map(drop);
                self.model.draft = None;
                (format!("{who} throws it away"), Ok(()), done)
            }
            (10 | 11, Some(held)) => {
                let stale = held.stale.last().cloned().filter(|_| chance.below(4) == 0);
                // Somebody who comes back to what was there has seen it.
                let current = stale.is_none() || stale.as_ref() == Some(&held.draft.content_hash);
                let hash = stale.unwrap_or_else(|| held.draft.content_hash.clone());
                let hash = if hash.is_empty() { "0".repeat(64) } else { hash };
                let name = held.draft.name.clone();
                let done = world.approve(&secret, &name, &hash).await;
                let expected = self.model.approve(who, current);
                if let Ok(approved) = &done {
                    self.model.approved = Some((name, hash, approved.clone()));
                }
                (format!("{who} approves, seen: {current}"), expected, done.map(drop))
            }
            _ => match &self.model.approved {
                None => (format!("{who} looks on"), Ok(()), Ok(())),
                Some((name, hash, before)) => {
                    let again = world.approve(&secret, name, hash).await;
                    let same = again.map(|again| assert_eq!(again, *before));
                    (format!("{who} approves once more"), Ok(()), same)
                }
            },
        }
    }
}

#[tokio::test]
async fn nothing_is_published_without_a_valid_approval() {
    for seed in 1..=6u64 {
        let world = World::new().await;
        let mut people = Vec::new();
        for role in [Role::Editor, Role::Editor, Role::Reviewer, Role::Admin] {
            people.push(world.token("a", role).await);
        }
        let model = Model {
            rule: Rule::None,
            published: None,
            revision: 0,
            written: 0,
            exposed: false,
            known: false,
            draft: None,
            approved: None,
        };
        let mut play = Play { world: &world, people: people.try_into().unwrap(), model };
        let mut chance = Chance(blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof());
        let mut story = Vec::new();
        for step in 0..STEPS {
            let (what, expected, done) = play.step(&mut chance).await;
            story.push(what);
            let told = done.as_ref().err().map(reason);
            let last = &story[story.len().saturating_sub(12)..];
            assert_eq!(told.as_deref(), expected.err(), "seed {seed}, step {step}: {last:#?}");
            let published = world.published("x").await;
            let is = published.map(|listing| (listing.listing.unwrap().title, listing.scopes));
            let should = play.model.published.map(|(title, audience)| {
                let scopes: Vec<String> = AUDIENCES[audience].0.iter().map(ToString::to_string).collect();
                (TITLES[title].to_owned(), scopes)
            });
            assert_eq!(is, should, "seed {seed}, step {step}: {last:#?}");
        }
    }
}
