//! The services of one gateway, built in the order in which they need each other. Not here: sockets
//! (`serve`), and what each of them does.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;

use super::chain;
use super::policies::Counting;
use crate::accounts::AccountStore;
use crate::audit::{Actor, Audit, Event, EventName};
use crate::cli::Failure;
use crate::clock::Clock;
use crate::config::{AdminDoor, Config, StoreLocation};
use crate::front::{self, Front};
use crate::gate::{Door, Gate, Snapshot};
use crate::journey::{self, Journey};
use crate::keys::Keyring;
use crate::methods::{
    Authenticator, CodeLimits, CodeParts, CodeText, EmailCode, HashCost, HashPool, Methods,
    Passkey, Password, RecoveryCode, SecurityKey, SmsCode, TextLimits, Texting, Totp,
};
use crate::notify::Notifiers;
use crate::observe::Metrics;
use crate::proxy::{Gateway, GatewayOptions};
use crate::sessions::Sessions;
use crate::store::embedded::Embedded;
use crate::throttle::{Attempts, Budget, Mark, Spending};
use crate::web::{NewsTexts, Portal, i18n};

/// What is open before anything else is built.
#[derive(Clone, Debug)]
pub(super) struct Opened {
    pub(super) store: Embedded,
    pub(super) keys: Arc<Keyring>,
    pub(super) audit: Arc<Audit>,
    pub(super) clock: Arc<dyn Clock>,
}

/// A gateway without its sockets.
#[derive(Debug)]
pub(super) struct Services {
    pub(super) opened: Opened,
    pub(super) notifiers: Arc<Notifiers>,
    pub(super) sessions: Arc<Sessions>,
    pub(super) snapshot: Arc<ArcSwap<Snapshot>>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) gateway: Arc<Gateway>,
    pub(super) journey: Arc<Journey>,
    /// What methods sign with: follows the snapshot.
    pub(super) keys: Arc<ArcSwap<Keyring>>,
    /// Who messages with codes are from: follows the configuration.
    pub(super) brand: Arc<ArcSwap<String>>,
    /// What pages ask.
    pub(super) portal: Portal,
    /// Filled once there is an operator.
    pub(super) admin: Arc<OnceLock<axum::Router>>,
    /// Behind the administrators' own listener; `None`: they have a host.
    pub(super) admin_gateway: Option<Arc<Gateway>>,
}

/// Where the audit goes, if the configuration does not say.
pub(super) fn audit_file(config: &Config, folder: &Path) -> PathBuf {
    config.audit.file.clone().unwrap_or_else(|| folder.join("audit.jsonl"))
}

/// Opens what `run` works on.
pub(super) async fn open(config: &Config, clock: Arc<dyn Clock>) -> Result<Opened, Failure> {
    let patience = std::time::Duration::from_secs(5);
    match &config.store {
        StoreLocation::Folder(folder) => {
            let (store, keys) = Embedded::open_waiting(folder, patience)
                .await
                .map_err(|error| Failure::Configuration(chain(&error)))?;
            let audit = Audit::to_file(&audit_file(config, folder), clock.clone())
                .map_err(|error| Failure::Configuration(chain(&error)))?;
            Ok(Opened { store, keys, audit: Arc::new(audit), clock })
        }
        StoreLocation::Memory => {
            let (store, keys) =
                Embedded::in_memory().await.map_err(|error| Failure::Unreachable(chain(&error)))?;
            let audit = Arc::new(Audit::in_memory(clock.clone()));
            Ok(Opened { store, keys, audit, clock })
        }
    }
}

/// What a gateway is built from.
pub(super) struct Blueprint {
    pub(super) opened: Opened,
    pub(super) snapshot: Snapshot,
    pub(super) notifiers: Notifiers,
    /// The pages of a demonstration, and where its inbox is.
    pub(super) demo: Option<(String, axum::Router<Portal>)>,
}

pub(super) fn build(blueprint: Blueprint) -> Result<Services, Failure> {
    let Blueprint { opened, snapshot, notifiers, demo } = blueprint;
    let config = snapshot.config.clone();
    let metrics = Arc::new(Metrics::new());
    metrics.follow_audit(opened.audit.clone());
    count_messages(&notifiers, &metrics);
    let counters: Arc<Embedded> = Arc::new(opened.store.clone());
    let accounts: Arc<dyn AccountStore> = counters.clone();
    let limits = config.limits;
    let attempts =
        Attempts::new(counters.clone(), limits.sign_in_per_ip, limits.sign_in_per_account);
    let passwords = Arc::new(password(&config, accounts.clone(), attempts.clone())?);
    let keys = Arc::new(ArcSwap::new(opened.keys.clone()));
    let notifiers = Arc::new(notifiers);
    let brand = Arc::new(ArcSwap::from_pointee(config.ui.brand.clone()));
    let code_parts = CodeParts {
        codes: counters.clone(),
        counters: counters.clone(),
        attempts: attempts.clone(),
        keys: keys.clone(),
        notifiers: notifiers.clone(),
        text: Arc::new(Texts),
        limits: CodeLimits {
            sends: limits.codes_per_account,
            ttl: limits.code_ttl,
            tries: limits.code_attempts,
        },
        brand: brand.clone(),
    };
    let budget = Arc::new(Budget::new(
        counters.clone(),
        config.sms.budget_per_day,
        config.sms.budget_per_month,
    ));
    watch_budget(&budget, &opened, &metrics);
    let email = EmailCode::new(code_parts.clone());
    let texting = Texting::new(text_limits(&config), budget, counters.clone());
    let sms = SmsCode::new(code_parts, texting.clone());
    let recovery = RecoveryCode::new(counters.clone(), attempts.clone());
    let totp = Totp::new(accounts.clone(), attempts.clone());
    let all: Vec<Arc<dyn Authenticator>> = vec![
        passwords.clone(),
        Arc::new(email),
        Arc::new(sms),
        Arc::new(totp),
        Arc::new(recovery),
        Arc::new(Passkey::new(counters.clone(), attempts.clone())),
        Arc::new(SecurityKey::new(counters.clone(), attempts.clone())),
    ];
    let sessions = Arc::new(Sessions::new(counters.clone(), accounts.clone()));
    let journey = Arc::new(Journey::new(journey::Parts {
        sessions: sessions.clone(),
        accounts,
        passkeys: counters.clone(),
        counters: counters.clone(),
        methods: Arc::new(Methods::new(all)),
        passwords,
        changes: counters.clone(),
        recovery: counters.clone(),
        remembered: counters.clone(),
        notifiers: notifiers.clone(),
        texting,
        news_text: Arc::new(NewsTexts),
        audit: opened.audit.clone(),
        metrics: metrics.clone(),
        tally: Some(Arc::new(Counting(Arc::new(opened.store.clone())))),
    }));
    let snapshot = Arc::new(ArcSwap::from_pointee(snapshot));
    let (demo_inbox, demo_pages) = demo.map_or((None, None), |(at, pages)| (Some(at), Some(pages)));
    let portal = Portal { journey: journey.clone(), demo_inbox };
    let admin: Arc<OnceLock<axum::Router>> = Arc::default();
    let front = |door: Door| {
        Arc::new(Front::new(front::Parts {
            gate: Gate::new(sessions.clone()),
            door,
            admin: admin.clone(),
            snapshot: snapshot.clone(),
            portal: portal.clone(),
            demo_pages: demo_pages.clone(),
            audit: opened.audit.clone(),
            metrics: metrics.clone(),
            clock: opened.clock.clone(),
        }))
    };
    let gateway_of = |door: Door| {
        Gateway::new(front(door), limits, &GatewayOptions::default())
            .map_err(|error| Failure::Configuration(chain(&error)))
    };
    let gateway = gateway_of(Door::Portals)?;
    let admin_gateway = match config.admin.door {
        AdminDoor::Address { .. } => Some(gateway_of(Door::Administrators)?),
        AdminDoor::Host(_) => None,
    };
    gateway.set_upstreams(snapshot.load().upstreams.values().cloned());
    let streams = gateway.streams().clone();
    sessions.when_ended(move |session| {
        streams.end(session);
    });
    Ok(Services {
        notifiers,
        opened,
        sessions,
        snapshot,
        metrics,
        gateway,
        journey,
        keys,
        brand,
        portal,
        admin,
        admin_gateway,
    })
}

fn text_limits(config: &Config) -> TextLimits {
    TextLimits {
        per_user: config.sms.per_user,
        per_address: config.sms.per_address,
        countries: config.sms.countries.clone(),
    }
}

/// Log, metric and audit of what text messages have cost.
fn watch_budget(budget: &Budget, opened: &Opened, metrics: &Arc<Metrics>) {
    let (audit, clock, metrics) = (opened.audit.clone(), opened.clock.clone(), metrics.clone());
    budget.when_spent(move |Spending { span, spent, of, mark }| {
        metrics.budget_remaining(span.name(), of.saturating_sub(spent));
        let (name, what) = match mark {
            None => return,
            Some(Mark::Warning) => (EventName::BudgetWarning, "80 % of the budget is spent"),
            Some(Mark::Spent) => (EventName::BudgetSpent, "the budget is spent: no more is sent"),
        };
        tracing::warn!(span = span.name(), spent, of, "text messages: {what}");
        audit.record(Event::new(name, clock.now()).actor(&Actor::Gateway).reason(span.name()));
    });
}

fn count_messages(notifiers: &Notifiers, metrics: &Arc<Metrics>) {
    for outbox in notifiers.outboxes() {
        let (name, metrics) = (outbox.name().to_owned(), metrics.clone());
        outbox.when_over(move |outcome| metrics.notified(&name, outcome.name()));
    }
}

fn password(
    config: &Config,
    accounts: Arc<dyn AccountStore>,
    attempts: Attempts,
) -> Result<Password, Failure> {
    let pool = HashPool::new(config.limits.hash_workers, config.limits.hash_queue)
        .map_err(|error| Failure::Unreachable(format!("no threads for passwords: {error}")))?;
    Password::new(accounts, attempts, Arc::new(pool), HashCost::OWASP)
        .map_err(|error| Failure::Unreachable(chain(&error)))
}

/// The texts of messages, from the catalogue of the pages.
#[derive(Debug)]
struct Texts;

impl CodeText for Texts {
    fn code_mail(
        &self,
        language: &str,
        brand: &str,
        host: &str,
        code: &str,
        minutes: u64,
    ) -> (String, String) {
        let language = i18n::Language::from_tag(language).unwrap_or(i18n::Language::English);
        let minutes = u32::try_from(minutes).unwrap_or(u32::MAX);
        i18n::code_mail(language, brand, host, code, minutes)
    }

    fn code_text(&self, language: &str, brand: Option<&str>, code: &str) -> String {
        let language = i18n::Language::from_tag(language).unwrap_or(i18n::Language::English);
        i18n::code_text(language, brand, code)
    }
}
