//! The limits on attempts to prove something: per address, over everybody, and per user and method.
//! Not here: whether an attempt was right.
//!
//! Every attempt is counted before it is checked, so that a thousand at once are not a thousand
//! tries. A browser that has signed in as this user before counts on budgets of its own: a stranger
//! who spends theirs locks out strangers, not the user. Nothing here depends on whether a user
//! exists: a name that nobody has is counted by the same calls.

use std::sync::Arc;
use std::time::Duration;

use super::{CounterKey, CounterStore, Limit};
use crate::accounts::{StoreError, UserId};
use crate::points::{Method, Timestamp};

/// Attempts of strangers on one method of one user that are checked within a day, successes aside.
///
/// With the same number for browsers that the user has signed in with, no more than 100 failures are
/// checked per user and method (NIST SP 800-63B-4, section 3.2.2). Half for each, so that strangers
/// cannot use up what the user's own browsers need.
pub const STRANGERS_PER_DAY: Limit = Limit { count: 50, window: DAY };

/// As [`STRANGERS_PER_DAY`], for all the browsers together that a user has signed in with.
pub const KNOWN_BROWSERS_PER_DAY: Limit = Limit { count: 50, window: DAY };

/// Attempts over all users and addresses: one password tried on a hundred thousand names is slowed
/// down even where it comes from as many addresses. Known browsers have the same budget apart.
pub const EVERYBODY: Limit = Limit { count: 3000, window: Duration::from_secs(60) };

const DAY: Duration = Duration::from_secs(86_400);

/// Who tries what, from where.
#[derive(Clone, Copy, Debug)]
pub struct SignIn<'a> {
    pub directory: &'a str,
    /// Canonical, whether or not somebody has it.
    pub name: &'a str,
    pub method: Method,
    /// The client's address, IPv6 cut to its /64.
    pub address: &'a str,
    /// Hash of the cookie of a browser that has signed in here before, whoever as.
    pub browser: Option<&'a [u8; 32]>,
    /// `None`: nobody has the name.
    pub user: Option<&'a UserId>,
}

/// What became of counting an attempt.
#[must_use]
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Counted {
    /// It may be checked.
    Admitted(Admitted),
    /// It must not be checked, however right it is.
    Throttled { until: Timestamp },
}

/// An attempt that was counted and may be checked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Admitted {
    /// The browser has signed in as this user before: it goes first where there is a queue.
    pub from_known_browser: bool,
    /// The counters of this user and method, to be forgotten if the attempt is right.
    own: [CounterKey; 2],
}

/// Counts attempts against the limits.
#[derive(Clone, Debug)]
pub struct Attempts {
    store: Arc<dyn CounterStore>,
    per_address: Limit,
    per_user: Limit,
}

impl Attempts {
    /// `per_user` is per user and method, over all sessions.
    #[must_use]
    pub fn new(store: Arc<dyn CounterStore>, per_address: Limit, per_user: Limit) -> Self {
        Self { store, per_address, per_user }
    }

    /// Counts an attempt. What is refused for its address costs the user whom it names nothing.
    ///
    /// # Errors
    /// The store could not count: the attempt must not be checked.
    pub async fn count_sign_in(
        &self,
        sign_in: &SignIn<'_>,
        now: Timestamp,
    ) -> Result<Counted, StoreError> {
        let keys = self.keys(sign_in).await?;
        for (key, limit) in [
            (&keys.address, self.per_address),
            (&keys.everybody, EVERYBODY),
            (&keys.user, self.per_user),
            (&keys.day, keys.per_day),
        ] {
            let tally = self.store.count(key, limit.window, now).await?;
            if !tally.is_within(limit) {
                return Ok(Counted::Throttled { until: tally.window_ends });
            }
        }
        Ok(Counted::Admitted(Admitted {
            from_known_browser: keys.is_known,
            own: [keys.user, keys.day],
        }))
    }

    /// Counts an attempt whose answer nobody can guess, such as a signature: against the address alone,
    /// for the work that it costs. A count for the user would only help to keep them out.
    ///
    /// # Errors
    /// The store could not count: the attempt must not be checked.
    pub async fn count_unguessable(
        &self,
        sign_in: &SignIn<'_>,
        now: Timestamp,
    ) -> Result<Counted, StoreError> {
        let keys = self.keys(sign_in).await?;
        let tally = self.store.count(&keys.address, self.per_address.window, now).await?;
        if !tally.is_within(self.per_address) {
            return Ok(Counted::Throttled { until: tally.window_ends });
        }
        Ok(Counted::Admitted(Admitted {
            from_known_browser: keys.is_known,
            own: [keys.user, keys.day],
        }))
    }

    /// Until when this user's method takes no attempt from this browser; `None`: it takes one.
    /// Counts nothing.
    ///
    /// # Errors
    /// The store could not be read.
    pub async fn waits_until(
        &self,
        sign_in: &SignIn<'_>,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        let keys = self.keys(sign_in).await?;
        let mut until = None;
        for (key, limit) in [(&keys.user, self.per_user), (&keys.day, keys.per_day)] {
            if let Some(tally) = self.store.tally(key, now).await?
                && tally.count >= limit.count
            {
                until = until.max(Some(tally.window_ends));
            }
        }
        Ok(until)
    }

    /// The attempt was right: failures before it are no longer consecutive. Of this method and this
    /// kind of browser only, so that a known password buys no tries at the code.
    ///
    /// # Errors
    /// The counters stand: the user has fewer tries than deserved.
    pub async fn succeeded(&self, attempt: &Admitted) -> Result<(), StoreError> {
        for key in &attempt.own {
            self.store.forget(key).await?;
        }
        Ok(())
    }

    /// Forgets what was counted against a user, for every method: strangers' tries and the day's. A
    /// known browser's own quarter of an hour runs out by itself.
    ///
    /// # Errors
    /// Some counters may stand; unlocking again is safe.
    pub async fn unlock(&self, directory: &str, name: &str) -> Result<(), StoreError> {
        for method in Method::ALL {
            let method = method.name();
            for key in [
                CounterKey::new("sign-in", &[directory, name, method, "stranger", ""]),
                CounterKey::new("sign-in-day", &[directory, name, method, "stranger"]),
                CounterKey::new("sign-in-day", &[directory, name, method, "known"]),
            ] {
                self.store.forget(&key).await?;
            }
        }
        Ok(())
    }

    async fn keys(&self, sign_in: &SignIn<'_>) -> Result<Keys, StoreError> {
        // Asked even where the answer is clear, so that an unknown name costs the same calls.
        let nobody = UserId(Arc::from(""));
        let user = sign_in.user.unwrap_or(&nobody);
        let browser = sign_in.browser.unwrap_or(&[0; 32]);
        let knows = self.store.knows_browser(user, browser).await?;
        let is_known = knows && sign_in.user.is_some() && sign_in.browser.is_some();
        Ok(Keys::new(sign_in, is_known.then_some(browser)))
    }
}

/// The counters that one attempt raises.
struct Keys {
    is_known: bool,
    address: CounterKey,
    everybody: CounterKey,
    user: CounterKey,
    day: CounterKey,
    per_day: Limit,
}

impl Keys {
    fn new(sign_in: &SignIn<'_>, known: Option<&[u8; 32]>) -> Self {
        let class = if known.is_some() { "known" } else { "stranger" };
        let browser = known.map(|hash| hex(hash)).unwrap_or_default();
        let &SignIn { directory, name, method, address, .. } = sign_in;
        Self {
            is_known: known.is_some(),
            address: CounterKey::new("sign-in-address", &[class, address]),
            everybody: CounterKey::new("sign-in-everybody", &[class]),
            user: CounterKey::new("sign-in", &[directory, name, method.name(), class, &browser]),
            day: CounterKey::new("sign-in-day", &[directory, name, method.name(), class]),
            per_day: if known.is_some() { KNOWN_BROWSERS_PER_DAY } else { STRANGERS_PER_DAY },
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::throttle::fake::FakeCounters;

    const NOW: Timestamp = Timestamp::from_secs(1_000_000);
    const QUARTER: Duration = Duration::from_secs(900);
    const BROWSER: [u8; 32] = [7; 32];

    fn attempts(store: &Arc<FakeCounters>) -> Attempts {
        Attempts::new(
            store.clone(),
            Limit { count: 20, window: QUARTER },
            Limit { count: 10, window: QUARTER },
        )
    }

    fn anna() -> UserId {
        UserId("u1".into())
    }

    fn of<'a>(user: Option<&'a UserId>, method: Method, address: &'a str) -> SignIn<'a> {
        SignIn { directory: "staff", name: "anna", method, address, browser: None, user }
    }

    async fn is_admitted(attempts: &Attempts, sign_in: &SignIn<'_>, now: Timestamp) -> bool {
        matches!(attempts.count_sign_in(sign_in, now).await.unwrap(), Counted::Admitted(_))
    }

    #[tokio::test]
    async fn of_a_thousand_tries_on_one_user_from_a_thousand_addresses_ten_are_checked() {
        let store = Arc::new(FakeCounters::default());
        let (attempts, user) = (attempts(&store), anna());
        let mut checked = 0;
        for n in 0..1000 {
            let address = format!("192.0.2.{n}");
            let sign_in = of(Some(&user), Method::Email, &address);
            checked += u32::from(is_admitted(&attempts, &sign_in, NOW).await);
        }
        assert_eq!(checked, 10);
    }

    #[tokio::test]
    async fn a_method_waits_until_its_window_ends_and_the_other_methods_do_not() {
        let store = Arc::new(FakeCounters::default());
        let (attempts, user) = (attempts(&store), anna());
        let totp = of(Some(&user), Method::Totp, "a");
        for n in 0..10 {
            assert_eq!(attempts.waits_until(&totp, NOW).await.unwrap(), None, "after {n}");
            assert!(is_admitted(&attempts, &totp, NOW).await, "try {n}");
        }
        let until = NOW.after(QUARTER);
        assert_eq!(attempts.waits_until(&totp, NOW).await.unwrap(), Some(until));
        assert_eq!(attempts.count_sign_in(&totp, NOW).await.unwrap(), Counted::Throttled { until });
        assert!(is_admitted(&attempts, &of(Some(&user), Method::Email, "a"), NOW).await);
        assert!(is_admitted(&attempts, &totp, until).await);
    }

    #[tokio::test]
    async fn a_right_password_clears_no_counter_of_the_app() {
        let store = Arc::new(FakeCounters::default());
        let (attempts, user) = (attempts(&store), anna());
        let totp = of(Some(&user), Method::Totp, "a");
        for n in 0..10_u32 {
            assert!(is_admitted(&attempts, &totp, NOW).await, "try {n}");
            let password = of(Some(&user), Method::Password, "b");
            let Counted::Admitted(right) = attempts.count_sign_in(&password, NOW).await.unwrap()
            else {
                panic!("the password waits at {n}");
            };
            attempts.succeeded(&right).await.unwrap();
        }
        assert!(!is_admitted(&attempts, &totp, NOW).await);
    }

    #[tokio::test]
    async fn a_success_forgets_the_failures_before_it_and_nothing_of_the_address() {
        let store = Arc::new(FakeCounters::default());
        let (attempts, user) = (attempts(&store), anna());
        for round in 0..10 {
            let address = format!("192.0.2.{round}");
            let sign_in = of(Some(&user), Method::Password, &address);
            for n in 0..9 {
                assert!(is_admitted(&attempts, &sign_in, NOW).await, "{round} {n}");
            }
            let Counted::Admitted(right) = attempts.count_sign_in(&sign_in, NOW).await.unwrap()
            else {
                panic!("the tenth waits in round {round}");
            };
            attempts.succeeded(&right).await.unwrap();
        }
        for n in 10..30 {
            let name = format!("other{n}");
            let sign_in = SignIn { name: &name, ..of(None, Method::Password, "192.0.2.0") };
            assert_eq!(is_admitted(&attempts, &sign_in, NOW).await, n < 20, "{n}");
        }
    }

    #[tokio::test]
    async fn a_stranger_cannot_lock_out_a_browser_that_the_user_knows() {
        let store = Arc::new(FakeCounters::default());
        let (attempts, user) = (attempts(&store), anna());
        store.know_browser(&user, &BROWSER, NOW).await.unwrap();
        for n in 0..100 {
            let address = format!("192.0.2.{n}");
            let _ = is_admitted(&attempts, &of(Some(&user), Method::Password, &address), NOW).await;
        }
        let stranger = of(Some(&user), Method::Password, "home");
        assert!(!is_admitted(&attempts, &stranger, NOW).await);
        let known = SignIn { browser: Some(&BROWSER), ..stranger };
        assert!(is_admitted(&attempts, &known, NOW).await);
        let unknown = SignIn { browser: Some(&[8; 32]), ..stranger };
        assert!(!is_admitted(&attempts, &unknown, NOW).await);
    }

    #[tokio::test]
    async fn no_more_than_a_hundred_failures_are_checked_in_a_day_by_whomever() {
        let store = Arc::new(FakeCounters::default());
        let (attempts, user) = (attempts(&store), anna());
        for browser in 1..=9 {
            store.know_browser(&user, &[browser; 32], NOW).await.unwrap();
        }
        let mut checked = 0;
        for hour in 0..23 {
            for browser in 0..=9 {
                for n in 0..12 {
                    let address = format!("{hour} {browser} {n}");
                    let sign_in = SignIn {
                        browser: Some(&[browser; 32]),
                        ..of(Some(&user), Method::Password, &address)
                    };
                    let now = NOW.after(Duration::from_secs(hour * 3600));
                    checked += u32::from(is_admitted(&attempts, &sign_in, now).await);
                }
            }
        }
        assert_eq!(checked, 100);
    }

    #[tokio::test]
    async fn one_address_is_limited_over_all_names_and_spends_nothing_of_them_after() {
        let store = Arc::new(FakeCounters::default());
        let attempts = attempts(&store);
        for n in 0..200 {
            let name = format!("user{n}");
            let sign_in = SignIn { name: &name, ..of(None, Method::Password, "evil") };
            assert_eq!(is_admitted(&attempts, &sign_in, NOW).await, n < 20, "{n}");
        }
        let victim = SignIn { name: "user150", ..of(None, Method::Password, "home") };
        for n in 0..10 {
            assert!(is_admitted(&attempts, &victim, NOW).await, "{n}");
        }
    }

    #[tokio::test]
    async fn spraying_from_everywhere_meets_a_limit_over_everybody() {
        let store = Arc::new(FakeCounters::default());
        let attempts = attempts(&store);
        let mut checked = 0;
        for n in 0..EVERYBODY.count + 100 {
            let name = format!("user{n}");
            let sign_in = SignIn { name: &name, ..of(None, Method::Password, &name) };
            checked += u32::from(is_admitted(&attempts, &sign_in, NOW).await);
        }
        assert_eq!(checked, EVERYBODY.count);
    }

    #[tokio::test]
    async fn an_unknown_name_costs_the_same_calls_as_a_known_one() {
        let user = anna();
        let mut seen = Vec::new();
        for (user, browser) in [(Some(&user), None), (None, None), (None, Some(&BROWSER))] {
            let store = Arc::new(FakeCounters::default());
            let attempts = attempts(&store);
            for _ in 0..12 {
                let sign_in = SignIn { browser, ..of(user, Method::Password, "a") };
                let _ = attempts.count_sign_in(&sign_in, NOW).await.unwrap();
                let _ = attempts.waits_until(&sign_in, NOW).await.unwrap();
            }
            seen.push(store.calls());
        }
        assert!(seen[0] > 0);
        assert!(seen.iter().all(|calls| *calls == seen[0]), "{seen:?}");
    }

    #[tokio::test]
    async fn a_store_that_cannot_count_admits_nobody() {
        let store = Arc::new(FakeCounters::default());
        store.fail(true);
        let user = anna();
        assert!(
            attempts(&store)
                .count_sign_in(&of(Some(&user), Method::Password, "a"), NOW)
                .await
                .is_err()
        );
    }
}
