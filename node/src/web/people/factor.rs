//! The second factor: a picture for the telephone, the first code, and the recovery codes, which are shown once.

use askama::Template;
use axum::extract::State;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use duikou_proto::v1::account_service_server::AccountService;
use duikou_proto::v1::{ConfirmFactorRequest, EnrolFactorRequest, RemoveFactorRequest};
use qrcode::QrCode;
use qrcode::render::svg::Color;

use super::super::Web;
use super::super::faults::Faults;
use super::super::forms::{Control, Field};
use super::super::layout::{Crumb, Page, Section};
use super::super::once::shown_once;
use super::super::respond::{Answer, see_other, see_other_with, unkept};
use super::super::sent::Sent;
use super::super::signed::Signed;
use super::super::visitor::Visitor;
use super::own::{self, Form};

/// Characters of the address that a telephone reads.
const URI_CHARS: usize = 400;
/// Side of the picture, at least.
const PICTURE_PIXELS: u32 = 220;

/// The page with the picture.
#[derive(Template)]
#[template(path = "people/factor.html")]
pub(in crate::web) struct FactorPage {
    page: Page,
    /// As an address of its own data.
    picture: String,
    /// The secret, in groups of four.
    groups: Vec<String>,
    secret: String,
    uri: String,
    code: Field,
    error: String,
}

/// The page with the recovery codes.
#[derive(Template)]
#[template(path = "people/recovery.html")]
pub(in crate::web) struct RecoveryPage {
    page: Page,
    codes: Vec<String>,
}

/// Begins to set one up.
pub(super) async fn enrol(State(web): State<Web>, signed: Signed, sent: Sent) -> Answer {
    let request = EnrolFactorRequest { password: sent.get("factor-password").to_owned() };
    match web.services().people.enrol_factor(signed.ask(request)).await {
        Ok(enrolled) => {
            let enrolled = enrolled.into_inner();
            let page = page(&web, &signed, "factor-title");
            let page = FactorPage::of(page, &enrolled.secret, &enrolled.uri, &mut Faults::default());
            signed.page(&page).map(unkept)
        }
        Err(status) => own::again(&web, &signed, Form::Factor, None, Faults::of(&signed, &status)).await,
    }
}

/// Takes the first code.
pub(super) async fn confirm(State(web): State<Web>, signed: Signed, sent: Sent) -> Answer {
    let (secret, uri) = (sent.get("shown"), sent.get("uri"));
    if secret.is_empty() || uri.len() > URI_CHARS || !uri.starts_with("otpauth://") {
        // It was not sent by the page that has the picture.
        return Ok(see_other(own::PATH));
    }
    let request = ConfirmFactorRequest { code: sent.get("first-code").split_whitespace().collect() };
    match web.services().people.confirm_factor(signed.ask(request)).await {
        Ok(confirmed) => {
            let codes = confirmed.into_inner().recovery_codes;
            shown_once(&web, &signed, move |web, signed, here| {
                let mut page = page(web, signed, "recovery-title");
                page.here = here.to_owned();
                signed.page(&RecoveryPage::of(page, codes.clone()))
            })
        }
        Err(status) => {
            let mut faults = match status.code() {
                // A code is all that can be wrong here.
                tonic::Code::Unauthenticated => Faults::field("code", signed.texts.text("factor-code-wrong")),
                _ => Faults::of(&signed, &status),
            };
            let page = FactorPage::of(page(&web, &signed, "factor-title"), secret, uri, &mut faults);
            faults.answer(&signed, &page).map(unkept)
        }
    }
}

/// Removes it.
pub(super) async fn remove(State(web): State<Web>, signed: Signed, sent: Sent) -> Answer {
    let request = RemoveFactorRequest { password: sent.get("factor-password").to_owned() };
    match web.services().people.remove_factor(signed.ask(request)).await {
        Ok(_) => Ok(see_other_with(own::PATH, "done-factor-removed")),
        Err(status) => own::again(&web, &signed, Form::Factor, None, Faults::of(&signed, &status)).await,
    }
}

fn page(web: &Web, visitor: &Visitor, title: &str) -> Page {
    let mut page = Page::new(web, visitor, Section::None, visitor.texts.text(title));
    page.indexed = false;
    page.here = own::PATH.to_owned();
    page.trail = vec![Crumb { path: own::PATH.to_owned(), name: visitor.texts.text("account-title") }];
    page
}

impl FactorPage {
    /// Of a secret, and the address that a telephone reads.
    pub(in crate::web) fn of(page: Page, secret: &str, uri: &str, faults: &mut Faults) -> Self {
        let texts = page.texts();
        let chars: Vec<char> = secret.chars().collect();
        let code = Field::new("first-code", texts.text("sign-in-code"), Control::Line("text"));
        let code =
            Field { required: true, autocomplete: "one-time-code", inputmode: "numeric", longest: Some(20), ..code };
        Self {
            page,
            picture: picture(uri),
            groups: chars.chunks(4).map(|group| group.iter().collect()).collect(),
            secret: secret.to_owned(),
            uri: uri.to_owned(),
            code: faults.beside(code.helped(texts.text("factor-code-help")), &["code"]),
            error: faults.above(),
        }
    }
}

impl RecoveryPage {
    /// Of these codes.
    pub(in crate::web) fn of(page: Page, codes: Vec<String>) -> Self {
        Self { page, codes }
    }
}

/// `text` as a QR code: an SVG picture within an address; empty where it is too long for one.
fn picture(text: &str) -> String {
    QrCode::new(text).map_or_else(
        |_| String::new(),
        |code| {
            // Dark on light whatever the page is in: some telephones read nothing else.
            let (dark, light) = (Color("#000000"), Color("#ffffff"));
            let side = PICTURE_PIXELS;
            let svg = code.render::<Color<'_>>().min_dimensions(side, side).dark_color(dark).light_color(light).build();
            format!("data:image/svg+xml;base64,{}", BASE64_STANDARD.encode(svg))
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_is_made_here_and_bounded() {
        let made = picture("otpauth://totp/x?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        let svg =
            made.strip_prefix("data:image/svg+xml;base64,").map(|svg| BASE64_STANDARD.decode(svg).unwrap()).unwrap();
        let svg = String::from_utf8(svg).unwrap();
        assert!(svg.contains("<svg ") && svg.contains("#000000") && !svg.contains("<script"), "{svg}");
        assert_eq!(picture(&"x".repeat(10_000)), "");
    }
}
