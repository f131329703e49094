//! What somebody can open with the methods that they have, and what would help: for the page on which they
//! look after their account. Not here: what is open to them at this moment, which the gate decides.

use super::Journey;
use super::enrolment::{enrolled, one_more};
use crate::gate::{Arrival, Snapshot};
use crate::points::{
    Evidence, Method, Outcome, Person, Requirement, Settings, Timestamp, Way, decide, ways,
};

/// What an account can do.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Outlook {
    /// The first place that its methods cannot open, as the operator named it.
    pub closed: Option<Closed>,
    /// The smallest ways into the directory.
    pub ways: Vec<Way>,
}

/// A place that somebody cannot open with what they have.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Closed {
    pub place: String,
    /// One more of this method would open it.
    pub remedy: Option<Method>,
}

impl Journey {
    /// `None` while nobody is signed in.
    #[must_use]
    pub fn outlook(&self, arrival: &Arrival) -> Option<Outlook> {
        let (session, settings) = (arrival.session.as_ref()?, arrival.settings()?);
        let account = session.account();
        let own = enrolled(&arrival.snapshot, account);
        let shown = |proofs: &[_]| Evidence { proofs: proofs.to_vec() };
        let all: Vec<_> = own.iter().map(|one| one.proof(arrival.now)).collect();
        let asks = |requirement: &Requirement, evidence: &Evidence| {
            let person = Person {
                evidence,
                enrolled: &[],
                roles: &account.user.roles,
                of_this_directory: true,
                address: arrival.address,
            };
            decide(requirement, &person, settings, arrival.now).outcome
        };
        let is_closed = |requirement: &Requirement, evidence: &Evidence| {
            matches!(asks(requirement, evidence), Outcome::StepUp(_))
        };
        let everything = shown(&all);
        let closed = places(&arrival.snapshot, &account.user.directory)
            .find(|(_, requirement)| is_closed(requirement, &everything))
            .map(|(place, requirement)| {
                let offered = arrival.snapshot.offered(&account.user.directory);
                let remedy = offered.iter().filter(|method| method.is_forecast()).find(|method| {
                    let mut proofs = all.clone();
                    proofs.push(one_more(*method).proof(arrival.now));
                    !is_closed(&requirement, &shown(&proofs))
                });
                Closed { place, remedy }
            });
        Some(Outlook { closed, ways: ways_in(&own, settings, arrival.now) })
    }
}

fn ways_in(own: &[crate::points::Enrolled], settings: &Settings, now: Timestamp) -> Vec<Way> {
    let level = settings.required_level;
    let requirement = Requirement { level, ..Requirement::default() };
    let counted: Vec<_> = own.iter().filter(|one| one.method.is_forecast()).cloned().collect();
    ways(&requirement, &Evidence::NONE, &counted, settings, now)
}

/// Every place of a directory, by the operator's name for it.
fn places<'a>(
    snapshot: &'a Snapshot,
    directory: &'a str,
) -> impl Iterator<Item = (String, Requirement)> + 'a {
    let routes = snapshot.config.routes.iter().filter(move |route| route.directory == directory);
    routes.flat_map(|route| route.places())
}
