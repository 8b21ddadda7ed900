//! Where the words of a query stand in a text.

use super::clause::typos;
use super::{Item, Query, Reach};
use crate::search::analysis::{Folded, fold, is_han, is_letters, is_single, spelt_length, stem};

/// Pieces of `original` that a query found, in characters, in order and apart from each other. `spelt` says whether
/// what is typed in Latin letters is looked for in Chinese too.
pub(crate) fn matched(original: &str, query: &Query, reach: Reach, spelt: bool) -> Vec<(usize, usize)> {
    let folded = fold(original);
    let mut found: Vec<(usize, usize)> = Vec::new();
    let mut latin: Vec<(&str, bool)> = Vec::new();
    for item in &query.wanted {
        let whole = is_in_chinese(item) && occurrences(&folded.text, &item.text, &mut found);
        for needle in needles(item, reach) {
            occurrences(&folded.text, &needle, &mut found);
        }
        // Numbers by themselves are much else: where 3月 stands, the 3 of 3台 is not meant.
        if !(whole && item.words.len() > 1) {
            let last = item.words.len() - 1;
            let words = item.words.iter().enumerate().filter(|(_, (_, han))| !han);
            latin.extend(words.map(|(at, (word, _))| (&**word, item.begun && at == last)));
        }
    }
    if !latin.is_empty() {
        latin_words(&folded.text, &latin, reach, &mut found);
        if spelt {
            let characters: Vec<char> = folded.text.chars().collect();
            spellings(&characters, &latin, &mut found);
        }
    }
    in_original(&folded, found)
}

/// Whether an item has Chinese in it, and is looked for as it stands: 冷链物流, 3月.
fn is_in_chinese(item: &Item) -> bool {
    item.words.iter().any(|(_, han)| *han)
}

/// What of an item that is no phrase is looked for character by character beside the whole of it: known words each, and
/// those that it is made of otherwise.
fn needles(item: &Item, reach: Reach) -> Vec<String> {
    if item.phrase {
        return Vec::new();
    }
    let known = item.words.iter().filter(|(word, han)| *han && !is_single(word)).cloned();
    let wide = reach != Reach::Exact;
    let otherwise = item.cut_otherwise().filter(|_| wide).unwrap_or_default();
    let end = item.ends_begun().filter(|_| wide).map(|[_, end]| end.iter().map(|(word, _)| &**word).collect());
    known.chain(otherwise).map(|(word, _)| word).chain(end).collect()
}

/// Where a text stands in another, not within a number or a word in Latin letters; whether anywhere.
fn occurrences(text: &str, needle: &str, found: &mut Vec<(usize, usize)>) -> bool {
    let length = needle.chars().count();
    let (mut bytes, mut characters) = (0, 0);
    let within = |one: Option<char>, other: Option<char>| {
        let latin = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() && !is_han(c));
        latin(one) && latin(other)
    };
    let before = found.len();
    for (at, _) in text.match_indices(needle) {
        characters += text[bytes..at].chars().count();
        bytes = at;
        let end = at + needle.len();
        let begins_within = within(text[..at].chars().next_back(), needle.chars().next());
        if !begins_within && !within(needle.chars().next_back(), text[end..].chars().next()) {
            found.push((characters, characters + length));
        }
    }
    found.len() > before
}

fn latin_words(text: &str, wanted: &[(&str, bool)], reach: Reach, found: &mut Vec<(usize, usize)>) {
    let stems: Vec<Option<String>> = wanted.iter().map(|(word, _)| stem(word)).collect();
    let (mut at, mut bytes) = (0, 0);
    for run in
        text.split(|character: char| !character.is_alphanumeric() || is_han(character)).filter(|run| !run.is_empty())
    {
        // `split` gives out slices of `text`, in order.
        let start = run.as_ptr() as usize - text.as_ptr() as usize;
        at += text[bytes..start].chars().count();
        bytes = start;
        let stemmed = stem(run);
        let typo = |word: &str| {
            let most = usize::from(typos(word));
            // A word of another length is not measured: a character has at most four octets.
            most > 0 && run.len().abs_diff(word.len()) <= 4 * most && strsim::osa_distance(run, word) <= most
        };
        let hit = wanted.iter().zip(&stems).any(|((word, begun), wanted_stem)| {
            run == *word
                || (*begun && run.starts_with(word))
                || wanted_stem.as_deref().is_some_and(|wanted| stemmed.as_deref().unwrap_or(run) == wanted)
                || stemmed.as_deref() == Some(word)
                || (reach == Reach::Typos && typo(word))
        });
        if hit {
            found.push((at, at + run.chars().count()));
        }
    }
}

fn spellings(characters: &[char], wanted: &[(&str, bool)], found: &mut Vec<(usize, usize)>) {
    for (word, _) in wanted.iter().filter(|(word, _)| is_letters(word)) {
        let spelt = |at: usize| Some((at, at + spelt_length(&characters[at..], word)?));
        found.extend((0..characters.len()).filter(|at| is_han(characters[*at])).filter_map(spelt));
    }
}

/// In characters of the original, ordered, those that touch joined.
fn in_original(folded: &Folded, mut found: Vec<(usize, usize)>) -> Vec<(usize, usize)> {
    found.sort_unstable();
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    for (start, end) in found {
        let (Some(first), Some(last)) = (folded.origins.get(start), folded.origins.get(end.saturating_sub(1))) else {
            continue;
        };
        let (start, end) = (*first as usize, *last as usize + 1);
        match ranges.last_mut() {
            Some(before) if start <= before.1 => before.1 = before.1.max(end),
            _ => ranges.push((start, end)),
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::parse;
    use super::*;

    fn pieces(text: &str, query: &str, reach: Reach) -> Vec<String> {
        let query = parse(query, false).unwrap();
        let characters: Vec<char> = text.chars().collect();
        let ranges = matched(text, &query, reach, true);
        ranges.into_iter().map(|(start, end)| characters[start..end].iter().collect()).collect()
    }

    #[test]
    fn what_was_found_is_marked_as_it_was_written() {
        for (text, query, expected) in [
            ("在線冷鏈物流平臺", "冷链", vec!["冷鏈"]),
            ("冷链物流与冷链仓储", "冷链物流", vec!["冷链物流", "冷链"]),
            ("冷链物流园区", "“物流园”", vec!["物流园"]),
            ("Ｃold-Chain Logistics", "cold logistic", vec!["Ｃold", "Logistics"]),
            ("贵州长顺刺绣", "changshun", vec!["长顺"]),
            ("冷链物流", "llwl", vec!["冷链物流"]),
            ("tea", "coffee", vec![]),
            ("2027年3月18日，共3场", "2027年3月", vec!["2027年3月"]),
            ("13月与3月", "3月", vec!["3月"]),
            ("3个月，共3场", "3月", vec!["3", "3"]),
            ("ISO 9001认证", "9001认证", vec!["9001认证"]),
            ("共1500万元", "“500万”", vec![]),
        ] {
            assert_eq!(pieces(text, query, Reach::Exact), expected, "{query} in {text}");
        }
        assert_eq!(pieces("cold logistics", "logistcs", Reach::Typos), ["logistics"]);
        assert_eq!(pieces("厂房与仓库出租", "出租厂房", Reach::Otherwise), ["厂房", "出租"]);
        assert_eq!(pieces("单笔500万元起", "500万", Reach::Otherwise), ["500万"]);
        assert_eq!(pieces("深圳的物流园区", "深圳物流园", Reach::Otherwise), ["深圳", "物流园"]);
    }

    proptest! {
        #[test]
        fn ranges_lie_in_the_text_in_order(text in "[冷链物流鏈ﬁa-c Ａ，]{0,60}", query in "[冷链物a-c]{1,6}") {
            let query = parse(&query, true).unwrap();
            let length = text.chars().count();
            let mut last = 0;
            for (start, end) in matched(&text, &query, Reach::Typos, true) {
                prop_assert!(start >= last && start < end && end <= length);
                last = end;
            }
        }
    }
}
