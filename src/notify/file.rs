//! A notifier that writes each message into a file of its own, for development and tests. Not a mail
//! spool: nothing reads the files back or removes them.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use serde::Serialize;

use super::{DeliveryError, Message, MessageKind, Notifier, NotifierChannel};
use crate::clock::Clock;
use crate::points::Timestamp;
use crate::random;

/// Writes `DIR/<nanoseconds>-<random>.json`: aside first, then renamed into place, readable by the
/// owner alone. The names sort in the order in which messages were delivered.
#[derive(Debug)]
pub struct FileNotifier {
    name: String,
    folder: PathBuf,
    clock: Arc<dyn Clock>,
    latest_nanos: AtomicU64,
}

/// A message as it stands in its file.
#[derive(Serialize)]
struct Written<'a> {
    id: &'a str,
    /// RFC 3339.
    at: String,
    channel: &'static str,
    to: &'a str,
    subject: Option<&'a str>,
    text: &'a str,
    kind: &'static str,
}

impl FileNotifier {
    /// Makes the folder, for its owner alone, if it is not there.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn new(name: String, folder: PathBuf, clock: Arc<dyn Clock>) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        Ok(Self { name, folder, clock, latest_nanos: AtomicU64::new(0) })
    }

    /// Nanoseconds of the clock, and at least one more than before.
    fn next_nanos(&self, now: Timestamp) -> u64 {
        let nanos = now.as_millis().saturating_mul(1_000_000);
        let raise = |latest: u64| Some(nanos.max(latest.saturating_add(1)));
        self.latest_nanos
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, raise)
            .map_or(nanos, |latest| nanos.max(latest.saturating_add(1)))
    }
}

#[async_trait]
impl Notifier for FileNotifier {
    fn name(&self) -> &str {
        &self.name
    }

    fn carries(&self, _: NotifierChannel) -> bool {
        true
    }

    async fn deliver(&self, message: &Message) -> Result<(), DeliveryError> {
        let now = self.clock.now();
        let id = format!("{}-{:016x}", self.next_nanos(now), u64::from_be_bytes(random::bytes()));
        let written = Written {
            id: &id,
            at: rfc3339(now),
            channel: channel_name(message.channel),
            to: &message.to,
            subject: message.subject.as_deref(),
            text: &message.text,
            kind: kind_name(message.kind),
        };
        let json = serde_json::to_vec_pretty(&written)
            .map_err(|error| DeliveryError::Refused(error.into()))?;
        let folder = self.folder.clone();
        tokio::task::spawn_blocking(move || write_into_place(&folder, &id, &json))
            .await
            .map_err(|error| DeliveryError::Unreachable(error.into()))?
            .map_err(|error| DeliveryError::Unreachable(error.into()))
    }
}

fn write_into_place(folder: &Path, id: &str, json: &[u8]) -> io::Result<()> {
    let aside = folder.join(format!(".{id}.part"));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&aside)?;
    file.write_all(json)?;
    drop(file);
    std::fs::rename(&aside, folder.join(format!("{id}.json")))
}

/// Past the year 9999 there is no such text; the instant is then left empty.
fn rfc3339(at: Timestamp) -> String {
    i64::try_from(at.as_millis())
        .ok()
        .and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok())
        .map(|at| at.to_string())
        .unwrap_or_default()
}

const fn channel_name(channel: NotifierChannel) -> &'static str {
    match channel {
        NotifierChannel::Email => "email",
        NotifierChannel::Sms => "sms",
    }
}

const fn kind_name(kind: MessageKind) -> &'static str {
    match kind {
        MessageKind::Code => "code",
        MessageKind::Link => "link",
        MessageKind::Notice => "notice",
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::clock::ManualClock;

    fn message(text: &str) -> Message {
        Message {
            channel: NotifierChannel::Email,
            to: "anna@example.org".into(),
            subject: None,
            text: text.into(),
            kind: MessageKind::Code,
        }
    }

    fn notifier(folder: &Path) -> FileNotifier {
        let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_700_000_000_123)));
        FileNotifier::new("inbox".into(), folder.join("mail/out"), clock).unwrap()
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder.join("mail/out")).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[tokio::test]
    async fn a_message_is_one_file_with_the_fields_that_scripts_read() {
        let folder = tempfile::tempdir().unwrap();
        notifier(folder.path()).deliver(&message("Your code:\n123456\n")).await.unwrap();
        let names = names(folder.path());
        assert_eq!(names.len(), 1, "{names:?}");
        let (stem, random) = names[0].strip_suffix(".json").unwrap().split_once('-').unwrap();
        assert_eq!((stem, random.len()), ("1700000000123000000", 16));

        let path = folder.path().join("mail/out").join(&names[0]);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let read: serde_json::Value =
            serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let expected = serde_json::json!({
            "id": format!("{stem}-{random}"),
            "at": "2023-11-14T22:13:20.123Z",
            "channel": "email",
            "to": "anna@example.org",
            "subject": null,
            "text": "Your code:\n123456\n",
            "kind": "code",
        });
        assert_eq!(read, expected);
    }

    #[tokio::test]
    async fn files_sort_in_the_order_of_delivery_even_within_one_instant() {
        let folder = tempfile::tempdir().unwrap();
        let notifier = notifier(folder.path());
        for n in 0..20 {
            notifier.deliver(&message(&n.to_string())).await.unwrap();
        }
        let texts: Vec<String> = names(folder.path())
            .iter()
            .map(|name| {
                let json = std::fs::read(folder.path().join("mail/out").join(name)).unwrap();
                let read: serde_json::Value = serde_json::from_slice(&json).unwrap();
                read["text"].as_str().unwrap().to_owned()
            })
            .collect();
        assert_eq!(texts, (0..20).map(|n| n.to_string()).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn a_folder_that_is_gone_is_unreachable_and_not_made_anew_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        let notifier = notifier(folder.path());
        std::fs::remove_dir_all(folder.path().join("mail")).unwrap();
        let delivered = notifier.deliver(&message("123456")).await;
        assert!(matches!(delivered, Err(DeliveryError::Unreachable(_))));
    }
}
