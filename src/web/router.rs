//! The addresses of our pages, and the checks that every one of them shares: only navigations are
//! answered, and a form is taken only from our own page in the browser it was made for. An address
//! that is not in this table does not exist. Not here: what a page does.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Extension, FromRequest, Path, Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use http::{HeaderMap, HeaderName, Method};

use super::account::passkeys;
use super::answer::{Answer, Kind};
use super::assets::Assets;
use super::browser::{Made, is_from_own_page};
use super::caller::Caller;
use super::form::{Form, NotAForm};
use super::pages::{CookiesBlocked, Refusal, Refused};
use super::{Portal, account, forgot, passkey, set_up, sign_in, sign_out, steps};
use crate::gate::Arrival;

/// Our pages hold nothing that needs more.
pub(super) const BODY_LIMIT: usize = 16 * 1024;

/// All our addresses. `more`: those of a demonstration.
pub fn router(portal: Portal, more: Option<Router<Portal>>) -> Router {
    let pages = Router::new()
        .route("/.scoregate", get(sign_in::show))
        .route("/.scoregate/", get(sign_in::show))
        .route("/.scoregate/sign-in", get(sign_in::show).post(sign_in::submit))
        .route("/.scoregate/next", get(steps::show).post(steps::submit))
        .route("/.scoregate/confirm", get(steps::show))
        .route("/.scoregate/code/{method}", get(steps::show_code).post(steps::submit_code))
        .route("/.scoregate/code/{method}/resend", post(steps::resend))
        .route("/.scoregate/passkey", get(passkey::show).post(passkey::submit))
        .route("/.scoregate/security-key", get(passkey::show_key).post(passkey::submit))
        .route("/.scoregate/stuck", get(steps::stuck))
        .route("/.scoregate/wait", get(steps::wait))
        .route("/.scoregate/denied", get(steps::denied))
        .route("/.scoregate/done", get(steps::arrived))
        .route("/.scoregate/sign-out", get(sign_out::show).post(sign_out::submit))
        .route("/.scoregate/link/{token}", get(set_up::show).post(set_up::submit))
        .route("/.scoregate/link/{token}/passkey", post(set_up::submit_passkey))
        .route("/.scoregate/enrol/app", get(set_up::show_app).post(set_up::submit_app))
        .route("/.scoregate/me", get(account::show))
        .route("/.scoregate/me/recovery-codes", get(account::show_recovery))
        .route(
            "/.scoregate/me/recovery-codes/new",
            get(account::show_new_recovery).post(account::submit_recovery),
        )
        .route("/.scoregate/me/keep", post(account::keep))
        .route("/.scoregate/me/passkeys", get(passkeys::show))
        .route("/.scoregate/me/passkeys/add", get(passkeys::show_add).post(passkeys::add))
        .route("/.scoregate/me/passkeys/add-key", get(passkeys::show_add_key).post(passkeys::add))
        .route("/.scoregate/me/passkeys/rename", post(passkeys::rename))
        .route("/.scoregate/me/passkeys/remove", get(passkeys::show_remove).post(passkeys::remove))
        .route("/.scoregate/password", get(account::password::elsewhere))
        .route(
            "/.scoregate/me/password",
            get(account::password::show).post(account::password::submit),
        )
        .route("/.scoregate/me/app", get(account::app::show))
        .route("/.scoregate/me/app/add", get(account::app::show_add).post(account::app::submit_add))
        .route("/.scoregate/me/app/remove", post(account::app::remove))
        .route("/.scoregate/me/app/rename", post(account::app::rename))
        .route("/.scoregate/me/devices", get(account::devices::show).post(account::devices::submit))
        .route("/.scoregate/forgot", get(forgot::show).post(forgot::submit))
        .route("/.scoregate/forgot/{token}", get(forgot::show_reset).post(forgot::submit_reset))
        .merge(contact_pages())
        .fallback(missing)
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(portal.clone(), only_navigations));
    Router::new()
        .route("/.scoregate/assets/{name}", get(asset))
        .route("/.scoregate/jwks.json", get(jwks))
        .route("/.scoregate/step-up.js", get(step_up))
        .merge(more.unwrap_or_default())
        .merge(pages)
        .with_state(portal)
}

/// The same pages for addresses and numbers.
fn contact_pages() -> Router<Portal> {
    use super::account::contacts::{Of, remove, show, show_code, submit, submit_code};
    let of = |page: &'static str, of: Of| {
        let base = format!("/.scoregate/me/{page}");
        Router::new()
            .route(&base, get(show).post(submit))
            .route(&format!("{base}/code"), get(show_code).post(submit_code))
            .route(&format!("{base}/remove"), post(remove))
            .layer(Extension(of))
    };
    of("emails", Of::Emails).merge(of("phones", Of::Phones))
}

async fn asset(Path(name): Path<String>) -> Answer {
    match Assets::embedded().find(&name) {
        Some(asset) => Answer::asset(asset.content_type, asset.bytes),
        None => Answer::bare(Kind::NotFound),
    }
}

/// What portals check assertions with. The same for everybody, and not for people.
async fn jwks(Extension(arrival): Extension<Arc<Arrival>>) -> Answer {
    Answer::published("application/jwk-set+json", arrival.snapshot.keys.jwks(arrival.now))
}

/// For pages of the portal. Under a name that does not change, so it is not kept for long.
async fn step_up() -> Answer {
    let script = include_str!("assets/step-up.js").to_owned();
    Answer::published("text/javascript; charset=utf-8", script)
        .with(HeaderName::from_static("cross-origin-resource-policy"), "same-origin")
}

async fn missing(State(portal): State<Portal>, caller: Caller) -> Answer {
    refused(&portal, &caller, Kind::NotFound, Refusal::NotFound)
}

async fn wrong_method(State(portal): State<Portal>, caller: Caller) -> Answer {
    refused(&portal, &caller, Kind::NotAllowed, Refusal::WrongMethod)
}

/// A refusal as a page.
pub(super) fn refused(portal: &Portal, caller: &Caller, kind: Kind, refusal: Refusal) -> Answer {
    let frame = caller.frame_with_reference(portal, true);
    let retry_after_s = match kind {
        Kind::Unavailable { retry_after } => Some(retry_after.as_secs().max(1)),
        _ => None,
    };
    caller.page(kind, Refused { frame, refusal, retry_after_s, retry: None }.render())
}

/// A script on the portal's origin is a stranger here: our pages hold forms that it could read and
/// send. They are given to navigations only (a browser sets `Sec-Fetch-*`, and no script can).
async fn only_navigations(
    State(portal): State<Portal>,
    caller: Caller,
    request: Request,
    next: Next,
) -> Response {
    if is_navigation(request.method(), request.headers()) {
        next.run(request).await
    } else {
        axum::response::IntoResponse::into_response(refused(
            &portal,
            &caller,
            Kind::Denied,
            Refusal::ForeignForm,
        ))
    }
}

pub(super) fn is_navigation(method: &Method, headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or(""));
    // A service worker of the portal would read the answer: it looks like a navigation in all else.
    if headers.contains_key("service-worker-navigation-preload") {
        return false;
    }
    match (text("sec-fetch-mode"), text("sec-fetch-dest")) {
        (None, None) => {
            // A browser too old to say. Forms are judged by their token and where they come from.
            method == Method::POST
                || text("accept").is_some_and(|accept| accept.contains("text/html"))
        }
        (mode, destination) => mode == Some("navigate") && destination == Some("document"),
    }
}

/// A form of ours, sent from our own page by the browser that it was made for.
#[derive(Debug)]
pub(super) struct Posted {
    pub(super) caller: Caller,
    pub(super) form: Form,
}

impl FromRequest<Portal> for Posted {
    type Rejection = Answer;

    async fn from_request(request: Request, portal: &Portal) -> Result<Self, Self::Rejection> {
        let (mut parts, body) = request.into_parts();
        let caller = <Caller as axum::extract::FromRequestParts<Portal>>::from_request_parts(
            &mut parts, portal,
        )
        .await?;
        let form = match read(&parts.headers, body).await {
            Ok(form) => form,
            Err(problem) => return Err(not_taken(portal, &caller, problem)),
        };
        let caller = caller.with_transaction(form.field("tx"));
        match check(&caller, &parts.headers, &form) {
            Ok(()) => Ok(Self { caller, form }),
            Err(problem) => Err(not_taken(portal, &caller, problem)),
        }
    }
}

async fn read(headers: &HeaderMap, body: Body) -> Result<Form, NotAForm> {
    let body = to_bytes(body, BODY_LIMIT).await.map_err(|_| NotAForm::Body)?;
    Form::parse(headers, &body)
}

pub(super) fn check(caller: &Caller, headers: &HeaderMap, form: &Form) -> Result<(), NotAForm> {
    if !is_from_own_page(headers, &caller.authority, caller.is_tls) {
        return Err(NotAForm::NotFromHere);
    }
    if caller.browser.is_new {
        return Err(NotAForm::NoCookie);
    }
    let (csrf, session) = (form.field("csrf"), caller.session());
    match caller.browser.made(csrf, session, caller.keys(), caller.arrival.now) {
        Made::ForThis => Ok(()),
        Made::BeforeTheSignIn => Err(NotAForm::BeforeTheSignIn),
        Made::ForAnother => Err(NotAForm::NotForThisBrowser),
    }
}

pub(super) fn not_taken(portal: &Portal, caller: &Caller, problem: NotAForm) -> Answer {
    match problem {
        NotAForm::Body => refused(portal, caller, Kind::Malformed, Refusal::NotUnderstood),
        NotAForm::NotFromHere | NotAForm::NotForThisBrowser => {
            refused(portal, caller, Kind::Denied, Refusal::ForeignForm)
        }
        // Another tab has signed in meanwhile: nothing is done, and the journey says where it stands.
        NotAForm::BeforeTheSignIn => caller.to("sign-in", &caller.transaction),
        NotAForm::NoCookie => {
            let page = CookiesBlocked {
                frame: caller.frame_with_reference(portal, false),
                retry: "/.scoregate/sign-in".to_owned(),
                is_plain_loopback: !caller.is_tls,
            };
            caller.page(Kind::Denied, page.render())
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_page_is_given_to_a_navigation_and_to_nothing_else() {
        type Row = (Method, Option<&'static str>, Option<&'static str>, Option<&'static str>, bool);
        let html = Some("text/html,*/*");
        let table: [Row; 9] = [
            (Method::GET, Some("navigate"), Some("document"), html, true),
            (Method::POST, Some("navigate"), Some("document"), html, true),
            (Method::GET, Some("navigate"), Some("iframe"), html, false),
            (Method::GET, Some("cors"), Some("empty"), html, false),
            (Method::GET, Some("same-origin"), Some("empty"), html, false),
            (Method::POST, Some("cors"), Some("empty"), None, false),
            (Method::GET, None, None, html, true),
            (Method::GET, None, None, Some("application/json"), false),
            (Method::GET, None, None, None, false),
        ];
        for (method, mode, destination, accept, given) in table {
            let mut headers = HeaderMap::new();
            for (name, value) in
                [("sec-fetch-mode", mode), ("sec-fetch-dest", destination), ("accept", accept)]
            {
                if let Some(value) = value {
                    headers.insert(name, HeaderValue::from_static(value));
                }
            }
            assert_eq!(
                is_navigation(&method, &headers),
                given,
                "{method} {mode:?} {destination:?}"
            );
        }
        let mut preloaded = HeaderMap::new();
        for (name, value) in [
            ("sec-fetch-mode", "navigate"),
            ("sec-fetch-dest", "document"),
            ("service-worker-navigation-preload", "true"),
        ] {
            preloaded.insert(name, HeaderValue::from_static(value));
        }
        assert!(!is_navigation(&Method::GET, &preloaded), "a service worker reads the answer");
    }
}
