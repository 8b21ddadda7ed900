//! How alike two texts are: by the features that both have. What the title and the tags say weighs more than what the summary
//! does.

use std::collections::BTreeSet;
use std::ops::Range;

use duikou_proto::fold::fold;
use duikou_proto::v1::Opportunity;

use crate::search::{Features, Word, cut};

/// What is common to both titles, to a title and a summary, to both summaries; so much together is all that texts can say.
pub(super) const WEIGHTS: [f64; 3] = [2.0, 1.0, 0.5];
/// See [`WEIGHTS`].
pub(super) const ALIKE: f64 = 6.0;
/// Words in common that are shown.
const SHOWN: usize = 3;

/// What of a listing's texts is compared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Texts {
    features: Features,
    /// Title and tags, folded.
    words: String,
}

impl Texts {
    /// Of what the writer chose to say first.
    pub(super) fn of(opportunity: &Opportunity) -> Self {
        let titles = std::iter::once(&opportunity.title).chain(&opportunity.tags);
        let titles: Vec<String> = titles.map(|text| fold(text).text).collect();
        let features = Features::of_folded(titles.iter().map(String::as_str), &fold(&opportunity.summary).text);
        Self { features, words: titles.join("\n") }
    }

    /// What they are about.
    pub(super) fn features(&self) -> &Features {
        &self.features
    }

    /// What both titles say in whole words, folded, the longest first; at most [`SHOWN`].
    pub(super) fn common_words(&self, other: &Self) -> Vec<String> {
        let common: Vec<&String> = self.features.title.intersection(&other.features.title).collect();
        if common.is_empty() {
            return Vec::new();
        }
        let counts = |text: &str| common.iter().any(|feature| text.contains(feature.as_str()));
        let both = [Words::of(&self.words), Words::of(&other.words)];
        let mut said: Vec<&str> = Vec::new();
        for piece in both[0].shared_with(&both[1]).filter(|piece| counts(piece)) {
            let core = without_edges(piece, counts);
            said.push(if both.iter().all(|words| words.hold(core)) { core } else { piece });
        }
        said.sort_by(|a, b| b.chars().count().cmp(&a.chars().count()).then(a.cmp(b)));
        let mut shown = Vec::<String>::new();
        for text in said {
            if shown.len() < SHOWN && !shown.iter().any(|longer| longer.contains(text)) {
                shown.push(text.to_owned());
            }
        }
        shown
    }

    /// 0 to 1, from either side the same.
    pub(super) fn likeness(&self, other: &Self) -> f64 {
        let common = |one: &BTreeSet<String>, other: &BTreeSet<String>| one.intersection(other).count() as f64;
        let (one, other) = (&self.features, &other.features);
        let mixed = common(&one.title, &other.summary) + common(&one.summary, &other.title);
        let [titles, crossed, summaries] = WEIGHTS;
        let sum = titles * common(&one.title, &other.title)
            + crossed * mixed
            + summaries * common(&one.summary, &other.summary);
        (sum / ALIKE).min(1.0)
    }
}

/// A folded text and where its words stand in it, in bytes.
struct Words<'a> {
    text: &'a str,
    places: Vec<(Range<usize>, Word<'a>)>,
}

impl<'a> Words<'a> {
    fn of(text: &'a str) -> Self {
        let mut at = 0;
        let placed = |word: Word<'a>| {
            let begin = at + text.get(at..)?.find(word.text)?;
            at = begin + word.text.len();
            Some((begin..at, word))
        };
        Self { text, places: cut(text).into_iter().map_while(placed).collect() }
    }

    /// Whether this stands in the text, from the beginning of a word to the end of one.
    fn hold(&self, piece: &str) -> bool {
        let begins = |at| self.places.binary_search_by_key(&at, |(place, _)| place.start).is_ok();
        let ends = |at| self.places.binary_search_by_key(&at, |(place, _)| place.end).is_ok();
        self.text.match_indices(piece).any(|(at, _)| begins(at) && ends(at + piece.len()))
    }

    /// Beginning at each word, the longest piece without gaps that the other text holds as well. The two may be cut
    /// differently within it.
    fn shared_with(&self, other: &Self) -> impl Iterator<Item = &'a str> {
        (0..self.places.len()).filter_map(move |first| {
            let rest = &self.places[first..];
            let joined = rest[1..].iter().take_while(|(_, word)| word.joined).count();
            let begin = rest[0].0.start;
            let mut pieces = rest[..=joined].iter().rev().map(|(place, _)| &self.text[begin..place.end]);
            pieces.find(|piece| other.hold(piece))
        })
    }
}

/// Without the words at either end that say nothing by themselves; where that leaves none, the whole.
fn without_edges(piece: &str, counts: impl Fn(&str) -> bool) -> &str {
    let words = Words::of(piece).places;
    let mut telling = words.iter().filter(|(_, word)| counts(word.text)).map(|(place, _)| place);
    let Some(first) = telling.next() else { return piece };
    let last = telling.next_back().unwrap_or(first);
    &piece[first.start..last.end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(title: &str, summary: &str) -> Texts {
        Texts::of(&Opportunity { title: title.to_owned(), summary: summary.to_owned(), ..Opportunity::default() })
    }

    #[test]
    fn texts_about_one_thing_are_alike_and_others_are_not() {
        let wanted = texts("寻求松茸冷链保鲜与采后处理技术", "");
        let close = texts("荔枝、香蕉产后保鲜剂替代与气调包装技术", "");
        let closer = texts("松茸保鲜包装", "");
        let other = texts("征集锰渣、电解铝赤泥协同固化技术", "");
        assert!(wanted.likeness(&close) > 0.2 && wanted.likeness(&closer) > wanted.likeness(&close));
        assert_eq!(wanted.likeness(&other), 0.0);
        assert_eq!(wanted.likeness(&close).to_bits(), close.likeness(&wanted).to_bits());
        assert_eq!(wanted.likeness(&wanted).to_bits(), 1.0_f64.to_bits());
        let mentioned = texts("生鲜仓库", "适合松茸等");
        assert!(mentioned.likeness(&wanted) > 0.0 && mentioned.likeness(&wanted) < closer.likeness(&wanted));
    }

    #[test]
    fn what_both_say_is_shown_as_it_stands() {
        let shown = |one: &str, other: &str| {
            let (one, other) = (texts(one, ""), texts(other, ""));
            assert_eq!(one.common_words(&other), other.common_words(&one));
            one.common_words(&other)
        };
        assert_eq!(shown("求购高山绿茶", "纳雍高山绿茶基地"), ["高山绿茶"]);
        assert_eq!(shown("Biodegradable film wanted", "Film, biodegradable"), ["biodegradable", "film"]);
        assert_eq!(shown("求购高山绿茶", "赤泥固化"), [""; 0]);
        assert_eq!(shown("求購冷鏈", "供应冷链"), ["冷链"], "whatever characters they are written in");
    }

    #[test]
    fn what_both_say_is_shown_in_whole_words() {
        let shown = |one: &str, other: &str| {
            let (one, other) = (texts(one, ""), texts(other, ""));
            assert_eq!(one.common_words(&other), other.common_words(&one));
            one.common_words(&other)
        };
        assert_eq!(shown("电子商务人才", "电子商务平台"), ["电子商务"], "though 电子 is said everywhere");
        assert_eq!(shown("高山绿茶", "青山绿水"), [""; 0], "their halves have a pair in common");
        assert_eq!(shown("茶产业园招商", "茶产业研究"), [""; 0], "产业园 is a word, 茶产 is none");
        assert_eq!(shown("冷链与保鲜", "仓储与保鲜"), ["保鲜"], "without what only joins");
        assert_eq!(shown("冷链物流平台", "冷链物流"), ["冷链物流"]);
    }

    #[test]
    fn of_the_demonstration_no_half_word_is_shown() {
        let listings: Vec<Texts> = include_str!("../../../proto/data/listings.jsonl")
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
            .map(|line| texts(line["listing"]["title"].as_str().unwrap(), ""))
            .collect();
        let mut shown = 0;
        for one in &listings {
            let words: Vec<&str> = cut(&one.words).iter().map(|word| word.text).collect();
            let pieces: Vec<String> = (0..words.len())
                .flat_map(|first| (first + 1..=words.len()).map(move |end| (first, end)))
                .map(|(first, end)| words[first..end].concat())
                .collect();
            for said in listings.iter().flat_map(|other| one.common_words(other)) {
                assert!(pieces.contains(&said), "{said} of {}", one.words);
                shown += 1;
            }
        }
        assert!(shown > listings.len(), "each has itself in common with itself, at least");
    }
}
