//! Finding listings by words: in whatever way they are typed, by whoever may see them and nobody else, through restarts,
//! crashes and lost indexes.

use std::time::Duration;

use duikou_proto::v1::search_listings_request::{Facet, OrderBy};
use duikou_proto::v1::search_service_client::SearchServiceClient;
use duikou_proto::v1::token::Role;
use duikou_proto::v1::{
    FindDuplicatesRequest, Listing, Opportunity, SearchListingsRequest, SearchListingsResponse, SuggestQueriesRequest,
    WithdrawalReason,
};
use duikou_tests::harness::{Network, Server, WebCertificate, offer, within};
use tonic::{Code, Status};

use super::{PATIENCE, fields, listing_name};

fn words(query: &str) -> SearchListingsRequest {
    SearchListingsRequest { query: query.to_owned(), ..SearchListingsRequest::default() }
}

async fn search(server: &Server, request: SearchListingsRequest) -> Result<SearchListingsResponse, Status> {
    Ok(SearchServiceClient::new(server.local()).search_listings(request).await?.into_inner())
}

fn ids(answer: &SearchListingsResponse) -> Vec<String> {
    let listings = answer.results.iter().filter_map(|result| result.listing.as_ref());
    let mut ids: Vec<String> =
        listings.map(|found| found.name.rsplit('/').next().unwrap_or_default().to_owned()).collect();
    ids.sort();
    ids
}

/// Until exactly these are found, and counted.
async fn finds(server: &Server, request: SearchListingsRequest, expected: &[&str]) {
    let found = within(PATIENCE, async || {
        let answer = search(server, request.clone()).await.map_err(|status| status.to_string())?;
        let found = ids(&answer);
        let counted = usize::try_from(answer.total_size) == Ok(expected.len());
        if found == expected && counted { Ok(()) } else { Err(format!("{found:?} of {}", answer.total_size)) }
    });
    if let Err(why) = found.await {
        panic!("{:?} on {} finds {why}, not {expected:?}", request.query, server.name());
    }
}

fn in_county(listing: &mut Listing) {
    if let Some(opportunity) = &mut listing.listing {
        opportunity.regions = vec!["522729".to_owned()];
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn listings_are_found_as_people_type_them_on_every_server() {
    let net = Network::new(2101).gateway().node("shenzhen", &["shenzhen"]).node("bijie", &["bijie"]).start().await;
    let (shenzhen, bijie) = (net.node("shenzhen"), net.node("bijie"));
    shenzhen
        .publish(offer("cold").titled("在线冷链物流平台").saying("面向毕节市生鲜产业的全程温控服务"))
        .await
        .unwrap();
    shenzhen.publish(offer("tea").titled("长顺县茶叶交易会").with(in_county)).await.unwrap();
    shenzhen.publish(offer("park").titled("Logistics park for cold chains")).await.unwrap();
    for server in net.servers() {
        for (query, expected) in [
            ("冷链", &["cold"][..]),
            ("冷鏈", &["cold"]),
            ("lenglian", &["cold"]),
            ("llwl", &["cold"]),
            ("“冷链物流”", &["cold"]),
            ("“物流冷链”", &[]),
            ("logis*", &["park"]),
            ("logistcs", &["park"]),
            ("cold -park", &[]),
        ] {
            finds(server, words(query), expected).await;
        }
    }
    // What says the same stands under the first of them; alone it is a result of its own.
    bijie.publish(offer("cold2").titled("在线冷链物流平台").saying("面向毕节市生鲜产业的全程温控服务")).await.unwrap();
    finds(shenzhen, words("温控"), &["cold", "cold2"]).await;
    let grouped = SearchListingsRequest { group_duplicates: true, ..words("温控") };
    let grouped = search(shenzhen, grouped).await.unwrap();
    let [result] = grouped.results.as_slice() else { panic!("{grouped:?}") };
    let [same] = result.duplicates.as_slice() else { panic!("{grouped:?}") };
    let both = [result.listing.as_ref().unwrap().name.clone(), same.name.clone()];
    let names = [listing_name("shenzhen", "cold"), listing_name("bijie", "cold2")];
    assert!(names.iter().all(|name| both.contains(name)), "{both:?}");
    // On pages of one each, the group is on one of them, whatever their order.
    for order in [OrderBy::Relevance, OrderBy::Newest, OrderBy::Closing] {
        let grouped = SearchListingsRequest { group_duplicates: true, ..words("温控") };
        let mut page = SearchListingsRequest { page_size: 1, order_by: order.into(), ..grouped };
        let mut heads = Vec::new();
        loop {
            let answer = search(shenzhen, page.clone()).await.unwrap();
            assert_eq!(answer.total_size, 2);
            heads.extend(
                answer.results.into_iter().map(|result| (result.listing.unwrap().name, result.duplicates.len())),
            );
            if answer.next_page_token.is_empty() {
                break;
            }
            page.page_token = answer.next_page_token;
        }
        assert!(matches!(heads.as_slice(), [(_, 1)]), "{order:?}: {heads:?}");
    }
    bijie.withdraw(&names[1], WithdrawalReason::Withdrawn).await.unwrap();
    for server in net.servers() {
        finds(server, words("温控"), &["cold"]).await;
    }
    let by_region = |code: &str| {
        let filter = duikou_proto::v1::Filter { regions: vec![code.to_owned()], ..Default::default() };
        SearchListingsRequest { filter: Some(filter), facets: vec![Facet::Region.into()], ..words("") }
    };
    finds(bijie, by_region("520000"), &["tea"]).await;
    let answer = search(bijie, by_region("520000")).await.unwrap();
    let counted: Vec<&str> = answer.facets[0].values.iter().map(|value| &*value.value).collect();
    assert_eq!(counted, ["520000", "522700", "522729"], "a county counts for all in which it lies");

    let answer = search(bijie, words("温控")).await.unwrap();
    let excerpt = &answer.results[0].excerpts[0];
    let characters: Vec<char> = excerpt.text.chars().collect();
    let mark = &excerpt.highlights[0];
    assert_eq!(characters[mark.start as usize..mark.end as usize], ['温', '控']);
    let complete = within(PATIENCE, async || {
        let answer = search(bijie, words("温控")).await.map_err(|status| status.to_string())?;
        let origins: Vec<&str> = answer.completeness.iter().map(|origin| &*origin.member).collect();
        if origins.iter().any(|origin| origin.starts_with("members/shenzhen.")) {
            Ok(())
        } else {
            Err(format!("{origins:?}"))
        }
    });
    complete.await.unwrap();

    let request = SuggestQueriesRequest { query: "lengl".to_owned(), ..SuggestQueriesRequest::default() };
    let suggested = SearchServiceClient::new(bijie.local()).suggest_queries(request).await.unwrap().into_inner();
    assert_eq!(suggested.suggestions.first().map(|first| &*first.text), Some("在线冷链物流平台"));

    let shown = shenzhen.cli(&["search", "冷鏈", "--facets", "kind"]).await.done();
    assert!(shown.contains("在线冷链物流平台") && shown.contains("类别：capital 1"), "{shown}");
    let json = shenzhen.cli(&["search", "冷鏈", "--output", "json"]).await.done();
    assert!(json.contains("\"totalSize\": 1"), "{json}");

    // A key that dies at once takes nothing with it that has been signed anew.
    shenzhen.cli(&["keys", "compromise", "shenzhen", "--yes"]).await.done();
    for server in net.servers() {
        finds(server, words("冷链"), &["cold"]).await;
    }
    shenzhen.withdraw(&listing_name("shenzhen", "cold"), WithdrawalReason::Filled).await.unwrap();
    for server in net.servers() {
        finds(server, words("冷链"), &[]).await;
    }
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_tells_of_what_is_not_for_the_reader() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(2102)
        .web_certificate(&certificate)
        .gateway()
        .node("shenzhen", &["shenzhen"])
        .node("bijie", &["bijie"])
        .node("zunyi", &["zunyi"])
        .start()
        .await;
    let shenzhen = net.node("shenzhen");
    shenzhen.publish(offer("open").titled("冷链公开信息")).await.unwrap();
    shenzhen.publish(offer("secret").titled("冷链内部信息").for_members(&["bijie"])).await.unwrap();
    finds(net.node("bijie"), words("冷链"), &["open", "secret"]).await;
    finds(net.gateway(), words("冷链"), &["open", "secret"]).await;
    let request = || SearchListingsRequest {
        facets: vec![Facet::Kind.into(), Facet::Member.into(), Facet::Region.into()],
        ..words("冷链")
    };
    finds(net.node("zunyi"), request(), &["open"]).await;
    // On the gateway, which holds both, the anonymous and another member learn of one.
    let zunyi = net.gateway().token("zunyi", Role::Viewer).await.unwrap();
    for secret in [None, Some(&*zunyi)] {
        let client = net.gateway().web(certificate.client(), secret).await.unwrap();
        let mut client = SearchServiceClient::new(client);
        let answer = client.search_listings(request()).await.unwrap().into_inner();
        assert_eq!((ids(&answer), answer.total_size), (vec!["open".to_owned()], 1));
        let counts = answer.facets.iter().flat_map(|facet| &facet.values);
        assert!(counts.clone().count() > 0 && counts.clone().all(|value| value.count == 1), "{:?}", answer.facets);
        let typed = SuggestQueriesRequest { query: "冷链内".to_owned(), ..SuggestQueriesRequest::default() };
        let suggested = client.suggest_queries(typed).await.unwrap().into_inner();
        assert!(suggested.suggestions.is_empty(), "{suggested:?}");
        let listing = Opportunity { title: "冷链内部信息".to_owned(), ..Opportunity::default() };
        let same = FindDuplicatesRequest { listing: Some(listing), name: String::new() };
        let same = client.find_duplicates(same).await.unwrap().into_inner();
        assert!(same.duplicates.is_empty(), "{same:?}");
    }
    // What has been narrowed is gone at once for those who lost it.
    shenzhen.replace(offer("open").titled("冷链公开信息").for_members(&["bijie"])).await.unwrap();
    finds(net.node("zunyi"), words("冷链"), &[]).await;
    finds(net.node("bijie"), words("冷链"), &["open", "secret"]).await;
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_outlives_crashes_and_is_made_anew_when_it_is_lost() {
    let net = Network::new(2103).gateway().node("shenzhen", &["shenzhen"]).start().await;
    let node = net.node("shenzhen");
    for number in 0..20 {
        node.publish(offer(&format!("a{number:02}")).titled(&format!("冷链项目{number}"))).await.unwrap();
    }
    let all: Vec<String> = (0..20).map(|number| format!("a{number:02}")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let request = || SearchListingsRequest { page_size: 100, ..words("冷链") };
    finds(node, request(), &all).await;
    // Killed while it takes in what has just been written.
    node.publish(offer("b").titled("冷链之外")).await.unwrap();
    node.kill9();
    node.start().await;
    let more: Vec<&str> = all.iter().copied().chain(["b"]).collect();
    finds(node, request(), &more).await;
    let folder = node.dir().join("search");
    let harms: [&dyn Fn(); 3] = [
        &|| std::fs::remove_dir_all(&folder).unwrap(),
        &|| {
            for entry in std::fs::read_dir(&folder).unwrap() {
                std::fs::write(entry.unwrap().path(), b"garbage").unwrap();
            }
        },
        &|| std::fs::write(folder.join("version"), b"0").unwrap(),
    ];
    for harm in harms {
        node.stop().await;
        harm();
        node.start().await;
        finds(node, request(), &more).await;
    }
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_past_its_date_is_found_no_longer_and_bad_requests_are_told_why() {
    let net = Network::new(2104).gateway().node("shenzhen", &["shenzhen"]).start().await;
    let node = net.node("shenzhen");
    let soon = std::time::SystemTime::now() + Duration::from_secs(6);
    let soon = soon.duration_since(std::time::UNIX_EPOCH).unwrap();
    let expire = prost_types::Timestamp { seconds: soon.as_secs() as i64, nanos: 0 };
    node.publish(offer("short").titled("冷链短期").with(|listing| listing.expire_time = Some(expire))).await.unwrap();
    node.publish(offer("long").titled("冷链长期")).await.unwrap();
    finds(node, words("冷链"), &["long"]).await;

    for (request, blamed) in [
        (words("\"冷链"), "query"),
        (words("？"), "query"),
        (words(&"长".repeat(201)), "query"),
        (SearchListingsRequest { facets: vec![99], ..words("冷链") }, "facets[0]"),
        (SearchListingsRequest { order_by: 77, ..words("冷链") }, "order_by"),
        (SearchListingsRequest { page_size: -1, ..words("冷链") }, "page_size"),
        (SearchListingsRequest { page_token: "nonsense".to_owned(), ..words("冷链") }, "page_token"),
    ] {
        let status = search(node, request).await.unwrap_err();
        assert_eq!((status.code(), fields(&status)), (Code::InvalidArgument, vec![blamed.to_owned()]));
    }
    // A token is good for the request that it continues.
    node.publish(offer("other").titled("冷链其他")).await.unwrap();
    finds(node, words("冷链"), &["long", "other"]).await;
    let first = search(node, SearchListingsRequest { page_size: 1, ..words("冷链") }).await.unwrap();
    let page_token = first.next_page_token.clone();
    let next = SearchListingsRequest { page_token: page_token.clone(), page_size: 1, ..words("冷链") };
    let second = search(node, next).await.unwrap();
    assert_ne!(ids(&first), ids(&second));
    assert!(second.next_page_token.is_empty());
    let other = search(node, SearchListingsRequest { page_token, ..words("长期") }).await.unwrap_err();
    assert_eq!(fields(&other), ["page_token"]);
    net.finish().await;
}
