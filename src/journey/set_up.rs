//! A set-up link: choose a password, then an authenticator app. The link is used once, by the answer
//! and never by looking at it; what comes after is held by a ticket of this browser. Not here: making
//! links (`operations`), or the pages.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Journey, JourneyError, MOST_PASSKEYS, News, PasskeyAdded, Visit};
use crate::accounts::{Account, LinkPurpose, UserId, UserState};
use crate::audit::EventName;
use crate::keys::Keyring;
use crate::methods::{Ceremony, Passkey, PasswordProblem, PasswordRules, Totp};
use crate::points::{CredentialId, Timestamp};
use crate::secret::Secret;

/// How long somebody may take to set up an app after choosing a password.
const TICKET_LIFETIME: Duration = Duration::from_secs(900);

/// What became of an answer to a set-up link.
#[must_use]
#[derive(Debug)]
pub enum SetUp {
    /// The link is unknown, used or expired: ask for a new one.
    NoLink,
    /// The password cannot be used; the link is still good.
    Problem(PasswordProblem),
    /// The browser made no passkey that can be taken; the link is still good.
    NoPasskey,
    /// A passkey is there; it is enough to sign in with.
    PasskeySet,
    /// The password is set; the ticket leads to the app.
    PasswordSet(Box<SetUpTicket>),
}

/// What became of a code for a new app.
#[must_use]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AppSetUp {
    Done,
    /// The code does not belong to the secret that was shown.
    Wrong,
    /// The ticket has served or is too old.
    NoTicket,
}

/// The second half of a set-up link. Travels sealed in the address; holds the app's secret, which is
/// shown on one page only and to one browser.
#[derive(Clone)]
pub struct SetUpTicket {
    pub user: UserId,
    /// The password that was chosen with the link: with another one the ticket leads nowhere.
    pub password: CredentialId,
    pub secret: Secret<Vec<u8>>,
    pub expires_at: Timestamp,
    /// The last code did not fit.
    pub was_wrong: bool,
}

impl std::fmt::Debug for SetUpTicket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SetUpTicket").field("user", &self.user).finish_non_exhaustive()
    }
}

#[derive(Deserialize, Serialize)]
struct Sealed {
    user: String,
    password: String,
    secret: Vec<u8>,
    until: u64,
    wrong: bool,
}

impl SetUpTicket {
    #[must_use]
    pub fn token(&self, keys: &Keyring, host: &str, browser: &[u8; 32]) -> String {
        let sealed = Sealed {
            user: self.user.0.to_string(),
            password: self.password.0.to_string(),
            secret: self.secret.reveal().clone(),
            until: self.expires_at.as_millis(),
            wrong: self.was_wrong,
        };
        let json = zeroize::Zeroizing::new(serde_json::to_vec(&sealed).unwrap_or_default());
        BASE64.encode(keys.seal(&place(host, browser), &json))
    }

    fn leads_on(&self, account: &Account) -> bool {
        let has_password =
            account.password.as_ref().is_some_and(|password| password.id == self.password);
        let has_app = account.apps.iter().any(|app| app.secret.reveal() == self.secret.reveal());
        account.user.state == UserState::Active && has_password && !has_app
    }

    /// `None`: of another host or browser, too old, or not ours.
    #[must_use]
    pub fn parse(
        token: &str,
        keys: &Keyring,
        host: &str,
        browser: &[u8; 32],
        now: Timestamp,
    ) -> Option<Self> {
        let json = keys.open(&place(host, browser), &BASE64.decode(token).ok()?)?;
        let sealed: Sealed = serde_json::from_slice(&json).ok()?;
        let expires_at = Timestamp::from_millis(sealed.until);
        (now < expires_at).then(|| Self {
            user: UserId(sealed.user.into()),
            password: CredentialId(sealed.password.into()),
            secret: Secret::new(sealed.secret),
            expires_at,
            was_wrong: sealed.wrong,
        })
    }
}

fn place(host: &str, browser: &[u8; 32]) -> String {
    format!("set-up:{host}:{}", BASE64.encode(browser))
}

impl Journey {
    /// Whose link this is, without using it. `None`: unknown, used, expired, or of a disabled user.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn look_at_link(
        &self,
        visit: &Visit<'_>,
        token: &str,
    ) -> Result<Option<Account>, JourneyError> {
        let now = visit.arrival.now;
        let Some(link) = self.accounts.find_link(&token_hash(token), now).await? else {
            return Ok(None);
        };
        if link.purpose != LinkPurpose::SetUp {
            return Ok(None);
        }
        let account = self.accounts.load_user(&link.user).await?;
        Ok(account.filter(|account| {
            account.user.state == UserState::Active
                && account.user.directory == visit.arrival.route.directory
        }))
    }

    /// Sets the password of a link's user, and uses the link.
    ///
    /// # Errors
    /// Nothing was set where the store failed before the link was used; afterwards the user is kept
    /// out until the change is stored, and needs a new link.
    pub async fn choose_password(
        &self,
        visit: &Visit<'_>,
        token: &str,
        password: &str,
    ) -> Result<SetUp, JourneyError> {
        let now = visit.arrival.now;
        let Some(account) = self.look_at_link(visit, token).await? else {
            return Ok(SetUp::NoLink);
        };
        if let Err(problem) = PasswordRules.check(password, &names(visit, &account)) {
            return Ok(SetUp::Problem(problem));
        }
        let hash = self.passwords.hash_new(visit.source, password).await?;
        if self.accounts.take_link(&token_hash(token), now).await?.is_none() {
            return Ok(SetUp::NoLink);
        }
        let user = &account.user.id;
        let hold = self.sessions.hold(user);
        let password = self.accounts.set_password(user, hash, now).await?;
        let ended = self.sessions.end_all_of(user, now).await;
        // The password is stored. Ends that are not yet keep the user out by themselves.
        hold.release();
        self.record(visit, EventName::PasswordChanged, Some(&account), Some("set_up_link"));
        if is_in_use(&account) {
            self.tell(visit, &account, News::PasswordChanged);
        }
        ended?;
        Ok(SetUp::PasswordSet(Box::new(SetUpTicket {
            user: user.clone(),
            password,
            secret: Totp::new_secret(),
            expires_at: now.after(TICKET_LIFETIME),
            was_wrong: false,
        })))
    }

    /// Adds a passkey as a method of a link's user, and uses the link.
    ///
    /// # Errors
    /// Nothing was added; where the link was used already, the user needs a new one.
    pub async fn choose_passkey(
        &self,
        visit: &Visit<'_>,
        token: &str,
        ceremony: &Ceremony,
        answer: &str,
    ) -> Result<SetUp, JourneyError> {
        let now = visit.arrival.now;
        let Some(account) = self.look_at_link(visit, token).await? else {
            return Ok(SetUp::NoLink);
        };
        // What the browser made is judged first, so that a slip does not cost the link. Nobody else has
        // this credential, or the link would be used for nothing.
        let named = Passkey::confirm(ceremony, answer, now).map(|new| new.credential);
        let has_room = account.passkeys.len() < MOST_PASSKEYS;
        let is_free = match &named {
            Some(credential) => has_room && self.passkeys.find_passkey(credential).await?.is_none(),
            None => false,
        };
        if !is_free || ceremony.user.as_ref() != Some(&account.user.id) {
            return Ok(SetUp::NoPasskey);
        }
        if self.accounts.take_link(&token_hash(token), now).await?.is_none() {
            return Ok(SetUp::NoLink);
        }
        // A set-up link skips probation.
        Ok(match self.add_passkey(visit, &account, ceremony, answer, None).await? {
            PasskeyAdded::Added(_) => {
                let method = Some(ceremony.method.name());
                self.record(visit, EventName::MethodAdded, Some(&account), method);
                if is_in_use(&account) {
                    self.tell(visit, &account, News::Added(ceremony.method));
                }
                SetUp::PasskeySet
            }
            PasskeyAdded::Taken | PasskeyAdded::NotTaken => SetUp::NoLink,
        })
    }

    /// The user of a ticket, as long as it leads somewhere: an app can be added once with it.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn look_at_ticket(
        &self,
        ticket: &SetUpTicket,
    ) -> Result<Option<Account>, JourneyError> {
        let account = self.accounts.load_user(&ticket.user).await?;
        Ok(account.filter(|account| ticket.leads_on(account)))
    }

    /// Adds the app, if the code shows that it has the secret.
    ///
    /// # Errors
    /// The store did not answer; the app was not added.
    pub async fn confirm_app(
        &self,
        visit: &Visit<'_>,
        ticket: &SetUpTicket,
        code: &str,
    ) -> Result<AppSetUp, JourneyError> {
        let now = visit.arrival.now;
        let _one_at_a_time = self.confirming.lock().await;
        let Some(account) = self.look_at_ticket(ticket).await? else {
            return Ok(AppSetUp::NoTicket);
        };
        let Some(step) = Totp::confirm(&ticket.secret, code, now) else {
            return Ok(AppSetUp::Wrong);
        };
        // A set-up link skips probation, so the app has no date of enrolment to wait from.
        self.accounts.add_app(&ticket.user, ticket.secret.clone(), step, None, now).await?;
        self.sessions.user_changed(&ticket.user);
        self.record(visit, EventName::MethodAdded, Some(&account), Some("totp"));
        Ok(AppSetUp::Done)
    }
}

/// Whether somebody has used the account, or could: they hear of what is added to it.
const fn is_in_use(account: &Account) -> bool {
    account.user.last_sign_in_at.is_some()
        || account.password.is_some()
        || !account.apps.is_empty()
        || !account.passkeys.is_empty()
}

/// What an attacker would try first for this person here.
pub(super) fn names<'a>(visit: &'a Visit<'_>, account: &'a Account) -> Vec<&'a str> {
    let mut names = vec![
        account.user.name.as_str(),
        visit.arrival.snapshot.config.ui.brand.as_str(),
        &visit.arrival.host,
    ];
    names.extend(account.user.display_name.as_deref());
    names.extend(account.contacts.iter().map(|contact| contact.address.as_str()));
    names
}

/// What a store knows a link's token by.
#[must_use]
pub fn token_hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}
