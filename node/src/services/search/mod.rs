//! Search: what is asked is checked, what is found is shown with where it was found and how complete it is.

mod found;
mod server;

use std::collections::{BTreeMap, BTreeSet};

use duikou_proto::filter::Filter;
use duikou_proto::name::MemberId;
use duikou_proto::scope::Scope;
use duikou_proto::v1::search_listings_request::{Facet, OrderBy as Wish};
use duikou_proto::v1::search_service_server::SearchService;
use duikou_proto::v1::{self, SearchListingsRequest, SearchListingsResponse};
use duikou_proto::validate::{self, Violation, reason};
use prost::Message as _;
use tonic::{Request, Response, Status, async_trait};

use self::found::{Found, Sent};
pub(crate) use self::server::SearchServer;
use super::auth::{Caller, Door};
use super::directory::{completeness, held_of};
use super::error::{Failure, violation};
use super::listing::record_name;
use super::page_token::{Purpose, page_size};
use crate::engine::Reader;
use crate::limits;
use crate::search::{
    Answer, Facets, Hit, OrderBy, Patience, Query, Reach, Search, SearchError, Start, Suggestion, Wanted, parse,
};

/// Results whose duplicates are looked for at once.
const GROUPED: usize = 100;
/// Steps from one to another that says the same, over which the first of them is looked for.
const GROUP_DEPTH: usize = 3;

pub(crate) struct Searches {
    pub(crate) door: Door,
    pub(crate) search: Search,
}

impl From<SearchError> for Failure {
    fn from(error: SearchError) -> Self {
        match error {
            SearchError::Unready => Self::IndexUnready,
            SearchError::Expired => Self::field(
                "page_token",
                "EXPIRED",
                "此翻页标记已过期，请从第一页重新检索。",
                "This page token is too old: begin again with the first page.",
            ),
            SearchError::Store(error) => error.into(),
        }
    }
}

impl Searches {
    async fn search(
        &self,
        caller: &Caller,
        request: SearchListingsRequest,
        patience: Patience,
    ) -> Result<Found, Failure> {
        let mut found = Vec::new();
        let query = noted(parse(&request.query, request.prefix), &mut found);
        let filter = noted(self.filter(request.filter.clone()), &mut found);
        let facets = facets(&request.facets, &mut found);
        let wish = Wish::try_from(request.order_by);
        if wish.is_err() {
            let number = request.order_by;
            found.push(unknown("order_by", number));
        }
        let mut size = page_size(request.page_size)?;
        let (Some(query), Some(filter), Ok(wish), true) = (query, filter, wish, found.is_empty()) else {
            return Err(Failure::Violations(found));
        };
        if request.group_duplicates {
            size = size.min(GROUPED);
        }
        // Everything but size and place makes another request.
        let same = SearchListingsRequest { page_size: 0, page_token: String::new(), ..request.clone() };
        let purpose = Purpose::new("SearchListings", &[&same.encode_to_vec(), &filter.hash()], &caller.reader);
        let start = purpose.open(&self.door.engine, &request.page_token)?;
        let start = Start::from_text(&start).ok_or(SearchError::Expired)?;
        let wanted = Wanted {
            order: order(wish, &query),
            query,
            alike: None,
            filter,
            start,
            size,
            facets: facets.iter().map(|facet| facet_field(*facet)).collect(),
            patience,
        };
        let mut answer = self.search.find(wanted.clone(), &caller.reader).await?;
        let next_page_token =
            answer.next.map(|next| purpose.seal(&self.door.engine, &next.to_text())).unwrap_or_default();
        let counts = std::mem::take(&mut answer.facets);
        let rest = SearchListingsResponse {
            next_page_token,
            total_size: count(answer.total),
            facets: self.facet_counts(&facets, counts),
            completeness: self.completeness(caller),
            index_building: answer.building,
            corrected: answer.reach == Reach::Typos && answer.total > 0,
            results: Vec::new(),
        };
        let grouped = request.group_duplicates.then_some(&wanted);
        let results = self.results(caller, answer, grouped).await?;
        Ok(Found { results, rest })
    }

    fn filter(&self, filter: Option<v1::Filter>) -> Result<Filter, Vec<Violation>> {
        Filter::compile(&filter.unwrap_or_default(), &self.door.engine.identity().network)
    }

    async fn results(
        &self,
        caller: &Caller,
        answer: Answer,
        grouped: Option<&Wanted>,
    ) -> Result<Vec<(Hit, v1::SearchResult)>, Failure> {
        let mut results = Vec::with_capacity(answer.hits.len());
        for mut hit in answer.hits {
            let mut duplicates = Vec::new();
            if let Some(wanted) = grouped {
                let found = self.search.duplicates(Some(hit.part.name()), hit.opportunity(), &caller.reader).await?;
                if !found.is_empty() && !self.heads(&hit, wanted, &caller.reader, GROUP_DEPTH).await? {
                    continue;
                }
                duplicates.extend(found.into_iter().take(limits::DUPLICATES).map(shown));
            }
            let excerpts = std::mem::take(&mut hit.excerpts);
            results.push((hit, v1::SearchResult { listing: None, excerpts, duplicates }));
        }
        Ok(results)
    }

    /// Whether a result is the first of those that say the same: no other that is one comes before it, on whatever page.
    /// That two say the same as a third does not mean that they do as each other: then only the third stands under the
    /// first. `deep`: over how many such steps that is asked; beyond, a result is shown rather than lost.
    async fn heads(&self, hit: &Hit, wanted: &Wanted, reader: &Reader, deep: usize) -> Result<bool, Failure> {
        if deep == 0 {
            return Ok(true);
        }
        for before in self.search.same_before(hit, wanted, reader).await? {
            if Box::pin(self.heads(&before.hit, wanted, reader, deep - 1)).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn sent(&self, request: Request<SearchListingsRequest>) -> Result<Response<Sent>, Status> {
        let patience = patience(&request);
        let (caller, language, message) = self.door.enter(request).await?;
        let found = self.search(&caller, message, patience).await.map_err(|failure| failure.status(language))?;
        Ok(Response::new(found.sent(&self.door.engine.identity().network)))
    }

    fn facet_counts(&self, facets: &[Facet], counts: Facets) -> Vec<v1::FacetCounts> {
        let network = &self.door.engine.identity().network;
        let named = |facet: Facet, value: &str| match facet {
            Facet::Member => value.parse::<MemberId>().map_or(value.to_owned(), |member| member.short().to_owned()),
            Facet::Circle => value
                .parse::<Scope>()
                .map_or(value.to_owned(), |scope| scope.short(network).trim_start_matches("circle:").to_owned()),
            _ => value.to_owned(),
        };
        let counted = facets.iter().zip(counts).map(|(facet, counts)| {
            let mut values: Vec<_> = counts.into_iter().collect();
            values.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
            values.truncate(limits::FACET_VALUES);
            let values = values
                .into_iter()
                .map(|(value, size)| v1::FacetValue { value: named(*facet, &value), count: count(size as usize) });
            v1::FacetCounts { facet: (*facet).into(), values: values.collect() }
        });
        counted.collect()
    }

    fn completeness(&self, caller: &Caller) -> Vec<v1::OriginCompleteness> {
        let mut origins: BTreeMap<String, Vec<v1::Completeness>> = BTreeMap::new();
        for held in held_of(&self.door.engine, &caller.reader) {
            origins.entry(format!("members/{}", held.origin)).or_default().push(completeness(&held));
        }
        let origin = |(member, completeness)| v1::OriginCompleteness { member, completeness };
        origins.into_iter().map(origin).collect()
    }

    async fn suggest(
        &self,
        caller: &Caller,
        request: v1::SuggestQueriesRequest,
    ) -> Result<v1::SuggestQueriesResponse, Failure> {
        let mut found = Vec::new();
        if request.query.trim().is_empty() {
            found.push(violation("query", reason::REQUIRED, "请输入文字。", "This is required: give what was typed."));
        }
        let query = noted(parse(&request.query, true), &mut found);
        let filter = noted(self.filter(request.filter), &mut found);
        let (most, usual) = limits::SUGGESTIONS;
        let size = if request.page_size == 0 { usual } else { page_size(request.page_size)?.min(most) };
        let (Some(query), Some(filter), true) = (query, filter, found.is_empty()) else {
            return Err(Failure::Violations(found));
        };
        let suggestions = self.search.suggest(&request.query, query, filter, size, &caller.reader).await?;
        let shown = |suggestion| match suggestion {
            Suggestion::Title { title, name } => v1::Suggestion { text: title, listing: name, region: String::new() },
            Suggestion::Place { name, code } => {
                v1::Suggestion { text: name.to_owned(), listing: String::new(), region: code.to_owned() }
            }
        };
        Ok(v1::SuggestQueriesResponse { suggestions: suggestions.into_iter().map(shown).collect() })
    }

    async fn duplicates(
        &self,
        caller: &Caller,
        request: v1::FindDuplicatesRequest,
    ) -> Result<v1::FindDuplicatesResponse, Failure> {
        let Some(mut listing) = request.listing else {
            return Err(Failure::field(
                "listing",
                reason::REQUIRED,
                "缺少信息内容，请填写。",
                "This is required: give the listing.",
            ));
        };
        // What would be published is what is compared; of a draft, what is there already.
        validate::normalise(&mut listing);
        let mut wrong = validate::opportunity(&listing, "listing");
        wrong.retain(|fault| !matches!(fault.reason, reason::REQUIRED | reason::UNSPECIFIED));
        if !wrong.is_empty() {
            return Err(Failure::Violations(wrong));
        }
        let network = &self.door.engine.identity().network;
        let name = (!request.name.is_empty()).then(|| record_name(&request.name, network)).transpose();
        let name = name.map_err(|_| Failure::Violations(vec![super::listing::bad_name("name")]))?;
        let found = self.search.duplicates(name.as_ref(), &listing, &caller.reader).await?;
        let duplicates = found.into_iter().take(limits::DUPLICATES).map(shown).collect();
        Ok(v1::FindDuplicatesResponse { duplicates })
    }
}

/// How long whoever asks waits: what is in this process may say so.
fn patience<T>(request: &Request<T>) -> Patience {
    request.extensions().get().copied().unwrap_or_default()
}

fn shown(duplicate: crate::search::Duplicate) -> v1::Duplicate {
    v1::Duplicate {
        name: duplicate.hit.part.name().to_string(),
        title: duplicate.hit.opportunity().title.clone(),
        external_code: duplicate.code.unwrap_or_default(),
    }
}

fn count(size: usize) -> i32 {
    i32::try_from(size).unwrap_or(i32::MAX)
}

fn order(wish: Wish, query: &Query) -> OrderBy {
    match wish {
        Wish::Newest => OrderBy::NEWEST,
        Wish::Closing => OrderBy::CLOSING,
        // Without words all are equally relevant.
        Wish::Relevance | Wish::Unspecified if query.wanted.is_empty() => OrderBy::NEWEST,
        Wish::Relevance | Wish::Unspecified => OrderBy::Relevance,
    }
}

fn noted<T>(read: Result<T, Vec<Violation>>, found: &mut Vec<Violation>) -> Option<T> {
    read.map_err(|violations| found.extend(violations)).ok()
}

fn unknown(field: &str, number: i32) -> Violation {
    violation(
        field,
        reason::UNKNOWN_CODE,
        format!("代码“{number}”不存在，请从接口定义中选择。"),
        format!("There is no value {number}: choose one of the contract's."),
    )
}

fn facets(numbers: &[i32], found: &mut Vec<Violation>) -> Vec<Facet> {
    let mut facets = Vec::new();
    let mut known = BTreeSet::new();
    for (index, number) in numbers.iter().enumerate().take(limits::FACETS + 1) {
        let field = format!("facets[{index}]");
        match Facet::try_from(*number) {
            Ok(Facet::Unspecified) | Err(_) => found.push(unknown(&field, *number)),
            Ok(_) if !known.insert(*number) => found.push(violation(
                &field,
                reason::DUPLICATE,
                "与前面的一项重复，请删除。",
                "This repeats an earlier item: remove it.",
            )),
            Ok(facet) => facets.push(facet),
        }
    }
    facets
}

fn facet_field(facet: Facet) -> &'static str {
    match facet {
        Facet::Kind | Facet::Unspecified => "kind",
        Facet::Direction => "direction",
        Facet::Region => "region",
        Facet::Industry => "industry",
        Facet::Occupation => "occupation",
        Facet::Member => "member",
        Facet::Circle => "circle",
        Facet::Language => "language",
        Facet::Tag => "tag",
    }
}

#[async_trait]
impl SearchService for Searches {
    async fn search_listings(
        &self,
        request: Request<SearchListingsRequest>,
    ) -> Result<Response<SearchListingsResponse>, Status> {
        let patience = patience(&request);
        let (caller, language, message) = self.door.enter(request).await?;
        let found = self.search(&caller, message, patience).await.map_err(|failure| failure.status(language))?;
        Ok(Response::new(found.message(&self.door.engine.identity().network)))
    }

    async fn suggest_queries(
        &self,
        request: Request<v1::SuggestQueriesRequest>,
    ) -> Result<Response<v1::SuggestQueriesResponse>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        self.suggest(&caller, message).await.map(Response::new).map_err(|failure| failure.status(language))
    }

    async fn find_duplicates(
        &self,
        request: Request<v1::FindDuplicatesRequest>,
    ) -> Result<Response<v1::FindDuplicatesResponse>, Status> {
        let (caller, language, message) = self.door.enter(request).await?;
        self.duplicates(&caller, message).await.map(Response::new).map_err(|failure| failure.status(language))
    }
}
