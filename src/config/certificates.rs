//! Whether a certificate can serve: it is there, its key belongs to it, it is valid today, and it
//! names the hosts of the routes. Not here: serving it.

use std::path::Path;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::checked::CertificateFiles;
use super::diagnostic::{Diagnostic, Spot};
use super::reach::at;
use super::secrets::exposed;
use crate::points::Timestamp;

/// Where the two settings of a pair are written.
pub(super) struct Pair<'a> {
    pub(super) files: &'a CertificateFiles,
    pub(super) cert_path: String,
    pub(super) cert_spot: Option<Spot>,
    pub(super) key_path: String,
    pub(super) key_spot: Option<Spot>,
}

/// Checks a pair, and gives the names that the certificate covers, lower case.
pub(super) fn check(
    pair: &Pair<'_>,
    now: Timestamp,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<String> {
    let certificates = read_certificates(&pair.files.cert);
    let key = read_key(&pair.files.key);
    if let Err(reason) = &key {
        let sentence = format!("`{}`: {} {reason}", pair.key_path, pair.files.key.display());
        diagnostics.push(
            at(Diagnostic::error("E0701", sentence), pair.key_spot.clone(), "no private key")
                .help("name the key (PEM) that was made together with the certificate")
                .about(&pair.key_path),
        );
    } else if let Some(spot) = &pair.key_spot {
        diagnostics.extend(exposed(&pair.files.key, &pair.key_path, spot));
    }
    let certificates = match certificates {
        Ok(certificates) => certificates,
        Err(reason) => {
            let sentence = format!("`{}`: {} {reason}", pair.cert_path, pair.files.cert.display());
            diagnostics.push(
                at(Diagnostic::error("E0701", sentence), pair.cert_spot.clone(), "no certificate")
                    .help("for a try-out make one: `scoregate certs dev`")
                    .about(&pair.cert_path),
            );
            return Vec::new();
        }
    };
    if let Ok(key) = key
        && !belong_together(certificates.clone(), &key)
    {
        let sentence =
            format!("{} is not the key of {}", pair.files.key.display(), pair.files.cert.display());
        diagnostics.push(
            at(Diagnostic::error("E0701", sentence), pair.key_spot.clone(), "belongs to another")
                .help("the first certificate in the file must be the gateway's own")
                .about(&pair.key_path),
        );
    }
    certificates.first().map_or_else(Vec::new, |leaf| leaf_names(pair, leaf, now, diagnostics))
}

fn read_certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, &'static str> {
    let text = std::fs::read(file).map_err(|error| reason(&error))?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    match certificates {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) | Err(_) => Err("holds no certificate (PEM)"),
    }
}

/// The certificates of a file, DER, each of which can be read.
pub(super) fn chain(file: &Path) -> Result<Vec<Vec<u8>>, &'static str> {
    let certificates = read_certificates(file)?;
    let is_right = |der: &CertificateDer<'_>| X509Certificate::from_der(der).is_ok();
    if !certificates.iter().all(is_right) {
        return Err("holds something that is no X.509 certificate");
    }
    Ok(certificates.iter().map(|der| der.to_vec()).collect())
}

/// A certificate with those that it needs, and its key, DER.
pub(super) fn pair(cert: &Path, key: &Path) -> Result<(Vec<Vec<u8>>, Vec<u8>), String> {
    let said = |file: &Path, why: &str| format!("{} {why}", file.display());
    let chain = chain(cert).map_err(|why| said(cert, why))?;
    let private = read_key(key).map_err(|why| said(key, why))?;
    let certificates = chain.iter().map(|der| CertificateDer::from(der.clone())).collect();
    if !belong_together(certificates, &private) {
        return Err(said(key, &format!("is not the key of {}", cert.display())));
    }
    Ok((chain, private.secret_der().to_vec()))
}

fn read_key(file: &Path) -> Result<PrivateKeyDer<'static>, &'static str> {
    let text = std::fs::read(file).map(zeroize::Zeroizing::new).map_err(|error| reason(&error))?;
    PrivateKeyDer::from_pem_slice(&text).map_err(|_| "holds no private key (PEM)")
}

fn reason(error: &std::io::Error) -> &'static str {
    match error.kind() {
        std::io::ErrorKind::NotFound => "does not exist",
        std::io::ErrorKind::PermissionDenied => "may not be read by this user",
        _ => "cannot be read",
    }
}

fn belong_together(certificates: Vec<CertificateDer<'static>>, key: &PrivateKeyDer<'_>) -> bool {
    let provider = rustls::crypto::ring::default_provider();
    rustls::sign::CertifiedKey::from_der(certificates, key.clone_key(), &provider).is_ok()
}

/// What the gateway's own certificate covers, after a look at its dates.
fn leaf_names(
    pair: &Pair<'_>,
    leaf: &CertificateDer<'_>,
    now: Timestamp,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<String> {
    let file = pair.files.cert.display();
    let Ok((_, certificate)) = X509Certificate::from_der(leaf) else {
        let sentence = format!("`{}`: {file} holds no X.509 certificate", pair.cert_path);
        let diagnostic = Diagnostic::error("E0701", sentence);
        diagnostics.push(
            at(diagnostic, pair.cert_spot.clone(), "not a certificate").about(&pair.cert_path),
        );
        return Vec::new();
    };
    let validity = certificate.validity();
    let seconds = i64::try_from(now.as_millis() / 1000).unwrap_or(i64::MAX);
    let subject = certificate.subject();
    let problem = if seconds > validity.not_after.timestamp() {
        Some(format!("{file} ({subject}) was valid until {}", validity.not_after))
    } else if seconds < validity.not_before.timestamp() {
        Some(format!("{file} ({subject}) is not valid before {}", validity.not_before))
    } else {
        None
    };
    if let Some(sentence) = problem {
        diagnostics.push(
            at(Diagnostic::error("E0701", sentence), pair.cert_spot.clone(), "not valid today")
                .help("renew it, and look at the clock of this machine")
                .about(&pair.cert_path),
        );
    }
    let alternative = certificate.subject_alternative_name().ok().flatten();
    let names = alternative.map(|extension| extension.value.general_names.as_slice());
    names.unwrap_or(&[]).iter().filter_map(covered).collect()
}

fn covered(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some(name.to_lowercase()),
        GeneralName::IPAddress(bytes) => match bytes.len() {
            4 => <[u8; 4]>::try_from(*bytes).ok().map(|b| std::net::IpAddr::from(b).to_string()),
            _ => <[u8; 16]>::try_from(*bytes).ok().map(|b| std::net::IpAddr::from(b).to_string()),
        },
        _ => None,
    }
}

/// Whether names in certificates cover a host of a route. A wildcard stands for exactly one label, in
/// both (RFC 9525, section 6.3).
pub(super) fn covers(names: &[String], host: &str) -> bool {
    names.iter().any(|name| {
        name == host
            || name
                .strip_prefix("*.")
                .is_some_and(|parent| host.split_once('.').is_some_and(|(_, rest)| rest == parent))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_covers_one_label() {
        let names = ["example.org".to_owned(), "*.example.org".to_owned()];
        for (host, is_covered) in [
            ("example.org", true),
            ("portal.example.org", true),
            ("*.example.org", true),
            ("a.portal.example.org", false),
            ("example.com", false),
            ("notexample.org", false),
        ] {
            assert_eq!(covers(&names, host), is_covered, "{host}");
        }
    }
}
