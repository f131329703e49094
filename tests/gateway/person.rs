//! A person with a browser: keeps cookies, sends the fields that a browser sends, and fills in the form
//! that stands on the page. Not here: JavaScript and looks, which the browser tests have.

use std::collections::BTreeMap;

use scraper::{Html, Selector};

use super::wire::{Response, Road};
use super::world::{HOST, World, password_of, wait_for};

pub(crate) const SESSION: &str = "__Host-scoregate";
pub(crate) const BROWSER: &str = "__Host-scoregate-browser";

/// What browsers send with a link that was clicked or an address that was typed.
pub(crate) const NAVIGATION: &str = "Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\n\
    Sec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\nSec-Fetch-User: ?1\r\n";
/// What they send with a form of the page itself.
pub(crate) const FORM: &str = "Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\n\
    Origin: https://portal.example.org\r\nSec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: navigate\r\n\
    Sec-Fetch-Dest: document\r\nContent-Type: application/x-www-form-urlencoded\r\n";

/// A page that a person looks at.
#[derive(Clone, Debug, Default)]
pub(crate) struct Page {
    pub(crate) response: Response,
    /// Path and query that it was found under.
    pub(crate) address: String,
}

impl Page {
    pub(crate) fn status(&self) -> u16 {
        self.response.status
    }

    pub(crate) fn html(&self) -> Html {
        Html::parse_document(&self.response.text())
    }

    pub(crate) fn path(&self) -> &str {
        self.address.split('?').next().unwrap_or_default()
    }

    /// The text that is read out, blanks folded.
    pub(crate) fn words(&self) -> String {
        let html = self.html();
        let main = Selector::parse("main").unwrap();
        let text = html.select(&main).flat_map(|main| main.text()).collect::<Vec<_>>().join(" ");
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The value of the first field of this name.
    pub(crate) fn field(&self, name: &str) -> String {
        let selector = Selector::parse(&format!("input[name={name}]")).unwrap();
        let html = self.html();
        let field = html.select(&selector).next();
        field.and_then(|field| field.attr("value")).unwrap_or_default().to_owned()
    }

    /// Where the first form of the page goes, and its hidden fields.
    pub(crate) fn form(&self) -> (String, Vec<(String, String)>) {
        self.form_to("")
    }

    /// The same for the form whose address ends like this.
    pub(crate) fn form_to(&self, end: &str) -> (String, Vec<(String, String)>) {
        let html = self.html();
        let form = Selector::parse("form[method=post]").unwrap();
        let form = html
            .select(&form)
            .find(|form| form.attr("action").is_some_and(|to| to.ends_with(end)))
            .unwrap_or_else(|| panic!("no form to {end:?} at {}: {}", self.address, self.words()));
        let hidden = Selector::parse("input[type=hidden]").unwrap();
        let value = |field: scraper::ElementRef<'_>| {
            let text = |name| field.attr(name).unwrap_or_default().to_owned();
            (text("name"), text("value"))
        };
        let action = form.attr("action").unwrap_or_default().to_owned();
        (action, form.select(&hidden).map(value).collect())
    }

    pub(crate) fn links(&self) -> Vec<String> {
        let html = self.html();
        let link = Selector::parse("a[href]").unwrap();
        html.select(&link).filter_map(|link| link.attr("href")).map(str::to_owned).collect()
    }
}

/// An authenticator app: a secret, and the steps that were used.
#[derive(Clone, Debug)]
pub(crate) struct App {
    pub(crate) secret: Vec<u8>,
    pub(crate) text: String,
    last_step: u64,
}

impl App {
    /// From the `otpauth://` link of the set-up page.
    pub(crate) fn of(uri: &str) -> Self {
        let text = uri.split("secret=").nth(1).unwrap().split('&').next().unwrap().to_owned();
        Self { secret: base32(&text), text, last_step: 0 }
    }

    pub(crate) fn at(&self, step: u64) -> String {
        let totp = totp_rs::Builder::new().with_secret(self.secret.as_slice()).build_noncompliant();
        totp.generate(step * 30).to_string()
    }

    /// A code that was not used yet. Three steps are good at any time, so a test gets three at once and
    /// waits for the clock after that.
    pub(crate) fn code(&mut self) -> String {
        self.last_step = wait_for("the clock reaches another step", || {
            let now = u64::try_from(jiff::Timestamp::now().as_second()).unwrap() / 30;
            let next = (self.last_step + 1).max(now.saturating_sub(1));
            // The step before may pass away while the code is on its way.
            let next = if next + 1 == now && jiff::Timestamp::now().as_second() % 30 > 25 {
                now
            } else {
                next
            };
            (next <= now + 1).then_some(next)
        });
        self.at(self.last_step)
    }
}

fn base32(text: &str) -> Vec<u8> {
    let (mut bits, mut count, mut bytes) = (0_u32, 0, Vec::new());
    for c in text.bytes() {
        let value = match c {
            b'A'..=b'Z' => c - b'A',
            b'2'..=b'7' => c - b'2' + 26,
            _ => continue,
        };
        bits = (bits << 5) | u32::from(value);
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).unwrap());
        }
    }
    bytes
}

/// A browser and whoever sits before it.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) road: Road,
    pub(crate) jar: BTreeMap<String, String>,
    pub(crate) page: Page,
    /// Sent as `User-Agent`.
    pub(crate) agent: String,
    /// Sent as `Host`, and as the origin of forms.
    pub(crate) host: String,
}

impl Person {
    pub(crate) fn new(world: &World) -> Self {
        Self::on(world.tls())
    }

    pub(crate) fn on(road: Road) -> Self {
        let host = HOST.to_owned();
        Self {
            road,
            jar: BTreeMap::new(),
            page: Page::default(),
            agent: "browser".to_owned(),
            host,
        }
    }

    pub(crate) fn cookies(&self) -> String {
        let pairs = self.jar.iter().map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join("; ")
    }

    /// The session's cookie, as `NAME=VALUE`.
    pub(crate) fn session(&self) -> String {
        let value = self.jar.get(SESSION).unwrap_or_else(|| panic!("no session: {:?}", self.jar));
        format!("{SESSION}={value}")
    }

    /// Sends one request with these fields (each with its line end) and keeps the cookies.
    pub(crate) fn send(&mut self, method: &str, path: &str, fields: &str, body: &str) -> Response {
        let response = self.try_send(method, path, fields, body);
        response.unwrap_or_else(|| panic!("no answer: {method} {path}"))
    }

    /// The same where the gateway may be gone.
    pub(crate) fn try_send(
        &mut self,
        method: &str,
        path: &str,
        fields: &str,
        body: &str,
    ) -> Option<Response> {
        let cookies = match self.cookies() {
            none if none.is_empty() => none,
            some => format!("Cookie: {some}\r\n"),
        };
        let length = match method {
            "GET" | "HEAD" => String::new(),
            _ => format!("Content-Length: {}\r\n", body.len()),
        };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nUser-Agent: {}\r\n{cookies}{fields}{length}\
             Connection: close\r\n\r\n{body}",
            self.host, self.agent
        );
        let response = self.road.ask(request.as_bytes())?;
        for cookie in response.fields_named("set-cookie") {
            self.keep(cookie);
        }
        Some(response)
    }

    fn keep(&mut self, cookie: &str) {
        let (pair, attributes) = cookie.split_once(';').unwrap_or((cookie, ""));
        let (name, value) = pair.split_once('=').unwrap();
        if value.is_empty() || attributes.contains("Max-Age=0") {
            self.jar.remove(name);
        } else {
            self.jar.insert(name.to_owned(), value.to_owned());
        }
    }

    pub(crate) fn get(&mut self, path: &str) -> Response {
        self.send("GET", path, NAVIGATION, "")
    }

    /// Goes to an address, and on to wherever it leads.
    pub(crate) fn open(&mut self, path: &str) -> &Page {
        let mut address = path.to_owned();
        for _ in 0..10 {
            let response = self.get(&address);
            if response.status != 303 {
                self.page = Page { response, address };
                return &self.page;
            }
            response.location().clone_into(&mut address);
            // The fragment stays with the browser.
            address.truncate(address.find('#').unwrap_or(address.len()));
        }
        panic!("redirected for ever at {address}");
    }

    /// Sends the page's first form with these fields, and goes where that leads.
    pub(crate) fn fill(&mut self, fields: &[(&str, &str)]) -> &Page {
        self.fill_form("", fields)
    }

    /// The same for the form whose address ends like this.
    pub(crate) fn fill_form(&mut self, end: &str, fields: &[(&str, &str)]) -> &Page {
        let response = self.submit(end, fields);
        if response.status == 303 {
            let location = response.location().to_owned();
            return self.open(&location);
        }
        self.page = Page { response, address: self.page.form_to(end).0 };
        &self.page
    }

    /// Sends a form, as from a page of this host.
    pub(crate) fn post(&mut self, address: &str, body: &str) -> Response {
        // The administrators' own listener has no TLS.
        let scheme = if self.host == HOST { "https" } else { "http" };
        let form = FORM.replace(&format!("https://{HOST}"), &format!("{scheme}://{}", self.host));
        self.send("POST", address, &form, body)
    }

    /// Sends the page's form and gives the bare answer.
    pub(crate) fn submit(&mut self, end: &str, fields: &[(&str, &str)]) -> Response {
        let (action, hidden) = self.page.form_to(end);
        self.post(&action, &encoded(&hidden, fields))
    }

    /// From where the browser is, or from the start page, to behind the password.
    pub(crate) fn sign_in(&mut self, name: &str, password: &str) -> &Page {
        if self.page.path() != "/.scoregate/sign-in" {
            self.open("/");
        }
        self.fill(&[("username", name), ("password", password)])
    }

    /// Chooses a method, where there is a choice.
    pub(crate) fn choose(&mut self, method: &str) -> &Page {
        if matches!(self.page.path(), "/.scoregate/next" | "/.scoregate/confirm") {
            self.fill(&[("method", method)]);
        }
        let expected = format!("/.scoregate/code/{method}");
        assert_eq!(self.page.path(), expected, "{}", self.page.words());
        &self.page
    }

    /// Types the newest code that was sent to this user.
    pub(crate) fn type_code_from_mail(
        &mut self,
        world: &World,
        name: &str,
        before: usize,
    ) -> &Page {
        let code = code_after(world, name, before);
        self.fill(&[("code", &code)])
    }

    /// Password and e-mail: 30 points.
    pub(crate) fn sign_in_with_mail(&mut self, world: &World, name: &str) -> &Page {
        let before = world.codes_to(name).len();
        self.sign_in(name, &password_of(name));
        self.choose("email");
        self.type_code_from_mail(world, name, before)
    }

    /// Goes through a set-up link: a password and an app.
    pub(crate) fn set_up(&mut self, link: &str, name: &str) -> App {
        self.open(link);
        self.fill(&[("new_password", &password_of(name))]);
        let links = self.page.links();
        let uri = links.iter().find(|link| link.starts_with("otpauth://"));
        let mut app = App::of(uri.unwrap_or_else(|| panic!("no app: {}", self.page.words())));
        let code = app.code();
        self.fill(&[("code", &code)]);
        assert_eq!(self.page.address, "/.scoregate/enrol/app?done=app", "{}", self.page.words());
        app
    }
}

/// The newest code to this user, once there are more than `before`.
pub(crate) fn code_after(world: &World, name: &str, before: usize) -> String {
    wait_for("a code arrives", || {
        let codes = world.codes_to(name);
        (codes.len() > before).then(|| codes.last().unwrap().clone())
    })
}

/// A form as it is sent: hidden fields, then what was typed.
pub(crate) fn encoded(hidden: &[(String, String)], fields: &[(&str, &str)]) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(hidden).extend_pairs(fields);
    form.finish()
}

/// Browsers of one user (each name its own), whose sessions have 20, 30 and 40 points.
#[derive(Debug)]
pub(crate) struct Sessions {
    pub(crate) twenty: Person,
    pub(crate) thirty: Person,
    pub(crate) forty: Person,
}

impl Sessions {
    /// There is no way to 10 points without a `first` method, and none to 60 with the methods of this
    /// version.
    pub(crate) fn of(world: &World, name: &str) -> Self {
        let link = world.add_invited(name);
        let mut app = Person::new(world).set_up(&link, name);
        let mut twenty = Person::new(world);
        twenty.sign_in(name, &password_of(name));
        let mut thirty = Person::new(world);
        thirty.sign_in_with_mail(world, name);
        let mut forty = Person::new(world);
        forty.open("/admin");
        forty.sign_in_with_mail(world, name);
        forty.choose("totp");
        forty.fill(&[("code", &app.code())]);
        assert_eq!((forty.page.status(), forty.page.path()), (200, "/admin"));
        Self { twenty, thirty, forty }
    }
}
