//! The one form in which a body is written.

use unicode_normalization::{UnicodeNormalization, is_nfc};

use crate::reference::normalise_region;
use crate::v1;
use crate::v1::opportunity::Details;

/// Brings all texts to NFC without white space around them, and regions to the codes by which they are stored. Doing
/// it again changes nothing.
pub fn normalise(opportunity: &mut v1::Opportunity) {
    let v1::Opportunity { title, summary, body, language, regions, industries, tags, .. } = opportunity;
    for value in [title, summary, language].into_iter().chain(regions.iter_mut()).chain(industries).chain(tags) {
        text(value);
    }
    for region in regions {
        *region = normalise_region(region).into_owned();
    }
    markdown(body);
    if let Some(v1::Contact { office, person, email, phone, address }) = &mut opportunity.contact {
        [office, person, email, phone, address].into_iter().for_each(text);
    }
    for v1::Link { title, url } in &mut opportunity.links {
        [title, url].into_iter().for_each(text);
    }
    for v1::Attachment { name, media_type, url, .. } in &mut opportunity.attachments {
        [name, media_type, url].into_iter().for_each(text);
    }
    for v1::ExternalCode { code, register, .. } in &mut opportunity.external_codes {
        [code, register].into_iter().for_each(text);
    }
    match &mut opportunity.details {
        Some(Details::Capital(part)) => {
            text(&mut part.conditions);
            money([&mut part.amount_min, &mut part.amount_max]);
        }
        Some(Details::Project(part)) => {
            [&mut part.land_terms, &mut part.policy_terms].into_iter().for_each(text);
            money([&mut part.investment_min, &mut part.investment_max]);
        }
        Some(Details::Technology(part)) => part.patent_numbers.iter_mut().for_each(text),
        Some(Details::Talent(part)) => {
            [&mut part.occupation_code, &mut part.occupation_name, &mut part.training].into_iter().for_each(text);
            money([&mut part.wage_min, &mut part.wage_max]);
        }
        Some(Details::Event(part)) => {
            [&mut part.time_zone, &mut part.venue, &mut part.online_url].into_iter().for_each(text);
        }
        None => {}
    }
}

fn money(amounts: [&mut Option<crate::Money>; 2]) {
    amounts.into_iter().flatten().for_each(|amount| text(&mut amount.currency_code));
}

fn text(value: &mut String) {
    composed(value);
    let trimmed = value.trim();
    if trimmed.len() < value.len() {
        *value = trimmed.to_owned();
    }
}

/// The indentation of the first line stays: in Markdown it has a meaning.
fn markdown(value: &mut String) {
    composed(value);
    value.truncate(value.trim_end().len());
    let blank = value.len() - value.trim_start().len();
    if let Some(line_end) = value[..blank].rfind('\n') {
        value.drain(..=line_end);
    }
}

fn composed(value: &mut String) {
    if !is_nfc(value) {
        *value = value.nfc().collect();
    }
}
