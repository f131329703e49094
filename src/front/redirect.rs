//! The plain-HTTP listener that sends everybody to https. It asks only whether the host is one of ours;
//! it has no grant and so no way to an upstream.

use std::net::IpAddr;
use std::sync::Arc;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};

use super::{not_http, refused};
use crate::audit::Audit;
use crate::clock::Clock;
use crate::gate::Snapshot;
use crate::observe::Metrics;
use crate::proxy::{Admission, Gatekeeper, Head, Refusal, TurnedAway, plain};
use crate::web::answer::{Answer, Kind};

/// The gatekeeper of a listener that only redirects.
#[derive(Debug)]
pub struct Redirect {
    pub snapshot: Arc<ArcSwap<Snapshot>>,
    pub audit: Arc<Audit>,
    pub metrics: Arc<Metrics>,
    pub clock: Arc<dyn Clock>,
}

impl Redirect {
    /// The same address by https, on the listener's port or the route's public one.
    fn location(&self, head: &Head<'_>) -> Option<String> {
        let snapshot = self.snapshot.load();
        snapshot.table.route_for_host(head.host)?;
        let host = std::str::from_utf8(head.host).ok()?;
        let name = without_port(host).to_ascii_lowercase();
        let target = std::str::from_utf8(head.target).ok()?;
        Some(snapshot.origin(&name) + target)
    }
}

#[async_trait]
impl Gatekeeper for Redirect {
    async fn admit(&self, head: &Head<'_>) -> Admission {
        match self.location(head) {
            Some(location) => Admission::Answer(Box::new(Answer::moved(&location).into_response())),
            None => Admission::Refuse(Refusal::UnknownHost),
        }
    }

    async fn page(&self, _: Request<Bytes>) -> Response<Bytes> {
        Answer::bare(Kind::NotFound).into_response()
    }

    async fn refuse(
        &self,
        refusal: &Refusal,
        reference: &str,
        client: IpAddr,
        _: Option<&Head<'_>>,
    ) -> Response<Bytes> {
        self.audit.record(refused(refusal, reference, client, self.clock.now()));
        plain(refusal, reference)
    }

    fn not_a_request(&self, client: IpAddr) {
        self.audit.record(not_http(client, self.clock.now()));
    }

    fn turned_away(&self, why: TurnedAway) {
        self.metrics.turned_away(why.name());
    }
}

/// `Host` up to its port. An address of IPv6 has colons of its own, and brackets around them.
fn without_port(host: &str) -> &str {
    match host.split_once(']') {
        Some((address, _)) => host.get(..=address.len()).unwrap_or(host),
        None => host.split(':').next().unwrap_or(host),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_what_stands_before_its_port() {
        for (host, name) in [
            ("portal.example.org", "portal.example.org"),
            ("portal.example.org:80", "portal.example.org"),
            ("192.0.2.1:80", "192.0.2.1"),
            ("[::1]", "[::1]"),
            ("[2001:db8::1]:8080", "[2001:db8::1]"),
        ] {
            assert_eq!(without_port(host), name, "{host}");
        }
    }
}
