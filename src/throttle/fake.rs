//! A fake of the store's counters for tests: in memory, counts its calls, fails when told to.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;

use super::{CounterKey, CounterStore, Tally};
use crate::accounts::{StoreError, UserId};
use crate::points::Timestamp;

#[derive(Debug, Default)]
pub(crate) struct FakeCounters {
    tallies: Mutex<HashMap<CounterKey, Tally>>,
    browsers: Mutex<HashSet<(UserId, [u8; 32])>>,
    calls: AtomicU64,
    fails: AtomicBool,
}

impl FakeCounters {
    pub(crate) fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }

    pub(crate) fn fail(&self, fails: bool) {
        self.fails.store(fails, Ordering::SeqCst);
    }

    /// Lets others run first, as a store does: attempts at the same time really overlap.
    async fn called(&self) -> Result<(), StoreError> {
        tokio::task::yield_now().await;
        self.calls.fetch_add(1, Ordering::SeqCst);
        if self.fails.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("the fake was told to fail".into()));
        }
        Ok(())
    }
}

#[async_trait]
impl CounterStore for FakeCounters {
    async fn count(
        &self,
        key: &CounterKey,
        window: Duration,
        now: Timestamp,
    ) -> Result<Tally, StoreError> {
        self.called().await?;
        let mut tallies = self.tallies.lock().unwrap();
        let fresh = Tally { count: 0, window_ends: now.after(window) };
        let tally = tallies.entry(key.clone()).or_insert(fresh);
        if now >= tally.window_ends {
            *tally = fresh;
        }
        tally.count += 1;
        Ok(*tally)
    }

    async fn tally(&self, key: &CounterKey, now: Timestamp) -> Result<Option<Tally>, StoreError> {
        self.called().await?;
        let tallies = self.tallies.lock().unwrap();
        Ok(tallies.get(key).filter(|tally| now < tally.window_ends).copied())
    }

    async fn forget(&self, key: &CounterKey) -> Result<(), StoreError> {
        self.called().await?;
        self.tallies.lock().unwrap().remove(key);
        Ok(())
    }

    async fn know_browser(
        &self,
        user: &UserId,
        browser: &[u8; 32],
        _: Timestamp,
    ) -> Result<(), StoreError> {
        self.called().await?;
        self.browsers.lock().unwrap().insert((user.clone(), *browser));
        Ok(())
    }

    async fn knows_browser(&self, user: &UserId, browser: &[u8; 32]) -> Result<bool, StoreError> {
        self.called().await?;
        Ok(self.browsers.lock().unwrap().contains(&(user.clone(), *browser)))
    }

    async fn sweep_browsers(&self, _: Timestamp) -> Result<u64, StoreError> {
        unreachable!("nobody who counts sweeps")
    }

    async fn sweep_counters(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.called().await?;
        let mut tallies = self.tallies.lock().unwrap();
        let before = tallies.len();
        tallies.retain(|_, tally| now < tally.window_ends);
        Ok((before - tallies.len()) as u64)
    }
}
