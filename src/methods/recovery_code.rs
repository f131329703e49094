//! Recovery codes: ten codes of 128 random bits, each good once, for whoever has lost the rest. Not here:
//! where they are shown (`web::account`), and what is told about a used one (`journey`).
//!
//! A code has more entropy than anybody can search, so that SHA-256 is enough to store it (NIST SP
//! 800-63B-4, section 3.1.2.2: from 112 bits on no slow hash is asked for); the hash is bound to the user.
//! A proof of one lives an hour: long enough to set up another method.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;

use super::{
    Ask, Attempt, Authenticator, Challenged, MethodError, Rejection, Verdict, active, proof_of,
    sign_in_of, sign_in_of_ask,
};
use crate::accounts::{Account, StoreError, UserId};
use crate::points::{CredentialId, Method, Timestamp};
use crate::random;
use crate::secret::Secret;
use crate::throttle::{Attempts, Counted};

/// In one set.
pub const CODES: usize = 10;

/// A sign-in with a code lasts at most this long.
pub(super) const LASTS: Duration = Duration::from_secs(3600);

/// Crockford's Base32: no letter that looks like a digit or like another letter.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Characters of a code: 128 bits, 5 each.
const LENGTH: usize = 26;

/// Longer answers are not read.
const MAX_BYTES: usize = 256;

/// What became of taking a code.
#[must_use]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Taken {
    /// By this caller, and by no other.
    Now,
    /// It was right once.
    Before,
    /// The user has no such code.
    Never,
}

/// Keeps recovery codes.
#[async_trait]
pub trait RecoveryStore: Send + Sync + std::fmt::Debug {
    /// Replaces all codes of a user by new ones, and raises the account's version, in one transaction.
    async fn put_recovery_codes(
        &self,
        user: &UserId,
        hashes: &[[u8; 32]],
        now: Timestamp,
    ) -> Result<CredentialId, StoreError>;

    /// Takes a code: one conditional update, [`Taken::Now`] for exactly one caller. Raises the
    /// account's version with it.
    async fn take_recovery_code(
        &self,
        user: &UserId,
        hash: &[u8; 32],
        now: Timestamp,
    ) -> Result<Taken, StoreError>;
}

/// The codes of one set, as bytes. Not printed.
pub type CodeSet = Secret<Vec<[u8; 16]>>;

/// The recovery codes as a method.
#[derive(Debug)]
pub struct RecoveryCode {
    store: Arc<dyn RecoveryStore>,
    attempts: Attempts,
}

impl RecoveryCode {
    #[must_use]
    pub fn new(store: Arc<dyn RecoveryStore>, attempts: Attempts) -> Self {
        Self { store, attempts }
    }

    /// A new set. It is worth nothing before its hashes are stored.
    #[must_use]
    pub fn new_codes() -> CodeSet {
        Secret::new((0..CODES).map(|_| random::bytes()).collect())
    }

    /// As it is shown: five groups, `7Q2KD-…`.
    #[must_use]
    pub fn written(code: &[u8; 16]) -> String {
        let bits = u128::from_be_bytes(*code);
        let mut out = String::with_capacity(LENGTH + 4);
        for place in 0..LENGTH {
            if matches!(place, 6 | 11 | 16 | 21) {
                out.push('-');
            }
            let shift = 5 * (LENGTH - 1 - place);
            let letter = usize::try_from(bits >> shift & 31).unwrap_or_default();
            out.extend(ALPHABET.get(letter).map(|byte| char::from(*byte)));
        }
        out
    }

    /// What a store keeps of it.
    #[must_use]
    pub fn hash(user: &UserId, code: &[u8; 16]) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(b"scoregate recovery code\0");
        hash.update(user.0.as_bytes());
        hash.update([0]);
        hash.update(code);
        hash.finalize().into()
    }
}

/// Reads a code in any case and with anything between its groups.
fn read(answer: &str) -> Result<[u8; 16], Rejection> {
    if answer.len() > MAX_BYTES {
        return Err(Rejection::NotAnAnswer);
    }
    let (mut bits, mut count) = (0_u128, 0);
    for c in answer.nfkc().filter(|c| !is_between(*c)) {
        let letter = value(c).ok_or(Rejection::NotAnAnswer)?;
        // The first letter has three bits of the code: more would be lost on the way.
        if count >= LENGTH || (count == 0 && letter > 7) {
            return Err(Rejection::NotAnAnswer);
        }
        bits = bits << 5 | letter;
        count += 1;
    }
    match count {
        0 => Err(Rejection::Empty),
        LENGTH => Ok(bits.to_be_bytes()),
        _ => Err(Rejection::NotAnAnswer),
    }
}

fn is_between(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '-' | '.' | ',' | '_' | '\u{2010}'..='\u{2015}' | '\u{2212}')
        || matches!(c, '\u{200b}' | '\u{2060}' | '\u{feff}')
}

/// O, I and L are read as the digits that they look like.
fn value(c: char) -> Option<u128> {
    let letter = match c.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    let place = ALPHABET.iter().position(|byte| char::from(*byte) == letter)?;
    u128::try_from(place).ok()
}

#[async_trait]
impl Authenticator for RecoveryCode {
    fn method(&self) -> Method {
        Method::RecoveryCode
    }

    fn is_usable(&self, account: &Account) -> bool {
        let recovery = active(Some(account)).and_then(|account| account.recovery.as_ref());
        recovery.is_some_and(|codes| codes.left > 0)
    }

    async fn challenge(&self, ask: Ask<'_>) -> Result<Challenged, MethodError> {
        let sign_in = sign_in_of_ask(&ask, Method::RecoveryCode);
        Ok(match self.attempts.waits_until(&sign_in, ask.now).await? {
            Some(until) => Challenged::Throttled { until },
            None => Challenged::Ready,
        })
    }

    async fn verify(&self, attempt: Attempt<'_>) -> Result<Verdict, MethodError> {
        let code = match read(attempt.answer) {
            Ok(code) => code,
            Err(rejection) => return Ok(Verdict::Rejected(rejection)),
        };
        let sign_in = sign_in_of(&attempt, Method::RecoveryCode);
        let admitted = match self.attempts.count_sign_in(&sign_in, attempt.now).await? {
            Counted::Admitted(admitted) => admitted,
            Counted::Throttled { until } => {
                return Ok(Verdict::Rejected(Rejection::Throttled { until }));
            }
        };
        // Looked for even where it cannot be right, so that nobody costs less than somebody.
        let nobody = UserId(Arc::from(""));
        let account = active(attempt.account);
        let user = account.map_or(&nobody, |account| &account.user.id);
        let taken =
            self.store.take_recovery_code(user, &Self::hash(user, &code), attempt.now).await?;
        let proof = account.and_then(|account| {
            let codes = account.recovery.as_ref()?;
            proof_of(account, &codes.id, attempt.now)
        });
        match (taken, proof) {
            (Taken::Now, Some(mut proof)) => {
                proof.expires = Some(attempt.now.after(LASTS));
                self.attempts.succeeded(&admitted).await?;
                Ok(Verdict::Proven(proof))
            }
            (Taken::Before, _) => Ok(Verdict::Rejected(Rejection::UsedAlready)),
            (Taken::Now | Taken::Never, _) => {
                Ok(Verdict::Rejected(Rejection::Wrong { tries_left: None }))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::methods::fakes::{Bench, PASSWORD, account_of};

    #[test]
    fn a_code_is_read_however_it_is_typed_and_nothing_else_is() {
        let code = [0x5a; 16];
        let written = RecoveryCode::written(&code);
        assert_eq!(written.len(), 30);
        let spaced = written.replace('-', "  ").to_lowercase();
        let bare = written.replace('-', "");
        let wide: String =
            bare.chars().map(|c| char::from_u32(u32::from(c) + 0xfee0).unwrap()).collect();
        for typed in
            [written.clone(), spaced, format!(" {bare}\n"), wide, written.replace('-', "\u{2013}")]
        {
            assert_eq!(read(&typed), Ok(code), "{typed:?}");
        }
        for typed in ["", " ", "-- -"] {
            assert_eq!(read(typed), Err(Rejection::Empty), "{typed:?}");
        }
        for typed in [
            "123456",
            &bare[1..],
            &format!("{bare}0"),
            &format!("Z{}", &bare[1..]),
            &bare.replace(&bare[3..4], "U"),
            &format!("{bare}\0"),
            &"0".repeat(100_000),
            &" ".repeat(100_000),
        ] {
            assert_eq!(read(typed), Err(Rejection::NotAnAnswer), "{typed:.40?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(code in any::<[u8; 16]>()) {
            prop_assert_eq!(read(&RecoveryCode::written(&code)), Ok(code));
            let confused = RecoveryCode::written(&code).replace('0', "o").replace('1', "l");
            prop_assert_eq!(read(&confused), Ok(code));
        }
    }

    #[tokio::test]
    async fn a_proof_of_one_ends_after_an_hour_and_its_hash_is_of_no_use_to_others() {
        let bench = Bench::new();
        let account = account_of(&bench, "anna", PASSWORD);
        let codes = bench.recovery_codes(&account);
        let method = bench.recovery();
        let answer = RecoveryCode::written(&codes[0]);
        let verdict = method.verify(bench.attempt(&account, &answer)).await.unwrap();
        let Verdict::Proven(proof) = verdict else { panic!("{verdict:?}") };
        assert_eq!(proof.expires, Some(bench.now().after(LASTS)));
        let other = UserId("bob".into());
        assert_ne!(
            RecoveryCode::hash(&account.user.id, &codes[1]),
            RecoveryCode::hash(&other, &codes[1])
        );
    }

    #[tokio::test]
    async fn a_code_of_an_older_set_is_worth_nothing() {
        let bench = Bench::new();
        let account = account_of(&bench, "anna", PASSWORD);
        let older = bench.recovery_codes(&account);
        let newer = bench.recovery_codes(&account);
        let method = bench.recovery();
        let of = async |code: &[u8; 16]| {
            let answer = RecoveryCode::written(code);
            method.verify(bench.attempt(&account, &answer)).await.unwrap()
        };
        let wrong = Verdict::Rejected(Rejection::Wrong { tries_left: None });
        assert_eq!(of(&older[0]).await, wrong);
        assert!(matches!(of(&newer[0]).await, Verdict::Proven(_)));
    }
}
