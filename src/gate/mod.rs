//! The gate: one request in, one admission out. Route, evidence, decision, identity, in that order and
//! without a framework, so that it is tested without a socket. Not here: writing a response, or what a
//! page looks like.

mod admin;
mod assertion;
mod identity;
mod reference;
mod snapshot;
mod standing;
#[cfg(test)]
pub(crate) mod tests;

use std::net::IpAddr;
use std::sync::Arc;

pub use admin::{ADMIN_ROUTE, Door, KEPT};
pub use identity::{Identity, IdentityPlan, Unsendable};
pub use reference::Reference;
pub use snapshot::{DirectoryPolicy, Snapshot};
pub use standing::{Again, Standing};

use http::header::AUTHORIZATION;

use crate::accounts::StoreError;
use crate::points::{
    Decision, Forbidden, Grant, Level, Outcome, Person, Requirement, Score, Settings, Shortfall,
    Timestamp, Weighing, decide, weigh,
};
use crate::routes::{Match, NotRouted, Route};
use crate::sessions::{Found, Present, Sessions, cookies};
use assertion::{Assertions, JWT};

/// What the gate looks at of one request. The bytes are those that would go upstream.
#[derive(Clone, Copy, Debug)]
pub struct Incoming<'a> {
    /// The listener that it came in by.
    pub door: Door,
    /// The `Host` field or `:authority`, with its port if it has one.
    pub host: &'a [u8],
    pub method: &'a str,
    pub target: &'a [u8],
    /// The values of all `Cookie` fields.
    pub cookies: &'a [&'a [u8]],
    /// The client; `None` where it cannot be known.
    pub address: Option<IpAddr>,
    /// It asks for a WebSocket: what it opens lasts longer than an answer.
    pub upgrade: bool,
    /// It is a browser's question before a call of a script (a CORS preflight) of a page of this origin: an
    /// `OPTIONS` without any credentials. `None`: it is not one.
    pub preflight: Option<&'a str>,
}

/// Files of our pages, the same for everybody.
const ASSETS: &[u8] = b"/.scoregate/assets/";
/// The keys of assertions, likewise.
const JWKS: &[u8] = b"/.scoregate/jwks.json";
/// The script for pages of portals, likewise.
const STEP_UP: &[u8] = b"/.scoregate/step-up.js";

/// Where a request arrived and who sent it: what own pages and challenges are made from.
#[derive(Clone, Debug)]
pub struct Arrival {
    pub snapshot: Arc<Snapshot>,
    pub door: Door,
    pub route: Arc<Route>,
    /// The rule that the raw reading of the path matched.
    pub rule: Option<Arc<str>>,
    pub requirement: Arc<Requirement>,
    /// Why this place asks for more, by language.
    pub explain: Arc<std::collections::BTreeMap<String, String>>,
    /// The host as it was named, in lower case and without port.
    pub host: Arc<str>,
    /// The port that was named with the host.
    pub port: Option<u16>,
    pub session: Option<Present>,
    /// A session was here, and ended because it was idle.
    pub was_idle: bool,
    pub address: Option<IpAddr>,
    pub now: Timestamp,
}

/// A request that may go on, and everything that goes with it.
#[derive(Debug)]
pub struct Passage {
    pub arrival: Arrival,
    pub grant: Grant,
    /// Names nobody on public routes.
    pub identity: Identity,
    /// It passes as the question of a browser before a call, and not as the call.
    pub is_preflight: bool,
}

/// The answer of the gate. Whoever adds one decides at every place what becomes of it.
#[must_use]
#[derive(Debug)]
pub enum Admission {
    Forward(Box<Passage>),
    /// An address of our own, under `/.scoregate`.
    OwnPage(Box<Arrival>),
    /// More is to be shown first.
    StepUp(Box<Arrival>, Box<Shortfall>),
    Forbid(Box<Arrival>, Forbidden),
    /// It is no request that any route takes.
    Refuse(NotRouted),
    /// It may pass, and the portal could not be told who asks.
    Unsendable(Box<Arrival>, Unsendable),
    /// What the session has shown could not be read.
    Unavailable(Box<Arrival>, StoreError),
}

impl Admission {
    /// Where the request came to; `None`: nowhere.
    #[must_use]
    pub fn arrival(&self) -> Option<&Arrival> {
        match self {
            Self::Forward(passage) => Some(&passage.arrival),
            Self::OwnPage(arrival)
            | Self::StepUp(arrival, _)
            | Self::Forbid(arrival, _)
            | Self::Unsendable(arrival, _)
            | Self::Unavailable(arrival, _) => Some(arrival),
            Self::Refuse(_) => None,
        }
    }
}

/// Judges requests.
#[derive(Debug)]
pub struct Gate {
    sessions: Arc<Sessions>,
    assertions: Assertions,
}

impl Gate {
    #[must_use]
    pub fn new(sessions: Arc<Sessions>) -> Self {
        Self { sessions, assertions: Assertions::default() }
    }

    /// Judges one request at `now`, with one snapshot from beginning to end.
    pub async fn admit(
        &self,
        request: Incoming<'_>,
        snapshot: &Arc<Snapshot>,
        now: Timestamp,
    ) -> Admission {
        let Some(table) = snapshot.table(request.door) else {
            return Admission::Refuse(NotRouted::UnknownHost);
        };
        let matched = match table.find(request.host, request.method, request.target) {
            Ok(matched) => matched,
            Err(refusal) => return Admission::Refuse(refusal),
        };
        if !request.door.accepts(snapshot, &matched) {
            return Admission::Refuse(NotRouted::UnknownHost);
        }
        let own_page = matched.own_page;
        let mut arrival = arrive(matched, &request, snapshot, now);
        // A public route stays up while the store is down: it never asks it. Nor does the style of the
        // page that says so.
        let is_file =
            matches!(request.target, JWKS | STEP_UP) || request.target.starts_with(ASSETS);
        if own_page && is_file {
            return Admission::OwnPage(Box::new(arrival));
        }
        if arrival.requirement.is_public() && !own_page {
            return judge(arrival, &self.assertions);
        }
        if !own_page && request.preflight.is_some_and(|origin| may_ask_before(&arrival, origin)) {
            return judge_preflight(arrival);
        }
        match self.session(&request, &arrival).await {
            // An old name reads for some seconds; a stream that it opened would go on without it.
            Ok(Found::Present(present)) if request.upgrade && !present.is_current() => {}
            Ok(Found::Present(present)) => arrival.session = Some(present),
            Ok(Found::Idle) => arrival.was_idle = true,
            Ok(Found::Nobody) => {}
            Err(error) => return Admission::Unavailable(Box::new(arrival), error),
        }
        if own_page {
            Admission::OwnPage(Box::new(arrival))
        } else {
            judge(arrival, &self.assertions)
        }
    }

    async fn session(
        &self,
        request: &Incoming<'_>,
        arrival: &Arrival,
    ) -> Result<Found, StoreError> {
        let token = cookies::find(request.cookies.iter().copied(), cookies::SESSION);
        let snapshot = &arrival.snapshot;
        let limits = arrival.session_limits();
        self.sessions.find(token, &arrival.host, &snapshot.keys, limits, arrival.now).await
    }
}

fn arrive(
    matched: Match,
    request: &Incoming<'_>,
    snapshot: &Arc<Snapshot>,
    now: Timestamp,
) -> Arrival {
    let host = host_name(request.host, matched.port);
    arrive_again(matched, request.door, host, request.address, snapshot, now)
}

fn arrive_again(
    matched: Match,
    door: Door,
    host: Arc<str>,
    address: Option<IpAddr>,
    snapshot: &Arc<Snapshot>,
    now: Timestamp,
) -> Arrival {
    Arrival {
        snapshot: snapshot.clone(),
        door,
        host,
        port: matched.port,
        route: matched.route,
        rule: matched.rule,
        requirement: matched.requirement,
        explain: matched.explain,
        session: None,
        was_idle: false,
        address,
        now,
    }
}

/// The host as it was named, in lower case and without its port. The table has checked its characters.
fn host_name(host: &[u8], port: Option<u16>) -> Arc<str> {
    let name = match host.iter().rposition(|byte| *byte == b':') {
        Some(end) if port.is_some() => host.get(..end).unwrap_or(host),
        // Without a port, a colon belongs to an IPv6 address.
        Some(_) | None => host,
    };
    let name = String::from_utf8_lossy(name);
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        name.to_ascii_lowercase().into()
    } else {
        name.into()
    }
}

fn judge(arrival: Arrival, assertions: &Assertions) -> Admission {
    let Some(settings) = arrival.settings() else {
        // A route whose directory is not in the snapshot cannot be priced, so nobody passes.
        return Admission::Forbid(Box::new(arrival), Forbidden::Directory);
    };
    let Decision { outcome, weighing } = arrival.decide(&arrival.requirement, settings);
    match outcome {
        Outcome::Allow(grant) => match arrival.identity(&weighing, assertions) {
            Ok(identity) => {
                let is_preflight = false;
                Admission::Forward(Box::new(Passage { arrival, grant, identity, is_preflight }))
            }
            Err(unsendable) => Admission::Unsendable(Box::new(arrival), unsendable),
        },
        Outcome::StepUp(shortfall) => Admission::StepUp(Box::new(arrival), Box::new(shortfall)),
        Outcome::Forbid(reason) => Admission::Forbid(Box::new(arrival), reason),
    }
}

/// The route lets scripts of this origin's pages call.
fn may_ask_before(arrival: &Arrival, origin: &str) -> bool {
    let allowed = &arrival.route.answers.preflight;
    allowed.iter().any(|one| one == "*" || one.eq_ignore_ascii_case(origin))
}

/// A browser asks without credentials whether a script may call, so nobody can be known: what is asked of
/// people is not asked of the question. Where it comes from still is. The portal is told nothing of
/// us with it, not even what it knows the gateway by.
fn judge_preflight(mut arrival: Arrival) -> Admission {
    let Some(settings) = arrival.settings() else {
        return Admission::Forbid(Box::new(arrival), Forbidden::Directory);
    };
    if let Outcome::Forbid(reason) = arrival.decide(&arrival.requirement, settings).outcome {
        return Admission::Forbid(Box::new(arrival), reason);
    }
    let open = Requirement::default();
    match arrival.decide(&open, settings).outcome {
        Outcome::Allow(grant) => {
            arrival.requirement = Arc::new(open);
            let identity = Identity::default();
            Admission::Forward(Box::new(Passage { arrival, grant, identity, is_preflight: true }))
        }
        Outcome::StepUp(shortfall) => Admission::StepUp(Box::new(arrival), Box::new(shortfall)),
        Outcome::Forbid(reason) => Admission::Forbid(Box::new(arrival), reason),
    }
}

impl Arrival {
    /// Where this door leads, for an address that the person wants to go on to with this method.
    ///
    /// # Errors
    /// As of [`crate::routes::Table::find`]; a door that is not there knows no host.
    pub fn find(&self, method: &str, target: &[u8]) -> Result<Match, NotRouted> {
        let table = self.snapshot.table(self.door).ok_or(NotRouted::UnknownHost)?;
        table.find(self.host.as_bytes(), method, target)
    }

    /// It is for the administrators' portal.
    #[must_use]
    pub fn is_for_administrators(&self) -> bool {
        &*self.route.upstream == ADMIN_ROUTE
    }

    /// Administrators are asked to sign in again earlier.
    #[must_use]
    pub fn session_limits(&self) -> crate::sessions::SessionLimits {
        let mut limits = self.snapshot.config.session;
        if self.is_for_administrators() {
            limits.idle_timeout = limits.idle_timeout.min(self.snapshot.config.admin.idle_timeout);
        }
        limits
    }

    /// The settings of the route's directory, as they are now.
    #[must_use]
    pub fn settings(&self) -> Option<&Settings> {
        self.snapshot.directory(&self.route.directory).map(|directory| &directory.settings)
    }

    /// The domain of passkeys, if they can be used on this host.
    #[must_use]
    pub fn passkey_domain(&self) -> Option<&str> {
        self.snapshot.passkey_domain(&self.route.directory, &self.host)
    }

    /// Decides for the person who arrived, on any requirement of the same directory.
    pub fn decide(&self, requirement: &Requirement, settings: &Settings) -> Decision {
        let Some(session) = &self.session else {
            let nobody = Person { address: self.address, ..Person::NOBODY };
            return decide(requirement, &nobody, settings, self.now);
        };
        let enrolled: Vec<_>;
        let offered = self.snapshot.offered(&self.route.directory);
        let usable = if session.enrolled().iter().all(|one| offered.contains(one.method)) {
            session.enrolled()
        } else {
            enrolled = session
                .enrolled()
                .iter()
                .filter(|one| offered.contains(one.method))
                .cloned()
                .collect();
            &enrolled
        };
        let person = Person {
            evidence: &session.evidence(),
            enrolled: usable,
            roles: &session.account().user.roles,
            of_this_directory: session.directory() == &*self.route.directory,
            address: self.address,
        };
        decide(requirement, &person, settings, self.now)
    }

    /// What the session comes to at this place.
    #[must_use]
    pub fn score(&self) -> Score {
        let (Some(session), Some(settings)) = (&self.session, self.settings()) else {
            return Score::ZERO;
        };
        weigh(&self.requirement, &session.evidence(), settings, self.now).score
    }

    fn identity(
        &self,
        weighing: &Weighing,
        assertions: &Assertions,
    ) -> Result<Identity, Unsendable> {
        // A route without a plan tells its portal nothing, and neither does anybody a name of nobody.
        let Some(plan) = self.snapshot.identities.get(&self.route.name) else {
            return Ok(Identity::default());
        };
        let mut identity = match &self.session {
            Some(session) if self.requirement.level > Level::ZERO || weighing.signed_in => {
                let mut identity = plan.identity(session, weighing)?;
                if let Some(plan) = plan.assertion()
                    && let Some(value) = assertions.of(plan, self, session, weighing)?
                {
                    identity.headers.push((JWT.clone(), value));
                }
                identity
            }
            _ => Identity::default(),
        };
        if let Some(value) = plan.authorization() {
            identity.headers.push((AUTHORIZATION, value.clone()));
        }
        Ok(identity)
    }
}
