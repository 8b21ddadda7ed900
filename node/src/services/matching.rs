//! What answers a listing.

use std::cmp::Reverse;
use std::sync::Arc;

use duikou_proto::envelope::Revision;
use duikou_proto::filter::Filter;
use duikou_proto::name::MemberId;
use duikou_proto::v1::match_listings_request::Subject as Given;
use duikou_proto::v1::match_service_server::MatchService;
use duikou_proto::v1::{self, Match};
use duikou_proto::validate::{self, Violation, reason};
use prost::Message;
use tokio::sync::Semaphore;
use tonic::{Request, Response, Status, async_trait};

use super::auth::{Caller, Door};
use super::error::{Failure, violation};
use super::listing::{bad_name, record_name};
use super::page_token::{Purpose, page_size};
use crate::engine::Reader;
use crate::feed::{listing_of, readable};
use crate::limits;
use crate::matching::{Asked, Found, MIN_SCORE, Subject, find};
use crate::search::Search;

pub(crate) struct Matches {
    door: Door,
    search: Search,
    /// Those that look, and those that may wait for their turn.
    looking: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

impl Matches {
    pub(crate) fn new(door: Door, search: Search) -> Self {
        let looking = Arc::new(Semaphore::new(limits::MATCHING));
        Self { door, search, looking, waiting: Arc::new(Semaphore::new(limits::MATCHES_WAITING)) }
    }

    async fn matches(
        &self,
        caller: &Caller,
        request: v1::MatchListingsRequest,
    ) -> Result<v1::MatchListingsResponse, Failure> {
        let engine = &self.door.engine;
        let network = &engine.identity().network;
        let size = page_size(request.page_size)?;
        let mut found = Vec::new();
        let filter = Filter::compile(&request.filter.clone().unwrap_or_default(), network);
        let filter = filter.unwrap_or_else(|violations| {
            found.extend(violations);
            Filter::default()
        });
        let min_score = min_score(request.min_score, "min_score", &mut found);
        let parts = [&subject_bytes(&request)[..], &filter.hash(), &min_score.to_le_bytes()];
        let purpose = Purpose::new("MatchListings", &parts, &caller.reader);
        let after = purpose.open(engine, &request.page_token)?;
        let subject = self.subject(caller, request.subject, &mut found).await?;
        let Some((subject, not_of)) = subject.filter(|_| found.is_empty()) else {
            return Err(Failure::Violations(found));
        };
        let _place = self.waiting.try_acquire().map_err(|_| Failure::MatchLimit)?;
        let _turn = self.looking.acquire().await.map_err(|_| Failure::Closing)?;
        let asked = Asked { reader: &caller.reader, filter: &filter, min_score, not_of: not_of.as_deref() };
        let all = find(&self.search, subject, &asked).await?;
        let after = Place::read(&after);
        let mut rest = all.iter().filter(|found| after.as_ref().is_none_or(|after| found.place() > after.key()));
        let page: Vec<&Found> = rest.by_ref().take(size).collect();
        let next = page.last().filter(|_| rest.next().is_some());
        let next_page_token = next.map(|last| purpose.seal(engine, &Place::of(last).write())).unwrap_or_default();
        let matches = page.into_iter().map(|found| Match {
            listing: Some(listing_of(&found.part, found.opportunity.clone(), network)),
            score: i32::try_from(found.score.points).unwrap_or(i32::MAX),
            reasons: found.score.reasons.clone(),
        });
        Ok(v1::MatchListingsResponse { matches: matches.collect(), next_page_token })
    }

    /// What is to be answered, and whose own listings are no answer; None where it is bad.
    async fn subject(
        &self,
        caller: &Caller,
        given: Option<Given>,
        found: &mut Vec<Violation>,
    ) -> Result<Option<(Subject, Option<String>)>, Failure> {
        let engine = &self.door.engine;
        match given {
            None => {
                found.push(violation(
                    "name",
                    reason::REQUIRED,
                    "请写明为哪条信息找对口：填写 name，或给出 listing。",
                    "Say which listing: give its name, or a listing.",
                ));
                Ok(None)
            }
            Some(Given::Name(name)) => {
                let Ok(name) = record_name(&name, &engine.identity().network) else {
                    found.push(bad_name("name"));
                    return Ok(None);
                };
                let held = engine.get(&name, &caller.reader).await?;
                let opportunity = held.and_then(|(part, _)| readable(&part));
                let subject = opportunity.and_then(Subject::new).ok_or_else(|| Failure::NotFound(name.to_string()))?;
                Ok(Some((subject, Some(name.origin_str().to_owned()))))
            }
            Some(Given::Listing(mut opportunity)) => {
                validate::normalise(&mut opportunity);
                found.extend(validate::opportunity(&opportunity, "listing"));
                let own = member(&caller.reader).map(MemberId::to_string);
                Ok(Subject::new(opportunity).map(|subject| (subject, own)))
            }
        }
    }
}

/// The member whose eyes a reader has.
fn member(reader: &Reader) -> Option<&MemberId> {
    match reader {
        Reader::Member(member) => Some(member),
        Reader::Narrowed(whole, _) => member(whole),
        Reader::Anonymous | Reader::Registered | Reader::Operator => None,
    }
}

fn subject_bytes(request: &v1::MatchListingsRequest) -> Vec<u8> {
    v1::MatchListingsRequest { subject: request.subject.clone(), ..Default::default() }.encode_to_vec()
}

/// The points that a counterpart has at least; `field` is blamed where they are none.
pub(super) fn min_score(asked: i32, field: &str, found: &mut Vec<Violation>) -> u32 {
    match u32::try_from(asked) {
        Ok(0) => MIN_SCORE,
        Ok(score) if score <= 100 => score,
        _ => {
            found.push(violation(
                field,
                reason::OUT_OF_RANGE,
                "最低分应在1至100之间，或不填。",
                "The score is 1 to 100, or left out.",
            ));
            MIN_SCORE
        }
    }
}

/// Where a page ended.
pub(crate) struct Place {
    points: u32,
    revision: Revision,
    name: String,
}

impl Place {
    fn of(found: &Found) -> Self {
        Self { points: found.score.points, revision: found.part.revision(), name: found.part.name().to_string() }
    }

    fn key(&self) -> (Reverse<u32>, Reverse<Revision>, &str) {
        (Reverse(self.points), Reverse(self.revision), &self.name)
    }

    pub(crate) fn write(&self) -> String {
        format!("{} {} {}", self.points, self.revision, self.name)
    }

    /// None for the first page.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, ' ');
        Some(Self {
            points: parts.next()?.parse().ok()?,
            revision: parts.next()?.parse().ok()?,
            name: parts.next()?.to_owned(),
        })
    }
}

#[async_trait]
impl MatchService for Matches {
    async fn match_listings(
        &self,
        request: Request<v1::MatchListingsRequest>,
    ) -> Result<Response<v1::MatchListingsResponse>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        self.matches(&caller, message).await.map(Response::new).map_err(|failure| failure.status(language))
    }
}
