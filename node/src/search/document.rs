//! A listing as the index has it.

use std::collections::{BTreeSet, HashMap};
use std::sync::OnceLock;

use duikou_proto::envelope::Part;
use duikou_proto::filter::{Amounts, Header, Quantities, Wages, language_ranges};
use duikou_proto::reference::{Entry, Table, industries, normalise_region, occupations, regions};
use duikou_proto::scope::ScopeSet;
use duikou_proto::v1::Opportunity;
use duikou_proto::v1::opportunity::{Details, Direction};
use duikou_proto::v1::talent::SupplyType;
use tantivy::TantivyDocument;
use tantivy::schema::Field;

use super::analysis::{PIECES_END, cut, fold, is_han, readings, syllables_of};
use super::features::Features;
use super::schema::Fields;
use super::shingles::bands_of_folded;
use crate::engine::Standing;

/// Where a name of a place or a title is spelt out, from so many of its words on.
const SPELT_WORDS: usize = 64;

/// The number that decides between listings that are equal otherwise.
pub(crate) fn tie(name: &str) -> u64 {
    let hash = *blake3::hash(name.as_bytes()).as_bytes();
    u64::from_le_bytes([hash[0], hash[1], hash[2], hash[3], hash[4], hash[5], hash[6], hash[7]])
}

/// What of a record decides who sees it, as one text.
pub(crate) fn class(standing: &Standing<'_>) -> String {
    format!("{} {} {}", standing.key_number, standing.origin, standing.scopes.to_text())
}

/// Reads what [`class`] wrote: key number, origin, scopes.
pub(crate) fn read_class(text: &str) -> Option<(i32, String, ScopeSet)> {
    let (key, rest) = text.split_once(' ')?;
    let (origin, scopes) = rest.split_once(' ')?;
    Some((key.parse().ok()?, origin.to_owned(), ScopeSet::from_text(scopes).ok()?))
}

/// The document of a record whose body is `opportunity`.
pub(crate) fn document(fields: &Fields, record: &Part, opportunity: &Opportunity) -> TantivyDocument {
    let header = Header::of(record);
    let name = record.name().as_str();
    let mut document = TantivyDocument::new();
    document.add_text(fields.name, name);
    document.add_text(fields.class, class(&Standing::of(record)));
    document.add_u64(fields.tie, tie(name));
    document.add_i64(fields.publish, header.publish_time);
    document.add_i64(fields.expire, header.expire_time);

    document.add_text(fields.kind, header.kind);
    document.add_text(fields.member, header.origin);
    if let Ok(direction) = Direction::try_from(opportunity.direction) {
        document.add_text(fields.direction, direction.as_str_name());
    }
    for scope in header.scopes.iter().filter(|scope| scope.as_str().starts_with("circle:")) {
        document.add_text(fields.circle, scope.as_str());
    }
    let places = lineages(regions(), opportunity.regions.iter().map(|code| normalise_region(code)));
    add_all(&mut document, fields.region, &places);
    add_all(&mut document, fields.industry, &lineages(industries(), opportunity.industries.iter()));
    if let Some(Details::Talent(talent)) = &opportunity.details {
        add_all(&mut document, fields.occupation, &lineages(occupations(), [&talent.occupation_code]));
    }
    for range in language_ranges(&opportunity.language) {
        document.add_text(fields.language, range);
    }
    for tag in opportunity.tags.iter().collect::<BTreeSet<_>>() {
        document.add_text(fields.tag, tag);
    }
    for way in ways(opportunity) {
        document.add_text(fields.way, way);
    }
    add_quantities(&mut document, fields, &Quantities::of(opportunity));
    add_texts(&mut document, fields, opportunity);
    document
}

/// The codes and those in which they lie, each once.
fn lineages<T: AsRef<str>>(table: &Table, codes: impl IntoIterator<Item = T>) -> BTreeSet<&'static str> {
    codes
        .into_iter()
        .flat_map(|code| table.lineage(code.as_ref()).map(|entry| entry.code).collect::<Vec<_>>())
        .collect()
}

fn add_all(document: &mut TantivyDocument, field: Field, values: &BTreeSet<&str>) {
    for value in values {
        document.add_text(field, value);
    }
}

/// The currency with the period of a wage, as one word.
pub(crate) fn wage_unit(currency: &str, period: i32) -> String {
    format!("{currency}/{period}")
}

/// By which ways it is done, each as one word: instrument, cooperation, transfer, supply. Those who look for people and those
/// who send them have one way.
pub(crate) fn ways(opportunity: &Opportunity) -> BTreeSet<String> {
    let named = |kind: &str, numbers: &[i32]| numbers.iter().map(|number| format!("{kind}/{number}")).collect();
    match &opportunity.details {
        Some(Details::Capital(part)) => named("capital", &[part.instrument]),
        Some(Details::Project(part)) => named("project", &part.cooperation_modes),
        Some(Details::Technology(part)) => named("technology", &part.transfer_modes),
        Some(Details::Talent(part)) => {
            let supply = match part.supply_type() {
                SupplyType::LabourPool => SupplyType::Vacancy,
                other => other,
            };
            named("talent", &[supply.into()])
        }
        Some(Details::Event(_)) | None => BTreeSet::new(),
    }
}

fn add_quantities(document: &mut TantivyDocument, fields: &Fields, quantities: &Quantities) {
    if let Some(span) = quantities.event {
        document.add_i64(fields.event_from, span.from);
        document.add_i64(fields.event_to, span.to);
    }
    if let Some(Amounts { currency, span }) = &quantities.amount {
        document.add_text(fields.amount_in, currency);
        document.add_i64(fields.amount_from, span.from);
        document.add_i64(fields.amount_to, span.to);
    }
    if let Some(Wages { amounts, period }) = &quantities.wage {
        document.add_text(fields.wage_in, wage_unit(&amounts.currency, *period));
        document.add_i64(fields.wage_from, amounts.span.from);
        document.add_i64(fields.wage_to, amounts.span.to);
    }
    if let Some(level) = quantities.level {
        document.add_i64(fields.level, level);
    }
}

fn add_texts(document: &mut TantivyDocument, fields: &Fields, opportunity: &Opportunity) {
    let folds = |texts: &mut dyn Iterator<Item = &str>| texts.map(|text| fold(text).text).collect::<Vec<String>>();
    let [title, summary, body] =
        [&opportunity.title, &opportunity.summary, &opportunity.body].map(|text| fold(text).text);
    let tags = folds(&mut opportunity.tags.iter().map(String::as_str));
    let others = folds(&mut other_texts(opportunity).into_iter().map(|(_, text)| text));
    let places = opportunity.regions.iter().filter_map(|code| regions().get(&normalise_region(code)));
    let places: Vec<&PlaceWords> = places.filter_map(|place| words_of_places().get(place.code)).collect();
    let mut spelt = Vec::new();

    for shingle in bands_of_folded([&*title, &*summary, &*body]) {
        document.add_u64(fields.shingle, shingle);
    }
    let features = Features::of_folded(std::iter::once(&*title).chain(tags.iter().map(String::as_str)), &summary);
    for (field, features) in [(fields.in_title, &features.title), (fields.in_summary, &features.summary)] {
        for feature in features {
            document.add_text(field, feature);
        }
    }
    let mut text = title;
    for tag in &tags {
        text.push(PIECES_END);
        text.push_str(tag);
    }
    text.split(PIECES_END).for_each(|piece| spell(piece, &mut spelt));
    document.add_text(fields.title, &text);
    document.add_text(fields.characters, &text);
    let names = places.iter().flat_map(|place| &place.names);
    for piece in [&summary, &body].into_iter().chain(&others).chain(names) {
        text.push(PIECES_END);
        text.push_str(piece);
    }
    document.add_text(fields.text, &text);
    spelt.extend(places.iter().flat_map(|place| place.spellings.iter().cloned()));
    spelt.sort_unstable();
    spelt.dedup();
    for spelling in spelt {
        document.add_text(fields.reading, spelling);
    }
    for code in &opportunity.external_codes {
        document.add_text(fields.code, code_form(&code.code));
    }
}

/// The names of a place, folded, and how they are typed.
struct PlaceWords {
    names: Vec<String>,
    spellings: Vec<String>,
}

/// The names, folded, of the places of a listing.
pub(super) fn names_of_places<'a>(opportunity: &'a Opportunity) -> impl Iterator<Item = &'a str> {
    let places = opportunity.regions.iter().filter_map(|code| regions().get(&normalise_region(code)));
    let places = places.filter_map(|place| words_of_places().get(place.code));
    places.flat_map(|place| place.names.iter().map(|name| -> &'a str { name }))
}

/// All places, by their codes.
fn words_of_places() -> &'static HashMap<&'static str, PlaceWords> {
    static PLACES: OnceLock<HashMap<&'static str, PlaceWords>> = OnceLock::new();
    PLACES.get_or_init(|| {
        let spelt = |place: &'static Entry| {
            let names: Vec<String> = regions().names(place).iter().map(|name| fold(name).text).collect();
            let mut spellings = Vec::new();
            names.iter().for_each(|name| spell(name, &mut spellings));
            (place.code, PlaceWords { names, spellings })
        };
        regions().entries().iter().map(spelt).collect()
    })
}

/// Everything that has words beside title, tags, summary and body, with the field's path in the contract.
pub(super) fn other_texts(opportunity: &Opportunity) -> Vec<(&'static str, &str)> {
    let mut texts: Vec<(&'static str, &str)> = Vec::new();
    if let Some(contact) = &opportunity.contact {
        texts.push(("contact.office", &contact.office));
    }
    match &opportunity.details {
        Some(Details::Capital(part)) => texts.push(("capital.conditions", &part.conditions)),
        Some(Details::Project(part)) => {
            texts.extend([("project.land_terms", &*part.land_terms), ("project.policy_terms", &*part.policy_terms)]);
        }
        Some(Details::Technology(part)) => {
            texts.extend(part.patent_numbers.iter().map(|number| ("technology.patent_numbers", &**number)));
        }
        Some(Details::Talent(part)) => {
            texts.extend([("talent.occupation_name", &*part.occupation_name), ("talent.training", &*part.training)]);
        }
        Some(Details::Event(part)) => texts.push(("event.venue", &part.venue)),
        None => {}
    }
    texts
}

/// A code without what people leave out or put in: `2401-440300-04-01-123456` is `2401440300040112345`….
pub(crate) fn code_form(code: &str) -> String {
    fold(code).text.chars().filter(|character| character.is_alphanumeric()).collect()
}

fn spell(folded: &str, spelt: &mut Vec<String>) {
    let mut words = 0;
    for run in folded.split(|character| !is_han(character)).filter(|run| !run.is_empty()) {
        let syllables = syllables_of(run);
        let mut rest = &syllables[..];
        for word in cut(run) {
            // From here to the end of the Chinese, so that several words may be typed as one.
            if words < SPELT_WORDS {
                readings(rest, spelt);
            }
            words += 1;
            rest = rest.get(word.text.chars().count()..).unwrap_or_default();
        }
    }
}
