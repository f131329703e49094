//! Which pages may open a WebSocket as the user: those of the route's own origin, and those that the route
//! names. A browser sends its cookie along with any page's WebSocket and lets that page read what comes
//! back, so what the portal does not look at is looked at here (RFC 6455, section 10.2). Not here: the
//! decision on the user.

use http::header::ORIGIN;

use crate::gate::Arrival;
use crate::proxy::Head;

/// A client that says no origin is no browser.
pub(super) fn may_open(head: &Head<'_>, arrival: &Arrival) -> bool {
    let mut said = head.headers.get_all(ORIGIN).iter();
    let Some(origin) = said.next() else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    let origin = origin.to_ascii_lowercase();
    let allowed = &arrival.route.streams.origins;
    said.next().is_none()
        && (is_own(&origin, head.host, head.secure)
            || allowed.iter().any(|one| one == "*" || *one == origin))
}

/// The origin of pages of this very address. One without TLS is none of a listener with it.
fn is_own(origin: &str, host: &[u8], is_tls: bool) -> bool {
    let (rest, usual) = match (origin.strip_prefix("https://"), origin.strip_prefix("http://")) {
        (Some(rest), _) => (rest, ":443"),
        (None, Some(rest)) if !is_tls => (rest, ":80"),
        (None, _) => return false,
    };
    let host = String::from_utf8_lossy(host).to_ascii_lowercase();
    let bare = |authority: &str| authority.strip_suffix(usual).unwrap_or(authority).to_owned();
    bare(rest) == bare(&host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_its_own_only_with_host_port_and_scheme() {
        let table = [
            ("https://portal.example.org", "portal.example.org", true, true),
            ("https://portal.example.org", "Portal.Example.org:443", true, true),
            ("https://portal.example.org:8443", "portal.example.org:8443", true, true),
            ("https://portal.example.org", "portal.example.org:8443", true, false),
            ("https://portal.example.org:8443", "portal.example.org", true, false),
            ("http://portal.example.org", "portal.example.org", true, false),
            ("http://portal.example.org", "portal.example.org", false, true),
            ("https://portal.example.org", "portal.example.org", false, true),
            ("https://evil.portal.example.org", "portal.example.org", true, false),
            ("https://portal.example.org.evil.test", "portal.example.org", true, false),
            ("https://example.org", "portal.example.org", true, false),
            ("https://x@portal.example.org", "portal.example.org", true, false),
            ("null", "portal.example.org", true, false),
            ("", "portal.example.org", true, false),
            ("https://", "portal.example.org", true, false),
        ];
        for (origin, host, is_tls, is_its_own) in table {
            assert_eq!(is_own(origin, host.as_bytes(), is_tls), is_its_own, "{origin} {host}");
        }
    }
}
