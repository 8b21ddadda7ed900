//! BCP 47 language tags.

/// Whether it is a well-formed tag (RFC 5646): language, script, region, variants, extensions, private use, in this
/// order. Whether its parts are registered is not asked, and tags that are private as a whole are refused.
pub(crate) fn is_language_tag(text: &str) -> bool {
    let mut parts = text.split('-').peekable();
    let is_language = parts.next().is_some_and(|part| is_alphabetic(part) && (2..=8).contains(&part.len()));
    let mut skip = |most: usize, fits: &dyn Fn(&str) -> bool| {
        let mut count = 0;
        while count < most && parts.next_if(|part| fits(part)).is_some() {
            count += 1;
        }
        count
    };
    skip(3, &|part| is_alphabetic(part) && part.len() == 3);
    skip(1, &|part| is_alphabetic(part) && part.len() == 4);
    skip(1, &|part| is_alphabetic(part) && part.len() == 2 || is_digits(part) && part.len() == 3);
    skip(usize::MAX, &|part| {
        is_plain(part) && ((5..=8).contains(&part.len()) || part.len() == 4 && part.as_bytes()[0].is_ascii_digit())
    });
    while skip(1, &|part| is_plain(part) && part.len() == 1 && !part.eq_ignore_ascii_case("x")) == 1 {
        if skip(usize::MAX, &|part| is_plain(part) && (2..=8).contains(&part.len())) == 0 {
            return false;
        }
    }
    if skip(1, &|part| part.eq_ignore_ascii_case("x")) == 1
        && skip(usize::MAX, &|part| is_plain(part) && (1..=8).contains(&part.len())) == 0
    {
        return false;
    }
    is_language && parts.next().is_none()
}

fn is_alphabetic(part: &str) -> bool {
    part.bytes().all(|b| b.is_ascii_alphabetic())
}

fn is_digits(part: &str) -> bool {
    part.bytes().all(|b| b.is_ascii_digit())
}

fn is_plain(part: &str) -> bool {
    part.bytes().all(|b| b.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_well_formed() {
        for text in ["zh", "zh-CN", "zh-Hant-HK", "en", "zh-yue-HK", "es-419", "de-1996", "en-u-ca-gregory", "en-x-a"] {
            assert!(is_language_tag(text), "{text}");
        }
        for text in ["", "z", "zh_CN", "zh-", "-zh", "中文", "zh-CN-", "en-u", "en-x", "x-a", "zh-CN-HK", "chinesisch"]
        {
            assert!(!is_language_tag(text), "{text}");
        }
    }
}
