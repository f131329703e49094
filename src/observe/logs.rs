//! Logs: a JSON object a line with the field names of the Elastic Common Schema, or text for a terminal.
//! What other crates log through `log` comes the same way. Not here: what is worth a line.
//!
//! Nobody hands in a query string, a cookie, a code or a password: fields have names, and the message is
//! a literal. What a client chose may be in a value, so every value is escaped.

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value, json};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::FmtContext;
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use crate::clock::Clock;
use crate::config::{Log, LogFormat};
use crate::points::Timestamp;

/// Why logs cannot be written as asked.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    #[error("`{level}` is not a log level; write `info`, or `warn,scoregate=debug`")]
    Level { level: String },
    #[error("logs are being written already")]
    Started,
}

/// Writes logs to standard error from now on; standard output is for what commands print.
///
/// # Errors
/// The level cannot be read, or this was called before.
pub fn start_logging(log: &Log, in_colour: bool, clock: Arc<dyn Clock>) -> Result<(), LogError> {
    let filter = EnvFilter::builder()
        .parse(&log.level)
        .map_err(|_| LogError::Level { level: log.level.clone() })?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match log.format {
        LogFormat::Json => builder.event_format(EcsFormat { clock }).finish().try_init(),
        LogFormat::Text => builder.with_ansi(in_colour).with_target(false).finish().try_init(),
    };
    started.map_err(|_| LogError::Started)
}

/// One JSON object a line.
#[derive(Debug)]
struct EcsFormat {
    clock: Arc<dyn Clock>,
}

impl<S, N> FormatEvent<S, N> for EcsFormat
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        use tracing_log::NormalizeEvent as _;

        let normal = event.normalized_metadata();
        let metadata = normal.as_ref().unwrap_or_else(|| event.metadata());
        let mut line = Line::default();
        event.record(&mut line);
        let level = metadata.level().as_str().to_lowercase();
        let object = line.object(&level, metadata.target(), self.clock.now());
        writeln!(writer, "{}", Value::Object(object))
    }
}

/// The fields of one event, under the names that they get.
#[derive(Debug, Default)]
struct Line {
    message: String,
    known: Map<String, Value>,
    own: Map<String, Value>,
}

impl Line {
    /// Fields that the schema has a name for; all others are under `scoregate`.
    fn place(name: &str) -> Option<&'static [&'static str]> {
        Some(match name {
            "error" => &["error", "message"],
            "method" => &["http", "request", "method"],
            "status" => &["http", "response", "status_code"],
            "source" => &["source", "ip"],
            "user" => &["user", "id"],
            "action" => &["event", "action"],
            "outcome" => &["event", "outcome"],
            _ => return None,
        })
    }

    fn put(&mut self, name: &str, value: Value) {
        // Fields of the `log` bridge that the line has already.
        if name.starts_with("log.") {
            return;
        }
        match Self::place(name) {
            Some(path) => put_at(&mut self.known, path, value),
            None => drop(self.own.insert(name.to_owned(), value)),
        }
    }

    fn object(self, level: &str, target: &str, at: Timestamp) -> Map<String, Value> {
        let mut object = Map::new();
        object.insert("@timestamp".to_owned(), json!(instant(at)));
        object.insert("ecs.version".to_owned(), json!("8.11"));
        object.insert("log.level".to_owned(), json!(level));
        object.insert("log.logger".to_owned(), json!(target));
        object.insert("message".to_owned(), json!(self.message));
        object.insert(
            "service".to_owned(),
            json!({ "name": "scoregate", "version": env!("CARGO_PKG_VERSION") }),
        );
        object.extend(self.known);
        if !self.own.is_empty() {
            object.insert("scoregate".to_owned(), Value::Object(self.own));
        }
        object
    }
}

/// RFC 3339 in UTC, to the millisecond.
fn instant(at: Timestamp) -> Option<String> {
    let at = jiff::Timestamp::from_millisecond(i64::try_from(at.as_millis()).ok()?).ok()?;
    Some(format!("{at:.3}"))
}

fn put_at(map: &mut Map<String, Value>, path: &[&str], value: Value) {
    match path {
        [] => {}
        [last] => drop(map.insert((*last).to_owned(), value)),
        [first, rest @ ..] => {
            let inner = map.entry((*first).to_owned()).or_insert_with(|| json!({}));
            if let Value::Object(inner) = inner {
                put_at(inner, rest, value);
            }
        }
    }
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = format!("{value:?}");
        if field.name() == "message" {
            self.message = text;
        } else {
            self.put(field.name(), json!(text));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            value.clone_into(&mut self.message);
        } else {
            self.put(field.name(), json!(value));
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field.name(), json!(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field.name(), json!(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field.name(), json!(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field.name(), json!(value));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        // The whole chain: the first sentence alone often says only that something failed.
        let mut text = value.to_string();
        let mut next = value.source();
        while let Some(error) = next {
            text.push_str(": ");
            text.push_str(&error.to_string());
            next = error.source();
        }
        self.put(field.name(), json!(text));
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::Mutex;

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn clock() -> Arc<dyn Clock> {
        Arc::new(crate::clock::ManualClock::at(Timestamp::from_secs(1_800_000_000)))
    }

    fn logged(work: impl FnOnce()) -> String {
        let kept = Kept::default();
        let writer = kept.clone();
        let subscriber = tracing_subscriber::fmt()
            .event_format(EcsFormat { clock: clock() })
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, work);
        String::from_utf8(kept.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn a_line_is_one_json_object_with_the_names_of_the_schema() {
        let text = logged(|| {
            tracing::info!(method = "GET", status = 303, route = "portal", "challenge");
        });
        let line: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(line["@timestamp"], "2027-01-15T08:00:00.000Z");
        assert_eq!(line["message"], "challenge");
        assert_eq!(line["log.level"], "info");
        assert_eq!(line["http"]["request"]["method"], "GET");
        assert_eq!(line["http"]["response"]["status_code"], 303);
        assert_eq!(line["scoregate"], json!({ "route": "portal" }));
    }

    #[test]
    fn a_value_that_a_client_chose_cannot_begin_a_line_of_its_own() {
        let nasty = "x\r\n{\"log.level\":\"error\"}\u{1b}[2J\"";
        let text = logged(|| tracing::warn!(agent = nasty, "refused"));
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
        let line: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(line["scoregate"]["agent"], nasty);
    }

    #[test]
    fn an_error_is_told_with_its_causes() {
        let error = crate::accounts::StoreError::Unavailable("disk full".into());
        let error: &dyn std::error::Error = &error;
        let text = logged(|| tracing::error!(error, "not stored"));
        let line: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(line["error"]["message"], "the store is not available: disk full");
    }

    #[test]
    fn a_level_that_is_none_is_refused() {
        let log = Log { format: LogFormat::Json, level: "scoregate=loudly".to_owned() };
        assert!(matches!(start_logging(&log, false, clock()), Err(LogError::Level { .. })));
    }
}
