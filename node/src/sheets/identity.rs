//! Which listing a row is, where it does not say: the same defining columns give the same name, so that a table that is
//! imported again makes nothing new.

use duikou_proto::v1::Opportunity;
use duikou_proto::v1::opportunity::Details;

use super::kind::Kind;

/// Begins the ids that are made here.
const PREFIX: &str = "t-";
/// Letters of the hash in an id: 128 bits.
const LETTERS: usize = 32;

/// An id made of what defines a row: direction, regions, and its title; where the title was put together, the
/// occupation and the type of supply. Numbers, dates and amounts may change without making it another listing.
pub(super) fn of(kind: Kind, body: &Opportunity, titled: bool) -> String {
    let mut parts = vec![kind.name().to_owned(), body.direction.to_string()];
    match &body.details {
        Some(Details::Talent(talent)) if !titled => {
            parts.extend([
                talent.supply_type.to_string(),
                talent.occupation_code.clone(),
                talent.occupation_name.clone(),
            ]);
        }
        _ => parts.push(body.title.clone()),
    }
    let mut regions = body.regions.clone();
    regions.sort();
    // An event may move to another place and stays the same event.
    if kind != Kind::Event {
        parts.extend(regions);
    }
    let codes = body.external_codes.iter().map(|code| format!("{}:{}", code.scheme, code.code));
    let codes: Vec<String> = codes.collect();
    // A number in a public register says which it is, whatever it is called.
    if let [project, ..] = &*codes
        && body.external_codes[0].scheme == i32::from(duikou_proto::v1::external_code::Scheme::InvestmentProject)
    {
        parts = vec![kind.name().to_owned(), project.clone()];
    }
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    format!("{PREFIX}{}", &hasher.finalize().to_hex()[..LETTERS])
}
