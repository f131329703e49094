//! Another authenticator app. Its secret travels sealed for host, browser and session, is shown on one page
//! only, and is kept once a code shows that the app has it. Not here: pages, and taking an app away
//! (`enrolment`).

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde::{Deserialize, Serialize};

use super::{AppSetUp, Journey, JourneyError, Permit, Visit};
use crate::accounts::Account;
use crate::keys::Keyring;
use crate::methods::Totp;
use crate::points::{CredentialId, Timestamp};
use crate::secret::Secret;
use crate::sessions::SessionKey;
use crate::throttle::{CounterKey, Limit};

/// Apps that somebody may have.
pub const MOST_APPS: usize = 5;
const LIFETIME: Duration = Duration::from_secs(900);
/// Codes for one secret; three are right at any time.
const TRIES: Limit = Limit { count: 10, window: Duration::from_secs(1800) };

/// The secret of an app that is being added.
#[derive(Clone)]
pub struct AppTicket {
    pub secret: Secret<Vec<u8>>,
    until: Timestamp,
    /// The last code did not fit.
    pub was_wrong: bool,
}

impl std::fmt::Debug for AppTicket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AppTicket").field("until", &self.until).finish_non_exhaustive()
    }
}

#[derive(Deserialize, Serialize)]
struct Sealed {
    secret: Vec<u8>,
    until: u64,
    wrong: bool,
}

impl AppTicket {
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self { secret: Totp::new_secret(), until: now.after(LIFETIME), was_wrong: false }
    }

    #[must_use]
    pub fn token(
        &self,
        keys: &Keyring,
        host: &str,
        browser: &[u8; 32],
        session: SessionKey,
    ) -> String {
        let sealed = Sealed {
            secret: self.secret.reveal().clone(),
            until: self.until.as_millis(),
            wrong: self.was_wrong,
        };
        let json = zeroize::Zeroizing::new(serde_json::to_vec(&sealed).unwrap_or_default());
        BASE64.encode(keys.seal(&place(host, browser, session), &json))
    }

    /// `None`: of another host, browser or session, too old, or not ours.
    #[must_use]
    pub fn parse(
        token: &str,
        keys: &Keyring,
        host: &str,
        browser: &[u8; 32],
        session: SessionKey,
        now: Timestamp,
    ) -> Option<Self> {
        let json = keys.open(&place(host, browser, session), &BASE64.decode(token).ok()?)?;
        let sealed: Sealed = serde_json::from_slice(&json).ok()?;
        let until = Timestamp::from_millis(sealed.until);
        let secret = Secret::new(sealed.secret);
        (now < until).then_some(Self { secret, until, was_wrong: sealed.wrong })
    }
}

fn place(host: &str, browser: &[u8; 32], session: SessionKey) -> String {
    format!("app:{host}:{}:{}", BASE64.encode(browser), BASE64.encode(session.0))
}

impl Journey {
    /// Adds the app, if the code shows that it has the secret. It is on probation from now.
    ///
    /// # Errors
    /// The store did not answer; the app was not added.
    pub async fn add_app(
        &self,
        visit: &Visit<'_>,
        permit: &Permit,
        ticket: &AppTicket,
        code: &str,
    ) -> Result<AppSetUp, JourneyError> {
        let now = visit.arrival.now;
        let user = &permit.account().user.id;
        let tries = CounterKey::new("new-app", &[&user.0]);
        if !self.counters.count(&tries, TRIES.window, now).await?.is_within(TRIES) {
            return Ok(AppSetUp::NoTicket);
        }
        let _one_at_a_time = self.confirming.lock().await;
        let account = self.accounts.load_user(user).await?;
        let is_new = |account: &Account| {
            let same = |secret: &Secret<Vec<u8>>| secret.reveal() == ticket.secret.reveal();
            account.apps.len() < MOST_APPS && !account.apps.iter().any(|app| same(&app.secret))
        };
        if !account.as_ref().is_some_and(is_new) {
            return Ok(AppSetUp::NoTicket);
        }
        let Some(step) = Totp::confirm(&ticket.secret, code, now) else {
            return Ok(AppSetUp::Wrong);
        };
        self.accounts.add_app(user, ticket.secret.clone(), step, Some(now), now).await?;
        self.counters.forget(&tries).await?;
        self.changed(visit, permit);
        Ok(AppSetUp::Done)
    }

    /// Calls an app something: 1 to 40 characters, or nothing at all.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn name_app(
        &self,
        permit: &Permit,
        app: &CredentialId,
        name: &str,
    ) -> Result<(), JourneyError> {
        let name: String = name.split_whitespace().collect::<Vec<_>>().join(" ");
        let name: String = name.chars().filter(|c| !c.is_control()).take(40).collect();
        let user = &permit.account().user.id;
        self.changes.name_app(user, app, Some(name).filter(|name| !name.is_empty())).await?;
        self.sessions.user_changed(user);
        Ok(())
    }
}
