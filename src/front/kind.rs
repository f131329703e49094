//! What kind of client sent a request, so that it gets an answer that it can use: a person looking at a
//! page, a form, a frame, a script, an image. Decided by `Sec-Fetch-*`, which no script can set, with
//! the `Accept` of older clients behind it. Not here: what the answers say.

use http::{HeaderMap, Method};

/// Who wants the answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ClientKind {
    /// A person, looking at this address.
    Navigation,
    /// A person who has sent a form: what they typed is in it.
    FormPost,
    /// A page within a page.
    Frame,
    /// `fetch`, an API client, a command.
    Script,
    /// An image, style, script or font: nobody reads its body.
    Subresource,
    WebSocket,
    Grpc,
}

impl ClientKind {
    #[must_use]
    pub fn of(method: &Method, headers: &HeaderMap, is_upgrade: bool) -> Self {
        let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or(""));
        if is_upgrade {
            return Self::WebSocket;
        }
        let is_grpc = text("content-type")
            .and_then(|kind| kind.strip_prefix("application/grpc"))
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['+', ';']));
        if is_grpc && method == Method::POST {
            return Self::Grpc;
        }
        let is_read = matches!(*method, Method::GET | Method::HEAD);
        match (text("sec-fetch-mode"), text("sec-fetch-dest")) {
            (None, None) => {
                let reads_html = text("accept").is_some_and(|accept| accept.contains("text/html"));
                let is_script = text("x-requested-with").is_some();
                if is_read && reads_html && !is_script { Self::Navigation } else { Self::Script }
            }
            (Some("navigate"), Some("document")) if is_read => Self::Navigation,
            (Some("navigate"), Some("document")) => Self::FormPost,
            (_, Some("iframe" | "frame" | "embed" | "object" | "fencedframe")) => Self::Frame,
            (
                _,
                Some(
                    "image" | "script" | "style" | "font" | "audio" | "video" | "track"
                    | "manifest" | "worker" | "sharedworker" | "serviceworker" | "audioworklet"
                    | "paintworklet" | "xslt" | "report",
                ),
            ) => Self::Subresource,
            (_, Some("websocket")) => Self::WebSocket,
            (_, _) => Self::Script,
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn each_client_is_told_by_what_its_browser_says_of_it() {
        use ClientKind::{FormPost, Frame, Grpc, Navigation, Script, Subresource, WebSocket};
        type Fields = &'static [(&'static str, &'static str)];
        let table: [(Method, Fields, bool, ClientKind); 19] = [
            (
                Method::GET,
                &[("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")],
                false,
                Navigation,
            ),
            (
                Method::HEAD,
                &[("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")],
                false,
                Navigation,
            ),
            (
                Method::POST,
                &[("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")],
                false,
                FormPost,
            ),
            (
                Method::GET,
                &[("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")],
                false,
                Frame,
            ),
            (
                Method::GET,
                &[("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty")],
                false,
                Script,
            ),
            (
                Method::GET,
                &[("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")],
                false,
                Subresource,
            ),
            (
                Method::GET,
                &[("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "style")],
                false,
                Subresource,
            ),
            (Method::GET, &[("sec-fetch-mode", "navigate")], false, Script),
            (
                Method::GET,
                &[("sec-fetch-mode", "websocket"), ("sec-fetch-dest", "websocket")],
                true,
                WebSocket,
            ),
            (Method::GET, &[], true, WebSocket),
            (Method::POST, &[("content-type", "application/grpc+proto")], false, Grpc),
            (Method::POST, &[("content-type", "application/grpc")], false, Grpc),
            (Method::POST, &[("content-type", "application/grpcfoo")], false, Script),
            (Method::GET, &[("content-type", "application/grpc")], false, Script),
            (Method::GET, &[("accept", "text/html,application/xhtml+xml")], false, Navigation),
            (
                Method::GET,
                &[("accept", "text/html"), ("x-requested-with", "XMLHttpRequest")],
                false,
                Script,
            ),
            (Method::POST, &[("accept", "text/html")], false, Script),
            (Method::GET, &[("accept", "*/*")], false, Script),
            (Method::GET, &[], false, Script),
        ];
        for (method, fields, upgrade, kind) in table {
            let mut headers = HeaderMap::new();
            for (name, value) in fields {
                headers.insert(*name, HeaderValue::from_static(value));
            }
            assert_eq!(ClientKind::of(&method, &headers, upgrade), kind, "{method} {fields:?}");
        }
    }
}
