//! What is not one well-formed message is refused here, before anybody looks at what it asks for.
//!
//! Pingora's parser is lenient where it can be: it repairs targets, takes bare line feeds, prefers one of
//! two lengths (`security.md` 0.1). Whoever stands behind the gateway may prefer the other, so anything
//! that two readers could read in two ways is refused. Pure functions; no decision on who may do what.

use http::header::{CONNECTION, CONTENT_LENGTH, EXPECT, HOST, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderMap, HeaderName, Method, Uri, Version};

use super::fields::{Folded, is_forwarding};
use super::respond::Refusal;
use crate::config::Limits;

/// No honest field name comes near this; in bytes.
const NAME_LIMIT: usize = 256;
/// One field value, in bytes.
const VALUE_LIMIT: usize = 16 * 1024;
/// Names in `Connection`; Pingora gives up at ten with a refusal that has no page.
const NOMINATION_LIMIT: usize = 9;
/// A `Content-Length` above this is nobody's upload, and near where other readers' integers end; in bytes.
const LENGTH_LIMIT: u64 = 1 << 53;
/// RFC 1035: 253 characters, with a port of at most six more.
const HOST_LIMIT: usize = 260;

/// A head as it came.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message<'a> {
    /// The received bytes; `None` over HTTP/2, whose frames have no lines.
    pub(super) raw: Option<&'a [u8]>,
    pub(super) version: Version,
    pub(super) method: &'a Method,
    /// What would be sent on.
    pub(super) target: &'a [u8],
    pub(super) uri: &'a Uri,
    pub(super) headers: &'a HeaderMap,
}

/// What is only known of a message that passed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Sound<'a> {
    pub(super) host: &'a [u8],
    /// A WebSocket is asked for.
    pub(super) upgrade: bool,
}

/// # Errors
///
/// The first rule that the message breaks. The connection has to be closed then: where it ends is not sure.
pub(super) fn inspect<'a>(message: &Message<'a>, limits: &Limits) -> Result<Sound<'a>, Refusal> {
    check_size(message, limits)?;
    if let Some(raw) = message.raw {
        check_lines(raw)?;
    }
    check_target(message)?;
    check_method(message.method)?;
    let host = check_host(message)?;
    check_framing(message)?;
    check_connection(message.headers)?;
    check_expectation(message.headers)?;
    Ok(Sound { host, upgrade: check_upgrade(message)? })
}

fn check_size(message: &Message<'_>, limits: &Limits) -> Result<(), Refusal> {
    if message.target.len() > as_usize(limits.target_bytes) {
        return Err(Refusal::TargetTooLong);
    }
    let headers = message.headers;
    let too_long = |(name, value): (&HeaderName, &http::HeaderValue)| {
        name.as_str().len() > NAME_LIMIT || value.len() > VALUE_LIMIT
    };
    if headers.len() > as_usize(limits.head_fields)
        || message.raw.map_or_else(|| listed_size(headers), <[u8]>::len)
            > as_usize(limits.head_bytes)
        || headers.iter().any(too_long)
    {
        return Err(Refusal::HeadTooLarge);
    }
    Ok(())
}

/// As HTTP/2 counts a header list (RFC 9113, section 6.5.2).
fn listed_size(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 32).sum()
}

fn as_usize(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// Lines end in CRLF and nothing else; one empty line may stand before the first (RFC 9112, section 2.2).
fn check_lines(raw: &[u8]) -> Result<(), Refusal> {
    let start = raw.strip_prefix(b"\r\n").unwrap_or(raw);
    if start.starts_with(b"\r\n") {
        return Err(Refusal::BadRequest("empty lines before the request"));
    }
    let mut expected_feed = None;
    let mut first_line_end = None;
    for at in memchr::memchr2_iter(b'\r', b'\n', start) {
        let is_return = start.get(at) == Some(&b'\r');
        match expected_feed.take() {
            None if is_return => expected_feed = Some(at + 1),
            Some(expected) if expected == at && !is_return => {}
            None | Some(_) => return Err(Refusal::BadRequest("a line does not end in CRLF")),
        }
        first_line_end = first_line_end.or(Some(at));
    }
    if expected_feed.is_some() {
        return Err(Refusal::BadRequest("a line does not end in CRLF"));
    }
    let first_line = start.get(..first_line_end.unwrap_or(start.len())).unwrap_or_default();
    if memchr::memchr(b'#', first_line).is_some() {
        return Err(Refusal::BadRequest("a fragment in the request line"));
    }
    Ok(())
}

/// Origin-form only: where the target and what was parsed of it differ, the judged and the sent bytes would.
fn check_target(message: &Message<'_>) -> Result<(), Refusal> {
    let [b'/', rest @ ..] = message.target else {
        return Err(Refusal::BadRequest("the target does not start with a slash"));
    };
    if rest.starts_with(b"/") {
        return Err(Refusal::BadRequest("the target starts with two slashes"));
    }
    let parsed = message.uri.path_and_query().map(|path| path.as_str().as_bytes());
    if parsed != Some(message.target) {
        return Err(Refusal::BadRequest("the target is not one path with a query"));
    }
    Ok(())
}

/// TRACE, TRACK and CONNECT are not among them: they give a client's own fields back to a script, or open a
/// lane. The last lines are WebDAV and its kin (RFC 4918, 3253, 3744, 4791, 5323).
pub(super) const METHODS: [&str; 19] = [
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "OPTIONS",
    "QUERY", //
    "PROPFIND",
    "PROPPATCH",
    "MKCOL",
    "COPY",
    "MOVE",
    "LOCK",
    "UNLOCK",
    "REPORT", //
    "SEARCH",
    "MKCALENDAR",
    "ACL",
];

/// Methods are case-sensitive (RFC 9110, section 9.1).
fn check_method(method: &Method) -> Result<(), Refusal> {
    if METHODS.contains(&method.as_str()) { Ok(()) } else { Err(Refusal::MethodNotAllowed) }
}

fn check_host<'a>(message: &Message<'a>) -> Result<&'a [u8], Refusal> {
    let mut fields = message.headers.get_all(HOST).iter().map(http::HeaderValue::as_bytes);
    let field = fields.next();
    if fields.next().is_some() {
        return Err(Refusal::BadRequest("more than one Host"));
    }
    let authority = message.uri.authority().map(|authority| authority.as_str().as_bytes());
    let host = match (authority, field) {
        (Some(authority), Some(field)) if !authority.eq_ignore_ascii_case(field) => {
            return Err(Refusal::BadRequest("two different hosts"));
        }
        (Some(host), _) | (None, Some(host)) => host,
        (None, None) => return Err(Refusal::BadRequest("no Host")),
    };
    if is_host(host) { Ok(host) } else { Err(Refusal::BadRequest("Host is not a host")) }
}

/// A name, an IPv4 or a bracketed IPv6 address, and perhaps a port. Which of them are ours is not said here.
fn is_host(host: &[u8]) -> bool {
    if host.len() > HOST_LIMIT {
        return false;
    }
    let (name, port) = match host.strip_prefix(b"[") {
        Some(rest) => {
            let Some(end) = memchr::memchr(b']', rest) else { return false };
            let (address, rest) = rest.split_at(end);
            let of_address = |byte: &u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.');
            (address.iter().all(of_address).then_some(address), rest.get(1..).unwrap_or_default())
        }
        None => {
            let end = memchr::memchr(b':', host).unwrap_or(host.len());
            let (name, rest) = host.split_at(end);
            let of_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._".contains(byte);
            let sound = name.iter().all(of_name) && !name.ends_with(b".");
            (sound.then_some(name), rest)
        }
    };
    name.is_some_and(|name| !name.is_empty()) && is_port(port)
}

/// Whether a `Host` that passed names the host of a TLS handshake.
pub(super) fn is_same_host(host: &[u8], server_name: &str) -> bool {
    let name = host.split(|byte| *byte == b':').next().unwrap_or_default();
    name.eq_ignore_ascii_case(server_name.as_bytes())
}

/// Nothing, or a colon and a port.
fn is_port(port: &[u8]) -> bool {
    match port {
        [] => true,
        [b':', digits @ ..] => {
            digits.iter().all(u8::is_ascii_digit)
                && std::str::from_utf8(digits).is_ok_and(|port| port.parse::<u16>().is_ok())
        }
        _ => false,
    }
}

/// One way to tell where the body ends, written in the one way that all readers share.
fn check_framing(message: &Message<'_>) -> Result<(), Refusal> {
    if let Some(coding) = only_value(message.headers, &TRANSFER_ENCODING)? {
        if !coding.eq_ignore_ascii_case(b"chunked") {
            return Err(Refusal::BadRequest("Transfer-Encoding is not exactly chunked"));
        }
        // Pingora has taken the length away by now; what came is in the raw bytes.
        let both = message.headers.contains_key(CONTENT_LENGTH)
            || message.raw.is_some_and(|raw| has_line(raw, b"content-length:"));
        if both || message.version == Version::HTTP_10 {
            return Err(Refusal::BadRequest("two ways to tell the body's end"));
        }
    }
    match only_value(message.headers, &CONTENT_LENGTH)? {
        Some(length) => check_length(length),
        None => Ok(()),
    }
}

fn only_value<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a [u8]>, Refusal> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    if values.next().is_some() {
        return Err(Refusal::BadRequest("a framing field is there twice"));
    }
    Ok(first.map(http::HeaderValue::as_bytes))
}

fn has_line(raw: &[u8], start: &[u8]) -> bool {
    memchr::memchr_iter(b'\n', raw).any(|at| {
        raw.get(at + 1..at + 1 + start.len()).is_some_and(|line| line.eq_ignore_ascii_case(start))
    })
}

/// `0`, or digits that do not start with one.
fn check_length(length: &[u8]) -> Result<(), Refusal> {
    let digits = !length.is_empty() && length.iter().all(u8::is_ascii_digit);
    if !digits || (length.len() > 1 && length.starts_with(b"0")) {
        return Err(Refusal::BadRequest("Content-Length is not a number"));
    }
    let number = std::str::from_utf8(length).ok().and_then(|length| length.parse::<u64>().ok());
    if number.is_some_and(|number| number <= LENGTH_LIMIT) {
        Ok(())
    } else {
        Err(Refusal::TooLarge)
    }
}

/// A client may ask that fields are taken out on the way, but none that frames the message, says who asks,
/// or is set by us (CVE-2022-31813, CVE-2026-105299).
fn check_connection(headers: &HeaderMap) -> Result<(), Refusal> {
    let mut names = 0;
    for value in headers.get_all(CONNECTION) {
        for name in value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
            if name.is_empty() {
                continue;
            }
            names += 1;
            if names > NOMINATION_LIMIT || !name.iter().all(|byte| is_token_byte(*byte)) {
                return Err(Refusal::BadRequest("Connection is not a short list of names"));
            }
            if is_protected(name) {
                return Err(Refusal::BadRequest("Connection names a field that has to stay"));
            }
        }
    }
    Ok(())
}

fn is_protected(name: &[u8]) -> bool {
    let folded = Folded::of(name);
    is_forwarding(&folded)
        || matches!(
            folded.as_bytes(),
            b"host"
                | b"cookie"
                | b"authorization"
                | b"content-length"
                | b"transfer-encoding"
                | b"expect"
                | b"content-type"
        )
}

/// RFC 9110, section 5.6.2.
const fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        )
}

fn check_expectation(headers: &HeaderMap) -> Result<(), Refusal> {
    let known = |value: &http::HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"100-continue");
    if headers.get_all(EXPECT).iter().all(known) { Ok(()) } else { Err(Refusal::Expectation) }
}

/// Whether a head asks for a WebSocket (RFC 6455, section 4.1): over HTTP/1.1, with both fields.
pub(super) fn asks_for_websocket(version: Version, headers: &HeaderMap) -> bool {
    let names = |field: &HeaderName, token: &[u8]| {
        headers.get_all(field).iter().any(|value| {
            let mut tokens = value.as_bytes().split(|byte| *byte == b',');
            tokens.any(|part| part.trim_ascii().eq_ignore_ascii_case(token))
        })
    };
    version == Version::HTTP_11 && names(&UPGRADE, b"websocket") && names(&CONNECTION, b"upgrade")
}

/// Any other upgrade is ignored, as RFC 9110, section 7.8 lets a server do, and Pingora takes it out:
/// clients that offer `h2c` on the side go on with HTTP/1.
fn check_upgrade(message: &Message<'_>) -> Result<bool, Refusal> {
    if !asks_for_websocket(message.version, message.headers) {
        return Ok(false);
    }
    let has_body = message.headers.contains_key(TRANSFER_ENCODING)
        || message.headers.get(CONTENT_LENGTH).is_some_and(|length| length != "0");
    if *message.method != Method::GET || has_body {
        return Err(Refusal::BadRequest("a WebSocket begins with a GET without a body"));
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::proxy::tests::limits;

    /// The verdict on a head as it came, as far as its bytes and fields go without a parser.
    fn verdict(lines: &[&str]) -> Result<(), Refusal> {
        let raw = format!("{}\r\n\r\n", lines.join("\r\n"));
        let mut words = lines[0].split(' ');
        let method = Method::from_bytes(words.next().unwrap().as_bytes()).unwrap();
        let target = words.next().unwrap();
        let version = if lines[0].ends_with("1.0") { Version::HTTP_10 } else { Version::HTTP_11 };
        let uri: Uri = target.split('#').next().unwrap().parse().unwrap_or_default();
        let mut headers = HeaderMap::new();
        for line in &lines[1..] {
            let (name, value) = line.split_once(':').unwrap();
            headers.append(
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                http::HeaderValue::from_bytes(value.trim().as_bytes()).unwrap(),
            );
        }
        let message = Message {
            raw: Some(raw.as_bytes()),
            version,
            method: &method,
            target: target.as_bytes(),
            uri: &uri,
            headers: &headers,
        };
        inspect(&message, &limits()).map(|_| ())
    }

    const GET: &str = "GET /a HTTP/1.1";
    const HOST_LINE: &str = "Host: portal.example.org";

    #[test]
    fn a_message_passes_exactly_when_it_can_be_read_in_one_way() {
        let post = "POST /a HTTP/1.1";
        let bad = Some(400);
        #[rustfmt::skip]
        let table: &[(&[&str], Option<u16>)] = &[
            (&[GET, HOST_LINE], None),
            (&["GET /a?b=//c HTTP/1.1", HOST_LINE], None),
            (&["PROPFIND /a HTTP/1.1", HOST_LINE], None),
            (&["GET a HTTP/1.1", HOST_LINE], bad),
            (&["GET //a HTTP/1.1", HOST_LINE], bad),
            (&["GET http://portal.example.org/a HTTP/1.1", HOST_LINE], bad),
            (&["OPTIONS * HTTP/1.1", HOST_LINE], bad),
            (&["GET /a#b HTTP/1.1", HOST_LINE], bad),
            (&["TRACE /a HTTP/1.1", HOST_LINE], Some(405)),
            (&["TRACK /a HTTP/1.1", HOST_LINE], Some(405)),
            (&["CONNECT /a HTTP/1.1", HOST_LINE], Some(405)),
            (&["get /a HTTP/1.1", HOST_LINE], Some(405)),
            (&[GET], bad),
            (&[GET, HOST_LINE, HOST_LINE], bad),
            (&[GET, "Host: PORTAL.example.org:8443"], None),
            (&[GET, "Host: [::1]:80"], None),
            (&[GET, "Host:"], bad),
            (&[GET, "Host: portal.example.org:"], bad),
            (&[GET, "Host: portal.example.org:99999"], bad),
            (&[GET, "Host: portal.example.org:+80"], bad),
            (&[GET, "Host: portal.example.org:x"], bad),
            (&[GET, "Host: portal.example.org."], bad),
            (&[GET, "Host: portal.example.org, evil.test"], bad),
            (&[GET, "Host: a@portal.example.org"], bad),
            (&[GET, "Host: portal.example.org/../x"], bad),
            (&[GET, "Host: portal.example.org#x"], bad),
            (&[GET, "Host: []"], bad),
            (&[post, HOST_LINE, "Content-Length: 5"], None),
            (&[post, HOST_LINE, "Content-Length: 0"], None),
            (&[post, HOST_LINE, "Content-Length: 05"], bad),
            (&[post, HOST_LINE, "Content-Length: 00"], bad),
            (&[post, HOST_LINE, "Content-Length: +5"], bad),
            (&[post, HOST_LINE, "Content-Length:"], bad),
            (&[post, HOST_LINE, "Content-Length: 5, 5"], bad),
            (&[post, HOST_LINE, "Content-Length: 5", "Content-Length: 5"], bad),
            (&[post, HOST_LINE, "Content-Length: 9007199254740992"], None),
            (&[post, HOST_LINE, "Content-Length: 9007199254740993"], Some(413)),
            (&[post, HOST_LINE, "Content-Length: 99999999999999999999"], Some(413)),
            (&[post, HOST_LINE, "Transfer-Encoding: Chunked"], None),
            (&[post, HOST_LINE, "Transfer-Encoding: chunked, chunked"], bad),
            (&[post, HOST_LINE, "Transfer-Encoding: gzip, chunked"], bad),
            (&[post, HOST_LINE, "Transfer-Encoding: identity", "Transfer-Encoding: chunked"], bad),
            (&[post, HOST_LINE, "Transfer-Encoding: chunked", "Content-Length: 4"], bad),
            (&["POST /a HTTP/1.0", HOST_LINE, "Transfer-Encoding: chunked"], bad),
            (&[post, HOST_LINE, "Expect: 100-Continue"], None),
            (&[post, HOST_LINE, "Expect: x"], Some(417)),
            (&[GET, HOST_LINE, "Connection: close, x-scoregate-user"], None),
            (&[GET, HOST_LINE, "Connection: Host"], bad),
            (&[GET, HOST_LINE, "Connection: Cookie"], bad),
            (&[GET, HOST_LINE, "Connection: X_Forwarded_For"], bad),
            (&[GET, HOST_LINE, "Connection: \"close\""], bad),
            (&[GET, HOST_LINE, "Connection: a,b,c,d,e,f,g,h,i"], None),
            (&[GET, HOST_LINE, "Connection: a,b,c,d,e,f,g,h,i,j"], bad),
            (&[GET, HOST_LINE, "Connection: Upgrade", "Upgrade: websocket"], None),
            (&[post, HOST_LINE, "Connection: Upgrade", "Upgrade: websocket"], bad),
            (&[GET, HOST_LINE, "Connection: Upgrade", "Upgrade: h2c"], None),
        ];
        for (lines, status) in table {
            let found = verdict(lines).err().map(|refusal| refusal.status().as_u16());
            assert_eq!(found, *status, "{lines:?}");
        }
    }

    #[test]
    fn a_length_that_the_parser_took_away_is_still_seen() {
        let raw = b"POST /a HTTP/1.1\r\nHost: h\r\ncontent-LENGTH: 4\r\n\r\n";
        let mut headers = HeaderMap::new();
        headers.insert(HOST, http::HeaderValue::from_static("h"));
        headers.insert(TRANSFER_ENCODING, http::HeaderValue::from_static("chunked"));
        let uri = Uri::from_static("/a");
        let message = Message {
            raw: Some(raw),
            version: Version::HTTP_11,
            method: &Method::POST,
            target: b"/a",
            uri: &uri,
            headers: &headers,
        };
        assert!(inspect(&message, &limits()).is_err());
        assert!(
            inspect(&Message { raw: Some(b"POST /a HTTP/1.1\r\n\r\n"), ..message }, &limits())
                .is_ok()
        );
    }

    #[test]
    fn only_crlf_ends_a_line_and_at_most_one_stands_before_the_first() {
        let table: &[(&[u8], bool)] = &[
            (b"GET / HTTP/1.1\r\nA: b\r\n\r\n", true),
            (b"\r\nGET / HTTP/1.1\r\n\r\n", true),
            (b"\r\n\r\nGET / HTTP/1.1\r\n\r\n", false),
            (b"\nGET / HTTP/1.1\r\n\r\n", false),
            (b"GET / HTTP/1.1\nA: b\r\n\r\n", false),
            (b"GET / HTTP/1.1\r\nA: b\n\r\n", false),
            (b"GET / HTTP/1.1\r\nA: b\rc\r\n\r\n", false),
            (b"GET / HTTP/1.1\r\nA: b\r\r\n\r\n", false),
            (b"GET /#a HTTP/1.1\r\n\r\n", false),
            (b"GET / HTTP/1.1\r\nA: #\r\n\r\n", true),
        ];
        for (raw, passes) in table {
            assert_eq!(check_lines(raw).is_ok(), *passes, "{}", raw.escape_ascii());
        }
    }

    #[test]
    fn the_limits_hold_on_both_sides_of_their_edge() {
        let fields = |count: usize| {
            let mut lines = vec![GET, HOST_LINE];
            lines.extend(std::iter::repeat_n("X-A: b", count - 1));
            verdict(&lines)
        };
        assert_eq!(fields(100), Ok(()));
        assert_eq!(fields(101), Err(Refusal::HeadTooLarge));
        let target = |length: usize| {
            verdict(&[&format!("GET /{} HTTP/1.1", "a".repeat(length - 1)), HOST_LINE])
        };
        assert_eq!(target(8192), Ok(()));
        assert_eq!(target(8193), Err(Refusal::TargetTooLong));
        let value =
            |length: usize| verdict(&[GET, HOST_LINE, &format!("X-A: {}", "a".repeat(length))]);
        assert_eq!(value(VALUE_LIMIT), Ok(()));
        assert_eq!(value(VALUE_LIMIT + 1), Err(Refusal::HeadTooLarge));
        let name =
            |length: usize| verdict(&[GET, HOST_LINE, &format!("{}: a", "n".repeat(length))]);
        assert_eq!(name(NAME_LIMIT), Ok(()));
        assert_eq!(name(NAME_LIMIT + 1), Err(Refusal::HeadTooLarge));
        let long = "X-A: ".to_owned() + &"a".repeat(15_000);
        assert_eq!(verdict(&[GET, HOST_LINE, &long, &long, &long]), Err(Refusal::HeadTooLarge));
        assert_eq!(limits().head_timeout, Duration::from_secs(10));
    }

    #[test]
    fn an_authority_and_a_host_that_differ_are_refused() {
        let uri: Uri = "https://portal.example.org/a".parse().unwrap();
        let mut headers = HeaderMap::new();
        let host = |headers: &HeaderMap| {
            let message = Message {
                raw: None,
                version: Version::HTTP_2,
                method: &Method::GET,
                target: b"/a",
                uri: &uri,
                headers,
            };
            inspect(&message, &limits()).map(|sound| sound.host.to_vec())
        };
        assert_eq!(host(&headers), Ok(b"portal.example.org".to_vec()));
        headers.insert(HOST, http::HeaderValue::from_static("Portal.example.org"));
        assert!(host(&headers).is_ok());
        headers.insert(HOST, http::HeaderValue::from_static("evil.test"));
        assert!(host(&headers).is_err());
    }

    proptest! {
        #[test]
        fn a_length_passes_only_as_the_one_spelling_of_a_number(text in "[0-9+ _x]{0,20}") {
            let passes = check_length(text.as_bytes()).is_ok();
            let canonical = text.parse::<u64>().is_ok_and(|number| number.to_string() == text && number <= LENGTH_LIMIT);
            prop_assert_eq!(passes, canonical);
        }

        #[test]
        fn whatever_the_bytes_the_lines_check_never_fails_otherwise_than_by_refusing(raw in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = check_lines(&raw);
            let _ = is_host(&raw);
        }
    }
}
