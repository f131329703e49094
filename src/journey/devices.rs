//! Where somebody is signed in, and ending it. Ending a session takes nothing but access away, so that it
//! needs no more than looking at the account. Not here: how a session ends (`sessions`).

use super::{Journey, JourneyError, Permit, Visit};
use crate::audit::EventName;
use crate::keys::Keyring;
use crate::points::Timestamp;
use crate::sessions::{SessionKey, SessionLimits, SessionRecord};

/// A session as its person sees it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Device {
    /// Tells sessions apart in a form, and names none: the key never leaves the server.
    pub mark: String,
    pub is_this: bool,
    pub user_agent: Option<String>,
    /// Where it was begun.
    pub address: Option<String>,
    pub since: Timestamp,
    pub last_seen_at: Timestamp,
}

/// Shown at most.
const MOST: usize = 50;

impl Journey {
    /// The live sessions of the person, this one first, then the last used.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn devices(
        &self,
        visit: &Visit<'_>,
        permit: &Permit,
    ) -> Result<Vec<Device>, JourneyError> {
        let own = visit.arrival.session.as_ref().map(crate::sessions::Present::key);
        let keys = &visit.arrival.snapshot.keys;
        let limits = visit.arrival.snapshot.config.session;
        let now = visit.arrival.now;
        let mut records = self.sessions.list_of(&permit.account().user.id).await?;
        records.retain(|record| Some(record.key) == own || is_live(record, limits, now));
        records.sort_by_key(|record| {
            (Some(record.key) != own, std::cmp::Reverse(record.last_seen_at))
        });
        records.truncate(MOST);
        let device = |record: SessionRecord| Device {
            mark: mark(record.key, keys),
            is_this: Some(record.key) == own,
            user_agent: record.user_agent,
            address: record.address,
            since: record.created_at,
            last_seen_at: record.last_seen_at,
        };
        Ok(records.into_iter().map(device).collect())
    }

    /// Ends one other session of the person. `false`: there is none with this mark.
    ///
    /// # Errors
    /// It is over in memory; that the store does not say so yet is the caller's 503.
    pub async fn end_device(
        &self,
        visit: &Visit<'_>,
        permit: &Permit,
        named: &str,
    ) -> Result<bool, JourneyError> {
        let keys = &visit.arrival.snapshot.keys;
        let records = self.sessions.list_of(&permit.account().user.id).await?;
        let Some(found) = records.iter().find(|record| mark(record.key, keys) == named) else {
            return Ok(false);
        };
        self.record(visit, EventName::SessionRevoked, Some(permit.account()), Some("one"));
        Ok(self.sessions.end(found.key, visit.arrival.now).await?)
    }

    /// Ends every session of the person but this one.
    ///
    /// # Errors
    /// As [`Journey::end_device`].
    pub async fn end_other_devices(
        &self,
        visit: &Visit<'_>,
        permit: &Permit,
    ) -> Result<(), JourneyError> {
        let Some(session) = &visit.arrival.session else { return Ok(()) };
        self.record(visit, EventName::SessionRevoked, Some(permit.account()), Some("others"));
        let user = &permit.account().user.id;
        self.sessions.end_others_of(user, session.key(), visit.arrival.now).await?;
        Ok(())
    }
}

fn is_live(record: &SessionRecord, limits: SessionLimits, now: Timestamp) -> bool {
    now < record.ends_at && now < record.last_seen_at.after(limits.idle_timeout)
}

fn mark(session: SessionKey, keys: &Keyring) -> String {
    let hex: String = session.0.iter().map(|byte| format!("{byte:02x}")).collect();
    keys.fingerprint("device", &hex)
}
