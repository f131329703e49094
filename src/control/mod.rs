//! The control socket: how a command reaches the gateway that runs. `control.sock` in the store's
//! folder, mode 0600; one line of JSON each way, one request a connection. Not here: what is done
//! (`operations`), and when a command talks to it (`cli`).
//!
//! Only the user that the gateway runs as, and root, may come in. The kernel says who it is; whoever it
//! is, is in the audit.

mod client;
mod server;

use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use client::{Control, ControlError};
pub use server::{ControlListener, ListenError};

use crate::operations::{Operation, Outcome, Refused};

/// The name of the socket in the store's folder.
pub const SOCKET: &str = "control.sock";

/// Rises when an older program could not understand a newer one.
const VERSION: u16 = 1;
/// Bytes of one request.
const LONGEST_REQUEST: u64 = 64 * 1024;
/// Bytes of one reply: lists of users can be long.
const LONGEST_REPLY: u64 = 64 * 1024 * 1024;
/// A path of a socket is at most 107 bytes long (`unix(7)`).
const LONGEST_PATH: usize = 100;

#[derive(Deserialize, Serialize)]
struct Request {
    version: u16,
    #[serde(flatten)]
    operation: Operation,
}

#[derive(Deserialize, Serialize)]
enum Reply {
    Done(Box<Outcome>),
    Refused(Refused),
    /// The peer may not use the socket.
    NotYou,
    /// The request could not be read: another version, or not ours.
    NotUnderstood {
        version: u16,
    },
}

/// A path to the socket that is short enough, and what keeps it good.
struct SocketPath {
    path: PathBuf,
    /// Open for as long as the path is used.
    _folder: Option<std::fs::File>,
}

impl SocketPath {
    fn of(folder: &Path, name: &str) -> std::io::Result<Self> {
        let path = folder.join(name);
        if path.as_os_str().len() <= LONGEST_PATH {
            return Ok(Self { path, _folder: None });
        }
        let folder = std::fs::File::open(folder)?;
        let path = PathBuf::from(format!("/proc/self/fd/{}/{name}", folder.as_raw_fd()));
        Ok(Self { path, _folder: Some(folder) })
    }
}

#[cfg(test)]
mod tests;
