//! `members`

use duikou_proto::v1::completeness::State as Completed;
use duikou_proto::v1::member::State;
use duikou_proto::v1::{GetMemberRequest, ListMembersRequest, Member};
use prost_types::Timestamp;

use crate::cli::output::table;
use crate::cli::{CommandError, Context, Sequence, Text, clean, time};

/// What everyone may ask about members.
#[derive(Debug, clap::Subcommand)]
pub enum ReadMembers {
    /// Lists the members, ordered by id
    List(ListArgs),
    /// Shows one member
    Show(ShowArgs),
}

/// Lists the members, ordered by id
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-node members list --output json")]
pub struct ListArgs {}

/// Shows one member
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-node members show bijie")]
pub struct ShowArgs {
    /// Its short or full id
    #[arg(value_name = "MEMBER")]
    member: String,
}

impl ReadMembers {
    /// Does it.
    ///
    /// # Errors
    /// Where it failed, with what to say about it.
    pub async fn run(self, context: &Context) -> Result<(), CommandError> {
        match self {
            Self::List(args) => list(args, context).await,
            Self::Show(args) => show(args, context).await,
        }
    }
}

/// `members/ID` of an id or of a name.
pub fn full_name(member: &str) -> String {
    if member.starts_with("members/") { member.to_owned() } else { format!("members/{member}") }
}

fn state(context: &Context, member: &Member) -> &'static str {
    match member.state() {
        State::Active => context.say("正常", "active"),
        State::Suspended => context.say("已暂停", "suspended"),
        State::Removed => context.say("已移除", "removed"),
        State::Unspecified => "",
    }
}

/// How something of a member is held here, and as of when it was complete.
pub(super) fn completeness(context: &Context, state: Completed, complete: Option<&Timestamp>) -> String {
    let (zh, en) = match state {
        Completed::Complete => ("完整", "complete"),
        Completed::Behind => ("正在补齐", "on its way"),
        Completed::Stale => ("无新清单", "no fresh head"),
        Completed::Rejected => ("有信息被拒收", "some of it refused"),
        Completed::Withheld => ("缺失", "lacking"),
        Completed::Unspecified => return String::new(),
    };
    let text = match (complete, state) {
        (Some(_), Completed::Complete) => {
            Text::new(format!("{zh}，截至 {}", time(complete)), format!("{en} as of {}", time(complete)))
        }
        (Some(_), _) => Text::new(
            format!("{zh}，上次完整于 {}", time(complete)),
            format!("{en}; complete as of {}", time(complete)),
        ),
        (None, _) => Text::new(format!("{zh}，启动以来尚未完整"), format!("{en}; not complete since the start")),
    };
    text.in_language(context.language).to_owned()
}

fn header() -> [Text; 6] {
    [
        Text::new("标识", "ID"),
        Text::new("中文名", "NAME_ZH"),
        Text::new("英文名", "NAME_EN"),
        Text::new("地区", "REGION"),
        Text::new("节点", "NODE"),
        Text::new("状态", "STATE"),
    ]
}

fn row(context: &Context, member: &Member) -> Vec<String> {
    let Member { id, name_zh, name_en, region, node, .. } = member.clone();
    vec![id, name_zh, name_en, region, node, state(context, member).to_owned()]
}

async fn list(_: ListArgs, context: &Context) -> Result<(), CommandError> {
    let mut directory = context.connect().await?.directory();
    let mut results = Sequence::new(context, &header(), |member| row(context, member));
    let mut request = ListMembersRequest { page_size: super::listing::PAGE, page_token: String::new() };
    loop {
        let page = directory.list_members(request.clone()).await?.into_inner();
        for member in &page.members {
            results.push(member)?;
        }
        if page.next_page_token.is_empty() {
            return results.end();
        }
        request.page_token = page.next_page_token;
    }
}

async fn show(args: ShowArgs, context: &Context) -> Result<(), CommandError> {
    let mut directory = context.connect().await?.directory();
    let member = directory.get_member(GetMemberRequest { name: full_name(&args.member) }).await?.into_inner();
    context.show(&member, |member| {
        let mut table = table(context, &[Text::new("项", "FIELD"), Text::new("内容", "CONTENT")]);
        for (label, cell) in header().iter().zip(row(context, member)) {
            table.add_row([label.in_language(context.language), &cell]);
        }
        if !member.state_reason.is_empty() {
            table.add_row([context.say("理由", "REASON"), &clean(&member.state_reason)]);
        }
        if !member.moving_to.is_empty() {
            table.add_row([context.say("迁往", "MOVING TO"), &member.moving_to]);
        }
        if let Some(until) = &member.drop_time {
            table.add_row([context.say("他处删除于", "DROPPED ELSEWHERE"), &time(Some(until))]);
        }
        // No member lies in the Gulf of Guinea: none was given.
        if (member.latitude, member.longitude) != (0.0, 0.0) {
            table.add_row([context.say("位置", "LOCATION"), &format!("{}, {}", member.latitude, member.longitude)]);
        }
        table.add_row([context.say("密钥", "KEY"), &format!("{} {}", member.key_number, member.key_fingerprint)]);
        for held in &member.completeness {
            table.add_row([&held.scope, &completeness(context, held.state(), held.complete_time.as_ref())]);
        }
        table.trim_fmt()
    })
}
