//! What surrounds every page: head, header, navigation, notices, and the footer of a government site.

use std::sync::Arc;

use askama::Template;
use duikou_proto::language::Language;

use super::Web;
use super::assets::{MARK_FILE, SCRIPT_FILE, STYLE_FILE};
use super::catalogue::Texts;
use super::format;
use super::signed::{SIGN_IN, SignedPerson, member_name, sign_in_path};
use super::visitor::{Theme, Visitor};
use super::words;
use crate::accounts::Role;
use crate::addresses::Origin;
use crate::config::{Line, Site, WebAddress};
use crate::engine::Reader;

/// A part of the site, as the navigation names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    /// None of them.
    None,
    Home,
    Listings,
    Drafts,
    Calendar,
    Members,
    Import,
    Saved,
    Statistics,
    Admin,
    /// Beside them.
    Help,
}

/// A part as the navigation has it: the least role of those who are signed in to whom it is shown (None: anybody sees it),
/// its address, and the id of its name.
type Shown = (Section, Option<Role>, &'static str, &'static str);

impl Section {
    /// In the order in which the navigation shows them.
    const SHOWN: &[Shown] = &[
        (Self::Home, None, "/", "nav-home"),
        (Self::Listings, None, "/listings", "nav-listings"),
        (Self::Drafts, Some(Role::Editor), "/drafts", "nav-drafts"),
        (Self::Import, Some(Role::Editor), "/import", "nav-import"),
        (Self::Calendar, None, "/calendar", "nav-calendar"),
        (Self::Members, None, "/members", "nav-members"),
        (Self::Saved, Some(Role::Viewer), "/saved", "nav-saved"),
        (Self::Statistics, Some(Role::Viewer), "/statistics", "nav-statistics"),
        (Self::Admin, Some(Role::Admin), "/admin", "nav-admin"),
    ];
}

/// One entry of the navigation.
pub(crate) struct NavLink {
    pub(crate) path: &'static str,
    pub(crate) name: String,
    pub(crate) current: bool,
}

/// One step of the way from the first page to this one.
pub(crate) struct Crumb {
    pub(crate) path: String,
    pub(crate) name: String,
}

impl Crumb {
    /// The way to what is below administration.
    pub(crate) fn admin(texts: Texts) -> Self {
        Self { path: "/admin".to_owned(), name: texts.text("admin-title") }
    }
}

/// A feed of what the page shows.
pub(crate) struct FeedLink {
    pub(crate) path: String,
    pub(crate) kind: &'static str,
    pub(crate) name: String,
}

/// How much a notice matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// It is good to know.
    Info,
    /// It has been done.
    Done,
    /// Look at it.
    Warning,
    /// It went wrong.
    Danger,
}

impl Tone {
    /// As the style has it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Done => "done",
            Self::Warning => "warning",
            Self::Danger => "danger",
        }
    }
}

/// A line above the page.
pub(crate) struct Notice {
    pub(crate) tone: Tone,
    pub(crate) text: String,
}

/// A label and a value of the footer.
pub(crate) struct Slot {
    pub(crate) label: String,
    pub(crate) value: String,
    /// Where the value leads.
    pub(crate) link: Option<&'static str>,
}

/// Where registrations of sites and of their police filing are looked up.
const ICP_REGISTER: &str = "https://beian.miit.gov.cn/";
const POLICE_REGISTER: &str = "https://beian.mps.gov.cn/";

/// What surrounds a page.
pub(crate) struct Page {
    texts: Texts,
    pub(crate) theme: Theme,
    site: Site,
    base: String,
    network: String,
    /// The day on which it is made, in China.
    pub(crate) today: String,
    /// The e-mail address of whoever runs the server, where it is known; else empty.
    office: String,
    /// That of whoever answers for what the page shows; empty: nobody in particular.
    pub(crate) answers: String,
    /// Of the page, without the site's.
    pub(crate) title: String,
    /// For search engines; empty: none.
    pub(crate) description: String,
    /// Path and query, to which the header's form leads back.
    pub(crate) here: String,
    section: Section,
    /// The path under which the page is known, without what does not change it; empty: none.
    pub(crate) canonical: String,
    pub(crate) feeds: Vec<FeedLink>,
    /// The way here, this page excepted.
    pub(crate) trail: Vec<Crumb>,
    /// Further `meta` elements of the head.
    pub(crate) metas: Vec<(&'static str, String)>,
    /// JSON-LD; none of its characters ends a script.
    pub(crate) data: String,
    /// Whether search engines may keep it.
    pub(crate) indexed: bool,
    pub(crate) notices: Vec<Notice>,
    /// Whose eyes are looked through, where a token says so; empty: nobody's in particular.
    pub(crate) person: String,
    /// Whether their browser shows that token, and can forget it.
    pub(crate) leaves: bool,
    signed_in: Option<Arc<SignedPerson>>,
}

/// What stands above the content of every page. It is a template by itself, since what pages only included would be
/// compiled with each of them.
#[derive(Template)]
#[template(path = "kit/top.html")]
pub(crate) struct Top<'a> {
    page: &'a Page,
}

/// What stands below it.
#[derive(Template)]
#[template(path = "kit/bottom.html")]
pub(crate) struct Bottom<'a> {
    page: &'a Page,
}

impl Page {
    /// A page of `section` for `visitor`.
    pub(crate) fn new(web: &Web, visitor: &Visitor, section: Section, title: String) -> Self {
        let engine = web.engine();
        let person = match visitor.reader().whole() {
            _ if visitor.signed_in().is_some() => String::new(),
            Reader::Member(member) => member_name(engine, visitor.language(), member),
            Reader::Registered => {
                let called = visitor.enterprise.as_ref().map(|name| name.in_language(visitor.language()).to_owned());
                called.unwrap_or_else(|| visitor.texts.text("person-registered"))
            }
            Reader::Operator => visitor.texts.text("person-operator"),
            Reader::Anonymous | Reader::Narrowed(..) => String::new(),
        };
        let network = engine.identity().network.to_string();
        let base = visitor.origin.as_ref().map_or_else(String::new, Origin::to_string);
        let mut page = Self::plain(visitor, web.site(), base, network, section, title);
        let now = format::in_china(engine.now().div_euclid(1_000_000));
        page.today = format::date(visitor.language(), &now);
        if crate::services::is_stale(engine, web.links()) {
            page.notices.push(Notice { tone: Tone::Warning, text: page.text("notice-stale") });
        }
        let office = web.desk().answered_at().unwrap_or_default();
        Self { person, office, leaves: visitor.reads_by_token(), ..page }
    }

    /// The same without a server behind it.
    pub(crate) fn plain(
        visitor: &Visitor,
        site: Site,
        base: String,
        network: String,
        section: Section,
        title: String,
    ) -> Self {
        let done = visitor.notice().map(|id| Notice { tone: Tone::Done, text: visitor.texts.text(id) });
        Self {
            texts: visitor.texts,
            theme: visitor.theme,
            site,
            base,
            network,
            today: String::new(),
            office: String::new(),
            answers: String::new(),
            title,
            description: String::new(),
            here: visitor.here.clone(),
            section,
            canonical: String::new(),
            feeds: Vec::new(),
            trail: Vec::new(),
            metas: Vec::new(),
            data: String::new(),
            indexed: true,
            notices: done.into_iter().collect(),
            person: String::new(),
            leaves: false,
            signed_in: visitor.person(),
        }
    }

    /// Everything up to the content.
    pub(crate) fn top(&self) -> Top<'_> {
        Top { page: self }
    }

    /// Everything after it.
    pub(crate) fn bottom(&self) -> Bottom<'_> {
        Bottom { page: self }
    }

    /// A text without arguments.
    pub(crate) fn text(&self, id: &str) -> String {
        self.texts.text(id)
    }

    /// A text about a number.
    pub(crate) fn count(&self, id: &str, count: &usize) -> String {
        self.texts.count(id, *count)
    }

    /// A text about something.
    pub(crate) fn about(&self, id: &str, what: &str) -> String {
        self.texts.about(id, what)
    }

    /// All texts.
    pub(crate) fn texts(&self) -> Texts {
        self.texts
    }

    /// For `lang`.
    pub(crate) fn lang(&self) -> &'static str {
        self.texts.language().tag()
    }

    /// The site's full name.
    pub(crate) fn site_title(&self) -> String {
        let title = match self.texts.language() {
            Language::Zh => &self.site.title_zh,
            Language::En => &self.site.title_en,
        };
        title.as_ref().map_or_else(|| self.text("site-title"), |title| title.as_str().to_owned())
    }

    /// The network's name.
    pub(crate) fn network(&self) -> &str {
        &self.network
    }

    /// For `title`: the page, then the site.
    pub(crate) fn full_title(&self) -> String {
        if self.title.is_empty() { self.site_title() } else { format!("{} - {}", self.title, self.site_title()) }
    }

    /// Where the style is.
    pub(crate) fn style(&self) -> &'static str {
        STYLE_FILE.path()
    }

    /// Where the script is.
    pub(crate) fn script(&self) -> &'static str {
        SCRIPT_FILE.path()
    }

    /// Where the mark is.
    pub(crate) fn mark(&self) -> &'static str {
        MARK_FILE.path()
    }

    /// `path` with the address of this server before it, where that is known.
    pub(crate) fn absolute(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// Where its days are counted.
    pub(crate) fn zone(&self) -> &'static str {
        format::ZONE
    }

    /// Where what is printed comes from, and the day; None where a page is of no part of the site: its address may hold a
    /// secret, and is no page to come back to.
    pub(crate) fn printed(&self) -> Option<(String, &str)> {
        if self.section == Section::None {
            return None;
        }
        Some((legible(&self.absolute(self.lasting_path())), &self.today))
    }

    /// The path and query by which it is found again.
    fn lasting_path(&self) -> &str {
        if self.canonical.is_empty() { &self.here } else { &self.canonical }
    }

    /// The navigation.
    pub(crate) fn navigation(&self) -> Vec<NavLink> {
        let role = self.signed_in().map(|person| person.role);
        let shown = Section::SHOWN.iter().filter(|(_, least, ..)| least.is_none() || role >= *least);
        let link = |(section, _, path, name): &Shown| NavLink {
            path,
            // Who is signed in finds their work there.
            name: self.text(if *section == Section::Home && role.is_some() { "nav-work" } else { name }),
            current: *section == self.section,
        };
        shown.map(link).collect()
    }

    /// Who is signed in.
    pub(crate) fn signed_in(&self) -> Option<&SignedPerson> {
        self.signed_in.as_deref()
    }

    /// The field of a form that writes for whom the page was made, HTML.
    pub(crate) fn whose(&self) -> String {
        self.signed_in().map(SignedPerson::whose).unwrap_or_default()
    }

    /// What whoever is signed in may do, in a word.
    pub(crate) fn role_name(&self) -> String {
        self.signed_in().map_or_else(String::new, |person| words::role(self.texts, person.role))
    }

    /// Where somebody signs in and comes back from; empty where they are there.
    pub(crate) fn sign_in(&self) -> String {
        if self.here.starts_with(SIGN_IN) { String::new() } else { sign_in_path(&self.here) }
    }

    /// The other language: its tag, and its name in itself.
    pub(crate) fn other_language(&self) -> (&'static str, &'static str) {
        match self.texts.language() {
            Language::Zh => (Language::En.tag(), "English"),
            Language::En => (Language::Zh.tag(), "中文"),
        }
    }

    /// The lights that the switch offers, and what it says of each.
    pub(crate) fn other_themes(&self) -> Vec<(&'static str, String)> {
        let offered = |theme: &Theme| {
            let id = match theme {
                Theme::Auto => "theme-auto",
                Theme::Light => "theme-light",
                Theme::Dark => "theme-dark",
            };
            (theme.as_str(), self.text(id))
        };
        self.theme.others().iter().map(offered).collect()
    }

    /// What a site of a government office says of itself at the foot of each page.
    pub(crate) fn slots(&self) -> Vec<Slot> {
        let site = &self.site;
        let all: [(&str, &Option<Line>, Option<&'static str>); 7] = [
            ("site-sponsor", &site.sponsor, None),
            ("site-organiser", &site.organiser, None),
            ("site-address", &site.address, None),
            ("site-telephone", &site.telephone, None),
            ("site-code", &site.code, None),
            ("site-icp", &site.icp, Some(ICP_REGISTER)),
            ("site-police", &site.police, Some(POLICE_REGISTER)),
        ];
        let slots = all.into_iter().filter_map(|(label, value, link)| {
            let value = value.as_ref()?.as_str().to_owned();
            Some(Slot { label: self.text(label), value, link })
        });
        slots.collect()
    }

    /// Whether the site says where errors are reported; else each page looks for somebody.
    pub(crate) fn says_where_errors_go(&self) -> bool {
        self.site.report_errors.is_some()
    }

    /// Where an error on this page is reported: as the site says, else by a letter to whoever answers for what it shows,
    /// or for the server. None where nobody is known.
    pub(crate) fn report_errors(&self) -> Option<String> {
        let here = self.absolute(self.lasting_path());
        match self.site.report_errors.as_ref().map(WebAddress::as_str) {
            Some(address) if address.ends_with('=') => {
                let here = if address.starts_with("mailto:") { self.about("report-error-body", &here) } else { here };
                Some(format!("{address}{}", in_address(&here)))
            }
            Some(address) => Some(address.to_owned()),
            None => {
                let (user, domain) = [&self.answers, &self.office].into_iter().find_map(|to| to.rsplit_once('@'))?;
                let subject = self.about("report-error-subject", &self.full_title());
                let body = self.about("report-error-body", &here);
                let [user, domain, subject, body] = [user, domain, &*subject, &*body].map(in_address);
                Some(format!("mailto:{user}@{domain}?subject={subject}&body={body}"))
            }
        }
    }

    /// The `meta` elements that sites of government offices have, beside those of the page.
    pub(crate) fn all_metas(&self) -> Vec<(&'static str, String)> {
        let mut metas = vec![("SiteName", self.site_title())];
        let host = self.base.split_once("://").map_or("", |(_, host)| host);
        if !host.is_empty() {
            metas.push(("SiteDomain", host.to_owned()));
        }
        metas.extend(self.site.code.as_ref().map(|code| ("SiteIDCode", code.as_str().to_owned())));
        let section = Section::SHOWN.iter().find(|(section, ..)| *section == self.section);
        metas.extend(section.map(|(.., name)| ("ColumnName", self.text(name))));
        metas.extend(self.metas.iter().cloned());
        metas
    }
}

/// `text` as a part of an address that means nothing but itself there.
fn in_address(text: &str) -> String {
    // A mail program takes a plus for what it is.
    form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

/// An address as people read it, which browsers take as well: what is no ASCII stands in it as itself.
fn legible(address: &str) -> String {
    let mut said = String::with_capacity(address.len());
    let mut rest = address;
    while let Some(at) = rest.find('%') {
        let (before, coded) = rest.split_at(at);
        said.push_str(before);
        let octets = foreign_octets(coded);
        let text = match std::str::from_utf8(&octets) {
            Ok(text) => text,
            Err(error) => {
                octets.get(..error.valid_up_to()).and_then(|sound| std::str::from_utf8(sound).ok()).unwrap_or("")
            }
        };
        // A space or a sign that nobody sees would end the address where it is read.
        let text = if text.contains(|c: char| c.is_whitespace() || c.is_control()) { "" } else { text };
        let taken = if text.is_empty() { 1 } else { 3 * text.len() };
        let (coded, after) = coded.split_at(taken);
        said.push_str(if text.is_empty() { coded } else { text });
        rest = after;
    }
    said.push_str(rest);
    said
}

/// The octets beyond ASCII that stand coded at the beginning of a part of an address.
fn foreign_octets(coded: &str) -> Vec<u8> {
    let mut octets = Vec::new();
    let mut rest = coded;
    while let Some((digits, after)) = rest.strip_prefix('%').and_then(|rest| rest.split_at_checked(2)) {
        match u8::from_str_radix(digits, 16) {
            Ok(octet) if !octet.is_ascii() => octets.push(octet),
            Ok(_) | Err(_) => break,
        }
        rest = after;
    }
    octets
}

/// `value` as JSON that may stand in a `script` element.
pub(crate) fn json_data(value: &serde_json::Value) -> String {
    value.to_string().replace('<', "\\u003c").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_cannot_end_its_script() {
        let data = json_data(&serde_json::json!({"name": "</script><script>alert(1)</script><!--"}));
        assert!(!data.contains('<'), "{data}");
        let read: serde_json::Value = serde_json::from_str(&data).unwrap();
        assert_eq!(read["name"], "</script><script>alert(1)</script><!--");
    }

    #[test]
    fn what_is_printed_tells_its_address_legibly_and_no_secret() {
        let printed = |here: &str, section| {
            let visitor = Visitor::sample(Language::Zh, Theme::Auto, here);
            let base = "https://duikou.example".to_owned();
            let page = Page::plain(&visitor, Site::default(), base, "n.example".to_owned(), section, String::new());
            page.printed().map(|(address, _)| address)
        };
        for (here, expected) in [
            ("/listings/bijie/tea", "/listings/bijie/tea"),
            ("/listings?q=%E8%8C%B6%E5%8F%B6&kind=project", "/listings?q=茶叶&kind=project"),
            ("/listings?q=%E8%8C%B6+%26%25x%20y", "/listings?q=茶+%26%25x%20y"),
            ("/listings?q=%E8%8C&x=%", "/listings?q=%E8%8C&x=%"),
            ("/listings?q=%E8%8C%B6%", "/listings?q=茶%"),
            ("/listings?q=%é%E8%8C%B6", "/listings?q=%é茶"),
        ] {
            let expected = format!("https://duikou.example{expected}");
            assert_eq!(printed(here, Section::Listings).as_deref(), Some(&*expected), "{here}");
        }
        assert_eq!(printed("/account/link/secret", Section::None), None);
    }

    #[test]
    fn an_error_is_reported_with_the_page_where_it_stands() {
        let visitor = Visitor::sample(Language::Zh, Theme::Auto, "/listings?q=%E8%8C%B6");
        let report = |address: &str| {
            let site = Site { report_errors: WebAddress::for_tests(address), ..Site::default() };
            let base = "https://duikou.example".to_owned();
            Page::plain(&visitor, site, base, "n.example".to_owned(), Section::Listings, String::new()).report_errors()
        };
        assert_eq!(report("mailto:office@duikou.example").as_deref(), Some("mailto:office@duikou.example"));
        let by_mail = report("mailto:office@duikou.example?subject=x&body=").unwrap();
        assert!(by_mail.contains("&body=%E9%A1%B5%E9%9D%A2%EF%BC%9Ahttps%3A%2F%2Fduikou"), "{by_mail}");
        let with_page = report("https://zhaocuo.example/?site=1&url=").unwrap();
        assert!(
            with_page.ends_with("url=https%3A%2F%2Fduikou.example%2Flistings%3Fq%3D%25E8%258C%25B6"),
            "{with_page}"
        );
    }

    #[test]
    fn where_the_site_names_nobody_errors_go_to_whoever_answers_for_the_page_or_the_server() {
        let visitor = Visitor::sample(Language::En, Theme::Auto, "/listings/a/b?x=1&y=2");
        let report = |site: Site, answers: &str, office: &str| {
            let base = "https://duikou.example".to_owned();
            let page =
                Page::plain(&visitor, site, base, "n.example".to_owned(), Section::Listings, "Tea & more".to_owned());
            Page { answers: answers.to_owned(), office: office.to_owned(), ..page }.report_errors()
        };
        let nobody = || Site { title_en: Line::for_tests("Site"), ..Site::default() };
        assert_eq!(report(nobody(), "", ""), None);
        assert_eq!(
            report(nobody(), "", "office@a.example").as_deref(),
            Some(
                "mailto:office@a.example?subject=Error%20on%20the%20page%3A%20Tea%20%26%20more%20-%20Site\
                 &body=Page%3A%20https%3A%2F%2Fduikou.example%2Flistings%2Fa%2Fb%3Fx%3D1%26y%3D2\
                 %0AWhat%20is%20wrong%3A"
            )
        );
        let whose = |answers: &str| report(nobody(), answers, "office@a.example").unwrap();
        assert!(whose("tea@b.example").starts_with("mailto:tea@b.example?"));
        let smuggled = whose("x?bcc=everybody@b.example");
        assert!(smuggled.starts_with("mailto:x%3Fbcc%3Deverybody@b.example?subject="), "{smuggled}");
        let said = Site { report_errors: WebAddress::for_tests("https://a.example/report"), ..nobody() };
        assert_eq!(report(said, "tea@b.example", "office@a.example").as_deref(), Some("https://a.example/report"));
    }
}
