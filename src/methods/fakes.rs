//! What the tests of the methods work with: fakes of the stores, in memory, that count their calls
//! and fail when told to, a notifier that keeps what it is given, and a bench with all of it.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;

use super::soft_authenticator::{SoftAuthenticator, party};
use super::*;
use crate::accounts::*;
use crate::clock::{Clock, ManualClock};
use crate::keys::Keyring;
use crate::notify::{
    DeliveryError, Message, Notifier, NotifierChannel, Notifiers, Outbox, OutboxLimits,
};
use crate::points::{CredentialId, Role};
use crate::secret::Secret;
use crate::throttle::fake::FakeCounters;
use crate::throttle::{Attempts, Budget, Limit};

pub(super) const PASSWORD: &str = "vier blauwe olifanten";
pub(super) const SESSION: SessionKey = SessionKey([1; 16]);

/// A cost that tests can afford.
pub(super) fn cheap() -> HashCost {
    HashCost::new(8, 1, 1).unwrap()
}

#[derive(Debug, Default)]
pub(super) struct Calls {
    count: AtomicU64,
    fails: AtomicBool,
}

impl Calls {
    /// Lets others run first, as a store does: attempts at the same time really overlap.
    async fn called(&self) -> Result<(), StoreError> {
        tokio::task::yield_now().await;
        self.count.fetch_add(1, Ordering::SeqCst);
        if self.fails.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("the fake was told to fail".into()));
        }
        Ok(())
    }

    pub(super) fn fail(&self, fails: bool) {
        self.fails.store(fails, Ordering::SeqCst);
    }
}

/// A fake of the account store: what methods ask of it. Anything else ends the test.
#[derive(Debug, Default)]
pub(super) struct FakeAccounts {
    accounts: Mutex<HashMap<UserId, Account>>,
    pub(super) calls: Calls,
}

impl FakeAccounts {
    /// For the test itself: not counted.
    pub(super) fn account(&self, user: &UserId) -> Account {
        self.accounts.lock().unwrap()[user].clone()
    }

    pub(super) fn put(&self, account: &Account) {
        self.accounts.lock().unwrap().insert(account.user.id.clone(), account.clone());
    }
}

#[async_trait]
impl AccountStore for FakeAccounts {
    async fn create_user(&self, _: NewUser, _: Timestamp) -> Result<Account, CreateError> {
        unreachable!("no method asks for this")
    }

    async fn find_user(&self, _: &str, _: &UserName) -> Result<Option<Account>, StoreError> {
        unreachable!("no method asks for this")
    }

    async fn find_user_by_email(
        &self,
        _: &str,
        _: &EmailAddress,
    ) -> Result<Option<Account>, StoreError> {
        unreachable!("no method asks for this")
    }

    async fn load_user(&self, user: &UserId) -> Result<Option<Account>, StoreError> {
        self.calls.called().await?;
        Ok(self.accounts.lock().unwrap().get(user).cloned())
    }

    async fn list_users(&self, _: Option<&str>) -> Result<Vec<User>, StoreError> {
        unreachable!("no method asks for this")
    }

    async fn has_user_with_role(&self, _: &str) -> Result<bool, StoreError> {
        unreachable!("no method asks for this")
    }

    async fn set_user_state(&self, _: &UserId, _: UserState) -> Result<bool, StoreError> {
        unreachable!("no method asks for this")
    }

    async fn set_user_roles(&self, _: &UserId, _: &BTreeSet<Role>) -> Result<bool, StoreError> {
        unreachable!("no method asks for this")
    }

    async fn record_sign_in(&self, _: &UserId, _: Timestamp) -> Result<(), StoreError> {
        unreachable!("no method asks for this")
    }

    async fn delete_user(&self, _: &UserId) -> Result<bool, StoreError> {
        unreachable!("no method asks for this")
    }

    async fn set_password(
        &self,
        user: &UserId,
        hash: Secret<String>,
        now: Timestamp,
    ) -> Result<CredentialId, StoreError> {
        self.calls.called().await?;
        let mut accounts = self.accounts.lock().unwrap();
        let id = CredentialId(format!("password of {}", user.0).into());
        accounts.get_mut(user).unwrap().password = Some(PasswordCredential {
            id: id.clone(),
            hash,
            reset_through: None,
            set_at: now,
            enrolled_at: None,
        });
        Ok(id)
    }

    async fn rehash_password(
        &self,
        credential: &CredentialId,
        hash: Secret<String>,
    ) -> Result<(), StoreError> {
        self.calls.called().await?;
        for account in self.accounts.lock().unwrap().values_mut() {
            if let Some(password) = account.password.as_mut().filter(|p| p.id == *credential) {
                password.hash = hash.clone();
            }
        }
        Ok(())
    }

    async fn add_app(
        &self,
        user: &UserId,
        secret: Secret<Vec<u8>>,
        step: u64,
        enrolled_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<CredentialId, StoreError> {
        self.calls.called().await?;
        let mut accounts = self.accounts.lock().unwrap();
        let apps = &mut accounts.get_mut(user).unwrap().apps;
        let id = CredentialId(format!("app {} of {}", apps.len(), user.0).into());
        let id_of_app = id.clone();
        apps.push(AppCredential {
            id,
            secret,
            name: None,
            last_step: step,
            added_at: now,
            enrolled_at,
        });
        Ok(id_of_app)
    }

    async fn take_app_step(&self, app: &CredentialId, step: u64) -> Result<bool, StoreError> {
        self.calls.called().await?;
        let mut accounts = self.accounts.lock().unwrap();
        let mut apps = accounts.values_mut().flat_map(|account| &mut account.apps);
        let is_free = |found: &&mut AppCredential| found.id == *app && step > found.last_step;
        let Some(found) = apps.find(is_free) else { return Ok(false) };
        found.last_step = step;
        Ok(true)
    }

    async fn create_link(&self, _: Link) -> Result<(), StoreError> {
        unreachable!("no method asks for this")
    }

    async fn find_link(&self, _: &[u8; 32], _: Timestamp) -> Result<Option<Link>, StoreError> {
        unreachable!("no method asks for this")
    }

    async fn take_link(&self, _: &[u8; 32], _: Timestamp) -> Result<Option<Link>, StoreError> {
        unreachable!("no method asks for this")
    }

    async fn has_set_up_link(&self, _: &UserId, _: Timestamp) -> Result<bool, StoreError> {
        unreachable!("no method asks for this")
    }

    async fn end_links(&self, _: &UserId) -> Result<(), StoreError> {
        unreachable!("no method asks for this")
    }

    async fn sweep_links(&self, _: Timestamp) -> Result<u64, StoreError> {
        unreachable!("upkeep asks for this")
    }
}

/// A fake of the store of codes.
#[derive(Debug, Default)]
pub(super) struct FakeCodes {
    codes: Mutex<Vec<SentCode>>,
    pub(super) calls: Calls,
}

#[async_trait]
impl CodeStore for FakeCodes {
    async fn put_code(&self, code: &SentCode) -> Result<(), StoreError> {
        self.calls.called().await?;
        let mut codes = self.codes.lock().unwrap();
        codes.insert(0, code.clone());
        let mut of_session = 0;
        codes.retain(|kept| {
            let is_same = kept.session == code.session && kept.method == code.method;
            of_session += u32::from(is_same);
            !is_same || of_session <= 2
        });
        Ok(())
    }

    async fn codes(
        &self,
        session: &SessionKey,
        method: Method,
    ) -> Result<Vec<SentCode>, StoreError> {
        self.calls.called().await?;
        let codes = self.codes.lock().unwrap();
        let is_asked = |code: &&SentCode| code.session == *session && code.method == method;
        Ok(codes.iter().filter(is_asked).cloned().collect())
    }

    async fn take_code(&self, id: &[u8; 16], now: Timestamp) -> Result<bool, StoreError> {
        self.calls.called().await?;
        let mut codes = self.codes.lock().unwrap();
        let is_good = |code: &SentCode| code.used_at.is_none() && now < code.expires_at;
        let Some(taken) = codes.iter().find(|code| code.id == *id && is_good(code)).cloned() else {
            return Ok(false);
        };
        for code in codes.iter_mut() {
            if code.session == taken.session && code.method == taken.method {
                code.used_at.get_or_insert(now);
            }
        }
        Ok(true)
    }

    async fn sweep_codes(&self, _: Timestamp) -> Result<u64, StoreError> {
        unreachable!("no method asks for this")
    }
}

/// A fake of the store of passkeys: what methods ask of it. The credentials are those of the accounts.
#[derive(Debug, Default)]
pub(super) struct FakePasskeys {
    spent: Mutex<BTreeSet<[u8; 32]>>,
    pub(super) used: Mutex<HashMap<CredentialId, u32>>,
    pub(super) calls: Calls,
}

#[async_trait]
impl PasskeyStore for FakePasskeys {
    async fn add_passkey(
        &self,
        _: NewPasskey,
        _: Timestamp,
    ) -> Result<Option<CredentialId>, StoreError> {
        unreachable!("no method asks for this")
    }

    async fn find_passkey(&self, _: &[u8]) -> Result<Option<Account>, StoreError> {
        unreachable!("no method asks for this")
    }

    async fn use_passkey(&self, id: &CredentialId, used: PasskeyUse) -> Result<bool, StoreError> {
        self.calls.called().await?;
        let mut seen = self.used.lock().unwrap();
        let last = seen.entry(id.clone()).or_default();
        let is_taken = used.sign_count > *last || (used.sign_count == 0 && *last == 0);
        *last = (*last).max(used.sign_count);
        Ok(is_taken)
    }

    async fn rename_passkey(
        &self,
        _: &UserId,
        _: &CredentialId,
        _: &str,
    ) -> Result<bool, StoreError> {
        unreachable!("no method asks for this")
    }

    async fn spend_challenge(&self, hash: &[u8; 32], _: Timestamp) -> Result<bool, StoreError> {
        self.calls.called().await?;
        Ok(self.spent.lock().unwrap().insert(*hash))
    }

    async fn sweep_challenges(&self, _: Timestamp) -> Result<u64, StoreError> {
        unreachable!("no method asks for this")
    }

    async fn passkey_offer(&self, _: &UserId) -> Result<Option<Timestamp>, StoreError> {
        unreachable!("no method asks for this")
    }

    async fn put_off_passkey_offer(&self, _: &UserId, _: Timestamp) -> Result<(), StoreError> {
        unreachable!("no method asks for this")
    }
}

/// A fake of the store of recovery codes: who has which, and whether it is used.
#[derive(Debug, Default)]
pub(super) struct FakeRecovery {
    codes: Mutex<HashMap<(UserId, [u8; 32]), bool>>,
    pub(super) calls: Calls,
}

#[async_trait]
impl RecoveryStore for FakeRecovery {
    async fn put_recovery_codes(
        &self,
        user: &UserId,
        hashes: &[[u8; 32]],
        _: Timestamp,
    ) -> Result<CredentialId, StoreError> {
        self.calls.called().await?;
        self.put(user, hashes);
        Ok(CredentialId(format!("codes of {}", user.0).into()))
    }

    async fn take_recovery_code(
        &self,
        user: &UserId,
        hash: &[u8; 32],
        _: Timestamp,
    ) -> Result<Taken, StoreError> {
        self.calls.called().await?;
        let mut codes = self.codes.lock().unwrap();
        Ok(match codes.get_mut(&(user.clone(), *hash)) {
            None => Taken::Never,
            Some(is_used) if *is_used => Taken::Before,
            Some(is_used) => {
                *is_used = true;
                Taken::Now
            }
        })
    }
}

impl FakeRecovery {
    /// For the test itself: not counted.
    fn put(&self, user: &UserId, hashes: &[[u8; 32]]) {
        let mut codes = self.codes.lock().unwrap();
        codes.retain(|(owner, _), _| owner != user);
        codes.extend(hashes.iter().map(|hash| ((user.clone(), *hash), false)));
    }
}

/// A fake of a mail server and of an SMS gateway: keeps every message, or refuses to be reached.
#[derive(Debug, Default)]
pub(super) struct FakeMail {
    pub(super) messages: Mutex<Vec<Message>>,
    pub(super) is_down: AtomicBool,
}

#[async_trait]
impl Notifier for FakeMail {
    fn name(&self) -> &'static str {
        "mail"
    }

    fn carries(&self, _: NotifierChannel) -> bool {
        true
    }

    async fn deliver(&self, message: &Message) -> Result<(), DeliveryError> {
        if self.is_down.load(Ordering::SeqCst) {
            return Err(DeliveryError::Unreachable("the fake is down".into()));
        }
        self.messages.lock().unwrap().push(message.clone());
        Ok(())
    }
}

/// Everything that methods need, in memory.
#[derive(Debug)]
pub(super) struct Bench {
    pub(super) accounts: Arc<FakeAccounts>,
    pub(super) counters: Arc<FakeCounters>,
    pub(super) codes: Arc<FakeCodes>,
    pub(super) passkeys: Arc<FakePasskeys>,
    pub(super) recovery_store: Arc<FakeRecovery>,
    pub(super) mail: Arc<FakeMail>,
    pub(super) notifiers: Arc<Notifiers>,
    pub(super) pool: Arc<HashPool>,
    pub(super) keys: Arc<Keyring>,
    pub(super) clock: Arc<ManualClock>,
    pub(super) source: Source,
    pub(super) per_user: u32,
    pub(super) tries: u32,
    /// Codes to one address in an hour.
    pub(super) sends: u32,
    /// Text messages in a day.
    pub(super) budget: u32,
    pub(super) countries: BTreeSet<Country>,
}

impl Bench {
    /// Limits as they are by default. Within a runtime, for the outbox.
    pub(super) fn new() -> Self {
        Self::with_queue(1000)
    }

    pub(super) fn with_queue(queue: u32) -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp::from_secs(1_200_000_000)));
        let mail = Arc::new(FakeMail::default());
        let limits = OutboxLimits { pauses: Vec::new(), ..OutboxLimits::default() };
        let outbox = Outbox::start(mail.clone(), clock.clone(), limits);
        Self {
            accounts: Arc::default(),
            counters: Arc::default(),
            codes: Arc::default(),
            passkeys: Arc::default(),
            recovery_store: Arc::default(),
            mail,
            notifiers: Arc::new(Notifiers::new(vec![outbox])),
            pool: Arc::new(HashPool::new(1, queue).unwrap()),
            keys: Arc::new(Keyring::generate()),
            clock,
            source: Source { address: "192.0.2.1".into(), browser: None },
            per_user: 10,
            tries: 5,
            sends: 5,
            budget: 1000,
            countries: BTreeSet::new(),
        }
    }

    /// With limits that nobody reaches who tries a hundred times.
    pub(super) fn without_limits() -> Self {
        Self { per_user: 10_000, tries: 10_000, ..Self::new() }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Calls of all stores so far.
    pub(super) fn calls(&self) -> u64 {
        let of = |calls: &Calls| calls.count.load(Ordering::SeqCst);
        self.counters.calls()
            + of(&self.accounts.calls)
            + of(&self.codes.calls)
            + of(&self.passkeys.calls)
            + of(&self.recovery_store.calls)
    }

    pub(super) fn fail(&self, fails: bool) {
        self.counters.fail(fails);
        self.accounts.calls.fail(fails);
        self.codes.calls.fail(fails);
        self.passkeys.calls.fail(fails);
        self.recovery_store.calls.fail(fails);
    }

    pub(super) fn attempts(&self) -> Attempts {
        let window = Duration::from_secs(900);
        let per_address = Limit { count: 10_000, window };
        Attempts::new(self.counters.clone(), per_address, Limit { count: self.per_user, window })
    }

    pub(super) fn recovery(&self) -> RecoveryCode {
        RecoveryCode::new(self.recovery_store.clone(), self.attempts())
    }

    /// New codes for a user, as the user has them.
    pub(super) fn recovery_codes(&self, account: &Account) -> Vec<[u8; 16]> {
        let codes = RecoveryCode::new_codes().reveal().clone();
        let user = &account.user.id;
        let hashes: Vec<_> = codes.iter().map(|code| RecoveryCode::hash(user, code)).collect();
        self.recovery_store.put(user, &hashes);
        codes
    }

    pub(super) fn totp(&self) -> Totp {
        Totp::new(self.accounts.clone(), self.attempts())
    }

    pub(super) fn password(&self) -> Password {
        Password::new(self.accounts.clone(), self.attempts(), self.pool.clone(), cheap()).unwrap()
    }

    pub(super) fn passkey(&self) -> Passkey {
        Passkey::new(self.passkeys.clone(), self.attempts())
    }

    pub(super) fn security_key(&self) -> SecurityKey {
        SecurityKey::new(self.passkeys.clone(), self.attempts())
    }

    /// The account with a credential of this authenticator in it, registered as a page would.
    pub(super) fn register(
        &self,
        account: &Account,
        method: Method,
        soft: &mut SoftAuthenticator,
    ) -> Account {
        let who = Registrant { account, session: Some(SESSION) };
        let begun = Ceremony::register(party(), method, who, self.now()).unwrap();
        let new = Passkey::confirm(&begun.ceremony, &soft.register(&begun), self.now()).unwrap();
        let mut account = account.clone();
        account.passkeys.push(PasskeyCredential {
            id: CredentialId(format!("{method} of {}", account.user.name).into()),
            method: new.method,
            credential: new.credential,
            key: new.key,
            sign_count: new.sign_count,
            is_backup_eligible: new.is_backup_eligible,
            is_backed_up: new.is_backed_up,
            transports: new.transports,
            aaguid: new.aaguid,
            label: None,
            added_at: self.now(),
            last_used_at: None,
            enrolled_at: None,
        });
        self.accounts.put(&account);
        account
    }

    pub(super) fn email(&self) -> EmailCode {
        self.email_in(Arc::new(EnglishText), "Example")
    }

    pub(super) fn email_in(&self, text: Arc<dyn CodeText>, brand: &str) -> EmailCode {
        EmailCode::new(self.code_parts(text, brand))
    }

    pub(super) fn sms(&self) -> SmsCode {
        let (hour, day) = (Duration::from_secs(3600), Duration::from_secs(86_400));
        let limits = TextLimits {
            per_user: Limit { count: 10, window: day },
            per_address: Limit { count: 20, window: hour },
            countries: self.countries.clone(),
        };
        let budget = Arc::new(Budget::new(self.counters.clone(), self.budget, 100_000));
        let texting = Texting::new(limits, budget, self.counters.clone());
        SmsCode::new(self.code_parts(Arc::new(EnglishText), "Example"), texting)
    }

    fn code_parts(&self, text: Arc<dyn CodeText>, brand: &str) -> CodeParts {
        CodeParts {
            codes: self.codes.clone(),
            counters: self.counters.clone(),
            attempts: self.attempts(),
            keys: Arc::new(arc_swap::ArcSwap::new(self.keys.clone())),
            notifiers: self.notifiers.clone(),
            text,
            brand: Arc::new(arc_swap::ArcSwap::from_pointee(brand.into())),
            limits: CodeLimits {
                sends: Limit { count: self.sends, window: Duration::from_secs(3600) },
                ttl: Duration::from_secs(600),
                tries: self.tries,
            },
        }
    }

    pub(super) fn attempt<'a>(&'a self, account: &'a Account, answer: &'a str) -> Attempt<'a> {
        Attempt {
            directory: "staff",
            counted_as: account.user.name.as_str(),
            account: Some(account),
            session: Some(SESSION),
            answer,
            ceremony: None,
            source: &self.source,
            now: self.now(),
        }
    }

    pub(super) fn ask<'a>(&'a self, account: &'a Account, again: bool) -> Ask<'a> {
        Ask {
            account,
            session: SESSION,
            source: &self.source,
            host: "portal.example.org",
            language: "en",
            again,
            now: self.now(),
        }
    }

    pub(super) fn reload(&self, account: &Account) -> Account {
        self.accounts.account(&account.user.id)
    }

    /// The codes that were mailed, oldest first.
    pub(super) async fn mailed(&self) -> Vec<String> {
        self.sent(NotifierChannel::Email).await
    }

    /// The codes that were sent as text messages, oldest first.
    pub(super) async fn texted(&self) -> Vec<String> {
        self.sent(NotifierChannel::Sms).await
    }

    async fn sent(&self, channel: NotifierChannel) -> Vec<String> {
        self.notifiers.settled().await;
        let messages = self.mail.messages.lock().unwrap();
        let over = messages.iter().filter(|message| message.channel == channel);
        over.map(|message| only_code_in(&message.text)).collect()
    }

    /// Keeps the one thread busy and the queue of one full until the result is dropped.
    pub(super) async fn block_hashing(&self) -> std::sync::mpsc::Sender<()> {
        let (release, released) = std::sync::mpsc::channel::<()>();
        let (started, has_started) = tokio::sync::oneshot::channel();
        let lane = |address| Lane { address, from_known_browser: true };
        let pool = self.pool.clone();
        tokio::spawn(async move {
            let block = move || {
                let _ = started.send(());
                let _ = released.recv();
            };
            pool.run(lane("a"), block).await
        });
        has_started.await.unwrap();
        let pool = self.pool.clone();
        tokio::spawn(async move { pool.run(lane("b"), || ()).await });
        while self.pool.waiting() == 0 {
            tokio::task::yield_now().await;
        }
        release
    }
}

/// The one run of exactly six digits; it is an error of the text to have none or two different ones.
pub(super) fn only_code_in(text: &str) -> String {
    let runs = text.split(|c: char| !c.is_ascii_digit());
    let mut codes: Vec<&str> = runs.filter(|run| run.len() == 6).collect();
    codes.dedup();
    assert_eq!(codes.len(), 1, "{text}");
    codes[0].to_owned()
}

fn contact(name: &str, kind: ContactKind, address: &str) -> Contact {
    let what = if kind == ContactKind::Email { "mailbox" } else { "phone" };
    Contact {
        id: CredentialId(format!("{what} id of {name}").into()),
        kind,
        address: address.to_owned(),
        fingerprint: format!("{what} of {name}").into(),
        is_usable: true,
        added_at: Timestamp::EPOCH,
        enrolled_at: Some(Timestamp::from_secs(5)),
    }
}

/// A user with a password, an e-mail address, a phone and an app, kept in the fake store.
pub(super) fn account_of(bench: &Bench, name: &str, password: &str) -> Account {
    let id = UserId(format!("id of {name}").into());
    let account = Account {
        user: User {
            id: id.clone(),
            directory: "staff".into(),
            name: name.parse().unwrap(),
            display_name: None,
            language: None,
            roles: BTreeSet::new(),
            state: UserState::Active,
            created_at: Timestamp::EPOCH,
            last_sign_in_at: None,
        },
        contacts: vec![
            contact(name, ContactKind::Email, &format!("{name}@example.org")),
            contact(name, ContactKind::Phone, "+31612345678"),
        ],
        password: Some(PasswordCredential {
            id: CredentialId(format!("password of {name}").into()),
            hash: cheap().hash(password).unwrap(),
            reset_through: None,
            set_at: Timestamp::EPOCH,
            enrolled_at: None,
        }),
        apps: vec![AppCredential {
            id: CredentialId(format!("app of {name}").into()),
            secret: Totp::new_secret(),
            name: None,
            last_step: 0,
            added_at: Timestamp::EPOCH,
            enrolled_at: None,
        }],
        passkeys: Vec::new(),
        remembered: Vec::new(),
        recovery: Some(RecoveryCodes {
            id: CredentialId(format!("codes of {name}").into()),
            left: 10,
            made_at: Timestamp::EPOCH,
        }),
        version: 1,
    };
    bench.accounts.put(&account);
    account
}

pub(super) fn account_with_password(bench: &Bench) -> Account {
    account_of(bench, "anna", PASSWORD)
}

pub(super) fn account_with_app(bench: &Bench) -> Account {
    account_of(bench, "anna", PASSWORD)
}
