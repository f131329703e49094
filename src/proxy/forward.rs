//! The life of a request in Pingora's phases: guard, gatekeeper, then its answer, an own page, or the
//! upstream.
//!
//! Pingora passes by default: a phase that forgets to answer lets a request through. Here naming an upstream
//! asks for the [`Passage`] that only an admission gives, so what is forgotten is a 500.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::FutureExt;
use http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, EXPECT, HOST, SET_COOKIE,
    STRICT_TRANSPORT_SECURITY, TRANSFER_ENCODING,
};
use http::{HeaderValue, Method, Version};
use pingora::connectors::{ConnectorOptions, TransportConnector};
use pingora::http::{RequestHeader, ResponseHeader};
use pingora::modules::http::HttpModules;
use pingora::protocols::http::v1::client::HttpSession as PortalSession;
use pingora::protocols::http::v2::server::{H2Options, default_h2_options};
use pingora::proxy::{FailToProxy, HttpProxy, ProxyHttp, ProxyWarnLogContext, Session, http_proxy};
use pingora::server::configuration::ServerConf;
use pingora::upstreams::peer::HttpPeer;
use pingora::{Error, ErrorSource, ErrorType};
use tokio::time::Instant;

use super::connection::Watch;
use super::guard::{self, Message, Sound, inspect};
use super::listener::{Places, REQUEST, RequestLink};
use super::pool::{Nobody, Seat};
use super::respond::{self, Afterwards, BodyError, PortalTrouble, Refusal};
use super::streams::{Running, Streams};
use super::tunnel::{self, Opened, Reply};
use super::upstreams::Servers;
use super::{
    Admission, Client, Finished, Gatekeeper, Head, PAGE_BODY_LIMIT, Passage, fields, location,
};
use crate::config::{Limits, Upstream};

/// Server-sent events, as they are asked for and answered.
const EVENTS: &[u8] = b"text/event-stream";
/// Silence of a client in the middle of a body, and what it may take to read an answer.
pub(super) const CLIENT_SILENCE: Duration = Duration::from_secs(60);
/// Servers of one upstream that one request tries.
const MAX_SERVERS_TRIED: usize = 4;

/// What a [`Gateway`] is built with and does not change.
#[derive(Clone, Debug, Default)]
pub struct GatewayOptions {
    /// Believed for upstreams instead of the system's roots.
    pub upstream_ca: Option<PathBuf>,
    /// Idle connections to upstreams that are kept; `None`: 512.
    pub idle_upstream_connections: Option<usize>,
    /// Counts the connections; gateways that count together share it.
    pub places: Arc<Places>,
}

/// Everything between a listener and the gatekeeper. Shared by listeners.
pub struct Gateway {
    pub(super) proxy: Arc<HttpProxy<Phases>>,
    pub(super) shared: Arc<Shared>,
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gateway").field("shared", &self.shared).finish_non_exhaustive()
    }
}

/// What every connection and request of a gateway uses.
pub(super) struct Shared {
    pub(super) gatekeeper: Arc<dyn Gatekeeper>,
    pub(super) limits: ArcSwap<Limits>,
    pub(super) places: Arc<Places>,
    streams: Arc<Streams>,
    servers: Arc<Servers>,
    /// Connections for WebSockets, which are not Pingora's to copy.
    sockets: TransportConnector,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("gatekeeper", &self.gatekeeper).finish_non_exhaustive()
    }
}

/// Why there is no gateway.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// Without them no upstream behind TLS could be believed, and Pingora would panic.
    #[error("the certificate authorities for upstreams cannot be read from {}", place(.0.as_deref()))]
    Authorities(Option<PathBuf>),
}

fn place(file: Option<&Path>) -> String {
    file.map_or_else(|| "the system's store".to_owned(), |file| file.display().to_string())
}

impl Gateway {
    /// Needs a rustls provider to be installed, as `main` does first.
    ///
    /// # Errors
    ///
    /// If the certificate authorities that upstreams are verified against cannot be read.
    pub fn new(
        gatekeeper: Arc<dyn Gatekeeper>,
        limits: Limits,
        options: &GatewayOptions,
    ) -> Result<Arc<Self>, GatewayError> {
        let keep_alive = limits.keep_alive;
        let conf = ServerConf {
            ca_file: options.upstream_ca.as_ref().map(|path| path.display().to_string()),
            upstream_keepalive_pool_size: options.idle_upstream_connections.unwrap_or(512),
            max_retries: MAX_SERVERS_TRIED,
            ..ServerConf::default()
        };
        // Pingora unwraps what it reads there.
        let build = std::panic::AssertUnwindSafe(|| {
            let sockets = TransportConnector::new(Some(ConnectorOptions::from_server_conf(&conf)));
            let shared = Arc::new(Shared {
                gatekeeper,
                limits: ArcSwap::from_pointee(limits),
                places: Arc::clone(&options.places),
                streams: Arc::default(),
                servers: Servers::new(),
                sockets,
            });
            let phases = Phases { shared: Arc::clone(&shared) };
            (http_proxy(&Arc::new(conf), phases), shared)
        });
        let (mut proxy, shared) = std::panic::catch_unwind(build)
            .map_err(|_| GatewayError::Authorities(options.upstream_ca.clone()))?;
        let mut server = pingora::apps::HttpServerOptions::default();
        server.h2_idle_timeout = Some(keep_alive);
        proxy.server_options = Some(server);
        Ok(Arc::new(Self { proxy: Arc::new(proxy), shared }))
    }

    /// The requests that run, by session.
    #[must_use]
    pub fn streams(&self) -> &Arc<Streams> {
        &self.shared.streams
    }

    /// The connections that are open.
    #[must_use]
    pub fn places(&self) -> &Arc<Places> {
        &self.shared.places
    }

    /// The upstreams of the configuration in force. Their servers are remembered between requests.
    pub fn set_upstreams(&self, upstreams: impl IntoIterator<Item = Arc<Upstream>>) {
        self.shared.servers.replace(upstreams);
    }

    /// New limits, from the next head on; those of a connection from the next one on.
    pub fn set_limits(&self, limits: Limits) {
        self.shared.limits.store(Arc::new(limits));
    }
}

/// From Pingora's own, for bare options would be unbounded (`pingora.md` 4). Header lists may be larger
/// than a head may be, so that the guard can answer.
pub(super) fn h2_options(limits: &Limits) -> H2Options {
    let mut options = default_h2_options();
    options.max_concurrent_streams(limits.h2_streams);
    options.max_header_list_size(limits.head_bytes.saturating_mul(2));
    options
}

/// Pingora's view of the gateway.
pub(super) struct Phases {
    shared: Arc<Shared>,
}

/// What is known of one request between its phases.
#[derive(Debug)]
pub(super) struct Ctx {
    /// `None` only if a request came past our own listener; it is refused.
    link: Option<RequestLink>,
    passage: Option<Box<Passage>>,
    /// Why the request was stopped after it was admitted.
    refusal: Option<Refusal>,
    running: Option<Running>,
    /// `None` once a stream has taken it along.
    under_way: Option<UnderWay>,
    body_bytes: u64,
    begun: Instant,
    added: Option<Duration>,
    /// At the server that has the request.
    seat: Option<Seat>,
    /// Servers that did not take it, a bit each.
    tried: u64,
    /// It has become a stream: the 101 is written once the connection is handed back.
    switched: bool,
    used_at: Instant,
}

impl Ctx {
    /// A long upload is use of its session; said now and then.
    fn note_use(&mut self) {
        if self.used_at.elapsed() >= tunnel::ACTIVITY_STEP {
            self.used_at = Instant::now();
            self.running.as_ref().inspect(|running| running.is_used());
        }
    }
}

/// One request under way; dropping it says that it is over. A stream that is ended early ends no other way.
#[derive(Debug)]
pub(super) struct UnderWay(Arc<dyn Gatekeeper>);

impl UnderWay {
    fn begin(gatekeeper: &Arc<dyn Gatekeeper>) -> Self {
        gatekeeper.begun();
        Self(Arc::clone(gatekeeper))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.ended();
    }
}

/// What to do with a request that was read.
enum Verdict {
    Forward(Box<Passage>),
    Answer(Box<http::Response<Bytes>>, Afterwards),
    Page(http::Extensions),
}

impl Phases {
    async fn judge(&self, session: &Session, link: &RequestLink) -> Verdict {
        let raw = raw_head(session);
        let sound = self.inspect(session, raw.as_deref()).and_then(|sound| {
            check_server_name(sound.host, link)?;
            if link.connection.watch.is_broken() { Err(NOT_CHUNKED) } else { Ok(sound) }
        });
        let sound = match sound {
            Ok(sound) => sound,
            Err(refusal) => {
                let answer = self.refuse(&refusal, link.origin.client, None).await;
                return Verdict::Answer(Box::new(answer), Afterwards::Close);
            }
        };
        let head = head(session, sound, link);
        let admission = std::panic::AssertUnwindSafe(self.shared.gatekeeper.admit(&head));
        match admission.catch_unwind().await {
            Ok(Admission::Forward(passage)) if is_too_long(session, &passage) => {
                self.refused(&Refusal::TooLarge, &head, Afterwards::Close).await
            }
            Ok(Admission::Forward(passage)) => Verdict::Forward(passage),
            Ok(Admission::Answer(answer)) => Verdict::Answer(answer, Afterwards::Keep),
            Ok(Admission::Page(found)) => Verdict::Page(found),
            Ok(Admission::Refuse(refusal)) => self.refused(&refusal, &head, Afterwards::Keep).await,
            Err(_) => self.refused(&Refusal::Internal, &head, Afterwards::Close).await,
        }
    }

    fn inspect<'a>(
        &self,
        session: &'a Session,
        raw: Option<&'a [u8]>,
    ) -> Result<Sound<'a>, Refusal> {
        inspect(&message(session, raw), &self.shared.limits.load())
    }

    async fn refused(&self, refusal: &Refusal, head: &Head<'_>, afterwards: Afterwards) -> Verdict {
        let answer = self.refuse(refusal, head.client, Some(head)).await;
        Verdict::Answer(Box::new(answer), afterwards)
    }

    /// The page of a refusal; a plain one if the gatekeeper fails even here.
    async fn refuse(
        &self,
        refusal: &Refusal,
        client: IpAddr,
        head: Option<&Head<'_>>,
    ) -> http::Response<Bytes> {
        let reference = respond::reference();
        tracing::debug!(?refusal, reference, "refused");
        let page = self.shared.gatekeeper.refuse(refusal, &reference, client, head);
        let mut page = std::panic::AssertUnwindSafe(page)
            .catch_unwind()
            .await
            .unwrap_or_else(|_| respond::plain(refusal, &reference));
        respond::stamp(&mut page, refusal, &reference);
        page
    }

    /// A refusal of a request that had passed the guard.
    async fn refuse_late(
        &self,
        session: &Session,
        link: &RequestLink,
        refusal: &Refusal,
    ) -> http::Response<Bytes> {
        let raw = raw_head(session);
        let sound = self.inspect(session, raw.as_deref()).ok();
        let head = sound.map(|sound| head(session, sound, link));
        self.refuse(refusal, link.origin.client, head.as_ref()).await
    }

    async fn page(
        &self,
        session: &mut Session,
        link: &RequestLink,
        found: http::Extensions,
    ) -> pingora::Result<()> {
        let body = match respond::read_body(session, PAGE_BODY_LIMIT).await {
            Ok(body) => body,
            Err(error) => {
                let refusal = match error {
                    BodyError::TooLarge => Refusal::TooLarge,
                    BodyError::TooSlow => Refusal::SlowBody,
                    BodyError::Broken => Refusal::BadRequest("the body did not arrive whole"),
                };
                let answer = self.refuse_late(session, link, &refusal).await;
                return write(session, link, answer, Afterwards::Close).await;
            }
        };
        let request = page_request(session.req_header(), link, found, body);
        let page = std::panic::AssertUnwindSafe(self.shared.gatekeeper.page(request));
        let answer = match page.catch_unwind().await {
            Ok(answer) => answer,
            Err(_) => self.refuse_late(session, link, &Refusal::Internal).await,
        };
        write(session, link, answer, Afterwards::Keep).await
    }

    /// Notes the request under its session. `false`: the session ended while it was decided on.
    fn take_on(&self, ctx: &mut Ctx, link: &RequestLink, passage: Box<Passage>) -> bool {
        if let Some(session) = passage.session {
            let bond = passage.bond.clone();
            ctx.running = self.shared.streams.register(session, &link.kill, bond);
            if ctx.running.is_none() {
                return false;
            }
        }
        ctx.passage = Some(passage);
        true
    }

    async fn decide(&self, session: &mut Session, ctx: &mut Ctx) -> pingora::Result<bool> {
        let Some(link) = ctx.link.clone() else {
            ctx.refusal = Some(Refusal::Internal);
            return Error::e_explain(ErrorType::InternalError, "a request without a connection");
        };
        let mut verdict = self.judge(session, &link).await;
        if let Verdict::Forward(passage) = verdict {
            if self.take_on(ctx, &link, passage) {
                ctx.added = Some(ctx.begun.elapsed());
                let request = session.req_header();
                if guard::asks_for_websocket(request.version, &request.headers) {
                    return Box::pin(self.open_socket(session, ctx, &link)).await.map(|()| true);
                }
                return Ok(false);
            }
            // Asked again, the gatekeeper sees the session gone.
            verdict = self.judge(session, &link).await;
        }
        match verdict {
            Verdict::Forward(_) => {
                let refusal = Refusal::Unavailable { retry_after: Duration::from_secs(1) };
                let answer = self.refuse_late(session, &link, &refusal).await;
                write(session, &link, answer, Afterwards::Close).await?;
            }
            Verdict::Answer(answer, afterwards) => {
                write(session, &link, *answer, afterwards).await?;
            }
            Verdict::Page(found) => self.page(session, &link, found).await?,
        }
        Ok(true)
    }
}

/// An answer of ours, with what every answer of this listener says.
async fn write(
    session: &mut Session,
    link: &RequestLink,
    mut answer: http::Response<Bytes>,
    afterwards: Afterwards,
) -> pingora::Result<()> {
    if let Some(value) = hsts(link) {
        answer.headers_mut().insert(STRICT_TRANSPORT_SECURITY, value.clone());
    }
    respond::write(session, answer, afterwards).await
}

/// Never where the client does not speak TLS (RFC 6797, section 7.2).
fn hsts(link: &RequestLink) -> Option<&HeaderValue> {
    link.connection.porch.hsts.as_ref().filter(|_| link.origin.secure)
}

/// A connection that was opened for one host is no way to another: its certificate and what is in front of
/// us were chosen for that one. Clients that name none (addresses have no name), and proxies that we trust
/// and that share connections, go by `Host` alone.
fn check_server_name(host: &[u8], link: &RequestLink) -> Result<(), Refusal> {
    let connection = &link.connection;
    let named = connection.tls.as_ref().and_then(|tls| tls.server_name.as_deref());
    match named {
        Some(name) if !connection.is_trusted && !guard::is_same_host(host, name) => {
            Err(Refusal::Misdirected)
        }
        Some(_) | None => Ok(()),
    }
}

/// Whether a client has a body to send, and is not waiting to be asked for it.
fn sends_body(request: &RequestHeader) -> bool {
    let headers = &request.headers;
    let has_length = headers.get(CONTENT_LENGTH).is_some_and(|length| length != "0");
    (has_length || headers.contains_key(TRANSFER_ENCODING) || request.version == Version::HTTP_2)
        && !headers.contains_key(EXPECT)
}

fn await_body(link: &RequestLink, is_awaited: bool) {
    match &link.h2_body {
        Some(body) => body.awaited(is_awaited),
        None => link.connection.watch.await_body(is_awaited),
    }
}

const NOT_CHUNKED: Refusal = Refusal::BadRequest("the body is not chunked as it says");

/// What the wire found wrong with a client that was let in.
fn fault_of(watch: &Watch) -> Option<Refusal> {
    if watch.was_slow() {
        Some(Refusal::SlowBody)
    } else {
        watch.is_broken().then_some(NOT_CHUNKED)
    }
}

/// WebSockets.
impl Phases {
    /// Asks the portal for a WebSocket, through the same phases as any other request. Then either the answer
    /// that is none is passed on, or the stream is left for whoever has the connection.
    async fn open_socket(
        &self,
        session: &mut Session,
        ctx: &mut Ctx,
        link: &RequestLink,
    ) -> pingora::Result<()> {
        let portal = self.reach_portal(session, ctx).await?;
        let mut request = session.req_header().clone();
        fields::remove_hop_by_hop(&mut request)?;
        self.upstream_request_filter(session, &mut request, ctx).await?;
        match tunnel::ask(portal, request).await? {
            Reply::Refused(mut head, portal) => {
                self.response_filter(session, &mut head, ctx).await?;
                tunnel::pass_on(session, head, portal).await
            }
            Reply::Switched(mut head, first, portal) => {
                self.response_filter(session, &mut head, ctx).await?;
                let kept = (ctx.running.take(), ctx.under_way.take(), ctx.seat.take());
                let idle =
                    ctx.passage.as_ref().map_or(CLIENT_SILENCE, |passage| passage.stream_idle);
                link.kill.hand_over(Opened::new(&head, first, portal, idle, kept));
                ctx.switched = true;
                // Pingora hands back only what could serve another request.
                session.set_keepalive(Some(1));
                session.downstream_session.set_keepalive_reuses_remaining(None);
                Ok(())
            }
        }
    }

    async fn reach_portal(
        &self,
        session: &mut Session,
        ctx: &mut Ctx,
    ) -> pingora::Result<PortalSession> {
        loop {
            let mut peer = self.upstream_peer(session, ctx).await?;
            let error = match tunnel::connect(&self.shared.sockets, &mut peer).await {
                Ok(portal) => {
                    ctx.seat.as_ref().inspect(|seat| seat.connected());
                    return Ok(portal);
                }
                Err(error) => self.fail_to_connect(session, &peer, ctx, error),
            };
            if !error.retry() {
                return Err(error);
            }
        }
    }
}

/// The head as it came; no copy. `None` over HTTP/2.
fn raw_head(session: &Session) -> Option<Bytes> {
    session.as_http1().map(|session| session.get_headers_raw_bytes())
}

fn message<'a>(session: &'a Session, raw: Option<&'a [u8]>) -> Message<'a> {
    let request = session.req_header();
    Message {
        raw,
        version: request.version,
        method: &request.method,
        target: request.raw_path(),
        uri: &request.uri,
        headers: &request.headers,
    }
}

fn head<'a>(session: &'a Session, sound: Sound<'a>, link: &'a RequestLink) -> Head<'a> {
    let request = session.req_header();
    let connection = &link.connection;
    Head {
        host: sound.host,
        method: &request.method,
        target: request.raw_path(),
        headers: &request.headers,
        client: link.origin.client,
        secure: link.origin.secure,
        tls: connection.tls.as_deref(),
        http2: connection.http2,
        upgrade: sound.upgrade,
    }
}

/// `Host`, or the authority: what the guard found to be one host.
fn host_of(request: &RequestHeader) -> &[u8] {
    match request.uri.authority() {
        Some(authority) => authority.as_str().as_bytes(),
        None => request.headers.get(HOST).map(HeaderValue::as_bytes).unwrap_or_default(),
    }
}

/// Whether a head asks for server-sent events, as every `EventSource` does. Whoever sends a body may ask for
/// them too, and would hold a portal's seat for as long as nobody says anything.
fn asks_for_events(session: &Session) -> bool {
    if session.req_header().method != Method::GET {
        return false;
    }
    let accept = session.get_header(ACCEPT).map(HeaderValue::as_bytes).unwrap_or_default();
    memchr::memmem::find(accept, EVENTS).is_some()
}

fn is_too_long(session: &Session, passage: &Passage) -> bool {
    let length = session.get_header(CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    length.zip(passage.body_limit).is_some_and(|(length, limit)| length > limit)
}

/// A request as a router takes it: with a `Host` and one `Cookie` field over HTTP/2 too.
fn page_request(
    request: &RequestHeader,
    link: &RequestLink,
    found: http::Extensions,
    body: Bytes,
) -> http::Request<Bytes> {
    let mut page = http::Request::new(body);
    *page.method_mut() = request.method.clone();
    *page.version_mut() = request.version;
    *page.uri_mut() = request.uri.path_and_query().cloned().map(Into::into).unwrap_or_default();
    *page.headers_mut() = request.headers.clone();
    if let Ok(host) = HeaderValue::from_bytes(host_of(request)) {
        page.headers_mut().insert(HOST, host);
    }
    if request.version == Version::HTTP_2 {
        let crumbs: Vec<&[u8]> =
            request.headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
        if let (true, Ok(whole)) =
            (crumbs.len() > 1, HeaderValue::from_bytes(&crumbs.join(&b"; "[..])))
        {
            page.headers_mut().insert(COOKIE, whole);
        }
    }
    *page.extensions_mut() = found;
    page.extensions_mut()
        .insert(Client { address: link.origin.client, secure: link.origin.secure });
    page
}

/// What becomes of an error, for the person who waits. `None`: nobody waits any more.
fn refusal_for(error: &Error) -> Option<Refusal> {
    match (error.esource(), error.etype()) {
        (
            ErrorSource::Upstream,
            ErrorType::ConnectTimedout
            | ErrorType::TLSHandshakeTimedout
            | ErrorType::ReadTimedout
            | ErrorType::WriteTimedout,
        ) => Some(Refusal::PortalDown(PortalTrouble::Slow)),
        (ErrorSource::Upstream, ErrorType::InvalidHTTPHeader | ErrorType::InvalidH2) => {
            Some(Refusal::PortalDown(PortalTrouble::Garbled))
        }
        (ErrorSource::Upstream, _) => Some(Refusal::PortalDown(PortalTrouble::Unreachable)),
        (ErrorSource::Downstream, ErrorType::ReadTimedout) => Some(Refusal::SlowBody),
        (
            ErrorSource::Downstream,
            ErrorType::ReadError
            | ErrorType::WriteError
            | ErrorType::WriteTimedout
            | ErrorType::ConnectionClosed,
        ) => None,
        (ErrorSource::Downstream, _) => Some(Refusal::BadRequest("not a sound message")),
        (ErrorSource::Internal | ErrorSource::Unset, _) => Some(Refusal::Internal),
    }
}

#[async_trait]
impl ProxyHttp for Phases {
    type CTX = Ctx;

    fn new_ctx(&self) -> Ctx {
        Ctx {
            link: REQUEST.try_with(Clone::clone).ok(),
            passage: None,
            refusal: None,
            running: None,
            under_way: Some(UnderWay::begin(&self.shared.gatekeeper)),
            body_bytes: 0,
            begun: Instant::now(),
            added: None,
            seat: None,
            tried: 0,
            switched: false,
            used_at: Instant::now(),
        }
    }

    /// None: Pingora's own would look at every answer and change none.
    fn init_downstream_modules(&self, _: &mut HttpModules) {}

    /// The head is here: the clock of the head stops, and those of the rest are set on every request, for
    /// Pingora has none by itself.
    async fn early_request_filter(
        &self,
        session: &mut Session,
        ctx: &mut Ctx,
    ) -> pingora::Result<()> {
        if let Some(link) = &mut ctx.link {
            link.kill.note_head();
            link.origin = link.connection.origin_of(&session.req_header().headers);
            await_body(link, sends_body(session.req_header()));
            if !link.connection.http2
                && session.req_header().headers.contains_key(TRANSFER_ENCODING)
            {
                link.connection.watch.begin_chunks();
            }
        }
        let keep_alive = self.shared.limits.load().keep_alive;
        // `None` was set where the process is going down or the client said `close`.
        if session.get_keepalive().is_some() {
            session.set_keepalive(Some(keep_alive.as_secs().max(1)));
        }
        session.set_read_timeout(Some(CLIENT_SILENCE));
        session.set_write_timeout(Some(CLIENT_SILENCE));
        session.set_total_drain_timeout(Some(CLIENT_SILENCE));
        Ok(())
    }

    async fn request_filter(&self, session: &mut Session, ctx: &mut Ctx) -> pingora::Result<bool> {
        self.decide(session, ctx).await
    }

    /// Needs the grant, so that a request that never met the gatekeeper has nowhere to go. Borrows it:
    /// Pingora asks again after a failure that may be retried.
    async fn upstream_peer(
        &self,
        session: &mut Session,
        ctx: &mut Ctx,
    ) -> pingora::Result<Box<HttpPeer>> {
        let Some(passage) = &ctx.passage else {
            ctx.refusal = Some(Refusal::Internal);
            return Error::e_explain(ErrorType::InternalError, "no passage");
        };
        let servers = &self.shared.servers;
        let trouble = loop {
            // Before it is put down, so that the same server can have it again.
            ctx.seat = None;
            let seat = match servers.seat(&passage.grant, &passage.upstream, ctx.tried) {
                Ok(seat) => seat,
                Err(Nobody::Free) => break PortalTrouble::Full,
                // With servers that were tried, the last of them says what is wrong.
                Err(Nobody::Up) if ctx.tried != 0 => break PortalTrouble::Unreachable,
                Err(Nobody::Up) => break PortalTrouble::Down,
            };
            let Some(member) = seat.member() else { break PortalTrouble::Down };
            match servers.peer_of(seat.pool(), &member.server).await {
                Ok(mut peer) => {
                    if asks_for_events(session) {
                        // Silence is normal there, and has a limit of its own.
                        let silence =
                            peer.options.read_timeout.map(|time| time.max(passage.stream_idle));
                        peer.options.read_timeout = silence;
                    }
                    ctx.seat = Some(seat);
                    return Ok(Box::new(peer));
                }
                Err(error) => {
                    let upstream = &passage.upstream.name;
                    tracing::warn!(upstream, %error, "a server cannot be found");
                    seat.failed();
                    ctx.tried |= 1 << seat.place;
                }
            }
        };
        ctx.refusal = Some(Refusal::PortalDown(trouble));
        Err(Error::explain(ErrorType::ConnectNoRoute, "no server").into_up())
    }

    /// The next server, if there is one that was not tried. Nothing was sent yet.
    fn fail_to_connect(
        &self,
        _: &mut Session,
        _: &HttpPeer,
        ctx: &mut Ctx,
        mut error: Box<Error>,
    ) -> Box<Error> {
        if let Some(seat) = ctx.seat.take() {
            seat.failed();
            ctx.tried |= 1 << seat.place;
        }
        let tried = ctx.tried.count_ones() as usize;
        let servers = ctx.passage.as_ref().map_or(0, |passage| passage.upstream.servers.len());
        error.set_retry(tried < servers.min(MAX_SERVERS_TRIED));
        error
    }

    async fn connected_to_upstream(
        &self,
        _: &mut Session,
        _: bool,
        _: &HttpPeer,
        #[cfg(unix)] _: std::os::unix::io::RawFd,
        _: Option<&pingora::protocols::Digest>,
        ctx: &mut Ctx,
    ) -> pingora::Result<()> {
        if let Some(seat) = &ctx.seat {
            seat.connected();
        }
        Ok(())
    }

    /// Something was sent. It is sent once more only where a connection that had been kept turned out to
    /// be closed, and where twice is the same as once: an idempotent method without a body (RFC 9110,
    /// section 9.2.2).
    fn error_while_proxy(
        &self,
        _: &HttpPeer,
        session: &mut Session,
        mut error: Box<Error>,
        _: &mut Ctx,
        client_reused: bool,
    ) -> Box<Error> {
        let is_safe = session.req_header().method.is_idempotent() && session.is_body_empty();
        if is_safe {
            error.retry.decide_reuse(client_reused);
        } else {
            error.set_retry(false);
        }
        error
    }

    /// The last word on what goes upstream: after Pingora took out what `Connection` names, so that a
    /// client cannot name ours.
    async fn upstream_request_filter(
        &self,
        session: &mut Session,
        request: &mut RequestHeader,
        ctx: &mut Ctx,
    ) -> pingora::Result<()> {
        let (Some(passage), Some(link)) = (&ctx.passage, &ctx.link) else {
            ctx.refusal = Some(Refusal::Internal);
            return Error::e_explain(ErrorType::InternalError, "no passage");
        };
        fields::remove_from_request(request, &passage.strip, &passage.identity, &passage.remove);
        fields::remove_own_cookies(request, link.connection.http2)?;
        fields::set_forwarding(request, &link.origin, host_of(session.req_header()))?;
        if let Some(host) = &passage.upstream.host {
            request.insert_header(HOST, host.as_str())?;
        }
        fields::set_identity(request, &passage.identity)
    }

    async fn request_body_filter(
        &self,
        _: &mut Session,
        body: &mut Option<Bytes>,
        is_whole: bool,
        ctx: &mut Ctx,
    ) -> pingora::Result<()> {
        if let Some(link) = &ctx.link {
            await_body(link, !is_whole);
            if let Some(h2_body) = &link.h2_body {
                h2_body.moved(body.as_ref().map_or(0, Bytes::len));
            }
        }
        ctx.note_use();
        let Some(limit) = ctx.passage.as_ref().and_then(|passage| passage.body_limit) else {
            return Ok(());
        };
        let length = body.as_ref().map_or(0, Bytes::len);
        ctx.body_bytes = ctx.body_bytes.saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
        if ctx.body_bytes > limit {
            ctx.refusal = Some(Refusal::TooLarge);
            return Error::e_explain(ErrorType::InternalError, "the body is too large");
        }
        Ok(())
    }

    async fn response_filter(
        &self,
        session: &mut Session,
        response: &mut ResponseHeader,
        ctx: &mut Ctx,
    ) -> pingora::Result<()> {
        fields::remove_from_response(response)?;
        let kind = response.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
        if let (Some(link), true) = (&ctx.link, kind.is_some_and(|kind| kind.starts_with(EVENTS))) {
            link.kill.note_stream();
        }
        let request = session.req_header();
        if let (Some(passage), Some(link)) = (&ctx.passage, &ctx.link) {
            let scheme = if link.origin.secure { "https" } else { "http" };
            location::rewrite(response, &passage.upstream, || {
                let host = std::str::from_utf8(host_of(request)).ok()?;
                Some(format!("{scheme}://{host}"))
            })?;
        }
        if response.status == 101 && !guard::asks_for_websocket(request.version, &request.headers) {
            // Nobody asked: what follows would be bytes without a message around them.
            let why = "an upgrade that nobody asked for";
            return Err(Error::explain(ErrorType::InvalidHTTPHeader, why).into_up());
        }
        if response.status.is_informational() && response.status != 101 {
            return Ok(());
        }
        match ctx.link.as_ref().map(|link| (hsts(link), link.origin.secure)) {
            Some((Some(value), _)) => {
                response.insert_header(STRICT_TRANSPORT_SECURITY, value.clone())?;
            }
            Some((None, true)) => {}
            Some((None, false)) | None => {
                response.remove_header(&STRICT_TRANSPORT_SECURITY);
            }
        }
        let cookies = ctx.passage.as_mut().map(|passage| std::mem::take(&mut passage.set_cookies));
        let cookies = cookies.unwrap_or_default();
        if !cookies.is_empty() {
            // A cache that kept the answer would hand the cookie to somebody else.
            response.insert_header(CACHE_CONTROL, "private, no-store")?;
        }
        for cookie in cookies {
            response.append_header(SET_COOKIE, cookie)?;
        }
        Ok(())
    }

    async fn fail_to_proxy(
        &self,
        session: &mut Session,
        error: &Error,
        ctx: &mut Ctx,
    ) -> FailToProxy {
        let gone = FailToProxy { error_code: 0, can_reuse_downstream: false };
        let Some(link) = &ctx.link else { return gone };
        let fault = fault_of(&link.connection.watch);
        let refusal = ctx.refusal.take().or(fault).or_else(|| refusal_for(error));
        let Some(refusal) = refusal else { return gone };
        let route = ctx.passage.as_ref().map(|passage| &*passage.route);
        let begun = session
            .response_written()
            .is_some_and(|answer| !answer.status.is_informational() || answer.status == 101);
        let server = ctx.seat.as_ref().and_then(|seat| Some(seat.member()?.server.to_string()));
        let tell = |reference: Option<&str>| {
            tracing::warn!(
                route,
                server,
                kind = error.etype().as_str(),
                side = error.esource().as_str(),
                ?refusal,
                begun,
                reference,
                "a request failed"
            );
        };
        if begun {
            tell(None);
            return gone;
        }
        let answer = self.refuse_late(session, link, &refusal).await;
        let reference = answer.headers().get("x-scoregate-reference");
        tell(reference.and_then(|reference| reference.to_str().ok()));
        let error_code = answer.status().as_u16();
        if write(session, link, answer, Afterwards::Close).await.is_ok() && !session.is_http2() {
            session.shutdown().await;
        }
        FailToProxy { error_code, can_reuse_downstream: false }
    }

    async fn logging(&self, session: &mut Session, error: Option<&Error>, ctx: &mut Ctx) {
        if let Some(link) = ctx.link.as_ref().filter(|link| link.connection.http2)
            && error.is_some_and(|error| *error.esource() == ErrorSource::Downstream)
            && session.response_written().is_none()
        {
            link.connection.watch.note_reset();
        }
        self.shared.gatekeeper.finished(&Finished {
            method: &session.req_header().method,
            route: ctx.passage.as_ref().map(|passage| &*passage.route),
            status: match session.response_written() {
                Some(answer) => Some(answer.status.as_u16()),
                None => ctx.switched.then_some(101),
            },
            client: ctx.link.as_ref().map(|link| link.origin.client),
            sent_bytes: session.body_bytes_sent(),
            took: ctx.begun.elapsed(),
            added: ctx.added,
        });
    }

    /// Without target, host or cookie: this goes into logs.
    fn request_summary(&self, session: &Session, ctx: &Ctx) -> String {
        let route = ctx.passage.as_ref().map_or("-", |passage| &*passage.route);
        format!("{} on route {route}", session.req_header().method)
    }

    /// Logged by us, in `fail_to_proxy`.
    fn suppress_error_log(&self, _: &Session, _: &Ctx, _: &Error) -> bool {
        true
    }

    fn suppress_proxy_warn_log(
        &self,
        _: &Session,
        _: &Ctx,
        _: &Error,
        _: ProxyWarnLogContext,
    ) -> bool {
        true
    }
}
