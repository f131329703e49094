//! A code by e-mail: what the mail says, and to whom it goes. Everything else is as for every code that
//! is sent (`by_message`). Not here: other languages (`web::i18n`).

use async_trait::async_trait;

use super::Ask;
use super::by_message::{ByMessage, Carriage, CodeParts, Draft, Withheld};
use super::typed;
use crate::accounts::{Contact, ContactKind, StoreError};
use crate::notify::{Message, MessageKind, NotifierChannel};
use crate::points::Method;

/// The code by e-mail.
pub type EmailCode = ByMessage<Mail>;

impl EmailCode {
    #[must_use]
    pub fn new(parts: CodeParts) -> Self {
        Self::over(Mail, parts)
    }
}

/// Mail costs nothing, and goes wherever there is an address.
#[derive(Clone, Copy, Debug)]
pub struct Mail;

#[async_trait]
impl Carriage for Mail {
    const METHOD: Method = Method::Email;
    const CONTACT: ContactKind = ContactKind::Email;
    const CHANNEL: NotifierChannel = NotifierChannel::Email;

    fn reaches(&self, _: &Contact) -> bool {
        true
    }

    async fn withheld(&self, _: &Ask<'_>, _: &Contact) -> Result<Option<Withheld>, StoreError> {
        Ok(None)
    }

    fn message(&self, draft: &Draft<'_>) -> Message {
        let (brand, host) = (unlike_a_code(draft.brand), unlike_a_code(draft.host));
        let (subject, text) =
            draft.text.code_mail(draft.language, &brand, &host, draft.code, draft.minutes);
        Message {
            channel: NotifierChannel::Email,
            to: draft.to.to_owned(),
            subject: Some(subject),
            text,
            kind: MessageKind::Code,
        }
    }
}

/// A brand or host with a run of exactly six digits gets an invisible break in it (U+2060), so that
/// whoever reads the mail by machine takes no part of a name for the code.
fn unlike_a_code(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|c: char| !c.is_ascii_digit()).unwrap_or(from.len());
        let (run, after) = from.split_at(end);
        out.push_str(before);
        match run.split_at_checked(typed::DIGITS / 2) {
            Some((first, second)) if run.len() == typed::DIGITS => {
                out.push_str(first);
                out.push('\u{2060}');
                out.push_str(second);
            }
            _ => out.push_str(run),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::methods::fakes::only_code_in;
    use crate::methods::{CodeText, EnglishText};

    proptest! {
        #[test]
        fn whatever_brand_and_host_are_the_code_is_the_only_run_of_six_digits(
            brand in "[a-z0-9 ]{0,30}",
            host in "[a-z0-9.]{0,30}",
            code in "[0-9]{6}",
        ) {
            let (brand, host) = (unlike_a_code(&brand), unlike_a_code(&host));
            let (_, text) = EnglishText.code_mail("en", &brand, &host, &code, 10);
            prop_assert_eq!(only_code_in(&text), code);
        }
    }
}
