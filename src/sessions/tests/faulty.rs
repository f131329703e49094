//! A store that counts its calls, fails when it is told to, and stops where it is told to, so that
//! two calls overlap in exactly one way. Behind it is the embedded store, in memory.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Semaphore;

use super::super::{NameHash, NameRecord, SessionKey, SessionRecord, SessionStore};
use crate::accounts::{
    Account, AccountStore, ChangeStore, ContactKind, CreateError, EmailAddress, Link, Mark,
    NewPasskey, NewRemembered, NewUser, PasskeyStore, PasskeyUse, PlannedRemoval, RememberedDevice,
    RememberedStore, StoreError, User, UserId, UserName, UserState,
};
use crate::keys::Keyring;
use crate::methods::{CodeStore, RecoveryStore, SentCode, Taken};
use crate::points::{CredentialId, Method, Proof, Role, Timestamp};
use crate::secret::Secret;
use crate::store::embedded::Embedded;
use crate::throttle::{CounterKey, CounterStore, Tally};

/// Clones are the same store.
#[derive(Clone, Debug)]
pub(crate) struct Faulty {
    pub(crate) inner: Embedded,
    script: Arc<Script>,
}

#[derive(Debug, Default)]
struct Script {
    calls: Mutex<Vec<&'static str>>,
    failing: Mutex<HashSet<&'static str>>,
    pauses: Mutex<HashMap<&'static str, Arc<Pause>>>,
}

/// A call that has done its work and not returned yet.
#[derive(Debug)]
pub(crate) struct Pause {
    reached: Semaphore,
    go: Semaphore,
}

impl Pause {
    /// The call is there.
    pub(crate) async fn reached(&self) {
        self.reached.acquire().await.unwrap().forget();
    }

    pub(crate) fn resume(&self) {
        self.go.add_permits(1);
    }
}

impl Faulty {
    pub(crate) async fn new() -> (Self, Arc<Keyring>) {
        let (inner, keys) = Embedded::in_memory().await.unwrap();
        (Self { inner, script: Arc::default() }, keys)
    }

    /// From now on these calls fail, before they do anything.
    pub(crate) fn fail(&self, calls: &[&'static str]) {
        self.script.failing.lock().unwrap().extend(calls);
    }

    pub(crate) fn mend(&self) {
        self.script.failing.lock().unwrap().clear();
    }

    /// The next such call stops when its work is done.
    pub(crate) fn pause(&self, call: &'static str) -> Arc<Pause> {
        let pause = Arc::new(Pause { reached: Semaphore::new(0), go: Semaphore::new(0) });
        self.script.pauses.lock().unwrap().insert(call, pause.clone());
        pause
    }

    /// The calls since the last time that this was asked.
    pub(crate) fn calls(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.script.calls.lock().unwrap())
    }

    fn enter(&self, call: &'static str) -> Result<(), StoreError> {
        self.script.calls.lock().unwrap().push(call);
        if self.script.failing.lock().unwrap().contains(call) {
            return Err(StoreError::Unavailable("told to fail".into()));
        }
        Ok(())
    }

    async fn leave(&self, call: &'static str) {
        let pause = self.script.pauses.lock().unwrap().remove(call);
        if let Some(pause) = pause {
            pause.reached.add_permits(1);
            pause.go.acquire().await.unwrap().forget();
        }
    }
}

/// One call, handed through.
macro_rules! through {
    ($self:ident.$call:ident($($argument:expr),*)) => {{
        $self.enter(stringify!($call))?;
        let result = $self.inner.$call($($argument),*).await;
        $self.leave(stringify!($call)).await;
        result
    }};
}

#[async_trait]
impl SessionStore for Faulty {
    async fn create_session(
        &self,
        session: &SessionRecord,
        name: &NameRecord,
    ) -> Result<(), StoreError> {
        through!(self.create_session(session, name))
    }

    async fn find_session(
        &self,
        name: &NameHash,
    ) -> Result<Option<(SessionRecord, NameRecord)>, StoreError> {
        through!(self.find_session(name))
    }

    async fn add_proof(
        &self,
        session: &SessionKey,
        proof: &Proof,
        new_name: &NameRecord,
        old_name: Option<(&NameHash, Timestamp)>,
    ) -> Result<bool, StoreError> {
        through!(self.add_proof(session, proof, new_name, old_name))
    }

    async fn shorten_name(&self, name: &NameHash, until: Timestamp) -> Result<(), StoreError> {
        through!(self.shorten_name(name, until))
    }

    async fn end_session(&self, session: &SessionKey) -> Result<bool, StoreError> {
        through!(self.end_session(session))
    }

    async fn end_sessions_of(
        &self,
        user: &UserId,
        but: Option<&SessionKey>,
    ) -> Result<Vec<SessionKey>, StoreError> {
        through!(self.end_sessions_of(user, but))
    }

    async fn touch_sessions(&self, seen: &[(SessionKey, Timestamp)]) -> Result<(), StoreError> {
        through!(self.touch_sessions(seen))
    }

    async fn list_sessions(&self, user: Option<&UserId>) -> Result<Vec<SessionRecord>, StoreError> {
        through!(self.list_sessions(user))
    }

    async fn sweep_sessions(&self, now: Timestamp, idle: Timestamp) -> Result<u64, StoreError> {
        through!(self.sweep_sessions(now, idle))
    }
}

#[async_trait]
impl AccountStore for Faulty {
    async fn create_user(&self, new: NewUser, now: Timestamp) -> Result<Account, CreateError> {
        through!(self.create_user(new, now))
    }

    async fn find_user(
        &self,
        directory: &str,
        name: &UserName,
    ) -> Result<Option<Account>, StoreError> {
        through!(self.find_user(directory, name))
    }

    async fn find_user_by_email(
        &self,
        directory: &str,
        email: &EmailAddress,
    ) -> Result<Option<Account>, StoreError> {
        through!(self.find_user_by_email(directory, email))
    }

    async fn load_user(&self, user: &UserId) -> Result<Option<Account>, StoreError> {
        through!(self.load_user(user))
    }

    async fn list_users(&self, directory: Option<&str>) -> Result<Vec<User>, StoreError> {
        through!(self.list_users(directory))
    }

    async fn has_user_with_role(&self, role: &str) -> Result<bool, StoreError> {
        through!(self.has_user_with_role(role))
    }

    async fn set_user_state(&self, user: &UserId, state: UserState) -> Result<bool, StoreError> {
        through!(self.set_user_state(user, state))
    }

    async fn set_user_roles(
        &self,
        user: &UserId,
        roles: &BTreeSet<Role>,
    ) -> Result<bool, StoreError> {
        through!(self.set_user_roles(user, roles))
    }

    async fn record_sign_in(&self, user: &UserId, at: Timestamp) -> Result<(), StoreError> {
        through!(self.record_sign_in(user, at))
    }

    async fn delete_user(&self, user: &UserId) -> Result<bool, StoreError> {
        through!(self.delete_user(user))
    }

    async fn set_password(
        &self,
        user: &UserId,
        hash: Secret<String>,
        now: Timestamp,
    ) -> Result<CredentialId, StoreError> {
        through!(self.set_password(user, hash, now))
    }

    async fn rehash_password(
        &self,
        credential: &CredentialId,
        hash: Secret<String>,
    ) -> Result<(), StoreError> {
        through!(self.rehash_password(credential, hash))
    }

    async fn add_app(
        &self,
        user: &UserId,
        secret: Secret<Vec<u8>>,
        step: u64,
        enrolled_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<CredentialId, StoreError> {
        through!(self.add_app(user, secret, step, enrolled_at, now))
    }

    async fn take_app_step(&self, app: &CredentialId, step: u64) -> Result<bool, StoreError> {
        through!(self.take_app_step(app, step))
    }

    async fn create_link(&self, link: Link) -> Result<(), StoreError> {
        through!(self.create_link(link))
    }

    async fn find_link(
        &self,
        token_hash: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<Link>, StoreError> {
        through!(self.find_link(token_hash, now))
    }

    async fn take_link(
        &self,
        token_hash: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<Link>, StoreError> {
        through!(self.take_link(token_hash, now))
    }

    async fn has_set_up_link(&self, user: &UserId, now: Timestamp) -> Result<bool, StoreError> {
        through!(self.has_set_up_link(user, now))
    }

    async fn end_links(&self, user: &UserId) -> Result<(), StoreError> {
        through!(self.end_links(user))
    }

    async fn sweep_links(&self, now: Timestamp) -> Result<u64, StoreError> {
        through!(self.sweep_links(now))
    }
}

#[async_trait]
impl CounterStore for Faulty {
    async fn count(
        &self,
        key: &CounterKey,
        window: Duration,
        now: Timestamp,
    ) -> Result<Tally, StoreError> {
        through!(self.count(key, window, now))
    }

    async fn tally(&self, key: &CounterKey, now: Timestamp) -> Result<Option<Tally>, StoreError> {
        through!(self.tally(key, now))
    }

    async fn forget(&self, key: &CounterKey) -> Result<(), StoreError> {
        through!(self.forget(key))
    }

    async fn know_browser(
        &self,
        user: &UserId,
        browser: &[u8; 32],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        through!(self.know_browser(user, browser, now))
    }

    async fn knows_browser(&self, user: &UserId, browser: &[u8; 32]) -> Result<bool, StoreError> {
        through!(self.knows_browser(user, browser))
    }

    async fn sweep_browsers(&self, unused_since: Timestamp) -> Result<u64, StoreError> {
        through!(self.sweep_browsers(unused_since))
    }

    async fn sweep_counters(&self, now: Timestamp) -> Result<u64, StoreError> {
        through!(self.sweep_counters(now))
    }
}

#[async_trait]
impl CodeStore for Faulty {
    async fn put_code(&self, code: &SentCode) -> Result<(), StoreError> {
        through!(self.put_code(code))
    }

    async fn codes(
        &self,
        session: &SessionKey,
        method: Method,
    ) -> Result<Vec<SentCode>, StoreError> {
        through!(self.codes(session, method))
    }

    async fn take_code(&self, id: &[u8; 16], now: Timestamp) -> Result<bool, StoreError> {
        through!(self.take_code(id, now))
    }

    async fn sweep_codes(&self, now: Timestamp) -> Result<u64, StoreError> {
        through!(self.sweep_codes(now))
    }
}

#[async_trait]
impl ChangeStore for Faulty {
    async fn remove_credential(
        &self,
        user: &UserId,
        credential: &CredentialId,
    ) -> Result<bool, StoreError> {
        through!(self.remove_credential(user, credential))
    }

    async fn plan_removal(
        &self,
        removal: &PlannedRemoval,
    ) -> Result<Option<Timestamp>, StoreError> {
        through!(self.plan_removal(removal))
    }

    async fn cancel_removal(
        &self,
        user: &UserId,
        credential: &CredentialId,
    ) -> Result<bool, StoreError> {
        through!(self.cancel_removal(user, credential))
    }

    async fn planned_removals(&self, user: &UserId) -> Result<Vec<PlannedRemoval>, StoreError> {
        through!(self.planned_removals(user))
    }

    async fn due_removals(&self, now: Timestamp) -> Result<Vec<PlannedRemoval>, StoreError> {
        through!(self.due_removals(now))
    }

    async fn replace_password(
        &self,
        user: &UserId,
        hash: Secret<String>,
        mark: Option<&Mark>,
        now: Timestamp,
    ) -> Result<CredentialId, StoreError> {
        through!(self.replace_password(user, hash, mark, now))
    }

    async fn lift_marks(&self, now: Timestamp) -> Result<Vec<UserId>, StoreError> {
        through!(self.lift_marks(now))
    }

    async fn add_contact(
        &self,
        user: &UserId,
        kind: ContactKind,
        address: &str,
        most: usize,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        through!(self.add_contact(user, kind, address, most, now))
    }

    async fn replace_contact(
        &self,
        user: &UserId,
        kind: ContactKind,
        address: Option<String>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        through!(self.replace_contact(user, kind, address, now))
    }

    async fn name_app(
        &self,
        user: &UserId,
        app: &CredentialId,
        name: Option<String>,
    ) -> Result<bool, StoreError> {
        through!(self.name_app(user, app, name))
    }
}

#[async_trait]
impl RecoveryStore for Faulty {
    async fn put_recovery_codes(
        &self,
        user: &UserId,
        hashes: &[[u8; 32]],
        now: Timestamp,
    ) -> Result<CredentialId, StoreError> {
        through!(self.put_recovery_codes(user, hashes, now))
    }

    async fn take_recovery_code(
        &self,
        user: &UserId,
        hash: &[u8; 32],
        now: Timestamp,
    ) -> Result<Taken, StoreError> {
        through!(self.take_recovery_code(user, hash, now))
    }
}

#[async_trait]
impl PasskeyStore for Faulty {
    async fn add_passkey(
        &self,
        new: NewPasskey,
        now: Timestamp,
    ) -> Result<Option<CredentialId>, StoreError> {
        through!(self.add_passkey(new, now))
    }

    async fn find_passkey(&self, credential: &[u8]) -> Result<Option<Account>, StoreError> {
        through!(self.find_passkey(credential))
    }

    async fn use_passkey(&self, id: &CredentialId, used: PasskeyUse) -> Result<bool, StoreError> {
        through!(self.use_passkey(id, used))
    }

    async fn rename_passkey(
        &self,
        user: &UserId,
        id: &CredentialId,
        label: &str,
    ) -> Result<bool, StoreError> {
        through!(self.rename_passkey(user, id, label))
    }

    async fn spend_challenge(
        &self,
        hash: &[u8; 32],
        ends_at: Timestamp,
    ) -> Result<bool, StoreError> {
        through!(self.spend_challenge(hash, ends_at))
    }

    async fn sweep_challenges(&self, now: Timestamp) -> Result<u64, StoreError> {
        through!(self.sweep_challenges(now))
    }

    async fn passkey_offer(&self, user: &UserId) -> Result<Option<Timestamp>, StoreError> {
        through!(self.passkey_offer(user))
    }

    async fn put_off_passkey_offer(
        &self,
        user: &UserId,
        not_before: Timestamp,
    ) -> Result<(), StoreError> {
        through!(self.put_off_passkey_offer(user, not_before))
    }
}

#[async_trait]
impl RememberedStore for Faulty {
    async fn remember_device(
        &self,
        new: NewRemembered,
        now: Timestamp,
    ) -> Result<CredentialId, StoreError> {
        through!(self.remember_device(new, now))
    }

    async fn use_remembered(
        &self,
        user: &UserId,
        hash: &[u8; 32],
        next: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<RememberedDevice>, StoreError> {
        through!(self.use_remembered(user, hash, next, now))
    }

    async fn forget_device(&self, user: &UserId, id: &CredentialId) -> Result<bool, StoreError> {
        through!(self.forget_device(user, id))
    }

    async fn sweep_remembered(&self, now: Timestamp) -> Result<u64, StoreError> {
        through!(self.sweep_remembered(now))
    }
}
