//! Personal data in texts that are to be published: numbers of mobile telephones and identity cards, private mailboxes.
//! What is found is a reason to look again, never one to refuse: a number may well be meant to be there.

use unicode_normalization::UnicodeNormalization;

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum What {
    /// The number of a mobile telephone of the mainland.
    Mobile,
    /// The number of a resident identity card, with its right check digit (GB 11643).
    IdentityCard,
    /// A mailbox at a provider of private ones.
    Mailbox,
}

/// One piece of personal data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) what: What,
    /// As much of it as whoever wrote it needs to find it again.
    pub(crate) shown: String,
}

/// Pieces that are told of one text.
const FOUND: usize = 8;
/// Providers of mailboxes for anybody.
const PRIVATE: [&str; 20] = [
    "qq.com",
    "vip.qq.com",
    "foxmail.com",
    "163.com",
    "126.com",
    "yeah.net",
    "139.com",
    "189.cn",
    "wo.cn",
    "sina.com",
    "sina.cn",
    "sohu.com",
    "21cn.com",
    "aliyun.com",
    "gmail.com",
    "outlook.com",
    "hotmail.com",
    "live.com",
    "icloud.com",
    "yahoo.com",
];
/// Provinces in identity numbers.
const PROVINCES: [(u32, u32); 8] = [(11, 15), (21, 23), (31, 37), (41, 46), (50, 54), (61, 65), (71, 71), (81, 83)];
/// By what each digit counts, and the check digits by the sum's remainder (ISO 7064, MOD 11-2).
const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECKS: &[u8; 11] = b"10X98765432";

/// The personal data in `text`, each piece once, at most a few.
pub(crate) fn find(text: &str) -> Vec<Found> {
    let text: String = text.nfkc().collect::<String>().to_ascii_uppercase();
    let mut found: Vec<Found> = Vec::new();
    let mut add = |what: What, shown: String| {
        let piece = Found { what, shown };
        if found.len() < FOUND && !found.contains(&piece) {
            found.push(piece);
        }
    };
    let pieces = digits(&text);
    for (at, (number, _)) in pieces.iter().enumerate() {
        let joined = |count: usize, lengths: &[usize]| {
            let several = pieces.get(at..at + count)?;
            let fits = several.iter().zip(lengths).all(|((number, _), length)| number.len() == *length);
            // One mark between them, as people write long numbers.
            let beside = several.iter().take(count - 1).all(|(_, beside)| *beside);
            (fits && beside).then(|| several.iter().map(|(number, _)| &**number).collect::<String>())
        };
        for number in [Some(number.clone()), joined(3, &[3, 4, 4])].into_iter().flatten() {
            if let Some(mobile) = mobile(&number) {
                add(What::Mobile, format!("{}****{}", &mobile[..3], &mobile[7..]));
            }
        }
        for number in [Some(number.clone()), joined(3, &[6, 8, 4])].into_iter().flatten() {
            if is_identity(&number) {
                add(What::IdentityCard, format!("{}********{}", &number[..6], &number[14..]));
            }
        }
    }
    for mailbox in mailboxes(&text) {
        add(What::Mailbox, mailbox);
    }
    found
}

/// Runs of digits, an X behind seventeen of them included, and whether one space or hyphen stands between each and the
/// next. What is part of a longer word is none.
fn digits(text: &str) -> Vec<(String, bool)> {
    let bytes = text.as_bytes();
    let mut runs = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let start = at;
        while at < bytes.len() && bytes[at].is_ascii_digit() {
            at += 1;
        }
        if at - start == 17 && bytes.get(at) == Some(&b'X') {
            at += 1;
        }
        let inside = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'.');
        let ends_sentence = bytes.get(at) == Some(&b'.') && !bytes.get(at + 1).is_some_and(u8::is_ascii_digit);
        let alone = !inside(start.checked_sub(1).and_then(|before| bytes.get(before)))
            && (!inside(bytes.get(at)) || ends_sentence);
        if alone {
            let beside = bytes.get(at).is_some_and(|byte| b" -".contains(byte))
                && bytes.get(at + 1).is_some_and(u8::is_ascii_digit);
            runs.push((text[start..at].to_owned(), beside));
        }
    }
    runs
}

fn mobile(number: &str) -> Option<&str> {
    let number = if number.len() == 13 { number.strip_prefix("86")? } else { number };
    let bytes = number.as_bytes();
    (bytes.len() == 11 && bytes[0] == b'1' && (b'3'..=b'9').contains(&bytes[1]) && bytes.iter().all(u8::is_ascii_digit))
        .then_some(number)
}

fn is_identity(number: &str) -> bool {
    let bytes = number.as_bytes();
    if bytes.len() != 18 || !bytes[..17].iter().all(u8::is_ascii_digit) {
        return false;
    }
    let value =
        |from: usize, to: usize| bytes[from..to].iter().fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'));
    let province = value(0, 2);
    let born =
        i16::try_from(value(6, 10)).ok().zip(i8::try_from(value(10, 12)).ok()).zip(i8::try_from(value(12, 14)).ok());
    let is_day = born.is_some_and(|((year, month), day)| {
        (1900..=2100).contains(&year) && jiff::civil::Date::new(year, month, day).is_ok()
    });
    let sum: u32 = bytes.iter().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    let known = PROVINCES.iter().any(|(first, last)| (*first..=*last).contains(&province));
    known && is_day && CHECKS.get((sum % 11) as usize) == bytes.last()
}

/// Private mailboxes, half hidden.
fn mailboxes(text: &str) -> Vec<String> {
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+');
    let mut found = Vec::new();
    for (at, _) in text.match_indices('@') {
        let (before, after) = (&text[..at], &text[at + 1..]);
        let local = &before[before.trim_end_matches(part).len()..];
        let domain = &after[..after.len() - after.trim_start_matches(part).len()];
        let domain = domain.trim_end_matches(['.', '-', '_']).to_ascii_lowercase();
        if !local.is_empty() && PRIVATE.contains(&&*domain) {
            let shown: String = local.chars().take(2).collect();
            found.push(format!("{}***@{domain}", shown.to_ascii_lowercase()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(text: &str) -> Vec<(What, String)> {
        find(text).into_iter().map(|found| (found.what, found.shown)).collect()
    }

    #[test]
    fn numbers_and_mailboxes_are_found_however_they_are_written() {
        for text in [
            "联系人手机13800138000。",
            "手机：１３８００１３８０００",
            "138-0013-8000",
            "138 0013 8000 转告",
            "+86 13800138000",
            "+8613800138000",
            "tel 13800138000.",
        ] {
            assert_eq!(told(text), [(What::Mobile, "138****8000".to_owned())], "{text}");
        }
        let card = [(What::IdentityCard, "110105********002X".to_owned())];
        for text in ["身份证11010519491231002x", "110105 19491231 002X", "（11010519491231002X）"] {
            let found = told(text);
            if text.contains(' ') {
                // The parts of a card are written without an X among digits.
                assert!(found.len() <= 1, "{text}");
            } else {
                assert_eq!(found, card, "{text}");
            }
        }
        assert_eq!(told("邮箱 zhang.san@QQ.com，"), [(What::Mailbox, "zh***@qq.com".to_owned())]);
    }

    #[test]
    fn what_only_looks_like_it_is_left_alone() {
        for text in [
            "电话0755-82000000",
            "投资 13800138000.5 元",
            "A13800138000",
            "13800138000123",
            "12800138000",
            "110105194912310021",
            "990105194912310021",
            "统一社会信用代码91440300MA5DA00000",
            "2401-440300-04-01-123456",
            "office@shenzhen.gov.cn",
            "@qq.com",
            "",
        ] {
            assert_eq!(told(text), [], "{text}");
        }
        assert_eq!(find(&"13800138000 13900139000 ".repeat(50)).len(), 2, "each once");
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(text in any::<String>()) {
            prop_assert!(find(&text).len() <= FOUND);
        }

        #[test]
        fn every_mobile_number_is_found(second in 3_u32..=9, rest in 0_u32..=999_999_999, before in "[一-龥 ：]{0,4}") {
            let number = format!("1{second}{rest:09}");
            let found = find(&format!("{before}{number}，"));
            let shown = format!("{}****{}", &number[..3], &number[7..]);
            prop_assert_eq!(found, vec![Found { what: What::Mobile, shown }]);
        }
    }
}
