//! `/.scoregate/link/{token}` and `/.scoregate/enrol/app`: a set-up link, in two pages. Looking at
//! either changes nothing, so that a mail scanner cannot use a link up.

use axum::extract::{Path, State};

use super::Portal;
use super::answer::{Answer, Kind};
use super::caller::Caller;
use super::pages::{AppState, LinkGone, PasswordState, SetUpApp, SetUpDone, SetUpPassword};
use super::router::Posted;
use super::steps;
use crate::accounts::Account;
use crate::journey::{AppSetUp, JourneyError, SetUp, SetUpTicket};
use crate::methods::{PasswordProblem, PasswordRules, Totp};
use crate::points::Method;
use crate::secret::Secret;

/// `GET link/{token}`: choose a password.
pub(super) async fn show(
    State(portal): State<Portal>,
    Path(token): Path<String>,
    caller: Caller,
) -> Answer {
    match portal.journey.look_at_link(&caller.visit(), &token).await {
        Ok(Some(account)) => {
            let page = password_page(&portal, &caller, &token, &account, password_state(&caller));
            caller.page(Kind::Page, page)
        }
        Ok(None) => gone(&portal, &caller),
        Err(error) => steps::failed(&portal, &caller, &error),
    }
}

fn password_page(
    portal: &Portal,
    caller: &Caller,
    token: &str,
    account: &Account,
    state: PasswordState,
) -> String {
    SetUpPassword {
        frame: caller.frame(portal),
        is_reset: false,
        action: format!("/.scoregate/link/{token}"),
        hidden: caller.hidden_without_transaction(),
        username: account.user.name.to_string(),
        min: PasswordRules::MIN_CHARS,
        app_follows: takes_apps(caller),
        state,
    }
    .render()
}

/// Whether an app is worth anything in this directory.
fn takes_apps(caller: &Caller) -> bool {
    let arrival = &caller.arrival;
    arrival.snapshot.offered(&arrival.route.directory).contains(Method::Totp)
}

fn gone(portal: &Portal, caller: &Caller) -> Answer {
    let frame = caller.frame_with_reference(portal, false);
    caller.page(Kind::NotFound, LinkGone { frame, is_reset: false }.render())
}

/// `POST link/{token}`: the password. A password that cannot be used leaves the link as it was.
pub(super) async fn submit(
    State(portal): State<Portal>,
    Path(token): Path<String>,
    posted: Posted,
) -> Answer {
    let Posted { caller, form } = posted;
    let visit = caller.visit();
    let outcome = portal.journey.choose_password(&visit, &token, form.field("new_password")).await;
    match outcome {
        Ok(SetUp::NoLink) => gone(&portal, &caller),
        Ok(SetUp::PasswordSet(ticket)) if takes_apps(&caller) => {
            let ticket = ticket.token(caller.keys(), &caller.arrival.host, caller.browser.id());
            Answer::see_other(&format!("/.scoregate/enrol/app?ticket={ticket}"))
                .cookie(&caller.browser.cookie(caller.keys()))
        }
        Ok(SetUp::PasswordSet(_)) => Answer::see_other("/.scoregate/enrol/app?done=password"),
        Ok(SetUp::Problem(problem)) => again(&token, problem.key()),
        Err(JourneyError::Busy { .. }) => again(&token, BUSY),
        Err(error) => steps::failed(&portal, &caller, &error),
    }
}

/// Back to the page, with what there is to say: a reload then sends no password again.
fn again(token: &str, problem: &str) -> Answer {
    Answer::see_other(&format!("/.scoregate/link/{token}?problem={problem}"))
}

/// Not a problem of the password.
const BUSY: &str = "busy";

/// What the address says of the last try. It only chooses a sentence.
pub(super) fn password_state(caller: &Caller) -> PasswordState {
    let said = caller.parameter("problem");
    let problem = PasswordProblem::ALL.into_iter().find(|problem| problem.key() == said);
    match problem {
        Some(PasswordProblem::TooShort) => PasswordState::TooShort,
        Some(PasswordProblem::TooLong) => PasswordState::TooLong { max: PasswordRules::MAX_CHARS },
        Some(PasswordProblem::Common) => PasswordState::Common,
        Some(PasswordProblem::IsAName) => PasswordState::LikeName,
        None if said == BUSY => PasswordState::Busy,
        None => PasswordState::First,
    }
}

/// `GET enrol/app`: set up an app, or that all is done.
pub(super) async fn show_app(State(portal): State<Portal>, caller: Caller) -> Answer {
    let Some(ticket) = ticket(&caller, &caller.parameter("ticket")) else {
        return match caller.parameter("done").as_str() {
            "app" => done(&portal, &caller, true),
            "password" => done(&portal, &caller, false),
            _ => gone(&portal, &caller),
        };
    };
    match portal.journey.look_at_ticket(&ticket).await {
        Ok(Some(account)) => app_page(&portal, &caller, &ticket, &account),
        Ok(None) => gone(&portal, &caller),
        Err(error) => steps::failed(&portal, &caller, &error),
    }
}

fn app_page(portal: &Portal, caller: &Caller, ticket: &SetUpTicket, account: &Account) -> Answer {
    let name = account.user.name.as_str();
    let brand = &caller.arrival.snapshot.config.ui.brand;
    let hidden = caller.hidden_without_transaction();
    let html = SetUpApp {
        frame: caller.frame(portal),
        action: format!(
            "/.scoregate/enrol/app?ticket={}",
            ticket.token(caller.keys(), &caller.arrival.host, caller.browser.id())
        ),
        hidden,
        uri: Secret::new(Totp::provisioning_uri(brand, name, &ticket.secret)),
        secret: Secret::new(Totp::secret_to_type(&ticket.secret)),
        state: if ticket.was_wrong { AppState::Wrong } else { AppState::First },
        can_skip: true,
        is_in_account: false,
    }
    .render();
    caller.page(Kind::Page, html)
}

fn done(portal: &Portal, caller: &Caller, has_app: bool) -> Answer {
    let sign_in = "/.scoregate/sign-in".to_owned();
    let html = SetUpDone { frame: caller.frame(portal), has_app, sign_in }.render();
    caller.page(Kind::Page, html)
}

/// `POST enrol/app`: a code of the new app, or `skip`.
pub(super) async fn submit_app(State(portal): State<Portal>, posted: Posted) -> Answer {
    let Posted { caller, form } = posted;
    let Some(mut ticket) = ticket(&caller, &caller.parameter("ticket")) else {
        return gone(&portal, &caller);
    };
    if !form.field("skip").is_empty() {
        return Answer::see_other("/.scoregate/enrol/app?done=password");
    }
    match portal.journey.confirm_app(&caller.visit(), &ticket, form.field("code")).await {
        Ok(AppSetUp::Done) => Answer::see_other("/.scoregate/enrol/app?done=app"),
        Ok(AppSetUp::NoTicket) => gone(&portal, &caller),
        Ok(AppSetUp::Wrong) => {
            ticket.was_wrong = true;
            let ticket = ticket.token(caller.keys(), &caller.arrival.host, caller.browser.id());
            Answer::see_other(&format!("/.scoregate/enrol/app?ticket={ticket}"))
        }
        Err(error) => steps::failed(&portal, &caller, &error),
    }
}

fn ticket(caller: &Caller, token: &str) -> Option<SetUpTicket> {
    let arrival = &caller.arrival;
    SetUpTicket::parse(token, caller.keys(), &arrival.host, caller.browser.id(), arrival.now)
}
