//! What a person goes through between "short of points" and "let in". Every page asks again where the
//! journey stands: the answer comes from the session's evidence and the settings of this moment, never
//! from a field that says how far somebody got.
//!
//! Not here: HTML, cookies' attributes, addresses of pages (`web`), and what an answer is worth
//! (`points`).

mod apps;
mod contacts;
mod devices;
mod enrolment;
mod news;
mod outlook;
mod passkeys;
mod password;
mod record;
mod remembered;
mod return_address;
mod set_up;
#[cfg(test)]
pub(crate) mod tests;
mod transaction;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

pub use apps::{AppTicket, MOST_APPS};
pub use contacts::{ContactAsked, ContactConfirmed, ContactTicket, MOST_CONTACTS, method_of_kind};
pub use devices::Device;
pub use enrolment::{Change, FRESH, Permission, Permit, Removal};
pub use news::{News, NewsText, Scene};
pub use outlook::{Closed, Outlook};
pub use passkeys::{MOST_PASSKEYS, PasskeyAdded};
pub use password::{Forgotten, RESET_LIFETIME, Renewed, Reset};
pub use remembered::Remembered;
pub use return_address::ReturnAddress;
pub use set_up::{AppSetUp, SetUp, SetUpTicket, token_hash};
pub use transaction::{Notice, Opening, Transaction};

use crate::accounts::{
    Account, AccountStore, ChangeStore, EmailAddress, PasskeyStore, RememberedStore, StoreError,
    UserName, UserState,
};
use crate::audit::{Audit, EventName};
use crate::gate::{Arrival, Reference};
use crate::methods::{
    Ask, Attempt, Ceremony, Challenged, MethodError, Methods, Password, RecoveryStore, Rejection,
    Source, Texting, Verdict,
};
use crate::notify::Notifiers;
use crate::observe::Metrics;
use crate::points::{
    Decision, Enrolled, Forbidden, Level, Method, MethodSet, Outcome, Points, Proof, Requirement,
    Shortfall, Standing, Timestamp, Unpaid, Way, Weighing, ways,
};
use crate::sessions::{Beginning, Name, NewlyNamed, Present, Rise, Sessions};
use crate::throttle::CounterStore;

/// Where a journey stands.
#[must_use]
#[derive(Debug)]
pub enum Step {
    /// Nobody is signed in.
    SignIn,
    /// One of these methods next.
    Choose(Box<Choice>),
    /// Nothing that this person has leads there.
    Stuck(Box<Shortfall>),
    /// More proofs would not help.
    Denied(Forbidden),
    /// There.
    Done,
}

/// What there is to choose from.
#[derive(Debug)]
pub struct Choice {
    pub shortfall: Shortfall,
    /// With the methods that work at this moment; not empty.
    pub ways: Vec<Way>,
}

impl Choice {
    /// Every method that occurs in a way, once, in the order of the ways.
    #[must_use]
    pub fn methods(&self) -> Vec<Method> {
        let mut methods = Vec::new();
        for method in self.ways.iter().flat_map(Way::methods) {
            if !methods.contains(&method) {
                methods.push(method);
            }
        }
        methods
    }

    /// The same without what people fall back on.
    fn usual_methods(&self) -> Vec<Method> {
        self.methods().into_iter().filter(|method| method.is_forecast()).collect()
    }

    /// What has to follow a method, on the shortest way that it is part of.
    #[must_use]
    pub fn after(&self, method: Method) -> Vec<Method> {
        self.ways
            .iter()
            .find(|way| way.methods().any(|step| step == method))
            .map(|way| way.methods().filter(|step| *step != method).collect())
            .unwrap_or_default()
    }

    /// The fewest steps of a way that this method is part of.
    #[must_use]
    pub fn steps_with(&self, method: Method) -> usize {
        let with = |way: &&Way| way.methods().any(|step| step == method);
        self.ways.iter().filter(with).map(|way| way.steps.len()).min().unwrap_or(0)
    }
}

/// The page that comes next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Place {
    SignIn,
    Next,
    Code(Method),
    Wait(Method),
    Stuck,
    Denied,
    /// The transaction's return address.
    Return,
}

/// What becomes of a form.
#[must_use]
#[derive(Debug)]
pub struct Turn {
    pub place: Place,
    pub transaction: Transaction,
    /// The session's new name, for its cookie.
    pub name: Option<Name>,
    /// This browser has signed in: remember it as one that has.
    pub knows_browser: bool,
    /// For the cookie of a remembered device.
    pub remembered: Option<Remembered>,
}

impl Turn {
    const fn to(place: Place, transaction: Transaction) -> Self {
        Self { place, transaction, name: None, knows_browser: false, remembered: None }
    }

    /// The next page says how many codes are left, and there is one. What it says already is more urgent.
    fn after_recovery(mut self, left: u32) -> Self {
        self.transaction.notice.get_or_insert(Notice::RecoveryLeft(left));
        if self.place == Place::Return {
            self.place = Place::Code(Method::RecoveryCode);
        }
        self
    }
}

/// What became of signing out.
#[must_use]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SignOut {
    /// Nobody is signed in here any more.
    Over,
    /// The form came under a name that was replaced a moment ago, which changes nothing: ask again.
    OldName,
}

/// Who is at the other end of a form.
#[derive(Clone, Copy, Debug)]
pub struct Visit<'a> {
    pub arrival: &'a Arrival,
    pub source: &'a Source,
    /// Hash of the cookie by which this browser will be known once it has signed in.
    pub browser_to_know: [u8; 32],
    /// Hash of the cookie of a device that was remembered, whoever's.
    pub remembered: Option<[u8; 32]>,
    /// The person asks to have this device remembered.
    pub remember: bool,
    pub language: &'a str,
    pub user_agent: Option<&'a str>,
    pub reference: Reference,
}

/// Why a form could not be dealt with. Nothing was proven.
#[derive(Debug, thiserror::Error)]
pub enum JourneyError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("too much work is waiting")]
    Busy { retry_after: Duration },
    #[error("the directory of this route is not configured")]
    NoDirectory,
}

impl From<MethodError> for JourneyError {
    fn from(error: MethodError) -> Self {
        match error {
            MethodError::Busy { retry_after } => Self::Busy { retry_after },
            MethodError::Store(error) => Self::Store(error),
        }
    }
}

/// Counts sign-ins by what was shown, so that administrators can see what a change would have done.
pub trait Tally: Send + Sync + std::fmt::Debug {
    /// Somebody arrived. Never waits: what is lost is a count.
    fn signed_in(&self, directory: &str, shown: MethodSet, now: Timestamp);
}

/// Takes people from page to page.
#[derive(Debug)]
pub struct Journey {
    sessions: Arc<Sessions>,
    accounts: Arc<dyn AccountStore>,
    passkeys: Arc<dyn PasskeyStore>,
    counters: Arc<dyn CounterStore>,
    methods: Arc<Methods>,
    /// For choosing one; checking one is a method like the others.
    passwords: Arc<Password>,
    changes: Arc<dyn ChangeStore>,
    recovery: Arc<dyn RecoveryStore>,
    remembered: Arc<dyn RememberedStore>,
    notifiers: Arc<Notifiers>,
    texting: Texting,
    news_text: Arc<dyn NewsText>,
    audit: Arc<Audit>,
    metrics: Arc<Metrics>,
    tally: Option<Arc<dyn Tally>>,
    /// Apps are confirmed one after the other, so that one secret is never added twice.
    confirming: tokio::sync::Mutex<()>,
    /// Forgotten passwords that are being looked for.
    searches: Arc<tokio::sync::Semaphore>,
    /// Notices that are being counted and handed over.
    notices: std::sync::Mutex<tokio::task::JoinSet<()>>,
}

/// What a journey is made of.
#[derive(Debug)]
pub struct Parts {
    pub sessions: Arc<Sessions>,
    pub accounts: Arc<dyn AccountStore>,
    pub passkeys: Arc<dyn PasskeyStore>,
    pub counters: Arc<dyn CounterStore>,
    pub methods: Arc<Methods>,
    pub passwords: Arc<Password>,
    /// What people change themselves.
    pub changes: Arc<dyn ChangeStore>,
    pub recovery: Arc<dyn RecoveryStore>,
    pub remembered: Arc<dyn RememberedStore>,
    pub notifiers: Arc<Notifiers>,
    /// What a text message has to pass before it is sent.
    pub texting: Texting,
    pub news_text: Arc<dyn NewsText>,
    pub audit: Arc<Audit>,
    pub metrics: Arc<Metrics>,
    /// `None`: nobody counts.
    pub tally: Option<Arc<dyn Tally>>,
}

impl Journey {
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self {
            sessions: parts.sessions,
            accounts: parts.accounts,
            passkeys: parts.passkeys,
            counters: parts.counters,
            methods: parts.methods,
            passwords: parts.passwords,
            changes: parts.changes,
            recovery: parts.recovery,
            remembered: parts.remembered,
            notifiers: parts.notifiers,
            texting: parts.texting,
            news_text: parts.news_text,
            audit: parts.audit,
            metrics: parts.metrics,
            tally: parts.tally,
            confirming: tokio::sync::Mutex::default(),
            searches: Arc::new(tokio::sync::Semaphore::new(password::SEARCHES)),
            notices: std::sync::Mutex::default(),
        }
    }

    /// Where the journey to `transaction`'s return address stands for whoever arrived.
    pub fn step(&self, arrival: &Arrival, transaction: &Transaction) -> Step {
        let Some(settings) = arrival.settings() else {
            return Step::Denied(Forbidden::Directory);
        };
        let requirement = destination(arrival, transaction, settings.required_level).requirement;
        let Decision { outcome, weighing } = arrival.decide(&requirement, settings);
        let shortfall = match outcome {
            Outcome::Allow(_) => return Step::Done,
            Outcome::Forbid(reason) => return Step::Denied(reason),
            Outcome::StepUp(shortfall) => Box::new(shortfall),
        };
        let Some(session) = &arrival.session else { return Step::SignIn };
        let usable = self.usable(arrival, session);
        let ways = ways(&requirement, &session.evidence(), &usable, settings, arrival.now);
        match (shortfall.signed_in, ways.is_empty()) {
            // To sign in anew would end here again: the person would type a right password for ever.
            (false, true) if is_in_vain(&weighing) => Step::Stuck(shortfall),
            (false, _) => Step::SignIn,
            (true, true) => Step::Stuck(shortfall),
            (true, false) => Step::Choose(Box::new(Choice { shortfall: *shortfall, ways })),
        }
    }

    /// What this person can use now, on this host.
    fn usable(&self, arrival: &Arrival, session: &Present) -> Vec<Enrolled> {
        let mut usable = self.methods.usable_enrolments(session.account());
        if arrival.passkey_domain().is_none() {
            usable.retain(|one| !matches!(one.method, Method::Passkey | Method::SecurityKey));
        }
        usable
    }

    /// A name and a password.
    ///
    /// # Errors
    /// The answer could not be judged; it counted as a try.
    pub async fn sign_in(
        &self,
        visit: &Visit<'_>,
        mut transaction: Transaction,
        typed_name: &str,
        password: &str,
    ) -> Result<Turn, JourneyError> {
        let arrival = visit.arrival;
        transaction.typed_name = Some(typed_name.chars().take(254).collect());
        transaction.sent = None;
        let account = self.account_typed(&arrival.route.directory, typed_name).await?;
        let counted_as = counted_as(account.as_ref(), typed_name);
        let method = self.methods.of(Method::Password).ok_or(JourneyError::NoDirectory)?;
        let verdict = method
            .verify(Attempt {
                directory: &arrival.route.directory,
                counted_as: &counted_as,
                account: account.as_ref(),
                session: None,
                answer: password,
                ceremony: None,
                source: visit.source,
                now: arrival.now,
            })
            .await?;
        match (verdict, account) {
            (Verdict::Proven(proof), Some(account)) => {
                self.begin(visit, transaction, &account, proof).await
            }
            // No method proves anything of nobody; if one did, it would prove nothing.
            (Verdict::Proven(_), None) => Ok(Turn::to(Place::SignIn, transaction)),
            (Verdict::Rejected(rejection), account) => {
                self.rejected(visit, account.as_ref(), Method::Password, rejection);
                let notice = Some(Notice::from(rejection));
                Ok(Turn::to(Place::SignIn, transaction.with_notice(notice)))
            }
        }
    }

    /// By name and, where one was typed, by address: the same look-ups whether or not either is known.
    async fn account_typed(
        &self,
        directory: &str,
        typed: &str,
    ) -> Result<Option<Account>, StoreError> {
        let by_name = match typed.parse::<UserName>() {
            Ok(name) => self.accounts.find_user(directory, &name).await?,
            Err(_) => None,
        };
        let by_email = match typed.parse::<EmailAddress>() {
            Ok(email) => self.accounts.find_user_by_email(directory, &email).await?,
            Err(_) => None,
        };
        Ok(by_name.or(by_email).filter(|account| account.user.state == UserState::Active))
    }

    async fn begin(
        &self,
        visit: &Visit<'_>,
        mut transaction: Transaction,
        account: &Account,
        proof: Proof,
    ) -> Result<Turn, JourneyError> {
        let arrival = visit.arrival;
        let method = proof.method;
        // What can fail comes before the session, whose name would be lost with it.
        self.counters.know_browser(&account.user.id, &visit.browser_to_know, arrival.now).await?;
        self.accounts.record_sign_in(&account.user.id, arrival.now).await?;
        // Whoever was signed in here is not any more: evidence is of one user.
        if let Some(old) = &arrival.session {
            self.sessions.end(old.key(), arrival.now).await?;
        }
        let before = arrival.session.as_ref().map(|old| &old.account().user.id);
        if before.is_some_and(|before| *before != account.user.id) {
            // Where another person was going is nobody else's business.
            transaction.return_to = ReturnAddress::default();
            transaction.opening = None;
            transaction.change = None;
        }
        // A page that waits for somebody does not go on as another. Whoever began by confirming was signed in:
        // with that session gone, nobody can say that it is the same person.
        let is_same =
            before == Some(&account.user.id) || before.is_none() && !transaction.is_step_up;
        transaction.is_window &= is_same;
        let beginning = Beginning {
            account,
            proof,
            host: &arrival.host,
            user_agent: visit.user_agent,
            address: arrival.address.map(|address| address.to_string()),
        };
        let limits = arrival.snapshot.config.session;
        let begun = self.sessions.begin(beginning, limits, arrival.now).await?;
        self.proven(visit, account, method);
        let (begun, remembered) = match method {
            Method::Password => self.recall(visit, account, begun).await,
            _ => (begun, None),
        };
        let mut turn = self.go_on(visit, transaction, begun).await;
        turn.knows_browser = true;
        turn.remembered = remembered;
        Ok(turn)
    }

    /// With a newer session: to where the journey stands now. Cannot fail: the session's new name has to
    /// reach the browser.
    async fn go_on(
        &self,
        visit: &Visit<'_>,
        mut transaction: Transaction,
        newly: NewlyNamed,
    ) -> Turn {
        transaction.notice = None;
        let arrival = Arrival { session: Some(newly.present), ..visit.arrival.clone() };
        let visit = Visit { arrival: &arrival, ..*visit };
        let mut turn = match self.step(&arrival, &transaction) {
            Step::Done => {
                self.arrived(&visit, transaction.is_step_up);
                if let (Some(tally), Some(session), false) =
                    (&self.tally, &arrival.session, transaction.is_step_up)
                {
                    let shown =
                        session.evidence().proofs.iter().map(|proof| proof.method).collect();
                    tally.signed_in(session.directory(), shown, arrival.now);
                }
                Turn::to(Place::Return, transaction)
            }
            Step::SignIn => Turn::to(Place::SignIn, transaction),
            Step::Stuck(_) => Turn::to(Place::Stuck, transaction),
            Step::Denied(_) => Turn::to(Place::Denied, transaction),
            Step::Choose(choice) => match choice.usual_methods().as_slice() {
                // Nothing to choose: the only way is begun, so that nobody clicks for nothing.
                [only] if choice.steps_with(*only) == 1 => {
                    self.ask_unasked(&visit, transaction, *only).await
                }
                _ => Turn::to(Place::Next, transaction),
            },
        };
        turn.name = Some(newly.name);
        turn
    }

    /// Begins the only way that is left; where that does not work now, the person may try themself.
    async fn ask_unasked(
        &self,
        visit: &Visit<'_>,
        transaction: Transaction,
        method: Method,
    ) -> Turn {
        match self.ask(visit, transaction.clone(), method, false).await {
            Ok(turn) => turn,
            Err(error) => {
                tracing::warn!(%error, %method, "the next step could not be begun");
                Turn::to(Place::Next, transaction)
            }
        }
    }

    /// A person chose a method, or asks for another code of it.
    ///
    /// # Errors
    /// It could not be found out whether a challenge can be made.
    pub async fn choose(
        &self,
        visit: &Visit<'_>,
        transaction: Transaction,
        method: Method,
        again: bool,
    ) -> Result<Turn, JourneyError> {
        if !self.leads_on(visit.arrival, &transaction, method) {
            return Ok(Turn::to(Place::Next, transaction.with_notice(None)));
        }
        self.ask(visit, transaction, method, again).await
    }

    async fn ask(
        &self,
        visit: &Visit<'_>,
        mut transaction: Transaction,
        method: Method,
        again: bool,
    ) -> Result<Turn, JourneyError> {
        let (Some(session), Some(authenticator)) =
            (&visit.arrival.session, self.methods.of(method))
        else {
            return Ok(Turn::to(Place::Next, transaction));
        };
        let challenged = authenticator
            .challenge(Ask {
                account: session.account(),
                session: session.key(),
                source: visit.source,
                host: &visit.arrival.host,
                language: visit.language,
                again,
                now: visit.arrival.now,
            })
            .await?;
        if !matches!(challenged, Challenged::Ready | Challenged::Throttled { .. }) {
            transaction.sent = Some(method.name().to_owned());
        }
        let (place, notice, event) = match challenged {
            Challenged::Ready => (Place::Code(method), None, None),
            Challenged::Sent { next_at } => {
                transaction.resend_at = Some(next_at);
                let notice = again.then_some(Notice::Resent);
                (Place::Code(method), notice, Some(EventName::CodeSent))
            }
            Challenged::WaitUntil(at) => {
                transaction.resend_at = Some(at);
                (Place::Code(method), again.then_some(Notice::TooEarly), None)
            }
            Challenged::Throttled { until } => {
                let notice = Notice::Throttled(until.as_millis());
                (Place::Wait(method), Some(notice), Some(EventName::CodeThrottled))
            }
            Challenged::NotSent => {
                (Place::Code(method), Some(Notice::NotSent), Some(EventName::CodeUndeliverable))
            }
        };
        if let Some(event) = event {
            self.asked(visit, session.account(), method, event);
        }
        Ok(Turn::to(place, transaction.with_notice(notice)))
    }

    /// An answer to a challenge.
    ///
    /// # Errors
    /// The answer could not be judged; it counted as a try.
    pub async fn answer(
        &self,
        visit: &Visit<'_>,
        transaction: Transaction,
        method: Method,
        answer: &str,
    ) -> Result<Turn, JourneyError> {
        self.answered(visit, transaction, method, answer, None).await
    }

    async fn answered(
        &self,
        visit: &Visit<'_>,
        transaction: Transaction,
        method: Method,
        answer: &str,
        ceremony: Option<&Ceremony>,
    ) -> Result<Turn, JourneyError> {
        let arrival = visit.arrival;
        let leads_on = self.leads_on(arrival, &transaction, method);
        let (Some(session), Some(authenticator), true) =
            (&arrival.session, self.methods.of(method), leads_on)
        else {
            return Ok(Turn::to(Place::Next, transaction.with_notice(None)));
        };
        let account = session.account();
        let verdict = authenticator
            .verify(Attempt {
                directory: &account.user.directory,
                counted_as: account.user.name.as_str(),
                account: Some(account),
                session: Some(session.key()),
                answer,
                ceremony,
                source: visit.source,
                now: arrival.now,
            })
            .await?;
        match verdict {
            Verdict::Proven(proof) => self.rise(visit, transaction, session, proof).await,
            // It was right once: the person need not ask for the one that is right now.
            Verdict::Rejected(Rejection::Expired) => {
                let turn = self.ask(visit, transaction, method, false).await?;
                let notice = turn.transaction.notice.clone().unwrap_or(Notice::Expired);
                Ok(Turn { transaction: turn.transaction.with_notice(Some(notice)), ..turn })
            }
            Verdict::Rejected(rejection) => {
                self.rejected(visit, Some(account), method, rejection);
                let place = match rejection {
                    Rejection::Throttled { .. } => Place::Wait(method),
                    _ => Place::Code(method),
                };
                Ok(Turn::to(place, transaction.with_notice(Some(Notice::from(rejection)))))
            }
        }
    }

    async fn rise(
        &self,
        visit: &Visit<'_>,
        transaction: Transaction,
        session: &Present,
        proof: Proof,
    ) -> Result<Turn, JourneyError> {
        let method = proof.method;
        let is_recovery = method == Method::RecoveryCode;
        if is_recovery {
            // One less is left: the account is read anew, and so can the page say how many. It is used,
            // whatever becomes of the session: its owner hears of it.
            self.sessions.user_changed(&session.account().user.id);
            self.proven(visit, session.account(), method);
            self.tell(visit, session.account(), News::RecoveryCodeUsed);
        }
        let rise = self.sessions.rise(session, proof, visit.arrival.now).await?;
        match rise {
            Rise::Renamed(newly) => {
                let account = newly.present.account();
                if !is_recovery {
                    self.proven(visit, account, method);
                }
                let left =
                    is_recovery.then(|| account.recovery.as_ref().map_or(0, |codes| codes.left));
                let remembered = self.remember(visit, method, &newly.present).await;
                let mut turn = self.go_on(visit, transaction, *newly).await;
                turn.remembered = remembered;
                Ok(match left {
                    Some(left) => turn.after_recovery(left),
                    None => turn,
                })
            }
            // The other tab's answer carries the name; the next page finds it in the cookie jar.
            Rise::Added | Rise::Ended => Ok(Turn::to(Place::Next, transaction.with_notice(None))),
        }
    }

    /// Whether `method` is part of a way that this person has to where they are going.
    #[must_use]
    pub fn leads_on(&self, arrival: &Arrival, transaction: &Transaction, method: Method) -> bool {
        // An old name of a session never raises it.
        let may_write = arrival.session.as_ref().is_some_and(Present::is_current);
        may_write
            && match self.step(arrival, transaction) {
                Step::Choose(choice) => choice.methods().contains(&method),
                Step::SignIn | Step::Stuck(_) | Step::Denied(_) | Step::Done => false,
            }
    }

    /// Signs out: this session, or all of the user's.
    ///
    /// # Errors
    /// It is over in memory; that the store does not say so yet is the caller's 503.
    pub async fn sign_out(
        &self,
        visit: &Visit<'_>,
        everywhere: bool,
    ) -> Result<SignOut, JourneyError> {
        let arrival = visit.arrival;
        let Some(session) = &arrival.session else { return Ok(SignOut::Over) };
        if !session.is_current() {
            return Ok(SignOut::OldName);
        }
        self.record(visit, EventName::SignOut, Some(session.account()), None);
        if everywhere {
            self.sessions.end_all_of(&session.account().user.id, arrival.now).await?;
        } else {
            self.sessions.end(session.key(), arrival.now).await?;
        }
        Ok(SignOut::Over)
    }

    /// What the place asks that the person is going to, and the operator's words for it.
    #[must_use]
    pub fn wanted(&self, arrival: &Arrival, transaction: &Transaction) -> Wanted {
        // A directory that is not there is denied before anybody asks what it wants.
        let level = arrival.settings().map_or(Level::MAX, |settings| settings.required_level);
        destination(arrival, transaction, level)
    }

    /// Methods that this person has and that are worth something, whose messages do not get through.
    #[must_use]
    pub fn undeliverable(&self, arrival: &Arrival, choice: &Choice) -> Vec<Method> {
        let (Some(session), Some(settings)) = (&arrival.session, arrival.settings()) else {
            return Vec::new();
        };
        let usable = self.methods.usable_enrolments(session.account());
        let mut methods = Vec::new();
        for enrolled in session.enrolled() {
            let method = enrolled.method;
            let is_offered = arrival.snapshot.offered(&arrival.route.directory).contains(method);
            let is_worth = settings.policy(method).points > Points::ZERO;
            let is_usable = usable.iter().any(|one| one.method == method);
            if is_offered && is_worth && !is_usable && !choice.methods().contains(&method) {
                methods.push(method);
            }
        }
        methods
    }

    /// Somebody was shown the page of no way: their administrator wants to know.
    pub fn record_dead_end(&self, visit: &Visit<'_>, has_no_way: bool) {
        let reason = if has_no_way { "no_way" } else { "cannot_use_any" };
        self.metrics.dead_end(&visit.arrival.route.name);
        self.record(visit, EventName::AccessDenied, self.account(visit.arrival), Some(reason));
    }

    /// Somebody showed the same again and again, and never arrived.
    pub fn record_going_round(&self, visit: &Visit<'_>) {
        self.metrics.dead_end(&visit.arrival.route.name);
        let account = self.account(visit.arrival);
        self.record(visit, EventName::AccessDenied, account, Some("going_round"));
    }

    fn account<'a>(&self, arrival: &'a Arrival) -> Option<&'a Account> {
        arrival.session.as_ref().map(Present::account)
    }
}

/// Whether a proof that is still good counts for nothing here: worth no points, on probation, or of a
/// method that no sign-in starts with.
fn is_in_vain(weighing: &Weighing) -> bool {
    let in_vain = [Unpaid::SwitchedOff, Unpaid::OnProbation, Unpaid::NoFirstMethod];
    weighing
        .standings
        .iter()
        .any(|standing| matches!(standing, Standing::Unpaid(why) if in_vain.contains(why)))
}

/// What the place asks that the person is going to, and why.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub requirement: Arc<Requirement>,
    pub explain: Arc<BTreeMap<String, String>>,
}

/// Where the place asks nothing, what its directory asks: somebody who came to sign in is to be signed in.
fn destination(arrival: &Arrival, transaction: &Transaction, level: Level) -> Wanted {
    if transaction.return_to.is_of_the_account() {
        let requirement = Arc::new(enrolment::requirement(transaction.change, level));
        return Wanted { requirement, explain: Arc::default() };
    }
    let (method, target) = match &transaction.opening {
        Some(opening) => (opening.method(), opening.path()),
        None => ("GET", transaction.return_to.target()),
    };
    match arrival.find(method, target.as_bytes()) {
        Ok(matched) if !matched.own_page && !matched.requirement.is_public() => {
            Wanted { requirement: matched.requirement, explain: matched.explain }
        }
        _ => Wanted {
            requirement: Arc::new(Requirement { level, ..Requirement::default() }),
            explain: Arc::default(),
        },
    }
}

/// The canonical name that an attempt counts for.
fn counted_as(account: Option<&Account>, typed: &str) -> String {
    match account {
        Some(account) => account.user.name.to_string(),
        None => typed
            .parse::<UserName>()
            .map(|name| name.to_string())
            .or_else(|_| typed.parse::<EmailAddress>().map(|email| email.folded()))
            .unwrap_or_default(),
    }
}

impl From<Rejection> for Notice {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::Wrong { tries_left } => Self::Wrong { tries_left },
            Rejection::Copied => Self::Wrong { tries_left: None },
            Rejection::Empty => Self::Empty,
            Rejection::NotAnAnswer => Self::NotAnAnswer,
            Rejection::Expired => Self::Expired,
            Rejection::UsedAlready => Self::UsedAlready,
            Rejection::ClockOff => Self::ClockOff,
            Rejection::Throttled { until } => Self::Throttled(until.as_millis()),
        }
    }
}
