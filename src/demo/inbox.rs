//! What the demo would have sent: kept in memory for the inbox page, and printed in the terminal. Not
//! here: the page.

use std::collections::VecDeque;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use jiff::tz::TimeZone;

use super::apps::App;
use crate::clock::Clock;
use crate::notify::{DeliveryError, Message, MessageKind, Notifier, NotifierChannel};
use crate::points::Timestamp;

/// Older messages are forgotten.
const KEPT: usize = 50;

const CODE_DIGITS: usize = 6;

/// One message that was received.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Received {
    pub at: Timestamp,
    pub channel: NotifierChannel,
    pub to: String,
    pub subject: Option<String>,
    pub text: String,
    /// The code in it.
    pub code: Option<String>,
}

/// The inbox of everybody in the demo, and a view of their authenticator apps.
pub struct Inbox {
    clock: Arc<dyn Clock>,
    zone: TimeZone,
    apps: Vec<App>,
    /// The newest first.
    messages: Mutex<VecDeque<Received>>,
    terminal: Mutex<Box<dyn Write + Send>>,
}

impl std::fmt::Debug for Inbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inbox").field("apps", &self.apps.len()).finish_non_exhaustive()
    }
}

impl Inbox {
    /// `terminal`: where each message is printed as it arrives, with times of this machine's zone.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, apps: Vec<App>, terminal: Box<dyn Write + Send>) -> Self {
        Self {
            clock,
            zone: TimeZone::system(),
            apps,
            messages: Mutex::default(),
            terminal: Mutex::new(terminal),
        }
    }

    /// The newest 50, newest first.
    #[must_use]
    pub fn messages(&self) -> Vec<Received> {
        let messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        messages.iter().cloned().collect()
    }

    pub(super) fn apps(&self) -> &[App] {
        &self.apps
    }

    fn keep(&self, received: Received) {
        let mut messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        messages.truncate(KEPT - 1);
        messages.push_front(received);
    }

    /// A terminal that is gone takes no message away: the page has it too.
    fn print(&self, received: &Received) {
        let printed = self.printed(received);
        let mut terminal = self.terminal.lock().unwrap_or_else(PoisonError::into_inner);
        let written = terminal.write_all(printed.as_bytes()).and_then(|()| terminal.flush());
        if let Err(error) = written {
            tracing::debug!(%error, "a message could not be printed");
        }
    }

    fn printed(&self, received: &Received) -> String {
        let Received { at, channel, to, subject, text, code } = received;
        let what = match channel {
            NotifierChannel::Email => "e-mail",
            NotifierChannel::Sms => "text message",
        };
        let subject = subject.as_ref().map(|subject| format!("  {subject}\n")).unwrap_or_default();
        let body = match code {
            Some(code) => format!("      >>>  {}  <<<", spread(code)),
            None => text.trim_end().replace('\n', "\n  "),
        };
        format!("\n  {}  {what} to {to}\n{subject}\n  {body}\n\n", self.time(*at))
    }

    fn time(&self, at: Timestamp) -> String {
        i64::try_from(at.as_millis())
            .ok()
            .and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok())
            .map_or_else(String::new, |at| {
                self.zone.to_datetime(at).strftime("%H:%M:%S").to_string()
            })
    }
}

#[async_trait]
impl Notifier for Inbox {
    fn name(&self) -> &'static str {
        "inbox"
    }

    fn carries(&self, _: NotifierChannel) -> bool {
        true
    }

    async fn deliver(&self, message: &Message) -> Result<(), DeliveryError> {
        let received = Received {
            at: self.clock.now(),
            channel: message.channel,
            to: message.to.clone(),
            subject: message.subject.clone(),
            text: message.text.clone(),
            code: (message.kind == MessageKind::Code).then(|| code_in(&message.text)).flatten(),
        };
        self.print(&received);
        self.keep(received);
        Ok(())
    }
}

/// The only run of exactly six digits.
fn code_in(text: &str) -> Option<String> {
    text.split(|c: char| !c.is_ascii_digit())
        .find(|run| run.len() == CODE_DIGITS)
        .map(str::to_owned)
}

/// As large as plain text gets: `4 0 2   7 1 6`.
fn spread(code: &str) -> String {
    let digits: Vec<String> = code.chars().map(String::from).collect();
    let halves: Vec<String> = digits.chunks(CODE_DIGITS / 2).map(|half| half.join(" ")).collect();
    halves.join("   ")
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use crate::clock::ManualClock;

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

    struct Torn;

    impl Write for Torn {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
    }

    /// 2026-03-02T14:20:00Z.
    fn inbox(terminal: Box<dyn Write + Send>) -> Inbox {
        let clock = Arc::new(ManualClock::at(Timestamp::from_secs(1_772_461_200)));
        Inbox { zone: TimeZone::UTC, ..Inbox::new(clock, Vec::new(), terminal) }
    }

    fn mail(kind: MessageKind, text: &str) -> Message {
        Message {
            channel: NotifierChannel::Email,
            to: "anna@example.org".to_owned(),
            subject: Some("Your sign-in code for Example".to_owned()),
            text: text.to_owned(),
            kind,
        }
    }

    #[tokio::test]
    async fn a_code_is_printed_large_with_its_time_recipient_and_subject() {
        let paper = Paper::default();
        let inbox = inbox(Box::new(paper.clone()));
        let text = "Since 2026:\n\n    402716\n\nIt works for 10 minutes.\n";
        inbox.deliver(&mail(MessageKind::Code, text)).await.unwrap();
        let printed = String::from_utf8(paper.0.lock().unwrap().clone()).unwrap();
        assert_eq!(
            printed,
            "\n  14:20:00  e-mail to anna@example.org\n  Your sign-in code for Example\n\n        \
             >>>  4 0 2   7 1 6  <<<\n\n"
        );
        assert_eq!(inbox.messages()[0].code.as_deref(), Some("402716"));
        assert_eq!(inbox.messages()[0].text, text);
    }

    #[tokio::test]
    async fn a_text_message_is_printed_as_one_and_has_no_subject() {
        let paper = Paper::default();
        let inbox = inbox(Box::new(paper.clone()));
        let text = "402716 is your Example sign-in code.\n\n@localhost #402716";
        let message = Message {
            channel: NotifierChannel::Sms,
            to: "+31612345689".to_owned(),
            subject: None,
            ..mail(MessageKind::Code, text)
        };
        inbox.deliver(&message).await.unwrap();
        let printed = String::from_utf8(paper.0.lock().unwrap().clone()).unwrap();
        let expected = "\n  14:20:00  text message to +31612345689\n\n        \
                        >>>  4 0 2   7 1 6  <<<\n\n";
        assert_eq!(printed, expected);
    }

    #[tokio::test]
    async fn a_notice_is_printed_whole_and_its_numbers_are_no_code() {
        let paper = Paper::default();
        let inbox = inbox(Box::new(paper.clone()));
        inbox.deliver(&mail(MessageKind::Notice, "Case 123456.\nNot you?\n")).await.unwrap();
        let printed = String::from_utf8(paper.0.lock().unwrap().clone()).unwrap();
        assert!(printed.ends_with("\n\n  Case 123456.\n  Not you?\n\n"), "{printed}");
        assert_eq!(inbox.messages()[0].code, None);
    }

    #[tokio::test]
    async fn a_message_is_kept_although_the_terminal_is_gone() {
        let inbox = inbox(Box::new(Torn));
        inbox.deliver(&mail(MessageKind::Code, "402716")).await.unwrap();
        assert_eq!(inbox.messages().len(), 1);
    }

    #[tokio::test]
    async fn the_newest_fifty_are_kept_newest_first() {
        let inbox = inbox(Box::new(io::sink()));
        for number in 0..53 {
            inbox.deliver(&mail(MessageKind::Notice, &number.to_string())).await.unwrap();
        }
        let texts: Vec<String> = inbox.messages().into_iter().map(|message| message.text).collect();
        let expected: Vec<String> = (3..53).rev().map(|number: u32| number.to_string()).collect();
        assert_eq!(texts, expected);
    }

    #[test]
    fn a_code_is_a_run_of_exactly_six_digits() {
        for (text, code) in [
            ("402716", Some("402716")),
            ("(402716)", Some("402716")),
            ("1234567 and 402716", Some("402716")),
            ("12345", None),
            ("402 716", None),
            ("", None),
        ] {
            assert_eq!(code_in(text).as_deref(), code, "{text:?}");
        }
    }
}
