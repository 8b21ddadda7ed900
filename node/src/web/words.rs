//! The codes of the contract in words. What a later version adds is shown by its code.

use duikou_proto::v1;
use duikou_proto::v1::capital::{Instrument, Stage};
use duikou_proto::v1::completeness::State;
use duikou_proto::v1::external_code::Scheme;
use duikou_proto::v1::opportunity::Direction;
use duikou_proto::v1::project::{CooperationMode, Phase};
use duikou_proto::v1::talent::{SupplyType, WagePeriod};
use duikou_proto::v1::technology::{IpStatus, TransferMode};

use super::catalogue::Texts;
use crate::accounts::Role;

/// The kinds of listings, in the order in which pages show them.
pub(crate) const KINDS: [&str; 5] = ["capital", "project", "technology", "talent", "event"];

/// A kind of listing.
pub(crate) fn kind(texts: Texts, kind: &str) -> String {
    match kind {
        "capital" => texts.text("kind-capital"),
        "project" => texts.text("kind-project"),
        "technology" => texts.text("kind-technology"),
        "talent" => texts.text("kind-talent"),
        "event" => texts.text("kind-event"),
        other => other.to_owned(),
    }
}

/// Who did something, by the name in the audit trail; `account` calls an account by its name.
pub(crate) fn actor(texts: Texts, actor: &str, account: impl FnOnce(&str) -> Option<String>) -> String {
    match (actor, actor.split_once('/')) {
        ("", _) => texts.text("audit-nobody"),
        ("local", _) => texts.text("person-operator"),
        ("server", _) => texts.text("audit-server"),
        (_, Some(("tokens", id))) => texts.about("audit-token", id),
        (_, Some(("nodes", id))) => texts.about("audit-node", id),
        (_, Some(("accounts", id))) => account(actor).unwrap_or_else(|| texts.about("audit-account", id)),
        _ => actor.to_owned(),
    }
}

/// Whether something is offered or sought.
pub(crate) fn direction(texts: Texts, direction: Direction) -> String {
    match direction {
        Direction::Offer => texts.text("direction-offer"),
        Direction::Request => texts.text("direction-request"),
        Direction::Unspecified => String::new(),
    }
}

/// The word for `direction` in addresses and styles.
pub(crate) fn direction_word(direction: Direction) -> &'static str {
    match direction {
        Direction::Offer => "offer",
        Direction::Request => "request",
        Direction::Unspecified => "",
    }
}

/// The direction whose word this is; empty: none is known.
pub(crate) fn direction_of_word(texts: Texts, word: &str) -> String {
    let all = [Direction::Offer, Direction::Request].into_iter();
    all.filter(|known| direction_word(*known) == word).map(|known| direction(texts, known)).collect()
}

pub(crate) fn instrument(texts: Texts, instrument: Instrument) -> String {
    let id = match instrument {
        Instrument::Equity => "instrument-equity",
        Instrument::Debt => "instrument-debt",
        Instrument::Fund => "instrument-fund",
        Instrument::Guarantee => "instrument-guarantee",
        Instrument::Leasing => "instrument-leasing",
        Instrument::SubsidisedLoan => "instrument-subsidised-loan",
        Instrument::Grant => "instrument-grant",
        Instrument::Unspecified => return String::new(),
    };
    texts.text(id)
}

pub(crate) fn stage(texts: Texts, stage: Stage) -> String {
    let id = match stage {
        Stage::Seed => "stage-seed",
        Stage::Angel => "stage-angel",
        Stage::Early => "stage-early",
        Stage::Growth => "stage-growth",
        Stage::Mature => "stage-mature",
        Stage::Any => "stage-any",
        Stage::Unspecified => return String::new(),
    };
    texts.text(id)
}

pub(crate) fn cooperation_mode(texts: Texts, mode: CooperationMode) -> String {
    let id = match mode {
        CooperationMode::SoleInvestment => "mode-sole-investment",
        CooperationMode::JointVenture => "mode-joint-venture",
        CooperationMode::Cooperation => "mode-cooperation",
        CooperationMode::Ppp => "mode-ppp",
        CooperationMode::Epc => "mode-epc",
        CooperationMode::Lease => "mode-lease",
        CooperationMode::Consignment => "mode-consignment",
        CooperationMode::IndustryTransfer => "mode-industry-transfer",
        CooperationMode::Acquisition => "mode-acquisition",
        CooperationMode::Unspecified => return String::new(),
    };
    texts.text(id)
}

pub(crate) fn phase(texts: Texts, phase: Phase) -> String {
    let id = match phase {
        Phase::Planning => "phase-planning",
        Phase::Feasibility => "phase-feasibility",
        Phase::Approved => "phase-approved",
        Phase::LandReady => "phase-land-ready",
        Phase::UnderConstruction => "phase-under-construction",
        Phase::OperatingExpansion => "phase-operating-expansion",
        Phase::Unspecified => return String::new(),
    };
    texts.text(id)
}

pub(crate) fn ip_status(texts: Texts, status: IpStatus) -> String {
    let id = match status {
        IpStatus::None => "ip-none",
        IpStatus::PatentPending => "ip-patent-pending",
        IpStatus::PatentGranted => "ip-patent-granted",
        IpStatus::SoftwareCopyright => "ip-software-copyright",
        IpStatus::KnowHow => "ip-know-how",
        IpStatus::Unspecified => return String::new(),
    };
    texts.text(id)
}

pub(crate) fn transfer_mode(texts: Texts, mode: TransferMode) -> String {
    let id = match mode {
        TransferMode::Assignment => "transfer-assignment",
        TransferMode::Licence => "transfer-licence",
        TransferMode::JointDevelopment => "transfer-joint-development",
        TransferMode::CommissionedDevelopment => "transfer-commissioned-development",
        TransferMode::Consulting => "transfer-consulting",
        TransferMode::EquityContribution => "transfer-equity-contribution",
        TransferMode::Unspecified => return String::new(),
    };
    texts.text(id)
}

pub(crate) fn supply_type(texts: Texts, supply: SupplyType) -> String {
    let id = match supply {
        SupplyType::LabourPool => "supply-labour-pool",
        SupplyType::Vacancy => "supply-vacancy",
        SupplyType::Training => "supply-training",
        SupplyType::Exchange => "supply-exchange",
        SupplyType::Unspecified => return String::new(),
    };
    texts.text(id)
}

/// A wage with what it counts for.
pub(crate) fn wage(texts: Texts, sum: &str, period: WagePeriod) -> String {
    let id = match period {
        WagePeriod::Hour => "wage-hour",
        WagePeriod::Day => "wage-day",
        WagePeriod::Month => "wage-month",
        WagePeriod::Year => "wage-year",
        WagePeriod::Unspecified => return sum.to_owned(),
    };
    texts.about(id, sum)
}

/// The register of an external code.
pub(crate) fn register(texts: Texts, code: &v1::ExternalCode) -> String {
    match code.scheme() {
        Scheme::InvestmentProject => texts.text("code-investment-project"),
        Scheme::Patent => texts.text("code-patent"),
        Scheme::CreditCode => texts.text("code-credit"),
        Scheme::Other | Scheme::Unspecified => code.register.clone(),
    }
}

/// Who is meant by a scope in its short form.
pub(crate) fn scope(texts: Texts, scope: &str, name_of: impl Fn(&str) -> String) -> String {
    match scope.split_once(':') {
        None if scope == "public" => texts.text("scope-public"),
        None if scope == "registered" => texts.text("scope-registered"),
        None if scope == "network" => texts.text("scope-network"),
        Some(("circle", circle)) => texts.about("scope-circle", circle),
        Some(("member", member)) => texts.about("scope-member", &name_of(member)),
        _ => scope.to_owned(),
    }
}

/// What somebody may do for a member.
pub(crate) fn role(texts: Texts, role: Role) -> String {
    texts.text(match role {
        Role::Viewer => "role-viewer",
        Role::Editor => "role-editor",
        Role::Reviewer => "role-reviewer",
        Role::Admin => "role-admin",
    })
}

/// How complete what is held of somebody is.
pub(crate) fn completeness(texts: Texts, state: State) -> String {
    let id = match state {
        State::Complete => "state-complete",
        State::Behind => "state-behind",
        State::Stale => "state-stale",
        State::Withheld => "state-withheld",
        State::Rejected => "state-rejected",
        State::Unspecified => return String::new(),
    };
    texts.text(id)
}

/// How a link is.
pub(crate) fn link_state(texts: Texts, state: v1::link_status::State) -> String {
    let id = match state {
        v1::link_status::State::Connected => "link-connected",
        v1::link_status::State::Recovering => "link-recovering",
        v1::link_status::State::Connecting => "link-connecting",
        v1::link_status::State::Disconnected => "link-disconnected",
        v1::link_status::State::Unspecified => return String::new(),
    };
    texts.text(id)
}

/// Whether a member takes part.
pub(crate) fn member_state(texts: Texts, state: v1::member::State) -> String {
    let id = match state {
        v1::member::State::Active => "member-active",
        v1::member::State::Suspended => "member-suspended",
        v1::member::State::Removed => "member-removed",
        v1::member::State::Unspecified => return String::new(),
    };
    texts.text(id)
}

/// Whether somebody holds a listing.
pub(crate) fn holder_state(texts: Texts, state: v1::holder::State) -> String {
    let id = match state {
        v1::holder::State::Held => "holder-held",
        v1::holder::State::Unconfirmed => "holder-unconfirmed",
        v1::holder::State::Refused => "holder-refused",
        v1::holder::State::Gone => "holder-gone",
        v1::holder::State::GoneUnconfirmed => "holder-gone-unconfirmed",
        v1::holder::State::Unspecified => return String::new(),
    };
    texts.text(id)
}

#[cfg(test)]
mod tests {
    use duikou_proto::language::Language;

    use super::*;

    #[test]
    fn every_code_has_a_word_in_each_language() {
        for language in [Language::Zh, Language::En] {
            let texts = Texts::of(language);
            let mut words = Vec::new();
            words.extend(KINDS.map(|word| kind(texts, word)));
            for number in 1..=9 {
                words.extend(Instrument::try_from(number).map(|code| instrument(texts, code)));
                words.extend(Stage::try_from(number).map(|code| stage(texts, code)));
                words.extend(CooperationMode::try_from(number).map(|code| cooperation_mode(texts, code)));
                words.extend(Phase::try_from(number).map(|code| phase(texts, code)));
                words.extend(IpStatus::try_from(number).map(|code| ip_status(texts, code)));
                words.extend(TransferMode::try_from(number).map(|code| transfer_mode(texts, code)));
                words.extend(SupplyType::try_from(number).map(|code| supply_type(texts, code)));
                words.extend(State::try_from(number).map(|code| completeness(texts, code)));
            }
            assert!(words.iter().all(|word| !word.is_empty()), "{words:?}");
        }
    }

    #[test]
    fn pages_call_a_code_as_forms_and_tables_do() {
        use crate::typed::labels;
        type Word = fn(Texts, i32) -> Option<String>;
        let tables: [(&[labels::Label], Word); 8] = [
            (labels::DIRECTIONS, |texts, code| Some(direction(texts, code.try_into().ok()?))),
            (labels::INSTRUMENTS, |texts, code| Some(instrument(texts, code.try_into().ok()?))),
            (labels::STAGES, |texts, code| Some(stage(texts, code.try_into().ok()?))),
            (labels::COOPERATION_MODES, |texts, code| Some(cooperation_mode(texts, code.try_into().ok()?))),
            (labels::PHASES, |texts, code| Some(phase(texts, code.try_into().ok()?))),
            (labels::IP_STATUSES, |texts, code| Some(ip_status(texts, code.try_into().ok()?))),
            (labels::TRANSFER_MODES, |texts, code| Some(transfer_mode(texts, code.try_into().ok()?))),
            (labels::SUPPLY_TYPES, |texts, code| Some(supply_type(texts, code.try_into().ok()?))),
        ];
        for (label, word) in tables.iter().flat_map(|(table, word)| table.iter().map(move |label| (label, word))) {
            assert_eq!(word(Texts::of(Language::Zh), label.value).as_deref(), Some(label.zh), "{}", label.name);
        }
    }

    #[test]
    fn scopes_are_named_by_who_is_meant() {
        let texts = Texts::of(Language::Zh);
        let named = |text: &str| scope(texts, text, |id| format!("<{id}>"));
        assert_eq!(named("public"), "公开");
        assert_eq!(named("circle:pan-prd"), "“pan-prd”圈子的成员");
        assert_eq!(named("member:bijie"), "<bijie>");
        assert_eq!(named("circle:x@other.example"), "“x@other.example”圈子的成员");
    }
}
