//! `scoregate certs dev`: a certificate authority of one's own and a server certificate, for trying
//! things out. Keys are made on this machine and stay on it. Not here: certificates for the internet.

use std::fs::OpenOptions;
use std::io::Write;
use std::net::IpAddr;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};

use super::{Failure, Terminal};
use crate::clock::Clock;
use crate::points::Timestamp;

/// No longer than browsers take from an authority that a person added.
const LIFETIME_DAYS: i64 = 397;

/// Makes certificates
#[derive(Debug, Subcommand)]
#[command(
    after_help = "Examples:\n  scoregate certs dev\n  scoregate certs dev --host portal.example.org"
)]
pub(super) enum CertsCommand {
    Dev(DevArgs),
}

/// Makes a certificate authority and a server certificate for development
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  scoregate certs dev\n  scoregate certs dev --host portal.localhost --host '*.example.test' \
                  --out certs"
)]
pub(super) struct DevArgs {
    /// A host or address to certify besides localhost; can be given several times
    #[arg(long = "host", value_name = "HOST")]
    hosts: Vec<String>,
    /// The folder to write to
    #[arg(long, value_name = "DIR", default_value = "certs")]
    out: PathBuf,
    /// Replaces what an earlier run made
    #[arg(long)]
    force: bool,
}

const README: &str = "\
# Certificates for development

`scoregate certs dev` made these on this machine. `ca.pem` is the authority: a browser or client that is
to believe `cert.pem` has to be told of it. The keys are readable by their owner only. Do not commit
them, do not use them in production, and remove `ca.pem` from where you added it when you are done.

| file | what |
|---|---|
| `ca.pem` | the authority's certificate |
| `ca-key.pem` | its key |
| `cert.pem` | the server's certificate, then the authority's: `tls.cert` |
| `key.pem` | the server's key: `tls.key` |
";

pub(super) fn certs(
    command: &CertsCommand,
    clock: &dyn Clock,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let CertsCommand::Dev(args) = command;
    let made = make(&args.hosts, clock.now())
        .map_err(|error| Failure::Usage(format!("no certificate can be made: {error}")))?;
    let files = [
        ("README.md", README.to_owned(), 0o644),
        ("ca.pem", made.ca_cert, 0o644),
        ("ca-key.pem", made.ca_key, 0o600),
        ("cert.pem", made.cert, 0o644),
        ("key.pem", made.key, 0o600),
    ];
    if !args.force
        && let Some((name, ..)) =
            files.iter().find(|(name, ..)| *name != "README.md" && args.out.join(name).exists())
    {
        let there = args.out.join(name);
        return Err(Failure::No(format!("{} is there; --force replaces it", there.display())));
    }
    let failed = |error: std::io::Error| {
        Failure::Unreachable(format!("{} cannot be written: {error}", args.out.display()))
    };
    let mut folder = std::fs::DirBuilder::new();
    folder.recursive(true).mode(0o755).create(&args.out).map_err(failed)?;
    for (name, text, mode) in &files {
        write(&args.out, name, text, *mode).map_err(failed)?;
    }
    let shown = args.out.display();
    terminal.line(format_args!("tls.cert = \"{shown}/cert.pem\""))?;
    terminal.line(format_args!("tls.key  = \"{shown}/key.pem\""))?;
    terminal.note(format_args!("Browsers believe them once they are told of {shown}/ca.pem."));
    Ok(())
}

struct Made {
    ca_cert: String,
    ca_key: String,
    cert: String,
    key: String,
}

fn make(hosts: &[String], now: Timestamp) -> Result<Made, rcgen::Error> {
    let mut authority = CertificateParams::new(Vec::new())?;
    authority.distinguished_name.push(DnType::CommonName, "scoregate development authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    validity(&mut authority, now);
    let issuer = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;

    let mut names: Vec<String> =
        ["localhost", "*.localhost", "127.0.0.1", "::1"].map(Into::into).into();
    names.extend(hosts.iter().filter(|host| !host.is_empty()).cloned());
    let common = hosts.iter().find(|host| host.parse::<IpAddr>().is_err());
    let mut server = CertificateParams::new(names)?;
    let common = common.map_or("localhost", String::as_str);
    server.distinguished_name.push(DnType::CommonName, common);
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    server.use_authority_key_identifier_extension = true;
    validity(&mut server, now);
    let key = KeyPair::generate()?;
    let cert = server.signed_by(&key, &issuer)?;
    Ok(Made {
        cert: format!("{}{}", cert.pem(), issuer.pem()),
        key: key.serialize_pem(),
        ca_cert: issuer.pem(),
        ca_key: issuer.key().serialize_pem(),
    })
}

/// From yesterday, since clocks differ.
fn validity(params: &mut CertificateParams, now: Timestamp) {
    let day = |days: i64| {
        let seconds = i64::try_from(now.as_secs()).unwrap_or(0).saturating_add(days * 86_400);
        let date = jiff::Timestamp::from_second(seconds)
            .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
            .to_zoned_datetime(jiff::tz::TimeZone::UTC)
            .date();
        let (month, day) = (date.month().unsigned_abs(), date.day().unsigned_abs());
        rcgen::date_time_ymd(i32::from(date.year()), month, day)
    };
    (params.not_before, params.not_after) = (day(-1), day(LIFETIME_DAYS - 1));
}

/// Under another name first: a key is never there with other rights than its own, and never half.
fn write(folder: &Path, name: &str, text: &str, mode: u32) -> std::io::Result<()> {
    let aside = folder.join(format!(".{name}.new"));
    match std::fs::remove_file(&aside) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&aside)?;
    file.write_all(text.as_bytes())?;
    std::fs::rename(aside, folder.join(name))
}
