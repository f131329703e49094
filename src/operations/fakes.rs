//! Stores in memory that can be told to fail, and that write down in which order they were asked.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;

use super::*;
use crate::accounts::{
    Contact, ContactKind, CreateError, EmailAddress, Link, Mark, NewUser, PasswordCredential,
    PlannedRemoval, User, UserId, UserState,
};
use crate::clock::ManualClock;
use crate::points::{CredentialId, Proof, Role};
use crate::sessions::{NameHash, NameRecord, SessionKey, SessionRecord};

#[derive(Debug, Default)]
pub(crate) struct Store {
    pub(crate) users: Mutex<HashMap<UserId, Account>>,
    pub(crate) sessions: Mutex<Vec<(SessionRecord, NameRecord)>>,
    pub(crate) links: Mutex<Vec<Link>>,
    pub(crate) calls: Mutex<Vec<&'static str>>,
    pub(crate) fails: AtomicBool,
}

impl Store {
    fn asked(&self, what: &'static str) -> Result<(), StoreError> {
        self.calls.lock().unwrap().push(what);
        if self.fails.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("told to fail".into()));
        }
        Ok(())
    }

    fn change(&self, user: &UserId, change: impl FnOnce(&mut Account)) -> bool {
        self.users.lock().unwrap().get_mut(user).map(change).is_some()
    }
}

fn contact(address: &str, kind: ContactKind, now: Timestamp) -> Contact {
    Contact {
        id: CredentialId(format!("id of {address}").into()),
        kind,
        fingerprint: format!("hash of {address}").into(),
        address: address.to_owned(),
        is_usable: true,
        added_at: now,
        enrolled_at: None,
    }
}

fn account(new: NewUser, number: usize, now: Timestamp) -> Account {
    let password = new.password_hash.map(|hash| PasswordCredential {
        id: CredentialId(format!("p{number}").into()),
        hash,
        reset_through: None,
        set_at: now,
        enrolled_at: None,
    });
    let email = new.email.map(|one| contact(one.as_str(), ContactKind::Email, now));
    let phone = new.phone.map(|one| contact(one.as_str(), ContactKind::Phone, now));
    Account {
        user: User {
            id: UserId(format!("u{number}").into()),
            directory: new.directory,
            name: new.name,
            display_name: new.display_name,
            language: new.language,
            roles: new.roles,
            state: UserState::Active,
            created_at: now,
            last_sign_in_at: None,
        },
        contacts: email.into_iter().chain(phone).collect(),
        password,
        apps: Vec::new(),
        passkeys: Vec::new(),
        remembered: Vec::new(),
        recovery: None,
        version: 1,
    }
}

#[async_trait]
impl AccountStore for Store {
    async fn create_user(&self, new: NewUser, now: Timestamp) -> Result<Account, CreateError> {
        self.asked("create_user")?;
        let mut users = self.users.lock().unwrap();
        let taken = users
            .values()
            .any(|one| one.user.name == new.name && one.user.directory == new.directory);
        if taken {
            return Err(CreateError::NameTaken);
        }
        let account = account(new, users.len(), now);
        users.insert(account.user.id.clone(), account.clone());
        Ok(account)
    }

    async fn find_user(
        &self,
        directory: &str,
        name: &UserName,
    ) -> Result<Option<Account>, StoreError> {
        self.asked("find_user").or(Ok::<(), StoreError>(()))?;
        let users = self.users.lock().unwrap();
        let mut found = users
            .values()
            .filter(|one| one.user.name == *name && &*one.user.directory == directory);
        Ok(found.next().cloned())
    }

    async fn find_user_by_email(
        &self,
        _: &str,
        _: &EmailAddress,
    ) -> Result<Option<Account>, StoreError> {
        Ok(None)
    }

    async fn load_user(&self, user: &UserId) -> Result<Option<Account>, StoreError> {
        Ok(self.users.lock().unwrap().get(user).cloned())
    }

    async fn list_users(&self, directory: Option<&str>) -> Result<Vec<User>, StoreError> {
        let users = self.users.lock().unwrap();
        let mut users: Vec<User> = users
            .values()
            .map(|one| one.user.clone())
            .filter(|user| directory.is_none_or(|directory| &*user.directory == directory))
            .collect();
        users.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(users)
    }

    async fn has_user_with_role(&self, role: &str) -> Result<bool, StoreError> {
        Ok(self.users.lock().unwrap().values().any(|one| one.user.roles.contains(role)))
    }

    async fn set_user_state(&self, user: &UserId, state: UserState) -> Result<bool, StoreError> {
        self.asked("set_user_state")?;
        Ok(self.change(user, |account| account.user.state = state))
    }

    async fn set_user_roles(
        &self,
        user: &UserId,
        roles: &BTreeSet<Role>,
    ) -> Result<bool, StoreError> {
        self.asked("set_user_roles")?;
        Ok(self.change(user, |account| account.user.roles.clone_from(roles)))
    }

    async fn record_sign_in(&self, _: &UserId, _: Timestamp) -> Result<(), StoreError> {
        Ok(())
    }

    async fn delete_user(&self, user: &UserId) -> Result<bool, StoreError> {
        self.asked("delete_user")?;
        Ok(self.users.lock().unwrap().remove(user).is_some())
    }

    async fn set_password(
        &self,
        _: &UserId,
        _: Secret<String>,
        _: Timestamp,
    ) -> Result<CredentialId, StoreError> {
        unreachable!("operations set no password of a user that is there")
    }

    async fn rehash_password(&self, _: &CredentialId, _: Secret<String>) -> Result<(), StoreError> {
        unreachable!()
    }

    async fn add_app(
        &self,
        _: &UserId,
        _: Secret<Vec<u8>>,
        _: u64,
        _: Option<Timestamp>,
        _: Timestamp,
    ) -> Result<CredentialId, StoreError> {
        unreachable!()
    }

    async fn take_app_step(&self, _: &CredentialId, _: u64) -> Result<bool, StoreError> {
        unreachable!()
    }

    async fn create_link(&self, link: Link) -> Result<(), StoreError> {
        self.asked("create_link")?;
        self.links.lock().unwrap().push(link);
        Ok(())
    }

    async fn find_link(
        &self,
        token_hash: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<Link>, StoreError> {
        let links = self.links.lock().unwrap();
        let mut live = links.iter().filter(|link| now < link.expires_at);
        Ok(live.find(|link| link.token_hash == *token_hash).cloned())
    }

    async fn has_set_up_link(&self, user: &UserId, now: Timestamp) -> Result<bool, StoreError> {
        let links = self.links.lock().unwrap();
        Ok(links.iter().any(|link| link.user == *user && now < link.expires_at))
    }

    async fn take_link(&self, _: &[u8; 32], _: Timestamp) -> Result<Option<Link>, StoreError> {
        unreachable!()
    }

    async fn end_links(&self, user: &UserId) -> Result<(), StoreError> {
        self.links.lock().unwrap().retain(|link| link.user != *user);
        Ok(())
    }

    async fn sweep_links(&self, _: Timestamp) -> Result<u64, StoreError> {
        unreachable!("upkeep asks for this")
    }
}

#[async_trait]
impl ChangeStore for Store {
    async fn remove_credential(
        &self,
        user: &UserId,
        credential: &CredentialId,
    ) -> Result<bool, StoreError> {
        self.asked("remove_credential")?;
        let mut removed = false;
        self.change(user, |account| {
            let before = account.contacts.len();
            account.contacts.retain(|contact| contact.id != *credential);
            removed = account.contacts.len() < before;
        });
        Ok(removed)
    }

    async fn plan_removal(&self, _: &PlannedRemoval) -> Result<Option<Timestamp>, StoreError> {
        unreachable!()
    }

    async fn cancel_removal(&self, _: &UserId, _: &CredentialId) -> Result<bool, StoreError> {
        unreachable!()
    }

    async fn planned_removals(&self, _: &UserId) -> Result<Vec<PlannedRemoval>, StoreError> {
        unreachable!()
    }

    async fn due_removals(&self, _: Timestamp) -> Result<Vec<PlannedRemoval>, StoreError> {
        unreachable!()
    }

    async fn replace_password(
        &self,
        _: &UserId,
        _: Secret<String>,
        _: Option<&Mark>,
        _: Timestamp,
    ) -> Result<CredentialId, StoreError> {
        unreachable!()
    }

    async fn lift_marks(&self, _: Timestamp) -> Result<Vec<UserId>, StoreError> {
        unreachable!()
    }

    async fn add_contact(
        &self,
        _: &UserId,
        _: ContactKind,
        _: &str,
        _: usize,
        _: Timestamp,
    ) -> Result<bool, StoreError> {
        unreachable!()
    }

    async fn replace_contact(
        &self,
        user: &UserId,
        kind: ContactKind,
        address: Option<String>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.asked("replace_contact")?;
        Ok(self.change(user, |account| {
            account.contacts.retain(|contact| contact.kind != kind);
            account.contacts.extend(address.map(|address| contact(&address, kind, now)));
        }))
    }

    async fn name_app(
        &self,
        _: &UserId,
        _: &CredentialId,
        _: Option<String>,
    ) -> Result<bool, StoreError> {
        unreachable!()
    }
}

/// An outbox: to which address which letter went.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    pub(crate) letters: Mutex<Vec<(String, String)>>,
    pub(crate) is_full: AtomicBool,
}

impl Letters for Outbox {
    fn write(&self, _: &Account, to: &[&Contact], letter: Letter<'_>) -> usize {
        if self.is_full.load(Ordering::SeqCst) {
            return 0;
        }
        let letters = to.iter().map(|contact| (contact.address.clone(), format!("{letter:?}")));
        self.letters.lock().unwrap().extend(letters);
        to.len()
    }
}

#[async_trait]
impl SessionStore for Store {
    async fn create_session(
        &self,
        session: &SessionRecord,
        name: &NameRecord,
    ) -> Result<(), StoreError> {
        self.sessions.lock().unwrap().push((session.clone(), name.clone()));
        Ok(())
    }

    async fn find_session(
        &self,
        name: &NameHash,
    ) -> Result<Option<(SessionRecord, NameRecord)>, StoreError> {
        let sessions = self.sessions.lock().unwrap();
        Ok(sessions.iter().find(|(_, record)| record.hash == *name).cloned())
    }

    async fn add_proof(
        &self,
        _: &SessionKey,
        _: &Proof,
        _: &NameRecord,
        _: Option<(&NameHash, Timestamp)>,
    ) -> Result<bool, StoreError> {
        Ok(false)
    }

    async fn shorten_name(&self, _: &NameHash, _: Timestamp) -> Result<(), StoreError> {
        Ok(())
    }

    async fn end_session(&self, session: &SessionKey) -> Result<bool, StoreError> {
        self.asked("end_session")?;
        let mut sessions = self.sessions.lock().unwrap();
        let before = sessions.len();
        sessions.retain(|(record, _)| record.key != *session);
        Ok(sessions.len() < before)
    }

    async fn end_sessions_of(
        &self,
        user: &UserId,
        but: Option<&SessionKey>,
    ) -> Result<Vec<SessionKey>, StoreError> {
        self.asked("end_sessions_of")?;
        let mut sessions = self.sessions.lock().unwrap();
        let (ended, kept): (Vec<_>, Vec<_>) = sessions
            .drain(..)
            .partition(|(record, _)| record.user == *user && but != Some(&record.key));
        *sessions = kept;
        Ok(ended.into_iter().map(|(record, _)| record.key).collect())
    }

    async fn touch_sessions(&self, _: &[(SessionKey, Timestamp)]) -> Result<(), StoreError> {
        Ok(())
    }

    async fn list_sessions(&self, user: Option<&UserId>) -> Result<Vec<SessionRecord>, StoreError> {
        let sessions = self.sessions.lock().unwrap();
        let records = sessions.iter().map(|(record, _)| record.clone());
        Ok(records.filter(|record| user.is_none_or(|user| record.user == *user)).collect())
    }

    async fn sweep_sessions(&self, _: Timestamp, _: Timestamp) -> Result<u64, StoreError> {
        Ok(0)
    }
}

#[derive(Debug)]
struct Plain;

#[async_trait]
impl Passwords for Plain {
    async fn hash(
        &self,
        password: Secret<String>,
        _: &UserName,
    ) -> Result<Secret<String>, NotHashed> {
        if password.reveal().len() < 8 {
            return Err(NotHashed::AgainstTheRules { why: "it is too short".to_owned() });
        }
        Ok(Secret::new(format!("hash of {}", password.reveal())))
    }
}

#[async_trait]
impl Unlock for Store {
    async fn unlock(&self, _: &Account) -> Result<(), StoreError> {
        self.asked("unlock")
    }
}

/// Two directories; one route at level 30 with a rule at 40 and a public one.
#[derive(Debug)]
struct Map;

impl Places for Map {
    fn directories(&self) -> Vec<DirectoryName> {
        vec!["customers".into(), "staff".into()]
    }

    fn admin_directory(&self) -> Option<DirectoryName> {
        Some("staff".into())
    }

    fn probation(&self, _: &str) -> Option<Duration> {
        Some(Settings::standard().probation)
    }

    fn link(&self, directory: &str, host: Option<&str>, token: &str) -> Result<String, String> {
        match host.unwrap_or("portal.example.org") {
            host if host.ends_with(".example.org") => {
                Ok(format!("https://{host}/.scoregate/link/{token}"))
            }
            host => Err(format!("`{host}` is no host of directory `{directory}`")),
        }
    }

    fn find(&self, host: &[u8], _: &str, target: &[u8]) -> Result<Place, String> {
        if host != b"portal.example.org" {
            return Err("no route has this host".to_owned());
        }
        let (rule, level) = match target {
            b"/payments/" => (Some("payments".to_owned()), 40),
            b"/open" => (Some("open".to_owned()), 0),
            _ => (None, 30),
        };
        let settings = Settings::standard();
        let level = crate::points::Level::new(level).unwrap();
        Ok(Place {
            route: "portal".to_owned(),
            rule,
            directory: "staff".into(),
            requirement: Requirement { level, ..Requirement::default() },
            settings,
            offered: [
                crate::points::Method::Password,
                crate::points::Method::Email,
                crate::points::Method::Totp,
            ]
            .into_iter()
            .collect(),
            origins: vec![("route.portal.level".to_owned(), "scoregate.toml:12".to_owned())],
        })
    }

    fn all(&self, directory: &str) -> Vec<(String, Place)> {
        let at = |target: &str| self.find(b"portal.example.org", "GET", target.as_bytes()).unwrap();
        let places = ["/", "/payments/", "/open"].map(|target| (target.to_owned(), at(target)));
        places.into_iter().filter(|(_, place)| &*place.directory == directory).collect()
    }
}

pub(crate) struct House {
    pub(crate) store: Arc<Store>,
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) audit: Arc<Audit>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) operator: Arc<Operator>,
    pub(crate) keys: crate::keys::Keyring,
    pub(crate) outbox: Arc<Outbox>,
}

pub(crate) fn house() -> House {
    let store = Arc::new(Store::default());
    let clock = Arc::new(ManualClock::at(Timestamp::from_secs(1_800_000_000)));
    let sessions = Arc::new(Sessions::new(store.clone(), store.clone()));
    let audit = Arc::new(Audit::in_memory(clock.clone()));
    let outbox = Arc::new(Outbox::default());
    let operator = Arc::new(Operator::new(Tools {
        accounts: store.clone(),
        changes: store.clone(),
        letters: outbox.clone(),
        session_store: store.clone(),
        sessions: sessions.clone(),
        passwords: Arc::new(Plain),
        unlock: store.clone(),
        places: Arc::new(Map),
        service: Arc::new(Stopped),
        policies: Arc::new(crate::settings::tests::policies()),
        keys: Arc::new(NoKeys),
        audit: audit.clone(),
        clock: clock.clone(),
    }));
    let keys = crate::keys::Keyring::generate();
    House { store, sessions, audit, clock, operator, keys, outbox }
}

/// A house without a key file.
#[derive(Debug)]
struct NoKeys;

#[async_trait]
impl Keys for NoKeys {
    async fn rotate(&self, _: Duration) -> Result<(), Refused> {
        Err(Refused::Store)
    }
}

const HOUR: Duration = Duration::from_secs(3600);

pub(crate) const LIMITS: crate::sessions::SessionLimits =
    crate::sessions::SessionLimits { idle_timeout: HOUR, lifetime: HOUR };

pub(crate) const BY: Actor = Actor::Command { uid: 1000 };

impl House {
    pub(crate) async fn perform(&self, operation: Operation) -> Result<Outcome, Refused> {
        self.operator.perform(operation, &BY).await
    }

    pub(crate) async fn add(&self, name: &str, directory: &str) -> UserId {
        let add = UserAdd {
            name: name.to_owned(),
            directory: Some(directory.to_owned()),
            roles: Vec::new(),
            email: Some(format!("{name}@example.org")),
            phone: None,
            display_name: None,
            language: None,
            password: Some(Secret::new("correct horse".to_owned())),
            host: None,
        };
        match self.perform(Operation::UserAdd(Box::new(add))).await.unwrap() {
            Outcome::UserAdded { user, link: None } => UserId(user.id.as_str().into()),
            other => panic!("{other:?}"),
        }
    }

    /// A live session of a user, with a password.
    pub(crate) async fn sign_in(&self, user: &UserId) -> String {
        self.try_to_sign_in(user).await.unwrap()
    }

    /// As [`Self::sign_in`]; a user who is kept out gets no session.
    pub(crate) async fn try_to_sign_in(&self, user: &UserId) -> Result<String, StoreError> {
        let account = self.store.users.lock().unwrap()[user].clone();
        let proof = account.enrolled()[0].proof(self.clock.now());
        let beginning = crate::sessions::Beginning {
            account: &account,
            proof,
            host: "portal.example.org",
            user_agent: Some("test"),
            address: None,
        };
        let newly = self.sessions.begin(beginning, LIMITS, self.clock.now()).await?;
        Ok(newly.name.token(crate::keys::Purpose::SessionName, &self.keys))
    }

    pub(crate) fn events(&self) -> Vec<String> {
        let name = |line: &String| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            line["event"].as_str().unwrap().to_owned()
        };
        self.audit.lines().iter().map(name).collect()
    }
}
