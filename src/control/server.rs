//! The gateway's end of the control socket.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::{LONGEST_REQUEST, Reply, Request, SOCKET, SocketPath, VERSION};
use crate::audit::{Actor, Audit, Event, EventName, Outcome};
use crate::clock::Clock;
use crate::operations::{Operation, Operator};

/// For the whole request to come, and for the whole reply to be taken.
const PATIENCE: Duration = Duration::from_secs(10);
/// Connections at once.
const MOST_AT_ONCE: usize = 16;

/// Why there is no control socket.
#[derive(Debug, thiserror::Error)]
#[error("the control socket {path} cannot be made")]
pub struct ListenError {
    path: PathBuf,
    #[source]
    source: std::io::Error,
}

/// The listening end. The socket's file is removed with it.
#[derive(Debug)]
pub struct ControlListener {
    listener: UnixListener,
    path: PathBuf,
    /// The user that the gateway runs as.
    own_uid: u32,
}

impl ControlListener {
    /// Makes the socket. The caller holds the store's lock, so that a socket which is there is left over
    /// from a gateway that was killed.
    ///
    /// # Errors
    /// The folder cannot be written; commands will not reach the gateway.
    pub fn bind(folder: &Path) -> Result<Self, ListenError> {
        let path = folder.join(SOCKET);
        let bound = bind(folder, &path);
        let (listener, own_uid) =
            bound.map_err(|source| ListenError { path: path.clone(), source })?;
        Ok(Self { listener, path, own_uid })
    }

    /// Serves until the task is dropped.
    pub async fn serve(self, operator: Arc<Operator>, audit: Arc<Audit>, clock: Arc<dyn Clock>) {
        let seats = Arc::new(Semaphore::new(MOST_AT_ONCE));
        let doorman = Arc::new(Doorman { operator, audit, clock, own_uid: self.own_uid });
        loop {
            let Ok(seat) = seats.clone().acquire_owned().await else { return };
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    let doorman = doorman.clone();
                    tokio::spawn(async move {
                        doorman.serve(stream).await;
                        drop(seat);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection to the control socket was lost");
                    // Out of file descriptors, most likely: others need the time to give some back.
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }
}

impl Drop for ControlListener {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Under another name first, so that it is never open to others under its own.
fn bind(folder: &Path, path: &Path) -> std::io::Result<(UnixListener, u32)> {
    let name = format!(".{SOCKET}-new");
    let aside = folder.join(&name);
    match std::fs::remove_file(&aside) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let short = SocketPath::of(folder, &name)?;
    let listener = UnixListener::bind(&short.path)?;
    std::fs::set_permissions(&aside, std::fs::Permissions::from_mode(0o600))?;
    let own_uid = std::fs::symlink_metadata(&aside)?.uid();
    std::fs::rename(&aside, path)?;
    Ok((listener, own_uid))
}

pub(super) struct Doorman {
    pub(super) operator: Arc<Operator>,
    pub(super) audit: Arc<Audit>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) own_uid: u32,
}

impl Doorman {
    pub(super) async fn serve(&self, mut stream: UnixStream) {
        let reply = match self.admits(&stream) {
            Some(actor) => self.answer(&mut stream, &actor).await,
            None => Some(Reply::NotYou),
        };
        let Some(reply) = reply else { return };
        let Ok(mut line) = serde_json::to_vec(&reply) else { return };
        line.push(b'\n');
        let sent = timeout(PATIENCE, async {
            stream.write_all(&line).await?;
            stream.shutdown().await
        });
        if !matches!(sent.await, Ok(Ok(()))) {
            tracing::warn!("a command did not take its answer from the control socket");
        }
    }

    /// Who it is, if they may come in. An unknown peer may not.
    fn admits(&self, stream: &UnixStream) -> Option<Actor> {
        self.admits_uid(stream.peer_cred().ok().map(|peer| peer.uid()))
    }

    pub(super) fn admits_uid(&self, uid: Option<u32>) -> Option<Actor> {
        match uid {
            Some(uid) if uid == 0 || uid == self.own_uid => Some(Actor::Command { uid }),
            Some(_) | None => {
                let event = Event::new(EventName::ControlDenied, self.clock.now());
                let event = match uid {
                    Some(uid) => event.actor(&Actor::Command { uid }),
                    None => event,
                };
                self.audit.record(event.outcome(Outcome::Denied));
                None
            }
        }
    }

    /// `None`: the other end said nothing in time, and gets no answer.
    async fn answer(&self, stream: &mut UnixStream, actor: &Actor) -> Option<Reply> {
        let mut line = Vec::new();
        let mut reader = BufReader::new(stream).take(LONGEST_REQUEST);
        let read = timeout(PATIENCE, reader.read_until(b'\n', &mut line)).await;
        if !matches!(read, Ok(Ok(1..))) {
            return None;
        }
        let Some(operation) = operation(&line) else {
            return Some(Reply::NotUnderstood { version: VERSION });
        };
        // A change that was begun is finished, whether or not the other end waits for it.
        let (operator, actor) = (self.operator.clone(), actor.clone());
        let done = tokio::spawn(async move { operator.perform(operation, &actor).await }).await;
        match done {
            Ok(Ok(outcome)) => Some(Reply::Done(Box::new(outcome))),
            Ok(Err(refused)) => Some(Reply::Refused(refused)),
            Err(_) => Some(Reply::Refused(crate::operations::Refused::Store)),
        }
    }
}

fn operation(line: &[u8]) -> Option<Operation> {
    let line = line.strip_suffix(b"\n")?;
    let request: Request = serde_json::from_slice(line).ok()?;
    (request.version == VERSION).then_some(request.operation)
}
