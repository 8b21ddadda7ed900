//! Content that breaks the rules: every field is named, and nothing is stored.

use duikou_proto::Money;
use duikou_proto::v1::opportunity::Details;
use duikou_proto::v1::{Capital, Listing};
use duikou_tests::harness::{Draft, Network, offer};
use serde_json::{Value, json};
use tonic::Code;

use super::{failed, fields, listing_name};

const FAULTY: [&str; 7] = [
    "listing.capital.amount_max.currency_code",
    "listing.direction",
    "listing.industries[1]",
    "listing.language",
    "listing.regions[0]",
    "listing.tags[0]",
    "listing.title",
];

fn capital(listing: &mut Listing) -> &mut Capital {
    let details = listing.listing.as_mut().and_then(|opportunity| opportunity.details.as_mut());
    let Some(Details::Capital(capital)) = details else { panic!("no capital") };
    capital
}

fn faulty() -> Draft {
    offer("faulty").titled("").with(|listing| {
        capital(listing).amount_max = Some(Money { currency_code: "XYZ".to_owned(), units: 1, nanos: 0 });
        let opportunity = listing.listing.as_mut().unwrap();
        opportunity.direction = 99;
        opportunity.language = "no language".to_owned();
        opportunity.regions = vec!["999999".to_owned()];
        opportunity.industries = vec!["C".to_owned(), "ZZ99".to_owned()];
        opportunity.tags = vec!["t".repeat(33)];
    })
}

/// Every field keeps its own bound, and all together do not fit into a record.
fn heavy() -> Draft {
    offer("heavy").saying(&"茶".repeat(20_000)).with(|listing| {
        capital(listing).conditions = "茶".repeat(2_000);
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn every_field_that_breaks_a_rule_is_named_and_nothing_is_stored() {
    let net = Network::new(701).gateway().node("shenzhen", &["shenzhen"]).start().await;
    let node = net.node("shenzhen");
    let before = node.status().await.unwrap().head;

    let refused = node.publish(faulty()).await.unwrap_err();
    assert_eq!((refused.code(), fields(&refused)), (Code::InvalidArgument, FAULTY.map(str::to_owned).to_vec()));

    let refused = node.publish(offer("long").saying(&"a".repeat(70_000))).await.unwrap_err();
    assert_eq!(
        (refused.code(), fields(&refused)),
        (Code::InvalidArgument, vec!["listing".to_owned(), "listing.body".to_owned()])
    );

    let refused = node.publish(heavy()).await.unwrap_err();
    assert_eq!((refused.code(), fields(&refused)), (Code::InvalidArgument, vec!["listing".to_owned()]));

    let refused = node.publish(offer("nowhere").for_scopes(&["everyone", "circle:"])).await.unwrap_err();
    assert_eq!(
        (refused.code(), fields(&refused)),
        (Code::InvalidArgument, ["scopes[0]", "scopes[1]"].map(str::to_owned).to_vec())
    );

    let refused = node.publish(offer("No Such Id")).await.unwrap_err();
    assert_eq!((refused.code(), fields(&refused)), (Code::InvalidArgument, vec!["name".to_owned()]));

    assert_eq!(node.list("members/-").await.unwrap(), []);
    assert_eq!(node.status().await.unwrap().head, before, "something was written");
    net.finish().await;
}

fn good(id: &str) -> Value {
    json!({
        "name": listing_name("shenzhen", id), "scopes": ["public"],
        "listing": {"direction": "OFFER", "title": id, "language": "en", "regions": ["440300"],
            "capital": {"instrument": "EQUITY"}},
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_names_line_and_field_and_ends_with_65() {
    let net = Network::new(702).gateway().node("shenzhen", &["shenzhen"]).start().await;
    let node = net.node("shenzhen");
    let file = net.root().join("listings.jsonl");
    let path = file.to_str().unwrap();

    let (mut unknown, mut coded) = (good("unknown"), good("coded"));
    unknown["listing"]["titel"] = json!("x");
    coded["listing"]["regions"] = json!(["999999"]);
    coded["listing"]["tags"] = json!(["t".repeat(33)]);
    std::fs::write(&file, coded.to_string()).unwrap();
    failed(&node.cli(&["publish", path]).await, 65, &["listing.regions[0]", "listing.tags[0]"]);
    std::fs::write(&file, unknown.to_string()).unwrap();
    let output = node.cli(&["publish", path, "--language", "en"]).await;
    failed(&output, 65, &["listing.titel", "did you mean title?"]);
    std::fs::write(&file, "{\"name\":").unwrap();
    failed(&node.cli(&["publish", path]).await, 65, &["JSON"]);
    failed(&node.cli(&["publish", "absent.json"]).await, 66, &["absent.json"]);
    assert_eq!(node.list("members/-").await.unwrap(), []);

    let lines = [good("first"), unknown, coded, good("last")].map(|line| line.to_string()).join("\n");
    std::fs::write(&file, lines).unwrap();
    let output = node.cli(&["import", path, "--language", "en"]).await;
    let said = ["line 2: listing.titel", "line 3: listing.regions[0]", "line 3: listing.tags[0]"];
    failed(&output, 65, &said);
    let held: Vec<String> = node.list("members/-").await.unwrap().into_iter().map(|listing| listing.name).collect();
    assert_eq!(held, [listing_name("shenzhen", "first"), listing_name("shenzhen", "last")]);
    net.finish().await;
}
