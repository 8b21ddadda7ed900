//! Help while somebody types, for the script: places, industries and occupations by name, pinyin or code; and a text as
//! readers will see it.

use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use duikou_proto::language::Language;
use duikou_proto::reference::{Entry, Table, industries, occupations, regions};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};

use super::super::Web;
use super::super::respond::{Answer, Failed};
use super::super::sent::Sent;
use super::super::signed::Signed;
use crate::accounts::Role;
use crate::markdown;
use crate::search::{is_letters, spells, spelt_length};
use crate::typed::{area, industry, place};

/// Suggestions of one answer.
const SUGGESTIONS: usize = 12;
/// Characters that are looked for.
const CHARACTERS: usize = 40;

pub(super) async fn suggest(signed: Signed, Path(table): Path<String>, RawQuery(query): RawQuery) -> Answer {
    let typed = form_urlencoded::parse(query.unwrap_or_default().as_bytes())
        .find(|(key, _)| key == "q")
        .map(|(_, value)| value.trim().chars().take(CHARACTERS).collect::<String>())
        .unwrap_or_default();
    let texts = if typed.is_empty() { Vec::new() } else { suggestions(&table, &typed, signed.language()) };
    let mut response = Response::new(Body::from(serde_json::json!(texts).to_string()));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, max-age=3600"));
    Ok(response)
}

/// What may be meant, as it is typed in full: what the text names first, then what begins with it, then what holds it.
fn suggestions(table: &str, typed: &str, language: Language) -> Vec<String> {
    let (known, all): (Vec<&'static Entry>, &'static [Entry]) = match table {
        "regions" => {
            (place::candidates(typed).into_iter().chain(spelt(regions(), typed)).collect(), regions().entries())
        }
        "industries" => (
            [industry::candidates(typed), industry::meant_by(typed), spelt(industries(), typed)].concat(),
            industries().entries(),
        ),
        "occupations" => (everyday(typed).chain(spelt(occupations(), typed)).collect(), occupations().entries()),
        _ => return Vec::new(),
    };
    let wanted = typed.to_lowercase();
    let name = |entry: &Entry| entry.name(language).to_lowercase();
    let begins = all.iter().filter(|entry| entry.code.starts_with(typed) || name(entry).starts_with(&wanted));
    let holds = all.iter().filter(|entry| name(entry).contains(&wanted));
    let mut found: Vec<&'static Entry> = Vec::new();
    for entry in known.into_iter().chain(begins).chain(holds) {
        if found.len() == SUGGESTIONS {
            break;
        }
        if !found.iter().any(|one| one.code == entry.code) {
            found.push(entry);
        }
    }
    let written = |entry: &Entry| match table {
        // Which of several of one name it is, its province says.
        "regions" => place::named(entry.code, language),
        _ => format!("{} {}", entry.code, entry.name(language)),
    };
    // Areas have names, and no code that could stand beside one.
    let areas = area::begun(typed).filter(|_| table == "regions" && typed.chars().count() > 1);
    let areas = areas.map(|area| area.name(Language::Zh).to_owned());
    areas.chain(found.into_iter().map(written)).take(SUGGESTIONS).collect()
}

/// What every list of vacancies says, and the occupation of which it is a part. Sorted.
const EVERYDAY: [(&str, &str); 16] = [
    ("仓管", "4321"),
    ("保安", "5414"),
    ("保洁", "9112"),
    ("分拣", "9333"),
    ("包装工", "9321"),
    ("叉车", "8344"),
    ("客服", "4222"),
    ("快递", "9621"),
    ("打包", "9321"),
    ("护工", "5322"),
    ("挖掘机", "8342"),
    ("操作工", "9329"),
    ("普工", "9329"),
    ("焊工", "7212"),
    ("电子装配", "8212"),
    ("缝纫", "8153"),
];

/// The occupations of everyday words that hold what was typed, or are held by it.
fn everyday(typed: &str) -> impl Iterator<Item = &'static Entry> {
    let words = EVERYDAY.into_iter().filter(move |(word, _)| word.starts_with(typed) || typed.contains(word));
    words.filter_map(|(_, code)| occupations().get(code))
}

/// The entries whose name holds what the letters spell: those of whole syllables first, what begins with them before what
/// holds them further on, and what is larger before what lies in it. A place is known by how its name begins.
fn spelt(table: &'static Table, typed: &str) -> Vec<&'static Entry> {
    let letters = typed.to_lowercase();
    if !is_letters(&letters) {
        return Vec::new();
    }
    let places = std::ptr::eq(table, regions());
    let place = |entry: &'static Entry| {
        let names = table.names(entry).into_iter().filter_map(|name| {
            let han: Vec<char> = name.chars().collect();
            let end = if places { han.len().min(1) } else { han.len() };
            (0..end).find_map(|at| {
                let length = spelt_length(&han[at..], &letters).filter(|length| *length > 1)?;
                let whole = spells(&han[at..at + length].iter().collect::<String>(), &letters);
                Some((!whole, at))
            })
        });
        names.min()
    };
    let larger = |entry: &Entry| LEVELS.iter().position(|level| *level == entry.level).unwrap_or_default();
    let entries = table.entries().iter();
    let mut found: Vec<_> = entries.filter_map(|entry| Some((place(entry)?, larger(entry), entry))).collect();
    found.sort_by_key(|(place, larger, _)| (*place, *larger));
    // Rare readings begin much: 台接 begins to read si jie. Beside whole words that is no help.
    if found.first().is_some_and(|((begun, _), ..)| !begun) {
        found.retain(|((begun, _), ..)| !begun);
    }
    found.into_iter().map(|(.., entry)| entry).collect()
}

/// Of places, in the order in which they are meant.
const LEVELS: [&str; 4] = ["prefecture", "province", "county", "country"];

/// A text as readers will see it, without a page around it.
pub(super) async fn preview(State(_): State<Web>, signed: Signed, sent: Sent) -> Result<Response, Failed> {
    signed.at_least(Role::Editor)?;
    let html = format!("<div class=\"text\">{}</div>", markdown::html(sent.get("body")));
    Ok(signed.html(StatusCode::OK, html))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::typed::place::Lies;

    #[test]
    fn places_industries_and_occupations_are_found_by_name_pinyin_and_code() {
        let first = |table: &str, typed: &str| suggestions(table, typed, Language::Zh).into_iter().next();
        for typed in ["毕节", "bijie", "520500"] {
            assert_eq!(first("regions", typed).as_deref(), Some("贵州省毕节市"), "{typed}");
        }
        assert!(suggestions("regions", "鼓楼", Language::Zh).len() > 1);
        for (typed, name) in
            [("全国", "全国"), ("大湾", "粤港澳大湾区"), ("京津", "京津冀"), ("greater", "粤港澳大湾区")]
        {
            assert_eq!(first("regions", typed).as_deref(), Some(name), "{typed}");
        }
        assert_eq!(first("industries", "01").as_deref(), Some("01 农业"));
        assert!(suggestions("occupations", "driver", Language::En).iter().any(|text| text.contains("rivers")));
        for (typed, name) in [("siji", "司机"), ("fengren", "缝纫"), ("fengr", "缝纫")] {
            let found = suggestions("occupations", typed, Language::Zh);
            assert!(found.first().is_some_and(|text| text.contains(name)), "{typed}: {found:?}");
        }
        // Members of this network, and what is typed on the way to them.
        for (typed, name) in [
            ("qiannan", "贵州省黔南布依族苗族自治州"),
            ("linzhi", "西藏自治区林芝市"),
            ("xianggang", "香港特别行政区"),
            ("bij", "贵州省毕节市"),
            ("shenz", "广东省深圳市"),
            ("changsha", "湖南省长沙市"),
        ] {
            let found = suggestions("regions", typed, Language::Zh);
            assert!(found.iter().take(3).any(|text| text == name), "{typed}: {found:?}");
        }
        assert!(suggestions("regions", "sz", Language::Zh).contains(&"广东省深圳市".to_owned()));
        for (typed, name) in [("fangzhi", "纺织"), ("nongy", "农业"), ("茶产", "茶叶种植"), ("新能源汽车", "3612")]
        {
            let found = suggestions("industries", typed, Language::Zh);
            assert!(found.first().is_some_and(|text| text.contains(name)), "{typed}: {found:?}");
        }
        assert!(EVERYDAY.is_sorted_by(|one, other| one.0 < other.0), "as it is read");
        for (word, code) in EVERYDAY {
            let found = suggestions("occupations", word, Language::Zh);
            assert!(found.iter().any(|text| text.starts_with(code)), "{word}: {found:?}");
        }
        let drivers = suggestions("occupations", "siji", Language::Zh);
        assert!(drivers.iter().all(|text| text.contains("司机")), "{drivers:?}");
        assert_eq!(suggestions("occupations", "xqzv", Language::Zh), [""; 0]);
        assert_eq!(suggestions("nothing", "毕节", Language::Zh), [""; 0]);
    }

    #[test]
    fn every_suggestion_of_a_place_is_read_as_that_place() {
        for typed in ["市", "鼓楼", "a", "5", "县", "东部", "西南"] {
            for language in [Language::Zh, Language::En] {
                for text in suggestions("regions", typed, language) {
                    assert!(area::places(&text, Lies::Anywhere).is_ok(), "{text}");
                }
            }
        }
    }
}
