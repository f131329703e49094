//! The one writer of a database: its own thread with its own connection. It commits whatever is
//! waiting in one transaction and answers each caller after that, so that a hundred sign-ins cost one
//! flush of the disk. Not here: what is written.
//!
//! Every member of a group runs inside a savepoint: one that fails is taken back alone. If the group
//! itself fails (disk full, lock held by a stranger), none of it was kept and everybody hears so.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection, Executor};
use tokio::sync::{mpsc, oneshot};

use crate::accounts::StoreError;

/// What work on a connection returns while it borrows it.
pub(super) type Work<'c, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'c>>;

/// Writes that may wait; one more waits at its caller.
const QUEUE: usize = 1024;
/// Writes in one transaction.
const GROUP: usize = 256;

/// A way to the writer's thread. When the last one is gone, the thread closes the database.
pub(super) struct Writer {
    queue: mpsc::Sender<Box<dyn Member>>,
    closing: mpsc::Sender<oneshot::Sender<()>>,
}

impl Writer {
    /// Starts the thread. `held` is kept until the database is closed, and dropped after.
    pub(super) fn start(
        connection: SqliteConnection,
        held: impl Send + 'static,
    ) -> Result<Self, std::io::Error> {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let (closing, asked_to_close) = mpsc::channel(1);
        // Its own runtime: the store outlives the one that opened it, and a busy one does not slow it.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::Builder::new().name("store-writer".into()).spawn(move || {
            let closed = runtime.block_on(serve(connection, waiting, asked_to_close));
            drop(held);
            if let Some(closed) = closed {
                let _ = closed.send(());
            }
        })?;
        Ok(Self { queue, closing })
    }

    /// Does the work in the next group and answers when it is committed.
    ///
    /// The work is done even if the caller goes away: nothing is half done.
    pub(super) async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut SqliteConnection) -> Work<'c, T> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let member = Waiting { work: Some(work), outcome: None, answer };
        self.queue.send(Box::new(member)).await.map_err(|_| unavailable(Closed))?;
        answered.await.map_err(|_| unavailable(Closed))?
    }

    /// Finishes what is waiting, takes nothing more, and closes the database.
    pub(super) async fn close(&self) {
        let (closed, done) = oneshot::channel();
        if self.closing.send(closed).await.is_ok() {
            let _ = done.await;
        }
    }
}

/// The store has been closed, or its thread has died.
#[derive(Debug, thiserror::Error)]
#[error("the store is closed")]
struct Closed;

/// The work panicked. It was taken back; the rest of its group was not.
#[derive(Debug, thiserror::Error)]
#[error("the work on the store panicked")]
struct Panicked;

/// Everybody in a group that was not committed gets the same cause.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the changes were not committed")]
struct NotCommitted(#[source] Arc<sqlx::Error>);

pub(super) fn unavailable(cause: impl std::error::Error + Send + Sync + 'static) -> StoreError {
    StoreError::Unavailable(Box::new(cause))
}

/// One caller's work, whatever it returns.
trait Member: Send {
    /// Whether it succeeded, so that it is kept.
    fn run<'c>(
        &'c mut self,
        connection: &'c mut SqliteConnection,
    ) -> Pin<Box<dyn Future<Output = bool> + Send + 'c>>;

    fn answer(self: Box<Self>, fault: Option<NotCommitted>);
}

struct Waiting<F, T> {
    work: Option<F>,
    outcome: Option<Result<T, StoreError>>,
    answer: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Member for Waiting<F, T>
where
    T: Send,
    F: for<'c> FnOnce(&'c mut SqliteConnection) -> Work<'c, T> + Send,
{
    fn run<'c>(
        &'c mut self,
        connection: &'c mut SqliteConnection,
    ) -> Pin<Box<dyn Future<Output = bool> + Send + 'c>> {
        Box::pin(async move {
            let Some(work) = self.work.take() else { return false };
            let outcome = caught(work(connection)).await;
            let is_kept = outcome.is_ok();
            self.outcome = Some(outcome);
            is_kept
        })
    }

    fn answer(self: Box<Self>, fault: Option<NotCommitted>) {
        let outcome = match (fault, self.outcome) {
            (None, Some(outcome)) => outcome,
            (Some(fault), _) => Err(unavailable(fault)),
            (None, None) => Err(unavailable(Closed)),
        };
        // Nobody listening any more is no fault: what was done stays done.
        let _ = self.answer.send(outcome);
    }
}

/// A panic in one caller's work must not end the thread that all callers need.
async fn caught<T>(mut work: Work<'_, T>) -> Result<T, StoreError> {
    poll_fn(|context| {
        catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context)))
            .unwrap_or_else(|_| Poll::Ready(Err(unavailable(Panicked))))
    })
    .await
}

async fn serve(
    mut connection: SqliteConnection,
    mut waiting: mpsc::Receiver<Box<dyn Member>>,
    mut asked_to_close: mpsc::Receiver<oneshot::Sender<()>>,
) -> Option<oneshot::Sender<()>> {
    let mut closed = None;
    let mut group = Vec::with_capacity(GROUP);
    loop {
        tokio::select! {
            Some(asked) = asked_to_close.recv(), if closed.is_none() => {
                waiting.close();
                closed = Some(asked);
            }
            count = waiting.recv_many(&mut group, GROUP) => {
                if count == 0 {
                    break;
                }
                commit(&mut connection, &mut group, &mut waiting).await;
            }
        }
    }
    if let Err(error) = connection.close().await {
        tracing::warn!(%error, "the database was not closed cleanly; its log is replayed next time");
    }
    closed
}

/// Leaves `group` empty.
async fn commit(
    connection: &mut SqliteConnection,
    group: &mut Vec<Box<dyn Member>>,
    waiting: &mut mpsc::Receiver<Box<dyn Member>>,
) {
    let fault = match begin(connection).await {
        Ok(()) => run(connection, group).await.err(),
        Err(error) => {
            // Whoever queued while this waited has waited too: two time-outs would be one too many.
            while let Ok(member) = waiting.try_recv() {
                group.push(member);
            }
            Some(error)
        }
    };
    let fault = fault.map(|error| NotCommitted(Arc::new(error)));
    if fault.is_some() {
        // Fails where SQLite has rolled back by itself, which is as good.
        let _ = execute(connection, "ROLLBACK").await;
    }
    for member in group.drain(..) {
        member.answer(fault.clone());
    }
}

async fn begin(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    execute(connection, "BEGIN IMMEDIATE").await
}

async fn run(
    connection: &mut SqliteConnection,
    group: &mut [Box<dyn Member>],
) -> Result<(), sqlx::Error> {
    for member in group {
        execute(connection, "SAVEPOINT member").await?;
        if !member.run(connection).await {
            execute(connection, "ROLLBACK TO member").await?;
        }
        execute(connection, "RELEASE member").await?;
    }
    execute(connection, "COMMIT").await
}

async fn execute(
    connection: &mut SqliteConnection,
    statement: &'static str,
) -> Result<(), sqlx::Error> {
    connection.execute(statement).await.map(drop)
}
