//! A listing as the index has it.

use std::collections::BTreeSet;

use duikou_proto::envelope::Part;
use duikou_proto::filter::{Amounts, Header, Quantities, Wages};
use duikou_proto::reference::{Table, industries, normalise_region, occupations, regions};
use duikou_proto::scope::ScopeSet;
use duikou_proto::v1::Opportunity;
use duikou_proto::v1::opportunity::{Details, Direction};
use tantivy::TantivyDocument;
use tantivy::schema::Field;
use tantivy::tokenizer::{PreTokenizedString, Token};

use super::analysis::{cut, fold, is_han, readings, stem, with_parts};
use super::schema::Fields;
use super::shingles::Pieces;
use crate::engine::Standing;

/// Words that lie in different fields are no neighbours.
const FIELD_GAP: usize = 16;
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
    // A range finds what it begins: every beginning of the tag is there.
    let language = opportunity.language.to_ascii_lowercase();
    let ends = language.match_indices('-').map(|(at, _)| at).chain([language.len()]);
    for end in ends.filter(|end| *end > 0) {
        document.add_text(fields.language, &language[..end]);
    }
    for tag in opportunity.tags.iter().collect::<BTreeSet<_>>() {
        document.add_text(fields.tag, tag);
    }
    add_quantities(&mut document, fields, &Quantities::of(opportunity));
    add_texts(&mut document, fields, opportunity);
    for shingle in Pieces::of(opportunity).bands() {
        document.add_text(fields.shingle, shingle);
    }
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
    let (mut text, mut title, mut characters) = (Tokens::default(), Tokens::default(), Tokens::default());
    let mut spelt = BTreeSet::new();
    for part in std::iter::once(&opportunity.title).chain(&opportunity.tags) {
        let folded = fold(part).text;
        text.add(&folded);
        title.add(&folded);
        characters.add_characters(&folded);
        spell(&folded, &mut spelt);
    }
    for part in other_texts(opportunity) {
        text.add(&fold(part).text);
    }
    for place in opportunity.regions.iter().filter_map(|code| regions().get(&normalise_region(code))) {
        for name in regions().names(place) {
            let folded = fold(&name).text;
            text.add(&folded);
            spell(&folded, &mut spelt);
        }
    }
    for (field, tokens) in [(fields.text, text), (fields.title, title), (fields.characters, characters)] {
        document.add_pre_tokenized_text(field, PreTokenizedString { text: String::new(), tokens: tokens.list });
    }
    for spelling in spelt {
        document.add_text(fields.reading, spelling);
    }
    for code in &opportunity.external_codes {
        document.add_text(fields.code, code_form(&code.code));
    }
}

/// Everything that has words beside title and tags.
fn other_texts(opportunity: &Opportunity) -> Vec<&str> {
    let mut texts: Vec<&str> = vec![&opportunity.summary, &opportunity.body];
    if let Some(contact) = &opportunity.contact {
        texts.push(&contact.office);
    }
    match &opportunity.details {
        Some(Details::Capital(part)) => texts.push(&part.conditions),
        Some(Details::Project(part)) => texts.extend([&*part.land_terms, &*part.policy_terms]),
        Some(Details::Technology(part)) => texts.extend(part.patent_numbers.iter().map(String::as_str)),
        Some(Details::Talent(part)) => texts.extend([&*part.occupation_name, &*part.training]),
        Some(Details::Event(part)) => texts.push(&part.venue),
        None => {}
    }
    texts
}

/// A code without what people leave out or put in: `2401-440300-04-01-123456` is `2401440300040112345`….
pub(crate) fn code_form(code: &str) -> String {
    fold(code).text.chars().filter(|character| character.is_alphanumeric()).collect()
}

fn spell(folded: &str, spelt: &mut BTreeSet<String>) {
    let mut rest = folded;
    for word in cut(folded).into_iter().filter(|word| word.han).take(SPELT_WORDS) {
        // From here to the end of the Chinese, so that several words may be typed as one.
        let Some(at) = rest.find(word.text) else { continue };
        rest = &rest[at..];
        let run = rest.find(|character| !is_han(character)).unwrap_or(rest.len());
        readings(&rest[..run], spelt);
        rest = &rest[word.text.len()..];
    }
}

/// Tokens of one field.
#[derive(Default)]
struct Tokens {
    list: Vec<Token>,
    position: usize,
}

impl Tokens {
    fn push(&mut self, text: &str) {
        let text = text.to_owned();
        self.list.push(Token { offset_from: 0, offset_to: 0, position: self.position, text, position_length: 1 });
    }

    /// The words of a text; the words within a word and its stem stand at its place.
    fn add(&mut self, folded: &str) {
        for word in cut(folded) {
            if word.han {
                with_parts(word.text, |part| self.push(part));
            } else {
                self.push(word.text);
                if let Some(stem) = stem(word.text) {
                    self.push(&stem);
                }
            }
            self.position += 1;
        }
        self.position += FIELD_GAP;
    }

    fn add_characters(&mut self, folded: &str) {
        for character in folded.chars() {
            if is_han(character) {
                self.push(character.encode_utf8(&mut [0; 4]));
            }
            self.position += 1;
        }
        self.position += FIELD_GAP;
    }
}
