//! A cell into its field.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use duikou_proto::language::Text;
use duikou_proto::v1::{self, ExternalCode, Link, external_code::Scheme};
use prost::Message;

use super::draft::Draft;
use super::{At, Reader};
use crate::sheets::fields::Field;
use crate::sheets::grid::Cell;
use crate::typed::place::Lies;
use crate::typed::text::{folded, items, line, lines};
use crate::typed::{Candidate, Outcome, Range, Unclear, Understood, When, all_of};
use crate::typed::{area, audience, choice, count, date, industry, labels, money, occupation, place, text};

/// Words of a deadline that say that there is none.
const NO_DEADLINE: [&str; 6] = ["长期有效", "长期", "不限", "无", "随时", "开始前均可"];
/// Words that say that all of the investment is sought.
const ALL: [&str; 4] = ["全部", "全额", "全部投资", "总投资"];

impl Reader<'_> {
    /// Reads a cell that is not blank.
    pub(super) fn put(&mut self, draft: &mut Draft, at: At<'_>) {
        let typed = at.cell.text();
        let value = || line(&typed);
        match at.field {
            Field::Id => {
                let value = value();
                let named = value.strip_prefix("members/").and_then(|rest| rest.split_once("/listings/"));
                let publisher = named.map(|(member, _)| member).filter(|member| !self.is_own(member));
                let id = value.rsplit('/').next().unwrap_or_default().to_owned();
                if let Some(publisher) = publisher {
                    // Of another network nobody here has heard.
                    let unheard = || {
                        Unclear::wrong(
                            format!("这是{publisher}发布的信息，不能作为本单位的信息导入。"),
                            format!("{publisher} published this: it cannot be imported as yours."),
                        )
                    };
                    let why = self.of_another(publisher).unwrap_or_else(unheard);
                    draft.fault(at, why);
                } else if let Some(id) = draft.take(at, identifier(&id)) {
                    draft.listing.name = format!("{}/listings/{id}", self.parent);
                }
            }
            Field::Publisher if draft.has_fault(Field::Id) => {}
            Field::Publisher => {
                if let Some(why) = self.of_another(&value()) {
                    draft.fault(at, why);
                }
            }
            Field::Title => plain(draft, at, value(), |draft| &mut draft.body.title),
            Field::Summary => plain(draft, at, value(), |draft| &mut draft.body.summary),
            Field::Body => plain(draft, at, lines(&typed), |draft| &mut draft.body.body),
            Field::Language => plain(draft, at, value(), |draft| &mut draft.body.language),
            Field::Direction => {
                let read = choice::choice(&typed, labels::DIRECTIONS);
                draft.body.direction = draft.take(at, read).unwrap_or_default();
            }
            Field::Regions => {
                let read = self.regions(&typed);
                if let Some(places) = draft.take(at, read) {
                    draft.body.regions = places.codes;
                    if places.addresses {
                        draft.told.push((at.field, value()));
                    }
                }
            }
            Field::Industries => draft.body.industries = draft.take(at, industry::several(&typed)).unwrap_or_default(),
            Field::Tags => draft.body.tags = draft.take(at, list(&typed)).unwrap_or_default(),
            Field::Audience => {
                let read = audience::audience(&typed, self.names);
                draft.listing.scopes = draft.take(at, read).unwrap_or_default();
            }
            Field::Expire => draft.expire = self.when(draft, at),
            Field::Office => plain(draft, at, value(), |draft| &mut draft.contact.office),
            Field::Person => {
                match Some(&typed).filter(|_| !draft.in_form).and_then(|typed| text::person_and_phone(typed)) {
                    Some((person, phone)) => {
                        plain(draft, at, person, |draft| &mut draft.contact.person);
                        draft.with_it.push((at.field, Field::Phone, phone));
                    }
                    None => plain(draft, at, value(), |draft| &mut draft.contact.person),
                }
            }
            Field::Address => plain(draft, at, value(), |draft| &mut draft.contact.address),
            Field::Email => draft.contact.email = draft.take(at, text::email(&typed)).unwrap_or_default(),
            Field::Phone => {
                let read = text::phone(&typed);
                let both = read.as_ref().err().and_then(|_| text::person_and_phone(&typed));
                match both {
                    Some((person, phone)) if draft.in_form => draft.fault(at, with_a_name(&person, phone)),
                    Some((person, phone)) => {
                        plain(draft, at, phone, |draft| &mut draft.contact.phone);
                        draft.with_it.push((at.field, Field::Person, person));
                    }
                    None => draft.contact.phone = draft.take(at, read).unwrap_or_default(),
                }
            }
            Field::Links => draft.body.links = draft.take(at, links(&typed)).unwrap_or_default(),
            Field::ProjectCode => external(draft, at, value(), Scheme::InvestmentProject),
            Field::CreditCode => external(draft, at, value(), Scheme::CreditCode),
            Field::Rest => {
                if let Some(rest) = draft.take(at, rest(&value())) {
                    draft.body.attachments = rest.attachments;
                    draft.body.external_codes.extend(rest.external_codes);
                }
            }
            _ => self.put_particular(draft, at, &typed),
        }
    }

    /// The same for fields that some kinds have.
    fn put_particular(&mut self, draft: &mut Draft, at: At<'_>, typed: &str) {
        let value = || line(typed);
        match at.field {
            Field::Instrument => {
                draft.capital.instrument =
                    draft.take(at, choice::choice(typed, labels::INSTRUMENTS)).unwrap_or_default();
            }
            Field::Amount => {
                if let Some(range) = sum(draft, at, typed, money::amount(typed, at.unit)) {
                    (draft.capital.amount_min, draft.capital.amount_max) = (range.min, range.max);
                }
            }
            Field::Stages => {
                draft.capital.stages = draft.take(at, choice::several(typed, labels::STAGES)).unwrap_or_default()
            }
            Field::Conditions => plain(draft, at, value(), |draft| &mut draft.capital.conditions),
            Field::CooperationModes => {
                let read = choice::several(typed, labels::COOPERATION_MODES);
                draft.project.cooperation_modes = draft.take(at, read).unwrap_or_default();
            }
            Field::Investment if ALL.contains(&folded(typed).as_str()) => {
                draft.whole_investment = true;
                draft.given.insert(at.field);
            }
            Field::Investment => {
                if let Some(range) = sum(draft, at, typed, money::amount(typed, at.unit)) {
                    (draft.project.investment_min, draft.project.investment_max) = (range.min, range.max);
                }
            }
            Field::TotalInvestment => {
                let read = sum(draft, at, typed, money::amount(typed, at.unit));
                if let Some(range) = &read {
                    draft.told.push((at.field, money::format(range)));
                }
                draft.total_investment = read;
            }
            Field::Phase => {
                draft.project.phase = draft.take(at, choice::choice(typed, labels::PHASES)).unwrap_or_default()
            }
            Field::LandTerms => plain(draft, at, value(), |draft| &mut draft.project.land_terms),
            Field::PolicyTerms => plain(draft, at, value(), |draft| &mut draft.project.policy_terms),
            Field::Maturity => draft.technology.maturity_trl = draft.take(at, count::level(typed)).unwrap_or_default(),
            Field::IpStatus => {
                draft.technology.ip_status =
                    draft.take(at, choice::choice(typed, labels::IP_STATUSES)).unwrap_or_default();
            }
            Field::Patents => draft.technology.patent_numbers = draft.take(at, list(typed)).unwrap_or_default(),
            Field::TransferModes => {
                let read = choice::several(typed, labels::TRANSFER_MODES);
                draft.technology.transfer_modes = draft.take(at, read).unwrap_or_default();
            }
            Field::Budget => {
                if let Some(range) = sum(draft, at, typed, money::amount(typed, at.unit)) {
                    draft.told.push((at.field, money::format(&range)));
                }
            }
            Field::SupplyType => {
                draft.talent.supply_type =
                    draft.take(at, choice::choice(typed, labels::SUPPLY_TYPES)).unwrap_or_default();
            }
            Field::Occupation => {
                if let Some(read) = draft.take(at, occupation::occupation(typed)) {
                    (draft.talent.occupation_code, draft.talent.occupation_name) = (read.code, read.name);
                }
            }
            Field::Headcount => draft.talent.headcount = draft.take(at, count::count(typed)).unwrap_or_default(),
            Field::Wage => {
                if let Some(range) = sum(draft, at, typed, money::wage(typed, at.unit)) {
                    draft.talent.wage_period = range.period.map(i32::from).unwrap_or_default();
                    (draft.talent.wage_min, draft.talent.wage_max) = (range.min, range.max);
                }
            }
            Field::WageFrom | Field::WageTo => self.bound(draft, at, typed, money::wage(typed, at.unit)),
            Field::AmountFrom | Field::AmountTo => self.bound(draft, at, typed, money::amount(typed, at.unit)),
            Field::Training => plain(draft, at, value(), |draft| &mut draft.talent.training),
            Field::Age => {
                draft.told.push((at.field, value()));
                draft.given.insert(at.field);
            }
            Field::Available => {
                if let Some(when) = self.when(draft, at) {
                    if when.last_day().is_some_and(|day| day < self.today()) {
                        draft.note(at, Text::new("日期已过", "this date has passed"));
                    }
                    draft.told.push((at.field, day_text(when)));
                }
            }
            Field::Start if matches!(at.cell, Cell::Text(text) if folded(text).parse::<f64>().is_err()) => {
                let read = date::span(typed, self.today());
                if let Some((start, until)) = draft.take(at, read.map(Understood::plain)) {
                    (draft.start, draft.until) = (Some(start), until);
                }
            }
            Field::Start => draft.start = self.when(draft, at),
            Field::End => draft.end = self.when(draft, at),
            Field::Deadline if NO_DEADLINE.contains(&folded(typed).as_str()) => {
                draft.note(
                    at,
                    Text::new(
                        format!("“{}”不是日期，留空：开始前均可报名", line(typed)),
                        format!("{} is no date: left empty, so that registration ends with the start", line(typed)),
                    ),
                );
            }
            Field::Deadline => draft.deadline = self.when(draft, at),
            Field::TimeZone => draft.event.time_zone = draft.take(at, date::zone(typed)).unwrap_or_default(),
            Field::Venue => plain(draft, at, value(), |draft| &mut draft.event.venue),
            Field::OnlineUrl => draft.event.online_url = draft.take(at, text::url(typed)).unwrap_or_default(),
            Field::Capacity => draft.event.capacity = draft.take(at, count::count(typed)).unwrap_or_default(),
            _ => {}
        }
    }

    /// One end of a range that has a column for each: one amount, or what is one at this end (4500元以上).
    fn bound(&self, draft: &mut Draft, at: At<'_>, typed: &str, read: Outcome<Range>) {
        let whole = at.field.info().bound().and_then(|bound| bound.of(self.layout.kind));
        if let Some(whole) = whole.filter(|whole| !draft.told.iter().any(|(told, _)| told == whole))
            && money::is_open(typed)
        {
            draft.told.push((whole, line(typed)));
        }
        let Some(range) = draft.take(at, read) else { return };
        match (&range.min, &range.max) {
            (Some(min), Some(max)) if min != max => {
                let why = Unclear::wrong(
                    "此列是区间的一端，应为一个金额，请改正。",
                    "This column is one end of a range: give one amount.",
                );
                draft.fault(at, why);
            }
            _ => drop(draft.bounds.insert(at.field, range)),
        }
    }

    /// A date; numbers that are not formatted as one are taken for the serial numbers of spreadsheets.
    fn when(&self, draft: &mut Draft, at: At<'_>) -> Option<When> {
        let typed = at.cell.text();
        let number = match at.cell {
            Cell::Number(number) => Some(*number),
            Cell::Text(text) => {
                folded(text).parse::<f64>().ok().filter(|number| (10_000.0..100_000.0).contains(number))
            }
            _ => None,
        };
        let read = match (at.cell, number) {
            (Cell::Number(number), _) if *number >= 10_000_000.0 => date::date(&typed, self.today()),
            (_, Some(number)) => date::serial(number, self.from_1904).inspect(|when| {
                draft.note(
                    at,
                    Text::new(
                        format!("数值 {typed} 按表格日期读作 {}", day_text(*when)),
                        format!("the number {typed} is read as the date {}", day_text(*when)),
                    ),
                );
            }),
            _ => date::date(&typed, self.today()),
        };
        draft.take(at, read.map(Understood::plain))
    }
}

/// An amount; that it is agreed upon later is told in the body, as readers want to know.
fn sum(draft: &mut Draft, at: At<'_>, typed: &str, read: Outcome<Range>) -> Option<Range> {
    if money::is_open(typed) {
        draft.told.push((at.field, line(typed)));
    }
    draft.take(at, read)
}

/// A form has a field for the name.
fn with_a_name(person: &str, phone: String) -> Unclear {
    let candidate = Candidate { typed: phone, text: Text::default() };
    Unclear::between(
        format!("“{person}”请写在“联系人”一栏，这里只写号码。"),
        format!("{person} belongs into the field for the contact person: write the number alone."),
        vec![candidate],
    )
}

/// A date as the body shows it.
pub(super) fn day_text(when: When) -> String {
    match when {
        When::Month(first) => format!("{:04}-{:02}", first.year(), first.month()),
        When::Day(day) => day.to_string(),
        When::Moment(at) => date::format(at),
        When::Exact(at) => at.to_string(),
    }
}

fn plain(draft: &mut Draft, at: At<'_>, value: String, into: impl FnOnce(&mut Draft) -> &mut String) {
    if !value.is_empty() {
        draft.given.insert(at.field);
        *into(draft) = value;
    }
}

fn identifier(id: &str) -> Outcome<String> {
    if duikou_proto::name::is_label(id) {
        return Ok(Understood::plain(id.to_owned()));
    }
    Err(Unclear::wrong(
        "编号只能用小写字母、数字和-，不超过64个，首尾不用-；没有请留空。",
        "An id has a-z, 0-9 and -, at most 64 of them, and no - at either end; leave it empty where there is none.",
    ))
}

fn list(typed: &str) -> Outcome<Vec<String>> {
    Ok(Understood::plain(items(typed)))
}

/// Places of a cell.
#[derive(Clone, Default)]
pub(super) struct Places {
    codes: Vec<String>,
    /// An address stands behind one of them.
    addresses: bool,
}

impl Places {
    fn add(&mut self, place: place::Place) {
        self.addresses |= !place.rest.is_empty();
        if !self.codes.iter().any(|code| code == place.code) {
            self.codes.push(place.code.to_owned());
        }
    }
}

/// Places, each of which may be followed by an address, and areas; several are separated.
pub(super) fn regions(typed: &str, home: Option<&str>) -> Outcome<Places> {
    let lies = home.map_or(Lies::Anywhere, Lies::Near);
    let mut places = Places::default();
    let parts = items(typed);
    if parts.len() < 2 {
        let read = area::places(parts.first().map_or(typed, String::as_str), lies)?;
        return Ok(read.map(|found| {
            found.into_iter().for_each(|place| places.add(place));
            places
        }));
    }
    let mut notes = Vec::new();
    for part in parts {
        let read = area::places(&part, lies)?;
        read.value.into_iter().flatten().for_each(|place| places.add(place));
        notes.extend(read.note);
    }
    Ok(Understood { value: Some(places), note: all_of(notes) })
}

fn links(typed: &str) -> Outcome<Vec<Link>> {
    let mut links = Vec::new();
    for entry in lines(typed).lines().map(str::trim).filter(|entry| !entry.is_empty()) {
        let (title, address) = entry.rsplit_once(char::is_whitespace).unwrap_or((entry, entry));
        if let Some(url) = text::url(address)?.value {
            links.push(Link { title: title.trim().to_owned(), url });
        }
    }
    Ok(Understood::plain(links))
}

fn external(draft: &mut Draft, at: At<'_>, code: String, scheme: Scheme) {
    if !text::says_nothing(&code) {
        draft.given.insert(at.field);
        let code = folded(&code).to_uppercase();
        draft.body.external_codes.push(ExternalCode { scheme: scheme.into(), code, register: String::new() });
    }
}

/// What exports keep that no cell shows.
pub(in crate::sheets) fn kept(attachments: &[v1::Attachment], codes: &[ExternalCode]) -> String {
    if attachments.is_empty() && codes.is_empty() {
        return String::new();
    }
    let body = v1::Opportunity {
        attachments: attachments.to_vec(),
        external_codes: codes.to_vec(),
        ..v1::Opportunity::default()
    };
    BASE64.encode(body.encode_to_vec())
}

fn rest(text: &str) -> Outcome<v1::Opportunity> {
    let bytes = BASE64.decode(text).ok();
    bytes.and_then(|bytes| v1::Opportunity::decode(&*bytes).ok()).map(Understood::plain).ok_or_else(|| {
        Unclear::wrong(
            "此列由导出生成，内容已被改动：请恢复原样或清空。",
            "An export wrote this column, and it was changed: restore or empty it.",
        )
    })
}
