//! `/.scoregate/me/app`: authenticator apps. A new one is kept once it shows a code.

use axum::extract::State;

use super::{credential, failed, permitted, removed};
use crate::journey::{AppSetUp, AppTicket, Change, MOST_APPS};
use crate::methods::Totp;
use crate::points::Method;
use crate::secret::Secret;
use crate::web::Portal;
use crate::web::answer::{Answer, Kind};
use crate::web::caller::Caller;
use crate::web::pages::{AccountApp, AccountApps, AppState, SetUpApp};
use crate::web::router::Posted;

const PAGE: &str = "me/app";
const ADD: &str = "me/app/add";

/// `GET me/app`.
pub(in crate::web) async fn show(State(portal): State<Portal>, caller: Caller) -> Answer {
    let permit = match permitted(&portal, &caller, Change::Look, PAGE) {
        Ok(permit) => permit,
        Err(answer) => return answer,
    };
    let apps: Vec<AccountApp> = permit
        .account()
        .apps
        .iter()
        .map(|app| AccountApp {
            credential: app.id.0.to_string(),
            name: app.name.clone(),
            added_at: app.added_at,
        })
        .collect();
    let html = AccountApps {
        frame: caller.frame_with_person(&portal, true),
        hidden: caller.hidden_without_transaction(),
        can_add: apps.len() < MOST_APPS,
        apps,
        done: caller.parameter("done"),
    }
    .render();
    caller.page(Kind::Page, html)
}

/// `GET me/app/add`: a secret for one page, one browser and one session.
pub(in crate::web) async fn show_add(State(portal): State<Portal>, caller: Caller) -> Answer {
    let permit = match permitted(&portal, &caller, Change::Add(Method::Totp), ADD) {
        Ok(permit) => permit,
        Err(answer) => return answer,
    };
    let ticket = ticket(&caller).unwrap_or_else(|| AppTicket::new(caller.arrival.now));
    let name = permit.account().user.name.to_string();
    let brand = &caller.arrival.snapshot.config.ui.brand;
    let html = SetUpApp {
        frame: caller.frame(&portal),
        action: address(&caller, &ticket),
        hidden: caller.hidden_without_transaction(),
        uri: Secret::new(Totp::provisioning_uri(brand, &name, &ticket.secret)),
        secret: Secret::new(Totp::secret_to_type(&ticket.secret)),
        state: if ticket.was_wrong { AppState::Wrong } else { AppState::First },
        can_skip: false,
        is_in_account: true,
    }
    .render();
    caller.page(Kind::Page, html)
}

fn ticket(caller: &Caller) -> Option<AppTicket> {
    let (arrival, token) = (&caller.arrival, caller.parameter("ticket"));
    let browser = caller.browser.id();
    let session = caller.session()?;
    AppTicket::parse(&token, caller.keys(), &arrival.host, browser, session, arrival.now)
}

fn address(caller: &Caller, ticket: &AppTicket) -> String {
    let token = caller.session().map(|session| {
        ticket.token(caller.keys(), &caller.arrival.host, caller.browser.id(), session)
    });
    format!("/.scoregate/{ADD}?ticket={}", token.unwrap_or_default())
}

/// `POST me/app/add`: a code of the new app.
pub(in crate::web) async fn submit_add(State(portal): State<Portal>, posted: Posted) -> Answer {
    let Posted { caller, form } = posted;
    let permit = match permitted(&portal, &caller, Change::Add(Method::Totp), ADD) {
        Ok(permit) => permit,
        Err(answer) => return answer,
    };
    let Some(mut ticket) = ticket(&caller) else {
        return Answer::see_other(&format!("/.scoregate/{ADD}"));
    };
    match portal.journey.add_app(&caller.visit(), &permit, &ticket, form.field("code")).await {
        Ok(AppSetUp::Done) => Answer::see_other("/.scoregate/me/app?done=added"),
        Ok(AppSetUp::NoTicket) => Answer::see_other("/.scoregate/me/app?done=over"),
        Ok(AppSetUp::Wrong) => {
            ticket.was_wrong = true;
            Answer::see_other(&address(&caller, &ticket))
        }
        Err(error) => failed(&portal, &caller, &error),
    }
}

/// `POST me/app/remove`: the field `credential` names the one that goes.
pub(in crate::web) async fn remove(State(portal): State<Portal>, posted: Posted) -> Answer {
    let Posted { caller, form } = posted;
    let change = Change::Remove(credential(form.field("credential")));
    match permitted(&portal, &caller, change, PAGE) {
        Ok(permit) => removed(&portal, &caller, &permit, PAGE).await,
        Err(answer) => answer,
    }
}

/// `POST me/app/rename`: the fields `credential` and `name`.
pub(in crate::web) async fn rename(State(portal): State<Portal>, posted: Posted) -> Answer {
    let Posted { caller, form } = posted;
    let permit = match permitted(&portal, &caller, Change::Look, PAGE) {
        Ok(permit) => permit,
        Err(answer) => return answer,
    };
    let app = credential(form.field("credential"));
    match portal.journey.name_app(&permit, &app, form.field("name")).await {
        Ok(()) => Answer::see_other("/.scoregate/me/app?done=named"),
        Err(error) => failed(&portal, &caller, &error),
    }
}
