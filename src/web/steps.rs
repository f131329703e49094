//! The pages between the first step and the last: choose, code, wait, stuck, denied. Each asks the
//! journey where it stands and shows that, whatever the address says. Not here: who decides.

use std::time::Duration;

use axum::extract::{Path, State};

use super::Portal;
use super::answer::{Answer, Kind};
use super::caller::Caller;
use super::pages::{
    AppCode, Blocked, Choice, Choose, CodeState, Confirm, ConfirmReason, Counting, Denied,
    DeniedReason, PasswordAgain, Recovered, RecoveryPage, Refusal, SentCode, SignInState, Stuck,
    Wait, WindowDone,
};
use super::router::{Posted, refused};
use crate::accounts::ContactKind;
use crate::config::ShowPoints;
use crate::journey::{self, JourneyError, Notice, Place, Step, Turn, Visit};
use crate::points::{Forbidden, Method, Standing, Timestamp, weigh};

/// `GET next` and `GET confirm`: what there is to choose from.
pub(super) async fn show(State(portal): State<Portal>, caller: Caller) -> Answer {
    match portal.journey.step(&caller.arrival, &caller.transaction) {
        Step::Choose(choice) if caller.transaction.is_step_up => confirm(&portal, &caller, &choice),
        Step::Choose(choice) => {
            let html = Choose {
                frame: caller.frame_with_person(&portal, false),
                hidden: caller.hidden(),
                done: done(&portal, &caller),
                choices: choices(&portal, &caller, &choice),
                counting: counting(&caller, &choice),
                recovery_left: match caller.transaction.notice {
                    Some(Notice::RecoveryLeft(left)) => Some(left),
                    _ => None,
                },
            }
            .render();
            caller.page(Kind::Page, html)
        }
        step => elsewhere(&caller, &step),
    }
}

fn confirm(portal: &Portal, caller: &Caller, choice: &journey::Choice) -> Answer {
    let html = Confirm {
        frame: caller.frame_with_person(portal, true),
        hidden: caller.hidden(),
        reason: reason(caller, choice, &portal.journey),
        choices: choices(portal, caller, choice),
        counting: counting(caller, choice),
        cancel: cancel(caller),
    }
    .render();
    caller.page(Kind::Page, html)
}

/// Out of a change, back to the account; everywhere else to the portal.
fn cancel(caller: &Caller) -> String {
    let is_change = caller.transaction.change.is_some();
    if is_change { "/.scoregate/me".to_owned() } else { "/".to_owned() }
}

/// The operator's words, or else what is missing.
fn reason(caller: &Caller, choice: &journey::Choice, journey: &journey::Journey) -> ConfirmReason {
    if caller.transaction.change.is_some() {
        return ConfirmReason::Change;
    }
    let wanted = journey.wanted(&caller.arrival, &caller.transaction);
    let minutes = |span: Duration| u32::try_from(span.as_secs().div_ceil(60)).unwrap_or(u32::MAX);
    let explained = wanted
        .explain
        .get(caller.language.code())
        .or_else(|| wanted.explain.values().next())
        .cloned();
    match (explained, wanted.requirement.fresh_within, wanted.requirement.max_age) {
        (Some(words), _, _) => ConfirmReason::Explained(words),
        (None, Some(span), _) if choice.shortfall.stale => {
            ConfirmReason::Older { minutes: minutes(span) }
        }
        (None, _, Some(span)) => ConfirmReason::Older { minutes: minutes(span) },
        (None, _, None) => ConfirmReason::Level,
    }
}

/// Where the journey stands, where that is not the page that was asked for.
pub(super) fn elsewhere(caller: &Caller, step: &Step) -> Answer {
    let place = match step {
        Step::SignIn => Place::SignIn,
        Step::Choose(_) => Place::Next,
        Step::Stuck(_) => Place::Stuck,
        Step::Denied(_) => Place::Denied,
        Step::Done => Place::Return,
    };
    caller.follow(&Turn {
        place,
        transaction: caller.transaction.clone(),
        name: None,
        knows_browser: false,
        remembered: None,
    })
}

/// The methods that count already where the person is going, each once.
pub(super) fn done(portal: &Portal, caller: &Caller) -> Vec<Method> {
    let arrival = &caller.arrival;
    let (Some(session), Some(settings)) = (&arrival.session, arrival.settings()) else {
        return Vec::new();
    };
    let evidence = session.evidence();
    let wanted = portal.journey.wanted(arrival, &caller.transaction);
    let weighing = weigh(&wanted.requirement, &evidence, settings, arrival.now);
    let mut done = Vec::new();
    for (proof, standing) in evidence.proofs.iter().zip(&weighing.standings) {
        if matches!(standing, Standing::Counted(_)) && !done.contains(&proof.method) {
            done.push(proof.method);
        }
    }
    done
}

fn counting(caller: &Caller, choice: &journey::Choice) -> Counting {
    match caller.arrival.snapshot.config.ui.show_points {
        ShowPoints::Never => Counting::Never,
        ShowPoints::Steps => Counting::Steps,
        ShowPoints::Numbers => Counting::Numbers {
            have: choice.shortfall.have.value(),
            need: choice.shortfall.need.value(),
        },
    }
}

/// One row a method: those that lead on, then those that would if their messages got through.
fn choices(portal: &Portal, caller: &Caller, choice: &journey::Choice) -> Vec<Choice> {
    let row = |method: Method, then: Vec<Method>, blocked| Choice {
        method,
        then,
        target: target(caller, method),
        points: caller.arrival.settings().map_or(0, |all| all.policy(method).points.value()),
        is_used_last: false,
        blocked,
    };
    let mut rows: Vec<Choice> = choice
        .methods()
        .into_iter()
        .map(|method| row(method, choice.after(method), None))
        .collect();
    for method in portal.journey.undeliverable(&caller.arrival, choice) {
        rows.push(row(method, Vec::new(), Some(Blocked::Delivery)));
    }
    rows
}

/// Where a code would go, told to somebody who has shown one proof already.
fn target(caller: &Caller, method: Method) -> Option<String> {
    let kind = match method {
        Method::Email => ContactKind::Email,
        Method::Sms => ContactKind::Phone,
        Method::Passkey
        | Method::Password
        | Method::Totp
        | Method::SecurityKey
        | Method::RecoveryCode
        | Method::RememberedDevice
        | Method::Token => return None,
    };
    let contact = caller.account()?.contact(kind)?;
    Some(match kind {
        ContactKind::Email => masked_email(&contact.address),
        ContactKind::Phone => masked_phone(&contact.address),
    })
}

/// `a•••@e•••.org`: the same length for every address.
fn masked_email(address: &str) -> String {
    let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
    let (name, top) = domain.rsplit_once('.').unwrap_or((domain, ""));
    let first = |text: &str| text.chars().next().map(String::from).unwrap_or_default();
    format!("{}•••@{}•••.{top}", first(local), first(name))
}

/// The last two digits.
fn masked_phone(number: &str) -> String {
    number.get(number.len().saturating_sub(2)..).unwrap_or_default().to_owned()
}

/// `POST next`: a method was chosen.
pub(super) async fn submit(State(portal): State<Portal>, posted: Posted) -> Answer {
    let Posted { caller, form } = posted;
    let transaction = caller.transaction.clone();
    let Ok(method) = form.field("method").parse::<Method>() else {
        return caller.to("next", &transaction.with_notice(None));
    };
    let turn = portal.journey.choose(&caller.visit(), transaction, method, false).await;
    followed(&portal, &caller, turn)
}

/// `POST code/{method}/resend`.
pub(super) async fn resend(
    State(portal): State<Portal>,
    Path(method): Path<String>,
    posted: Posted,
) -> Answer {
    let caller = posted.caller;
    let Ok(method) = method.parse::<Method>() else {
        return refused(&portal, &caller, Kind::NotFound, Refusal::NotFound);
    };
    let transaction = caller.transaction.clone();
    let turn = portal.journey.choose(&caller.visit(), transaction, method, true).await;
    followed(&portal, &caller, turn)
}

/// `GET code/{method}`.
pub(super) async fn show_code(
    State(portal): State<Portal>,
    Path(method): Path<String>,
    caller: Caller,
) -> Answer {
    let Some(method) = method_at(&method) else {
        return refused(&portal, &caller, Kind::NotFound, Refusal::NotFound);
    };
    if let Some(answer) = recovered(&portal, &caller, method) {
        return answer;
    }
    let choice = match portal.journey.step(&caller.arrival, &caller.transaction) {
        Step::Choose(choice) if choice.methods().contains(&method) => choice,
        step => return elsewhere(&caller, &step),
    };
    match method {
        Method::Password => again(&portal, &caller, Kind::Page),
        Method::Totp => app(&portal, &caller, &choice),
        Method::RecoveryCode => recovery(&portal, &caller, &choice),
        Method::Email | Method::Sms => sent(&portal, &caller, method, &choice),
        Method::Passkey | Method::SecurityKey => caller.follow(&Turn {
            place: Place::Code(method),
            transaction: caller.transaction.clone(),
            name: None,
            knows_browser: false,
            remembered: None,
        }),
        Method::RememberedDevice | Method::Token => {
            refused(&portal, &caller, Kind::NotFound, Refusal::NotFound)
        }
    }
}

fn again(portal: &Portal, caller: &Caller, kind: Kind) -> Answer {
    let state = match &caller.transaction.notice {
        _ if kind != Kind::Page => SignInState::Busy,
        None => SignInState::First,
        Some(Notice::Empty) => SignInState::PasswordEmpty,
        Some(Notice::Throttled(until)) => {
            SignInState::Throttled { until: Timestamp::from_millis(*until) }
        }
        Some(_) => SignInState::Wrong,
    };
    let html = PasswordAgain {
        frame: caller.frame_with_person(portal, caller.transaction.is_step_up),
        hidden: caller.hidden(),
        username: caller.account().map(|one| one.user.name.to_string()).unwrap_or_default(),
        state,
    }
    .render();
    caller.page(kind, html)
}

fn app(portal: &Portal, caller: &Caller, choice: &journey::Choice) -> Answer {
    let brand = &caller.arrival.snapshot.config.ui.brand;
    let name = caller.account().map(|one| one.user.name.to_string()).unwrap_or_default();
    let html = AppCode {
        frame: caller.frame_with_person(portal, caller.transaction.is_step_up),
        hidden: caller.hidden(),
        done: done(portal, caller),
        entry: format!("{brand} ({name})"),
        remember_days: remember_days(portal, caller, Method::Totp),
        state: code_state(&caller.transaction.notice),
        has_other_ways: choice.methods().len() > 1,
    }
    .render();
    caller.page(Kind::Page, html)
}

/// For how many days this device can be remembered with this step.
fn remember_days(portal: &Portal, caller: &Caller, method: Method) -> Option<u32> {
    let wanted = portal.journey.wanted(&caller.arrival, &caller.transaction);
    let lasts = portal.journey.remembers(&caller.arrival, &wanted.requirement, method)?;
    u32::try_from(lasts.as_secs() / 86_400).ok().filter(|days| *days > 0)
}

fn recovery(portal: &Portal, caller: &Caller, choice: &journey::Choice) -> Answer {
    let html = RecoveryPage {
        frame: caller.frame_with_person(portal, caller.transaction.is_step_up),
        hidden: caller.hidden(),
        done: done(portal, caller),
        state: code_state(&caller.transaction.notice),
        has_other_ways: choice.methods().len() > 1,
    }
    .render();
    caller.page(Kind::Page, html)
}

/// After a recovery code that was enough: how many are left, before the person goes on.
fn recovered(portal: &Portal, caller: &Caller, method: Method) -> Option<Answer> {
    let Some(Notice::RecoveryLeft(left)) = caller.transaction.notice else { return None };
    let step = portal.journey.step(&caller.arrival, &caller.transaction);
    if method != Method::RecoveryCode || !matches!(step, Step::Done) {
        return None;
    }
    let frame = caller.frame_with_person(portal, true);
    let go_on = caller.onward(&caller.transaction);
    Some(caller.page(Kind::Page, Recovered { frame, left, go_on }.render()))
}

/// The method that an address names; the recovery code has a shorter name there.
fn method_at(name: &str) -> Option<Method> {
    if name == "recovery" { Some(Method::RecoveryCode) } else { name.parse().ok() }
}

fn sent(portal: &Portal, caller: &Caller, method: Method, choice: &journey::Choice) -> Answer {
    // Nothing was sent in this journey: the address was typed, or is an old one.
    if caller.transaction.sent.as_deref() != Some(method.name()) {
        return caller.to("next", &caller.transaction.clone().with_notice(None));
    }
    let lifetime = caller.arrival.snapshot.config.limits.code_ttl;
    let html = SentCode {
        frame: caller.frame_with_person(portal, caller.transaction.is_step_up),
        hidden: caller.hidden(),
        done: done(portal, caller),
        method,
        target: target(caller, method).unwrap_or_default(),
        remember_days: remember_days(portal, caller, method),
        minutes: u32::try_from(lifetime.as_secs() / 60).unwrap_or(u32::MAX),
        state: code_state(&caller.transaction.notice),
        resend_at: caller.transaction.resend_at,
        has_other_ways: choice.methods().len() > 1,
    }
    .render();
    caller.page(Kind::Page, html)
}

const fn code_state(notice: &Option<Notice>) -> CodeState {
    match notice {
        None
        | Some(
            Notice::Throttled(_)
            | Notice::Busy
            | Notice::PasskeyWrong
            | Notice::PasskeyLate
            | Notice::PasskeyUnknown(_)
            | Notice::PasskeyOfAnother
            | Notice::Password(_)
            | Notice::RecoveryLeft(_),
        ) => CodeState::Ready,
        Some(Notice::Wrong { tries_left }) => CodeState::Wrong { tries_left: *tries_left },
        Some(Notice::Empty) => CodeState::Empty,
        Some(Notice::NotAnAnswer) => CodeState::NotACode,
        Some(Notice::Expired) => CodeState::Expired,
        Some(Notice::UsedAlready) => CodeState::UsedAlready,
        Some(Notice::ClockOff) => CodeState::ClockOff,
        Some(Notice::Resent) => CodeState::Resent,
        Some(Notice::TooEarly) => CodeState::TooEarly,
        Some(Notice::NotSent) => CodeState::NotSent,
    }
}

/// `POST code/{method}`: an answer.
pub(super) async fn submit_code(
    State(portal): State<Portal>,
    Path(method): Path<String>,
    posted: Posted,
) -> Answer {
    let Posted { caller, form } = posted;
    let Some(method) = method_at(&method) else {
        return refused(&portal, &caller, Kind::NotFound, Refusal::NotFound);
    };
    let field = if method == Method::Password { "password" } else { "code" };
    let transaction = caller.transaction.clone();
    let visit = Visit { remember: form.field("remember") == "1", ..caller.visit() };
    let turn = portal.journey.answer(&visit, transaction, method, form.field(field)).await;
    match turn {
        Err(JourneyError::Busy { retry_after }) if method == Method::Password => {
            again(&portal, &caller, Kind::Unavailable { retry_after })
        }
        turn => followed(&portal, &caller, turn),
    }
}

pub(super) fn followed(
    portal: &Portal,
    caller: &Caller,
    turn: Result<Turn, JourneyError>,
) -> Answer {
    match turn {
        Ok(turn) => caller.follow(&turn),
        Err(error) => failed(portal, caller, &error),
    }
}

/// Something did not work: nothing was granted, and the person can try again.
pub(super) fn failed(portal: &Portal, caller: &Caller, error: &JourneyError) -> Answer {
    tracing::error!(reference = %caller.reference, error = error as &dyn std::error::Error, "a form could not be dealt with");
    let retry_after = match error {
        JourneyError::Busy { retry_after } => *retry_after,
        JourneyError::Store(_) | JourneyError::NoDirectory => Duration::from_secs(5),
    };
    refused(portal, caller, Kind::Unavailable { retry_after }, Refusal::Unavailable)
}

/// `GET wait`: one method waits, the others do not.
pub(super) async fn wait(State(portal): State<Portal>, caller: Caller) -> Answer {
    let step = portal.journey.step(&caller.arrival, &caller.transaction);
    let (Step::Choose(choice), Some((method, until))) = (&step, waiting(&caller)) else {
        return elsewhere(&caller, &step);
    };
    let mut rows = choices(&portal, &caller, choice);
    for row in rows.iter_mut().filter(|row| row.method == method) {
        row.blocked = Some(Blocked::Until(until));
    }
    let html = Wait {
        frame: caller.frame_with_reference(&portal, caller.transaction.is_step_up),
        hidden: caller.hidden(),
        method,
        until,
        choices: rows,
        counting: counting(&caller, choice),
    }
    .render();
    caller.page(Kind::Page, html)
}

/// Which method waits, and until when; `None` once that is over.
fn waiting(caller: &Caller) -> Option<(Method, Timestamp)> {
    let query = caller.address.split_once('?')?.1;
    let method = form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "method")
        .and_then(|(_, method)| method.parse::<Method>().ok())?;
    match &caller.transaction.notice {
        Some(Notice::Throttled(until)) if Timestamp::from_millis(*until) > caller.arrival.now => {
            Some((method, Timestamp::from_millis(*until)))
        }
        _ => None,
    }
}

/// `GET stuck`: no way is left, or the person can use none of them.
pub(super) async fn stuck(State(portal): State<Portal>, caller: Caller) -> Answer {
    let step = portal.journey.step(&caller.arrival, &caller.transaction);
    let back = match &step {
        Step::Stuck(_) => None,
        Step::Choose(_) => Some(format!("/.scoregate/next?tx={}", caller.tx(&caller.transaction))),
        Step::SignIn | Step::Denied(_) | Step::Done => return elsewhere(&caller, &step),
    };
    let mut have: Vec<Method> = Vec::new();
    for enrolled in caller.arrival.session.iter().flat_map(|session| session.enrolled()) {
        if !have.contains(&enrolled.method) {
            have.push(enrolled.method);
        }
    }
    portal.journey.record_dead_end(&caller.visit(), matches!(step, Step::Stuck(_)));
    let frame = caller.frame_with_reference(&portal, true);
    caller.page(Kind::Denied, Stuck { frame, have, back }.render())
}

/// `GET done`: enough was shown, in a window of its own. Its script tells the page that waits for it.
pub(super) async fn arrived(State(portal): State<Portal>, caller: Caller) -> Answer {
    match portal.journey.step(&caller.arrival, &caller.transaction) {
        Step::Done => {
            let frame = caller.frame_with_person(&portal, true);
            caller.page(Kind::Page, WindowDone { frame }.render())
        }
        step => elsewhere(&caller, &step),
    }
}

/// `GET denied`: signed in, and not for this person.
pub(super) async fn denied(State(portal): State<Portal>, caller: Caller) -> Answer {
    match portal.journey.step(&caller.arrival, &caller.transaction) {
        Step::Denied(reason) => {
            let wanted = portal.journey.wanted(&caller.arrival, &caller.transaction);
            denied_page(&portal, &caller, reason, &wanted.requirement)
        }
        step => elsewhere(&caller, &step),
    }
}

/// P13 for a request that more proofs would not help.
pub(crate) fn denied_page(
    portal: &Portal,
    caller: &Caller,
    reason: Forbidden,
    requirement: &crate::points::Requirement,
) -> Answer {
    let roles = requirement.roles.iter().flatten().map(ToString::to_string).collect();
    let html = Denied {
        frame: caller.frame_with_reference(portal, true),
        reason: match reason {
            Forbidden::Role => DeniedReason::Role { roles, owner: None },
            Forbidden::Network => DeniedReason::Network,
            Forbidden::Directory => DeniedReason::Directory,
        },
        other_account: "/.scoregate/sign-out?next=%2F".to_owned(),
    }
    .render();
    caller.page(Kind::Denied, html)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_masked_address_tells_neither_the_rest_nor_its_length() {
        assert_eq!(masked_email("anna@example.org"), "a•••@e•••.org");
        assert_eq!(masked_email("a@b.org"), "a•••@b•••.org");
        assert_eq!(masked_email("annemarie.de.boer@mail.example.org"), "a•••@m•••.org");
        assert_eq!(masked_phone("+31612345689"), "89");
    }
}
