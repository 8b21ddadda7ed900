//! Asking other members now, and who asked the members here.

use std::pin::Pin;
use std::time::Duration;

use duikou_proto::directory::{Directory, MemberState};
use duikou_proto::federation::live_content::Refusal as Said;
use duikou_proto::federation::live_query::Reader as For;
use duikou_proto::federation::{LiveQuery, live_content};
use duikou_proto::filter::Filter;
use duikou_proto::limits as contract;
use duikou_proto::name::MemberId;
use duikou_proto::v1::query_listings_response::{Refusal, State};
use duikou_proto::v1::query_service_server::QueryService;
use duikou_proto::v1::{self, QueryListingsResponse};
use duikou_proto::validate::{Violation, reason};
use duikou_proto::words::Words;
use futures_util::{Stream, StreamExt};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, async_trait};

use super::auth::{Caller, Door};
use super::directory::{bad_member_name, member_of};
use super::error::{Failure, violation};
use super::page_token::{Purpose, page_size};
use crate::engine::{Reader, Refused, facts};
use crate::limits;
use crate::live::{Ask, Heard, Live, NotAsked, Outcome, QuestionFact};
use crate::time::timestamp;

/// Encoded filters that are sent: the whole question has a bound.
const FILTER_BYTES: usize = contract::LIVE_QUESTION_BYTES / 2;

pub(crate) struct Queries {
    pub(crate) door: Door,
    pub(crate) live: Live,
}

impl Queries {
    fn begin(&self, caller: &Caller, request: v1::QueryListingsRequest) -> Result<Answers, Failure> {
        let (asker, registered) = self.asker(caller, &request.asker)?;
        let directory = self.door.engine.directory();
        let network = &self.door.engine.identity().network;
        let mut found = Vec::new();
        let mut filter = request.filter.unwrap_or_default();
        if let Err(violations) = Filter::compile(&filter, network) {
            found.extend(violations);
        }
        if let Err(violations) = Words::parse(&request.words) {
            found.extend(violations);
        }
        let members = std::mem::take(&mut filter.members);
        if prost::Message::encoded_len(&filter) > FILTER_BYTES {
            found.push(violation(
                "filter",
                reason::TOO_LONG,
                "筛选条件过长，请删减。",
                "The filter is too long to be sent: remove some values.",
            ));
        }
        let within = within(request.within, &mut found);
        let max_results = max_results(request.max_results, &mut found);
        let origins = origins(&members, &asker, &directory, network, &mut found);
        if !found.is_empty() {
            return Err(Failure::Violations(found));
        }
        let ask = Ask { asker, registered, origins, filter, words: request.words, max_results, within };
        let heard = self.live.ask(ask).map_err(|refused| match refused {
            NotAsked::NoKey(member) => Refused::NoKey(member).into(),
            NotAsked::TooMany => Failure::QueryLimit,
        })?;
        Ok(Box::pin(ReceiverStream::new(heard).map(|heard| Ok(shown(heard)))))
    }

    /// Who asks, and whether for a registered reader.
    fn asker(&self, caller: &Caller, named: &str) -> Result<(MemberId, bool), Failure> {
        let engine = &self.door.engine;
        let (directory, identity) = (engine.directory(), engine.identity());
        let named = match named {
            "" => None,
            name => Some(member_of(name, &identity.network).ok_or_else(|| bad_member_name("asker"))?),
        };
        let (asker, registered) = match (&caller.reader, named) {
            (Reader::Anonymous, _) => return Err(Failure::TokenRequired),
            (Reader::Member(own), Some(named)) if *own != named => return Err(Failure::NotPermitted),
            (Reader::Member(own), _) => (own.clone(), false),
            (Reader::Operator, Some(named)) => (named, false),
            (Reader::Operator, None) => (self.only_member(&directory)?, false),
            (Reader::Registered, None) if identity.carrier => (self.own_member(&directory)?, true),
            // The origin answers to all of a member's eyes, which a narrowed token does not have.
            (Reader::Registered | Reader::Narrowed(..), _) => return Err(Failure::NotPermitted),
        };
        match directory.member(&asker).filter(|member| member.node == identity.node) {
            None => Err(Refused::NotHosted(asker).into()),
            Some(member) if member.state != MemberState::Active => Err(Refused::Suspended(asker).into()),
            Some(_) => Ok((asker, registered)),
        }
    }

    fn only_member(&self, directory: &Directory) -> Result<MemberId, Failure> {
        let mut hosted = directory.hosted(&self.door.engine.identity().node);
        match (hosted.next(), hosted.next()) {
            (Some(only), None) => Ok(only.id.clone()),
            _ => Err(Failure::field(
                "asker",
                reason::REQUIRED,
                "请写明以哪个成员的名义查询（命令行用 --as）。",
                "Say which member asks (on the command line with --as).",
            )),
        }
    }

    /// The member of the gateway that asks for registered readers: the first of those that live on it.
    fn own_member(&self, directory: &Directory) -> Result<MemberId, Failure> {
        let identity = self.door.engine.identity();
        let mut hosted = directory.hosted(&identity.node).filter(|member| member.state == MemberState::Active);
        hosted.next().map(|member| member.id.clone()).ok_or(Failure::NoAsker)
    }

    async fn questions(
        &self,
        caller: &Caller,
        request: &v1::ListQuestionsRequest,
    ) -> Result<v1::ListQuestionsResponse, Failure> {
        let engine = &self.door.engine;
        let only = caller.require_admin()?.map(MemberId::as_str);
        let size = page_size(request.page_size)?;
        let purpose = Purpose::new("ListQuestions", &[], &caller.reader);
        let before = purpose.open(engine, &request.page_token)?;
        let kept = engine.facts::<QuestionFact>(facts::QUESTIONS, limits::LIVE_JOURNAL).await?;
        let place = |key: &str, fact: &QuestionFact| format!("{:020}/{key}", fact.time);
        let mut kept: Vec<(String, QuestionFact)> = kept
            .into_iter()
            .filter(|(_, fact)| only.is_none_or(|only| fact.origin() == only))
            .map(|(key, fact)| (place(&key, &fact), fact))
            .filter(|(place, _)| before.is_empty() || *place < before)
            .collect();
        kept.sort_by(|a, b| b.0.cmp(&a.0));
        let more = kept.len() > size;
        kept.truncate(size);
        let next_page_token =
            kept.last().filter(|_| more).map(|(place, _)| purpose.seal(engine, place)).unwrap_or_default();
        let questions = kept.iter().map(|(_, fact)| question(fact)).collect();
        Ok(v1::ListQuestionsResponse { questions, next_page_token })
    }
}

fn within(within: Option<prost_types::Duration>, found: &mut Vec<Violation>) -> Duration {
    let bounds = contract::LIVE_WITHIN;
    let read = match within {
        None => Some(contract::LIVE_WITHIN_DEFAULT),
        Some(within) => Duration::try_from(within).ok().filter(|within| bounds.contains(within)),
    };
    read.unwrap_or_else(|| {
        found.push(violation(
            "within",
            reason::OUT_OF_RANGE,
            "等待时间应在0.1秒至30秒之间。",
            "The time to wait is 0.1 to 30 seconds.",
        ));
        contract::LIVE_WITHIN_DEFAULT
    })
}

fn max_results(asked: i32, found: &mut Vec<Violation>) -> usize {
    match usize::try_from(asked) {
        Ok(0) => contract::LIVE_RESULTS_DEFAULT,
        Ok(results) => results.min(contract::LIVE_RESULTS),
        Err(_) => {
            found.push(violation(
                "max_results",
                reason::OUT_OF_RANGE,
                format!("条数不能为负，请填写1至{}，或不填。", contract::LIVE_RESULTS),
                format!("There cannot be fewer than none: give 1 to {}, or nothing.", contract::LIVE_RESULTS),
            ));
            contract::LIVE_RESULTS_DEFAULT
        }
    }
}

/// Those that are asked, each once.
fn origins(
    members: &[String],
    asker: &MemberId,
    directory: &Directory,
    network: &duikou_proto::name::NetworkName,
    found: &mut Vec<Violation>,
) -> Vec<MemberId> {
    if members.is_empty() {
        let active = directory.members().filter(|member| member.state == MemberState::Active && member.id != *asker);
        return active.map(|member| member.id.clone()).collect();
    }
    let mut origins = std::collections::BTreeSet::new();
    for (at, text) in members.iter().enumerate() {
        // What is no id at all is a violation of the filter's own.
        let Ok(member) = MemberId::parse(text.trim(), network) else { continue };
        let takes_part = |state| !matches!(state, MemberState::Removed(_));
        if directory.member(&member).is_some_and(|member| takes_part(member.state)) {
            origins.insert(member);
        } else {
            found.push(violation(
                &format!("filter.members[{at}]"),
                reason::UNKNOWN_CODE,
                format!("本网络没有成员{member}，请核对。"),
                format!("There is no member {member} in this network: check the id."),
            ));
        }
    }
    origins.into_iter().collect()
}

fn shown(heard: Heard) -> QueryListingsResponse {
    let base = QueryListingsResponse { member: format!("members/{}", heard.member), last: true, ..Default::default() };
    match heard.outcome {
        Outcome::Answered { listings, last, complete } => {
            QueryListingsResponse { state: State::Answered.into(), listings, last, complete, ..base }
        }
        Outcome::Refused(said) => {
            QueryListingsResponse { state: State::Refused.into(), refusal: refusal(said).into(), ..base }
        }
        Outcome::Offline => QueryListingsResponse { state: State::Offline.into(), ..base },
        Outcome::TimedOut => QueryListingsResponse { state: State::TimedOut.into(), ..base },
    }
}

fn refusal(said: Said) -> Refusal {
    match said {
        Said::Unspecified => Refusal::Unspecified,
        Said::Policy => Refusal::Policy,
        Said::Asker => Refusal::Suspended,
        Said::Clock => Refusal::Clock,
        Said::Rate => Refusal::Rate,
        Said::Busy => Refusal::Busy,
        Said::Query => Refusal::Query,
    }
}

fn question(fact: &QuestionFact) -> v1::Question {
    let query = fact.query();
    let LiveQuery { filter, words, .. } = query.clone().unwrap_or_default();
    v1::Question {
        time: Some(timestamp(fact.time)),
        asker: format!("members/{}", fact.asker()),
        member: format!("members/{}", fact.origin()),
        registered: query.is_some_and(|query| query.reader() == For::Registered),
        filter,
        words,
        refusal: refusal(live_content::Refusal::try_from(fact.refusal).unwrap_or_default()).into(),
    }
}

type Answers = Pin<Box<dyn Stream<Item = Result<QueryListingsResponse, Status>> + Send>>;

#[async_trait]
impl QueryService for Queries {
    type QueryListingsStream = Answers;

    async fn query_listings(&self, request: Request<v1::QueryListingsRequest>) -> Result<Response<Answers>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        self.begin(&caller, message).map(Response::new).map_err(|failure| failure.status(language))
    }

    async fn list_questions(
        &self,
        request: Request<v1::ListQuestionsRequest>,
    ) -> Result<Response<v1::ListQuestionsResponse>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        self.questions(&caller, &message).await.map(Response::new).map_err(|failure| failure.status(language))
    }
}
