//! A listing in a list.

use duikou_proto::v1::opportunity::{Details, Direction};
use duikou_proto::v1::{Duplicate, Excerpt, Listing, Opportunity, SearchResult};
use duikou_proto::validate::kind_of;

use super::super::catalogue::Texts;
use super::super::{format, words};
use super::details;
use super::names::Names;
use crate::markdown;
use crate::typed::area;

/// Characters of a text where there is neither a summary nor an excerpt.
const BEGINNING: usize = 120;
/// Places that a card names.
const PLACES: usize = 3;

/// A piece of a text.
pub(crate) struct Piece {
    pub(crate) text: String,
    /// Whether it is what was looked for.
    pub(crate) found: bool,
}

/// A listing that says the same.
pub(crate) struct Alike {
    pub(crate) path: String,
    pub(crate) title: String,
    /// The number in a public register that both have, in words; empty: their words are near-same.
    pub(crate) code: String,
}

impl Alike {
    pub(crate) fn of(texts: Texts, names: &Names, same: &Duplicate) -> Self {
        let code = match &*same.external_code {
            "" => String::new(),
            code => texts.about("alike-code", code),
        };
        Self { path: names.listing_path(&same.name), title: same.title.clone(), code }
    }
}

/// What a list shows of a listing.
pub(crate) struct Card {
    pub(crate) path: String,
    /// For `lang`; empty: the page's own.
    pub(crate) lang: String,
    pub(crate) title: Vec<Piece>,
    pub(crate) text: Vec<Piece>,
    /// What else holds what was looked for, where title and text do not: a tag, the name of an industry.
    pub(crate) beside: Vec<Vec<Piece>>,
    pub(crate) direction: String,
    pub(crate) direction_word: &'static str,
    pub(crate) kind: String,
    pub(crate) office: String,
    pub(crate) office_path: String,
    pub(crate) places: String,
    /// Its sum, wage, headcount or time, whichever the kind has; empty: none.
    pub(crate) measure: String,
    pub(crate) published: String,
    pub(crate) published_machine: String,
    pub(crate) closes: String,
    pub(crate) closes_machine: String,
    pub(crate) alike: Vec<Alike>,
    /// Whether it was published since whoever looks was here before.
    pub(crate) new: bool,
}

impl Card {
    /// Of what a search found.
    pub(crate) fn found(texts: Texts, names: &Names, result: &SearchResult) -> Option<Self> {
        let listing = result.listing.as_ref()?;
        let mut card = Self::of(texts, names, listing)?;
        let excerpt = |field: &str| result.excerpts.iter().find(|excerpt| excerpt.field == field);
        if let Some(title) = excerpt("title") {
            card.title = pieces(title);
        }
        if let Some(text) = excerpt("summary").or_else(|| excerpt("body")) {
            card.text = pieces(text);
        }
        let shown = ["title", "summary", "body"];
        let beside = result.excerpts.iter().filter(|excerpt| !shown.contains(&&*excerpt.field));
        // Its places stand on the card whatever was looked for.
        let beside = beside.filter(|excerpt| excerpt.field != "regions" || !card.places.contains(&excerpt.text));
        card.beside = beside.map(pieces).collect();
        let alike = result.duplicates.iter();
        card.alike = alike.map(|same| Alike::of(texts, names, same)).collect();
        Some(card)
    }

    /// Of a listing.
    pub(crate) fn of(texts: Texts, names: &Names, listing: &Listing) -> Option<Self> {
        let opportunity = listing.listing.as_ref()?;
        let summary = match &*opportunity.summary {
            "" => markdown::beginning(&opportunity.body, BEGINNING),
            summary => summary.to_owned(),
        };
        let plain = |text: String| vec![Piece { text, found: false }];
        let seconds = |time: &Option<prost_types::Timestamp>| time.as_ref().map_or(0, |time| time.seconds);
        let [published, closes] = [&listing.publish_time, &listing.expire_time].map(seconds);
        let date = |seconds| format::date(texts.language(), &format::in_china(seconds));
        Some(Self {
            path: names.listing_path(&listing.name),
            lang: foreign(texts, &opportunity.language),
            title: plain(opportunity.title.clone()),
            text: plain(summary),
            beside: Vec::new(),
            direction: words::direction(texts, opportunity.direction()),
            direction_word: words::direction_word(opportunity.direction()),
            kind: words::kind(texts, kind_of(opportunity).unwrap_or_default()),
            office: names.member(names.short(&listing.name)),
            office_path: names.member_path(&listing.name),
            places: places(texts, &opportunity.regions),
            measure: measure(texts, opportunity),
            published: date(published),
            published_machine: format::rfc3339(published),
            closes: format::until(texts.language(), closes),
            closes_machine: format::rfc3339(closes),
            alike: Vec::new(),
            new: false,
        })
    }

    /// Whether it offers something.
    pub(crate) fn has_direction(&self) -> bool {
        self.direction_word != words::direction_word(Direction::Unspecified)
    }
}

/// The language of a text, where it is not the page's.
pub(crate) fn foreign(texts: Texts, language: &str) -> String {
    let primary = |tag: &str| tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
    if primary(language) == primary(texts.language().tag()) { String::new() } else { language.to_owned() }
}

/// The area that they make, else the first places, and how many more there are.
pub(crate) fn places(texts: Texts, codes: &[String]) -> String {
    so_many_places(texts, codes, PLACES)
}

/// The area that they make, else all of them.
pub(crate) fn all_places(texts: Texts, codes: &[String]) -> String {
    so_many_places(texts, codes, codes.len())
}

fn so_many_places(texts: Texts, codes: &[String], most: usize) -> String {
    if let Some(area) = area::of(codes) {
        return area.name(texts.language()).to_owned();
    }
    let named: Vec<String> = codes.iter().take(most).map(|code| format::region(texts.language(), code)).collect();
    let shown = named.join(&texts.text("list-comma"));
    match codes.len().saturating_sub(most) {
        0 => shown,
        more => format!("{shown}{}", texts.count("places-more", more)),
    }
}

fn measure(texts: Texts, opportunity: &Opportunity) -> String {
    match &opportunity.details {
        Some(Details::Capital(part)) => details::sum(texts, part.amount_min.as_ref(), part.amount_max.as_ref()),
        Some(Details::Project(part)) => details::sum(texts, part.investment_min.as_ref(), part.investment_max.as_ref()),
        Some(Details::Technology(part)) if part.maturity_trl > 0 => format!("TRL {}", part.maturity_trl),
        Some(Details::Talent(part)) => texts.count("people", part.headcount),
        Some(Details::Event(part)) => details::event_time(texts, part),
        Some(Details::Technology(_)) | None => String::new(),
    }
}

/// An excerpt, cut where what was found begins and ends; that of a body without its Markdown.
fn pieces(excerpt: &Excerpt) -> Vec<Piece> {
    let characters: Vec<char> = excerpt.text.chars().collect();
    let mut pieces = Vec::new();
    let mut add = |characters: &[char], found: bool| {
        let text: String = characters.iter().collect();
        let text = if excerpt.field == "body" { markdown::unmarked(&text) } else { text };
        if !text.is_empty() {
            pieces.push(Piece { text, found });
        }
    };
    if excerpt.cut_before {
        add(&['…'], false);
    }
    let mut at = 0;
    for range in &excerpt.highlights {
        let bound = |place: i32| usize::try_from(place).unwrap_or(0).clamp(at, characters.len());
        let (start, end) = (bound(range.start), bound(range.end));
        add(&characters[at..start], false);
        add(&characters[start..end.max(start)], true);
        at = end.max(start);
    }
    add(&characters[at..], false);
    if excerpt.cut_after {
        add(&['…'], false);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use duikou_proto::language::Language;
    use duikou_proto::v1::CharacterRange;

    use super::*;

    #[test]
    fn an_excerpt_is_cut_at_what_was_found_whatever_its_ranges_say() {
        let cut = |ranges: &[(i32, i32)]| {
            let highlights = ranges.iter().map(|(start, end)| CharacterRange { start: *start, end: *end });
            let excerpt = Excerpt {
                text: "全程冷链物流".to_owned(),
                highlights: highlights.collect(),
                cut_after: true,
                ..Excerpt::default()
            };
            pieces(&excerpt)
                .iter()
                .map(|piece| if piece.found { format!("[{}]", piece.text) } else { piece.text.clone() })
                .collect::<String>()
        };
        assert_eq!(cut(&[(2, 4)]), "全程[冷链]物流…");
        assert_eq!(cut(&[(0, 2), (2, 4)]), "[全程][冷链]物流…");
        assert_eq!(cut(&[]), "全程冷链物流…");
        assert_eq!(cut(&[(-5, 2), (1, 99), (3, 2)]), "[全程][冷链物流]…");
    }

    #[test]
    fn places_that_make_an_area_are_called_by_it() {
        let told = |codes: &[&str]| {
            places(Texts::of(Language::Zh), &codes.iter().map(|code| (*code).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(told(&["130000", "110000", "120000"]), "京津冀");
        assert_eq!(told(&["130000", "110000"]), "河北省、北京市");
    }

    #[test]
    fn an_excerpt_of_a_body_is_read_without_its_marks() {
        let excerpt = |field: &str| Excerpt {
            field: field.to_owned(),
            text: "**要点**\n- 冷链*物流*".to_owned(),
            highlights: vec![CharacterRange { start: 9, end: 11 }],
            ..Excerpt::default()
        };
        let told = |field: &str| pieces(&excerpt(field)).into_iter().map(|piece| piece.text).collect::<Vec<_>>();
        assert_eq!(told("body"), ["要点\n· ", "冷链", "物流"]);
        assert_eq!(told("title").concat(), excerpt("title").text, "a title has none");
    }
}
