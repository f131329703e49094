//! A portal that writes down every byte of every connection and answers 200 to everything, and 101 to
//! whoever asks for a WebSocket, whose bytes it then sends back. Not here: any opinion on what arrives.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use super::wire::{find, unchunked};

/// One request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Arrived {
    /// Start line and fields, as they came.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Arrived {
    pub(crate) fn target(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or_default()
    }

    /// The values of a field by its exact name, whatever its case.
    pub(crate) fn values(&self, name: &str) -> Vec<&str> {
        let lines = self.head.split("\r\n").skip(1).filter_map(|line| line.split_once(':'));
        let named = lines.filter(|(known, _)| known.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.trim()).collect()
    }

    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.values(name).first().copied()
    }

    /// Names of fields, lower case, every other character as `-`.
    pub(crate) fn folded_names(&self) -> Vec<String> {
        let fold = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
        let lines = self.head.split("\r\n").skip(1).filter_map(|line| line.split_once(':'));
        lines.map(|(name, _)| name.chars().map(fold).collect()).collect()
    }
}

#[derive(Debug, Default)]
struct Log {
    /// What was read, a connection each.
    raw: Vec<Vec<u8>>,
    arrived: Vec<Arrived>,
}

/// The portal. Stops taking connections when it is dropped.
#[derive(Debug)]
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    log: Arc<Mutex<Log>>,
    is_over: Arc<AtomicBool>,
}

impl Upstream {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let log: Arc<Mutex<Log>> = Arc::default();
        let is_over: Arc<AtomicBool> = Arc::default();
        let (all, over) = (log.clone(), is_over.clone());
        thread::spawn(move || {
            for connection in listener.incoming() {
                if over.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(connection) = connection else { continue };
                let log = all.clone();
                thread::spawn(move || answer_all(connection, &log));
            }
        });
        Self { address, log, is_over }
    }

    pub(crate) fn arrived(&self) -> Vec<Arrived> {
        self.log.lock().unwrap().arrived.clone()
    }

    /// The requests with this `User-Agent`.
    pub(crate) fn marked(&self, marker: &str) -> Vec<Arrived> {
        let log = self.log.lock().unwrap();
        let is_marked = |one: &&Arrived| one.values("user-agent").contains(&marker);
        log.arrived.iter().filter(is_marked).cloned().collect()
    }

    /// Whether these bytes came over any connection, as a request or not.
    pub(crate) fn has_bytes(&self, bytes: &[u8]) -> bool {
        self.log.lock().unwrap().raw.iter().any(|raw| find(raw, bytes).is_some())
    }

    pub(crate) fn count(&self) -> usize {
        self.log.lock().unwrap().arrived.len()
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
    }
}

fn answer_all(mut connection: TcpStream, log: &Mutex<Log>) {
    let number = {
        let mut log = log.lock().unwrap();
        log.raw.push(Vec::new());
        log.raw.len() - 1
    };
    let (mut buffer, mut chunk) = (Vec::new(), [0; 16 * 1024]);
    while let Ok(read) = connection.read(&mut chunk) {
        if read == 0 {
            return;
        }
        log.lock().unwrap().raw[number].extend_from_slice(&chunk[..read]);
        buffer.extend_from_slice(&chunk[..read]);
        while let Some((one, length)) = whole_request(&buffer) {
            buffer.drain(..length);
            let is_head = one.head.starts_with("HEAD ");
            let is_socket = one.value("upgrade").is_some();
            let is_events = one.target().ends_with("/events");
            log.lock().unwrap().arrived.push(one);
            if is_socket {
                return echo(connection);
            }
            if is_events {
                let _ = connection.write_all(EVENTS);
                continue;
            }
            let body = if is_head { "" } else { "the portal\n" };
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 11\r\n\r\n{body}"
            );
            if connection.write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    }
}

/// The first event of a stream that then says nothing more.
const EVENTS: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\
    Transfer-Encoding: chunked\r\n\r\nb\r\ndata: one\n\n\r\n";

fn echo(mut connection: TcpStream) {
    let switch =
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    let _ = connection.write_all(switch.as_bytes());
    let mut chunk = [0; 1024];
    while let Ok(read @ 1..) = connection.read(&mut chunk) {
        let _ = connection.write_all(&chunk[..read]);
    }
}

fn whole_request(bytes: &[u8]) -> Option<(Arrived, usize)> {
    let end = find(bytes, b"\r\n\r\n")?;
    let mut one =
        Arrived { head: String::from_utf8_lossy(&bytes[..end]).into_owned(), body: Vec::new() };
    let (after, mut length) = (&bytes[end + 4..], end + 4);
    if one.value("transfer-encoding").is_some() {
        let (body, taken) = unchunked(after)?;
        (one.body, length) = (body, length + taken);
    } else if let Some(size) = one.value("content-length").and_then(|size| size.parse().ok()) {
        one.body = after.get(..size)?.to_vec();
        length += size;
    }
    Some((one, length))
}
