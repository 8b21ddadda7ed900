//! `/admin/settings`: what may change while the server runs, each with where its value comes from; and the rest to read.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use http::StatusCode;

use super::super::Web;
use super::super::catalogue::Texts;
use super::super::forms::{Choice, Control, Field};
use super::super::layout::{Crumb, Page, Section};
use super::super::respond::{Answer, see_other_with};
use super::super::sent::Sent;
use super::super::signed::Signed;
use crate::config::Seconds;
use crate::http::Problem;
use crate::settings::Setting;

/// The name of the button that puts a setting back.
const RESET: &str = "reset";

/// A setting that may change: `part.key`, the name of its field, the id of its label, and that of what to fill in (empty: its
/// label says so).
type Known = (&'static str, &'static str, &'static str, &'static str);

/// What may change, by the part of the page.
const GROUPS: [(&str, &[Known]); 3] = [
    (
        "settings-site",
        &[
            ("site.title_zh", "site-title-zh", "setting-title-zh", "setting-title-zh-help"),
            ("site.title_en", "site-title-en", "setting-title-en", "setting-title-en-help"),
            ("site.sponsor", "site-sponsor", "site-sponsor", ""),
            ("site.organiser", "site-organiser", "site-organiser", ""),
            ("site.address", "site-address", "site-address", ""),
            ("site.telephone", "site-telephone", "site-telephone", ""),
            ("site.code", "site-code", "site-code", "setting-code-help"),
            ("site.icp", "site-icp", "site-icp", "setting-icp-help"),
            ("site.police", "site-police", "site-police", "setting-police-help"),
            ("site.report_errors", "site-report-errors", "setting-report-errors", "setting-report-errors-help"),
        ],
    ),
    (
        "settings-accounts",
        &[
            ("accounts.idle", "accounts-idle", "setting-idle", "setting-idle-help"),
            ("accounts.session", "accounts-session", "setting-session", "setting-session-help"),
        ],
    ),
    (
        "settings-live",
        &[
            ("live.answer", "live-answer", "setting-answer", "setting-answer-help"),
            ("live.on_request", "live-on-request", "setting-on-request", "setting-on-request-help"),
            ("live.named", "live-named", "setting-named", "setting-named-help"),
        ],
    ),
];
/// Those of which one is chosen.
const CHOICES: [&str; 2] = ["live.answer", "live.on_request"];
/// Those that are lengths of time, which pages say as people do.
const LENGTHS: [&str; 4] = ["accounts.idle", "accounts.session", "link.certificates", "node.drain"];
/// Whom a member may answer, with the ids of their names.
const ASKERS: [(&str, &str); 6] = [
    ("", "askers-default"),
    ("none", "askers-none"),
    ("named", "askers-named"),
    ("circles", "askers-circles"),
    ("network", "askers-network"),
    ("registered", "askers-registered"),
];

/// A setting that may change.
pub(crate) struct Row {
    pub(crate) field: Field,
    pub(crate) key: &'static str,
    /// Whether it was made here, and may be put back.
    pub(crate) made: bool,
    /// For the button.
    pub(crate) reset: String,
}

/// Settings of a kind.
pub(crate) struct Group {
    /// The id of its name.
    pub(crate) id: &'static str,
    pub(crate) rows: Vec<Row>,
}

/// The page.
#[derive(Template)]
#[template(path = "office/settings.html")]
pub(crate) struct SettingsPage {
    page: Page,
    groups: Vec<Group>,
    /// What needs a restart: key and value.
    fixed: Vec<(String, String)>,
    wrong: String,
}

fn known() -> impl Iterator<Item = &'static Known> {
    GROUPS.iter().flat_map(|(_, keys)| keys.iter())
}

fn keys() -> impl Iterator<Item = &'static str> {
    known().map(|(key, ..)| *key)
}

pub(super) async fn show(State(web): State<Web>, signed: Signed) -> Answer {
    let settings = web.services().office.settings(signed.ask(())).await.map_err(|status| signed.failed(&status))?;
    let page = Page::new(&web, &signed, Section::Admin, signed.texts.text("settings-title"));
    signed.page(&SettingsPage::of(page, &settings, &BTreeMap::new(), &BTreeMap::new()))
}

pub(super) async fn change(State(web): State<Web>, signed: Signed, sent: Sent) -> Answer {
    let office = &web.services().office;
    let settings = office.settings(signed.ask(())).await.map_err(|status| signed.failed(&status))?;
    let reset = sent.get(RESET);
    let was_sent = |field: &str| sent.fields().iter().any(|(name, _)| name == field);
    let typed = known().filter(|(_, field, ..)| was_sent(field));
    let typed: BTreeMap<&'static str, String> =
        typed.map(|(key, field, ..)| (*key, sent.line(field).to_owned())).collect();
    let changes: BTreeMap<String, Option<String>> = if reset.is_empty() {
        let changed = typed.iter().filter(|(key, value)| {
            let known = settings.iter().find(|setting| setting.key == **key);
            known.is_some_and(|setting| !is_same(key, setting.value.as_deref().unwrap_or_default(), value))
        });
        // A field that was emptied goes back to the file: no setting is an empty text.
        changed.map(|(key, value)| ((*key).to_owned(), Some(value.clone()).filter(|value| !value.is_empty()))).collect()
    } else {
        keys().filter(|key| *key == reset).map(|key| (key.to_owned(), None)).collect()
    };
    if changes.is_empty() {
        return Ok(see_other_with("/admin/settings", "done-nothing"));
    }
    let Err(status) = office.change_settings(signed.ask(changes)).await else {
        return Ok(see_other_with("/admin/settings", "done-settings"));
    };
    let problem = Problem::of(&status, signed.language());
    let faults: BTreeMap<String, String> =
        problem.violations().map(|(field, text)| (field.to_owned(), text.to_owned())).collect();
    if faults.is_empty() {
        return Err(signed.failed(&status));
    }
    let page = Page::new(&web, &signed, Section::Admin, signed.texts.text("settings-title"));
    signed.page_with(StatusCode::BAD_REQUEST, &SettingsPage::of(page, &settings, &typed, &faults))
}

impl SettingsPage {
    /// The settings as they are, with what was typed instead and what is wrong with that.
    pub(crate) fn of(
        mut page: Page,
        settings: &[Setting],
        typed: &BTreeMap<&'static str, String>,
        faults: &BTreeMap<String, String>,
    ) -> Self {
        page.indexed = false;
        let texts = page.texts();
        page.trail = vec![Crumb::admin(texts)];
        let row = |(key, name, label, help): &Known| {
            let setting = settings.iter().find(|setting| setting.key == *key);
            let value = setting.and_then(|setting| setting.value.as_deref()).unwrap_or_default();
            let shown = typed.get(key).cloned().unwrap_or_else(|| said(texts, key, value));
            let (made, in_file) = setting.map_or((false, false), |setting| (setting.made, setting.file.is_some()));
            let label = texts.text(label);
            let usual = usual(texts, setting);
            let from = match (made, in_file) {
                (true, _) => texts.text("setting-made"),
                (false, true) => texts.text("setting-file"),
                (false, false) if usual.is_empty() => texts.text("setting-unset"),
                (false, false) => String::new(),
            };
            let help = if help.is_empty() { String::new() } else { texts.text(help) };
            let holds = [from, usual].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ");
            let field = Field::new(name, label.clone(), control(texts, key)).holding(&shown).helped(help);
            Row {
                reset: texts.about("setting-reset", &label),
                field: Field { usual: holds, ..field.faulted(faults.get(*key).cloned()) },
                key,
                made,
            }
        };
        let groups = GROUPS.iter().map(|(title, keys)| Group { id: title, rows: keys.iter().map(row).collect() });
        let fixed = settings.iter().filter(|setting| !keys().any(|key| key == setting.key));
        let fixed = fixed.map(|setting| {
            let value = setting.value.as_ref().map(|value| said(texts, &setting.key, value));
            let value = value.unwrap_or_else(|| match usual(texts, Some(setting)) {
                usual if usual.is_empty() => texts.text("setting-unset"),
                usual => usual,
            });
            (setting.key.clone(), value)
        });
        Self {
            groups: groups.collect(),
            fixed: fixed.collect(),
            wrong: if faults.is_empty() { String::new() } else { texts.text("settings-wrong") },
            page,
        }
    }
}

/// What holds where nothing is set; empty: nothing does.
fn usual(texts: Texts, setting: Option<&Setting>) -> String {
    let Some((key, value)) = setting.and_then(|setting| Some((&*setting.key, setting.default.as_deref()?))) else {
        return String::new();
    };
    let name = ASKERS.iter().find(|(word, _)| CHOICES.contains(&key) && *word == value);
    let said = name.map_or_else(|| said(texts, key, value), |(_, id)| texts.text(id));
    texts.about("setting-default", &said)
}

/// A value as people say it.
fn said(texts: Texts, key: &str, value: &str) -> String {
    let length = LENGTHS.contains(&key).then(|| value.parse::<Seconds>().ok()).flatten();
    length.map_or_else(|| value.to_owned(), |length| length.said(texts.language()))
}

/// Whether what was typed says what is set already, in whatever words.
fn is_same(key: &str, value: &str, typed: &str) -> bool {
    let lengths = [value, typed].map(|text| text.parse::<Seconds>().ok().filter(|_| LENGTHS.contains(&key)));
    value == typed || matches!(lengths, [Some(value), Some(typed)] if value == typed)
}

fn control(texts: Texts, key: &str) -> Control {
    if !CHOICES.contains(&key) {
        return Control::Line("text");
    }
    let choice = |(value, name): &(&str, &str)| Choice { value: (*value).to_owned(), name: texts.text(name) };
    Control::Choice(ASKERS.iter().map(choice).collect())
}

#[cfg(test)]
mod tests {
    use duikou_proto::language::Language;

    use super::*;

    #[test]
    fn every_setting_that_may_change_has_a_field_and_no_other_has() {
        let mut fields: Vec<String> = keys().map(str::to_owned).collect();
        let mut changeable: Vec<String> = crate::config::live::changeable().collect();
        fields.sort();
        changeable.sort();
        assert_eq!(fields, changeable);
    }

    #[test]
    fn lengths_of_time_are_said_as_people_do_and_no_other_setting_is_one() {
        let texts = Texts::of(Language::Zh);
        for (key, default) in crate::config::Config::defaults() {
            let length = default.parse::<Seconds>().is_ok();
            assert_eq!(length, LENGTHS.contains(&&*key), "{key} = {default}");
            assert_eq!(said(texts, &key, &default) != default, length, "{key} = {default}");
        }
        assert_eq!(said(texts, "accounts.idle", "30m"), "30分钟");
        assert_eq!(said(Texts::of(Language::En), "accounts.session", "12h"), "12 h");
        assert!(is_same("accounts.idle", "30m", "30 分钟") && is_same("accounts.session", "12h", "12 hours"));
        assert!(!is_same("accounts.idle", "30m", "31分钟") && !is_same("accounts.idle", "", "30分钟"));
        assert!(!is_same("site.sponsor", "1h", "1小时"));
    }
}
