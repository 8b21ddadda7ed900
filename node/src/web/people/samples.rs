//! A sample of every page of this part.

use std::collections::BTreeMap;

use duikou_proto::v1::account::{Identity, MemberRole};
use duikou_proto::v1::{Account, AuditEntry, Myself, OneTimeLink, Session, VerifyAuditResponse, token};
use prost_types::Timestamp;

use super::super::faults::Faults;
use super::super::layout::{Page, Section};
use super::super::returning::Waiting;
use super::super::samples::{NETWORK, Samples};
use super::super::sent::Sent;
use super::super::signed::Acting;
use super::account::{OtherPage, deleting};
use super::accounts::{AccountsPage, LinkMadePage, NewAccountPage};
use super::audit::{AuditPage, Verdict};
use super::entries::{Called, Known};
use super::factor::{FactorPage, RecoveryPage};
use super::lately::Lately;
use super::link::LinkPage;
use super::own::{AccountPage, Form};
use super::provider::ProviderPage;
use super::reader::ReaderPage;
use super::sessions::rows;
use super::sign_in::{SendOnPage, SignInPage};
use crate::accounts::Role;

/// The third of November 2026.
const TIME: Option<Timestamp> = Some(Timestamp { seconds: 1_793_667_720, nanos: 0 });

const ISSUER: &str = "https://login.example/realms/city";
/// What people call the provider, and how it names itself.
const PROVIDER: Option<(&str, &str)> = Some(("<City>", ISSUER));

/// Every page.
pub(in crate::web) fn samples(samples: &Samples) {
    signing_in(samples);
    own(samples);
    administration(samples);
    trail(samples);
}

fn account(samples: &Samples) -> Account {
    let role =
        |member: &str, role: token::Role| MemberRole { member: format!("{member}.{NETWORK}"), role: role.into() };
    Account {
        name: "accounts/1".to_owned(),
        login: "li.ming".to_owned(),
        display_name: samples.say("李<明>", "Li <Ming>"),
        roles: vec![role("bijie", token::Role::Reviewer), role("zunyi", token::Role::Viewer)],
        node_admin: true,
        create_time: TIME,
        has_factor: true,
        ..Account::default()
    }
}

fn identities() -> Vec<Identity> {
    let subject = "<7f3a>".to_owned();
    vec![Identity { issuer: ISSUER.to_owned(), subject, bind_time: TIME }]
}

fn sessions() -> Vec<Session> {
    let session = |id: &str, agent: &str, current| Session {
        name: format!("accounts/1/sessions/{id}"),
        agent: agent.to_owned(),
        address: "192.0.2.7".to_owned(),
        create_time: TIME,
        last_use_time: TIME,
        current,
        ..Session::default()
    };
    vec![session("1", "Mozilla/5.0 (Windows NT 10.0) Firefox/120.0", true), session("2", "", false)]
}

fn members(samples: &Samples) -> Vec<Acting> {
    let one = |id: &str, zh: &str, en: &str| Acting { id: format!("{id}.{NETWORK}"), name: samples.say(zh, en) };
    vec![one("bijie", "毕节市", "Bijie"), one("zunyi", "遵义市", "Zunyi")]
}

fn signing_in(samples: &Samples) {
    let fields = vec![("title".to_owned(), "\"><b>\n".to_owned()), ("title".to_owned(), "x".to_owned())];
    let waiting = Waiting { path: "/drafts?a=1&b=\"".to_owned(), fields };
    let visitor = samples.visitor("/sign-in");
    let page = || samples.page_for(&visitor, Section::None, "sign in");
    let plain = SignInPage::of(page(), "/", Waiting::default());
    let faulted = SignInPage::of(page(), "/drafts", waiting.clone()).faulted("<wrong>".to_owned());
    let code = SignInPage::of(page(), "/", Waiting::default()).asking_for_a_code(&visitor, "dc_x".to_owned());
    let provided = SignInPage::of(page(), "/drafts?a=1&b=2", Waiting::default()).by("<City>");
    let kept = SignInPage::of(page(), "/drafts", waiting.clone()).by("<City>");
    let registering = SignInPage::of(page(), "/listings?a=1&b=2", Waiting::default()).registering();
    for page in [&plain, &faulted, &code, &provided, &kept, &registering] {
        samples.add("people/sign-in.html", page);
    }
    let signed = samples.signed(Role::Editor, "/sign-in");
    let on = SendOnPage::of(samples.page_for(&signed, Section::None, "send on"), waiting);
    samples.add("people/send-on.html", &on);
    let mut faults = Faults::field("token", "<wrong>".to_owned());
    samples.add("people/reader.html", &ReaderPage::of(page(), "/listings?a=1&b=2", &mut faults));
    let mut faults = Faults::field("new-again", "<differs>".to_owned());
    samples.add("people/link.html", &LinkPage::of(page(), "li.ming", "<b>", &mut faults));
}

fn own(samples: &Samples) {
    let signed = samples.signed(Role::Editor, "/account");
    let page = || samples.page_for(&signed, Section::None, "account");
    let texts = signed.texts;
    for (form, has_factor, codes) in
        [(Form::None, true, 9), (Form::Factor, false, 0), (Form::Profile, true, 1), (Form::Identity, true, 5)]
    {
        let identities = if codes > 1 { identities() } else { Vec::new() };
        let account = Account { has_factor, identities, ..account(samples) };
        let myself = Myself { account: Some(account), recovery_codes: codes, ..Myself::default() };
        let mut faults = Faults::field("elsewhere", "<wrong>".to_owned());
        let shown = AccountPage::of(page(), myself, PROVIDER, rows(texts, sessions()), form, &mut faults);
        samples.add("people/account.html", &shown);
    }
    let uri = "otpauth://totp/x:li?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=x";
    let mut faults = Faults::field("code", "<wrong>".to_owned());
    let factor = FactorPage::of(page(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", uri, &mut faults);
    samples.add("people/factor.html", &factor);
    let go = ProviderPage::of(page(), "<City>", "https://login.example/auth?client_id=duikou&state=x");
    samples.add("people/provider.html", &go);
    let codes = vec!["abcd-efgh-jkmn-pqrs".to_owned(), "tuvw-xyz2-3456-789a".to_owned()];
    samples.add("people/recovery.html", &RecoveryPage::of(page(), codes));
}

fn administration(samples: &Samples) {
    let signed = samples.signed(Role::Admin, "/admin/accounts");
    let page = || -> Page { samples.page_for(&signed, Section::Admin, "accounts") };
    let texts = signed.texts;
    let held = account(samples);
    let disabled = Account { name: "accounts/2".to_owned(), disabled: true, ..held.clone() };
    let accounts = [held.clone(), disabled.clone()];
    let failure = AuditEntry {
        action: "session.sign-in-failed".to_owned(),
        resource: "accounts/2".to_owned(),
        time: TIME,
        ..AuditEntry::default()
    };
    let lately = Lately::told(BTreeMap::from([("accounts/1".to_owned(), TIME.unwrap_or_default())]), &[failure]);
    samples.add("people/accounts.html", &AccountsPage::of(page(), &accounts, &lately, "accounts/1", str::to_owned));
    let mut faults = Faults::field("account.login", "<taken>".to_owned());
    let new = NewAccountPage::with(page(), &members(samples), true, &held, &mut faults);
    samples.add("people/account-new.html", &new);
    let nothing = &mut Faults::default();
    let new = NewAccountPage::with(page(), &members(samples)[..1], false, &Account::default(), nothing);
    samples.add("people/account-new.html", &new);
    let link = OneTimeLink { expire_time: TIME, ..OneTimeLink::default() };
    let address = "https://duikou.example/account/link/dl_x";
    samples.add("people/link-made.html", &LinkMadePage::of(page(), "<b>", address, link));
    let bound = Account { identities: identities(), ..disabled };
    for (account, provider, sessions, own) in [
        (held.clone(), PROVIDER, sessions(), true),
        (bound, PROVIDER, Vec::new(), false),
        (held.clone(), None, Vec::new(), false),
    ] {
        let rows = rows(texts, sessions);
        let mut other =
            OtherPage::of(page(), account, provider, rows, &members(samples), (true, own), &mut Faults::default());
        (other.used, other.failed) = (lately.used(texts, "accounts/1"), lately.failed(texts, "accounts/2"));
        samples.add("people/account-other.html", &other);
    }
    samples.add("kit/asking.html", &deleting(page(), &held));
}

fn trail(samples: &Samples) {
    let signed = samples.signed(Role::Admin, "/admin/audit");
    let page = || -> Page { samples.page_for(&signed, Section::Admin, "audit") };
    let entry = |actor: &str, action: &str| AuditEntry {
        time: TIME,
        actor: actor.to_owned(),
        address: "192.0.2.7".to_owned(),
        action: action.to_owned(),
        resource: "members/<b>".to_owned(),
        detail: "<detail>".to_owned(),
        ..AuditEntry::default()
    };
    let actors = ["accounts/1", "accounts/gone", "tokens/7", "nodes/bijie", "local", "server", "", "later"];
    let mut entries: Vec<AuditEntry> = actors.iter().map(|actor| entry(actor, "session.sign-in")).collect();
    entries.extend([entry("accounts/1", "draft.update"), entry("accounts/1", "draft.update")]);
    entries[0] = AuditEntry { resource: "members/x/listings/tea".to_owned(), ..entry("accounts/1", "listing.update") };
    let called =
        Called {
            title: samples.say("春茶<b>", "Spring <b>"), lang: String::new(), path: "/listings/x/tea".to_owned()
        };
    let names = Known {
        accounts: BTreeMap::from([("accounts/1".to_owned(), samples.say("李<明>", "Li <Ming>"))]),
        listings: BTreeMap::from([("members/x/listings/tea".to_owned(), called)]),
    };
    let ask = Sent::read(b"actor=tokens/7&action=later.thing&after=x").unwrap_or_default();
    for whole in [true, false] {
        let mut faults = Faults::default();
        let mut shown = AuditPage::of(page(), &ask, &names, &entries, "next", &mut faults);
        let found = VerifyAuditResponse {
            whole,
            broken_number: 3,
            broken_reason: "CHANGED".to_owned(),
            entry_count: 12,
            head: "12:ab".to_owned(),
            sealed_number: i64::from(whole) * 9,
        };
        shown.verified(Verdict::of(signed.texts, &found));
        samples.add("people/audit.html", &shown);
    }
    let mut faults = Faults::field("since", "<no day>".to_owned());
    samples.add("people/audit.html", &AuditPage::of(page(), &Sent::default(), &names, &[], "", &mut faults));
    let titled = AuditPage::of(page(), &Sent::default(), &names, &[], "", &mut Faults::default());
    samples.add("people/audit.html", &titled.titled(vec![("members/x/listings/tea".to_owned(), "<b>".to_owned())]));
}
