//! `/.well-known/webauthn`: the origins of other domains on which passkeys of this one work as well
//! (WebAuthn level 3, section 5.11). Public, and only on a host that is the domain of a directory with such
//! hosts; everywhere else the address is the portal's. Not here: which hosts those are (`config`).

use http::Method;
use serde_json::json;

use crate::gate::{Arrival, Door};
use crate::proxy::Head;
use crate::web::answer::{Answer, Kind};

const ADDRESS: &[u8] = b"/.well-known/webauthn";

/// The answer, if this is the question and there is one. What the gate says of who asks is of no matter, so a
/// store that is down is none either; that it knows the host is. Matched on the raw bytes alone.
pub(super) fn origins(head: &Head<'_>, arrival: &Arrival) -> Option<Answer> {
    let is_asked = head.target == ADDRESS && matches!(*head.method, Method::GET | Method::HEAD);
    if !is_asked || arrival.door != Door::Portals {
        return None;
    }
    let snapshot = &arrival.snapshot;
    let domains = snapshot.config.directories.values().filter_map(|one| one.passkeys.as_ref());
    let mut origins: Vec<String> = domains
        .filter(|domain| *domain.id == *arrival.host)
        .flat_map(|domain| domain.related_hosts.iter().map(|host| snapshot.origin(host)))
        .collect();
    if origins.is_empty() {
        return None;
    }
    origins.sort_unstable();
    origins.dedup();
    let json = json!({ "origins": origins }).to_string().into_bytes();
    Some(Answer::json(Kind::Page, "application/json", json))
}
