//! Our pages by their addresses, as a browser asks for them: which there are, which methods each
//! takes, and what a form has to bring.

use std::collections::BTreeMap;

use axum::Router;
use axum::body::{Body, to_bytes};
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION};
use http::{HeaderMap, Request, StatusCode};
use tower::ServiceExt;

use super::*;
use crate::gate::tests::house::HOST;
use crate::gate::{Admission, Arrival, Incoming, Reference};
use crate::journey::tests::{PASSWORD, Trip};

const ORIGIN: &str = "https://portal.example.org";

/// Address, the methods that it takes besides HEAD.
const INVENTORY: [(&str, &[&str]); 45] = [
    ("", &["GET"]),
    ("/", &["GET"]),
    ("/sign-in", &["GET", "POST"]),
    ("/next", &["GET", "POST"]),
    ("/confirm", &["GET"]),
    ("/code/email", &["GET", "POST"]),
    ("/code/totp", &["GET", "POST"]),
    ("/code/password", &["GET", "POST"]),
    ("/code/email/resend", &["POST"]),
    ("/passkey", &["GET", "POST"]),
    ("/security-key", &["GET", "POST"]),
    ("/stuck", &["GET"]),
    ("/wait", &["GET"]),
    ("/denied", &["GET"]),
    ("/done", &["GET"]),
    ("/sign-out", &["GET", "POST"]),
    ("/link/token", &["GET", "POST"]),
    ("/link/token/passkey", &["POST"]),
    ("/enrol/app", &["GET", "POST"]),
    ("/me", &["GET"]),
    ("/me/keep", &["POST"]),
    ("/me/password", &["GET", "POST"]),
    ("/me/emails", &["GET", "POST"]),
    ("/me/emails/code", &["GET", "POST"]),
    ("/me/emails/remove", &["POST"]),
    ("/me/phones", &["GET", "POST"]),
    ("/me/phones/code", &["GET", "POST"]),
    ("/me/phones/remove", &["POST"]),
    ("/me/recovery-codes", &["GET"]),
    ("/me/recovery-codes/new", &["GET", "POST"]),
    ("/me/passkeys", &["GET"]),
    ("/me/passkeys/add", &["GET", "POST"]),
    ("/me/passkeys/add-key", &["GET", "POST"]),
    ("/me/passkeys/rename", &["POST"]),
    ("/me/passkeys/remove", &["GET", "POST"]),
    ("/me/app", &["GET"]),
    ("/me/app/add", &["GET", "POST"]),
    ("/me/app/remove", &["POST"]),
    ("/me/app/rename", &["POST"]),
    ("/me/devices", &["GET", "POST"]),
    ("/password", &["GET"]),
    ("/forgot", &["GET", "POST"]),
    ("/forgot/token", &["GET", "POST"]),
    ("/link/../link", &[]),
    ("/nothing", &[]),
];

/// Addresses of the router that are no pages, or are written in parts.
const NO_PAGES: [&str; 3] =
    ["/.scoregate/assets/{name}", "/.scoregate/jwks.json", "/.scoregate/step-up.js"];

/// A browser on one of our sites.
struct Browsing {
    trip: Trip,
    router: Router,
    jar: BTreeMap<String, String>,
}

struct Seen {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Seen {
    fn location(&self) -> &str {
        self.headers.get(LOCATION).map_or("", |value| value.to_str().unwrap())
    }

    /// The value of a hidden field.
    fn hidden(&self, name: &str) -> String {
        let page = scraper::Html::parse_document(&self.body);
        let field = scraper::Selector::parse(&format!("input[name={name}]")).unwrap();
        page.select(&field).next().and_then(|one| one.attr("value")).unwrap_or("").to_owned()
    }
}

/// What a browser sends with a form of ours.
fn form_headers() -> Vec<(&'static str, &'static str)> {
    vec![
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "document"),
        ("sec-fetch-site", "same-origin"),
        ("origin", ORIGIN),
        ("content-type", "application/x-www-form-urlencoded"),
    ]
}

fn encoded(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

impl Browsing {
    async fn new() -> Self {
        let trip = Trip::new().await;
        let portal = Portal { journey: trip.journey.clone(), demo_inbox: None };
        Self { trip, router: router(portal, None), jar: BTreeMap::new() }
    }

    async fn arrival(&self, method: &str, target: &str, cookie: &str) -> Option<Arrival> {
        let incoming = Incoming {
            door: crate::gate::Door::Portals,
            host: HOST.as_bytes(),
            method,
            target: target.as_bytes(),
            cookies: &[cookie.as_bytes()],
            address: None,
            upgrade: false,
            preflight: None,
        };
        match self.trip.house.gate.admit(incoming, &self.trip.house.snapshot, self.trip.now).await {
            Admission::OwnPage(arrival) => Some(*arrival),
            Admission::Refuse(_) => None,
            other => panic!("{other:?}"),
        }
    }

    /// `None`: it never gets here.
    async fn ask(
        &mut self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Option<Seen> {
        let cookie: Vec<String> =
            self.jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let cookie = cookie.join("; ");
        let arrival = self.arrival(method, target, &cookie).await?;
        let mut request = Request::builder()
            .method(method)
            .uri(target)
            .header("host", HOST)
            .header("cookie", cookie);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Body::from(body.to_owned())).unwrap();
        request.extensions_mut().insert(Arc::new(arrival));
        let transport = Transport { is_tls: true, reference: Reference::random() };
        request.extensions_mut().insert(transport);
        let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        for cookie in parts.headers.get_all("set-cookie") {
            let (name, rest) = cookie.to_str().unwrap().split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            if value.is_empty() {
                self.jar.remove(name);
            } else {
                self.jar.insert(name.to_owned(), value.to_owned());
            }
        }
        let body = to_bytes(body, 1 << 20).await.unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        Some(Seen { status: parts.status, headers: parts.headers, body })
    }

    async fn get(&mut self, target: &str) -> Seen {
        let navigation = [("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
        self.ask("GET", target, &navigation, "").await.unwrap()
    }

    async fn post(&mut self, target: &str, fields: &[(&str, &str)]) -> Seen {
        self.ask("POST", target, &form_headers(), &encoded(fields)).await.unwrap()
    }

    /// Signs in up to the page that asks for the code; gives that page's address.
    async fn sign_in(&mut self, next: &str) -> String {
        let page = self.get(&format!("/.scoregate/sign-in?next={next}")).await;
        let (csrf, tx) = (page.hidden("csrf"), page.hidden("tx"));
        let fields = [("csrf", &*csrf), ("tx", &tx), ("username", "anna"), ("password", PASSWORD)];
        let answer = self.post("/.scoregate/sign-in", &fields).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        answer.location().to_owned()
    }
}

#[tokio::test]
async fn each_address_takes_the_methods_of_the_inventory_and_no_other() {
    let mut browsing = Browsing::new().await;
    for (address, methods) in INVENTORY {
        let target = format!("/.scoregate{address}");
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"] {
            let seen = browsing.ask(method, &target, &form_headers(), "").await;
            let Some(seen) = seen else {
                assert!(methods.is_empty(), "{method} {target} was refused before");
                continue;
            };
            let is_taken = methods.contains(&if method == "HEAD" { "GET" } else { method });
            let status = match (methods.is_empty(), is_taken) {
                (true, _) => Some(StatusCode::NOT_FOUND),
                (false, false) => Some(StatusCode::METHOD_NOT_ALLOWED),
                (false, true) => None,
            };
            match status {
                Some(status) => assert_eq!(seen.status, status, "{method} {target}"),
                // A link that is not there is "not found" as a page.
                None => {
                    assert_ne!(seen.status, StatusCode::METHOD_NOT_ALLOWED, "{method} {target}")
                }
            }
            if seen.status == StatusCode::METHOD_NOT_ALLOWED {
                let allowed = seen.headers[ALLOW].to_str().unwrap();
                let has = |method: &str| allowed.split(',').any(|one| one.trim() == method);
                for (method, expected) in [("GET", "GET"), ("HEAD", "GET"), ("POST", "POST")] {
                    assert_eq!(has(method), methods.contains(&expected), "{target}: {allowed}");
                }
            }
        }
    }
}

#[test]
fn every_address_of_the_router_is_in_the_inventory() {
    let source = include_str!("router.rs");
    let written = source.split('"').filter(|text| text.starts_with("/.scoregate"));
    let mut known: Vec<String> = written
        .filter(|text| !text.contains("{page}") && !NO_PAGES.contains(text))
        .map(str::to_owned)
        .collect();
    for page in ["emails", "phones"] {
        for rest in source.split("format!(\"{base}").skip(1).filter_map(|at| at.split('"').next()) {
            known.push(format!("/.scoregate/me/{page}{rest}"));
        }
    }
    assert!(known.len() > 35, "{known:?}");
    for address in known {
        let is_it = |(one, _): &&(&str, &[&str])| {
            let (one, address) = (one.split('/'), address.strip_prefix("/.scoregate").unwrap());
            let mut pairs = one.clone().zip(address.split('/'));
            one.count() == address.split('/').count()
                && pairs.all(|(one, wanted)| one == wanted || wanted.starts_with('{'))
        };
        let found = INVENTORY.iter().find(is_it);
        assert!(found.is_some_and(|(_, methods)| !methods.is_empty()), "{address}");
    }
}

#[tokio::test]
async fn an_address_that_is_not_in_the_table_is_not_there() {
    let mut browsing = Browsing::new().await;
    for address in [
        "/sign-in/",
        "/sign-in/x",
        "/code",
        "/code/",
        "/code/email/",
        "/code/email/again",
        "/code/nothing",
        "/link",
        "/link/",
        "/link/a/b",
        "/enrol",
        "/me/",
        "/me/nothing",
        "/admin",
        "/assets/nothing.css",
        "/assets/",
        "/SIGN-IN",
    ] {
        let seen = browsing.get(&format!("/.scoregate{address}")).await;
        assert_eq!(seen.status, StatusCode::NOT_FOUND, "{address}");
    }
}

#[tokio::test]
async fn every_page_is_kept_by_nobody_and_shown_in_no_frame() {
    let mut browsing = Browsing::new().await;
    for (address, _) in INVENTORY {
        let target = format!("/.scoregate{address}");
        for method in ["GET", "PUT"] {
            let Some(seen) = browsing.ask(method, &target, &form_headers(), "").await else {
                continue;
            };
            assert_eq!(seen.headers[CACHE_CONTROL], "no-store", "{method} {target}");
            let policy = seen.headers[CONTENT_SECURITY_POLICY].to_str().unwrap();
            assert!(policy.contains("frame-ancestors 'none'"), "{method} {target}");
            assert_eq!(seen.headers["cross-origin-opener-policy"], "noopener-allow-popups");
        }
    }
}

#[tokio::test]
async fn a_script_gets_no_page() {
    let mut browsing = Browsing::new().await;
    let scripts: [&[(&str, &str)]; 4] = [
        &[("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty")],
        &[("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")],
        &[("accept", "application/json")],
        &[],
    ];
    for headers in scripts {
        for address in ["/sign-in", "/next", "/sign-out", "/link/token", "/nothing"] {
            let target = format!("/.scoregate{address}");
            let seen = browsing.ask("GET", &target, headers, "").await.unwrap();
            assert_eq!(seen.status, StatusCode::FORBIDDEN, "{headers:?} {address}");
            assert_eq!(seen.hidden("csrf"), "", "{headers:?} {address}");
        }
    }
}

/// What is wrong with a form.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Flaw {
    None,
    Header(&'static str, Option<&'static str>),
    NoToken,
    TokenOf(&'static str),
    NoCookie,
    Twice,
}

#[tokio::test]
async fn a_form_that_is_not_ours_changes_nothing_at_any_address() {
    let flaws = [
        Flaw::Header("sec-fetch-site", Some("cross-site")),
        Flaw::Header("sec-fetch-site", Some("same-site")),
        Flaw::Header("sec-fetch-site", Some("none")),
        Flaw::Header("sec-fetch-mode", Some("cors")),
        Flaw::Header("sec-fetch-dest", Some("iframe")),
        Flaw::Header("origin", Some("null")),
        Flaw::Header("origin", Some("https://evil.test")),
        Flaw::Header("origin", Some("http://portal.example.org")),
        Flaw::Header("content-type", Some("text/plain")),
        Flaw::Header("content-type", Some("application/json")),
        Flaw::Header("content-type", None),
        Flaw::NoToken,
        Flaw::TokenOf("another browser"),
        Flaw::TokenOf("another session"),
        Flaw::NoCookie,
        Flaw::Twice,
    ];
    let posts = INVENTORY.iter().filter(|(_, methods)| methods.contains(&"POST"));
    for (address, _) in posts {
        let target = format!("/.scoregate{address}");
        for flaw in flaws {
            let seen = sent(flaw, &target).await;
            let is_refused = matches!(seen, StatusCode::FORBIDDEN | StatusCode::BAD_REQUEST);
            assert!(is_refused, "{target} {flaw:?}: {seen}");
        }
        let seen = sent(Flaw::None, &target).await;
        assert_ne!(seen, StatusCode::FORBIDDEN, "{target}");
    }
}

/// The status of a form with one flaw, from somebody who is signed in.
async fn sent(flaw: Flaw, target: &str) -> StatusCode {
    let mut browsing = Browsing::new().await;
    browsing.sign_in("/").await;
    let page = browsing.get("/.scoregate/sign-out").await;
    let mut csrf = page.hidden("csrf");
    let session = browsing.jar[crate::sessions::cookies::SESSION].clone();
    let mut headers = form_headers();
    match flaw {
        Flaw::None | Flaw::Twice => {}
        Flaw::Header(name, value) => {
            headers.retain(|(one, _)| *one != name);
            headers.extend(value.map(|value| (name, value)));
        }
        Flaw::NoToken => csrf.clear(),
        Flaw::TokenOf("another browser") => {
            browsing.jar.clear();
            csrf = browsing.get("/.scoregate/sign-in").await.hidden("csrf");
            browsing.jar.clear();
            browsing.get("/.scoregate/sign-in").await;
            browsing.jar.insert(crate::sessions::cookies::SESSION.to_owned(), session);
        }
        Flaw::TokenOf(_) => {
            browsing.jar.remove(crate::sessions::cookies::SESSION);
            browsing.sign_in("/").await;
        }
        Flaw::NoCookie => {
            browsing.jar.remove(crate::sessions::cookies::BROWSER);
        }
    }
    let mut fields = vec![("csrf", &*csrf), ("method", "email"), ("code", "1"), ("next", "/")];
    if flaw == Flaw::Twice {
        fields.push(("csrf", &csrf));
    }
    let seen = browsing.ask("POST", target, &headers, &encoded(&fields)).await.unwrap();
    if seen.status == StatusCode::FORBIDDEN {
        assert!(browsing.jar.contains_key(crate::sessions::cookies::SESSION), "{flaw:?}");
    }
    seen.status
}

#[tokio::test]
async fn a_person_goes_from_page_to_page_and_arrives() {
    let mut browsing = Browsing::new().await;
    let code_page = browsing.sign_in("%2Freports%3Fx%3D1").await;
    assert!(code_page.starts_with("/.scoregate/code/email?tx="), "{code_page}");
    let page = browsing.get(&code_page).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("a•••@e•••.org"));

    let (csrf, tx) = (page.hidden("csrf"), page.hidden("tx"));
    let code = browsing.trip.code().await;
    let fields = [("csrf", &*csrf), ("tx", &tx), ("code", &code), ("score", "1000")];
    let answer = browsing.post("/.scoregate/code/email", &fields).await;
    assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/reports?x=1"));

    let page = browsing.get("/.scoregate/sign-in?next=%2Freports").await;
    assert_eq!((page.status, page.location()), (StatusCode::SEE_OTHER, "/reports"));

    let page = browsing.get("/.scoregate/sign-out").await;
    assert_eq!(page.status, StatusCode::OK);
    let answer = browsing.post("/.scoregate/sign-out", &[("csrf", &page.hidden("csrf"))]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert!(!browsing.jar.contains_key(crate::sessions::cookies::SESSION));
    let page = browsing.get("/.scoregate/next").await;
    assert!(page.location().starts_with("/.scoregate/sign-in"), "{}", page.location());
}

#[tokio::test]
async fn no_address_leads_past_the_step_that_is_next() {
    let mut browsing = Browsing::new().await;
    for address in ["/next", "/confirm", "/code/email", "/stuck", "/wait?method=email", "/denied"] {
        let seen = browsing.get(&format!("/.scoregate{address}")).await;
        assert!(seen.location().starts_with("/.scoregate/sign-in?tx="), "{address}");
    }
    browsing.sign_in("/").await;
    // Signed in, and short of points; the transaction of these addresses has sent nothing.
    for address in ["/sign-in", "/code/email", "/code/totp", "/code/password", "/denied", "/wait"] {
        let seen = browsing.get(&format!("/.scoregate{address}")).await;
        assert!(seen.location().starts_with("/.scoregate/next?tx="), "{address}");
    }
    assert!(!browsing.trip.is_admitted("/").await);
}

#[tokio::test]
async fn a_failing_store_is_said_and_signs_nobody_out() {
    let mut browsing = Browsing::new().await;
    browsing.sign_in("/").await;
    let page = browsing.get("/.scoregate/sign-out").await;
    browsing.trip.house.store.fail(&["end_session"]);
    let csrf = page.hidden("csrf");
    let answer = browsing.post("/.scoregate/sign-out", &[("csrf", &csrf)]).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.headers.contains_key("retry-after"));
    assert!(browsing.jar.contains_key(crate::sessions::cookies::SESSION));
    let seen = browsing.get("/.scoregate/next").await;
    assert!(seen.location().starts_with("/.scoregate/sign-in"), "dead here all the same");
}

#[tokio::test]
async fn a_page_without_the_word_of_the_gate_is_no_page() {
    let browsing = Browsing::new().await;
    for address in ["/sign-in", "/nothing"] {
        let request = Request::builder()
            .uri(format!("/.scoregate{address}"))
            .header("sec-fetch-mode", "navigate")
            .header("sec-fetch-dest", "document")
            .body(Body::empty())
            .unwrap();
        let response = browsing.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR, "{address}");
        assert!(!response.headers().contains_key(CONTENT_TYPE));
    }
}
