//! What listeners show to those who come: certificates, who is trusted, what browsers are told. Made from
//! the configuration, replaced by a reload, and the certificates also when their files change. Not here:
//! sockets (`serve`).

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use arc_swap::ArcSwap;
use http::HeaderValue;

use super::chain;
use crate::audit::{Actor, Audit, Event, EventName};
use crate::cli::Failure;
use crate::clock::Clock;
use crate::config::{CertificateFiles, Config, Hsts, HttpServes};
use crate::gate::Snapshot;
use crate::observe::Metrics;
use crate::points::Timestamp;
use crate::proxy::{CertifiedHost, Entry, Porch, TlsSettings};

/// The entries of one gateway's listeners.
#[derive(Clone, Debug)]
pub(super) struct Entries {
    pub(super) https: Entry,
    pub(super) http: Entry,
}

impl Entries {
    pub(super) fn new(config: &Config, metrics: &Metrics) -> Result<Self, Failure> {
        let tls = tls(config, metrics)?;
        let entries = Self { https: Entry { tls, ..Entry::default() }, http: Entry::default() };
        entries.replace_porches(config);
        Ok(entries)
    }

    /// For connections from now on.
    pub(super) fn replace_porches(&self, config: &Config) {
        if let Some(https) = &config.listen.https {
            let hsts = https.hsts.as_ref().and_then(strict_transport_security);
            self.https.porch.store(Arc::new(Porch::new(&https.in_front, hsts)));
        }
        if let Some(http) = &config.listen.http {
            // Behind a proxy that ends TLS, this listener answers for the https one.
            let hsts = config.listen.https.as_ref().and_then(|https| https.hsts.as_ref());
            let porch = Porch::new(&http.in_front, hsts.and_then(strict_transport_security));
            let porch = match http.serves {
                HttpServes::Routes => porch.for_trusted_only(),
                HttpServes::RedirectToHttps => porch,
            };
            self.http.porch.store(Arc::new(porch));
        }
    }
}

fn tls(config: &Config, metrics: &Metrics) -> Result<Option<Arc<TlsSettings>>, Failure> {
    let Some(listener) = &config.listen.https else { return Ok(None) };
    let certificates = read_certificates(config).map_err(Failure::Configuration)?;
    if let Some(ends) = first_end(&certificates) {
        metrics.certificate("https", ends);
    }
    metrics.certificates_read(true);
    TlsSettings::new(certificates, listener.min_version)
        .map(|settings| Some(Arc::new(settings)))
        .map_err(|error| Failure::Configuration(chain(&error)))
}

fn strict_transport_security(hsts: &Hsts) -> Option<HeaderValue> {
    let subdomains = if hsts.include_subdomains { "; includeSubDomains" } else { "" };
    HeaderValue::from_str(&format!("max-age={}{subdomains}", hsts.max_age.as_secs())).ok()
}

fn files(config: &Config) -> impl Iterator<Item = &CertificateFiles> {
    config.listen.https.iter().flat_map(|listener| &listener.certificates)
}

/// Reads every certificate of a configuration.
///
/// # Errors
/// A sentence with the file.
pub(super) fn read_certificates(config: &Config) -> Result<Vec<CertifiedHost>, String> {
    files(config).map(read_certificate).collect()
}

fn read_certificate(files: &CertificateFiles) -> Result<CertifiedHost, String> {
    CertifiedHost::read(files).map_err(|error| chain(&error))
}

/// When the first of them ends; `None` where there is none.
pub(super) fn first_end(certificates: &[CertifiedHost]) -> Option<Timestamp> {
    certificates.iter().map(CertifiedHost::not_after).min()
}

/// What tells one state of a file from another. `None`: it is not there.
type Stamp = Option<(SystemTime, u64, u64)>;

fn stamp(path: &Path) -> Stamp {
    // Follows links: tools that renew certificates change what a link points to.
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len(), metadata.ino()))
}

/// Takes certificates over when their files have changed and then stayed as they are from one look to the
/// next, so that a pair that is being written is not read in the middle.
#[derive(Debug)]
pub(super) struct CertificateWatch {
    pub(super) tls: Arc<TlsSettings>,
    pub(super) snapshot: Arc<ArcSwap<Snapshot>>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) audit: Arc<Audit>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
pub(super) struct Seen {
    taken: Vec<(PathBuf, Stamp)>,
    changed: Option<Vec<(PathBuf, Stamp)>>,
}

impl CertificateWatch {
    /// The files are as they were read.
    pub(super) fn begin(&self) {
        let config = self.snapshot.load().config.clone();
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).taken = stamps(&config);
    }

    pub(super) fn look(&self) {
        let config = self.snapshot.load().config.clone();
        let now = stamps(&config);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.taken == now {
            seen.changed = None;
        } else if seen.changed.as_ref() == Some(&now) {
            (seen.taken, seen.changed) = (now, None);
            self.take_over(&config);
        } else {
            seen.changed = Some(now);
        }
    }

    /// Each pair by itself, so that one that is of no use keeps no other from being renewed.
    fn take_over(&self, config: &Config) {
        let now = self.clock.now();
        let served = self.tls.certificates();
        let (mut certificates, mut useless) = (Vec::new(), Vec::new());
        for files in files(config) {
            let old = served.iter().find(|one| one.is_of(files));
            match read_certificate(files).and_then(|fresh| worth_taking(fresh, old, now)) {
                Ok(fresh) => certificates.push(fresh),
                Err(error) => {
                    certificates.extend(old.cloned());
                    useless.push(error);
                }
            }
        }
        self.note_ends(&certificates);
        if let Err(error) = self.tls.replace(certificates) {
            useless.push(chain(&error));
        }
        self.metrics.certificates_read(useless.is_empty());
        let name = match useless.is_empty() {
            true => EventName::ConfigLoaded,
            false => EventName::ConfigRejected,
        };
        self.audit.record(Event::new(name, now).actor(&Actor::Gateway).reason("certificates"));
        for error in &useless {
            tracing::error!(%error, "certificates changed and cannot be used; the old ones stay");
        }
        if useless.is_empty() {
            tracing::info!("certificates were read again");
        }
    }

    fn note_ends(&self, certificates: &[CertifiedHost]) {
        if let Some(first) = first_end(certificates) {
            self.metrics.certificate("https", first);
        }
    }
}

/// A certificate that has ended is worth less than one that has not, and no less than another that has.
fn worth_taking(
    fresh: CertifiedHost,
    old: Option<&CertifiedHost>,
    now: Timestamp,
) -> Result<CertifiedHost, String> {
    if fresh.not_after() < now && old.is_some_and(|old| old.not_after() >= now) {
        return Err(format!("the certificate for {} has ended", fresh.names().join(", ")));
    }
    Ok(fresh)
}

fn stamps(config: &Config) -> Vec<(PathBuf, Stamp)> {
    let paths = files(config).flat_map(|pair| [&pair.cert, &pair.key]);
    paths.map(|path| (path.clone(), stamp(path))).collect()
}
