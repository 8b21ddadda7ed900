//! Markdown of members as HTML: nothing in it runs, styles, or is fetched; links say that they are not ours.

use std::collections::HashSet;
use std::sync::LazyLock;

use ammonia::{Builder, UrlRelative};
use comrak::{Options, markdown_to_html};

use crate::html::Escaped;

/// What is left of a text; everything else loses its tags and keeps its words.
const TAGS: [&str; 25] = [
    "a",
    "blockquote",
    "br",
    "code",
    "del",
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
    let mut options = Options::default();
    options.extension.strikethrough = true;
    options.extension.table = true;
    options.extension.autolink = true;
    // Chinese has no spaces around what is emphasised.
    options.extension.cjk_friendly_emphasis = true;
    // Raw HTML is shown as it was typed.
    options.render.escape = true;
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
    let html = markdown_to_html(text, &OPTIONS);
    let html = lowered(&html);
    CLEANER.clean(&html).to_string()
}

fn nests_deeply(line: &str) -> bool {
    let marks = |c: &char| matches!(c, '>' | '-' | '*' | '+' | '.' | ')' | ' ' | '\t') || c.is_ascii_digit();
    let begun: Vec<char> = line.chars().take_while(marks).collect();
    // A quotation needs no space after its mark; without one, marks of lists are lines across the page.
    let begins = begun.iter().zip(begun.iter().skip(1).chain([&' ']));
    begins.filter(|(mark, next)| **mark == '>' || ("-*+.)".contains(**mark) && next.is_whitespace())).count() > DEPTH
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
pub(super) fn unmarked(piece: &str) -> String {
    piece.strip_prefix("- ").unwrap_or(piece).replace("\n- ", "\n· ").replace(MARKS, "")
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
