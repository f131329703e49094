//! The password: Argon2id (RFC 9106) with a salt of its own. Not here: which passwords may be chosen
//! (`password_rules`), and on which threads hashes are computed (`hash_pool`).
//!
//! A name that nobody has, a user without a password and a disabled one cost the same hash as
//! everybody else, and are wrong in the same words.

use std::sync::Arc;

use argon2::password_hash::{self, PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use async_trait::async_trait;
use zeroize::Zeroizing;

use super::hash_pool::{HashPool, Lane, PoolFull};
use super::password_rules::{MAX_BYTES, canonical};
use super::{
    Ask, Attempt, Authenticator, Challenged, MethodError, Rejection, Source, Verdict, active,
    proof_of, sign_in_of, sign_in_of_ask,
};
use crate::accounts::{Account, AccountStore, PasswordCredential, StoreError, UserState};
use crate::points::Method;
use crate::random;
use crate::secret::Secret;
use crate::throttle::{Attempts, Counted};

/// What one hash costs.
#[derive(Clone, Debug)]
pub struct HashCost(Params);

/// A password could not be hashed, or a hash is none. Nothing was proven.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the password could not be hashed: {0}")]
pub struct HashError(password_hash::Error);

impl HashCost {
    /// OWASP's minimum for Argon2id: 19 MiB, two passes, one lane.
    pub const OWASP: Self = Self(Params::DEFAULT);

    /// `None` for what Argon2 does not compute, such as less than 8 KiB a lane.
    #[must_use]
    pub fn new(memory_kib: u32, passes: u32, lanes: u32) -> Option<Self> {
        Params::new(memory_kib, passes, lanes, None).ok().map(Self)
    }

    /// Hashes a new password, on the thread that calls: for commands and set-up, never where
    /// requests are served. The caller has checked it against the rules.
    ///
    /// # Errors
    /// Argon2 could not: no memory.
    pub fn hash(&self, password: &str) -> Result<Secret<String>, HashError> {
        let salt = SaltString::encode_b64(&random::bytes::<16>()).map_err(HashError)?;
        self.argon2()
            .hash_password(canonical(password).as_bytes(), &salt)
            .map(|hash| Secret::new(hash.to_string()))
            .map_err(HashError)
    }

    /// Whether the password has this hash, which says itself what it costs.
    ///
    /// # Errors
    /// The hash is not readable.
    pub fn verify(password: &str, hash: &str) -> Result<bool, HashError> {
        let hash = PasswordHash::new(hash).map_err(HashError)?;
        match Argon2::default().verify_password(canonical(password).as_bytes(), &hash) {
            Ok(()) => Ok(true),
            Err(password_hash::Error::Password) => Ok(false),
            Err(error) => Err(HashError(error)),
        }
    }

    /// Whether a hash was made at this cost. One that was not is replaced at the next sign-in.
    fn made(&self, hash: &str) -> bool {
        PasswordHash::new(hash).is_ok_and(|hash| {
            hash.algorithm == Algorithm::Argon2id.ident()
                && hash.version == Some(Version::V0x13.into())
                && Params::try_from(&hash).is_ok_and(|params| {
                    params.m_cost() == self.0.m_cost()
                        && params.t_cost() == self.0.t_cost()
                        && params.p_cost() == self.0.p_cost()
                })
        })
    }

    fn argon2(&self) -> Argon2<'_> {
        Argon2::new(Algorithm::Argon2id, Version::V0x13, self.0.clone())
    }
}

/// The password.
#[derive(Debug)]
pub struct Password {
    accounts: Arc<dyn AccountStore>,
    attempts: Attempts,
    pool: Arc<HashPool>,
    cost: HashCost,
    /// The hash of a password that nobody has, at the present cost.
    nobodys: Secret<String>,
}

impl Password {
    /// Computes one hash: call it at start, not per request.
    ///
    /// # Errors
    /// Argon2 could not hash at this cost.
    pub fn new(
        accounts: Arc<dyn AccountStore>,
        attempts: Attempts,
        pool: Arc<HashPool>,
        cost: HashCost,
    ) -> Result<Self, HashError> {
        let unguessable = Zeroizing::new(random::digits(64));
        let nobodys = cost.hash(&unguessable)?;
        Ok(Self { accounts, attempts, pool, cost, nobodys })
    }

    /// Hashes a new password on the pool: for the page that sets one. The caller has checked it
    /// against the rules.
    ///
    /// # Errors
    /// [`MethodError::Busy`] where the queue is full.
    pub async fn hash_new(
        &self,
        source: &Source,
        password: &str,
    ) -> Result<Secret<String>, MethodError> {
        // Whoever holds a set-up link is no stranger.
        let lane = Lane { address: &source.address, from_known_browser: true };
        self.hash_on_pool(lane, password).await
    }

    async fn hash_on_pool(
        &self,
        lane: Lane<'_>,
        password: &str,
    ) -> Result<Secret<String>, MethodError> {
        let (cost, password) = (self.cost.clone(), Zeroizing::new(password.to_owned()));
        self.pool.run(lane, move || cost.hash(&password)).await?.map_err(unreadable)
    }

    /// Compares with the user's hash, or with nobody's: one hash either way.
    async fn is_right(
        &self,
        lane: Lane<'_>,
        password: &str,
        credential: Option<&PasswordCredential>,
    ) -> Result<bool, MethodError> {
        let hash = credential.map_or(&self.nobodys, |credential| &credential.hash).clone();
        let password = Zeroizing::new(password.to_owned());
        let is_equal = self
            .pool
            .run(lane, move || HashCost::verify(&password, hash.reveal()))
            .await?
            .map_err(unreadable)?;
        Ok(is_equal && credential.is_some())
    }

    async fn rehash_if_cheaper(
        &self,
        lane: Lane<'_>,
        password: &str,
        credential: &PasswordCredential,
    ) -> Result<(), MethodError> {
        if self.cost.made(credential.hash.reveal()) {
            return Ok(());
        }
        let hash = self.hash_on_pool(lane, password).await?;
        Ok(self.accounts.rehash_password(&credential.id, hash).await?)
    }
}

#[async_trait]
impl Authenticator for Password {
    fn method(&self) -> Method {
        Method::Password
    }

    fn is_usable(&self, account: &Account) -> bool {
        account.user.state == UserState::Active && account.password.is_some()
    }

    async fn challenge(&self, ask: Ask<'_>) -> Result<Challenged, MethodError> {
        let sign_in = sign_in_of_ask(&ask, Method::Password);
        Ok(match self.attempts.waits_until(&sign_in, ask.now).await? {
            Some(until) => Challenged::Throttled { until },
            None => Challenged::Ready,
        })
    }

    async fn verify(&self, attempt: Attempt<'_>) -> Result<Verdict, MethodError> {
        if let Some(rejection) = form_of(attempt.answer) {
            return Ok(Verdict::Rejected(rejection));
        }
        let sign_in = sign_in_of(&attempt, Method::Password);
        let admitted = match self.attempts.count_sign_in(&sign_in, attempt.now).await? {
            Counted::Admitted(admitted) => admitted,
            Counted::Throttled { until } => {
                return Ok(Verdict::Rejected(Rejection::Throttled { until }));
            }
        };
        let lane = Lane {
            address: &attempt.source.address,
            from_known_browser: admitted.from_known_browser,
        };
        let account = active(attempt.account);
        let credential = account.and_then(|account| account.password.as_ref());
        let is_right = self.is_right(lane, attempt.answer, credential).await?;
        let (true, Some(account), Some(credential)) = (is_right, account, credential) else {
            return Ok(WRONG);
        };
        self.rehash_if_cheaper(lane, attempt.answer, credential).await?;
        self.attempts.succeeded(&admitted).await?;
        Ok(proof_of(account, &credential.id, attempt.now).map_or(WRONG, Verdict::Proven))
    }
}

const WRONG: Verdict = Verdict::Rejected(Rejection::Wrong { tries_left: None });

/// `None`: it may be a password. A longer one than may be chosen is not hashed.
fn form_of(answer: &str) -> Option<Rejection> {
    match answer.len() {
        0 => Some(Rejection::Empty),
        1..=MAX_BYTES => None,
        _ => Some(Rejection::NotAnAnswer),
    }
}

fn unreadable(_: HashError) -> MethodError {
    StoreError::Unreadable { what: "a password's hash" }.into()
}

impl From<PoolFull> for MethodError {
    fn from(full: PoolFull) -> Self {
        Self::Busy { retry_after: full.retry_after }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::UserId;
    use crate::methods::fakes::{Bench, PASSWORD, account_with_password, cheap};
    use crate::points::{Channel, CredentialId, Kinds};

    #[test]
    fn the_default_cost_is_owasps_minimum_and_the_salt_is_new_each_time() {
        let hash = HashCost::OWASP.hash("a password").unwrap();
        assert!(hash.reveal().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.reveal());
        assert_ne!(cheap().hash("x").unwrap().reveal(), cheap().hash("x").unwrap().reveal());
        assert!(HashCost::new(7, 2, 1).is_none());
    }

    #[test]
    fn a_password_is_compared_whole_and_as_it_was_typed() {
        let long = "x".repeat(100);
        let hash = |password: &str| cheap().hash(password).unwrap();
        for (set, typed, is_right) in [
            ("pass word", "pass word", true),
            ("pass word", "pass word ", false),
            ("pass word", "Pass word", false),
            ("\u{e9}t\u{e9}", "e\u{301}te\u{301}", true),
            (&long, &long[..99], false),
            (&long, &format!("{}y", &long[..99]), false),
        ] {
            assert_eq!(HashCost::verify(typed, hash(set).reveal()), Ok(is_right), "{typed}");
        }
        assert!(HashCost::verify("x", "not a hash").is_err());
    }

    #[tokio::test]
    async fn a_proof_lives_in_the_password_or_in_what_it_was_reset_through() {
        let bench = Bench::new();
        let mut account = account_with_password(&bench);
        let mailbox = Channel::Mailbox("m".into());
        for (reset_through, channel) in
            [(None, Channel::Password), (Some(mailbox.clone()), mailbox)]
        {
            account.password.as_mut().unwrap().reset_through = reset_through;
            let verdict = bench.password().verify(bench.attempt(&account, PASSWORD)).await.unwrap();
            let Verdict::Proven(proof) = verdict else { panic!("{verdict:?}") };
            assert_eq!(proof.channel, channel);
            assert_eq!(proof.credential, account.password.as_ref().unwrap().id);
            assert_eq!((proof.method, proof.at), (Method::Password, bench.now()));
            assert_eq!(proof.kinds, Kinds::of(crate::points::Kind::Knowledge));
        }
    }

    #[tokio::test]
    async fn an_unknown_name_a_disabled_user_and_one_without_a_password_cost_the_same_work() {
        let mut seen = Vec::new();
        for who in ["known", "unknown", "disabled", "without"] {
            let bench = Bench::new();
            let mut account = account_with_password(&bench);
            match who {
                "disabled" => account.user.state = UserState::Disabled,
                "without" => account.password = None,
                _ => {}
            }
            let password = bench.password();
            let mut verdicts = Vec::new();
            let before = bench.calls();
            for n in 0..12 {
                let mut attempt = bench.attempt(&account, "not the password");
                if who == "unknown" {
                    attempt.account = None;
                }
                let hashed = bench.pool.started();
                verdicts.push(password.verify(attempt).await.unwrap());
                let hashes = bench.pool.started() - hashed;
                assert_eq!(hashes, u64::from(n < 10), "{who} {n}");
            }
            seen.push((bench.calls() - before, verdicts));
        }
        assert!(seen.iter().all(|work| *work == seen[0]), "{seen:#?}");
        let bench = Bench::new();
        assert!(cheap().made(bench.password().nobodys.reveal()));
    }

    #[tokio::test]
    async fn the_right_password_of_a_disabled_user_is_wrong() {
        let bench = Bench::new();
        let mut account = account_with_password(&bench);
        account.user.state = UserState::Disabled;
        assert!(!bench.password().is_usable(&account));
        let verdict = bench.password().verify(bench.attempt(&account, PASSWORD)).await.unwrap();
        assert_eq!(verdict, WRONG);
    }

    #[tokio::test]
    async fn a_hash_of_another_cost_is_replaced_at_the_next_right_answer_only() {
        let bench = Bench::new();
        let user: UserId = account_with_password(&bench).user.id;
        let old = HashCost::new(16, 1, 1).unwrap().hash(PASSWORD).unwrap();
        let id: CredentialId = bench.accounts.set_password(&user, old, bench.now()).await.unwrap();
        let stored = || bench.accounts.account(&user).password.unwrap().hash.reveal().clone();
        for (answer, is_replaced) in [("not the password", false), (PASSWORD, true)] {
            let account = bench.accounts.account(&user);
            let _ = bench.password().verify(bench.attempt(&account, answer)).await.unwrap();
            assert_eq!(cheap().made(&stored()), is_replaced, "{answer}");
        }
        assert_eq!(HashCost::verify(PASSWORD, &stored()), Ok(true));
        assert_eq!(bench.accounts.account(&user).password.unwrap().id, id);
    }

    #[tokio::test]
    async fn a_full_queue_is_busy_and_proves_nothing() {
        let bench = Bench::with_queue(1);
        let account = account_with_password(&bench);
        let password = bench.password();
        let blocked = bench.block_hashing().await;
        let verdict = password.verify(bench.attempt(&account, PASSWORD)).await;
        assert!(matches!(verdict, Err(MethodError::Busy { .. })), "{verdict:?}");
        drop(blocked);
    }

    #[tokio::test]
    async fn a_hash_that_cannot_be_read_is_an_error_and_no_proof() {
        let bench = Bench::new();
        let mut account = account_with_password(&bench);
        account.password.as_mut().unwrap().hash = Secret::new("broken".into());
        let verdict = bench.password().verify(bench.attempt(&account, PASSWORD)).await;
        assert!(matches!(verdict, Err(MethodError::Store(StoreError::Unreadable { .. }))));
    }
}
