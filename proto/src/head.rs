//! Where the head of a scope lies: a record of the origin whose id is the scope.

use crate::hex::hex;
use crate::limits::LABEL_BYTES;
use crate::name::{InvalidName, MemberId, RecordName};
use crate::scope::Scope;

/// The name of a member's head of `scope`.
///
/// # Errors
/// Never for a member and a scope that are sound.
pub fn name(member: &MemberId, scope: &Scope) -> Result<RecordName, InvalidName> {
    RecordName::new(member, "heads", &id(member, scope))
}

fn id(member: &MemberId, scope: &Scope) -> String {
    let text = scope.as_str();
    let own = member.network();
    let short = match text.split_once(':') {
        None => Some(text.to_owned()),
        Some(("network", name)) if name == own => Some("network".to_owned()),
        Some(("circle", circle)) => match circle.split_once('@') {
            Some((circle, name)) if name == own => Some(format!("circle-{circle}")),
            _ => None,
        },
        Some(("member", other)) => match other.parse::<MemberId>() {
            Ok(other) if other.network() == own => Some(format!("member-{}", other.short())),
            _ => None,
        },
        _ => None,
    };
    let hashed = || format!("scope-{}", &hex(blake3::hash(text.as_bytes()).as_bytes())[..32]);
    short.filter(|id| id.len() <= LABEL_BYTES).unwrap_or_else(hashed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_scope_has_an_id_of_its_own() {
        let member: MemberId = "shenzhen.pprd.example".parse().unwrap();
        let long = format!("circle:{}@pprd.example", "c".repeat(60));
        let scopes = ["public", "network:pprd.example", "circle:tea@pprd.example", "member:bijie.pprd.example", &long];
        let id = |text: &str| name(&member, &text.parse().unwrap()).unwrap().id().to_owned();
        assert_eq!(
            scopes[..4].iter().map(|text| id(text)).collect::<Vec<_>>(),
            ["public", "network", "circle-tea", "member-bijie"]
        );
        assert_eq!(id(&long).len(), 38);
        assert_ne!(id("circle:tea@other.example"), id("circle:tea@pprd.example"));
    }
}
