//! The portal of the demo: it stands for the operator's own, so it knows nothing of sign-in and believes
//! the `X-Scoregate-*` headers, as a portal may that only the gateway can reach. Not here: the pages
//! themselves (`web::pages`).

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::header::{ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, StatusCode};
use jiff::tz::TimeZone;
use tokio::net::TcpListener;

use super::{BRAND, HELP_CONTACT, INBOX, links};
use crate::clock::Clock;
use crate::points::{Method, Settings};
use crate::web::i18n::{Catalogue, Language};
use crate::web::pages::{
    DemoEcho, DemoHome, DemoOperations, DemoPayments, DemoProof, DemoPublic, DemoWhy, Frame, Help,
    Person,
};

/// Starts the portal on a free port of 127.0.0.1. It runs until the runtime ends.
///
/// # Errors
/// The machine gives no port.
pub async fn start(clock: Arc<dyn Clock>) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router(clock)).await {
            tracing::error!(%error, "the demo portal has ended");
        }
    });
    Ok(address)
}

fn router(clock: Arc<dyn Clock>) -> Router {
    let links = links();
    Router::new()
        .route(&links.home, get(home))
        .route(&links.echo, get(echo))
        .route(&links.payments, get(payments))
        .route(&links.operations, get(operations))
        .route(&links.public, get(public))
        .route("/pay.js", get(pay_script))
        .route(&format!("{}/orders", links.payments), post(order))
        .fallback(missing)
        .with_state(clock)
}

type Time = State<Arc<dyn Clock>>;

async fn home(State(clock): Time, headers: HeaderMap) -> Response {
    let frame = frame(&*clock, &headers);
    page(DemoHome { frame, links: links(), score: score(&headers) }.render())
}

async fn echo(State(clock): Time, headers: HeaderMap) -> Response {
    let echo = DemoEcho {
        frame: frame(&*clock, &headers),
        links: links(),
        score: score(&headers),
        level: Some(Settings::standard().required_level.value()),
        proofs: proofs(&headers),
        headers: received(&headers),
        why: DemoWhy::default(),
    };
    page(echo.render())
}

async fn payments(State(clock): Time, headers: HeaderMap) -> Response {
    page(DemoPayments { frame: frame(&*clock, &headers), links: links() }.render())
}

async fn pay_script() -> Response {
    let kind = [(CONTENT_TYPE, "text/javascript; charset=utf-8"), (CACHE_CONTROL, "no-store")];
    (kind, include_str!("pay.js")).into_response()
}

/// An order that a script sends. What was ordered comes back, so that it can be seen to have arrived.
async fn order(headers: HeaderMap, body: String) -> Response {
    let order: serde_json::Value = serde_json::from_str(&body).unwrap_or_default();
    let user = text(&headers, "x-scoregate-user");
    axum::Json(serde_json::json!({ "user": user, "amount": order.get("amount") })).into_response()
}

async fn operations(State(clock): Time, headers: HeaderMap) -> Response {
    page(DemoOperations { frame: frame(&*clock, &headers), links: links() }.render())
}

async fn public(State(clock): Time, headers: HeaderMap) -> Response {
    page(DemoPublic { frame: frame(&*clock, &headers), links: links() }.render())
}

async fn missing() -> Response {
    let kind = [(CONTENT_TYPE, "text/plain; charset=utf-8"), (CACHE_CONTROL, "no-store")];
    (StatusCode::NOT_FOUND, kind, "The demo portal has no such page.\n").into_response()
}

fn page(html: String) -> Response {
    let kind = [(CONTENT_TYPE, "text/html; charset=utf-8"), (CACHE_CONTROL, "no-store")];
    (kind, html).into_response()
}

fn frame(clock: &dyn Clock, headers: &HeaderMap) -> Frame {
    let user = text(headers, "x-scoregate-user");
    Frame {
        brand: BRAND.to_owned(),
        portal: BRAND.to_owned(),
        home: links().home,
        language: Catalogue::negotiate(None, text(headers, ACCEPT_LANGUAGE.as_str()), &[]),
        languages: Language::ALL.to_vec(),
        address: None,
        help: Some(Help { url: None, contact: Some(HELP_CONTACT.to_owned()) }),
        reference: None,
        user: user.map(|name| Person { name: name.to_owned(), is_signed_in: true, not_you: None }),
        demo_inbox: Some(INBOX.to_owned()),
        offered: crate::points::MethodSet::EMPTY,
        now: clock.now(),
        zone: TimeZone::system(),
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn score(headers: &HeaderMap) -> Option<u16> {
    text(headers, "x-scoregate-score")?.parse().ok()
}

/// The methods that the gateway named, each with what it is worth in the demo.
fn proofs(headers: &HeaderMap) -> Vec<DemoProof> {
    let settings = Settings::standard();
    text(headers, "x-scoregate-methods")
        .unwrap_or_default()
        .split(',')
        .filter_map(method)
        .map(|method| DemoProof {
            method,
            age: None,
            points: settings.policy(method).points.value(),
        })
        .collect()
}

/// Of its `amr` value; the demo has these three.
fn method(amr: &str) -> Option<Method> {
    match amr {
        "pwd" => Some(Method::Password),
        "email" => Some(Method::Email),
        "otp" => Some(Method::Totp),
        _ => None,
    }
}

/// Every header that came, those of the gateway first.
fn received(headers: &HeaderMap) -> Vec<(String, String)> {
    let mut received: Vec<(String, String)> = headers
        .iter()
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (in_capitals(name.as_str()), value)
        })
        .collect();
    received.sort_by_key(|(name, _)| !name.starts_with("X-Scoregate-"));
    received
}

/// `x-scoregate-user` as people know it: `X-Scoregate-User`.
fn in_capitals(name: &str) -> String {
    let mut begins = true;
    name.chars()
        .map(|c| {
            let shown = if begins { c.to_ascii_uppercase() } else { c };
            begins = c == '-';
            shown
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use http::Request;
    use scraper::{Html, Selector};
    use tower::ServiceExt as _;

    use super::*;
    use crate::clock::ManualClock;
    use crate::points::Timestamp;

    const ANNA: &[(&str, &str)] = &[
        ("host", "localhost:8080"),
        ("x-scoregate-user", "anna"),
        ("x-scoregate-score", "30"),
        ("x-scoregate-methods", "pwd,email"),
    ];

    async fn ask(path: &str, headers: &[(&str, &str)]) -> (http::response::Parts, String) {
        let mut request = Request::get(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let clock = Arc::new(ManualClock::at(Timestamp::from_secs(1_772_461_200)));
        let answer = router(clock).oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let (parts, body) = answer.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        (parts, String::from_utf8(body.to_vec()).unwrap())
    }

    fn texts(html: &str, selector: &str) -> Vec<String> {
        Html::parse_document(html)
            .select(&Selector::parse(selector).unwrap())
            .map(|element| element.text().collect::<String>().trim().to_owned())
            .collect()
    }

    #[tokio::test]
    async fn every_page_is_html_that_is_not_kept() {
        for path in ["/", "/echo", "/payments", "/operations", "/public"] {
            let (parts, html) = ask(path, ANNA).await;
            assert_eq!(parts.status, 200, "{path}");
            assert_eq!(parts.headers["content-type"], "text/html; charset=utf-8", "{path}");
            assert_eq!(parts.headers["cache-control"], "no-store", "{path}");
            assert!(html.contains("href=\"/.scoregate/assets/style."), "{path}");
        }
        let (parts, _) = ask("/elsewhere", ANNA).await;
        assert_eq!(parts.status, 404);
        assert_eq!(parts.headers["cache-control"], "no-store");
    }

    #[tokio::test]
    async fn the_echo_shows_exactly_the_headers_that_came_and_as_text() {
        let odd = ("user-agent", "<b>\"curl\" & co</b>");
        let (_, html) = ask("/echo", &[odd, ANNA[0], ANNA[1], ANNA[2], ANNA[3]]).await;
        assert_eq!(
            texts(&html, "dl.mono dt"),
            ["X-Scoregate-User", "X-Scoregate-Score", "X-Scoregate-Methods", "User-Agent", "Host"]
        );
        assert_eq!(
            texts(&html, "dl.mono dd"),
            ["anna", "30", "pwd,email", "<b>\"curl\" & co</b>", "localhost:8080"]
        );
        assert!(!html.contains("<b>\"curl\""), "{html}");
    }

    #[tokio::test]
    async fn the_echo_shows_what_was_proven_and_its_points_make_the_score() {
        let (_, html) = ask("/echo", ANNA).await;
        assert_eq!(texts(&html, "h2")[0], "Score 30, and this page asks 30");
        assert_eq!(texts(&html, ".hero .items span b"), ["Password", "E-mail"]);
        assert_eq!(texts(&html, ".hero .items > li > b"), ["20", "10"]);
    }

    #[tokio::test]
    async fn nobody_is_named_where_no_header_names_anybody() {
        let host = ("host", "localhost:8080");
        let (_, html) = ask("/public", &[host]).await;
        assert!(texts(&html, ".who").is_empty(), "{html}");
        let (_, html) = ask("/", ANNA).await;
        assert_eq!(texts(&html, ".who"), ["Signed in as anna"]);
        // The query and other names are nobody's word.
        let (_, html) =
            ask("/?user=mallory", &[host, ("x-user", "mallory"), ("cookie", "user=mallory")]).await;
        assert!(texts(&html, ".who").is_empty() && !html.contains("mallory"), "{html}");
    }

    #[tokio::test]
    async fn the_pages_are_in_the_language_of_the_browser() {
        for (accepted, language) in [("nl-NL,en;q=0.5", "nl"), ("fr, en", "en"), ("", "en")] {
            let (_, html) = ask("/", &[("accept-language", accepted)]).await;
            assert!(html.contains(&format!("<html lang=\"{language}\">")), "{accepted}");
        }
    }

    #[tokio::test]
    async fn it_listens_on_loopback_only() {
        let clock = Arc::new(ManualClock::at(Timestamp::EPOCH));
        let address = start(clock).await.unwrap();
        assert!(address.ip().is_loopback() && address.port() != 0, "{address}");
    }
}
