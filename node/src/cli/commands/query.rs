//! `query`

use std::str::FromStr;

use duikou_proto::v1::query_listings_response::{Refusal, State};
use duikou_proto::v1::{ListQuestionsRequest, QueryListingsRequest, QueryListingsResponse, Question};

use super::filter::FilterArgs;
use super::listing;
use crate::cli::global::OutputForm;
use crate::cli::json::{Defaults, Layout, to_json};
use crate::cli::output::table;
use crate::cli::{CommandError, Context, Sequence, Server, Text, clean, time};
use crate::config::{Rule, Seconds};

/// Asks members at their own nodes, now, also for what they keep on request
///
/// Answers stand there as they come, each with the member that gave it; a member
/// whose node is away or silent delays nobody. Nothing of them is kept.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  duikou-node query 绿茶 --member bijie,zunyi --within 5s\n  duikou-node query --kind talent --output jsonl\n  duikou-node query --asked"
)]
pub struct Args {
    /// Words that all occur, "phrases" that stand together, -words that do not; unlike in a search, no pinyin
    #[arg(value_name = "WORDS")]
    words: Vec<String>,

    /// The member that asks [default: the only one here, or the token's]
    #[arg(long = "as", value_name = "MEMBER")]
    asker: Option<String>,

    /// How long to wait, at most 30s
    #[arg(long, value_name = "DURATION", default_value = "3s", value_parser = seconds)]
    within: Seconds,

    /// Of each member no more than so many, at most 100
    #[arg(long, value_name = "N", default_value = "20")]
    limit: u16,

    #[command(flatten)]
    filter: FilterArgs,

    /// Instead: what others have asked the members here, newest first
    #[arg(long, conflicts_with_all = ["words", "asker", "within"])]
    asked: bool,
}

fn seconds(text: &str) -> Result<Seconds, Rule> {
    Seconds::from_str(text).or_else(|rule| fraction(text).ok_or(rule))
}

/// Parts of a second, as the server says its bounds: `0.1s`.
fn fraction(text: &str) -> Option<Seconds> {
    let (whole, parts) = text.strip_suffix('s')?.split_once('.')?;
    let good = (1..=3).contains(&parts.len()) && parts.bytes().all(|byte| byte.is_ascii_digit());
    Seconds::from_str(&format!("{whole}{parts:0<3}ms")).ok().filter(|_| good)
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        let server = context.connect().await?;
        if self.asked {
            return asked(context, &server, usize::from(self.limit)).await;
        }
        let within = self.within.duration();
        let request = QueryListingsRequest {
            asker: self.asker.as_deref().map(super::full_name).unwrap_or_default(),
            filter: self.filter.filter(&server).await?,
            words: self.words.join(" "),
            within: prost_types::Duration::try_from(within).ok(),
            max_results: i32::from(self.limit),
        };
        let mut answers = server.queries().query_listings(request).await?.into_inner();
        let mut shown = Shown::new(context);
        while let Some(answer) = answers.message().await? {
            shown.push(&answer)?;
        }
        shown.end()
    }
}

/// Answers, written as they come.
struct Shown<'a> {
    context: &'a Context,
    sequence: Option<Sequence<'a, QueryListingsResponse>>,
}

impl<'a> Shown<'a> {
    fn new(context: &'a Context) -> Self {
        let sequence =
            (context.global.output != OutputForm::Table).then(|| Sequence::new(context, &[], |_| Vec::new()));
        Self { context, sequence }
    }

    fn push(&mut self, answer: &QueryListingsResponse) -> Result<(), CommandError> {
        if let Some(sequence) = &mut self.sequence {
            return sequence.push(answer);
        }
        if !answer.listings.is_empty() {
            let mut rows = table(self.context, &listing::header());
            for found in &answer.listings {
                rows.add_row(listing::row(self.context, found).iter().map(|cell| clean(cell)));
            }
            self.context.print(&rows.trim_fmt())?;
        }
        if answer.last {
            let member = answer.member.trim_start_matches("members/");
            self.context
                .note(&Text::new(format!("{member}：{}", said(answer).zh), format!("{member}: {}", said(answer).en)));
        }
        Ok(())
    }

    fn end(self) -> Result<(), CommandError> {
        self.sequence.map_or(Ok(()), Sequence::end)
    }
}

fn said(answer: &QueryListingsResponse) -> Text {
    match answer.state() {
        State::Answered if answer.complete => Text::new("已答复，全部列出", "answered, and that is all"),
        State::Answered => Text::new("已答复，还有更多未列出", "answered, and has more than was asked for"),
        State::Refused => refusal(answer.refusal()),
        State::Offline => Text::new("离线", "offline"),
        State::TimedOut => Text::new("超时未答复", "no answer in time"),
        State::Unspecified => Text::new("", ""),
    }
}

fn refusal(refusal: Refusal) -> Text {
    match refusal {
        Refusal::Policy => Text::new("谢绝答复", "does not answer"),
        Refusal::Suspended => Text::new("谢绝答复：一方已被暂停", "refused: one of the two is suspended"),
        Refusal::Clock => Text::new("谢绝答复：双方时钟相差过大", "refused: the clocks of the two differ too much"),
        Refusal::Rate => Text::new("谢绝答复：询问过于频繁，请稍后再试", "refused: asked too often, try again later"),
        Refusal::Busy => Text::new("服务繁忙，请稍后再试", "too busy, try again in a moment"),
        Refusal::Query | Refusal::Unspecified => {
            Text::new("谢绝答复：无法读取该问题", "refused: it cannot read the question")
        }
    }
}

async fn asked(context: &Context, server: &Server, limit: usize) -> Result<(), CommandError> {
    let header = [
        Text::new("时间", "TIME"),
        Text::new("询问方", "ASKER"),
        Text::new("被问方", "MEMBER"),
        Text::new("内容", "QUESTION"),
        Text::new("结果", "OUTCOME"),
    ];
    let mut results = Sequence::new(context, &header, |question: &Question| row(context, question));
    let mut request = ListQuestionsRequest { page_size: listing::PAGE, page_token: String::new() };
    let mut left = limit;
    loop {
        let page = server.queries().list_questions(request.clone()).await?.into_inner();
        for question in page.questions.iter().take(left) {
            results.push(question)?;
        }
        left = left.saturating_sub(page.questions.len());
        if page.next_page_token.is_empty() || left == 0 {
            return results.end();
        }
        request.page_token = page.next_page_token;
    }
}

fn row(context: &Context, question: &Question) -> Vec<String> {
    let short = |name: &str| name.trim_start_matches("members/").to_owned();
    let asker = match question.registered {
        true => format!("{} {}", short(&question.asker), context.say("（代注册企业）", "(for a registered reader)")),
        false => short(&question.asker),
    };
    let filter = question.filter.as_ref().map(|filter| to_json(filter, Layout::Line, Defaults::Left));
    let filter = filter.filter(|filter| filter != "{}").unwrap_or_default();
    let what = [question.words.as_str(), &filter].join(" ").trim().to_owned();
    let outcome = match question.refusal() {
        Refusal::Unspecified => context.say("已答复", "answered").to_owned(),
        refused => refusal(refused).in_language(context.language).to_owned(),
    };
    vec![time(question.time.as_ref()), asker, short(&question.member), what, outcome]
}
