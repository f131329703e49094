//! What text messages may cost in a calendar day and month (UTC), over everybody. Counted in the store,
//! so that a restart buys nothing. Not here: the limits of one number, user or address.
//!
//! At 80 % whoever watches is told, at 100 % nothing is sent any more until the day or month is over.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::{CounterKey, CounterStore};
use crate::accounts::StoreError;
use crate::points::Timestamp;

/// A calendar day or month, in UTC.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Span {
    Day,
    Month,
}

impl Span {
    /// For metrics and the audit.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Month => "month",
        }
    }

    /// The name of the one that `now` is in, and when it ends. Past the year 9999 everything is one.
    fn around(self, now: Timestamp) -> (String, Timestamp) {
        let secs = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        let ends = jiff::Timestamp::from_second(secs).ok().and_then(|at| {
            let date = jiff::tz::TimeZone::UTC.to_datetime(at).date();
            let (first, next) = match self {
                Self::Day => (date, date.tomorrow().ok()?),
                Self::Month => (date.first_of_month(), date.last_of_month().tomorrow().ok()?),
            };
            let midnight = next.at(0, 0, 0, 0);
            let end = jiff::tz::TimeZone::UTC.to_timestamp(midnight).ok()?.as_second();
            Some((first.to_string(), Timestamp::from_secs(u64::try_from(end).ok()?)))
        });
        ends.unwrap_or_else(|| (String::new(), now.after(Duration::from_secs(86_400))))
    }
}

/// How far a budget is used up, told at each message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Spending {
    pub span: Span,
    /// Messages so far, this one included; never more than `of`.
    pub spent: u32,
    pub of: u32,
    /// This message crossed a mark.
    pub mark: Option<Mark>,
}

/// A mark that is crossed once in a day or month.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Mark {
    /// 80 % is spent.
    Warning,
    /// It was the last one.
    Spent,
}

type Watcher = Box<dyn Fn(Spending) + Send + Sync>;

/// The budget. Whoever holds it spends from the same one.
pub struct Budget {
    store: Arc<dyn CounterStore>,
    limits: [(Span, u32); 2],
    /// Nothing can be sent before this instant, in milliseconds, as far as this process knows.
    spent_until: AtomicU64,
    watcher: OnceLock<Watcher>,
}

impl std::fmt::Debug for Budget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Budget").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Budget {
    #[must_use]
    pub fn new(store: Arc<dyn CounterStore>, per_day: u32, per_month: u32) -> Self {
        Self {
            store,
            limits: [(Span::Day, per_day), (Span::Month, per_month)],
            spent_until: AtomicU64::new(0),
            watcher: OnceLock::new(),
        }
    }

    /// Tells `watcher` of every message from now on. One watcher; a second one is not told.
    pub fn when_spent(&self, watcher: impl Fn(Spending) + Send + Sync + 'static) {
        let _ = self.watcher.set(Box::new(watcher));
    }

    /// Counts one message before it is sent; `false`: it must not be sent.
    ///
    /// # Errors
    /// The store could not count: nothing must be sent.
    pub async fn spend(&self, now: Timestamp) -> Result<bool, StoreError> {
        for (span, of) in self.limits {
            let (name, ends) = span.around(now);
            let key = CounterKey::new("text-budget", &[span.name(), &name]);
            let spent = self.store.count(&key, ends.since(now), now).await?.count;
            if spent >= of {
                self.spent_until.fetch_max(ends.as_millis(), Ordering::Relaxed);
            }
            if spent > of {
                return Ok(false);
            }
            self.tell(Spending { span, spent, of, mark: mark(spent, of) });
        }
        Ok(true)
    }

    /// Whether it is known that nothing can be sent now.
    #[must_use]
    pub fn is_spent(&self, now: Timestamp) -> bool {
        now.as_millis() < self.spent_until.load(Ordering::Relaxed)
    }

    fn tell(&self, spending: Spending) {
        if let Some(watcher) = self.watcher.get() {
            watcher(spending);
        }
    }
}

fn mark(spent: u32, of: u32) -> Option<Mark> {
    // Rounded up, so that a budget of one has no warning before its end.
    let warning = u64::from(of).saturating_mul(4).div_ceil(5);
    if spent == of {
        Some(Mark::Spent)
    } else if u64::from(spent) == warning {
        Some(Mark::Warning)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::throttle::fake::FakeCounters;

    /// 2026-03-30T23:59:00Z: the last minute but one of a day, the day before the last of a month.
    const NOW: Timestamp = Timestamp::from_secs(1_774_915_140);

    fn budget(store: &Arc<FakeCounters>, per_day: u32, per_month: u32) -> Budget {
        Budget::new(store.clone(), per_day, per_month)
    }

    async fn spend(budget: &Budget, times: u32, now: Timestamp) -> u32 {
        let mut sent = 0;
        for _ in 0..times {
            sent += u32::from(budget.spend(now).await.unwrap());
        }
        sent
    }

    #[tokio::test]
    async fn a_day_stops_at_its_budget_and_the_next_day_goes_on_until_the_month_is_spent() {
        let store = Arc::new(FakeCounters::default());
        let budget = budget(&store, 10, 15);
        assert!(!budget.is_spent(NOW));
        assert_eq!(spend(&budget, 30, NOW).await, 10);
        assert!(budget.is_spent(NOW));
        assert!(budget.is_spent(NOW.after(Duration::from_secs(59))));
        let tomorrow = NOW.after(Duration::from_secs(60));
        assert!(!budget.is_spent(tomorrow));
        assert_eq!(spend(&budget, 30, tomorrow).await, 5);
        assert!(budget.is_spent(tomorrow.after(Duration::from_secs(86_399))));
        let next_month = tomorrow.after(Duration::from_secs(86_400));
        assert!(!budget.is_spent(next_month));
        assert_eq!(spend(&budget, 30, next_month).await, 10);
    }

    #[tokio::test]
    async fn a_restart_buys_no_messages() {
        let store = Arc::new(FakeCounters::default());
        assert_eq!(spend(&budget(&store, 10, 100), 7, NOW).await, 7);
        assert_eq!(spend(&budget(&store, 10, 100), 7, NOW).await, 3);
    }

    #[tokio::test]
    async fn whoever_watches_is_told_once_at_four_fifths_and_once_at_the_end() {
        let store = Arc::new(FakeCounters::default());
        for (of, marks) in [
            (10, vec![(8, Mark::Warning), (10, Mark::Spent)]),
            (1, vec![(1, Mark::Spent)]),
            (3, vec![(3, Mark::Spent)]),
            (101, vec![(81, Mark::Warning), (101, Mark::Spent)]),
        ] {
            let budget = budget(&store, of, 1_000_000);
            let seen = Arc::new(Mutex::new(Vec::new()));
            let told = seen.clone();
            budget.when_spent(move |spending| {
                if let (Span::Day, Some(mark)) = (spending.span, spending.mark) {
                    told.lock().unwrap().push((spending.spent, mark));
                }
            });
            let day = NOW.after(Duration::from_secs(86_400 * u64::from(of)));
            spend(&budget, of + 20, day).await;
            assert_eq!(*seen.lock().unwrap(), marks, "{of}");
        }
    }

    #[tokio::test]
    async fn nothing_is_sent_where_nothing_may_be_spent_or_counted() {
        let store = Arc::new(FakeCounters::default());
        assert_eq!(spend(&budget(&store, 0, 100), 5, NOW).await, 0);
        assert_eq!(spend(&budget(&store, 100, 0), 5, NOW).await, 0);
        store.fail(true);
        assert!(budget(&store, 100, 100).spend(NOW).await.is_err());
    }

    #[test]
    fn days_and_months_end_where_the_calendar_says() {
        let leap = Timestamp::from_secs(1_835_395_200); // 2028-02-29
        assert_eq!(
            Span::Day.around(leap),
            ("2028-02-29".into(), leap.after(Duration::from_secs(86_400)))
        );
        assert_eq!(
            Span::Month.around(leap),
            ("2028-02-01".into(), leap.after(Duration::from_secs(86_400)))
        );
        let (_, end) = Span::Day.around(Timestamp::from_secs(u64::MAX / 2));
        assert!(end.as_millis() > 0);
    }
}
