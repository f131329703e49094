//! The one thread that writes the audit file. It takes what is queued in batches, keeps a batch until
//! the file has taken it, and writes down how many events it never saw. Not here: who queues.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::Duration;

use super::chain::Link;
use super::event::{Event, EventName};
use super::file::AuditFile;
use super::{Counts, Shared};

/// Lines written at once: one sync serves them all.
const BATCH: usize = 256;
/// How often what was counted instead of written is noted, and how long after an error the file is
/// tried again.
const PAUSE: Duration = Duration::from_secs(1);

pub(super) enum Order {
    Write(Box<Event>),
    /// Answer when everything before this is in the file, or could not be.
    Settle(SyncSender<bool>),
}

pub(super) struct Writer {
    pub(super) file: AuditFile,
    pub(super) link: Link,
    pub(super) orders: Receiver<Order>,
    pub(super) shared: Arc<Shared>,
    /// Lines that the file has not taken yet, and how many.
    pub(super) pending: Vec<u8>,
    pub(super) waiting: Vec<SyncSender<bool>>,
}

impl Writer {
    /// Until the last sender is gone and the file has taken, or refused once more, the rest.
    pub(super) fn run(mut self) {
        loop {
            let is_last = self.pending.is_empty() && self.collect();
            self.note_what_was_not_written();
            let written = self.write();
            for waiting in self.waiting.drain(..) {
                let _ = waiting.try_send(written);
            }
            if is_last || (!written && self.shared.is_closing.load(Ordering::SeqCst)) {
                return;
            }
            if !written {
                std::thread::park_timeout(PAUSE);
            }
        }
    }

    /// Takes what is queued, and waits for a while if nothing is; `true` if nothing will come any more.
    fn collect(&mut self) -> bool {
        match self.orders.recv_timeout(PAUSE) {
            Ok(order) => self.take(order),
            Err(RecvTimeoutError::Timeout) => return false,
            Err(RecvTimeoutError::Disconnected) => return true,
        }
        for _ in 1..BATCH {
            match self.orders.try_recv() {
                Ok(order) => self.take(order),
                Err(_) => break,
            }
        }
        false
    }

    fn take(&mut self, order: Order) {
        match order {
            Order::Write(event) => self.line(&event),
            Order::Settle(answer) => self.waiting.push(answer),
        }
    }

    pub(super) fn line(&mut self, event: &Event) {
        self.pending.extend(self.link.line(event).bytes());
        self.pending.push(b'\n');
        self.shared.counts.wrote(event.name());
    }

    fn note_what_was_not_written(&mut self) {
        let Counts { sampled, dropped, .. } = &self.shared.counts;
        let (sampled, dropped) =
            (sampled.swap(0, Ordering::Relaxed), dropped.swap(0, Ordering::Relaxed));
        for (name, count) in
            [(EventName::AuditSampled, sampled), (EventName::AuditDropped, dropped)]
        {
            if count > 0 {
                let event = Event::new(name, self.shared.clock.now()).count(count);
                self.line(&event);
            }
        }
    }

    /// `false` if the file did not take it; it is kept, and the queue fills up meanwhile.
    pub(super) fn write(&mut self) -> bool {
        if self.pending.is_empty() {
            return true;
        }
        match self.file.append(&self.pending) {
            Ok(()) => {
                self.pending.clear();
                true
            }
            Err(error) => {
                self.shared.counts.write_errors.fetch_add(1, Ordering::Relaxed);
                tracing::error!(%error, "the audit file cannot be written; what happens is kept in memory");
                false
            }
        }
    }
}
