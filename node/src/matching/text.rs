//! How alike two texts are: by the features that both have. What the title and the tags say weighs more than what the summary
//! does.

use std::collections::BTreeSet;

use duikou_proto::fold::fold;
use duikou_proto::v1::Opportunity;

use crate::search::Features;

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

    /// What both titles say, folded, the longest first; at most [`SHOWN`].
    pub(super) fn common_words(&self, other: &Self) -> Vec<String> {
        let common: BTreeSet<&String> = self.features.title.intersection(&other.features.title).collect();
        let runs = [runs(&self.words, &common), runs(&other.words, &common)].concat();
        let mut said: Vec<String> = runs
            .into_iter()
            .filter(|run| self.words.contains(run.as_str()) && other.words.contains(run.as_str()))
            .collect();
        said.sort_by(|a, b| b.chars().count().cmp(&a.chars().count()).then(a.cmp(b)));
        said.dedup();
        said.truncate(SHOWN);
        said
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

/// The pieces of a text all of whose pairs, or which themselves, are among these.
fn runs(text: &str, common: &BTreeSet<&String>) -> Vec<String> {
    let mut found = Vec::new();
    for piece in text.split(|c: char| !c.is_alphanumeric()) {
        if piece.is_ascii() {
            found.extend(Some(piece.to_owned()).filter(|word| common.contains(word)));
            continue;
        }
        let (letters, mut run) = (piece.chars().collect::<Vec<char>>(), String::new());
        for pair in letters.windows(2) {
            if common.contains(&pair.iter().collect::<String>()) {
                if run.is_empty() {
                    run.push(pair[0]);
                }
                run.push(pair[1]);
            } else {
                found.push(std::mem::take(&mut run));
            }
        }
        found.push(run);
    }
    found.retain(|run| !run.is_empty());
    found
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
}
