//! A new user, with a link to set the account up: by mail, or shown once. Not here: what a user is made of
//! (`operations`).

use askama::Template;
use axum::extract::{Query, State};

use super::detail::{Desk, Said};
use super::{Pick, picks_of_directories, words};
use crate::audit::Actor;
use crate::operations::{Operation, Outcome, UserAdd, UserRef};
use crate::web::admin::AdminPortal;
use crate::web::admin::duties::{Deed, Section};
use crate::web::admin::layout::Layout;
use crate::web::admin::visitor::Visitor;
use crate::web::answer::{Answer, Kind};
use crate::web::pages::{Frame, Hidden, Refusal, html};
use crate::web::router::refused;

#[derive(Template)]
#[template(path = "admin/user-new.html")]
struct NewView<'a> {
    frame: &'a Frame,
    layout: &'a Layout,
    title: String,
    heading: String,
    hidden: Hidden,
    said: Option<String>,
    directories: Vec<Pick>,
    name: &'a str,
    called: &'a str,
    email: &'a str,
    phone: &'a str,
    language: &'a str,
    roles: &'a str,
    by_mail: bool,
}

#[derive(Debug, Default, serde::Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    directory: String,
}

/// `GET /users/new`
pub(super) async fn show(
    State(admin): State<AdminPortal>,
    Query(asked): Query<Asked>,
    visitor: Visitor,
) -> Answer {
    if !visitor.may(Deed::Change) {
        return refused(&admin.portal, &visitor.caller, Kind::Denied, Refusal::NotYourDuty);
    }
    page(&admin, &visitor, &asked.directory, None)
}

fn page(admin: &AdminPortal, visitor: &Visitor, directory: &str, said: Option<String>) -> Answer {
    let frame = visitor.caller.frame(&admin.portal);
    let heading = frame.t("users-new");
    let typed = |name: &str| visitor.typed(name).unwrap_or_default();
    let kind = if said.is_some() { Kind::Malformed } else { Kind::Page };
    let view = NewView {
        title: frame.title(&heading, said.is_some()),
        heading,
        layout: &Layout::of(&visitor.caller, Some(Section::Users)),
        hidden: visitor.caller.hidden_without_transaction(),
        said,
        directories: picks_of_directories(visitor, directory, frame.language),
        name: typed("name"),
        called: typed("called"),
        email: typed("email"),
        phone: typed("phone"),
        language: typed("language"),
        roles: typed("roles"),
        by_mail: typed("how") != "link",
        frame: &frame,
    };
    visitor.page(kind, html(&view))
}

/// What was typed, as a command gives it.
fn addition(visitor: &Visitor) -> UserAdd {
    let typed = |name: &str| {
        let typed = visitor.typed(name).unwrap_or_default().trim();
        (!typed.is_empty()).then(|| typed.to_owned())
    };
    let roles = visitor.typed("roles").unwrap_or_default();
    let roles = roles.split([',', ' ']).filter(|role| !role.is_empty());
    UserAdd {
        name: typed("name").unwrap_or_default(),
        directory: typed("directory"),
        roles: roles.map(str::to_owned).collect(),
        email: typed("email"),
        phone: typed("phone"),
        display_name: typed("called"),
        language: typed("language"),
        password: None,
        host: None,
    }
}

/// `POST /users/new`
pub(super) async fn submit(State(admin): State<AdminPortal>, visitor: Visitor) -> Answer {
    let frame = visitor.caller.frame(&admin.portal);
    let add = addition(&visitor);
    let directory = add.directory.clone().unwrap_or_default();
    let by_mail = visitor.typed("how") != Some("link");
    if by_mail && add.email.is_none() {
        return page(&admin, &visitor, &directory, Some(frame.t("users-new-needs-email")));
    }
    let Some(account) = visitor.caller.account() else {
        return refused(&admin.portal, &visitor.caller, Kind::Denied, Refusal::NotYourDuty);
    };
    let actor = Actor::User(account.user.id.clone());
    let added = admin.operator.perform(Operation::UserAdd(Box::new(add)), &actor).await;
    let (user, link) = match added {
        Ok(Outcome::UserAdded { user, link }) => (user, link),
        Ok(_) => return refused(&admin.portal, &visitor.caller, Kind::Failed, Refusal::Fault),
        Err(problem) => {
            return page(&admin, &visitor, &directory, Some(words::refusal(&frame, &problem)));
        }
    };
    let desk = match Desk::at(&admin, &visitor, &user.id).await {
        Ok(desk) => desk,
        Err(answer) => return answer,
    };
    if !by_mail {
        let link = link.map(|link| link.url);
        return desk.show(Said { link, ..Said::default() }).await;
    }
    let user_ref = UserRef { name: user.name, directory: Some(user.directory) };
    match desk.perform(Operation::UserMail { user: user_ref }).await {
        Ok(_) => Answer::see_other(&format!("/users/{}?said=created", user.id)),
        Err(problem) => desk.show(Said::problem(words::refusal(&frame, &problem))).await,
    }
}
