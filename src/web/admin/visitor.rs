//! Who visits an administrators' page, and what every such visit is asked first: the duties for the
//! section; for a form, that it is ours, whole, and of this session; for a change, a fresh proof. What
//! was typed is kept over the confirmation. Not here: the gate, which was passed before.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::request::Parts;
use http::{HeaderMap, Method};

use super::AdminPortal;
use super::duties::{Deed, Duties, Section};
use crate::gate::KEPT;
use crate::points::Outcome;
use crate::web::Caller;
use crate::web::answer::{Answer, Kind};
use crate::web::form::{Form, NotAForm};
use crate::web::pages::Refusal;
use crate::web::router::{BODY_LIMIT, check, is_navigation, not_taken, refused};

/// What an address asks of its visitors.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) admin: AdminPortal,
    pub(super) section: Section,
    pub(super) deed: Deed,
}

/// An administrator who may do what this address does.
#[derive(Clone, Debug)]
pub(super) struct Visitor {
    pub(super) caller: Caller,
    pub(super) duties: Duties,
    pub(super) section: Section,
    /// What was sent with it; empty for a `GET`.
    pub(super) form: Arc<Form>,
}

impl Visitor {
    /// The name of the administrator, for the menu and for revisions.
    pub(super) fn name(&self) -> String {
        self.caller.account().map(|account| account.user.name.to_string()).unwrap_or_default()
    }

    /// What was typed into a field; `None`: the form has no such field.
    pub(super) fn typed(&self, name: &str) -> Option<&str> {
        self.form.fields().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    pub(super) fn may(&self, deed: Deed) -> bool {
        self.duties.may(self.section, deed)
    }

    /// A page of the portal.
    pub(super) fn page(&self, kind: Kind, html: String) -> Answer {
        let caller = &self.caller;
        Answer::admin_page(kind, html).cookie(&caller.browser.cookie(caller.keys()))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Visitor {
    type Rejection = Answer;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        // An address outside every section has no visitor.
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Answer::bare(Kind::Failed))
    }
}

/// Lets a request through to its handler with a [`Visitor`], or answers itself.
pub(super) async fn admit(
    State(wanted): State<Wanted>,
    caller: Caller,
    request: Request,
    next: Next,
) -> Response {
    match visit(&wanted, caller, request).await {
        Ok(request) => next.run(request).await,
        Err(answer) => answer.into_response(),
    }
}

async fn visit(wanted: &Wanted, caller: Caller, request: Request) -> Result<Request, Answer> {
    let Wanted { admin, section, deed } = wanted;
    let portal = &admin.portal;
    let duties = Duties::of(&caller);
    if !is_ours(request.method(), request.headers()) {
        return Err(refused(portal, &caller, Kind::Denied, Refusal::ForeignForm));
    }
    if !duties.may(*section, *deed) {
        return Err(refused(portal, &caller, Kind::Denied, Refusal::NotYourDuty));
    }
    let (mut parts, body) = request.into_parts();
    let form = if parts.method == Method::POST {
        let form = posted(&caller, &parts.headers, body).await;
        form.map_err(|problem| not_taken(portal, &caller, problem))?
    } else {
        Form::default()
    };
    if *deed != Deed::Look && !is_fresh(&caller) {
        return Err(keep(admin, &caller, &form));
    }
    let form = Arc::new(form);
    parts.extensions.insert(Visitor { caller, duties, section: *section, form });
    Ok(Request::from_parts(parts, Body::empty()))
}

/// A navigation, or a script of our own page: nobody else has a page on this origin.
fn is_ours(method: &Method, headers: &HeaderMap) -> bool {
    let is = |name: &str, value: &str| headers.get(name).is_some_and(|given| given == value);
    let by_script = *method == Method::POST
        && is("sec-fetch-site", "same-origin")
        && is("sec-fetch-dest", "empty");
    by_script || is_navigation(method, headers)
}

async fn posted(caller: &Caller, headers: &HeaderMap, body: Body) -> Result<Form, NotAForm> {
    let body = to_bytes(body, BODY_LIMIT).await.map_err(|_| NotAForm::Body)?;
    let form = Form::parse(headers, &body)?;
    check(caller, headers, &form).map(|()| form)
}

/// Somebody has shown a moment ago who they are, as the pages under [`KEPT`] ask for.
fn is_fresh(caller: &Caller) -> bool {
    let arrival = &caller.arrival;
    let (Ok(matched), Some(settings)) = (arrival.find("GET", KEPT.as_bytes()), arrival.settings())
    else {
        return false;
    };
    matches!(arrival.decide(&matched.requirement, settings).outcome, Outcome::Allow(_))
}

/// To the confirmation, and from there back to what was typed.
fn keep(admin: &AdminPortal, caller: &Caller, form: &Form) -> Answer {
    let Some(session) = caller.session() else { return Answer::bare(Kind::Failed) };
    let action = caller.address.clone();
    let fields = form.fields().filter(|(name, _)| *name != "csrf");
    let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let id = admin.kept.keep(session, action, fields, caller.arrival.now);
    Answer::see_other(&format!("{KEPT}/{id}")).cookie(&caller.browser.cookie(caller.keys()))
}
