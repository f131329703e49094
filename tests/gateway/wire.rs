//! HTTP/1.1 as bytes, over plain sockets and TLS: what a test writes goes out exactly as it stands. Not
//! here: cookies, forms and everything else that a browser does (`person`).

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};

/// Longer than any deadline of the gateway that a test runs into.
const PATIENCE: Duration = Duration::from_secs(20);

/// How a gateway is reached.
#[derive(Clone, Debug)]
pub(crate) enum Road {
    Plain(SocketAddr),
    Tls(SocketAddr, Arc<ClientConfig>),
}

pub(crate) trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

impl Road {
    pub(crate) fn connect(&self) -> io::Result<Box<dyn Stream>> {
        self.connect_within(PATIENCE).map(|(stream, _)| stream)
    }

    /// A connection whose reads end after so long without a byte, and the socket under it.
    pub(crate) fn connect_within(
        &self,
        patience: Duration,
    ) -> io::Result<(Box<dyn Stream>, TcpStream)> {
        let (Self::Plain(address) | Self::Tls(address, _)) = self;
        let socket = TcpStream::connect(address)?;
        let under = socket.try_clone()?;
        socket.set_read_timeout(Some(patience))?;
        socket.set_write_timeout(Some(PATIENCE))?;
        socket.set_nodelay(true)?;
        match self {
            Self::Plain(_) => Ok((Box::new(socket), under)),
            Self::Tls(_, config) => {
                let name = ServerName::try_from("portal.example.org").unwrap();
                let connection = ClientConnection::new(config.clone(), name).unwrap();
                Ok((Box::new(StreamOwned::new(connection, socket)), under))
            }
        }
    }

    /// One request and its answer; `None` where the connection was closed without one.
    pub(crate) fn ask(&self, request: &[u8]) -> Option<Response> {
        let mut stream = self.connect().ok()?;
        // A refusal may come, and the connection go, before everything is written.
        let _ = stream.write_all(request).and_then(|()| stream.flush());
        let is_head = request.starts_with(b"HEAD ");
        Response::read(&mut *stream, is_head)
    }
}

/// An answer as it came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Response {
    pub(crate) status: u16,
    /// In the order in which they came, names as they were written.
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Response {
    /// Reads one answer, past those of the kind "100 Continue".
    pub(crate) fn read(stream: &mut dyn Stream, is_head: bool) -> Option<Self> {
        let mut buffer = Vec::new();
        loop {
            let end = loop {
                if let Some(end) = find(&buffer, b"\r\n\r\n") {
                    break end;
                }
                fill(stream, &mut buffer)?;
            };
            let mut response = Self::of_head(&String::from_utf8_lossy(&buffer[..end]))?;
            buffer.drain(..end + 4);
            if response.status == 101 || response.status >= 200 {
                response.body = response.read_body(stream, buffer, is_head);
                return Some(response);
            }
        }
    }

    fn of_head(head: &str) -> Option<Self> {
        let mut lines = head.split("\r\n");
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let field = |line: &str| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_owned(), value.trim().to_owned()))
        };
        Some(Self { status, fields: lines.filter_map(field).collect(), body: Vec::new() })
    }

    fn read_body(&self, stream: &mut dyn Stream, mut buffer: Vec<u8>, is_head: bool) -> Vec<u8> {
        if is_head || matches!(self.status, 101 | 204 | 304) {
            return Vec::new();
        }
        if self.field("transfer-encoding").is_some() {
            loop {
                if let Some((body, _)) = unchunked(&buffer) {
                    return body;
                }
                if fill(stream, &mut buffer).is_none() {
                    return buffer;
                }
            }
        }
        let length = self.field("content-length").and_then(|length| length.parse().ok());
        while length.is_none_or(|length: usize| buffer.len() < length) {
            if fill(stream, &mut buffer).is_none() {
                break;
            }
        }
        buffer
    }

    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let found = self.fields.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn fields_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = move |(known, _): &&(String, String)| known.eq_ignore_ascii_case(name);
        self.fields.iter().filter(named).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn location(&self) -> &str {
        self.field("location").unwrap_or_default()
    }
}

pub(crate) fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes, what)
}

fn fill(stream: &mut dyn Stream, buffer: &mut Vec<u8>) -> Option<()> {
    let mut chunk = [0; 16 * 1024];
    match stream.read(&mut chunk) {
        Ok(read) if read > 0 => {
            buffer.extend_from_slice(&chunk[..read]);
            Some(())
        }
        _ => None,
    }
}

/// A chunked body and how many bytes it took; `None` while it is not whole.
pub(crate) fn unchunked(bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
    let (mut body, mut at) = (Vec::new(), 0);
    loop {
        let line = find(bytes.get(at..)?, b"\r\n")?;
        let size = std::str::from_utf8(&bytes[at..at + line]).ok()?;
        let size = usize::from_str_radix(size.split(';').next()?.trim(), 16).ok()?;
        at += line + 2;
        if size == 0 {
            // A trailer, or nothing, up to an empty line.
            let end = find(bytes.get(at - 2..)?, b"\r\n\r\n")?;
            return Some((body, at + 2 + end));
        }
        body.extend_from_slice(bytes.get(at..at + size)?);
        at += size + 2;
    }
}

/// `\xNN` is one byte; nothing else is an escape (`tests/attacks`).
pub(crate) fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("\\x") {
        bytes.extend(rest[..at].bytes());
        bytes.push(u8::from_str_radix(&rest[at + 2..at + 4], 16).unwrap());
        rest = &rest[at + 4..];
    }
    bytes.extend(rest.bytes());
    bytes
}

/// `{REP:n:text}` is the text n times.
pub(crate) fn repeat(text: &str) -> String {
    let mut text = text.to_owned();
    while let Some(start) = text.find("{REP:") {
        let end = start + text[start..].find('}').unwrap();
        let (count, what) = text[start + 5..end].split_once(':').unwrap();
        let whole = what.repeat(count.parse().unwrap());
        text.replace_range(start..=end, &whole);
    }
    text
}

#[test]
fn a_chunked_body_is_whole_only_with_its_end() {
    assert_eq!(unchunked(b"3\r\nabc\r\n0\r\n\r\n"), Some((b"abc".to_vec(), 13)));
    assert_eq!(unchunked(b"3\r\nabc\r\n0\r\nA: b\r\n\r\nX"), Some((b"abc".to_vec(), 19)));
    for part in [&b"3\r\nab"[..], b"3\r\nabc\r\n", b"3\r\nabc\r\n0\r\n", b""] {
        assert_eq!(unchunked(part), None);
    }
}
