//! `GET` and `POST /.scoregate/sign-out`. Looking at the page signs nobody out; the form does, at once
//! and everywhere that the session had a name.

use axum::extract::State;

use super::Portal;
use super::answer::{Answer, Kind};
use super::caller::Caller;
use super::pages::{SignOut, SignedOut};
use super::router::Posted;
use super::steps;
use crate::journey::{self, ReturnAddress};
use crate::sessions::cookies;

/// `GET`: the question; or that nobody is signed in.
pub(super) async fn show(State(portal): State<Portal>, caller: Caller) -> Answer {
    if caller.arrival.session.is_none() {
        return signed_out(&portal, &caller);
    }
    let html = SignOut {
        frame: caller.frame_with_person(&portal, true),
        hidden: caller.hidden(),
        next: None,
        cancel: caller.transaction.return_to.as_str().to_owned(),
    }
    .render();
    caller.page(Kind::Page, html)
}

fn signed_out(portal: &Portal, caller: &Caller) -> Answer {
    let again = match caller.transaction.return_to.as_str() {
        "/" => "/.scoregate/sign-in".to_owned(),
        _ => format!("/.scoregate/sign-in?tx={}", caller.tx(&caller.transaction)),
    };
    caller.page(Kind::Page, SignedOut { frame: caller.frame(portal), again }.render())
}

/// `POST`: signs out this session, or with `everywhere` all of the user's.
pub(super) async fn submit(State(portal): State<Portal>, posted: Posted) -> Answer {
    let Posted { caller, form } = posted;
    let everywhere = !form.field("everywhere").is_empty();
    let outcome = portal.journey.sign_out(&caller.visit(), everywhere).await;
    let mut transaction = caller.transaction.clone().with_notice(None);
    match outcome {
        Ok(journey::SignOut::Over) => {}
        // By now the browser has the newer name: the question once more.
        Ok(journey::SignOut::OldName) => return caller.to("sign-out", &transaction),
        Err(error) => return steps::failed(&portal, &caller, &error),
    }
    if let Some(next) = ReturnAddress::accept(form.field("next"), &caller.arrival.host) {
        transaction.return_to = next;
    }
    transaction.typed_name = None;
    transaction.sent = None;
    transaction.is_step_up = false;
    caller
        .to("sign-out", &transaction)
        .cookie(&cookies::clear(cookies::SESSION))
        .cookie(&cookies::clear(cookies::ROUNDS))
}
