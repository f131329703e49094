//! Directories and notifiers: who can sign in, what it takes, and how codes reach them.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use super::super::checked::{Directory, NotifierConfig, Smtp, SmtpEncryption};
use super::super::diagnostic::Diagnostic;
use super::super::reach::{Reach, methods_of_this_version};
use super::super::shape::{
    self, Authentication, FirstMethod, MailTls, NotifierKind, SecretSource, Texts,
};
use super::super::texts::MailUrl;
use super::Builder;
use crate::accounts::DirectoryName;
use crate::points::{Level, Method, MethodPolicy, Points, Settings};
use crate::routes::RouteSpec;
use crate::secret::Secret;

/// Which of a notifier's settings belong to which kinds.
const OF_KINDS: [(&str, &[NotifierKind]); 17] = [
    ("url", &[NotifierKind::Smtp]),
    ("from", &[NotifierKind::Smtp]),
    ("user", &[NotifierKind::Smtp, NotifierKind::Http]),
    ("password", &[NotifierKind::Smtp, NotifierKind::Http]),
    ("tls", &[NotifierKind::Smtp]),
    ("ca", &[NotifierKind::Smtp, NotifierKind::Http]),
    ("preset", &[NotifierKind::Http]),
    ("sender", &[NotifierKind::Http]),
    ("address", &[NotifierKind::Http]),
    ("method", &[NotifierKind::Http]),
    ("headers", &[NotifierKind::Http]),
    ("format", &[NotifierKind::Http]),
    ("body", &[NotifierKind::Http]),
    ("auth", &[NotifierKind::Http]),
    ("success", &[NotifierKind::Http]),
    ("timeout", &[NotifierKind::Http]),
    ("path", &[NotifierKind::File]),
];

const fn kind_name(kind: NotifierKind) -> &'static str {
    match kind {
        NotifierKind::Smtp => "smtp",
        NotifierKind::Http => "http",
        NotifierKind::File => "file",
        NotifierKind::Console => "console",
    }
}

impl Builder<'_> {
    pub(super) fn notifiers(&mut self) -> BTreeMap<String, NotifierConfig> {
        let mut notifiers = BTreeMap::new();
        for (name, notifier) in &self.shape.notifier {
            if let Some(checked) = self.notifier(name, notifier) {
                notifiers.insert(name.clone(), checked);
            }
        }
        notifiers
    }

    fn notifier(&mut self, name: &str, notifier: &shape::Notifier) -> Option<NotifierConfig> {
        let path = format!("notifier.{name}");
        let what = format!("notifier `{name}`");
        let Some(kind) = notifier.kind else {
            self.require(&what, &path, "kind", r#"kind = "smtp""#);
            return None;
        };
        self.check_kind(&path, kind);
        match kind {
            NotifierKind::Smtp => self.smtp(name, notifier),
            NotifierKind::Http => self.gateway(name, notifier),
            NotifierKind::File => {
                self.for_development(&path, "writes codes to files");
                if notifier.path.is_none() {
                    self.require(&what, &path, "path", r#"path = "outbox""#);
                }
                Some(NotifierConfig::File { path: notifier.path.as_ref()?.0.clone() })
            }
            NotifierKind::Console => {
                self.for_development(&path, "prints codes");
                Some(NotifierConfig::Console)
            }
        }
    }

    fn for_development(&mut self, path: &str, what: &str) {
        let sentence = format!("`{path}` {what}: for development only");
        let warning = Diagnostic::warning("W0802", sentence);
        let help = "to reach people, use kind = \"smtp\" or \"http\"";
        self.report(warning, &format!("{path}.kind"), "nobody gets a message", help);
    }

    /// A setting of another kind would be ignored, which is never what is meant.
    fn check_kind(&mut self, path: &str, kind: NotifierKind) {
        for (setting, of) in OF_KINDS {
            let setting_path = format!("{path}.{setting}");
            let inside = self.provenance.table(&setting_path).is_some();
            if of.contains(&kind) || (self.provenance.written(&setting_path).is_none() && !inside) {
                continue;
            }
            let of: Vec<String> =
                of.iter().map(|kind| format!("\"{}\"", kind_name(*kind))).collect();
            let sentence = format!("`{setting_path}` is for kind = {} only", of.join(" or "));
            let diagnostic = Diagnostic::error("E0207", sentence);
            self.report(diagnostic, &setting_path, "has no meaning here", "remove it");
        }
    }

    fn smtp(&mut self, name: &str, notifier: &shape::Notifier) -> Option<NotifierConfig> {
        let path = format!("notifier.{name}");
        let what = format!("notifier `{name}`");
        if notifier.url.is_none() {
            self.require(&what, &path, "url", r#"url = "smtps://mail.example.org:465""#);
        }
        if notifier.from.is_none() {
            let example = r#"from = "Example <no-reply@example.org>""#;
            self.require(&what, &path, "from", example);
        }
        let password = self.mail_password(&path, &what, notifier);
        let url = &notifier.url.as_ref()?.0;
        let encryption = self.encryption(&path, url, notifier.tls);
        let usual_port = match encryption {
            SmtpEncryption::Tls => 465,
            SmtpEncryption::StartTls => 587,
            SmtpEncryption::None => 25,
        };
        Some(NotifierConfig::Smtp(Smtp {
            host: url.host.clone(),
            port: url.port.unwrap_or(usual_port),
            encryption,
            from: notifier.from.as_ref()?.0.clone(),
            user: notifier.user.as_ref().map(|user| user.0.clone()),
            password,
            ca: notifier.ca.as_ref().map(|ca| ca.0.clone()),
        }))
    }

    fn mail_password(
        &mut self,
        path: &str,
        what: &str,
        notifier: &shape::Notifier,
    ) -> Option<Secret<String>> {
        match (&notifier.user, &notifier.password) {
            (Some(_), None) => {
                let example = r#"password = { file = "/run/secrets/smtp" }"#;
                self.require(what, path, "password", example);
                None
            }
            (None, Some(_)) => {
                self.require(what, path, "user", r#"user = "scoregate""#);
                None
            }
            (Some(_), Some(source)) => self.secret(&format!("{path}.password"), source),
            (None, None) => None,
        }
    }

    pub(super) fn secret(&mut self, path: &str, source: &SecretSource) -> Option<Secret<String>> {
        let spot = self.provenance.table(path).or_else(|| self.provenance.written(path));
        let spot = spot.cloned()?;
        let mut found = Vec::new();
        let secret = self.keepers().fetch(source, path, &spot, &mut found);
        self.diagnostics.append(&mut found);
        secret
    }

    fn encryption(&mut self, path: &str, url: &MailUrl, tls: Option<MailTls>) -> SmtpEncryption {
        let path = format!("{path}.tls");
        match (url.tls, tls) {
            (true, Some(_)) => {
                let sentence = format!("`{path}` is for smtp:// addresses only");
                let help = "remove it: smtps:// is TLS from the first byte";
                let diagnostic = Diagnostic::error("E0207", sentence);
                self.report(diagnostic, &path, "has no meaning here", help);
                SmtpEncryption::Tls
            }
            (true, None) => SmtpEncryption::Tls,
            (false, Some(MailTls::Starttls) | None) => SmtpEncryption::StartTls,
            (false, Some(MailTls::None)) => {
                if !is_loopback(&url.host) {
                    let sentence = format!("codes would go to {} in clear text", url.host);
                    let help = r#"write tls = "starttls", or use smtps://"#;
                    let diagnostic = Diagnostic::error("E0206", sentence);
                    self.report(diagnostic, &path, "only for a mail server on this machine", help);
                }
                SmtpEncryption::None
            }
        }
    }

    pub(super) fn directories(&mut self) -> BTreeMap<DirectoryName, Directory> {
        let mut directories = BTreeMap::new();
        for (name, directory) in &self.shape.directory {
            let settings = self.settings(name, &directory.authentication);
            directories.insert(
                Arc::from(name.as_str()),
                Directory {
                    titles: titles(&directory.name),
                    settings,
                    sign_in_host: directory.sign_in_host.as_ref().map(|host| host.0.clone()),
                    passkeys: None,
                },
            );
        }
        directories
    }

    /// E-mail can be sent, or will be once a notifier's mistakes are mended.
    fn has_email(&self) -> bool {
        self.has_notifier_but(NotifierKind::Http)
    }

    /// As `has_email`, for text messages.
    fn has_texts(&self) -> bool {
        self.has_notifier_but(NotifierKind::Smtp)
    }

    fn has_notifier_but(&self, other: NotifierKind) -> bool {
        let mut notifiers = self.shape.notifier.values();
        notifiers.any(|notifier| notifier.kind != Some(other)) || self.is_wrong("notifier")
    }

    fn settings(&mut self, name: &str, authentication: &Authentication) -> Settings {
        self.check_senders(name, authentication);
        let mut settings = Settings::standard();
        settings.required_level = Level::new(authentication.required_level).unwrap_or(Level::MAX);
        settings.probation = authentication.probation.0;
        settings.recovery_taint = authentication.recovery_taint.0;
        settings.first = authentication.first.iter().map(first_method).collect();
        let (points, life) = (&authentication.points, &authentication.lifetime);
        let rows = [
            (Method::Password, points.password, &life.password),
            (Method::Sms, points.sms, &life.sms),
            (Method::Email, points.email, &life.email),
            (Method::Totp, points.totp, &life.totp),
            (Method::Passkey, points.passkey, &life.passkey),
            (Method::SecurityKey, points.security_key, &life.security_key),
            (Method::RecoveryCode, points.recovery_code, &life.recovery_code),
            (Method::RememberedDevice, points.remembered_device, &life.remembered_device),
            (Method::Token, points.token, &life.token),
        ];
        for (method, points, lifetime) in rows {
            let lifetime = lifetime.0;
            let points = Points::new(points).unwrap_or(Points::ZERO);
            settings.set(method, MethodPolicy { points, lifetime });
        }
        settings
    }

    /// Points for codes that nothing can send.
    fn check_senders(&mut self, name: &str, authentication: &Authentication) {
        let points = format!("directory.{name}.authentication.points");
        if authentication.points.sms > 0 && !self.has_texts() {
            let sentence =
                format!("directory `{name}` gives points for sms, but no notifier can send it");
            let label = "needs a notifier of kind \"http\"";
            let help = "add [notifier.NAME] with kind = \"http\", or set sms = 0";
            let diagnostic = Diagnostic::error("E0302", sentence);
            self.report(diagnostic, &format!("{points}.sms"), label, help);
        }
        if authentication.points.email > 0 && !self.has_email() {
            let sentence =
                format!("directory `{name}` gives points for email, but no notifier can send it");
            let label = "needs a notifier of kind \"smtp\"";
            let help = "add [notifier.NAME] with kind = \"smtp\", or set email = 0";
            let diagnostic = Diagnostic::error("E0302", sentence);
            self.report(diagnostic, &format!("{points}.email"), label, help);
        }
    }

    /// Levels that nobody, or everybody too easily, reaches.
    pub(super) fn check_reach(
        &mut self,
        directories: &BTreeMap<DirectoryName, Directory>,
        routes: &[RouteSpec],
    ) {
        let methods = methods_of_this_version(self.has_email(), self.has_texts());
        for (name, directory) in directories {
            let shape = self.shape.directory.get(name.as_ref());
            let accepted = shape.map_or(&[][..], |shape| &shape.authentication.accept_risk);
            let methods: Vec<_> =
                directory.usable(methods.iter().copied().collect()).iter().collect();
            let reach =
                Reach { name, directory, methods: &methods, accepted, provenance: self.provenance };
            reach.check_directory(self.diagnostics);
            for route in routes.iter().filter(|route| *route.directory == **name) {
                reach.check_route(route, self.diagnostics);
            }
        }
    }
}

pub(super) fn titles(texts: &Texts) -> BTreeMap<String, String> {
    texts.iter().map(|(language, text)| (language.clone(), text.0.clone())).collect()
}

pub(super) fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback())
}

pub(super) const fn first_method(method: &FirstMethod) -> Method {
    match method {
        FirstMethod::Password => Method::Password,
        FirstMethod::Passkey => Method::Passkey,
        FirstMethod::SecurityKey => Method::SecurityKey,
        FirstMethod::Totp => Method::Totp,
        FirstMethod::Sms => Method::Sms,
        FirstMethod::Email => Method::Email,
    }
}
