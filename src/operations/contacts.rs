//! What administrators change of what a user has: the address that codes go to, a method that is lost, a link to set
//! the account up. Each is told to the contacts that the account had before. Not here: what people change
//! themselves (`journey`).

use super::letters::Letter;
use super::users::{held, missing, parsed};
use super::{Act, ContactChoice, Outcome, Refused, UserRef, UserSummary};
use crate::accounts::{Account, Contact, ContactKind, EmailAddress, PhoneNumber};
use crate::audit::EventName;
use crate::points::{CredentialId, Method};

impl ContactChoice {
    const fn kind(self) -> ContactKind {
        match self {
            Self::Email => ContactKind::Email,
            Self::Phone => ContactKind::Phone,
        }
    }

    const fn method(self) -> Method {
        match self {
            Self::Email => Method::Email,
            Self::Phone => Method::Sms,
        }
    }

    /// The address as it is kept; `None`: there is to be none.
    fn address(self, typed: Option<&str>) -> Result<Option<String>, Refused> {
        let Some(typed) = typed.map(str::trim).filter(|typed| !typed.is_empty()) else {
            return Ok(None);
        };
        Ok(Some(match self {
            Self::Email => parsed::<EmailAddress>("e-mail", typed)?.as_str().to_owned(),
            Self::Phone => parsed::<PhoneNumber>("phone", typed)?.as_str().to_owned(),
        }))
    }
}

impl Act<'_> {
    /// One address in the place of all of its kind, usable at once: whoever does this answers for it.
    pub(super) async fn change_contact(
        &self,
        user: &UserRef,
        choice: ContactChoice,
        typed: Option<&str>,
    ) -> Result<Outcome, Refused> {
        let address = choice.address(typed)?;
        let account = self.account(user).await?;
        let summary = UserSummary::of(&account.user);
        let present: Vec<&Contact> =
            account.contacts.iter().filter(|contact| contact.kind == choice.kind()).collect();
        let is_so = match (&*present, &address) {
            ([], None) => true,
            ([only], Some(address)) => only.is_usable && only.address == *address,
            _ => false,
        };
        if is_so {
            return Ok(Outcome::UserChanged { user: summary, changed: false });
        }
        let id = &account.user.id;
        let hold = self.tools.sessions.hold(id);
        let replaced = self.tools.changes.replace_contact(id, choice.kind(), address, self.now);
        let is_there = replaced.await.map_err(|error| held(error, &account))?;
        hold.release();
        if !is_there {
            return Err(missing(&account));
        }
        self.record_method(EventName::ContactChanged, &account, choice.method());
        self.tell(&account, Letter::ContactChanged(choice.method()));
        Ok(Outcome::UserChanged { user: summary, changed: true })
    }

    /// Also the last way in: whoever has lost it cannot use it, and gets a set-up link.
    pub(super) async fn remove_method(
        &self,
        user: &UserRef,
        credential: &str,
    ) -> Result<Outcome, Refused> {
        let account = self.account(user).await?;
        let credential = CredentialId(credential.into());
        let no_such = || Refused::NoSuchMethod { name: account.user.name.to_string() };
        let method = removable(&account, &credential).ok_or_else(no_such)?;
        let id = &account.user.id;
        let hold = self.tools.sessions.hold(id);
        let removed = self.tools.changes.remove_credential(id, &credential).await;
        let was_there = removed.map_err(|error| held(error, &account))?;
        hold.release();
        if !was_there {
            return Err(no_such());
        }
        self.record_method(EventName::MethodRemoved, &account, method);
        self.tell(&account, Letter::MethodRemoved(method));
        Ok(Outcome::UserChanged { user: UserSummary::of(&account.user), changed: true })
    }

    /// A set-up link for the mailbox of the account, and for nobody else's eyes.
    pub(super) async fn mail_link(&self, user: &UserRef) -> Result<Outcome, Refused> {
        let account = self.account(user).await?;
        let name = || account.user.name.to_string();
        let mailbox = self.settled_mailbox(&account);
        let mailbox = mailbox.ok_or_else(|| Refused::NoMailbox { name: name() })?;
        let link = self.make_link(&account, None).await?;
        let letter = Letter::SetUp { url: &link.url };
        if self.tools.letters.write(&account, &[mailbox], letter) == 0 {
            self.tools.accounts.end_links(&account.user.id).await?;
            return Err(Refused::NotSent { name: name() });
        }
        Ok(Outcome::LinkMailed { user: UserSummary::of(&account.user) })
    }

    /// As with a forgotten password: an address that was added today, by whoever had the session, sets nothing
    /// up. One that an administrator wrote has no day on which it was added.
    fn settled_mailbox<'a>(&self, account: &'a Account) -> Option<&'a Contact> {
        let probation = self.tools.places.probation(&account.user.directory)?;
        account.contacts.iter().find(|contact| {
            contact.kind == ContactKind::Email
                && contact.is_usable
                && contact.enrolled_at.is_none_or(|at| self.now >= at.after(probation))
        })
    }

    /// To every contact that the account had before.
    pub(super) fn tell(&self, account: &Account, letter: Letter<'_>) {
        let usable: Vec<&Contact> =
            account.contacts.iter().filter(|contact| contact.is_usable).collect();
        let told = self.tools.letters.write(account, &usable, letter);
        if told < usable.len() {
            tracing::warn!("somebody could not be told of a change of their account");
        }
    }

    fn record_method(&self, name: EventName, account: &Account, method: Method) {
        let user = &account.user;
        let event = self.event(name).target(&user.id).directory(&user.directory);
        self.tools.audit.record(event.method(method));
    }
}

/// What can be taken away; a password is replaced, and recovery codes are made anew.
fn removable(account: &Account, credential: &CredentialId) -> Option<Method> {
    let apps = account.apps.iter().map(|app| (&app.id, Method::Totp));
    let passkeys = account.passkeys.iter().map(|passkey| (&passkey.id, passkey.method));
    let contacts = account.contacts.iter().map(|contact| {
        let method = match contact.kind {
            ContactKind::Email => Method::Email,
            ContactKind::Phone => Method::Sms,
        };
        (&contact.id, method)
    });
    let mut all = apps.chain(passkeys).chain(contacts);
    all.find(|(id, _)| *id == credential).map(|(_, method)| method)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use super::super::Operation;
    use super::super::fakes::{House, house};
    use super::*;
    use crate::clock::Clock;

    fn anna() -> UserRef {
        UserRef { name: "anna".to_owned(), directory: None }
    }

    fn email(address: &str) -> Operation {
        let address = Some(address.to_owned());
        Operation::UserContact { user: anna(), kind: ContactChoice::Email, address }
    }

    fn letters(house: &House) -> Vec<(String, String)> {
        std::mem::take(&mut house.outbox.letters.lock().unwrap())
    }

    /// What a thief of a session would gain with a call to the help desk: a link to everything, in a mailbox that
    /// they have just added.
    #[tokio::test]
    async fn a_set_up_link_goes_to_no_mailbox_that_is_on_probation() {
        let house = house();
        let id = house.add("anna", "staff").await;
        let probation = crate::points::Settings::standard().probation;
        let now = house.clock.now();
        for (added, is_sent) in [
            (Some(now), false),
            (Some(now.before(probation - std::time::Duration::from_millis(1))), false),
            (Some(now.before(probation)), true),
            (None, true),
        ] {
            house.store.users.lock().unwrap().get_mut(&id).unwrap().contacts[0].enrolled_at = added;
            let sent = house.perform(Operation::UserMail { user: anna() }).await;
            assert_eq!(sent.is_ok(), is_sent, "{added:?}: {sent:?}");
            assert_eq!(letters(&house).len(), usize::from(is_sent), "{added:?}");
        }
    }

    /// Whoever puts an address of their own there would have the codes; the owner has to hear of it.
    #[tokio::test]
    async fn a_new_address_is_told_to_the_old_one_and_not_to_itself() {
        let house = house();
        let id = house.add("anna", "staff").await;
        house.sign_in(&id).await;
        house.perform(email(" new@example.org ")).await.unwrap();
        let told = ("anna@example.org".to_owned(), "ContactChanged(Email)".to_owned());
        assert_eq!(letters(&house), [told]);
        let account = house.store.users.lock().unwrap()[&id].clone();
        let addresses: Vec<_> = account.contacts.iter().map(|one| &*one.address).collect();
        assert_eq!(addresses, ["new@example.org"]);
        assert_eq!(house.events(), ["user.created", "contact.changed"]);
        let again = house.perform(email("new@example.org")).await.unwrap();
        assert!(matches!(again, Outcome::UserChanged { changed: false, .. }));
        assert_eq!(letters(&house), []);
    }

    #[tokio::test]
    async fn what_is_no_address_changes_nothing_and_an_empty_one_takes_the_address_away() {
        let house = house();
        let id = house.add("anna", "staff").await;
        for bad in ["a@b@c", "anna", "a b@example.org"] {
            let refused = house.perform(email(bad)).await.unwrap_err();
            assert!(matches!(refused, Refused::NotAValue { .. }), "{bad}: {refused}");
        }
        let phone = Some("0612345678".to_owned());
        let phone =
            Operation::UserContact { user: anna(), kind: ContactChoice::Phone, address: phone };
        assert!(matches!(house.perform(phone).await, Err(Refused::NotAValue { .. })));
        assert_eq!(house.store.users.lock().unwrap()[&id].contacts.len(), 1);
        house.perform(email("  ")).await.unwrap();
        assert!(house.store.users.lock().unwrap()[&id].contacts.is_empty());
        assert_eq!(letters(&house).len(), 1);
    }

    #[tokio::test]
    async fn a_removed_method_is_told_to_all_that_was_there_before_and_no_other_can_be_named() {
        let house = house();
        house.add("anna", "staff").await;
        let remove = |credential: &str| Operation::UserMethodRemove {
            user: anna(),
            credential: credential.to_owned(),
        };
        for strange in ["", "id of bob@example.org", "p0"] {
            let refused = house.perform(remove(strange)).await.unwrap_err();
            assert!(matches!(refused, Refused::NoSuchMethod { .. }), "{strange}: {refused}");
        }
        house.perform(remove("id of anna@example.org")).await.unwrap();
        let told = ("anna@example.org".to_owned(), "MethodRemoved(Email)".to_owned());
        assert_eq!(letters(&house), [told]);
        assert_eq!(house.events(), ["user.created", "method.removed"]);
    }

    #[tokio::test]
    async fn a_mailed_link_is_in_the_mailbox_alone_and_none_is_left_where_nothing_can_be_sent() {
        let house = house();
        house.add("anna", "staff").await;
        let mail = || Operation::UserMail { user: anna() };
        let outcome = house.perform(mail()).await.unwrap();
        let text = serde_json::to_string(&outcome).unwrap();
        let sent = letters(&house);
        assert_eq!((sent.len(), &*sent[0].0), (1, "anna@example.org"));
        assert!(sent[0].1.contains("/link/") && !text.contains("/link/"), "{sent:?} {text}");
        assert_eq!(house.store.links.lock().unwrap().len(), 1);

        house.outbox.is_full.store(true, Ordering::SeqCst);
        let refused = house.perform(mail()).await.unwrap_err();
        assert!(matches!(refused, Refused::NotSent { .. }), "{refused}");
        assert!(house.store.links.lock().unwrap().is_empty());

        house.outbox.is_full.store(false, Ordering::SeqCst);
        house.perform(email("")).await.unwrap();
        letters(&house);
        let refused = house.perform(mail()).await.unwrap_err();
        assert!(matches!(refused, Refused::NoMailbox { .. }), "{refused}");
        assert!(house.store.links.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn where_the_store_does_not_take_a_new_address_the_user_is_kept_out_and_nobody_is_told() {
        let house = house();
        house.add("anna", "staff").await;
        house.store.fails.store(true, Ordering::SeqCst);
        let refused = house.perform(email("new@example.org")).await.unwrap_err();
        assert!(matches!(refused, Refused::StoreAndHeld { .. }), "{refused}");
        assert_eq!(letters(&house), []);
        assert_eq!(house.events(), ["user.created"]);
    }
}
