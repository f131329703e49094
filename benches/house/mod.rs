//! What several benches stand on: a person with a password and a mailbox, signed in at the standard
//! level. Not here: anything that is measured.
#![allow(dead_code, reason = "each bench uses its part")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use scoregate::accounts::{Account, AccountStore, ContactKind, NewUser};
use scoregate::points::{Channel, CredentialId, Method, Proof, Timestamp};
use scoregate::secret::Secret;
use scoregate::sessions::{Beginning, Name, Rise, SessionLimits, Sessions};
use scoregate::store::embedded::Embedded;

pub(crate) const HOST: &str = "portal.example.org";
pub(crate) const DIRECTORY: &str = "staff";
pub(crate) const LIMITS: SessionLimits = SessionLimits {
    idle_timeout: Duration::from_secs(30 * 60),
    lifetime: Duration::from_secs(12 * 3600),
};

/// Somebody with a password and a mailbox, two roles and a name.
pub(crate) async fn user(store: &Embedded, name: &str, now: Timestamp) -> Account {
    let new = NewUser {
        directory: DIRECTORY.into(),
        name: name.parse().expect("a user name"),
        display_name: Some("Anna de Boer".to_owned()),
        language: None,
        roles: BTreeSet::from(["finance".into(), "support".into()]),
        email: Some(format!("{name}@example.org").parse().expect("an address")),
        phone: None,
        password_hash: Some(Secret::new("not a hash: nobody types this password".to_owned())),
    };
    store.create_user(new, now).await.expect("the store takes a user")
}

/// The sessions of a store.
pub(crate) fn sessions(store: &Embedded) -> Arc<Sessions> {
    Arc::new(Sessions::new(Arc::new(store.clone()), Arc::new(store.clone())))
}

/// Signs in with the password alone: 20 points.
pub(crate) async fn half_signed_in(sessions: &Sessions, account: &Account, now: Timestamp) -> Name {
    begin(sessions, account, now).await.name
}

/// Signs in with password and a code by mail: 30 points.
pub(crate) async fn signed_in(sessions: &Sessions, account: &Account, now: Timestamp) -> Name {
    let begun = begin(sessions, account, now).await;
    let mailbox = account.contact(ContactKind::Email).expect("there is a mailbox");
    let channel = Channel::Mailbox(mailbox.fingerprint.clone());
    let code = proof(Method::Email, &mailbox.id, channel, now);
    match sessions.rise(&begun.present, code, now).await.expect("the store takes a proof") {
        Rise::Renamed(renamed) => renamed.name,
        Rise::Added | Rise::Ended => panic!("a session that nobody else knows did not rise"),
    }
}

async fn begin(
    sessions: &Sessions,
    account: &Account,
    now: Timestamp,
) -> scoregate::sessions::NewlyNamed {
    let password = account.password.as_ref().expect("there is a password");
    let beginning = Beginning {
        account,
        proof: proof(Method::Password, &password.id, Channel::Password, now),
        host: HOST,
        user_agent: None,
        address: None,
    };
    sessions.begin(beginning, LIMITS, now).await.expect("the store takes a session")
}

fn proof(method: Method, credential: &CredentialId, channel: Channel, at: Timestamp) -> Proof {
    Proof {
        method,
        credential: credential.clone(),
        channel,
        kinds: method.kinds(),
        at,
        enrolled_at: None,
        cap: None,
        expires: None,
        withdrawn: false,
    }
}
