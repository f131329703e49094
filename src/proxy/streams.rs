//! Requests that run, by session, so that the end of a session ends them: a WebSocket or an event stream
//! of somebody who has signed out is closed without waiting for its next byte.
//!
//! Not a decision: whoever ends a session calls [`Streams::end`].

use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt;
use std::future::ready;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::{FutureExt, StreamExt, stream};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use super::Bond;
use super::tunnel::Opened;
use crate::sessions::SessionKey;

/// How long an ended session is remembered: longer than the gap between a decision and the registration
/// that follows it, or a request decided just before the end would run on.
const REMEMBER_ENDED: Duration = Duration::from_secs(60);

const SHARDS: usize = 16;

/// A request that has run for so long is a stream too, such as a download.
const LONG: Duration = Duration::from_secs(5);

/// Streams that are judged at the same time, so that one that is slow to judge keeps no other from it.
const JUDGED_AT_ONCE: usize = 64;
/// Whoever is not judged within this time may not go on, those that still wait for their turn included: a
/// store that hangs must not keep a stream the longer the more of them there are.
const JUDGE_TIME: Duration = Duration::from_secs(2);

/// Why a stream is ended before either side of it is done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum StreamEnd {
    /// The session is over: signed out, revoked, expired, its user disabled or deleted.
    SessionOver = 1,
    /// What the session has shown is not enough any more.
    NotEnough,
    /// More would not help: a role, a network or the route itself is gone.
    NotAllowed,
    /// It could not be found out whether it may go on.
    Unknown,
    /// Nobody said anything for the route's idle time.
    Idle,
    /// The gateway stops.
    Stopping,
}

impl StreamEnd {
    const ALL: [Self; 6] = [
        Self::SessionOver,
        Self::NotEnough,
        Self::NotAllowed,
        Self::Unknown,
        Self::Idle,
        Self::Stopping,
    ];

    /// What a WebSocket is closed with (RFC 6455, section 7.4.1, and IANA's list): 1008 is a rule that is
    /// not met, 1001 somebody who goes away, 1013 "try again later".
    pub(super) const fn close_code(self) -> u16 {
        match self {
            Self::SessionOver | Self::NotEnough | Self::NotAllowed => 1008,
            Self::Idle | Self::Stopping => 1001,
            Self::Unknown => 1013,
        }
    }

    /// For programs and developers; it tells nothing that the answer to the next request would not.
    pub(super) const fn reason(self) -> &'static str {
        match self {
            Self::SessionOver => "signed out",
            Self::NotEnough => "more sign-in steps are needed",
            Self::NotAllowed => "not open to this user",
            Self::Unknown => "try again later",
            Self::Idle => "idle",
            Self::Stopping => "the gateway stops",
        }
    }
}

/// The switch of one running request.
#[derive(Debug, Default)]
pub(super) struct Kill {
    /// A [`StreamEnd`], or 0.
    fired: AtomicU8,
    head_read: AtomicBool,
    /// It is a WebSocket or an event stream, which nobody expects to end by itself.
    is_stream: AtomicBool,
    wake: Notify,
    /// The stream that the request has become, for whoever has the connection in hand.
    opened: Mutex<Option<Box<Opened>>>,
}

impl Kill {
    /// The first reason stands.
    pub(super) fn fire(&self, end: StreamEnd) {
        let _ = self.fired.compare_exchange(0, end as u8, Ordering::AcqRel, Ordering::Acquire);
        self.wake.notify_one();
    }

    /// Ready once it was fired.
    pub(super) async fn fired(&self) -> StreamEnd {
        loop {
            let fired = self.fired.load(Ordering::Acquire);
            if let Some(end) = StreamEnd::ALL.into_iter().find(|end| *end as u8 == fired) {
                return end;
            }
            self.wake.notified().await;
        }
    }

    /// It is a stream, and is judged again from its first moment.
    pub(super) fn note_stream(&self) {
        self.is_stream.store(true, Ordering::Release);
    }

    /// The request has become a stream: its connection is to be handed back bare.
    pub(super) fn hand_over(&self, opened: Opened) {
        self.note_stream();
        *self.opened() = Some(Box::new(opened));
    }

    pub(super) fn handed_over(&self) -> Option<Box<Opened>> {
        self.opened().take()
    }

    fn opened(&self) -> MutexGuard<'_, Option<Box<Opened>>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn note_head(&self) {
        self.head_read.store(true, Ordering::Release);
    }

    pub(super) fn head_was_read(&self) -> bool {
        self.head_read.load(Ordering::Acquire)
    }
}

/// The running requests of all sessions.
#[derive(Default)]
pub struct Streams {
    shards: [Mutex<Shard>; SHARDS],
}

#[derive(Default)]
struct Shard {
    running: HashMap<SessionKey, Vec<Entry>>,
    ended: HashSet<SessionKey>,
    ended_in_order: VecDeque<(Instant, SessionKey)>,
}

/// A running request.
#[derive(Debug)]
struct Entry {
    kill: Arc<Kill>,
    bond: Option<Arc<dyn Bond>>,
    since: Instant,
}

impl Entry {
    /// Its bond, if it is to be judged again now. A request that is being answered is let finish: it was
    /// decided on, and ends soon.
    fn due(&self, now: Instant) -> Option<(Arc<Kill>, Arc<dyn Bond>)> {
        let bond = self.bond.as_ref()?;
        let is_long =
            self.kill.is_stream.load(Ordering::Acquire) || now.duration_since(self.since) >= LONG;
        (is_long && bond.is_due()).then(|| (Arc::clone(&self.kill), Arc::clone(bond)))
    }
}

impl Streams {
    /// Judges every long-running request again whose answer may have changed, and ends those that may not
    /// go on. Called a few times a second. Says how many were ended.
    pub async fn judge_again(&self) -> usize {
        let now = Instant::now();
        let mut due = Vec::new();
        for shard in &self.shards {
            let shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            due.extend(shard.running.values().flatten().filter_map(|entry| entry.due(now)));
        }
        let end = now + JUDGE_TIME;
        let judged: Vec<_> = due.into_iter().map(|(kill, bond)| judge(kill, bond, end)).collect();
        let judged = stream::iter(judged).buffer_unordered(JUDGED_AT_ONCE);
        judged.fold(0, |ended, has_ended| ready(ended + usize::from(has_ended))).await
    }

    /// Ends every running request of a session, and every one that is admitted late. Says how many ran.
    pub fn end(&self, session: &SessionKey) -> usize {
        let Some(mut shard) = self.shard(session) else { return 0 };
        shard.forget_old(Instant::now());
        if shard.ended.insert(*session) {
            shard.ended_in_order.push_back((Instant::now(), *session));
        }
        let running = shard.running.remove(session).unwrap_or_default();
        for entry in &running {
            entry.kill.fire(StreamEnd::SessionOver);
        }
        running.len()
    }

    /// How many requests of a session run now.
    #[must_use]
    pub fn running(&self, session: &SessionKey) -> usize {
        self.shard(session).and_then(|shard| shard.running.get(session).map(Vec::len)).unwrap_or(0)
    }

    /// Notes a running request for as long as the result lives; `None` if the session has ended.
    pub(super) fn register(
        self: &Arc<Self>,
        session: SessionKey,
        kill: &Arc<Kill>,
        bond: Option<Arc<dyn Bond>>,
    ) -> Option<Running> {
        let mut shard = self.shard(&session)?;
        if shard.ended.contains(&session) {
            return None;
        }
        let entry = Entry { kill: Arc::clone(kill), bond: bond.clone(), since: Instant::now() };
        shard.running.entry(session).or_default().push(entry);
        Some(Running { streams: Arc::clone(self), session, kill: Arc::clone(kill), bond })
    }

    fn shard(&self, session: &SessionKey) -> Option<MutexGuard<'_, Shard>> {
        let [first, ..] = session.0;
        let shard = self.shards.get(usize::from(first) % SHARDS)?;
        Some(shard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Ends what may not go on, and says whether it did. What cannot be found out, in time or at all, is a no.
async fn judge(kill: Arc<Kill>, bond: Arc<dyn Bond>, by: Instant) -> bool {
    let unknown = |why| {
        tracing::error!(why, "a stream could not be judged again, and is ended");
        Some(StreamEnd::Unknown)
    };
    let end = match timeout_at(by, AssertUnwindSafe(bond.judge()).catch_unwind()).await {
        Ok(Ok(end)) => end,
        Ok(Err(_)) => unknown("a fault"),
        Err(_) => unknown("no time"),
    };
    end.inspect(|end| kill.fire(*end)).is_some()
}

impl Shard {
    fn forget_old(&mut self, now: Instant) {
        while let Some((at, session)) = self.ended_in_order.front() {
            if now.duration_since(*at) < REMEMBER_ENDED {
                return;
            }
            self.ended.remove(session);
            self.ended_in_order.pop_front();
        }
    }
}

impl fmt::Debug for Streams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Streams(..)")
    }
}

/// One running request; dropping it takes it off the list.
#[derive(Debug)]
pub(super) struct Running {
    streams: Arc<Streams>,
    session: SessionKey,
    kill: Arc<Kill>,
    bond: Option<Arc<dyn Bond>>,
}

impl Running {
    /// Somebody uses what runs: the session is not idle.
    pub(super) fn is_used(&self) {
        if let Some(bond) = &self.bond {
            bond.is_used();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let Some(mut shard) = self.streams.shard(&self.session) else { return };
        let Some(running) = shard.running.get_mut(&self.session) else { return };
        running.retain(|entry| !Arc::ptr_eq(&entry.kill, &self.kill));
        if running.is_empty() {
            shard.running.remove(&self.session);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    const ONE: SessionKey = SessionKey([1; 16]);
    const OTHER: SessionKey = SessionKey([17; 16]);

    #[tokio::test]
    async fn the_end_of_a_session_ends_its_requests_and_no_others() {
        let streams = Arc::new(Streams::default());
        let (mine, theirs) = (Arc::new(Kill::default()), Arc::new(Kill::default()));
        let _mine = streams.register(ONE, &mine, None).unwrap();
        let _theirs = streams.register(OTHER, &theirs, None).unwrap();
        assert_eq!(streams.end(&ONE), 1);
        assert_eq!(mine.fired().await, StreamEnd::SessionOver);
        assert_eq!(theirs.fired.load(Ordering::Acquire), 0);
        assert_eq!(streams.running(&OTHER), 1);
    }

    #[test]
    fn a_request_that_is_over_is_off_the_list() {
        let streams = Arc::new(Streams::default());
        let (one, two) = (Arc::new(Kill::default()), Arc::new(Kill::default()));
        let first = streams.register(ONE, &one, None);
        let second = streams.register(ONE, &two, None);
        drop(first);
        assert_eq!(streams.running(&ONE), 1);
        drop(second);
        assert_eq!(streams.running(&ONE), 0);
        assert_eq!(streams.end(&ONE), 0);
    }

    /// A bond that is always due, and says what a test wants.
    #[derive(Debug)]
    struct Says(Option<StreamEnd>, bool);

    #[async_trait::async_trait]
    impl Bond for Says {
        fn is_due(&self) -> bool {
            self.1
        }

        async fn judge(&self) -> Option<StreamEnd> {
            assert!(self.1, "judged before it was due");
            self.0
        }

        fn is_used(&self) {}
    }

    #[tokio::test(start_paused = true)]
    async fn streams_are_ended_at_once_requests_are_let_finish_and_what_may_go_on_goes_on() {
        let streams = Arc::new(Streams::default());
        let no = Some(StreamEnd::NotEnough);
        // Whether it is a stream, what its bond says, whether that is due; ended at once, and later.
        let table = [
            (true, no, true, true, true),
            (true, no, false, false, false),
            (true, None, true, false, false),
            (false, no, true, false, true),
            (false, None, true, false, false),
        ];
        let mut running = Vec::new();
        for (is_stream, says, is_due, ..) in table {
            let kill = Arc::new(Kill::default());
            if is_stream {
                kill.note_stream();
            }
            let bond = Arc::new(Says(says, is_due));
            running.push((streams.register(ONE, &kill, Some(bond)), kill));
        }
        for is_later in [false, true] {
            streams.judge_again().await;
            for ((_, kill), (.., at_once, later)) in running.iter().zip(table) {
                let has_ended = kill.fired.load(Ordering::Acquire) != 0;
                assert_eq!(has_ended, if is_later { later } else { at_once });
            }
            tokio::time::advance(LONG).await;
        }
    }

    /// A bond that is never judged to its end, or that fails.
    #[derive(Debug)]
    struct Fails {
        by_panic: bool,
    }

    #[async_trait::async_trait]
    impl Bond for Fails {
        fn is_due(&self) -> bool {
            true
        }

        async fn judge(&self) -> Option<StreamEnd> {
            assert!(!self.by_panic, "a fault in the gatekeeper");
            std::future::pending().await
        }

        fn is_used(&self) {}
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_that_cannot_be_judged_is_ended_and_keeps_no_other_from_it() {
        let streams = Arc::new(Streams::default());
        let bonds: [(Arc<dyn Bond>, u8); 4] = [
            (Arc::new(Fails { by_panic: false }), StreamEnd::Unknown as u8),
            (Arc::new(Fails { by_panic: true }), StreamEnd::Unknown as u8),
            (Arc::new(Says(Some(StreamEnd::NotAllowed), true)), StreamEnd::NotAllowed as u8),
            (Arc::new(Says(None, true)), 0),
        ];
        let running = bonds.map(|(bond, end)| {
            let kill = Arc::new(Kill::default());
            kill.note_stream();
            (streams.register(ONE, &kill, Some(bond)), kill, end)
        });
        let others = Arc::clone(&running[2].1);
        let limit = Duration::from_secs(3);
        let judging = AssertUnwindSafe(streams.judge_again()).catch_unwind();
        let others_end = timeout(limit, others.fired());
        tokio::select! {
            biased;
            _ = judging => panic!("one of them cannot be judged at once"),
            end = others_end => assert_eq!(end.expect("it waits"), StreamEnd::NotAllowed),
        }
        let judged = timeout(limit, streams.judge_again());
        assert_eq!(judged.await.expect("it is waited for without end"), 3);
        for (_, kill, end) in &running {
            assert_eq!(kill.fired.load(Ordering::Acquire), *end);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_that_hangs_keeps_many_streams_no_longer_than_one() {
        let streams = Arc::new(Streams::default());
        let mut running = Vec::new();
        for _ in 0..=3 * JUDGED_AT_ONCE {
            let kill = Arc::new(Kill::default());
            kill.note_stream();
            let bond: Arc<dyn Bond> = Arc::new(Fails { by_panic: false });
            running.push(streams.register(ONE, &kill, Some(bond)));
        }
        let limit = JUDGE_TIME + Duration::from_millis(100);
        let judged = timeout(limit, streams.judge_again()).await;
        assert_eq!(judged.expect("all of them at once"), running.len());
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_is_admitted_after_the_end_of_its_session_is_not_registered() {
        let streams = Arc::new(Streams::default());
        streams.end(&ONE);
        let kill = Arc::new(Kill::default());
        assert!(streams.register(ONE, &kill, None).is_none());
        tokio::time::advance(REMEMBER_ENDED).await;
        streams.end(&OTHER);
        assert_eq!(streams.shard(&ONE).unwrap().ended.len(), 1, "only the newest is remembered");
    }
}
