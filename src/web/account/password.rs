//! `/.scoregate/me/password`: another password, for whoever has just shown who they are.

use axum::extract::State;

use super::{failed, permitted};
use crate::journey::{Change, JourneyError, Renewed};
use crate::methods::PasswordRules;
use crate::points::Method;
use crate::sessions::cookies;
use crate::web::Portal;
use crate::web::answer::{Answer, Kind};
use crate::web::caller::Caller;
use crate::web::pages::ChangePassword;
use crate::web::router::Posted;
use crate::web::set_up::password_state;

const PAGE: &str = "me/password";

/// A person without a password adds one: that may reach further than they do now.
fn change(caller: &Caller) -> Change {
    let has_one = caller.account().is_some_and(|account| account.password.is_some());
    if has_one { Change::Renew(Method::Password) } else { Change::Add(Method::Password) }
}

/// `GET /.scoregate/password`: where other programs know it.
pub(in crate::web) async fn elsewhere() -> Answer {
    Answer::see_other("/.scoregate/me/password")
}

pub(in crate::web) async fn show(State(portal): State<Portal>, caller: Caller) -> Answer {
    let permit = match permitted(&portal, &caller, change(&caller), PAGE) {
        Ok(permit) => permit,
        Err(answer) => return answer,
    };
    let html = ChangePassword {
        frame: caller.frame_with_person(&portal, true),
        hidden: caller.hidden_without_transaction(),
        username: permit.account().user.name.to_string(),
        min: PasswordRules::MIN_CHARS,
        state: password_state(&caller),
    }
    .render();
    caller.page(Kind::Page, html)
}

/// A password that cannot be used leaves everything as it was.
pub(in crate::web) async fn submit(State(portal): State<Portal>, posted: Posted) -> Answer {
    let Posted { caller, form } = posted;
    let permit = match permitted(&portal, &caller, change(&caller), PAGE) {
        Ok(permit) => permit,
        Err(answer) => return answer,
    };
    let password = form.field("new_password");
    match portal.journey.renew_password(&caller.visit(), &permit, password).await {
        Ok(Renewed::Problem(problem)) => again(problem.key()),
        Ok(Renewed::Done { name }) => {
            let cookie = name.map(|name| {
                let token = name.token(crate::keys::Purpose::SessionName, caller.keys());
                cookies::set(cookies::SESSION, &token, None)
            });
            Answer::see_other("/.scoregate/me?done=password").cookies(cookie)
        }
        Err(JourneyError::Busy { .. }) => again("busy"),
        Err(error) => failed(&portal, &caller, &error),
    }
}

fn again(problem: &str) -> Answer {
    Answer::see_other(&format!("/.scoregate/{PAGE}?problem={problem}"))
}
