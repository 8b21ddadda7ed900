//! How Chinese is typed in Latin letters: whole syllables (lenglian) and initials (ll), in every reading that a
//! character has. Single characters misread 重庆, 厦门 and 六安; whoever types one of the readings finds them.

use std::borrow::Cow;

use pinyin::ToPinyinMulti as _;

/// Characters of one spelling.
const SPELT_CHARS: usize = 8;
/// Letters of one spelling: more tell few texts apart, and each would be one more to be kept of nearly every one.
const SPELT_LETTERS: usize = 16;
/// Spellings of one sequence: characters with several readings multiply. More than any one character has readings.
const SPELLINGS: usize = 8;

/// The syllables of one character.
pub(crate) type Syllables = Vec<Cow<'static, str>>;

/// The syllables of a character without tones, the commonest first, each once; ü is typed as v.
fn syllables(character: char) -> Syllables {
    let mut syllables = Syllables::new();
    for reading in character.to_pinyin_multi().into_iter().flatten() {
        let plain = reading.plain();
        let syllable = if plain.contains('ü') { plain.replace('ü', "v").into() } else { Cow::Borrowed(plain) };
        if syllable.bytes().all(|byte| byte.is_ascii_lowercase()) && !syllables.contains(&syllable) {
            syllables.push(syllable);
        }
    }
    syllables
}

/// The syllables of each character.
pub(crate) fn syllables_of(text: &str) -> Vec<Syllables> {
    text.chars().map(syllables).collect()
}

/// The spellings of a sequence of ideographs, whole and by initials, as far as they are kept: what people type begins
/// like one of them ([`kept`]).
pub(crate) fn readings(han: &[Syllables], found: &mut Vec<String>) {
    let readable = han.iter().take(SPELT_CHARS).take_while(|syllables| !syllables.is_empty()).count();
    let han = &han[..readable];
    spell(han.iter().map(|syllables| syllables.iter().map(|syllable| &**syllable).collect()).collect(), found);
    spell(han.iter().map(initials).collect(), found);
}

/// The letters with which a character's syllables begin, each once.
fn initials(syllables: &Syllables) -> Vec<&str> {
    let mut letters: Vec<&str> = Vec::with_capacity(1);
    for syllable in syllables {
        if !letters.contains(&&syllable[..1]) {
            letters.push(&syllable[..1]);
        }
    }
    letters
}

/// Each spelling of characters of which each is spelt in several ways, the commonest first. Where these multiply to too
/// many, a character is spelt in the commonest alone: what is typed is a beginning, so that the readings of the first
/// characters decide whether it is found, and none of those is given up.
fn spell(mut ways: Vec<Vec<&str>>, found: &mut Vec<String>) {
    let (mut count, mut letters) = (1, 0);
    for ways in &mut ways {
        // Behind what is kept they would make no difference.
        if letters >= SPELT_LETTERS || count * ways.len() > SPELLINGS {
            ways.truncate(1);
        }
        count *= ways.len();
        letters += ways.iter().map(|way| way.len()).min().unwrap_or_default();
    }
    for number in 0..count {
        let mut spelling = String::with_capacity(SPELT_LETTERS);
        let mut rest = number;
        for ways in &ways {
            let way = ways[rest % ways.len()];
            rest /= ways.len();
            spelling.push_str(&way[..way.len().min(SPELT_LETTERS - spelling.len())]);
        }
        if spelling.len() > 1 {
            found.push(spelling);
        }
    }
}

/// What spellings are compared with of what was typed: the rest of it says nothing more.
pub(crate) fn kept(letters: &str) -> &str {
    letters.get(..SPELT_LETTERS).unwrap_or(letters)
}

/// How many characters at the beginning of `han` the letters spell; None where they spell something else. The last of
/// them may be begun only.
pub(crate) fn spelt_length(han: &[char], letters: &str) -> Option<usize> {
    fn go(han: &[char], letters: &str, depth: usize, initials: bool) -> Option<usize> {
        if letters.is_empty() {
            return Some(depth);
        }
        syllables(*han.first()?).into_iter().find_map(|syllable| {
            let syllable = if initials { &syllable[..1] } else { &*syllable };
            match letters.strip_prefix(syllable) {
                Some(rest) => go(&han[1..], rest, depth + 1, initials),
                None => syllable.starts_with(letters).then_some(depth + 1),
            }
        })
    }
    go(han, letters, 0, false).or_else(|| go(han, letters, 0, true))
}

/// Whether the letters spell all ideographs of `name`, syllable for syllable; marks between them do not count.
pub(crate) fn spells(name: &str, letters: &str) -> bool {
    fn go(han: &[Syllables], letters: &str) -> bool {
        let Some((first, rest)) = han.split_first() else { return letters.is_empty() };
        first.iter().any(|syllable| letters.strip_prefix(&**syllable).is_some_and(|letters| go(rest, letters)))
    }
    // Few names begin with the same letter: most are told apart by their first character.
    let begins = |c: char| syllables(c).iter().any(|syllable| letters.starts_with(&**syllable));
    if !name.chars().next().is_some_and(begins) {
        return false;
    }
    let han: Vec<Syllables> = name.chars().map(syllables).filter(|syllables| !syllables.is_empty()).collect();
    !han.is_empty() && go(&han, letters)
}

/// Whether a folded word can be a spelling.
pub(crate) fn is_letters(word: &str) -> bool {
    (2..=SPELT_CHARS * 6).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use duikou_proto::reference::regions;

    use super::*;

    fn of(han: &str) -> BTreeSet<String> {
        let mut found = Vec::new();
        readings(&syllables_of(han), &mut found);
        found.into_iter().collect()
    }

    #[test]
    fn every_reading_is_there_whole_and_by_initials() {
        assert!(["lenglian", "ll"].iter().all(|text| of("冷链").contains(*text)));
        for (place, spelling, initials) in
            [("重庆", "chongqing", "cq"), ("厦门", "xiamen", "xm"), ("六安", "luan", "la"), ("长顺", "changshun", "cs")]
        {
            let found = of(place);
            assert!(found.contains(spelling) && found.contains(initials), "{place}: {found:?}");
        }
    }

    #[test]
    fn what_stands_behind_a_name_takes_none_of_its_readings() {
        for tail in ["合作项目招商", "重点产业招商", "中长期还款会"] {
            for entry in regions().entries() {
                let typed = entry.name_en.to_ascii_lowercase();
                let names = regions().names(entry).into_iter().filter(|name| spells(name, &typed));
                for name in names {
                    let found = of(&format!("{name}{tail}"));
                    assert!(found.iter().any(|spelling| spelling.starts_with(kept(&typed))), "{name}{tail}: {found:?}");
                }
            }
        }
    }

    #[test]
    fn what_is_typed_beyond_what_is_kept_finds_the_same() {
        let spelt = of("深圳市科技创新园区");
        let typed = "shenzhenshikejichuangxinyuanqu";
        for length in 2..=typed.len() {
            let begins = kept(&typed[..length]);
            assert!(spelt.iter().any(|spelling| spelling.starts_with(begins)), "{begins}: {spelt:?}");
        }
        assert!(spelt.iter().all(|spelling| spelling.len() <= SPELT_LETTERS));
        assert!(spelt.contains("szskjcxy"), "{spelt:?}");
    }

    #[test]
    fn no_character_has_more_readings_than_are_kept() {
        let most = ('\u{4e00}'..='\u{9fff}').map(|character| syllables(character).len()).max();
        assert!(most.is_some_and(|most| most <= SPELLINGS), "{most:?}");
    }

    #[test]
    fn the_spelt_characters_are_counted() {
        let han: Vec<char> = "冷链物流".chars().collect();
        for (letters, length) in [
            ("lenglian", Some(2)),
            ("lengl", Some(2)),
            ("ll", Some(2)),
            ("llwl", Some(4)),
            ("wl", None),
            ("lengx", None),
            ("lengliana", None),
        ] {
            assert_eq!(spelt_length(&han, letters), length, "{letters}");
        }
    }
}
