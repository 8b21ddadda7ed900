//! `drafts policy`

use clap::ValueEnum;
use duikou_proto::v1::approval_policy::{Deputy, Rule};
use duikou_proto::v1::{ApprovalPolicy, GetApprovalPolicyRequest, UpdateApprovalPolicyRequest};
use prost_types::FieldMask;

use crate::cli::commands::full_name;
use crate::cli::output::table;
use crate::cli::{CommandError, Context, ExitCode, Text, time};

/// Shows or changes who must approve what a member publishes
///
/// With --rule, --deputy or --no-deputies it is changed, else shown. What narrows, ends or withdraws a listing never
/// waits for anybody.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  duikou-node drafts policy shenzhen --rule other")]
pub struct Args {
    /// Whose
    #[arg(value_name = "MEMBER")]
    member: String,

    /// Who approves
    #[arg(long, value_enum)]
    rule: Option<RuleArg>,

    /// Who stands in for which reviewer until when, by the ids of their accounts: REVIEWER=DEPUTY@TIME
    #[arg(long, value_name = "DEPUTY", conflicts_with = "no_deputies")]
    deputy: Vec<String>,

    /// Nobody stands in for anybody
    #[arg(long)]
    no_deputies: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum RuleArg {
    /// Nobody: whoever may write publishes
    None,
    /// Whoever may write, in a second step
    #[value(name = "self")]
    Oneself,
    /// A reviewer who has had no hand in it
    Other,
    /// As where nobody has chosen
    Default,
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        let name = format!("{}/approvalPolicy", full_name(&self.member));
        let mut paths = Vec::new();
        let mut policy = ApprovalPolicy { name: name.clone(), ..ApprovalPolicy::default() };
        if let Some(rule) = self.rule {
            paths.push("rule".to_owned());
            policy.rule = match rule {
                RuleArg::None => Rule::None,
                RuleArg::Oneself => Rule::Self_,
                RuleArg::Other => Rule::Other,
                RuleArg::Default => Rule::Unspecified,
            }
            .into();
        }
        if self.no_deputies || !self.deputy.is_empty() {
            paths.push("deputies".to_owned());
            policy.deputies = self.deputy.iter().map(|text| deputy(text)).collect::<Result<_, _>>()?;
        }
        let mut client = context.connect().await?.drafts();
        let policy = if paths.is_empty() {
            client.get_approval_policy(GetApprovalPolicyRequest { name }).await?.into_inner()
        } else {
            let request = UpdateApprovalPolicyRequest {
                policy: Some(policy),
                update_mask: Some(FieldMask { paths }),
                request_id: uuid::Uuid::new_v4().to_string(),
            };
            client.update_approval_policy(request).await?.into_inner()
        };
        context.show(&policy, |policy| text(context, policy))
    }
}

fn deputy(text: &str) -> Result<Deputy, CommandError> {
    let read = || {
        let (reviewer, rest) = text.split_once('=')?;
        let (deputy, time) = rest.split_once('@')?;
        let time: jiff::Timestamp = time.parse().ok()?;
        let expire_time = Some(prost_types::Timestamp { seconds: time.as_second(), nanos: 0 });
        Some(Deputy { reviewer: reviewer.to_owned(), deputy: deputy.to_owned(), expire_time })
    };
    read().ok_or_else(|| {
        let message = Text::new(
            format!("--deputy {text}：应写作 审核员=代理人@时间，例如 8f14e45f=01a0b87b@2027-03-01T00:00:00Z"),
            format!("--deputy {text}: write REVIEWER=DEPUTY@TIME, for example 8f14e45f=01a0b87b@2027-03-01T00:00:00Z"),
        );
        CommandError::new(ExitCode::Usage, message)
    })
}

fn text(context: &Context, policy: &ApprovalPolicy) -> String {
    let mut table = table(context, &[Text::new("项", "FIELD"), Text::new("内容", "CONTENT")]);
    let rule = match policy.rule() {
        Rule::None => context.say("none：无需审核", "none: nobody approves"),
        Rule::Self_ => context.say("self：本人再次确认", "self: whoever may write, in a second step"),
        Rule::Other => context.say("other：由另一人审核", "other: a reviewer who has had no hand in it"),
        Rule::Unspecified => "",
    };
    table.add_row([context.say("规则", "RULE"), rule]);
    if policy.is_default {
        table.add_row(["", context.say("（默认）", "(the default)")]);
    }
    for deputy in &policy.deputies {
        let until = time(deputy.expire_time.as_ref());
        table.add_row([context.say("代理", "DEPUTY"), &format!("{} → {}  {until}", deputy.reviewer, deputy.deputy)]);
    }
    table.trim_fmt()
}
