//! A sample of every page, with which tests write each in both languages. A page that is added gets its sample from its
//! part; the test fails where a template has none.

use std::cell::RefCell;

use duikou_proto::language::Language;

use super::catalogue::Texts;
use super::consent::ConsentPage;
use super::design::DesignPage;
use super::help::HelpPage;
use super::layout::{Notice, Page, Section, Tone};
use super::problems::ProblemPage;
use super::returning::Waiting;
use super::visitor::{Theme, Visitor};
use super::{drafts, imports, office, people, reading, saved};
use crate::accounts::Role;
use crate::config::{Line, Site, WebAddress};

/// The network of all samples.
pub(super) const NETWORK: &str = "pprd.example";

/// Pages as they are written, by the names of their templates; a template may have several.
pub(super) struct Samples {
    pub(super) language: Language,
    theme: Theme,
    pages: RefCell<Vec<(&'static str, String)>>,
}

impl Samples {
    /// Writes a page by the template with this name.
    pub(super) fn add(&self, name: &'static str, page: &dyn askama::DynTemplate) {
        self.pages.borrow_mut().push((name, page.dyn_render().expect("it is written")));
    }

    /// One text or the other.
    pub(super) fn say(&self, zh: &str, en: &str) -> String {
        say(self.language, zh, en)
    }

    /// Whoever looks at the page with this address without being signed in.
    pub(super) fn visitor(&self, here: &str) -> Visitor {
        Visitor::sample(self.language, self.theme, here)
    }

    /// Whoever looks at it with this role.
    pub(super) fn signed(&self, role: Role, here: &str) -> Visitor {
        Visitor::signed_sample(self.language, self.theme, here, role)
    }

    /// What surrounds a page that anybody sees.
    pub(super) fn page(&self, section: Section, title: &str, here: &str) -> Page {
        let mut page = self.page_for(&self.visitor(here), section, title);
        page.person = "bijie".to_owned();
        page
    }

    /// What surrounds a page that this visitor sees.
    pub(super) fn page_for(&self, visitor: &Visitor, section: Section, title: &str) -> Page {
        let line = |text: &str| Line::for_tests(text);
        let site = Site {
            sponsor: line(&self.say("某市人民政府办公室", "Government Office")),
            icp: line("ICP-00000000"),
            police: line("P-00000000000000"),
            code: line("0000000000"),
            telephone: line("0755-00000000"),
            report_errors: WebAddress::for_tests("https://duikou.example/report?page="),
            ..Site::default()
        };
        let base = "https://duikou.example".to_owned();
        let mut page = Page::plain(visitor, site, base, NETWORK.to_owned(), section, title.to_owned());
        page.today = self.say("2026年11月30日", "30 November 2026");
        page.notices.push(Notice { tone: Tone::Warning, text: Texts::of(self.language).text("search-building") });
        page
    }
}

/// The text of this language.
pub(super) fn say(language: Language, zh: &str, en: &str) -> String {
    match language {
        Language::Zh => zh.to_owned(),
        Language::En => en.to_owned(),
    }
}

/// Every page by the name of its template, written; a template may have several samples.
pub(super) fn all(language: Language, theme: Theme) -> Vec<(&'static str, String)> {
    let samples = Samples { language, theme, pages: RefCell::default() };
    kit(&samples);
    reading::samples(&samples);
    people::samples(&samples);
    drafts::samples(&samples);
    imports::samples(&samples);
    saved::samples(&samples);
    office::samples(&samples);
    samples.pages.into_inner()
}

fn kit(samples: &Samples) {
    for (role, reads) in [(Some(Role::Editor), false), (None, true)] {
        samples.add("kit/help.html", &HelpPage::of(samples.page(Section::Help, "help", "/help"), role, reads));
    }
    samples.add("kit/design.html", &DesignPage::of(samples.page(Section::None, "design", "/design")));
    let page = samples.page(Section::None, "<asked>", "/subscriptions/confirm/x");
    let (button, aside) = ("<confirm>".to_owned(), "<aside>".to_owned());
    samples.add("kit/consent.html", &ConsentPage { page, button, aside });
    for member in [None, Some(("zunyi.pprd.example".to_owned(), "<act for>".to_owned()))] {
        let typed = [("a", "<words> & more"), ("b", "x"), ("b", "\"y")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let here = "/nowhere?a=1&b=\"2\"";
        let problem = ProblemPage {
            page: match &member {
                None => samples.page(Section::None, "problem", here),
                Some(_) => samples.page_for(&samples.signed(Role::Editor, here), Section::None, "problem"),
            },
            status: 404,
            code: "NOT_FOUND",
            reason: "NOT_FOUND".to_owned(),
            detail: "<detail>".to_owned(),
            violations: vec![("listing.title".to_owned(), "<too long>".to_owned()), (String::new(), "x".to_owned())],
            request_id: "00000000-0000-0000-0000-000000000000".to_owned(),
            typed: Waiting { path: "/drafts/new?a=1&b=\"".to_owned(), fields: typed.into() },
            member,
            back: "/drafts?a=\"".to_owned(),
        };
        samples.add("kit/problem.html", &problem);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    const PARTS: &[&str] = &[
        "drafts/again.html",
        "drafts/endings.html",
        "drafts/judged.html",
        "drafts/lines.html",
        "drafts/shown.html",
        "kit/said.html",
        "kit/kept.html",
        "kit/exports.html",
        "kit/layout.html",
        "kit/top.html",
        "kit/bottom.html",
        "kit/field.html",
        "kit/pager.html",
        "kit/empty.html",
        "reading/find.html",
        "reading/card.html",
        "reading/facts.html",
        "people/sessions.html",
        "people/roles.html",
        "people/identities.html",
        "office/work.html",
        "office/chart.html",
        "office/held.html",
    ];

    #[test]
    fn every_template_is_written_in_both_languages() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
        let mut templates = BTreeSet::new();
        for folder in std::fs::read_dir(&root).unwrap() {
            let folder = folder.unwrap();
            for file in std::fs::read_dir(folder.path()).unwrap() {
                let names = [folder.file_name(), file.unwrap().file_name()];
                templates.insert(names.map(|name| name.into_string().unwrap()).join("/"));
            }
        }
        for language in [Language::Zh, Language::En] {
            let pages = all(language, Theme::Auto);
            let mut written: BTreeSet<String> = pages.iter().map(|(name, _)| (*name).to_owned()).collect();
            written.extend(PARTS.iter().map(|part| (*part).to_owned()));
            assert_eq!(written, templates, "every template has a sample");
            for (name, html) in pages {
                assert!(html.contains(&format!("<html lang=\"{}\"", language.tag())), "{name}");
                assert!(html.trim_end().ends_with("</html>"), "{name}");
                assert!(html.len() < 100 * 1024, "{name} has {} bytes", html.len());
            }
        }
    }

    #[test]
    fn who_holds_a_listing_is_printed_where_somebody_asks() {
        let pages = all(Language::Zh, Theme::Auto);
        let listings: Vec<&String> =
            pages.iter().filter(|(name, _)| *name == "reading/listing.html").map(|(_, html)| html).collect();
        let printed = |html: &&&String| html.contains("<section class=\"panel\" aria-labelledby=\"holders\">");
        let kept = |html: &&&String| html.contains("<section class=\"panel no-print\" aria-labelledby=\"holders\">");
        assert_eq!((listings.iter().filter(printed).count(), listings.iter().filter(kept).count()), (1, 4));
    }

    #[test]
    fn every_form_that_writes_for_a_member_says_for_whom_it_was_opened() {
        // Whoever sends these acts for nobody yet, or writes nothing that is a member's; or it is sent on as it was.
        let others = [
            "kit/consent.html",
            "kit/top.html",
            "kit/problem.html",
            "people/account.html",
            "people/factor.html",
            "people/link.html",
            "people/reader.html",
            "people/send-on.html",
            "people/sessions.html",
            "people/sign-in.html",
        ];
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
        let mut forms = 0;
        for folder in std::fs::read_dir(&root).unwrap() {
            for file in std::fs::read_dir(folder.unwrap().path()).unwrap() {
                let path = file.unwrap().path();
                let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
                let text = std::fs::read_to_string(&path).unwrap();
                for form in text.split("<form ").skip(1).filter(|_| !others.contains(&&*name)) {
                    let (tag, body) = form.split_once('>').unwrap();
                    if tag.contains("method=\"post\"") {
                        let said = ["{{ page.whose()|safe }}", "{{ whose|safe }}"];
                        assert!(said.iter().any(|field| body.starts_with(field)), "{name}: {form}");
                        forms += 1;
                    }
                }
            }
        }
        assert!(forms > 20, "{forms} were looked at");
    }

    #[test]
    fn no_page_holds_what_the_policy_forbids_or_what_members_smuggle() {
        for (name, html) in all(Language::Zh, Theme::Dark) {
            for bad in [
                "style=",
                "onclick",
                "onload",
                "javascript:",
                "<img src=\"http",
                "t.example/p.png\"",
                "<b>物流",
                "<script>x",
            ] {
                assert!(!html.contains(bad), "{name} holds {bad}");
            }
            let scripts = html.matches("<script").count();
            let known = html.matches("<script src=\"/assets/").count()
                + html.matches("<script type=\"application/ld+json\">").count();
            assert_eq!(scripts, known, "{name}");
        }
    }

    #[test]
    fn whoever_hands_in_again_sees_why_it_was_given_back_and_that_nothing_has_changed() {
        let pages = all(Language::Zh, Theme::Auto);
        let mut sent = pages.iter().filter(|(name, _)| *name == "drafts/send.html");
        assert!(sent.any(|(_, html)| html.contains("which?") && html.contains("退回之后，内容没有改动")));
    }

    #[test]
    fn english_pages_hold_no_chinese_but_the_name_of_the_language() {
        for (name, html) in all(Language::En, Theme::Light) {
            let html = html.replace("中文", "");
            // What machines read names places as the directory does.
            let people: String = html
                .split("<script type=\"application/ld+json\">")
                .enumerate()
                .map(
                    |(at, part)| if at == 0 { part } else { part.split_once("</script>").map_or("", |(_, rest)| rest) },
                )
                .collect();
            let chinese: String = people.chars().filter(|c| ('\u{4e00}'..='\u{9fff}').contains(c)).collect();
            assert!(chinese.is_empty(), "{name}: {chinese}");
        }
    }

    #[test]
    fn a_problem_tells_its_code_once_and_only_to_members() {
        let pages = all(Language::Zh, Theme::Auto);
        let problems: Vec<&str> =
            pages.iter().filter(|(name, _)| *name == "kit/problem.html").map(|(_, html)| &**html).collect();
        let codes = |html: &str| html.matches("NOT_FOUND").count();
        assert_eq!(problems.iter().map(|html| codes(html)).collect::<Vec<_>>(), [0, 1]);
        assert!(problems.iter().all(|html| html.contains("<details") && html.contains("00000000-0000")));
    }
}
