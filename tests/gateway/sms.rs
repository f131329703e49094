//! Text messages from the real gateway to a real HTTP server that stands for a provider: what it is
//! sent, what people see where it fails, and what is spent. Not here: the request of each provider
//! (`notify::http`).

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use super::person::Person;
use super::world::{World, password_of, wait_for};

/// A provider: keeps every body and answers as it is told.
struct Provider {
    address: SocketAddr,
    bodies: Arc<Mutex<Vec<serde_json::Value>>>,
    status: Arc<AtomicU16>,
}

impl Provider {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let bodies: Arc<Mutex<Vec<serde_json::Value>>> = Arc::default();
        let status = Arc::new(AtomicU16::new(201));
        let (kept, says) = (bodies.clone(), status.clone());
        thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                answer(socket, &kept, says.load(Ordering::SeqCst));
            }
        });
        Self { address, bodies, status }
    }

    fn texts(&self) -> Vec<String> {
        let bodies = self.bodies.lock().unwrap();
        bodies.iter().map(|body| body["body"].as_str().unwrap().to_owned()).collect()
    }

    /// The code of the newest text, once there are more than `before`.
    fn code_after(&self, before: usize) -> String {
        let text = wait_for("a text message arrives", || {
            let texts = self.texts();
            (texts.len() > before).then(|| texts.last().unwrap().clone())
        });
        text.split(' ').next().unwrap().to_owned()
    }
}

fn answer(mut socket: std::net::TcpStream, kept: &Mutex<Vec<serde_json::Value>>, status: u16) {
    let mut bytes = Vec::new();
    let body = loop {
        let mut chunk = [0; 4096];
        let Ok(count) = socket.read(&mut chunk) else { return };
        if count == 0 {
            return;
        }
        bytes.extend_from_slice(&chunk[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((_, body)) = text.split_once("\r\n\r\n")
            && let Ok(body) = serde_json::from_str(body)
        {
            break body;
        }
    };
    if status == 201 {
        kept.lock().unwrap().push(body);
    }
    let said = format!(
        "HTTP/1.1 {status} X\r\nContent-Length: 10\r\nConnection: close\r\n\r\n{{\"id\":\"1\"}}"
    );
    let _ = socket.write_all(said.as_bytes());
}

/// A gateway that sends text messages to `provider`, and Anna, who has a phone.
fn world(provider: &Provider, more: &str) -> World {
    let mut world = World::prepare();
    let text = format!(
        "{}\n[notifier.text]\nkind = \"http\"\npreset = \"messagebird\"\n\
         address = \"http://{}/messages\"\nsender = \"Example\"\npassword = {{ file = \"sms-key\" }}\n\
         [sms]\ncountries = [\"NL\"]\n{more}\n",
        // Beside it e-mail only.
        world.config().replace("kind = \"file\"\npath = \"outbox\"", SMTP),
        provider.address
    );
    world.write_private("sms-key", "a-secret-key\n");
    world.write_config(&text);
    world.run();
    let arguments = [
        "user",
        "add",
        "anna",
        "--directory",
        "staff",
        "--email",
        "anna@mail.example.net",
        "--phone",
        "+31 6 1234 5689",
        "--language",
        "nl",
        "--password-stdin",
    ];
    let done = world.command(&arguments, &format!("{}\n", password_of("anna")));
    assert_eq!(done.code, Some(0), "{done:?}");
    world
}

/// A mail server that is not there.
const SMTP: &str =
    "kind = \"smtp\"\nurl = \"smtp://127.0.0.1:9\"\ntls = \"none\"\nfrom = \"a@example.org\"";

#[test]
fn a_text_message_goes_to_the_provider_and_its_code_lets_in_and_is_written_down_nowhere() {
    let provider = Provider::start();
    let world = world(&provider, "");
    let mut anna = Person::new(&world);
    anna.sign_in("anna", &password_of("anna"));
    assert!(anna.page.words().contains("89"), "{}", anna.page.words());
    anna.choose("sms");
    let code = provider.code_after(0);
    let words = anna.page.words();
    assert!(words.contains("number ending in 89") && !words.contains("12345689"), "{words}");
    assert_eq!(
        provider.texts(),
        [format!(
            "{code} is je inlogcode voor scoregate. Deel de code met niemand.\n\n\
             @portal.example.org #{code}"
        )]
    );
    assert_eq!(provider.bodies.lock().unwrap()[0]["recipients"][0], "31612345689");
    anna.fill(&[("code", &code)]);
    assert_eq!((anna.page.status(), &*anna.page.address), (200, "/"));
    let arrived = world.upstream.arrived();
    assert_eq!(arrived[0].value("x-scoregate-methods"), Some("pwd,sms"));
    for place in [world.log(), world.audit(), world.ops("/metrics").1] {
        for secret in [&*code, "612345689", "a-secret-key"] {
            assert!(!place.contains(secret), "{secret} in {place}");
        }
    }
    assert!(world.audit().contains("\"method\":\"sms\""));
    let (_, metrics) = world.ops("/metrics");
    let left = "scoregate_notification_budget_remaining{span=\"day\"} 999";
    assert!(metrics.contains(left), "{metrics}");
}

#[test]
fn another_key_for_the_provider_waits_for_a_restart_and_says_so() {
    let provider = Provider::start();
    let world = world(&provider, "");
    world.operate(&["reload"]);
    world.write_private("sms-key", "another-key\n");
    let done = world.command(&["reload"], "");
    assert!(done.code != Some(0) && done.err.contains("notifier.text.password"), "{done:?}");
    assert!(!format!("{done:?}{}", world.log()).contains("another-key"));
}

#[test]
fn a_provider_that_is_down_is_marked_and_the_other_ways_stay_open() {
    let provider = Provider::start();
    provider.status.store(503, Ordering::SeqCst);
    let world = world(&provider, "");
    for _ in 0..2 {
        let mut anna = Person::new(&world);
        anna.sign_in("anna", &password_of("anna"));
        anna.choose("sms");
    }
    let mut anna = Person::new(&world);
    let words = wait_for("the provider counts as out of order", || {
        anna = Person::new(&world);
        anna.sign_in("anna", &password_of("anna"));
        // One way is left, which was begun unasked: the list says what became of the other.
        let list = format!("/.scoregate/next?tx={}", anna.page.field("tx"));
        let words = anna.open(&list).words();
        words.contains("Not delivered at the moment").then_some(words)
    });
    assert!(words.contains("E-mail"), "{words}");
    // Asked for all the same, the page says so and leads on.
    anna.open("/.scoregate/code/sms");
    assert_ne!(anna.page.path(), "/.scoregate/code/sms");
}

#[test]
fn at_the_end_of_the_budget_nothing_is_sent_and_the_page_says_to_choose_another_way() {
    let provider = Provider::start();
    let world = world(&provider, "budget_per_day = 2\nper_user = \"100/d\"");
    for n in 0..2 {
        let mut anna = Person::new(&world);
        anna.sign_in("anna", &password_of("anna"));
        anna.choose("sms");
        provider.code_after(n);
    }
    let mut anna = Person::new(&world);
    anna.sign_in("anna", &password_of("anna"));
    anna.choose("sms");
    let words = anna.page.words();
    assert!(words.contains("could not send the code. Choose another way"), "{words}");
    assert_eq!(provider.texts().len(), 2);
    let audit = world.audit();
    for event in ["budget.warning", "budget.spent", "code.undeliverable"] {
        assert_eq!(audit.contains(event), event != "budget.warning", "{event}: {audit}");
    }
    assert!(world.log().contains("the budget is spent"));
}
