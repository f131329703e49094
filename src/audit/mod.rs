//! The audit: who did what, when, as lines of JSON that are chained by hash. Not here: logs for whoever
//! runs the gateway (`observe`), and a way to change or delete a line.
//!
//! [`Audit::record`] never makes a request wait. It queues; one thread writes. When the queue is full,
//! events are counted and a line says how many; refusals are written one by one up to 100 a second and
//! sampled above that. [`Audit::settle`] waits until the file has what was recorded, for commands that
//! report what they did.

mod chain;
mod event;
mod file;
mod writer;

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

pub use chain::{Broken, Verified, Why, verify};
pub use event::{Actor, Event, EventName, Outcome};
pub use file::OpenError;

use crate::clock::Clock;
use crate::points::Timestamp;
use chain::Link;
use file::{AuditFile, Opened};
use writer::{Order, Writer};

/// Events that may wait for the file.
const QUEUE: usize = 4096;
/// Refusals of one second that are written one by one.
const REFUSALS_PER_SECOND: u64 = 100;
/// Above that, one in so many.
const SAMPLE: u64 = 100;
/// How long a command waits for the file.
const SETTLE: Duration = Duration::from_secs(5);
/// Lines that are kept where there is no file.
const MOST_IN_MEMORY: usize = 10_000;

/// Records events.
#[derive(Debug)]
pub struct Audit {
    shared: Arc<Shared>,
    sink: Sink,
}

#[derive(Debug)]
enum Sink {
    File { queue: Option<SyncSender<Order>>, thread: Option<JoinHandle<()>> },
    Memory(Mutex<InMemory>),
    Nowhere,
}

#[derive(Debug)]
struct InMemory {
    link: Link,
    lines: std::collections::VecDeque<String>,
}

#[derive(Debug)]
struct Shared {
    clock: Arc<dyn Clock>,
    counts: Counts,
    /// The second of the newest refusal in the upper half, how many it has had in the lower.
    refusals: AtomicU64,
    /// The process ends: what cannot be written now is not tried again.
    is_closing: AtomicBool,
}

#[derive(Debug)]
struct Counts {
    written: Vec<AtomicU64>,
    /// Not yet noted in the file.
    sampled: AtomicU64,
    dropped: AtomicU64,
    write_errors: AtomicU64,
}

impl Counts {
    fn wrote(&self, name: EventName) {
        if let Some(count) = self.written.get(name.index()) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Shared {
    fn new(clock: Arc<dyn Clock>) -> Arc<Self> {
        let counts = Counts {
            written: EventName::ALL.iter().map(|_| AtomicU64::new(0)).collect(),
            sampled: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            write_errors: AtomicU64::new(0),
        };
        Arc::new(Self {
            clock,
            counts,
            refusals: AtomicU64::new(0),
            is_closing: AtomicBool::new(false),
        })
    }

    /// Whether a refusal is written; otherwise it has been counted.
    fn admits_refusal(&self, at: Timestamp) -> bool {
        let second = at.as_secs() & 0xffff_ffff;
        let next = |now: u64| {
            let count = if now >> 32 == second { now & 0xffff_ffff } else { 0 };
            (second << 32) | count.saturating_add(1).min(0xffff_ffff)
        };
        let before =
            self.refusals.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |now| Some(next(now)));
        let count = next(before.unwrap_or_default()) & 0xffff_ffff;
        let is_written = count <= REFUSALS_PER_SECOND || count.is_multiple_of(SAMPLE);
        if !is_written {
            self.counts.sampled.fetch_add(1, Ordering::Relaxed);
        }
        is_written
    }
}

impl Audit {
    /// Continues the file, or begins it with mode 0600. A last line that a crash cut is moved aside, and
    /// a line says so.
    ///
    /// # Errors
    /// The file cannot be continued: the caller does not start, or says that nothing is recorded.
    pub fn to_file(path: &Path, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let Opened { file, link, torn } = AuditFile::open(path, clock.now())?;
        let shared = Shared::new(clock);
        let (queue, orders) = sync_channel(QUEUE);
        let writer = Writer {
            file,
            link,
            orders,
            shared: shared.clone(),
            pending: Vec::new(),
            waiting: Vec::new(),
        };
        let thread = std::thread::Builder::new()
            .name("audit".to_owned())
            .spawn(move || writer.run())
            .map_err(|source| OpenError::Io { path: path.to_owned(), source })?;
        let audit = Self { shared, sink: Sink::File { queue: Some(queue), thread: Some(thread) } };
        if let Some(aside) = torn {
            audit.note_torn(&aside);
        }
        Ok(audit)
    }

    fn note_torn(&self, aside: &Path) {
        tracing::warn!(aside = %aside.display(), "the last line of the audit file was unfinished and is moved aside");
        let event = Event::new(EventName::AuditTorn, self.shared.clock.now());
        self.record(event.actor(&Actor::Gateway));
    }

    /// Keeps the newest lines in memory: for `demo` and tests.
    #[must_use]
    pub fn in_memory(clock: Arc<dyn Clock>) -> Self {
        let kept = InMemory { link: Link::first(), lines: std::collections::VecDeque::new() };
        Self { shared: Shared::new(clock), sink: Sink::Memory(Mutex::new(kept)) }
    }

    /// Counts, and keeps nothing.
    #[must_use]
    pub fn nowhere(clock: Arc<dyn Clock>) -> Self {
        Self { shared: Shared::new(clock), sink: Sink::Nowhere }
    }

    /// Records an event. Cheap, and never waits.
    pub fn record(&self, event: Event) {
        if event.comes_in_floods() && !self.shared.admits_refusal(event.at) {
            return;
        }
        match &self.sink {
            Sink::File { queue: Some(queue), thread: _ } => {
                match queue.try_send(Order::Write(Box::new(event))) {
                    Ok(()) => {}
                    Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                        self.shared.counts.dropped.fetch_add(1, Ordering::Relaxed);
                    }
                }
            }
            Sink::File { queue: None, thread: _ } => {}
            Sink::Memory(kept) => {
                self.shared.counts.wrote(event.name());
                kept.lock().unwrap_or_else(PoisonError::into_inner).keep(&event);
            }
            Sink::Nowhere => self.shared.counts.wrote(event.name()),
        }
    }

    /// Waits until everything recorded so far is in the file; `false` if it could not be written.
    /// Blocks: for commands and the end of the process, never for a request.
    #[must_use]
    pub fn settle(&self) -> bool {
        let Sink::File { queue: Some(queue), thread: _ } = &self.sink else { return true };
        let (answer, settled) = sync_channel(1);
        queue.try_send(Order::Settle(answer)).is_ok()
            && settled.recv_timeout(SETTLE).unwrap_or(false)
    }

    /// The lines that are kept in memory, oldest first.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        match &self.sink {
            Sink::Memory(kept) => {
                let kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.lines.iter().cloned().collect()
            }
            Sink::File { .. } | Sink::Nowhere => Vec::new(),
        }
    }

    /// How many of each event were written since the start.
    pub fn written(&self) -> impl Iterator<Item = (EventName, u64)> {
        let counts = self.shared.counts.written.iter().map(|count| count.load(Ordering::Relaxed));
        EventName::ALL.iter().copied().zip(counts)
    }

    /// How often the file could not be written since the start.
    #[must_use]
    pub fn write_errors(&self) -> u64 {
        self.shared.counts.write_errors.load(Ordering::Relaxed)
    }
}

impl InMemory {
    fn keep(&mut self, event: &Event) {
        if self.lines.len() >= MOST_IN_MEMORY {
            self.lines.pop_front();
        }
        self.lines.push_back(self.link.line(event));
    }
}

impl Drop for Audit {
    /// Everything that was recorded is written before the process ends.
    fn drop(&mut self) {
        if let Sink::File { queue, thread } = &mut self.sink {
            self.shared.is_closing.store(true, Ordering::SeqCst);
            drop(queue.take());
            if let Some(thread) = thread.take() {
                thread.thread().unpark();
                let _ = thread.join();
            }
        }
    }
}

#[cfg(test)]
mod tests;
