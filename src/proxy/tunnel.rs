//! A WebSocket through the gateway: asked for at the portal, then copied both ways until one side, its
//! session or its silence ends it.
//!
//! With our own hands and not Pingora's, because Pingora 0.9.1 takes the end of the request's empty body for
//! the end of the stream where the portal's 101 overtakes it, and because what runs here must be ended with
//! a word that says why (ADR 0023). Not here: whether it may begin, and whether it may go on.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::FutureExt;
use http::StatusCode;
use pingora::connectors::TransportConnector;
use pingora::http::{RequestHeader, ResponseHeader};
use pingora::protocols::Stream;
use pingora::protocols::http::v1::client::HttpSession as PortalSession;
use pingora::protocols::tls::ALPN;
use pingora::proxy::Session;
use pingora::server::ShutdownWatch;
use pingora::upstreams::peer::HttpPeer;
use pingora::{Error, ErrorType};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use super::forward::UnderWay;
use super::frames::{self, Frames};
use super::pool::Seat;
use super::streams::{Kill, Running, StreamEnd};

/// A buffer for each direction.
const BUFFER: usize = 8 * 1024;
/// What the other side may still say after one has ended, and what a close frame may take.
const FAREWELL: Duration = Duration::from_secs(5);
/// A client that does not read for so long is gone.
const WRITE_TIME: Duration = Duration::from_secs(60);
/// How often at most a stream says that somebody uses it.
pub(super) const ACTIVITY_STEP: Duration = Duration::from_secs(10);

/// The portal said 101: what is left to do with the client's bare connection.
#[derive(Debug)]
pub(super) struct Opened {
    portal: Stream,
    /// The 101 for the client, then what the portal said right behind it.
    head: Bytes,
    first: Bytes,
    idle: Duration,
    kept: Kept,
}

/// Keep a stream on its session's list, among what is under way, and among what its server has to do.
pub(super) type Kept = (Option<Running>, Option<UnderWay>, Option<Seat>);

/// What the portal said to a WebSocket.
pub(super) enum Reply {
    /// The head is as the portal sent it; the bytes came right behind it.
    Switched(Box<ResponseHeader>, Bytes, Stream),
    /// Any other answer; its body is still to be read.
    Refused(Box<ResponseHeader>, Box<PortalSession>),
}

/// Connects, sends a head that was judged, and reads what the portal says to it.
///
/// # Errors
///
/// Of the connection, for the next server to be tried; see [`ask`] for what comes after it.
pub(super) async fn connect(
    connector: &TransportConnector,
    peer: &mut HttpPeer,
) -> pingora::Result<PortalSession> {
    // A WebSocket begins over HTTP/1.1, whatever else this portal speaks.
    peer.options.alpn = ALPN::H1;
    let stream = connector.new_stream(peer).await.map_err(|error| error.into_up())?;
    let mut portal = PortalSession::new(stream);
    portal.read_timeout = peer.options.read_timeout;
    portal.write_timeout = peer.options.write_timeout;
    Ok(portal)
}

/// Asks for the WebSocket.
///
/// # Errors
///
/// If the portal goes away, is silent for too long, or says what is no answer.
pub(super) async fn ask(
    mut portal: PortalSession,
    request: RequestHeader,
) -> pingora::Result<Reply> {
    portal.write_request_header(Box::new(request)).await.map_err(|error| error.into_up())?;
    let head = loop {
        portal.read_response().await.map_err(|error| error.into_up())?;
        let head = portal.resp_header().cloned();
        let head = head.ok_or_else(|| Error::new_up(ErrorType::InvalidHTTPHeader))?;
        if !head.status.is_informational() || head.status == StatusCode::SWITCHING_PROTOCOLS {
            break Box::new(head);
        }
    };
    if head.status != StatusCode::SWITCHING_PROTOCOLS {
        return Ok(Reply::Refused(head, Box::new(portal)));
    }
    if !portal.was_upgraded() {
        let why = "a 101 that names another protocol";
        return Err(Error::explain(ErrorType::InvalidHTTPHeader, why).into_up());
    }
    let first = portal.read_body_bytes().now_or_never();
    let first = first.transpose().map_err(|error| error.into_up())?.flatten().unwrap_or_default();
    Ok(Reply::Switched(head, first, portal.into_inner()))
}

/// Passes on an answer that is no 101, as any other answer.
///
/// # Errors
///
/// If either side goes away.
pub(super) async fn pass_on(
    session: &mut Session,
    mut head: Box<ResponseHeader>,
    mut portal: Box<PortalSession>,
) -> pingora::Result<()> {
    // What the client says next, believing that it is a socket, is no request.
    session.set_keepalive(None);
    head.set_version(http::Version::HTTP_11);
    let is_framed = head.headers.contains_key(http::header::CONTENT_LENGTH)
        || head.headers.contains_key(http::header::TRANSFER_ENCODING)
        || matches!(head.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    if !is_framed {
        head.insert_header(http::header::TRANSFER_ENCODING, "chunked")?;
    }
    session.write_response_header(head, false).await?;
    while let Some(piece) = portal.read_body_bytes().await.map_err(|error| error.into_up())? {
        session.write_response_body(Some(piece), false).await?;
    }
    session.write_response_body(None, true).await
}

impl Opened {
    pub(super) fn new(
        head: &ResponseHeader,
        first: Bytes,
        portal: Stream,
        idle: Duration,
        kept: Kept,
    ) -> Self {
        let mut wire = BytesMut::from(&b"HTTP/1.1 101 Switching Protocols\r\n"[..]);
        head.header_to_h1_wire(&mut wire);
        wire.extend_from_slice(b"\r\n");
        Self { portal, head: wire.freeze(), first, idle, kept }
    }

    /// Copies until either side is done, or `kill` or `stopping` says so, or nobody has said anything for
    /// the idle time.
    pub(super) async fn run(self, client: Stream, kill: &Arc<Kill>, mut stopping: ShutdownWatch) {
        let Self { portal, head, first, idle, kept: (running, _under_way, _seat) } = self;
        let (mut from_client, mut to_client) = tokio::io::split(client);
        let (mut from_portal, mut to_portal) = tokio::io::split(portal);
        let alive = Alive { heard: Notify::new(), idle };
        let mut down = Down { client: &mut to_client, frames: Frames::default() };
        let end = tokio::select! {
            biased;
            end = kill.fired() => Some(end),
            end = async {
                down.begin(&head, &first).await.ok()?;
                let up = up(&mut from_client, &mut to_portal, &alive, running.as_ref());
                let down = down.copy(&mut from_portal, &alive);
                both(up, down).await;
                None
            } => end,
            () = alive.is_silent() => Some(StreamEnd::Idle),
            _ = stopping.wait_for(|stop| *stop) => Some(StreamEnd::Stopping),
        };
        if let Some(end) = end {
            tracing::debug!(?end, "a stream was ended");
            down.say_goodbye(end).await;
        }
        // Each side hears that nothing more comes; a failure means that it has gone.
        let both = async { tokio::join!(to_client.shutdown(), to_portal.shutdown()) };
        let _ = timeout(FAREWELL, both).await;
    }
}

/// Ready when both directions are over, or one is and the other has had its time.
async fn both(up: impl Future<Output = ()>, down: impl Future<Output = ()>) {
    tokio::pin!(up, down);
    tokio::select! {
        () = &mut up => drop(timeout(FAREWELL, down).await),
        () = &mut down => drop(timeout(FAREWELL, up).await),
    }
}

/// Whether anything was said within the idle time.
struct Alive {
    heard: Notify,
    idle: Duration,
}

impl Alive {
    async fn is_silent(&self) {
        while timeout(self.idle, self.heard.notified()).await.is_ok() {}
    }
}

/// From client to portal. What a person says counts as use of the session; pings and pongs do not.
async fn up(
    client: &mut (impl AsyncRead + Unpin),
    portal: &mut (impl AsyncWrite + Unpin),
    alive: &Alive,
    running: Option<&Running>,
) {
    let mut frames = Frames::default();
    let mut buffer = vec![0; BUFFER];
    let mut told: Option<Instant> = None;
    while let Ok(read @ 1..) = client.read(&mut buffer).await {
        let bytes = buffer.get(..read).unwrap_or_default();
        alive.heard.notify_one();
        if frames.pass(bytes) && told.is_none_or(|at| at.elapsed() >= ACTIVITY_STEP) {
            told = Some(Instant::now());
            if let Some(running) = running {
                running.is_used();
            }
        }
        if write(portal, bytes).await.is_err() {
            return;
        }
    }
    let _ = portal.shutdown().await;
}

/// From portal to client, with the place in the frames as it is on the client's side.
struct Down<'a, W> {
    client: &'a mut W,
    frames: Frames,
}

impl<W: AsyncWrite + Unpin> Down<'_, W> {
    async fn begin(&mut self, head: &[u8], first: &[u8]) -> io::Result<()> {
        self.client.write_all(head).await?;
        self.write(first).await
    }

    async fn copy(&mut self, portal: &mut (impl AsyncRead + Unpin), alive: &Alive) {
        let mut buffer = vec![0; BUFFER];
        while let Ok(read @ 1..) = portal.read(&mut buffer).await {
            alive.heard.notify_one();
            let written = timeout(WRITE_TIME, self.write(buffer.get(..read).unwrap_or_default()));
            if !matches!(written.await, Ok(Ok(()))) {
                return;
            }
        }
    }

    /// May be dropped half-way: what is noted as sent is what was taken.
    async fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let written = self.client.write(bytes).await?;
            let (sent, rest) = bytes.split_at_checked(written).unwrap_or((bytes, &[]));
            if sent.is_empty() {
                return Err(io::ErrorKind::WriteZero.into());
            }
            self.frames.pass(sent);
            bytes = rest;
        }
        self.client.flush().await
    }

    /// Says why, where there is a place for it; within a frame the stream just ends.
    async fn say_goodbye(&mut self, end: StreamEnd) {
        if self.frames.between_frames() {
            let frame = frames::close(end.close_code(), end.reason());
            let _ = timeout(FAREWELL, write(self.client, &frame)).await;
        }
    }
}

async fn write(to: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> io::Result<()> {
    to.write_all(bytes).await?;
    to.flush().await
}
