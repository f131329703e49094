//! Why a request would be let in or not: the same functions that judge requests, on a question instead
//! of a request. Not here: a rule of its own, and anything that a browser sees.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Act, Explain, Outcome, Place, Refused};
use crate::accounts::{Account, DirectoryName, UserName, UserState};
use crate::points::{
    Channel, Decision, Enrolled, Evidence, Forbidden, Method, Person, Proof, Shortfall, Standing,
    Timestamp, Unpaid, Way, decide, ways,
};

/// In one word.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    Allow,
    StepUp,
    /// More proofs would not help.
    Forbid,
    /// Nothing is asked here.
    Public,
    /// No route takes such a request.
    Refused,
}

impl Answer {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::StepUp => "step-up",
            Self::Forbid => "forbid",
            Self::Public => "public",
            Self::Refused => "refused",
        }
    }
}

/// The answer to a question about one request. `None` where a part does not apply.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Explanation {
    pub verdict: Answer,
    /// Why it is refused, forbidden or not enough, in a sentence.
    pub reason: Option<String>,
    pub score: Option<u16>,
    pub required_level: Option<u16>,
    /// Points to the level; 0 if it is reached.
    pub missing: Option<u16>,
    /// The smallest sets of the user's methods that would do, fewest steps first.
    pub ways: Option<Vec<Vec<String>>>,
    pub missing_kinds: Option<u8>,
    pub max_age_s: Option<u64>,
    pub fresh_within_s: Option<u64>,
    pub user: Option<String>,
    pub directory: Option<String>,
    pub route: Option<String>,
    pub rule: Option<String>,
    pub proofs: Vec<ProofExplained>,
    /// Where the settings that decide were set.
    pub origins: Vec<Origin>,
}

/// What became of one proof.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ProofExplained {
    pub method: String,
    pub age_s: u64,
    pub points: u16,
    /// Why it pays nothing.
    pub why: Option<String>,
}

#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Origin {
    pub setting: String,
    pub from: String,
}

/// A method that is taken to be done, and how long ago: `password`, `email@2m`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Done {
    pub method: Method,
    pub ago: Duration,
}

/// Why a text says nothing that could be done.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NotDone {
    #[error("`{0}` is not a method; those are: {names}", names = method_names())]
    Method(String),
    #[error("`{0}` is not a time; it is written like `2m` or `1h 30m`")]
    Time(String),
}

impl FromStr for Done {
    type Err = NotDone;

    fn from_str(text: &str) -> Result<Self, NotDone> {
        let (method, ago) = text.split_once('@').unwrap_or((text, "0s"));
        let method =
            method.trim().parse().map_err(|_| NotDone::Method(method.trim().to_owned()))?;
        let ago =
            humantime::parse_duration(ago.trim()).map_err(|_| NotDone::Time(ago.to_owned()))?;
        Ok(Self { method, ago })
    }
}

fn method_names() -> String {
    Method::ALL.map(Method::name).join(", ")
}

/// What is asked of the decision: who, having done what, from where, when.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// `None`: somebody who is not signed in.
    pub account: Option<&'a Account>,
    pub done: &'a [Done],
    pub address: Option<std::net::IpAddr>,
    pub now: Timestamp,
}

/// Answers by the function that decides requests.
#[must_use]
pub fn explain(place: &Place, question: &Question<'_>) -> Explanation {
    let mut answer = Explanation::at(place, question.account);
    if place.requirement.is_public() {
        answer.verdict = Answer::Public;
        answer.required_level = Some(0);
        return answer;
    }
    let account = question.account;
    let enrolled: Vec<Enrolled> = account
        .map(Account::enrolled)
        .unwrap_or_default()
        .into_iter()
        .filter(|one| place.offered.contains(one.method))
        .collect();
    let evidence = evidence(question, &enrolled);
    let nobody = BTreeSet::new();
    let person = Person {
        evidence: &evidence,
        enrolled: &enrolled,
        roles: account.map_or(&nobody, |account| &account.user.roles),
        of_this_directory: account.is_none_or(|account| account.user.directory == place.directory),
        address: question.address,
    };
    let decision = decide(&place.requirement, &person, &place.settings, question.now);
    answer.proofs = explained(&evidence, &decision, question.now);
    answer.score = Some(decision.weighing.score.value());
    answer.missing = Some(decision.weighing.score.missing_to(place.requirement.level).value());
    answer.judge(&decision, || {
        ways(&place.requirement, &evidence, &enrolled, &place.settings, question.now)
    });
    if account.is_some_and(|account| account.user.state == UserState::Disabled) {
        answer.verdict = Answer::Forbid;
        answer.reason = Some("the user is disabled".to_owned());
        answer.ways = None;
    }
    answer
}

fn evidence(question: &Question<'_>, enrolled: &[Enrolled]) -> Evidence {
    let proofs = question.done.iter().map(|done| {
        let at = question.now.before(done.ago);
        match enrolled.iter().find(|one| one.method == done.method) {
            Some(one) => one.proof(at),
            None => supposed(done.method, at),
        }
    });
    Evidence { proofs: proofs.collect() }
}

/// The proof of a method that the user has not got.
fn supposed(method: Method, at: Timestamp) -> Proof {
    let id: std::sync::Arc<str> = "supposed".into();
    let channel = match method {
        Method::Password => Channel::Password,
        Method::Email => Channel::Mailbox(id.clone()),
        Method::Sms => Channel::Phone(id.clone()),
        Method::Totp => Channel::App(id.clone()),
        Method::Passkey | Method::SecurityKey => Channel::Credential(method.name().into()),
        Method::RecoveryCode => Channel::RecoveryCodes,
        Method::RememberedDevice => Channel::Device(id.clone()),
        Method::Token => Channel::Token(id.clone()),
    };
    Proof {
        method,
        credential: crate::points::CredentialId(id),
        channel,
        kinds: method.kinds(),
        at,
        enrolled_at: None,
        cap: None,
        expires: None,
        withdrawn: false,
    }
}

fn explained(evidence: &Evidence, decision: &Decision, now: Timestamp) -> Vec<ProofExplained> {
    let standings = &decision.weighing.standings;
    evidence
        .proofs
        .iter()
        .zip(standings)
        .map(|(proof, standing)| {
            let (points, why) = match standing {
                Standing::Counted(points) => (points.value(), None),
                Standing::PaidElsewhere => {
                    (0, Some("its method or its channel has been paid already"))
                }
                Standing::Unpaid(why) => (0, Some(unpaid(*why))),
            };
            ProofExplained {
                method: proof.method.name().to_owned(),
                age_s: now.since(proof.at).as_secs(),
                points,
                why: why.map(ToOwned::to_owned),
            }
        })
        .collect()
}

const fn unpaid(why: Unpaid) -> &'static str {
    match why {
        Unpaid::Withdrawn => "what it used was removed, changed or disabled",
        Unpaid::SwitchedOff => "the directory gives its method no points",
        Unpaid::Expired => "its lifetime is over",
        Unpaid::FromTheFuture => "it is dated in the future",
        Unpaid::TooOldHere => "it is older than the route's max_age",
        Unpaid::NeverFresh => "it never counts where an age is asked",
        Unpaid::AboveTheDirectory => "it never counts above the directory's own level",
        Unpaid::NoTokensHere => "the route takes no tokens",
        Unpaid::OnProbation => "it was enrolled too recently for this level",
        Unpaid::NoFirstMethod => "no live proof is of a method that a sign-in may start with",
    }
}

impl Explanation {
    /// Where a request arrives; nothing is judged yet.
    fn at(place: &Place, account: Option<&Account>) -> Self {
        let asks = &place.requirement;
        Self {
            required_level: Some(asks.level.value()),
            max_age_s: asks.max_age.map(|age| age.as_secs()),
            fresh_within_s: asks.fresh_within.map(|age| age.as_secs()),
            user: account.map(|account| account.user.name.to_string()),
            directory: Some(place.directory.to_string()),
            route: Some(place.route.clone()),
            rule: place.rule.clone(),
            origins: place
                .origins
                .iter()
                .map(|(setting, from)| Origin { setting: setting.clone(), from: from.clone() })
                .collect(),
            ..Self::refused(String::new())
        }
    }

    /// No route takes the request.
    #[must_use]
    pub fn refused(why: String) -> Self {
        Self {
            verdict: Answer::Refused,
            reason: if why.is_empty() { None } else { Some(why) },
            score: None,
            required_level: None,
            missing: None,
            ways: None,
            missing_kinds: None,
            max_age_s: None,
            fresh_within_s: None,
            user: None,
            directory: None,
            route: None,
            rule: None,
            proofs: Vec::new(),
            origins: Vec::new(),
        }
    }

    fn judge(&mut self, decision: &Decision, all_ways: impl Fn() -> Vec<Way>) {
        match &decision.outcome {
            crate::points::Outcome::Allow(_) => {
                self.verdict = Answer::Allow;
                self.ways = Some(Vec::new());
            }
            crate::points::Outcome::StepUp(shortfall) => {
                self.verdict = Answer::StepUp;
                // Unlike a browser, whoever asks here may know the ways of somebody not signed in.
                let ways = if shortfall.signed_in { shortfall.ways.clone() } else { all_ways() };
                self.missing_kinds = Some(shortfall.kinds);
                self.reason = Some(lacking(shortfall, ways.is_empty() && self.user.is_some()));
                self.ways = Some(
                    ways.iter()
                        .map(|way| way.methods().map(|method| method.name().to_owned()).collect())
                        .collect(),
                );
            }
            crate::points::Outcome::Forbid(why) => {
                self.verdict = Answer::Forbid;
                self.reason = Some(forbidden(why).to_owned());
            }
        }
    }
}

fn lacking(shortfall: &Shortfall, is_dead_end: bool) -> String {
    let mut parts = Vec::new();
    if !shortfall.signed_in {
        parts.push("nobody is signed in".to_owned());
    }
    if !shortfall.have.reaches(shortfall.need) {
        parts.push("the score is below the level".to_owned());
    }
    if shortfall.kinds > 0 {
        parts.push(format!("distinct kinds of proof missing: {}", shortfall.kinds));
    }
    if shortfall.phishing_resistant {
        parts.push("a phishing-resistant proof is missing".to_owned());
    }
    if shortfall.stale {
        parts.push("no proof is fresh enough".to_owned());
    }
    if is_dead_end {
        parts.push("the user has no way to get there".to_owned());
    }
    parts.join("; ")
}

const fn forbidden(why: &Forbidden) -> &'static str {
    match why {
        Forbidden::Role => "the user has none of the roles",
        Forbidden::Directory => "the user is of another directory",
        Forbidden::Network => {
            "the request comes from outside the networks; say where it comes from with --from"
        }
    }
}

impl fmt::Display for Explanation {
    /// The verdict first, then a line for each part; `-` where it does not apply.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = |value: Option<u16>| value.map_or_else(|| "-".to_owned(), |v| v.to_string());
        let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
        writeln!(f, "verdict: {}", self.verdict.name())?;
        writeln!(f, "score: {}", number(self.score))?;
        writeln!(f, "required_level: {}", number(self.required_level))?;
        writeln!(f, "missing: {}", number(self.missing))?;
        writeln!(f, "ways: {}", self.ways_in_words())?;
        if let Some(reason) = &self.reason {
            writeln!(f, "reason: {reason}")?;
        }
        writeln!(f, "route: {}", text(&self.route))?;
        writeln!(f, "rule: {}", text(&self.rule))?;
        writeln!(f, "directory: {}", text(&self.directory))?;
        writeln!(f, "user: {}", text(&self.user))?;
        for (name, age) in [("max_age", self.max_age_s), ("fresh_within", self.fresh_within_s)] {
            if let Some(age) = age {
                writeln!(f, "{name}: {}", humantime::format_duration(Duration::from_secs(age)))?;
            }
        }
        self.list_details(f)
    }
}

impl Explanation {
    fn ways_in_words(&self) -> String {
        match self.ways.as_deref() {
            None => "-".to_owned(),
            Some([]) if self.verdict == Answer::Allow => "nothing is missing".to_owned(),
            Some([]) => "none".to_owned(),
            Some(ways) => ways.iter().map(|way| way.join(" + ")).collect::<Vec<_>>().join(" | "),
        }
    }

    fn list_details(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.proofs.is_empty() {
            writeln!(f, "done:")?;
        }
        for proof in &self.proofs {
            let age = humantime::format_duration(Duration::from_secs(proof.age_s));
            let why = proof.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
            writeln!(f, "  {} {age} ago, {} points{why}", proof.method, proof.points)?;
        }
        if !self.origins.is_empty() {
            writeln!(f, "set in:")?;
        }
        for origin in &self.origins {
            writeln!(f, "  {} {}", origin.setting, origin.from)?;
        }
        Ok(())
    }
}

/// The parts of an address that a request would carry, as they are: nothing is decoded or made right.
fn request_of(url: &str) -> Option<(&str, String)> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let rest = rest.split_once('#').map_or(rest, |(before, _)| before);
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (host, target) = rest.split_at(end);
    let target = if target.starts_with('/') { target.to_owned() } else { format!("/{target}") };
    (!host.is_empty()).then_some((host, target))
}

impl Act<'_> {
    pub(super) async fn explain(&self, question: &Explain) -> Result<Outcome, Refused> {
        let not_a = |field: &str, why: String| Refused::NotAValue { field: field.to_owned(), why };
        let (host, target) = request_of(&question.url).ok_or_else(|| {
            not_a("URL", "an address begins with https:// or http:// and a host".to_owned())
        })?;
        let done =
            question.done.iter().map(|text| text.parse::<Done>()).collect::<Result<Vec<_>, _>>();
        let done = done.map_err(|why| not_a("done", why.to_string()))?;
        let found = self.tools.places.find(
            host.as_bytes(),
            &question.method.to_ascii_uppercase(),
            target.as_bytes(),
        );
        let explanation = match found {
            Err(why) => Explanation::refused(why),
            Ok(place) => {
                let account = match &question.user {
                    Some(name) => Some(self.account_for(&place.directory, name).await?),
                    None => None,
                };
                let (address, now) = (question.address, self.now);
                explain(&place, &Question { account: account.as_ref(), done: &done, address, now })
            }
        };
        Ok(Outcome::Explained(Box::new(explanation)))
    }

    /// The user of the route's directory; one of another directory if there is none, since that is an
    /// answer too.
    async fn account_for(&self, directory: &DirectoryName, name: &str) -> Result<Account, Refused> {
        let missing = || Refused::NoSuchUser { name: name.to_owned(), directory: None };
        let canonical: UserName = name.parse().map_err(|_| missing())?;
        if let Some(account) = self.tools.accounts.find_user(directory, &canonical).await? {
            return Ok(account);
        }
        let users = self.tools.accounts.list_users(None).await?;
        let elsewhere =
            users.into_iter().find(|user| user.name == canonical).ok_or_else(missing)?;
        self.tools.accounts.load_user(&elsewhere.id).await?.ok_or_else(missing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_done_has_a_method_and_may_have_an_age() {
        let done = |text: &str| text.parse::<Done>();
        assert_eq!(done("password"), Ok(Done { method: Method::Password, ago: Duration::ZERO }));
        assert_eq!(
            done(" email@2m"),
            Ok(Done { method: Method::Email, ago: Duration::from_secs(120) })
        );
        for bad in ["", "passwort", "email@", "email@2", "email@-2m", "@2m"] {
            assert!(done(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_address_is_taken_apart_and_not_made_right() {
        let table = [
            ("https://a.example/x?y#z", Some(("a.example", "/x?y"))),
            ("http://a.example:8080", Some(("a.example:8080", "/"))),
            ("https://a.example?q=/", Some(("a.example", "/?q=/"))),
            ("https://a.example/a/../%2e/B", Some(("a.example", "/a/../%2e/B"))),
            ("https:///x", None),
            ("/x", None),
            ("ftp://a.example/", None),
        ];
        for (url, expected) in table {
            let parts = request_of(url);
            let parts = parts.as_ref().map(|(host, target)| (*host, target.as_str()));
            assert_eq!(parts, expected, "{url}");
        }
    }
}
