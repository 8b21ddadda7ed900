//! What listings of all kinds have.

use super::{Check, Violation, bounds, capital, event, is_language_tag, parts, project, reason, talent, technology};
use crate::reference::{industries, regions};
use crate::v1;
use crate::v1::opportunity::{Details, Direction};

/// The longest tag that is looked at, in characters: enough for every registered one (RFC 5646, section 4.4.1).
const LANGUAGE_CHARS: usize = 35;

/// Finds every violation of the contract's rules in a normalised body. `prefix` is the path of the body itself, for
/// example `listing`; empty where it stands alone.
pub fn opportunity(opportunity: &v1::Opportunity, prefix: &str) -> Vec<Violation> {
    let mut found = Vec::new();
    let check = &mut Check::new(prefix, &mut found);
    check.required_choice::<Direction>("direction", opportunity.direction);
    check.required_line("title", &opportunity.title, bounds::TITLE_CHARS);
    check.line("summary", &opportunity.summary, bounds::SUMMARY_CHARS);
    check.markdown("body", &opportunity.body, bounds::BODY_CHARS);
    if check.required_line("language", &opportunity.language, LANGUAGE_CHARS) && !is_language_tag(&opportunity.language)
    {
        check.bad_format("language", "zh-CN");
    }
    regions_of(check, &opportunity.regions);
    for (item, code) in check.items("industries", &opportunity.industries, bounds::INDUSTRIES) {
        if industries().get(code).is_none() {
            check.unknown(&item, code);
        }
    }
    check.no_repeats("industries", &opportunity.industries, bounds::INDUSTRIES);
    for (item, tag) in check.items("tags", &opportunity.tags, bounds::TAGS) {
        check.required_line(&item, tag, bounds::TAG_CHARS);
    }
    check.no_repeats("tags", &opportunity.tags, bounds::TAGS);
    if let Some(contact) = &opportunity.contact {
        parts::contact(&mut check.part("contact"), contact);
    }
    for (item, link) in check.items("links", &opportunity.links, bounds::LINKS) {
        parts::link(&mut check.part(&item), link);
    }
    for (item, attachment) in check.items("attachments", &opportunity.attachments, bounds::ATTACHMENTS) {
        parts::attachment(&mut check.part(&item), attachment);
    }
    for (item, code) in check.items("external_codes", &opportunity.external_codes, bounds::EXTERNAL_CODES) {
        parts::external_code(&mut check.part(&item), code);
    }
    match &opportunity.details {
        Some(Details::Capital(part)) => capital::capital(&mut check.part("capital"), part),
        Some(Details::Project(part)) => project::project(&mut check.part("project"), part),
        Some(Details::Technology(part)) => technology::technology(&mut check.part("technology"), part),
        Some(Details::Talent(part)) => talent::talent(&mut check.part("talent"), part),
        Some(Details::Event(part)) => event::event(&mut check.part("event"), part),
        None => check.fail(
            "details",
            reason::REQUIRED,
            "缺少类别内容，请填写资金、项目、技术、人才、活动之一。",
            "The kind's own part is absent: give capital, project, technology, talent or event.",
        ),
    }
    found
}

fn regions_of(check: &mut Check<'_>, codes: &[String]) {
    if codes.is_empty() {
        check.absent("regions");
    }
    for (item, code) in check.items("regions", codes, bounds::REGIONS) {
        if code == "CN" {
            check.fail(
                &item,
                reason::UNKNOWN_CODE,
                "中国境内的地区请使用六位行政区划代码，不用 CN。",
                "Regions of China have codes of six digits: use these and not CN.",
            );
        } else if regions().get(code).is_none() {
            check.unknown(&item, code);
        }
    }
    check.no_repeats("regions", codes, bounds::REGIONS);
}

/// The kind that a body's own part fixes: `capital`, `project`, `technology`, `talent` or `event`.
pub fn kind_of(opportunity: &v1::Opportunity) -> Option<&'static str> {
    opportunity.details.as_ref().map(|details| match details {
        Details::Capital(_) => "capital",
        Details::Project(_) => "project",
        Details::Technology(_) => "technology",
        Details::Talent(_) => "talent",
        Details::Event(_) => "event",
    })
}
