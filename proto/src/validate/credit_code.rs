//! 统一社会信用代码 (GB 32100-2015).

/// The characters, each worth its position; I, O, S, V and Z are left out for being easily misread.
const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

/// Whether it is 18 characters of the alphabet of which the last is the check character: the weighted sum of all,
/// with powers of 3 as weights and 1 for the last, is a multiple of 31.
pub fn is_credit_code(text: &str) -> bool {
    let Some(values) = text.bytes().map(value).collect::<Option<Vec<u32>>>() else { return false };
    let Some((check, rest)) = values.split_last().filter(|(_, rest)| rest.len() == 17) else { return false };
    let (sum, _) = rest.iter().fold((0, 1), |(sum, weight), value| (sum + value * weight, weight * 3 % 31));
    (sum + check) % 31 == 0
}

fn value(character: u8) -> Option<u32> {
    ALPHABET.iter().position(|&c| c == character).and_then(|position| u32::try_from(position).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_character_is_checked() {
        assert!(is_credit_code("91350100M000100Y43"));
        for text in [
            "",
            "91350100M000100Y44",
            "91350100M000100Y4",
            "91350100M000100Y430",
            "91350100m000100y43",
            "9135010OM000100Y43",
        ] {
            assert!(!is_credit_code(text), "{text}");
        }
    }

    #[test]
    fn any_single_wrong_character_is_noticed() {
        let good = b"91350100M000100Y43";
        for position in 0..good.len() {
            for &other in ALPHABET.iter().filter(|&&c| c != good[position]) {
                let mut wrong = *good;
                wrong[position] = other;
                assert!(!is_credit_code(std::str::from_utf8(&wrong).unwrap()), "{position}");
            }
        }
    }
}
