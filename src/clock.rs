//! Where the time comes from. The only file that may ask the system clock; everything else takes a
//! [`Clock`] or a [`Timestamp`].

use std::sync::atomic::{AtomicU64, Ordering};

use crate::points::Timestamp;

/// Tells the time. Never goes back within one process, so that a clock that is set back cannot
/// revive what has expired.
pub trait Clock: Send + Sync + std::fmt::Debug {
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Default)]
pub struct SystemClock {
    latest_millis: AtomicU64,
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one clock of the program")]
    fn now(&self) -> Timestamp {
        let millis = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX));
        let before = self.latest_millis.fetch_max(millis, Ordering::Relaxed);
        Timestamp::from_millis(before.max(millis))
    }
}

/// A clock that stands still until it is moved. For tests.
#[derive(Debug)]
pub struct ManualClock(AtomicU64);

impl ManualClock {
    #[must_use]
    pub const fn at(start: Timestamp) -> Self {
        Self(AtomicU64::new(start.as_millis()))
    }

    pub fn advance(&self, span: std::time::Duration) {
        self.0.fetch_add(u64::try_from(span.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }
}
