//! A gate in front of two portals, with users in a store in memory. Shared with the tests of the
//! rooms that stand behind the gate.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::accounts::{Account, AccountStore, NewUser};
use crate::config::{Config, LoadRequest, load};
use crate::gate::{Admission, Arrival, Gate, Incoming, Snapshot};
use crate::keys::{Keyring, Purpose};
use crate::points::{Lifetime, Method, MethodPolicy, Points, Proof, Timestamp};
use crate::secret::Secret;
use crate::sessions::tests::faulty::Faulty;
use crate::sessions::{Beginning, Name, NewlyNamed, Rise, Sessions, cookies};

pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
pub(crate) const HOST: &str = "portal.example.org";

const FILE: &str = r#"
[listen.http]
address = "127.0.0.1:8080"
serve = "routes"

[directory.staff.authentication]
accept_risk = ["email"]

[directory.customers.authentication]
accept_risk = ["email"]

[admin]
directory = "staff"

[notifier.mail]
kind = "file"
path = "outbox"

[route.portal]
host = "portal.example.org"
upstream = "http://127.0.0.1:3000"
directory = "staff"
public_port = 8443
cors_preflight = ["https://app.example.org"]

[route.portal.rule.open]
path = "/open/"
public = true

[route.portal.rule.editors]
path = "/editors/"
roles = ["editor"]

[route.portal.rule.nobodys]
path = "/nobodys/"
roles = ["chief"]

[route.portal.rule.inside]
path = "/inside/"
networks = ["10.0.0.0/8"]

[route.portal.rule.basic]
path = "/basic/"
level = 20

[route.portal.rule.payments]
path = "/payments/"
level = 40
explain = { en = "Payments ask for more." }

[route.portal.rule.fresh]
path = "/fresh/"
max_age = "5m"

[route.shop]
host = "shop.example.org"
upstream = "http://127.0.0.1:3001"
directory = "customers"
"#;

/// Everything up to the gate.
#[derive(Debug)]
pub(crate) struct House {
    pub(crate) store: Faulty,
    pub(crate) keys: Arc<Keyring>,
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) gate: Gate,
    pub(crate) snapshot: Arc<Snapshot>,
}

/// What a client sends.
#[derive(Clone, Debug)]
pub(crate) struct Call<'a> {
    pub(crate) host: &'a str,
    pub(crate) method: &'a str,
    pub(crate) target: &'a str,
    pub(crate) name: Option<Name>,
    pub(crate) address: &'a str,
    pub(crate) upgrade: bool,
    pub(crate) preflight: Option<&'a str>,
    pub(crate) now: Timestamp,
}

impl<'a> Call<'a> {
    pub(crate) fn get(target: &'a str) -> Self {
        Self {
            host: HOST,
            method: "GET",
            target,
            name: None,
            address: "192.0.2.7",
            upgrade: false,
            preflight: None,
            now: NOW,
        }
    }

    pub(crate) fn by(self, name: Name) -> Self {
        Self { name: Some(name), ..self }
    }

    pub(crate) fn at(self, now: Timestamp) -> Self {
        Self { now, ..self }
    }
}

impl House {
    pub(crate) async fn new() -> Self {
        let (store, keys) = Faulty::new().await;
        let sessions = sessions_over(&store);
        let gate = Gate::new(sessions.clone());
        let snapshot = Arc::new(snapshot_of(config(), keys.clone()));
        Self { store, keys, sessions, gate, snapshot }
    }

    /// The same store, and nothing in memory.
    pub(crate) fn restart(&mut self) {
        self.sessions = sessions_over(&self.store);
        self.gate = Gate::new(self.sessions.clone());
    }

    /// Another setting for a method of `staff`, as after a reload.
    pub(crate) fn set(&mut self, method: Method, points: u16, lifetime: Lifetime) {
        let mut config = (*self.snapshot.config).clone();
        let policy = MethodPolicy { points: Points::new(points).unwrap(), lifetime };
        config.directories.get_mut("staff").unwrap().settings.set(method, policy);
        self.snapshot = Arc::new(snapshot_of(config, self.keys.clone()));
    }

    /// Every portal gets assertions.
    pub(crate) fn with_assertions(&mut self) {
        let mut config = (*self.snapshot.config).clone();
        for (route, identity) in &mut config.identities {
            identity.audience = Some(route.clone());
        }
        self.snapshot = Arc::new(snapshot_of(config, self.keys.clone()));
    }

    pub(crate) async fn user(&self, directory: &str, name: &str) -> Account {
        self.user_with(directory, name, Secret::new("hash".into())).await
    }

    pub(crate) async fn user_with(
        &self,
        directory: &str,
        name: &str,
        password: Secret<String>,
    ) -> Account {
        let new = NewUser {
            directory: directory.into(),
            name: name.parse().unwrap(),
            display_name: Some("J\u{f6}rg, \u{22}the\u{22} 100%\r\nX-Admin: 1".into()),
            language: None,
            roles: ["editor".into(), "a,b".into()].into(),
            email: Some(format!("{name}@example.org").parse().unwrap()),
            phone: None,
            password_hash: Some(password),
        };
        self.store.create_user(new, NOW).await.unwrap()
    }

    /// A session with a password.
    pub(crate) async fn begin(&self, account: &Account, host: &str) -> NewlyNamed {
        let proof = proof_of(account, Method::Password, NOW);
        let beginning = Beginning { account, proof, host, user_agent: None, address: None };
        self.sessions.begin(beginning, self.snapshot.config.session, NOW).await.unwrap()
    }

    /// A session with a password and a code.
    pub(crate) async fn sign_in(&self, account: &Account) -> NewlyNamed {
        let begun = self.begin(account, HOST).await;
        let proof = proof_of(account, Method::Email, NOW);
        match self.sessions.rise(&begun.present, proof, NOW).await.unwrap() {
            Rise::Renamed(newly) => *newly,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn admit(&self, call: &Call<'_>) -> Admission {
        let token = call.name.map(|name| name.token(Purpose::SessionName, &self.keys));
        let field = token.map(|token| format!("{}={token}", cookies::SESSION));
        let fields: Vec<&[u8]> = field.iter().map(String::as_bytes).collect();
        let incoming = Incoming {
            door: crate::gate::Door::Portals,
            host: call.host.as_bytes(),
            method: call.method,
            target: call.target.as_bytes(),
            cookies: &fields,
            address: Some(call.address.parse().unwrap()),
            upgrade: call.upgrade,
            preflight: call.preflight,
        };
        self.gate.admit(incoming, &self.snapshot, call.now).await
    }

    /// At one of our own pages.
    pub(crate) async fn arrive(&self, name: Option<Name>, now: Timestamp) -> Arrival {
        let call = Call { name, ..Call::get("/.scoregate/next") }.at(now);
        match self.admit(&call).await {
            Admission::OwnPage(arrival) => *arrival,
            other => panic!("{other:?}"),
        }
    }
}

fn sessions_over(store: &Faulty) -> Arc<Sessions> {
    Arc::new(Sessions::new(Arc::new(store.clone()), Arc::new(store.clone())))
}

pub(crate) fn proof_of(account: &Account, method: Method, now: Timestamp) -> Proof {
    account.enrolled().iter().find(|one| one.method == method).unwrap().proof(now)
}

pub(crate) fn config() -> Config {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("scoregate.toml");
    std::fs::write(&file, FILE).unwrap();
    let loaded = load(&LoadRequest {
        file: Some(file),
        environment: BTreeMap::new(),
        overrides: Vec::new(),
        allow_plain_secrets: false,
        check_environment: false,
        now: NOW,
    });
    let report = loaded.render(crate::config::Format::Text { coloured: false });
    loaded.config.unwrap_or_else(|| panic!("{report}"))
}

pub(crate) fn snapshot_of(config: Config, keys: Arc<Keyring>) -> Snapshot {
    Snapshot::compile(Arc::new(config), keys, vec![8080], 1).unwrap()
}

pub(crate) const fn minutes(count: u64) -> Duration {
    Duration::from_secs(60 * count)
}
