//! Whole journeys without a page: real methods, a store in memory, mail that is kept.

mod contacts;
mod enrolment;
mod news;
mod passkeys;
mod password;
mod recovery;
mod remembered;
mod removal;
mod set_up;

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;

use super::*;
use crate::accounts::NewPasskey;
use crate::clock::ManualClock;
use crate::gate::tests::house::{Call, HOST, House, NOW, minutes, proof_of};
use crate::methods::{
    CodeLimits, CodeParts, EmailCode, EnglishText, HashCost, HashPool, Passkey, RecoveryCode,
    SecurityKey, TextLimits, Totp,
};
use crate::notify::{
    DeliveryError, Message, MessageKind, Notifier, NotifierChannel, Notifiers, Outbox, OutboxLimits,
};
use crate::points::{CredentialId, Lifetime, Timestamp};
use crate::secret::Secret;
use crate::sessions::Found;
use crate::throttle::{Attempts, Budget, Limit};

pub(crate) const PASSWORD: &str = "vier blauwe olifanten";

/// Keeps what it is given.
#[derive(Debug, Default)]
struct Mail {
    messages: Mutex<Vec<Message>>,
    is_down: AtomicBool,
}

#[async_trait]
impl Notifier for Mail {
    fn name(&self) -> &'static str {
        "mail"
    }

    fn carries(&self, _: NotifierChannel) -> bool {
        true
    }

    async fn deliver(&self, message: &Message) -> Result<(), DeliveryError> {
        if self.is_down.load(Ordering::SeqCst) {
            return Err(DeliveryError::Unreachable("told to be down".into()));
        }
        self.messages.lock().unwrap().push(message.clone());
        Ok(())
    }
}

/// Says what happened in the words of the program.
#[derive(Debug)]
struct PlainNews;

impl NewsText for PlainNews {
    fn mail(&self, _: Scene<'_>, news: News) -> (String, String) {
        ("changed".to_owned(), format!("{news:?}"))
    }

    fn text_message(&self, _: Scene<'_>, news: News) -> String {
        format!("{news:?}")
    }

    fn reset_mail(&self, _: Scene<'_>, address: &str, _: Duration) -> (String, String) {
        ("reset".to_owned(), address.to_owned())
    }

    fn contact_mail(&self, _: Scene<'_>, code: &str) -> (String, String) {
        ("code".to_owned(), format!("code {code} here"))
    }

    fn contact_text(&self, _: &str, _: Option<&str>, code: &str) -> String {
        format!("code {code} here")
    }
}

/// A house with everything that a journey needs, and one browser.
pub(crate) struct Trip {
    pub(crate) house: House,
    pub(crate) journey: Arc<Journey>,
    mail: Arc<Mail>,
    notifiers: Arc<Notifiers>,
    audit: Arc<Audit>,
    source: Source,
    pub(crate) anna: Account,
    /// What the browser has in its cookie.
    pub(crate) name: Option<Name>,
    /// What it shows of a remembered device, and whether it asks to be one.
    remembered: Option<Name>,
    remember: bool,
    pub(crate) now: Timestamp,
}

impl Trip {
    pub(crate) async fn new() -> Self {
        Self::with_tries(10).await
    }

    /// With so many tries a user, method and quarter of an hour.
    async fn with_tries(tries: u32) -> Self {
        Self::with(tries, texts(1000, 1000)).await
    }

    /// With these limits of text messages, and so many for everybody.
    async fn with(tries: u32, texts: (TextLimits, u32)) -> Self {
        let house = House::new().await;
        let clock = Arc::new(ManualClock::at(NOW));
        let mail = Arc::new(Mail::default());
        let limits = OutboxLimits { pauses: Vec::new(), ..OutboxLimits::default() };
        let outbox = Outbox::start(mail.clone(), clock.clone(), limits);
        let notifiers = Arc::new(Notifiers::new(vec![outbox]));
        let audit = Arc::new(Audit::in_memory(clock));
        let journey = Arc::new(Journey::new(parts(&house, &notifiers, &audit, tries, texts)));
        let anna = house.user_with("staff", "anna", cheap().hash(PASSWORD).unwrap()).await;
        let source = Source { address: "192.0.2.7".into(), browser: None };
        Self {
            house,
            journey,
            mail,
            notifiers,
            audit,
            source,
            anna,
            name: None,
            remembered: None,
            remember: false,
            now: NOW,
        }
    }

    async fn arrival(&self) -> Arrival {
        self.house.arrive(self.name, self.now).await
    }

    fn visit<'a>(&'a self, arrival: &'a Arrival) -> Visit<'a> {
        Visit {
            arrival,
            source: &self.source,
            browser_to_know: [9; 32],
            remembered: self.remembered.map(|value| value.hash().0),
            remember: self.remember,
            language: "en",
            user_agent: Some("a browser"),
            reference: Reference::random(),
        }
    }

    fn follow(&mut self, turn: &Turn) {
        self.name = turn.name.or(self.name);
        self.remembered = turn.remembered.map(|one| one.value).or(self.remembered);
    }

    async fn sign_in(&mut self, to: Transaction, typed: &str, password: &str) -> Turn {
        let arrival = self.arrival().await;
        let turn = self.journey.sign_in(&self.visit(&arrival), to, typed, password).await.unwrap();
        self.follow(&turn);
        turn
    }

    async fn choose(&self, to: &Transaction, method: Method, again: bool) -> Turn {
        let arrival = self.arrival().await;
        self.journey.choose(&self.visit(&arrival), to.clone(), method, again).await.unwrap()
    }

    async fn answer(&mut self, to: &Transaction, method: Method, answer: &str) -> Turn {
        let arrival = self.arrival().await;
        let visit = self.visit(&arrival);
        let turn = self.journey.answer(&visit, to.clone(), method, answer).await.unwrap();
        self.follow(&turn);
        turn
    }

    async fn step(&self, to: &Transaction) -> Step {
        self.journey.step(&self.arrival().await, to)
    }

    /// The codes that were mailed so far.
    async fn codes(&self) -> Vec<String> {
        self.notifiers.settled().await;
        let messages = self.mail.messages.lock().unwrap().clone();
        let code_in = |text: &str| {
            let is_code = |word: &&str| word.len() == 6 && word.bytes().all(|b| b.is_ascii_digit());
            text.split_whitespace().find(is_code).unwrap().to_owned()
        };
        let codes = messages.iter().filter(|mail| mail.kind == MessageKind::Code);
        codes.map(|mail| code_in(&mail.text)).collect()
    }

    /// What people were told so far: to whom, and what.
    async fn told(&self) -> Vec<(String, String)> {
        self.journey.told().await;
        self.notifiers.settled().await;
        let messages = self.mail.messages.lock().unwrap();
        let news = messages.iter().filter(|mail| mail.kind == MessageKind::Notice);
        news.map(|mail| (mail.to.clone(), mail.text.clone())).collect()
    }

    /// The token of the last link that was mailed, to whom it went, and how many there were.
    async fn link(&self) -> Option<(String, String, usize)> {
        self.journey.searched().await;
        self.notifiers.settled().await;
        let messages = self.mail.messages.lock().unwrap();
        let links: Vec<_> = messages.iter().filter(|one| one.kind == MessageKind::Link).collect();
        let last = links.last()?;
        Some((last.text.rsplit('/').next()?.to_owned(), last.to.clone(), links.len()))
    }

    /// The last code that was mailed.
    pub(crate) async fn code(&self) -> String {
        self.codes().await.pop().unwrap()
    }

    pub(crate) async fn is_admitted(&self, target: &str) -> bool {
        let call = Call { name: self.name, ..Call::get(target) }.at(self.now);
        matches!(self.house.admit(&call).await, crate::gate::Admission::Forward(_))
    }

    async fn is_present(&self, name: Name) -> bool {
        let token = name.token(crate::keys::Purpose::SessionName, &self.house.keys);
        let limits = self.house.snapshot.config.session;
        let found =
            self.house.sessions.find(Some(&token), HOST, &self.house.keys, limits, self.now);
        matches!(found.await.unwrap(), Found::Present(_))
    }

    /// An app for anna: the step that a code was taken for is long past.
    async fn add_app(&mut self) -> Secret<Vec<u8>> {
        let secret = Totp::new_secret();
        let user = &self.anna.user.id;
        self.house.store.add_app(user, secret.clone(), 1, None, NOW).await.unwrap();
        self.house.sessions.user_changed(user);
        secret
    }

    /// Signs somebody in here with methods that they have, shown now.
    async fn begin_with(&mut self, account: &Account, methods: &[Method]) {
        let [first, more @ ..] = methods else { panic!("nothing shown") };
        let limits = self.house.snapshot.config.session;
        let beginning = Beginning {
            account,
            proof: proof_of(account, *first, self.now),
            host: HOST,
            user_agent: None,
            address: None,
        };
        let mut newly = self.house.sessions.begin(beginning, limits, self.now).await.unwrap();
        for method in more {
            let proof = proof_of(account, *method, self.now);
            let rise = self.house.sessions.rise(&newly.present, proof, self.now).await.unwrap();
            let Rise::Renamed(next) = rise else { panic!("{rise:?}") };
            newly = *next;
        }
        self.name = Some(newly.name);
    }

    /// A passkey of a user, long there.
    async fn add_passkey(&self, account: &Account, credential: u8) -> CredentialId {
        let new = NewPasskey {
            user: account.user.id.clone(),
            method: Method::Passkey,
            credential: vec![credential; 32],
            key: vec![1; 64],
            sign_count: 0,
            is_backup_eligible: false,
            is_backed_up: false,
            transports: Vec::new(),
            aaguid: [0; 16],
            label: None,
            enrolled_at: None,
        };
        let id = self.house.store.inner.add_passkey(new, NOW).await.unwrap().unwrap();
        self.house.sessions.user_changed(&account.user.id);
        id
    }
}

/// So many text messages to a user in a day, and to everybody.
fn texts(per_user: u32, budget: u32) -> (TextLimits, u32) {
    let limits = TextLimits {
        per_user: Limit { count: per_user, window: minutes(24 * 60) },
        per_address: Limit { count: 1000, window: minutes(60) },
        countries: std::collections::BTreeSet::new(),
    };
    (limits, budget)
}

fn parts(
    house: &House,
    notifiers: &Arc<Notifiers>,
    audit: &Arc<Audit>,
    tries: u32,
    (text_limits, budget): (TextLimits, u32),
) -> Parts {
    let store = Arc::new(house.store.clone());
    let window = minutes(15);
    let (per_address, per_user) = (Limit { count: 1000, window }, Limit { count: tries, window });
    let attempts = Attempts::new(store.clone(), per_address, per_user);
    let pool = Arc::new(HashPool::new(1, 100).unwrap());
    let passwords =
        Arc::new(Password::new(store.clone(), attempts.clone(), pool, cheap()).unwrap());
    let email = EmailCode::new(CodeParts {
        codes: store.clone(),
        counters: store.clone(),
        attempts: attempts.clone(),
        keys: Arc::new(arc_swap::ArcSwap::new(house.keys.clone())),
        notifiers: notifiers.clone(),
        text: Arc::new(EnglishText),
        brand: Arc::new(arc_swap::ArcSwap::from_pointee("Example".into())),
        limits: CodeLimits {
            sends: Limit { count: 5, window: minutes(60) },
            ttl: minutes(10),
            tries: 5,
        },
    });
    let counters: Arc<dyn CounterStore> = store.clone();
    let budget = Arc::new(Budget::new(counters.clone(), budget, budget));
    let totp = Totp::new(store.clone(), attempts.clone());
    let recovery = RecoveryCode::new(store.clone(), attempts.clone());
    let passkey = Passkey::new(store.clone(), attempts.clone());
    let key = SecurityKey::new(store.clone(), attempts);
    Parts {
        sessions: house.sessions.clone(),
        accounts: store.clone(),
        passkeys: store.clone(),
        counters: store.clone(),
        methods: Arc::new(Methods::new(vec![
            passwords.clone(),
            Arc::new(email),
            Arc::new(totp),
            Arc::new(recovery),
            Arc::new(passkey),
            Arc::new(key),
        ])),
        passwords,
        changes: store.clone(),
        recovery: store.clone(),
        remembered: store,
        notifiers: notifiers.clone(),
        texting: Texting::new(text_limits, budget, counters),
        news_text: Arc::new(PlainNews),
        audit: audit.clone(),
        metrics: Arc::new(Metrics::new()),
        tally: None,
    }
}

fn cheap() -> HashCost {
    HashCost::new(8, 1, 1).unwrap()
}

fn to(address: &str) -> Transaction {
    Transaction::begin(ReturnAddress::accept(address, HOST).unwrap(), false, NOW)
}

/// The code of an app at an instant (RFC 6238).
fn app_code(secret: &Secret<Vec<u8>>, now: Timestamp) -> String {
    let app = totp_rs::Builder::new().with_secret(secret.reveal().as_slice());
    app.build_noncompliant().generate(now.as_secs()).to_string()
}

#[tokio::test]
async fn a_password_and_the_code_that_is_sent_at_once_lead_to_where_the_person_was_going() {
    let mut trip = Trip::new().await;
    assert!(matches!(trip.step(&to("/reports?x=1")).await, Step::SignIn));
    assert!(!trip.is_admitted("/reports").await);

    let turn = trip.sign_in(to("/reports?x=1"), "Anna", PASSWORD).await;
    assert_eq!(turn.place, Place::Code(Method::Email));
    assert!(turn.knows_browser);
    assert_eq!(turn.transaction.sent.as_deref(), Some("email"));
    assert!(!trip.is_admitted("/reports").await);

    let before = trip.name.unwrap();
    let turn = trip.answer(&turn.transaction, Method::Email, &trip.code().await).await;
    assert_eq!(turn.place, Place::Return);
    assert_eq!(turn.transaction.return_to.as_str(), "/reports?x=1");
    assert!(turn.name.is_some_and(|name| name != before));
    assert!(trip.is_admitted("/reports").await);
    assert!(matches!(trip.step(&to("/reports")).await, Step::Done));
}

#[tokio::test]
async fn an_address_signs_in_as_well_as_a_name_and_counts_for_the_same_user() {
    let mut trip = Trip::with_tries(3).await;
    for (typed, password, place) in [
        ("anna", "wrong password", Place::SignIn),
        ("ANNA@example.org", "wrong password", Place::SignIn),
        ("anna@example.org", "wrong password", Place::SignIn),
        ("anna", PASSWORD, Place::SignIn),
        ("anna@example.org", PASSWORD, Place::SignIn),
    ] {
        assert_eq!(trip.sign_in(to("/"), typed, password).await.place, place, "{typed}");
    }
    trip.now = NOW.after(minutes(15));
    let turn = trip.sign_in(to("/"), "anna@example.org", PASSWORD).await;
    assert_eq!(turn.place, Place::Code(Method::Email));
}

#[tokio::test]
async fn a_wrong_password_an_unknown_name_and_a_disabled_user_are_told_the_same() {
    let mut trip = Trip::new().await;
    let bob = trip.house.user_with("staff", "bob", cheap().hash(PASSWORD).unwrap()).await;
    trip.house.user_with("customers", "carl", cheap().hash(PASSWORD).unwrap()).await;
    trip.house.store.set_user_state(&bob.user.id, UserState::Disabled).await.unwrap();
    let mut seen = Vec::new();
    for (typed, password) in [
        ("anna", "not the password"),
        ("nobody", PASSWORD),
        ("bob", PASSWORD),
        ("bob@example.org", PASSWORD),
        ("carl", PASSWORD),
    ] {
        let turn = trip.sign_in(to("/"), typed, password).await;
        assert!(turn.name.is_none() && !turn.knows_browser, "{typed}");
        seen.push((turn.place, turn.transaction.notice));
    }
    let wrong = Some(Notice::Wrong { tries_left: None });
    assert!(seen.iter().all(|one| *one == (Place::SignIn, wrong.clone())), "{seen:?}");
    assert!(trip.audit.lines().iter().filter(|line| line.contains("sign_in.failed")).count() >= 5);
}

#[tokio::test]
async fn somebody_who_has_a_choice_is_asked_and_nothing_is_sent_before() {
    let mut trip = Trip::new().await;
    let secret = trip.add_app().await;
    let turn = trip.sign_in(to("/"), "anna", PASSWORD).await;
    assert_eq!(turn.place, Place::Next);
    assert!(trip.codes().await.is_empty());
    let Step::Choose(choice) = trip.step(&turn.transaction).await else { panic!() };
    assert_eq!(choice.methods(), [Method::Totp, Method::Email]);

    let turn = trip.choose(&turn.transaction, Method::Totp, false).await;
    assert_eq!(turn.place, Place::Code(Method::Totp));
    let code = app_code(&secret, trip.now);
    let turn = trip.answer(&turn.transaction, Method::Totp, &code).await;
    assert_eq!(turn.place, Place::Return);
}

#[tokio::test]
async fn a_method_that_leads_nowhere_is_neither_begun_nor_answered() {
    let mut trip = Trip::new().await;
    let secret = trip.add_app().await;
    for method in Method::ALL {
        let turn = trip.choose(&to("/"), method, false).await;
        assert_eq!(turn.place, Place::Next, "nobody, {method}");
    }
    let _ = trip.sign_in(to("/"), "anna", PASSWORD).await;
    for method in Method::ALL {
        let leads_on = matches!(method, Method::Totp | Method::Email);
        let turn = trip.choose(&to("/"), method, false).await;
        assert_eq!(turn.place == Place::Code(method), leads_on, "{method}");
    }
    let code = trip.code().await;
    // A code of one method is no answer to another.
    let turn = trip.answer(&to("/"), Method::Totp, &code).await;
    assert_eq!(turn.place, Place::Code(Method::Totp));
    let turn = trip.answer(&to("/"), Method::Password, PASSWORD).await;
    assert_eq!((turn.place, turn.name.is_none()), (Place::Next, true));
    let turn = trip.answer(&to("/"), Method::Email, &app_code(&secret, trip.now)).await;
    assert_eq!(turn.place, Place::Code(Method::Email));
    assert!(!trip.is_admitted("/").await);
    // There: nothing leads on any more.
    let _ = trip.answer(&to("/"), Method::Email, &code).await;
    let turn = trip.choose(&to("/"), Method::Totp, false).await;
    assert_eq!(turn.place, Place::Next);
}

#[tokio::test]
async fn signing_in_as_somebody_else_ends_the_session_and_forgets_where_the_other_was_going() {
    let mut trip = Trip::new().await;
    trip.house.user_with("staff", "bob", cheap().hash(PASSWORD).unwrap()).await;
    let _ = trip.sign_in(to("/basic/annas"), "anna", PASSWORD).await;
    let annas = trip.name.unwrap();
    // A wrong password of bob leaves anna signed in.
    let _ = trip.sign_in(to("/basic/annas"), "bob", "not the password").await;
    assert!(trip.is_present(annas).await);

    let turn = trip.sign_in(to("/basic/annas"), "bob", PASSWORD).await;
    assert_eq!(turn.transaction.return_to.as_str(), "/");
    assert!(!trip.is_present(annas).await);
    let arrival = trip.arrival().await;
    let session = arrival.session.unwrap();
    assert_eq!(session.account().user.name.as_str(), "bob");
    assert_eq!(session.evidence().proofs.len(), 1);
}

#[tokio::test]
async fn signing_in_again_as_oneself_begins_anew_and_keeps_the_way() {
    let mut trip = Trip::new().await;
    let _ = trip.sign_in(to("/basic/x"), "anna", PASSWORD).await;
    let first = trip.name.unwrap();
    let turn = trip.sign_in(to("/basic/x"), "anna", PASSWORD).await;
    assert_eq!((turn.place, turn.transaction.return_to.as_str()), (Place::Return, "/basic/x"));
    assert!(!trip.is_present(first).await);
}

#[tokio::test]
async fn a_user_who_is_disabled_on_the_way_gets_no_further() {
    let mut trip = Trip::new().await;
    let turn = trip.sign_in(to("/"), "anna", PASSWORD).await;
    let code = trip.code().await;
    let user = trip.anna.user.id.clone();
    trip.house.store.set_user_state(&user, UserState::Disabled).await.unwrap();
    trip.house.sessions.user_changed(&user);
    let turn = trip.answer(&turn.transaction, Method::Email, &code).await;
    assert_eq!((turn.place, turn.name.is_none()), (Place::Next, true));
    assert!(matches!(trip.step(&to("/")).await, Step::SignIn));
    assert!(!trip.is_admitted("/basic/").await);
}

#[tokio::test]
async fn a_code_that_has_expired_brings_a_new_one() {
    let mut trip = Trip::new().await;
    let turn = trip.sign_in(to("/"), "anna", PASSWORD).await;
    let old = trip.code().await;
    trip.now = NOW.after(minutes(10));
    let turn = trip.answer(&turn.transaction, Method::Email, &old).await;
    assert_eq!(turn.place, Place::Code(Method::Email));
    assert_eq!(turn.transaction.notice, Some(Notice::Expired));
    assert_eq!(trip.codes().await.len(), 2);
    let turn = trip.answer(&turn.transaction, Method::Email, &trip.code().await).await;
    assert_eq!(turn.place, Place::Return);
}

#[tokio::test]
async fn too_many_wrong_codes_make_the_method_wait_and_a_new_code_ends_that() {
    let mut trip = Trip::new().await;
    let turn = trip.sign_in(to("/"), "anna", PASSWORD).await;
    let code = trip.code().await;
    let wrong = if code == "000000" { "000001" } else { "000000" };
    for left in (0..5).rev() {
        let turn = trip.answer(&turn.transaction, Method::Email, wrong).await;
        assert_eq!(turn.transaction.notice, Some(Notice::Wrong { tries_left: Some(left) }));
    }
    let turn = trip.answer(&turn.transaction, Method::Email, &code).await;
    assert_eq!(turn.place, Place::Wait(Method::Email));
    assert!(matches!(turn.transaction.notice, Some(Notice::Throttled(_))));
    assert!(!trip.is_admitted("/").await);

    trip.now = NOW.after(minutes(1));
    let turn = trip.choose(&turn.transaction, Method::Email, true).await;
    assert_eq!(turn.place, Place::Code(Method::Email));
    let turn = trip.answer(&turn.transaction, Method::Email, &trip.code().await).await;
    assert_eq!(turn.place, Place::Return);
}

#[tokio::test]
async fn another_code_is_sent_when_it_is_time_and_not_before() {
    let mut trip = Trip::new().await;
    let turn = trip.sign_in(to("/"), "anna", PASSWORD).await;
    let resend_at = turn.transaction.resend_at.unwrap();
    let turn = trip.choose(&turn.transaction, Method::Email, true).await;
    assert_eq!(turn.transaction.notice, Some(Notice::TooEarly));
    assert_eq!(trip.codes().await.len(), 1);
    trip.now = resend_at;
    let turn = trip.choose(&turn.transaction, Method::Email, true).await;
    assert_eq!(turn.transaction.notice, Some(Notice::Resent));
    assert_eq!(trip.codes().await.len(), 2);
}

#[tokio::test]
async fn somebody_who_is_going_to_a_public_place_is_signed_in_first() {
    let mut trip = Trip::new().await;
    assert!(matches!(trip.step(&to("/open/x")).await, Step::SignIn));
    let turn = trip.sign_in(to("/open/x"), "anna", PASSWORD).await;
    assert_eq!(turn.place, Place::Code(Method::Email));
    let turn = trip.answer(&turn.transaction, Method::Email, &trip.code().await).await;
    assert_eq!((turn.place, turn.transaction.return_to.as_str()), (Place::Return, "/open/x"));
}

#[tokio::test]
async fn each_place_on_the_way_is_told_from_the_evidence_of_the_moment() {
    let mut trip = Trip::new().await;
    let turn = trip.sign_in(to("/basic/"), "anna", PASSWORD).await;
    assert_eq!(turn.place, Place::Return);
    for (address, step) in [
        ("/basic/", "done"),
        ("/", "choose"),
        ("/payments/", "stuck"),
        ("/nobodys/", "denied"),
        ("/inside/", "denied"),
        ("/open/", "choose"),
        ("/no%C3%A9", "choose"),
    ] {
        let seen = match trip.step(&to(address)).await {
            Step::SignIn => "sign in",
            Step::Choose(_) => "choose",
            Step::Stuck(_) => "stuck",
            Step::Denied(_) => "denied",
            Step::Done => "done",
        };
        assert_eq!(seen, step, "{address}");
    }
}

#[tokio::test]
async fn what_is_too_old_for_a_place_is_shown_again_with_the_same_methods() {
    let mut trip = Trip::new().await;
    let turn = trip.sign_in(to("/"), "anna", PASSWORD).await;
    let _ = trip.answer(&turn.transaction, Method::Email, &trip.code().await).await;
    assert!(trip.is_admitted("/fresh/").await);
    trip.now = NOW.after(minutes(6));
    assert!(trip.is_admitted("/").await && !trip.is_admitted("/fresh/").await);

    let Step::Choose(choice) = trip.step(&to("/fresh/")).await else { panic!() };
    assert_eq!(choice.methods(), [Method::Password, Method::Email]);
    assert_eq!(choice.steps_with(Method::Password), 2);
    let turn = trip.answer(&to("/fresh/"), Method::Password, "not the password").await;
    assert_eq!(turn.place, Place::Code(Method::Password));
    let turn = trip.answer(&to("/fresh/"), Method::Password, PASSWORD).await;
    assert_eq!(turn.place, Place::Code(Method::Email));
    let turn = trip.answer(&turn.transaction, Method::Email, &trip.code().await).await;
    assert_eq!(turn.place, Place::Return);
    assert!(trip.is_admitted("/fresh/").await);
}

/// A right password that does not make anybody signed in must not end at the sign-in page, which
/// would ask for it again, for ever.
#[tokio::test]
async fn a_right_password_that_is_worth_nothing_is_a_dead_end_and_no_circle() {
    let mut trip = Trip::new().await;
    trip.house.set(Method::Password, 0, Lifetime::Session);
    let turn = trip.sign_in(to("/"), "anna", PASSWORD).await;
    assert_eq!(turn.place, Place::Stuck);
    assert!(matches!(trip.step(&turn.transaction).await, Step::Stuck(_)));
    assert!(!trip.is_admitted("/basic/").await);
}

#[tokio::test]
async fn a_password_whose_time_is_over_or_that_was_changed_asks_for_a_new_sign_in() {
    let mut trip = Trip::new().await;
    trip.house.set(Method::Password, 20, Lifetime::For(minutes(10)));
    let turn = trip.sign_in(to("/"), "anna", PASSWORD).await;
    let _ = trip.answer(&turn.transaction, Method::Email, &trip.code().await).await;
    trip.now = NOW.after(minutes(10));
    assert!(matches!(trip.step(&to("/")).await, Step::SignIn));
    let turn = trip.sign_in(to("/"), "anna", PASSWORD).await;
    assert_eq!(turn.place, Place::Code(Method::Email));

    let user = trip.anna.user.id.clone();
    let hash = cheap().hash("another password").unwrap();
    trip.house.store.set_password(&user, hash, trip.now).await.unwrap();
    trip.house.sessions.user_changed(&user);
    assert!(matches!(trip.step(&to("/")).await, Step::SignIn));
}

#[tokio::test]
async fn a_code_that_cannot_be_sent_at_once_does_not_cost_the_session() {
    for call in ["put_code", "codes"] {
        let mut trip = Trip::new().await;
        trip.house.store.fail(&[call]);
        let turn = trip.sign_in(to("/"), "anna", PASSWORD).await;
        assert_eq!((turn.place, turn.name.is_some()), (Place::Next, true), "{call}");
        trip.house.store.mend();
        let turn = trip.choose(&turn.transaction, Method::Email, false).await;
        assert_eq!(turn.place, Place::Code(Method::Email), "{call}");
    }
}

#[tokio::test]
async fn nothing_is_begun_and_nothing_ended_while_the_store_takes_nothing() {
    for call in ["count", "knows_browser", "know_browser", "record_sign_in", "create_session"] {
        let mut trip = Trip::new().await;
        let _ = trip.sign_in(to("/basic/"), "anna", PASSWORD).await;
        trip.house.store.fail(&[call]);
        let arrival = trip.arrival().await;
        let visit = trip.visit(&arrival);
        let turn = trip.journey.sign_in(&visit, to("/basic/"), "anna", PASSWORD).await;
        assert!(matches!(turn, Err(JourneyError::Store(_))), "{call}: {turn:?}");
        trip.house.store.mend();
        let is_signed_in = trip.is_admitted("/basic/").await;
        assert_eq!(is_signed_in, call != "create_session", "{call}");
    }
}

#[tokio::test]
async fn a_mailbox_that_is_out_of_reach_is_no_way_and_is_named_as_one() {
    let mut trip = Trip::new().await;
    trip.add_app().await;
    let _ = trip.sign_in(to("/"), "anna", PASSWORD).await;
    trip.mail.is_down.store(true, Ordering::SeqCst);
    for after in [0, 5] {
        trip.now = NOW.after(minutes(after));
        let _ = trip.choose(&to("/"), Method::Email, true).await;
        trip.notifiers.settled().await;
    }
    let Step::Choose(choice) = trip.step(&to("/")).await else { panic!() };
    assert_eq!(choice.methods(), [Method::Totp]);
    let arrival = trip.arrival().await;
    assert_eq!(trip.journey.undeliverable(&arrival, &choice), [Method::Email]);
}

#[tokio::test]
async fn signing_out_ends_this_session_or_all_and_an_old_name_ends_none() {
    for everywhere in [false, true] {
        let mut trip = Trip::new().await;
        let elsewhere = trip.house.begin(&trip.anna, HOST).await.name;
        let turn = trip.sign_in(to("/"), "anna", PASSWORD).await;
        let old = trip.name;
        let _ = trip.answer(&turn.transaction, Method::Email, &trip.code().await).await;
        let present = trip.name.unwrap();

        trip.name = old;
        let arrival = trip.arrival().await;
        let outcome = trip.journey.sign_out(&trip.visit(&arrival), everywhere).await.unwrap();
        assert_eq!(outcome, SignOut::OldName);
        assert!(trip.is_present(present).await && trip.is_present(elsewhere).await);

        trip.name = Some(present);
        let arrival = trip.arrival().await;
        let outcome = trip.journey.sign_out(&trip.visit(&arrival), everywhere).await.unwrap();
        assert_eq!(outcome, SignOut::Over);
        assert!(!trip.is_present(present).await);
        assert_eq!(trip.is_present(elsewhere).await, !everywhere);
        trip.name = None;
        let arrival = trip.arrival().await;
        let outcome = trip.journey.sign_out(&trip.visit(&arrival), everywhere).await.unwrap();
        assert_eq!(outcome, SignOut::Over, "nobody is signed in");
    }
}

/// The page in front of the window holds a call of whoever was signed in there.
#[tokio::test]
async fn a_page_that_waits_goes_on_only_for_whom_it_can_have_been() {
    for (signed_in, is_step_up, goes_on) in [
        (Some("anna"), true, true),
        (None, false, true),
        (None, true, false),
        (Some("bob"), true, false),
    ] {
        let mut trip = Trip::new().await;
        trip.name = match signed_in {
            Some("anna") => Some(trip.house.begin(&trip.anna.clone(), HOST).await.name),
            Some(other) => {
                let bob =
                    trip.house.user_with("staff", other, cheap().hash(PASSWORD).unwrap()).await;
                Some(trip.house.begin(&bob, HOST).await.name)
            }
            None => None,
        };
        let begun = Transaction { is_step_up, is_window: true, ..to("/reports") };
        let turn = trip.sign_in(begun, "anna", PASSWORD).await;
        assert!(turn.name.is_some(), "{signed_in:?}");
        assert_eq!(turn.transaction.is_window, goes_on, "{signed_in:?} {is_step_up}");
    }
}

#[tokio::test]
async fn an_old_name_of_a_session_begins_and_answers_nothing() {
    let mut trip = Trip::new().await;
    let begun = trip.house.begin(&trip.anna, HOST).await;
    let proof = proof_of(&trip.anna, Method::Password, NOW);
    let _ = trip.house.sessions.rise(&begun.present, proof, NOW).await.unwrap();
    trip.name = Some(begun.name);
    let turn = trip.choose(&to("/"), Method::Email, false).await;
    assert_eq!(turn.place, Place::Next);
    let turn = trip.answer(&to("/"), Method::Email, "123456").await;
    assert_eq!((turn.place, turn.name.is_none()), (Place::Next, true));
    assert!(trip.codes().await.is_empty());
}

#[tokio::test]
async fn of_a_hundred_right_answers_at_once_one_counts_and_one_name_is_given() {
    let mut trip = Trip::with_tries(1000).await;
    let turn = trip.sign_in(to("/"), "anna", PASSWORD).await;
    let code = trip.code().await;
    let mut tasks = tokio::task::JoinSet::new();
    let arrival = Arc::new(trip.arrival().await);
    for _ in 0..100 {
        let (journey, arrival, code) = (trip.journey.clone(), arrival.clone(), code.clone());
        let (source, transaction) = (trip.source.clone(), turn.transaction.clone());
        tasks.spawn(async move {
            let visit = Visit {
                arrival: &arrival,
                source: &source,
                browser_to_know: [9; 32],
                remembered: None,
                remember: false,
                language: "en",
                user_agent: None,
                reference: Reference::random(),
            };
            journey.answer(&visit, transaction, Method::Email, &code).await.unwrap().name
        });
    }
    let names: Vec<Name> = tasks.join_all().await.into_iter().flatten().collect();
    assert_eq!(names.len(), 1);
    trip.name = Some(names[0]);
    assert!(trip.is_admitted("/").await);
    assert_eq!(trip.arrival().await.session.unwrap().evidence().proofs.len(), 2);
}
