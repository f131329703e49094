//! Who somebody is, as headers for the portal. Values that cannot split a header: whatever is not
//! visible ASCII is percent-encoded. Not here: removing what a client sent under these names (`proxy`).

use crate::points::{Method, Standing, Weighing};
use crate::sessions::Present;

/// One header to set: a lower-case name and a value of visible ASCII and spaces.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct IdentityHeader {
    pub name: &'static str,
    pub value: String,
}

/// The headers that name a person to the portal. Empty for nobody.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Identity {
    pub headers: Vec<IdentityHeader>,
}

impl Identity {
    /// Preset `scoregate`. A header without a value is left out.
    #[must_use]
    pub fn of(session: &Present, weighing: &Weighing) -> Self {
        let account = session.account();
        let email = account.contact(crate::accounts::ContactKind::Email);
        let roles = joined(account.user.roles.iter().map(|role| encoded(role, true)));
        let methods = joined(methods(session, weighing).map(str::to_owned));
        let mut identity = Self { headers: Vec::with_capacity(6) };
        let mut set = |name, value: String| {
            if !value.is_empty() {
                identity.headers.push(IdentityHeader { name, value });
            }
        };
        set("x-scoregate-user", encoded(account.user.name.as_str(), false));
        set("x-scoregate-name", encoded(account.user.display_name.as_deref().unwrap_or(""), false));
        set("x-scoregate-email", encoded(email.map_or("", |contact| &contact.address), false));
        set("x-scoregate-roles", roles);
        set("x-scoregate-score", weighing.score.to_string());
        set("x-scoregate-methods", methods);
        identity
    }
}

/// The `amr` values of the proofs that count, each once (RFC 8176 where it has one).
fn methods<'a>(
    session: &'a Present,
    weighing: &'a Weighing,
) -> impl Iterator<Item = &'static str> + 'a {
    let mut told = Vec::new();
    let evidence = session.evidence();
    let values: Vec<&'static str> = evidence
        .proofs
        .iter()
        .zip(&weighing.standings)
        .filter(|(_, standing)| matches!(standing, Standing::Counted(_)))
        .map(|(proof, _)| amr(proof.method))
        .filter(|value| {
            let is_new = !told.contains(value);
            told.push(*value);
            is_new
        })
        .collect();
    values.into_iter()
}

/// RFC 8176, section 2; `email`, `recovery` and `device` are ours, since it has none for them.
const fn amr(method: Method) -> &'static str {
    match method {
        Method::Password => "pwd",
        Method::Totp => "otp",
        Method::Sms => "sms",
        Method::Email => "email",
        Method::Passkey | Method::SecurityKey => "hwk",
        Method::RecoveryCode => "recovery",
        Method::RememberedDevice => "device",
        Method::Token => "token",
    }
}

fn joined(values: impl Iterator<Item = String>) -> String {
    values.collect::<Vec<_>>().join(",")
}

/// Percent-encodes the UTF-8 bytes that are not visible ASCII, the percent sign itself, and in a list
/// the comma. A space inside stays; it is legal in a value and common in names.
fn encoded(text: &str, in_list: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let last = text.len().saturating_sub(1);
    for (at, byte) in text.bytes().enumerate() {
        let is_inner_space = byte == b' ' && at != 0 && at != last;
        let is_plain = byte.is_ascii_graphic() && byte != b'%' && !(in_list && byte == b',');
        if is_plain || is_inner_space {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_can_split_a_header_or_a_list() {
        for (text, in_list, value) in [
            ("bob", false, "bob"),
            ("Bob de Boer", false, "Bob de Boer"),
            (" bob ", false, "%20bob%20"),
            ("bob\r\nX-Admin: 1", false, "bob%0D%0AX-Admin: 1"),
            ("bob\0", false, "bob%00"),
            ("J\u{f6}rg", false, "J%C3%B6rg"),
            ("100%", false, "100%25"),
            ("a,b", false, "a,b"),
            ("a,b", true, "a%2Cb"),
            ("", false, ""),
        ] {
            assert_eq!(encoded(text, in_list), value, "{text:?}");
        }
    }
}
