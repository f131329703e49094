//! A bounded queue before a notifier, and the worker behind it: whoever posts does not wait. Not
//! here: how a message travels, and what it says.
//!
//! A message is tried a few times and then given up; the person asks for another code. After
//! messages in a row that could not be handed over, the notifier counts as out of order for half a
//! minute, and for longer with each further one, up to five minutes, so that people are offered what
//! works.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc, watch};

use super::{DeliveryError, Message, Notifier, NotifierChannel};
use crate::clock::Clock;
use crate::points::Timestamp;

/// How much an outbox takes on.
#[derive(Clone, Debug)]
pub struct OutboxLimits {
    /// Messages that may wait; the next one is refused.
    pub capacity: usize,
    /// Messages that are being delivered at the same time.
    pub at_once: usize,
    /// Longest time that one try may take.
    pub patience: Duration,
    /// Pauses before the second try, the third, and so on.
    pub pauses: Vec<Duration>,
    /// A message that has waited this long is not delivered any more: its code would have expired.
    pub useful_for: Duration,
}

impl Default for OutboxLimits {
    fn default() -> Self {
        Self {
            capacity: 256,
            at_once: 4,
            patience: Duration::from_secs(30),
            pauses: vec![Duration::from_secs(1), Duration::from_secs(5)],
            useful_for: Duration::from_secs(600),
        }
    }
}

/// The queue is full or closed: the message was not taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the outbox takes no more messages")]
pub struct NotTaken;

/// What became of a message. Each has exactly one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DeliveryOutcome {
    /// The other side took it.
    Sent,
    /// The other side would not have it, or was not reached.
    Failed,
    /// It was not tried any more: no room for it, or it waited until it was of no use.
    Dropped,
}

impl DeliveryOutcome {
    /// For counters.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Dropped => "dropped",
        }
    }
}

/// Who counts outcomes.
struct Listener(Box<dyn Fn(DeliveryOutcome) + Send + Sync>);

impl std::fmt::Debug for Listener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Listener(..)")
    }
}

/// Messages in a row that were given up before the notifier counts as out of order.
const OUT_OF_ORDER_AFTER: u32 = 2;

/// How long it counts as out of order after the last of them; then the next message tries again. With
/// each further one it is twice as long.
const OUT_OF_ORDER_FOR: Duration = Duration::from_secs(30);

/// And never longer.
const OUT_OF_ORDER_FOR_MOST: Duration = Duration::from_secs(300);

/// A notifier with its queue. Dropping it lets the worker finish what was posted.
#[derive(Debug)]
pub struct Outbox {
    name: String,
    notifier: Arc<dyn Notifier>,
    queue: mpsc::Sender<Posted>,
    state: Arc<State>,
}

#[derive(Debug)]
struct Posted {
    message: Message,
    at: Timestamp,
    counted: Pending,
}

#[derive(Debug)]
struct State {
    clock: Arc<dyn Clock>,
    health: Mutex<Health>,
    pending: watch::Sender<usize>,
    listener: OnceLock<Listener>,
}

#[derive(Debug, Default)]
struct Health {
    given_up_in_a_row: u32,
    last_given_up: Timestamp,
}

impl Health {
    fn out_of_order_for(&self) -> Duration {
        let more = self.given_up_in_a_row.saturating_sub(OUT_OF_ORDER_AFTER).min(8);
        (OUT_OF_ORDER_FOR * 2_u32.saturating_pow(more)).min(OUT_OF_ORDER_FOR_MOST)
    }
}

impl Outbox {
    /// Starts the worker on the runtime that this is called in.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    #[must_use]
    pub fn start(notifier: Arc<dyn Notifier>, clock: Arc<dyn Clock>, limits: OutboxLimits) -> Self {
        let (queue, posted) = mpsc::channel(limits.capacity.max(1));
        let name = notifier.name().to_owned();
        let state = Arc::new(State {
            clock,
            health: Mutex::default(),
            pending: watch::Sender::new(0),
            listener: OnceLock::new(),
        });
        let worker = Worker { notifier: notifier.clone(), limits, state: state.clone() };
        tokio::spawn(Arc::new(worker).run(posted));
        Self { name, notifier, queue, state }
    }

    /// As in `[notifier.NAME]`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    #[must_use]
    pub fn carries(&self, channel: NotifierChannel) -> bool {
        self.notifier.carries(channel)
    }

    /// Who wants to know what became of each message. Said once, at start.
    pub fn when_over(&self, listener: impl Fn(DeliveryOutcome) + Send + Sync + 'static) {
        let _ = self.state.listener.set(Listener(Box::new(listener)));
    }

    /// Hands over a message and does not wait.
    ///
    /// # Errors
    /// [`NotTaken`]: as many messages wait as may; tell the person to choose another way.
    pub fn try_post(&self, message: Message) -> Result<(), NotTaken> {
        let posted = Posted {
            message,
            at: self.state.clock.now(),
            counted: Pending::new(self.state.clone()),
        };
        self.queue.try_send(posted).map_err(|refused| {
            refused.into_inner().counted.outcome = DeliveryOutcome::Dropped;
            NotTaken
        })
    }

    /// Whether the last messages got through, or it is time to try again.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        let health = self.state.health.lock().unwrap_or_else(PoisonError::into_inner);
        health.given_up_in_a_row < OUT_OF_ORDER_AFTER
            || self.state.clock.now() >= health.last_given_up.after(health.out_of_order_for())
    }

    /// Messages that are waiting or on their way.
    #[must_use]
    pub fn pending(&self) -> usize {
        *self.state.pending.borrow()
    }

    /// Waits until every message that was posted is delivered or given up.
    pub async fn settled(&self) {
        // The sender lives as long as `self`, so that waiting cannot fail.
        let _ = self.state.pending.subscribe().wait_for(|pending| *pending == 0).await;
    }
}

/// Counts one message as pending for as long as it lives, also where its task dies, and tells then what
/// became of it.
#[derive(Debug)]
struct Pending {
    state: Arc<State>,
    outcome: DeliveryOutcome,
}

impl Pending {
    fn new(state: Arc<State>) -> Self {
        state.pending.send_modify(|pending| *pending = pending.saturating_add(1));
        // Until it is known better: a task that dies has not sent it.
        Self { state, outcome: DeliveryOutcome::Failed }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if let Some(Listener(tell)) = self.state.listener.get() {
            tell(self.outcome);
        }
        self.state.pending.send_modify(|pending| *pending = pending.saturating_sub(1));
    }
}

struct Worker {
    notifier: Arc<dyn Notifier>,
    limits: OutboxLimits,
    state: Arc<State>,
}

impl Worker {
    async fn run(self: Arc<Self>, mut posted: mpsc::Receiver<Posted>) {
        let hands = Arc::new(Semaphore::new(self.limits.at_once.max(1)));
        while let Some(posted) = posted.recv().await {
            let Ok(hand) = hands.clone().acquire_owned().await else { return };
            let worker = self.clone();
            tokio::spawn(async move {
                let Posted { message, at, mut counted } = posted;
                counted.outcome = worker.deliver(&message, at).await;
                drop((counted, hand));
            });
        }
    }

    async fn deliver(&self, message: &Message, at: Timestamp) -> DeliveryOutcome {
        let mut pauses = self.limits.pauses.iter();
        loop {
            if self.state.clock.now().since(at) > self.limits.useful_for {
                self.give_up(message, "it waited for too long");
                return DeliveryOutcome::Dropped;
            }
            match self.deliver_once(message).await {
                Ok(()) => {
                    self.state.delivered();
                    return DeliveryOutcome::Sent;
                }
                Err(refused @ DeliveryError::Refused(_)) => {
                    // Says nothing of the notifier: another recipient may be fine.
                    self.report(message, &cause_of(&refused));
                    return DeliveryOutcome::Failed;
                }
                Err(unreachable @ DeliveryError::Unreachable(_)) => {
                    let Some(pause) = pauses.next() else {
                        self.give_up(message, &cause_of(&unreachable));
                        return DeliveryOutcome::Failed;
                    };
                    tokio::time::sleep(*pause).await;
                }
            }
        }
    }

    async fn deliver_once(&self, message: &Message) -> Result<(), DeliveryError> {
        tokio::time::timeout(self.limits.patience, self.notifier.deliver(message))
            .await
            .unwrap_or_else(|elapsed| Err(DeliveryError::Unreachable(elapsed.into())))
    }

    fn give_up(&self, message: &Message, cause: &str) {
        self.state.given_up();
        self.report(message, cause);
    }

    /// The cause may repeat the recipient, as mail servers do; the log does not.
    fn report(&self, message: &Message, cause: &str) {
        tracing::warn!(
            notifier = self.notifier.name(),
            kind = ?message.kind,
            cause = cause.replace(&message.to, "***"),
            "a message was not delivered"
        );
    }
}

impl State {
    fn delivered(&self) {
        let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        health.given_up_in_a_row = 0;
    }

    fn given_up(&self) {
        let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        health.given_up_in_a_row = health.given_up_in_a_row.saturating_add(1);
        health.last_given_up = self.clock.now();
    }
}

/// An error with what caused it, as one line.
fn cause_of(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        line = format!("{line}: {cause}");
        next = cause.source();
    }
    line
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use async_trait::async_trait;

    use super::*;
    use crate::clock::ManualClock;
    use crate::notify::MessageKind;

    /// A fake notifier: answers as it is told, then succeeds; may be made to wait.
    #[derive(Debug)]
    struct Scripted {
        answers: Mutex<VecDeque<Result<(), DeliveryError>>>,
        tries: Mutex<Vec<String>>,
        gate: Semaphore,
    }

    impl Scripted {
        fn new(answers: Vec<Result<(), DeliveryError>>) -> Arc<Self> {
            Arc::new(Self {
                answers: Mutex::new(answers.into()),
                tries: Mutex::default(),
                gate: Semaphore::new(1),
            })
        }

        fn tries(&self) -> usize {
            self.tries.lock().unwrap().len()
        }
    }

    #[async_trait]
    impl Notifier for Scripted {
        fn name(&self) -> &'static str {
            "scripted"
        }

        fn carries(&self, _: NotifierChannel) -> bool {
            true
        }

        async fn deliver(&self, message: &Message) -> Result<(), DeliveryError> {
            let _permit = self.gate.acquire().await.unwrap();
            self.tries.lock().unwrap().push(message.text.clone());
            self.answers.lock().unwrap().pop_front().unwrap_or(Ok(()))
        }
    }

    fn unreachable() -> Result<(), DeliveryError> {
        Err(DeliveryError::Unreachable("nobody is there".into()))
    }

    fn refused() -> Result<(), DeliveryError> {
        Err(DeliveryError::Refused("no such mailbox".into()))
    }

    fn message() -> Message {
        Message {
            channel: NotifierChannel::Email,
            to: "anna@example.org".into(),
            subject: Some("Hello".into()),
            text: "123456".into(),
            kind: MessageKind::Code,
        }
    }

    fn outbox(notifier: &Arc<Scripted>, capacity: usize) -> (Outbox, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::at(Timestamp::from_secs(1000)));
        let limits = OutboxLimits {
            capacity,
            at_once: 1,
            pauses: vec![Duration::ZERO; 2],
            ..OutboxLimits::default()
        };
        (Outbox::start(notifier.clone(), clock.clone(), limits), clock)
    }

    #[tokio::test]
    async fn a_message_is_tried_three_times_and_one_that_is_refused_once() {
        for (answers, tries) in [
            (vec![Ok(())], 1),
            (vec![unreachable(), unreachable(), Ok(())], 3),
            (vec![unreachable(), unreachable(), unreachable(), unreachable()], 3),
            (vec![refused()], 1),
        ] {
            let notifier = Scripted::new(answers);
            let (outbox, _) = outbox(&notifier, 8);
            outbox.try_post(message()).unwrap();
            outbox.settled().await;
            assert_eq!(notifier.tries(), tries);
        }
    }

    #[tokio::test]
    async fn a_full_outbox_refuses_at_once_and_delivers_what_it_took() {
        let notifier = Scripted::new(vec![]);
        let closed = notifier.gate.acquire().await.unwrap();
        let (outbox, _) = outbox(&notifier, 4);
        let taken = (0..20).filter(|_| outbox.try_post(message()).is_ok()).count();
        assert_eq!((taken, outbox.pending()), (4, 4));
        assert_eq!(outbox.try_post(message()), Err(NotTaken));
        drop(closed);
        outbox.settled().await;
        assert_eq!(notifier.tries(), 4);
    }

    #[tokio::test]
    async fn a_notifier_that_fails_twice_in_a_row_is_out_of_order_for_half_a_minute() {
        let notifier = Scripted::new((0..6).map(|_| unreachable()).collect());
        let (outbox, clock) = outbox(&notifier, 8);
        for is_healthy_after in [true, false] {
            outbox.try_post(message()).unwrap();
            outbox.settled().await;
            assert_eq!(outbox.is_healthy(), is_healthy_after);
        }
        clock.advance(Duration::from_secs(29));
        assert!(!outbox.is_healthy());
        clock.advance(Duration::from_secs(1));
        assert!(outbox.is_healthy());
        outbox.try_post(message()).unwrap();
        outbox.settled().await;
        clock.advance(Duration::from_secs(1));
        assert!(outbox.is_healthy());
    }

    #[tokio::test]
    async fn each_further_failure_makes_the_wait_twice_as_long_up_to_five_minutes() {
        let notifier = Scripted::new((0..40).map(|_| unreachable()).collect());
        let (outbox, clock) = outbox(&notifier, 8);
        let mut waits = Vec::new();
        for _ in 0..8 {
            outbox.try_post(message()).unwrap();
            outbox.settled().await;
            let mut secs = 0;
            while !outbox.is_healthy() {
                clock.advance(Duration::from_secs(1));
                secs += 1;
            }
            waits.push(secs);
        }
        assert_eq!(waits, [0, 30, 60, 120, 240, 300, 300, 300]);
        notifier.answers.lock().unwrap().clear();
        outbox.try_post(message()).unwrap();
        outbox.settled().await;
        outbox.try_post(message()).unwrap();
        outbox.settled().await;
        assert!(outbox.is_healthy());
    }

    #[tokio::test]
    async fn recipients_that_are_refused_do_not_put_a_notifier_out_of_order() {
        let notifier = Scripted::new((0..9).map(|_| refused()).collect());
        let (outbox, _) = outbox(&notifier, 16);
        for _ in 0..9 {
            outbox.try_post(message()).unwrap();
        }
        outbox.settled().await;
        assert!(outbox.is_healthy());
    }

    #[tokio::test]
    async fn a_code_that_would_have_expired_is_not_delivered() {
        let notifier = Scripted::new(vec![]);
        let closed = notifier.gate.acquire().await.unwrap();
        let (outbox, clock) = outbox(&notifier, 8);
        outbox.try_post(message()).unwrap();
        while outbox.queue.capacity() < 8 {
            tokio::task::yield_now().await;
        }
        tokio::task::yield_now().await;
        // The first is under way; the second waits behind it until it is too old.
        outbox.try_post(message()).unwrap();
        clock.advance(Duration::from_secs(601));
        drop(closed);
        outbox.settled().await;
        assert_eq!(notifier.tries(), 1);
    }

    #[tokio::test]
    async fn each_message_is_told_of_once_as_sent_failed_or_dropped() {
        use DeliveryOutcome::{Dropped, Failed, Sent};
        let told = Arc::new(Mutex::new(Vec::new()));
        let notifier =
            Scripted::new(vec![Ok(()), refused(), unreachable(), unreachable(), unreachable()]);
        let (outbox, clock) = outbox(&notifier, 1);
        let tell = told.clone();
        outbox.when_over(move |outcome| tell.lock().unwrap().push(outcome));
        for _ in 0..3 {
            outbox.try_post(message()).unwrap();
            outbox.settled().await;
        }
        assert_eq!(*told.lock().unwrap(), [Sent, Failed, Failed]);
        outbox.try_post(message()).unwrap();
        assert_eq!(outbox.try_post(message()), Err(NotTaken));
        assert_eq!(told.lock().unwrap()[3..], [Dropped], "no room");
        clock.advance(Duration::from_secs(601));
        outbox.settled().await;
        assert_eq!(told.lock().unwrap()[3..], [Dropped, Dropped], "too late");
    }

    #[test]
    fn a_message_that_is_printed_shows_neither_text_nor_recipient() {
        let printed = format!("{:?}", message());
        assert!(!printed.contains("123456") && !printed.contains("anna"), "{printed}");
    }
}
