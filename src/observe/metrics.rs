//! Metrics in the form of Prometheus: base units, `_total` on counters, and labels from bounded sets.
//! No user, address or path is ever a label. Not here: when something is counted.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use prometheus::core::Collector;
use prometheus::{
    Encoder, Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec,
    IntGauge, IntGaugeVec, Opts, Registry, TextEncoder,
};

use crate::audit::Audit;
use crate::points::{Method, Timestamp};

/// Of a request: those of OpenTelemetry's HTTP conventions.
const REQUEST_SECONDS: &[f64] =
    &[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];
/// Of what the gateway adds to it.
const OVERHEAD_SECONDS: &[f64] =
    &[0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1];

/// The route label of requests that no route takes.
const NO_ROUTE: &str = "none";

/// What was decided.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DecisionKind {
    Allow,
    Challenge,
    Deny,
    Public,
    Error,
}

impl DecisionKind {
    const fn label(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Challenge => "challenge",
            Self::Deny => "deny",
            Self::Public => "public",
            Self::Error => "error",
        }
    }
}

/// What became of an attempt at a method.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum MethodOutcome {
    Ok,
    Wrong,
    Expired,
    Cancelled,
    Throttled,
    Undeliverable,
}

impl MethodOutcome {
    const fn label(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Wrong => "wrong",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
            Self::Throttled => "throttled",
            Self::Undeliverable => "undeliverable",
        }
    }
}

/// Everything that is measured.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: HistogramVec,
    active: IntGauge,
    overhead: HistogramVec,
    decisions: IntCounterVec,
    challenges: IntCounterVec,
    attempts: IntCounterVec,
    sign_ins: IntCounterVec,
    dead_ends: IntCounterVec,
    sessions: IntGauge,
    notifications: IntCounterVec,
    budget: IntGaugeVec,
    throttled: IntCounterVec,
    audit_events: IntCounterVec,
    audit_errors: IntCounter,
    reload_successful: IntGauge,
    reload_at: Gauge,
    certificates: GaugeVec,
    certificates_read: IntGauge,
    connections: IntGauge,
    turned_away: IntCounterVec,
    audit: OnceLock<Arc<Audit>>,
    usual: papaya::HashMap<Box<str>, UsualSeries>,
}

/// The series of one route that almost every request counts in, so that their labels are looked up once.
#[derive(Debug, Default)]
struct UsualSeries {
    overhead: OnceLock<Histogram>,
    allowed: OnceLock<IntCounter>,
    public: OnceLock<IntCounter>,
    /// A GET that was answered with 200.
    answered: OnceLock<Histogram>,
}

impl Metrics {
    /// # Panics
    /// If two metrics had one name: a mistake in this file that any start would show.
    #[must_use]
    pub fn new() -> Self {
        let registry = Registry::new();
        let metrics = Self {
            requests: histogram(
                "http_server_request_duration_seconds",
                "Time from the head of a request to the end of its answer.",
                REQUEST_SECONDS,
                &["http_request_method", "http_response_status_code", "http_route"],
            ),
            active: gauge("http_server_active_requests", "Requests under way."),
            overhead: histogram(
                "scoregate_overhead_seconds",
                "Time that the gateway adds before a request goes on.",
                OVERHEAD_SECONDS,
                &["route"],
            ),
            decisions: counter(
                "scoregate_decisions_total",
                "Decisions on requests.",
                &["route", "decision", "reason"],
            ),
            challenges: counter(
                "scoregate_challenges_shown_total",
                "Pages that asked for a method.",
                &["directory", "method"],
            ),
            attempts: counter(
                "scoregate_method_attempts_total",
                "Answers to challenges.",
                &["directory", "method", "outcome"],
            ),
            sign_ins: counter(
                "scoregate_sign_ins_total",
                "Sign-ins that ended.",
                &["directory", "combination", "result"],
            ),
            dead_ends: counter(
                "scoregate_dead_ends_total",
                "People who had no way to reach a route's level.",
                &["route"],
            ),
            sessions: gauge("scoregate_sessions_active", "Sessions in memory."),
            notifications: counter(
                "scoregate_notifications_total",
                "Messages handed to notifiers.",
                &["notifier", "outcome"],
            ),
            budget: int_gauges(
                "scoregate_notification_budget_remaining",
                "Text messages that can still be sent in this calendar day or month.",
                &["span"],
            ),
            throttled: counter("scoregate_throttled_total", "What a limit refused.", &["limit"]),
            audit_events: counter("scoregate_audit_events_total", "Audit lines.", &["type"]),
            audit_errors: plain_counter(
                "scoregate_audit_write_errors_total",
                "Times that the audit file could not be written.",
            ),
            reload_successful: gauge(
                "scoregate_config_last_reload_successful",
                "1 if the newest configuration was taken.",
            ),
            reload_at: float_gauge(
                "scoregate_config_last_reload_timestamp_seconds",
                "When a configuration was last taken.",
            ),
            certificates: float_gauges(
                "scoregate_certificate_not_after_timestamp_seconds",
                "When the certificate ends.",
                &["listener"],
            ),
            certificates_read: gauge(
                "scoregate_certificates_last_read_successful",
                "1 if the certificate files could be used when they last changed.",
            ),
            connections: gauge("scoregate_connections_open", "Connections of clients."),
            turned_away: counter(
                "scoregate_connections_turned_away_total",
                "Connections that were closed before their first request.",
                &["reason"],
            ),
            audit: OnceLock::new(),
            usual: papaya::HashMap::new(),
            registry,
        };
        metrics.register();
        metrics
    }

    fn register(&self) {
        let info = int_gauges("scoregate_build_info", "Which program this is.", &["version"]);
        info.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        let all: [Box<dyn Collector>; 21] = [
            Box::new(self.requests.clone()),
            Box::new(self.active.clone()),
            Box::new(self.overhead.clone()),
            Box::new(self.decisions.clone()),
            Box::new(self.challenges.clone()),
            Box::new(self.attempts.clone()),
            Box::new(self.sign_ins.clone()),
            Box::new(self.dead_ends.clone()),
            Box::new(self.sessions.clone()),
            Box::new(self.notifications.clone()),
            Box::new(self.budget.clone()),
            Box::new(self.throttled.clone()),
            Box::new(self.audit_events.clone()),
            Box::new(self.audit_errors.clone()),
            Box::new(self.reload_successful.clone()),
            Box::new(self.reload_at.clone()),
            Box::new(self.certificates.clone()),
            Box::new(self.certificates_read.clone()),
            Box::new(self.connections.clone()),
            Box::new(self.turned_away.clone()),
            Box::new(info),
        ];
        for collector in all {
            if let Err(error) = self.registry.register(collector) {
                tracing::error!(%error, "a metric is not shown");
            }
        }
    }

    /// A request begins. One [`Metrics::ended`] has to follow.
    pub fn begun(&self) {
        self.active.inc();
    }

    pub fn ended(&self) {
        self.active.dec();
    }

    /// What the gateway itself took before a request of this route went on.
    pub fn added(&self, route: &str, overhead: Duration) {
        self.usual(route, |usual| {
            usual
                .overhead
                .get_or_init(|| self.overhead.with_label_values(&[route]))
                .observe(overhead.as_secs_f64());
        });
    }

    /// A request has been answered. `route`: its name, if it has one. Methods that are not in common use
    /// are counted together, since clients choose them.
    pub fn answered(&self, method: &str, status: u16, route: Option<&str>, took: Duration) {
        let method = known_http_method(method);
        let route = route.unwrap_or(NO_ROUTE);
        let series = || self.requests.with_label_values(&[method, &status.to_string(), route]);
        if (method, status) == ("GET", 200) {
            self.usual(route, |usual| {
                usual.answered.get_or_init(series).observe(took.as_secs_f64());
            });
        } else {
            series().observe(took.as_secs_f64());
        }
    }

    /// `reason` is a word of the program.
    pub fn decided(&self, route: Option<&str>, decision: DecisionKind, reason: &'static str) {
        let route = route.unwrap_or(NO_ROUTE);
        let series = || self.decisions.with_label_values(&[route, decision.label(), reason]);
        match (decision, reason) {
            (DecisionKind::Allow, "score") => {
                self.usual(route, |usual| usual.allowed.get_or_init(series).inc());
            }
            (DecisionKind::Public, "public") => {
                self.usual(route, |usual| usual.public.get_or_init(series).inc());
            }
            _ => series().inc(),
        }
    }

    /// Routes come from the configuration, so there are no more of them than it ever named.
    fn usual(&self, route: &str, count: impl FnOnce(&UsualSeries)) {
        let routes = self.usual.pin();
        match routes.get(route) {
            Some(usual) => count(usual),
            None => count(routes.get_or_insert_with(route.into(), UsualSeries::default)),
        }
    }

    pub fn challenge_shown(&self, directory: &str, method: Method) {
        self.challenges.with_label_values(&[directory, method.name()]).inc();
    }

    pub fn attempted(&self, directory: &str, method: Method, outcome: MethodOutcome) {
        self.attempts.with_label_values(&[directory, method.name(), outcome.label()]).inc();
    }

    /// `methods` in the order of [`Method`], so that a combination has one name.
    pub fn signed_in(
        &self,
        directory: &str,
        methods: crate::points::MethodSet,
        result: &'static str,
    ) {
        let names: Vec<&str> = methods.iter().map(Method::name).collect();
        self.sign_ins.with_label_values(&[directory, &names.join("+"), result]).inc();
    }

    pub fn dead_end(&self, route: &str) {
        self.dead_ends.with_label_values(&[route]).inc();
    }

    pub fn sessions(&self, count: usize) {
        self.sessions.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    pub fn notified(&self, notifier: &str, outcome: &'static str) {
        self.notifications.with_label_values(&[notifier, outcome]).inc();
    }

    /// `span`: `day` or `month`.
    pub fn budget_remaining(&self, span: &'static str, messages: u32) {
        self.budget.with_label_values(&[span]).set(i64::from(messages));
    }

    pub fn throttled(&self, limit: &'static str) {
        self.throttled.with_label_values(&[limit]).inc();
    }

    /// A configuration was taken at `at`, or (`None`) refused and the old one kept.
    #[expect(clippy::cast_precision_loss, reason = "a gauge is a float; seconds stay exact")]
    pub fn reloaded(&self, at: Option<Timestamp>) {
        self.reload_successful.set(i64::from(at.is_some()));
        if let Some(at) = at {
            self.reload_at.set(at.as_secs() as f64);
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a gauge is a float; seconds stay exact")]
    pub fn certificate(&self, listener: &str, not_after: Timestamp) {
        self.certificates.with_label_values(&[listener]).set(not_after.as_secs() as f64);
    }

    /// Certificate files have changed, and could be used or not.
    pub fn certificates_read(&self, is_successful: bool) {
        self.certificates_read.set(i64::from(is_successful));
    }

    pub fn connections(&self, open: u32) {
        self.connections.set(i64::from(open));
    }

    /// `reason` is a word of the program.
    pub fn turned_away(&self, reason: &'static str) {
        self.turned_away.with_label_values(&[reason]).inc();
    }

    /// Shows the counts of the audit. Said once, at start.
    pub fn follow_audit(&self, audit: Arc<Audit>) {
        let _ = self.audit.set(audit);
    }

    /// The text that Prometheus reads.
    #[must_use]
    pub fn render(&self) -> String {
        if let Some(audit) = self.audit.get() {
            for (name, count) in audit.written() {
                raise_to(&self.audit_events.with_label_values(&[name.name()]), count);
            }
            raise_to(&self.audit_errors, audit.write_errors());
        }
        let mut text = Vec::new();
        if let Err(error) = TextEncoder::new().encode(&self.registry.gather(), &mut text) {
            tracing::error!(%error, "metrics cannot be written");
        }
        String::from_utf8_lossy(&text).into_owned()
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

fn raise_to(counter: &IntCounter, count: u64) {
    counter.inc_by(count.saturating_sub(counter.get()));
}

fn known_http_method(method: &str) -> &'static str {
    const KNOWN: [&str; 8] =
        ["GET", "POST", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "CONNECT"];
    KNOWN.into_iter().find(|known| *known == method).unwrap_or("_OTHER")
}

// The names are literals of this file; a name that Prometheus refuses would show at every start.

#[expect(clippy::expect_used, reason = "literals of this file")]
fn histogram(name: &str, help: &str, buckets: &[f64], labels: &[&str]) -> HistogramVec {
    let opts = HistogramOpts::new(name, help).buckets(buckets.to_vec());
    HistogramVec::new(opts, labels).expect("the name is one")
}

#[expect(clippy::expect_used, reason = "literals of this file")]
fn counter(name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
    IntCounterVec::new(Opts::new(name, help), labels).expect("the name is one")
}

#[expect(clippy::expect_used, reason = "literals of this file")]
fn plain_counter(name: &str, help: &str) -> IntCounter {
    IntCounter::new(name, help).expect("the name is one")
}

#[expect(clippy::expect_used, reason = "literals of this file")]
fn gauge(name: &str, help: &str) -> IntGauge {
    IntGauge::new(name, help).expect("the name is one")
}

#[expect(clippy::expect_used, reason = "literals of this file")]
fn int_gauges(name: &str, help: &str, labels: &[&str]) -> IntGaugeVec {
    IntGaugeVec::new(Opts::new(name, help), labels).expect("the name is one")
}

#[expect(clippy::expect_used, reason = "literals of this file")]
fn float_gauge(name: &str, help: &str) -> Gauge {
    Gauge::new(name, help).expect("the name is one")
}

#[expect(clippy::expect_used, reason = "literals of this file")]
fn float_gauges(name: &str, help: &str, labels: &[&str]) -> GaugeVec {
    GaugeVec::new(Opts::new(name, help), labels).expect("the name is one")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_is_shown_under_its_name_and_no_client_chooses_a_label() {
        let metrics = Metrics::new();
        let audit = Arc::new(Audit::nowhere(Arc::new(crate::clock::SystemClock::default())));
        metrics.follow_audit(audit.clone());
        audit.record(crate::audit::Event::new(crate::audit::EventName::SignOut, Timestamp::EPOCH));
        metrics.decided(Some("portal"), DecisionKind::Allow, "score");
        metrics.decided(Some("portal"), DecisionKind::Allow, "score");
        metrics.added("portal", Duration::from_micros(80));
        metrics.begun();
        metrics.answered("GET", 200, Some("portal"), Duration::from_millis(7));
        metrics.answered("GET", 200, Some("other"), Duration::from_millis(7));
        metrics.answered("GET", 200, Some("portal"), Duration::from_millis(7));
        metrics.answered("GET", 404, Some("portal"), Duration::from_millis(7));
        metrics.decided(Some("portal"), DecisionKind::Public, "public");
        metrics.answered("X-\u{202e}", 400, None, Duration::ZERO);
        metrics.decided(None, DecisionKind::Deny, "unknown_host");
        metrics.attempted("staff", Method::Totp, MethodOutcome::Wrong);
        metrics.signed_in("staff", [Method::Email, Method::Password].into_iter().collect(), "ok");
        metrics.reloaded(Some(Timestamp::from_secs(1_800_000_000)));
        metrics.certificate("https", Timestamp::from_secs(1_900_000_000));
        let text = metrics.render();
        for line in [
            "scoregate_decisions_total{decision=\"allow\",reason=\"score\",route=\"portal\"} 2",
            "scoregate_decisions_total{decision=\"deny\",reason=\"unknown_host\",route=\"none\"} 1",
            "scoregate_overhead_seconds_bucket{route=\"portal\",le=\"0.0001\"} 1",
            "scoregate_decisions_total{decision=\"public\",reason=\"public\",route=\"portal\"} 1",
            "http_server_request_duration_seconds_count{http_request_method=\"GET\",http_response_status_code=\"200\",http_route=\"portal\"} 2",
            "http_server_request_duration_seconds_count{http_request_method=\"GET\",http_response_status_code=\"200\",http_route=\"other\"} 1",
            "http_server_request_duration_seconds_count{http_request_method=\"GET\",http_response_status_code=\"404\",http_route=\"portal\"} 1",
            "http_server_active_requests 1",
            "http_request_method=\"_OTHER\"",
            "scoregate_method_attempts_total{directory=\"staff\",method=\"totp\",outcome=\"wrong\"} 1",
            "combination=\"password+email\"",
            "scoregate_audit_events_total{type=\"sign_out\"} 1",
            "scoregate_config_last_reload_successful 1",
            "scoregate_config_last_reload_timestamp_seconds 1800000000",
            "scoregate_certificate_not_after_timestamp_seconds{listener=\"https\"} 1900000000",
            "scoregate_build_info{version=",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        metrics.ended();
        metrics.reloaded(None);
        let text = metrics.render();
        assert!(text.contains("http_server_active_requests 0"));
        assert!(text.contains("scoregate_config_last_reload_successful 0"));
        assert!(text.contains("scoregate_audit_events_total{type=\"sign_out\"} 1"));
    }
}
