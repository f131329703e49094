//! The administrators' portal: pages for whoever the gate let through to its route. Every address has a
//! section, and every role says which sections it reads and changes (`duties`); a change comes from our
//! own form and after a fresh proof, or it is kept until there is one (`kept`).
//!
//! To add a page: a variant of [`Section`] with its row in `duties`, its address and name in
//! `SECTIONS` of `duties`, a file here with a `pub(super) fn router()` that puts its addresses into
//! `looks` (`GET`, and forms that change nothing), `helps` or `changes`, and a line in [`admin_router`]. A
//! handler takes a [`Visitor`]; behind a form, it finds the fields in [`Visitor::form`], already
//! checked. Not here: who may pass the gate (`gate`), and what a change does (`operations`, `settings`).

mod authentication;
mod directories;
mod duties;
mod kept;
mod layout;
mod saving;
mod sentences;
mod users;
mod visitor;

use std::sync::Arc;

use arc_swap::ArcSwap;
use axum::Router;
use axum::middleware;
use axum::routing::get;

use duties::{Deed, Duties, Section};
pub use kept::Kept;

use super::Portal;
use super::answer::Answer;
use crate::accounts::RosterStore;
use crate::audit::Audit;
use crate::operations::Operator;
use crate::settings::{Ground, Policies};

/// What every administrators' page can ask.
#[derive(Clone, Debug)]
pub struct AdminPortal {
    pub portal: Portal,
    pub operator: Arc<Operator>,
    pub roster: Arc<dyn RosterStore>,
    pub policies: Arc<Policies>,
    /// The files, on which settings stand.
    pub ground: Arc<ArcSwap<Ground>>,
    pub audit: Arc<Audit>,
    /// What was typed and waits for a fresh proof.
    pub kept: Arc<Kept>,
}

/// The addresses of one section, by what it takes to use them.
#[derive(Default)]
struct Pages {
    /// Read; a form among them changes nothing.
    looks: Router<AdminPortal>,
    /// Forms that help somebody in: for the help desk too.
    helps: Router<AdminPortal>,
    /// Forms that change something.
    changes: Router<AdminPortal>,
}

/// All addresses of the administrators' portal.
pub fn admin_router(admin: AdminPortal) -> Router {
    Router::new()
        .merge(section(&admin, Section::Directories, directories::pages()))
        .merge(section(&admin, Section::Directories, authentication::pages()))
        .merge(section(&admin, Section::Users, users::pages()))
        .route("/", get(start))
        .merge(kept::router(&admin))
        .fallback(missing)
        .with_state(admin)
}

/// Every address of a section asks for the same duties, so that no handler can forget to.
fn section(admin: &AdminPortal, section: Section, pages: Pages) -> Router<AdminPortal> {
    let guarded = |router: Router<AdminPortal>, deed: Deed| {
        if !router.has_routes() {
            return router;
        }
        let state = visitor::Wanted { admin: admin.clone(), section, deed };
        router.route_layer(middleware::from_fn_with_state(state, visitor::admit))
    };
    guarded(pages.looks, Deed::Look)
        .merge(guarded(pages.helps, Deed::Help))
        .merge(guarded(pages.changes, Deed::Change))
}

/// `GET /`: the first section that this person may read.
async fn start(caller: super::Caller) -> Answer {
    let duties = Duties::of(&caller);
    let first = duties::SECTIONS.iter().find(|place| duties.may(place.section, Deed::Look));
    Answer::see_other(first.map_or("/.scoregate/denied", |place| place.href))
}

async fn missing(
    axum::extract::State(admin): axum::extract::State<AdminPortal>,
    caller: super::Caller,
) -> Answer {
    let kind = super::answer::Kind::NotFound;
    super::router::refused(&admin.portal, &caller, kind, super::pages::Refusal::NotFound)
}
