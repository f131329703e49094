//! What a running request stands on: the gate is asked again when something has changed. Not here: who
//! asks, and how a stream is ended.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use async_trait::async_trait;

use crate::clock::Clock;
use crate::gate::{Again, Arrival, Gate, Snapshot, Standing};
use crate::points::{Grant, Timestamp};
use crate::proxy::{Bond, Head, StreamEnd};
use crate::sessions::Present;

/// For so long it may be unknown whether a stream may go on, such as while something of its user is
/// being changed.
const UNKNOWN_AT_MOST: Duration = Duration::from_millis(600);

/// A request that was let through for a session.
#[derive(Debug)]
pub(super) struct Tied {
    gate: Arc<Gate>,
    snapshot: Arc<ArcSwap<Snapshot>>,
    clock: Arc<dyn Clock>,
    /// The session as it was last read.
    standing: Mutex<Standing>,
    /// The snapshot that it was last judged by.
    revision: AtomicU64,
    due_millis: AtomicU64,
    grace: Duration,
    /// Since when it is not enough, or not known; [`NEVER`]: it is enough.
    doubt_since_millis: AtomicU64,
}

const NEVER: u64 = u64::MAX;

impl Tied {
    /// `None` without a session: nothing can be taken from somebody who has nothing.
    pub(super) fn of(
        gate: &Arc<Gate>,
        snapshot: &Arc<ArcSwap<Snapshot>>,
        clock: &Arc<dyn Clock>,
        head: &Head<'_>,
        arrival: &Arrival,
        grant: &Grant,
    ) -> Option<Self> {
        let session = arrival.session.clone()?;
        let limits = arrival.snapshot.config.session;
        let due = grant.until().min(session.ends_unused_at(limits));
        Some(Self {
            gate: gate.clone(),
            snapshot: snapshot.clone(),
            clock: clock.clone(),
            revision: AtomicU64::new(arrival.snapshot.revision),
            due_millis: AtomicU64::new(due.as_millis()),
            grace: arrival.route.streams.grace,
            doubt_since_millis: AtomicU64::new(NEVER),
            standing: Mutex::new(Standing {
                session,
                door: arrival.door,
                host: arrival.host.clone(),
                method: head.method.clone(),
                target: head.target.into(),
                address: arrival.address,
            }),
        })
    }

    fn standing(&self) -> Standing {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn stands(&self, session: Present, until: Timestamp) -> Option<StreamEnd> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner).session = session;
        self.doubt_since_millis.store(NEVER, Ordering::SeqCst);
        self.due_millis.store(until.as_millis(), Ordering::SeqCst);
        None
    }

    /// Lets it go on for `span` after the first doubt, and is asked again until then.
    fn doubt(&self, span: Duration, now: Timestamp, end: StreamEnd) -> Option<StreamEnd> {
        self.doubt_since_millis.fetch_min(now.as_millis(), Ordering::SeqCst);
        let since = Timestamp::from_millis(self.doubt_since_millis.load(Ordering::SeqCst));
        self.due_millis.store(now.as_millis(), Ordering::SeqCst);
        (now >= since.after(span)).then_some(end)
    }
}

#[async_trait]
impl Bond for Tied {
    fn is_due(&self) -> bool {
        let outdated = || {
            let standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
            standing.session.is_outdated()
        };
        self.clock.now().as_millis() >= self.due_millis.load(Ordering::SeqCst)
            || self.snapshot.load().revision != self.revision.load(Ordering::SeqCst)
            || outdated()
    }

    async fn judge(&self) -> Option<StreamEnd> {
        let (snapshot, now) = (self.snapshot.load_full(), self.clock.now());
        self.revision.store(snapshot.revision, Ordering::SeqCst);
        match self.gate.judge_again(&self.standing(), &snapshot, now).await {
            Again::Stands { session, until } => self.stands(session, until),
            Again::SessionOver => Some(StreamEnd::SessionOver),
            Again::NotAllowed => Some(StreamEnd::NotAllowed),
            Again::NotEnough => self.doubt(self.grace, now, StreamEnd::NotEnough),
            Again::Unknown(error) => {
                tracing::debug!(%error, "a stream could not be judged");
                self.doubt(UNKNOWN_AT_MOST, now, StreamEnd::Unknown)
            }
        }
    }

    fn is_used(&self) {
        self.standing
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .session
            .is_used(self.clock.now());
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Method};

    use super::*;
    use crate::clock::ManualClock;
    use crate::gate::Admission;
    use crate::gate::tests::house::{Call, HOST, House, NOW, minutes};
    use crate::points::{Lifetime, Method as Shown};
    use crate::sessions::Present;

    const GRACE: Duration = minutes(2);

    /// A stream of Anna's, who has shown a password and a code.
    struct Open {
        house: House,
        session: Present,
        snapshot: Arc<ArcSwap<Snapshot>>,
        clock: Arc<ManualClock>,
        tied: Tied,
    }

    impl Open {
        async fn new() -> Self {
            let house = House::new().await;
            let anna = house.user("staff", "anna").await;
            let named = house.sign_in(&anna).await;
            let call = Call::get("/").by(named.name);
            let Admission::Forward(passage) = house.admit(&call).await else { panic!("no way in") };
            let snapshot = Arc::new(ArcSwap::new(house.snapshot.clone()));
            let clock = Arc::new(ManualClock::at(NOW));
            let gate = Arc::new(Gate::new(house.sessions.clone()));
            let head = Head {
                host: HOST.as_bytes(),
                method: &Method::GET,
                target: b"/",
                headers: &HeaderMap::new(),
                client: "192.0.2.7".parse().unwrap(),
                secure: true,
                tls: None,
                http2: false,
                upgrade: true,
            };
            let as_clock: Arc<dyn Clock> = clock.clone();
            let (arrival, grant) = (&passage.arrival, &passage.grant);
            let tied = Tied::of(&gate, &snapshot, &as_clock, &head, arrival, grant).unwrap();
            let tied = Tied { grace: GRACE, ..tied };
            Self { house, session: named.present, snapshot, clock, tied }
        }

        /// A code is worth so much from now on.
        fn set(&mut self, points: u16) {
            self.house.set(Shown::Email, points, Lifetime::Session);
            let revision = self.snapshot.load().revision + 1;
            let snapshot = Snapshot { revision, ..(*self.house.snapshot).clone() };
            self.snapshot.store(Arc::new(snapshot));
        }

        /// `None`: nobody asks.
        async fn judge(&self, after: Duration) -> Option<Option<StreamEnd>> {
            let gap = NOW.after(after).as_millis() - self.clock.now().as_millis();
            self.clock.advance(Duration::from_millis(gap));
            if self.tied.is_due() { Some(self.tied.judge().await) } else { None }
        }
    }

    const MOMENT: Duration = Duration::from_millis(1);

    #[tokio::test]
    async fn what_is_not_enough_any_more_has_its_grace_once_and_what_is_again_begins_anew() {
        let mut open = Open::new().await;
        assert_eq!(open.judge(MOMENT).await, None, "nothing has changed");
        let begun = minutes(1);
        open.set(0);
        for after in [begun, begun + minutes(1), begun + GRACE - MOMENT] {
            assert_eq!(open.judge(after).await, Some(None), "{after:?}");
        }
        open.set(10);
        assert_eq!(open.judge(begun + GRACE - MOMENT).await, Some(None));
        assert_eq!(open.judge(begun + GRACE).await, None, "the doubt is over");
        let again = minutes(5);
        open.set(0);
        assert_eq!(open.judge(again).await, Some(None));
        // Another snapshot that is no better gives no more time.
        open.set(1);
        assert_eq!(open.judge(again + GRACE - MOMENT).await, Some(None));
        assert_eq!(open.judge(again + GRACE).await, Some(Some(StreamEnd::NotEnough)));
    }

    #[tokio::test]
    async fn a_session_that_has_ended_has_no_grace_and_what_is_not_known_has_a_moment() {
        let open = Open::new().await;
        let hold = open.house.sessions.hold(&open.session.account().user.id);
        assert_eq!(open.judge(MOMENT).await, Some(None), "something of the user is being changed");
        let at_most = MOMENT + UNKNOWN_AT_MOST;
        assert_eq!(open.judge(at_most - MOMENT).await, Some(None));
        assert_eq!(open.judge(at_most).await, Some(Some(StreamEnd::Unknown)));
        hold.release();
        assert_eq!(open.judge(at_most).await, Some(None));
        open.house.sessions.end(open.session.key(), NOW).await.unwrap();
        assert_eq!(open.judge(at_most).await, Some(Some(StreamEnd::SessionOver)));
    }
}
