//! Where an upstream is: one of its servers, its address looked up without blocking, and the time it gets.
//!
//! Not here: whether a request may go there. That is what the [`Grant`] shows.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use pingora::upstreams::peer::HttpPeer;
use tokio::time::Instant;

use crate::config::{Server, Upstream};
use crate::points::Grant;

/// How long a looked-up address is used.
const ADDRESS_LIFETIME: Duration = Duration::from_secs(10);
/// How long it is used on where the name service does not answer.
const STALE_LIFETIME: Duration = Duration::from_secs(300);
/// A name service that hangs must not hang a request.
const LOOKUP_TIME: Duration = Duration::from_secs(5);

/// Why there is no address to go to.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoServer {
    #[error("upstream {0} has no server")]
    None(String),
    #[error("the address of {host} could not be looked up")]
    Lookup { host: String, source: io::Error },
}

/// Chooses servers and remembers their addresses.
#[derive(Debug, Default)]
pub(super) struct Servers {
    next: AtomicUsize,
    known: Mutex<HashMap<(String, u16), Known>>,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    address: SocketAddr,
    at: Instant,
}

impl Servers {
    /// The peer for a request that was let through. `tried` counts the servers that did not answer it.
    ///
    /// # Errors
    ///
    /// If there is no address to go to; the portal is down then.
    pub(super) async fn peer(
        &self,
        _: &Grant,
        upstream: &Upstream,
        turn: usize,
        tried: usize,
    ) -> Result<HttpPeer, NoServer> {
        let count = upstream.servers.len().max(1);
        let server = upstream.servers.get((turn + tried) % count);
        let server = server.ok_or_else(|| NoServer::None(upstream.name.clone()))?;
        let address = self.address(server).await?;
        // An empty name would switch verification off, so it is there whenever TLS is.
        let name = if server.tls { server.host.clone() } else { String::new() };
        let mut peer = HttpPeer::new(address, server.tls, name);
        peer.options.connection_timeout = Some(upstream.connect_timeout);
        peer.options.total_connection_timeout = Some(upstream.connect_timeout);
        peer.options.read_timeout = Some(upstream.read_timeout);
        peer.options.write_timeout = Some(upstream.write_timeout);
        peer.options.idle_timeout = Some(upstream.idle_timeout);
        Ok(peer)
    }

    /// Whose turn it is: servers of an upstream are used one after the other.
    pub(super) fn turn(&self) -> usize {
        self.next.fetch_add(1, Ordering::Relaxed)
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

    #[tokio::test]
    async fn servers_take_turns_and_the_next_is_tried_when_one_is_down() {
        let servers = Servers::default();
        let up = upstream(vec![server("127.0.0.1", false), server("[::1]", false)]);
        let mut seen = Vec::new();
        for tried in 0..3 {
            let peer = servers.peer(&grant(), &up, 0, tried).await.unwrap();
            seen.push(peer._address.to_string());
        }
        assert_eq!(seen, ["127.0.0.1:8080", "[::1]:8080", "127.0.0.1:8080"]);
        assert_ne!(servers.turn(), servers.turn());
    }

    #[tokio::test]
    async fn a_server_behind_tls_is_always_verified_by_name() {
        let servers = Servers::default();
        let up = upstream(vec![server("localhost", true)]);
        let peer = servers.peer(&grant(), &up, 0, 0).await.unwrap();
        assert_eq!(peer.sni(), "localhost");
        assert!(peer.is_tls() && peer.verify_cert() && peer.verify_hostname());
    }

    #[tokio::test]
    async fn an_upstream_without_an_address_is_an_error_and_no_panic() {
        let servers = Servers::default();
        let none = servers.peer(&grant(), &upstream(Vec::new()), 0, 0).await;
        assert!(matches!(none, Err(NoServer::None(_))));
        let unknown = upstream(vec![server("no such name", false)]);
        let lookup = servers.peer(&grant(), &unknown, 0, 0).await;
        assert!(matches!(lookup, Err(NoServer::Lookup { .. })));
    }
}
