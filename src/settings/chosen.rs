//! What administrators have set of one directory, on top of its file: from a form or a record to
//! values, and from file and values to the settings that decide. Not here: when it is in force.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::{Guard, Provenance};
use crate::points::{Level, Lifetime, Method, MethodPolicy, Points, Settings};

/// What was set in the portal. What is not here is as the file or the default says.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Chosen {
    /// The Required Authentication Level score, 1 to 1000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub required_level: Option<u16>,
    /// Names of the methods that a sign-in starts with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<Vec<String>>,
    /// Points by name of the method, 0 to 1000.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub points: BTreeMap<String, u16>,
    /// How long a device is remembered, in days, 1 to 365.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remembered_device_days: Option<u16>,
}

/// A record that this version cannot read: nothing of it is used.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "a saved revision holds {0}, which is not a setting of this version: stop the gateway and go back, with 0 to files alone: `scoregate recover policy --directory NAME --to 0`"
)]
pub struct Unreadable(pub String);

/// One setting of a directory.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Field {
    RequiredLevel,
    First,
    Points(Method),
    RememberedDevice,
}

impl Field {
    /// Every setting that the portal has, in the order of its page.
    pub fn all() -> impl Iterator<Item = Self> {
        [Self::RequiredLevel, Self::First, Self::RememberedDevice]
            .into_iter()
            .chain(PRICED.map(Self::Points))
    }

    /// Its path in files, below `directory.NAME.authentication`.
    #[must_use]
    pub fn path(self) -> String {
        match self {
            Self::RequiredLevel => "required_level".to_owned(),
            Self::First => "first".to_owned(),
            Self::Points(method) => format!("points.{method}"),
            Self::RememberedDevice => "lifetime.remembered_device".to_owned(),
        }
    }

    /// Its name in forms.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::RequiredLevel => "required_level".to_owned(),
            Self::First => "first".to_owned(),
            Self::Points(method) => format!("points_{method}"),
            Self::RememberedDevice => "remembered_device_days".to_owned(),
        }
    }
}

/// The methods that the portal prices, in the order of GRIP's page. A token has its own cap.
const PRICED: [Method; 8] = [
    Method::Password,
    Method::Sms,
    Method::Email,
    Method::Totp,
    Method::Passkey,
    Method::SecurityKey,
    Method::RecoveryCode,
    Method::RememberedDevice,
];

/// What can begin a sign-in.
const FIRST: [Method; 6] = [
    Method::Password,
    Method::Passkey,
    Method::SecurityKey,
    Method::Totp,
    Method::Sms,
    Method::Email,
];

/// The settings of one directory that a file sets, each with its place.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Locks {
    places: BTreeMap<Field, String>,
    /// Everything comes from files.
    read_only: bool,
}

impl Locks {
    /// From where the configuration says that each setting comes from.
    #[must_use]
    pub fn of(directory: &str, provenance: &Provenance, read_only: bool) -> Self {
        let place = |field: Field| {
            let path = format!("directory.{directory}.authentication.{}", field.path());
            let spot = provenance.of(&path)?.spot.as_ref()?;
            Some((field, spot.brief()))
        };
        Self { places: Field::all().filter_map(place).collect(), read_only }
    }

    /// Where a setting is written; `None`: nowhere.
    #[must_use]
    pub fn place(&self, field: Field) -> Option<&str> {
        self.places.get(&field).map(String::as_str)
    }

    #[must_use]
    pub fn locks(&self, field: Field) -> bool {
        self.read_only || self.places.contains_key(&field)
    }

    #[must_use]
    pub const fn is_read_only(&self) -> bool {
        self.read_only
    }
}

/// What is wrong with a draft: which field, what was typed, and why.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Problem {
    /// Not a whole number within these bounds.
    NotANumber { field: Field, typed: String, least: u16, most: u16 },
    /// A sign-in would start with nothing.
    NoFirst,
    /// A file sets it.
    Locked { field: Field, place: Option<String> },
    /// Below `guard.min_required_level`.
    BelowFloor { typed: u16, floor: u16 },
    /// A method of `guard.never_alone` would be enough by itself.
    Alone { method: Method, points: u16, required: u16 },
}

/// Reads a draft: each field as it was typed. Fields that are not there, or as the file's, are left to
/// the file; what is locked cannot be set to anything else, and stays as the `running` choice has it,
/// which waits until the line is gone.
///
/// # Errors
/// Every problem, in the order of the page.
pub fn draft(
    typed: impl Fn(&str) -> Option<String>,
    file: &Settings,
    locks: &Locks,
    guard: &Guard,
    running: &Chosen,
) -> Result<Chosen, Vec<Problem>> {
    let mut reading = Reading { typed: &typed, problems: Vec::new() };
    let mut chosen = Chosen {
        required_level: reading.number(Field::RequiredLevel, 1, Level::MAX.value()),
        first: reading.first(),
        points: BTreeMap::new(),
        remembered_device_days: reading.number(Field::RememberedDevice, 1, 365),
    };
    for method in PRICED {
        let points = reading.number(Field::Points(method), 0, Points::MAX.value());
        chosen.points.extend(points.map(|points| (method.name().to_owned(), points)));
    }
    let mut problems = reading.problems;
    chosen.leave_to(file, locks, &mut problems);
    problems.extend(chosen.below_floor(file, locks, guard));
    chosen.keep_locked(running, locks);
    if problems.is_empty() { Ok(chosen) } else { Err(problems) }
}

struct Reading<'a, F> {
    typed: &'a F,
    problems: Vec<Problem>,
}

impl<F: Fn(&str) -> Option<String>> Reading<'_, F> {
    /// Digits and nothing else: `1.5`, `-1`, `"20"` and `2^31` are not repaired, because two people would
    /// repair them differently.
    fn number(&mut self, field: Field, least: u16, most: u16) -> Option<u16> {
        let typed = (self.typed)(&field.name())?;
        let text = typed.trim();
        let is_whole =
            !text.is_empty() && text.len() <= 9 && text.bytes().all(|b| b.is_ascii_digit());
        let number = is_whole.then(|| text.parse::<u32>().ok()).flatten();
        let within = number.and_then(|number| u16::try_from(number).ok());
        let within = within.filter(|number| (least..=most).contains(number));
        if within.is_none() {
            let typed = text.chars().take(40).collect();
            self.problems.push(Problem::NotANumber { field, typed, least, most });
        }
        within
    }

    /// Boxes that are ticked; a form that has none of them at all says nothing about it.
    fn first(&mut self) -> Option<Vec<String>> {
        (self.typed)("first")?;
        let ticked = |method: &Method| (self.typed)(&format!("first_{method}")).is_some();
        let first: Vec<_> = FIRST.into_iter().filter(ticked).collect();
        if first.is_empty() {
            self.problems.push(Problem::NoFirst);
        }
        Some(first.iter().map(|method| method.name().to_owned()).collect())
    }
}

impl Chosen {
    /// Drops what a file sets or the default already is.
    fn leave_to(&mut self, file: &Settings, locks: &Locks, problems: &mut Vec<Problem>) {
        for field in Field::all() {
            let is_same =
                !self.sets(field) || self.alone(field).over(file).is_ok_and(|set| set == *file);
            if !is_same && locks.locks(field) {
                let place = locks.place(field).map(str::to_owned);
                problems.push(Problem::Locked { field, place });
            }
            if is_same || locks.locks(field) {
                self.clear(field);
            }
        }
    }

    /// What is locked is another's to change: it is as it was.
    fn keep_locked(&mut self, running: &Self, locks: &Locks) {
        for field in Field::all().filter(|field| locks.locks(*field)) {
            match field {
                Field::RequiredLevel => self.required_level = running.required_level,
                Field::First => self.first.clone_from(&running.first),
                Field::Points(method) => {
                    let kept = running.points.get_key_value(method.name());
                    self.points.extend(kept.map(|(name, points)| (name.clone(), *points)));
                }
                Field::RememberedDevice => {
                    self.remembered_device_days = running.remembered_device_days;
                }
            }
        }
    }

    /// Whether it says anything of a setting.
    #[must_use]
    pub fn sets(&self, field: Field) -> bool {
        match field {
            Field::RequiredLevel => self.required_level.is_some(),
            Field::First => self.first.is_some(),
            Field::Points(method) => self.points.contains_key(method.name()),
            Field::RememberedDevice => self.remembered_device_days.is_some(),
        }
    }

    fn clear(&mut self, field: Field) {
        match field {
            Field::RequiredLevel => self.required_level = None,
            Field::First => self.first = None,
            Field::Points(method) => drop(self.points.remove(method.name())),
            Field::RememberedDevice => self.remembered_device_days = None,
        }
    }

    fn alone(&self, field: Field) -> Self {
        let mut alone = self.clone();
        for other in Field::all().filter(|other| *other != field) {
            alone.clear(other);
        }
        alone
    }

    fn below_floor(&self, file: &Settings, locks: &Locks, guard: &Guard) -> Vec<Problem> {
        let Ok(settings) = self.over(file) else { return Vec::new() };
        let required = settings.required_level.value();
        let mut problems = Vec::new();
        let floor = guard.min_required_level.value();
        let is_open = |field| locks.place(field).is_none();
        if is_open(Field::RequiredLevel) && required < floor {
            problems.push(Problem::BelowFloor { typed: required, floor });
        }
        for method in guard.never_alone.iter() {
            let points = settings.policy(method).points.value();
            let can_differ = is_open(Field::RequiredLevel) || is_open(Field::Points(method));
            if can_differ && points >= required {
                problems.push(Problem::Alone { method, points, required });
            }
        }
        problems
    }

    /// What a file says, with this on top.
    ///
    /// # Errors
    /// A record of another version, or one that was changed by hand.
    pub fn over(&self, file: &Settings) -> Result<Settings, Unreadable> {
        let mut settings = file.clone();
        if let Some(level) = self.required_level {
            let level = Level::new(level).filter(|level| *level > Level::ZERO);
            settings.required_level = level.ok_or_else(|| Unreadable("a level".to_owned()))?;
        }
        if let Some(first) = &self.first {
            settings.first = first.iter().map(|name| method(name)).collect::<Result<_, _>>()?;
            if settings.first.is_empty() {
                return Err(Unreadable("no first method".to_owned()));
            }
        }
        for (name, points) in &self.points {
            let method = method(name)?;
            let points =
                Points::new(*points).ok_or_else(|| Unreadable(format!("points of {name}")))?;
            let lifetime = settings.policy(method).lifetime;
            settings.set(method, MethodPolicy { points, lifetime });
        }
        if let Some(days) = self.remembered_device_days {
            let points = settings.policy(Method::RememberedDevice).points;
            let lifetime = Lifetime::For(Duration::from_secs(86_400 * u64::from(days)));
            settings.set(Method::RememberedDevice, MethodPolicy { points, lifetime });
        }
        Ok(settings)
    }
}

fn method(name: &str) -> Result<Method, Unreadable> {
    let method = name.parse::<Method>().map_err(|_| Unreadable(format!("the method {name}")))?;
    if method == Method::Token {
        Err(Unreadable("points of tokens".to_owned()))
    } else {
        Ok(method)
    }
}

/// The settings that decide: what the file sets is the file's, and no floor is passed. Layers are laid at
/// every change, never copied: a line that goes from the file gives way to what was chosen.
///
/// # Errors
/// What was chosen cannot be read; the caller keeps what was in force.
pub fn effective(
    file: &Settings,
    locks: &Locks,
    guard: &Guard,
    chosen: Option<&Chosen>,
) -> Result<Settings, Unreadable> {
    let mut left = chosen.cloned().unwrap_or_default();
    for field in Field::all().filter(|field| locks.locks(*field)) {
        left.clear(field);
    }
    let mut settings = left.over(file)?;
    keep_floors(&mut settings, locks, guard);
    Ok(settings)
}

/// No floor is passed by a default, nor by a revision from before the floor was raised. What a file writes is
/// the file's: where it writes a method's points, the level goes above them.
fn keep_floors(settings: &mut Settings, locks: &Locks, guard: &Guard) {
    let is_open = |field| locks.place(field).is_none();
    let (open, written): (Vec<Method>, Vec<Method>) =
        guard.never_alone.iter().partition(|method| is_open(Field::Points(*method)));
    if is_open(Field::RequiredLevel) {
        let above = |method: Method| {
            let points = settings.policy(method).points.value();
            Level::new(points.saturating_add(1)).unwrap_or(Level::MAX)
        };
        let floors = written.into_iter().map(above).chain([guard.min_required_level]);
        settings.required_level = floors.fold(settings.required_level, Level::max);
    }
    let required = settings.required_level.value();
    for method in open {
        let MethodPolicy { points, lifetime } = settings.policy(method);
        if points.value() >= required {
            let points = Points::new(required.saturating_sub(1)).unwrap_or(Points::ZERO);
            settings.set(method, MethodPolicy { points, lifetime });
        }
    }
}
