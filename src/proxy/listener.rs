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

use async_trait::async_trait;
use http::HeaderValue;
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

use super::connection::{ConnectionInfo, TlsInfo, Watch, Wire};
use super::forward::{Gateway, Phases, Shared};
use super::streams::Kill;
use super::tls::TlsSettings;

/// `security.md` D04.
const HANDSHAKE_TIME: Duration = Duration::from_secs(5);
/// After a failure to accept, such as no file descriptor left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

tokio::task_local! {
    /// Set around each request, so that its phases know connection and switch.
    pub(super) static REQUEST: RequestLink;
}

/// What ties a request to the connection that it came over.
#[derive(Clone, Debug)]
pub(super) struct RequestLink {
    pub(super) connection: Arc<ConnectionInfo>,
    pub(super) kill: Arc<Kill>,
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
        tls: Option<Arc<TlsSettings>>,
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
                    let Some(place) = gateway.shared.admit_connection(peer.ip()) else { continue };
                    let entrance = Entrance { tls: tls.clone(), gateway: Arc::clone(&gateway) };
                    let shutdown = shutdown.clone();
                    connections.spawn(async move {
                        entrance.serve(socket, peer, shutdown).await;
                        drop(place);
                    });
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

async fn stopped(shutdown: &mut ShutdownWatch) {
    let _ = shutdown.wait_for(|stop| *stop).await;
}

impl Shared {
    fn admit_connection(&self, address: IpAddr) -> Option<Place> {
        self.addresses.take(address, self.limits.load().connections_per_address)
    }
}

/// How many connections each address has.
#[derive(Debug, Default)]
pub(super) struct Addresses {
    counts: Mutex<HashMap<IpAddr, u32>>,
}

impl Addresses {
    fn take(self: &Arc<Self>, address: IpAddr, limit: u32) -> Option<Place> {
        let group = group_of(address);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(group).or_default();
        if *count >= limit {
            return None;
        }
        *count += 1;
        Some(Place { addresses: Arc::clone(self), group })
    }
}

/// One connection's place in the count; dropping it gives the place back.
#[derive(Debug)]
struct Place {
    addresses: Arc<Addresses>,
    group: IpAddr,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.addresses.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.group) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                counts.remove(&self.group);
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

/// Takes one connection from its first byte to its last.
struct Entrance {
    tls: Option<Arc<TlsSettings>>,
    gateway: Arc<Gateway>,
}

impl Entrance {
    async fn serve(self, socket: TcpStream, peer: SocketAddr, shutdown: ShutdownWatch) {
        if socket.set_nodelay(true).is_err() {
            return;
        }
        let tcp = TcpConnection::from(socket);
        match &self.tls {
            None => self.run(tcp, peer, None, shutdown).await,
            Some(settings) => {
                let acceptor = Acceptor::from_server_config(settings.server());
                let handshake = tokio::time::timeout(HANDSHAKE_TIME, acceptor.tls_handshake(tcp));
                // Scanners and clients that do not trust us end here; it is no event.
                let Ok(Ok(stream)) = handshake.await else { return };
                let tls = Arc::new(TlsInfo::of(&stream));
                self.run(stream, peer, Some(tls), shutdown).await;
            }
        }
    }

    async fn run<S: IO + 'static>(
        &self,
        stream: S,
        peer: SocketAddr,
        tls: Option<Arc<TlsInfo>>,
        shutdown: ShutdownWatch,
    ) {
        let Ok(peer_value) = HeaderValue::from_str(&peer.ip().to_canonical().to_string()) else {
            return;
        };
        let http2 = matches!(Ssl::selected_alpn_proto(&stream), Some(ALPN::H2));
        let watch = Arc::new(Watch::default());
        let info = ConnectionInfo { peer, peer_value, tls, http2, watch: Arc::clone(&watch) };
        let stream: Stream =
            if http2 { Box::new(stream) } else { Box::new(Wire::new(stream, watch)) };
        let connection =
            Arc::new(Connection { gateway: Arc::clone(&self.gateway), info: Arc::new(info) });
        tokio::select! {
            biased;
            _ = connection.process_new(stream, &shutdown) => {}
            () = connection.asks_nothing() => {}
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

    /// Pingora's parser answers by itself and asks nobody; that it did is seen on the wire.
    fn note_refusal_of_parser(&self, kill: &Kill) {
        if !self.info.http2 && !kill.head_was_read() && self.info.watch.has_answered() {
            self.gateway.shared.gatekeeper.not_a_request(self.info.peer);
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
        let link = RequestLink { connection: Arc::clone(&self.info), kill: Arc::clone(&kill) };
        self.info.watch.expect_head();
        let run = REQUEST.scope(link, self.proxy().process_new_http(session, shutdown));
        let reused = tokio::select! {
            biased;
            reused = run => reused,
            _ = kill.fired() => None,
            () = self.head_is_late(&kill) => None,
        };
        self.note_refusal_of_parser(&kill);
        let Some(opened) = kill.handed_over() else { return reused };
        let (client, _) = reused?.consume();
        Box::pin(opened.run(client, &kill, shutdown.clone())).await;
        None
    }

    fn h2_options(&self) -> Option<H2Options> {
        self.proxy().h2_options()
    }

    fn server_options(&self) -> Option<&HttpServerOptions> {
        HttpServerApp::server_options(&**self.proxy())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_so_many_connections_and_gets_a_place_back() {
        let addresses = Arc::new(Addresses::default());
        let here: IpAddr = "192.0.2.1".parse().unwrap();
        let one = addresses.take(here, 2);
        let two = addresses.take(here, 2);
        assert!(one.is_some() && two.is_some());
        assert!(addresses.take(here, 2).is_none());
        assert!(addresses.take("192.0.2.2".parse().unwrap(), 2).is_some());
        drop(one);
        assert!(addresses.take(here, 2).is_some());
        drop(two);
        assert!(addresses.counts.lock().unwrap().is_empty());
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
