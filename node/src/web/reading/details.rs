//! A listing's own fields in words, each with its label.

use duikou_proto::Money;
use duikou_proto::language::Language;
use duikou_proto::reference::{industries, occupations};
use duikou_proto::v1::opportunity::{Details, Direction};
use duikou_proto::v1::{Event, Opportunity, Talent};

use super::super::catalogue::Texts;
use super::super::{format, words};
use super::names::Names;
use crate::sheets::fields::Field;
use crate::typed::area;

/// A label with what it says, a line each.
pub(crate) struct Fact {
    pub(crate) label: String,
    pub(crate) lines: Vec<String>,
}

/// A sum as people write it; empty where neither end is given.
pub(crate) fn sum(texts: Texts, min: Option<&Money>, max: Option<&Money>) -> String {
    crate::matching::sums(min, max).map_or_else(String::new, |text| text.in_language(texts.language()).to_owned())
}

/// When an event takes place, in the time of its place, which is said where it is not that of China.
pub(crate) fn event_time(texts: Texts, event: &Event) -> String {
    let seconds = |time: &Option<prost_types::Timestamp>| time.as_ref().map_or(0, |time| time.seconds);
    let [start, end] =
        [&event.start_time, &event.end_time].map(|time| format::in_zone(seconds(time), &event.time_zone));
    let span = format::span(texts.language(), &start, &end);
    let china = format::in_china(seconds(&event.start_time));
    if start.offset() == china.offset() {
        return span;
    }
    texts.fill("time-elsewhere", &[("what", &span), ("zone", &start.offset().to_string())])
}

/// What the fields of forms are called on pages.
const FIELDS: [(&str, Field); 25] = [
    ("fact-instrument", Field::Instrument),
    ("fact-amount", Field::Amount),
    ("fact-stages", Field::Stages),
    ("fact-conditions", Field::Conditions),
    ("fact-modes", Field::CooperationModes),
    ("fact-investment", Field::Investment),
    ("fact-phase", Field::Phase),
    ("fact-land", Field::LandTerms),
    ("fact-policy", Field::PolicyTerms),
    ("fact-maturity", Field::Maturity),
    ("fact-ip", Field::IpStatus),
    ("fact-patents", Field::Patents),
    ("fact-transfer", Field::TransferModes),
    ("fact-supply", Field::SupplyType),
    ("fact-occupation", Field::Occupation),
    ("fact-headcount", Field::Headcount),
    ("fact-wage", Field::Wage),
    ("fact-training", Field::Training),
    ("fact-venue", Field::Venue),
    ("fact-registration", Field::Deadline),
    ("fact-capacity", Field::Capacity),
    ("fact-regions", Field::Regions),
    ("fact-industries", Field::Industries),
    ("closes", Field::Expire),
    ("audience", Field::Audience),
];

struct Facts {
    texts: Texts,
    /// Whether they are of something offered or sought.
    direction: Direction,
    found: Vec<Fact>,
}

impl Facts {
    fn new(texts: Texts, opportunity: &Opportunity) -> Self {
        Self { texts, direction: opportunity.direction(), found: Vec::new() }
    }

    /// What is sought is called as in the form in which it was written.
    fn label(&self, id: &str) -> String {
        let field = FIELDS.iter().find(|(known, _)| *known == id).map(|(_, field)| field.info());
        match (field.and_then(|info| info.sought_for(self.direction)), self.texts.language()) {
            (Some(((zh, _), _)), Language::Zh) => zh.to_owned(),
            (Some(((_, en), _)), Language::En) => en.to_owned(),
            (None, _) => self.texts.text(id),
        }
    }

    fn line(&mut self, label: &str, line: String) {
        self.lines(label, vec![line]);
    }

    fn lines(&mut self, label: &str, lines: Vec<String>) {
        let lines: Vec<String> = lines.into_iter().filter(|line| !line.is_empty()).collect();
        if !lines.is_empty() {
            self.found.push(Fact { label: self.label(label), lines });
        }
    }

    fn list(&mut self, label: &str, words: impl Iterator<Item = String>) {
        let comma = self.texts.text("list-comma");
        self.line(label, words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(&comma));
    }
}

/// What the kind's own part says.
pub(crate) fn of_kind(texts: Texts, opportunity: &Opportunity) -> Vec<Fact> {
    let mut facts = Facts::new(texts, opportunity);
    match &opportunity.details {
        Some(Details::Capital(part)) => {
            facts.line("fact-instrument", words::instrument(texts, part.instrument()));
            facts.line("fact-amount", sum(texts, part.amount_min.as_ref(), part.amount_max.as_ref()));
            facts.list("fact-stages", part.stages().map(|stage| words::stage(texts, stage)));
            facts.line("fact-conditions", part.conditions.clone());
        }
        Some(Details::Project(part)) => {
            facts.list("fact-modes", part.cooperation_modes().map(|mode| words::cooperation_mode(texts, mode)));
            facts.line("fact-investment", sum(texts, part.investment_min.as_ref(), part.investment_max.as_ref()));
            facts.line("fact-phase", words::phase(texts, part.phase()));
            facts.line("fact-land", part.land_terms.clone());
            facts.line("fact-policy", part.policy_terms.clone());
        }
        Some(Details::Technology(part)) => {
            if part.maturity_trl > 0 {
                facts.line("fact-maturity", texts.count("fact-trl", part.maturity_trl));
            }
            facts.line("fact-ip", words::ip_status(texts, part.ip_status()));
            facts.lines("fact-patents", part.patent_numbers.clone());
            facts.list("fact-transfer", part.transfer_modes().map(|mode| words::transfer_mode(texts, mode)));
        }
        Some(Details::Talent(part)) => {
            facts.line("fact-supply", words::supply_type(texts, part.supply_type()));
            facts.line("fact-occupation", occupation(texts, part));
            facts.line("fact-headcount", texts.count("people", part.headcount));
            let wage = sum(texts, part.wage_min.as_ref(), part.wage_max.as_ref());
            if !wage.is_empty() {
                facts.line("fact-wage", words::wage(texts, &wage, part.wage_period()));
            }
            facts.line("fact-training", part.training.clone());
        }
        Some(Details::Event(part)) => {
            let time = if facts.direction == Direction::Request { "fact-time-sought" } else { "fact-time" };
            facts.line(time, event_time(texts, part));
            facts.line("fact-venue", part.venue.clone());
            if let Some(deadline) = &part.registration_deadline {
                let deadline = format::in_zone(deadline.seconds, &part.time_zone);
                facts.line("fact-registration", format::moment(texts.language(), &deadline));
            }
            if part.capacity > 0 {
                facts.line("fact-capacity", texts.count("people", part.capacity));
            }
        }
        None => {}
    }
    facts.found
}

/// What every listing says beside its texts.
pub(crate) fn of_all(texts: Texts, opportunity: &Opportunity) -> Vec<Fact> {
    let mut facts = Facts::new(texts, opportunity);
    let regions = opportunity.regions.iter().map(|code| format::region(texts.language(), code));
    let regions = regions.filter(|region| !region.is_empty()).collect::<Vec<_>>().join(&texts.text("list-comma"));
    let area = area::of(&opportunity.regions).map(|area| area.name(texts.language()).to_owned());
    facts.lines("fact-regions", area.into_iter().chain([regions]).collect());
    let industry = |code: &String| match industries().get(code) {
        Some(entry) => texts.fill("industry-line", &[("what", entry.name(texts.language())), ("code", entry.code)]),
        None => code.clone(),
    };
    facts.lines("fact-industries", opportunity.industries.iter().map(industry).collect());
    let code = |code: &duikou_proto::v1::ExternalCode| {
        texts.fill("code-line", &[("what", &words::register(texts, code)), ("code", &code.code)])
    };
    facts.lines("fact-codes", opportunity.external_codes.iter().map(code).collect());
    facts.found
}

/// Who may see it.
pub(crate) fn audience_of(texts: Texts, names: &Names, scopes: &[String]) -> String {
    if scopes.is_empty() {
        return texts.text("audience-on-request");
    }
    let mut scopes: Vec<&String> = scopes.iter().collect();
    // The widest first.
    scopes.sort_by_key(|scope| {
        let kinds = ["public", "registered", "network", "circle", "member"];
        let kind = scope.split_once(':').map_or(scope.as_str(), |(kind, _)| kind);
        kinds.iter().position(|known| *known == kind).unwrap_or(kinds.len())
    });
    let named = scopes.into_iter().map(|scope| words::scope(texts, scope, |id| names.member(id)));
    named.collect::<Vec<_>>().join(&texts.text("list-comma"))
}

/// What of `scopes` a page says to whoever reads it: whom a public listing is for beside anybody is no matter of readers
/// who are of no office.
pub(crate) fn told(scopes: &[String], of_an_office: bool) -> &[String] {
    match scopes.iter().position(|scope| scope == "public") {
        Some(public) if !of_an_office => scopes.get(public..=public).unwrap_or(scopes),
        Some(_) | None => scopes,
    }
}

/// Whom to ask.
pub(crate) fn contact(texts: Texts, opportunity: &Opportunity) -> Vec<Fact> {
    let mut facts = Facts::new(texts, opportunity);
    if let Some(contact) = &opportunity.contact {
        facts.line("contact-office", contact.office.clone());
        facts.line("contact-person", contact.person.clone());
        facts.line("contact-phone", contact.phone.clone());
        facts.line("contact-email", contact.email.clone());
        facts.line("contact-address", contact.address.clone());
    }
    facts.found
}

fn occupation(texts: Texts, talent: &Talent) -> String {
    let known = occupations().get(&talent.occupation_code).map(|entry| entry.name(texts.language()));
    match (known, &*talent.occupation_name) {
        (None, "") => talent.occupation_code.clone(),
        (None, name) => name.to_owned(),
        (Some(known), "") => known.to_owned(),
        (Some(known), name) if known == name => name.to_owned(),
        (Some(known), name) => texts.fill("occupation-both", &[("what", name), ("class", known)]),
    }
}

#[cfg(test)]
mod tests {
    use duikou_proto::v1::Project;

    use super::*;

    #[test]
    fn an_audience_begins_with_the_widest_and_the_public_reads_of_no_other() {
        let texts = Texts::of(Language::Zh);
        let names = Names::sample(Language::Zh, "n.example");
        let scopes = ["member:bijie", "circle:pan-prd", "public", "network"].map(str::to_owned);
        let said = |scopes: &[String]| audience_of(texts, &names, scopes);
        assert_eq!(said(&scopes), "公开、网络成员、“pan-prd”圈子的成员、bijie");
        assert_eq!((said(told(&scopes, false)), told(&scopes, true)), ("公开".to_owned(), &scopes[..]));
        let narrow = &scopes[..2];
        assert_eq!(told(narrow, false), narrow, "whoever sees it is meant by one of these");
    }

    #[test]
    fn what_is_read_is_called_as_where_it_was_written() {
        let texts = Texts::of(Language::Zh);
        for (id, field) in FIELDS {
            assert_eq!(texts.text(id), field.info().zh, "{id}");
        }
    }

    #[test]
    fn what_is_sought_is_called_otherwise_than_what_is_offered_in_the_form_and_on_the_page() {
        let texts = Texts::of(Language::Zh);
        let sum = || Some(Money { currency_code: "CNY".to_owned(), units: 1, nanos: 0 });
        let project = Project { investment_min: sum(), ..Project::default() };
        let label = |direction: Direction| {
            let details = Some(Details::Project(project.clone()));
            let body = Opportunity { direction: direction.into(), details, ..Opportunity::default() };
            of_kind(texts, &body).remove(0).label
        };
        assert_eq!((&*label(Direction::Offer), &*label(Direction::Request)), ("引资金额", "拟投资金额"));
        assert_eq!(label(Direction::Request), Field::Investment.info().names_for(Direction::Request).0);
        // An event that somebody looks for has a period of days.
        let event = Event {
            start_time: Some(prost_types::Timestamp { seconds: 1_803_830_400, nanos: 0 }),
            end_time: Some(prost_types::Timestamp { seconds: 1_806_508_800, nanos: 0 }),
            time_zone: format::ZONE.to_owned(),
            venue: "不限".to_owned(),
            ..Event::default()
        };
        let details = Some(Details::Event(event));
        let body = Opportunity { direction: Direction::Request.into(), details, ..Opportunity::default() };
        let told: Vec<(String, String)> =
            of_kind(texts, &body).into_iter().map(|fact| (fact.label, fact.lines.concat())).collect();
        let wanted = [("希望时间", "2027年3月1日至2027年3月31日"), ("希望地点", "不限")];
        assert_eq!(told, wanted.map(|(label, line)| (label.to_owned(), line.to_owned())));
    }
}
