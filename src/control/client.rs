//! A command's end of the control socket.

use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::{LONGEST_REPLY, Reply, Request, SOCKET, SocketPath, VERSION};
use crate::operations::{Operation, Outcome, Refused};

/// For the gateway to do what it was asked: hashing and reloading take their time.
const PATIENCE: Duration = Duration::from_secs(60);

/// Why the gateway did not answer.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// Nobody listens there: no gateway runs on this store.
    #[error("no gateway answers at its control socket")]
    Absent(#[source] std::io::Error),
    #[error("the gateway took too long, or ended while it was asked")]
    Lost,
    #[error("the gateway lets only root and the user that it runs as use its control socket")]
    NotYou,
    #[error(
        "the gateway that runs does not understand this command (it speaks version {theirs} of the \
         protocol, this program {VERSION}): restart it, or use its own program"
    )]
    OtherVersion { theirs: u16 },
}

/// A connection to a gateway that runs.
#[derive(Debug)]
pub struct Control {
    stream: UnixStream,
}

impl Control {
    /// # Errors
    /// [`ControlError::Absent`] where no gateway runs.
    pub async fn connect(folder: &Path) -> Result<Self, ControlError> {
        let path = SocketPath::of(folder, SOCKET).map_err(ControlError::Absent)?;
        let stream = UnixStream::connect(&path.path).await.map_err(ControlError::Absent)?;
        Ok(Self { stream })
    }

    /// Has one thing done.
    ///
    /// # Errors
    /// The outer error: there was no answer, and it is not known what was done. The inner one: it was
    /// refused.
    pub async fn perform(
        self,
        operation: Operation,
    ) -> Result<Result<Outcome, Refused>, ControlError> {
        let request = Request { version: VERSION, operation };
        let reply = timeout(PATIENCE, self.exchange(&request)).await.ok().flatten();
        match reply.ok_or(ControlError::Lost)? {
            Reply::Done(outcome) => Ok(Ok(*outcome)),
            Reply::Refused(refused) => Ok(Err(refused)),
            Reply::NotYou => Err(ControlError::NotYou),
            Reply::NotUnderstood { version } => Err(ControlError::OtherVersion { theirs: version }),
        }
    }

    async fn exchange(mut self, request: &Request) -> Option<Reply> {
        let mut line = zeroize::Zeroizing::new(serde_json::to_vec(request).ok()?);
        line.push(b'\n');
        // Who may not come in is told so without being read: a failure to write is no answer yet.
        let _ = self.stream.write_all(&line).await;
        let mut reply = Vec::new();
        BufReader::new(self.stream).take(LONGEST_REPLY).read_until(b'\n', &mut reply).await.ok()?;
        serde_json::from_slice(&reply).ok()
    }
}
