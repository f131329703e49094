//! Who calls one of our pages, and in what surroundings: the arrival that the gate made, the browser,
//! the language, the transaction in the address. Not here: what a page does.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::header::{ACCEPT_LANGUAGE, COOKIE, HOST, USER_AGENT};
use http::request::Parts;
use http::{HeaderMap, Uri};
use jiff::tz::TimeZone;

use super::Portal;
use super::answer::{Answer, Kind};
use super::browser::{Browser, Device, remembered};
use super::i18n::{Catalogue, Language};
use super::pages::{Frame, Help, Hidden, Person};
use super::rounds::Rounds;
use crate::accounts::Account;
use crate::gate::{Arrival, Reference};
use crate::journey::{Place, ReturnAddress, Transaction, Turn, Visit};
use crate::keys::Keyring;
use crate::methods::Source;
use crate::points::Method;
use crate::sessions::{SessionKey, cookies};

/// One call of one page.
#[derive(Clone, Debug)]
pub struct Caller {
    pub arrival: Arc<Arrival>,
    pub browser: Browser,
    pub device: Device,
    /// Hash of the value that a remembered device shows.
    remembered: Option<[u8; 32]>,
    pub language: Language,
    pub source: Source,
    pub user_agent: Option<String>,
    pub reference: Reference,
    /// Reached over TLS.
    pub is_tls: bool,
    /// Path and query of this page.
    pub address: String,
    /// Host and port as the browser named them.
    pub authority: String,
    /// What the address says of where the person is going; anew where it says nothing that holds.
    pub transaction: Transaction,
    /// How often it has come back without what it had shown.
    pub rounds: Option<Rounds>,
    /// It sent a cookie of a session, whether or not there is such a session.
    pub names_a_session: bool,
}

/// How a request reached us; an extension of it.
#[derive(Clone, Copy, Debug)]
pub struct Transport {
    pub is_tls: bool,
    pub reference: Reference,
}

impl Caller {
    /// From a request's head and what the gate found out about it.
    #[must_use]
    pub fn new(
        arrival: Arc<Arrival>,
        transport: Transport,
        headers: &HeaderMap,
        uri: &Uri,
    ) -> Self {
        let keys = arrival.snapshot.keys.clone();
        let fields: Vec<&[u8]> =
            headers.get_all(COOKIE).iter().map(http::HeaderValue::as_bytes).collect();
        let browser = Browser::of(&fields, &keys, arrival.now);
        let device = Device::of(&fields, &keys, arrival.now);
        let remembered = remembered(&fields, &keys, arrival.now);
        let rounds = Rounds::of(&fields, &keys, &arrival.host, arrival.now);
        let session = cookies::find(fields.iter().copied(), cookies::SESSION);
        let query = Query::of(uri);
        let mut transaction =
            query.tx.and_then(|tx| transaction_of(&tx, &arrival, &browser)).unwrap_or_else(|| {
                let next = query.next.and_then(|next| ReturnAddress::accept(&next, &arrival.host));
                Transaction::begin(next.unwrap_or_default(), false, arrival.now)
            });
        // Only what is a language here: the transaction is carried from page to page.
        if let Some(language) = query.lang.as_deref().and_then(Language::from_tag) {
            transaction.language = Some(language.code().to_owned());
        }
        transaction.is_window |= query.window.is_some_and(|window| window == "1");
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let language = Catalogue::negotiate(
            transaction.language.as_deref(),
            text(ACCEPT_LANGUAGE),
            &arrival.snapshot.config.ui.languages,
        );
        Self {
            source: Source {
                address: arrival.address.map(block).unwrap_or_default(),
                browser: (!device.is_new).then(|| device.hash()),
            },
            user_agent: text(USER_AGENT).map(str::to_owned),
            authority: text(HOST)
                .or_else(|| uri.authority().map(http::uri::Authority::as_str))
                .unwrap_or_default()
                .to_owned(),
            address: uri.path_and_query().map_or("/", |path| path.as_str()).to_owned(),
            reference: transport.reference,
            is_tls: transport.is_tls,
            language,
            rounds,
            names_a_session: session.is_some(),
            browser,
            device,
            remembered,
            transaction,
            arrival,
        }
    }

    #[must_use]
    pub fn keys(&self) -> &Keyring {
        &self.arrival.snapshot.keys
    }

    /// A form names its transaction in a field.
    #[must_use]
    pub fn with_transaction(mut self, tx: &str) -> Self {
        if let Some(transaction) = transaction_of(tx, &self.arrival, &self.browser) {
            self.transaction = transaction;
        }
        self
    }

    #[must_use]
    pub fn visit(&self) -> Visit<'_> {
        Visit {
            arrival: &self.arrival,
            source: &self.source,
            browser_to_know: self.device.hash(),
            remembered: self.remembered,
            remember: false,
            language: self.language.code(),
            user_agent: self.user_agent.as_deref(),
            reference: self.reference,
        }
    }

    /// A parameter of the address; empty where it is not there. Of two the first counts.
    #[must_use]
    pub fn parameter(&self, name: &str) -> String {
        let query = self.address.split_once('?').map_or("", |(_, query)| query);
        form_urlencoded::parse(query.as_bytes())
            .take(32)
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.into_owned())
            .unwrap_or_default()
    }

    #[must_use]
    pub fn session(&self) -> Option<SessionKey> {
        self.arrival.session.as_ref().map(crate::sessions::Present::key)
    }

    #[must_use]
    pub fn account(&self) -> Option<&Account> {
        self.arrival.session.as_ref().map(crate::sessions::Present::account)
    }

    /// The transaction as it goes into an address or a hidden field.
    ///
    /// As long as the browser has not shown our cookie, it is sealed for the host alone: several tabs
    /// that begin at once each get a cookie, and the last one stays. It holds no more than a return
    /// address then.
    #[must_use]
    pub fn tx(&self, transaction: &Transaction) -> String {
        let id = if self.browser.is_new { &NO_BROWSER } else { self.browser.id() };
        transaction.token(self.keys(), &self.arrival.host, id)
    }

    /// Hidden fields of a form: the notice was shown, so it is not carried on.
    #[must_use]
    pub fn hidden(&self) -> Hidden {
        let carried = self.transaction.clone().with_notice(None);
        Hidden { tx: Some(self.tx(&carried)), ..self.hidden_without_transaction() }
    }

    #[must_use]
    pub fn hidden_without_transaction(&self) -> Hidden {
        Hidden { csrf: self.browser.csrf(self.session(), self.keys()), tx: None }
    }

    /// What is around every page of ours.
    #[must_use]
    pub fn frame(&self, portal: &Portal) -> Frame {
        let ui = &self.arrival.snapshot.config.ui;
        let help = Help { url: ui.help_url.clone(), contact: ui.help_contact.clone() };
        Frame {
            brand: ui.brand.clone(),
            portal: ui.brand.clone(),
            home: "/".to_owned(),
            language: self.language,
            languages: ui.languages.iter().filter_map(|tag| Language::from_tag(tag)).collect(),
            address: self.address.starts_with("/.scoregate").then(|| self.address.clone()),
            help: (help != Help::default()).then_some(help),
            reference: None,
            user: None,
            demo_inbox: portal.demo_inbox.clone(),
            offered: self.arrival.snapshot.offered(&self.arrival.route.directory),
            now: self.arrival.now,
            zone: TimeZone::system(),
        }
    }

    /// A frame with the person in it.
    #[must_use]
    pub fn frame_with_person(&self, portal: &Portal, is_signed_in: bool) -> Frame {
        let person = self.account().map(|account| Person {
            name: account.user.name.to_string(),
            is_signed_in,
            not_you: Some("/.scoregate/sign-out?next=%2F".to_owned()),
        });
        Frame { user: person, ..self.frame(portal) }
    }

    /// A frame for what is not a success.
    #[must_use]
    pub fn frame_with_reference(&self, portal: &Portal, is_signed_in: bool) -> Frame {
        let reference = Some(self.reference.to_string());
        Frame { reference, ..self.frame_with_person(portal, is_signed_in) }
    }

    /// A page, with the cookie that its forms belong to.
    #[must_use]
    pub fn page(&self, kind: Kind, html: String) -> Answer {
        let device = self.device.is_of_older_key.then(|| self.device.cookie(self.keys()));
        Answer::page(kind, html).cookie(&self.browser.cookie(self.keys())).cookies(device)
    }

    /// To another of our pages, with the transaction.
    #[must_use]
    pub fn to(&self, page: &str, transaction: &Transaction) -> Answer {
        let separator = if page.contains('?') { '&' } else { '?' };
        let location = format!("/.scoregate/{page}{separator}tx={}", self.tx(transaction));
        Answer::see_other(&location).cookie(&self.browser.cookie(self.keys()))
    }

    /// Where somebody goes on who has shown enough.
    #[must_use]
    pub fn onward(&self, transaction: &Transaction) -> String {
        if transaction.is_window {
            format!("/.scoregate/done?tx={}", self.tx(transaction))
        } else {
            transaction.return_to.as_str().to_owned()
        }
    }

    /// It asks for `to` although it was just sent there with enough, or with a first proof.
    #[must_use]
    pub fn back_again(&self, to: &ReturnAddress) -> Option<Rounds> {
        self.rounds.as_ref()?.back(to, self.keys(), self.arrival.now)
    }

    #[must_use]
    pub fn rounds_cookie(&self, rounds: &Rounds) -> String {
        rounds.cookie(self.keys(), &self.arrival.host)
    }

    /// To the page that a turn leads to, with the cookies that it brings.
    #[must_use]
    pub fn follow(&self, turn: &Turn) -> Answer {
        let transaction = &turn.transaction;
        let answer = match turn.place {
            Place::SignIn => self.to("sign-in", transaction),
            Place::Next => self.to("next", transaction),
            Place::Code(Method::Passkey) => self.to("passkey", transaction),
            Place::Code(Method::SecurityKey) => self.to("security-key", transaction),
            Place::Code(Method::RecoveryCode) => self.to("code/recovery", transaction),
            Place::Code(method) => self.to(&format!("code/{method}"), transaction),
            Place::Wait(method) => self.to(&format!("wait?method={method}"), transaction),
            Place::Stuck => self.to("stuck", transaction),
            Place::Denied => self.to("denied", transaction),
            Place::Return => Answer::see_other(&self.onward(transaction)),
        };
        let name = turn.name.map(|name| {
            let token = name.token(crate::keys::Purpose::SessionName, self.keys());
            cookies::set(cookies::SESSION, &token, None)
        });
        let device = turn.knows_browser.then(|| self.device.cookie(self.keys()));
        let is_sent = name.is_some() || turn.place == Place::Return;
        let rounds = is_sent.then(|| {
            let (before, to) = (self.rounds.as_ref(), &transaction.return_to);
            self.rounds_cookie(&Rounds::sent(before, to, self.keys(), self.arrival.now))
        });
        let remembered = turn.remembered.map(|one| {
            let token = one.value.token(crate::keys::Purpose::RememberedDevice, self.keys());
            cookies::set(cookies::REMEMBERED, &token, Some(one.keep_for))
        });
        answer.cookies(name.into_iter().chain(device).chain(rounds).chain(remembered))
    }
}

/// Sealed for this browser, or for none.
fn transaction_of(tx: &str, arrival: &Arrival, browser: &Browser) -> Option<Transaction> {
    let parse = |id| Transaction::parse(tx, &arrival.snapshot.keys, &arrival.host, id, arrival.now);
    parse(browser.id()).or_else(|| parse(&NO_BROWSER))
}

/// In the place of a browser that has not shown its cookie yet.
const NO_BROWSER: [u8; 32] = [0; 32];

/// The parameters that our addresses know. Each is read once; of two the first counts.
#[derive(Default)]
struct Query {
    tx: Option<String>,
    lang: Option<String>,
    next: Option<String>,
    window: Option<String>,
}

impl Query {
    fn of(uri: &Uri) -> Self {
        let mut query = Self::default();
        let pairs = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
        for (name, value) in pairs.take(32) {
            let slot = match &*name {
                "tx" => &mut query.tx,
                "lang" => &mut query.lang,
                "next" => &mut query.next,
                "window" => &mut query.window,
                _ => continue,
            };
            if slot.is_none() {
                *slot = Some(value.into_owned());
            }
        }
        query
    }
}

/// An address as it is counted: IPv6 by its /64, which is what one customer has.
fn block(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let network = Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX));
            format!("{network}/64")
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Answer;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let arrival = parts.extensions.get::<Arc<Arrival>>().cloned();
        let transport = parts.extensions.get::<Transport>().copied();
        // Pages are reached through the gate alone; without its word there is no page.
        let (Some(arrival), Some(transport)) = (arrival, transport) else {
            return Err(Answer::bare(Kind::Failed));
        };
        Ok(Self::new(arrival, transport, &parts.headers, &parts.uri))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_counted_by_what_one_customer_has() {
        for (address, counted) in [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ] {
            assert_eq!(block(address.parse().unwrap()), counted);
        }
    }
}
