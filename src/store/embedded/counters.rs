//! Counters and known browsers in the embedded store. What a counter counts is not stored: its key may
//! hold an address, so only a keyed hash of it is.

use std::time::Duration;

use async_trait::async_trait;

use super::Embedded;
use super::fields::{instant, millis, unreadable};
use crate::accounts::{StoreError, UserId};
use crate::points::Timestamp;
use crate::throttle::{CounterKey, CounterStore, Tally};

/// A window never ends later than one window from now: a clock that ran ahead and was set back
/// cannot leave a counter behind that never ends.
const COUNT: &str = "
    INSERT INTO counters (key, count, window_ends) VALUES (?1, 1, ?2)
    ON CONFLICT (key) DO UPDATE SET
        count = CASE WHEN window_ends <= ?3 THEN 1 ELSE min(count + 1, 4294967295) END,
        window_ends = CASE WHEN window_ends <= ?3 THEN ?2 ELSE min(window_ends, ?2) END
    RETURNING count, window_ends";

fn read_tally((count, window_ends): (i64, i64)) -> Result<Tally, StoreError> {
    let count = u32::try_from(count).map_err(|_| unreadable("counter"))?;
    Ok(Tally { count, window_ends: instant(window_ends)? })
}

impl Embedded {
    fn counter(&self, key: &CounterKey) -> String {
        self.inner.keys.fingerprint("counter", key.as_str())
    }
}

#[async_trait]
impl CounterStore for Embedded {
    async fn count(
        &self,
        key: &CounterKey,
        window: Duration,
        now: Timestamp,
    ) -> Result<Tally, StoreError> {
        let (key, ends, now) = (self.counter(key), millis(now.after(window)), millis(now));
        self.write(move |connection| {
            Box::pin(async move {
                let row = sqlx::query_as(COUNT).bind(key).bind(ends).bind(now);
                read_tally(row.fetch_one(connection).await?)
            })
        })
        .await
    }

    async fn tally(&self, key: &CounterKey, now: Timestamp) -> Result<Option<Tally>, StoreError> {
        let (key, now) = (self.counter(key), millis(now));
        self.read(move |connection| {
            Box::pin(async move {
                let row = sqlx::query_as(
                    "SELECT count, window_ends FROM counters WHERE key = ? AND window_ends > ?",
                );
                let row = row.bind(key).bind(now).fetch_optional(connection).await?;
                row.map(read_tally).transpose()
            })
        })
        .await
    }

    async fn forget(&self, key: &CounterKey) -> Result<(), StoreError> {
        let key = self.counter(key);
        self.write(move |connection| {
            Box::pin(async move {
                sqlx::query("DELETE FROM counters WHERE key = ?")
                    .bind(key)
                    .execute(connection)
                    .await?;
                Ok(())
            })
        })
        .await
    }

    async fn know_browser(
        &self,
        user: &UserId,
        browser: &[u8; 32],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (user, browser) = (user.clone(), browser.to_vec());
        self.write(move |connection| {
            Box::pin(async move {
                sqlx::query(
                    "INSERT INTO known_browsers (user, browser, last_used_at) VALUES (?1, ?2, ?3)
                     ON CONFLICT (user, browser)
                     DO UPDATE SET last_used_at = max(last_used_at, ?3)",
                )
                .bind(&*user.0)
                .bind(browser)
                .bind(millis(now))
                .execute(connection)
                .await?;
                Ok(())
            })
        })
        .await
    }

    async fn knows_browser(&self, user: &UserId, browser: &[u8; 32]) -> Result<bool, StoreError> {
        let (user, browser) = (user.clone(), browser.to_vec());
        self.read(move |connection| {
            Box::pin(async move {
                let known = sqlx::query_scalar(
                    "SELECT EXISTS (SELECT 1 FROM known_browsers WHERE user = ? AND browser = ?)",
                );
                Ok(known.bind(&*user.0).bind(browser).fetch_one(connection).await?)
            })
        })
        .await
    }

    async fn sweep_browsers(&self, unused_since: Timestamp) -> Result<u64, StoreError> {
        self.write(move |connection| {
            Box::pin(async move {
                let swept = sqlx::query("DELETE FROM known_browsers WHERE last_used_at < ?")
                    .bind(millis(unused_since))
                    .execute(connection)
                    .await?;
                Ok(swept.rows_affected())
            })
        })
        .await
    }

    async fn sweep_counters(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.write(move |connection| {
            Box::pin(async move {
                let swept = sqlx::query("DELETE FROM counters WHERE window_ends <= ?")
                    .bind(millis(now))
                    .execute(connection)
                    .await?;
                Ok(swept.rows_affected())
            })
        })
        .await
    }
}
