//! The inbox under the gateway's own addresses: a page for people, JSON for scripts. Not here: what is
//! in it (`inbox`).
//!
//! Unlike every other page it is given to more than navigations: scripts of a demo have to get at the
//! codes. It exists in the demo only, which listens on loopback.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use http::HeaderMap;
use http::header::ACCEPT;
use serde_json::json;

use super::inbox::{Inbox, Received};
use super::{INBOX, links};
use crate::notify::NotifierChannel;
use crate::points::{Method, Timestamp};
use crate::web::answer::{Answer, Kind};
use crate::web::pages::{DemoApp, DemoInbox, DemoMessage};
use crate::web::{Caller, Portal};

/// The address of the inbox, to be served beside the gateway's own pages.
pub fn inbox_router(inbox: Arc<Inbox>) -> Router<Portal> {
    let show = async move |State(portal): State<Portal>, caller: Caller, headers: HeaderMap| {
        if wants_json(&headers) {
            as_json(&inbox, caller.arrival.now)
        } else {
            page(&inbox, &portal, &caller)
        }
    };
    Router::new().route(INBOX, get(show))
}

fn wants_json(headers: &HeaderMap) -> bool {
    let accepts = |kind: &str| {
        let mut values = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
        values.any(|value| value.contains(kind))
    };
    accepts("application/json") && !accepts("text/html")
}

fn as_json(inbox: &Inbox, now: Timestamp) -> Answer {
    let messages: Vec<_> = inbox.messages().into_iter().map(message_json).collect();
    let apps: Vec<_> =
        inbox.apps().iter().map(|app| json!({ "user": app.user, "code": app.code(now) })).collect();
    let all = json!({ "messages": messages, "apps": apps });
    Answer::json(Kind::Page, "application/json", all.to_string().into_bytes())
}

fn message_json(received: Received) -> serde_json::Value {
    let Received { at, channel, to, subject, text, code } = received;
    json!({
        "at": instant(at),
        "channel": method(channel).name(),
        "to": to,
        "subject": subject,
        "text": text,
        "code": code,
    })
}

const fn method(channel: NotifierChannel) -> Method {
    match channel {
        NotifierChannel::Email => Method::Email,
        NotifierChannel::Sms => Method::Sms,
    }
}

/// RFC 3339, to the millisecond, so that it sorts as text.
fn instant(at: Timestamp) -> Option<String> {
    let millis = i64::try_from(at.as_millis()).ok()?;
    let at = jiff::Timestamp::from_millisecond(millis).ok()?;
    Some(at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string())
}

fn page(inbox: &Inbox, portal: &Portal, caller: &Caller) -> Answer {
    let now = caller.arrival.now;
    let is_signed_in = caller.account().is_some();
    let apps = inbox.apps().iter();
    let page = DemoInbox {
        frame: caller.frame_with_person(portal, is_signed_in),
        links: links(),
        apps: apps.map(|app| DemoApp { user: app.user.clone(), code: app.code(now) }).collect(),
        messages: inbox.messages().into_iter().map(message).collect(),
    };
    caller.page(Kind::Page, page.render())
}

fn message(received: Received) -> DemoMessage {
    let Received { at, channel, to, subject, text, code } = received;
    DemoMessage { method: method(channel), at, to, subject, text, code }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;
    use crate::demo::App;
    use crate::notify::{Message, MessageKind, Notifier};
    use crate::secret::Secret;

    /// 2026-03-02T14:20:00Z.
    const NOW: Timestamp = Timestamp::from_secs(1_772_461_200);

    async fn inbox() -> Inbox {
        let app =
            App { user: "anna".to_owned(), secret: Secret::new(b"12345678901234567890".to_vec()) };
        let clock = Arc::new(ManualClock::at(NOW));
        let inbox = Inbox::new(clock, vec![app], Box::new(std::io::sink()));
        let message = Message {
            channel: NotifierChannel::Email,
            to: "bob@example.org".to_owned(),
            subject: Some("Je inlogcode".to_owned()),
            text: "402716\n".to_owned(),
            kind: MessageKind::Code,
        };
        inbox.deliver(&message).await.unwrap();
        inbox
    }

    #[tokio::test]
    async fn scripts_get_messages_and_the_codes_that_apps_show_now() {
        let response = as_json(&inbox().await, Timestamp::from_secs(59)).into_response::<Vec<u8>>();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "application/json");
        assert_eq!(response.headers()["cache-control"], "no-store");
        let said: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
        assert_eq!(
            said,
            json!({
                "messages": [{
                    "at": "2026-03-02T14:20:00.000Z",
                    "channel": "email",
                    "to": "bob@example.org",
                    "subject": "Je inlogcode",
                    "text": "402716\n",
                    "code": "402716",
                }],
                "apps": [{ "user": "anna", "code": "287082" }],
            })
        );
    }

    #[test]
    fn json_is_for_those_who_ask_for_it_and_for_no_page() {
        for (accept, json) in [
            (None, false),
            (Some("application/json"), true),
            (Some("text/html,application/xhtml+xml,*/*;q=0.8"), false),
            (Some("text/html, application/json"), false),
            (Some("*/*"), false),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(accept) = accept {
                headers.insert(ACCEPT, accept.parse().unwrap());
            }
            assert_eq!(wants_json(&headers), json, "{accept:?}");
        }
    }
}
