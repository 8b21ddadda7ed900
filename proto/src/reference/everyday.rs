//! What people call industries where the standard has other names.

use std::sync::OnceLock;

use super::{Entry, industries};

/// The words, a line each with its codes.
const LINES: &str = include_str!("../../data/everyday_industries.txt");

/// The words with what each may mean, the likeliest first; words in the order of their bytes.
pub fn everyday_industries() -> &'static [(&'static str, Vec<&'static Entry>)] {
    static WORDS: OnceLock<Vec<(&str, Vec<&Entry>)>> = OnceLock::new();
    WORDS.get_or_init(|| {
        let word = |line: &'static str| {
            let (word, codes) = line.split_once(' ')?;
            Some((word, codes.split(' ').filter_map(|code| industries().get(code)).collect()))
        };
        lines().filter_map(word).collect()
    })
}

fn lines() -> impl Iterator<Item = &'static str> {
    LINES.lines().filter(|line| !line.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everyday_words_are_of_the_table_of_industries() {
        assert!(lines().is_sorted(), "as it is read");
        for line in lines() {
            let (word, codes) = line.split_once(' ').unwrap();
            let codes: Vec<&str> = codes.split(' ').collect();
            for (at, code) in codes.iter().enumerate() {
                assert!(industries().get(code).is_some(), "{line}: {code}");
                assert!(!codes[..at].contains(code), "{line}: {code} twice");
            }
            assert!(industries().by_name(word).is_empty(), "{word} is a name of the standard");
        }
        assert_eq!(everyday_industries().len(), lines().count());
    }
}
