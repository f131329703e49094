//! Each preset and each kind of template against a real HTTP server on loopback, which is asked what it
//! was sent, to the letter.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::config::{LoadRequest, NotifierConfig, load};
use crate::notify::MessageKind;
use crate::points::Timestamp;

/// What a server was sent: request line, fields (sorted, without those that any client sends), body.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Got {
    line: String,
    fields: Vec<String>,
    body: String,
}

struct Server {
    port: u16,
    got: Arc<Mutex<Vec<Got>>>,
}

impl Server {
    /// Answers one request after the other as it is told, then with nothing at all.
    async fn answering(answers: Vec<(u16, &'static str)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let got = Arc::new(Mutex::new(Vec::new()));
        let seen = got.clone();
        tokio::spawn(async move {
            let mut answers: VecDeque<_> = answers.into();
            while let Some((status, body)) = answers.pop_front() {
                let Ok((mut socket, _)) = listener.accept().await else { return };
                let request = request_from(&mut socket).await;
                seen.lock().unwrap().push(request);
                let answer = format!(
                    "HTTP/1.1 {status} X\r\nlocation: http://127.0.0.1:{port}/elsewhere\r\n\
                     content-length: {}\r\nconnection: close\r\n\r\n{body}",
                    body.len()
                );
                socket.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        Self { port, got }
    }

    fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }
}

async fn request_from(socket: &mut tokio::net::TcpStream) -> Got {
    let mut bytes = Vec::new();
    loop {
        let mut chunk = [0; 4096];
        let count = socket.read(&mut chunk).await.unwrap();
        bytes.extend_from_slice(&chunk[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |length| length.parse::<usize>().unwrap());
        if body.len() < length {
            continue;
        }
        let mut lines = head.lines();
        let line = lines.next().unwrap().to_owned();
        let usual = ["host:", "accept:", "content-length:", "user-agent: scoregate/"];
        let mut fields: Vec<String> = lines
            .filter(|line| !usual.iter().any(|usual| line.starts_with(usual)))
            .map(str::to_owned)
            .collect();
        fields.sort();
        return Got { line, fields, body: body.to_owned() };
    }
}

/// A text that means something in every format that it is put into.
const TEXT: &str = "402716 is your \"R&D\" code = 100%+{to} é\n\n@portal.example.org #402716";

fn message() -> Message {
    Message {
        channel: NotifierChannel::Sms,
        to: "+31612345678".into(),
        subject: None,
        text: TEXT.into(),
        kind: MessageKind::Code,
    }
}

/// The gateway of the settings, with `SERVER` for the address of the server.
fn gateway(lines: &str, port: u16) -> HttpGateway {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("scoregate.toml");
    let server = format!("http://127.0.0.1:{port}");
    let text = format!(
        "{}\n[notifier.text]\nkind = \"http\"\n{}\n",
        include_str!("../../../config/minimal.toml"),
        lines.replace("SERVER", &server)
    );
    std::fs::write(&file, text).unwrap();
    let loaded = load(&LoadRequest {
        file: Some(file),
        environment: std::collections::BTreeMap::new(),
        overrides: Vec::new(),
        allow_plain_secrets: true,
        check_environment: false,
        now: Timestamp::EPOCH,
    });
    let printed = loaded.render(crate::config::Format::Text { coloured: false });
    let config = loaded.config.unwrap_or_else(|| panic!("{printed}"));
    match &config.notifiers["text"] {
        NotifierConfig::Http(gateway) => (**gateway).clone(),
        other => panic!("{other:?}"),
    }
}

async fn sent(lines: &str, answer: (u16, &'static str)) -> (Got, Result<(), DeliveryError>) {
    let server = Server::answering(vec![answer]).await;
    let notifier = HttpNotifier::new("text".into(), &gateway(lines, server.port)).unwrap();
    let delivered = notifier.deliver(&message()).await;
    (server.got().remove(0), delivered)
}

const BASIC: &str = "authorization: Basic QUMxMjM6czNjcmV0";
const FORM: &str = "content-type: application/x-www-form-urlencoded";
const JSON: &str = "content-type: application/json";
const FORM_TEXT: &str = "402716+is+your+%22R%26D%22+code+%3D+100%25%2B%7Bto%7D+%C3%A9%0A%0A%40portal.example.org+%23402716";
const JSON_TEXT: &str =
    r#"402716 is your \"R&D\" code = 100%+{to} é\n\n@portal.example.org #402716"#;

/// A provider, what its request is, an answer that is a success and one that is not.
struct Case {
    preset: &'static str,
    path: &'static str,
    fields: &'static [&'static str],
    body: String,
    taken: (u16, &'static str),
    refused: (u16, &'static str),
}

fn cases() -> Vec<Case> {
    vec![
        Case {
            preset: "twilio",
            path: "/2010-04-01/Accounts/AC123/Messages.json",
            fields: &[BASIC, FORM],
            body: format!("To=%2B31612345678&From=Example&Body={FORM_TEXT}"),
            taken: (201, r#"{"sid":"SM1","status":"queued"}"#),
            refused: (429, r#"{"code":20429,"message":"Too Many Requests"}"#),
        },
        Case {
            preset: "vonage",
            path: "/sms/json",
            fields: &[FORM],
            body: format!(
                "api_key=AC123&api_secret=s3cret&to=31612345678&from=Example&text={FORM_TEXT}"
            ),
            taken: (200, r#"{"message-count":"1","messages":[{"status":"0"}]}"#),
            refused: (200, r#"{"message-count":"1","messages":[{"status":"9"}]}"#),
        },
        Case {
            preset: "messagebird",
            path: "/messages",
            fields: &["authorization: AccessKey s3cret", JSON],
            body: format!(
                r#"{{"body":"{JSON_TEXT}","originator":"Example","recipients":["31612345678"]}}"#
            ),
            taken: (201, r#"{"id":"49e40bae","recipients":{"totalCount":1}}"#),
            refused: (401, r#"{"errors":[{"code":2}]}"#),
        },
        Case {
            preset: "cm",
            path: "/v1.0/message",
            fields: &[JSON],
            body: format!(
                r#"{{"messages":{{"authentication":{{"productToken":"s3cret"}},"msg":[{{"allowedChannels":["SMS"],"body":{{"content":"{JSON_TEXT}","type":"auto"}},"from":"Example","to":[{{"number":"0031612345678"}}]}}]}}}}"#
            ),
            taken: (200, r#"{"details":"Created 1 message(s)","errorCode":0}"#),
            refused: (200, r#"{"details":"No account found","errorCode":101}"#),
        },
    ]
}

/// The provider's request to the local server.
fn of_preset(case: &Case) -> String {
    format!(
        "preset = \"{}\"\naddress = \"SERVER{}\"\nsender = \"Example\"\nuser = \"AC123\"\n\
         password = \"s3cret\"",
        case.preset,
        case.path.replace("AC123", "{user}")
    )
}

#[tokio::test]
async fn each_provider_gets_the_request_that_it_documents() {
    for case in cases() {
        let (got, delivered) = sent(&of_preset(&case), case.taken).await;
        let expected = Got {
            line: format!("POST {} HTTP/1.1", case.path),
            fields: case.fields.iter().map(|field| (*field).to_owned()).collect(),
            body: case.body.clone(),
        };
        assert_eq!(got, expected, "{}", case.preset);
        assert!(delivered.is_ok(), "{}: {delivered:?}", case.preset);
    }
}

#[tokio::test]
async fn what_a_provider_did_not_take_is_no_success() {
    for case in cases() {
        let (_, delivered) = sent(&of_preset(&case), case.refused).await;
        let is_away = matches!(delivered, Err(DeliveryError::Unreachable(_)));
        assert!(is_away, "{}: {delivered:?}", case.preset);
    }
}

#[test]
fn the_addresses_of_the_presets_are_those_of_the_providers_over_tls() {
    for (preset, address) in [
        ("twilio", "https://api.twilio.com/2010-04-01/Accounts/AC123/Messages.json"),
        ("vonage", "https://rest.nexmo.com/sms/json"),
        ("messagebird", "https://rest.messagebird.com/messages"),
        ("cm", "https://gw.messaging.cm.com/v1.0/message"),
    ] {
        let lines = format!(
            "preset = \"{preset}\"\nsender = \"Example\"\nuser = \"AC123\"\npassword = \"s3cret\""
        );
        let notifier = HttpNotifier::new("text".into(), &gateway(&lines, 1)).unwrap();
        assert_eq!(notifier.request(&message()).unwrap().url().as_str(), address);
    }
}

#[tokio::test]
async fn any_other_gateway_gets_what_the_templates_say_and_no_value_leaves_its_place() {
    let ok = (200, "OK: 1");
    let all_in_the_address = "method = \"GET\"\naddress = \"SERVER/send/{user}?to={to}&m={text}\"\n\
                              user = \"a/b?c\"\nsuccess.pattern = \"^OK\"";
    let (got, delivered) = sent(all_in_the_address, ok).await;
    assert_eq!(
        got.line,
        "GET /send/a%2Fb%3Fc?to=%2B31612345678&m=402716%20is%20your%20%22R%26D%22%20code%20%3D%20\
         100%25%2B%7Bto%7D%20%C3%A9%0A%0A%40portal.example.org%20%23402716 HTTP/1.1"
    );
    assert!(got.body.is_empty() && delivered.is_ok(), "{got:?} {delivered:?}");

    let form = "address = \"SERVER/\"\nformat = \"form\"\nauth = \"bearer\"\npassword = \"s3cret\"\n\
                sender = \"a&b=c\"\nbody = \"n={to_digits}&t={text}&s={sender}&fixed=%261\"\n\
                headers = [\"X-Account: {sender}\"]";
    let (got, _) = sent(form, ok).await;
    assert_eq!(got.body, format!("n=31612345678&t={FORM_TEXT}&s=a%26b%3Dc&fixed=%261"));
    assert_eq!(got.fields, ["authorization: Bearer s3cret", FORM, "x-account: a&b=c"]);

    let json =
        "address = \"SERVER/\"\nbody = '{\"m\":[{\"to\":\"{to}\",\"t\":\"<{text}>\",\"n\":1}]}'";
    let (got, _) = sent(json, ok).await;
    assert_eq!(got.body, format!(r#"{{"m":[{{"n":1,"t":"<{JSON_TEXT}>","to":"+31612345678"}}]}}"#));
}

#[tokio::test]
async fn the_settings_say_which_answer_is_a_success() {
    let base = "address = \"SERVER/\"\nbody = '{\"to\":\"{to}\",\"t\":\"{text}\"}'\n";
    let by_status = "success.status = [200, 202]";
    let by_value = "success.pointer = \"/a/0/b\"\nsuccess.pattern = \"^(0|ok)$\"";
    let by_presence = "success.pointer = \"/id\"";
    let table: [(&str, u16, &str, &str); 18] = [
        ("", 200, "", "taken"),
        ("", 204, "", "taken"),
        ("", 302, "", "away"),
        ("", 400, "", "refused"),
        ("", 422, "", "refused"),
        ("", 401, "", "away"),
        ("", 402, "", "away"),
        ("", 429, "", "away"),
        ("", 500, "", "away"),
        (by_status, 202, "", "taken"),
        (by_status, 201, "", "away"),
        (by_value, 200, r#"{"a":[{"b":"ok"}]}"#, "taken"),
        (by_value, 200, r#"{"a":[{"b":0}]}"#, "taken"),
        (by_value, 200, r#"{"a":[{"b":"not ok"}]}"#, "away"),
        (by_value, 200, r#"{"a":[]}"#, "away"),
        (by_value, 200, "not json", "away"),
        (by_presence, 200, r#"{"id":"1"}"#, "taken"),
        (by_presence, 200, r#"{"id":null}"#, "away"),
    ];
    for (success, status, body, expected) in table {
        let (_, delivered) = sent(&format!("{base}{success}"), (status, body)).await;
        let became = match delivered {
            Ok(()) => "taken",
            Err(DeliveryError::Refused(_)) => "refused",
            Err(DeliveryError::Unreachable(_)) => "away",
        };
        assert_eq!(became, expected, "{success} {status} {body}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let server = Server::answering(vec![(307, ""), (200, "")]).await;
    let lines = "address = \"SERVER/\"\nbody = '{\"to\":\"{to}\",\"t\":\"{text}\"}'";
    let notifier = HttpNotifier::new("text".into(), &gateway(lines, server.port)).unwrap();
    assert!(notifier.deliver(&message()).await.is_err());
    assert_eq!(server.got().len(), 1);
}

#[tokio::test]
async fn a_gateway_that_is_gone_or_says_nothing_is_unreachable_and_the_error_tells_no_secret() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent_port = silent.local_addr().unwrap().port();
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gone_port = gone.local_addr().unwrap().port();
    drop(gone);
    for port in [silent_port, gone_port] {
        let lines = "address = \"SERVER/{password}/{to}?t={text}\"\npassword = \"s3cret\"";
        let gateway = HttpGateway { timeout: Duration::from_millis(50), ..gateway(lines, port) };
        let notifier = HttpNotifier::new("text".into(), &gateway).unwrap();
        let error = notifier.deliver(&message()).await.unwrap_err();
        let printed = format!("{error:?} {error}");
        assert!(matches!(error, DeliveryError::Unreachable(_)), "{printed}");
        for secret in ["s3cret", "31612345678", "402716"] {
            assert!(!printed.contains(secret), "{printed}");
        }
        assert!(!format!("{notifier:?}").contains("s3cret"));
    }
}

#[tokio::test]
async fn a_gateway_whose_certificate_nobody_vouches_for_gets_nothing() {
    let key = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let private =
        rustls::pki_types::PrivateKeyDer::try_from(key.signing_key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![key.cert.der().clone()], private)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let got = Arc::new(Mutex::new(Vec::new()));
    let seen = got.clone();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            if let Ok(mut socket) = acceptor.accept(socket).await {
                let mut head = vec![0; 4096];
                let count = socket.read(&mut head).await.unwrap_or(0);
                seen.lock().unwrap().push(count);
                let _ = socket.write_all(b"HTTP/1.1 200 X\r\ncontent-length: 0\r\n\r\n").await;
                let _ = socket.shutdown().await;
            }
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, key.cert.pem()).unwrap();
    let lines = "address = \"https://localhost:PORT/{to}?t={text}\"";
    let of =
        |more: &str| gateway(&format!("{lines}\n{more}").replace("PORT", &port.to_string()), port);

    let strange = HttpNotifier::new("text".into(), &of("")).unwrap();
    assert!(matches!(strange.deliver(&message()).await, Err(DeliveryError::Unreachable(_))));
    assert!(got.lock().unwrap().is_empty());

    let trusting = of(&format!("ca = {ca:?}"));
    let trusted = HttpNotifier::new("text".into(), &trusting).unwrap();
    assert!(trusted.deliver(&message()).await.is_ok());
    assert_eq!(got.lock().unwrap().len(), 1);

    std::fs::write(&ca, "nothing").unwrap();
    assert!(HttpNotifier::new("text".into(), &trusting).is_err());
}
