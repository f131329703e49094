//! What an administrator does to a user, each by a form of the user's page: the operator is asked, as a command asks
//! it, and the page says what became of it. Not here: who may (`operations`), and the page itself (`detail`).

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::post;

use super::detail::{Desk, Said};
use super::words;
use crate::operations::{ContactChoice, Operation, Outcome, SessionChoice};
use crate::web::admin::AdminPortal;
use crate::web::admin::visitor::Visitor;
use crate::web::answer::Answer;

/// Forms that help somebody in.
pub(super) fn helps() -> Router<AdminPortal> {
    Router::new().route("/users/{id}/mail", post(mail)).route("/users/{id}/unlock", post(unlock))
}

/// Forms that change somebody.
pub(super) fn changes() -> Router<AdminPortal> {
    Router::new()
        .route("/users/{id}/link", post(link))
        .route("/users/{id}/disable", post(disable))
        .route("/users/{id}/enable", post(enable))
        .route("/users/{id}/sign-out", post(sign_out))
        .route("/users/{id}/remove", post(remove))
        .route("/users/{id}/email", post(email))
        .route("/users/{id}/phone", post(phone))
        .route("/users/{id}/roles", post(roles))
}

type Form = (State<AdminPortal>, Path<String>, Visitor);

async fn mail(form: (State<AdminPortal>, Path<String>, Visitor)) -> Answer {
    act(form, "mailed", |desk| Operation::UserMail { user: desk.user_ref() }).await
}

async fn unlock(form: Form) -> Answer {
    act(form, "unlocked", |desk| Operation::UserUnlock { user: desk.user_ref() }).await
}

async fn disable(form: Form) -> Answer {
    act(form, "disabled", |desk| Operation::UserDisable { user: desk.user_ref() }).await
}

async fn enable(form: Form) -> Answer {
    act(form, "enabled", |desk| Operation::UserEnable { user: desk.user_ref() }).await
}

async fn sign_out(form: Form) -> Answer {
    let which = |desk: &Desk<'_>| SessionChoice::Of(desk.user_ref());
    act(form, "signed-out", |desk| Operation::SessionEnd { which: which(desk) }).await
}

async fn remove(form: Form) -> Answer {
    let operation = |desk: &Desk<'_>| Operation::UserMethodRemove {
        user: desk.user_ref(),
        credential: desk.visitor.typed("credential").unwrap_or_default().to_owned(),
    };
    act(form, "removed", operation).await
}

async fn email(form: Form) -> Answer {
    act(form, "contact", |desk| contact(desk, ContactChoice::Email)).await
}

async fn phone(form: Form) -> Answer {
    act(form, "contact", |desk| contact(desk, ContactChoice::Phone)).await
}

fn contact(desk: &Desk<'_>, kind: ContactChoice) -> Operation {
    let address = desk.visitor.typed("address").map(str::to_owned);
    Operation::UserContact { user: desk.user_ref(), kind, address }
}

async fn roles(form: Form) -> Answer {
    let typed = |desk: &Desk<'_>, name: &str| {
        let typed = desk.visitor.typed(name).unwrap_or_default().trim().to_owned();
        if typed.is_empty() { Vec::new() } else { vec![typed] }
    };
    let operation = |desk: &Desk<'_>| Operation::UserRoles {
        user: desk.user_ref(),
        grant: typed(desk, "grant"),
        revoke: typed(desk, "revoke"),
    };
    act(form, "roles", operation).await
}

/// The one form whose outcome is shown and not told by an address: the link is on this page and nowhere else.
async fn link((State(admin), Path(id), visitor): Form) -> Answer {
    let desk = match Desk::at(&admin, &visitor, &id).await {
        Ok(desk) => desk,
        Err(answer) => return answer,
    };
    let operation = Operation::UserLink { user: desk.user_ref(), host: None };
    let said = match desk.perform(operation).await {
        Ok(Outcome::Link { user: _, link }) => Said { link: Some(link.url), ..Said::default() },
        Ok(_) => Said::default(),
        Err(problem) => Said::problem(words::refusal(&desk.frame, &problem)),
    };
    desk.show(said).await
}

/// Has the operator do it; then back to the user's page, which says so.
async fn act(
    (State(admin), Path(id), visitor): Form,
    done: &str,
    operation: impl FnOnce(&Desk<'_>) -> Operation,
) -> Answer {
    let desk = match Desk::at(&admin, &visitor, &id).await {
        Ok(desk) => desk,
        Err(answer) => return answer,
    };
    match desk.perform(operation(&desk)).await {
        Ok(_) => Answer::see_other(&format!("/users/{id}?said={done}")),
        Err(problem) => {
            let said = Said::problem(words::refusal(&desk.frame, &problem));
            desk.show(said).await
        }
    }
}
