//! What happened on a journey, for the audit and for the counters, side by side so that neither is
//! forgotten. Not here: deciding anything.

use super::{Journey, Visit};
use crate::accounts::Account;
use crate::audit::{Event, EventName};
use crate::methods::Rejection;
use crate::observe::MethodOutcome;
use crate::points::{Method, Standing, weigh};

impl Journey {
    /// A method was completed.
    pub(super) fn proven(&self, visit: &Visit<'_>, account: &Account, method: Method) {
        self.metrics.attempted(&visit.arrival.route.directory, method, MethodOutcome::Ok);
        let event = self.event(visit, EventName::MethodOk, Some(account));
        self.audit.record(event.method(method));
    }

    /// An answer proved nothing.
    pub(super) fn rejected(
        &self,
        visit: &Visit<'_>,
        account: Option<&Account>,
        method: Method,
        rejection: Rejection,
    ) {
        self.metrics.attempted(&visit.arrival.route.directory, method, outcome(rejection));
        if matches!(rejection, Rejection::Throttled { .. }) {
            self.metrics.throttled("tries");
        }
        let is_first = visit.arrival.session.is_none();
        let name = if is_first { EventName::SignInFailed } else { EventName::MethodFailed };
        let event = self.event(visit, name, account).method(method).reason(reason(rejection));
        self.audit.record(event);
    }

    /// A challenge was made, or could not be.
    pub(super) fn asked(
        &self,
        visit: &Visit<'_>,
        account: &Account,
        method: Method,
        name: EventName,
    ) {
        let directory = &visit.arrival.route.directory;
        match name {
            EventName::CodeThrottled => self.metrics.throttled("sends"),
            EventName::CodeUndeliverable => {
                self.metrics.attempted(directory, method, MethodOutcome::Undeliverable);
            }
            _ => self.metrics.challenge_shown(directory, method),
        }
        self.audit.record(self.event(visit, name, Some(account)).method(method));
    }

    /// Enough was shown for the place that the person is going to.
    pub(super) fn arrived(&self, visit: &Visit<'_>, is_step_up: bool) {
        let arrival = visit.arrival;
        let (Some(session), Some(settings)) = (&arrival.session, arrival.settings()) else {
            return;
        };
        let evidence = session.evidence();
        let weighing = weigh(&arrival.requirement, &evidence, settings, arrival.now);
        let counted = evidence
            .proofs
            .iter()
            .zip(&weighing.standings)
            .filter(|(_, standing)| matches!(standing, Standing::Counted(_)))
            .map(|(proof, _)| proof.method)
            .collect();
        let result = if is_step_up { "step_up" } else { "ok" };
        self.metrics.signed_in(&arrival.route.directory, counted, result);
        let name = if is_step_up { EventName::StepUpSucceeded } else { EventName::SignInSucceeded };
        self.audit.record(self.event(visit, name, Some(session.account())));
    }

    /// Something about a method of an account was changed.
    pub(super) fn record_method(
        &self,
        visit: &Visit<'_>,
        name: EventName,
        account: &Account,
        method: Method,
    ) {
        self.audit.record(self.event(visit, name, Some(account)).method(method));
    }

    pub(super) fn record(
        &self,
        visit: &Visit<'_>,
        name: EventName,
        account: Option<&Account>,
        reason: Option<&'static str>,
    ) {
        let event = self.event(visit, name, account);
        self.audit.record(match reason {
            Some(reason) => event.reason(reason),
            None => event,
        });
    }

    fn event(&self, visit: &Visit<'_>, name: EventName, account: Option<&Account>) -> Event {
        let arrival = visit.arrival;
        let mut event = Event::new(name, arrival.now)
            .directory(&arrival.route.directory)
            .route(&arrival.route.name)
            .source(arrival.address)
            .reference(visit.reference)
            .revision(arrival.snapshot.revision);
        if let Some(account) = account {
            event = event.target(&account.user.id);
        }
        if let Some(session) = &arrival.session {
            event = event.session(&session.short_name());
        }
        event
    }
}

const fn outcome(rejection: Rejection) -> MethodOutcome {
    match rejection {
        Rejection::Wrong { .. }
        | Rejection::Empty
        | Rejection::NotAnAnswer
        | Rejection::UsedAlready
        | Rejection::ClockOff => MethodOutcome::Wrong,
        Rejection::Expired => MethodOutcome::Expired,
        Rejection::Throttled { .. } => MethodOutcome::Throttled,
    }
}

/// For the audit.
const fn reason(rejection: Rejection) -> &'static str {
    match rejection {
        Rejection::Wrong { .. } => "wrong",
        Rejection::Empty => "empty",
        Rejection::NotAnAnswer => "not_an_answer",
        Rejection::Expired => "expired",
        Rejection::UsedAlready => "used_already",
        Rejection::ClockOff => "clock_off",
        Rejection::Throttled { .. } => "throttled",
    }
}
