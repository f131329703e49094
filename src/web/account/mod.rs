//! `/.scoregate/me` and what is below it: where people look after their own account. Every page here is for
//! somebody who is signed in at the directory's level, works without JavaScript, and changes something
//! only by `POST`.
//!
//! A page that changes methods asks one thing, when it is shown and again when its form comes:
//!
//! ```text
//! let permit = match permitted(&portal, &caller, Change::Add(Method::Passkey), "me/passkeys") {
//!     Ok(permit) => permit,
//!     Err(answer) => return answer, // sign in, confirm and come back, or a page that says why not
//! };
//! // ... change it in the store, then:
//! portal.journey.changed(&caller.visit(), &permit); // audit, notices to every old contact, sessions
//! ```
//!
//! What is taken away goes through [`removed`] with a permit for `Change::Remove`: it keeps the last way
//! in, and lets a passkey that was not shown wait. A new page is a line in `Section` (`pages::account`), so
//! that the navigation has it, and one in the router.
//!
//! Not here: who may do what (`journey::enrolment`).

pub(super) mod app;
pub(super) mod contacts;
pub(super) mod devices;
mod overview;
pub(super) mod passkeys;
pub(super) mod password;
mod recovery;

pub(super) use overview::{keep, show};
pub(super) use recovery::{show_new_recovery, show_recovery, submit_recovery};

use super::Portal;
use super::answer::{Answer, Kind};
use super::caller::Caller;
use super::pages::{AccountStop, StopReason};
use super::router::refused;
use super::steps;
use crate::journey::{Change, JourneyError, Permission, Permit, Removal, ReturnAddress};
use crate::points::CredentialId;

/// The right to a change, or where the browser goes instead. `page` is below `/.scoregate/`; the person
/// comes back to it by `GET` after confirming, and nothing of the form that was sent has been done.
pub(super) fn permitted(
    portal: &Portal,
    caller: &Caller,
    change: Change,
    page: &str,
) -> Result<Box<Permit>, Answer> {
    let address = format!("/.scoregate/{page}");
    let Some(back) = ReturnAddress::of_the_account(&address) else {
        return Err(refused(portal, caller, Kind::NotFound, super::pages::Refusal::NotFound));
    };
    let in_language = |mut transaction: crate::journey::Transaction| {
        transaction.language.clone_from(&caller.transaction.language);
        transaction
    };
    Err(match portal.journey.permission(&caller.arrival, change, &back) {
        Permission::Given(permit) => return Ok(permit),
        Permission::SignIn(to) => caller.to("sign-in", &in_language(to)),
        Permission::Confirm(to) => caller.to("confirm", &in_language(to)),
        Permission::Denied(to) => caller.to("denied", &in_language(to)),
        Permission::OldName => Answer::see_other(&address),
        Permission::NotTheirs => Answer::see_other("/.scoregate/me"),
        Permission::LastWay => stop(portal, caller, StopReason::LastWay),
    })
}

/// A page that says why a change cannot be made.
pub(super) fn stop(portal: &Portal, caller: &Caller, reason: StopReason) -> Answer {
    let frame = caller.frame_with_person(portal, true);
    caller.page(Kind::Denied, AccountStop { frame, reason }.render())
}

/// Takes away what the permit is for, then goes to `page`.
pub(super) async fn removed(
    portal: &Portal,
    caller: &Caller,
    permit: &Permit,
    page: &str,
) -> Answer {
    match portal.journey.remove(&caller.visit(), permit).await {
        Ok(Removal::Done) => Answer::see_other(&format!("/.scoregate/{page}?done=removed")),
        Ok(Removal::Planned { .. }) => Answer::see_other("/.scoregate/me?done=planned"),
        Ok(Removal::NotDone) => stop(portal, caller, StopReason::LastWay),
        Err(error) => failed(portal, caller, &error),
    }
}

pub(super) fn failed(portal: &Portal, caller: &Caller, error: &JourneyError) -> Answer {
    steps::failed(portal, caller, error)
}

/// A credential that a form or an address names. Whose it is, the permission says.
pub(super) fn credential(text: &str) -> CredentialId {
    CredentialId(text.chars().take(64).collect::<String>().into())
}
