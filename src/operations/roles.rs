//! Names of roles. Those that begin with `scoregate_` are the gateway's own and are exactly four; every
//! other name belongs to the portals. Not here: what a role may do.

use super::Refused;
use crate::accounts::GATEWAY_ROLES;
use crate::points::Role;

const PREFIX: &str = "scoregate_";

/// A role as somebody wrote it.
pub(super) fn role(text: &str) -> Result<Role, Refused> {
    let rest = text.strip_prefix(|first: char| first.is_ascii_lowercase());
    let is_name = text.len() <= 64
        && rest.is_some_and(|rest| {
            rest.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-'))
        });
    if !is_name {
        return Err(Refused::NotARole { role: text.to_owned() });
    }
    if text.starts_with(PREFIX) && !GATEWAY_ROLES.contains(&text) {
        return Err(Refused::NoSuchGatewayRole { role: text.to_owned() });
    }
    Ok(Role::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_a_name_of_the_portals_or_one_of_the_four() {
        for good in ["finance", "a", "team-2", "x_y", "scoregate", "scoregate_owner"] {
            assert!(role(good).is_ok(), "{good}");
        }
        for bad in ["", "Finance", "2nd", "a,b", "a b", "-a", "\u{e9}", &"a".repeat(65)] {
            assert!(matches!(role(bad), Err(Refused::NotARole { .. })), "{bad}");
        }
        for bad in ["scoregate_", "scoregate_owners", "scoregate_root"] {
            assert!(matches!(role(bad), Err(Refused::NoSuchGatewayRole { .. })), "{bad}");
        }
    }
}
