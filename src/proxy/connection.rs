//! One client connection: what is known of it, its bytes, and the time it may take over a head.
//!
//! [`Wire`] gathers small writes (a head and a short body leave in one packet), sees the first byte of a
//! head, and closes so that a client that is still sending can read why. Not a parser.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use async_trait::async_trait;
use http::HeaderValue;
use pingora::protocols::raw_connect::ProxyDigest;
use pingora::protocols::tls::{ALPN, SslDigest, TlsRef};
use pingora::protocols::{
    GetProxyDigest, GetSocketDigest, GetTimingDigest, IO, Peek, Shutdown, SocketDigest, Ssl,
    TimingDigest, UniqueID, UniqueIDType,
};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, BufWriter, ReadBuf};
use tokio::time::Sleep;

/// Holds a head and a short body, so that both leave in one write.
const WRITE_BUFFER: usize = 4096;

/// What a connection that is being closed is still listened to: bytes, and time.
const LINGER_BYTES: usize = 1024 * 1024;
const LINGER_TIME: Duration = Duration::from_secs(1);

/// What the TLS handshake said.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TlsInfo {
    /// The host that the client named (SNI), lower case as rustls gives it.
    pub server_name: Option<String>,
    /// Such as `TLSv1.3`.
    pub version: &'static str,
}

impl TlsInfo {
    pub(super) fn of(stream: &impl Ssl) -> Self {
        let tls = stream.get_ssl();
        Self {
            server_name: tls.and_then(TlsRef::server_name).map(str::to_owned),
            version: tls.and_then(TlsRef::version).unwrap_or("unknown"),
        }
    }
}

/// What is known of a connection; shared by its requests.
#[derive(Debug)]
pub(super) struct ConnectionInfo {
    pub(super) peer: SocketAddr,
    /// The peer's address as the value of `X-Forwarded-For`; made once a connection.
    pub(super) peer_value: HeaderValue,
    pub(super) tls: Option<Arc<TlsInfo>>,
    pub(super) http2: bool,
    pub(super) watch: Arc<Watch>,
}

/// What the wire tells the clock: when a head begins, and whether anything was answered.
#[derive(Debug, Default)]
pub(super) struct Watch {
    expecting: AtomicBool,
    asked: AtomicBool,
    kept: AtomicBool,
    answered: AtomicBool,
}

impl Watch {
    /// A new head is awaited.
    pub(super) fn expect_head(&self) {
        self.answered.store(false, Ordering::Relaxed);
        self.kept.store(self.asked.swap(true, Ordering::Relaxed), Ordering::Relaxed);
        self.expecting.store(true, Ordering::Relaxed);
    }

    /// Whether the first byte of the head is there.
    pub(super) fn head_has_begun(&self) -> bool {
        !self.expecting.load(Ordering::Relaxed)
    }

    /// Whether the head that is awaited is not the connection's first.
    pub(super) fn is_kept(&self) -> bool {
        self.kept.load(Ordering::Relaxed)
    }

    /// Whether a head was ever awaited. Over HTTP/2 that is when the first one is there.
    pub(super) fn was_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    pub(super) fn has_answered(&self) -> bool {
        self.answered.load(Ordering::Relaxed)
    }

    fn note_read(&self) {
        self.expecting.store(false, Ordering::Relaxed);
    }
}

/// A connection's bytes. Used for HTTP/1; HTTP/2 has frames and buffers of its own.
#[derive(Debug)]
pub(super) struct Wire<S: AsyncWrite> {
    stream: BufWriter<S>,
    watch: Arc<Watch>,
    linger: Option<Linger>,
}

/// How long, and for how much, a connection that is being closed is still listened to.
#[derive(Debug)]
struct Linger {
    until: Pin<Box<Sleep>>,
    left: usize,
}

impl<S: IO> Wire<S> {
    pub(super) fn new(stream: S, watch: Arc<Watch>) -> Self {
        Self { stream: BufWriter::with_capacity(WRITE_BUFFER, stream), watch, linger: None }
    }

    fn inner(&self) -> &S {
        self.stream.get_ref()
    }
}

impl<S: IO> AsyncRead for Wire<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        if buf.filled().len() > before {
            self.watch.note_read();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: IO> AsyncWrite for Wire<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.watch.answered.store(true, Ordering::Relaxed);
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    /// Says that nothing more comes, then reads and forgets what the client is still sending: closing a
    /// socket with unread bytes resets it, and an answer that was not read yet is lost (RFC 9112, 9.6).
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let wire = self.get_mut();
        if wire.linger.is_none() {
            ready!(Pin::new(&mut wire.stream).poll_shutdown(cx))?;
        }
        let linger = wire.linger.get_or_insert_with(|| Linger {
            until: Box::pin(tokio::time::sleep(LINGER_TIME)),
            left: LINGER_BYTES,
        });
        let mut sink = [0; 4096];
        while linger.left > 0 && linger.until.as_mut().poll(cx).is_pending() {
            let mut piece = ReadBuf::new(&mut sink);
            let read = ready!(Pin::new(wire.stream.get_mut()).poll_read(cx, &mut piece));
            let length = piece.filled().len();
            if read.is_err() || length == 0 {
                break;
            }
            linger.left = linger.left.saturating_sub(length);
        }
        Poll::Ready(Ok(()))
    }
}

#[async_trait]
impl<S: IO> Shutdown for Wire<S> {
    async fn shutdown(&mut self) {
        // A client that has gone already has nothing to read.
        let _ = AsyncWriteExt::shutdown(self).await;
    }
}

#[async_trait]
impl<S: IO> Peek for Wire<S> {
    async fn try_peek(&mut self, buf: &mut [u8]) -> io::Result<bool> {
        self.stream.get_mut().try_peek(buf).await
    }
}

impl<S: IO> UniqueID for Wire<S> {
    fn id(&self) -> UniqueIDType {
        self.inner().id()
    }
}

impl<S: IO> Ssl for Wire<S> {
    fn get_ssl(&self) -> Option<&TlsRef> {
        self.inner().get_ssl()
    }
    fn get_ssl_digest(&self) -> Option<Arc<SslDigest>> {
        self.inner().get_ssl_digest()
    }
    fn selected_alpn_proto(&self) -> Option<ALPN> {
        self.inner().selected_alpn_proto()
    }
}

impl<S: IO> GetTimingDigest for Wire<S> {
    fn get_timing_digest(&self) -> Vec<Option<TimingDigest>> {
        self.inner().get_timing_digest()
    }
}

impl<S: IO> GetProxyDigest for Wire<S> {
    fn get_proxy_digest(&self) -> Option<Arc<ProxyDigest>> {
        self.inner().get_proxy_digest()
    }
}

impl<S: IO> GetSocketDigest for Wire<S> {
    fn get_socket_digest(&self) -> Option<Arc<SocketDigest>> {
        self.inner().get_socket_digest()
    }
}
