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
