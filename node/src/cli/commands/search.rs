//! `search`

use clap::ValueEnum;
use duikou_proto::reference::{industries, occupations, regions};
use duikou_proto::v1::search_listings_request::{Facet, OrderBy};
use duikou_proto::v1::{Excerpt, FacetCounts, FacetValue, SearchListingsRequest, SearchListingsResponse, SearchResult};

use super::filter::FilterArgs;
use super::{listing, terms};
use crate::cli::global::OutputForm;
use crate::cli::output::{clean, table};
use crate::cli::{CommandError, Context, Defaults, Layout, Sequence, Text, time, to_json};

/// Finds listings by their words, in Chinese and English
///
/// All words must be there; "words in quotation marks" stand next to each other, a word after - must not be there, and a
/// word before * is only begun (in one argument: '冷链 -深圳'). Simplified and traditional Chinese are one, and titles and places are found by pinyin and
/// by its initials too: lenglian, ll. With --output json the whole answer is written, with jsonl a result a line, and where
/// --facets asks for counts the rest of the answer as the last line.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  duikou-node search 冷链物流 --region 520000 --order closing\n  duikou-node search cold chain --facets kind,region --output json"
)]
pub struct Args {
    /// The words; none: everything that the flags let through
    #[arg(value_name = "WORD")]
    words: Vec<String>,

    #[command(flatten)]
    filter: FilterArgs,

    /// Which comes first [default: the best match; without words the newest]
    #[arg(long, value_enum)]
    order: Option<OrderArg>,

    /// Count the results by these
    #[arg(long, value_enum, value_delimiter = ',')]
    facets: Vec<FacetArg>,

    /// The last word is only begun
    #[arg(long)]
    prefix: bool,

    /// Show what says the same once, with its duplicates under it
    #[arg(long)]
    group: bool,

    /// No more than so many, at most 1000
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: i32,

    /// Go on from this token, which the page before ended with
    #[arg(long, value_name = "TOKEN", default_value = "", hide_default_value = true)]
    page_token: String,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum OrderArg {
    Relevance,
    Newest,
    Closing,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FacetArg {
    Kind,
    Direction,
    Region,
    Industry,
    Occupation,
    Member,
    Circle,
    Language,
    Tag,
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<(), CommandError> {
        let order = match self.order {
            None => OrderBy::Unspecified,
            Some(OrderArg::Relevance) => OrderBy::Relevance,
            Some(OrderArg::Newest) => OrderBy::Newest,
            Some(OrderArg::Closing) => OrderBy::Closing,
        };
        let server = context.connect().await?;
        let request = SearchListingsRequest {
            query: self.words.join(" "),
            filter: self.filter.filter(&server).await?,
            order_by: order.into(),
            prefix: self.prefix,
            facets: self.facets.iter().map(|facet| facet_of(*facet).into()).collect(),
            page_size: self.limit,
            page_token: self.page_token,
            group_duplicates: self.group,
        };
        let answer = server.search().search_listings(request).await?.into_inner();
        match context.global.output {
            OutputForm::Table => people(context, &answer, self.group),
            OutputForm::Json => context.show(&answer, |_| String::new()),
            OutputForm::Jsonl => {
                let mut results = Sequence::new(context, &[], |_: &SearchResult| Vec::new());
                answer.results.iter().try_for_each(|result| results.push(result))?;
                results.end()?;
                if !self.facets.is_empty() {
                    context.print(&beside_results(&answer))?;
                }
                notes(context, &answer, self.group);
                Ok(())
            }
        }
    }
}

/// The answer without its results, on a line.
fn beside_results(answer: &SearchListingsResponse) -> String {
    let rest = SearchListingsResponse { results: Vec::new(), ..answer.clone() };
    to_json(&rest, Layout::Line, Defaults::Left)
}

fn facet_of(facet: FacetArg) -> Facet {
    match facet {
        FacetArg::Kind => Facet::Kind,
        FacetArg::Direction => Facet::Direction,
        FacetArg::Region => Facet::Region,
        FacetArg::Industry => Facet::Industry,
        FacetArg::Occupation => Facet::Occupation,
        FacetArg::Member => Facet::Member,
        FacetArg::Circle => Facet::Circle,
        FacetArg::Language => Facet::Language,
        FacetArg::Tag => Facet::Tag,
    }
}

fn people(context: &Context, answer: &SearchListingsResponse, grouped: bool) -> Result<(), CommandError> {
    let header = [
        Text::new("标题", "TITLE"),
        Text::new("类别", "KIND"),
        Text::new("成员", "MEMBER"),
        Text::new("截止", "CLOSES"),
        Text::new("名称", "NAME"),
        Text::new("摘录", "EXCERPT"),
    ];
    let mut rows = table(context, &header);
    for result in &answer.results {
        rows.add_row(row(context, result).iter().map(|cell| clean(cell)));
        for duplicate in &result.duplicates {
            let title = format!("  = {}", duplicate.title);
            let cells = [title, String::new(), member(&duplicate.name), String::new(), duplicate.name.clone()];
            rows.add_row(cells.iter().map(|cell| clean(cell)));
        }
    }
    if answer.results.is_empty() {
        context.note(&Text::new("没有", "none"));
    } else {
        context.print(&rows.trim_fmt())?;
    }
    for facet in answer.facets.iter().filter(|facet| !facet.values.is_empty()) {
        context.print(&clean(&facet_line(context, facet)))?;
    }
    notes(context, answer, grouped);
    Ok(())
}

/// What is to be known of the results, for people.
fn notes(context: &Context, answer: &SearchListingsResponse, grouped: bool) {
    let (all, groups) = (answer.total_size, answer.results.len());
    context.note(&match grouped {
        true => Text::new(
            format!("共 {all} 条，本页合为 {groups} 组"),
            format!("{all} in all, {groups} groups on this page"),
        ),
        false => Text::new(format!("共 {all} 条"), format!("{all} in all")),
    });
    if answer.corrected {
        context.note(&Text::new(
            "没有完全相符的，以下为拼写相近的结果",
            "nothing matches exactly: these differ by a typo",
        ));
    }
    if answer.index_building {
        context.note(&Text::new("检索索引正在建立，结果尚不完整", "the index is being made: there is more than this"));
    }
    if !answer.next_page_token.is_empty() {
        let token = &answer.next_page_token;
        context.note(&Text::new(format!("下一页：--page-token {token}"), format!("next page: --page-token {token}")));
    }
}

fn row(context: &Context, result: &SearchResult) -> Vec<String> {
    let found = result.listing.clone().unwrap_or_default();
    let opportunity = found.listing.unwrap_or_default();
    vec![
        opportunity.title.clone(),
        listing::kind(context, &opportunity).to_owned(),
        member(&found.name),
        time(found.expire_time.as_ref()),
        found.name,
        result.excerpts.iter().filter(|excerpt| excerpt.field != "title").map(marked).next().unwrap_or_default(),
    ]
}

/// The short id of the member whose listing this is.
fn member(name: &str) -> String {
    name.split('/').nth(1).and_then(|member| member.split('.').next()).unwrap_or_default().to_owned()
}

/// What was found, between 【 and 】, as it stands in a line.
fn marked(excerpt: &Excerpt) -> String {
    let mut text = String::new();
    for (at, character) in (0..).zip(excerpt.text.chars()) {
        if excerpt.highlights.iter().any(|range| range.start == at) {
            text.push('【');
        }
        text.push(if character.is_whitespace() { ' ' } else { character });
        if excerpt.highlights.iter().any(|range| range.end == at + 1) {
            text.push('】');
        }
    }
    let ends = |cut: bool| if cut { "…" } else { "" };
    format!("{}{text}{}", ends(excerpt.cut_before), ends(excerpt.cut_after))
}

/// By what the results are counted, each value as the flags take it, with what a code stands for.
fn facet_line(context: &Context, facet: &FacetCounts) -> String {
    let named = |code: &str| {
        let entry = match facet.facet() {
            Facet::Region => regions().get(code),
            Facet::Industry => industries().get(code),
            Facet::Occupation => occupations().get(code),
            _ => None,
        };
        entry.map_or_else(String::new, |entry| format!(" {}", entry.name(context.language)))
    };
    let value = |value: &FacetValue| {
        // The contract's name of a choice; tags and names are as they are.
        let said = if facet.facet() == Facet::Direction { value.value.to_lowercase() } else { value.value.clone() };
        format!("{said}{} {}", named(&value.value), value.count)
    };
    let values: Vec<String> = facet.values.iter().map(value).collect();
    let label = terms::facet(facet.facet());
    let (label, values) = (label.in_language(context.language), values.join(context.say("，", ", ")));
    format!("{label}{}{values}", context.say("：", ": "))
}

#[cfg(test)]
mod tests {
    use duikou_proto::v1::CharacterRange;

    use super::*;
    use crate::cli::{Global, Language};

    #[test]
    fn what_was_found_is_marked() {
        let excerpt = Excerpt {
            text: "在线冷链\n物流".to_owned(),
            highlights: vec![CharacterRange { start: 2, end: 4 }],
            cut_after: true,
            ..Excerpt::default()
        };
        assert_eq!(marked(&excerpt), "在线【冷链】 物流…");
        assert_eq!(member("members/bijie.pprd.example/listings/x"), "bijie");
    }

    #[test]
    fn counts_have_a_line_of_their_own() {
        let value = FacetValue { value: "capital".to_owned(), count: 2 };
        let facet = FacetCounts { facet: Facet::Kind.into(), values: vec![value] };
        let result = SearchResult { duplicates: Vec::new(), ..SearchResult::default() };
        let answer = SearchListingsResponse {
            results: vec![result],
            total_size: 2,
            facets: vec![facet],
            ..SearchListingsResponse::default()
        };
        for (language, told) in [(Language::Zh, "类别：capital 2"), (Language::En, "kind: capital 2")] {
            let global = Global { language: Some(language), ..Global::default() };
            assert_eq!(facet_line(&Context::new(global, clap::Command::default), &answer.facets[0]), told);
        }
        let line = beside_results(&answer);
        let json: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!((json["totalSize"].as_i64(), json["facets"][0]["values"][0]["count"].as_i64()), (Some(2), Some(2)));
        assert!(json.get("results").is_none() && !line.contains('\n'));
    }
}
