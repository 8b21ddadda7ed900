//! A sample of every page of this part.

use duikou_proto::v1::{Account, Myself};

use super::super::layout::Section;
use super::super::returning::Waiting;
use super::super::samples::Samples;
use super::accounts::AccountsPage;
use super::own::AccountPage;
use super::sign_in::{SendOnPage, SignInPage};
use crate::accounts::Role;

/// Every page.
pub(in crate::web) fn samples(samples: &Samples) {
    let fields = vec![("title".to_owned(), "\"><b>\n".to_owned()), ("title".to_owned(), "x".to_owned())];
    let waiting = Waiting { path: "/drafts?a=1&b=\"".to_owned(), fields };
    let visitor = samples.visitor("/sign-in");
    let page = || samples.page_for(&visitor, Section::None, "sign in");
    let plain = SignInPage::of(page(), "/", Waiting::default());
    let faulted = SignInPage::of(page(), "/drafts", waiting.clone()).faulted("<wrong>".to_owned());
    let code = SignInPage::of(page(), "/", Waiting::default()).asking_for_a_code(&visitor, "dc_x".to_owned());
    let signed = samples.signed(Role::Editor, "/sign-in");
    let on = SendOnPage::of(samples.page_for(&signed, Section::None, "send on"), waiting);
    for page in [&plain, &faulted, &code] {
        samples.add("people/sign-in.html", page);
    }
    samples.add("people/send-on.html", &on);
    let account = Account {
        name: "accounts/1".to_owned(),
        login: "li.ming".to_owned(),
        display_name: samples.say("李<明>", "Li <Ming>"),
        node_admin: true,
        ..Account::default()
    };
    let admin = samples.signed(Role::Admin, "/account");
    let page = |section| samples.page_for(&admin, section, "account");
    let myself = Myself { account: Some(account.clone()), ..Myself::default() };
    samples.add("people/account.html", &AccountPage::of(page(Section::None), myself));
    samples.add("people/accounts.html", &AccountsPage::of(page(Section::Admin), vec![account], "accounts/1"));
}
