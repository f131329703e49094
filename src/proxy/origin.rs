//! Who is at the other end, where somebody stands in between: load balancers and proxies that the operator
//! trusts say it in a PROXY header before the first byte, or in a field of each request.
//!
//! Nobody is trusted unless a setting says so (CVE-2026-76835). An address found here is counted, written
//! down and compared with networks; it gives no points. Not here: which fields go to a portal (`fields`).

use std::io;
use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;
use http::header::FORWARDED;
use http::{HeaderMap, HeaderName, HeaderValue};
use proxy_header::{ParseConfig, ProxyHeader};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use crate::config::{ClientField, InFront};
use crate::points::Network;

/// The longest line of version 1, with its line end.
const LINE_LIMIT: usize = 107;
/// Version 2: signature, command, family and length; then at most this much, in bytes. Addresses take 216
/// at most; the rest are extensions, of which we use none.
const BINARY_HEAD: usize = 16;
const BINARY_LIMIT: usize = 4096;
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";

/// Proxies in one chain that are looked past.
const CHAIN_LIMIT: usize = 32;

static X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
static X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// What a listener knows of those in front of it, and what it tells browsers. Replaced by a reload.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Porch {
    trusted: Vec<Network>,
    field: ClientField,
    pub(super) proxy_protocol: bool,
    /// Connections of others than trusted peers and this machine are closed: what they would say would
    /// be in clear text.
    pub(super) only_trusted: bool,
    /// `Strict-Transport-Security` of every answer to a request that came over TLS.
    pub(super) hsts: Option<HeaderValue>,
}

impl Porch {
    /// A porch as configured, which still lets everybody in.
    #[must_use]
    pub fn new(in_front: &InFront, hsts: Option<HeaderValue>) -> Self {
        Self {
            trusted: in_front.trusted.clone(),
            field: in_front.client_field,
            proxy_protocol: in_front.proxy_protocol,
            only_trusted: false,
            hsts,
        }
    }

    /// Only trusted peers and this machine may connect.
    #[must_use]
    pub const fn for_trusted_only(mut self) -> Self {
        self.only_trusted = true;
        self
    }

    pub(super) fn trusts(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.contains(address))
    }

    pub(super) fn lets_in(&self, address: IpAddr) -> bool {
        !self.only_trusted || address.to_canonical().is_loopback() || self.trusts(address)
    }
}

/// Where one request comes from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Origin {
    pub(super) client: IpAddr,
    /// `client` as the value of `X-Forwarded-For`.
    pub(super) client_value: HeaderValue,
    /// How `Forwarded` names it (RFC 7239): an address of IPv6 in brackets, and quoted for them.
    pub(super) forwarded_for: Bytes,
    /// The client speaks TLS, with us or with whom we trust.
    pub(super) secure: bool,
}

impl Origin {
    /// The other end of a connection; `None` never happens, for an address is text that a field can hold.
    pub(super) fn of_peer(peer: IpAddr, secure: bool) -> Option<Self> {
        let client = peer.to_canonical();
        let client_value = HeaderValue::from_str(&client.to_string()).ok()?;
        let forwarded_for = match client {
            IpAddr::V4(v4) => format!("for={v4}"),
            IpAddr::V6(v6) => format!("for=\"[{v6}]\""),
        };
        Some(Self { client, client_value, forwarded_for: forwarded_for.into(), secure })
    }

    /// What a trusted peer says of this request; where it says nothing that can be read, the peer is the
    /// client.
    pub(super) fn behind(&self, porch: &Porch, headers: &HeaderMap) -> Self {
        let (client, scheme) = match porch.field {
            ClientField::XForwardedFor => {
                let chain = entries(headers, &X_FORWARDED_FOR);
                let client = right_most_untrusted(self.client, chain.rev().map(address_of), porch);
                (client, entries(headers, &X_FORWARDED_PROTO).next_back().map(str::to_owned))
            }
            ClientField::Forwarded => {
                let elements: Vec<Element> = entries(headers, &FORWARDED).map(element_of).collect();
                let scheme = elements.last().and_then(|element| element.scheme.clone());
                let chain = elements.iter().rev().map(|element| element.client);
                (right_most_untrusted(self.client, chain, porch), scheme)
            }
        };
        let secure = match scheme {
            Some(scheme) if scheme.eq_ignore_ascii_case("https") => true,
            Some(scheme) if scheme.eq_ignore_ascii_case("http") => false,
            _ => self.secure,
        };
        Self::of_peer(client, secure).unwrap_or_else(|| self.clone())
    }
}

/// Goes back along the chain for as long as it leads through trusted addresses. What a client wrote itself
/// stands further left than what the first trusted proxy added, and is never reached.
fn right_most_untrusted(
    peer: IpAddr,
    from_the_right: impl Iterator<Item = Option<IpAddr>>,
    porch: &Porch,
) -> IpAddr {
    let mut known = peer;
    for address in from_the_right.take(CHAIN_LIMIT) {
        let Some(address) = address else { return known };
        known = address;
        if !porch.trusts(address) {
            return known;
        }
    }
    known
}

/// The entries of a list field, over all its lines, in order. Text that is not ASCII is one entry that is
/// no address.
fn entries<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> impl DoubleEndedIterator<Item = &'a str> {
    let lines = headers.get_all(name).iter().map(|line| line.to_str().unwrap_or("?"));
    lines.flat_map(|line| line.split(',')).map(|entry| entry.trim_matches([' ', '\t']))
}

/// An address as it stands in these fields: bare, with a port, in brackets, in quotes. No zone: that means
/// something on one machine only.
fn address_of(text: &str) -> Option<IpAddr> {
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    let address = match text.parse::<IpAddr>() {
        Ok(address) => address,
        Err(_) if text.starts_with('[') && text.ends_with(']') => {
            IpAddr::V6(text.get(1..text.len() - 1)?.parse().ok()?)
        }
        Err(_) => text.parse::<SocketAddr>().ok()?.ip(),
    };
    Some(address.to_canonical())
}

/// One element of `Forwarded` (RFC 7239, section 4), as far as it is used.
#[derive(Default)]
struct Element {
    client: Option<IpAddr>,
    scheme: Option<String>,
}

fn element_of(text: &str) -> Element {
    let mut element = Element::default();
    for pair in text.split(';') {
        let Some((name, value)) = pair.trim().split_once('=') else { continue };
        match name.to_ascii_lowercase().as_str() {
            "for" => element.client = address_of(value),
            "proto" => element.scheme = Some(value.trim_matches('"').to_owned()),
            _ => {}
        }
    }
    element
}

/// Why a connection has no readable PROXY header.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoProxyHeader {
    #[error("it ended, or could not be read")]
    Unread(#[from] io::Error),
    #[error("it does not begin with a PROXY header of version 1 or 2")]
    Malformed,
}

/// Reads the PROXY header that a connection begins with, and not a byte more. `None`: the proxy speaks for
/// itself, as it does to see whether we live.
///
/// # Errors
///
/// If there is none, or none that can be read; then nothing that follows may be believed.
pub(super) async fn read_proxy_header(
    stream: &mut TcpStream,
) -> Result<Option<SocketAddr>, NoProxyHeader> {
    let mut start = [0; SIGNATURE.len()];
    stream.read_exact(&mut start).await?;
    let mut header = start.to_vec();
    if start == *SIGNATURE {
        read_binary(stream, &mut header).await?;
    } else if start.starts_with(b"PROXY ") {
        read_line(stream, &mut header).await?;
    } else {
        return Err(NoProxyHeader::Malformed);
    }
    source_of(&header)
}

async fn read_binary(stream: &mut TcpStream, header: &mut Vec<u8>) -> Result<(), NoProxyHeader> {
    let mut rest = [0; BINARY_HEAD - SIGNATURE.len()];
    stream.read_exact(&mut rest).await?;
    header.extend_from_slice(&rest);
    let [_, _, high, low] = rest;
    let length = usize::from(u16::from_be_bytes([high, low]));
    if length > BINARY_LIMIT {
        return Err(NoProxyHeader::Malformed);
    }
    let mut addresses = vec![0; length];
    stream.read_exact(&mut addresses).await?;
    header.extend_from_slice(&addresses);
    Ok(())
}

/// What lies behind the line is not ours to take, so it is looked at before it is read.
async fn read_line(stream: &mut TcpStream, header: &mut Vec<u8>) -> Result<(), NoProxyHeader> {
    while header.len() < LINE_LIMIT {
        let mut ahead = [0; LINE_LIMIT];
        let room = LINE_LIMIT - header.len();
        let seen = stream.peek(ahead.get_mut(..room).unwrap_or_default()).await?;
        let seen = ahead.get(..seen).unwrap_or_default();
        let end = memchr::memchr(b'\n', seen);
        let mut taken = vec![0; end.map_or(seen.len(), |end| end + 1)];
        if taken.is_empty() {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        stream.read_exact(&mut taken).await?;
        header.extend_from_slice(&taken);
        if end.is_some() {
            return Ok(());
        }
    }
    Err(NoProxyHeader::Malformed)
}

/// The client that a whole header names.
fn source_of(header: &[u8]) -> Result<Option<SocketAddr>, NoProxyHeader> {
    let config = ParseConfig { include_tlvs: false, ..ParseConfig::default() };
    match ProxyHeader::parse(header, config) {
        Ok((parsed, length)) if length == header.len() => {
            Ok(parsed.proxied_address().map(|address| address.source))
        }
        Ok(_) | Err(_) => Err(NoProxyHeader::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;

    use super::*;

    fn porch(field: ClientField) -> Porch {
        let network = |text: &str, bits| Network::new(text.parse().unwrap(), bits).unwrap();
        let in_front = InFront {
            trusted: vec![network("10.0.0.0", 8), network("2001:db8::", 32)],
            client_field: field,
            proxy_protocol: false,
        };
        Porch::new(&in_front, None)
    }

    fn origin(field: ClientField, lines: &[(&str, &str)]) -> Origin {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        let peer = Origin::of_peer("10.0.0.1".parse().unwrap(), false).unwrap();
        peer.behind(&porch(field), &headers)
    }

    #[test]
    fn the_client_is_the_right_most_address_that_is_not_a_trusted_proxy() {
        let table: [(&[&str], &str); 14] = [
            (&["198.51.100.1"], "198.51.100.1"),
            (&["127.0.0.1, 198.51.100.1"], "198.51.100.1"),
            (&["127.0.0.1, 198.51.100.1, 10.0.0.2"], "198.51.100.1"),
            (&["198.51.100.1", "10.0.0.2"], "198.51.100.1"),
            (&["evil", "198.51.100.1"], "198.51.100.1"),
            (&["198.51.100.1:4711"], "198.51.100.1"),
            (&["[2001:db9::1]:80"], "2001:db9::1"),
            (&["2001:db9::1"], "2001:db9::1"),
            (&["::ffff:198.51.100.1"], "198.51.100.1"),
            // All trusted: the first of them is the client.
            (&["10.0.0.9, 10.0.0.2"], "10.0.0.9"),
            // What cannot be read ends the walk.
            (&["198.51.100.1, fe80::1%eth0"], "10.0.0.1"),
            (&["198.51.100.1, unknown, 10.0.0.2"], "10.0.0.2"),
            (&["198.51.100.1,"], "10.0.0.1"),
            (&[], "10.0.0.1"),
        ];
        for (values, client) in table {
            let lines: Vec<_> = values.iter().map(|value| ("x-forwarded-for", *value)).collect();
            let found = origin(ClientField::XForwardedFor, &lines);
            assert_eq!(found.client.to_string(), client, "{values:?}");
            assert_eq!(found.client_value, client, "{values:?}");
        }
    }

    #[test]
    fn only_the_field_that_the_proxies_write_is_read() {
        let both = [("x-forwarded-for", "198.51.100.1"), ("forwarded", "for=198.51.100.2")];
        let one = origin(ClientField::XForwardedFor, &both);
        let other = origin(ClientField::Forwarded, &both);
        assert_eq!(one.client.to_string(), "198.51.100.1");
        assert_eq!(other.client.to_string(), "198.51.100.2");
        let forged = origin(ClientField::XForwardedFor, &both[1..]);
        assert_eq!(forged.client.to_string(), "10.0.0.1");
    }

    #[test]
    fn elements_of_forwarded_are_read_as_rfc_7239_writes_them() {
        let table = [
            ("for=198.51.100.1;proto=https;by=10.0.0.1", "198.51.100.1", true),
            ("For=\"[2001:db9::1]:4711\"; Proto=\"HTTPS\"", "2001:db9::1", true),
            ("for=evil, for=198.51.100.1", "198.51.100.1", false),
            ("for=_hidden;proto=http", "10.0.0.1", false),
            ("for=198.51.100.1;proto=https, for=10.0.0.2;proto=http", "198.51.100.1", false),
        ];
        for (value, client, secure) in table {
            let found = origin(ClientField::Forwarded, &[("forwarded", value)]);
            assert_eq!((&*found.client.to_string(), found.secure), (client, secure), "{value}");
        }
    }

    #[test]
    fn the_scheme_is_what_the_nearest_proxy_says_of_it() {
        for (value, secure) in
            [("https", true), ("http", false), ("http, https", true), ("wss", false), ("", false)]
        {
            let lines = [("x-forwarded-for", "198.51.100.1"), ("x-forwarded-proto", value)];
            assert_eq!(origin(ClientField::XForwardedFor, &lines).secure, secure, "{value}");
        }
    }

    #[test]
    fn an_empty_list_trusts_nobody() {
        let nobody = Porch::default();
        for address in ["127.0.0.1", "10.0.0.1", "0.0.0.0", "::", "::1"] {
            assert!(!nobody.trusts(address.parse().unwrap()), "{address}");
        }
        assert!(nobody.lets_in("198.51.100.1".parse().unwrap()));
        let closed = nobody.for_trusted_only();
        assert!(!closed.lets_in("198.51.100.1".parse().unwrap()));
        assert!(closed.lets_in("::ffff:127.0.0.1".parse().unwrap()));
    }

    async fn read(bytes: &[u8]) -> (Result<Option<SocketAddr>, NoProxyHeader>, Vec<u8>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        client.write_all(bytes).await.unwrap();
        client.shutdown().await.unwrap();
        let found = read_proxy_header(&mut server).await;
        let mut left = Vec::new();
        if found.is_ok() {
            server.read_to_end(&mut left).await.unwrap();
        }
        (found, left)
    }

    #[tokio::test]
    async fn a_proxy_header_is_read_to_its_last_byte_and_no_further() {
        let v2 = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc6\x33\x64\x42\x7f\0\0\x01\x12\x67\x01\xbb";
        let v2_local = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";
        let table: [(&[u8], Option<&str>); 5] = [
            (b"PROXY TCP4 198.51.100.66 127.0.0.1 4711 443\r\n", Some("198.51.100.66:4711")),
            (b"PROXY TCP6 2001:db9::1 2001:db9::2 4711 443\r\n", Some("[2001:db9::1]:4711")),
            (b"PROXY UNKNOWN\r\n", None),
            (v2, Some("198.51.100.66:4711")),
            (v2_local, None),
        ];
        for (header, source) in table {
            let (found, left) = read(&[header, b"GET / HTTP/1.1\r\n"].concat()).await;
            let source = source.map(|source| source.parse().unwrap());
            assert_eq!(found.unwrap(), source, "{:?}", header.escape_ascii().to_string());
            assert_eq!(left, b"GET / HTTP/1.1\r\n");
        }
    }

    #[tokio::test]
    async fn what_is_no_proxy_header_is_refused() {
        let long = [b"PROXY TCP4 ".as_slice(), &[b'1'; 200], b"\r\n"].concat();
        let huge = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff\xc6\x33\x64\x42";
        let table: [&[u8]; 8] = [
            b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            b"PROXY TCP4 198.51.100.66 127.0.0.1 4711\r\n",
            b"PROXY TCP4 evil 127.0.0.1 4711 443\r\n",
            b"PROXY TCP4 198.51.100.66 127.0.0.1 99999 443\r\n",
            b"PROXY TCP4 198.51.100.66 127.0.0.1 4711 443\n",
            b"PROXY TC",
            &long,
            huge,
        ];
        for bytes in table {
            assert!(read(bytes).await.0.is_err(), "{:?}", bytes.escape_ascii().to_string());
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_of_headers_fall(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = source_of(&[SIGNATURE, &bytes[..]].concat());
            let _ = source_of(&[b"PROXY ", &bytes[..]].concat());
        }

        #[test]
        fn no_text_is_read_as_another_address_than_it_says(text in "[0-9a-f:.\\[\\]\"%]{0,24}") {
            if let Some(address) = address_of(&text) {
                let bare = text.trim_matches('"');
                let is_there = bare.parse::<IpAddr>().is_ok_and(|a| a.to_canonical() == address)
                    || bare.parse::<SocketAddr>().is_ok_and(|a| a.ip().to_canonical() == address)
                    || bare.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
                prop_assert!(is_there);
            }
        }
    }
}
