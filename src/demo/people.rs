//! The people of the demo and what each of them has. Their passwords are known to everybody, which
//! is why the demo listens on loopback only. Not here: how they are shown (`welcome`).

use super::apps::App;
use crate::accounts::{
    AccountStore, CreateError, EmailAddress, InvalidName, NewUser, PhoneNumber, StoreError,
    UserName,
};
use crate::methods::{HashCost, HashError, Totp};
use crate::points::Timestamp;
use crate::secret::Secret;

use super::settings::DIRECTORY;

/// One of them, before there is an account.
struct Sketch {
    name: &'static str,
    password: &'static str,
    display_name: &'static str,
    email: Option<&'static str>,
    phone: Option<&'static str>,
    language: Option<&'static str>,
    role: Option<&'static str>,
    has_app: bool,
}

const SKETCHES: [Sketch; 4] = [
    Sketch {
        name: "anna",
        password: "demo-anna",
        display_name: "Anna de Vries",
        email: Some("anna@example.org"),
        phone: Some("+31612345689"),
        language: None,
        role: Some("operations"),
        has_app: true,
    },
    Sketch {
        name: "bob",
        password: "demo-bob",
        display_name: "Bob Smit",
        email: Some("bob@example.org"),
        phone: None,
        language: Some("nl"),
        role: None,
        has_app: false,
    },
    Sketch {
        name: "carol",
        password: "demo-carol",
        display_name: "Carol Jansen",
        email: None,
        phone: None,
        language: None,
        role: None,
        has_app: false,
    },
    Sketch {
        name: "admin",
        password: "demo-admin",
        display_name: "Ada Beheer",
        email: Some("admin@example.org"),
        phone: None,
        language: None,
        role: Some(crate::operations::OWNER),
        has_app: true,
    },
];

/// What was made that nobody else knows.
#[derive(Clone, Debug)]
pub struct People {
    pub apps: Vec<App>,
}

/// Why the people of the demo are not there.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    #[error(transparent)]
    Name(#[from] InvalidName),
    #[error(transparent)]
    Hash(#[from] HashError),
    /// A thread that hashes was lost.
    #[error("a password was not hashed")]
    Lost(#[from] tokio::task::JoinError),
    #[error(transparent)]
    Create(#[from] CreateError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes the people of the demo in an empty store. Their passwords are hashed beside each other, at
/// the cost of any other. Nobody is on probation.
///
/// # Errors
/// [`SeedError`]: the demo does not start.
pub async fn seed(accounts: &dyn AccountStore, now: Timestamp) -> Result<People, SeedError> {
    let hashing = SKETCHES.map(|sketch| {
        let hash = tokio::task::spawn_blocking(move || HashCost::OWASP.hash(sketch.password));
        (sketch, hash)
    });
    let mut people = People { apps: Vec::new() };
    for (sketch, hash) in hashing {
        let account = accounts.create_user(sketch.account(hash.await??)?, now).await?;
        if sketch.has_app {
            let app = App { user: sketch.name.to_owned(), secret: Totp::new_secret() };
            // No step was taken yet, so that the code that it shows now is good.
            accounts.add_app(&account.user.id, app.secret.clone(), 0, None, now).await?;
            people.apps.push(app);
        }
    }
    Ok(people)
}

impl Sketch {
    fn account(&self, password_hash: Secret<String>) -> Result<NewUser, InvalidName> {
        Ok(NewUser {
            directory: DIRECTORY.into(),
            name: self.name.parse::<UserName>()?,
            display_name: Some(self.display_name.to_owned()),
            language: self.language.map(str::to_owned),
            roles: self.role.map(Into::into).into_iter().collect(),
            email: self.email.map(str::parse::<EmailAddress>).transpose()?,
            phone: self.phone.map(str::parse::<PhoneNumber>).transpose()?,
            password_hash: Some(password_hash),
        })
    }
}

/// What each has, for people: name, password, and the rest.
pub(super) fn introductions() -> impl Iterator<Item = (&'static str, &'static str, String)> {
    SKETCHES.iter().map(|sketch| {
        let email = sketch.email.map(|_| "e-mail");
        let app = sketch.has_app.then_some("authenticator app");
        let role = sketch.role.map(|role| format!("role {role}"));
        let phone = sketch.phone.map(|_| "phone");
        let owned = [email, phone, app].into_iter().flatten().map(str::to_owned).chain(role);
        let has = owned.collect::<Vec<_>>().join(", ");
        let has = if has.is_empty() { "nothing else, so cannot get in".to_owned() } else { has };
        (sketch.name, sketch.password, has)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::points::Method;
    use crate::store::embedded::Embedded;

    /// Name, language, methods, roles.
    type Row = (&'static str, Option<&'static str>, &'static [Method], &'static [&'static str]);

    #[tokio::test]
    async fn anna_may_choose_bob_has_one_way_and_carol_none() {
        let (store, _) = Embedded::in_memory().await.unwrap();
        let now = Timestamp::from_secs(1_772_461_200);
        let people = seed(&store, now).await.unwrap();
        let expected: [Row; 4] = [
            (
                "anna",
                None,
                &[Method::Password, Method::Totp, Method::Email, Method::Sms],
                &["operations"],
            ),
            ("bob", Some("nl"), &[Method::Password, Method::Email], &[]),
            ("carol", None, &[Method::Password], &[]),
            ("admin", None, &[Method::Password, Method::Totp, Method::Email], &["scoregate_owner"]),
        ];
        for (name, language, methods, roles) in expected {
            let account = store.find_user("demo", &name.parse().unwrap()).await.unwrap().unwrap();
            let enrolled = account.enrolled();
            let found: Vec<Method> = enrolled.iter().map(|enrolled| enrolled.method).collect();
            assert_eq!(found, methods, "{name}");
            assert!(enrolled.iter().all(|enrolled| enrolled.enrolled_at.is_none()), "{name}");
            assert_eq!(account.user.language.as_deref(), language, "{name}");
            let found: Vec<&str> = account.user.roles.iter().map(AsRef::as_ref).collect();
            assert_eq!(found, roles, "{name}");
            let hash = account.password.unwrap().hash;
            let password = format!("demo-{name}");
            assert_eq!(HashCost::verify(&password, hash.reveal()), Ok(true), "{name}");
        }
        assert_eq!(store.list_users(None).await.unwrap().len(), 4);
        let anna = store.find_user("demo", &"anna".parse().unwrap()).await.unwrap().unwrap();
        assert_eq!(anna.apps[0].secret.reveal(), people.apps[0].secret.reveal());
        let step = Totp::confirm(&anna.apps[0].secret, &people.apps[0].code(now), now).unwrap();
        assert!(store.take_app_step(&anna.apps[0].id, step).await.unwrap());
    }

    #[tokio::test]
    async fn they_are_made_once() {
        let (store, _) = Embedded::in_memory().await.unwrap();
        seed(&store, Timestamp::EPOCH).await.unwrap();
        let again = seed(&store, Timestamp::EPOCH).await;
        assert!(matches!(again, Err(SeedError::Create(CreateError::NameTaken))), "{again:?}");
    }
}
