//! Requests that were let through and still run: a WebSocket, an event stream, a long download. What they
//! were let through for is looked at again, with what is known now. Not here: when that is done, and how
//! a stream is ended.

use std::sync::Arc;

use super::{Arrival, Door, Gate, Snapshot, arrive_again};
use crate::accounts::StoreError;
use crate::points::{Outcome, Requirement, Timestamp};
use crate::sessions::Present;

/// What is kept of a request while it runs: who asked for what. Not the snapshot that it was judged by.
#[derive(Clone, Debug)]
pub struct Standing {
    pub session: Present,
    pub door: Door,
    pub host: Arc<str>,
    pub method: http::Method,
    pub target: Box<[u8]>,
    pub address: Option<std::net::IpAddr>,
}

/// The answer, a second time.
#[must_use]
#[derive(Debug)]
pub enum Again {
    /// It may go on. The answer can change at `until` at the earliest.
    Stands { session: Present, until: Timestamp },
    /// The session is over, or its user is.
    SessionOver,
    /// More would have to be shown now.
    NotEnough,
    /// More would not help, or the route is gone.
    NotAllowed,
    /// It cannot be found out for the moment.
    Unknown(StoreError),
}

impl Gate {
    /// Judges a request that runs once more. Freshness was asked when it began, and is not asked again.
    pub async fn judge_again(
        &self,
        standing: &Standing,
        snapshot: &Arc<Snapshot>,
        now: Timestamp,
    ) -> Again {
        let limits = snapshot.config.session;
        let session = match self.sessions.find_again(&standing.session, limits, now).await {
            Ok(Some(session)) => session,
            Ok(None) => return Again::SessionOver,
            Err(error) => return Again::Unknown(error),
        };
        let Standing { door, host, method, target, address, .. } = standing;
        let found = snapshot
            .table(*door)
            .and_then(|table| table.find(host.as_bytes(), method.as_str(), target).ok());
        let Some(matched) = found.filter(|matched| !matched.own_page) else {
            return Again::NotAllowed;
        };
        let mut arrival = arrive_again(matched, *door, host.clone(), *address, snapshot, now);
        arrival.session = Some(session);
        decided(arrival)
    }
}

fn decided(arrival: Arrival) -> Again {
    let requirement = Requirement { fresh_within: None, ..(*arrival.requirement).clone() };
    let outcome = arrival.settings().map(|settings| arrival.decide(&requirement, settings).outcome);
    let limits = arrival.snapshot.config.session;
    match (outcome, arrival.session) {
        (Some(Outcome::Allow(grant)), Some(session)) => {
            let until = grant.until().min(session.ends_unused_at(limits));
            Again::Stands { session, until }
        }
        (Some(Outcome::StepUp(_)), _) => Again::NotEnough,
        // A route whose directory is not in the snapshot cannot be priced, so nobody stays.
        (Some(Outcome::Forbid(_) | Outcome::Allow(_)) | None, _) => Again::NotAllowed,
    }
}
