//! A code that is sent to a person: six digits that work for ten minutes, once, in the session that
//! asked for them. What the methods differ in, the message and what it costs, is their own file's
//! (`email_code`, `sms_code`). Not here: how messages travel (`notify`), and what they say.
//!
//! The two newest codes of a session are good, since messages overtake each other; one counter of
//! tries guards both. What the store keeps is a keyed hash, bound to session, user and address, so that
//! neither a look at the store nor a code for somebody else is worth anything.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use subtle::{Choice, ConstantTimeEq};

use super::{
    Ask, Attempt, Authenticator, Challenged, CodeStore, MethodError, Rejection, SentCode, Verdict,
    active, proof_of, sign_in_of, sign_in_of_ask, typed,
};
use crate::accounts::{Account, Contact, ContactKind, StoreError};
use crate::keys::{Keyring, Purpose};
use crate::notify::{Message, NotifierChannel, Notifiers};
use crate::points::{Method, Timestamp};
use crate::random;
use crate::sessions::SessionKey;
use crate::throttle::{Attempts, Counted, CounterKey, CounterStore, Limit, Sending, Sends, Tally};

/// What a message with a code says, in the language of whoever gets it.
pub trait CodeText: Send + Sync + std::fmt::Debug {
    /// Subject, one line without the code, and text. `minutes`: how long the code works. The code is
    /// the only run of exactly six digits in the text.
    fn code_mail(
        &self,
        language: &str,
        brand: &str,
        host: &str,
        code: &str,
        minutes: u64,
    ) -> (String, String);

    /// The sentence of a text message. `brand`: `None` where there is no room for one.
    fn code_text(&self, language: &str, brand: Option<&str>, code: &str) -> String;
}

/// English, whatever is asked for: where no languages are loaded.
#[derive(Clone, Copy, Debug, Default)]
pub struct EnglishText;

impl CodeText for EnglishText {
    fn code_mail(
        &self,
        _: &str,
        brand: &str,
        host: &str,
        code: &str,
        minutes: u64,
    ) -> (String, String) {
        let subject = format!("Your sign-in code for {brand}");
        let text = format!(
            "Your code is\n\n    {code}\n\n\
             Type it on {host}. It works for {minutes} minutes and only once.\n\
             Never share it: nobody of {brand} asks for it.\n\n\
             Not you? Somebody knows your password. Change it.\n"
        );
        (subject, text)
    }

    fn code_text(&self, _: &str, brand: Option<&str>, code: &str) -> String {
        match brand {
            Some(brand) => format!("{code} is your {brand} sign-in code. Never share it."),
            None => format!("{code} is your sign-in code. Never share it."),
        }
    }
}

/// What a message is made of.
#[derive(Clone, Copy, Debug)]
pub struct Draft<'a> {
    pub text: &'a dyn CodeText,
    pub language: &'a str,
    pub brand: &'a str,
    /// The host on which the code is typed.
    pub host: &'a str,
    pub code: &'a str,
    pub minutes: u64,
    pub to: &'a str,
}

/// Why a code is not sent although its address and its session may have one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Withheld {
    /// Too many: the method waits until then.
    Until(Timestamp),
    /// Not this way, whenever the person asks.
    NotSent,
}

/// What differs between the methods whose codes are sent.
#[async_trait]
pub trait Carriage: Send + Sync + std::fmt::Debug {
    const METHOD: Method;
    const CONTACT: ContactKind;
    const CHANNEL: NotifierChannel;

    /// Whether messages may go to this contact at all.
    fn reaches(&self, contact: &Contact) -> bool;

    /// Counts what the message costs, before it is sent.
    async fn withheld(
        &self,
        ask: &Ask<'_>,
        contact: &Contact,
    ) -> Result<Option<Withheld>, StoreError>;

    fn message(&self, draft: &Draft<'_>) -> Message;
}

/// How many codes, tries and minutes.
#[derive(Clone, Copy, Debug)]
pub struct CodeLimits {
    /// Codes to one address, over all sessions.
    pub sends: Limit,
    /// NIST SP 800-63B-4, section 3.1.3.2: at most ten minutes.
    pub ttl: Duration,
    /// Tries over all codes of one session that are still good.
    pub tries: u32,
}

/// What such a method works with.
#[derive(Clone, Debug)]
pub struct CodeParts {
    pub codes: Arc<dyn CodeStore>,
    pub counters: Arc<dyn CounterStore>,
    pub attempts: Attempts,
    /// Those of the moment: a rotation replaces them.
    pub keys: Arc<ArcSwap<Keyring>>,
    pub notifiers: Arc<Notifiers>,
    pub text: Arc<dyn CodeText>,
    /// That of the moment: a reload may bring another.
    pub brand: Arc<ArcSwap<String>>,
    pub limits: CodeLimits,
}

/// A method whose codes are sent over `C`.
#[derive(Debug)]
pub struct ByMessage<C> {
    parts: CodeParts,
    carriage: C,
    sends: Sends,
}

/// A code that was right is recognised for this long after its end, to say so.
const EXPLAINED: Duration = Duration::from_secs(2 * 3600);

/// Before the second code of a session, the third, and every further one.
const PAUSES_S: [u64; 3] = [30, 60, 120];

/// How long the codes that a session has asked for are remembered, for the pauses.
const SESSION_SENDS_WINDOW: Duration = Duration::from_secs(3600);

impl<C: Carriage> ByMessage<C> {
    pub(super) fn over(carriage: C, parts: CodeParts) -> Self {
        let sends = Sends::new(parts.counters.clone(), Sending::SignIn, parts.limits.sends);
        Self { parts, carriage, sends }
    }

    /// The contact that a code would go to.
    fn contact<'a>(&self, account: &'a Account) -> Option<&'a Contact> {
        let contact = active(Some(account))?.contact(C::CONTACT)?;
        self.carriage.reaches(contact).then_some(contact)
    }

    fn tries_key(session: &SessionKey) -> CounterKey {
        CounterKey::new("code-tries", &[C::METHOD.name(), &hex(session)])
    }

    fn sends_key(session: &SessionKey) -> CounterKey {
        CounterKey::new("code-sends", &[C::METHOD.name(), &hex(session)])
    }

    /// What a session has been sent, and what it may still do with it.
    async fn standing(&self, session: &SessionKey, now: Timestamp) -> Result<Standing, StoreError> {
        let codes = self.parts.codes.codes(session, C::METHOD).await?;
        let tries = self.parts.counters.tally(&Self::tries_key(session), now).await?;
        let sends = self.parts.counters.tally(&Self::sends_key(session), now).await?;
        Ok(Standing {
            is_live: codes.iter().any(|code| is_live(code, now)),
            is_spent: tries.is_some_and(|tries| tries.count >= self.parts.limits.tries),
            next_send_at: codes.first().map_or(now, |newest| newest.sent_at.after(pause(sends))),
            newest: codes.into_iter().next(),
        })
    }

    async fn send(
        &self,
        ask: &Ask<'_>,
        contact: &Contact,
        standing: &Standing,
    ) -> Result<Challenged, MethodError> {
        let refused = self.sends.count_send(C::METHOD, &contact.fingerprint, ask.now).await?;
        if let Some(until) = refused {
            return Ok(standing.told_to_wait(until));
        }
        match self.carriage.withheld(ask, contact).await? {
            None => {}
            Some(Withheld::Until(until)) => return Ok(standing.told_to_wait(until)),
            Some(Withheld::NotSent) => return Ok(Challenged::NotSent),
        }
        self.parts
            .counters
            .count(&Self::sends_key(&ask.session), SESSION_SENDS_WINDOW, ask.now)
            .await?;
        let code = random::digits(typed::DIGITS);
        let Some(sent) = self.sent_code(ask, contact, &code) else {
            // No key to sign with: nothing that could be believed later.
            return Ok(Challenged::NotSent);
        };
        self.replace_spent(standing, &sent).await?;
        if self.parts.notifiers.try_post(&self.message(ask, contact, &code)).is_err() {
            // A code that nobody was told must not look as if it were on its way.
            self.parts.codes.take_code(&sent.id, ask.now).await?;
            return Ok(Challenged::NotSent);
        }
        let next_at = self.standing(&ask.session, ask.now).await?.next_send_at;
        Ok(Challenged::Sent { next_at })
    }

    /// Keeps a new code. Where the tries at the codes before it are used up these are ended first,
    /// so that the tries that come with the new one are tries at this one alone.
    async fn replace_spent(&self, standing: &Standing, sent: &SentCode) -> Result<(), StoreError> {
        if let (true, Some(newest)) = (standing.is_spent, &standing.newest) {
            self.parts.codes.take_code(&newest.id, sent.sent_at).await?;
        }
        self.parts.codes.put_code(sent).await?;
        if standing.is_spent || !standing.is_live {
            self.parts.counters.forget(&Self::tries_key(&sent.session)).await?;
        }
        Ok(())
    }

    fn sent_code(&self, ask: &Ask<'_>, contact: &Contact, code: &str) -> Option<SentCode> {
        let owner = Some((ask.account, contact));
        let bound = Bound { method: C::METHOD, session: ask.session, owner };
        let signature = self.parts.keys.load().sign(Purpose::Code, &bound.parts(code))?;
        Some(SentCode {
            id: random::bytes(),
            session: ask.session,
            user: ask.account.user.id.clone(),
            method: C::METHOD,
            code_mac: signature.mac,
            sent_at: ask.now,
            expires_at: ask.now.after(self.parts.limits.ttl),
            used_at: None,
        })
    }

    fn message(&self, ask: &Ask<'_>, contact: &Contact, code: &str) -> Message {
        self.carriage.message(&Draft {
            text: &*self.parts.text,
            language: ask.account.user.language.as_deref().unwrap_or(ask.language),
            brand: &self.parts.brand.load(),
            host: ask.host,
            code,
            minutes: self.parts.limits.ttl.as_secs() / 60,
            to: &contact.address,
        })
    }

    /// Counts a try at the codes of the session, whether or not there are any.
    async fn count_try(&self, session: &SessionKey, now: Timestamp) -> Result<Tally, StoreError> {
        // Twice the life of a code: two codes that overlap are within one count.
        self.parts.counters.count(&Self::tries_key(session), self.parts.limits.ttl * 2, now).await
    }

    /// What the answer is among the codes that were sent. Every code is compared with the MACs of
    /// every live key in constant time, right or not.
    fn found(&self, codes: &[SentCode], bound: &Bound<'_>, code: &str, now: Timestamp) -> Found {
        let candidates = self.parts.keys.load().macs(Purpose::Code, &bound.parts(code), now);
        let mut found = Found::Nothing;
        for sent in codes {
            let is_equal =
                candidates.iter().fold(Choice::from(0), |any, mac| any | mac.ct_eq(&sent.code_mac));
            if bool::from(is_equal) && !matches!(found, Found::Live(_)) {
                found = Found::of(sent, now);
            }
        }
        found
    }

    async fn judge(
        &self,
        attempt: &Attempt<'_>,
        session: SessionKey,
        code: &str,
        tries_left: u32,
    ) -> Result<Verdict, MethodError> {
        let codes = self.parts.codes.codes(&session, C::METHOD).await?;
        let owner = active(attempt.account)
            .and_then(|account| Some((account, account.contact(C::CONTACT)?)));
        let bound = Bound { method: C::METHOD, session, owner };
        let rejection = match (self.found(&codes, &bound, code, attempt.now), owner) {
            (Found::Live(id), Some((account, contact))) => {
                let is_taken = self.parts.codes.take_code(&id, attempt.now).await?;
                let proof = proof_of(account, &contact.id, attempt.now);
                if let (true, Some(proof)) = (is_taken, proof) {
                    return Ok(Verdict::Proven(proof));
                }
                Rejection::UsedAlready
            }
            (Found::Used, _) => Rejection::UsedAlready,
            (Found::Expired, _) => Rejection::Expired,
            (Found::Live(_), None) | (Found::Nothing, _) => {
                Rejection::Wrong { tries_left: Some(tries_left) }
            }
        };
        Ok(Verdict::Rejected(rejection))
    }
}

#[async_trait]
impl<C: Carriage> Authenticator for ByMessage<C> {
    fn method(&self) -> Method {
        C::METHOD
    }

    fn is_usable(&self, account: &Account) -> bool {
        self.contact(account).is_some() && self.parts.notifiers.can_carry(C::CHANNEL)
    }

    /// Sends a code, unless one that was sent before is still good or it is too early for the next.
    /// After [`Rejection::Expired`] it is this that sends the new one.
    async fn challenge(&self, ask: Ask<'_>) -> Result<Challenged, MethodError> {
        let sign_in = sign_in_of_ask(&ask, C::METHOD);
        if let Some(until) = self.parts.attempts.waits_until(&sign_in, ask.now).await? {
            return Ok(Challenged::Throttled { until });
        }
        let Some(contact) = self.contact(ask.account) else {
            return Ok(Challenged::NotSent);
        };
        let standing = self.standing(&ask.session, ask.now).await?;
        if standing.is_answerable() && !ask.again
            || standing.is_live && ask.now < standing.next_send_at
        {
            return Ok(standing.told_to_wait(standing.next_send_at));
        }
        self.send(&ask, contact, &standing).await
    }

    async fn verify(&self, attempt: Attempt<'_>) -> Result<Verdict, MethodError> {
        let code = match typed::code(attempt.answer) {
            Ok(code) => code,
            Err(rejection) => return Ok(Verdict::Rejected(rejection)),
        };
        let session = attempt.session.unwrap_or(NO_SESSION);
        let tries = self.count_try(&session, attempt.now).await?.count;
        let Some(tries_left) = self.parts.limits.tries.checked_sub(tries) else {
            // Costs the user nothing beyond this session: the next code finds tries left.
            let standing = self.standing(&session, attempt.now).await?;
            let until = standing.next_send_at.max(attempt.now);
            return Ok(Verdict::Rejected(Rejection::Throttled { until }));
        };
        let sign_in = sign_in_of(&attempt, C::METHOD);
        let admitted = match self.parts.attempts.count_sign_in(&sign_in, attempt.now).await? {
            Counted::Admitted(admitted) => admitted,
            Counted::Throttled { until } => {
                return Ok(Verdict::Rejected(Rejection::Throttled { until }));
            }
        };
        let verdict = self.judge(&attempt, session, &code, tries_left).await?;
        if matches!(verdict, Verdict::Proven(_)) {
            self.parts.attempts.succeeded(&admitted).await?;
            self.parts.counters.forget(&Self::tries_key(&session)).await?;
        }
        Ok(verdict)
    }
}

/// Keys of sessions are random: no session has this one.
const NO_SESSION: SessionKey = SessionKey([0; 16]);

/// What a session has been sent.
struct Standing {
    newest: Option<SentCode>,
    /// A code is neither used nor expired.
    is_live: bool,
    /// The tries at the codes so far are used up.
    is_spent: bool,
    /// From when on the next code may be sent.
    next_send_at: Timestamp,
}

impl Standing {
    const fn is_answerable(&self) -> bool {
        self.is_live && !self.is_spent
    }

    const fn told_to_wait(&self, until: Timestamp) -> Challenged {
        if self.is_answerable() {
            Challenged::WaitUntil(until)
        } else {
            Challenged::Throttled { until }
        }
    }
}

enum Found {
    Live([u8; 16]),
    Used,
    Expired,
    Nothing,
}

impl Found {
    fn of(sent: &SentCode, now: Timestamp) -> Self {
        if is_live(sent, now) {
            Self::Live(sent.id)
        } else if now >= sent.expires_at.after(EXPLAINED) {
            Self::Nothing
        } else if sent.used_at.is_some() {
            Self::Used
        } else {
            Self::Expired
        }
    }
}

fn is_live(code: &SentCode, now: Timestamp) -> bool {
    code.used_at.is_none() && now < code.expires_at
}

/// What a code is good for. The same code in another session, for another user or after another
/// address has another MAC.
struct Bound<'a> {
    method: Method,
    session: SessionKey,
    owner: Option<(&'a Account, &'a Contact)>,
}

impl<'a> Bound<'a> {
    fn parts<'b>(&'b self, code: &'b str) -> [&'b [u8]; 6]
    where
        'a: 'b,
    {
        let (user, address) = self
            .owner
            .map_or(("", ""), |(account, contact)| (&*account.user.id.0, &*contact.fingerprint));
        [
            b"sign-in",
            &self.session.0,
            self.method.name().as_bytes(),
            user.as_bytes(),
            address.as_bytes(),
            code.as_bytes(),
        ]
    }
}

fn hex(session: &SessionKey) -> String {
    session.0.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// How long after the newest code the next one may be sent.
fn pause(sends: Option<Tally>) -> Duration {
    let sent = sends.map_or(1, |sends| sends.count.max(1));
    let place = usize::try_from(sent - 1).unwrap_or(usize::MAX);
    let longest = PAUSES_S.last().copied().unwrap_or_default();
    Duration::from_secs(PAUSES_S.get(place).copied().unwrap_or(longest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::methods::EmailCode;
    use crate::methods::fakes::{Bench, PASSWORD, SESSION, account_of};
    use crate::notify::MessageKind;

    const HOST: &str = "portal.example.org";

    struct Desk {
        bench: Bench,
        account: Account,
        email: EmailCode,
    }

    impl Desk {
        fn of(bench: Bench) -> Self {
            let account = account_of(&bench, "anna", PASSWORD);
            let email = bench.email();
            Self { bench, account, email }
        }

        fn wait(&self, secs: u64) {
            self.bench.clock.advance(Duration::from_secs(secs));
        }

        async fn ask(&self, again: bool) -> Challenged {
            self.email.challenge(self.bench.ask(&self.account, again)).await.unwrap()
        }

        /// Asks, and says which code came.
        async fn code(&self, again: bool) -> String {
            assert!(matches!(self.ask(again).await, Challenged::Sent { .. }));
            self.bench.mailed().await.pop().unwrap()
        }

        async fn answer(&self, code: &str) -> Result<(), Rejection> {
            match self.email.verify(self.bench.attempt(&self.account, code)).await.unwrap() {
                Verdict::Proven(_) => Ok(()),
                Verdict::Rejected(rejection) => Err(rejection),
            }
        }

        fn in_secs(&self, secs: u64) -> Timestamp {
            self.bench.now().after(Duration::from_secs(secs))
        }
    }

    /// Six digits that none of the codes is.
    fn other_than(codes: &[&str]) -> String {
        (0..10).map(|n| format!("{n}00000")).find(|code| !codes.contains(&code.as_str())).unwrap()
    }

    #[tokio::test]
    async fn a_page_that_is_loaded_again_sends_no_second_code() {
        let desk = Desk::of(Bench::new());
        let code = desk.code(false).await;
        let next = desk.in_secs(30);
        for _ in 0..20 {
            assert_eq!(desk.ask(false).await, Challenged::WaitUntil(next));
        }
        desk.wait(599);
        assert_eq!(desk.ask(false).await, Challenged::WaitUntil(next));
        assert_eq!(desk.bench.mailed().await, std::slice::from_ref(&code));
        assert_eq!(desk.answer(&code).await, Ok(()));
    }

    #[tokio::test]
    async fn another_code_comes_after_30_then_60_then_120_seconds_and_five_an_hour() {
        let desk = Desk::of(Bench::new());
        let begun = desk.bench.now();
        desk.code(false).await;
        for pause in [30, 60, 120, 120] {
            assert_eq!(desk.ask(true).await, Challenged::WaitUntil(desk.in_secs(pause)), "{pause}");
            desk.wait(pause - 1);
            assert_eq!(desk.ask(true).await, Challenged::WaitUntil(desk.in_secs(1)), "{pause}");
            desk.wait(1);
            desk.code(true).await;
        }
        desk.wait(120);
        let hour = begun.after(Duration::from_secs(3600));
        assert_eq!(desk.ask(true).await, Challenged::WaitUntil(hour));
        desk.wait(600);
        assert_eq!(desk.ask(false).await, Challenged::Throttled { until: hour });
        assert_eq!(desk.bench.mailed().await.len(), 5);
    }

    #[tokio::test]
    async fn an_address_gets_five_codes_an_hour_over_however_many_sessions() {
        let desk = Desk::of(Bench::new());
        let mut sent = 0;
        for session in 0..100 {
            let session = SessionKey([session; 16]);
            let ask = Ask { session, ..desk.bench.ask(&desk.account, true) };
            let challenged = desk.email.challenge(ask).await.unwrap();
            sent += u32::from(matches!(challenged, Challenged::Sent { .. }));
        }
        assert_eq!((sent, desk.bench.mailed().await.len()), (5, 5));
    }

    #[tokio::test]
    async fn the_two_newest_codes_are_good_and_older_ones_are_not() {
        for good in [1, 2] {
            let desk = Desk::of(Bench::new());
            let mut codes = vec![desk.code(false).await];
            for pause in [30, 60] {
                desk.wait(pause);
                codes.push(desk.code(true).await);
            }
            assert_eq!(desk.answer(&codes[0]).await, Err(Rejection::Wrong { tries_left: Some(4) }));
            assert_eq!(desk.answer(&codes[good]).await, Ok(()), "{good}");
            assert_eq!(desk.answer(&codes[3 - good]).await, Err(Rejection::UsedAlready));
        }
    }

    #[tokio::test]
    async fn a_code_works_until_its_ten_minutes_are_over_and_is_explained_for_two_hours() {
        const END: u64 = 600;
        for (secs, expected) in [
            (END - 1, Ok(())),
            (END, Err(Rejection::Expired)),
            (END + 1, Err(Rejection::Expired)),
            (END + 7199, Err(Rejection::Expired)),
            (END + 7200, Err(Rejection::Wrong { tries_left: Some(4) })),
        ] {
            let desk = Desk::of(Bench::new());
            let code = desk.code(false).await;
            desk.wait(secs);
            assert_eq!(desk.answer(&code).await, expected, "{secs}");
        }
    }

    #[tokio::test]
    async fn after_an_expired_code_asking_sends_a_new_one_that_works() {
        let desk = Desk::of(Bench::new());
        let expired = desk.code(false).await;
        desk.wait(601);
        assert_eq!(desk.answer(&expired).await, Err(Rejection::Expired));
        let fresh = desk.code(false).await;
        assert_eq!(desk.answer(&fresh).await, Ok(()));
    }

    #[tokio::test]
    async fn five_tries_are_for_all_codes_that_are_good_and_a_new_code_after_them_brings_its_own() {
        let desk = Desk::of(Bench::new());
        let first = desk.code(false).await;
        let wrong = other_than(&[&first]);
        for left in [4, 3, 2] {
            assert_eq!(desk.answer(&wrong).await, Err(Rejection::Wrong { tries_left: Some(left) }));
        }
        desk.wait(30);
        let second = desk.code(true).await;
        let wrong = other_than(&[&first, &second]);
        for left in [1, 0] {
            assert_eq!(desk.answer(&wrong).await, Err(Rejection::Wrong { tries_left: Some(left) }));
        }
        let until = desk.in_secs(60);
        assert_eq!(desk.answer(&second).await, Err(Rejection::Throttled { until }));
        assert_eq!(desk.ask(false).await, Challenged::Throttled { until });
        assert_eq!(desk.ask(true).await, Challenged::Throttled { until });

        desk.wait(60);
        let third = desk.code(false).await;
        assert_eq!(desk.answer(&second).await, Err(Rejection::UsedAlready));
        assert_eq!(desk.answer(&third).await, Ok(()));
    }

    #[tokio::test]
    async fn new_codes_never_bring_more_than_ten_tries_in_a_quarter_of_an_hour() {
        let desk = Desk::of(Bench::new());
        let mut checked = 0;
        for _ in 0..14 {
            let _ = desk.ask(true).await;
            let codes = desk.bench.mailed().await;
            let wrong = other_than(&codes.iter().map(String::as_str).collect::<Vec<_>>());
            for _ in 0..20 {
                let is_wrong = matches!(desk.answer(&wrong).await, Err(Rejection::Wrong { .. }));
                checked += u32::from(is_wrong);
            }
            desk.wait(60);
        }
        assert_eq!(checked, 10);
    }

    #[tokio::test]
    async fn a_code_outlives_a_change_of_keys_for_as_long_as_the_old_key_is_believed() {
        for (grace, expected) in [(600, Ok(())), (0, Err(Rejection::Wrong { tries_left: Some(4) }))]
        {
            let mut desk = Desk::of(Bench::new());
            let code = desk.code(false).await;
            let keys = desk.bench.keys.rotated(desk.bench.now(), Duration::from_secs(grace));
            desk.bench.keys = Arc::new(keys);
            desk.email = desk.bench.email();
            desk.wait(60);
            assert_eq!(desk.answer(&code).await, expected, "{grace}");
        }
    }

    #[tokio::test]
    async fn a_code_to_a_mailbox_that_was_replaced_proves_nothing_about_the_new_one() {
        let mut desk = Desk::of(Bench::new());
        let code = desk.code(false).await;
        let contact = &mut desk.account.contacts[0];
        contact.address = "eve@example.org".into();
        contact.fingerprint = "mailbox of eve".into();
        assert_eq!(desk.answer(&code).await, Err(Rejection::Wrong { tries_left: Some(4) }));
        desk.account.contacts.clear();
        assert!(!desk.email.is_usable(&desk.account));
        assert_eq!(desk.answer(&code).await, Err(Rejection::Wrong { tries_left: Some(3) }));
        assert_eq!(desk.ask(false).await, Challenged::NotSent);
    }

    #[tokio::test]
    async fn a_contact_that_may_not_be_used_yet_gets_no_code() {
        let mut desk = Desk::of(Bench::new());
        desk.account.contacts[0].is_usable = false;
        assert!(!desk.email.is_usable(&desk.account));
        assert_eq!(desk.ask(false).await, Challenged::NotSent);
        assert!(desk.bench.mailed().await.is_empty());
    }

    #[tokio::test]
    async fn where_no_notifier_takes_the_message_no_code_is_said_to_be_on_its_way() {
        let mut desk = Desk::of(Bench::new());
        desk.bench.notifiers = Arc::new(Notifiers::default());
        desk.email = desk.bench.email();
        assert!(!desk.email.is_usable(&desk.account));
        for _ in 0..2 {
            assert_eq!(desk.ask(false).await, Challenged::NotSent);
        }
    }

    /// A fake of the languages: writes down what it was asked.
    #[derive(Debug)]
    struct Echo;

    impl CodeText for Echo {
        fn code_mail(
            &self,
            language: &str,
            brand: &str,
            host: &str,
            code: &str,
            minutes: u64,
        ) -> (String, String) {
            (format!("{language} {brand}"), format!("{host} {code} {minutes}"))
        }

        fn code_text(&self, language: &str, brand: Option<&str>, code: &str) -> String {
            format!("{language} {brand:?} {code}")
        }
    }

    #[tokio::test]
    async fn a_mail_is_in_the_users_language_else_in_that_of_the_page() {
        for (users, expected) in [(Some("nl"), "nl Example"), (None, "en Example")] {
            let mut desk = Desk::of(Bench::new());
            desk.account.user.language = users.map(str::to_owned);
            desk.email = desk.bench.email_in(Arc::new(Echo), "Example");
            let code = desk.code(false).await;
            let message = desk.bench.mail.messages.lock().unwrap()[0].clone();
            assert_eq!(message.subject.as_deref(), Some(expected));
            assert_eq!(message.text, format!("{HOST} {code} 10"));
            assert_eq!(
                (message.to.as_str(), message.kind),
                ("anna@example.org", MessageKind::Code)
            );
        }
    }

    #[tokio::test]
    async fn the_code_stands_in_the_text_alone_and_never_in_the_subject() {
        let desk = Desk::of(Bench::new());
        let email = desk.bench.email_in(Arc::new(EnglishText), "Shop 654321");
        let ask = Ask { host: "p123456.example.org", ..desk.bench.ask(&desk.account, false) };
        assert!(matches!(email.challenge(ask).await.unwrap(), Challenged::Sent { .. }));
        let code = desk.bench.mailed().await.pop().unwrap();
        let message = desk.bench.mail.messages.lock().unwrap()[0].clone();
        assert!(!message.subject.unwrap().contains(&code));
        assert_eq!(desk.answer(&code).await, Ok(()));
    }

    #[tokio::test]
    async fn a_row_that_was_moved_to_another_session_proves_nothing_there() {
        let desk = Desk::of(Bench::new());
        let code = desk.code(false).await;
        let mut row = desk.bench.codes.codes(&SESSION, Method::Email).await.unwrap().remove(0);
        row.session = SessionKey([2; 16]);
        desk.bench.codes.put_code(&row).await.unwrap();
        let attempt =
            Attempt { session: Some(row.session), ..desk.bench.attempt(&desk.account, &code) };
        let verdict = desk.email.verify(attempt).await.unwrap();
        let wrong = Rejection::Wrong { tries_left: Some(4) };
        assert_eq!(verdict, Verdict::Rejected(wrong));
    }

    #[tokio::test]
    async fn the_store_keeps_no_code() {
        let desk = Desk::of(Bench::new());
        let code = desk.code(false).await;
        let kept = desk.bench.codes.codes(&SESSION, Method::Email).await.unwrap();
        assert_eq!(kept.len(), 1);
        assert!(!kept[0].code_mac.windows(6).any(|bytes| bytes == code.as_bytes()));
        assert!(!format!("{kept:?}").contains(&code));
        assert_eq!(kept[0].expires_at, desk.in_secs(600));
    }
}
