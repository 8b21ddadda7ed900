//! Where the words of a query stand in a listing whose title, summary and body hold none of them: in a tag, the office or
//! what its kind has of its own, in a code, or in the name of a place, an industry or an occupation that it is of.

use duikou_proto::language::Language;
use duikou_proto::reference::{Entry, industries, occupations, regions};
use duikou_proto::v1::{Excerpt, Opportunity};

use super::document::{code_form, other_texts};
use super::excerpts::{found_in, piece_of, whole};
use super::query::{Item, Meant, Query, Reach, is_code, names_in};

/// Excerpts of one listing.
const MOST: usize = 8;

/// Where they stand: each word in what says it first, since all that a listing says is not read for each that is shown.
pub(super) fn beside(opportunity: &Opportunity, query: &Query, reach: Reach) -> Vec<Excerpt> {
    let alone = query.wanted.len() == 1;
    let mut kept: Vec<Excerpt> = Vec::new();
    for item in &query.wanted {
        for excerpt in stands(opportunity, item, alone, reach) {
            let is_new = !kept.iter().any(|kept| (&kept.field, &kept.text) == (&excerpt.field, &excerpt.text));
            if is_new && kept.len() < MOST {
                kept.push(excerpt);
            }
        }
    }
    kept
}

/// Where one word stands.
fn stands(opportunity: &Opportunity, item: &Item, alone: bool, reach: Reach) -> Vec<Excerpt> {
    let query = Query { wanted: vec![item.clone()], unwanted: Vec::new() };
    let tags = opportunity.tags.iter().filter_map(|tag| whole("tags", tag, &query, reach, true));
    let mut found: Vec<Excerpt> = tags.chain(code(opportunity, item)).collect();
    for (_, meant) in names_in(&item.words, alone) {
        let of_it = meant.into_iter().filter(|meant| meant.is_of(opportunity, 0));
        found.extend(of_it.filter_map(|meant| named(meant, &query, reach)));
    }
    if found.is_empty() {
        let places = opportunity.regions.iter().flat_map(|code| regions().lineage(code));
        found.extend(places.filter_map(|place| name_in(place, "regions", &query, reach)));
    }
    if found.is_empty() {
        let others = other_texts(opportunity).into_iter();
        found.extend(others.filter_map(|(field, text)| piece_of(field, text, &query, reach)));
    }
    found
}

fn code(opportunity: &Opportunity, item: &Item) -> Option<Excerpt> {
    let wanted = code_form(&item.text);
    let same = |code: &&str| is_code(&wanted) && code_form(code) == wanted;
    let code = opportunity.external_codes.iter().map(|code| &*code.code).find(same)?;
    Some(found_in("external_codes", code, vec![(0, code.chars().count())]))
}

/// The name of what a word means, in the language in which the word is found in it.
fn named(meant: Meant, query: &Query, reach: Reach) -> Option<Excerpt> {
    let (field, entry): (_, &Entry) = match meant {
        Meant::Region(code) => ("regions", regions().get(code)?),
        Meant::Industry(code) => ("industries", industries().get(code)?),
        Meant::Occupation(code) => ("talent.occupation_code", occupations().get(code)?),
        // What every list says of each listing.
        Meant::Kind(_) | Meant::Month(_) => return None,
    };
    // 茶叶 means 茶叶种植, and 文旅 what has neither of its characters side by side.
    let text = entry.name(Language::Zh);
    Some(name_in(entry, field, query, reach).unwrap_or_else(|| found_in(field, text, vec![(0, text.chars().count())])))
}

/// A name of the tables in the language in which the query is found in it.
fn name_in(entry: &Entry, field: &str, query: &Query, reach: Reach) -> Option<Excerpt> {
    let name = |language| whole(field, entry.name(language), query, reach, true);
    name(Language::Zh).or_else(|| name(Language::En))
}

#[cfg(test)]
mod tests {
    use duikou_proto::v1::opportunity::Details;
    use duikou_proto::v1::{Contact, ExternalCode, Talent};

    use super::super::excerpts::excerpts;
    use super::super::query::parse;
    use super::*;

    #[test]
    fn what_is_found_beside_the_text_is_shown_where_it_stands() {
        let listing = Opportunity {
            title: "求合作".to_owned(),
            summary: "长期有效".to_owned(),
            tags: vec!["揭榜挂帅".to_owned(), "储能".to_owned()],
            regions: vec!["520525".to_owned()],
            contact: Some(Contact { office: "毕节市驻深圳联络处".to_owned(), ..Contact::default() }),
            industries: vec!["1371".to_owned()],
            external_codes: vec![ExternalCode {
                code: "2401-440300-04-01-123456".to_owned(),
                ..ExternalCode::default()
            }],
            details: Some(Details::Talent(Talent {
                occupation_code: "5120".to_owned(),
                training: format!("{}持证上岗", "先行培训，".repeat(60)),
                ..Talent::default()
            })),
            ..Opportunity::default()
        };
        let shown = |query: &str| {
            let found = excerpts(&listing, &parse(query, false).unwrap(), Reach::Exact);
            let told = |excerpt: &Excerpt| {
                let characters: Vec<char> = excerpt.text.chars().collect();
                assert!(characters.len() <= 120, "{excerpt:?}");
                let marked = |range: &duikou_proto::v1::CharacterRange| -> String {
                    characters[range.start as usize..range.end as usize].iter().collect()
                };
                format!("{}: {}", excerpt.field, excerpt.highlights.iter().map(marked).collect::<Vec<_>>().join(" "))
            };
            found.iter().map(told).collect::<Vec<_>>()
        };
        for (query, expected) in [
            ("揭榜挂帅", &["tags: 揭榜挂帅"][..]),
            ("chuneng", &["tags: 储能"]),
            ("联络处", &["contact.office: 联络处"]),
            ("持证", &["talent.training: 持证"]),
            ("24014403000401123456", &["external_codes: 2401-440300-04-01-123456"]),
            ("农副食品加工业", &["industries: 农副食品加工业"]),
            ("厨师", &["talent.occupation_code: 厨师"]),
            ("贵州", &["regions: 贵州"]),
            ("nayong", &["regions: 纳雍"]),
            // Where the text says one of the words, that is what is marked.
            ("求合作 贵州", &["title: 求合作"]),
            ("没有", &[]),
        ] {
            assert_eq!(shown(query), expected, "{query}");
        }
    }
}
