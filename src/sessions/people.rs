//! The users of live sessions, as the hot path sees them: loaded once, forgotten at every change.
//! What a session may still claim ("withdrawn", disabled, roles) is derived from here and never
//! copied into a session. Not here: how an account is changed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use arc_swap::ArcSwapOption;
use tokio::sync::Mutex;

use crate::accounts::{Account, AccountStore, StoreError, UserId};

/// How often a load is begun anew because the account changed under it.
const LOAD_TRIES: u32 = 8;

#[derive(Debug)]
pub(super) struct People {
    accounts: Arc<dyn AccountStore>,
    cells: papaya::HashMap<UserId, Arc<Cell>>,
}

/// One user. `generation` rises at every change, so that a load which overlaps one is not believed.
#[derive(Debug, Default)]
pub(super) struct Cell {
    read: ArcSwapOption<Read>,
    generation: AtomicU64,
    /// Withdrawals that are under way.
    holds: AtomicUsize,
    /// One was not taken by the store, and no change has been since.
    has_failed: AtomicBool,
    loading: Mutex<()>,
}

/// An account and the generation that it was read at, as one value: neither is believed of another.
#[derive(Debug)]
struct Read {
    generation: u64,
    account: Arc<Account>,
}

/// As long as it lives, the user is nobody: a withdrawal is under way. Released only when the store
/// has taken it; dropped otherwise, the user stays nobody until a later change succeeds.
#[derive(Debug)]
#[must_use = "a hold that is dropped keeps the user out"]
pub struct Hold {
    cell: Arc<Cell>,
    is_stored: bool,
}

impl Hold {
    /// The store has taken the change. It settles those before it that failed, since the store now
    /// has the newest word; what others are still doing keeps the user out.
    pub fn release(self) {
        self.cell.has_failed.store(false, Ordering::SeqCst);
        self.lift();
    }

    /// As [`Self::release`], for what says nothing of a change that failed before.
    pub(super) fn lift(mut self) {
        self.is_stored = true;
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.cell.forget();
        if !self.is_stored {
            self.cell.has_failed.store(true, Ordering::SeqCst);
        }
        self.cell.holds.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Cell {
    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst)
    }

    pub(super) fn is_held(&self) -> bool {
        self.holds.load(Ordering::SeqCst) > 0 || self.has_failed.load(Ordering::SeqCst)
    }

    fn forget(&self) {
        self.generation.fetch_add(1, Ordering::SeqCst);
        self.read.store(None);
    }

    fn known_at(&self, generation: u64) -> Option<Arc<Account>> {
        let read = self.read.load();
        read.as_ref().filter(|read| read.generation == generation).map(|read| read.account.clone())
    }

    fn keep(&self, account: &Arc<Account>, generation: u64) {
        self.read.store(Some(Arc::new(Read { generation, account: account.clone() })));
    }
}

impl People {
    pub(super) fn new(accounts: Arc<dyn AccountStore>) -> Self {
        Self { accounts, cells: papaya::HashMap::new() }
    }

    pub(super) fn cell(&self, user: &UserId) -> Arc<Cell> {
        self.cells.pin().get_or_insert_with(user.clone(), Arc::default).clone()
    }

    /// Something about the user changed: the next decision reads it anew.
    pub(super) fn forget(&self, user: &UserId) {
        if let Some(cell) = self.cells.pin().get(user) {
            cell.forget();
        }
    }

    pub(super) fn hold(&self, user: &UserId) -> Hold {
        let cell = self.cell(user);
        cell.holds.fetch_add(1, Ordering::SeqCst);
        cell.forget();
        Hold { cell, is_stored: false }
    }

    /// The account with the generation that it was read at; `None` while the user is held, or if
    /// there is no such user.
    pub(super) async fn account(
        &self,
        user: &UserId,
        cell: &Cell,
    ) -> Result<Option<(Arc<Account>, u64)>, StoreError> {
        let generation = cell.generation();
        if cell.is_held() {
            return Ok(None);
        }
        if let Some(account) = cell.known_at(generation) {
            return Ok(Some((account, generation)));
        }
        let _single_flight = cell.loading.lock().await;
        for _ in 0..LOAD_TRIES {
            let generation = cell.generation();
            if let Some(account) = cell.known_at(generation) {
                return Ok(Some((account, generation)));
            }
            let loaded = self.accounts.load_user(user).await?.map(Arc::new);
            if cell.is_held() {
                return Ok(None);
            }
            if cell.generation() == generation {
                return Ok(loaded.map(|account| {
                    cell.keep(&account, generation);
                    (account, generation)
                }));
            }
        }
        Err(StoreError::Unavailable("the account changes too often to be read".into()))
    }

    /// Drops the accounts of users without live sessions. The cells stay: a session that is just being
    /// loaded may hold one, and must hear of the next change.
    pub(super) fn drop_all_but(&self, is_live: impl Fn(&UserId) -> bool) {
        let cells = self.cells.pin();
        for (user, cell) in &cells {
            if !is_live(user) && cell.read.load().is_some() {
                cell.forget();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::NewUser;
    use crate::points::Timestamp;
    use crate::sessions::tests::faulty::Faulty;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    /// A change raises the generation first and empties the cell then. Whoever looks in between finds
    /// the new generation beside the old account.
    #[tokio::test]
    async fn what_was_read_before_a_change_is_not_believed_after_it() {
        let (store, _) = Faulty::new().await;
        let new = NewUser {
            directory: "staff".into(),
            name: "anna".parse().unwrap(),
            display_name: None,
            language: None,
            roles: ["editor".into()].into(),
            email: None,
            phone: None,
            password_hash: None,
        };
        let user = store.create_user(new, NOW).await.unwrap().user.id;
        let people = People::new(Arc::new(store.clone()));
        let cell = people.cell(&user);
        people.account(&user, &cell).await.unwrap().unwrap();
        store.set_user_roles(&user, &[].into()).await.unwrap();
        cell.generation.fetch_add(1, Ordering::SeqCst);
        let (account, generation) = people.account(&user, &cell).await.unwrap().unwrap();
        assert_eq!((account.user.roles.len(), generation), (0, 1));
    }
}
