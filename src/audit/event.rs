//! What an audit line says, as typed fields. Not here: when a line is written, and where to.
//!
//! No field takes a name, an address of a person or free text: persons are named by user id, so that
//! one can be deleted, and reasons are words of the program. That is what keeps secrets out.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::net::IpAddr;

use serde::Serialize;

use crate::accounts::UserId;
use crate::points::{Method, Role, Timestamp};

/// Values longer than this many characters are cut.
const LONGEST_VALUE: usize = 256;

macro_rules! event_names {
    ($($(#[$doc:meta])* $variant:ident = $name:literal),+ $(,)?) => {
        /// What happened.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub enum EventName {
            $($(#[$doc])* $variant),+
        }

        impl EventName {
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The name in the file.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name),+
                }
            }
        }
    };
}

event_names! {
    SignInSucceeded = "sign_in.succeeded",
    SignInFailed = "sign_in.failed",
    /// One method of a sign-in was completed.
    MethodOk = "sign_in.method_ok",
    MethodFailed = "sign_in.method_failed",
    StepUpSucceeded = "step_up.succeeded",
    SignOut = "sign_out",
    SessionRevoked = "session.revoked",
    AccessDenied = "access.denied",
    CodeSent = "code.sent",
    CodeUndeliverable = "code.undeliverable",
    CodeThrottled = "code.throttled",
    /// 80 % of what text messages may cost in a day or month is spent.
    BudgetWarning = "budget.warning",
    /// All of it: no more text messages until the day or month is over.
    BudgetSpent = "budget.spent",
    MethodAdded = "method.added",
    MethodRemoved = "method.removed",
    /// It is good until its time has come.
    MethodRemovalPlanned = "method.removal_planned",
    MethodRemovalCancelled = "method.removal_cancelled",
    /// Made anew, as recovery codes are.
    MethodRenewed = "method.renewed",
    /// An administrator put another address in the place of a user's.
    ContactChanged = "contact.changed",
    PasswordChanged = "password.changed",
    /// With a link to a mailbox: it lives there for a while.
    PasswordReset = "password.reset",
    UserCreated = "user.created",
    UserEnabled = "user.enabled",
    UserDisabled = "user.disabled",
    UserDeleted = "user.deleted",
    UserUnlocked = "user.unlocked",
    /// A one-time link was made: whoever has it can set the account up.
    LinkCreated = "link.created",
    RoleGranted = "role.granted",
    RoleRevoked = "role.revoked",
    KeysRotated = "keys.rotated",
    /// A directory's settings were saved in the administrators' portal, or gone back to.
    PolicyChanged = "policy.changed",
    /// They were kept as a draft: nothing changes, and nothing is judged by them.
    PolicyReportOnly = "policy.report_only",
    PolicyScheduled = "policy.scheduled",
    /// A scheduled change began.
    PolicyStarted = "policy.started",
    PolicyConfirmed = "policy.confirmed",
    /// Nobody confirmed it in time, it was called off, or it could not start.
    PolicyReverted = "policy.reverted",
    ConfigLoaded = "config.loaded",
    ConfigRejected = "config.rejected",
    RecoverUsed = "recover.used",
    RequestRefused = "request.refused",
    /// Somebody came to the control socket who may not.
    ControlDenied = "control.denied",
    /// The audit itself: this many refusals were counted instead of written.
    AuditSampled = "audit.sampled",
    /// The audit itself: this many events did not fit into the queue.
    AuditDropped = "audit.dropped",
    /// The audit itself: an unfinished last line was moved aside.
    AuditTorn = "audit.torn",
}

impl EventName {
    pub(super) const fn index(self) -> usize {
        self as usize
    }
}

/// Who did it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Actor {
    /// A person with a browser.
    User(UserId),
    /// A command on this machine, run by this system user.
    Command { uid: u32 },
    /// The gateway itself.
    Gateway,
}

/// How it ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    Success,
    Failure,
    Denied,
}

/// One event, to be recorded. Made with [`Event::new`] and filled by its builders:
///
/// ```
/// # use scoregate::{accounts::UserId, audit::{Event, EventName}, points::Timestamp};
/// # let (user, now) = (UserId("u1".into()), Timestamp::EPOCH);
/// let event = Event::new(EventName::SignInFailed, now).target(&user).route("portal").reason("wrong");
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use = "an event is recorded by `Audit::record`"]
pub struct Event {
    pub(super) name: EventName,
    pub(super) at: Timestamp,
    pub(super) fields: Fields,
}

#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub(super) struct Fields {
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<ActorField>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    directory: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    route: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<Outcome>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<Roles>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<Roles>,
}

#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
struct ActorField {
    kind: &'static str,
    id: String,
}

#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
struct Roles {
    roles: Vec<String>,
}

impl Event {
    pub fn new(name: EventName, at: Timestamp) -> Self {
        Self { name, at, fields: Fields::default() }
    }

    #[must_use]
    pub const fn name(&self) -> EventName {
        self.name
    }

    /// Who did it. Left out where it is the target.
    pub fn actor(mut self, actor: &Actor) -> Self {
        self.fields.actor = Some(match actor {
            Actor::User(user) => ActorField { kind: "user", id: value(&user.0) },
            Actor::Command { uid } => ActorField { kind: "cli", id: uid.to_string() },
            Actor::Gateway => ActorField { kind: "gateway", id: "gateway".to_owned() },
        });
        self
    }

    /// Whom it is about.
    pub fn target(mut self, user: &UserId) -> Self {
        self.fields.target = Some(value(&user.0));
        self
    }

    pub fn directory(mut self, name: &str) -> Self {
        self.fields.directory = Some(value(name));
        self
    }

    /// The name of a route, never a path.
    pub fn route(mut self, name: &str) -> Self {
        self.fields.route = Some(value(name));
        self
    }

    /// The name of a rule; `None` leaves it out.
    pub fn rule(mut self, name: Option<&str>) -> Self {
        self.fields.rule = name.map(value);
        self
    }

    pub fn method(mut self, method: Method) -> Self {
        self.fields.method = Some(method.name());
        self
    }

    /// The client's address; `None` leaves it out.
    pub fn source(mut self, address: Option<IpAddr>) -> Self {
        self.fields.source = address;
        self
    }

    /// The beginning of the hash of the session's name, as of
    /// [`Present::short_name`](crate::sessions::Present::short_name).
    pub fn session(mut self, short_hash: &str) -> Self {
        self.fields.session = Some(value(short_hash));
        self
    }

    /// The reference on the page that the person saw.
    pub fn reference(mut self, reference: impl Display) -> Self {
        self.fields.reference = Some(value(&reference.to_string()));
        self
    }

    /// The revision of the settings that were in force.
    pub fn revision(mut self, revision: u64) -> Self {
        self.fields.revision = Some(revision);
        self
    }

    pub fn outcome(mut self, outcome: Outcome) -> Self {
        self.fields.outcome = Some(outcome);
        self
    }

    /// Refusals, and tries that were not even looked at, cost nothing to make: only these are ever
    /// sampled, so that nobody can drown the rest in them.
    pub(super) fn comes_in_floods(&self) -> bool {
        match self.name() {
            EventName::AccessDenied | EventName::RequestRefused => true,
            EventName::SignInFailed | EventName::MethodFailed => {
                self.fields.reason == Some("throttled")
            }
            _ => false,
        }
    }

    /// A word of the program: never what somebody typed.
    pub fn reason(mut self, word: &'static str) -> Self {
        self.fields.reason = Some(word);
        self
    }

    pub fn count(mut self, count: u64) -> Self {
        self.fields.count = Some(count);
        self
    }

    /// A change of roles.
    pub fn roles(mut self, before: &BTreeSet<Role>, after: &BTreeSet<Role>) -> Self {
        let names = |roles: &BTreeSet<Role>| Roles {
            roles: roles.iter().take(64).map(|role| value(role)).collect(),
        };
        (self.fields.before, self.fields.after) = (Some(names(before)), Some(names(after)));
        self
    }
}

/// A value as it is written: cut, and with what a terminal or an editor would act on spelt out. JSON
/// escapes the rest.
fn value(text: &str) -> String {
    let mut written = String::with_capacity(text.len().min(LONGEST_VALUE));
    for c in text.chars().take(LONGEST_VALUE) {
        if acts_on_a_terminal(c) {
            written.extend(c.escape_unicode());
        } else {
            written.push(c);
        }
    }
    written
}

/// Controls, line separators, and the characters that turn the direction of writing.
const fn acts_on_a_terminal(c: char) -> bool {
    matches!(c, '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_act_on_the_terminal_that_shows_it() {
        for nasty in ["a\r\nb", "\u{1b}[2J", "\u{9b}31m", "\u{202e}gnp", "\0", "\u{2028}"] {
            let event = Event::new(EventName::SignOut, Timestamp::EPOCH).route(nasty);
            let json = serde_json::to_string(&event.fields).unwrap();
            assert!(json.chars().all(|c| !acts_on_a_terminal(c)), "{nasty:?} gave {json}");
        }
        let long = "x".repeat(10_000);
        let event = Event::new(EventName::SignOut, Timestamp::EPOCH).route(&long);
        assert_eq!(event.fields.route.unwrap().len(), LONGEST_VALUE);
    }

    #[test]
    fn every_event_has_a_name_of_its_own() {
        let names: BTreeSet<_> = EventName::ALL.iter().map(|event| event.name()).collect();
        assert_eq!(names.len(), EventName::ALL.len());
        for (index, event) in EventName::ALL.iter().enumerate() {
            assert_eq!(event.index(), index);
        }
    }
}
