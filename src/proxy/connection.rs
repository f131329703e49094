//! One client connection: what is known of it, its bytes, and the time it may take over a head.
//!
//! [`Wire`] gathers small writes (a head and a short body leave in one packet) until nobody writes, sees
//! the first byte of a head, ends a client that is waited for too long, and closes so that a client that is
//! still sending can read why. It shows the bytes of a body to who looks at them ([`Chunks`]). Not a parser.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use async_trait::async_trait;
use http::HeaderMap;
use pingora::protocols::raw_connect::ProxyDigest;
use pingora::protocols::tls::{ALPN, SslDigest, TlsRef};
use pingora::protocols::{
    GetProxyDigest, GetSocketDigest, GetTimingDigest, IO, Peek, Shutdown, SocketDigest, Ssl,
    TimingDigest, UniqueID, UniqueIDType,
};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, BufWriter, ReadBuf};
use tokio::sync::Notify;
use tokio::time::{Instant, Sleep};

use super::chunks::{Broken, Chunks};
use super::origin::{Origin, Porch};
use crate::config::Limits;

/// Holds a head and a short body, so that both leave in one write.
const WRITE_BUFFER: usize = 4096;

/// What a connection that is being closed is still listened to: bytes, and time.
const LINGER_BYTES: usize = 1024 * 1024;
const LINGER_TIME: Duration = Duration::from_secs(1);
/// What the last bytes of an answer may take to leave.
const CLOSE_TIME: Duration = Duration::from_secs(5);

/// Who waits for a client looks at the clock this often; a longer time between two looks is somebody
/// else's.
const TICK: Duration = Duration::from_secs(1);

/// Requests of one HTTP/2 connection that its client may take back within [`RESET_WINDOW`] before they are
/// answered. A browser that leaves a page does it to some dozens; "rapid reset" (CVE-2023-44487) to thousands.
const RESET_LIMIT: u32 = 200;
const RESET_WINDOW: Duration = Duration::from_secs(10);

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
    /// The other end, or whom the PROXY header named; made once a connection.
    pub(super) origin: Origin,
    /// That one is a proxy whose word on each request is taken.
    pub(super) is_trusted: bool,
    pub(super) porch: Arc<Porch>,
    pub(super) tls: Option<Arc<TlsInfo>>,
    pub(super) http2: bool,
    pub(super) watch: Arc<Watch>,
}

impl ConnectionInfo {
    /// Where a request with these fields comes from.
    pub(super) fn origin_of(&self, headers: &HeaderMap) -> Origin {
        if self.is_trusted { self.origin.behind(&self.porch, headers) } else { self.origin.clone() }
    }
}

/// What the wire tells the clock: when a head begins, and whether anything was answered; and what the
/// clock of bodies asks it to look at.
#[derive(Debug, Default)]
pub(super) struct Watch {
    expecting: AtomicBool,
    asked: AtomicBool,
    kept: AtomicBool,
    answered: AtomicBool,
    awaits_body: AtomicBool,
    was_slow: AtomicBool,
    /// What came behind a head in the same read, until it is known what it is.
    behind_head: Mutex<Vec<u8>>,
    is_chunked: AtomicBool,
    chunks: Mutex<Chunks>,
    is_broken: AtomicBool,
    /// Since when, and how many.
    resets: Mutex<Option<(Instant, u32)>>,
    reset_too_often: Notify,
}

impl Watch {
    /// A new head is awaited.
    pub(super) fn expect_head(&self) {
        self.answered.store(false, Ordering::Relaxed);
        self.awaits_body.store(false, Ordering::Relaxed);
        self.is_chunked.store(false, Ordering::Relaxed);
        self.kept.store(self.asked.swap(true, Ordering::Relaxed), Ordering::Relaxed);
        self.expecting.store(true, Ordering::Release);
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

    /// Whether it is the client's turn to send a body.
    pub(super) fn await_body(&self, is_awaited: bool) {
        self.awaits_body.store(is_awaited, Ordering::Relaxed);
    }

    /// The body that begins is chunked: it is read along from its first byte.
    pub(super) fn begin_chunks(&self) {
        let early = std::mem::take(&mut *lock(&self.behind_head));
        *lock(&self.chunks) = Chunks::default();
        self.is_chunked.store(true, Ordering::Relaxed);
        let _ = self.read_along(&early);
    }

    fn read_along(&self, bytes: &[u8]) -> Result<(), Broken> {
        lock(&self.chunks)
            .read(bytes)
            .inspect_err(|_| self.is_broken.store(true, Ordering::Relaxed))
    }

    /// A chunked body was none.
    pub(super) fn is_broken(&self) -> bool {
        self.is_broken.load(Ordering::Relaxed)
    }

    /// The connection ends because its client was waited for too long.
    pub(super) fn was_slow(&self) -> bool {
        self.was_slow.load(Ordering::Relaxed)
    }

    /// The client took a request of HTTP/2 back that was not answered yet.
    pub(super) fn note_reset(&self) {
        let now = Instant::now();
        let mut resets = lock(&self.resets);
        let (since, count) = resets
            .filter(|(since, _)| now.duration_since(*since) < RESET_WINDOW)
            .unwrap_or((now, 0));
        *resets = Some((since, count.saturating_add(1)));
        if count >= RESET_LIMIT {
            self.reset_too_often.notify_one();
        }
    }

    /// Ready when the client has taken back more requests at once than any honest one.
    pub(super) async fn reset_too_often(&self) {
        self.reset_too_often.notified().await;
    }

    fn note_slow(&self) {
        self.was_slow.store(true, Ordering::Relaxed);
    }

    /// Whether these bytes are the first of a head.
    fn note_read(&self) -> bool {
        self.expecting.load(Ordering::Relaxed) && self.expecting.swap(false, Ordering::AcqRel)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Looks for the end of a head, over reads.
#[derive(Clone, Copy, Debug, Default)]
struct HeadEnd {
    is_sought: bool,
    last: [u8; 3],
}

impl HeadEnd {
    /// What stands behind the head, if its end is in these bytes. Heads with other line ends are refused
    /// by the guard, so they need not be found.
    fn behind<'a>(&mut self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        const END: &[u8] = b"\r\n\r\n";
        let over = (1..END.len()).rev().find(|kept| {
            let (before, after) = END.split_at(*kept);
            self.last.ends_with(before) && bytes.starts_with(after)
        });
        let end = match over {
            Some(kept) => Some(END.len() - kept),
            None => memchr::memmem::find(bytes, END).map(|at| at + END.len()),
        };
        self.is_sought = end.is_none();
        let joined = [&self.last, bytes.get(bytes.len().saturating_sub(3)..)?].concat();
        self.last = joined.last_chunk().copied().unwrap_or_default();
        bytes.get(end?..)
    }
}

/// What a client may take: its speed while it is waited for.
#[derive(Debug)]
struct Pace {
    least_bytes: u64,
    window: Duration,
    waited: Duration,
    bytes: u64,
    looked: Option<Instant>,
    tick: Option<Pin<Box<Sleep>>>,
}

impl Pace {
    fn new(limits: &Limits) -> Self {
        Self {
            least_bytes: least_bytes(limits.min_rate, limits.rate_window),
            window: limits.rate_window,
            waited: Duration::ZERO,
            bytes: 0,
            looked: None,
            tick: None,
        }
    }

    /// Bytes have moved.
    fn moved(&mut self, bytes: usize) {
        if let Some(looked) = self.looked.take() {
            self.waited += looked.elapsed().min(TICK * 2);
        }
        self.bytes = self.bytes.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
    }

    /// None have, and somebody waits. Only time in which somebody looks is counted: while a portal is
    /// slow, nobody waits for the client.
    ///
    /// # Errors
    ///
    /// `TimedOut`, if the client was waited for longer than its bytes were worth.
    fn waits(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        if self.least_bytes == 0 {
            return Ok(());
        }
        let now = Instant::now();
        if let Some(looked) = self.looked.replace(now) {
            self.waited += now.duration_since(looked).min(TICK * 2);
        }
        if self.waited >= self.window {
            if self.bytes < self.least_bytes {
                return Err(io::Error::from(io::ErrorKind::TimedOut));
            }
            (self.waited, self.bytes) = (Duration::ZERO, 0);
        }
        let next = now + TICK.min(self.window - self.waited);
        let tick = self.tick.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(next)));
        tick.as_mut().reset(next);
        let _ = tick.as_mut().poll(cx);
        Ok(())
    }

    fn forget(&mut self) {
        (self.waited, self.bytes, self.looked) = (Duration::ZERO, 0, None);
    }
}

/// What a client has to move in a window; 0: any speed will do.
fn least_bytes(rate: u32, window: Duration) -> u64 {
    u64::try_from(window.as_millis() * u128::from(rate) / 1000).unwrap_or(u64::MAX)
}

/// A body over HTTP/2, whose stream has no clock of its own.
#[derive(Debug, Default)]
pub(super) struct H2Body {
    is_awaited: AtomicBool,
    bytes: AtomicU64,
}

impl H2Body {
    pub(super) fn awaited(&self, is_awaited: bool) {
        self.is_awaited.store(is_awaited, Ordering::Relaxed);
    }

    pub(super) fn moved(&self, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Ready when the body comes too slowly. Whether client or portal is to blame cannot be seen here, so
    /// it gets `patience`, within which a portal that takes nothing has been given up.
    pub(super) async fn is_late(&self, rate: u32, patience: Duration) {
        let least = least_bytes(rate, patience);
        if least == 0 {
            return std::future::pending().await;
        }
        loop {
            let before = self.bytes.load(Ordering::Relaxed);
            tokio::time::sleep(patience).await;
            let moved = self.bytes.load(Ordering::Relaxed).saturating_sub(before);
            if self.is_awaited.load(Ordering::Relaxed) && moved < least {
                return;
            }
        }
    }
}

/// A connection's bytes. Used for HTTP/1; HTTP/2 has frames and buffers of its own.
#[derive(Debug)]
pub(super) struct Wire<S: AsyncWrite> {
    stream: BufWriter<S>,
    watch: Arc<Watch>,
    reading: Pace,
    writing: Pace,
    head_end: HeadEnd,
    /// Something was written and may not have left.
    is_unsent: bool,
    linger: Option<Linger>,
}

/// How long, and for how much, a connection that is being closed is still listened to.
#[derive(Debug)]
struct Linger {
    until: Pin<Box<Sleep>>,
    is_shut: bool,
    left: usize,
}

impl<S: IO> Wire<S> {
    pub(super) fn new(stream: S, watch: Arc<Watch>, limits: &Limits) -> Self {
        Self {
            stream: BufWriter::with_capacity(WRITE_BUFFER, stream),
            watch,
            reading: Pace::new(limits),
            writing: Pace::new(limits),
            head_end: HeadEnd::default(),
            is_unsent: false,
            linger: None,
        }
    }

    /// # Errors
    ///
    /// `InvalidData`, if a chunked body is none.
    fn look_at(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.watch.note_read() {
            self.head_end = HeadEnd { is_sought: true, last: [0; 3] };
            lock(&self.watch.behind_head).clear();
        }
        if self.head_end.is_sought {
            if let Some(behind @ [_, ..]) = self.head_end.behind(bytes) {
                lock(&self.watch.behind_head).extend_from_slice(behind);
            }
        } else if self.watch.is_chunked.load(Ordering::Relaxed) {
            self.watch
                .read_along(bytes)
                .map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
        }
        Ok(())
    }

    /// Who waits for the client has written what there is. Pingora asks for it to leave at once only where an
    /// answer has no `Content-Length`: the begin of a slow one would wait here for the rest.
    fn let_go(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        if self.is_unsent && Pin::new(&mut self.stream).poll_flush(cx)?.is_ready() {
            self.is_unsent = false;
        }
        Ok(())
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
        let wire = &mut *self;
        let read = Pin::new(&mut wire.stream).poll_read(cx, buf)?;
        if !wire.watch.awaits_body.load(Ordering::Relaxed) {
            wire.reading.forget();
        } else if read.is_pending() {
            wire.reading.waits(cx).inspect_err(|_| wire.watch.note_slow())?;
        }
        if read.is_pending() {
            wire.let_go(cx)?;
        }
        ready!(read);
        let fresh = buf.filled().get(before..).unwrap_or_default();
        wire.reading.moved(fresh.len());
        if !fresh.is_empty() {
            wire.look_at(fresh)?;
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
        let wire = &mut *self;
        wire.is_unsent = true;
        let written = Pin::new(&mut wire.stream).poll_write(cx, buf)?;
        match written {
            Poll::Pending => wire.writing.waits(cx).inspect_err(|_| wire.watch.note_slow())?,
            Poll::Ready(bytes) => wire.writing.moved(bytes),
        }
        written.map(Ok)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let wire = &mut *self;
        let flushed = Pin::new(&mut wire.stream).poll_flush(cx)?;
        if flushed.is_pending() {
            wire.writing.waits(cx).inspect_err(|_| wire.watch.note_slow())?;
        } else {
            wire.is_unsent = false;
        }
        flushed.map(Ok)
    }

    /// Says that nothing more comes, then reads and forgets what the client is still sending: closing a
    /// socket with unread bytes resets it, and an answer that was not read yet is lost (RFC 9112, 9.6).
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let wire = self.get_mut();
        let linger = wire.linger.get_or_insert_with(|| Linger {
            until: Box::pin(tokio::time::sleep(CLOSE_TIME)),
            is_shut: false,
            left: LINGER_BYTES,
        });
        if !linger.is_shut {
            if Pin::new(&mut wire.stream).poll_shutdown(cx)?.is_pending() {
                return linger.until.as_mut().poll(cx).map(Ok);
            }
            linger.is_shut = true;
            linger.until.as_mut().reset(Instant::now() + LINGER_TIME);
        }
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

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_end_of_a_head_is_found_wherever_it_is_cut(
            head in "[a\\r\\n]{0,12}",
            body in proptest::collection::vec(any::<u8>(), 0..20),
            cut in 1_usize..7,
        ) {
            let whole = [head.as_bytes(), b"\r\n\r\n", &body].concat();
            let end = memchr::memmem::find(&whole, b"\r\n\r\n").unwrap() + 4;
            let mut head_end = HeadEnd { is_sought: true, last: [0; 3] };
            let mut behind = Vec::new();
            for piece in whole.chunks(cut) {
                if head_end.is_sought {
                    behind.extend_from_slice(head_end.behind(piece).unwrap_or_default());
                } else {
                    behind.extend_from_slice(piece);
                }
            }
            prop_assert_eq!(behind, whole[end..].to_vec());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_takes_back_too_much_at_once_is_ended_and_one_that_does_now_and_then_is_not()
     {
        let is_ended = async |pause: Duration, count: u32| {
            let watch = Watch::default();
            for _ in 0..count {
                watch.note_reset();
                tokio::time::advance(pause).await;
            }
            watch.reset_too_often().now_or_never().is_some()
        };
        assert!(!is_ended(Duration::ZERO, RESET_LIMIT).await);
        assert!(is_ended(Duration::ZERO, RESET_LIMIT + 1).await);
        // A search box, all day.
        assert!(!is_ended(Duration::from_secs(1), 10_000).await);
        // What is spread over a window is still too much in it.
        assert!(is_ended(Duration::from_millis(10), 1000).await);
    }
}
