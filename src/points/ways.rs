//! The ways in: which smallest sets of a user's methods would cover what is missing. The same
//! enumeration answers the person ("choose one of these"), the administrator ("who can still get
//! in") and `check` ("nobody can reach this level").

use super::decide::clears;
use super::method::{Kinds, Method};
use super::policy::{Requirement, Settings};
use super::proof::{Channel, CredentialId, Evidence, Proof};
use super::scale::Points;
use super::time::Timestamp;

/// More options than this are not enumerated; of every method at least one is.
/// 2^10 subsets are the bound on the work of one challenge.
const MOST_OPTIONS: usize = 10;

/// A method that a user has, and can use now.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Enrolled {
    pub method: Method,
    pub credential: CredentialId,
    pub channel: Channel,
    pub kinds: Kinds,
    /// As in [`Proof::enrolled_at`].
    pub enrolled_at: Option<Timestamp>,
}

impl Enrolled {
    /// The proof that using it now would make.
    #[must_use]
    pub fn proof(&self, now: Timestamp) -> Proof {
        Proof {
            method: self.method,
            credential: self.credential.clone(),
            channel: self.channel.clone(),
            kinds: self.kinds,
            at: now,
            enrolled_at: self.enrolled_at,
            cap: None,
            expires: None,
            withdrawn: false,
        }
    }
}

/// One step of a way: a method, and the credential or contact that it would use.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Step {
    pub method: Method,
    pub credential: CredentialId,
}

/// Steps that, together with what is already shown, would be enough; none of them can be left out.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Way {
    pub steps: Vec<Step>,
}

impl Way {
    pub fn methods(&self) -> impl Iterator<Item = Method> {
        self.steps.iter().map(|step| step.method)
    }
}

/// The smallest sets of `enrolled` methods that would cover what `evidence` lacks, fewest steps first.
///
/// A method that occurs in no way leads nowhere and is offered to nobody. Empty: there is no way.
#[must_use]
pub fn ways(
    requirement: &Requirement,
    evidence: &Evidence,
    enrolled: &[Enrolled],
    settings: &Settings,
    now: Timestamp,
) -> Vec<Way> {
    let options = options(evidence, enrolled, settings);
    let mut subsets: Vec<u16> = (0..1_u16 << options.len()).collect();
    subsets.sort_by_key(|subset| (subset.count_ones(), subset.reverse_bits().wrapping_neg()));
    let mut found: Vec<u16> = Vec::new();
    for subset in subsets {
        let has_smaller = found.iter().any(|smaller| smaller & subset == *smaller);
        if !has_smaller
            && clears(requirement, &joined(evidence, &options, subset, now), settings, now)
        {
            found.push(subset);
        }
    }
    let mut ways: Vec<Way> = Vec::new();
    for subset in found {
        let steps = chosen(&options, subset)
            .map(|option| Step { method: option.method, credential: option.credential.clone() })
            .collect();
        ways.push(Way { steps });
    }
    ways
}

/// The smallest ways in for somebody who has enrolled all of `methods` and shown nothing.
///
/// What a person falls back on (recovery code, remembered device) is not forecast.
#[must_use]
pub fn forecast(requirement: &Requirement, methods: &[Method], settings: &Settings) -> Vec<Way> {
    let enrolled: Vec<Enrolled> = methods
        .iter()
        .filter(|method| method.is_forecast())
        .map(|method| Enrolled {
            method: *method,
            credential: CredentialId(method.name().into()),
            channel: Channel::Credential(method.name().into()),
            kinds: method.kinds(),
            enrolled_at: None,
        })
        .collect();
    ways(requirement, &Evidence::NONE, &enrolled, settings, Timestamp::EPOCH)
}

/// What there is to choose from: worth something, and one of several that come to the same.
fn options<'a>(
    evidence: &Evidence,
    enrolled: &'a [Enrolled],
    settings: &Settings,
) -> Vec<&'a Enrolled> {
    let mut options: Vec<&Enrolled> = Vec::new();
    for candidate in enrolled {
        let is_worthless = settings.policy(candidate.method).points == Points::ZERO;
        let same = |other: &&Enrolled| {
            other.method == candidate.method
                && other.kinds == candidate.kinds
                && other.enrolled_at == candidate.enrolled_at
                && (other.channel == candidate.channel
                    || (is_private(other, evidence, enrolled)
                        && is_private(candidate, evidence, enrolled)))
        };
        if !is_worthless && !options.iter().any(same) {
            options.push(candidate);
        }
    }
    keep_most_telling(&mut options);
    options.sort_by_key(|option| {
        (std::cmp::Reverse(settings.policy(option.method).points), option.method)
    });
    options
}

/// Cuts to [`MOST_OPTIONS`]: one of every method before the second of any, so that many passkeys hide
/// no password; within a method what was enrolled first, which is not on probation.
fn keep_most_telling(options: &mut Vec<&Enrolled>) {
    options.sort_by_key(|option| (option.method, option.enrolled_at));
    let mut ranked: Vec<(usize, &Enrolled)> = Vec::with_capacity(options.len());
    for option in options.iter() {
        let rank = ranked.iter().filter(|(_, other)| other.method == option.method).count();
        ranked.push((rank, option));
    }
    ranked.sort_by_key(|(rank, _)| *rank);
    *options = ranked.into_iter().map(|(_, option)| option).take(MOST_OPTIONS).collect();
}

/// No other method shares the channel, neither among the enrolled ones nor in the evidence.
fn is_private(option: &Enrolled, evidence: &Evidence, enrolled: &[Enrolled]) -> bool {
    let shares =
        |method: Method, channel: &Channel| method != option.method && *channel == option.channel;
    !enrolled.iter().any(|other| shares(other.method, &other.channel))
        && !evidence.proofs.iter().any(|proof| shares(proof.method, &proof.channel))
}

fn chosen<'a>(options: &'a [&Enrolled], subset: u16) -> impl Iterator<Item = &'a Enrolled> {
    options.iter().enumerate().filter(move |(at, _)| subset >> at & 1 == 1).map(|(_, o)| *o)
}

fn joined(evidence: &Evidence, options: &[&Enrolled], subset: u16, now: Timestamp) -> Evidence {
    let mut proofs = evidence.proofs.clone();
    proofs.extend(chosen(options, subset).map(|option| option.proof(now)));
    Evidence { proofs }
}
