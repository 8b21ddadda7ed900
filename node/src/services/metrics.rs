//! The status of a server as OpenMetrics text, for whoever watches many servers.
//!
//! Labels are members, their scopes, peers, codes, outcomes and kinds of parts: all bounded by the directory or the
//! program.

use duikou_proto::language::Language;
use duikou_proto::v1::completeness::State as Completed;
use duikou_proto::v1::link_status::State;
use duikou_proto::v1::{Completeness, Holding, Status};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::{Context, status};

/// What [`render`] writes.
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Labels = Vec<(&'static str, String)>;

/// What has happened since the start: each by name, with how often.
type Counts = Vec<(&'static str, i64)>;

/// What is counted beside status.
#[derive(Default)]
struct Counted {
    deliveries: Counts,
    asked: Counts,
    came: Counts,
    limits: Counts,
}

/// The metrics as they are now; `limits` says how many requests were refused, by the limit that they met.
///
/// # Errors
/// Where the store cannot be read; for the operator, in words.
pub(crate) async fn render(context: &Context, limits: Counts) -> Result<String, String> {
    let status =
        status::of(context, Language::En).await.map_err(|failure| failure.status(Language::En).message().to_owned())?;
    let mut text = String::new();
    let counted = Counted {
        deliveries: context.subscriptions.outcomes.counts(),
        asked: context.live.asked(),
        came: context.live.came(),
        limits,
    };
    let registry = registry(&status, context.engine.halted().is_some(), context.search.behind(), &counted);
    encode(&mut text, &registry).map_err(|error| error.to_string())?;
    Ok(text)
}

fn registry(status: &Status, halted: bool, search_behind: Option<i64>, counted: &Counted) -> Registry {
    let mut registry = Registry::with_prefix("duikou");
    let mut gauge = |name: &str, help: &str, values: Vec<(Labels, i64)>| {
        let family = Family::<Labels, Gauge>::default();
        for (labels, value) in values {
            family.get_or_create(&labels).set(value);
        }
        registry.register(name, help, family);
    };
    let build = vec![("version", status.version.clone()), ("node", status.node.clone())];
    gauge("build", "What runs here, always 1", vec![(build, 1)]);
    let start = status.start_time.as_ref().map_or(0, |time| time.seconds);
    gauge("start_time_seconds", "When the process started, since 1970", vec![(Vec::new(), start)]);
    gauge("writes_halted", "1 where this server writes nothing", vec![(Vec::new(), i64::from(halted))]);
    gauge("directory_entries", "Newest entry of the directory", vec![(Vec::new(), status.directory_index)]);
    gauge("feed_head", "Newest sequence number", vec![(Vec::new(), status.head)]);
    let behind = search_behind.map(|behind| (Vec::new(), behind)).into_iter().collect();
    gauge("search_behind", "Changes that the search index has yet to read; none while it is not open", behind);
    let parts = status.holdings.iter().flat_map(|holding| {
        [("record", holding.records), ("withdrawal", holding.withdrawals)]
            .map(|(part, count)| (vec![("origin", holding.origin.clone()), ("part", part.to_owned())], count))
    });
    gauge("parts", "Records and withdrawals held, by origin", parts.collect());

    let scopes = || status.holdings.iter().flat_map(|holding| holding.scopes.iter().map(move |held| (holding, held)));
    let of = |holding: &Holding, held: &Completeness| -> Labels {
        vec![("origin", holding.origin.clone()), ("scope", held.scope.clone())]
    };
    let complete =
        scopes().filter_map(|(holding, held)| Some((of(holding, held), held.complete_time.as_ref()?.seconds)));
    gauge(
        "complete_as_of_seconds",
        "As of when a scope of an origin was complete here, since 1970",
        complete.collect(),
    );
    let lacking = scopes().filter(|(_, held)| held.state() != Completed::Complete).map(|(holding, held)| {
        let mut labels = of(holding, held);
        labels.push(("state", held.state().as_str_name().to_owned()));
        (labels, 1)
    });
    gauge("incomplete", "Scopes of origins that are not complete here, or not known to be", lacking.collect());

    let links = |value: fn(&duikou_proto::v1::LinkStatus) -> i64| -> Vec<(Labels, i64)> {
        status.links.iter().map(|link| (vec![("peer", link.peer.clone())], value(link))).collect()
    };
    gauge("link_up", "1 where the link is connected", links(|link| i64::from(link.state() == State::Connected)));
    gauge("link_since_seconds", "Since when the link is as it is, since 1970", {
        links(|link| link.since_time.as_ref().map_or(0, |time| time.seconds))
    });
    gauge("link_unacknowledged", "Own states that the peer has not acknowledged", links(|link| link.unacknowledged));
    gauge("link_behind", "Changes of the peer that have not come", links(|link| link.behind));
    gauge("link_clock_offset_milliseconds", "How far the peer's clock is ahead", links(|link| link.clock_offset_ms));
    let count = |refusals: &[duikou_proto::v1::Rejection]| i64::try_from(refusals.len()).unwrap_or(i64::MAX);
    let refusals = status.links.iter().flat_map(|link| {
        [("peer", count(&link.rejected_by_peer)), ("here", count(&link.rejected_here))]
            .map(|(by, count)| (vec![("peer", link.peer.clone()), ("by", by.to_owned())], count))
    });
    gauge("link_refused", "Records refused now, at most 100 of each", refusals.collect());

    let by_holders = status.refused_by_holders.iter();
    let by_holders = by_holders.map(|of| (vec![("holder", of.holder.clone())], count(&of.rejected)));
    gauge(
        "refused_by_holder",
        "Records of members here that others refused, at most 100 of each",
        by_holders.collect(),
    );

    let mut alarms: std::collections::BTreeMap<&str, i64> = std::collections::BTreeMap::new();
    status.alarms.iter().for_each(|alarm| *alarms.entry(&alarm.code).or_default() += 1);
    let alarms = alarms.into_iter().map(|(code, count)| (vec![("code", code.to_owned())], count));
    gauge("alarms", "What the operator should act on; status says in words what to do", alarms.collect());

    let mut counter = |name: &str, help: &str, values: Vec<(Labels, i64)>| {
        let family = Family::<Labels, Counter>::default();
        for (labels, value) in values {
            family.get_or_create(&labels).inc_by(u64::try_from(value).unwrap_or_default());
        }
        registry.register(name, help, family);
    };
    let breaches = status.links.iter().flat_map(|link| {
        let labels = |code: &str| vec![("peer", link.peer.clone()), ("code", code.to_owned())];
        link.breaches.iter().map(move |breach| (labels(&breach.code), breach.count))
    });
    counter("link_breaches", "What the peer did that no sound one does, since the start", breaches.collect());

    let by = |label: &'static str, counts: &Counts| -> Vec<(Labels, i64)> {
        counts.iter().map(|(name, count)| (vec![(label, (*name).to_owned())], *count)).collect()
    };
    let Counted { deliveries, asked, came, limits } = counted;
    counter("deliveries", "Attempts of webhooks since the start, by outcome", by("outcome", deliveries));
    counter("live_asked", "Members asked live by members here since the start, by outcome", by("outcome", asked));
    counter("live_came", "Live questions to members here since the start, by outcome", by("outcome", came));
    counter("limit_refusals", "Requests refused since the start, by the limit that they met", by("limit", limits));

    registry
}

#[cfg(test)]
mod tests {
    use duikou_proto::v1::{Alarm, LinkStatus};
    use prost_types::Timestamp;

    use super::*;

    #[test]
    fn everything_that_status_says_in_numbers_is_there() {
        let link = LinkStatus {
            peer: "gate.n".to_owned(),
            state: State::Connected.into(),
            unacknowledged: 4,
            behind: 7,
            rejected_here: vec![Default::default(); 2],
            breaches: vec![duikou_proto::v1::Breach {
                code: "DIRECTORY_FORK".to_owned(),
                count: 5,
                ..Default::default()
            }],
            ..Default::default()
        };
        let alarm = |code: &str| Alarm { code: code.to_owned(), ..Default::default() };
        let scope = |scope: &str, state: Completed, complete: Option<i64>| Completeness {
            scope: scope.to_owned(),
            state: state.into(),
            complete_time: complete.map(|seconds| Timestamp { seconds, nanos: 0 }),
            head_time: None,
        };
        let scopes =
            vec![scope("public", Completed::Withheld, Some(77)), scope("network:n", Completed::Complete, Some(88))];
        let status = Status {
            holdings: vec![Holding { origin: "a.n".to_owned(), records: 3, scopes, ..Default::default() }],
            links: vec![link],
            alarms: vec![alarm("LINK_DOWN"), alarm("LINK_DOWN"), alarm("HALTED")],
            ..Default::default()
        };
        let mut text = String::new();
        let counted = Counted {
            deliveries: vec![("TIMED_OUT", 6)],
            asked: vec![("OFFLINE", 8)],
            came: vec![("DROPPED", 1)],
            limits: vec![("BYTES", 2)],
        };
        encode(&mut text, &registry(&status, true, Some(9), &counted)).unwrap();
        for line in [
            r#"duikou_parts{origin="a.n",part="record"} 3"#,
            r#"duikou_complete_as_of_seconds{origin="a.n",scope="public"} 77"#,
            r#"duikou_complete_as_of_seconds{origin="a.n",scope="network:n"} 88"#,
            r#"duikou_incomplete{origin="a.n",scope="public",state="WITHHELD"} 1"#,
            r#"duikou_link_up{peer="gate.n"} 1"#,
            r#"duikou_link_unacknowledged{peer="gate.n"} 4"#,
            r#"duikou_link_behind{peer="gate.n"} 7"#,
            r#"duikou_link_refused{peer="gate.n",by="here"} 2"#,
            r#"duikou_link_breaches_total{peer="gate.n",code="DIRECTORY_FORK"} 5"#,
            r#"duikou_deliveries_total{outcome="TIMED_OUT"} 6"#,
            r#"duikou_live_asked_total{outcome="OFFLINE"} 8"#,
            r#"duikou_live_came_total{outcome="DROPPED"} 1"#,
            r#"duikou_limit_refusals_total{limit="BYTES"} 2"#,
            r#"duikou_alarms{code="LINK_DOWN"} 2"#,
            r#"duikou_alarms{code="HALTED"} 1"#,
            "duikou_writes_halted 1",
            "duikou_search_behind 9",
            "# EOF",
        ] {
            assert!(text.lines().any(|there| there == line), "{line} is not in\n{text}");
        }
        assert!(!text.contains("state=\"COMPLETE\""), "{text}");
    }
}
