//! How long a search takes over 200,000 listings: the longest of a hundred held against the bare index library behind
//! the same call, the middle one against PostgreSQL's trigrams. And how quickly a lost index is made again, against the
//! bare library.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Context;
use duikou_proto::v1::listing_service_client::ListingServiceClient;
use duikou_proto::v1::search_service_client::SearchServiceClient;
use duikou_proto::v1::{BatchCreateListingsRequest, CreateListingRequest, Filter, Listing, SearchListingsRequest};
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;
use tonic::transport::{Channel, Endpoint};

use super::bare_search::BareSearch;
use super::chinese::{Office, Query};
use super::figure::{Figure, Goal};
use super::postgres::Postgres;
use super::tally::{median, resident_kib};
use super::{REPEATS, world};
use crate::harness::{Network, Server};

pub(crate) const RATIO: &str = "search_p99_ratio";
pub(crate) const POSTGRES: &str = "search_vs_postgres";
pub(crate) const INDEX: &str = "index_ratio";

const RATIO_GOAL: Goal = Goal::AtMost(1.5);
const POSTGRES_GOAL: Goal = Goal::AtLeast(5.0);
/// Listings that are looked through.
pub(super) const LISTINGS: usize = 200_000;
pub(super) const MEMBERS: [&str; 5] = ["origin-a", "origin-b", "origin-c", "origin-d", "origin-e"];
/// Until neither index merges what was just written.
const REST: Duration = Duration::from_secs(60);
/// Queries of one run.
const QUERIES: usize = 2_000;
/// Queries that PostgreSQL is asked: each takes it a good part of a second.
const SLOW_QUERIES: usize = 100;
/// Queries that one server is asked before it is another's turn.
const TURN: usize = 50;
/// Results of one query.
const RESULTS: i32 = 20;
/// Listings in one call.
const CALL: usize = 500;

/// Measures the first, and the others where they are wanted.
pub(crate) async fn measure(
    with_postgres: bool,
    with_index: bool,
    report: &mut impl FnMut(Figure),
) -> anyhow::Result<()> {
    let office = Office::new()?;
    let folder = tempfile::tempdir()?;
    let net = Network::new(21).node("source", &MEMBERS).measured().start().await;
    let node = net.node("source");
    // It would take everything in, and index it, on the same cores.
    net.gateway().stop().await;
    fill(&office, node, LISTINGS).await?;
    let begun = Instant::now();
    world::indexed(node, LISTINGS).await?;
    let behind = begun.elapsed().as_secs_f64();

    let socket = folder.path().join("bare.sock");
    let index = folder.path().join("bare");
    let listings: Vec<Listing> = (0..LISTINGS).map(|number| office.listing(member(number), number)).collect();
    let begun = Instant::now();
    let bare = BareSearch::create(&index, listings.into_iter())?;
    let bare_made = begun.elapsed().as_secs_f64();
    bare.serve(&socket)?;
    tokio::time::sleep(REST).await;
    let queries = office.queries(QUERIES)?;
    let (mut reals, mut bares, mut middles, mut bare_middles) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut last = Vec::new();
    let channels = [connect(socket.clone()).await?, node.local()];
    for _ in 0..REPEATS {
        let [bare, real] = times(&channels, &queries).await?;
        bare_middles.push(median(bare.clone()));
        bares.push(quantile(bare, 0.99));
        middles.push(median(real.clone()));
        reals.push(quantile(real.clone(), 0.99));
        last = real;
    }
    let (real, bare, middle) = (median(reals), median(bares), median(middles));
    let process = node.process_id().context("the node is gone")?;
    report(Figure {
        name: RATIO,
        value: real / bare,
        unit: "ratio",
        baseline: Some((bare * 1_000.0, "ms")),
        goal: Some(RATIO_GOAL),
        details: vec![
            ("listings", LISTINGS.into()),
            ("p99_ms", rounded(real * 1_000.0).into()),
            ("p50_ms", rounded(middle * 1_000.0).into()),
            ("bare_p50_ms", rounded(median(bare_middles) * 1_000.0).into()),
            ("index_behind_s", rounded(behind).into()),
            ("rss_mib", rounded(resident_kib(process)? / 1_024.0).into()),
        ],
    });
    if with_postgres {
        let postgres = Postgres::start().await?;
        postgres.fill((0..LISTINGS).map(|number| office.listing(member(number), number)))?;
        let peers = postgres.times(&queries[..SLOW_QUERIES])?;
        let with_trigrams = |times: &[f64]| {
            let long = queries.iter().zip(times).filter(|(query, _)| !query.is_short());
            rounded(median(long.map(|(_, time)| *time).collect()) * 1_000.0)
        };
        let long = (with_trigrams(&last), with_trigrams(&peers));
        let peer = median(peers);
        report(Figure {
            name: POSTGRES,
            value: peer / middle,
            unit: "times as fast",
            baseline: Some((peer * 1_000.0, "ms")),
            goal: Some(POSTGRES_GOAL),
            details: vec![
                ("listings", LISTINGS.into()),
                ("p50_ms", rounded(middle * 1_000.0).into()),
                // Where each word has a trigram, the peer need not read everything.
                ("long_words_p50_ms", long.0.into()),
                ("long_words_postgres_p50_ms", long.1.into()),
            ],
        });
    }
    if with_index {
        node.stop().await;
        std::fs::remove_dir_all(node.dir().join("search"))?;
        node.start().await;
        let begun = Instant::now();
        world::indexed(node, LISTINGS).await?;
        let made = begun.elapsed().as_secs_f64();
        let rate = |seconds: f64| (LISTINGS as f64 / seconds).round();
        report(Figure {
            name: INDEX,
            value: bare_made / made,
            unit: "ratio",
            baseline: Some((rate(bare_made), "listings/s")),
            goal: None,
            details: vec![("listings", LISTINGS.into()), ("per_second", rate(made).into())],
        });
    }
    Ok(())
}

pub(super) fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

fn member(number: usize) -> &'static str {
    MEMBERS[number % MEMBERS.len()]
}

/// Publishes so many listings, those of each member by itself.
pub(super) async fn fill(office: &Office, node: &Server, listings: usize) -> anyhow::Result<()> {
    let mut client = ListingServiceClient::new(node.local());
    for (place, member) in MEMBERS.iter().enumerate() {
        let numbers: Vec<usize> = (place..listings).step_by(MEMBERS.len()).collect();
        for numbers in numbers.chunks(CALL) {
            let create = |number: &usize| {
                let listing = Some(office.listing(member, *number));
                CreateListingRequest { listing, ..CreateListingRequest::default() }
            };
            let requests: Vec<CreateListingRequest> = numbers.iter().map(create).collect();
            let parent = format!("members/{member}");
            let request = BatchCreateListingsRequest { parent, requests, ..Default::default() };
            let results = client.batch_create_listings(request).await?.into_inner().results;
            let refused = results.iter().find(|result| result.revision == 0);
            anyhow::ensure!(refused.is_none() && results.len() == numbers.len(), "refused: {refused:?}");
        }
    }
    Ok(())
}

async fn connect(socket: PathBuf) -> anyhow::Result<Channel> {
    let connector = tower::service_fn(move |_: http::Uri| {
        let socket = socket.clone();
        async move { UnixStream::connect(socket).await.map(TokioIo::new) }
    });
    Ok(Endpoint::from_static("http://bare.sock").connect_with_connector(connector).await?)
}

/// What each server takes for each query, in seconds: one query after the other, over one connection each. They take turns
/// of [`TURN`] queries, since a machine is not as quick at all times; the first hundred queries only warm up.
async fn times<const N: usize>(channels: &[Channel; N], queries: &[Query]) -> anyhow::Result<[Vec<f64>; N]> {
    const WARM_UP: usize = 100;
    let mut clients =
        channels.clone().map(|channel| SearchServiceClient::new(channel).max_decoding_message_size(16 * 1024 * 1024));
    let mut times = std::array::from_fn(|_| Vec::with_capacity(WARM_UP + queries.len()));
    for turn in queries[..WARM_UP].chunks(TURN).chain(queries.chunks(TURN)) {
        for (client, times) in clients.iter_mut().zip(&mut times) {
            for query in turn {
                let filter = query.province.clone().map(|code| Filter { regions: vec![code], ..Filter::default() });
                let request = SearchListingsRequest {
                    query: query.words.join(" "),
                    filter,
                    page_size: RESULTS,
                    ..SearchListingsRequest::default()
                };
                let start = Instant::now();
                client.search_listings(request).await?;
                times.push(start.elapsed().as_secs_f64());
            }
        }
    }
    Ok(times.map(|times: Vec<f64>| times[WARM_UP..].to_vec()))
}

pub(super) fn quantile(mut values: Vec<f64>, share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = ((values.len() as f64 * share) as usize).min(values.len().saturating_sub(1));
    values.get(at).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_bare_library_finds_what_the_listings_hold() {
        let folder = tempfile::tempdir().unwrap();
        let office = Office::new().unwrap();
        let listings = (0..300).map(|number| office.listing(member(number), number));
        let bare = BareSearch::create(&folder.path().join("index"), listings).unwrap();
        let socket = folder.path().join("bare.sock");
        bare.serve(&socket).unwrap();
        let channels = [connect(socket).await.unwrap()];
        let queries = office.queries(150).unwrap();
        let [taken] = times(&channels, &queries).await.unwrap();
        assert_eq!(taken.len(), queries.len());
        let request = SearchListingsRequest { query: "冷链".to_owned(), page_size: RESULTS, ..Default::default() };
        let [channel] = channels;
        let found = SearchServiceClient::new(channel).search_listings(request).await.unwrap().into_inner();
        assert!(found.total_size > 0 && !found.results.is_empty());
        let has = |result: &duikou_proto::v1::SearchResult| {
            result.listing.as_ref().is_some_and(|listing| format!("{:?}", listing.listing).contains("冷链"))
        };
        assert!(found.results.iter().any(has));
    }

    #[test]
    fn the_longest_of_a_hundred_is_taken() {
        let values: Vec<f64> = (0..200).map(f64::from).collect();
        assert_eq!((quantile(values.clone(), 0.99), quantile(values, 1.0)), (198.0, 199.0));
    }
}
