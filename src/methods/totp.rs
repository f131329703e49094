//! Codes of an authenticator app (RFC 6238): six digits, steps of 30 s, HMAC-SHA-1, as every app
//! supports it. The code of the step before or after is taken too; each step only once. Not here:
//! the picture of the set-up, and who may set up an app.

use std::sync::Arc;

use async_trait::async_trait;
use subtle::ConstantTimeEq;

use super::{
    Ask, Attempt, Authenticator, Challenged, MethodError, Rejection, Verdict, active, sign_in_of,
    typed,
};
use crate::accounts::{Account, AccountStore, AppCredential, UserState};
use crate::points::{Method, Proof, Timestamp};
use crate::random;
use crate::secret::Secret;
use crate::throttle::{Attempts, Counted};

/// Seconds of one step (RFC 6238, section 5.2).
const STEP_S: u64 = 30;

/// Steps on either side of now that are accepted: transmission and a clock that is slightly off
/// (RFC 6238, section 5.2).
const ACCEPTED_STEPS: u64 = 1;

/// Steps back in which a code shows that a clock is behind: ten minutes. Said, never accepted. Never
/// said of a step to come: whoever guesses would learn a code that becomes good.
const EXPLAINED_STEPS: u64 = 20;

/// 160 bits, as long as the hash (RFC 4226, section 4).
const SECRET_BYTES: usize = 20;

/// The authenticator app.
#[derive(Debug)]
pub struct Totp {
    accounts: Arc<dyn AccountStore>,
    attempts: Attempts,
}

impl Totp {
    #[must_use]
    pub fn new(accounts: Arc<dyn AccountStore>, attempts: Attempts) -> Self {
        Self { accounts, attempts }
    }

    /// A secret for a new app.
    #[must_use]
    pub fn new_secret() -> Secret<Vec<u8>> {
        Secret::new(random::bytes::<SECRET_BYTES>().to_vec())
    }

    /// The `otpauth://` address that an app reads from a link or a picture. It holds the secret.
    ///
    /// Colons would end the issuer or the account name early and become spaces.
    #[must_use]
    pub fn provisioning_uri(issuer: &str, account_name: &str, secret: &Secret<Vec<u8>>) -> String {
        let plain = |text: &str| text.replace(':', " ").trim().to_owned();
        let account_name = plain(account_name);
        // An app needs some name to show; an empty one has no address.
        let account_name =
            if account_name.is_empty() { "account".to_owned() } else { account_name };
        totp_rs::Builder::new()
            .with_secret(secret.reveal().as_slice())
            .with_issuer(Some(plain(issuer)))
            .with_account_name(account_name)
            .build_noncompliant()
            .to_url()
            .unwrap_or_default()
    }

    /// The secret as an app takes it by hand: base 32 (RFC 4648) without padding. Pages show it in
    /// groups.
    #[must_use]
    pub fn secret_to_type(secret: &Secret<Vec<u8>>) -> String {
        totp_rs::Secret::from(secret.reveal().as_slice()).to_base32()
    }

    /// Whether an app that was just set up shows the right code; then the step to keep as its last
    /// one. `None` also for what is no code.
    #[must_use]
    pub fn confirm(secret: &Secret<Vec<u8>>, answer: &str, now: Timestamp) -> Option<u64> {
        let code = typed::code(answer).ok()?;
        matches(secret.reveal(), &code, now).find(|step| is_accepted(*step, now))
    }

    /// Compares with every app of the user, and with one that nobody has where there is none.
    async fn judge(
        &self,
        account: Option<&Account>,
        code: &str,
        now: Timestamp,
    ) -> Result<Verdict, MethodError> {
        let mut best = Rejection::Wrong { tries_left: None };
        let apps = account.map(|account| account.apps.as_slice()).unwrap_or_default();
        if apps.is_empty() {
            // The same work for a user who has none; the result means nothing.
            let _ = matches(&[0; SECRET_BYTES], code, now).count();
        }
        for app in apps {
            match found(app, code, now) {
                Found::New(step) => {
                    let is_taken = self.accounts.take_app_step(&app.id, step).await?;
                    if let (true, Some(proof)) = (is_taken, proof(account, app, now)) {
                        return Ok(Verdict::Proven(proof));
                    }
                    best = Rejection::UsedAlready;
                }
                Found::Used => best = Rejection::UsedAlready,
                Found::ElsewhereInTime if best != Rejection::UsedAlready => {
                    best = Rejection::ClockOff;
                }
                Found::ElsewhereInTime | Found::Nothing => {}
            }
        }
        Ok(Verdict::Rejected(best))
    }
}

#[async_trait]
impl Authenticator for Totp {
    fn method(&self) -> Method {
        Method::Totp
    }

    fn is_usable(&self, account: &Account) -> bool {
        account.user.state == UserState::Active && !account.apps.is_empty()
    }

    async fn challenge(&self, ask: Ask<'_>) -> Result<Challenged, MethodError> {
        let sign_in = super::sign_in_of_ask(&ask, Method::Totp);
        Ok(match self.attempts.waits_until(&sign_in, ask.now).await? {
            Some(until) => Challenged::Throttled { until },
            None => Challenged::Ready,
        })
    }

    async fn verify(&self, attempt: Attempt<'_>) -> Result<Verdict, MethodError> {
        let code = match typed::code(attempt.answer) {
            Ok(code) => code,
            Err(rejection) => return Ok(Verdict::Rejected(rejection)),
        };
        let sign_in = sign_in_of(&attempt, Method::Totp);
        let admitted = match self.attempts.count_sign_in(&sign_in, attempt.now).await? {
            Counted::Admitted(admitted) => admitted,
            Counted::Throttled { until } => {
                return Ok(Verdict::Rejected(Rejection::Throttled { until }));
            }
        };
        let verdict = self.judge(active(attempt.account), &code, attempt.now).await?;
        if matches!(verdict, Verdict::Proven(_)) {
            self.attempts.succeeded(&admitted).await?;
        }
        Ok(verdict)
    }
}

enum Found {
    /// The code of a step that can be taken.
    New(u64),
    /// The code of an acceptable step at or below the last one that was taken.
    Used,
    ElsewhereInTime,
    Nothing,
}

fn found(app: &AppCredential, code: &str, now: Timestamp) -> Found {
    let steps: Vec<u64> = matches(app.secret.reveal(), code, now).collect();
    let accepted = || steps.iter().copied().filter(|step| is_accepted(*step, now));
    if let Some(step) = accepted().find(|step| *step > app.last_step) {
        Found::New(step)
    } else if accepted().next().is_some() {
        Found::Used
    } else if steps.is_empty() {
        Found::Nothing
    } else {
        Found::ElsewhereInTime
    }
}

/// The steps around now whose code this is. All of them are computed and compared in full, so that
/// the time it takes says nothing of the code.
fn matches<'a>(
    secret: &[u8],
    code: &'a str,
    now: Timestamp,
) -> impl Iterator<Item = u64> + use<'a> {
    let generator = totp_rs::Builder::new().with_secret(secret).build_noncompliant();
    let step = now.as_secs() / STEP_S;
    let steps = step.saturating_sub(EXPLAINED_STEPS)..=step.saturating_add(ACCEPTED_STEPS);
    let are_equal: Vec<(u64, bool)> = steps
        .map(|step| {
            let expected = generator.generate(step.saturating_mul(STEP_S)).to_string();
            (step, expected.as_bytes().ct_eq(code.as_bytes()).into())
        })
        .collect();
    are_equal.into_iter().filter(|(_, is_equal)| *is_equal).map(|(step, _)| step)
}

const fn is_accepted(step: u64, now: Timestamp) -> bool {
    step.abs_diff(now.as_secs() / STEP_S) <= ACCEPTED_STEPS
}

fn proof(account: Option<&Account>, app: &AppCredential, now: Timestamp) -> Option<Proof> {
    super::proof_of(account?, &app.id, now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::StoreError;
    use crate::methods::fakes::{Bench, account_with_app};

    /// RFC 6238, appendix B, is computed with this secret and eight digits; these are the last six.
    const RFC_SECRET: &[u8] = b"12345678901234567890";

    fn at(secs: u64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    fn code_of(secret: &[u8], step: u64) -> String {
        totp_rs::Builder::new()
            .with_secret(secret)
            .build_noncompliant()
            .generate(step * STEP_S)
            .to_string()
    }

    #[test]
    fn the_codes_are_those_of_the_rfc() {
        for (secs, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let secret = Secret::new(RFC_SECRET.to_vec());
            assert_eq!(Totp::confirm(&secret, code, at(secs)), Some(secs / 30), "{secs}");
            assert_eq!(Totp::confirm(&secret, "000000", at(secs)), None);
            assert_eq!(Totp::confirm(&secret, "", at(secs)), None);
        }
    }

    #[tokio::test]
    async fn a_step_is_taken_once_and_only_the_steps_around_now() {
        use Rejection::{ClockOff, UsedAlready};
        const WRONG: Rejection = Rejection::Wrong { tries_left: None };
        const T: u64 = 40_000_000;
        type Taken = Result<u64, Rejection>;
        // Steps tried in turn at step T, counted from it.
        let table: [(&str, &[i64], &[Taken]); 6] = [
            ("two before", &[-2], &[Err(ClockOff)]),
            ("one before, once", &[-1, -1], &[Ok(T - 1), Err(UsedAlready)]),
            ("now, then now and before", &[0, 0, -1], &[Ok(T), Err(UsedAlready), Err(UsedAlready)]),
            (
                "one after, then nothing before",
                &[1, 0, -1],
                &[Ok(T + 1), Err(UsedAlready), Err(UsedAlready)],
            ),
            ("upwards", &[-1, 0, 1], &[Ok(T - 1), Ok(T), Ok(T + 1)]),
            // A step to come is never told: it would be good once it has come.
            ("two after, ten minutes", &[2, 20, -20], &[Err(WRONG), Err(WRONG), Err(ClockOff)]),
        ];
        for (name, tries, expected) in table {
            let bench = Bench::new();
            let account = account_with_app(&bench);
            let secret = account.apps[0].secret.reveal().clone();
            for (step, expected) in tries.iter().zip(expected) {
                let account = bench.reload(&account);
                let code = code_of(&secret, T.checked_add_signed(*step).unwrap());
                let attempt = Attempt { now: at(T * 30 + 15), ..bench.attempt(&account, &code) };
                let verdict = bench.totp().verify(attempt).await.unwrap();
                let taken = match verdict {
                    Verdict::Proven(_) => Ok(bench.reload(&account).apps[0].last_step),
                    Verdict::Rejected(rejection) => Err(rejection),
                };
                assert_eq!(taken, *expected, "{name}: {step}");
            }
        }
    }

    #[tokio::test]
    async fn a_code_of_more_than_ten_minutes_away_is_just_wrong() {
        let bench = Bench::new();
        let account = account_with_app(&bench);
        let secret = account.apps[0].secret.reveal().clone();
        for step in [40_000_000 - 21, 40_000_000 + 21] {
            let code = code_of(&secret, step);
            let attempt = Attempt { now: at(40_000_000 * 30), ..bench.attempt(&account, &code) };
            assert_eq!(
                bench.totp().verify(attempt).await.unwrap(),
                Verdict::Rejected(Rejection::Wrong { tries_left: None })
            );
        }
    }

    #[tokio::test]
    async fn any_of_several_apps_proves_itself_and_its_own_channel() -> Result<(), StoreError> {
        let bench = Bench::new();
        let account = account_with_app(&bench);
        let second = Totp::new_secret();
        let id = bench.accounts.add_app(&account.user.id, second.clone(), 0, None, at(0)).await?;
        let account = bench.reload(&account);
        let code = code_of(second.reveal(), bench.now().as_secs() / 30);
        let verdict = bench.totp().verify(bench.attempt(&account, &code)).await.unwrap();
        let Verdict::Proven(proof) = verdict else { panic!("{verdict:?}") };
        assert_eq!(proof.credential, id);
        assert_eq!(proof.channel, crate::points::Channel::App(id.0));
        Ok(())
    }

    #[test]
    fn an_app_reads_issuer_account_and_secret_from_the_address() {
        let secret = Secret::new(RFC_SECRET.to_vec());
        assert_eq!(
            Totp::provisioning_uri("Example: the portal", "anna@example.org", &secret),
            "otpauth://totp/Example%20%20the%20portal:anna%40example.org\
             ?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Example%20%20the%20portal"
        );
        assert!(Totp::provisioning_uri("", "", &secret).starts_with("otpauth://totp/"));
        assert_eq!(Totp::secret_to_type(&secret), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(Totp::new_secret().reveal().len(), 20);
        assert_ne!(Totp::new_secret().reveal(), Totp::new_secret().reveal());
    }
}
