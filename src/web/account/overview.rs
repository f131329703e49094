//! `GET /.scoregate/me`: what the account can open, and what it has. `POST /.scoregate/me/keep`: keeps a
//! method that was to be removed.

use axum::extract::State;

use super::{credential, failed, permitted};
use crate::accounts::{Account, ContactKind};
use crate::journey::Change;
use crate::points::{Enrolled, Method};
use crate::web::Portal;
use crate::web::answer::{Answer, Kind};
use crate::web::caller::Caller;
use crate::web::pages::{AccountMethod, AccountOverview, AccountPlan, Verdict};
use crate::web::router::Posted;

pub(in crate::web) async fn show(State(portal): State<Portal>, caller: Caller) -> Answer {
    let permit = match permitted(&portal, &caller, Change::Look, "me") {
        Ok(permit) => permit,
        Err(answer) => return answer,
    };
    let account = permit.account();
    let planned = match portal.journey.planned_removals(account).await {
        Ok(planned) => planned,
        Err(error) => return failed(&portal, &caller, &error),
    };
    let outlook = portal.journey.outlook(&caller.arrival);
    let enrolled = account.enrolled();
    let plans = planned.into_iter().filter_map(|plan| {
        let method = enrolled.iter().find(|one| one.credential == plan.credential)?.method;
        Some(AccountPlan { credential: plan.credential.0.to_string(), method, due_at: plan.due_at })
    });
    let html = AccountOverview {
        frame: caller.frame_with_person(&portal, true),
        hidden: caller.hidden_without_transaction(),
        verdict: match outlook.as_ref().and_then(|outlook| outlook.closed.clone()) {
            None => Verdict::Everything,
            Some(closed) => Verdict::Closed { place: closed.place, remedy: closed.remedy },
        },
        ways: outlook.map_or(0, |outlook| outlook.ways.len()),
        methods: rows(account, &enrolled),
        plans: plans.collect(),
        done: caller.parameter("done"),
    }
    .render();
    caller.page(Kind::Page, html)
}

/// One row a method, in the order in which they are listed everywhere.
fn rows(account: &Account, enrolled: &[Enrolled]) -> Vec<AccountMethod> {
    let rows =
        Method::ALL.into_iter().filter(|method| enrolled.iter().any(|one| one.method == *method));
    rows.map(|method| AccountMethod { method, details: details(account, method) }).collect()
}

/// What tells them apart: the addresses; for everything else how many there are says enough.
fn details(account: &Account, method: Method) -> Vec<String> {
    let kind = match method {
        Method::Email => ContactKind::Email,
        Method::Sms => ContactKind::Phone,
        Method::Password
        | Method::Passkey
        | Method::Totp
        | Method::SecurityKey
        | Method::RecoveryCode
        | Method::RememberedDevice
        | Method::Token => return Vec::new(),
    };
    let contacts = account.contacts.iter().filter(|one| one.kind == kind && one.is_usable);
    contacts.map(|contact| contact.address.clone()).collect()
}

/// `POST me/keep`: the field `credential` names what stays. Needs no more than looking: it adds nothing.
pub(in crate::web) async fn keep(State(portal): State<Portal>, posted: Posted) -> Answer {
    let Posted { caller, form } = posted;
    let permit = match permitted(&portal, &caller, Change::Look, "me") {
        Ok(permit) => permit,
        Err(answer) => return answer,
    };
    let kept = credential(form.field("credential"));
    match portal.journey.keep(&caller.visit(), &permit, &kept).await {
        Ok(_) => Answer::see_other("/.scoregate/me?done=kept"),
        Err(error) => failed(&portal, &caller, &error),
    }
}
