//! `drafts list`, `drafts show`, `drafts diff`: what there is, and what an approval would change.

use clap::ValueEnum;
use duikou_proto::v1::draft::State;
use duikou_proto::v1::{DiffDraftRequest, Draft, DraftDifference, GetDraftRequest, ListDraftsRequest};

use crate::cli::commands::{full_name, listing, terms};
use crate::cli::output::table;
use crate::cli::{CommandError, Context, Sequence, Text, time};

/// Drafts that are asked for at a time.
pub(super) const PAGE: i32 = 200;
/// Characters of a value in a table of differences.
const VALUE_CHARS: usize = 60;

/// Lists a member's drafts, oldest first
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-node drafts list --member shenzhen --state submitted")]
pub struct ListArgs {
    /// Whose
    #[arg(long, value_name = "ID")]
    member: String,

    /// Those in these states, separated by commas [default: all that are not approved]
    #[arg(long, value_enum, value_delimiter = ',')]
    state: Vec<StateArg>,

    /// Those of this author
    #[arg(long, value_name = "ACCOUNT", default_value = "")]
    author: String,

    /// Those of this import
    #[arg(long, value_name = "ID", default_value = "")]
    batch: String,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum StateArg {
    /// Being written
    Draft,
    /// Waiting for an approval
    Submitted,
    /// Given back
    Returned,
    /// Published; kept for 90 days
    Approved,
}

impl StateArg {
    fn state(self) -> State {
        match self {
            Self::Draft => State::Draft,
            Self::Submitted => State::Submitted,
            Self::Returned => State::Returned,
            Self::Approved => State::Approved,
        }
    }
}

/// Shows a draft, with what a submission would object to
///
/// What it writes with --output json is what drafts edit reads.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  duikou-node drafts show members/shenzhen/drafts/01a0b87b-3c71-7d42-9d7e-4a5b6c7d8e9f --output json"
)]
pub struct ShowArgs {
    /// Its name, members/MEMBER/drafts/ID
    #[arg(value_name = "NAME")]
    name: String,
}

/// Shows what approving a draft would change, and for whom
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  duikou-node drafts diff members/shenzhen/drafts/01a0b87b-3c71-7d42-9d7e-4a5b6c7d8e9f"
)]
pub struct DiffArgs {
    /// Its name, members/MEMBER/drafts/ID
    #[arg(value_name = "NAME")]
    name: String,
}

impl ListArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        let mut client = context.connect().await?.drafts();
        let mut request = ListDraftsRequest {
            parent: full_name(&self.member),
            page_size: PAGE,
            page_token: String::new(),
            states: self.state.into_iter().map(|state| state.state().into()).collect(),
            author: self.author,
            batch: self.batch,
            newest_first: false,
        };
        let mut results = Sequence::new(context, &header(), |draft| row(context, draft));
        loop {
            let page = client.list_drafts(request.clone()).await?.into_inner();
            for draft in &page.drafts {
                results.push(draft)?;
            }
            if page.next_page_token.is_empty() {
                return results.end();
            }
            request.page_token = page.next_page_token;
        }
    }
}

/// The columns of a table of drafts.
pub(super) fn header() -> Vec<Text> {
    vec![
        Text::new("名称", "NAME"),
        Text::new("状态", "STATE"),
        Text::new("信息", "LISTING"),
        Text::new("标题", "TITLE"),
        Text::new("作者", "AUTHOR"),
        Text::new("改动", "CHANGED"),
        Text::new("退回原因", "RETURNED BECAUSE"),
    ]
}

/// The cells of one.
pub(super) fn row(context: &Context, draft: &Draft) -> Vec<String> {
    let listing = draft.listing.clone().unwrap_or_default();
    vec![
        draft.name.clone(),
        terms::draft(draft.state()).in_language(context.language).to_owned(),
        listing.name,
        listing.listing.unwrap_or_default().title,
        draft.author.clone(),
        time(draft.update_time.as_ref()),
        draft.return_reason.clone(),
    ]
}

impl ShowArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        let mut client = context.connect().await?.drafts();
        let draft = client.get_draft(GetDraftRequest { name: self.name }).await?.into_inner();
        context.show(&draft, |draft| {
            let mut table = table(context, &[Text::new("项", "FIELD"), Text::new("内容", "CONTENT")]);
            for (label, cell) in header().iter().zip(row(context, draft)) {
                table.add_row([label.in_language(context.language), &cell]);
            }
            let content = draft.listing.clone().unwrap_or_default();
            let label = |zh, en| context.say(zh, en);
            for (label, cell) in listing::header().iter().zip(listing::row(context, &content)).skip(1) {
                table.add_row([label.in_language(context.language), &cell]);
            }
            table.add_row([label("可见范围", "AUDIENCE"), &content.scopes.join(" ")]);
            if !draft.content_hash.is_empty() {
                table.add_row([label("待审内容", "CONTENT HASH"), &draft.content_hash]);
            }
            if !draft.approver.is_empty() {
                table.add_row([label("审核人", "APPROVED BY"), &draft.approver]);
            }
            for warning in &draft.warnings {
                table.add_row([&*warning.field, &*warning.description]);
            }
            table.trim_fmt()
        })
    }
}

impl DiffArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        let mut client = context.connect().await?.drafts();
        let difference = client.diff_draft(DiffDraftRequest { name: self.name }).await?.into_inner();
        context.show(&difference, |difference| text(context, difference))
    }
}

/// A difference for people.
pub(super) fn text(context: &Context, difference: &DraftDifference) -> String {
    let columns = [Text::new("项", "FIELD"), Text::new("现为", "NOW"), Text::new("改为", "THEN")];
    let mut table = table(context, &columns);
    for change in &difference.changes {
        table.add_row([&change.path, &short(&change.before), &short(&change.after)]);
    }
    let mut audience = |zh, en, lost: &[String], gained: &[String]| {
        if !lost.is_empty() || !gained.is_empty() {
            let sign =
                |sign: &str, all: &[String]| all.iter().map(|one| format!("{sign}{one}")).collect::<Vec<_>>().join(" ");
            table.add_row([context.say(zh, en), &sign("-", lost), &sign("+", gained)]);
        }
    };
    audience("可见范围", "AUDIENCE", &difference.scopes_lost, &difference.scopes_gained);
    audience("成员", "MEMBERS", &difference.members_lost, &difference.members_gained);
    let mut text = table.trim_fmt();
    let mut say = |is: bool, zh, en| {
        if is {
            text.push('\n');
            text.push_str(context.say(zh, en));
        }
    };
    say(!difference.published, "尚未发布。", "It is not published yet.");
    say(difference.on_request, "仅在他人实时查询时提供。", "It is shown to those alone who ask this member live.");
    say(!difference.approval_required, "按现行规则无需审核。", "By the policy of now it needs no approval.");
    say(
        difference.outdated,
        "提交之后该信息已有变化，须重新提交。",
        "The listing has changed since: hand the draft in again.",
    );
    text
}

fn short(value: &str) -> String {
    let line = value.replace(['\n', '\r'], " ");
    if line.chars().count() <= VALUE_CHARS {
        return line;
    }
    line.chars().take(VALUE_CHARS - 1).chain(['…']).collect()
}
