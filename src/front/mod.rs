//! Between proxy and gate: asks the gate about each request, and turns what it says into an answer that
//! this kind of client can use. It decides nothing: what may pass is in the admission, what a page says
//! in `web`.

mod bond;
mod kind;
mod origin;
mod preflight;
mod problem;
mod redirect;
mod related;
mod well_known;

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use axum::body::{Body, to_bytes};
use bytes::Bytes;
use http::header::COOKIE;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, Uri};
use tower::ServiceExt;

pub use kind::ClientKind;
pub use redirect::Redirect;

use crate::audit::{Audit, Event, EventName};
use crate::clock::Clock;
use crate::gate::{
    self, ADMIN_ROUTE, Arrival, Door, Gate, IdentityPlan, Incoming, Reference, Snapshot,
};
use crate::journey::{Opening, ReturnAddress, Transaction};
use crate::keys::Purpose;
use crate::observe::{DecisionKind, Metrics};
use crate::points::{Forbidden, Grant, Shortfall, Timestamp};
use crate::proxy::{
    Admission, Bond, Client, Finished, Gatekeeper, Head, Passage, PortalTrouble, Refusal, Strip,
    TurnedAway,
};
use crate::routes::NotRouted;
use crate::sessions::{Present, cookies};
use crate::web::answer::{Answer, Kind};
use crate::web::pages::{
    self, InsideFrame, PortalDown, PortalFault, PostLost, Refused, RoundsCause,
};
use crate::web::{self, Caller, Portal, Transport};
use bond::Tied;
use problem::Problem;

/// More of our own pages than this does not exist.
const PAGE_LIMIT: usize = 1024 * 1024;
const TRY_AGAIN: Duration = Duration::from_secs(5);
static REFERENCE: HeaderName = HeaderName::from_static("x-scoregate-reference");

/// The gatekeeper of the proxy.
#[derive(Debug)]
pub struct Front {
    gate: Arc<Gate>,
    door: Door,
    /// The administrators' pages; empty until they are there, and then a fault rather than a way in.
    admin: Arc<OnceLock<axum::Router>>,
    snapshot: Arc<ArcSwap<Snapshot>>,
    portal: Portal,
    router: axum::Router,
    /// What is taken from clients, and the revision of the configuration that says so.
    strip: ArcSwap<(u64, Arc<Strip>)>,
    audit: Arc<Audit>,
    metrics: Arc<Metrics>,
    clock: Arc<dyn Clock>,
}

/// What a front is made of.
#[derive(Debug)]
pub struct Parts {
    pub gate: Gate,
    /// The listener that it stands behind.
    pub door: Door,
    /// The administrators' pages, which are made when everything else is.
    pub admin: Arc<OnceLock<axum::Router>>,
    pub snapshot: Arc<ArcSwap<Snapshot>>,
    pub portal: Portal,
    /// More pages of our own, for a demonstration.
    pub demo_pages: Option<axum::Router<Portal>>,
    pub audit: Arc<Audit>,
    pub metrics: Arc<Metrics>,
    pub clock: Arc<dyn Clock>,
}

/// The gate let this request through to the administrators' pages. Made in [`Front::admit`] alone.
#[derive(Clone, Debug)]
struct Admitted(Arc<Grant>);

impl Front {
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let snapshot = parts.snapshot.load();
        let strip = (snapshot.revision, strip_of(&snapshot));
        drop(snapshot);
        Self {
            router: web::router(parts.portal.clone(), parts.demo_pages),
            gate: Arc::new(parts.gate),
            door: parts.door,
            admin: parts.admin,
            snapshot: parts.snapshot,
            portal: parts.portal,
            strip: ArcSwap::from_pointee((strip.0, Arc::new(strip.1))),
            audit: parts.audit,
            metrics: parts.metrics,
            clock: parts.clock,
        }
    }

    async fn judge(&self, head: &Head<'_>) -> gate::Admission {
        let fields: Vec<&[u8]> =
            head.headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
        let incoming = Incoming {
            door: self.door,
            host: head.host,
            method: head.method.as_str(),
            target: head.target,
            cookies: &fields,
            address: Some(head.client),
            upgrade: head.upgrade,
            preflight: preflight::origin(head),
        };
        self.gate.admit(incoming, &self.snapshot.load_full(), self.clock.now()).await
    }

    /// Names of portals' own are taken from clients on every route: two routes may lead to one portal.
    fn strip(&self, snapshot: &Snapshot) -> Arc<Strip> {
        let known = self.strip.load();
        if known.0 == snapshot.revision {
            return known.1.clone();
        }
        let strip = Arc::new(strip_of(snapshot));
        self.strip.store(Arc::new((snapshot.revision, strip.clone())));
        strip
    }

    fn forward(&self, head: &Head<'_>, passage: gate::Passage) -> Admission {
        let gate::Passage { arrival, grant, identity, is_preflight } = passage;
        if head.upgrade && !arrival.requirement.is_public() && !origin::may_open(head, &arrival) {
            return answered(self.foreign(head, arrival));
        }
        // Only where a person looks: what else a page is made of is kept by caches.
        let is_navigation = |_: &HeaderValue| {
            ClientKind::of(head.method, head.headers, head.upgrade) == ClientKind::Navigation
        };
        let mut set_cookies: Vec<_> = renewed(&arrival).filter(is_navigation).into_iter().collect();
        set_cookies.extend(arrived(head.headers).filter(is_navigation));
        let Some(upstream) = arrival.snapshot.upstreams.get(&arrival.route.upstream) else {
            // A route without its upstream cannot be in a checked configuration.
            return Admission::Refuse(Refusal::Internal);
        };
        if is_preflight {
            self.metrics.decided(Some(&arrival.route.name), DecisionKind::Public, "preflight");
        } else if arrival.requirement.is_public() {
            self.metrics.decided(Some(&arrival.route.name), DecisionKind::Public, "public");
        } else {
            self.metrics.decided(Some(&arrival.route.name), DecisionKind::Allow, "score");
        }
        let (gate, snapshot) = (&self.gate, &self.snapshot);
        let tied = Tied::of(gate, snapshot, &self.clock, head, &arrival, &grant);
        Admission::Forward(Box::new(Passage {
            bond: tied.map(|tied| Arc::new(tied) as Arc<dyn Bond>),
            stream_idle: arrival.route.streams.idle,
            grant,
            upstream: upstream.clone(),
            route: arrival.route.name.clone(),
            strip: self.strip(&arrival.snapshot),
            identity: identity.headers,
            remove: if is_preflight { preflight::others(head.headers) } else { Vec::new() },
            set_cookies,
            body_limit: arrival.route.body_limit_bytes,
            session: arrival.session.as_ref().map(Present::key),
        }))
    }

    /// More is to be shown first.
    fn challenge(&self, head: &Head<'_>, arrival: Box<Arrival>, shortfall: &Shortfall) -> Answer {
        let caller = caller(arrival, head);
        let kind = ClientKind::of(head.method, head.headers, head.upgrade);
        self.metrics.decided(
            Some(&caller.arrival.route.name),
            DecisionKind::Challenge,
            if shortfall.signed_in { "step_up" } else { "sign_in" },
        );
        let page = if shortfall.signed_in { "confirm" } else { "sign-in" };
        let to = challenge_path(&caller, head, kind, shortfall.signed_in);
        match kind {
            ClientKind::Navigation => self.onwards(&caller, page, &to),
            ClientKind::FormPost => {
                let sign_in = format!("/.scoregate/{page}?tx={}", caller.tx(&to));
                let frame = caller.frame_with_reference(&self.portal, shortfall.signed_in);
                caller.page(Kind::Unauthorized, PostLost { frame, sign_in }.render())
            }
            ClientKind::Frame => {
                let sign_in = format!("/.scoregate/{page}?tx={}", caller.tx(&to));
                let frame = caller.frame_with_reference(&self.portal, shortfall.signed_in);
                caller.page(Kind::Unauthorized, InsideFrame { frame, sign_in }.render())
            }
            ClientKind::Script => {
                let requirement = &caller.arrival.requirement;
                let tx = caller.tx(&to);
                let url = format!("{}/.scoregate/{page}?tx={tx}", origin(&caller));
                let reference = caller.reference.to_string();
                let problem = Problem::step_up(requirement, shortfall, url, reference);
                Answer::json(Kind::Unauthorized, "application/problem+json", problem.json())
                    .with(http::header::WWW_AUTHENTICATE, &problem::www_authenticate(requirement))
            }
            ClientKind::Subresource | ClientKind::WebSocket => Answer::bare(Kind::Unauthorized),
            ClientKind::Grpc => grpc("16", "more sign-in steps are needed"),
        }
        .with(REFERENCE.clone(), &caller.reference.to_string())
    }

    /// To the page where more is shown. Whether a sign-in is lost on its way here is looked at there; a
    /// session that was enough a moment ago, and is not on arrival, here.
    fn onwards(&self, caller: &Caller, page: &str, to: &Transaction) -> Answer {
        let back = caller.session().and_then(|_| caller.back_again(&to.return_to));
        match back {
            Some(rounds) if rounds.are_in_vain() => {
                web::going_round(&self.portal, caller, RoundsCause::NeverEnough, page, to)
            }
            Some(rounds) => caller.to(page, to).cookie(&caller.rounds_cookie(&rounds)),
            None => caller.to(page, to),
        }
    }

    /// More would not help.
    fn forbid(&self, head: &Head<'_>, arrival: Box<Arrival>, reason: Forbidden) -> Answer {
        let caller = caller(arrival, head);
        let word = forbidden(reason);
        self.metrics.decided(Some(&caller.arrival.route.name), DecisionKind::Deny, word);
        self.record_denied(&caller, word);
        let requirement = caller.arrival.requirement.clone();
        match ClientKind::of(head.method, head.headers, head.upgrade) {
            ClientKind::Navigation | ClientKind::FormPost | ClientKind::Frame => {
                web::denied_page(&self.portal, &caller, reason, &requirement)
            }
            ClientKind::Script => {
                let score = caller.arrival.score().value();
                let problem = Problem::forbidden(&requirement, score, caller.reference.to_string());
                Answer::json(Kind::Denied, "application/problem+json", problem.json())
            }
            ClientKind::Subresource | ClientKind::WebSocket => Answer::bare(Kind::Denied),
            ClientKind::Grpc => grpc("7", "not open to this user"),
        }
        .with(REFERENCE.clone(), &caller.reference.to_string())
    }

    /// A page of another origin asks for a WebSocket as this user.
    fn foreign(&self, head: &Head<'_>, arrival: Arrival) -> Answer {
        let caller = caller(Box::new(arrival), head);
        self.metrics.decided(Some(&caller.arrival.route.name), DecisionKind::Deny, "origin");
        self.record_denied(&caller, "origin");
        Answer::bare(Kind::Denied).with(REFERENCE.clone(), &caller.reference.to_string())
    }

    fn record_denied(&self, caller: &Caller, reason: &'static str) {
        let arrival = &caller.arrival;
        let mut event = Event::new(EventName::AccessDenied, arrival.now)
            .directory(&arrival.route.directory)
            .route(&arrival.route.name)
            .rule(arrival.rule.as_deref())
            .source(arrival.address)
            .reference(caller.reference)
            .revision(arrival.snapshot.revision)
            .reason(reason);
        if let Some(session) = &arrival.session {
            event = event.target(&session.account().user.id).session(&session.short_name());
        }
        self.audit.record(event);
    }

    /// It could not be found out who asks. Made from what the gate found, so that a store that is down
    /// is not asked again.
    fn unavailable(&self, head: &Head<'_>, arrival: Box<Arrival>) -> Answer {
        let caller = caller(arrival, head);
        self.audit.record(
            Event::new(EventName::RequestRefused, caller.arrival.now)
                .route(&caller.arrival.route.name)
                .source(caller.arrival.address)
                .reference(caller.reference)
                .reason("unavailable"),
        );
        let kind = Kind::Unavailable { retry_after: TRY_AGAIN };
        let answer = match ClientKind::of(head.method, head.headers, head.upgrade) {
            ClientKind::Navigation | ClientKind::FormPost | ClientKind::Frame => {
                let frame = caller.frame_with_reference(&self.portal, false);
                let retry_after_s = Some(TRY_AGAIN.as_secs());
                let refusal = pages::Refusal::Unavailable;
                let page = Refused { frame, refusal, retry_after_s, retry: None };
                caller.page(kind, page.render())
            }
            ClientKind::Script => {
                let refusal = Refusal::Unavailable { retry_after: TRY_AGAIN };
                let text = crate::proxy::plain(&refusal, &caller.reference.to_string());
                Answer::json(kind, "text/plain; charset=utf-8", text.into_body().to_vec())
            }
            ClientKind::Subresource | ClientKind::WebSocket => Answer::bare(kind),
            ClientKind::Grpc => grpc("14", "not available for the moment"),
        };
        answer.with(REFERENCE.clone(), &caller.reference.to_string())
    }

    /// A page for a refusal, where the request says which host, language and client it is for.
    async fn refusal_page(
        &self,
        refusal: &Refusal,
        reference: &str,
        head: &Head<'_>,
    ) -> Option<Answer> {
        let (arrival, is_signed_in) = match self.judge(head).await {
            gate::Admission::Forward(passage) => {
                let is_signed_in = passage.arrival.session.is_some();
                (passage.arrival, is_signed_in)
            }
            gate::Admission::OwnPage(arrival)
            | gate::Admission::StepUp(arrival, _)
            | gate::Admission::Forbid(arrival, _)
            | gate::Admission::Unsendable(arrival, _)
            | gate::Admission::Unavailable(arrival, _) => (*arrival, false),
            gate::Admission::Refuse(_) => return None,
        };
        let caller = caller(Box::new(arrival), head);
        let mut frame = caller.frame(&self.portal);
        frame.reference = Some(reference.to_owned());
        let html = match page_of(refusal) {
            PageOf::Portal(fault) => {
                let path = std::str::from_utf8(head.target).ok().map(str::to_owned);
                let retry = path.filter(|_| head.method.is_safe());
                PortalDown { frame, fault, is_signed_in, retry }.render()
            }
            PageOf::Refusal(page) => {
                let retry_after_s = refusal.retry_after();
                Refused { frame, refusal: page, retry_after_s, retry: None }.render()
            }
        };
        Some(Answer::page(Kind::Failed, html))
    }
}

#[async_trait]
impl Gatekeeper for Front {
    async fn admit(&self, head: &Head<'_>) -> Admission {
        if let Some(answer) = well_known::answer(head, self.door, &self.snapshot.load()) {
            return answered(answer);
        }
        let admission = self.judge(head).await;
        if let Some(answer) = admission.arrival().and_then(|at| related::origins(head, at)) {
            return answered(answer);
        }
        match admission {
            gate::Admission::Forward(passage) if passage.arrival.is_for_administrators() => {
                self.metrics.decided(Some(ADMIN_ROUTE), DecisionKind::Allow, "score");
                let mut extensions = http::Extensions::new();
                let gate::Passage { arrival, grant, .. } = *passage;
                extensions.insert(Admitted(Arc::new(grant)));
                extensions.insert(Arc::new(arrival));
                Admission::Page(extensions)
            }
            gate::Admission::Forward(passage) => self.forward(head, *passage),
            gate::Admission::OwnPage(arrival) => {
                let mut extensions = http::Extensions::new();
                extensions.insert(Arc::<Arrival>::from(arrival));
                Admission::Page(extensions)
            }
            gate::Admission::StepUp(arrival, shortfall) => {
                answered(self.challenge(head, arrival, &shortfall))
            }
            gate::Admission::Forbid(arrival, reason) => {
                answered(self.forbid(head, arrival, reason))
            }
            gate::Admission::Refuse(refusal) => Admission::Refuse(not_routed(&refusal)),
            gate::Admission::Unsendable(arrival, unsendable) => {
                tracing::error!(route = %arrival.route.name, %unsendable, "a portal cannot be told who asks");
                self.metrics.decided(Some(&arrival.route.name), DecisionKind::Error, "identity");
                Admission::Refuse(Refusal::Unsendable)
            }
            gate::Admission::Unavailable(arrival, error) => {
                tracing::error!(route = %arrival.route.name, error = &error as &dyn std::error::Error, "sessions cannot be read");
                self.metrics.decided(Some(&arrival.route.name), DecisionKind::Error, "store");
                answered(self.unavailable(head, arrival))
            }
        }
    }

    async fn page(&self, mut request: Request<Bytes>) -> Response<Bytes> {
        let reference = Reference::random();
        let is_tls = request.extensions().get::<Client>().is_some_and(|client| client.secure);
        request.extensions_mut().insert(Transport { is_tls, reference });
        // The router would cut the body, and with it the length; the proxy cuts it when it writes.
        if request.method() == http::Method::HEAD {
            *request.method_mut() = http::Method::GET;
        }
        // The router cannot fail (its error has no values); the match says so to the compiler.
        // Only with the decision's yes in hand; without one it is a page for everybody.
        let router = match request.extensions().get::<Admitted>() {
            Some(Admitted(_grant)) => match self.admin.get() {
                Some(router) => router,
                None => return Answer::bare(Kind::Failed).into_response(),
            },
            None => &self.router,
        };
        let response = match router.clone().oneshot(request.map(Body::from)).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let (mut parts, body) = response.into_parts();
        if let Ok(value) = HeaderValue::from_str(&reference.to_string()) {
            parts.headers.insert(REFERENCE.clone(), value);
        }
        match to_bytes(body, PAGE_LIMIT).await {
            Ok(bytes) => Response::from_parts(parts, bytes),
            Err(_) => Answer::bare(Kind::Failed).into_response(),
        }
    }

    async fn refuse(
        &self,
        refusal: &Refusal,
        reference: &str,
        client: IpAddr,
        head: Option<&Head<'_>>,
    ) -> Response<Bytes> {
        self.audit.record(refused(refusal, reference, client, self.clock.now()));
        let wants_page = head.filter(|head| {
            let kind = ClientKind::of(head.method, head.headers, head.upgrade);
            matches!(kind, ClientKind::Navigation | ClientKind::FormPost | ClientKind::Frame)
        });
        if let Some(head) = wants_page
            && let Some(answer) = self.refusal_page(refusal, reference, head).await
        {
            return answer.into_response();
        }
        crate::proxy::plain(refusal, reference)
    }

    fn begun(&self) {
        self.metrics.begun();
    }

    fn ended(&self) {
        self.metrics.ended();
    }

    fn finished(&self, finished: &Finished<'_>) {
        if let (Some(route), Some(added)) = (finished.route, finished.added) {
            self.metrics.added(route, added);
        }
        if let Some(status) = finished.status {
            self.metrics.answered(finished.method.as_str(), status, finished.route, finished.took);
        }
    }

    fn not_a_request(&self, client: IpAddr) {
        self.audit.record(not_http(client, self.clock.now()));
    }

    fn turned_away(&self, why: TurnedAway) {
        self.metrics.turned_away(why.name());
    }
}

/// A request that got neither a portal nor an own page.
fn refused(refusal: &Refusal, reference: &str, client: IpAddr, now: Timestamp) -> Event {
    Event::new(EventName::RequestRefused, now)
        .source(Some(client))
        .reference(reference)
        .reason(reason(refusal))
}

/// Something that Pingora's parser did not take for a request.
fn not_http(client: IpAddr, now: Timestamp) -> Event {
    Event::new(EventName::RequestRefused, now).source(Some(client)).reason("not_http")
}

fn strip_of(snapshot: &Snapshot) -> Strip {
    Strip::with_names(snapshot.identities.values().flat_map(IdentityPlan::names))
}

fn answered(answer: Answer) -> Admission {
    Admission::Answer(Box::new(answer.into_response()))
}

fn caller(arrival: Box<Arrival>, head: &Head<'_>) -> Caller {
    let transport = Transport { is_tls: head.secure, reference: Reference::random() };
    let uri = std::str::from_utf8(head.target)
        .ok()
        .and_then(|target| target.parse::<Uri>().ok())
        .unwrap_or_default();
    let mut caller = Caller::new(Arc::from(arrival), transport, head.headers, &uri);
    // Over HTTP/2 the host is in `:authority`.
    caller.authority = String::from_utf8_lossy(head.host).into_owned();
    caller
}

/// Where the person was going. A navigation goes on to its own address. Anything else is made again by whoever
/// made it, so the person goes back to the page that it came from, having shown what the call asks. What is no
/// address to come back to leads to the start page.
fn challenge_path(
    caller: &Caller,
    head: &Head<'_>,
    kind: ClientKind,
    is_step_up: bool,
) -> Transaction {
    let target = std::str::from_utf8(head.target).ok();
    let begin = |address: Option<ReturnAddress>| {
        Transaction::begin(address.unwrap_or_default(), is_step_up, caller.arrival.now)
    };
    if kind == ClientKind::Navigation {
        let accept = |address: &str| ReturnAddress::accept(address, &caller.arrival.host);
        return begin(target.and_then(accept));
    }
    let is_short = |page: &ReturnAddress| page.as_str().len() <= Opening::LONGEST_RETURN;
    let mut transaction = begin(page_of_call(caller, head).filter(is_short));
    transaction.opening = target.map(|target| Opening::of(head.method.as_str(), target));
    transaction
}

/// The page of this very origin that a browser names as where a call came from.
fn page_of_call(caller: &Caller, head: &Head<'_>) -> Option<ReturnAddress> {
    let referer = head.headers.get(http::header::REFERER)?.to_str().ok()?;
    let path = referer.strip_prefix(&origin(caller))?;
    ReturnAddress::accept(path, &caller.arrival.host)
}

fn origin(caller: &Caller) -> String {
    let scheme = if caller.is_tls { "https" } else { "http" };
    let port = caller.arrival.port.map(|port| format!(":{port}")).unwrap_or_default();
    format!("{scheme}://{}{port}", caller.arrival.host)
}

/// The session's cookie under the newer key.
fn renewed(arrival: &Arrival) -> Option<HeaderValue> {
    let name = arrival.session.as_ref()?.to_sign_anew?;
    let token = name.token(Purpose::SessionName, &arrival.snapshot.keys);
    HeaderValue::from_str(&cookies::set(cookies::SESSION, &token, None)).ok()
}

/// It got in: whatever was counted on the way is over.
fn arrived(headers: &HeaderMap) -> Option<HeaderValue> {
    let fields = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes);
    cookies::find(fields, cookies::ROUNDS)?;
    HeaderValue::from_str(&cookies::clear(cookies::ROUNDS)).ok()
}

fn grpc(status: &'static str, message: &'static str) -> Answer {
    Answer::json(Kind::Page, "application/grpc", Vec::new())
        .with(HeaderName::from_static("grpc-status"), status)
        .with(HeaderName::from_static("grpc-message"), message)
}

const fn not_routed(refusal: &NotRouted) -> Refusal {
    match refusal {
        NotRouted::UnknownHost => Refusal::UnknownHost,
        NotRouted::BadHost(_) => Refusal::BadRequest("host"),
        NotRouted::BadTarget(_) => Refusal::BadRequest("target"),
        NotRouted::TargetTooLong => Refusal::TargetTooLong,
        NotRouted::NoRoute => Refusal::NotFound,
    }
}

/// For audit and metrics.
const fn forbidden(reason: Forbidden) -> &'static str {
    match reason {
        Forbidden::Role => "role",
        Forbidden::Directory => "directory",
        Forbidden::Network => "network",
    }
}

/// For the audit.
const fn reason(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::BadRequest(why) => why,
        Refusal::UnknownHost => "unknown_host",
        Refusal::Misdirected => "misdirected",
        Refusal::NotFound => "no_route",
        Refusal::MethodNotAllowed => "method",
        Refusal::SlowBody => "slow_body",
        Refusal::TooLarge => "too_large",
        Refusal::TargetTooLong => "target_too_long",
        Refusal::HeadTooLarge => "head_too_large",
        Refusal::Expectation => "expectation",
        Refusal::Unavailable { .. } => "unavailable",
        Refusal::PortalDown(PortalTrouble::Unreachable) => "portal_unreachable",
        Refusal::PortalDown(PortalTrouble::Slow) => "portal_slow",
        Refusal::PortalDown(PortalTrouble::Garbled) => "portal_garbled",
        Refusal::PortalDown(PortalTrouble::Down) => "portal_down",
        Refusal::PortalDown(PortalTrouble::Full) => "portal_full",
        Refusal::Unsendable => "identity_too_long",
        Refusal::Internal => "internal",
    }
}

enum PageOf {
    Portal(PortalFault),
    Refusal(pages::Refusal),
}

const fn page_of(refusal: &Refusal) -> PageOf {
    PageOf::Refusal(match refusal {
        Refusal::PortalDown(
            PortalTrouble::Unreachable | PortalTrouble::Garbled | PortalTrouble::Down,
        ) => {
            return PageOf::Portal(PortalFault::Unreachable);
        }
        Refusal::PortalDown(PortalTrouble::Full) => pages::Refusal::Unavailable,
        Refusal::PortalDown(PortalTrouble::Slow) => return PageOf::Portal(PortalFault::Slow),
        Refusal::BadRequest(_) | Refusal::SlowBody | Refusal::Expectation => {
            pages::Refusal::NotUnderstood
        }
        Refusal::UnknownHost | Refusal::Misdirected => pages::Refusal::UnknownHost,
        Refusal::NotFound => pages::Refusal::NotFound,
        Refusal::MethodNotAllowed => pages::Refusal::WrongMethod,
        Refusal::TooLarge => pages::Refusal::TooLarge,
        Refusal::TargetTooLong => pages::Refusal::AddressTooLong,
        Refusal::HeadTooLarge => pages::Refusal::HeadersTooLarge,
        Refusal::Unavailable { .. } => pages::Refusal::Unavailable,
        Refusal::Unsendable | Refusal::Internal => pages::Refusal::Fault,
    })
}
