//! What waits for somebody: kinds of work, each with how much there is of it, the first few, and where to act. What is
//! found already is what they may see; here it becomes words.

use duikou_proto::federation::rejected::Code;
use duikou_proto::v1::link_status::State as LinkState;
use duikou_proto::v1::{Draft, Listing};

use super::super::catalogue::Texts;
use super::super::drafts::waits;
use super::super::layout::Tone;
use super::super::pager::Empty;
use super::super::reading::{Fresh, Names, foreign};
use super::super::signed::SignedPerson;
use super::super::{format, words};
use super::home::{FIRST, SOON_DAYS};
use super::matches::Match;
use crate::accounts::Role;
use crate::engine::receipts::Unconfirmed;
use crate::services::{Beginnings, Newest, Pile, WaitingChanges, WaitingDrafts, WorkFacts};
use crate::time::micros;

/// Everything that was found.
#[derive(Debug, Clone, Default)]
pub(super) struct Found {
    pub(super) beginnings: Beginnings,
    pub(super) facts: WorkFacts,
    /// Own listings that are about to expire.
    pub(super) expiring: Expiring,
    /// What is new since they were here before.
    pub(super) fresh: Option<Fresh>,
    /// Whether the index has more to read, so that what is found with it follows.
    pub(super) follows: bool,
    pub(super) drafts: WaitingDrafts,
    /// Those of the refused listings that are there still.
    pub(super) refused: Vec<Listing>,
    pub(super) published: Published,
    /// None: for nobody. None within: not looked for yet.
    pub(super) matches: Option<Option<Vec<Match>>>,
}

/// Own listings that are about to end.
#[derive(Debug, Clone, Default)]
pub(super) struct Expiring {
    /// The first few.
    pub(super) listings: Vec<Listing>,
    pub(super) count: usize,
    /// What waits of them.
    pub(super) changes: WaitingChanges,
}

/// The newest listings of those of whom something is not confirmed, newest first.
#[derive(Debug, Clone, Default)]
pub(super) struct Published {
    pub(super) newest: Vec<Listing>,
    /// Whether there are older ones.
    pub(super) more: bool,
}

/// One thing to do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) text: String,
    /// For `lang`; empty: the page's own.
    pub(crate) lang: String,
    /// Where it is done; empty: nowhere.
    pub(crate) path: String,
    pub(crate) detail: String,
}

/// Something with which an office begins: where that is done, what it is called, and what it is good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) path: &'static str,
    pub(crate) name: String,
    pub(crate) about: String,
}

/// One kind of work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Job {
    /// Unique on the page.
    pub(crate) id: &'static str,
    pub(crate) title: String,
    /// How much there is of it; empty: that is not known.
    pub(crate) count: String,
    pub(crate) tone: &'static str,
    /// What to do.
    pub(crate) advice: String,
    pub(crate) lines: Vec<Line>,
    /// Where all of it is, and what that is called; empty: here.
    pub(crate) all: (String, String),
}

/// A kind of work of which there is nothing, and what that means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Calm {
    pub(crate) title: String,
    pub(crate) advice: String,
}

/// What waits for somebody.
#[derive(Debug, Clone)]
pub(crate) struct Work {
    /// What is to be done first of all, each until it is done.
    pub(crate) steps: Vec<Step>,
    pub(crate) fresh: Option<Fresh>,
    /// Whether more follows by itself.
    pub(crate) follows: bool,
    /// What there is to do, the most pressing first.
    pub(crate) jobs: Vec<Job>,
    pub(crate) calm: Vec<Calm>,
    pub(crate) nothing: Empty,
}

struct Maker<'a> {
    texts: Texts,
    names: &'a Names,
    jobs: Vec<Job>,
    calm: Vec<Calm>,
}

impl Work {
    /// For whom, and what was found for them.
    pub(super) fn of(texts: Texts, names: &Names, person: &SignedPerson, found: &Found) -> Self {
        let mut maker = Maker { texts, names, jobs: Vec::new(), calm: Vec::new() };
        if person.node_admin {
            maker.alarms(found);
        }
        if person.member.is_some() && person.role >= Role::Editor {
            maker.drafts(found);
        }
        if person.member.is_some() {
            maker.expiring(person, found);
        }
        maker.refused(found);
        maker.unconfirmed(found);
        maker.links(found);
        if let Some(matches) = &found.matches {
            maker.matches(matches.as_deref(), found.follows);
        }
        let (path, name) = match person.role {
            Role::Viewer => ("/listings", "nav-listings"),
            Role::Editor | Role::Reviewer | Role::Admin => ("/drafts/new", "drafts-new"),
        };
        Self {
            steps: steps(texts, &found.beginnings),
            fresh: found.fresh.clone(),
            follows: found.follows,
            jobs: maker.jobs,
            calm: maker.calm,
            nothing: Empty {
                title: texts.text("work-nothing"),
                advice: texts.text("work-nothing-advice"),
                link: (path.to_owned(), texts.text(name)),
            },
        }
    }
}

/// What an office begins with, in the order in which it is best done.
fn steps(texts: Texts, beginnings: &Beginnings) -> Vec<Step> {
    let Beginnings { alone, no_rule, unwritten, no_backup } = *beginnings;
    let all = [
        (alone, "/admin/accounts", "begin-people", "begin-people-about"),
        (no_rule, "/admin/approval", "begin-approval", "begin-approval-about"),
        (unwritten, "/drafts/new", "begin-write", "begin-write-about"),
        (no_backup, "/admin/backups", "begin-backup", "begin-backup-about"),
    ];
    let open = all.into_iter().filter(|(open, ..)| *open);
    open.map(|(_, path, name, about)| Step { path, name: texts.text(name), about: texts.text(about) }).collect()
}

impl Maker<'_> {
    /// A kind of work with how much there is of it; calm where there is nothing.
    #[expect(clippy::too_many_arguments, reason = "one call for each kind of work, each with all that is said of it")]
    fn add(
        &mut self,
        id: &'static str,
        title: &str,
        (count, more): (usize, bool),
        tone: Tone,
        advice: &str,
        calm: &str,
        lines: Vec<Line>,
        (path, name): (String, &str),
    ) {
        let title = self.texts.text(title);
        // What was not looked at to its end is not known to be nothing.
        if count == 0 && !more {
            self.calm.push(Calm { title, advice: self.texts.text(calm) });
            return;
        }
        let count = number(count, more);
        let all = if path.is_empty() { Default::default() } else { (path, self.texts.text(name)) };
        let (tone, advice) = (tone.as_str(), self.texts.text(advice));
        let lines = lines.into_iter().take(FIRST).collect();
        self.jobs.push(Job { id, title, count, tone, advice, lines, all });
    }

    /// A kind of work of which it is not known yet whether there is any.
    fn following(&mut self, title: &str) {
        self.calm.push(Calm { title: self.texts.text(title), advice: self.texts.text("work-follows-calm") });
    }

    fn draft(&self, draft: &Draft, ending: &str, detail: String) -> Line {
        let listing = draft.listing.as_ref().and_then(|listing| listing.listing.as_ref());
        let title = listing.map(|listing| listing.title.clone()).filter(|title| !title.is_empty());
        let lang = listing.map_or_else(String::new, |listing| foreign(self.texts, &listing.language));
        let id = draft.name.rsplit('/').next().unwrap_or_default();
        Line {
            lang: if title.is_some() { lang } else { String::new() },
            text: title.unwrap_or_else(|| self.texts.text("work-untitled")),
            path: format!("/drafts/{}/{id}{ending}", self.names.short(&draft.name)),
            detail,
        }
    }

    fn drafts(&mut self, found: &Found) {
        let WaitingDrafts { returned, returned_to_others, to_approve, handed_in } = &found.drafts;
        let returned_all = || ("/drafts?state=returned".to_owned(), "work-returned-all");
        let waiting_all = || ("/drafts?state=submitted".to_owned(), "work-waiting-all");
        let lines = self.given_back(returned);
        self.add(
            "returned",
            "work-returned",
            (returned.count, false),
            Tone::Warning,
            "work-returned-do",
            "work-returned-none",
            lines,
            returned_all(),
        );
        let lines = self.handed_in(to_approve, "/review", |batch| format!("/drafts/review?batch={batch}"));
        self.add(
            "waiting",
            "work-waiting",
            (to_approve.count, false),
            Tone::Warning,
            "work-waiting-do",
            "work-waiting-none",
            lines,
            waiting_all(),
        );
        if handed_in.count > 0 {
            let lines = self.handed_in(handed_in, "", |batch| format!("/drafts?batch={batch}"));
            let count = (handed_in.count, false);
            self.add("handed-in", "work-handed-in", count, Tone::Info, "work-handed-in-do", "", lines, waiting_all());
        }
        // Work that is somebody else's comes last.
        if returned_to_others.count > 0 {
            let lines = self.given_back(returned_to_others);
            self.add(
                "returned-others",
                "work-returned-others",
                (returned_to_others.count, false),
                Tone::Info,
                "work-returned-others-do",
                "",
                lines,
                returned_all(),
            );
        }
    }

    /// What was given back, each with the reason.
    fn given_back(&self, pile: &Pile) -> Vec<Line> {
        let why = |draft: &Draft| self.draft(draft, "", self.texts.about("work-returned-why", &draft.return_reason));
        pile.newest.iter().map(|newest| why(&newest.draft)).collect()
    }

    /// What was handed in: each draft a line, and each import one for all that came with it.
    fn handed_in(&self, pile: &Pile, ending: &str, of_batch: impl Fn(&str) -> String) -> Vec<Line> {
        let line = |newest: &Newest| {
            let draft = &newest.draft;
            let detail = self.time("work-handed-in-on", draft.submit_time.as_ref());
            if draft.batch.is_empty() {
                return self.draft(draft, ending, detail);
            }
            let named: String = form_urlencoded::byte_serialize(draft.batch.as_bytes()).collect();
            let text = self.texts.count("work-import", newest.count);
            Line { text, lang: String::new(), path: of_batch(&named), detail }
        };
        pile.newest.iter().map(line).collect()
    }

    fn time(&self, id: &str, time: Option<&prost_types::Timestamp>) -> String {
        let seconds = time.map_or(0, |time| time.seconds);
        self.texts.about(id, &format::moment(self.texts.language(), &format::in_china(seconds)))
    }

    fn listing(&self, listing: &Listing, detail: String) -> Option<Line> {
        let opportunity = listing.listing.as_ref()?;
        Some(Line {
            text: opportunity.title.clone(),
            lang: foreign(self.texts, &opportunity.language),
            path: self.names.listing_path(&listing.name),
            detail,
        })
    }

    fn expiring(&mut self, person: &SignedPerson, found: &Found) {
        let Expiring { listings, count, changes } = &found.expiring;
        let line = |listing: &Listing| {
            let seconds = listing.expire_time.as_ref().map_or(0, |time| time.seconds);
            let ends = format::until(self.texts.language(), seconds);
            let ends = self.texts.about("work-expiring-on", &ends);
            let Some(change) = changes.get(&listing.name) else { return self.listing(listing, ends) };
            // What waits is what there is to look at.
            let (said, path) = waits(self.texts, self.names, change);
            let detail = self.texts.fill("work-expiring-waits", &[("ends", &ends), ("what", &said)]);
            Some(Line { path, ..self.listing(listing, detail)? })
        };
        let lines = listings.iter().filter_map(line).collect();
        if *count == 0 && found.follows {
            return self.following("work-expiring");
        }
        let count = (*count, found.follows);
        let writes = person.role >= Role::Editor;
        let all = if writes {
            ("/drafts/published?closing=soon".to_owned(), "work-expiring-all")
        } else {
            (String::new(), "")
        };
        debug_assert_eq!(SOON_DAYS, 14, "the texts say so");
        self.add(
            "expiring",
            "work-expiring",
            count,
            Tone::Warning,
            if writes { "work-expiring-do" } else { "work-expiring-read" },
            "work-expiring-none",
            lines,
            all,
        );
    }

    fn refused(&mut self, found: &Found) {
        let lines = found.facts.refused.iter().map(|refused| {
            let why = refusal(self.texts, refused.code);
            let detail = self.texts.fill("work-refused-why", &[("what", &refused.peer), ("why", &why)]);
            let listing = found.refused.iter().find(|listing| listing.name == refused.name.as_str());
            listing.and_then(|listing| self.listing(listing, detail.clone())).unwrap_or_else(|| Line {
                text: refused.name.id().to_owned(),
                lang: String::new(),
                path: self.names.listing_path(refused.name.as_str()),
                detail,
            })
        });
        let lines: Vec<Line> = lines.collect();
        let count = (lines.len(), found.facts.more_refused);
        let all = (String::new(), "");
        self.add("refused", "work-refused", count, Tone::Danger, "work-refused-do", "work-refused-none", lines, all);
    }

    fn unconfirmed(&mut self, found: &Found) {
        let (texts, names) = (self.texts, self.names);
        let lines = found.facts.unconfirmed.iter().map(|lacking| {
            let scopes = lacking.scopes.iter().map(|scope| words::scope(texts, scope, |id| names.member(id)));
            let scopes = scopes.collect::<Vec<_>>().join(&texts.text("list-comma"));
            let who = names.member(lacking.holder.as_str());
            let concerned: Vec<&Listing> =
                found.published.newest.iter().filter(|listing| concerns(lacking, listing)).collect();
            let detail = match concerned.len() {
                0 | 1 => texts.fill("work-unheld-by", &[("who", &who), ("what", &scopes)]),
                several => {
                    let more = number(several - 1, found.published.more);
                    texts.fill("work-unheld-more", &[("who", &who), ("what", &scopes), ("more", &more)])
                }
            };
            concerned.first().and_then(|listing| self.listing(listing, detail)).unwrap_or_else(|| Line {
                text: who,
                lang: String::new(),
                path: names.member_path(&format!("members/{}", lacking.holder)),
                detail: texts.about("work-unheld-of", &scopes),
            })
        });
        let lines: Vec<Line> = lines.collect();
        let count = (lines.len(), false);
        let all = (String::new(), "");
        self.add("unheld", "work-unheld", count, Tone::Warning, "work-unheld-do", "work-unheld-none", lines, all);
    }

    fn links(&mut self, found: &Found) {
        let down = found.facts.links.iter().filter(|link| link.state() != LinkState::Connected);
        let lines = down.map(|link| Line {
            text: link.peer.clone(),
            detail: [words::link_state(self.texts, link.state()), link.detail.clone()]
                .into_iter()
                .filter(|text| !text.is_empty())
                .collect::<Vec<_>>()
                .join(&self.texts.text("colon")),
            ..Line::default()
        });
        let lines: Vec<Line> = lines.collect();
        let count = (lines.len(), false);
        let all = (String::new(), "");
        self.add("links", "work-links", count, Tone::Danger, "work-links-do", "work-links-none", lines, all);
    }

    fn alarms(&mut self, found: &Found) {
        let alarms = found.facts.alarms.iter();
        let lines = alarms.map(|alarm| Line {
            text: alarm.message.clone(),
            path: "/admin".to_owned(),
            detail: alarm.remedy.clone(),
            ..Line::default()
        });
        let lines: Vec<Line> = lines.collect();
        let count = (lines.len(), false);
        let all = ("/admin".to_owned(), "work-alarms-all");
        self.add("alarms", "work-alarms", count, Tone::Danger, "work-alarms-do", "work-alarms-none", lines, all);
    }

    fn matches(&mut self, matches: Option<&[Match]>, follows: bool) {
        let lines = matches.unwrap_or_default().iter().filter_map(|found| {
            let own = found.own.listing.as_ref().map_or("", |own| own.title.as_str());
            let score = found.score.to_string();
            let detail = self.texts.fill("work-matches-of", &[("what", own), ("score", &score)]);
            self.listing(&found.other, detail)
        });
        let lines: Vec<Line> = lines.collect();
        if lines.is_empty() && follows {
            return self.following("work-matches");
        }
        let count = (lines.len(), false);
        let found = lines.len();
        let calm = if matches.is_some() { "work-matches-none" } else { "work-matches-looking" };
        let all = (String::new(), "");
        self.add("matches", "work-matches", count, Tone::Info, "work-matches-do", calm, lines, all);
        // These are the best of the newest; how many there are in all nobody has counted.
        if found > 0
            && let Some(job) = self.jobs.last_mut()
        {
            job.count.clear();
        }
    }
}

/// How many there are, and whether there may be more.
fn number(count: usize, more: bool) -> String {
    let number = format::grouped(i64::try_from(count).unwrap_or(i64::MAX));
    if more { format!("{number}+") } else { number }
}

/// Whether somebody who has not confirmed what it should hold has not confirmed this.
fn concerns(lacking: &Unconfirmed, listing: &Listing) -> bool {
    let written = listing.update_time.or(listing.publish_time);
    let written = written.and_then(|time| micros(&time));
    let since = lacking.heard.is_none_or(|heard| written.is_none_or(|written| written > heard));
    let origin = listing.name.split('/').nth(1) == Some(lacking.origin.as_str());
    origin && since && listing.scopes.iter().any(|scope| lacking.scopes.contains(scope))
}

/// Why a peer refused something, in words.
fn refusal(texts: Texts, code: i32) -> String {
    let id = match Code::try_from(code).unwrap_or(Code::Unspecified) {
        Code::BadSignature => "refusal-signature",
        Code::Key => "refusal-key",
        Code::Malformed => "refusal-malformed",
        Code::Foreign => "refusal-foreign",
        Code::Host => "refusal-host",
        Code::Suspended => "refusal-suspended",
        Code::Expired => "refusal-expired",
        Code::Future => "refusal-future",
        Code::Limit => "refusal-limit",
        Code::Unspecified => "refusal-unknown",
    };
    texts.text(id)
}

#[cfg(test)]
mod tests {
    use duikou_proto::language::Language;
    use duikou_proto::v1::Opportunity;
    use prost_types::Timestamp;

    use super::*;
    use crate::services::WaitingChange;

    fn work(role: Role, found: &Found) -> Work {
        let texts = Texts::of(Language::Zh);
        let names = Names::sample(Language::Zh, "pprd.example");
        Work::of(texts, &names, &SignedPerson::sample(Language::Zh, role), found)
    }

    #[test]
    fn of_what_ends_soon_that_is_looked_at_of_which_a_change_waits() {
        let named = |id: &str| Listing {
            name: format!("members/bijie.pprd.example/listings/{id}"),
            // The first moment of the third of November in China.
            expire_time: Some(Timestamp { seconds: 1_793_635_200, nanos: 0 }),
            listing: Some(Opportunity { title: id.to_owned(), ..Opportunity::default() }),
            ..Listing::default()
        };
        let draft = "members/bijie.pprd.example/drafts/d".to_owned();
        let change = WaitingChange { draft, prolongs: false, edits: true };
        let listings = vec![named("tea"), named("rice")];
        let changes = [(listings[1].name.clone(), change)].into();
        let expiring = Expiring { listings, count: 2, changes };
        let found = Found { expiring, ..Found::default() };
        let job = work(Role::Editor, &found).jobs.remove(0);
        let told: Vec<(&str, &str)> = job.lines.iter().map(|line| (&*line.path, &*line.detail)).collect();
        let wanted = [
            ("/listings/bijie/tea", "2026年11月2日到期"),
            ("/drafts/bijie/d/review", "2026年11月2日到期；已提交修改，等待审核"),
        ];
        assert_eq!((job.id, &*job.count, &*told), ("expiring", "2", &wanted[..]));
    }

    #[test]
    fn of_counterparts_the_best_are_shown_and_nothing_is_said_of_how_many_there_are() {
        let named = |id: &str| Listing {
            name: format!("members/zunyi.pprd.example/listings/{id}"),
            listing: Some(Opportunity { title: id.to_owned(), ..Opportunity::default() }),
            ..Listing::default()
        };
        let pair = Match { own: named("tea"), other: named("rice"), score: 54 };
        let found = Found { matches: Some(Some(vec![pair])), ..Found::default() };
        let job = work(Role::Editor, &found).jobs.remove(0);
        assert_eq!((job.id, &*job.count, job.lines.len()), ("matches", "", 1));
    }

    #[test]
    fn what_an_office_begins_with_is_told_in_its_order_until_it_is_done() {
        let paths = |beginnings: Beginnings| {
            let work = work(Role::Admin, &Found { beginnings, ..Found::default() });
            work.steps.iter().map(|step| step.path).collect::<Vec<_>>()
        };
        let all = Beginnings { alone: true, no_rule: true, unwritten: true, no_backup: true };
        assert_eq!(paths(all), ["/admin/accounts", "/admin/approval", "/drafts/new", "/admin/backups"]);
        assert_eq!(paths(Beginnings::default()), [""; 0]);
    }

    #[test]
    fn nobody_is_said_to_have_confirmed_what_nobody_has_looked_for() {
        // Whoever should hold something is late after a while only: until then nothing is known.
        let calm = work(Role::Editor, &Found::default()).calm;
        let unheld = calm.iter().find(|calm| calm.title == "尚未确认收到").unwrap();
        assert!(unheld.advice.contains("逾期") && !unheld.advice.contains("均已"), "{}", unheld.advice);
    }
}
