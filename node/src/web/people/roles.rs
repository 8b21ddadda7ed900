//! The roles of an account, as one choice for each member.

use duikou_proto::v1::account::MemberRole;
use duikou_proto::v1::token::Role as Given;

use super::super::catalogue::Texts;
use super::super::forms::Choice;
use super::super::sent::Sent;
use super::super::signed::Acting;
use super::super::words;
use crate::accounts::Role;

/// Begins the names of the fields; the member's id follows.
const PREFIX: &str = "role.";

/// The choice for one member.
pub(in crate::web) struct RoleChoice {
    /// The field's name.
    pub(in crate::web) field: String,
    /// The same as an id, which has no dots.
    pub(in crate::web) id: String,
    pub(in crate::web) member: String,
    pub(in crate::web) choices: Vec<Choice>,
    pub(in crate::web) chosen: String,
}

/// The choices for these members; `held` are the roles that there are, `usual` what is proposed where there is none.
pub(super) fn choices(texts: Texts, members: &[Acting], held: &[MemberRole], usual: Option<Given>) -> Vec<RoleChoice> {
    let none = Choice { value: String::new(), name: texts.text("role-none") };
    let role = |role: Role| Choice { value: role.shown().as_str_name().to_owned(), name: words::role(texts, role) };
    let all: Vec<Choice> =
        std::iter::once(none).chain([Role::Viewer, Role::Editor, Role::Reviewer, Role::Admin].map(role)).collect();
    let short = |id: &str| id.trim_start_matches("members/").split('.').next().unwrap_or_default().to_owned();
    let one = |member: &Acting| {
        let of = held.iter().find(|held| short(&held.member) == short(&member.id));
        let chosen = of.map(MemberRole::role).or(usual).filter(|role| *role != Given::Unspecified);
        RoleChoice {
            field: format!("{PREFIX}{}", member.id),
            id: format!("{PREFIX}{}", member.id).replace('.', "-"),
            member: member.name.clone(),
            choices: all.clone(),
            chosen: chosen.map_or_else(String::new, |role| role.as_str_name().to_owned()),
        }
    };
    members.iter().map(one).collect()
}

/// The roles that a form gives.
pub(super) fn given(sent: &Sent) -> Vec<MemberRole> {
    let fields = sent.fields().iter().filter_map(|(name, value)| Some((name.strip_prefix(PREFIX)?, value)));
    let chosen = fields.filter(|(_, value)| !value.is_empty());
    let role = |(member, value): (&str, &String)| MemberRole {
        member: member.to_owned(),
        // What is no role is said to be none, by the service.
        role: Given::from_str_name(value).unwrap_or(Given::Unspecified).into(),
    };
    chosen.map(role).collect()
}
