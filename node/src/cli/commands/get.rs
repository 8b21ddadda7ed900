//! `get`

use duikou_proto::v1::holder::State;
use duikou_proto::v1::{GetListingRequest, Holder, ListHoldersRequest, Listing};
use tonic::Code;

use super::listing;
use crate::cli::connect::Server;
use crate::cli::global::OutputForm;
use crate::cli::json::{Defaults, Layout, to_json};
use crate::cli::output::table;
use crate::cli::{CommandError, Context, Sequence, Text, time};

/// Shows one listing, and to its origin who holds it
///
/// What --output json writes can be changed and given to publish. At its origin the
/// members that it is for follow, each with what its receipts say: held since when, or
/// not confirmed. A receipt comes a few seconds after the listing, and from each member
/// at most once a minute.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-node get members/shenzhen/listings/tea-2027 --holders")]
pub struct Args {
    /// Its name, members/MEMBER/listings/ID
    #[arg(value_name = "NAME")]
    name: String,
    /// Only who holds it, also where it has ended
    #[arg(long)]
    holders: bool,
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        let connection = context.connect().await?;
        if self.holders {
            let mut results = Sequence::new(context, &header(), |holder| row(context, holder));
            for holder in holders(&connection, &self.name).await? {
                results.push(&holder)?;
            }
            return results.end();
        }
        let request = GetListingRequest { name: self.name.clone() };
        let found = connection.listings().get_listing(request).await?.into_inner();
        let holders = match context.global.output {
            OutputForm::Table => shown_holders(&connection, &self.name).await?,
            OutputForm::Json | OutputForm::Jsonl => Vec::new(),
        };
        context.show(&found, |found| people(context, found, &holders))
    }
}

/// Those that the caller may know of: they are for the listing's origin, where that lives.
async fn shown_holders(server: &Server, name: &str) -> Result<Vec<Holder>, CommandError> {
    match holders(server, name).await {
        Ok(holders) => Ok(holders),
        Err(status) if matches!(status.code(), Code::PermissionDenied | Code::FailedPrecondition | Code::NotFound) => {
            Ok(Vec::new())
        }
        Err(status) => Err(status.into()),
    }
}

/// All members that a listing is or was for.
async fn holders(server: &Server, name: &str) -> Result<Vec<Holder>, tonic::Status> {
    let mut request =
        ListHoldersRequest { parent: name.to_owned(), page_size: listing::PAGE, page_token: String::new() };
    let (mut client, mut holders) = (server.listings(), Vec::new());
    loop {
        let page = client.list_holders(request.clone()).await?.into_inner();
        holders.extend(page.holders);
        if page.next_page_token.is_empty() {
            return Ok(holders);
        }
        request.page_token = page.next_page_token;
    }
}

fn header() -> [Text; 4] {
    [
        Text::new("成员", "MEMBER"),
        Text::new("状态", "STATE"),
        Text::new("自", "SINCE"),
        Text::new("最近确认", "CONFIRMED"),
    ]
}

fn row(context: &Context, holder: &Holder) -> Vec<String> {
    let state = match holder.state() {
        State::Held => context.say("已收到", "holds it").to_owned(),
        State::Unconfirmed => context.say("尚未确认收到", "not confirmed").to_owned(),
        State::Refused => format!("{} {}", context.say("已拒收", "refused"), holder.refusal),
        State::Gone => context.say("已收回", "has let go of it").to_owned(),
        State::GoneUnconfirmed => context.say("尚未确认收回", "not confirmed that it is gone").to_owned(),
        State::Unspecified => String::new(),
    };
    let confirmed = match &holder.confirm_time {
        Some(confirmed) => time(Some(confirmed)),
        None => context.say("从未", "never").to_owned(),
    };
    let member = holder.member.trim_start_matches("members/").to_owned();
    vec![member, state, time(holder.since_time.as_ref()), confirmed]
}

fn people(context: &Context, found: &Listing, holders: &[Holder]) -> String {
    let mut fields = table(context, &[Text::new("项", "FIELD"), Text::new("内容", "CONTENT")]);
    for (label, cell) in listing::header().iter().zip(listing::row(context, found)) {
        fields.add_row([label.in_language(context.language), &cell]);
    }
    fields.add_row([context.say("范围", "SCOPES"), &found.scopes.join(" ")]);
    fields.add_row([context.say("版本", "REVISION"), &found.revision.to_string()]);
    // The kind's own part has too many shapes for a table.
    let whole = to_json(found, Layout::Pretty, Defaults::Left);
    let mut text = format!("{}\n\n{whole}", fields.trim_fmt());
    if !holders.is_empty() {
        let mut rows = table(context, &header());
        rows.add_rows(holders.iter().map(|holder| row(context, holder)));
        text = format!("{text}\n\n{}", rows.trim_fmt());
    }
    text
}
