//! A search that finds nothing: which of its words are to blame, by what it would find without each of them.

use duikou_proto::v1::SearchListingsRequest;
use duikou_proto::v1::search_service_server::SearchService;
use duikou_proto::words::next_piece;

use super::super::Web;
use super::super::catalogue::Texts;
use super::super::format;
use super::super::visitor::Visitor;
use super::ask::{Ask, read_sum};
use super::search::Choosing;
use crate::search::cut;
use crate::typed::Unit;
use crate::typed::money::amount;

/// Words that are left out, one at a time: each is a search. Of more nobody can say which is the one.
const WORDS: usize = 6;

/// The same search with less, and how it differs.
#[derive(Debug, PartialEq, Eq)]
struct Less {
    /// The text that says it, and what it says it of.
    id: &'static str,
    what: String,
    ask: Ask,
}

/// A word or a phrase of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Word {
    typed: String,
    /// What stands in its quotation marks; None: it has none.
    quoted: Option<String>,
    /// What it names must not be there.
    unwanted: bool,
    /// Whether it was cut out of what was typed in one.
    cut: bool,
}

impl Word {
    /// As it is named in other quotation marks.
    fn shown(&self) -> String {
        let sign = if self.unwanted { "-" } else { "" };
        self.quoted.as_ref().map_or_else(|| self.typed.clone(), |text| format!("{sign}{text}"))
    }
}

/// What finds something: links, each with how many there are. A search that cannot be carried out offers nothing.
pub(super) async fn fewer(web: &Web, visitor: &Visitor, ask: &Ask) -> Vec<Choosing> {
    let found = that_find(web, visitor, less(ask)).await;
    // Where no two words are found together, each by itself says which of them there are.
    if found.is_empty() { that_find(web, visitor, alone(ask)).await } else { found }
}

async fn that_find(web: &Web, visitor: &Visitor, all: Vec<Less>) -> Vec<Choosing> {
    let mut found = Vec::new();
    for less in all {
        let Ok(request) = less.ask.request(visitor.texts) else { continue };
        let request = SearchListingsRequest { page_size: 1, ..request };
        let Ok(answer) = web.services().searches.search_listings(visitor.ask(request)).await else { continue };
        match answer.into_inner().total_size {
            0 => {}
            count => found.push(offered(visitor.texts, &less, count.into())),
        }
    }
    found
}

fn offered(texts: Texts, less: &Less, count: i64) -> Choosing {
    let name = texts.fill(less.id, &[("what", &less.what), ("count", &format::grouped(count))]);
    Choosing { path: less.ask.at("/listings"), name, current: false }
}

/// Without each word; with what is an amount as a condition; with a phrase as words; and without the conditions.
fn less(ask: &Ask) -> Vec<Less> {
    let words = words(&ask.q);
    let mut all = Vec::new();
    let with = |at: usize, instead: Option<&str>| {
        let kept = |(other, word): (usize, &'_ Word)| match other == at {
            true => instead.map(str::to_owned),
            false => Some(word.typed.clone()),
        };
        let kept: Vec<String> = words.iter().enumerate().filter_map(kept).collect();
        ask.with(|ask| ask.q = kept.join(" "))
    };
    for (at, word) in words.iter().enumerate().filter(|_| words.len() <= WORDS) {
        if let Some(text) = word.quoted.as_deref().filter(|_| !word.unwanted) {
            all.push(Less { id: "search-unquoted", what: word.shown(), ask: with(at, Some(text)) });
        }
        let without = with(at, None);
        all.extend(as_amount(&word.typed, &without));
        if words.len() > 1 {
            all.push(Less { id: "search-without", what: word.shown(), ask: without });
        }
    }
    if ask.is_narrowed() && !ask.q.is_empty() {
        let bare = Ask { q: ask.q.clone(), ..Ask::default() };
        all.push(Less { id: "search-without-conditions", what: String::new(), ask: bare });
    }
    all
}

/// Each word by itself, where that is not what leaving one out comes to.
fn alone(ask: &Ask) -> Vec<Less> {
    let words = words(&ask.q);
    if !(3..=WORDS).contains(&words.len()) {
        return Vec::new();
    }
    let only = |word: &Word| ask.with(|ask| ask.q.clone_from(&word.typed));
    let of = |word: &Word| Less { id: "search-alone", what: word.shown(), ask: only(word) };
    // A character that was cut out of what was typed (不, 的) is in too many listings to be what is sought.
    let says_little = |word: &Word| word.cut && word.typed.chars().nth(1).is_none();
    words.iter().filter(|word| !word.unwanted && !says_little(word)).map(of).collect()
}

/// The words and phrases of a query as they were typed; where it is one of several words, those, with amounts whole.
fn words(query: &str) -> Vec<Word> {
    let plain = |typed: &str, cut| Word { typed: typed.to_owned(), quoted: None, unwanted: false, cut };
    let mut rest = query;
    let mut words = Vec::new();
    loop {
        let before = rest;
        let Some(Ok(piece)) = next_piece(&mut rest) else { break };
        let typed = before.get(..before.len().saturating_sub(rest.len())).unwrap_or_default().trim();
        let quoted = piece.phrase.then(|| piece.text.to_owned());
        words.push(Word { quoted, unwanted: piece.unwanted, ..plain(typed, false) });
    }
    match &*words {
        [one] if one.typed.chars().all(char::is_alphanumeric) => {
            let cut: Vec<&str> = cut(&one.typed).into_iter().map(|word| word.text).collect();
            amounts_whole(&cut).iter().map(|typed| plain(typed, true)).collect()
        }
        _ => words,
    }
}

/// Words that stand together, those that are an amount as one: 贵州 一亿以上.
fn amounts_whole(words: &[&str]) -> Vec<String> {
    let mut whole = Vec::new();
    let mut rest = words;
    while let Some((first, behind)) = rest.split_first() {
        let longest = (2..=rest.len().min(WORDS)).rev().find(|count| is_amount(&rest[..*count].concat()));
        let (count, word) = longest.map_or((1, (*first).to_owned()), |count| (count, rest[..count].concat()));
        whole.push(word);
        rest = behind.get(count - 1..).unwrap_or_default();
    }
    whole
}

/// Whether it is surely an amount: it has a unit.
fn is_amount(word: &str) -> bool {
    amount(word, Unit::default()).is_ok_and(|read| read.value.is_some())
}

/// The search whose amounts a word bounds.
fn as_amount(word: &str, without: &Ask) -> Option<Less> {
    let given = is_amount(word) && without.min.is_empty() && without.max.is_empty();
    let (min, max) = read_sum(word).ok().filter(|_| given)?;
    let ask = without.with(|ask| {
        ask.min = min.map_or_else(String::new, |_| word.to_owned());
        ask.max = max.map_or_else(String::new, |_| word.to_owned());
    });
    Some(Less { id: "search-as-amount", what: word.to_owned(), ask })
}

#[cfg(test)]
mod tests {
    use duikou_proto::language::Language;

    use super::*;

    fn told(query: &str) -> Vec<(String, String)> {
        let texts = Texts::of(Language::Zh);
        less(&Ask::read(query)).iter().map(|less| (offered(texts, less, 2).name, less.ask.query())).collect()
    }

    fn at(pairs: &[(&str, &str)]) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
    }

    #[test]
    fn each_word_is_left_out_by_itself() {
        assert_eq!(
            told("q=深圳 \"普工 培训\" 5000元以上"),
            [
                ("去掉“深圳”（2 条）".to_owned(), at(&[("q", "\"普工 培训\" 5000元以上")])),
                ("“普工 培训”不加引号（2 条）".to_owned(), at(&[("q", "深圳 普工 培训 5000元以上")])),
                ("去掉“普工 培训”（2 条）".to_owned(), at(&[("q", "深圳 5000元以上")])),
                (
                    "“5000元以上”作为金额条件（2 条）".to_owned(),
                    at(&[("q", "深圳 \"普工 培训\""), ("min", "5000元以上")])
                ),
                ("去掉“5000元以上”（2 条）".to_owned(), at(&[("q", "深圳 \"普工 培训\"")])),
            ]
        );
        // What is written together is words too.
        let together: Vec<String> = told("q=招商贵州").into_iter().map(|(_, query)| query).collect();
        assert_eq!(together, [at(&[("q", "贵州")]), at(&[("q", "招商")])]);
        assert_eq!(told("q=“冷链 物流”"), [("“冷链 物流”不加引号（2 条）".to_owned(), at(&[("q", "冷链 物流")]))]);
        for (amount, bounds) in [("一亿以上", &["min"][..]), ("500万", &["min", "max"]), ("1.2亿", &["min", "max"])]
        {
            let bounded: Vec<(&str, &str)> = bounds.iter().map(|bound| (*bound, amount)).collect();
            assert_eq!(told(&format!("q={amount}")), [(format!("“{amount}”作为金额条件（2 条）"), at(&bounded))]);
        }
        let together: Vec<String> = told("q=贵州一亿以上").into_iter().map(|(name, _)| name).collect();
        assert_eq!(together, ["去掉“贵州”（2 条）", "“一亿以上”作为金额条件（2 条）", "去掉“一亿以上”（2 条）"]);
        for nothing in ["q=茶", "q=500", "q=", "q=a b c d e f g", "q=\"open"] {
            assert_eq!(told(nothing), [], "{nothing}");
        }
    }

    #[test]
    fn of_three_words_each_is_offered_by_itself() {
        let told = |query: &str| -> Vec<(String, String)> {
            let texts = Texts::of(Language::Zh);
            alone(&Ask::read(query)).iter().map(|less| (offered(texts, less, 2).name, less.ask.query())).collect()
        };
        assert_eq!(
            told("q=茶叶 \"冷链 物流\" -深圳&kind=project"),
            [
                ("只查“茶叶”（2 条）".to_owned(), at(&[("q", "茶叶"), ("kind", "project")])),
                ("只查“冷链 物流”（2 条）".to_owned(), at(&[("q", "\"冷链 物流\""), ("kind", "project")])),
            ]
        );
        let cut: Vec<String> = told("q=不存在的词汇").into_iter().map(|(_, query)| query).collect();
        assert!(cut.contains(&at(&[("q", "词汇")])) && !cut.contains(&at(&[("q", "的")])), "{cut:?}");
        // Leaving one of two out is that already.
        for nothing in ["q=茶叶 深圳", "q=茶叶", "q=a b c d e f g"] {
            assert_eq!(told(nothing), [], "{nothing}");
        }
    }

    #[test]
    fn conditions_may_be_to_blame_as_well() {
        let told = told("q=茶&kind=project&sort=newest");
        assert_eq!(told, [("不限其他条件（2 条）".to_owned(), at(&[("q", "茶")]))]);
    }
}
