//! Who may see a listing, in the words of those who write it.

use std::collections::BTreeMap;

use duikou_proto::language::{Language, Text};

use super::text::{folded, items};
use super::{Candidate, Outcome, TYPED_CHARS, Unclear, Understood, shown, too_long};

/// The names by which members and circles of a network are called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// Short id, then what people call it: in Chinese, in English.
    pub members: Vec<(String, Vec<String>)>,
    /// Short names.
    pub circles: Vec<String>,
    /// What this office says instead: 泛珠圈 for `circle:pan-prd`.
    pub words: BTreeMap<String, String>,
}

const PUBLIC: [&str; 5] = ["公开", "社会公开", "向社会公开", "公众", "public"];
const REGISTERED: [&str; 5] = ["注册企业", "登记企业", "已登记企业", "企业可见", "registered"];
const NETWORK: [&str; 6] = ["网络成员", "全体成员", "所有成员", "成员单位", "全网成员", "network"];
const ON_REQUEST: [&str; 7] = ["依申请", "按需提供", "不公开", "不主动公开", "仅本单位", "onrequest", "none"];

/// Reads an audience as scopes: `公开`, `网络成员；circle:pan-prd`, names of members (`毕节`, `bijie`) and circles; empty
/// for 依申请.
///
/// # Errors
/// For words that may mean several audiences, and for what names nobody.
pub fn audience(typed: &str, names: &Names) -> Outcome<Vec<String>> {
    if typed.chars().count() > TYPED_CHARS * 8 {
        return Err(too_long());
    }
    if folded(typed).is_empty() {
        return Ok(Understood::nothing(None));
    }
    let meant = names.words.get(typed.trim()).map_or(typed, String::as_str);
    if ON_REQUEST.contains(&folded(meant).to_lowercase().as_str()) {
        return Ok(Understood::plain(Vec::new()));
    }
    let mut scopes = Vec::new();
    for item in items(typed) {
        let scope = one(&item, names)?;
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    Ok(Understood::plain(scopes))
}

fn one(item: &str, names: &Names) -> Result<String, Unclear> {
    let word = folded(item).to_lowercase();
    if let Some(meant) = names.words.get(item).or_else(|| names.words.get(&word)) {
        // What a word stands for is written as any audience is, by no other word.
        return by_name(meant, names);
    }
    by_name(item, names)
}

fn by_name(item: &str, names: &Names) -> Result<String, Unclear> {
    let word = folded(item).to_lowercase();
    if ON_REQUEST.contains(&word.as_str()) {
        return Err(Unclear::wrong(
            "“依申请”是不主动公开，不能与公开、网络成员等其他范围同时选：请只选“依申请”，或去掉它。",
            "On request means that nobody is shown it: choose that alone, or the others without it.",
        ));
    }
    for (words, scope) in [(&PUBLIC[..], "public"), (&REGISTERED[..], "registered"), (&NETWORK[..], "network")] {
        if words.contains(&word.as_str()) {
            return Ok(scope.to_owned());
        }
    }
    if word.starts_with("circle:") || word.starts_with("member:") || word.starts_with("network:") {
        return Ok(word);
    }
    if let Some(circle) = names.circles.iter().find(|circle| **circle == word) {
        return Ok(format!("circle:{circle}"));
    }
    let called = |(id, called): &&(String, Vec<String>)| {
        *id == word || called.iter().any(|name| folded(name).to_lowercase() == word)
    };
    let members: Vec<&(String, Vec<String>)> = names.members.iter().filter(called).collect();
    if let [(id, _)] = &*members {
        return Ok(format!("member:{id}"));
    }
    let mut candidates: Vec<Candidate> = Vec::new();
    let candidate = |typed: &str, zh: &str, en: &str| Candidate { typed: typed.to_owned(), text: Text::new(zh, en) };
    if ["全网", "全部", "所有人", "全体", "网内"].contains(&word.as_str()) {
        candidates.push(candidate("网络成员", "全体成员可见", "all members"));
        candidates.push(candidate("公开", "任何人可见", "anybody"));
    }
    if word.contains('圈') {
        let circles = names.circles.iter().map(|circle| candidate(&format!("circle:{circle}"), "", ""));
        candidates.extend(circles);
    }
    let part = |id: &str, called: &[String]| id.contains(&word) || called.iter().any(|name| name.contains(item));
    let partly = names.members.iter().filter(|(id, called)| item.chars().count() >= 2 && part(id, called));
    candidates.extend(partly.map(|(id, called)| {
        let name = called.first().map_or("", String::as_str);
        candidate(&format!("member:{id}"), name, called.get(1).map_or(name, String::as_str))
    }));
    Err(Unclear::between(
        format!("“{}”不是可见范围，请填写公开、注册企业、网络成员、依申请、圈子或成员的名称。", shown(item)),
        format!(
            "{} names no audience: write public, registered, network, on request, or a circle's or member's name.",
            shown(item)
        ),
        candidates,
    ))
}

/// A scope as [`audience`] reads it and people say it: a circle or a member by its name, where that means nobody else.
pub fn named(scope: &str, names: &Names, language: Language) -> String {
    let said = match (scope, language) {
        ("public" | "registered" | "network", Language::En) => scope,
        ("public", Language::Zh) => PUBLIC[0],
        ("registered", Language::Zh) => REGISTERED[0],
        ("network", Language::Zh) => NETWORK[0],
        _ => match scope.split_once(':') {
            Some(("circle", circle)) => circle,
            Some(("member", id)) => names.member(id, language),
            _ => scope,
        },
    };
    let read = audience(said, names).ok().and_then(|read| read.value);
    if read.is_some_and(|scopes| scopes == [scope]) { said.to_owned() } else { scope.to_owned() }
}

impl Names {
    /// What people call a member; its id where it has no name.
    fn member<'a>(&'a self, id: &'a str, language: Language) -> &'a str {
        let at = usize::from(language == Language::En);
        let called = self.members.iter().find(|(known, _)| known == id).and_then(|(_, called)| called.get(at));
        called.map_or(id, String::as_str)
    }
}

/// Scopes as [`audience`] reads them; the network's name is left out.
pub fn format(scopes: &[String]) -> String {
    if scopes.is_empty() {
        return "依申请".to_owned();
    }
    let word = |scope: &String| match &**scope {
        "public" => "公开".to_owned(),
        "registered" => "注册企业".to_owned(),
        "network" => "网络成员".to_owned(),
        other => other.to_owned(),
    };
    scopes.iter().map(word).collect::<Vec<_>>().join("；")
}
