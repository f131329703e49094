//! A code by text message: what the message says, and what keeps it from costing too much. Everything
//! else is as for every code that is sent (`by_message`). Not here: how messages travel (`notify`).
//!
//! A text message is "restricted" in NIST SP 800-63B-4, section 3.1.3.3: numbers are taken over and
//! messages read on the way. What it costs is the other danger: somebody who has names and passwords
//! and a share in the price can ask for messages all day. So a number, a user, a client's address and
//! the whole gateway each have a limit, and numbers of other countries than the named ones get none.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;

use super::Ask;
use super::by_message::{ByMessage, Carriage, CodeParts, Draft, Withheld};
use crate::accounts::{Contact, ContactKind, Country, PhoneNumber, StoreError, UserId};
use crate::notify::{Message, MessageKind, NotifierChannel};
use crate::points::{Method, Timestamp};
use crate::throttle::{Budget, CounterKey, CounterStore, Limit, Sending};

/// Septets of one message; a longer text would be two, and cost twice (3GPP TS 23.038).
const ONE_MESSAGE: usize = 160;

/// The code by text message.
pub type SmsCode = ByMessage<Texting>;

impl SmsCode {
    #[must_use]
    pub fn new(parts: CodeParts, texting: Texting) -> Self {
        Self::over(texting, parts)
    }
}

/// How many text messages, and where to. The limit of a number is that of every address
/// ([`super::CodeLimits::sends`]).
#[derive(Clone, Debug)]
pub struct TextLimits {
    /// Messages to one user, whichever number; counted for codes, new numbers and notices each.
    pub per_user: Limit,
    /// Messages that one client's address asks for, whoever they are for.
    pub per_address: Limit,
    /// Empty: all.
    pub countries: BTreeSet<Country>,
}

/// Text messages cost money: every one of them is asked for here first, whatever it is for.
#[derive(Clone, Debug)]
pub struct Texting {
    limits: TextLimits,
    budget: Arc<Budget>,
    counters: Arc<dyn CounterStore>,
}

impl Texting {
    #[must_use]
    pub const fn new(
        limits: TextLimits,
        budget: Arc<Budget>,
        counters: Arc<dyn CounterStore>,
    ) -> Self {
        Self { limits, budget, counters }
    }

    /// Whether messages may go to this number at all: not where the library of today does not take it,
    /// nor to a country that is not allowed (any more).
    #[must_use]
    pub fn may_text(&self, number: &str) -> bool {
        let Ok(number) = number.parse::<PhoneNumber>() else { return false };
        let countries = &self.limits.countries;
        countries.is_empty() || number.country().is_some_and(|country| countries.contains(&country))
    }

    /// Counts a message before it is sent. `address`: of the client that asks for it, if one does.
    ///
    /// # Errors
    /// It could not be counted: it must not be sent.
    pub async fn count_text(
        &self,
        sending: Sending,
        user: &UserId,
        address: Option<&str>,
        now: Timestamp,
    ) -> Result<Option<Withheld>, StoreError> {
        if self.budget.is_spent(now) {
            return Ok(Some(Withheld::NotSent));
        }
        let by_address = address.map(|address| ("text-address", address, self.limits.per_address));
        let by_user = (sending.text_key(), &*user.0, self.limits.per_user);
        for (kind, who, limit) in by_address.into_iter().chain([by_user]) {
            let key = CounterKey::new(kind, &[who]);
            let tally = self.counters.count(&key, limit.window, now).await?;
            if !tally.is_within(limit) {
                return Ok(Some(Withheld::Until(tally.window_ends)));
            }
        }
        Ok((!self.budget.spend(now).await?).then_some(Withheld::NotSent))
    }
}

#[async_trait]
impl Carriage for Texting {
    const METHOD: Method = Method::Sms;
    const CONTACT: ContactKind = ContactKind::Phone;
    const CHANNEL: NotifierChannel = NotifierChannel::Sms;

    fn reaches(&self, contact: &Contact) -> bool {
        self.may_text(&contact.address)
    }

    async fn withheld(&self, ask: &Ask<'_>, _: &Contact) -> Result<Option<Withheld>, StoreError> {
        let address = Some(ask.source.address.as_str());
        self.count_text(Sending::SignIn, &ask.account.user.id, address, ask.now).await
    }

    fn message(&self, draft: &Draft<'_>) -> Message {
        Message {
            channel: NotifierChannel::Sms,
            to: draft.to.to_owned(),
            subject: None,
            text: text(draft),
            kind: MessageKind::Code,
        }
    }
}

fn text(draft: &Draft<'_>) -> String {
    let say = |brand: Option<&str>| draft.text.code_text(draft.language, brand, draft.code);
    text_with_code(draft.brand, draft.host, draft.code, say)
}

/// The sentence, and the line by which a browser on the phone knows for which site the code is (WICG,
/// "Origin-bound one-time codes"). In letters of the GSM alphabet and one message: without the brand
/// where that is too long, and without the line where even that does not help.
#[must_use]
pub fn text_with_code(
    brand: &str,
    host: &str,
    code: &str,
    sentence: impl Fn(Option<&str>) -> String,
) -> String {
    let brand = without_codes(&in_gsm_letters(brand));
    let say = |brand| in_gsm_letters(&sentence(brand));
    let (named, plain) = (say(Some(brand.as_str())), say(None));
    let line = format!("\n\n@{host} #{code}");
    let texts = [
        (!brand.is_empty()).then(|| format!("{named}{line}")),
        Some(format!("{plain}{line}")),
        Some(plain),
    ];
    let mut texts = texts.into_iter().flatten();
    texts.find(|text| septets(text) <= ONE_MESSAGE).unwrap_or_else(|| code.to_owned())
}

/// No run of digits in a name that could be taken for the code.
#[must_use]
pub fn without_codes(brand: &str) -> String {
    let is_digit = |c: char| c.is_ascii_digit();
    brand
        .split(' ')
        .filter(|word| word.chars().filter(|c| is_digit(*c)).count() < 6)
        .collect::<Vec<_>>()
        .join(" ")
}

/// The basic alphabet of 3GPP TS 23.038, without what is not text.
const GSM: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?\
                   ¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";

/// Letters that need two septets.
const GSM_TWICE: &str = "^{}\\[~]|€";

/// Accents that the alphabet has not are dropped, and letters that it has not are left out: one of them
/// would make the message twice as long.
fn in_gsm_letters(text: &str) -> String {
    use unicode_normalization::UnicodeNormalization;
    let has = |c: char| GSM.contains(c) || GSM_TWICE.contains(c);
    let mut out = String::with_capacity(text.len());
    for c in text.nfc() {
        match c {
            '\u{2018}' | '\u{2019}' => out.push('\''),
            '\u{201c}' | '\u{201d}' => out.push('"'),
            '\u{2010}'..='\u{2015}' => out.push('-'),
            '\u{a0}' => out.push(' '),
            c if has(c) => out.push(c),
            c => out.extend(c.nfd().filter(|part| has(*part))),
        }
    }
    out
}

fn septets(text: &str) -> usize {
    text.chars().map(|c| if GSM_TWICE.contains(c) { 2 } else { 1 }).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::accounts::Account;
    use crate::methods::fakes::{Bench, PASSWORD, account_of};
    use crate::methods::{Authenticator, Challenged, CodeText, EnglishText, Source};
    use crate::sessions::SessionKey;

    const HOST: &str = "portal.example.org";

    fn draft<'a>(brand: &'a str, host: &'a str) -> Draft<'a> {
        Draft {
            text: &EnglishText,
            language: "en",
            brand,
            host,
            code: "402716",
            minutes: 10,
            to: "+31612345678",
        }
    }

    #[test]
    fn a_text_is_one_message_that_ends_in_the_host_and_the_code() {
        assert_eq!(
            text(&draft("Example", HOST)),
            "402716 is your Example sign-in code. Never share it.\n\n@portal.example.org #402716"
        );
        let cases = [
            // Accents that GSM lacks, quotes, and what it lacks altogether.
            ("Zorgverzekeraar Łódź ’s", "402716 is your Zorgverzekeraar odz 's sign-in code."),
            ("日本", "402716 is your sign-in code."),
            ("", "402716 is your sign-in code."),
            ("Shop 654321", "402716 is your Shop sign-in code."),
            // Too long with it.
            (&"x".repeat(120), "402716 is your sign-in code."),
        ];
        for (brand, begins) in cases {
            let text = text(&draft(brand, HOST));
            assert!(text.starts_with(begins), "{brand}: {text}");
            assert!(text.ends_with("\n\n@portal.example.org #402716"), "{brand}: {text}");
        }
        let host = format!("{}.example.org", "x".repeat(200));
        assert_eq!(text(&draft("Example", &host)), "402716 is your sign-in code. Never share it.");
    }

    proptest! {
        #[test]
        fn whatever_brand_and_host_are_it_is_one_message_with_the_code_in_it(
            brand in "\\PC{0,200}",
            host in "[a-z0-9.-]{1,253}",
        ) {
            let text = text(&draft(&brand, &host));
            prop_assert!(septets(&text) <= ONE_MESSAGE);
            prop_assert!(text.chars().all(|c| GSM.contains(c) || GSM_TWICE.contains(c)), "{}", text);
            prop_assert!(text.starts_with("402716"));
        }
    }

    struct Desk {
        bench: Bench,
        account: Account,
    }

    impl Desk {
        fn new() -> Self {
            let bench = Bench::new();
            let account = account_of(&bench, "anna", PASSWORD);
            Self { bench, account }
        }

        async fn ask(&self, sms: &SmsCode, session: u8, address: &str) -> Challenged {
            let source = Source { address: address.into(), browser: None };
            let ask = self.bench.ask(&self.account, true);
            let ask = Ask { session: SessionKey([session; 16]), source: &source, ..ask };
            sms.challenge(ask).await.unwrap()
        }

        async fn sent_of(&self, sms: &SmsCode, asks: impl Iterator<Item = (u8, String)>) -> u32 {
            let mut sent = 0;
            for (session, address) in asks {
                let challenged = self.ask(sms, session, &address).await;
                sent += u32::from(matches!(challenged, Challenged::Sent { .. }));
            }
            sent
        }
    }

    #[tokio::test]
    async fn a_user_and_an_address_each_have_their_own_limit() {
        let mut desk = Desk::new();
        desk.bench.sends = 1000;
        let sms = desk.bench.sms();
        // Ten a day to one user, whoever asks.
        let asks = (0..50).map(|n| (n, format!("192.0.2.{n}")));
        assert_eq!(desk.sent_of(&sms, asks).await, 10);
        // Twenty an hour to one address, whoever they are for.
        let mut sent = 0;
        for n in 0..50 {
            let name = format!("user{n}");
            desk.account = account_of(&desk.bench, &name, PASSWORD);
            sent += desk.sent_of(&sms, std::iter::once((n, "198.51.100.1".to_owned()))).await;
        }
        assert_eq!(sent, 20);
    }

    #[tokio::test]
    async fn a_budget_that_is_spent_sends_nothing_until_the_day_is_over() {
        let mut desk = Desk::new();
        desk.bench.budget = 3;
        desk.bench.sends = 1000;
        let sms = desk.bench.sms();
        let asks = (0..5).map(|n| (n, format!("192.0.2.{n}")));
        assert_eq!(desk.sent_of(&sms, asks).await, 3);
        assert_eq!(desk.ask(&sms, 9, "192.0.2.9").await, Challenged::NotSent);
        assert_eq!(desk.bench.texted().await.len(), 3);
        desk.bench.clock.advance(std::time::Duration::from_secs(86_400));
        assert!(matches!(desk.ask(&sms, 10, "192.0.2.9").await, Challenged::Sent { .. }));
    }

    #[tokio::test]
    async fn a_number_of_a_country_that_is_not_named_gets_no_message() {
        let mut desk = Desk::new();
        for (country, is_reached) in [("NL", true), ("BE", false)] {
            desk.bench.countries = Country::new(country).into_iter().collect();
            let sms = desk.bench.sms();
            assert_eq!(sms.is_usable(&desk.account), is_reached, "{country}");
            let challenged = desk.ask(&sms, 1, "192.0.2.1").await;
            assert_eq!(challenged == Challenged::NotSent, !is_reached, "{country}");
        }
        // One that was taken by an older version, and costs extra.
        desk.bench.countries.clear();
        desk.account.contacts[1].address = "+319061234567".into();
        assert!(!desk.bench.sms().is_usable(&desk.account));
    }

    #[tokio::test]
    async fn a_code_by_text_message_is_no_answer_to_the_mail_and_the_other_way_round() {
        let desk = Desk::new();
        let (sms, email) = (desk.bench.sms(), desk.bench.email());
        let _ = sms.challenge(desk.bench.ask(&desk.account, false)).await.unwrap();
        let _ = email.challenge(desk.bench.ask(&desk.account, false)).await.unwrap();
        let texted = desk.bench.texted().await.remove(0);
        let mailed = desk.bench.mailed().await.remove(0);
        assert_ne!(texted, mailed, "a chance of one in a million");
        for (method, answer) in
            [(&email as &dyn Authenticator, &texted), (&sms as &dyn Authenticator, &mailed)]
        {
            let verdict = method.verify(desk.bench.attempt(&desk.account, answer)).await.unwrap();
            assert!(!matches!(verdict, crate::methods::Verdict::Proven(_)), "{verdict:?}");
        }
    }

    #[test]
    fn both_sentences_start_with_the_code() {
        for brand in [Some("Example"), None] {
            assert!(EnglishText.code_text("en", brand, "402716").starts_with("402716 "));
        }
    }
}
