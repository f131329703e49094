//! The listener for whoever watches the gateway: `/healthz`, `/readyz` and `/metrics`. On its own
//! address, loopback unless the configuration says otherwise. Not here: anything of a portal, and
//! anything that changes something.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::TcpListener;

use super::Metrics;

/// How long the store may take to answer a readiness check.
const PATIENCE: Duration = Duration::from_secs(2);

/// Asks the store for a sign of life.
#[async_trait]
pub trait Pulse: Send + Sync + std::fmt::Debug {
    /// `false`: it did not answer, or not as it should.
    async fn is_there(&self) -> bool;
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Phase {
    Starting,
    Serving,
    Stopping,
}

/// Whether requests should be sent here.
#[derive(Debug)]
pub struct Readiness {
    phase: Mutex<Phase>,
    store: Arc<dyn Pulse>,
}

impl Readiness {
    #[must_use]
    pub fn new(store: Arc<dyn Pulse>) -> Self {
        Self { phase: Mutex::new(Phase::Starting), store }
    }

    /// Every listener accepts.
    pub fn serving(&self) {
        self.enter(Phase::Serving);
    }

    /// No new requests, please; those under way are finished.
    pub fn stopping(&self) {
        self.enter(Phase::Stopping);
    }

    fn enter(&self, phase: Phase) {
        *self.phase.lock().unwrap_or_else(PoisonError::into_inner) = phase;
    }

    /// Why no requests should be sent here; empty if they should.
    pub async fn reasons(&self) -> Vec<String> {
        let phase = *self.phase.lock().unwrap_or_else(PoisonError::into_inner);
        let mut reasons = Vec::new();
        match phase {
            Phase::Starting => reasons.push("starting".to_owned()),
            Phase::Stopping => reasons.push("stopping".to_owned()),
            Phase::Serving => {}
        }
        let is_there = tokio::time::timeout(PATIENCE, self.store.is_there()).await;
        if is_there != Ok(true) {
            reasons.push("the store does not answer".to_owned());
        }
        reasons
    }
}

#[derive(Clone)]
struct Watched {
    readiness: Arc<Readiness>,
    metrics: Arc<Metrics>,
}

/// The bound listener.
#[derive(Debug)]
pub struct OpsListener {
    listener: TcpListener,
    address: SocketAddr,
}

impl OpsListener {
    /// # Errors
    /// The address is taken, or not this machine's.
    pub async fn bind(address: SocketAddr) -> std::io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// With the port that was chosen, where 0 was asked for.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until the task is dropped.
    pub async fn serve(self, readiness: Arc<Readiness>, metrics: Arc<Metrics>) {
        let pages = router(Watched { readiness, metrics });
        if let Err(error) = axum::serve(self.listener, pages).await {
            tracing::error!(%error, "health and metrics are not served any more");
        }
    }
}

fn router(watched: Watched) -> Router {
    Router::new()
        .route("/healthz", get(async || "alive\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(watched)
}

async fn ready(State(watched): State<Watched>) -> impl IntoResponse {
    let reasons = watched.readiness.reasons().await;
    if reasons.is_empty() {
        (StatusCode::OK, "ready\n".to_owned())
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, format!("{}\n", reasons.join("\n")))
    }
}

async fn metrics(State(watched): State<Watched>) -> impl IntoResponse {
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], watched.metrics.render())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use axum::body::Body;
    use axum::http::Request;
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::*;

    #[derive(Debug)]
    struct Store(AtomicBool);

    #[async_trait]
    impl Pulse for Store {
        async fn is_there(&self) -> bool {
            self.0.load(Ordering::SeqCst)
        }
    }

    async fn asked(router: &Router, path: &str) -> (u16, String) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let answer = router.clone().oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn it_is_ready_only_while_it_serves_and_the_store_answers() {
        let store = Arc::new(Store(AtomicBool::new(true)));
        let readiness = Arc::new(Readiness::new(store.clone()));
        let metrics = Arc::new(Metrics::new());
        let router = router(Watched { readiness: readiness.clone(), metrics });

        assert_eq!(asked(&router, "/readyz").await, (503, "starting\n".to_owned()));
        assert_eq!(asked(&router, "/healthz").await.0, 200);
        readiness.serving();
        assert_eq!(asked(&router, "/readyz").await, (200, "ready\n".to_owned()));
        store.0.store(false, Ordering::SeqCst);
        assert_eq!(
            asked(&router, "/readyz").await,
            (503, "the store does not answer\n".to_owned())
        );
        readiness.stopping();
        store.0.store(true, Ordering::SeqCst);
        assert_eq!(asked(&router, "/readyz").await, (503, "stopping\n".to_owned()));
        assert_eq!(asked(&router, "/healthz").await.0, 200);
        assert_eq!(asked(&router, "/").await.0, 404);
        let (status, text) = asked(&router, "/metrics").await;
        assert_eq!(status, 200);
        assert!(text.contains("# TYPE http_server_active_requests gauge"), "{text}");
    }

    #[tokio::test]
    async fn a_free_port_is_chosen_where_none_is_named() {
        let listener = OpsListener::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        assert_ne!(listener.address().port(), 0);
    }
}
