//! Host names: as a request sends them, with or without a port, and as a route writes them, exact
//! or with one leading `*.`. Not which route takes one, and not whether a port is the right one.

use std::borrow::Cow;
use std::fmt;
use std::net::Ipv6Addr;
use std::sync::Arc;

/// Why something is not a host name.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadHost {
    #[error("it is empty")]
    Empty,
    #[error("it has a character that no host name has")]
    Character,
    #[error(
        "a part between its dots is empty, longer than 63 characters, or begins or ends with `-`"
    )]
    Label,
    #[error("it is longer than 253 characters")]
    TooLong,
    #[error("its port is not a number from 1 to 65535")]
    Port,
    #[error("it has a port")]
    PortInRoute,
    #[error("`*` is not one leading `*.` before a name")]
    Wildcard,
}

/// The longest host name, RFC 1035, section 2.3.4, without the final dot.
const MAX_NAME_BYTES: usize = 253;
const MAX_LABEL_BYTES: usize = 63;

/// A request's host: lower case, without port.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct RequestHost<'h> {
    pub(super) name: Cow<'h, str>,
    pub(super) port: Option<u16>,
}

impl<'h> RequestHost<'h> {
    /// Reads `name`, `name:port`, `[v6]` or `[v6]:port`. User names, a final dot, an empty port and
    /// lists are refused: two programs would not agree on what they mean.
    pub(super) fn parse(bytes: &'h [u8]) -> Result<Self, BadHost> {
        let text = std::str::from_utf8(bytes).map_err(|_| BadHost::Character)?;
        let port_at = match text.rfind(']') {
            Some(end) => text.get(end..).and_then(|rest| rest.find(':')).map(|at| end + at),
            None => text.find(':'),
        };
        let (name, port) = match port_at.and_then(|at| text.split_at_checked(at)) {
            Some((name, port)) => (name, Some(parse_port(port)?)),
            None => (text, None),
        };
        Ok(Self { name: canonical(name)?, port })
    }
}

/// `port` with its colon. No sign, no leading zero.
fn parse_port(port: &str) -> Result<u16, BadHost> {
    let digits = port.strip_prefix(':').ok_or(BadHost::Port)?;
    if digits.starts_with('0') || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(BadHost::Port);
    }
    digits.parse().map_err(|_| BadHost::Port)
}

/// Lower case, and an IPv6 address in its shortest spelling (RFC 5952).
fn canonical(name: &str) -> Result<Cow<'_, str>, BadHost> {
    if let Some(inside) = name.strip_prefix('[') {
        let inside = inside.strip_suffix(']').ok_or(BadHost::Character)?;
        let address: Ipv6Addr = inside.parse().map_err(|_| BadHost::Character)?;
        return Ok(format!("[{address}]").into());
    }
    check_name(name)?;
    Ok(if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        name.to_ascii_lowercase().into()
    } else {
        name.into()
    })
}

fn check_name(name: &str) -> Result<(), BadHost> {
    if name.is_empty() {
        return Err(BadHost::Empty);
    }
    if name.len() > MAX_NAME_BYTES {
        return Err(BadHost::TooLong);
    }
    name.split('.').try_for_each(check_label)
}

/// Letters, digits, `-` inside; `_` too, since names with it exist.
fn check_label(label: &str) -> Result<(), BadHost> {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if !label.bytes().all(known) {
        return Err(BadHost::Character);
    }
    let length = 1..=MAX_LABEL_BYTES;
    if !length.contains(&label.len()) || label.starts_with('-') || label.ends_with('-') {
        return Err(BadHost::Label);
    }
    Ok(())
}

/// The hosts of a route: one name, or every name with exactly one label in front of it.
///
/// `*.example.org` takes `a.example.org`; neither `example.org` nor `a.b.example.org`, as with
/// certificates (RFC 6125, section 6.4.3).
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct HostPattern {
    wildcard: bool,
    /// Lower case, without `*.`.
    name: Arc<str>,
}

impl HostPattern {
    /// Reads a host as a route writes it; capital letters are folded.
    ///
    /// # Errors
    ///
    /// Where it is not one host name, or has a port.
    pub fn parse(text: &str) -> Result<Self, BadHost> {
        let (wildcard, name) = match text.strip_prefix("*.") {
            Some(name) => (true, name),
            None => (false, text),
        };
        if name.contains('*') || (wildcard && (name.starts_with('[') || name.is_empty())) {
            return Err(BadHost::Wildcard);
        }
        match RequestHost::parse(name.as_bytes())? {
            RequestHost { port: Some(_), .. } => Err(BadHost::PortInRoute),
            RequestHost { name, port: None } => Ok(Self { wildcard, name: name.into() }),
        }
    }

    /// The one name, where it is one.
    #[must_use]
    pub fn exact(&self) -> Option<&str> {
        (!self.wildcard).then_some(&*self.name)
    }

    #[must_use]
    pub fn is_wildcard(&self) -> bool {
        self.wildcard
    }

    /// The name without `*.`.
    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let star = if self.wildcard { "*." } else { "" };
        write!(f, "{star}{}", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_names_one_host_and_at_most_one_port() {
        let long = format!("{}.test", "a".repeat(64));
        let very_long = vec!["a".repeat(49); 6].join(".");
        type Seen = Result<(&'static str, Option<u16>), BadHost>;
        let table: [(&[u8], Seen); 32] = [
            (b"portal.example.org", Ok(("portal.example.org", None))),
            (b"PORTAL.Example.org", Ok(("portal.example.org", None))),
            (b"portal.example.org:443", Ok(("portal.example.org", Some(443)))),
            (b"portal.example.org:65535", Ok(("portal.example.org", Some(65535)))),
            (b"127.0.0.1:8080", Ok(("127.0.0.1", Some(8080)))),
            (b"localhost", Ok(("localhost", None))),
            (b"a_b.test", Ok(("a_b.test", None))),
            (b"[::1]", Ok(("[::1]", None))),
            (b"[0:0::1]:8443", Ok(("[::1]", Some(8443)))),
            (b"", Err(BadHost::Empty)),
            (b":443", Err(BadHost::Empty)),
            (b"portal.example.org:", Err(BadHost::Port)),
            (b"portal.example.org:0", Err(BadHost::Port)),
            (b"portal.example.org:0443", Err(BadHost::Port)),
            (b"portal.example.org:65536", Err(BadHost::Port)),
            (b"portal.example.org:+443", Err(BadHost::Port)),
            (b"portal.example.org:x", Err(BadHost::Port)),
            (b"portal.example.org:443:443", Err(BadHost::Port)),
            (b"portal.example.org.", Err(BadHost::Label)),
            (b".portal.example.org", Err(BadHost::Label)),
            (b"portal..org", Err(BadHost::Label)),
            (b"-a.test", Err(BadHost::Label)),
            (b"a-.test", Err(BadHost::Label)),
            (b"portal.example.org, evil.test", Err(BadHost::Character)),
            (b"portal.example.org/../x", Err(BadHost::Character)),
            (b"a@portal.example.org", Err(BadHost::Character)),
            (b"portal.example.org#x", Err(BadHost::Character)),
            (b"*.example.org", Err(BadHost::Character)),
            (b"p\xF6rtal.example.org", Err(BadHost::Character)),
            (b"[::1", Err(BadHost::Port)),
            (long.as_bytes(), Err(BadHost::Label)),
            (very_long.as_bytes(), Err(BadHost::TooLong)),
        ];
        for (sent, expected) in table {
            let seen = RequestHost::parse(sent);
            let seen = seen.as_ref().map(|host| (&*host.name, host.port));
            assert_eq!(seen, expected.as_ref().copied(), "{}", sent.escape_ascii());
        }
    }

    #[test]
    fn a_route_takes_a_name_or_one_leading_star() {
        let table = [
            ("Portal.Example.org", Ok("portal.example.org")),
            ("*.example.org", Ok("*.example.org")),
            ("[::1]", Ok("[::1]")),
            ("*", Err(BadHost::Wildcard)),
            ("*.", Err(BadHost::Wildcard)),
            ("*.*.example.org", Err(BadHost::Wildcard)),
            ("a.*.example.org", Err(BadHost::Wildcard)),
            ("*a.example.org", Err(BadHost::Wildcard)),
            ("*.[::1]", Err(BadHost::Wildcard)),
            ("portal.example.org:8443", Err(BadHost::PortInRoute)),
            ("https://portal.example.org", Err(BadHost::Port)),
            ("portal.example.org.", Err(BadHost::Label)),
            ("pörtal.example.org", Err(BadHost::Character)),
            ("", Err(BadHost::Empty)),
        ];
        for (written, expected) in table {
            let seen = HostPattern::parse(written).map(|host| host.to_string());
            assert_eq!(seen, expected.map(str::to_owned), "{written}");
        }
    }
}
