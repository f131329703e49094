//! The limits on what is sent to one address, whoever asks and over however many sessions. Not here:
//! the pause between two codes of one session (`methods`).

use std::sync::Arc;
use std::time::Duration;

use super::{CounterKey, CounterStore, Limit};
use crate::accounts::StoreError;
use crate::points::{Method, Timestamp};

/// Codes to one address in a day, beside the limit for an hour.
pub const SENDS_PER_DAY: Limit = Limit { count: 10, window: Duration::from_secs(86_400) };

/// What a message is for. Each has its own limits, so that somebody who asks for what anybody may ask for
/// takes no sign-in code from whoever has the address.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Sending {
    /// A code for somebody who has begun to sign in.
    SignIn,
    /// A link for a forgotten password: whoever knows a name can ask for one.
    Reset,
    /// A code to an address that somebody says is theirs.
    NewContact,
    /// What was changed about an account.
    Notice,
}

impl Sending {
    const fn keys(self) -> [&'static str; 2] {
        match self {
            Self::SignIn => ["send-hour", "send-day"],
            Self::Reset => ["reset-hour", "reset-day"],
            Self::NewContact => ["new-contact-hour", "new-contact-day"],
            Self::Notice => ["notice-hour", "notice-day"],
        }
    }

    /// The counter of the text messages of one user.
    #[must_use]
    pub const fn text_key(self) -> &'static str {
        match self {
            Self::SignIn => "text-user",
            Self::Reset => "text-reset",
            Self::NewContact => "text-new-contact",
            Self::Notice => "text-notice",
        }
    }
}

/// Counts messages to one address.
#[derive(Clone, Debug)]
pub struct Sends {
    store: Arc<dyn CounterStore>,
    sending: Sending,
    per_hour: Limit,
}

impl Sends {
    #[must_use]
    pub fn new(store: Arc<dyn CounterStore>, sending: Sending, per_hour: Limit) -> Self {
        Self { store, sending, per_hour }
    }

    /// Counts a message before it is sent. `Some`: it must not be sent, nor any other until then.
    /// `fingerprint` names the address.
    ///
    /// # Errors
    /// The store could not count: nothing must be sent.
    pub async fn count_send(
        &self,
        method: Method,
        fingerprint: &str,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        let [hour, day] = self.sending.keys();
        for (kind, limit) in [(hour, self.per_hour), (day, SENDS_PER_DAY)] {
            let key = CounterKey::new(kind, &[method.name(), fingerprint]);
            let tally = self.store.count(&key, limit.window, now).await?;
            if !tally.is_within(limit) {
                return Ok(Some(tally.window_ends));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::throttle::fake::FakeCounters;

    #[tokio::test]
    async fn an_address_gets_five_messages_an_hour_and_ten_a_day() {
        const HOUR: Duration = Duration::from_secs(3600);
        let start = Timestamp::from_secs(1_000_000);
        let per_hour = Limit { count: 5, window: HOUR };
        let sends = Sends::new(Arc::new(FakeCounters::default()), Sending::SignIn, per_hour);
        let mut sent = Vec::new();
        for hour in 0..25_u32 {
            let now = start.after(HOUR * hour);
            let mut count = 0;
            for _ in 0..100 {
                let refused = sends.count_send(Method::Email, "anna", now).await.unwrap();
                count += u32::from(refused.is_none());
                assert!(refused.is_none_or(|until| until > now));
            }
            sent.push(count);
        }
        assert_eq!(sent[..3], [5, 5, 0]);
        assert_eq!(sent[..24].iter().sum::<u32>(), 10);
        assert_eq!(sent[24], 5);
        assert_eq!(sends.count_send(Method::Email, "bob", start).await.unwrap(), None);
    }
}
