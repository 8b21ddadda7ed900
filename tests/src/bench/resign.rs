//! What signing 50,000 live records anew takes from those who publish meanwhile.
//!
//! Each run is one rotation from beginning to end; publishing before it, when everything has been delivered, is the usual
//! rate. The gateway takes both, on the same machine.

use std::time::{Duration, Instant};

use anyhow::Context;
use duikou_proto::envelope::Part;
use duikou_proto::sign::Signer;
use duikou_proto::v1::operator_service_client::OperatorServiceClient;
use duikou_proto::v1::{KeyInfo, ListKeysRequest, Record, RotateKeysRequest, key_info};
use prost::Message;

use super::client::{self, Task};
use super::content::listing;
use super::figure::{Figure, Goal};
use super::tally::median;
use super::{REPEATS, world};
use crate::harness::{Network, Server, WebCertificate, within};

pub(crate) const RATIO: &str = "resign_ratio";

const GOAL: Goal = Goal::AtLeast(0.5);
const PUBLISHERS: usize = 64;
/// Live records that are signed anew.
const RECORDS: usize = 50_000;
/// Published in one run; the member that publishes is another, of the same node, since one has as many as it may.
const LISTINGS: usize = 6_000;
const MEMBER: &str = "shenzhen";
const PUBLISHER: &str = "dongguan";
/// How long signing anew may take.
const SIGNED: Duration = Duration::from_secs(600);
/// How often it is looked: to look is work too.
const LOOK_EVERY: Duration = Duration::from_secs(3);
/// Signatures of the bare loop.
const BARE: usize = 20_000;

/// Measures it.
pub(crate) async fn measure() -> anyhow::Result<Figure> {
    let folder = tempfile::tempdir()?;
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(1)
        .gateway()
        .web_certificate(&certificate)
        .node(MEMBER, &[MEMBER, PUBLISHER])
        .measured()
        .start()
        .await;
    let node = net.node(MEMBER);
    world::fill(node, MEMBER, "held", RECORDS).await?;
    let target = world::target(node, PUBLISHER, &certificate).await?;
    let publish = |run: String| {
        let (count, publishers) = (LISTINGS, PUBLISHERS);
        let task = Task::Publish { target: target.clone(), member: PUBLISHER.to_owned(), run, count, publishers };
        async move { anyhow::Ok(LISTINGS as f64 / client::run(&task).await?) }
    };
    let (mut usual, mut meanwhile, mut signed) = (Vec::new(), Vec::new(), Vec::new());
    for run in 0..REPEATS {
        is_delivered(node).await?;
        usual.push(publish(format!("usual-{run}")).await.context("publishing")?);
        is_delivered(node).await?;
        rotate(node).await.context("rotating")?;
        let began = Instant::now();
        let (rate, all) = tokio::join!(publish(format!("meanwhile-{run}")), is_signed(node));
        all?;
        signed.push(RECORDS as f64 / began.elapsed().as_secs_f64());
        meanwhile.push(rate.context("publishing meanwhile")?);
    }
    let (usual, meanwhile, signed, bare) = (median(usual), median(meanwhile), median(signed), bare()?);
    Ok(Figure {
        name: RATIO,
        value: meanwhile / usual,
        unit: "ratio",
        baseline: Some((usual, "listings/s")),
        goal: Some(GOAL),
        details: vec![
            ("records", RECORDS.into()),
            ("publishers", PUBLISHERS.into()),
            ("signed_anew_per_second", signed.round().into()),
            ("bare_signatures_per_second", bare.round().into()),
        ],
    })
}

async fn rotate(node: &Server) -> anyhow::Result<()> {
    let purposes = vec![key_info::Purpose::Signing.into()];
    let request = RotateKeysRequest { member: MEMBER.to_owned(), purposes, grace_seconds: 24 * 3600 };
    let rotated = OperatorServiceClient::new(node.local()).rotate_keys(request).await?.into_inner();
    anyhow::ensure!(!rotated.pending, "the gateway did not introduce the key");
    Ok(())
}

/// Waits until the gateway has everything.
async fn is_delivered(node: &Server) -> anyhow::Result<()> {
    let safe = async || {
        let status = node.status().await.map_err(|status| status.to_string())?;
        let open: i64 = status.links.iter().map(|link| link.unacknowledged).sum();
        tokio::time::sleep(LOOK_EVERY).await;
        if open == 0 { Ok(()) } else { Err(format!("{open} are not delivered")) }
    };
    within(SIGNED, safe).await.map_err(anyhow::Error::msg)
}

/// Waits until no older key has signed anything.
async fn is_signed(node: &Server) -> anyhow::Result<()> {
    let left = async || {
        let request = ListKeysRequest { member: MEMBER.to_owned() };
        let listed = OperatorServiceClient::new(node.local()).list_keys(request).await;
        let keys: Vec<KeyInfo> = listed.map_err(|status| status.to_string())?.into_inner().keys;
        tokio::time::sleep(LOOK_EVERY).await;
        match keys.iter().map(|key| key.states).sum::<i64>() {
            0 => Ok(()),
            left => Err(format!("{left} are not signed anew")),
        }
    };
    within(SIGNED, left).await.map_err(anyhow::Error::msg)
}

/// Signatures a second of one core that does nothing else, of payloads like those.
fn bare() -> anyhow::Result<f64> {
    let (old, new) = (Signer::from_seed(1, [1; 32]), Signer::from_seed(2, [2; 32]));
    let body = listing(MEMBER, "bare").listing.unwrap_or_default().encode_to_vec();
    let record = Record {
        name: format!("members/{MEMBER}.pprd.example/listings/bare"),
        revision: 1,
        kind: "project".to_owned(),
        lane: duikou_proto::v1::Lane::Bulk.into(),
        scopes: vec!["public".to_owned()],
        expire_time: 1,
        body: body.into(),
        ..Record::default()
    };
    let part = Part::sign_record(&old, &record)?;
    let began = Instant::now();
    for _ in 0..BARE {
        part.sign_anew(&new)?;
    }
    Ok(BARE as f64 / began.elapsed().as_secs_f64())
}
