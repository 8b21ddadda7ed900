//! Samples of the pages of drafts.

use duikou_proto::language::Language;
use duikou_proto::v1::approval_policy::{Deputy, Rule};
use duikou_proto::v1::draft::State as DraftState;
use duikou_proto::v1::{
    ApprovalPolicy, ApproveDraftBatchResponse, Draft, DraftDifference, Listing, WithdrawalReason,
    approve_draft_batch_response,
};
use prost_types::Timestamp;

use super::super::catalogue::Texts;
use super::super::layout::Section;
use super::super::reading::{Names, sample_listing as listing};
use super::super::samples::{NETWORK, Samples};
use super::super::sent::Sent;
use super::audience::{Seen, idle, said};
use super::batch::BatchPage;
use super::desk::DraftPath;
use super::difference::between;
use super::editor::{Around, Conflict, EditorPage, around_of, preview};
use super::end::{EndPage, Way};
use super::ended::{GonePage, said_of};
use super::fields::Audiences;
use super::filled::Filling;
use super::list::{Asked, ListPage};
use super::people::People;
use super::policy::{Candidate, PolicyPage};
use super::published::{self, Own, PublishedPage};
use super::review::{Again, EndedPage, ReviewPage, UnreturnedPage};
use super::send::{Compared, SendPage};
use super::start::{StartPage, forgetting};
use super::warnings::{alike, personal, unreachable};
use crate::accounts::Role;
use crate::drafts::{self, Beyond};
use crate::services::{DraftCounts, EndedListing, ReturnedDraft, WaitingChange};
use crate::sheets::Kind;
use crate::sheets::fields::Field;
use crate::sheets::form::{Form, Texts as Typed};
use crate::typed;

const TIME: i64 = 1_793_667_720;
const HASH: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn at(seconds: i64) -> Option<Timestamp> {
    Some(Timestamp { seconds, nanos: 0 })
}

/// What somebody has typed in either language, some of it wrong.
fn typed(kind: Kind, zh: bool) -> Typed {
    let either = |field: Field, chinese: &str, english: &str| (field, if zh { chinese } else { english }.to_owned());
    let direction = if matches!(kind, Kind::Project | Kind::Event) { "REQUEST" } else { "OFFER" };
    let mut texts: Typed = [
        either(Field::Title, "冷链<b>物流</b>", "Cold <b>chain</b>"),
        either(Field::Direction, direction, direction),
        either(Field::Regions, "鼓楼区；毕节市", "Bijie"),
        either(Field::Industries, "01", "01"),
        either(Field::Audience, "network；没有这个", "network；member:zunyi"),
        either(Field::Expire, "2027年3月", "2027-03-31"),
        either(Field::Body, "**要点** 13800138000", "**In short** 13800138000"),
        either(Field::Email, "x", "x"),
    ]
    .into();
    texts.extend(match kind {
        Kind::Capital => {
            vec![either(Field::Instrument, "股权", "EQUITY"), either(Field::Amount, "1.2亿", "120000000 CNY")]
        }
        Kind::Project => {
            vec![either(Field::Investment, "1.2.3", "1.2.3"), either(Field::CooperationModes, "合资", "PPP")]
        }
        Kind::Technology => {
            vec![either(Field::Maturity, "中试", "10"), either(Field::TransferModes, "许可", "LICENCE")]
        }
        Kind::Talent => vec![
            either(Field::Headcount, "八十", "80"),
            either(Field::Occupation, "7531 缝纫工", "7531 tailor"),
            either(Field::Wage, "3000-5000元/月", "3000-5000 CNY/month"),
        ],
        Kind::Event => {
            vec![either(Field::Start, "3月5日", "2027-03-05 09:00"), either(Field::Venue, "会展中心", "Hall")]
        }
    });
    texts
}

fn filling(kind: Kind, language: Language) -> Filling {
    let texts = typed(kind, language == Language::Zh);
    let names = typed::Names { circles: vec!["pan-prd".to_owned()], ..typed::Names::default() };
    let now = jiff::Timestamp::from_second(TIME).expect("a time");
    let form = Form { kind, names, home: None, now };
    let filled = form.read(&texts, &Listing::default()).expect("a form that is filled");
    Filling { kind, texts, filled }
}

fn draft(state: DraftState, language: Language) -> Draft {
    // What was approved lies where it was published.
    let published = || Listing { name: "members/bijie.pprd.example/listings/tea".to_owned(), ..Listing::default() };
    let listing = if state == DraftState::Approved { published() } else { listing("talent", language) };
    Draft {
        name: "members/bijie/drafts/0190b5c4".to_owned(),
        listing: Some(listing),
        state: state.into(),
        return_reason: "<which?>".to_owned(),
        author: "a".to_owned(),
        editors: vec!["b".to_owned(), "local".to_owned()],
        updater: "b".to_owned(),
        update_time: at(TIME),
        submit_time: at(TIME),
        approve_time: at(TIME),
        approver: "t-1".to_owned(),
        batch: "0190b5c4-7f2e-7c3e-9d5e-1f2a3b4c5d6e".to_owned(),
        content_hash: HASH.to_owned(),
        etag: "3".to_owned(),
        ..Draft::default()
    }
}

/// Every page.
pub(in crate::web) fn samples(samples: &Samples) {
    let language = samples.language;
    let texts = Texts::of(language);
    let names = &Names::sample(language, NETWORK);
    let people = People::sample(texts, &[("a", "A <b>"), ("b", "B")]);
    let path = DraftPath { member: "bijie".to_owned(), id: "0190b5c4".to_owned() };
    let visitor = samples.signed(Role::Reviewer, "/drafts");
    let page = |title: &str| samples.page_for(&visitor, Section::Drafts, title);
    let add = |name: &'static str, shown: &dyn askama::DynTemplate| samples.add(name, shown);
    for kind in Kind::ALL {
        let filling = filling(kind, language);
        let members = vec![("zunyi".to_owned(), "Z".to_owned()), ("shenzhen".to_owned(), "S".to_owned())];
        let network = NETWORK.parse().expect("a name");
        let audiences = Audiences { network, names: typed::Names::default(), members };
        let fresh = Around { action: "/drafts/new".to_owned(), listing: "x".to_owned(), ..Around::default() };
        add("drafts/editor.html", &EditorPage::of(page("new"), &filling, &audiences, fresh, false));
        let mut around = around_of(texts, &draft(DraftState::Returned, language), &path, &people);
        around.preview = preview(&filling.filled.listing);
        around.problem = "<no>".to_owned();
        let theirs = [(Field::Title, "other".to_owned()), (Field::Direction, "REQUEST".to_owned())].into();
        let text = texts.fill("editor-conflict", &[("who", "B"), ("time", "10:42")]);
        let rows = between(texts, names, kind, &theirs, &Typed::new());
        around.unsaved();
        around.conflict = Some(Conflict { text, rows, theirs: path.page("") });
        add("drafts/editor.html", &EditorPage::of(page("old"), &filling, &audiences, around, true));
    }
    let states = [DraftState::Draft, DraftState::Submitted, DraftState::Returned, DraftState::Approved];
    let in_states: Vec<Draft> = states.into_iter().map(|state| draft(state, language)).collect();
    let asked = |query: &str| Asked::read(query);
    let list = |query: &str, drafts: &[Draft]| {
        let counts = DraftCounts { open: 1_234, draft: 1_000, submitted: 230, returned: 4 };
        let counts = (!drafts.is_empty()).then_some(counts);
        ListPage::of(page("drafts"), names, &people, &asked(query), counts, drafts, "next".to_owned())
    };
    add("drafts/list.html", &list("", &in_states));
    add("drafts/list.html", &list("state=returned&mine=1&batch=b-1&after=x", &in_states));
    add("drafts/list.html", &list("state=approved", &[]));
    add(
        "drafts/start.html",
        &StartPage::of(page("start"), |kind, way| format!("/drafts/new?kind={kind}&direction={way}")),
    );
    add("kit/asking.html", &forgetting(page("forget"), &path, &in_states[0]));
    let difference = DraftDifference {
        published: true,
        scopes_gained: vec!["public".to_owned()],
        members_gained: vec!["zunyi".to_owned()],
        members_lost: vec!["zunyi".to_owned()],
        outdated: true,
        approval_required: true,
        ..DraftDifference::default()
    };
    let compared = || {
        let after = [(Field::Title, "after".to_owned()), (Field::Audience, "public".to_owned())].into();
        let before = [(Field::Title, "before\nbefore".to_owned())].into();
        let rows = between(texts, names, Kind::Talent, &before, &after);
        Compared { draft: draft(DraftState::Submitted, language), difference: difference.clone(), rows, ends: at(TIME) }
    };
    let audience = |scopes: &[String]| {
        let change = drafts::Audience {
            members_gained: vec!["zunyi".to_owned()],
            members_lost: vec!["zunyi".to_owned()],
            beyond_gained: vec![Beyond::Registered],
            beyond_lost: vec![Beyond::Anybody, Beyond::Registered],
            wider: scopes.is_empty(),
            narrower: !scopes.is_empty(),
            ..drafts::Audience::default()
        };
        let seen = Seen {
            beyond: vec![Beyond::Anybody, Beyond::Registered],
            sees: vec!["zunyi".to_owned()],
            sees_not: vec!["x".to_owned()],
            change,
        };
        let network = NETWORK.parse().expect("a name");
        said(texts, names, scopes, &seen, idle(texts, &network, scopes, |id| names.member(id)))
    };
    let warned = || {
        let mut warned = alike(texts, names, &[("members/zunyi/listings/x".to_owned(), "<same>".to_owned())]);
        warned.extend(unreachable(texts, &Listing::default()));
        warned.extend(personal(texts, &filling(Kind::Project, language).filled.listing));
        warned
    };
    for (rule, scopes) in [
        (Rule::None, vec!["public".to_owned(), "member:zunyi".to_owned()]),
        (Rule::Self_, Vec::new()),
        (Rule::Other, vec!["registered".to_owned()]),
    ] {
        let audience = || audience(&scopes);
        add("drafts/send.html", &SendPage::of(page("send"), &path, compared(), audience(), warned(), rule));
        let mut review = ReviewPage::of(page("review"), &path, &people, compared(), audience(), warned(), rule);
        add("drafts/review.html", &review);
        let mut before = listing("talent", language);
        before.listing.get_or_insert_default().title = "<before>".to_owned();
        let returned = ReturnedDraft {
            listing: before,
            reason: "<which?>".to_owned(),
            by: "b".to_owned(),
            time: Timestamp { seconds: TIME, nanos: 0 },
        };
        let kind = (rule != Rule::None).then_some(Kind::Talent);
        let again = Again::of(texts, names, &people, kind, &returned, &returned.listing);
        let send = SendPage::of(page("send"), &path, compared(), audience(), warned(), rule);
        add("drafts/send.html", &send.given_back(Some(again)));
        review.given_back(Again::of(texts, names, &people, kind, &returned, &listing("talent", language)));
        review.refuse(texts.text("review-own-hand"));
        add("drafts/review.html", &review);
    }
    let unreturned = UnreturnedPage::of(page("unreturned"), &path, "<why>".to_owned(), "<street>\nwhich?");
    add("drafts/unreturned.html", &unreturned);
    let ended = EndedPage::of(page("ended"), &people, &in_states[3], "/listings/bijie/x".to_owned());
    add("drafts/ended.html", &ended);
    let failure = approve_draft_batch_response::Failure {
        draft: "members/bijie/drafts/x".to_owned(),
        description: "<why>".to_owned(),
        ..approve_draft_batch_response::Failure::default()
    };
    let found = ApproveDraftBatchResponse {
        submitted_count: 500,
        other_count: 2,
        sample: vec![draft(DraftState::Submitted, language)],
        content_hash: HASH.to_owned(),
        ..ApproveDraftBatchResponse::default()
    };
    let done = ApproveDraftBatchResponse {
        approved_count: 499,
        failures: vec![failure],
        failure_count: 1,
        ..ApproveDraftBatchResponse::default()
    };
    let batch = |done| BatchPage::of(page("batch"), names, &people, "b-1".to_owned(), &found, done);
    add("drafts/batch.html", &batch(None));
    add("drafts/batch.html", &batch(Some(&done)));
    let listings: Vec<Listing> = ["event", "talent"].map(|kind| listing(kind, language)).into();
    let ended = EndedListing {
        listing: listings[1].clone(),
        reason: WithdrawalReason::Filled,
        end_time: Timestamp { seconds: TIME, nanos: 0 },
        excerpts: Vec::new(),
    };
    let said = said_of(texts, ended.reason, "10:42", "A <b>");
    let change = |edits| WaitingChange { draft: "members/bijie/drafts/0190b5c4".to_owned(), prolongs: true, edits };
    let waiting = [change(true), change(false)];
    let waiting = [None].into_iter().chain(waiting.iter().map(Some));
    let live = waiting.flat_map(|change| listings.iter().filter_map(move |own| Own::live(texts, names, own, change)));
    let live = live.collect();
    let gone = Own::ended(texts, names, &ended, said).into_iter().collect();
    for (query, owned, next) in [
        ("q=%3Cb%3E&kind=event&after=x&before=y", live, "next"),
        ("closing=soon", Vec::new(), ""),
        ("closing=soon&kind=talent", Vec::new(), ""),
        ("ended=filled&after=x", gone, "next"),
        ("ended=expired&q=%3Cb%3E&kind=talent", Vec::new(), ""),
    ] {
        let asked = published::Asked::read(query);
        add("drafts/published.html", &PublishedPage::of(page("own"), &asked, owned, 1_234, next));
    }
    let gone = || GonePage::of(page("gone"), &ended, "A <b>".to_owned(), "B <b>".to_owned());
    add("drafts/gone.html", &gone());
    add("drafts/gone.html", &gone().with_trail("/admin/audit?resource=x".to_owned()));
    for way in [Way::Withdraw, Way::Fill] {
        add("drafts/end.html", &EndPage::of(page("end"), names, &listings[0], way));
    }
    let deputy = Deputy { reviewer: "a".to_owned(), deputy: "b".to_owned(), expire_time: at(TIME) };
    let policy = ApprovalPolicy {
        rule: Rule::Other.into(),
        deputies: vec![deputy],
        update_time: at(TIME),
        updater: "a".to_owned(),
        etag: "2".to_owned(),
        ..ApprovalPolicy::default()
    };
    let candidate = |id: &str, reviews| Candidate { id: id.to_owned(), name: id.to_uppercase(), reviews };
    let candidates = [candidate("a", true), candidate("b", false)];
    for may in [true, false] {
        let sent = Sent::default();
        add("drafts/policy.html", &PolicyPage::of(page("policy"), &policy, &people, &candidates, &sent, may));
    }
}
