//! The origin's side: who asks is verified, every question is written down, the policy decides, the viewer of the asker
//! says what is shown, and the answer is signed and sealed to the asker.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use duikou_proto::directory::MemberState;
use duikou_proto::envelope::{Part, Revision};
use duikou_proto::federation::live_answer::Hop;
use duikou_proto::federation::live_content::Refusal;
use duikou_proto::federation::live_query::Reader as For;
use duikou_proto::federation::{LiveAnswer, LiveContent, LiveQuery};
use duikou_proto::filter::{Filter, Header};
use duikou_proto::limits as contract;
use duikou_proto::live::{Asked, Exchange, Page, Unasked};
use duikou_proto::v1::{Listing, Opportunity, Signed};
use duikou_proto::words::Words;
use prost::Message;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use super::Live;
use super::guard::{Guard, Verdict};
use super::journal::{Journal, QuestionFact};
use super::outcomes::Came;
use super::way::{Way, said};
use crate::engine::{Reader, Seen};
use crate::feed::{listing_of, readable};
use crate::limits;
use crate::store::{StoreError, Stretch};

/// What is remembered of the questions that came.
pub(super) struct Memory {
    guard: Mutex<Guard>,
    journal: Journal,
}

/// Who waits for the answer.
pub(crate) enum To {
    /// A member here, which has room for a whole one.
    Asker(mpsc::Sender<LiveAnswer>),
    /// The peer of a link, which calls the question `id`.
    Way { way: Arc<Way>, id: u64, _permit: OwnedSemaphorePermit },
}

impl To {
    async fn put(&self, answer: LiveAnswer) {
        match self {
            // Whoever has gone misses nothing.
            Self::Asker(asker) => drop(asker.try_send(answer)),
            Self::Way { way, id, .. } => way.put(LiveAnswer { id: *id, ..answer }).await,
        }
    }
}

/// What is to be said: to whom, and what.
struct Answer {
    exchange: Exchange,
    pages: Vec<LiveContent>,
}

impl Answer {
    fn is_refusal(&self) -> bool {
        self.pages.first().is_some_and(|page| page.refusal != 0)
    }
}

impl Live {
    /// Answers a question that somebody put to a member here, within that time or not at all.
    pub(super) fn answer(&self, question: Signed, within: Duration, to: To) {
        let live = self.clone();
        self.0.tasks.spawn(async move {
            let stopped = live.0.engine.stopped();
            tokio::select! {
                () = stopped.cancelled() => {}
                _ = tokio::time::timeout(within, live.put_answer(question, &to)) => {}
            }
        });
    }

    async fn put_answer(&self, question: Signed, to: &To) {
        // A link that takes its answers slowly holds up nobody else's.
        let _place = match to {
            To::Way { way, .. } => way.answering.acquire().await.ok(),
            To::Asker(_) => None,
        };
        let decided = {
            let Ok(_turn) = self.0.answering.acquire().await else { return };
            self.decide(question).await
        };
        let came = match &decided {
            Ok(Some(answer)) if answer.is_refusal() => Came::Refused,
            Ok(Some(_)) => Came::Answered,
            Ok(None) => Came::Dropped,
            Err(_) => Came::Failed,
        };
        self.0.outcomes.came.count(&came);
        match decided {
            Ok(Some(answer)) => {
                if self.say(answer, to).await.is_none() {
                    to.put(said(0, Hop::Busy)).await;
                }
            }
            // A word would help whoever meant harm.
            Ok(None) => {}
            Err(error) => {
                tracing::error!(error = %crate::error::chain(&error), "a live question could not be answered");
                to.put(said(0, Hop::Busy)).await;
            }
        }
    }

    async fn memory(&self) -> Result<&Memory, StoreError> {
        let open = async || {
            let (journal, guard) = Journal::open(&self.0.engine).await?;
            Ok(Memory { guard: Mutex::new(guard), journal })
        };
        self.0.memory.get_or_try_init(open).await
    }

    /// What is to be said; None: nothing.
    async fn decide(&self, question: Signed) -> Result<Option<Answer>, StoreError> {
        let engine = &self.0.engine;
        let (directory, now) = (engine.directory(), engine.now());
        let asked = match Asked::parse(question) {
            Ok(asked) => asked,
            Err(malformed) => {
                tracing::warn!(%malformed, "a live question is dropped");
                return Ok(None);
            }
        };
        let Exchange { asker, origin, .. } = &asked.exchange;
        let refusal = match asked.verify(&directory, now) {
            Err(forged @ Unasked::Forged) => {
                tracing::warn!(asker.id = %asker, origin.id = %origin, reason = %forged, "a live question is dropped");
                return Ok(None);
            }
            Err(Unasked::Asker) => Some(Refusal::Asker),
            Err(Unasked::Clock) => Some(Refusal::Clock),
            Ok(()) => {
                let memory = self.memory().await?;
                let verdict = memory.guard.lock().unwrap_or_else(PoisonError::into_inner).admit(&asked, now);
                match verdict {
                    Verdict::New => None,
                    Verdict::Met => {
                        tracing::warn!(asker.id = %asker, origin.id = %origin, "a live question came again: dropped");
                        return Ok(None);
                    }
                    Verdict::Often => Some(Refusal::Rate),
                    Verdict::Full => Some(Refusal::Busy),
                }
            }
        };
        let exchange = asked.exchange.clone();
        if let Some(refusal) = refusal {
            // Not written down: whoever repeats it would fill the journal.
            tracing::info!(asker.id = %asker, origin.id = %origin, refusal = refusal.as_str_name(), "a live question is refused");
            return Ok(Some(Answer { exchange, pages: vec![refused(refusal)] }));
        }
        let good = |number: &i32| directory.member(origin).is_some_and(|member| member.opens(*number, now));
        let opener = |number| Some(number).filter(good).and_then(|number| self.0.openers.numbered(origin, number));
        let query = asked.open(opener).ok();
        let pages = match &query {
            None => vec![refused(Refusal::Query)],
            Some(query) => self.pages(&asked.exchange, query).await?,
        };
        let refusal = pages.first().map_or(0, |page| page.refusal);
        let fact = QuestionFact::new(&asked, query.as_ref(), refusal, now);
        tracing::info!(asker.id = %asker, origin.id = %origin, refusal, "a live question was put");
        if let Err(error) = self.memory().await?.journal.note(engine, fact).await {
            tracing::error!(error = %crate::error::chain(&error), "a live question cannot be written down: it is not answered");
            return Ok(Some(Answer { exchange, pages: vec![refused(Refusal::Busy)] }));
        }
        Ok(Some(Answer { exchange, pages }))
    }

    async fn pages(&self, exchange: &Exchange, query: &LiveQuery) -> Result<Vec<LiveContent>, StoreError> {
        let engine = &self.0.engine;
        let directory = engine.directory();
        let reader = match query.reader() {
            For::Unspecified => return Ok(vec![refused(Refusal::Query)]),
            For::Member => Reader::Member(exchange.asker.clone()),
            For::Registered => Reader::Registered,
        };
        let registered = reader == Reader::Registered;
        if !self.0.policy.load().answers(exchange, registered, &directory) {
            return Ok(vec![refused(Refusal::Policy)]);
        }
        if directory.member(&exchange.origin).is_none_or(|member| member.state != MemberState::Active) {
            return Ok(vec![refused(Refusal::Asker)]);
        }
        // What it has to take back first it would pass for not having.
        if engine.unrecovered().contains(&exchange.origin) {
            return Ok(vec![refused(Refusal::Busy)]);
        }
        let network = &engine.identity().network;
        let filter = Filter::compile(&query.filter.clone().unwrap_or_default(), network);
        let (Ok(filter), Ok(words)) = (filter, Words::parse(&query.words)) else {
            return Ok(vec![refused(Refusal::Query)]);
        };
        let on_request = self.0.policy.load().shows_on_request(exchange, registered, &directory);
        let most = usize::try_from(query.max_results).unwrap_or(0).clamp(1, contract::LIVE_RESULTS);
        let wanted = Wanted { reader, on_request, filter, words, most };
        let (found, complete) = self.find(exchange, &wanted).await?;
        let listings = found.into_iter().map(|(part, opportunity)| listing_of(&part, opportunity, network));
        Ok(in_pages(listings, complete))
    }

    /// The best or newest of the origin's listings that match, and whether those are all.
    async fn find(&self, exchange: &Exchange, wanted: &Wanted) -> Result<(Vec<(Part, Opportunity)>, bool), StoreError> {
        let engine = &self.0.engine;
        let prefix = format!("members/{}/listings/", exchange.origin);
        let (mut best, mut after, mut looked, mut cut) = (Vec::<Found>::new(), Some(String::new()), 0, false);
        while let Some(from) = after {
            let Stretch { rows, damaged, next } = engine.range(&prefix, &from, limits::FEED_PAGE).await?;
            // The rights of after the reading: what was written since they were lost is not shown.
            let (mut viewer, directory, now) = (engine.viewer(&wanted.reader), engine.directory(), engine.now());
            if wanted.on_request {
                viewer = viewer.answered_by(&exchange.origin);
            }
            for row in &rows {
                if let Seen::Record(part) = viewer.see(row, &directory, now)
                    && let Some(found) = wanted.look(part)
                {
                    best.push(found);
                }
            }
            cut |= keep_best(&mut best, wanted.most);
            looked += rows.len() + damaged.len();
            // What cannot be read may be what is looked for.
            cut |= !damaged.is_empty();
            if next.is_some() && looked >= limits::LIVE_ROWS {
                cut = true;
                break;
            }
            after = next;
        }
        let shown = best.into_iter().filter_map(|found| Some((found.part.clone(), readable(&found.part)?)));
        Ok((shown.collect(), !cut))
    }

    /// Signs, seals and sends; None where the origin's key is not here, or the asker has none.
    async fn say(&self, answer: Answer, to: &To) -> Option<()> {
        let Answer { exchange, pages } = answer;
        let engine = &self.0.engine;
        let count = pages.len();
        for (number, content) in (1..).zip(pages) {
            let directory = engine.directory();
            let signer = engine.identity().signers.newest(&exchange.origin, &directory)?;
            let last = number as usize == count;
            let page = Page { number, last, content };
            let reply = exchange.reply(&page, &signer, &directory, engine.world().random()).ok()?;
            to.put(LiveAnswer { reply: Some(reply), last, ..LiveAnswer::default() }).await;
        }
        Some(())
    }
}

/// What is looked for.
struct Wanted {
    reader: Reader,
    on_request: bool,
    filter: Filter,
    words: Words,
    most: usize,
}

/// One listing that matches.
struct Found {
    score: u32,
    revision: Revision,
    part: Part,
}

impl Wanted {
    fn look(&self, part: &Part) -> Option<Found> {
        let header = Header::of(part);
        if !part.kind().is_listing() || !self.filter.matches_header(&header) {
            return None;
        }
        let mut score = 0;
        if self.filter.needs_body() || !self.words.is_empty() {
            let opportunity = Opportunity::decode(part.body()).ok()?;
            if !self.filter.matches(&header, &opportunity) {
                return None;
            }
            score = self.words.score(&opportunity)?;
        }
        Some(Found { score, revision: part.revision(), part: part.clone() })
    }
}

/// Keeps the `most` best, of equals the newest; whether others went.
fn keep_best(best: &mut Vec<Found>, most: usize) -> bool {
    best.sort_by_key(|found| std::cmp::Reverse((found.score, found.revision)));
    let cut = best.len() > most;
    best.truncate(most);
    cut
}

fn refused(refusal: Refusal) -> LiveContent {
    LiveContent { refusal: refusal.into(), ..LiveContent::default() }
}

/// Pages that carriers take, the last of which says whether those are all.
fn in_pages(listings: impl Iterator<Item = Listing>, complete: bool) -> Vec<LiveContent> {
    let (mut pages, mut page, mut bytes, mut all, mut complete) = (Vec::new(), Vec::new(), 0, 0, complete);
    for listing in listings {
        let size = listing.encoded_len();
        // Padding makes a page a quarter larger.
        if all + size > contract::LIVE_ANSWER_BYTES / 5 * 4 || pages.len() + 1 >= contract::LIVE_PAGES {
            complete = false;
            break;
        }
        all += size;
        bytes += size;
        page.push(listing);
        if bytes >= contract::LIVE_PAGE_BYTES {
            bytes = 0;
            pages.push(LiveContent { listings: std::mem::take(&mut page), ..LiveContent::default() });
        }
    }
    pages.push(LiveContent { listings: page, complete, ..LiveContent::default() });
    pages
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(bytes: usize) -> Listing {
        Listing { name: "n".repeat(bytes), ..Listing::default() }
    }

    #[test]
    fn pages_hold_everything_in_order_or_say_that_they_do_not() {
        let sizes: Vec<usize> = (0..40).map(|at| at * 500 + 1).collect();
        let pages = in_pages(sizes.iter().map(|size| listing(*size)), true);
        let held: Vec<usize> = pages.iter().flat_map(|page| &page.listings).map(|listing| listing.name.len()).collect();
        assert_eq!(held, sizes);
        assert!(pages.len() > 5);
        assert_eq!(pages.iter().filter(|page| page.complete).count(), 1);
        assert!(pages.last().unwrap().complete);

        assert_eq!(in_pages(std::iter::empty(), true).len(), 1);
        assert!(!in_pages(std::iter::empty(), false)[0].complete);
        let pages = in_pages((0..100).map(|_| listing(60_000)), true);
        assert!(!pages.last().unwrap().complete);
        assert!(pages.len() <= contract::LIVE_PAGES);
        assert!(pages.iter().all(|page| page.encoded_len() <= contract::LIVE_REPLY_BYTES / 5 * 4 - 4096));
    }
}
