//! Whether people can get in at all, and whether they get in too easily: levels that nobody can reach,
//! one method that is enough, two codes on one phone. Asks the same engine that decides on requests.

use super::checked::Directory;
use super::diagnostic::{Diagnostic, Spot};
use super::layers::Provenance;
use super::shape::RiskyMethod;
use crate::points::{Level, Method, Points, Requirement, Settings, forecast};
use crate::routes::{Asks, RouteSpec};

/// The methods that people can use in this version. Others may be priced, and nobody has them.
#[must_use]
pub fn methods_of_this_version(has_email: bool, has_texts: bool) -> Vec<Method> {
    let mut methods = vec![Method::Password, Method::Totp, Method::Passkey, Method::SecurityKey];
    if has_email {
        methods.push(Method::Email);
    }
    if has_texts {
        methods.push(Method::Sms);
    }
    // What people fall back on, and what lasts for a while, come last; no forecast counts them.
    methods.extend([Method::RecoveryCode, Method::RememberedDevice]);
    methods
}

/// What is known against a method.
struct Risk {
    method: Method,
    accepted_as: RiskyMethod,
    over: &'static str,
    label: &'static str,
    source: &'static str,
}

const EMAIL: Risk = Risk {
    method: Method::Email,
    accepted_as: RiskyMethod::Email,
    over: "e-mail",
    label: "a mailbox is not a thing that one has",
    source: "NIST SP 800-63B-4, section 3.1.3: e-mail is not to be used for codes",
};

const SMS: Risk = Risk {
    method: Method::Sms,
    accepted_as: RiskyMethod::Sms,
    over: "text message",
    label: "a phone number can be taken over",
    source: "NIST SP 800-63B-4, section 3.1.3.3: text messages are \"restricted\"",
};

/// A directory as far as levels are concerned.
pub(super) struct Reach<'a> {
    pub(super) name: &'a str,
    pub(super) directory: &'a Directory,
    /// What can be used in it.
    pub(super) methods: &'a [Method],
    pub(super) accepted: &'a [RiskyMethod],
    pub(super) provenance: &'a Provenance,
}

/// Something that asks for points, and where it is written.
struct Asker<'a> {
    /// `rule `payments` of route `portal``.
    subject: String,
    /// `route.portal.rule.payments`.
    path: String,
    own: &'a Asks,
    requirement: Requirement,
}

/// What keeps everybody out.
enum Obstacle {
    Points,
    Kinds,
    PhishingResistance,
    First,
}

impl Reach<'_> {
    fn settings(&self) -> &Settings {
        &self.directory.settings
    }

    fn authentication(&self) -> String {
        format!("directory.{}.authentication", self.name)
    }

    /// Where a setting is written, or else its table.
    fn spot(&self, setting: &str, table: &str) -> Option<Spot> {
        let written = self.provenance.written(setting);
        written.or_else(|| self.provenance.table(table)).cloned()
    }

    fn own_level(&self) -> Option<Spot> {
        let table = format!("directory.{}", self.name);
        self.spot(&format!("{}.required_level", self.authentication()), &table)
    }

    /// All methods together, each once.
    fn sum(&self) -> u16 {
        let points = |method: &Method| self.settings().policy(*method).points.value();
        let counted = self.methods.iter().filter(|method| method.is_forecast());
        counted.map(points).fold(0, u16::saturating_add).min(Level::MAX.value())
    }

    fn obstacle(&self, requirement: &Requirement) -> Option<Obstacle> {
        if !forecast(requirement, self.methods, self.settings()).is_empty() {
            return None;
        }
        let worth = |method: &&Method| self.settings().policy(**method).points > Points::ZERO;
        let usable = || self.methods.iter().filter(|one| one.is_forecast()).filter(worth);
        let kinds = usable().fold(crate::points::Kinds::NONE, |all, m| all.union(m.kinds()));
        Some(if self.sum() < requirement.level.value() {
            Obstacle::Points
        } else if kinds.count() < requirement.kinds {
            Obstacle::Kinds
        } else if requirement.phishing_resistant && !usable().any(|m| m.is_phishing_resistant()) {
            Obstacle::PhishingResistance
        } else {
            Obstacle::First
        })
    }

    /// The directory itself: its level can be reached, and not by one method alone.
    pub(super) fn check_directory(&self, diagnostics: &mut Vec<Diagnostic>) {
        let level = self.settings().required_level;
        let requirement = Requirement { level, ..Requirement::default() };
        let path = format!("{}.required_level", self.authentication());
        match self.obstacle(&requirement) {
            Some(Obstacle::First) => diagnostics.push(self.no_first()),
            Some(_) => {
                let subject = format!("in directory `{}`", self.name);
                let sentence = format!("nobody can reach level {level} {subject}");
                diagnostics.push(self.out_of_reach(sentence, self.own_level(), &path));
            }
            None => diagnostics.extend(self.one_is_enough()),
        }
        diagnostics.extend([&EMAIL, &SMS].into_iter().filter_map(|risk| self.risky(risk)));
    }

    fn no_first(&self) -> Diagnostic {
        let path = format!("{}.first", self.authentication());
        let sentence = format!("nobody can start to sign in to directory `{}`", self.name);
        let diagnostic = Diagnostic::error("E0301", sentence);
        let diagnostic = match self.spot(&path, &format!("directory.{}", self.name)) {
            Some(spot) => {
                diagnostic.at(spot, "none of these is in this version and worth points here")
            }
            None => diagnostic,
        };
        diagnostic.help(r#"add "password" to `first`, and give it points"#).about(path)
    }

    fn out_of_reach(&self, sentence: String, spot: Option<Spot>, path: &str) -> Diagnostic {
        let label =
            format!("all methods of directory `{}` together give {}", self.name, self.sum());
        at(Diagnostic::error("E0301", sentence), spot, label)
            .help(format!(
                "lower the level, or give more points to a method in [{}.points]",
                self.authentication()
            ))
            .about(path)
    }

    fn one_is_enough(&self) -> Option<Diagnostic> {
        let level = self.settings().required_level;
        let enough = self.methods.iter().find(|method| {
            let points = self.settings().policy(**method).points.value();
            self.settings().first.contains(**method)
                && points >= level.value()
                && method.kinds().count() < 2
        })?;
        let points = self.settings().policy(*enough).points.value();
        let sentence = format!("directory `{}`: one method alone is enough", self.name);
        let label = format!("{enough} ({points}) reaches {level}");
        let more = points.saturating_add(10).min(Level::MAX.value());
        let help = format!("if a second step is meant, set `required_level = {more}`");
        let path = format!("{}.required_level", self.authentication());
        Some(
            at(Diagnostic::warning("W0303", sentence), self.own_level(), label)
                .help(help)
                .about(path),
        )
    }

    /// A code counts although it does not show that somebody has a particular thing.
    fn risky(&self, risk: &Risk) -> Option<Diagnostic> {
        let is_priced = self.methods.contains(&risk.method)
            && self.settings().policy(risk.method).points > Points::ZERO;
        if !is_priced || self.accepted.contains(&risk.accepted_as) {
            return None;
        }
        let path = format!("{}.points.{}", self.authentication(), risk.method);
        let spot = self.spot(&path, &format!("directory.{}", self.name));
        let sentence = format!("directory `{}` gives points for codes by {}", self.name, risk.over);
        Some(
            at(Diagnostic::warning("W0306", sentence), spot, risk.label)
                .help(risk.source)
                .help(format!(
                    "if it is meant, add `accept_risk = [\"{}\"]` to [{}]",
                    risk.method,
                    self.authentication()
                ))
                .about(path),
        )
    }

    /// A route of this directory, and its rules.
    pub(super) fn check_route(&self, route: &RouteSpec, diagnostics: &mut Vec<Diagnostic>) {
        let nothing = Asks::default();
        let asker = Asker {
            subject: format!("route `{}`", route.name),
            path: format!("route.{}", route.name),
            own: &route.asks,
            requirement: self.requirement(&route.asks, &nothing),
        };
        self.check_asker(&asker, diagnostics);
        for rule in route.rules.iter().filter(|rule| !rule.public) {
            let asker = Asker {
                subject: format!("rule `{}` of route `{}`", rule.name, route.name),
                path: format!("route.{}.rule.{}", route.name, rule.name),
                own: &rule.asks,
                requirement: self.requirement(&rule.asks, &route.asks),
            };
            self.check_asker(&asker, diagnostics);
        }
    }

    fn requirement(&self, own: &Asks, around: &Asks) -> Requirement {
        Requirement {
            level: own.level.or(around.level).unwrap_or(self.settings().required_level),
            kinds: own.kinds.or(around.kinds).unwrap_or(0),
            phishing_resistant: own.phishing_resistant.or(around.phishing_resistant) == Some(true),
            ..Requirement::default()
        }
    }

    /// Says what is wrong with what is asked, where that is written here and not further out.
    fn check_asker(&self, asker: &Asker<'_>, diagnostics: &mut Vec<Diagnostic>) {
        let Asker { subject, path, own, requirement } = asker;
        let spot = |name: &str| self.spot(&format!("{path}.{name}"), path);
        match self.obstacle(requirement) {
            Some(Obstacle::Points) if own.level.is_some() => {
                let sentence =
                    format!("nobody can reach level {} for {subject}", requirement.level);
                let path = format!("{path}.level");
                diagnostics.push(self.out_of_reach(sentence, spot("level"), &path));
            }
            Some(Obstacle::Kinds) if own.kinds.is_some() => {
                let kinds = requirement.kinds;
                let sentence = format!("nobody can show {kinds} kinds of proof for {subject}");
                let label = "a password is one kind, codes and apps are one together";
                diagnostics.push(
                    at(Diagnostic::error("E0301", sentence), spot("kinds"), label)
                        .help("ask for fewer kinds")
                        .about(format!("{path}.kinds")),
                );
            }
            Some(Obstacle::PhishingResistance) if own.phishing_resistant.is_some() => {
                let sentence = format!("nobody can show a phishing-resistant proof for {subject}");
                let label = "needs passkeys or security keys";
                diagnostics.push(
                    at(Diagnostic::error("E0301", sentence), spot("phishing_resistant"), label)
                        .help("give points to `passkey`, and name its domain with `rp_id`")
                        .about(format!("{path}.phishing_resistant")),
                );
            }
            Some(_) => {}
            None if own.level.is_some() => diagnostics.extend(self.two_codes(asker)),
            None => {}
        }
    }

    /// From level 40 on, two codes may well be two messages to one phone.
    fn two_codes(&self, asker: &Asker<'_>) -> Option<Diagnostic> {
        if asker.requirement.level.value() < 40 {
            return None;
        }
        let is_code = |method: &Method| match method {
            Method::Sms => !self.accepted.contains(&RiskyMethod::Sms),
            Method::Email => !self.accepted.contains(&RiskyMethod::Email),
            Method::Totp => true,
            Method::Passkey
            | Method::Password
            | Method::SecurityKey
            | Method::RecoveryCode
            | Method::RememberedDevice
            | Method::Token => false,
        };
        let ways = forecast(&asker.requirement, self.methods, self.settings());
        let way = ways.iter().find(|way| way.methods().filter(is_code).count() >= 2)?;
        let names: Vec<&str> = way.methods().map(Method::name).collect();
        let path = format!("{}.level", asker.path);
        let sentence = format!(
            "{}: {} reaches {}, but both codes may arrive on one phone",
            asker.subject,
            names.join(" + "),
            asker.requirement.level
        );
        let spot = self.spot(&path, &asker.path);
        Some(
            at(Diagnostic::warning("W0305", sentence), spot, "reached with two codes")
                .help(format!(
                    "if it is meant, add `accept_risk = [\"email\"]` to [{}]",
                    self.authentication()
                ))
                .about(path),
        )
    }
}

/// A diagnostic at a spot, if there is one.
pub(super) fn at(
    diagnostic: Diagnostic,
    spot: Option<Spot>,
    label: impl Into<String>,
) -> Diagnostic {
    match spot {
        Some(spot) => diagnostic.at(spot, label),
        None => diagnostic,
    }
}
