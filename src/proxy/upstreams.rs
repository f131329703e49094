//! Where an upstream is: one of its servers, its address looked up without blocking, and the time it gets.
//!
//! Not here: whether a request may go there. That is what the [`Grant`] shows.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use arc_swap::ArcSwap;
use pingora::upstreams::peer::HttpPeer;
use tokio::time::Instant;

use super::health;
use super::pool::{Nobody, Pool, Seat};
use crate::config::{Server, Upstream};
use crate::points::Grant;

/// Streams on one HTTP/2 connection to a server.
const H2_STREAMS: usize = 64;

/// How long a looked-up address is used.
const ADDRESS_LIFETIME: Duration = Duration::from_secs(10);
/// How long it is used on where the name service does not answer.
const STALE_LIFETIME: Duration = Duration::from_secs(300);
/// A name service that hangs must not hang a request.
const LOOKUP_TIME: Duration = Duration::from_secs(5);

/// Why there is no address to go to.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoServer {
    #[error("{0} cannot be the path of a socket")]
    Socket(String),
    #[error("the address of {host} could not be looked up")]
    Lookup { host: String, source: io::Error },
}

/// Chooses servers and remembers their addresses.
#[derive(Debug)]
pub(super) struct Servers {
    /// By where the upstream lies in memory, which its pool keeps alive: a reload brings others.
    pools: ArcSwap<HashMap<usize, Arc<Pool>>>,
    made: AtomicU64,
    known: Mutex<HashMap<(String, u16), Known>>,
    me: Weak<Self>,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    address: SocketAddr,
    at: Instant,
}

impl Servers {
    pub(super) fn new() -> Arc<Self> {
        Arc::new_cyclic(|me| Self {
            pools: ArcSwap::default(),
            made: AtomicU64::new(1),
            known: Mutex::default(),
            me: me.clone(),
        })
    }

    /// These upstreams from now on: the servers of each are remembered between requests, and asked how
    /// they are. What is known of a server that stays is kept.
    pub(super) fn replace(&self, upstreams: impl IntoIterator<Item = Arc<Upstream>>) {
        let before = self.pools.load();
        let pools = upstreams.into_iter().map(|upstream| {
            let place = place(&upstream);
            if let Some(pool) = before.get(&place) {
                return (place, Arc::clone(pool));
            }
            let mut pool = self.make(upstream);
            if let Some(earlier) =
                before.values().find(|earlier| earlier.upstream.name == pool.upstream.name)
            {
                pool.take_over(earlier);
            }
            let pool = Arc::new(pool);
            self.watch(&pool);
            (place, pool)
        });
        self.pools.store(Arc::new(pools.collect()));
    }

    fn make(&self, upstream: Arc<Upstream>) -> Pool {
        Pool::new(upstream, self.made.fetch_add(1, Ordering::Relaxed))
    }

    fn watch(&self, pool: &Arc<Pool>) {
        if pool.upstream.health.is_some()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(health::watch(Arc::downgrade(pool), self.me.clone()));
        }
    }

    /// A seat for a request that was let through, at a server that it has not `tried`, a bit each.
    ///
    /// # Errors
    ///
    /// There is none.
    pub(super) fn seat(
        &self,
        _: &Grant,
        upstream: &Arc<Upstream>,
        tried: u64,
    ) -> Result<Seat, Nobody> {
        match self.pools.load().get(&place(upstream)) {
            Some(pool) => pool.seat(tried),
            // Judged before a reload: nothing is remembered of it.
            None => Arc::new(self.make(Arc::clone(upstream))).seat(tried),
        }
    }

    /// How a server is reached.
    ///
    /// # Errors
    ///
    /// If there is no address to go to; the portal is down then.
    pub(super) async fn peer_of(&self, pool: &Pool, server: &Server) -> Result<HttpPeer, NoServer> {
        let upstream = &pool.upstream;
        let mut peer = match server.socket() {
            Some(path) => HttpPeer::new_uds(path, false, String::new())
                .map_err(|_| NoServer::Socket(path.to_owned()))?,
            None => {
                // An empty name would switch verification off, so it is there whenever TLS is.
                let name = upstream.tls.server_name.as_ref().unwrap_or(&server.host);
                let name = if server.tls { name.clone() } else { String::new() };
                HttpPeer::new(self.address(server).await?, server.tls, name)
            }
        };
        peer.options.connection_timeout = Some(upstream.connect_timeout);
        peer.options.total_connection_timeout = Some(upstream.connect_timeout);
        peer.options.read_timeout = Some(upstream.read_timeout);
        peer.options.write_timeout = Some(upstream.write_timeout);
        peer.options.idle_timeout = Some(upstream.idle_timeout);
        peer.options.ca.clone_from(&pool.ca);
        peer.client_cert_key.clone_from(&pool.client);
        if upstream.http2 {
            peer.options.set_http_version(2, if server.tls { 1 } else { 2 });
            peer.options.max_h2_streams = H2_STREAMS;
        }
        if upstream.http2 || pool.ca.is_some() || pool.client.is_some() {
            // What a connection believes is not part of how Pingora tells connections apart.
            peer.group_key = pool.group;
        }
        Ok(peer)
    }

    async fn address(&self, server: &Server) -> Result<SocketAddr, NoServer> {
        let bare = server.host.trim_start_matches('[').trim_end_matches(']');
        if let Ok(address) = bare.parse::<IpAddr>() {
            return Ok(SocketAddr::new(address, server.port));
        }
        let key = (server.host.clone(), server.port);
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&key).copied();
        if let Some(known) = known
            && known.at.elapsed() < ADDRESS_LIFETIME
        {
            return Ok(known.address);
        }
        match (look_up(&key).await, known) {
            (Ok(address), _) => {
                let fresh = Known { address, at: Instant::now() };
                self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(key, fresh);
                Ok(address)
            }
            (Err(_), Some(known)) if known.at.elapsed() < STALE_LIFETIME => Ok(known.address),
            (Err(source), _) => Err(NoServer::Lookup { host: key.0, source }),
        }
    }
}

fn place(upstream: &Arc<Upstream>) -> usize {
    Arc::as_ptr(upstream).addr()
}

async fn look_up((host, port): &(String, u16)) -> io::Result<SocketAddr> {
    let found = tokio::time::timeout(LOOKUP_TIME, tokio::net::lookup_host((host.as_str(), *port)));
    let mut addresses = found.await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    addresses.next().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
}

#[cfg(test)]
mod tests {
    use pingora::upstreams::peer::Peer;

    use super::*;
    use crate::proxy::tests::{grant, upstream};

    fn server(host: &str, tls: bool) -> Server {
        Server { host: host.to_owned(), port: 8080, tls }
    }

    fn pool(upstream: Upstream) -> Pool {
        Pool::new(Arc::new(upstream), 7)
    }

    #[tokio::test]
    async fn servers_take_turns_and_what_is_known_of_them_outlives_a_reload() {
        let servers = Servers::new();
        let two = vec![server("127.0.0.1", false), server("[::1]", false)];
        let up = Arc::new(upstream(two.clone()));
        servers.replace([Arc::clone(&up)]);
        let seats: Vec<usize> =
            (0..4).map(|_| servers.seat(&grant(), &up, 0).unwrap().place).collect();
        assert_eq!(seats, [0, 1, 0, 1]);
        servers.seat(&grant(), &up, 0b10).unwrap().failed();
        let after = Arc::new(upstream(two));
        servers.replace([Arc::clone(&after)]);
        for _ in 0..3 {
            assert_eq!(servers.seat(&grant(), &after, 0).unwrap().place, 1);
        }
        // A request that was judged before finds its own.
        assert!(servers.seat(&grant(), &up, 0).is_ok());
    }

    #[tokio::test]
    async fn a_reload_gives_a_server_no_more_than_it_may_have() {
        let servers = Servers::new();
        let up = |read_timeout| {
            let mut up = upstream(vec![server("127.0.0.1", false)]);
            (up.connections, up.read_timeout) = (Some(1), Duration::from_secs(read_timeout));
            Arc::new(up)
        };
        let (before, after) = (up(1), up(2));
        servers.replace([Arc::clone(&before)]);
        let seat = servers.seat(&grant(), &before, 0).unwrap();
        servers.replace([Arc::clone(&after)]);
        assert_eq!(servers.seat(&grant(), &after, 0).unwrap_err(), Nobody::Free);
        drop(seat);
        assert!(servers.seat(&grant(), &after, 0).is_ok());
    }

    #[tokio::test]
    async fn a_server_behind_tls_is_always_verified_by_name() {
        let servers = Servers::new();
        let (plain, secure) = (server("127.0.0.1", false), server("localhost", true));
        let mut up = upstream(vec![plain.clone(), secure.clone()]);
        let peer = servers.peer_of(&pool(up.clone()), &secure).await.unwrap();
        assert_eq!(peer.sni(), "localhost");
        assert!(peer.is_tls() && peer.verify_cert() && peer.verify_hostname());
        up.tls.server_name = Some("portal.internal".to_owned());
        let pool = pool(up);
        let peer = servers.peer_of(&pool, &secure).await.unwrap();
        assert_eq!(peer.sni(), "portal.internal");
        assert!(peer.is_tls() && peer.verify_cert() && peer.verify_hostname());
        let peer = servers.peer_of(&pool, &plain).await.unwrap();
        assert!(!peer.is_tls() && peer.sni().is_empty());
    }

    #[tokio::test]
    async fn an_upstream_without_an_address_is_an_error_and_no_panic() {
        let servers = Servers::new();
        let none = servers.seat(&grant(), &Arc::new(upstream(Vec::new())), 0);
        assert_eq!(none.unwrap_err(), Nobody::Up);
        let lookup =
            servers.peer_of(&pool(upstream(Vec::new())), &server("no such name", false)).await;
        assert!(matches!(lookup, Err(NoServer::Lookup { .. })));
    }
}
