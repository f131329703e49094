//! `/.scoregate/forgot` and `/.scoregate/forgot/{token}`: a forgotten password. The first page says the same
//! of every name; the second sets a password and signs nobody in. Looking at either changes nothing.

use axum::extract::{Path, State};

use super::Portal;
use super::answer::{Answer, Kind};
use super::caller::Caller;
use super::pages::{Forgot, ForgotState, LinkGone, Refusal, ResetDone, SetUpPassword};
use super::router::{Posted, refused};
use super::set_up::password_state;
use super::steps;
use crate::journey::{Forgotten, JourneyError, Reset};
use crate::methods::PasswordRules;
use crate::points::Timestamp;

/// `GET forgot`: which account; or that a link is on its way, if there is one; or that the password is set.
pub(super) async fn show(State(portal): State<Portal>, caller: Caller) -> Answer {
    if !portal.journey.sends_links(&caller.arrival) {
        return refused(&portal, &caller, Kind::NotFound, Refusal::NotFound);
    }
    if caller.parameter("done") == "reset" {
        let sign_in = "/.scoregate/sign-in".to_owned();
        return caller
            .page(Kind::Page, ResetDone { frame: caller.frame(&portal), sign_in }.render());
    }
    let until = caller.parameter("until").parse().ok().map(Timestamp::from_secs);
    let state = match caller.parameter("said").as_str() {
        "sent" => ForgotState::Sent,
        "empty" => ForgotState::Empty,
        "wait" => ForgotState::Throttled { until: until.unwrap_or(caller.arrival.now) },
        _ => ForgotState::First,
    };
    let html =
        Forgot { frame: caller.frame(&portal), hidden: caller.hidden_without_transaction(), state }
            .render();
    caller.page(Kind::Page, html)
}

/// `POST forgot`: the field `username` holds a name or an address.
pub(super) async fn submit(State(portal): State<Portal>, posted: Posted) -> Answer {
    let Posted { caller, form } = posted;
    if !portal.journey.sends_links(&caller.arrival) {
        return refused(&portal, &caller, Kind::NotFound, Refusal::NotFound);
    }
    let typed = form.field("username").trim();
    if typed.is_empty() {
        return Answer::see_other("/.scoregate/forgot?said=empty");
    }
    match portal.journey.forgotten(&caller.visit(), typed).await {
        Ok(Forgotten::Noted) => Answer::see_other("/.scoregate/forgot?said=sent"),
        Ok(Forgotten::Throttled { until }) => {
            let until = until.as_secs();
            Answer::see_other(&format!("/.scoregate/forgot?said=wait&until={until}"))
        }
        Err(error) => steps::failed(&portal, &caller, &error),
    }
}

/// `GET forgot/{token}`.
pub(super) async fn show_reset(
    State(portal): State<Portal>,
    Path(token): Path<String>,
    caller: Caller,
) -> Answer {
    match portal.journey.look_at_reset(&caller.visit(), &token).await {
        Ok(Some((account, _))) => {
            let html = SetUpPassword {
                frame: caller.frame(&portal),
                is_reset: true,
                action: format!("/.scoregate/forgot/{token}"),
                hidden: caller.hidden_without_transaction(),
                username: account.user.name.to_string(),
                min: PasswordRules::MIN_CHARS,
                app_follows: false,
                // A mailbox gives another password, and nothing that reaches further.
                passkey: None,
                state: password_state(&caller),
            }
            .render();
            caller.page(Kind::Page, html)
        }
        Ok(None) => gone(&portal, &caller),
        Err(error) => steps::failed(&portal, &caller, &error),
    }
}

/// `POST forgot/{token}`: a password that cannot be used leaves the link as it was.
pub(super) async fn submit_reset(
    State(portal): State<Portal>,
    Path(token): Path<String>,
    posted: Posted,
) -> Answer {
    let Posted { caller, form } = posted;
    let password = form.field("new_password");
    let again =
        |problem: &str| Answer::see_other(&format!("/.scoregate/forgot/{token}?problem={problem}"));
    match portal.journey.reset_password(&caller.visit(), &token, password).await {
        Ok(Reset::Done) => Answer::see_other("/.scoregate/forgot?done=reset"),
        Ok(Reset::NoLink) => gone(&portal, &caller),
        Ok(Reset::Problem(problem)) => again(problem.key()),
        Err(JourneyError::Busy { .. }) => again("busy"),
        Err(error) => steps::failed(&portal, &caller, &error),
    }
}

fn gone(portal: &Portal, caller: &Caller) -> Answer {
    let frame = caller.frame_with_reference(portal, false);
    caller.page(Kind::NotFound, LinkGone { frame, is_reset: true }.render())
}
