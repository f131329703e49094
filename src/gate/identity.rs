//! Who somebody is, as headers for the portal. Values that cannot split a header: whatever is not
//! visible ASCII is percent-encoded. Not here: removing what a client sent under these names (`proxy`).

use std::fmt::Write as _;

use http::{HeaderName, HeaderValue};

use super::assertion::AssertionPlan;
use crate::accounts::ContactKind;
use crate::config::{self, Fact, Piece, Template};
use crate::points::{Method, Standing, Weighing};
use crate::sessions::Present;

/// The longest value of one header, in bytes. Many portals take 8 KiB of header in all.
pub(super) const VALUE_LIMIT: usize = 4096;

/// What one route tells its portal: as configured, ready to be filled in.
#[derive(Clone, Debug, Default)]
pub struct IdentityPlan {
    fields: Vec<(HeaderName, Template)>,
    authorization: Option<HeaderValue>,
    assertion: Option<AssertionPlan>,
}

/// The headers that name a person to the portal. Empty for nobody.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Identity {
    pub headers: Vec<(HeaderName, HeaderValue)>,
}

/// A value that is longer than a portal can be expected to take. Cut off it would be another one.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the value of {header} would have {bytes} bytes, more than {VALUE_LIMIT}")]
pub struct Unsendable {
    pub header: HeaderName,
    pub bytes: usize,
}

impl IdentityPlan {
    /// The plan of a checked configuration: names that are none are left out.
    #[must_use]
    pub fn compile(identity: &config::Identity, issuer: &str) -> Self {
        let field = |field: &config::IdentityField| {
            let name = HeaderName::from_bytes(field.name.as_bytes()).ok()?;
            Some((name, field.template.clone()))
        };
        let authorization = identity.authorization.as_ref().and_then(|secret| {
            let mut value = HeaderValue::from_str(secret.reveal()).ok()?;
            value.set_sensitive(true);
            Some(value)
        });
        let assertion = identity
            .audience
            .as_deref()
            .map(|audience| AssertionPlan { audience: audience.into(), issuer: issuer.into() });
        let fields = identity.fields.iter().filter_map(field).collect();
        Self { fields, authorization, assertion }
    }

    /// Every name under which the portal is told something about a person.
    pub fn names(&self) -> impl Iterator<Item = &HeaderName> {
        self.fields.iter().map(|(name, _)| name)
    }

    /// What the gateway shows at the portal in place of the client's `Authorization`.
    #[must_use]
    pub const fn authorization(&self) -> Option<&HeaderValue> {
        self.authorization.as_ref()
    }

    /// For whom assertions are; `None`: this portal gets none.
    #[must_use]
    pub(super) const fn assertion(&self) -> Option<&AssertionPlan> {
        self.assertion.as_ref()
    }

    /// The headers for one person. One of which every fact is empty is left out.
    ///
    /// # Errors
    /// A value would be too long.
    pub fn identity(&self, session: &Present, weighing: &Weighing) -> Result<Identity, Unsendable> {
        // Two more than there are, for the assertion and `Authorization`.
        let mut headers = Vec::with_capacity(self.fields.len() + 2);
        for (name, template) in &self.fields {
            let Some(value) = filled(template, session, weighing) else { continue };
            let unsendable = || Unsendable { header: name.clone(), bytes: value.len() };
            if value.len() > VALUE_LIMIT {
                return Err(unsendable());
            }
            // Only visible ASCII and inner spaces are in it, so this never fails.
            let value = HeaderValue::from_str(&value).map_err(|_| unsendable())?;
            headers.push((name.clone(), value));
        }
        Ok(Identity { headers })
    }
}

/// `None`: there are facts in it, and all of them are empty.
fn filled(template: &Template, session: &Present, weighing: &Weighing) -> Option<String> {
    let (mut value, mut facts, mut told) = (String::new(), 0, 0);
    for piece in &template.0 {
        match piece {
            Piece::Text(text) => value.push_str(text),
            Piece::Fact(fact) => {
                let before = value.len();
                tell(*fact, session, weighing, &mut value);
                facts += 1;
                told += usize::from(value.len() > before);
            }
        }
    }
    (facts == 0 || told > 0).then_some(value)
}

fn tell(fact: Fact, session: &Present, weighing: &Weighing, to: &mut String) {
    let account = session.account();
    match fact {
        Fact::User => encode(account.user.name.as_str(), false, to),
        Fact::Name => encode(account.user.display_name.as_deref().unwrap_or(""), false, to),
        Fact::Email => {
            let email = account.contact(ContactKind::Email);
            encode(email.map_or("", |contact| &contact.address), false, to);
        }
        Fact::Roles => {
            for (nth, role) in account.user.roles.iter().enumerate() {
                if nth > 0 {
                    to.push(',');
                }
                encode(role, true, to);
            }
        }
        // Writing to a text cannot fail.
        Fact::Score => drop(write!(to, "{}", weighing.score)),
        Fact::Methods => {
            let methods: Vec<&str> = methods(session, weighing).collect();
            to.push_str(&methods.join(","));
        }
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
pub(super) const fn amr(method: Method) -> &'static str {
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

/// Percent-encodes the UTF-8 bytes that are not visible ASCII, the percent sign itself, and in a list
/// the comma. A space inside stays; it is legal in a value and common in names.
fn encode(text: &str, in_list: bool, out: &mut String) {
    out.reserve(text.len());
    let last = text.len().saturating_sub(1);
    for (at, byte) in text.bytes().enumerate() {
        let is_inner_space = byte == b' ' && at != 0 && at != last;
        let is_plain = byte.is_ascii_graphic() && byte != b'%' && !(in_list && byte == b',');
        if is_plain || is_inner_space {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
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
            let mut seen = String::new();
            encode(text, in_list, &mut seen);
            assert_eq!(seen, value, "{text:?}");
        }
    }
}
