//! A notifier that prints messages, for development. Whoever sees the terminal sees the codes.

use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;

use super::{DeliveryError, Message, Notifier, NotifierChannel};

/// Prints each message in one piece.
pub struct ConsoleNotifier {
    name: String,
    out: Mutex<Box<dyn Write + Send>>,
}

impl std::fmt::Debug for ConsoleNotifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConsoleNotifier").field("name", &self.name).finish_non_exhaustive()
    }
}

impl ConsoleNotifier {
    #[must_use]
    pub fn new(name: String, out: Box<dyn Write + Send>) -> Self {
        Self { name, out: Mutex::new(out) }
    }

    fn print(&self, message: &Message) -> io::Result<()> {
        let mut printed = format!("--- {} to {}\n", self.name, message.to);
        if let Some(subject) = &message.subject {
            printed.push_str(&format!("{subject}\n\n"));
        }
        printed.push_str(message.text.trim_end());
        printed.push_str("\n---\n");
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        out.write_all(printed.as_bytes())?;
        out.flush()
    }
}

#[async_trait]
impl Notifier for ConsoleNotifier {
    fn name(&self) -> &str {
        &self.name
    }

    fn carries(&self, _: NotifierChannel) -> bool {
        true
    }

    async fn deliver(&self, message: &Message) -> Result<(), DeliveryError> {
        self.print(message).map_err(|error| DeliveryError::Unreachable(error.into()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::notify::MessageKind;

    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn a_message_is_printed_with_its_recipient_subject_and_text() {
        let paper = Paper::default();
        let notifier = ConsoleNotifier::new("terminal".into(), Box::new(paper.clone()));
        let message = Message {
            channel: NotifierChannel::Email,
            to: "anna@example.org".into(),
            subject: Some("Your code".into()),
            text: "123456\n".into(),
            kind: MessageKind::Code,
        };
        notifier.deliver(&message).await.unwrap();
        let printed = String::from_utf8(paper.0.lock().unwrap().clone()).unwrap();
        assert_eq!(printed, "--- terminal to anna@example.org\nYour code\n\n123456\n---\n");
    }
}
