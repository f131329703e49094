//! The TLS of a listener: certificates by the name that the client asks for, replaced while connections
//! run. Not here: making certificates, or choosing which files hold them.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::config::{CertificateFiles, TlsVersion};
use crate::points::Timestamp;

/// Why there is no TLS with these files.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("{} cannot be read as PEM", path.display())]
    Unreadable { path: PathBuf, source: rustls::pki_types::pem::Error },
    #[error("{} holds no certificate", .0.display())]
    NoCertificate(PathBuf),
    /// The key is of no kind that we can use, or belongs to another certificate.
    #[error("the key {} does not go with its certificate", path.display())]
    Key { path: PathBuf, source: rustls::Error },
    #[error("{} is not a certificate that can be understood", .0.display())]
    NotUnderstood(PathBuf),
    #[error("a listener needs at least one certificate")]
    None,
    #[error("TLS could not be set up")]
    Setup(#[from] rustls::Error),
}

/// A certificate with its key and the names it is for.
#[derive(Clone)]
pub struct CertifiedHost {
    /// The file that the chain was read from.
    cert: PathBuf,
    /// Lower case; some with one leading `*.`.
    names: Vec<String>,
    /// The last second in which the leaf is good.
    not_after: Timestamp,
    key: Arc<CertifiedKey>,
}

impl fmt::Debug for CertifiedHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CertifiedHost").field("names", &self.names).finish_non_exhaustive()
    }
}

impl CertifiedHost {
    /// Reads a chain, leaf first, and its key.
    ///
    /// # Errors
    ///
    /// If a file is not what it should be, or the two do not belong together.
    pub fn read(files: &CertificateFiles) -> Result<Self, TlsError> {
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(&files.cert)
            .and_then(Iterator::collect)
            .map_err(|source| TlsError::Unreadable { path: files.cert.clone(), source })?;
        let key = PrivateKeyDer::from_pem_file(&files.key)
            .map_err(|source| TlsError::Unreadable { path: files.key.clone(), source })?;
        Self::new(chain, key, files)
    }

    fn new(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
        files: &CertificateFiles,
    ) -> Result<Self, TlsError> {
        let leaf = chain.first().ok_or_else(|| TlsError::NoCertificate(files.cert.clone()))?;
        let (names, not_after) = read_leaf(leaf, &files.cert)?;
        let provider = rustls::crypto::ring::default_provider();
        let key = CertifiedKey::from_der(chain, key, &provider)
            .map_err(|source| TlsError::Key { path: files.key.clone(), source })?;
        Ok(Self { cert: files.cert.clone(), names, not_after, key: Arc::new(key) })
    }

    /// Whether it was read from these files.
    #[must_use]
    pub fn is_of(&self, files: &CertificateFiles) -> bool {
        self.cert == files.cert
    }

    /// The names that it is for, lower case.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// When it ends.
    #[must_use]
    pub const fn not_after(&self) -> Timestamp {
        self.not_after
    }

    fn is_named(&self, asked: &str) -> bool {
        self.names.iter().any(|name| name == asked)
    }

    /// A star stands for exactly one label (RFC 9525, section 6.3).
    fn covers(&self, asked: &str) -> bool {
        let Some((_, parent)) = asked.split_once('.') else { return false };
        self.names.iter().any(|name| name.strip_prefix("*.") == Some(parent))
    }
}

/// The names that a certificate is for, and its end.
fn read_leaf(leaf: &CertificateDer<'_>, path: &Path) -> Result<(Vec<String>, Timestamp), TlsError> {
    let not_understood = || TlsError::NotUnderstood(path.to_owned());
    let (_, certificate) =
        x509_parser::parse_x509_certificate(leaf).map_err(|_| not_understood())?;
    let names = certificate.subject_alternative_name().map_err(|_| not_understood())?;
    let names = names.map(|extension| extension.value.general_names.as_slice()).unwrap_or_default();
    let dns = names.iter().filter_map(|name| match name {
        x509_parser::extensions::GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
        _ => None,
    });
    let not_after = u64::try_from(certificate.validity().not_after.timestamp()).unwrap_or(0);
    Ok((dns.collect(), Timestamp::from_secs(not_after)))
}

/// What a TLS listener shows and takes.
#[derive(Debug)]
pub struct TlsSettings {
    certificates: Arc<Certificates>,
    server: Arc<ServerConfig>,
}

impl TlsSettings {
    /// HTTP/2 and HTTP/1.1, no client certificates. The first certificate serves clients that name a host
    /// for which there is none, or none at all.
    ///
    /// # Errors
    ///
    /// If there is no certificate.
    pub fn new(
        certificates: Vec<CertifiedHost>,
        min_version: TlsVersion,
    ) -> Result<Self, TlsError> {
        let certificates = Arc::new(Certificates::new(certificates)?);
        let versions: &[&rustls::SupportedProtocolVersion] = match min_version {
            TlsVersion::Tls12 => &[&rustls::version::TLS13, &rustls::version::TLS12],
            TlsVersion::Tls13 => &[&rustls::version::TLS13],
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let resolver: Arc<dyn ResolvesServerCert> = Arc::clone(&certificates) as _;
        let mut server = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)?
            .with_no_client_auth()
            .with_cert_resolver(resolver);
        server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        server.ticketer = rustls::crypto::ring::Ticketer::new()?;
        Ok(Self { certificates, server: Arc::new(server) })
    }

    /// New certificates for new connections.
    ///
    /// # Errors
    ///
    /// If there is none; the old ones stay.
    pub fn replace(&self, certificates: Vec<CertifiedHost>) -> Result<(), TlsError> {
        let fresh = Certificates::new(certificates)?;
        self.certificates.hosts.store(fresh.hosts.load_full());
        Ok(())
    }

    /// The certificates in force.
    #[must_use]
    pub fn certificates(&self) -> Arc<Vec<CertifiedHost>> {
        self.certificates.hosts.load_full()
    }

    pub(super) fn server(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.server)
    }
}

/// At least one certificate.
#[derive(Debug)]
struct Certificates {
    hosts: ArcSwap<Vec<CertifiedHost>>,
}

impl Certificates {
    fn new(hosts: Vec<CertifiedHost>) -> Result<Self, TlsError> {
        if hosts.is_empty() {
            return Err(TlsError::None);
        }
        Ok(Self { hosts: ArcSwap::from_pointee(hosts) })
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let hosts = self.hosts.load();
        let asked = hello.server_name();
        // The exact name first, wherever it stands in the list.
        let named = asked.and_then(|asked| {
            let exact = hosts.iter().find(|host| host.is_named(asked));
            exact.or_else(|| hosts.iter().find(|host| host.covers(asked)))
        });
        named.or_else(|| hosts.first()).map(|host| Arc::clone(&host.key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proxy::tests::certificate_files;

    #[test]
    fn a_certificate_is_for_its_names_and_one_label_below_a_star() {
        let folder = tempfile::tempdir().unwrap();
        let files = certificate_files(folder.path(), &["portal.example.org", "*.apps.example.org"]);
        let host = CertifiedHost::read(&files).unwrap();
        for (name, yes) in [
            ("portal.example.org", true),
            ("a.apps.example.org", true),
            ("apps.example.org", false),
            ("a.b.apps.example.org", false),
            ("evil.test", false),
        ] {
            assert_eq!(host.is_named(name) || host.covers(name), yes, "{name}");
        }
    }

    #[test]
    fn files_that_are_not_what_they_should_be_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let one = certificate_files(&folder.path().join("one"), &["a.example"]);
        let two = certificate_files(&folder.path().join("two"), &["b.example"]);
        let mixed = CertificateFiles { cert: one.cert.clone(), key: two.key.clone() };
        assert!(matches!(CertifiedHost::read(&mixed), Err(TlsError::Key { .. })));
        let swapped = CertificateFiles { cert: one.key.clone(), key: one.key.clone() };
        assert!(matches!(CertifiedHost::read(&swapped), Err(TlsError::NoCertificate(_))));
        let absent = CertificateFiles { cert: folder.path().join("no"), key: one.key };
        assert!(matches!(CertifiedHost::read(&absent), Err(TlsError::Unreadable { .. })));
        assert!(matches!(TlsSettings::new(Vec::new(), TlsVersion::Tls12), Err(TlsError::None)));
    }
}
