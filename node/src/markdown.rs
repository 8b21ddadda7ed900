//! Markdown of members, as HTML and without its marks. Of the HTML nothing runs, styles, or is fetched; links say that
//! they are not ours.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::LazyLock;

use ammonia::{Builder, UrlRelative};
use comrak::{Options, markdown_to_html};

use crate::html::Escaped;

/// What is left of a text; everything else loses its tags and keeps its words.
const TAGS: [&str; 24] = [
    "a",
    "blockquote",
    "br",
    "code",
    "em",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "li",
    "ol",
    "p",
    "pre",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
];

static OPTIONS: LazyLock<Options<'static>> = LazyLock::new(|| {
    // Nothing is struck out: `~` stands between the ends of ranges, 5000~7000元.
    let mut options = Options::default();
    options.extension.table = true;
    options.extension.autolink = true;
    // Chinese has no spaces around what is emphasised.
    options.extension.cjk_friendly_emphasis = true;
    // Raw HTML is shown as it was typed.
    options.render.escape = true;
    // What is pasted has the end of a line where it is to be one, and an empty line nowhere.
    options.render.hardbreaks = true;
    options
});

static CLEANER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut cleaner = Builder::default();
    let mut tags: HashSet<&str> = TAGS.into_iter().collect();
    tags.insert("ul");
    cleaner
        .tags(tags)
        .url_schemes(["http", "https", "mailto"].into_iter().collect())
        .url_relative(UrlRelative::Deny)
        .generic_attributes(HashSet::new())
        .link_rel(Some("nofollow ugc noopener"));
    cleaner
});

/// Quotations and lists within one another, begun on one line; nobody writes as many, and reading them takes time that
/// grows with their square.
const DEPTH: usize = 32;

/// `text` as HTML whose headings go below the page's own; as it was typed, where it nests deeper than people write.
pub(crate) fn html(text: &str) -> String {
    if text.lines().any(nests_deeply) {
        return format!("<pre>{}</pre>", Escaped(text));
    }
    let html = markdown_to_html(&starred(text), &OPTIONS);
    let html = lowered(&html).replace(STAR, "*").replace(STAR_IN_ADDRESS, "*");
    CLEANER.clean(&html).to_string()
}

fn nests_deeply(line: &str) -> bool {
    let marks = |c: &char| matches!(c, '>' | '-' | '*' | '+' | '.' | ')' | ' ' | '\t') || c.is_ascii_digit();
    let begun: Vec<char> = line.chars().take_while(marks).collect();
    // A quotation needs no space after its mark; without one, marks of lists are lines across the page.
    let begins = begun.iter().zip(begun.iter().skip(1).chain([&' ']));
    begins.filter(|(mark, next)| **mark == '>' || ("-*+.)".contains(**mark) && next.is_whitespace())).count() > DEPTH
}

/// Stands for a `*` that is no mark while a text is read; no text has this character, which Unicode gives to nobody.
const STAR: char = '\u{fdd0}';
/// The same where an address has it.
const STAR_IN_ADDRESS: &str = "%EF%B7%90";

/// `text` with [`STAR`] for each `*` that multiplies, 20*30米 or 长*宽, or that points to a note: one between letters or
/// digits, or between spaces, or that is alone on its line. What is left of them sets marks.
fn starred(text: &str) -> Cow<'_, str> {
    if !text.contains('*') {
        return Cow::Borrowed(text);
    }
    let mut starred = String::with_capacity(text.len() + text.len() / 8);
    for line in text.split_inclusive('\n') {
        // Where something that is emphasised may have begun, and whether the line has said anything yet.
        let (mut begun, mut inside) = (None::<usize>, false);
        let mut before = None::<char>;
        let mut rest = line.chars().peekable();
        while let Some(c) = rest.next() {
            let after = rest.peek().copied();
            let is = |c: Option<char>, kind: fn(char) -> bool| c.is_some_and(kind);
            let [left, right] = [before, after].map(|c| is(c, char::is_alphanumeric));
            let spaced = is(before, char::is_whitespace) && is(after, char::is_whitespace);
            let counted = [before, after].iter().any(|c| is(*c, |c| c.is_ascii_alphanumeric()));
            // A backslash before it has said already that it is no mark.
            let alone = c == '*' && !is(before, |c| matches!(c, '*' | '\\')) && after != Some('*');
            if alone && (left && right && (counted || begun.is_none()) || spaced && inside) {
                starred.push(STAR);
            } else {
                if alone && !spaced {
                    begun = match begun {
                        Some(_) => None,
                        None => (!left && !is(after, char::is_whitespace)).then_some(starred.len()),
                    };
                }
                starred.push(c);
            }
            inside |= c.is_alphanumeric();
            before = Some(c);
        }
        if let Some(at) = begun {
            starred.replace_range(at..=at, STAR.encode_utf8(&mut [0; 4]));
        }
    }
    Cow::Owned(starred)
}

/// The first heading of a page is its title; those of a text are below it.
fn lowered(html: &str) -> String {
    let mut html = html.to_owned();
    for level in (1..=5).rev() {
        for (from, to) in [("<h", "<h"), ("</h", "</h")] {
            html = html.replace(&format!("{from}{level}>"), &format!("{to}{}>", level + 1));
        }
    }
    html
}

/// What Markdown sets around words.
const MARKS: [char; 5] = ['*', '#', '`', '>', '|'];

/// A piece of a text as people read it, without what Markdown sets around words and before the items of a list.
pub(crate) fn unmarked(piece: &str) -> String {
    let piece = starred(piece);
    piece.strip_prefix("- ").unwrap_or(&piece).replace("\n- ", "\n· ").replace(MARKS, "").replace(STAR, "*")
}

/// About `characters` of `text` without marks, for where a summary is lacking.
pub(crate) fn beginning(text: &str, characters: usize) -> String {
    let plain = unmarked(text);
    let words: Vec<&str> = plain.split_whitespace().collect();
    let plain = words.join(" ");
    match plain.char_indices().nth(characters) {
        Some((at, _)) => format!("{}…", plain[..at].trim_end()),
        None => plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_emphasis_lists_tables_and_links_are_written() {
        let text = "**要点**：\n\n- 方式：*贴息*贷款\n\n| 甲 | 乙 |\n|---|---|\n| 1 | 2 |\n\n[网页](https://a.example)";
        let html = html(text);
        for part in ["<strong>要点</strong>", "<em>贴息</em>", "<table>", "href=\"https://a.example\""] {
            assert!(html.contains(part), "{part}: {html}");
        }
        assert!(html.contains("rel=\"nofollow ugc noopener\""), "{html}");
        assert_eq!(super::html("# 一\n\n## 二"), "<h2>一</h2>\n<h3>二</h3>\n");
    }

    #[test]
    fn ranges_and_products_are_as_they_were_typed() {
        for text in [
            "年龄18~45岁，工资3000~5000元/月，补贴200~300元",
            "好~~真好~~",
            "面积20*30米，共5*6间",
            "规格3米*5米、长*宽*高，5*3=15",
            "*注：每间5*3米，每层2*4间",
            "20 * 30米，5 * 6",
        ] {
            assert_eq!(html(text), format!("<p>{text}</p>\n"));
            assert_eq!(beginning(text, 100), text);
        }
        assert_eq!(html("这里**很**好，*重要*的是"), "<p>这里<strong>很</strong>好，<em>重要</em>的是</p>\n");
        assert_eq!(html("`5*3`"), "<p><code>5*3</code></p>\n");
        assert!(
            html("https://a.example/5*3").contains("href=\"https://a.example/5*3\""),
            "{}",
            html("https://a.example/5*3")
        );
    }

    #[test]
    fn lines_end_where_they_were_ended() {
        let html = html("岗位要求如下：\n1、年龄18至45岁\n（二）每天8小时\n\n- 一\n- 二\n");
        let wanted =
            "<p>岗位要求如下：<br>\n1、年龄18至45岁<br>\n（二）每天8小时</p>\n<ul>\n<li>一</li>\n<li>二</li>\n</ul>\n";
        assert_eq!(html, wanted);
    }

    #[test]
    fn hostile_texts_stay_texts() {
        for text in [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "![x](https://tracker.example/p.png)",
            "[x](javascript:alert(1))",
            "[x](data:text/html;base64,PHNjcmlwdD4=)",
            "<a href=\"https://a.example\" onclick=\"x()\" style=\"position:fixed\">x</a>",
            "[x](//evil.example)",
            "<style>*{display:none}</style>",
            "<iframe src=https://evil.example></iframe>",
            "<svg/onload=alert(1)>",
            "[x]: https://a.example\n<form action=https://evil.example>",
        ] {
            let html = html(text);
            for bad in [
                "<script",
                "<img",
                "<iframe",
                "<style",
                "<svg",
                "<form",
                "javascript:\"",
                "href=\"javascript",
                "href=\"data",
                "href=\"//",
                "<a href=\"https://a.example\" on",
            ] {
                assert!(!html.contains(bad), "{text} became {html}");
            }
        }
    }

    #[test]
    fn what_nests_deeper_than_people_write_is_shown_as_it_was_typed() {
        for piece in ["> ", ">", "- ", "1. ", "> - "] {
            let text: String = piece.repeat(20_000 / piece.len());
            assert!(html(&text).starts_with("<pre>"), "{piece}");
        }
        for text in ["> > - 一", &"-".repeat(200), &"*".repeat(20_000), &"[".repeat(20_000), "2026.11.03 - 04"] {
            assert!(!html(text).starts_with("<pre>"), "{text}");
        }
    }

    #[test]
    fn beginnings_have_no_marks() {
        assert_eq!(beginning("**要点**\n\n- 一", 20), "要点 · 一");
        assert_eq!(beginning("- 地区：黔南\n- 总投资：1.2亿元", 20), "地区：黔南 · 总投资：1.2亿元");
        assert_eq!(beginning("一二三四五", 3), "一二三…");
    }
}
