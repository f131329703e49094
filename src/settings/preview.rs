//! What a draft would do, before it is saved: the smallest ways in, who can and who cannot, routes,
//! the last days over again, and what to beware of. The ways come from the engine that decides on
//! requests; users are counted by the methods that they have, so a million cost no more than ten.
//!
//! "Can" means: enrolled, with an active account, and with a notifier for codes. Recovery codes and
//! remembered devices do not count, because they run out. Of owners and of whoever saves it everything is known,
//! so they are judged as a request of theirs would be: probation and shared channels count. Not here: counting
//! (`store`), sentences (`web`).

use super::store::{Group, SignIns};
use crate::points::{Enrolled, Evidence, Level, Method, MethodSet, Requirement, Settings};
use crate::points::{Timestamp, forecast, leads_in, reach, weigh};

/// Whoever wants to save the draft.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Author {
    pub enrolled: Vec<Enrolled>,
    /// They belong to this directory.
    pub is_of_directory: bool,
}

/// The way into the administrators' portal.
#[derive(Clone, Debug)]
pub struct Entrance<'a> {
    pub level: Level,
    /// The methods that work at its door.
    pub usable: MethodSet,
    /// What each active owner has.
    pub owners: &'a [Vec<Enrolled>],
}

/// What a preview is made from.
#[derive(Clone, Debug)]
pub struct Material<'a> {
    pub draft: &'a Settings,
    /// In force now.
    pub running: &'a Settings,
    /// The methods that this version has and that messages can be sent for.
    pub usable: MethodSet,
    pub groups: &'a [Group],
    pub sign_ins: &'a [SignIns],
    /// Places of this directory that ask a level of their own: name and what is asked.
    pub places: &'a [(String, Requirement)],
    /// The administrators' portal, if it is this directory's.
    pub admin: Option<Entrance<'a>>,
    pub author: Author,
    pub now: Timestamp,
}

/// A method, as its line of the table.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct MethodLine {
    pub method: Method,
    pub users: u64,
    /// It reaches the required score by itself.
    pub alone: bool,
    pub usable: bool,
}

/// A place with a level of its own.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RouteReach {
    pub name: String,
    pub level: Level,
    /// How many smallest ways lead there.
    pub ways: usize,
    /// Users who can reach it.
    pub users: u64,
}

/// The last days over again.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Replay {
    pub sign_ins: u64,
    pub same: u64,
    pub more: u64,
    pub fewer: u64,
}

/// What to beware of. Each is a sentence on the page.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Warning {
    /// W1, blocks: nobody can reach the required score, whatever they have.
    NobodyCan,
    /// W2: whoever saves this could not come back to take it back.
    NotYou,
    /// W3, blocks: no administrator could.
    NoOwner,
    /// W4
    SomeCannot(u64),
    /// W5
    OneIsEnough(Method),
    /// W6: a way without password or passkey.
    WithoutCredentials(Vec<Method>),
    /// W7
    NoNotifier(Method),
    /// W8: the score is lower than it was.
    Lower { before: Level, after: Level },
    /// W9
    RouteOutOfReach { name: String, level: Level },
    /// W10: a way with two codes that may arrive on one phone.
    TwoCodes(Vec<Method>),
    /// W11, said once in the row.
    Restricted(Method),
    /// W13: people who are signed in with less are asked for more at their next click.
    Higher { before: Level, after: Level },
}

impl Warning {
    /// It cannot be saved, not even for a while.
    #[must_use]
    pub const fn blocks(&self) -> bool {
        matches!(self, Self::NobodyCan | Self::NoOwner)
    }

    /// `W1` to `W13`; W12, a locked value, is shown at its field.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NobodyCan => "W1",
            Self::NotYou => "W2",
            Self::NoOwner => "W3",
            Self::SomeCannot(_) => "W4",
            Self::OneIsEnough(_) => "W5",
            Self::WithoutCredentials(_) => "W6",
            Self::NoNotifier(_) => "W7",
            Self::Lower { .. } => "W8",
            Self::RouteOutOfReach { .. } => "W9",
            Self::TwoCodes(_) => "W10",
            Self::Restricted(_) => "W11",
            Self::Higher { .. } => "W13",
        }
    }
}

/// What a draft would do.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Preview {
    pub required: Level,
    /// The smallest ways in, fewest steps first, each with its score.
    pub ways: Vec<(Vec<Method>, u16)>,
    pub methods: Vec<MethodLine>,
    pub routes: Vec<RouteReach>,
    pub users: u64,
    pub can: u64,
    /// The sets of methods of those who cannot, for the list of their names.
    pub cannot_sets: Vec<MethodSet>,
    pub owners_who_cannot: u64,
    /// Of those who can now.
    pub lose: u64,
    /// Of those who cannot now.
    pub gain: u64,
    pub replay: Replay,
    pub warnings: Vec<Warning>,
}

impl Preview {
    #[must_use]
    pub const fn cannot(&self) -> u64 {
        self.users - self.can
    }

    #[must_use]
    pub fn is_blocked(&self) -> bool {
        self.warnings.iter().any(Warning::blocks)
    }

    /// Whoever saves it has to confirm it, or it goes by itself.
    #[must_use]
    pub fn is_risky_for_author(&self) -> bool {
        self.warnings.contains(&Warning::NotYou)
    }
}

/// Judges a draft.
#[must_use]
pub fn preview(material: &Material<'_>) -> Preview {
    let Material { draft, running, usable, groups, .. } = material;
    let own = asks(draft.required_level);
    let after = Reach::of(&own, draft, *usable);
    let before = Reach::of(&asks(running.required_level), running, *usable);
    let count = |wanted: &dyn Fn(MethodSet) -> bool| -> u64 {
        groups.iter().filter(|group| wanted(group.methods)).map(|group| group.users).sum()
    };
    let cannot = |group: &&Group| !after.takes(group.methods);
    let mut preview = Preview {
        required: draft.required_level,
        ways: after.ways.iter().map(|way| (way.iter().collect(), sum(*way, draft))).collect(),
        methods: lines(material, &after),
        routes: routes(material),
        users: count(&|_| true),
        can: count(&|methods| after.takes(methods)),
        cannot_sets: groups.iter().filter(cannot).map(|group| group.methods).collect(),
        owners_who_cannot: groups.iter().filter(cannot).map(|group| group.owners).sum(),
        lose: count(&|methods| before.takes(methods) && !after.takes(methods)),
        gain: count(&|methods| !before.takes(methods) && after.takes(methods)),
        replay: replay(material),
        warnings: Vec::new(),
    };
    preview.warnings = warnings(material, &preview, &after);
    preview
}

fn asks(level: Level) -> Requirement {
    Requirement { level, ..Requirement::default() }
}

/// The smallest sets of methods that lead to a place.
struct Reach {
    ways: Vec<MethodSet>,
}

impl Reach {
    fn of(requirement: &Requirement, settings: &Settings, usable: MethodSet) -> Self {
        let methods: Vec<Method> = usable.iter().collect();
        let ways = forecast(requirement, &methods, settings);
        Self { ways: ways.iter().map(|way| way.methods().collect()).collect() }
    }

    /// Whoever has all of a way can go it.
    fn takes(&self, methods: MethodSet) -> bool {
        self.ways.iter().any(|way| way.iter().all(|method| methods.contains(method)))
    }
}

fn sum(way: MethodSet, settings: &Settings) -> u16 {
    way.iter().map(|method| settings.policy(method).points.value()).fold(0, u16::saturating_add)
}

fn lines(material: &Material<'_>, after: &Reach) -> Vec<MethodLine> {
    let users = |method| {
        let with = material.groups.iter().filter(|group| group.methods.contains(method));
        with.map(|group| group.users).sum()
    };
    let alone = |method: Method| after.ways.contains(&MethodSet::EMPTY.with(method));
    let usable = |method: Method| material.usable.contains(method);
    Method::ALL
        .into_iter()
        .map(|method| MethodLine {
            method,
            users: users(method),
            alone: alone(method),
            usable: usable(method),
        })
        .collect()
}

fn routes(material: &Material<'_>) -> Vec<RouteReach> {
    let reach = |(name, requirement): &(String, Requirement)| {
        let reach = Reach::of(requirement, material.draft, material.usable);
        let can = material.groups.iter().filter(|group| reach.takes(group.methods));
        RouteReach {
            name: name.clone(),
            level: requirement.level,
            ways: reach.ways.len(),
            users: can.map(|group| group.users).sum(),
        }
    };
    material.places.iter().map(reach).collect()
}

/// Sign-ins that reached the level as it is now, and what the draft would have asked of them.
fn replay(material: &Material<'_>) -> Replay {
    let mut replay = Replay::default();
    for sign_in in material.sign_ins {
        let fewest = |settings| fewest_steps(sign_in.methods, settings);
        // One that ended before the level says nothing about the level.
        let Some(before) = fewest(material.running) else { continue };
        replay.sign_ins += sign_in.count;
        match fewest(material.draft) {
            None => replay.more += sign_in.count,
            Some(after) if after < before => replay.fewer += sign_in.count,
            Some(_) => replay.same += sign_in.count,
        }
    }
    replay
}

/// How many of these methods are enough for the directory's own level; `None`: all of them are not.
fn fewest_steps(shown: MethodSet, settings: &Settings) -> Option<usize> {
    let proofs = shown.iter().map(|method| {
        let mut proof = Enrolled {
            method,
            credential: crate::points::CredentialId(method.name().into()),
            channel: crate::points::Channel::Credential(method.name().into()),
            kinds: method.kinds(),
            enrolled_at: None,
        }
        .proof(Timestamp::EPOCH);
        proof.enrolled_at = None;
        proof
    });
    let proofs: Vec<_> = proofs.collect();
    let subsets = 0..1_u32 << proofs.len().min(10);
    let is_enough = |subset: &u32| {
        let chosen = proofs.iter().enumerate().filter(|(at, _)| subset >> at & 1 == 1);
        let evidence = Evidence { proofs: chosen.map(|(_, proof)| proof.clone()).collect() };
        let weighing = weigh(&asks(settings.required_level), &evidence, settings, Timestamp::EPOCH);
        weighing.signed_in && weighing.score.reaches(settings.required_level)
    };
    let counted = subsets.filter(is_enough).map(u32::count_ones).min()?;
    usize::try_from(counted).ok()
}

fn warnings(material: &Material<'_>, preview: &Preview, after: &Reach) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if after.ways.is_empty() {
        warnings.push(Warning::NobodyCan);
    }
    warnings.extend(about_administrators(material));
    if preview.cannot() > 0 && !after.ways.is_empty() {
        warnings.push(Warning::SomeCannot(preview.cannot()));
    }
    warnings.extend(after.ways.iter().flat_map(|way| about_way(*way)));
    warnings.extend(about_methods(material));
    let (before, level) = (material.running.required_level, material.draft.required_level);
    match level.cmp(&before) {
        std::cmp::Ordering::Less => warnings.push(Warning::Lower { before, after: level }),
        std::cmp::Ordering::Greater => warnings.push(Warning::Higher { before, after: level }),
        std::cmp::Ordering::Equal => {}
    }
    let out_of_reach = preview.routes.iter().filter(|route| route.users == 0 && preview.users > 0);
    warnings.extend(
        out_of_reach
            .map(|route| Warning::RouteOutOfReach { name: route.name.clone(), level: route.level }),
    );
    warnings
}

/// W2 and W3: the way back in.
fn about_administrators(material: &Material<'_>) -> Vec<Warning> {
    let Some(entrance) = &material.admin else { return Vec::new() };
    let comes_back = |enrolled: &Vec<Enrolled>| comes_back(enrolled, material, entrance);
    let mut warnings = Vec::new();
    if !entrance.owners.iter().any(comes_back) {
        warnings.push(Warning::NoOwner);
    }
    if material.author.is_of_directory && !comes_back(&material.author.enrolled) {
        warnings.push(Warning::NotYou);
    }
    warnings
}

/// Into the directory, and with what works at the administrators' door as high as it asks.
fn comes_back(enrolled: &[Enrolled], material: &Material<'_>, entrance: &Entrance<'_>) -> bool {
    let Material { draft, usable, now, .. } = material;
    let of = |methods: MethodSet| -> Vec<Enrolled> {
        enrolled.iter().filter(|one| methods.contains(one.method)).cloned().collect()
    };
    leads_in(&of(*usable), draft, *now)
        && reach(&of(entrance.usable), draft, *now) >= entrance.level
}

/// W5, W6 and W10.
fn about_way(way: MethodSet) -> Vec<Warning> {
    let methods: Vec<Method> = way.iter().collect();
    let mut warnings = Vec::new();
    if let [only] = *methods
        && only != Method::Passkey
    {
        warnings.push(Warning::OneIsEnough(only));
    }
    if !way.contains(Method::Password) && !way.contains(Method::Passkey) {
        warnings.push(Warning::WithoutCredentials(methods.clone()));
    }
    let codes = methods.iter().filter(|m| matches!(m, Method::Sms | Method::Email | Method::Totp));
    if codes.count() >= 2 {
        warnings.push(Warning::TwoCodes(methods));
    }
    warnings
}

/// W7 and W11.
fn about_methods(material: &Material<'_>) -> Vec<Warning> {
    let is_priced = |method| material.draft.policy(method).points > crate::points::Points::ZERO;
    let codes = [Method::Sms, Method::Email].into_iter().filter(|method| is_priced(*method));
    codes
        .map(|method| {
            if material.usable.contains(method) {
                Warning::Restricted(method)
            } else {
                Warning::NoNotifier(method)
            }
        })
        .collect()
}
