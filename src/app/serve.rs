//! A gateway with its sockets: binds, says that it is ready, serves until it is told to stop. Not here:
//! what is served.

use std::future::Future;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use futures_util::FutureExt;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;

use super::entries::{CertificateWatch, Entries, Seen};
use super::letters::Outgoing;
use super::loading::Ready;
use super::operator::{self, Running};
use super::reload::RunningGateway;
use super::services::{self, Blueprint, Opened, Services};
use super::{chain, clock};
use crate::accounts::{AccountStore, PasskeyStore, RememberedStore};
use crate::audit::Actor;
use crate::cli::{Failure, Terminal};
use crate::clock::Clock;
use crate::config::{
    AdminDoor, Config, HttpServes, LoadRequest, Log, LogFormat, Provenance, StoreLocation,
};
use crate::control::ControlListener;
use crate::demo;
use crate::front::Redirect;
use crate::gate::Snapshot;
use crate::methods::CodeStore;
use crate::notify::{self, Notifiers, Outbox, OutboxLimits};
use crate::observe::{OpsListener, Pulse, Readiness, start_logging};
use crate::operations::{Operator, Service};
use crate::points::Timestamp;
use crate::proxy::{Entry, Gateway, GatewayOptions, Listener};
use crate::sessions::cookies::DEVICE_AGE;
use crate::settings::{Ground, Policies};
use crate::store::embedded::Embedded;
use crate::throttle::CounterStore;
use crate::web::{self, AdminPortal, Portal};

/// Requests that run have this long to end when the gateway stops.
const DRAIN: Duration = Duration::from_secs(10);
/// How often streams are looked at for whether they may go on: they end within a second.
const JUDGE_STREAMS: Duration = Duration::from_millis(250);
/// How often "last seen" is written down.
const FLUSH: Duration = Duration::from_secs(5);
/// How often it is looked whether an hour has come.
const TICK: Duration = Duration::from_secs(1);
/// How often what has ended is removed.
const SWEEP: Duration = Duration::from_secs(60);

/// The gateway, until it is told to stop.
pub(super) fn run(
    loaded: Ready,
    request: LoadRequest,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let in_colour = terminal.in_colour && loaded.config.log.format == LogFormat::Text;
    start_logging(&loaded.config.log, in_colour, clock())
        .map_err(|error| Failure::Configuration(chain(&error)))?;
    runtime()?.block_on(async {
        let opened = services::open(&loaded.config, clock()).await?;
        let store = opened.store.clone();
        let notifiers = notify::build(&loaded.config.notifiers, &opened.clock)
            .map_err(|error| Failure::Configuration(chain(&error)))?;
        let stage = Stage { opened, loaded, request, notifiers, demo: None };
        let served = serve(stage, &|_, _| String::new(), terminal).await;
        store.close().await;
        served
    })
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    // The provider is chosen once, before anything can choose another.
    let _ = rustls::crypto::ring::default_provider().install_default();
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Unreachable(format!("no threads to run on: {error}")))
}

/// What a gateway is started with.
struct Stage {
    opened: Opened,
    loaded: Ready,
    request: LoadRequest,
    notifiers: Notifiers,
    demo: Option<(String, axum::Router<Portal>)>,
}

/// `welcome` is printed with the bound addresses, before the lines that say that all is ready.
async fn serve(
    stage: Stage,
    welcome: &dyn Fn(&[SocketAddr], Option<SocketAddr>) -> String,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let Stage { opened, loaded, request, notifiers, demo } = stage;
    let sockets = Sockets::bind(&loaded.config).await?;
    let policies = Policies::open(Arc::new(opened.store.clone()))
        .await
        .map_err(|error| Failure::Configuration(chain(&error)))?;
    let ground =
        Ground { config: loaded.config.clone(), provenance: Arc::new(loaded.provenance.clone()) };
    let snapshot = compiled(&ground, &policies, &opened, sockets.ports())?;
    let settings = (Arc::new(ArcSwap::from_pointee(ground)), Arc::new(policies));
    let services = services::build(Blueprint { opened, snapshot, notifiers, demo })?;
    let entries = Entries::new(&loaded.config, &services.metrics)?;
    let readiness = Arc::new(Readiness::new(Arc::new(StorePulse(services.opened.store.clone()))));
    let folder = store_folder(&loaded.config);
    let mut running = running(
        &services,
        loaded.provenance,
        settings.clone(),
        request,
        entries.clone(),
        &readiness,
    );
    running.listeners = sockets.lines();
    let redirect = redirecting(&services, &loaded.config)?;
    running.other_gateways.extend(redirect.clone());
    let operator = operator_of(&services, running, folder.as_ref()).await;
    let _ = services.admin.set(web::admin_router(AdminPortal {
        portal: services.portal.clone(),
        operator: operator.operator.clone(),
        roster: Arc::new(services.opened.store.clone()),
        kept: Arc::default(),
        policies: settings.1,
        ground: settings.0,
        audit: services.opened.audit.clone(),
    }));
    let control = match &folder {
        Some(folder) => Some(
            ControlListener::bind(folder).map_err(|error| Failure::Unreachable(chain(&error)))?,
        ),
        None => None,
    };
    let (stop, stopping) = watch::channel(false);
    let (lines, welcome) = (sockets.lines(), welcome(&sockets.addresses(), sockets.admin()));
    let mut tasks = JoinSet::new();
    spawn_certificate_watch(&mut tasks, &services, &entries, &stopping);
    sockets.serve(&mut tasks, &services, entries, &readiness, &stopping, redirect);
    if let Some(control) = control {
        let (audit, clock) = (services.opened.audit.clone(), services.opened.clock.clone());
        let operator = operator.operator.clone();
        tasks.spawn(until(stopping.clone(), control.serve(operator, audit, clock)));
    }
    spawn_upkeep(&mut tasks, &services, &stopping);
    spawn_clock(&mut tasks, operator.service.clone(), &stopping);
    services.metrics.reloaded(Some(services.opened.clock.now()));
    readiness.serving();
    terminal.text(&welcome)?;
    for line in lines {
        terminal.line(format_args!("ready {line}"))?;
    }
    terminal.flush()?;
    wait_for_stop(&*operator.service).await;
    readiness.stopping();
    tracing::info!("stopping");
    let _ = stop.send(true);
    while tasks.join_next().await.is_some() {}
    services.journey.told().await;
    if let Err(error) = services.sessions.flush_seen().await {
        tracing::warn!(%error, "when sessions were last seen is up to a few seconds old");
    }
    Ok(())
}

fn store_folder(config: &Config) -> Option<PathBuf> {
    match &config.store {
        StoreLocation::Folder(folder) => Some(folder.clone()),
        StoreLocation::Memory => None,
    }
}

fn compiled(
    ground: &Ground,
    policies: &Policies,
    opened: &Opened,
    ports: Vec<u16>,
) -> Result<Snapshot, Failure> {
    let config = policies
        .in_force(ground, opened.clock.now())
        .map_err(|error| Failure::Configuration(error.to_string()))?;
    Snapshot::compile(config, opened.keys.clone(), ports, 1)
        .map_err(|problems| Failure::Configuration(operator::first(&problems)))
}

fn running(
    services: &Services,
    provenance: Provenance,
    (ground, policies): (Arc<ArcSwap<Ground>>, Arc<Policies>),
    request: LoadRequest,
    entries: Entries,
    readiness: &Arc<Readiness>,
) -> RunningGateway {
    RunningGateway {
        request,
        snapshot: services.snapshot.clone(),
        provenance: Arc::new(ArcSwap::from_pointee(provenance)),
        ground,
        policies,
        gateway: services.gateway.clone(),
        other_gateways: services.admin_gateway.iter().cloned().collect(),
        brand: services.brand.clone(),
        entries,
        sessions: services.sessions.clone(),
        metrics: services.metrics.clone(),
        audit: services.opened.audit.clone(),
        clock: services.opened.clock.clone(),
        readiness: readiness.clone(),
        started_at: services.opened.clock.now(),
        listeners: Vec::new(),
        revision: AtomicU64::new(1),
        first_link: None,
        reloading: Mutex::default(),
        swapping: std::sync::Mutex::default(),
    }
}

/// What works on the running gateway.
struct InCharge {
    operator: Arc<Operator>,
    service: Arc<RunningGateway>,
}

async fn operator_of(
    services: &Services,
    mut running: RunningGateway,
    folder: Option<&PathBuf>,
) -> InCharge {
    let link_path = folder.map(|folder| folder.join("first-admin-link"));
    running.first_link = link_path;
    let service = Arc::new(running);
    let follower = Arc::downgrade(&service);
    service.policies.when_changed(move || {
        if let Some(service) = follower.upgrade() {
            service.refresh();
        }
    });
    let tools = Running {
        policies: service.policies.clone(),
        sessions: services.sessions.clone(),
        letters: Arc::new(Outgoing {
            notifiers: services.notifiers.clone(),
            snapshot: services.snapshot.clone(),
            clock: services.opened.clock.clone(),
        }),
        snapshot: services.snapshot.clone(),
        provenance: service.provenance.clone(),
        service: service.clone(),
        key_file: folder.map(|folder| operator::key_file(folder)),
        keys: services.keys.clone(),
    };
    let Opened { store, audit, clock, keys: _ } = services.opened.clone();
    let operator = Arc::new(operator::operator(store, tools, audit, clock));
    if let Some(folder) = folder {
        match operator.write_first_link(folder).await {
            Ok(Some(path)) => {
                tracing::warn!(file = %path.display(), "nobody owns this gateway yet: the file holds a one-time link");
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "the first link could not be written"),
        }
    }
    InCharge { operator, service }
}

/// SIGTERM and SIGINT stop; SIGHUP reloads.
async fn wait_for_stop(service: &dyn Service) {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return };
    let Ok(mut hang_up) = signal(SignalKind::hangup()) else { return };
    loop {
        tokio::select! {
            _ = terminate.recv() => return,
            _ = tokio::signal::ctrl_c() => return,
            // What became of it is in the log; the old configuration stands if it failed.
            _ = hang_up.recv() => drop(service.reload(&Actor::Gateway).await),
        }
    }
}

/// Runs a task until the gateway stops.
async fn until(mut stopping: watch::Receiver<bool>, task: impl Future<Output = ()>) {
    tokio::select! {
        () = task => {}
        _ = stopping.wait_for(|stop| *stop) => {}
    }
}

/// Every `period`, until the gateway stops. Work that fails is done again at its next turn: nobody would see
/// that streams are not looked at any more.
async fn every<F: Future<Output = ()>>(period: Duration, mut work: impl FnMut() -> F) {
    let mut ticks = tokio::time::interval(period);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        let turn = AssertUnwindSafe(async { work().await });
        if turn.catch_unwind().await.is_err() {
            tracing::error!("a fault in what is done regularly; it is tried again");
        }
    }
}

/// How often the certificate files are looked at; a change is taken over at the second look.
const CERTIFICATE_LOOK: Duration = Duration::from_secs(1);

fn spawn_certificate_watch(
    tasks: &mut JoinSet<()>,
    services: &Services,
    entries: &Entries,
    stopping: &watch::Receiver<bool>,
) {
    let Some(tls) = entries.https.tls.clone() else { return };
    let watch = Arc::new(CertificateWatch {
        tls,
        snapshot: services.snapshot.clone(),
        metrics: services.metrics.clone(),
        audit: services.opened.audit.clone(),
        clock: services.opened.clock.clone(),
        seen: std::sync::Mutex::new(Seen::default()),
    });
    watch.begin();
    let looks = every(CERTIFICATE_LOOK, move || {
        let watch = watch.clone();
        async move {
            let look = tokio::task::spawn_blocking(move || watch.look());
            warn(look.await, "the certificate files were not looked at");
        }
    });
    tasks.spawn(until(stopping.clone(), looks));
}

fn spawn_upkeep(tasks: &mut JoinSet<()>, services: &Services, stopping: &watch::Receiver<bool>) {
    let streams = services.gateway.streams().clone();
    let judge = every(JUDGE_STREAMS, move || {
        let streams = streams.clone();
        async move {
            let ended = streams.judge_again().await;
            if ended > 0 {
                tracing::info!(ended, "streams were ended");
            }
        }
    });
    tasks.spawn(until(stopping.clone(), judge));
    let (sessions, metrics) = (services.sessions.clone(), services.metrics.clone());
    let gateway = services.gateway.clone();
    let flush = every(FLUSH, move || {
        let (sessions, metrics) = (sessions.clone(), metrics.clone());
        metrics.connections(gateway.places().count());
        async move {
            metrics.sessions(sessions.count());
            warn(sessions.flush_seen().await, "when sessions were last seen was not written");
        }
    });
    tasks.spawn(until(stopping.clone(), flush));
    let (sessions, snapshot) = (services.sessions.clone(), services.snapshot.clone());
    let journey = services.journey.clone();
    let Opened { store, clock, .. } = services.opened.clone();
    let sweep = every(SWEEP, move || {
        let (sessions, snapshot) = (sessions.clone(), snapshot.clone());
        let (store, journey, now) = (store.clone(), journey.clone(), clock.now());
        async move {
            let snapshot = snapshot.load_full();
            sweep(&store, &sessions, snapshot.config.session, now).await;
            let due = journey.remove_what_is_due(&snapshot, now).await;
            warn(due, "methods that were to be removed are still there");
            warn(journey.lift_marks(now).await, "marks of resets were not lifted");
        }
    });
    tasks.spawn(until(stopping.clone(), sweep));
}

/// Scheduled changes and deadlines of settings.
fn spawn_clock(
    tasks: &mut JoinSet<()>,
    service: Arc<RunningGateway>,
    stopping: &watch::Receiver<bool>,
) {
    let work = every(TICK, move || {
        let service = service.clone();
        async move { service.tick(service.clock.now()).await }
    });
    tasks.spawn(until(stopping.clone(), work));
}

async fn sweep(
    store: &Embedded,
    sessions: &crate::sessions::Sessions,
    limits: crate::sessions::SessionLimits,
    now: Timestamp,
) {
    warn(sessions.sweep(limits, now).await, "ended sessions were not removed");
    warn(store.sweep_counters(now).await, "ended counters were not removed");
    warn(store.sweep_codes(now).await, "ended codes were not removed");
    warn(store.sweep_challenges(now).await, "ended challenges were not forgotten");
    warn(store.sweep_links(now).await, "ended links were not removed");
    warn(store.sweep_remembered(now).await, "remembered devices that are over were not removed");
    let forgotten = now.before(DEVICE_AGE);
    warn(store.sweep_browsers(forgotten).await, "browsers that are gone were not forgotten");
}

fn warn<T, E: std::fmt::Display>(result: Result<T, E>, message: &'static str) {
    if let Err(error) = result {
        tracing::warn!(%error, message);
    }
}

/// Whether the store answers.
#[derive(Debug)]
struct StorePulse(Embedded);

#[async_trait]
impl Pulse for StorePulse {
    async fn is_there(&self) -> bool {
        let key = crate::throttle::CounterKey::new("pulse", &[]);
        self.0.tally(&key, Timestamp::EPOCH).await.is_ok()
    }
}

/// The listeners of one gateway, bound.
struct Sockets {
    https: Option<Listener>,
    http: Option<(Listener, HttpServes)>,
    ops: Option<OpsListener>,
    admin: Option<Listener>,
}

/// The administrators' own listener. One that nobody asked for is left out where its address is
/// taken: a second gateway on one machine is no mistake.
async fn bind_admin(config: &Config) -> Result<Option<Listener>, Failure> {
    let AdminDoor::Address { address, is_written } = config.admin.door else { return Ok(None) };
    match Listener::bind(address).await {
        Ok(listener) => Ok(Some(listener)),
        Err(error) if is_written => Err(Failure::Unreachable(chain(&error))),
        Err(error) => {
            let error = chain(&error);
            tracing::warn!(%address, %error, "there is no administrators' portal: give it an address with `admin.address`");
            Ok(None)
        }
    }
}

impl Sockets {
    async fn bind(config: &Config) -> Result<Self, Failure> {
        let fail = |error: &(dyn std::error::Error + 'static)| Failure::Unreachable(chain(error));
        let https = match &config.listen.https {
            Some(listener) => {
                Some(Listener::bind(listener.address).await.map_err(|error| fail(&error))?)
            }
            None => None,
        };
        let http = match &config.listen.http {
            Some(listener) => {
                let bound = Listener::bind(listener.address).await.map_err(|error| fail(&error))?;
                Some((bound, listener.serves))
            }
            None => None,
        };
        let ops = match config.listen.ops {
            Some(address) => Some(OpsListener::bind(address).await.map_err(|error| fail(&error))?),
            None => None,
        };
        let admin = bind_admin(config).await?;
        Ok(Self { https, http, ops, admin })
    }

    /// Under which a host can be named; the one of links first.
    fn ports(&self) -> Vec<u16> {
        let https = self.https.as_ref().map(|listener| listener.local_addr().port());
        let http = self.http.as_ref().map(|(listener, _)| listener.local_addr().port());
        https.into_iter().chain(http).collect()
    }

    fn addresses(&self) -> Vec<SocketAddr> {
        let https = self.https.as_ref().map(Listener::local_addr);
        let http = self.http.as_ref().map(|(listener, _)| listener.local_addr());
        https.into_iter().chain(http).collect()
    }

    fn admin(&self) -> Option<SocketAddr> {
        self.admin.as_ref().map(Listener::local_addr)
    }

    fn lines(&self) -> Vec<String> {
        let https = self.https.as_ref().map(|listener| format!("https {}", listener.local_addr()));
        let http =
            self.http.as_ref().map(|(listener, _)| format!("http {}", listener.local_addr()));
        let ops = self.ops.as_ref().map(|listener| format!("ops {}", listener.address()));
        let admin = self.admin.as_ref().map(|listener| format!("admin {}", listener.local_addr()));
        https.into_iter().chain(http).chain(ops).chain(admin).collect()
    }

    fn serve(
        self,
        tasks: &mut JoinSet<()>,
        services: &Services,
        entries: Entries,
        readiness: &Arc<Readiness>,
        stopping: &watch::Receiver<bool>,
        redirect: Option<Arc<Gateway>>,
    ) {
        if let (Some(listener), Some(_)) = (self.https, &entries.https.tls) {
            let gateway = services.gateway.clone();
            tasks.spawn(listener.serve(entries.https, gateway, stopping.clone(), DRAIN));
        }
        if let Some((listener, serves)) = self.http {
            let gateway = match serves {
                HttpServes::Routes => Some(services.gateway.clone()),
                HttpServes::RedirectToHttps => redirect,
            };
            if let Some(gateway) = gateway {
                tasks.spawn(listener.serve(entries.http, gateway, stopping.clone(), DRAIN));
            }
        }
        if let (Some(listener), Some(gateway)) = (self.admin, services.admin_gateway.clone()) {
            tasks.spawn(listener.serve(Entry::default(), gateway, stopping.clone(), DRAIN));
        }
        if let Some(ops) = self.ops {
            let (readiness, metrics) = (readiness.clone(), services.metrics.clone());
            tasks.spawn(until(stopping.clone(), ops.serve(readiness, metrics)));
        }
    }
}

/// A gateway of its own that sends everybody to https; `None` where no listener does.
fn redirecting(services: &Services, config: &Config) -> Result<Option<Arc<Gateway>>, Failure> {
    let http = config.listen.http.as_ref();
    if !http.is_some_and(|http| http.serves == HttpServes::RedirectToHttps) {
        return Ok(None);
    }
    let redirect = Arc::new(Redirect {
        snapshot: services.snapshot.clone(),
        audit: services.opened.audit.clone(),
        metrics: services.metrics.clone(),
        clock: services.opened.clock.clone(),
    });
    let places = services.gateway.places().clone();
    let options = GatewayOptions { places, ..GatewayOptions::default() };
    Gateway::new(redirect, config.limits, &options)
        .map(Some)
        .map_err(|error| Failure::Configuration(chain(&error)))
}

/// Everything in memory on loopback, until it is told to stop.
pub(super) fn demo(listen: SocketAddr, terminal: &mut Terminal) -> Result<(), Failure> {
    demo::allowed(listen).map_err(|error| Failure::Usage(error.to_string()))?;
    let clock = clock();
    let log = Log { format: LogFormat::Text, level: "warn".to_owned() };
    start_logging(&log, terminal.in_colour, clock.clone())
        .map_err(|error| Failure::Configuration(chain(&error)))?;
    runtime()?.block_on(demonstrate(listen, clock, terminal))
}

async fn demonstrate(
    listen: SocketAddr,
    clock: Arc<dyn Clock>,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let unreachable =
        |error: &(dyn std::error::Error + 'static)| Failure::Unreachable(chain(error));
    let portal = demo::portal::start(clock.clone()).await.map_err(|error| unreachable(&error))?;
    let config = demo::config(listen, portal).map_err(|error| unreachable(&error))?;
    let opened = services::open(&config, clock.clone()).await?;
    let people =
        demo::seed(&opened.store, clock.now()).await.map_err(|error| unreachable(&error))?;
    let out = Box::new(std::io::stdout());
    let inbox = Arc::new(demo::Inbox::new(clock.clone(), people.apps.clone(), out));
    let outbox = Outbox::start(inbox.clone(), clock, OutboxLimits::default());
    let stage = Stage {
        opened,
        loaded: Ready {
            config: Arc::new(config),
            provenance: Provenance::default(),
            report: String::new(),
        },
        // Its files do not exist, so a reload is refused and the demonstration goes on as it is.
        request: demo::request(listen, portal),
        notifiers: Notifiers::new(vec![outbox]),
        demo: Some((demo::INBOX.to_owned(), demo::inbox_router(inbox))),
    };
    let welcome = |lines: &[SocketAddr], admin: Option<SocketAddr>| {
        lines.first().map(|address| demo::welcome(*address, admin, &people)).unwrap_or_default()
    };
    serve(stage, &welcome, terminal).await
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn upkeep_that_fails_once_is_done_again_at_its_next_hour() {
        let turns = AtomicUsize::new(0);
        let work = || {
            let turn = turns.fetch_add(1, Ordering::SeqCst);
            assert_ne!(turn, 0, "before there is a future");
            async move { assert_ne!(turn, 1, "in the middle of it") }
        };
        let upkeep = AssertUnwindSafe(every(Duration::from_secs(1), work));
        let ended = tokio::time::timeout(Duration::from_millis(4500), upkeep.catch_unwind()).await;
        assert!(ended.is_err(), "it goes on");
        assert_eq!(turns.load(Ordering::SeqCst), 4);
    }
}
