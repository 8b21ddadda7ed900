//! Texts, telephone numbers and addresses as they come out of cells and fields.

use duikou_proto::language::Text;
use unicode_normalization::UnicodeNormalization;

use super::{Outcome, TYPED_CHARS, Unclear, Understood, shown};

/// Words that say that there is no value.
const NOTHING: [&str; 9] = ["-", "--", "—", "——", "/", "无", "暂无", "N/A", "NA"];

/// Half-width, in the compatible form (NFKC), without white space: the form in which numbers and dates are read.
pub fn folded(typed: &str) -> String {
    if typed.is_ascii() {
        return typed.chars().filter(|c| !c.is_whitespace()).collect();
    }
    typed.nfkc().filter(|c| !c.is_whitespace() && !is_invisible(*c)).collect()
}

/// Zero-width characters, which copying from web pages and chats leaves in cells.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}')
}

/// Whether it says that there is nothing.
pub fn says_nothing(typed: &str) -> bool {
    let folded = folded(typed);
    folded.is_empty() || NOTHING.contains(&folded.to_uppercase().as_str())
}

/// A text of one line: without spaces around it, line breaks between ideographs dropped and others made spaces.
pub fn line(typed: &str) -> String {
    // As nearly all are.
    if !typed.contains(|c: char| c.is_control() || is_invisible(c) || matches!(c, '\u{2028}' | '\u{2029}')) {
        return typed.trim().to_owned();
    }
    let mut line = String::with_capacity(typed.len());
    for part in typed.split(['\n', '\r', '\t', '\u{85}', '\u{2028}', '\u{2029}']).map(str::trim) {
        if part.is_empty() {
            continue;
        }
        let joins = line.chars().next_back().is_none_or(is_wide) || part.chars().next().is_none_or(is_wide);
        if !joins {
            line.push(' ');
        }
        line.push_str(part);
    }
    line.retain(|c| !is_invisible(c) && !(c.is_control()));
    line.trim().to_owned()
}

/// A text of several lines, with line ends as Unix writes them.
pub fn lines(typed: &str) -> String {
    if !typed.contains('\r') {
        return typed.trim_end().to_owned();
    }
    typed.replace("\r\n", "\n").replace('\r', "\n").trim_end().to_owned()
}

fn is_wide(c: char) -> bool {
    c >= '\u{2e80}'
}

/// An e-mail address, perhaps in full-width characters.
///
/// # Errors
/// Where it is not `local@domain` with a domain of at least two labels.
pub fn email(typed: &str) -> Outcome<String> {
    if says_nothing(typed) {
        return Ok(Understood::nothing(None));
    }
    let address = folded(typed);
    let complete = address.rsplit_once('@').is_some_and(|(_, domain)| domain.contains('.'));
    if address.chars().count() > TYPED_CHARS || !complete || !duikou_proto::validate::is_email(&address) {
        let typed = shown(typed);
        return Err(Unclear::wrong(
            format!("“{typed}”不是完整的邮箱地址，请填写如 name@office.example 的地址。"),
            format!("{typed} is no complete e-mail address: write it like name@office.example."),
        ));
    }
    Ok(Understood::plain(address))
}

/// Telephone numbers: digits, spaces, `+`, `-`, `(`, `)`. An extension (转8001) goes behind a `-`, and several numbers,
/// between which people write what not, stand with a space between them, as the contract has neither.
///
/// # Errors
/// Where a spreadsheet has turned it into a rounded number (`1.38E+10`), or it holds other characters.
pub fn phone(typed: &str) -> Outcome<String> {
    if says_nothing(typed) {
        return Ok(Understood::nothing(None));
    }
    let number: String = typed.nfkc().filter(|c| !is_invisible(*c)).collect();
    let number = number.trim().replace(['–', '—'], "-");
    let scientific = number.to_uppercase().contains("E+")
        || (number.contains('.') && number.bytes().all(|b| b.is_ascii_digit() || b == b'.'));
    if scientific {
        let typed = shown(typed);
        return Err(Unclear::wrong(
            format!("“{typed}”是被表格软件改成数值的号码，末位已丢失：请把该列设为文本后重新填写。"),
            format!(
                "A spreadsheet made {typed} of a number, and its digits are lost: set the column to text and type it again."
            ),
        ));
    }
    let Some(numbers) = numbers(&number) else {
        let typed = shown(typed);
        return Err(Unclear::wrong(
            format!("“{typed}”不是电话号码，请用数字、空格、+、-和括号填写，分机写在“转”之后，多个号码用、分开。"),
            format!(
                "{typed} is no telephone number: write digits, spaces, +, - and brackets, an extension behind ext, and , between several."
            ),
        ));
    };
    if numbers == number {
        return Ok(Understood::plain(number));
    }
    let typed = shown(typed);
    let note = Text::new(format!("“{typed}”写作 {numbers}"), format!("{typed} is written as {numbers}"));
    Ok(Understood { value: Some(numbers), note: Some(note) })
}

/// What stands before a name or a number and is neither.
const LABELS: [&str; 9] = ["联系人", "联系方式", "联系电话", "咨询电话", "办公电话", "手机号", "手机", "座机", "电话"];
/// Characters of a name that stands beside a number.
const NAME_CHARS: usize = 20;

/// A name with the numbers before or behind which it stands, as one cell has both: `王姐 0755-82345678`,
/// `13812345678（王姐）`. None where it is anything else.
pub fn person_and_phone(typed: &str) -> Option<(String, String)> {
    // Most cells are one of both: what has no figure at all is told at a glance.
    if !typed.chars().any(char::is_numeric) || typed.chars().count() > TYPED_CHARS {
        return None;
    }
    let text: String = typed.nfkc().filter(|c| !is_invisible(*c)).collect();
    let text = LABELS.iter().fold(text, |text, label| text.replace(label, " "));
    let is_numeral = |c: char| c.is_ascii_digit() || c == '+';
    let (first, last) = (text.find(is_numeral)?, text.rfind(|c: char| c.is_ascii_digit())?);
    // The bracket of an area code belongs to it.
    let first = if text[..first].ends_with('(') && text[first..].contains(')') { first - 1 } else { first };
    let (before, number, after) = (text.get(..first)?, text.get(first..=last)?, text.get(last + 1..)?);
    let plain = |part: &str| line(part.trim_matches(|c: char| c.is_whitespace() || "::,,、;;/|()-—。.".contains(c)));
    let name = match (plain(before), plain(after)) {
        (name, none) | (none, name) if none.is_empty() && !name.is_empty() => name,
        _ => return None,
    };
    let is_name = |c: char| c.is_alphabetic() || matches!(c, ' ' | '·' | '.');
    let enough = number.bytes().filter(u8::is_ascii_digit).count() >= DIGITS_BESIDE;
    let sound = enough && name.chars().count() <= NAME_CHARS && name.chars().all(is_name);
    // What was the bracket around the number, and none of its own.
    let number = if number.contains(')') { number } else { number.trim_start_matches('(') };
    numbers(number.trim()).filter(|_| sound).map(|phone| (name, phone))
}

/// Digits of a number, and the least of one that stands beside others: fewer are the end of another (…5678/79).
const DIGITS: std::ops::RangeInclusive<usize> = 3..=20;
const DIGITS_BESIDE: usize = 5;
/// What stands before an extension.
const EXTENSIONS: [&str; 6] = ["转", "分机", "ext.", "ext", "Ext", "EXT"];

/// One number or several as the contract takes them; None where they are none.
fn numbers(text: &str) -> Option<String> {
    let digits = |text: &str| text.bytes().filter(u8::is_ascii_digit).count();
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || b" +-()".contains(&b));
    let mut parts: Vec<&str> =
        text.split(['、', ',', ';', '/', '\n', '\r', '或']).map(str::trim).filter(|part| !part.is_empty()).collect();
    // As this function itself writes several.
    if let [one] = *parts
        && plain(one)
        && !DIGITS.contains(&digits(one))
    {
        parts = one.split_whitespace().collect();
    }
    let several = parts.len() > 1;
    let number = |part: &&str| {
        let extension = EXTENSIONS.iter().find_map(|mark| part.split_once(mark));
        let part = match extension {
            Some((number, extension)) => {
                let extension = extension.trim_matches([' ', '-', ':', '号', ')']);
                let all_digits = !extension.is_empty() && extension.bytes().all(|b| b.is_ascii_digit());
                let number = number.trim_end_matches([' ', '-', '(']);
                (all_digits && DIGITS.contains(&digits(number))).then(|| format!("{number}-{extension}"))?
            }
            None => (*part).to_owned(),
        };
        let enough = DIGITS.contains(&digits(&part)) && (!several || digits(&part) >= DIGITS_BESIDE);
        (plain(&part) && enough).then_some(part)
    };
    let numbers = parts.iter().map(number).collect::<Option<Vec<String>>>()?;
    (!numbers.is_empty()).then(|| numbers.join(" "))
}

/// A web address; one that begins with `www.` is taken for one of https.
///
/// # Errors
/// Where it does not begin with `https://` or `http://`.
pub fn url(typed: &str) -> Outcome<String> {
    if says_nothing(typed) {
        return Ok(Understood::nothing(None));
    }
    let address = typed.trim();
    let bare = address.get(..4).is_some_and(|begins| begins.eq_ignore_ascii_case("www.")) && address[4..].contains('.');
    let completed = if bare { format!("https://{address}") } else { address.to_owned() };
    let address = &*completed;
    let known = ["https://", "http://"].iter().any(|scheme| address.starts_with(scheme));
    if !known || address.contains(char::is_whitespace) {
        let typed = shown(typed);
        return Err(Unclear::wrong(
            format!("“{typed}”不是网址，请填写以 https:// 开头的网址，没有请留空。"),
            format!("{typed} is no web address: write one that begins with https://, or leave it empty."),
        ));
    }
    Ok(Understood::plain(address.to_owned()))
}

/// Several values in one field: separated by semicolons, line breaks, slashes or bars; where there are none of these, by
/// 、 and commas.
pub fn items(typed: &str) -> Vec<String> {
    let of = |separators: &[char]| -> Vec<String> {
        typed.split(separators).map(line).filter(|item| !item.is_empty()).collect()
    };
    let strong = of(&[';', '；', '\n', '\r', '|', '｜']);
    if strong.len() > 1 || typed.contains([';', '；']) {
        strong
    } else {
        of(&['、', ',', '，', '/', '／', '\n', '\r'])
    }
}
