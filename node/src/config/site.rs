//! `[site]`: what pages say of the office whose they are, as sites of Chinese government offices must.

use std::fmt;

use super::fault::Rule;
use super::part::{NO_KEY, Part, put};
use super::registered;
use super::values::Value;

/// `[site]`. Whatever is not set is left out of the pages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Site {
    /// `title_zh`: the site's full name in Chinese. Default 对口合作信息网.
    pub title_zh: Option<Line>,
    /// `title_en`: the site's full name in English. Default Regional Cooperation Exchange.
    pub title_en: Option<Line>,
    /// `sponsor`: 主办单位.
    pub sponsor: Option<Line>,
    /// `organiser`: 承办单位.
    pub organiser: Option<Line>,
    /// `icp`: ICP 备案号, for example `粤ICP备00000000号`.
    pub icp: Option<Line>,
    /// `police`: 公安备案号, for example `粤公网安备00000000000000号`.
    pub police: Option<Line>,
    /// `code`: 政府网站标识码, ten digits, or `bm` and eight.
    pub code: Option<Line>,
    /// `telephone`: 联系电话.
    pub telephone: Option<Line>,
    /// `address`: 地址.
    pub address: Option<Line>,
    /// `report_errors`: where readers report errors (我为政府网站找错, or an address of the office): `https://`, `http://` or
    /// `mailto:`. The page's own address is appended to one that ends in `=`.
    pub report_errors: Option<WebAddress>,
}

impl Part for Site {
    fn keys(&self) -> &'static [&'static str] {
        &[
            "title_zh",
            "title_en",
            "sponsor",
            "organiser",
            "icp",
            "police",
            "code",
            "telephone",
            "address",
            "report_errors",
        ]
    }

    fn set(&mut self, key: &str, text: &str) -> Result<(), Rule> {
        match key {
            "title_zh" => put(&mut self.title_zh, text),
            "title_en" => put(&mut self.title_en, text),
            "sponsor" => put(&mut self.sponsor, text),
            "organiser" => put(&mut self.organiser, text),
            "icp" => registered::icp(text).map(|number| self.icp = Some(number)),
            "police" => registered::police(text).map(|number| self.police = Some(number)),
            "code" => registered::code(text).map(|code| self.code = Some(code)),
            "telephone" => put(&mut self.telephone, text),
            "address" => put(&mut self.address, text),
            "report_errors" => put(&mut self.report_errors, text),
            _ => Err(NO_KEY),
        }
    }
}

/// What pages say on one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line(String);

/// Characters of a line.
const LINE_CHARS: usize = 200;

impl Line {
    #[cfg(any(test, feature = "samples"))]
    pub(crate) fn for_tests(text: &str) -> Option<Self> {
        Self::read(text).ok()
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a link of a page leads: `https://…`, `http://…` or `mailto:…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebAddress(String);

/// Bytes of a link.
const ADDRESS_BYTES: usize = 2_000;

impl WebAddress {
    #[cfg(any(test, feature = "samples"))]
    pub(crate) fn for_tests(text: &str) -> Option<Self> {
        Self::read(text).ok()
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for WebAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Value for Line {
    fn read(text: &str) -> Result<Self, Rule> {
        let text = text.trim();
        let long = text.chars().count() > LINE_CHARS;
        if text.is_empty() || long || text.chars().any(char::is_control) {
            return Err(Rule {
                zh: "应为一行文字，1至200个字符", en: "it is one line of 1 to 200 characters"
            });
        }
        Ok(Self(text.to_owned()))
    }
}

impl Value for WebAddress {
    fn read(text: &str) -> Result<Self, Rule> {
        const RULE: Rule = Rule {
            zh: "应为网址或邮箱链接，如 https://duikou.example/report 或 mailto:office@duikou.example",
            en: "it is a link, for example https://duikou.example/report or mailto:office@duikou.example",
        };
        let text = text.trim();
        let plain = text.len() <= ADDRESS_BYTES && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"');
        let mail = text.strip_prefix("mailto:").is_some_and(|rest| rest.contains('@'));
        let web = text.parse::<http::Uri>().is_ok_and(|uri| {
            uri.scheme_str().is_some_and(|scheme| ["https", "http"].contains(&scheme)) && uri.authority().is_some()
        });
        if plain && (mail || web) { Ok(Self(text.to_owned())) } else { Err(RULE) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_links_are_what_they_say() {
        for text in ["某市人民政府办公室", " a ", &"长".repeat(200)] {
            assert_eq!(Line::for_tests(text).map(|line| line.to_string()).as_deref(), Some(text.trim()));
        }
        for text in ["", "  ", "a\nb", "\0", &"长".repeat(201)] {
            assert_eq!(Line::for_tests(text), None, "{text:?}");
        }
        for text in ["https://a.example/report?page=", "http://a.example", "mailto:office@a.example"] {
            assert!(WebAddress::for_tests(text).is_some(), "{text}");
        }
        for text in ["", "javascript:alert(1)", "//a.example", "/report", "mailto:", "https://a.example/ b", "https://"]
        {
            assert_eq!(WebAddress::for_tests(text), None, "{text}");
        }
    }
}
