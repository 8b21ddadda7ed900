//! Words that a listing holds, found without an index: for the few listings of one member.

use crate::fold::fold;
use crate::limits;
use crate::v1::Opportunity;
use crate::validate::{Check, Violation, reason};

/// Words of a question, folded; none match everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words(Vec<String>);

/// What a word counts that stands in the title, a tag, the summary, the body.
const WEIGHTS: [u32; 4] = [8, 4, 2, 1];

impl Words {
    /// Reads words with spaces between them; the path of a violation is `words`.
    ///
    /// # Errors
    /// Where there are more than [`limits::LIVE_WORDS`], or more than [`limits::LIVE_WORDS_CHARS`] characters.
    pub fn parse(text: &str) -> Result<Self, Vec<Violation>> {
        let mut found = Vec::new();
        Check::new("", &mut found).line("words", text, limits::LIVE_WORDS_CHARS);
        let words: Vec<String> = text.split_whitespace().take(limits::LIVE_WORDS + 1).map(folded).collect();
        if words.len() > limits::LIVE_WORDS {
            Check::new("", &mut found).fail(
                "words",
                reason::TOO_MANY,
                format!("检索词最多{}个，请删减。", limits::LIVE_WORDS),
                format!("There may be {} words: remove some.", limits::LIVE_WORDS),
            );
        }
        if found.is_empty() { Ok(Self(words)) } else { Err(found) }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How well a listing answers; None where it lacks one of them. Each word counts for the best place that has it.
    pub fn score(&self, opportunity: &Opportunity) -> Option<u32> {
        if self.0.is_empty() {
            return Some(0);
        }
        let tags = opportunity.tags.join("\n");
        let places = [&opportunity.title, &tags, &opportunity.summary, &opportunity.body].map(|text| folded(text));
        let of_word = |word: &String| {
            let found = places.iter().zip(WEIGHTS).find(|(place, _)| place.contains(word.as_str()));
            found.map(|(_, weight)| weight)
        };
        self.0.iter().map(of_word).sum()
    }
}

fn folded(text: &str) -> String {
    fold(text).text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(title: &str, body: &str) -> Opportunity {
        Opportunity {
            title: title.to_owned(),
            body: body.to_owned(),
            tags: vec!["冷链".to_owned()],
            ..Default::default()
        }
    }

    fn score(words: &str, title: &str, body: &str) -> Option<u32> {
        Words::parse(words).unwrap().score(&listing(title, body))
    }

    #[test]
    fn all_words_occur_and_the_best_place_counts() {
        assert_eq!(score("", "茶", ""), Some(0));
        assert_eq!(score("绿茶", "高山绿茶", "绿茶"), Some(8));
        assert_eq!(score("绿茶 冷链", "求购", "高山绿茶"), Some(5));
        assert_eq!(score("绿茶 咖啡", "高山绿茶", ""), None);
    }

    #[test]
    fn width_case_and_traditional_characters_do_not_count() {
        assert_eq!(score("冷鏈", "冷链物流", ""), Some(8));
        assert_eq!(score("開發區", "", "经济开发区"), Some(1));
        assert_eq!(score("开发区", "", "經濟開發區"), Some(1));
        assert_eq!(score("ＴＥＡ", "Green tea", ""), Some(8));
        assert_eq!(score("tea", "", "ＧＲＥＥＮ ＴＥＡ"), Some(1));
    }

    #[test]
    fn what_is_too_much_is_refused() {
        assert!(Words::parse(&"茶".repeat(limits::LIVE_WORDS_CHARS)).is_ok());
        let reasons = |text: &str| -> Vec<&str> {
            Words::parse(text).unwrap_err().iter().map(|violation| violation.reason).collect()
        };
        assert_eq!(reasons(&"茶".repeat(limits::LIVE_WORDS_CHARS + 1)), [reason::TOO_LONG]);
        assert_eq!(reasons(&"茶 ".repeat(limits::LIVE_WORDS + 1)), [reason::TOO_MANY]);
        assert_eq!(reasons("a\nb"), [reason::BAD_FORMAT]);
    }
}
