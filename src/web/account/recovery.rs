//! `/.scoregate/me/recovery-codes`: how many are left, and new ones. New codes are made when the page is
//! shown and travel sealed in its form: they are worth something, and the old ones nothing, only once the
//! person has said that they are stored. After that nobody is shown them again. Not here: what a code is
//! (`methods::recovery_code`).

use axum::extract::State;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;

use super::{failed, permitted};
use crate::accounts::Account;
use crate::journey::{Change, Permit};
use crate::methods::RecoveryCode;
use crate::points::Method;
use crate::web::Portal;
use crate::web::answer::{Answer, Kind};
use crate::web::caller::Caller;
use crate::web::pages::{NewRecoveryCodes, RecoveryOverview};
use crate::web::router::Posted;

const PAGE: &str = "me/recovery-codes";
const NEW: &str = "me/recovery-codes/new";

/// `GET me/recovery-codes`.
pub(in crate::web) async fn show_recovery(State(portal): State<Portal>, caller: Caller) -> Answer {
    let permit = match permitted(&portal, &caller, Change::Look, PAGE) {
        Ok(permit) => permit,
        Err(answer) => return answer,
    };
    let html = RecoveryOverview {
        frame: caller.frame_with_person(&portal, true),
        left: permit.account().recovery.as_ref().map(|codes| codes.left),
        is_made: caller.parameter("done") == "made",
    }
    .render();
    caller.page(Kind::Page, html)
}

/// What making codes is, for this account.
fn change(caller: &Caller) -> Change {
    let has_some = caller.account().is_some_and(|account| account.recovery.is_some());
    if has_some { Change::Renew(Method::RecoveryCode) } else { Change::Add(Method::RecoveryCode) }
}

/// `GET me/recovery-codes/new`: shows codes that are worth nothing yet.
pub(in crate::web) async fn show_new_recovery(
    State(portal): State<Portal>,
    caller: Caller,
) -> Answer {
    let permit = match permitted(&portal, &caller, change(&caller), NEW) {
        Ok(permit) => permit,
        Err(answer) => return answer,
    };
    let codes = RecoveryCode::new_codes();
    let sealed = caller.keys().seal(&place(&caller, &permit), &codes.reveal().concat());
    let html = NewRecoveryCodes {
        frame: caller.frame_with_person(&portal, true),
        hidden: caller.hidden_without_transaction(),
        ticket: BASE64.encode(sealed),
        codes: codes.reveal().iter().map(RecoveryCode::written).collect(),
    }
    .render();
    caller.page(Kind::Page, html)
}

/// `POST me/recovery-codes/new`: the codes of the form are the codes now.
pub(in crate::web) async fn submit_recovery(
    State(portal): State<Portal>,
    posted: Posted,
) -> Answer {
    let Posted { caller, form } = posted;
    let permit = match permitted(&portal, &caller, change(&caller), NEW) {
        Ok(permit) => permit,
        Err(answer) => return answer,
    };
    if form.field("stored") != "yes" {
        return Answer::see_other(&format!("/.scoregate/{NEW}"));
    }
    // Of another session or user, or of a form that was sent before: nothing is done.
    let Some(codes) = opened(&caller, &permit, form.field("ticket")) else {
        return Answer::see_other(&format!("/.scoregate/{PAGE}"));
    };
    match portal.journey.replace_recovery_codes(&caller.visit(), &permit, &codes).await {
        Ok(()) => Answer::see_other(&format!("/.scoregate/{PAGE}?done=made")),
        Err(error) => failed(&portal, &caller, &error),
    }
}

fn opened(caller: &Caller, permit: &Permit, ticket: &str) -> Option<Vec<[u8; 16]>> {
    let sealed = BASE64.decode(ticket).ok()?;
    let plain = caller.keys().open(&place(caller, permit), &sealed)?;
    let (codes, rest) = plain.as_chunks::<16>();
    (rest.is_empty() && codes.len() == crate::methods::CODES).then(|| codes.to_vec())
}

/// Bound to session, user and the set that is there: once a ticket has served, or another has, it opens
/// nothing, so that no used code comes back.
fn place(caller: &Caller, permit: &Permit) -> String {
    let Account { user, recovery, .. } = permit.account();
    let session = caller.arrival.session.as_ref().map(|session| session.key().0);
    let set = recovery.as_ref().map(|codes| codes.id.0.to_string());
    format!("recovery-codes\u{1f}{}\u{1f}{session:?}\u{1f}{set:?}", user.id.0)
}
