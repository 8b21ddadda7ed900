//! The forms of texts that have one.

/// Whether it is `local@domain` without spaces, with a domain of non-empty labels.
pub fn is_email(text: &str) -> bool {
    let no_space = !text.chars().any(char::is_whitespace);
    match text.rsplit_once('@') {
        Some((local, domain)) => {
            no_space && !local.is_empty() && !local.contains('@') && domain.split('.').all(|label| !label.is_empty())
        }
        None => false,
    }
}

/// Whether it has digits, and nothing but digits, spaces, `+`, `-`, `(` and `)`.
pub(crate) fn is_phone(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit() || b" +-()".contains(&b)) && text.bytes().any(|b| b.is_ascii_digit())
}

/// Whether it is `https://` or `http://` and a host, without spaces.
pub(crate) fn is_url(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    !host.is_empty() && !host.starts_with(':') && !text.contains(|c: char| c.is_whitespace() || c == '\\')
}

/// Whether it is a type and a subtype (RFC 6838), perhaps with parameters.
pub(crate) fn is_media_type(text: &str) -> bool {
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphanumeric())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
    };
    let (essence, parameters) = text.split_once(';').unwrap_or((text, "=")); // none are as good as well-formed ones
    essence.split_once('/').is_some_and(|(main, sub)| is_name(main) && is_name(sub))
        && parameters.split(';').all(|parameter| parameter.contains('='))
        && text.bytes().all(|b| (b' '..=b'~').contains(&b))
}

/// Whether it looks like `2401-440300-04-01-123456`: groups of 4, 6, 2, 2 and 6 digits.
pub(crate) fn is_investment_project(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq([4, 6, 2, 2, 6])
        && groups.iter().all(|group| group.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(is_valid: fn(&str) -> bool, good: &[&str], bad: &[&str]) {
        for text in good {
            assert!(is_valid(text), "{text:?} is good");
        }
        for text in bad {
            assert!(!is_valid(text), "{text:?} is bad");
        }
    }

    #[test]
    fn texts_have_their_forms() {
        check(is_email, &["a@b.example", "张@例子.中国"], &["", "a", "@b", "a@", "a@b@c", "a b@c", "a@b..c", "a@.b"]);
        check(is_phone, &["+86 (755) 8888-8888"], &["", "+", "8888转1", "tel:1"]);
        check(
            is_url,
            &["https://a.example", "http://a.example:80/x?y#z", "https://例子.中国/页"],
            &[
                "",
                "a.example",
                "ftp://a",
                "https://",
                "https:///x",
                "http://?",
                "https://:80",
                "javascript:x",
                "http://a b",
            ],
        );
        check(
            is_media_type,
            &["application/pdf", "text/plain; charset=utf-8", "application/vnd.ms-excel"],
            &["", "pdf", "a/", "/b", "a/b/c", "a/b;", "a b/c", "文/字"],
        );
        check(
            is_investment_project,
            &["2401-440300-04-01-123456"],
            &["", "2401-440300-04-01-12345", "2401-440300-04-01-12345x", "2401440300040112 3456"],
        );
    }
}
