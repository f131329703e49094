//! Asks servers how they are: one GET at a time, with the same TLS as requests have. Not here: what
//! follows from the answer (`pool`).

use std::sync::{Arc, Weak};

use pingora::connectors::http::Connector;
use pingora::http::RequestHeader;
use pingora::upstreams::peer::HttpPeer;

use super::pool::Pool;
use super::upstreams::Servers;
use crate::config::Health;

/// Asks until the pool is gone.
pub(super) async fn watch(pool: Weak<Pool>, servers: Weak<Servers>) {
    let connector = Connector::new(None);
    loop {
        let (Some(pool), Some(servers)) = (pool.upgrade(), servers.upgrade()) else { return };
        let Some(health) = pool.upstream.health.clone() else { return };
        for place in 0..pool.members.len() {
            let is_well = is_well(&pool, &servers, place, &health, &connector).await;
            let Some(is_up) = pool.checked(place, is_well) else { continue };
            let server = pool.members.get(place).map(|member| member.server.to_string());
            let upstream = &pool.upstream.name;
            if is_up {
                tracing::info!(upstream, server, "a server is well again");
            } else {
                tracing::warn!(upstream, server, path = health.path, "a server is not well");
            }
        }
        drop((pool, servers));
        tokio::time::sleep(health.interval).await;
    }
}

async fn is_well(
    pool: &Arc<Pool>,
    servers: &Servers,
    place: usize,
    health: &Health,
    connector: &Connector,
) -> bool {
    let Some(member) = pool.members.get(place) else { return false };
    let asked = async {
        let mut peer = servers.peer_of(pool, &member.server).await.ok()?;
        peer.options.read_timeout = Some(health.timeout);
        let host = pool.upstream.host.clone().unwrap_or_else(|| member.server.authority());
        ask(connector, &peer, &host, &health.path).await
    };
    matches!(tokio::time::timeout(health.timeout, asked).await, Ok(Some(200..=399)))
}

async fn ask(connector: &Connector, peer: &HttpPeer, host: &str, path: &str) -> Option<u16> {
    let mut request = RequestHeader::build("GET", path.as_bytes(), None).ok()?;
    request.insert_header("Host", host).ok()?;
    request.insert_header("User-Agent", "scoregate-health").ok()?;
    let (mut session, _) = connector.get_http_session(peer).await.ok()?;
    if session.as_http1().is_some() {
        // HTTP/2 has no such field, and a request with one is not sent (RFC 9113, section 8.2.2).
        request.insert_header("Connection", "close").ok()?;
    }
    session.write_request_header(Box::new(request)).await.ok()?;
    session.finish_request_body().await.ok()?;
    session.read_response_header().await.ok()?;
    let status = session.response_header().map(|answer| answer.status.as_u16());
    session.shutdown().await;
    status
}
