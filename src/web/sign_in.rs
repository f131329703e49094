//! `GET` and `POST /.scoregate/sign-in`. A reload repeats nothing: every answer is a redirect.

use axum::extract::State;

use super::answer::{Answer, Kind};
use super::caller::Caller;
use super::pages::{GoingRound, RoundsCause, SignIn, SignInState};
use super::router::Posted;
use super::{Portal, passkey, steps};
use crate::journey::{JourneyError, Notice, Place, Step, Transaction, Turn};
use crate::points::Timestamp;
use crate::sessions::cookies;

/// `GET`: the page, or on to where a person who is signed in already stands.
pub(super) async fn show(State(portal): State<Portal>, caller: Caller) -> Answer {
    match portal.journey.step(&caller.arrival, &caller.transaction) {
        Step::SignIn => first(&portal, &caller),
        step => caller.follow(&Turn {
            place: match step {
                Step::Done => Place::Return,
                Step::Stuck(_) => Place::Stuck,
                Step::Denied(_) => Place::Denied,
                Step::Choose(_) | Step::SignIn => Place::Next,
            },
            transaction: caller.transaction.clone(),
            name: None,
            knows_browser: false,
            remembered: None,
        }),
    }
}

/// A browser that comes back from a sign-in to this page has lost what it was given. Several times in a row,
/// and it is told so instead of being asked for ever.
fn first(portal: &Portal, caller: &Caller) -> Answer {
    let to = &caller.transaction;
    match caller.back_again(&to.return_to) {
        Some(rounds) if rounds.are_in_vain() => {
            let cause = if caller.names_a_session {
                RoundsCause::UnknownCookie
            } else {
                RoundsCause::NoCookie
            };
            going_round(portal, caller, cause, "sign-in", to)
        }
        Some(rounds) => {
            page(portal, caller, Kind::Page, state(caller)).cookie(&caller.rounds_cookie(&rounds))
        }
        None => page(portal, caller, Kind::Page, state(caller)),
    }
}

/// The page at the end of a circle. `page` and `to`: where the next try begins, which counts anew.
pub(crate) fn going_round(
    portal: &Portal,
    caller: &Caller,
    cause: RoundsCause,
    page: &str,
    to: &Transaction,
) -> Answer {
    tracing::warn!(
        route = %caller.arrival.route.name, ?cause, reference = %caller.reference,
        "a sign-in goes round in circles"
    );
    portal.journey.record_going_round(&caller.visit());
    let frame = caller.frame_with_reference(portal, caller.arrival.session.is_some());
    let retry = format!("/.scoregate/{page}?tx={}", caller.tx(to));
    let html = GoingRound { frame, cause, retry, is_plain: !caller.is_tls }.render();
    caller.page(Kind::Denied, html).cookie(&cookies::clear(cookies::ROUNDS))
}

fn page(portal: &Portal, caller: &Caller, kind: Kind, state: SignInState) -> Answer {
    let html = SignIn {
        frame: caller.frame(portal),
        hidden: caller.hidden(),
        username: caller.transaction.typed_name.clone().unwrap_or_default(),
        forgot: portal
            .journey
            .sends_links(&caller.arrival)
            .then(|| "/.scoregate/forgot".to_owned()),
        passkey: passkey::for_sign_in(caller),
        state,
    }
    .render();
    caller.page(kind, html)
}

fn state(caller: &Caller) -> SignInState {
    let idle = caller.arrival.snapshot.config.session.idle_timeout;
    match &caller.transaction.notice {
        Some(Notice::Empty) if caller.transaction.typed_name.as_deref() == Some("") => {
            SignInState::UsernameEmpty
        }
        Some(Notice::Empty) => SignInState::PasswordEmpty,
        Some(Notice::Throttled(until)) => {
            SignInState::Throttled { until: Timestamp::from_millis(*until) }
        }
        Some(Notice::Busy) => SignInState::Busy,
        notice @ Some(
            Notice::PasskeyWrong
            | Notice::PasskeyLate
            | Notice::PasskeyUnknown(_)
            | Notice::PasskeyOfAnother,
        ) => SignInState::Passkey(passkey::state(notice)),
        Some(_) => SignInState::Wrong,
        None if caller.arrival.was_idle => {
            SignInState::Idle { minutes: u32::try_from(idle.as_secs() / 60).unwrap_or(u32::MAX) }
        }
        None => SignInState::First,
    }
}

/// `POST`: a name and a password.
pub(super) async fn submit(State(portal): State<Portal>, posted: Posted) -> Answer {
    let Posted { caller, form } = posted;
    let mut transaction = caller.transaction.clone();
    transaction.return_to =
        transaction.return_to.with_fragment(form.field("fragment"), &caller.arrival.host);
    let (name, password) = (form.field("username").trim(), form.field("password"));
    if name.is_empty() || password.is_empty() {
        transaction.typed_name = Some(name.chars().take(254).collect());
        return caller.to("sign-in", &transaction.with_notice(Some(Notice::Empty)));
    }
    match portal.journey.sign_in(&caller.visit(), transaction, name, password).await {
        Ok(turn) => caller.follow(&turn),
        Err(JourneyError::Busy { retry_after }) => {
            page(&portal, &caller, Kind::Unavailable { retry_after }, SignInState::Busy)
        }
        Err(error) => steps::failed(&portal, &caller, &error),
    }
}
