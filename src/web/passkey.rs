//! `/.scoregate/passkey` and `/.scoregate/security-key`: asks the browser, and takes what it says. The
//! sign-in page sends its passkeys here as well. Not here: what an answer proves.

use axum::extract::State;

use super::Portal;
use super::answer::{Answer, Kind};
use super::caller::Caller;
use super::pages::{PasskeyAsk, PasskeyState, PasskeyStep};
use super::router::Posted;
use super::steps;
use crate::journey::{Notice, Step};
use crate::methods::{Begun, Ceremony, CeremonyPurpose, NoCeremony, RelyingParty};
use crate::points::{Method, Timestamp};

/// Whom a browser makes and uses passkeys for on this page. `None`: they do not work on this host.
pub(super) fn relying_party(caller: &Caller) -> Option<RelyingParty> {
    let id = caller.arrival.passkey_domain()?.to_owned();
    let scheme = if caller.is_tls { "https" } else { "http" };
    Some(RelyingParty {
        id,
        name: caller.arrival.snapshot.config.ui.brand.clone(),
        origin: format!("{scheme}://{}", caller.authority.to_ascii_lowercase()),
    })
}

/// For a page: the ceremony sealed for this browser. `None` where none could be made.
pub(super) fn asked(caller: &Caller, begun: Result<Begun, NoCeremony>) -> Option<PasskeyAsk> {
    let begun = begun
        .inspect_err(|error| {
            tracing::error!(error = error as &dyn std::error::Error, "no passkey was asked for");
        })
        .ok()?;
    let host = &caller.arrival.host;
    Some(PasskeyAsk {
        ceremony: begun.ceremony.token(caller.keys(), host, caller.browser.id()),
        rp: caller.arrival.passkey_domain().unwrap_or_default().to_owned(),
        options: begun.options.to_string(),
    })
}

/// A ceremony that came back with a form.
pub(super) fn ceremony(caller: &Caller, token: &str) -> Option<Ceremony> {
    Ceremony::parse(token, caller.keys(), &caller.arrival.host, caller.browser.id())
}

/// For the sign-in page: any passkey. The same for everybody.
pub(super) fn for_sign_in(caller: &Caller) -> Option<PasskeyAsk> {
    asked(caller, Ceremony::sign_in(party_for_first(caller)?, caller.arrival.now))
}

/// The relying party where a sign-in can start with a passkey.
pub(super) fn party_for_first(caller: &Caller) -> Option<RelyingParty> {
    let arrival = &caller.arrival;
    let is_offered = arrival.snapshot.offered(&arrival.route.directory).contains(Method::Passkey);
    let is_first = arrival.settings()?.first.contains(Method::Passkey);
    if is_offered && is_first { relying_party(caller) } else { None }
}

/// What the last answer is called, where it was one of a passkey.
pub(super) fn state(notice: &Option<Notice>) -> PasskeyState {
    match notice {
        Some(Notice::PasskeyWrong | Notice::Wrong { .. } | Notice::NotAnAnswer) => {
            PasskeyState::Wrong
        }
        Some(Notice::PasskeyLate | Notice::Expired | Notice::UsedAlready) => PasskeyState::Late,
        Some(Notice::PasskeyUnknown(id)) => PasskeyState::Unknown(id.clone()),
        Some(Notice::PasskeyOfAnother) => PasskeyState::OfAnother,
        Some(Notice::Throttled(until)) => {
            PasskeyState::Throttled { until: Timestamp::from_millis(*until) }
        }
        _ => PasskeyState::First,
    }
}

/// `GET passkey`.
pub(super) async fn show(State(portal): State<Portal>, caller: Caller) -> Answer {
    step(&portal, &caller, Method::Passkey)
}

/// `GET security-key`.
pub(super) async fn show_key(State(portal): State<Portal>, caller: Caller) -> Answer {
    step(&portal, &caller, Method::SecurityKey)
}

fn step(portal: &Portal, caller: &Caller, method: Method) -> Answer {
    let choice = match portal.journey.step(&caller.arrival, &caller.transaction) {
        Step::Choose(choice) if choice.methods().contains(&method) => choice,
        step => return steps::elsewhere(caller, &step),
    };
    let begun = match (relying_party(caller), &caller.arrival.session) {
        (Some(party), Some(session)) => Some(Ceremony::confirm(
            party,
            method,
            session.key(),
            session.account(),
            caller.arrival.now,
        )),
        _ => None,
    };
    let Some(ask) = begun.and_then(|begun| asked(caller, begun)) else {
        return caller.to("next", &caller.transaction.clone().with_notice(None));
    };
    let html = PasskeyStep {
        frame: caller.frame_with_person(portal, caller.transaction.is_step_up),
        hidden: caller.hidden(),
        done: steps::done(portal, caller),
        method,
        ask,
        state: state(&caller.transaction.notice),
        has_other_ways: choice.methods().len() > 1,
    }
    .render();
    caller.page(Kind::Page, html)
}

/// `POST passkey` and `POST security-key`: what the browser said, for whatever it was asked.
pub(super) async fn submit(State(portal): State<Portal>, posted: Posted) -> Answer {
    let Posted { caller, form } = posted;
    let mut transaction = caller.transaction.clone();
    transaction.return_to =
        transaction.return_to.with_fragment(form.field("fragment"), &caller.arrival.host);
    let Some(ceremony) = ceremony(&caller, form.field("ceremony")) else {
        return caller.to("sign-in", &transaction.with_notice(Some(Notice::PasskeyLate)));
    };
    let (visit, answer) = (caller.visit(), form.field("credential"));
    let journey = &portal.journey;
    let turn = match ceremony.purpose {
        CeremonyPurpose::SignIn => {
            journey.sign_in_with_passkey(&visit, transaction, &ceremony, answer).await
        }
        CeremonyPurpose::Confirm | CeremonyPurpose::Register => {
            journey.confirm_with_passkey(&visit, transaction, &ceremony, answer).await
        }
    };
    steps::followed(&portal, &caller, turn)
}
