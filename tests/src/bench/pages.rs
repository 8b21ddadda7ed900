//! Pages over 200,000 listings: how long the longest of a hundred takes beside the calls that it makes, and how many a
//! second readers get who all read at once, beside the bare TLS stack that sends the same bytes from memory.
//!
//! The first page is measured as a program with a token sees it and as the work list of somebody who is signed in; the
//! figure is the worse of both. They are measured at a node: a gateway serves them with the same code, and has nothing else to say of its own.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use bytes::Bytes;
use duikou_proto::v1::draft::State as DraftState;
use duikou_proto::v1::draft_service_client::DraftServiceClient;
use duikou_proto::v1::search_listings_request::{Facet, OrderBy};
use duikou_proto::v1::search_service_client::SearchServiceClient;
use duikou_proto::v1::{Filter, GetApprovalPolicyRequest, ListDraftsRequest, SearchListingsRequest, TimeRange};
use http_body_util::{BodyExt, Full};
use tonic::body::Body;
use tonic::transport::Server as Transport;
use tower::{Service, ServiceExt};

use super::chinese::{Office, Query};
use super::client::{self, Target, Task};
use super::figure::{Figure, Goal};
use super::search::{LISTINGS, MEMBERS, fill, quantile, rounded};
use super::tally::median;
use super::{REPEATS, Size, bare_tls, world};
use crate::harness::{Network, WebCertificate, WebClient};

pub(crate) const HOME: &str = "home_p99_ratio";
pub(crate) const SEARCH: &str = "search_page_p99_ratio";
pub(crate) const RATE: &str = "portal_rps";
pub(crate) const RATIO: &str = "portal_ratio";

const SLOWER: Goal = Goal::AtMost(3.0);
const RATE_GOAL: Goal = Goal::AtLeast(500.0);
const RATIO_GOAL: Goal = Goal::AtLeast(1.0 / 3.0);
/// Searches of one run; the first tenth only warms up.
const SEARCHES: usize = 1_000;
/// First pages of one run, likewise.
const HOMES: usize = 500;
/// Pages of one run of load.
const PAGES: usize = 20_000;
/// Readers that read at once, a connection each.
const READERS: usize = 32;
/// More than a minute of load, for one caller.
const UNLIMITED_BYTES: &str = "1000 GiB";

/// Measures all of them.
pub(crate) async fn measure(size: Size, report: &mut impl FnMut(Figure)) -> anyhow::Result<()> {
    let (listings, searched, opened, read) = (size.of(LISTINGS), size.of(SEARCHES), size.of(HOMES), size.of(PAGES));
    let office = Office::new()?;
    let folder = tempfile::tempdir()?;
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(22)
        .web_certificate(&certificate)
        .setting("limits.address_bytes", UNLIMITED_BYTES)
        .setting("limits.token_bytes", UNLIMITED_BYTES)
        .node("source", &MEMBERS)
        .measured()
        .start()
        .await;
    let node = net.node("source");
    // It would take everything in, and index it, on the same cores.
    net.gateway().stop().await;
    fill(&office, node, listings).await?;
    world::indexed(node, listings).await?;

    // A member's pages are made anew each time; what anybody sees is kept for a moment.
    let member = world::target(node, MEMBERS[0], &certificate).await?;
    let session = node.let_in(&certificate, "clerk", &[&format!("{}=editor", MEMBERS[0])]).await;
    let clerk = Target { secret: Some(session), ..member.clone() };
    let queries = office.queries(searched)?;
    let (mut pages, mut calls, mut homes, mut home_calls) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut works, mut work_calls) = (Vec::new(), Vec::new());
    for _ in 0..REPEATS {
        calls.push(search_calls(&member, &queries).await?);
        pages.push(search_pages(&member, &queries).await?);
        home_calls.push(first_calls(&member, opened).await?);
        homes.push(first_pages(&member, opened).await?);
        work_calls.push(work_list_calls(&clerk, opened).await?);
        works.push(first_pages(&clerk, opened).await?);
    }
    let [search, home, work] =
        [(pages, calls), (homes, home_calls), (works, work_calls)].map(|(pages, calls)| (median(pages), median(calls)));
    let ratio = |(page, call): (f64, f64)| page / call;
    let worse = if ratio(work) > ratio(home) { work } else { home };
    let both = vec![("reader_ratio", rounded(ratio(home)).into()), ("work_list_ratio", rounded(ratio(work)).into())];
    for (name, (page, call), more) in [(SEARCH, search, Vec::new()), (HOME, worse, both)] {
        let mut details = vec![("listings", listings.into()), ("p99_ms", rounded(page * 1_000.0).into())];
        details.extend(more);
        report(Figure {
            name,
            value: page / call,
            unit: "ratio",
            baseline: Some((call * 1_000.0, "ms")),
            goal: Some(SLOWER),
            details,
        });
    }

    let anybody = world::anonymous(node, &certificate);
    let paths = ["/", "/listings", "/listings?kind=project", "/members", "/calendar", "/listings/origin-a/n-0"];
    let paths: Vec<String> = paths.map(str::to_owned).into();
    let bare =
        Target { address: serve(&certificate, copies(&anybody, &paths).await?).await?.to_string(), ..anybody.clone() };
    let (mut rates, mut bares) = (Vec::new(), Vec::new());
    for _ in 0..REPEATS {
        bares.push(rate(&bare, &paths, read).await.context("bare TLS")?);
        rates.push(rate(&anybody, &paths, read).await.context("pages")?);
    }
    let (real, bare) = (median(rates), median(bares));
    let details = vec![("listings", listings.into()), ("readers", READERS.into())];
    let figure = |name, value, unit, baseline, goal| Figure {
        name,
        value,
        unit,
        baseline,
        goal: Some(goal),
        details: details.clone(),
    };
    report(figure(RATE, real, "pages/s", None, RATE_GOAL));
    report(figure(RATIO, real / bare, "ratio", Some((bare, "pages/s")), RATIO_GOAL));
    Ok(())
}

/// A page's status and bytes.
pub(crate) async fn get(client: &mut WebClient, path: &str) -> anyhow::Result<Bytes> {
    let request = http::Request::get(path).header(http::header::ACCEPT, "text/html").body(Body::empty())?;
    let answer = client.ready().await?.call(request).await?;
    let status = answer.status();
    let bytes = answer.into_body().collect().await.map_err(|error| anyhow::anyhow!("{path}: {error}"))?.to_bytes();
    anyhow::ensure!(status.is_success() && !bytes.is_empty(), "{path}: {status}");
    Ok(bytes)
}

/// The longest of a hundred, in seconds; the first tenth is left out.
fn longest(times: Vec<f64>) -> f64 {
    let warm = times.len() / 10;
    quantile(times[warm..].to_vec(), 0.99)
}

fn address(query: &Query) -> String {
    let q: String = query.words.join(" ");
    let mut path = format!("/listings?q={}", escaped(&q));
    if let Some(province) = &query.province {
        path.push_str(&format!("&region={province}"));
    }
    path
}

fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

async fn search_pages(target: &Target, queries: &[Query]) -> anyhow::Result<f64> {
    let mut client = target.connect().await?;
    let mut times = Vec::with_capacity(queries.len());
    for query in queries {
        let path = address(query);
        let start = Instant::now();
        get(&mut client, &path).await?;
        times.push(start.elapsed().as_secs_f64());
    }
    Ok(longest(times))
}

/// The call that the page of a search makes.
async fn search_calls(target: &Target, queries: &[Query]) -> anyhow::Result<f64> {
    let mut client = SearchServiceClient::new(target.connect().await?);
    let facets = [Facet::Kind, Facet::Direction, Facet::Region, Facet::Industry, Facet::Member];
    let mut times = Vec::with_capacity(queries.len());
    for query in queries {
        let filter = query.province.clone().map(|code| Filter { regions: vec![code], ..Filter::default() });
        let request = SearchListingsRequest {
            query: query.words.join(" "),
            filter,
            page_size: 20,
            group_duplicates: true,
            facets: facets.map(i32::from).into(),
            ..SearchListingsRequest::default()
        };
        let start = Instant::now();
        client.search_listings(request).await?;
        times.push(start.elapsed().as_secs_f64());
    }
    Ok(longest(times))
}

async fn first_pages(target: &Target, count: usize) -> anyhow::Result<f64> {
    let mut client = target.connect().await?;
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let start = Instant::now();
        get(&mut client, "/").await?;
        times.push(start.elapsed().as_secs_f64());
    }
    Ok(longest(times))
}

/// The calls that the first page makes, at once.
async fn first_calls(target: &Target, count: usize) -> anyhow::Result<f64> {
    let client = SearchServiceClient::new(target.connect().await?);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs();
    let now = prost_types::Timestamp { seconds: now as i64, nanos: 0 };
    let newest = SearchListingsRequest {
        page_size: 8,
        order_by: OrderBy::Newest.into(),
        facets: vec![Facet::Kind.into()],
        ..SearchListingsRequest::default()
    };
    let soon = SearchListingsRequest {
        page_size: 6,
        order_by: OrderBy::Closing.into(),
        filter: Some(Filter {
            kinds: vec!["event".to_owned()],
            event_time: Some(TimeRange { start_time: Some(now), end_time: None }),
            ..Filter::default()
        }),
        ..SearchListingsRequest::default()
    };
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let (mut one, mut other) = (client.clone(), client.clone());
        let start = Instant::now();
        tokio::try_join!(one.search_listings(newest.clone()), other.search_listings(soon.clone()))?;
        times.push(start.elapsed().as_secs_f64());
    }
    Ok(longest(times))
}

/// The calls that a work list makes, at once: what is about to end, the drafts, and who says yes to them.
async fn work_list_calls(target: &Target, count: usize) -> anyhow::Result<f64> {
    let channel = target.connect().await?;
    let (searches, drafts) = (SearchServiceClient::new(channel.clone()), DraftServiceClient::new(channel));
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs() as i64;
    let at = |seconds| Some(prost_types::Timestamp { seconds, nanos: 0 });
    let parent = format!("members/{}", MEMBERS[0]);
    let ending = SearchListingsRequest {
        page_size: 5,
        order_by: OrderBy::Closing.into(),
        filter: Some(Filter {
            members: vec![MEMBERS[0].to_owned()],
            expire_time: Some(TimeRange { start_time: at(now), end_time: at(now + 14 * 24 * 3600) }),
            ..Filter::default()
        }),
        ..SearchListingsRequest::default()
    };
    let listed = ListDraftsRequest {
        parent: parent.clone(),
        page_size: 200,
        states: vec![DraftState::Submitted.into(), DraftState::Returned.into()],
        ..ListDraftsRequest::default()
    };
    let policy = GetApprovalPolicyRequest { name: format!("{parent}/approvalPolicy") };
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let (mut searches, mut drafts, mut policies) = (searches.clone(), drafts.clone(), drafts.clone());
        let start = Instant::now();
        tokio::try_join!(
            searches.search_listings(ending.clone()),
            drafts.list_drafts(listed.clone()),
            policies.get_approval_policy(policy.clone()),
        )?;
        times.push(start.elapsed().as_secs_f64());
    }
    Ok(longest(times))
}

async fn copies(target: &Target, paths: &[String]) -> anyhow::Result<HashMap<String, Bytes>> {
    let mut client = target.connect().await?;
    let mut copies = HashMap::new();
    for path in paths {
        copies.insert(path.clone(), get(&mut client, path).await?);
    }
    Ok(copies)
}

/// Sends copies of pages from memory until the runtime ends, and says where.
async fn serve(certificate: &WebCertificate, copies: HashMap<String, Bytes>) -> anyhow::Result<SocketAddr> {
    let (address, connections) = bare_tls::listen(certificate).await?;
    let copies = Arc::new(copies);
    let service = tower::service_fn(move |request: http::Request<Body>| {
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        let copy = copies.get(path).cloned().unwrap_or_default();
        async move { Ok::<_, Infallible>(http::Response::new(Body::new(Full::new(copy)))) }
    });
    tokio::spawn(Transport::builder().serve_with_incoming(service, connections));
    Ok(address)
}

async fn rate(target: &Target, paths: &[String], count: usize) -> anyhow::Result<f64> {
    let task = Task::Read { target: target.clone(), paths: paths.to_vec(), count, readers: READERS };
    Ok(count as f64 / client::run(&task).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_bare_stack_sends_what_it_was_given() {
        let folder = tempfile::tempdir().unwrap();
        let certificate = WebCertificate::make(folder.path());
        let copies = HashMap::from([("/a?b=1".to_owned(), Bytes::from_static(b"page"))]);
        let address = serve(&certificate, copies).await.unwrap().to_string();
        let target = Target { address, certificate: certificate.certificate, secret: None };
        let mut client = target.connect().await.unwrap();
        assert_eq!(get(&mut client, "/a?b=1").await.unwrap(), "page");
        assert!(get(&mut client, "/nothing").await.is_err());
        assert!(client::read(&target, &["/a?b=1".to_owned()], 50, 4).await.unwrap() > 0.0);
    }

    #[test]
    fn the_first_tenth_only_warms_up() {
        let times: Vec<f64> = std::iter::repeat_n(99.0, 10).chain((0..90).map(f64::from)).collect();
        assert_eq!(longest(times), 89.0);
        let query = Query { words: vec!["茶".to_owned()], province: Some("520000".to_owned()) };
        assert_eq!(address(&query), "/listings?q=%E8%8C%B6&region=520000");
    }
}
