//! The plain-HTTP listener that sends everybody to https. It asks only whether the host is one of ours;
//! it has no grant and so no way to an upstream.

use std::sync::Arc;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};

use crate::gate::Snapshot;
use crate::proxy::{Admission, Gatekeeper, Head, Refusal};
use crate::web::answer::{Answer, Kind};

/// The gatekeeper of a listener that only redirects.
#[derive(Debug)]
pub struct Redirect {
    snapshot: Arc<ArcSwap<Snapshot>>,
}

impl Redirect {
    #[must_use]
    pub const fn new(snapshot: Arc<ArcSwap<Snapshot>>) -> Self {
        Self { snapshot }
    }

    /// The same address by https, on the listener's port or the route's public one.
    fn location(&self, head: &Head<'_>) -> Option<String> {
        let snapshot = self.snapshot.load();
        let route = snapshot.table.route_for_host(head.host)?;
        let host = std::str::from_utf8(head.host).ok()?;
        let name = host.split(':').next()?.to_ascii_lowercase();
        let bound = snapshot.ports.first().copied();
        let port = match route.public_port.or(bound) {
            None | Some(443) => String::new(),
            Some(port) => format!(":{port}"),
        };
        let target = std::str::from_utf8(head.target).ok()?;
        Some(format!("https://{name}{port}{target}"))
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
}
