//! Adding up: which proofs count at an instant, why the others do not, and the score of those that
//! do. Not here: whether the score is enough (`decide`).

use std::time::Duration;

use super::method::{Kinds, Method};
use super::policy::{Lifetime, Requirement, Settings};
use super::proof::{Channel, Evidence, Proof};
use super::scale::{Points, Score};
use super::time::Timestamp;

/// How far ahead a proof's instant may lie: the clocks of two gateways are never quite one.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(5);

/// What became of one proof.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Standing {
    /// It counts, and its method paid these points through it.
    Counted(Points),
    /// It counts for kinds and freshness; its method or its channel has been paid already.
    PaidElsewhere,
    /// It pays nothing.
    Unpaid(Unpaid),
}

/// Why a proof pays nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Unpaid {
    /// Its credential was removed, changed or disabled.
    Withdrawn,
    /// The directory gives its method no points, or its own cap is 0.
    SwitchedOff,
    /// Its lifetime, or its own end, has passed.
    Expired,
    /// It is dated further ahead than two clocks may differ.
    FromTheFuture,
    /// Older than the route's `max_age`.
    TooOldHere,
    /// A remembered device or a token where the route asks for an age or for freshness.
    NeverFresh,
    /// A remembered device on a route above the directory's own level.
    AboveTheDirectory,
    /// A token on a route that does not take tokens.
    NoTokensHere,
    /// Enrolled too recently for a route above the directory's own level.
    OnProbation,
    /// No live proof is of a method that a sign-in may start with.
    NoFirstMethod,
}

/// What the evidence comes to, and why.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Weighing {
    pub score: Score,
    /// Distinct kinds over the proofs that count.
    pub kinds: Kinds,
    pub phishing_resistant: bool,
    /// Somebody is signed in: a live proof is of a first method.
    pub signed_in: bool,
    /// The youngest proof that counts.
    pub newest: Option<Timestamp>,
    /// The earliest instant at which a proof that counts now stops counting.
    pub until: Timestamp,
    /// One entry per proof, in the order of the evidence.
    pub standings: Vec<Standing>,
}

/// Weighs evidence against what one requirement lets count.
///
/// The score is the *largest* sum in which every method and every channel occurs at most once, so
/// that more evidence can never lower it.
#[must_use]
pub fn weigh(
    requirement: &Requirement,
    evidence: &Evidence,
    settings: &Settings,
    now: Timestamp,
) -> Weighing {
    let scale = Scale { requirement, settings, now };
    let signed_in =
        evidence.proofs.iter().any(|proof| scale.is_first(proof) && scale.live(proof).is_ok());
    let mut weighing = Weighing {
        score: Score::ZERO,
        kinds: Kinds::NONE,
        phishing_resistant: false,
        signed_in,
        newest: None,
        until: Timestamp::NEVER,
        standings: Vec::with_capacity(evidence.proofs.len()),
    };
    for proof in &evidence.proofs {
        let standing = match scale.counts(proof) {
            Err(reason) => Standing::Unpaid(reason),
            Ok(_) if !signed_in => Standing::Unpaid(Unpaid::NoFirstMethod),
            Ok(_) => {
                weighing.kinds = weighing.kinds.union(proof.kinds);
                weighing.phishing_resistant |= proof.method.is_phishing_resistant();
                weighing.newest = weighing.newest.max(Some(proof.at));
                weighing.until = weighing.until.min(scale.end(proof));
                Standing::PaidElsewhere
            }
        };
        weighing.standings.push(standing);
    }
    if signed_in {
        // The sign-in itself ends with its first method, even where that is too old to count here.
        weighing.until = weighing.until.min(scale.first_ends(evidence));
        pay(&scale, evidence, &mut weighing);
    }
    weighing
}

/// The rules that say whether, until when and for how much one proof counts.
struct Scale<'a> {
    requirement: &'a Requirement,
    settings: &'a Settings,
    now: Timestamp,
}

impl Scale<'_> {
    fn is_first(&self, proof: &Proof) -> bool {
        // A token starts something where the route takes tokens, whatever a directory lists.
        match proof.method {
            Method::Token => self.requirement.tokens,
            method => self.settings.first.contains(method),
        }
    }

    /// What it is worth if it lives: the setting, and never more than its own cap.
    fn live(&self, proof: &Proof) -> Result<Points, Unpaid> {
        if proof.withdrawn {
            return Err(Unpaid::Withdrawn);
        }
        let setting = self.settings.policy(proof.method).points;
        let worth = proof.cap.map_or(setting, |cap| cap.min(setting));
        if worth == Points::ZERO {
            return Err(Unpaid::SwitchedOff);
        }
        if proof.at > self.now.after(CLOCK_TOLERANCE) {
            return Err(Unpaid::FromTheFuture);
        }
        if self.now >= self.life_ends(proof) {
            return Err(Unpaid::Expired);
        }
        if self.on_probation(proof) {
            return Err(Unpaid::OnProbation);
        }
        Ok(worth)
    }

    /// What it is worth here, where it is live and the requirement lets it count.
    fn counts(&self, proof: &Proof) -> Result<Points, Unpaid> {
        let worth = self.live(proof)?;
        let wants_age =
            self.requirement.max_age.is_some() || self.requirement.fresh_within.is_some();
        match proof.method {
            Method::Token if !self.requirement.tokens => return Err(Unpaid::NoTokensHere),
            Method::RememberedDevice if self.is_above_the_directory() => {
                return Err(Unpaid::AboveTheDirectory);
            }
            Method::Token | Method::RememberedDevice if wants_age => {
                return Err(Unpaid::NeverFresh);
            }
            _ => {}
        }
        if self.requirement.max_age.is_some_and(|age| self.now.since(proof.at) > age) {
            return Err(Unpaid::TooOldHere);
        }
        Ok(worth)
    }

    fn is_above_the_directory(&self) -> bool {
        self.requirement.level > self.settings.required_level
    }

    fn on_probation(&self, proof: &Proof) -> bool {
        self.is_above_the_directory()
            && proof
                .enrolled_at
                .is_some_and(|enrolled| self.now < enrolled.after(self.settings.probation))
    }

    fn life_ends(&self, proof: &Proof) -> Timestamp {
        let lifetime = match self.settings.policy(proof.method).lifetime {
            Lifetime::Session => Timestamp::NEVER,
            Lifetime::For(span) => proof.at.after(span),
        };
        proof.expires.map_or(lifetime, |own| own.min(lifetime))
    }

    /// When a proof that counts now stops counting here. `max_age` is inclusive.
    fn end(&self, proof: &Proof) -> Timestamp {
        let too_old = self
            .requirement
            .max_age
            .map_or(Timestamp::NEVER, |age| proof.at.after(age).after(Duration::from_millis(1)));
        self.life_ends(proof).min(too_old)
    }

    fn first_ends(&self, evidence: &Evidence) -> Timestamp {
        evidence
            .proofs
            .iter()
            .filter(|proof| self.is_first(proof) && self.live(proof).is_ok())
            .map(|proof| self.life_ends(proof))
            .max()
            .unwrap_or(self.now)
    }
}

/// Pays every method at most once and every channel at most once, for the largest sum.
///
/// What a proof is worth depends on its method alone (a token's cap apart, and no method shares a
/// token's channel), so this is a matching weighted by its vertices on one side: taking the methods
/// from the dearest down, and letting an earlier one move to another of its channels where that makes
/// room, is exact. A test compares it with all subsets.
fn pay(scale: &Scale<'_>, evidence: &Evidence, weighing: &mut Weighing) {
    let counted: Vec<(usize, &Proof, Points)> = evidence
        .proofs
        .iter()
        .enumerate()
        .filter_map(|(at, proof)| scale.counts(proof).ok().map(|worth| (at, proof, worth)))
        .collect();
    let mut methods: Vec<(Points, Method)> =
        Vec::with_capacity(counted.len().min(Method::ALL.len()));
    for (_, proof, worth) in &counted {
        match methods.iter_mut().find(|(_, method)| *method == proof.method) {
            Some((best, _)) => *best = (*best).max(*worth),
            None => methods.push((*worth, proof.method)),
        }
    }
    methods.sort_by(|a, b| b.cmp(a));
    let mut paid: Vec<usize> = Vec::with_capacity(methods.len());
    for (best, method) in methods {
        let mut tried = vec![false; counted.len()];
        if find_channel(&counted, method, Some(best), &mut paid, &mut tried) {
            weighing.score = weighing.score.plus(best);
        }
    }
    for place in paid {
        if let Some((at, _, worth)) = counted.get(place)
            && let Some(standing) = weighing.standings.get_mut(*at)
        {
            *standing = Standing::Counted(*worth);
        }
    }
}

/// Finds `method` a channel, moving methods that hold one to another of theirs where needed.
/// `paid` holds, per method that was found one, the place of its proof in `counted`.
fn find_channel(
    counted: &[(usize, &Proof, Points)],
    method: Method,
    worth: Option<Points>,
    paid: &mut Vec<usize>,
    tried: &mut [bool],
) -> bool {
    for (place, (_, proof, points)) in counted.iter().enumerate() {
        if proof.method != method || worth.is_some_and(|worth| *points < worth) {
            continue;
        }
        if tried.get(place).copied().unwrap_or(true) {
            continue;
        }
        if let Some(seen) = tried.get_mut(place) {
            *seen = true;
        }
        let holder = holder_of(counted, paid, &proof.channel);
        match holder {
            None => {
                paid.push(place);
                return true;
            }
            Some((slot, other)) => {
                let before = paid.swap_remove(slot);
                // The place is taken first, so that the one who moves cannot move back to it.
                paid.push(place);
                if find_channel(counted, other, None, paid, tried) {
                    return true;
                }
                paid.retain(|held| *held != place);
                paid.push(before);
            }
        }
    }
    false
}

fn holder_of(
    counted: &[(usize, &Proof, Points)],
    paid: &[usize],
    channel: &Channel,
) -> Option<(usize, Method)> {
    paid.iter().enumerate().find_map(|(slot, place)| {
        let (_, proof, _) = counted.get(*place)?;
        (proof.channel == *channel).then_some((slot, proof.method))
    })
}
