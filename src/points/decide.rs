//! The one place that says yes. Not here: what the answer looks like to a browser or a script.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::policy::{Requirement, Role, Settings};
use super::proof::Evidence;
use super::scale::{Level, Score};
use super::time::Timestamp;
use super::ways::{Enrolled, Way, ways};
use super::weigh::{Weighing, weigh};

/// Proof that [`decide`] let a request through.
///
/// Its fields are private to this module, so nothing else can build one, and forwarding to an upstream asks
/// for one by reference: a path that skips the decision has nothing to show.
#[must_use]
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Grant {
    score: Score,
    until: Timestamp,
}

impl Grant {
    /// The score at the time of the decision.
    #[must_use]
    pub const fn score(&self) -> Score {
        self.score
    }

    /// The earliest instant at which the answer could change. It means "decide again then", not
    /// "close then".
    #[must_use]
    pub const fn until(&self) -> Timestamp {
        self.until
    }
}

/// Who asks, and from where. Somebody without a session is [`Person::NOBODY`] with an address.
#[derive(Clone, Copy, Debug)]
pub struct Person<'a> {
    pub evidence: &'a Evidence,
    /// The methods that this user has and can use now.
    pub enrolled: &'a [Enrolled],
    pub roles: &'a BTreeSet<Role>,
    /// The session belongs to the directory of the route.
    pub of_this_directory: bool,
    /// The client's address, if known. A route that asks for a network refuses an unknown one.
    pub address: Option<IpAddr>,
}

static NO_EVIDENCE: Evidence = Evidence::NONE;
static NO_ROLES: BTreeSet<Role> = BTreeSet::new();

impl Person<'static> {
    pub const NOBODY: Self = Self {
        evidence: &NO_EVIDENCE,
        enrolled: &[],
        roles: &NO_ROLES,
        of_this_directory: true,
        address: None,
    };
}

/// The answer, with all that led to it.
#[must_use]
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Decision {
    pub outcome: Outcome,
    pub weighing: Weighing,
}

#[must_use]
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outcome {
    Allow(Grant),
    StepUp(Shortfall),
    Forbid(Forbidden),
}

/// What is still missing, and the ways to get there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Shortfall {
    pub have: Score,
    pub need: Level,
    /// Distinct kinds still missing, 0 to 3.
    pub kinds: u8,
    /// A phishing-resistant proof is missing.
    pub phishing_resistant: bool,
    /// No proof that counts is fresh enough.
    pub stale: bool,
    /// Somebody is signed in; otherwise no ways are told.
    pub signed_in: bool,
    /// The smallest sets of enrolled methods that would do, fewest steps first.
    pub ways: Vec<Way>,
}

/// Why a request is refused although more proofs would not help.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Forbidden {
    /// The user has none of the roles.
    Role,
    /// The session is of another directory.
    Directory,
    /// The request comes from outside the networks.
    Network,
}

/// Weighs what a person has shown against what a route asks, at the instant `now`.
pub fn decide(
    requirement: &Requirement,
    person: &Person<'_>,
    settings: &Settings,
    now: Timestamp,
) -> Decision {
    if requirement.is_public() {
        let weighing = weigh(requirement, &NO_EVIDENCE, settings, now);
        let grant = Grant { score: Score::ZERO, until: Timestamp::NEVER };
        return Decision { outcome: Outcome::Allow(grant), weighing };
    }
    // Evidence of another directory is worth nothing here: its points are priced elsewhere.
    let evidence = if person.of_this_directory { person.evidence } else { &NO_EVIDENCE };
    let weighing = weigh(requirement, evidence, settings, now);
    let outcome = match forbidden(requirement, person, &weighing) {
        Some(reason) => Outcome::Forbid(reason),
        None => match gap(requirement, &weighing, now) {
            None => Outcome::Allow(Grant { score: weighing.score, until: weighing.until }),
            Some(gap) => {
                Outcome::StepUp(shortfall(requirement, person, settings, now, &weighing, &gap))
            }
        },
    };
    Decision { outcome, weighing }
}

fn forbidden(
    requirement: &Requirement,
    person: &Person<'_>,
    weighing: &Weighing,
) -> Option<Forbidden> {
    let inside = |group: &Vec<_>| {
        person
            .address
            .is_some_and(|address| group.iter().any(|net: &super::Network| net.contains(address)))
    };
    if !requirement.networks.iter().all(inside) {
        return Some(Forbidden::Network);
    }
    if !person.of_this_directory {
        return Some(Forbidden::Directory);
    }
    // A role is only told to somebody who has shown who they are.
    let lacks_role =
        requirement.roles.as_ref().is_some_and(|roles| roles.is_disjoint(person.roles));
    (weighing.signed_in && lacks_role).then_some(Forbidden::Role)
}

/// What a weighing lacks.
struct Gap {
    kinds: u8,
    phishing_resistant: bool,
    stale: bool,
}

/// `None` if nothing is missing. The only comparison of a score with a level.
fn gap(requirement: &Requirement, weighing: &Weighing, now: Timestamp) -> Option<Gap> {
    let gap = Gap {
        kinds: requirement.kinds.saturating_sub(weighing.kinds.count()),
        phishing_resistant: requirement.phishing_resistant && !weighing.phishing_resistant,
        stale: requirement
            .fresh_within
            .is_some_and(|span| weighing.newest.is_none_or(|at| now.since(at) >= span)),
    };
    let complete = weighing.signed_in
        && weighing.score.reaches(requirement.level)
        && gap.kinds == 0
        && !gap.phishing_resistant
        && !gap.stale;
    if complete { None } else { Some(gap) }
}

/// Whether evidence would clear a requirement. For `ways`, which asks it of every subset.
pub(super) fn clears(
    requirement: &Requirement,
    evidence: &Evidence,
    settings: &Settings,
    now: Timestamp,
) -> bool {
    gap(requirement, &weigh(requirement, evidence, settings, now), now).is_none()
}

fn shortfall(
    requirement: &Requirement,
    person: &Person<'_>,
    settings: &Settings,
    now: Timestamp,
    weighing: &Weighing,
    gap: &Gap,
) -> Shortfall {
    let ways = if weighing.signed_in {
        ways(requirement, person.evidence, person.enrolled, settings, now)
    } else {
        Vec::new()
    };
    Shortfall {
        have: weighing.score,
        need: requirement.level,
        kinds: gap.kinds,
        phishing_resistant: gap.phishing_resistant,
        stale: gap.stale,
        signed_in: weighing.signed_in,
        ways,
    }
}
