//! `/.well-known/change-password` (W3C, "A Well-Known URL for Changing Passwords") and
//! `/.well-known/passkey-endpoints` (W3C, "A Well-Known URL for Relying Party Passkey Endpoints"): where
//! browsers and password managers look for the pages on which people change what they sign in with. Public,
//! the same for everybody, and only on hosts whose people have such a method and a route that leaves the
//! addresses to us; elsewhere they are the portal's. Not here: those pages, which ask for a sign-in.

use std::sync::Arc;

use http::Method;
use serde_json::json;

use super::REFERENCE;
use crate::gate::{Door, Reference, Snapshot};
use crate::points;
use crate::proxy::Head;
use crate::routes::Route;
use crate::web::answer::{Answer, Kind};

const CHANGE_PASSWORD: &[u8] = b"/.well-known/change-password";
const PASSKEY_ENDPOINTS: &[u8] = b"/.well-known/passkey-endpoints";
/// By which a browser finds out whether a host answers 200 to everything; if so, it believes none of it.
const NOT_THERE: &[u8] =
    b"/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200";

/// The answer, if this is one of the questions and ours to answer. Matched on the raw bytes alone.
pub(super) fn answer(head: &Head<'_>, door: Door, snapshot: &Snapshot) -> Option<Answer> {
    if !matches!(*head.method, Method::GET | Method::HEAD) {
        return None;
    }
    let of: fn(&Route, &str, &Snapshot) -> Option<Answer> = match head.target {
        CHANGE_PASSWORD => change_password,
        NOT_THERE => not_there,
        PASSKEY_ENDPOINTS => passkey_endpoints,
        _ => return None,
    };
    let (route, host) = place(head, door, snapshot)?;
    let answer = of(&route, &host, snapshot)?;
    Some(answer.with(REFERENCE.clone(), &Reference::random().to_string()))
}

/// The route that would get the request, or the host's first, if it leaves the answer to us; and the host
/// as it was named, in lower case and without its port.
fn place(head: &Head<'_>, door: Door, snapshot: &Snapshot) -> Option<(Arc<Route>, String)> {
    let table = snapshot.table(door)?;
    let pages = table.find(head.host, "GET", b"/.scoregate/").ok()?;
    let route = match table.find(head.host, "GET", head.target) {
        Ok(matched) => matched.route,
        Err(_) => pages.route,
    };
    let host = std::str::from_utf8(head.host).ok()?.to_ascii_lowercase();
    let host = match pages.port {
        Some(_) => host.rsplit_once(':')?.0.to_owned(),
        None => host,
    };
    let is_ours = route.answers.well_known && snapshot.accepts_port(&route, pages.port);
    is_ours.then_some((route, host))
}

fn has(snapshot: &Snapshot, route: &Route, methods: &[points::Method]) -> bool {
    let offered = snapshot.offered(&route.directory);
    methods.iter().any(|method| offered.contains(*method))
}

fn change_password(route: &Route, _: &str, snapshot: &Snapshot) -> Option<Answer> {
    let is_there = has(snapshot, route, &[points::Method::Password]);
    is_there.then(|| Answer::see_other("/.scoregate/me/password"))
}

fn not_there(route: &Route, _: &str, snapshot: &Snapshot) -> Option<Answer> {
    let is_there = has(snapshot, route, &[points::Method::Password]);
    is_there.then(|| Answer::bare(Kind::NotFound))
}

fn passkey_endpoints(route: &Route, host: &str, snapshot: &Snapshot) -> Option<Answer> {
    snapshot.passkey_domain(&route.directory, host)?;
    if !has(snapshot, route, &[points::Method::Passkey, points::Method::SecurityKey]) {
        return None;
    }
    let pages = snapshot.own_pages(host);
    let (enroll, manage) = (format!("{pages}me/passkeys/add"), format!("{pages}me/passkeys"));
    let json = json!({ "enroll": enroll, "manage": manage }).to_string();
    Some(Answer::published("application/json", json))
}
