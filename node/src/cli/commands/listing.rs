//! What several commands do with listings.

use duikou_proto::v1;
use duikou_proto::v1::opportunity::{Details, Direction};
use duikou_proto::v1::{Filter, ListListingsRequest, Listing};

use crate::cli::{CommandError, Context, Server, Text, time};

/// Listings that are asked for at a time.
pub(super) const PAGE: i32 = 200;

/// The columns of a table of listings.
pub(super) fn header() -> Vec<Text> {
    vec![
        Text::new("名称", "NAME"),
        Text::new("类别", "KIND"),
        Text::new("方向", "DIRECTION"),
        Text::new("标题", "TITLE"),
        Text::new("地区", "REGIONS"),
        Text::new("截止", "EXPIRES"),
    ]
}

/// The cells of one.
pub(super) fn row(context: &Context, listing: &Listing) -> Vec<String> {
    let opportunity = listing.listing.clone().unwrap_or_default();
    vec![
        listing.name.clone(),
        kind(context, &opportunity).to_owned(),
        direction(context, &opportunity).to_owned(),
        opportunity.title,
        opportunity.regions.join(" "),
        time(listing.expire_time.as_ref()),
    ]
}

/// What a listing repeats that others have published, each in words. Where the server cannot say it for now, nothing.
pub(super) async fn duplicates(server: &Server, listing: Listing) -> Vec<Text> {
    let request = v1::FindDuplicatesRequest { listing: listing.listing, name: listing.name };
    let Ok(found) = server.search().find_duplicates(request).await else { return Vec::new() };
    let said = |v1::Duplicate { name, title, external_code }| {
        let (zh, en) = match &*external_code {
            "" => ("内容相近".to_owned(), "says nearly the same".to_owned()),
            code => (format!("编号相同（{code}）"), format!("has the same code ({code})")),
        };
        Text::new(format!("已有{zh}的信息：{name}  {title}"), format!("{name} {en}: {title}"))
    };
    found.into_inner().duplicates.into_iter().map(said).collect()
}

/// Which kind it is, in words.
pub(super) fn kind(context: &Context, opportunity: &v1::Opportunity) -> &'static str {
    let (zh, en) = match opportunity.details {
        Some(Details::Capital(_)) => ("资金", "capital"),
        Some(Details::Project(_)) => ("项目", "project"),
        Some(Details::Technology(_)) => ("技术", "technology"),
        Some(Details::Talent(_)) => ("人才", "talent"),
        Some(Details::Event(_)) => ("活动", "event"),
        None => ("", ""),
    };
    context.say(zh, en)
}

/// Likewise whether it is offered or sought.
pub(super) fn direction(context: &Context, opportunity: &v1::Opportunity) -> &'static str {
    match opportunity.direction() {
        Direction::Offer => context.say("供给", "offer"),
        Direction::Request => context.say("需求", "request"),
        Direction::Unspecified => "",
    }
}

/// Hands every listing of `parent` that matches to `each`, until it says that it has enough.
pub(super) async fn for_each(
    server: &Server,
    parent: &str,
    filter: Option<Filter>,
    mut each: impl FnMut(&Listing) -> Result<bool, CommandError>,
) -> Result<(), CommandError> {
    let mut client = server.listings();
    let mut request =
        ListListingsRequest { parent: parent.to_owned(), page_size: PAGE, page_token: String::new(), filter };
    loop {
        let page = client.list_listings(request.clone()).await?.into_inner();
        for listing in &page.listings {
            if !each(listing)? {
                return Ok(());
            }
        }
        if page.next_page_token.is_empty() {
            return Ok(());
        }
        request.page_token = page.next_page_token;
    }
}

/// Writes one event of a feed: a line for people, or one JSON document on a line whatever the form.
pub(super) fn event(context: &Context, event: &v1::FeedEvent) -> Result<(), CommandError> {
    use v1::feed_event::Event;
    if context.global.output != crate::cli::OutputForm::Table {
        let (layout, defaults) = (crate::cli::json::Layout::Line, crate::cli::json::Defaults::Written);
        return context.print(&crate::cli::to_json(event, layout, defaults));
    }
    let line = match &event.event {
        Some(Event::Listing(listing)) => {
            let opportunity = listing.listing.clone().unwrap_or_default();
            let what = format!("{} {}", kind(context, &opportunity), direction(context, &opportunity));
            format!("+ {}  {what}  {}", listing.name, opportunity.title)
        }
        Some(Event::NoLonger(gone)) => {
            format!("- {}  {}", gone.name, gone.reason().as_str_name().to_lowercase())
        }
        Some(Event::Reset(reset)) => format!("! reset  {}", reset.cause().as_str_name().to_lowercase()),
        Some(Event::CaughtUp(_)) => {
            context.note(&Text::new("已是最新", "caught up"));
            return Ok(());
        }
        Some(Event::Bookmark(_)) | None => return Ok(()),
    };
    context.print(&crate::cli::clean(&line))
}
