//! Listening, and the life of a connection: how many an address may have, how long a handshake and a head
//! may take, and an end in good order.
//!
//! Our own loop and not Pingora's, because that one has none of these (`pingora.md` 1, 4). No second way in:
//! whatever is accepted here meets the guard.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use pingora::apps::{HttpServerApp, HttpServerOptions, ReusedHttpStream, ServerApp};
use pingora::listeners::tls::Acceptor;
use pingora::protocols::http::ServerSession;
use pingora::protocols::http::v2::server::H2Options;
use pingora::protocols::l4::stream::Stream as TcpConnection;
use pingora::protocols::tls::ALPN;
use pingora::protocols::{IO, Ssl, Stream};
use pingora::server::ShutdownWatch;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::connection::{ConnectionInfo, H2Body, TlsInfo, Watch, Wire};
use super::forward::{self, CLIENT_SILENCE, Gateway, Phases};
use super::origin::{Origin, Porch, read_proxy_header};
use super::streams::Kill;
use super::tls::TlsSettings;

/// After a failure to accept, such as no file descriptor left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// A flood of connections is one line in the log each time.
const TELL_EVERY: Duration = Duration::from_secs(10);

tokio::task_local! {
    /// Set around each request, so that its phases know connection and switch.
    pub(super) static REQUEST: RequestLink;
}

/// What ties a request to the connection that it came over.
#[derive(Clone, Debug)]
pub(super) struct RequestLink {
    pub(super) connection: Arc<ConnectionInfo>,
    /// Of the connection, until the fields of the request are there.
    pub(super) origin: Origin,
    pub(super) kill: Arc<Kill>,
    /// Over HTTP/2 only.
    pub(super) h2_body: Option<Arc<H2Body>>,
}

/// Why an address cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}{}", advice(source))]
pub struct ListenError {
    pub address: SocketAddr,
    pub source: io::Error,
}

/// What to do about it, where that is not plain.
fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            " (ports below 1024 need a right: AmbientCapabilities=CAP_NET_BIND_SERVICE in the service's unit, or a \
             higher port)"
        }
        io::ErrorKind::AddrInUse => {
            " (another program has it: stop that one, or take another port)"
        }
        io::ErrorKind::AddrNotAvailable => " (no interface of this machine has this address)",
        _ => "",
    }
}

/// A bound socket. Connections wait in it until [`Listener::serve`] runs.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    local_addr: SocketAddr,
}

impl Listener {
    /// Port 0 takes a free one.
    ///
    /// # Errors
    ///
    /// If the address is taken, not ours, or not allowed.
    pub async fn bind(address: SocketAddr) -> Result<Self, ListenError> {
        let fail = |source| ListenError { address, source };
        let socket = TcpListener::bind(address).await.map_err(fail)?;
        let local_addr = socket.local_addr().map_err(fail)?;
        Ok(Self { socket, local_addr })
    }

    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Accepts and serves until `shutdown` is true or its sender is gone; then requests that run have
    /// `drain` to end, idle connections are closed at once, and what is left is cut. The gateway serves
    /// nobody any more then, so its listeners stop together.
    pub async fn serve(
        self,
        entry: Entry,
        gateway: Arc<Gateway>,
        mut shutdown: ShutdownWatch,
        drain: Duration,
    ) {
        let mut connections = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                biased;
                () = stopped(&mut shutdown) => break,
                Some(_) = connections.join_next(), if !connections.is_empty() => continue,
                accepted = self.socket.accept() => accepted,
            };
            match accepted {
                Ok((socket, peer)) => {
                    let porch = entry.porch.load_full();
                    let tls = entry.tls.clone();
                    let entrance = Entrance { tls, porch, gateway: Arc::clone(&gateway) };
                    let Some(place) = entrance.place_for(peer.ip()) else { continue };
                    connections.spawn(entrance.serve(socket, peer, place, shutdown.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        drop(self.socket);
        gateway.proxy.http_cleanup().await;
        let all_over = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout(drain, all_over).await.is_err() {
            connections.shutdown().await;
        }
    }
}

/// What a listener shows to those who come. Both parts can change while it runs.
#[derive(Clone, Debug, Default)]
pub struct Entry {
    /// `None`: no TLS.
    pub tls: Option<Arc<TlsSettings>>,
    pub porch: Arc<ArcSwap<Porch>>,
}

/// Why a connection was closed before anything was read of it, or before its first request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TurnedAway {
    /// Its address has as many as it may have.
    AddressFull,
    /// There are as many as there may be.
    Full,
    /// Only trusted proxies may come, and this is none.
    NotTrusted,
    /// A trusted proxy did not say for whom it comes.
    NoProxyHeader,
}

impl TurnedAway {
    /// For logs and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AddressFull => "address_full",
            Self::Full => "full",
            Self::NotTrusted => "not_trusted",
            Self::NoProxyHeader => "no_proxy_header",
        }
    }

    /// Which setting is at work.
    const fn sentence(self) -> &'static str {
        match self {
            Self::AddressFull => "connections closed at once: limits.connections_per_address",
            Self::Full => "connections closed at once: limits.connections",
            Self::NotTrusted => "connections closed at once: not from one of trusted_proxies",
            Self::NoProxyHeader => {
                "connections closed: no PROXY header, which proxy_protocol asks for"
            }
        }
    }
}

async fn stopped(shutdown: &mut ShutdownWatch) {
    let _ = shutdown.wait_for(|stop| *stop).await;
}

/// How many connections there are: of each address, and together. Shared by listeners.
#[derive(Debug, Default)]
pub struct Places {
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: u32,
    of: HashMap<IpAddr, u32>,
    /// Since the last line in the log, by reason.
    turned_away: HashMap<&'static str, (u64, Option<Instant>)>,
}

impl Places {
    /// How many connections are open.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.lock().all
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(self: &Arc<Self>, limit: u32) -> Option<Place> {
        let mut taken = self.lock();
        if taken.all >= limit {
            return None;
        }
        taken.all += 1;
        Some(Place { places: Arc::clone(self), group: None })
    }

    /// Notes that somebody was turned away; says how many were since the last time that it said so.
    fn note_turned_away(&self, why: TurnedAway) -> Option<u64> {
        let mut taken = self.lock();
        let (count, told) = taken.turned_away.entry(why.name()).or_default();
        *count += 1;
        if told.is_some_and(|told| told.elapsed() < TELL_EVERY) {
            return None;
        }
        *told = Some(Instant::now());
        Some(std::mem::take(count))
    }
}

/// One connection's place in the counts; dropping it gives the place back.
#[derive(Debug)]
struct Place {
    places: Arc<Places>,
    group: Option<IpAddr>,
}

impl Place {
    /// Counts the connection for an address too. `false`: that one has as many as it may have.
    fn is_of(&mut self, address: IpAddr, limit: u32) -> bool {
        let group = group_of(address);
        let mut taken = self.places.lock();
        let count = taken.of.entry(group).or_default();
        if *count >= limit {
            return false;
        }
        *count += 1;
        drop(taken);
        self.group = Some(group);
        true
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        taken.all = taken.all.saturating_sub(1);
        let Some(group) = self.group else { return };
        if let Some(count) = taken.of.get_mut(&group) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                taken.of.remove(&group);
            }
        }
    }
}

/// One customer of IPv6 has a /64 at least (RFC 6177).
fn group_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) >> 64 << 64).into()),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// Who a connection is with.
#[derive(Clone, Copy)]
struct OtherEnd {
    /// Of the socket, or as its PROXY header says.
    address: IpAddr,
    /// What it says in fields is believed. Never where a PROXY header names nobody: then whoever is behind the
    /// proxy may have written them.
    is_trusted: bool,
}

/// Takes one connection from its first byte to its last.
struct Entrance {
    tls: Option<Arc<TlsSettings>>,
    porch: Arc<Porch>,
    gateway: Arc<Gateway>,
}

impl Entrance {
    /// A place for a connection, if it may have one. Who is trusted comes for many, so it is counted among
    /// all only.
    fn place_for(&self, peer: IpAddr) -> Option<Place> {
        let limits = self.gateway.shared.limits.load();
        let is_trusted = self.porch.trusts(peer);
        if !self.porch.lets_in(peer) || (self.porch.proxy_protocol && !is_trusted) {
            return self.turn_away(peer, TurnedAway::NotTrusted);
        }
        let Some(mut place) = self.gateway.shared.places.take(limits.connections) else {
            return self.turn_away(peer, TurnedAway::Full);
        };
        if !is_trusted && !place.is_of(peer, limits.connections_per_address) {
            return self.turn_away(peer, TurnedAway::AddressFull);
        }
        Some(place)
    }

    fn turn_away<T>(&self, address: IpAddr, why: TurnedAway) -> Option<T> {
        self.gateway.shared.gatekeeper.turned_away(why);
        if let Some(count) = self.gateway.shared.places.note_turned_away(why) {
            let reason = why.name();
            tracing::warn!(%address, count, reason, "{}", why.sentence());
        }
        None
    }

    async fn serve(
        self,
        mut socket: TcpStream,
        peer: SocketAddr,
        mut place: Place,
        shutdown: ShutdownWatch,
    ) {
        if socket.set_nodelay(true).is_err() {
            return;
        }
        let deadline = Instant::now() + self.gateway.shared.limits.load().handshake_timeout;
        let announced = timeout_at(deadline, self.announced(&mut socket, peer, &mut place));
        let Ok(Some(client)) = announced.await else { return };
        let tcp = TcpConnection::from(socket);
        match &self.tls {
            None => self.run(tcp, client, None, shutdown).await,
            Some(settings) => {
                let acceptor = Acceptor::from_server_config(settings.server());
                let handshake = timeout_at(deadline, acceptor.tls_handshake(tcp));
                // Scanners and clients that do not trust us end here; it is no event.
                let Ok(Ok(stream)) = handshake.await else { return };
                let tls = Arc::new(TlsInfo::of(&stream));
                self.run(stream, client, Some(tls), shutdown).await;
            }
        }
    }

    /// The other end, or whom it says that it comes for. `None`: it says nothing that can be read, or
    /// comes for somebody who has too many connections.
    async fn announced(
        &self,
        socket: &mut TcpStream,
        peer: SocketAddr,
        place: &mut Place,
    ) -> Option<OtherEnd> {
        if !self.porch.proxy_protocol {
            return Some(OtherEnd { address: peer.ip(), is_trusted: self.porch.trusts(peer.ip()) });
        }
        let source = match read_proxy_header(socket).await {
            Ok(Some(source)) => source.ip(),
            // The proxy looks whether we live, or passes on whom it cannot name.
            Ok(None) => return Some(OtherEnd { address: peer.ip(), is_trusted: false }),
            Err(error) => {
                tracing::debug!(%peer, %error, "no PROXY header");
                return self.turn_away(peer.ip(), TurnedAway::NoProxyHeader);
            }
        };
        let limit = self.gateway.shared.limits.load().connections_per_address;
        let is_trusted = self.porch.trusts(source);
        if !is_trusted && !place.is_of(source, limit) {
            return self.turn_away(source, TurnedAway::AddressFull);
        }
        Some(OtherEnd { address: source, is_trusted })
    }

    async fn run<S: IO + 'static>(
        &self,
        stream: S,
        OtherEnd { address, is_trusted }: OtherEnd,
        tls: Option<Arc<TlsInfo>>,
        shutdown: ShutdownWatch,
    ) {
        let Some(origin) = Origin::of_peer(address, tls.is_some()) else { return };
        let http2 = matches!(Ssl::selected_alpn_proto(&stream), Some(ALPN::H2));
        let watch = Arc::new(Watch::default());
        let info = ConnectionInfo {
            origin,
            is_trusted,
            porch: Arc::clone(&self.porch),
            tls,
            http2,
            watch: Arc::clone(&watch),
        };
        let limits = self.gateway.shared.limits.load_full();
        let stream: Stream =
            if http2 { Box::new(stream) } else { Box::new(Wire::new(stream, watch, &limits)) };
        let connection =
            Arc::new(Connection { gateway: Arc::clone(&self.gateway), info: Arc::new(info) });
        tokio::select! {
            biased;
            _ = connection.process_new(stream, &shutdown) => {}
            () = connection.asks_nothing() => {}
            () = connection.info.watch.reset_too_often() => {
                tracing::warn!(%address, "a connection took back too many of its requests");
            }
        }
    }
}

/// One connection as Pingora serves it: each request goes to the proxy with its switch and its clock.
struct Connection {
    gateway: Arc<Gateway>,
    info: Arc<ConnectionInfo>,
}

impl Connection {
    fn proxy(&self) -> &Arc<pingora::proxy::HttpProxy<Phases>> {
        &self.gateway.proxy
    }

    /// Ready when nothing was asked for as long as a connection may be idle: HTTP/2 waits for a client's
    /// first words without a clock of its own.
    async fn asks_nothing(&self) {
        let keep_alive = self.gateway.shared.limits.load().keep_alive;
        tokio::time::sleep(keep_alive).await;
        if self.info.watch.was_asked() {
            std::future::pending::<()>().await;
        }
    }

    /// Ready when a head has taken too long: idle longer than the keep-alive time, or longer between its
    /// first byte and its last than a head may take, however steadily the bytes drip.
    ///
    /// Polled behind the request itself, which does the reading: what was read is seen without a wake-up,
    /// and a head that comes whole on a kept connection, as almost all do, sets no timer.
    async fn head_is_late(&self, kill: &Kill) {
        let (keep_alive, head_timeout) = {
            let limits = self.gateway.shared.limits.load();
            (limits.keep_alive, limits.head_timeout)
        };
        let watch = &self.info.watch;
        let begun = once(|| watch.head_has_begun() || kill.head_was_read());
        let is_idle = if watch.is_kept() {
            // Between two requests Pingora keeps the time, since it was told to for the one before.
            begun.await;
            false
        } else {
            tokio::time::timeout(keep_alive, begun).await.is_err()
        };
        let read = once(|| kill.head_was_read());
        if !is_idle && tokio::time::timeout(head_timeout, read).await.is_ok() {
            std::future::pending::<()>().await;
        }
    }

    /// Ready when a body over HTTP/2 comes too slowly; over HTTP/1 the wire looks after that.
    async fn body_is_late(&self, body: Option<Arc<H2Body>>) {
        let Some(body) = body else { return std::future::pending().await };
        let (rate, window) = {
            let limits = self.gateway.shared.limits.load();
            (limits.min_rate, limits.rate_window)
        };
        body.is_late(rate, window.max(CLIENT_SILENCE)).await;
    }

    /// Pingora's parser answers by itself and asks nobody; that it did is seen on the wire.
    fn note_refusal_of_parser(&self, kill: &Kill) {
        if !self.info.http2 && !kill.head_was_read() && self.info.watch.has_answered() {
            self.gateway.shared.gatekeeper.not_a_request(self.info.origin.client);
        }
    }
}

/// Ready when `condition` holds. Wakes nobody: for what can only become true in the same turn.
async fn once(condition: impl Fn() -> bool) {
    std::future::poll_fn(|_| if condition() { Poll::Ready(()) } else { Poll::Pending }).await;
}

#[async_trait]
impl HttpServerApp for Connection {
    async fn process_new_http(
        self: &Arc<Self>,
        session: ServerSession,
        shutdown: &ShutdownWatch,
    ) -> Option<ReusedHttpStream> {
        let kill = Arc::new(Kill::default());
        let h2_body = self.info.http2.then(Arc::<H2Body>::default);
        let link = RequestLink {
            connection: Arc::clone(&self.info),
            origin: self.info.origin.clone(),
            kill: Arc::clone(&kill),
            h2_body: h2_body.clone(),
        };
        self.info.watch.expect_head();
        let run = REQUEST.scope(link, self.proxy().process_new_http(session, shutdown));
        let reused = tokio::select! {
            biased;
            reused = run => reused,
            _ = kill.fired() => None,
            () = self.head_is_late(&kill) => None,
            () = self.body_is_late(h2_body) => None,
        };
        self.note_refusal_of_parser(&kill);
        let Some(opened) = kill.handed_over() else { return reused };
        let (client, _) = reused?.consume();
        Box::pin(opened.run(client, &kill, shutdown.clone())).await;
        None
    }

    fn h2_options(&self) -> Option<H2Options> {
        Some(forward::h2_options(&self.gateway.shared.limits.load()))
    }

    fn server_options(&self) -> Option<&HttpServerOptions> {
        HttpServerApp::server_options(&**self.proxy())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_has_so_many_connections_and_gets_a_place_back() {
        let places = Arc::new(Places::default());
        let place_of = |text: &str| {
            let mut place = places.take(100).unwrap();
            place.is_of(address(text), 2).then_some(place)
        };
        let one = place_of("192.0.2.1");
        let two = place_of("192.0.2.1");
        assert!(one.is_some() && two.is_some());
        assert!(place_of("192.0.2.1").is_none());
        assert!(place_of("192.0.2.2").is_some());
        drop(one);
        assert!(place_of("192.0.2.1").is_some());
        drop(two);
        assert_eq!(places.count(), 0);
        assert!(places.lock().of.is_empty());
    }

    #[test]
    fn there_are_so_many_connections_and_no_more() {
        let places = Arc::new(Places::default());
        let one = places.take(2);
        let _two = places.take(2).unwrap();
        assert!(places.take(2).is_none());
        assert_eq!(places.count(), 2);
        drop(one);
        assert!(places.take(2).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_is_told_at_once_and_then_now_and_then_with_its_number() {
        let places = Places::default();
        assert_eq!(places.note_turned_away(TurnedAway::AddressFull), Some(1));
        assert_eq!(places.note_turned_away(TurnedAway::Full), Some(1));
        for _ in 0..500 {
            assert_eq!(places.note_turned_away(TurnedAway::AddressFull), None);
        }
        tokio::time::advance(TELL_EVERY).await;
        assert_eq!(places.note_turned_away(TurnedAway::AddressFull), Some(501));
    }

    #[test]
    fn ipv6_is_counted_by_64_bits_and_mapped_ipv4_as_ipv4() {
        let table = [
            ("2001:db8::1", "2001:db8::ffff", true),
            ("2001:db8::1", "2001:db8:0:1::1", false),
            ("::ffff:192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
        ];
        for (one, other, same) in table {
            let group = |text: &str| group_of(text.parse().unwrap());
            assert_eq!(group(one) == group(other), same, "{one} {other}");
        }
    }
}
