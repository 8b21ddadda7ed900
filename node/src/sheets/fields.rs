//! The columns that tables of listings have: what they are called, for which kinds, and what goes into them.

mod in_forms;
mod table;

use duikou_proto::language::Text;
use duikou_proto::v1;
use duikou_proto::v1::external_code::Scheme;

use super::kind::Kind;
use crate::typed::labels::Label;
pub(crate) use in_forms::Shape;
pub use table::FIELDS;

/// What a column holds.
#[expect(missing_docs, reason = "`table` says what each is")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    Id,
    Publisher,
    Title,
    Direction,
    Summary,
    Body,
    Language,
    Regions,
    Industries,
    Tags,
    Audience,
    Expire,
    Office,
    Person,
    Email,
    Phone,
    Address,
    Links,
    ProjectCode,
    CreditCode,
    Rest,
    Published,
    Page,
    Instrument,
    Amount,
    Stages,
    Conditions,
    CooperationModes,
    Investment,
    AmountFrom,
    AmountTo,
    TotalInvestment,
    Phase,
    LandTerms,
    PolicyTerms,
    Maturity,
    IpStatus,
    Patents,
    TransferModes,
    Budget,
    SupplyType,
    Occupation,
    Headcount,
    Wage,
    WageFrom,
    WageTo,
    Training,
    Age,
    Available,
    Start,
    End,
    TimeZone,
    Venue,
    OnlineUrl,
    Deadline,
    Capacity,
}

/// One of the two columns of a range.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bound {
    /// The fields that say all of the range.
    of: &'static [Field],
    pub(crate) end: End,
    /// What its name says that its numbers are counted in.
    pub(crate) unit: &'static str,
}

/// Which of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Lower,
    Upper,
}

impl Bound {
    /// The field of this kind that says all of the range.
    pub(crate) fn of(&self, kind: Kind) -> Option<Field> {
        self.of.iter().copied().find(|field| field.info().is_of(kind))
    }
}

/// What is known of a field.
#[derive(Debug)]
pub struct Info {
    /// Which.
    pub field: Field,
    /// Its name in mappings and on the command line.
    pub id: &'static str,
    /// Kinds that have it; empty: all.
    kinds: &'static [Kind],
    /// The header in Chinese: that of templates and exports.
    pub zh: &'static str,
    /// The header in English.
    pub en: &'static str,
    /// What else columns are called.
    pub synonyms: &'static [&'static str],
    /// Paths of the contract whose violations belong to it, or begin there.
    pub paths: &'static [&'static str],
    /// What to write.
    pub help: (&'static str, &'static str),
    /// An example of it.
    pub example: &'static str,
    /// The values of a choice.
    pub labels: &'static [Label],
    /// It is in templates and exports; the others are read only, and go into the body.
    pub written: bool,
    /// Exports say it to people, and imports do not take it over.
    pub beside: bool,
}

impl Info {
    /// Whether listings of a kind have it.
    pub fn is_of(&self, kind: Kind) -> bool {
        self.kinds.is_empty() || self.kinds.contains(&kind)
    }

    /// Whether only some kinds have it.
    pub fn is_particular(&self) -> bool {
        !self.kinds.is_empty()
    }

    /// Whether imports read it.
    pub(crate) fn is_read(&self) -> bool {
        !self.beside || self.bound().is_some()
    }

    /// Of which fields it is the lower or the upper bound, in tables that have two columns for a range: those that a
    /// kind has not are no matter. What its own name says of its numbers goes with them.
    pub(crate) fn bound(&self) -> Option<Bound> {
        let (of, end, unit): (&'static [Field], _, _) = match self.field {
            Field::AmountFrom => (&[Field::Amount, Field::Investment], End::Lower, "万元"),
            Field::AmountTo => (&[Field::Amount, Field::Investment], End::Upper, "万元"),
            Field::WageFrom => (&[Field::Wage], End::Lower, "元/月"),
            Field::WageTo => (&[Field::Wage], End::Upper, "元/月"),
            _ => return None,
        };
        Some(Bound { of, end, unit })
    }

    /// Its header for people.
    pub fn name(&self) -> Text {
        Text::new(self.zh, self.en)
    }
}

impl Field {
    /// What is known of it.
    pub fn info(self) -> &'static Info {
        // Every field is in the table; a test goes through both.
        FIELDS.iter().find(|info| info.field == self).unwrap_or(&FIELDS[0])
    }

    /// By the name in mappings, or by a header of the template.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        FIELDS
            .iter()
            .find(|info| info.id == text || info.zh == text || info.en.eq_ignore_ascii_case(text))
            .map(|info| info.field)
    }
}

/// The field to which a violation of the contract belongs: the one with the longest path that fits.
pub(crate) fn of_path(path: &str, kind: Kind) -> Option<Field> {
    let fits =
        |known: &str| path.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
    let mut best: Option<(usize, Field)> = None;
    for info in FIELDS.iter().filter(|info| info.is_of(kind)) {
        for known in info.paths.iter().filter(|known| fits(known)) {
            if best.is_none_or(|(length, _)| known.len() > length) {
                best = Some((known.len(), info.field));
            }
        }
    }
    best.map(|(_, field)| field)
}

/// The same for a violation in `body`: of the codes of public registers each has a field of its own.
pub(crate) fn of_violation(path: &str, kind: Kind, body: &v1::Opportunity) -> Option<Field> {
    let index = path.strip_prefix("listing.external_codes[").and_then(|rest| rest.split_once(']')?.0.parse().ok());
    match index.and_then(|index: usize| body.external_codes.get(index)).map(v1::ExternalCode::scheme) {
        Some(Scheme::InvestmentProject) => Some(Field::ProjectCode),
        _ => of_path(path, kind),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_header_of_a_kind_means_two_fields() {
        for kind in Kind::ALL {
            let mut names: Vec<String> = FIELDS
                .iter()
                .filter(|info| info.is_of(kind))
                .flat_map(|info| info.synonyms.iter().copied().chain([info.id, info.zh, info.en]))
                .map(super::super::header::squeezed)
                .collect();
            names.sort();
            let twice: Vec<&[String]> =
                names.windows(2).filter(|pair| pair[0] == pair[1] && pair[0].chars().any(|c| c > '\u{7f}')).collect();
            assert!(twice.is_empty(), "{kind:?}: {twice:?}");
        }
    }

    #[test]
    fn every_field_is_in_the_table_once_and_found_by_its_names() {
        for (index, info) in FIELDS.iter().enumerate() {
            assert_eq!(FIELDS.iter().position(|other| other.field == info.field), Some(index));
            assert_eq!(Field::parse(info.id), Some(info.field));
            assert_eq!(info.field.info().id, info.id);
        }
        assert_eq!(of_path("listing.talent.wage_min.currency_code", Kind::Talent), Some(Field::Wage));
        assert_eq!(of_path("listing.regions[2]", Kind::Event), Some(Field::Regions));
        assert_eq!(of_path("listing.contact.email", Kind::Event), Some(Field::Email));
        assert_eq!(of_path("unheard", Kind::Event), None);
    }
}
