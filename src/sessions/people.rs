//! The users of live sessions, as the hot path sees them: loaded once, forgotten at every change.
//! What a session may still claim ("withdrawn", disabled, roles) is derived from here and never
//! copied into a session. Not here: how an account is changed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

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
    account: ArcSwapOption<Account>,
    generation: AtomicU64,
    holds: AtomicUsize,
    loading: Mutex<()>,
}

/// As long as it lives, the user is nobody: a withdrawal is under way. Released only when the store
/// has taken it; dropped otherwise, the user stays nobody until a later change succeeds.
#[derive(Debug)]
#[must_use = "a hold that is dropped keeps the user out"]
pub struct Hold {
    cell: Arc<Cell>,
}

impl Hold {
    /// The store has taken the withdrawal.
    pub fn release(self) {
        self.cell.forget();
        // Holds that failed before are settled by this success: the store now has the newest word.
        self.cell.holds.store(0, Ordering::SeqCst);
    }
}

impl Cell {
    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst)
    }

    pub(super) fn is_held(&self) -> bool {
        self.holds.load(Ordering::SeqCst) > 0
    }

    fn forget(&self) {
        self.generation.fetch_add(1, Ordering::SeqCst);
        self.account.store(None);
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
        Hold { cell }
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
        if let Some(account) = cell.account.load_full()
            && cell.generation() == generation
        {
            return Ok(Some((account, generation)));
        }
        let _single_flight = cell.loading.lock().await;
        for _ in 0..LOAD_TRIES {
            let generation = cell.generation();
            if let Some(account) = cell.account.load_full() {
                return Ok(Some((account, generation)));
            }
            let loaded = self.accounts.load_user(user).await?.map(Arc::new);
            if cell.is_held() {
                return Ok(None);
            }
            if cell.generation() == generation {
                cell.account.store(loaded.clone());
                // A change between the comparison and the line above has emptied the cell or will be
                // seen by whoever compares generations; what is returned is what was read.
                if cell.generation() != generation {
                    cell.account.store(None);
                    continue;
                }
                return Ok(loaded.map(|account| (account, generation)));
            }
        }
        Err(StoreError::Unavailable("the account changes too often to be read".into()))
    }

    /// Drops the accounts of users without live sessions. The cells stay: a session that is just being
    /// loaded may hold one, and must hear of the next change.
    pub(super) fn drop_all_but(&self, is_live: impl Fn(&UserId) -> bool) {
        let cells = self.cells.pin();
        for (user, cell) in &cells {
            if !is_live(user) && cell.account.load().is_some() {
                cell.forget();
            }
        }
    }
}
