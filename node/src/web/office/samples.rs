//! Samples of these pages.

use std::collections::BTreeMap;

use duikou_proto::directory::MemberState;
use duikou_proto::v1::completeness::State as Completed;
use duikou_proto::v1::draft::State as DraftState;
use duikou_proto::v1::link_status::State as LinkState;
use duikou_proto::v1::{Alarm, Draft, LinkStatus, Listing, Opportunity};
use prost_types::Timestamp;

use super::super::layout::Section;
use super::super::reading::{Fresh, Names};
use super::super::samples::{NETWORK, Samples};
use super::super::signed::SignedPerson;
use super::admin::AdminPage;
use super::backups::BackupsPage;
use super::directory::DirectoryPage;
use super::home::WorkPage;
use super::matches::Match;
use super::settings::SettingsPage;
use super::statistics::StatisticsPage;
use super::work::{Expiring, Found, Published, Work};
use crate::accounts::Role;
use crate::engine::completeness::Completeness;
use crate::engine::dealings::Dealings;
use crate::engine::months::Sums;
use crate::engine::receipts::Unconfirmed;
use crate::services::{
    Backup, Beginnings, Both, Figures, HostedMember, Making, Newest, Overview, Pile, Refusal, Storage, WaitingChange,
    WaitingDrafts, WorkFacts,
};
use crate::settings::Setting;

/// The third of November 2026.
const TIME: i64 = 1_793_667_720;
const MICROS: i64 = 1_000_000;

fn at(seconds: i64) -> Option<Timestamp> {
    Some(Timestamp { seconds, nanos: 0 })
}

fn listing(samples: &Samples, id: &str) -> Listing {
    let opportunity = Opportunity {
        title: samples.say("冷链<b>物流</b>", "Cold <b>chain</b>"),
        language: samples.language.tag().to_owned(),
        ..Opportunity::default()
    };
    Listing {
        name: format!("members/bijie.{NETWORK}/listings/{id}"),
        expire_time: at(TIME),
        listing: Some(opportunity),
        ..Listing::default()
    }
}

fn draft(samples: &Samples, id: &str, state: DraftState) -> Draft {
    Draft {
        name: format!("members/bijie.{NETWORK}/drafts/{id}"),
        listing: (id != "empty").then(|| listing(samples, id)),
        state: state.into(),
        return_reason: samples.say("请写明金额", "Say how much"),
        submit_time: at(TIME),
        author: "somebody".to_owned(),
        ..Draft::default()
    }
}

fn link(state: LinkState) -> LinkStatus {
    LinkStatus {
        peer: format!("gateway.{NETWORK}"),
        state: state.into(),
        since_time: at(TIME),
        detail: "timed <out>".to_owned(),
        error: "<error> 110".to_owned(),
        unacknowledged: 12,
        behind: 3,
        software: "duikou/9.9.9".to_owned(),
        ..LinkStatus::default()
    }
}

fn alarm() -> Alarm {
    Alarm { code: "LINK_DOWN".to_owned(), message: "message".to_owned(), remedy: "remedy".to_owned() }
}

fn change() -> WaitingChange {
    WaitingChange { draft: format!("members/bijie.{NETWORK}/drafts/in"), prolongs: false, edits: true }
}

/// Drafts that wait for the same; those of an import are all but the others.
fn pile<const N: usize>(count: usize, newest: [Draft; N]) -> Pile {
    let one = |draft: Draft| {
        let count = if draft.batch.is_empty() { 1 } else { count + 1 - N };
        Newest { draft, count }
    };
    Pile { count, newest: newest.map(one).into() }
}

fn busy(samples: &Samples) -> Found {
    let own = Listing { scopes: vec!["network".to_owned()], ..listing(samples, "own") };
    let import = Draft { batch: "b-1".to_owned(), ..draft(samples, "row", DraftState::Submitted) };
    let holder = format!("zunyi.{NETWORK}");
    Found {
        beginnings: Beginnings { alone: true, no_rule: true, unwritten: true, no_backup: true },
        facts: WorkFacts {
            refused: (1..=9)
                .map(|code| Refusal {
                    name: format!("members/bijie.{NETWORK}/listings/l{code}").parse().expect("a name"),
                    peer: format!("gateway.{NETWORK}"),
                    code,
                })
                .collect(),
            more_refused: true,
            unconfirmed: vec![Unconfirmed {
                origin: format!("bijie.{NETWORK}").parse().expect("an id"),
                holder: holder.parse().expect("an id"),
                scopes: vec!["network".to_owned(), "circle:pan-prd".to_owned()],
                heard: None,
            }],
            links: vec![link(LinkState::Disconnected), link(LinkState::Connected)],
            alarms: vec![alarm()],
        },
        expiring: Expiring {
            listings: vec![own.clone(), listing(samples, "edited")],
            count: 7,
            changes: [(format!("members/bijie.{NETWORK}/listings/edited"), change())].into(),
        },
        drafts: WaitingDrafts {
            returned: pile(
                12,
                [draft(samples, "back", DraftState::Returned), draft(samples, "empty", DraftState::Returned)],
            ),
            returned_to_others: pile(1, [draft(samples, "back", DraftState::Returned)]),
            to_approve: pile(1_501, [import, draft(samples, "in", DraftState::Submitted)]),
            handed_in: pile(1, [draft(samples, "in", DraftState::Submitted)]),
        },
        refused: vec![listing(samples, "l1")],
        published: Published {
            newest: vec![own.clone(), Listing { scopes: vec!["network".to_owned()], ..listing(samples, "more") }],
            more: true,
        },
        fresh: None,
        follows: false,
        matches: Some(Some(vec![Match { other: listing(samples, "other"), own, score: 77 }])),
    }
}

fn work(samples: &Samples) {
    let names = Names::sample(samples.language, NETWORK);
    let quiet = Found { matches: Some(None), ..Found::default() };
    let early = Found { follows: true, ..quiet.clone() };
    let fresh = Some(Fresh { text: "<3>".to_owned(), path: "/listings?new=1&since=1".to_owned() });
    for (role, node_admin, found) in [
        (Role::Admin, true, Found { fresh, ..busy(samples) }),
        (Role::Editor, false, busy(samples)),
        (Role::Viewer, false, quiet),
        (Role::Viewer, false, early),
    ] {
        let visitor = samples.signed(role, "/");
        let person = SignedPerson { node_admin, ..SignedPerson::sample(samples.language, role) };
        let page = samples.page_for(&visitor, Section::Home, "work");
        let work = Work::of(page.texts(), &names, &person, &found);
        samples.add("office/home.html", &WorkPage::of(page, &person, work));
    }
}

fn figures() -> Figures {
    let both = |gave: i64, received: i64| Both {
        gave: Sums { published: gave, updated: 3, filled: 2, withdrawn: 1, expired: 0 },
        received: Sums { published: received, filled: 1, ..Sums::default() },
    };
    let told = Dealings { told: 12_345, counterparts: 67, ..Dealings::default() };
    Figures {
        months: (1..=12).map(|month| (format!("2026-{month:02}"), both(month * 7, month * 1_003))).collect(),
        dealings: (1..=12)
            .map(|month| {
                let dealt = Dealings { asked: 9, heard: month, came: month * 40, answered: month * 31, ..told };
                (format!("2026-{month:02}"), dealt)
            })
            .collect(),
        kinds: super::super::words::KINDS
            .iter()
            .flat_map(|kind| ["offer", "request", ""].map(|direction| ((*kind).to_owned(), direction.to_owned())))
            .map(|kind| (kind, both(5, 6)))
            .collect(),
        places: [("52", 1), ("44", 2), ("DE", 3)].map(|(code, count)| (code.to_owned(), (count, 9))).into(),
        partners: [(format!("zunyi.{NETWORK}"), both(4, 2))].into(),
        all_partners: both(4, 2),
    }
}

fn setting(key: &str, value: Option<&str>, made: bool) -> Setting {
    let value = value.map(str::to_owned);
    let default = (key == "accounts.idle").then(|| "30m".to_owned());
    Setting { key: key.to_owned(), file: value.clone().filter(|_| !made), origin: None, value, default, made }
}

/// A sample of each page.
pub(in crate::web) fn samples(samples: &Samples) {
    work(samples);
    let names = Names::sample(samples.language, NETWORK);
    let page = |section, here: &str| samples.page_for(&samples.signed(Role::Admin, here), section, "page");
    let none = Figures { months: vec![("2026-11".to_owned(), Both::default())], ..Figures::default() };
    for (figures, month) in [(figures(), None), (figures(), Some("2026-11")), (none, None)] {
        let page = page(Section::Statistics, "/statistics");
        samples.add("office/statistics.html", &StatisticsPage::of(page, &names, &figures, &figures, month));
    }
    let whole = Overview {
        version: "0.1.0".to_owned(),
        started: TIME * MICROS,
        members: [MemberState::Active, MemberState::Suspended, MemberState::Removed(0)]
            .map(|state| HostedMember { id: format!("bijie.{NETWORK}"), state, key: 2, listings: 1_234, drafts: 5 })
            .into(),
        links: vec![link(LinkState::Connected), link(LinkState::Recovering)],
        completeness: [(Completed::Complete, Some(TIME * MICROS)), (Completed::Withheld, None)]
            .map(|(state, complete)| Completeness {
                origin: format!("zunyi.{NETWORK}"),
                scope: "network".to_owned(),
                state,
                complete,
                issued: TIME * MICROS,
            })
            .into(),
        storage: Some(Storage { database: 1 << 30, index: 1 << 20, free: None, records: 12_345, ..Storage::default() }),
        alarms: vec![alarm()],
    };
    for overview in [whole, Overview::default()] {
        samples.add("office/admin.html", &AdminPage::of(page(Section::Admin, "/admin"), &names, &overview));
    }
    let directory = duikou_proto::directory::Directory::default();
    let network = NETWORK.parse().expect("a network");
    let shown = DirectoryPage::of(page(Section::Admin, "/admin/directory"), &names, &directory, &network);
    samples.add("office/directory.html", &shown);
    let made = [Backup { id: "2026-11-03T010203Z".to_owned(), size: 5_000_000 }];
    for (backups, making) in [
        (&made[..], Making::Idle),
        (&made[..], Making::Since(TIME * MICROS)),
        (&[], Making::Failed("<no room>".to_owned())),
    ] {
        samples.add("office/backups.html", &BackupsPage::of(page(Section::Admin, "/admin/backups"), backups, &making));
    }
    let settings = [
        setting("site.sponsor", Some("office"), true),
        setting("site.icp", Some("ICP-0"), false),
        setting("live.answer", Some("network"), true),
        setting("accounts.idle", None, false),
        setting("web.listen", Some("127.0.0.1:8443"), false),
        setting("link.proxy", None, false),
    ];
    let typed = [("accounts.idle", "<soon>".to_owned())].into();
    let faults = [("accounts.idle".to_owned(), "wrong".to_owned())].into();
    for (typed, faults) in [(BTreeMap::new(), BTreeMap::new()), (typed, faults)] {
        let page = page(Section::Admin, "/admin/settings");
        samples.add("office/settings.html", &SettingsPage::of(page, &settings, &typed, &faults));
    }
}
