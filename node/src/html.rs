//! HTML that is written here: text that is no markup, and the frame of a small document.

use std::fmt::{Display, Formatter, Write};

use duikou_proto::language::Language;

/// Text as HTML shows it, in elements and in quoted attributes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Escaped<'a>(pub(crate) &'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        self.0.chars().try_for_each(|character| match character {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            '\'' => f.write_str("&#39;"),
            other => f.write_char(other),
        })
    }
}

/// A whole document around `body`, which is HTML already; `style` is the address of its style sheet.
pub(crate) fn document(language: Language, title: &str, style: Option<&str>, body: impl Display) -> String {
    let style = style.map(|address| format!("<link rel=\"stylesheet\" href=\"{}\">", Escaped(address)));
    format!(
        "<!DOCTYPE html><html lang=\"{}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{}</title>{}</head>\
         <body>{body}</body></html>\n",
        language.tag(),
        Escaped(title),
        style.unwrap_or_default(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_no_markup() {
        let page = document(Language::En, "<b>\"&'", Some("/\"x"), "<main></main>");
        assert!(page.contains("<title>&lt;b&gt;&quot;&amp;&#39;</title>"));
        assert!(page.contains("href=\"/&quot;x\"") && page.contains("<body><main></main></body>"));
    }
}
