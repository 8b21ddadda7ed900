//! `/admin/approval`: who says yes to what the member publishes, and who stands in for whom.

use askama::Template;
use axum::extract::State;
use duikou_proto::name::MemberId;
use duikou_proto::v1::account_service_server::AccountService;
use duikou_proto::v1::approval_policy::{Deputy, Rule};
use duikou_proto::v1::draft_service_server::DraftService;
use duikou_proto::v1::{Account, ApprovalPolicy, ListAccountsRequest, UpdateApprovalPolicyRequest};
use http::StatusCode;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use prost_types::{FieldMask, Timestamp};

use super::super::Web;
use super::super::catalogue::Texts;
use super::super::format;
use super::super::forms::{Choice, Control, Field};
use super::super::layout::{Crumb, Page, Section};
use super::super::respond::{Answer, see_other_with};
use super::super::sent::Sent;
use super::super::signed::Signed;
use super::desk::Desk;
use super::people::People;
use crate::accounts::Role;
use crate::http::Problem;
use crate::typed::When;
use crate::typed::date::date;

/// The rules, as forms have them.
const RULES: [(&str, Rule, &str); 4] = [
    ("default", Rule::Unspecified, "policy-default"),
    ("none", Rule::None, "policy-none"),
    ("self", Rule::Self_, "policy-self"),
    ("other", Rule::Other, "policy-other"),
];

/// Somebody who stands in for a reviewer.
pub(super) struct DeputyLine {
    /// As the form sends it back.
    value: String,
    reviewer: String,
    deputy: String,
    until: String,
    /// Whether it is to stay.
    kept: bool,
}

/// The page.
#[derive(Template)]
#[template(path = "drafts/policy.html")]
pub(super) struct PolicyPage {
    page: Page,
    /// What holds now, in words.
    now: String,
    chosen: String,
    etag: String,
    rule: Field,
    deputies: Vec<DeputyLine>,
    /// Reviewer, deputy, until when: one more.
    more: Vec<Field>,
    /// Whether whoever looks may change it.
    may: bool,
    problem: String,
}

pub(super) async fn policy(State(web): State<Web>, signed: Signed) -> Answer {
    let desk = Desk::of(&web, &signed).await?;
    let policy = desk.policy().await?;
    show(&desk, &policy, &Sent::default(), StatusCode::OK, Wrong::default()).await
}

/// What is wrong with what was sent, by field.
#[derive(Default)]
struct Wrong {
    reviewer: String,
    deputy: String,
    until: String,
    problem: String,
}

impl Wrong {
    fn is_something(&self) -> bool {
        [&self.reviewer, &self.deputy, &self.until, &self.problem].iter().any(|text| !text.is_empty())
    }
}

/// Somebody who may write for the member, and stand in for one of its reviewers.
pub(super) struct Candidate {
    pub(super) id: String,
    pub(super) name: String,
    /// Whether they approve by their own role.
    pub(super) reviews: bool,
}

impl Candidate {
    fn of(account: Account, member: &MemberId) -> Option<Self> {
        let own = account.roles.iter().filter(|role| role.member == member.as_str() || role.member == member.short());
        let role = own.filter_map(|role| Role::read(role.role)).max();
        let role = if account.node_admin { Some(Role::Admin) } else { role };
        if account.disabled || role < Some(Role::Editor) {
            return None;
        }
        let id = account.name.strip_prefix("accounts/").unwrap_or(&account.name).to_owned();
        let name = if account.display_name.is_empty() { account.login } else { account.display_name };
        Some(Self { id, name, reviews: role >= Some(Role::Reviewer) })
    }
}

/// Those who may stand in; none for those who do not administer accounts.
async fn candidates(desk: &Desk<'_>) -> Vec<Candidate> {
    let request = ListAccountsRequest {};
    let found = desk.web.services().people.list_accounts(desk.signed.ask(request)).await;
    let found = found.map(|found| found.into_inner().accounts).unwrap_or_default();
    found.into_iter().filter_map(|account| Candidate::of(account, &desk.member)).collect()
}

async fn show(desk: &Desk<'_>, policy: &ApprovalPolicy, sent: &Sent, status: StatusCode, wrong: Wrong) -> Answer {
    let may = desk.signed.person().role >= Role::Admin;
    let candidates = if may { candidates(desk).await } else { Vec::new() };
    let ids = policy.deputies.iter().flat_map(|deputy| [deputy.reviewer.clone(), deputy.deputy.clone()]);
    let people = desk.people(ids.chain([policy.updater.clone()]).collect()).await?;
    let page = Page::new(desk.web, desk.signed, Section::Admin, desk.signed.texts.text("policy-title"));
    let mut shown = PolicyPage::of(page, policy, &people, &candidates, sent, may);
    shown.problem = wrong.problem;
    if let [reviewer, deputy, until] = &mut *shown.more {
        reviewer.error = wrong.reviewer;
        deputy.error = wrong.deputy;
        until.error = wrong.until;
    }
    desk.signed.page_with(status, &shown)
}

impl PolicyPage {
    pub(super) fn of(
        mut page: Page,
        policy: &ApprovalPolicy,
        people: &People,
        candidates: &[Candidate],
        sent: &Sent,
        may: bool,
    ) -> Self {
        let texts = page.texts();
        page.indexed = false;
        page.trail = vec![Crumb::admin(texts)];
        let (_, _, now) = of_rule(policy.rule());
        let chosen = if policy.is_default { Rule::Unspecified } else { policy.rule() };
        let rules = RULES.map(|(value, _, id)| Choice { value: value.to_owned(), name: texts.text(id) });
        let held = match sent.get("rule") {
            "" => of_rule(chosen).0,
            typed => typed,
        };
        let rule = Field::new("rule", texts.text("policy-rule"), Control::Choice(rules.into())).holding(held);
        let by = match (&policy.update_time, policy.is_default) {
            (Some(time), _) => texts.fill(
                "policy-by",
                &[
                    ("who", &people.name(&policy.updater)),
                    ("time", &format::moment(texts.language(), &format::in_china(time.seconds))),
                ],
            ),
            (None, _) => texts.text("policy-nobody"),
        };
        Self {
            now: texts.text(now),
            chosen: by,
            etag: policy.etag.clone(),
            rule: rule.helped(texts.text("policy-rule-help")),
            deputies: policy.deputies.iter().map(|deputy| DeputyLine::of(texts, people, deputy, sent)).collect(),
            more: more(texts, candidates, sent),
            may,
            problem: String::new(),
            page,
        }
    }
}

fn of_rule(rule: Rule) -> (&'static str, Rule, &'static str) {
    RULES.into_iter().find(|(_, known, _)| *known == rule).unwrap_or(RULES[0])
}

fn more(texts: Texts, candidates: &[Candidate], sent: &Sent) -> Vec<Field> {
    if candidates.is_empty() {
        return Vec::new();
    }
    let choose = |name: &'static str, label: &str, may: fn(&&Candidate) -> bool| {
        let none = Choice { value: String::new(), name: texts.text("editor-choose") };
        let people = candidates.iter().filter(may).map(|one| Choice { value: one.id.clone(), name: one.name.clone() });
        let control = Control::Choice([none].into_iter().chain(people).collect());
        Field::new(name, texts.text(label), control).holding(sent.get(name))
    };
    let until = Field::new("until", texts.text("policy-until"), Control::Line("text")).holding(sent.get("until"));
    vec![
        choose("reviewer", "policy-reviewer", |one| one.reviews),
        choose("deputy", "policy-deputy", |_| true),
        until.helped(texts.text("policy-until-help")),
    ]
}

impl DeputyLine {
    fn of(texts: Texts, people: &People, deputy: &Deputy, sent: &Sent) -> Self {
        let until = deputy.expire_time.as_ref().map_or(0, |time| time.seconds);
        let value = format!("{}|{}|{until}", deputy.reviewer, deputy.deputy);
        Self {
            kept: sent.fields().is_empty() || sent.fields().iter().any(|(key, sent)| key == "kept" && *sent == value),
            value,
            reviewer: people.name(&deputy.reviewer),
            deputy: people.name(&deputy.deputy),
            until: format::until_moment(texts.language(), &format::in_china(until)),
        }
    }
}

/// Changes it: deputies that are not sent back are none any longer.
pub(super) async fn set(State(web): State<Web>, signed: Signed, sent: Sent) -> Answer {
    let desk = Desk::of(&web, &signed).await?;
    let held = desk.policy().await?;
    let rule = RULES.iter().find(|(word, ..)| *word == sent.get("rule")).map_or(held.rule(), |(_, rule, _)| *rule);
    let kept = sent.fields().iter().filter(|(key, _)| key == "kept").filter_map(|(_, value)| deputy_in(value));
    let mut deputies: Vec<Deputy> = kept.collect();
    let kept = deputies.len();
    let now = format::in_china(web.engine().now().div_euclid(1_000_000)).date();
    match one_more(signed.texts, &sent, now) {
        Ok(more) => deputies.extend(more),
        Err(wrong) => return show(&desk, &held, &sent, StatusCode::BAD_REQUEST, wrong).await,
    }
    let policy = ApprovalPolicy {
        name: format!("members/{}/approvalPolicy", desk.member),
        rule: rule.into(),
        deputies,
        etag: sent.get("etag").to_owned(),
        ..ApprovalPolicy::default()
    };
    let request = UpdateApprovalPolicyRequest {
        policy: Some(policy),
        update_mask: Some(FieldMask { paths: vec!["*".to_owned()] }),
        request_id: String::new(),
    };
    match web.services().drafts.update_approval_policy(signed.ask(request)).await {
        Ok(_) => Ok(see_other_with("/admin/approval", "done-policy")),
        Err(status) => {
            let problem = Problem::of(&status, signed.language());
            let wrong = refused(signed.texts, &problem, kept);
            show(&desk, &held, &sent, problem.status(), wrong).await
        }
    }
}

/// Who is to stand in from now on, where the form says so.
fn one_more(texts: Texts, sent: &Sent, today: Date) -> Result<Option<Deputy>, Wrong> {
    let (reviewer, deputy, until) = (sent.get("reviewer"), sent.get("deputy"), sent.line("until"));
    if reviewer.is_empty() && deputy.is_empty() {
        if until.is_empty() {
            return Ok(None);
        }
        // A day for which nobody stands in says that somebody was meant.
        return Err(Wrong { reviewer: texts.text("policy-people-needed"), ..Wrong::default() });
    }
    let lacking = |id: &str, text| if id.is_empty() { texts.text(text) } else { String::new() };
    let mut wrong = Wrong {
        reviewer: lacking(reviewer, "policy-reviewer-needed"),
        deputy: lacking(deputy, "policy-deputy-needed"),
        ..Wrong::default()
    };
    let end = if until.is_empty() {
        Err(texts.text("policy-until-needed"))
    } else {
        end_of(until, today).map_err(|text| text.in_language(texts.language()).to_owned())
    };
    match end {
        Ok(end) if !wrong.is_something() => {
            Ok(Some(Deputy { reviewer: reviewer.to_owned(), deputy: deputy.to_owned(), expire_time: Some(end) }))
        }
        end => {
            wrong.until = end.err().unwrap_or_default();
            Err(wrong)
        }
    }
}

/// Why the service has not taken it. What is wrong with the one that was added after `kept` others is said at its fields,
/// in the words of a list: programs are told of ids.
fn refused(texts: Texts, problem: &Problem, kept: usize) -> Wrong {
    let new = format!("policy.deputies[{kept}].");
    let mut wrong = Wrong::default();
    let mut others = false;
    for (field, text) in problem.violations() {
        match field.strip_prefix(&new) {
            Some("reviewer") => wrong.reviewer = texts.text("policy-reviewer-unfit"),
            Some("deputy") => wrong.deputy = texts.text("policy-deputy-unfit"),
            Some("expire_time") => text.clone_into(&mut wrong.until),
            _ if field.starts_with("policy.deputies[") => others = true,
            _ => wrong.problem = [&*wrong.problem, text].join(" ").trim().to_owned(),
        }
    }
    if others {
        wrong.problem = [&*wrong.problem, &texts.text("policy-kept-unfit")].join(" ").trim().to_owned();
    }
    if !wrong.is_something() {
        problem.detail().clone_into(&mut wrong.problem);
    }
    wrong
}

fn deputy_in(value: &str) -> Option<Deputy> {
    let mut parts = value.splitn(3, '|');
    let (reviewer, deputy) = (parts.next()?.to_owned(), parts.next()?.to_owned());
    let seconds = parts.next()?.parse().ok()?;
    Some(Deputy { reviewer, deputy, expire_time: Some(Timestamp { seconds, nanos: 0 }) })
}

/// The end of a day that was typed.
fn end_of(typed: &str, today: Date) -> Result<Timestamp, duikou_proto::language::Text> {
    let when: When = date(typed, today).map_err(|unclear| unclear.told())?;
    let zone = TimeZone::get(format::ZONE).unwrap_or(TimeZone::UTC);
    let end = match when {
        When::Exact(at) => Some(at),
        When::Moment(at) => zone.to_timestamp(at).ok(),
        When::Month(_) | When::Day(_) => {
            let next = when.last_day().and_then(|day| day.tomorrow().ok());
            next.and_then(|day| zone.to_timestamp(day.to_datetime(jiff::civil::Time::midnight())).ok())
        }
    };
    let seconds = end.map_or(0, |end| end.as_second());
    Ok(Timestamp { seconds, nanos: 0 })
}
