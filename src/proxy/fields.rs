//! What a client may not say to a portal, and what the gateway says instead: identity, forwarding and
//! framing fields in every spelling, and our cookies.
//!
//! Portals differ in how they fold names: `X-User`, `X_User` and `x.user` are one variable to many of them
//! (CVE-2025-64484, CVE-2026-88011). So names are compared folded: lower case, and every byte that is no
//! letter or digit as `-`. Not here: who somebody is.

use std::collections::HashSet;
use std::sync::LazyLock;

use bytes::Bytes;
use http::header::{CONNECTION, COOKIE, SET_COOKIE, UPGRADE};
use http::{HeaderName, HeaderValue};
use memchr::memmem::Finder;
use pingora::http::{RequestHeader, ResponseHeader};

use super::OWN_COOKIES;
use super::origin::Origin;

/// Every listed name and prefix is shorter.
const FOLD_LIMIT: usize = 64;

/// A field name, folded; cut off behind [`FOLD_LIMIT`], which no listed name reaches.
#[derive(Clone, Copy, Debug)]
pub(super) struct Folded {
    bytes: [u8; FOLD_LIMIT],
    length: usize,
}

impl Folded {
    pub(super) fn of(name: &[u8]) -> Self {
        let mut bytes = [0; FOLD_LIMIT];
        for (to, from) in bytes.iter_mut().zip(name) {
            *to = fold(*from);
        }
        Self { bytes, length: name.len().min(FOLD_LIMIT) }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

const fn fold(byte: u8) -> u8 {
    if byte.is_ascii_alphanumeric() { byte.to_ascii_lowercase() } else { b'-' }
}

/// Says over which host, scheme and address a request came. Rebuilt by us.
pub(super) fn is_forwarding(name: &Folded) -> bool {
    let name = name.as_bytes();
    name.starts_with(b"x-forwarded-")
        || matches!(name, b"forwarded" | b"x-forwarded" | b"x-real-ip")
}

/// Names that no client may say to a portal: other gateways' identity fields, addresses, hosts, targets and
/// methods that some software believes (`security.md` H16, H17, H30 to H37), and hop-by-hop fields that
/// Pingora leaves. Sorted by their first letter so that most fields are settled by one byte.
fn is_reserved(name: &Folded) -> bool {
    let name = name.as_bytes();
    let starts = |prefixes: &[&[u8]]| prefixes.iter().any(|prefix| name.starts_with(prefix));
    match name.first() {
        Some(b'x') => name.starts_with(b"x-") && is_reserved_extension(name),
        Some(b'c') => starts(&[b"cf-access-", b"cf-connecting-ip", b"client-ip"]),
        Some(b'f') => starts(&[b"forwarded", b"fastly-client-ip"]),
        Some(b'h') => name == b"http2-settings",
        Some(b'k') => name == b"keep-alive",
        Some(b'p') => {
            starts(&[b"proxy"])
                && matches!(
                    name,
                    b"proxy" | b"proxy-connection" | b"proxy-authorization" | b"proxy-authenticate"
                )
        }
        Some(b'r') => starts(&[b"remote-"]),
        Some(b's') => starts(&[b"ssl-client-", b"sm-"]),
        Some(b't') => {
            matches!(name, b"te" | b"trailer" | b"true-client-ip") || starts(&[b"tailscale-user-"])
        }
        _ => false,
    }
}

fn is_reserved_extension(name: &[u8]) -> bool {
    const PREFIXES: [&[u8]; 24] = [
        b"x-scoregate-",
        b"x-forwarded",
        b"x-real-ip",
        b"x-client-ip",
        b"x-cluster-client-ip",
        b"x-remote-",
        b"x-auth-request-",
        b"x-webauth-",
        b"x-authentik-",
        b"x-pomerium-",
        b"x-authenticated-",
        b"x-goog-",
        b"x-amzn-oidc-",
        b"x-ms-client-principal",
        b"x-ssl-",
        b"x-client-cert",
        b"x-original-",
        b"x-rewrite-",
        b"x-override-",
        b"x-envoy-",
        b"x-accel-",
        b"x-sendfile",
        b"x-http-method",
        b"x-middleware-subrequest",
    ];
    const NAMES: [&[u8]; 6] = [
        b"x-host",
        b"x-http-host-override",
        b"x-method-override",
        b"x-internal",
        b"x-pan-authcheck",
        b"x-vouch-user",
    ];
    PREFIXES.iter().any(|prefix| name.starts_with(prefix)) || NAMES.contains(&name)
}

/// Other spellings of fields that frame a message. The right spelling stays.
fn is_framing_alias(raw: &[u8], folded: &Folded) -> bool {
    let folded = folded.as_bytes();
    matches!(folded, b"content-length" | b"transfer-encoding") && folded != raw
}

/// Folded names are ASCII.
fn first_bit(folded: &[u8]) -> u128 {
    folded.first().and_then(|first| 1_u128.checked_shl(u32::from(*first))).unwrap_or(0)
}

/// Which fields of a client never reach a portal: the built-in list, and the names under which this
/// portal's identity fields travel. Made once when a configuration is loaded.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Strip {
    own: HashSet<Box<[u8]>>,
    /// With which bytes they begin, a bit each: it settles most fields of most clients.
    begin_with: u128,
}

impl Strip {
    /// Every spelling of these names is removed, beside the built-in list.
    #[must_use]
    pub fn with_names<'a>(names: impl IntoIterator<Item = &'a HeaderName>) -> Self {
        let fold_name = |name: &HeaderName| name.as_str().bytes().map(fold).collect();
        let own: HashSet<Box<[u8]>> = names.into_iter().map(fold_name).collect();
        let begin_with = own.iter().fold(0, |bits, name| bits | first_bit(name));
        Self { own, begin_with }
    }

    /// Whether a field of a client is removed.
    #[must_use]
    pub fn removes(&self, name: &HeaderName) -> bool {
        let raw = name.as_str().as_bytes();
        let folded = Folded::of(raw);
        is_reserved(&folded)
            || is_framing_alias(raw, &folded)
            || (self.begin_with & first_bit(folded.as_bytes()) != 0 && self.is_own(raw, &folded))
    }

    fn is_own(&self, raw: &[u8], folded: &Folded) -> bool {
        if raw.len() <= FOLD_LIMIT {
            self.own.contains(folded.as_bytes())
        } else {
            self.own.contains(raw.iter().copied().map(fold).collect::<Vec<_>>().as_slice())
        }
    }
}

/// Takes out of a request what a client may not say, and our cookies.
pub(super) fn remove_from_request(
    request: &mut RequestHeader,
    strip: &Strip,
    identity: &[(HeaderName, HeaderValue)],
    also: &[HeaderName],
) {
    // Normally none: the list was made from these names. A gatekeeper that forgot one is still safe.
    let unlisted: Vec<Folded> = identity
        .iter()
        .filter(|(own, _)| !strip.removes(own))
        .map(|(own, _)| Folded::of(own.as_str().as_bytes()))
        .collect();
    let is_unlisted = |name: &HeaderName| {
        let folded = Folded::of(name.as_str().as_bytes());
        unlisted.iter().any(|own| own.as_bytes() == folded.as_bytes())
    };
    let unwanted: Vec<HeaderName> = request
        .headers
        .keys()
        .filter(|name| {
            strip.removes(name)
                || also.contains(name)
                || (!unlisted.is_empty() && is_unlisted(name))
        })
        .cloned()
        .collect();
    for name in &unwanted {
        request.remove_header(name);
    }
}

/// Leaves of the fields of one connection only that a WebSocket is asked for (RFC 9110, section 7.6.1): as
/// Pingora does for what goes through it. What `Connection` may name, and how much, the guard has judged.
///
/// # Errors
///
/// None that can come: what is set is sound.
pub(super) fn remove_hop_by_hop(request: &mut RequestHeader) -> pingora::Result<()> {
    let lines = request.headers.get_all(CONNECTION).iter().map(HeaderValue::as_bytes);
    let tokens = lines.flat_map(|line| line.split(|byte| *byte == b',')).map(<[u8]>::trim_ascii);
    let named: Vec<HeaderName> =
        tokens.filter_map(|token| HeaderName::from_bytes(token).ok()).collect();
    let always =
        ["keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization", "te"];
    let more = ["trailer", "transfer-encoding", "http2-settings", "connection", "upgrade"];
    for name in always.into_iter().chain(more) {
        request.remove_header(name);
    }
    for name in &named {
        request.remove_header(name);
    }
    request.insert_header(CONNECTION, "Upgrade")?;
    request.insert_header(UPGRADE, "websocket")
}

/// Says how the request came, in the usual fields and in that of RFC 7239. There is no
/// `X-Forwarded-Prefix`: the path goes on as it came, so nothing was taken off it.
///
/// # Errors
///
/// If the host is no field value, which the guard rules out.
pub(super) fn set_forwarding(
    request: &mut RequestHeader,
    origin: &Origin,
    host: &[u8],
) -> pingora::Result<()> {
    let (proto, default_port) = if origin.secure { ("https", "443") } else { ("http", "80") };
    let port = match port_of(host) {
        Some(port) => HeaderValue::from_bytes(port),
        None => Ok(HeaderValue::from_static(default_port)),
    };
    request.insert_header("X-Forwarded-For", origin.client_value.clone())?;
    request.insert_header("X-Forwarded-Proto", HeaderValue::from_static(proto))?;
    request.insert_header("X-Forwarded-Host", host)?;
    request.insert_header(
        "X-Forwarded-Port",
        port.unwrap_or(HeaderValue::from_static(default_port)),
    )?;
    request.insert_header("Forwarded", forwarded(origin, proto, host))
}

/// The host is quoted, for it may have a port (RFC 7239, section 6).
fn forwarded(origin: &Origin, proto: &str, host: &[u8]) -> Vec<u8> {
    [&origin.forwarded_for, b";proto=" as &[u8], proto.as_bytes(), b";host=\"", host, b"\""]
        .concat()
}

/// Says who asks, in the usual spelling of names: `X-Scoregate-User`.
///
/// # Errors
///
/// None in practice: name and value are what they are.
pub(super) fn set_identity(
    request: &mut RequestHeader,
    identity: &[(HeaderName, HeaderValue)],
) -> pingora::Result<()> {
    for (name, value) in identity {
        request.insert_header(titled(name), value.clone())?;
    }
    Ok(())
}

/// The names of the preset, as they are usually written: made anew for each request they would cost more
/// than setting them.
const USUAL: [&str; 7] = [
    "X-Scoregate-User",
    "X-Scoregate-Name",
    "X-Scoregate-Email",
    "X-Scoregate-Roles",
    "X-Scoregate-Score",
    "X-Scoregate-Methods",
    "X-Scoregate-Jwt",
];

fn titled(name: &HeaderName) -> Bytes {
    let name = name.as_str();
    match USUAL.iter().find(|usual| usual.eq_ignore_ascii_case(name)) {
        Some(usual) => Bytes::from_static(usual.as_bytes()),
        None => title(name).into(),
    }
}

fn title(name: &str) -> String {
    let mut at_start = true;
    let letter = |letter: char| {
        let letter = if at_start { letter.to_ascii_uppercase() } else { letter };
        at_start = letter == '-';
        letter
    };
    name.chars().map(letter).collect()
}

fn port_of(host: &[u8]) -> Option<&[u8]> {
    let after_address = host.rsplit(|byte| *byte == b']').next()?;
    let colon = memchr::memrchr(b':', after_address)?;
    after_address.get(colon + 1..)
}

/// Takes our cookies out; every other byte of every other cookie stays. With `join`, several lines become
/// one, as HTTP/2 asks on the way to HTTP/1 (RFC 9113, section 8.2.3).
///
/// # Errors
///
/// If what is left is no field value, which no part of one is.
pub(super) fn remove_own_cookies(request: &mut RequestHeader, join: bool) -> pingora::Result<()> {
    let lines = request.headers.get_all(COOKIE);
    let has_own = lines.iter().any(|line| mentions_own(line.as_bytes()));
    let several = join && lines.iter().nth(1).is_some();
    if !has_own && !several {
        return Ok(());
    }
    let mut left: Vec<Vec<u8>> = lines.iter().filter_map(|line| foreign(line.as_bytes())).collect();
    if join && left.len() > 1 {
        left = vec![left.join(&b"; "[..])];
    }
    request.remove_header(&COOKIE);
    for line in left {
        request.append_header("Cookie", line.as_slice())?;
    }
    Ok(())
}

fn mentions_own(line: &[u8]) -> bool {
    static OWN: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"__Host-scoregate"));
    OWN.find(line).is_some()
}

/// A `Cookie` line without our cookies; `None` if nothing is left.
fn foreign(line: &[u8]) -> Option<Vec<u8>> {
    let kept: Vec<&[u8]> =
        line.split(|byte| *byte == b';').filter(|pair| !is_own_pair(pair)).collect();
    let joined = kept.join(&b';');
    let start = joined.iter().position(|byte| !matches!(byte, b' ' | b'\t'))?;
    joined.get(start..).map(<[u8]>::to_vec)
}

/// Names match exactly, as they do where cookies are read: a look-alike is somebody else's.
fn is_own_pair(pair: &[u8]) -> bool {
    let start = pair.iter().position(|byte| !matches!(byte, b' ' | b'\t')).unwrap_or(pair.len());
    let pair = pair.get(start..).unwrap_or_default();
    let name = pair.split(|byte| *byte == b'=').next().unwrap_or_default();
    OWN_COOKIES.iter().any(|own| own.as_bytes() == name)
}

static X_SCOREGATE_REFERENCE: HeaderName = HeaderName::from_static("x-scoregate-reference");

/// Takes out of a portal's answer what only we may say: a cookie of our name, and a reference.
///
/// # Errors
///
/// None in practice: only values that were there are put back.
pub(super) fn remove_from_response(response: &mut ResponseHeader) -> pingora::Result<()> {
    if response.headers.contains_key(&X_SCOREGATE_REFERENCE) {
        response.remove_header(&X_SCOREGATE_REFERENCE);
    }
    let cookies = response.headers.get_all(SET_COOKIE);
    if !cookies.iter().any(sets_own) {
        return Ok(());
    }
    let kept: Vec<HeaderValue> = cookies.iter().filter(|line| !sets_own(line)).cloned().collect();
    response.remove_header(&SET_COOKIE);
    for cookie in kept {
        response.append_header(SET_COOKIE, cookie)?;
    }
    Ok(())
}

/// Browsers trim names, and some send a nameless cookie's value as if it were a pair; so this is wider than
/// the exact match of reading.
fn sets_own(line: &HeaderValue) -> bool {
    const OWN: &[u8] = b"__host-scoregate";
    let pair = line.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default();
    let start = pair.iter().position(|byte| !(byte.is_ascii_whitespace() || *byte == b'='));
    let pair = start.and_then(|start| pair.get(start..)).unwrap_or_default();
    pair.get(..OWN.len()).is_some_and(|name| name.eq_ignore_ascii_case(OWN))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name(text: &str) -> HeaderName {
        HeaderName::from_bytes(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_field_is_removed_in_every_spelling_and_its_neighbours_stay() {
        let strip = Strip::with_names([&name("X-User"), &name("Authorization")]);
        let removed = [
            "X-Scoregate-User",
            "x_scoregate_user",
            "X.Scoregate.Score",
            "x~scoregate~jwt",
            "X-User",
            "x_user",
            "Authorization",
            "Remote-User",
            "remote_user",
            "X-Forwarded-For",
            "x_forwarded_host",
            "Forwarded",
            "X-Original-URL",
            "x_original_url",
            "X-WEBAUTH-USER",
            "Proxy",
            "Trailer",
            "TE",
            "Transfer_Encoding",
            "content.length",
            "X-HTTP-Method-Override",
            "SSL-Client-S-Dn",
            "X-Real-IP",
            "Cf-Access-Jwt-Assertion",
            "X-Goog-Iap-Jwt-Assertion",
            "HTTP2-Settings",
        ];
        for field in removed {
            assert!(strip.removes(&name(field)), "{field} stays");
        }
        let kept = [
            "Accept",
            "Accept-Language",
            "Cookie",
            "Content-Length",
            "Transfer-Encoding",
            "Host",
            "Range",
            "X-Custom-Thing",
            "x-csrf-token",
            "X-Requested-With",
            "Sec-WebSocket-Key",
            "X-User-Agent",
            "X-Scoregateway",
            "Proxy-Status",
            "If-None-Match",
            "Content-Type",
            "Referer",
            "Sec-Fetch-Mode",
        ];
        for field in kept {
            assert!(!strip.removes(&name(field)), "{field} is removed");
        }
        assert!(!Strip::default().removes(&name("Authorization")));
    }

    #[test]
    fn our_cookies_go_and_every_other_byte_stays() {
        let table: [(&str, Option<&str>); 12] = [
            ("__Host-scoregate=a", None),
            ("theme=dark; __Host-scoregate=a; lang=nl", Some("theme=dark; lang=nl")),
            ("__Host-scoregate=a; lang=nl", Some("lang=nl")),
            ("a=1; b=x%20y; c=\"q\"; __Host-scoregate=a", Some("a=1; b=x%20y; c=\"q\"")),
            ("a=1;b=2;__Host-scoregate-browser=x;c=3", Some("a=1;b=2;c=3")),
            ("__Host-scoregate-device=x; __Host-scoregate=y", None),
            ("__Host-scoregate-other=x", Some("__Host-scoregate-other=x")),
            ("__host-scoregate=x", Some("__host-scoregate=x")),
            ("__Host-scoregate=\"a\"; z=1", Some("z=1")),
            ("__Host-scoregate; z=1", Some("z=1")),
            ("a=b,__Host-scoregate=x", Some("a=b,__Host-scoregate=x")),
            ("x=__Host-scoregate=1", Some("x=__Host-scoregate=1")),
        ];
        for (line, left) in table {
            let found = foreign(line.as_bytes()).map(|left| String::from_utf8(left).unwrap());
            assert_eq!(found.as_deref(), left, "{line}");
        }
    }

    #[test]
    fn several_cookie_lines_stay_several_unless_they_are_crumbs_of_http2() {
        let request = || {
            let mut request = RequestHeader::build("GET", b"/", None).unwrap();
            for line in ["a=1", "__Host-scoregate=x", "b=2"] {
                request.append_header("Cookie", line).unwrap();
            }
            request
        };
        let lines = |request: &RequestHeader| -> Vec<String> {
            let text = |value: &HeaderValue| value.to_str().unwrap().to_owned();
            request.headers.get_all(COOKIE).iter().map(text).collect()
        };
        let mut apart = request();
        remove_own_cookies(&mut apart, false).unwrap();
        assert_eq!(lines(&apart), ["a=1", "b=2"]);
        let mut together = request();
        remove_own_cookies(&mut together, true).unwrap();
        assert_eq!(lines(&together), ["a=1; b=2"]);
    }

    #[test]
    fn a_portal_cannot_set_our_cookie_however_it_spells_it() {
        let table = [
            ("__Host-scoregate=evil; Secure; Path=/", false),
            (" __host-scoregate =evil", false),
            ("=__Host-scoregate=evil", false),
            ("__Host-scoregate-device=evil", false),
            ("sid=1; Path=/", true),
            ("__Host-sid=1", true),
            ("a=__Host-scoregate", true),
        ];
        for (line, stays) in table {
            let mut answer = ResponseHeader::build(200, None).unwrap();
            answer.append_header("Set-Cookie", line).unwrap();
            answer.append_header("Set-Cookie", "other=1").unwrap();
            remove_from_response(&mut answer).unwrap();
            let left = answer.headers.get_all(SET_COOKIE).iter().count();
            assert_eq!(left, if stays { 2 } else { 1 }, "{line}");
        }
    }

    #[test]
    fn how_a_request_came_is_said_in_every_usual_way() {
        let table = [
            ("192.0.2.1", true, "a.example", "443", "for=192.0.2.1;proto=https;host=\"a.example\""),
            (
                "2001:db8::1",
                false,
                "a.example:8080",
                "8080",
                "for=\"[2001:db8::1]\";proto=http;host=\"a.example:8080\"",
            ),
        ];
        for (client, secure, host, port, forwarded) in table {
            let mut request = RequestHeader::build("GET", b"/", None).unwrap();
            let origin = Origin::of_peer(client.parse().unwrap(), secure).unwrap();
            set_forwarding(&mut request, &origin, host.as_bytes()).unwrap();
            let proto = if secure { "https" } else { "http" };
            for (name, value) in [
                ("x-forwarded-for", client),
                ("x-forwarded-proto", proto),
                ("x-forwarded-host", host),
                ("x-forwarded-port", port),
                ("forwarded", forwarded),
            ] {
                assert_eq!(request.headers[name], value, "{name}");
            }
        }
    }

    #[test]
    fn names_are_sent_as_they_are_usually_written() {
        for usual in USUAL.into_iter().chain(["Remote-User", "X-Own"]) {
            assert_eq!(titled(&name(usual)), usual.as_bytes());
            assert_eq!(title(&usual.to_ascii_lowercase()), usual);
        }
    }

    #[test]
    fn the_port_is_the_one_behind_the_host() {
        let table: [(&str, Option<&str>); 5] = [
            ("a.example", None),
            ("a.example:8443", Some("8443")),
            ("[::1]", None),
            ("[::1]:8443", Some("8443")),
            ("127.0.0.1:80", Some("80")),
        ];
        for (host, port) in table {
            assert_eq!(port_of(host.as_bytes()), port.map(str::as_bytes), "{host}");
        }
    }

    proptest! {
        #[test]
        fn no_mutation_that_folds_to_an_identity_field_gets_through(
            swaps in proptest::collection::vec((0_usize..16, "[-_.~!#$%&'*+^`|]"), 0..4)
        ) {
            let mut bytes = b"x-scoregate-user".to_vec();
            for (at, byte) in swaps {
                if bytes[at] == b'-' || !bytes[at].is_ascii_alphanumeric() {
                    bytes[at] = byte.as_bytes()[0];
                }
            }
            let spelled = HeaderName::from_bytes(&bytes).unwrap();
            prop_assert!(Strip::default().removes(&spelled));
        }

        #[test]
        fn a_cookie_line_without_ours_is_left_as_it_is(line in "[a-z=; \"%]{0,40}") {
            if let Some(left) = foreign(line.as_bytes()) {
                prop_assert_eq!(left, line.trim_start_matches([' ', '\t']).as_bytes());
            } else {
                prop_assert!(line.trim_matches([' ', '\t']).is_empty());
            }
        }
    }
}
