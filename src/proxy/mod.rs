//! The adapter between Pingora and whoever decides: bytes in, bytes out, and no rule of its own.
//!
//! A request is read, looked at by `guard` (is it one well-formed message?), and put before a
//! [`Gatekeeper`]. Only an [`Admission::Forward`] holds a [`Grant`], and naming an upstream takes one by
//! reference, so a request that was not decided on has nowhere to go.
//!
//! Not here: routes, sessions, pages. The trait is here because the proxy asks; who answers implements it.

mod chunks;
mod connection;
mod fields;
mod forward;
mod frames;
mod guard;
mod health;
mod listener;
mod location;
mod origin;
mod pool;
mod respond;
mod streams;
mod tls;
mod tunnel;
mod upstreams;

#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};

pub use connection::TlsInfo;
pub use fields::Strip;
pub use forward::{Gateway, GatewayError, GatewayOptions};
pub use listener::{Entry, ListenError, Listener, Places, TurnedAway};
pub use origin::Porch;
pub use respond::{PortalTrouble, Refusal, plain};
pub use streams::{StreamEnd, Streams};
pub use tls::{CertifiedHost, TlsError, TlsSettings};

use crate::config::Upstream;
use crate::points::Grant;
use crate::sessions::SessionKey;

/// The largest body that an own page reads, in bytes; more is 413 (`security.md` D06).
pub const PAGE_BODY_LIMIT: usize = 16 * 1024;

/// The head of one request that is one well-formed message.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// `Host`, or `:authority` over HTTP/2, as sent: any case, perhaps with a port.
    pub host: &'a [u8],
    pub method: &'a Method,
    /// The target that goes upstream, byte for byte. Starts with exactly one `/`.
    pub target: &'a [u8],
    /// As sent. Over HTTP/2 there may be no `Host` among them and several `Cookie`s.
    pub headers: &'a HeaderMap,
    /// Where it comes from: the other end of the connection, unless that is a proxy which is trusted to
    /// say it.
    pub client: IpAddr,
    /// The client speaks TLS: with us, or with a trusted proxy that says so.
    pub secure: bool,
    /// `None` on a listener without TLS.
    pub tls: Option<&'a TlsInfo>,
    pub http2: bool,
    /// The client asks for a WebSocket.
    pub upgrade: bool,
}

impl Head<'_> {
    /// The target up to its query.
    #[must_use]
    pub fn path(&self) -> &[u8] {
        self.target.split(|byte| *byte == b'?').next().unwrap_or_default()
    }
}

/// Where a request for an own page comes from, as in [`Head`]: an extension of that request.
#[derive(Clone, Copy, Debug)]
pub struct Client {
    pub address: IpAddr,
    pub secure: bool,
}

/// What the proxy asks for each request.
///
/// None of these fails: what goes wrong inside is a refusal. A panic in one of them refuses that request
/// and nothing else.
#[async_trait]
pub trait Gatekeeper: Send + Sync + std::fmt::Debug + 'static {
    /// Judges one request. Never fails open.
    async fn admit(&self, head: &Head<'_>) -> Admission;

    /// Serves an own page. Its extensions are those of [`Admission::Page`] and a [`Client`].
    async fn page(&self, request: http::Request<Bytes>) -> http::Response<Bytes>;

    /// The page of a refusal. The proxy sets its status, so whatever status it has is of no matter.
    ///
    /// `head` is `None` where the request was not a message: there is no host, language or wish to trust.
    /// `reference` is to be shown; the proxy puts it in the answer's header too. `client` is that of
    /// [`Head`].
    async fn refuse(
        &self,
        refusal: &Refusal,
        reference: &str,
        client: IpAddr,
        head: Option<&Head<'_>>,
    ) -> http::Response<Bytes> {
        let _ = (client, head);
        plain(refusal, reference)
    }

    /// A request's head was read. Followed by exactly one [`Gatekeeper::ended`], whatever happens.
    fn begun(&self) {}

    /// A request is over, also where it was ended early.
    fn ended(&self) {}

    /// A request is over: for counters and the access log. Not called where a stream was ended early.
    fn finished(&self, finished: &Finished<'_>) {
        let _ = finished;
    }

    /// Pingora's parser refused what came over a connection before there was a request.
    fn not_a_request(&self, client: IpAddr) {
        let _ = client;
    }

    /// A connection was closed before its first request.
    fn turned_away(&self, why: TurnedAway) {
        let _ = why;
    }
}

/// What became of a request. Holds no query, cookie or body.
#[derive(Clone, Copy, Debug)]
pub struct Finished<'a> {
    pub method: &'a Method,
    /// `None` where the request was not forwarded.
    pub route: Option<&'a str>,
    /// `None` where nothing was answered.
    pub status: Option<u16>,
    pub client: Option<IpAddr>,
    /// Body bytes of the answer.
    pub sent_bytes: usize,
    /// From the head's last byte.
    pub took: Duration,
    /// From the head's last byte to the word that it may go on: what we add before there is an upstream.
    /// `None` where it did not go on.
    pub added: Option<Duration>,
}

/// The answer to [`Gatekeeper::admit`].
#[must_use]
#[derive(Debug)]
pub enum Admission {
    /// To the upstream.
    Forward(Box<Passage>),
    /// This answer, and nothing upstream: a challenge, a redirect, "no access".
    Answer(Box<http::Response<Bytes>>),
    /// An own page: its body is read and [`Gatekeeper::page`] is asked. What was found out on the way goes
    /// with it, so that one request never sees two snapshots.
    Page(http::Extensions),
    /// Refused; [`Gatekeeper::refuse`] is asked for the page.
    Refuse(Refusal),
}

/// What a running request stands on: asked a few times a second whether something has changed, and then
/// whether it may go on.
#[async_trait]
pub trait Bond: Send + Sync + std::fmt::Debug + 'static {
    /// Whether to judge again. Without a look-up: it is asked of every running request.
    fn is_due(&self) -> bool;

    /// Judges again. `None`: it may go on.
    async fn judge(&self) -> Option<StreamEnd>;

    /// Somebody uses it: its session is not idle.
    fn is_used(&self);
}

/// All that forwarding one request takes.
#[derive(Debug)]
pub struct Passage {
    /// That the decision said yes. Without one there is no upstream.
    pub grant: Grant,
    pub upstream: Arc<Upstream>,
    /// The route's name, for logs and counters.
    pub route: Arc<str>,
    /// Set last, each replacing every spelling that the client sent. Empty where nobody is named.
    pub identity: Vec<(HeaderName, HeaderValue)>,
    /// Which fields of a client never reach this upstream.
    pub strip: Arc<Strip>,
    /// Fields that this one request must not carry on, such as an `Authorization` that held our token.
    pub remove: Vec<HeaderName>,
    /// `Set-Cookie` values that are added to the upstream's answer.
    pub set_cookies: Vec<HeaderValue>,
    /// The largest request body, in bytes; `None`: no limit.
    pub body_limit: Option<u64>,
    /// The request ends when this session does ([`Streams::end`]). `None`: a public route.
    pub session: Option<SessionKey>,
    /// Looked at while the request runs; with a session only.
    pub bond: Option<Arc<dyn Bond>>,
    /// How long nobody need say anything over a WebSocket or an event stream.
    pub stream_idle: Duration,
}

/// The names of our own cookies: the only ones that are removed, set and guarded.
pub const OWN_COOKIES: [&str; 5] = [
    "__Host-scoregate",
    "__Host-scoregate-browser",
    "__Host-scoregate-device",
    "__Host-scoregate-rounds",
    "__Host-scoregate-remembered",
];
