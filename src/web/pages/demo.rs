//! The pages of the demonstration portal, which stands for the operator's own. Not here: any sign-in;
//! these pages know only what the gateway tells a portal, and what the demonstration adds.

use std::time::Duration;

use askama::Template;

use super::ends::sign_out_then;
use super::frame::{Frame, Markup, html};
use super::icon::Icon;
use super::parts::Tally;
use crate::points::{Method, Timestamp};
use crate::web::i18n::Language;

/// Where the pages of the demonstration are.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DemoLinks {
    pub home: String,
    pub echo: String,
    pub payments: String,
    pub operations: String,
    pub public: String,
    pub inbox: String,
}

/// A page to try: name, what it asks, address.
struct Place<'a> {
    name: String,
    asks: String,
    href: &'a str,
    is_main: bool,
}

/// Every page but the one that is `here`.
fn places<'a>(frame: &Frame, links: &'a DemoLinks, here: &str) -> Vec<Place<'a>> {
    let all = [
        ("demo-home-name", "demo-home-asks", &links.home),
        ("demo-echo-name", "demo-echo-asks", &links.echo),
        ("demo-payments-name", "demo-payments-asks", &links.payments),
        ("demo-operations-name", "demo-operations-asks", &links.operations),
        ("demo-public-name", "demo-public-asks", &links.public),
    ];
    // What to try first: see what the portal gets, then the page that asks for more.
    let main = if here == links.echo { &links.payments } else { &links.echo };
    all.into_iter()
        .filter(|(_, _, href)| *href != here)
        .map(|(name, asks, href)| Place {
            name: frame.t(name),
            asks: frame.t(asks),
            href,
            is_main: href == main,
        })
        .collect()
}

/// What the wide layout needs besides the frame.
struct Nav<'a> {
    inbox: &'a str,
    portal: &'a str,
    is_inbox: bool,
    /// `None`: nobody is signed in.
    sign_out: Option<String>,
}

fn nav<'a>(frame: &Frame, links: &'a DemoLinks, is_inbox: bool) -> Nav<'a> {
    let is_signed_in = frame.user.as_ref().is_some_and(|user| user.is_signed_in);
    Nav {
        inbox: &links.inbox,
        portal: &links.home,
        is_inbox,
        sign_out: is_signed_in.then(|| sign_out_then(&links.home)),
    }
}

/// The start page of the portal.
#[derive(Clone, Debug)]
pub struct DemoHome {
    pub frame: Frame,
    pub links: DemoLinks,
    /// From the header; `None`: not told.
    pub score: Option<u16>,
}

#[derive(Template)]
#[template(path = "demo/home.html")]
struct DemoHomeView<'a> {
    frame: &'a Frame,
    nav: Nav<'a>,
    title: String,
    heading: String,
    lead: String,
    score: Option<u16>,
    places: Vec<Place<'a>>,
}

impl DemoHome {
    #[must_use]
    pub fn render(&self) -> String {
        let heading = self.frame.t("demo-home-title");
        html(&DemoHomeView {
            frame: &self.frame,
            nav: nav(&self.frame, &self.links, false),
            title: self.frame.title(&heading, false),
            heading,
            lead: self.frame.t("demo-home-lead"),
            score: self.score,
            places: places(&self.frame, &self.links, &self.links.home),
        })
    }
}

/// One proof, as the demonstration shows it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct DemoProof {
    pub method: Method,
    /// `None`: not told.
    pub age: Option<Duration>,
    pub points: u16,
}

/// Why the request was let through.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct DemoWhy {
    pub route: Option<String>,
    pub rule: Option<String>,
    /// When the answer could change.
    pub until: Option<Timestamp>,
    pub reference: Option<String>,
}

/// What the portal received.
#[derive(Clone, Debug)]
pub struct DemoEcho {
    pub frame: Frame,
    pub links: DemoLinks,
    /// From the header; `None`: not told.
    pub score: Option<u16>,
    /// What the page asks, where the demonstration knows.
    pub level: Option<u16>,
    pub proofs: Vec<DemoProof>,
    /// Name and value, in the order to show.
    pub headers: Vec<(String, String)>,
    pub why: DemoWhy,
}

struct ProofRow {
    icon: Icon,
    name: String,
    age: Option<String>,
    points: u16,
}

#[derive(Template)]
#[template(path = "demo/echo.html")]
struct DemoEchoView<'a> {
    frame: &'a Frame,
    nav: Nav<'a>,
    title: String,
    heading: String,
    verdict: String,
    tally: Option<Tally>,
    proofs: Vec<ProofRow>,
    headers: &'a [(String, String)],
    why: Vec<(String, String)>,
    places: Vec<Place<'a>>,
}

impl DemoEcho {
    #[must_use]
    pub fn render(&self) -> String {
        let heading = self.frame.t("demo-echo-title");
        html(&DemoEchoView {
            frame: &self.frame,
            nav: nav(&self.frame, &self.links, false),
            title: self.frame.title(&heading, false),
            heading,
            verdict: self.verdict(),
            tally: self.tally(),
            proofs: self.proofs.iter().map(|proof| self.row(*proof)).collect(),
            headers: &self.headers,
            why: self.why(),
            places: places(&self.frame, &self.links, &self.links.echo),
        })
    }

    fn tally(&self) -> Option<Tally> {
        let (have, need) = self.score.zip(self.level)?;
        Some(Tally::new(&self.frame.t("demo-echo-bar-label"), have, need))
    }

    fn verdict(&self) -> String {
        let (score, level) = self.score.zip(self.level).unwrap_or_default();
        self.frame.text("demo-echo-score", &[("score", &score), ("level", &level)])
    }

    fn row(&self, proof: DemoProof) -> ProofRow {
        ProofRow {
            icon: Icon::of(proof.method),
            name: self.frame.method_name(proof.method),
            age: proof.age.map(|age| match age.as_secs() / 60 {
                0 => self.frame.t("demo-proof-now"),
                minutes => self.frame.t1("demo-proof-age", "minutes", minutes),
            }),
            points: proof.points,
        }
    }

    fn why(&self) -> Vec<(String, String)> {
        let DemoWhy { route, rule, until, reference } = &self.why;
        let until = until.map(|until| self.frame.clock(until)).filter(|time| !time.is_empty());
        [
            ("demo-why-route", route.clone()),
            ("demo-why-rule", rule.clone()),
            ("demo-why-until", until),
            ("demo-why-reference", reference.clone()),
        ]
        .into_iter()
        .filter_map(|(key, value)| Some((self.frame.t(key), value?)))
        .collect()
    }
}

#[derive(Template)]
#[template(path = "demo/plain.html")]
struct DemoPlainView<'a> {
    frame: &'a Frame,
    nav: Nav<'a>,
    title: String,
    heading: String,
    lead: String,
    /// Rows of a table, below its heads.
    heads: Vec<String>,
    rows: Vec<[String; 3]>,
    places: Vec<Place<'a>>,
}

fn plain(frame: &Frame, links: &DemoLinks, keys: (&str, &str), here: &str) -> String {
    let heading = frame.t(keys.0);
    let (heads, rows) =
        if here == links.payments { payment_table(frame) } else { (Vec::new(), Vec::new()) };
    html(&DemoPlainView {
        frame,
        nav: nav(frame, links, false),
        title: frame.title(&heading, false),
        heading,
        lead: frame.t(keys.1),
        heads,
        rows,
        places: places(frame, links, here),
    })
}

fn payment_table(frame: &Frame) -> (Vec<String>, Vec<[String; 3]>) {
    let heads = ["demo-payments-to", "demo-payments-amount", "demo-payments-state"];
    let paid = frame.t("demo-payments-paid");
    let waits = frame.t("demo-payments-waits");
    let row = |to: &str, amounts: [&str; 2], state: &String| {
        let [english, dutch] = amounts;
        let amount = match frame.language {
            Language::English => english,
            Language::Dutch => dutch,
        };
        [to.to_owned(), amount.to_owned(), state.clone()]
    };
    let rows = vec![
        row("Van Dijk Bouw", ["€1,280.00", "€ 1.280,00"], &waits),
        row("Waterhuis", ["€64.20", "€ 64,20"], &paid),
        row("Groen & Zn.", ["€312.75", "€ 312,75"], &paid),
    ];
    (heads.map(|key| frame.t(key)).to_vec(), rows)
}

/// A page that asks for more.
#[derive(Clone, Debug)]
pub struct DemoPayments {
    pub frame: Frame,
    pub links: DemoLinks,
}

impl DemoPayments {
    #[must_use]
    pub fn render(&self) -> String {
        let keys = ("demo-payments-title", "demo-payments-lead");
        plain(&self.frame, &self.links, keys, &self.links.payments)
    }
}

/// A page that asks for a role.
#[derive(Clone, Debug)]
pub struct DemoOperations {
    pub frame: Frame,
    pub links: DemoLinks,
}

impl DemoOperations {
    #[must_use]
    pub fn render(&self) -> String {
        let keys = ("demo-operations-title", "demo-operations-lead");
        plain(&self.frame, &self.links, keys, &self.links.operations)
    }
}

/// A page that asks nothing.
#[derive(Clone, Debug)]
pub struct DemoPublic {
    pub frame: Frame,
    pub links: DemoLinks,
}

impl DemoPublic {
    #[must_use]
    pub fn render(&self) -> String {
        let keys = ("demo-public-title", "demo-public-lead");
        plain(&self.frame, &self.links, keys, &self.links.public)
    }
}

/// One message that would have been sent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DemoMessage {
    /// [`Method::Sms`]; anything else reads as e-mail.
    pub method: Method,
    pub at: Timestamp,
    pub to: String,
    pub subject: Option<String>,
    pub text: String,
    /// The code in it, to read at a glance.
    pub code: Option<String>,
}

/// What somebody's authenticator app shows.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DemoApp {
    pub user: String,
    pub code: String,
}

/// The messages, newest first, and the codes of apps.
#[derive(Clone, Debug)]
pub struct DemoInbox {
    pub frame: Frame,
    pub links: DemoLinks,
    pub apps: Vec<DemoApp>,
    pub messages: Vec<DemoMessage>,
}

struct MessageRow<'a> {
    icon: Icon,
    name: String,
    time: String,
    subject: Option<&'a str>,
    text: &'a str,
    code: Option<String>,
    to: Markup,
}

struct AppRow {
    icon: Icon,
    whose: String,
    code: String,
}

#[derive(Template)]
#[template(path = "demo/inbox.html")]
struct DemoInboxView<'a> {
    frame: &'a Frame,
    nav: Nav<'a>,
    title: String,
    heading: String,
    again: &'a str,
    apps: Vec<AppRow>,
    messages: Vec<MessageRow<'a>>,
}

impl DemoInbox {
    #[must_use]
    pub fn render(&self) -> String {
        let heading = self.frame.t("demo-inbox-title");
        html(&DemoInboxView {
            frame: &self.frame,
            nav: nav(&self.frame, &self.links, true),
            title: self.frame.title(&heading, false),
            heading,
            again: &self.links.inbox,
            apps: self.apps.iter().map(|app| self.app(app)).collect(),
            messages: self.messages.iter().map(|message| self.row(message)).collect(),
        })
    }

    fn app(&self, app: &DemoApp) -> AppRow {
        AppRow {
            icon: Icon::of(Method::Totp),
            whose: self.frame.t1("demo-inbox-app", "user", &app.user),
            code: in_halves(&app.code),
        }
    }

    fn row<'a>(&self, message: &'a DemoMessage) -> MessageRow<'a> {
        let method = if message.method == Method::Sms { Method::Sms } else { Method::Email };
        MessageRow {
            icon: Icon::of(method),
            name: self.frame.method_name(method),
            time: self.frame.clock(message.at),
            subject: message.subject.as_deref(),
            text: &message.text,
            code: message.code.as_deref().map(in_halves),
            to: self.frame.bold("demo-inbox-to", "to", &message.to),
        }
    }
}

/// `402 716` reads better than `402716`, and the field takes both.
fn in_halves(code: &str) -> String {
    match code.split_at_checked(code.len() / 2) {
        Some((first, second)) if code.len() == 6 => format!("{first} {second}"),
        _ => code.to_owned(),
    }
}
