//! What is done to a published listing: it is still true for a while, it is taken back, or it has been filled.

use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use duikou_proto::v1::listing_service_server::ListingService;
use duikou_proto::v1::{Listing, UpdateListingRequest, WithdrawListingRequest, WithdrawalReason};
use duikou_proto::validate::kind_of;
use prost_types::FieldMask;
use tonic_types::StatusExt;

use super::super::Web;
use super::super::catalogue::Texts;
use super::super::layout::{Crumb, Page, Section};
use super::super::reading::{ListingPath, Names};
use super::super::respond::{Answer, Failed, see_other_with};
use super::super::sent::Sent;
use super::super::signed::{Signed, whose};
use super::desk::{Desk, DraftPath};
use crate::services::WaitingChange;

/// How a listing is ended by whoever wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// It is taken back.
    Withdraw,
    /// It has found its partner.
    Fill,
}

impl Way {
    /// By the reason, as addresses and forms have it.
    pub(super) fn read(reason: &str) -> Self {
        if reason == "filled" { Self::Fill } else { Self::Withdraw }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Withdraw => "withdrawn",
            Self::Fill => "filled",
        }
    }

    const fn reason(self) -> WithdrawalReason {
        match self {
            Self::Withdraw => WithdrawalReason::Withdrawn,
            Self::Fill => WithdrawalReason::Filled,
        }
    }

    /// Ids of what the page says that asks first: title, what becomes of it, yes, no.
    const fn asks(self) -> [&'static str; 4] {
        match self {
            Self::Withdraw => ["end-title", "end-lead", "end-yes", "end-back"],
            Self::Fill => ["fill-title", "fill-lead", "fill-yes", "fill-back"],
        }
    }
}

/// The buttons under a listing of one's own. `{{ endings|safe }}` writes them.
#[derive(Template)]
#[template(path = "drafts/endings.html")]
pub(in super::super) struct Ending {
    /// The page of the listing.
    path: String,
    /// The field of its forms that says for whom they are, HTML.
    whose: String,
    etag: String,
    /// Copies start from this name.
    name: String,
    /// Whether it can be true for longer: an event is over when it is over.
    renews: bool,
    /// What of it waits for a yes, in words, and where it is read; None: nothing, and it can be changed.
    waits: Option<(String, String)>,
    /// For those who hear a button without what stands above it.
    title: String,
    labels: [String; 6],
}

/// That a change of a listing waits for a yes, and where it is read.
pub(in super::super) fn waits(texts: Texts, names: &Names, change: &WaitingChange) -> (String, String) {
    let id = if change.prolongs && !change.edits { "end-waits-renewal" } else { "end-waits-change" };
    (texts.text(id), DraftPath::of(names, &change.draft).page("/review"))
}

/// What can be done to a listing, of which `change` waits.
pub(in super::super) fn endings(
    texts: Texts,
    names: &Names,
    listing: &Listing,
    change: Option<&WaitingChange>,
) -> Ending {
    let kind = listing.listing.as_ref().and_then(kind_of).unwrap_or_default();
    Ending {
        path: names.listing_path(&listing.name),
        whose: whose(listing.name.split('/').nth(1).unwrap_or_default()),
        etag: listing.etag.clone(),
        name: form_urlencoded::byte_serialize(listing.name.as_bytes()).collect(),
        renews: kind != "event",
        waits: change.map(|change| waits(texts, names, change)),
        title: listing.listing.as_ref().map_or_else(String::new, |listing| listing.title.clone()),
        labels: ["end-edit", "end-renew", "end-fill", "end-withdraw", "end-copy", "end-waits-look"]
            .map(|id| texts.text(id)),
    }
}

/// The question before a listing is ended.
#[derive(Template)]
#[template(path = "drafts/end.html")]
pub(super) struct EndPage {
    page: Page,
    lead: String,
    action: String,
    back: String,
    etag: String,
    reason: &'static str,
    /// What a yes says, and whether it is a warning; what a no says.
    yes: String,
    danger: bool,
    no: String,
    /// Where the other way is, and what it is; empty: it has been named on the way here.
    other: (String, String),
}

/// It is still true: from now on it ends when one would that was written today. Where that waits for a yes, it is handed in.
pub(super) async fn renew(
    State(web): State<Web>,
    signed: Signed,
    Path(path): Path<ListingPath>,
    sent: Sent,
) -> Result<Response, Failed> {
    let desk = Desk::of(&web, &signed).await?;
    let request = |submit| UpdateListingRequest {
        listing: Some(Listing { name: path.name(), etag: sent.get("etag").to_owned(), ..Listing::default() }),
        update_mask: Some(FieldMask { paths: vec!["expire_time".to_owned()] }),
        submit,
        ..UpdateListingRequest::default()
    };
    let listings = &web.services().listings;
    let page = desk.names.listing_path(&path.name());
    match listings.update_listing(signed.ask(request(false))).await {
        Ok(_) => Ok(see_other_with(&page, "done-renewed")),
        Err(status) if is_waiting(&status) => {
            let waits = listings.update_listing(signed.ask(request(true))).await;
            waits.map_err(|status| signed.failed(&status))?;
            Ok(see_other_with(&page, "done-renewal-waits"))
        }
        Err(status) => Err(desk.absent(&status)),
    }
}

fn is_waiting(status: &tonic::Status) -> bool {
    status.get_error_details().error_info().is_some_and(|info| info.reason == "APPROVAL_REQUIRED")
}

/// Asks before a listing is ended.
pub(super) async fn end(
    State(web): State<Web>,
    signed: Signed,
    Path(path): Path<ListingPath>,
    RawQuery(query): RawQuery,
) -> Answer {
    let desk = Desk::of(&web, &signed).await?;
    let listing = desk.listing(&path).await?;
    let way = Way::read(query.as_deref().and_then(|query| query.strip_prefix("reason=")).unwrap_or_default());
    let page = Page::new(&web, &signed, Section::Drafts, signed.texts.text(way.asks()[0]));
    signed.page(&EndPage::of(page, &desk.names, &listing, way))
}

impl EndPage {
    pub(super) fn of(mut page: Page, names: &Names, listing: &Listing, way: Way) -> Self {
        let texts = page.texts();
        let back = names.listing_path(&listing.name);
        let title = listing.listing.as_ref().map(|listing| listing.title.clone()).unwrap_or_default();
        let [_, lead, yes, no] = way.asks();
        let other = match way {
            Way::Withdraw => (format!("{back}/end?reason={}", Way::Fill.as_str()), texts.text("end-rather-fill")),
            Way::Fill => Default::default(),
        };
        page.indexed = false;
        page.trail = vec![
            Crumb { path: "/drafts/published".to_owned(), name: texts.text("published-title") },
            Crumb { path: back.clone(), name: title.clone() },
        ];
        Self {
            lead: texts.about(lead, &title),
            action: format!("{back}/end"),
            back,
            etag: listing.etag.clone(),
            reason: way.as_str(),
            yes: texts.text(yes),
            danger: way == Way::Withdraw,
            no: texts.text(no),
            other,
            page,
        }
    }
}

/// Ends a listing for everybody.
pub(super) async fn withdraw(
    State(web): State<Web>,
    signed: Signed,
    Path(path): Path<ListingPath>,
    sent: Sent,
) -> Result<Response, Failed> {
    let desk = Desk::of(&web, &signed).await?;
    let way = Way::read(sent.get("reason"));
    let request = WithdrawListingRequest {
        name: path.name(),
        reason: way.reason().into(),
        etag: sent.get("etag").to_owned(),
        request_id: String::new(),
    };
    web.services().listings.withdraw_listing(signed.ask(request)).await.map_err(|status| desk.absent(&status))?;
    let done = match way {
        Way::Withdraw => "done-ended",
        Way::Fill => "done-filled",
    };
    Ok(see_other_with("/drafts/published", done))
}

#[cfg(test)]
mod tests {
    use duikou_proto::language::Language;
    use duikou_proto::v1::Opportunity;

    use super::super::super::visitor::{Theme, Visitor};
    use super::*;
    use crate::accounts::Role;
    use crate::config::Site;

    #[test]
    fn whoever_reports_a_success_is_asked_of_that_and_not_of_taking_it_back() {
        let visitor = Visitor::signed_sample(Language::Zh, Theme::Auto, "/x", Role::Editor);
        let listing = Listing {
            name: "members/bijie.pprd.example/listings/tea".to_owned(),
            listing: Some(Opportunity { title: "春茶".to_owned(), ..Opportunity::default() }),
            ..Listing::default()
        };
        let asked = |reason: &str| {
            let way = Way::read(reason);
            let title = visitor.texts.text(way.asks()[0]);
            let network = "pprd.example".to_owned();
            let page = Page::plain(&visitor, Site::default(), String::new(), network.clone(), Section::Drafts, title);
            let page = EndPage::of(page, &Names::sample(Language::Zh, &network), &listing, way);
            let html = page.render().unwrap();
            html.split_once("<main").unwrap().1.split_once("</main>").unwrap().0.to_owned()
        };
        let filled = asked("filled");
        assert!(filled.contains("name=\"reason\" value=\"filled\"") && filled.contains("已落实"), "{filled}");
        assert!(!filled.contains("撤回") && !filled.contains("danger"), "{filled}");
        let withdrawn = asked("");
        assert!(withdrawn.contains("value=\"withdrawn\"") && withdrawn.contains("撤回"), "{withdrawn}");
        assert!(withdrawn.contains("/end?reason=filled"), "{withdrawn}");
    }
}
