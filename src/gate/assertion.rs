//! The signed assertion: who asks, by what proofs, at which score, for which route; good for a minute and
//! for one portal. Signed once for half its life. Not here: the keys (`keys`), or who reads it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use serde::Serialize;

use super::Arrival;
use super::identity::{Unsendable, VALUE_LIMIT, amr};
use crate::accounts::ContactKind;
use crate::points::{Standing, Timestamp, Weighing};
use crate::sessions::{Present, SessionKey};

/// Carries the assertion.
pub(super) static JWT: HeaderName = HeaderName::from_static("x-scoregate-jwt");

/// How long an assertion is good.
const LIFE: Duration = Duration::from_secs(60);
/// How long one is sent again.
const FRESH: Duration = Duration::from_secs(30);
/// More than these are not kept: about 20 MiB.
const KEPT: usize = 8192;

/// For whom assertions of a route are, and who says so.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct AssertionPlan {
    /// `aud`: the portal.
    pub(super) audience: Arc<str>,
    /// `iss`: an address of this gateway, which is the same for all routes of a directory.
    pub(super) issuer: Arc<str>,
}

/// What an assertion says, apart from when.
#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    roles: Vec<&'a str>,
    amr: Vec<&'static str>,
    /// The oldest proof that counts: a portal that asks for a recent sign-in never gets too much.
    auth_time: u64,
    /// When each method was last shown, in seconds since 1970.
    methods: BTreeMap<&'static str, u64>,
    score: u16,
    route: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'a str>,
}

/// Where an assertion is kept: session, route, rule.
type Place = (SessionKey, Arc<str>, Option<Arc<str>>);

#[derive(Debug)]
struct Issued {
    /// It says exactly this, and was signed by this key.
    claims: String,
    key: Arc<str>,
    at: Timestamp,
    value: HeaderValue,
}

/// Assertions that are fresh.
#[derive(Debug, Default)]
pub(super) struct Assertions {
    issued: papaya::HashMap<Place, Arc<Issued>>,
}

impl Assertions {
    /// The assertion for whoever arrived. `None`: it could not be signed; the portal then gets none, and
    /// believes nobody.
    ///
    /// # Errors
    /// It would be too long.
    pub(super) fn of(
        &self,
        plan: &AssertionPlan,
        arrival: &Arrival,
        session: &Present,
        weighing: &Weighing,
    ) -> Result<Option<HeaderValue>, Unsendable> {
        let Some(value) = self.issued(plan, arrival, session, weighing) else { return Ok(None) };
        if value.len() > VALUE_LIMIT {
            return Err(Unsendable { header: JWT.clone(), bytes: value.len() });
        }
        Ok(Some(value))
    }

    fn issued(
        &self,
        plan: &AssertionPlan,
        arrival: &Arrival,
        session: &Present,
        weighing: &Weighing,
    ) -> Option<HeaderValue> {
        let claims = claims(plan, arrival, session, weighing)?;
        let key = arrival.snapshot.keys.assertion_key_id()?;
        let place = (session.key(), arrival.route.name.clone(), arrival.rule.clone());
        let issued = self.issued.pin();
        if let Some(known) = issued.get(&place)
            && known.claims == claims
            && known.key == *key
            && (known.at..known.at.after(FRESH)).contains(&arrival.now)
        {
            return Some(known.value.clone());
        }
        let value = sign(&claims, arrival)?;
        if issued.len() >= KEPT {
            issued.clear();
        }
        let one = Issued { claims, key: key.clone(), at: arrival.now, value: value.clone() };
        issued.insert(place, Arc::new(one));
        Some(value)
    }
}

fn sign(claims: &str, arrival: &Arrival) -> Option<HeaderValue> {
    let at = seconds(arrival.now);
    let open = claims.strip_suffix('}')?;
    let whole = format!(r#"{open},"iat":{at},"exp":{}}}"#, at.saturating_add(LIFE.as_secs()));
    let mut value = HeaderValue::from_str(&arrival.snapshot.keys.assert(whole.as_bytes())?).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn claims(
    plan: &AssertionPlan,
    arrival: &Arrival,
    session: &Present,
    weighing: &Weighing,
) -> Option<String> {
    let account = session.account();
    let evidence = session.evidence();
    let counted = evidence
        .proofs
        .iter()
        .zip(&weighing.standings)
        .filter(|(_, standing)| matches!(standing, Standing::Counted(_)))
        .map(|(proof, _)| proof);
    let (mut amr_values, mut methods, mut oldest) = (Vec::new(), BTreeMap::new(), None);
    for proof in counted {
        let (value, at) = (amr(proof.method), seconds(proof.at));
        if !amr_values.contains(&value) {
            amr_values.push(value);
        }
        let last = methods.entry(proof.method.name()).or_insert(at);
        *last = at.max(*last);
        oldest = Some(oldest.map_or(at, |before: u64| before.min(at)));
    }
    let claims = Claims {
        iss: &plan.issuer,
        aud: &plan.audience,
        sub: account.user.name.as_str(),
        name: account.user.display_name.as_deref(),
        email: account.contact(ContactKind::Email).map(|contact| &*contact.address),
        roles: account.user.roles.iter().map(|role| &**role).collect(),
        amr: amr_values,
        auth_time: oldest?,
        methods,
        score: weighing.score.value(),
        route: &arrival.route.name,
        rule: arrival.rule.as_deref(),
    };
    serde_json::to_string(&claims).ok()
}

const fn seconds(at: Timestamp) -> u64 {
    at.as_millis() / 1000
}
