//! Rules of settings, as tables. Not here: what every store must do (`store::contract`).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;

use super::*;
use crate::accounts::{DirectoryName, StoreError, UserName};
use crate::config::{Guard, LoadRequest, Provenance, load};
use crate::points::{Channel, CredentialId, Enrolled, Level, Method, MethodPolicy, MethodSet};
use crate::points::{Points, Settings, Timestamp};

/// Keeps revisions in memory and knows no users: for rooms that need some settings.
#[derive(Debug, Default)]
struct Nowhere {
    revisions: Mutex<Revisions>,
    owners: Mutex<Vec<Vec<Enrolled>>>,
    /// What is written can not be read any more.
    is_failing: std::sync::atomic::AtomicBool,
}

impl Nowhere {
    fn all(&self) -> std::sync::MutexGuard<'_, Revisions> {
        self.revisions.lock().unwrap()
    }

    fn newest(&self, directory: &DirectoryName) -> u64 {
        let all = self.all();
        let read = all.read.iter().map(|revision| (&revision.directory, revision.number));
        let all = read.chain(all.unreadable.iter().map(|(of, number)| (of, *number)));
        all.filter(|(of, _)| *of == directory).map(|(_, number)| number).max().unwrap_or(0)
    }
}

#[async_trait]
impl SettingsStore for Nowhere {
    async fn revisions(&self) -> Result<Revisions, StoreError> {
        if self.is_failing.load(std::sync::atomic::Ordering::SeqCst) {
            return Err(StoreError::Unreadable { what: "row" });
        }
        Ok(self.all().clone())
    }

    async fn add_revision(&self, new: NewRevision, known: u64) -> Result<Added, StoreError> {
        let last = self.newest(&new.directory);
        if last != known {
            return Ok(Added::Overtaken);
        }
        self.all().read.push(new.numbered(last + 1));
        Ok(Added::Revision(last + 1))
    }

    async fn mark_revision(
        &self,
        directory: &DirectoryName,
        number: u64,
        mark: Mark,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut all = self.all();
        let mut own = all.read.iter_mut().filter(|one| one.directory == *directory);
        let Some(one) = own.find(|one| one.number == number) else { return Ok(false) };
        let slot = match mark {
            Mark::Started => &mut one.started_at,
            Mark::Confirmed => &mut one.confirmed_at,
            Mark::Ended => &mut one.ended_at,
        };
        Ok(slot.replace(now).is_none())
    }

    async fn go_back(
        &self,
        directory: &DirectoryName,
        to: Option<NewRevision>,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let number = self.newest(directory) + 1;
        let mut all = self.all();
        for one in all.read.iter_mut().filter(|one| one.directory == *directory) {
            one.ended_at.get_or_insert(now);
        }
        all.unreadable.retain(|(of, _)| of != directory);
        let Some(to) = to else { return Ok(0) };
        all.read.push(to.numbered(number));
        Ok(number)
    }

    async fn owners(&self, _: &DirectoryName) -> Result<Vec<Vec<Enrolled>>, StoreError> {
        if self.is_failing.load(std::sync::atomic::Ordering::SeqCst) {
            return Err(StoreError::Unreadable { what: "row" });
        }
        Ok(self.owners.lock().unwrap().clone())
    }

    async fn groups(&self, _: &DirectoryName) -> Result<Vec<Group>, StoreError> {
        Ok(Vec::new())
    }

    async fn users_with(
        &self,
        _: &DirectoryName,
        _: &[MethodSet],
        _: u32,
    ) -> Result<Vec<UserName>, StoreError> {
        Ok(Vec::new())
    }

    async fn note_sign_in(
        &self,
        _: &DirectoryName,
        _: MethodSet,
        _: Timestamp,
    ) -> Result<(), StoreError> {
        Ok(())
    }

    async fn sign_ins(&self, _: &DirectoryName, _: Timestamp) -> Result<Vec<SignIns>, StoreError> {
        Ok(Vec::new())
    }
}

/// Policies that hold nothing yet.
pub(crate) fn policies() -> Policies {
    let opened = Policies::open(Arc::new(Nowhere::default()));
    futures_util::FutureExt::now_or_never(opened).unwrap().unwrap()
}

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
const MINUTE: Duration = Duration::from_secs(60);

fn level(value: u16) -> Level {
    Level::new(value).unwrap()
}

fn set(methods: &[Method]) -> MethodSet {
    methods.iter().copied().collect()
}

fn no_guard() -> Guard {
    Guard { min_required_level: level(1), never_alone: MethodSet::EMPTY }
}

fn typed(fields: &[(&str, &str)]) -> impl Fn(&str) -> Option<String> {
    let fields: BTreeMap<String, String> =
        fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    move |name| fields.get(name).cloned()
}

fn read(fields: &[(&str, &str)]) -> Result<Chosen, Vec<Problem>> {
    draft(typed(fields), &Settings::standard(), &Locks::default(), &no_guard(), &Chosen::default())
}

/// The provenance of a file that sets the required level.
fn locked() -> Provenance {
    provenance("authentication.required_level = 30\n")
}

/// The provenance of a file with these lines for `staff`.
fn provenance(lines: &str) -> Provenance {
    let text = format!(
        "[listen.http]\naddress = \"127.0.0.1:0\"\nserve = \"routes\"\n\
         [directory.staff]\n{lines}"
    );
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("scoregate.toml");
    std::fs::write(&file, text).unwrap();
    load(&LoadRequest {
        file: Some(file),
        environment: BTreeMap::new(),
        overrides: Vec::new(),
        allow_plain_secrets: false,
        check_environment: false,
        now: NOW,
    })
    .provenance
}

#[test]
fn points_are_whole_numbers_from_0_to_1000_and_nothing_is_repaired() {
    for (text, taken) in [
        ("0", true),
        ("1000", true),
        (" 20 ", true),
        ("-1", false),
        ("1.5", false),
        ("\"20\"", false),
        ("2147483648", false),
        ("4294967316", false),
        ("1001", false),
        ("", false),
        ("1e2", false),
        ("+5", false),
        ("٢٠", false),
    ] {
        let read = read(&[("points_sms", text)]);
        assert_eq!(read.is_ok(), taken, "{text:?}: {read:?}");
        if !taken {
            let expected = Field::Points(Method::Sms);
            assert!(
                matches!(&*read.unwrap_err(), [Problem::NotANumber { field, .. }] if *field == expected)
            );
        }
    }
    for (text, taken) in [("0", false), ("1", true), ("1001", false)] {
        assert_eq!(read(&[("required_level", text)]).is_ok(), taken, "{text}");
    }
    assert_eq!(read(&[("first", "1")]), Err(vec![Problem::NoFirst]));
}

#[test]
fn what_is_as_the_file_says_is_left_to_the_file() {
    let same = [("required_level", "30"), ("points_password", "20"), ("points_sms", "10")];
    assert_eq!(read(&same), Ok(Chosen::default()));
    let chosen = read(&[("required_level", "40"), ("points_password", "20")]).unwrap();
    assert_eq!((chosen.required_level, chosen.points.len()), (Some(40), 0));
}

#[test]
fn a_file_beats_the_portal_setting_by_setting() {
    let locks = Locks::of("staff", &locked(), false);
    assert!(locks.place(Field::RequiredLevel).unwrap().ends_with("scoregate.toml:5"));
    assert_eq!(locks.place(Field::Points(Method::Sms)), None);
    let file = Settings::standard();
    let read = |fields: &[(&str, &str)], running: &Chosen| {
        draft(typed(fields), &file, &locks, &no_guard(), running)
    };
    let refused = read(&[("required_level", "40")], &Chosen::default());
    assert!(matches!(&*refused.unwrap_err(), [Problem::Locked { place: Some(_), .. }]));
    // The same value is no change, and a stored one waits until the line is gone.
    let fields = [("required_level", "30"), ("points_sms", "15")];
    assert_eq!(read(&fields, &Chosen::default()).unwrap().required_level, None);
    let chosen = Chosen { required_level: Some(40), ..Chosen::default() };
    let both = read(&fields, &chosen).unwrap();
    assert_eq!(both.required_level, Some(40), "a save does not destroy what waits");
    assert_eq!(both.points["sms"], 15);
    let with = |locks: &Locks| effective(&file, locks, &no_guard(), Some(&chosen)).unwrap();
    assert_eq!(with(&locks).required_level, level(30));
    assert_eq!(with(&Locks::default()).required_level, level(40));
    let read_only = Locks::of("other", &locked(), true);
    assert_eq!(with(&read_only), file, "read_only locks everything");
}

#[test]
fn no_floor_is_passed_by_a_draft_or_by_what_was_saved_before_it() {
    let guard = Guard { min_required_level: level(30), never_alone: set(&[Method::Email]) };
    let file = Settings::standard();
    let read = |fields: &[(&str, &str)]| {
        draft(typed(fields), &file, &Locks::default(), &guard, &Chosen::default())
    };
    let low = read(&[("required_level", "20")]);
    assert_eq!(low, Err(vec![Problem::BelowFloor { typed: 20, floor: 30 }]));
    let alone = read(&[("points_email", "30")]);
    assert!(matches!(&*alone.unwrap_err(), [Problem::Alone { method: Method::Email, .. }]));
    let saved = Chosen {
        required_level: Some(20),
        points: BTreeMap::from([("email".to_owned(), 50)]),
        ..Chosen::default()
    };
    let in_force = effective(&file, &Locks::default(), &guard, Some(&saved)).unwrap();
    assert_eq!(in_force.required_level, level(30));
    assert_eq!(in_force.policy(Method::Email).points.value(), 29);
}

#[test]
fn a_floor_holds_for_every_field_that_no_file_locks_also_with_nothing_chosen() {
    let guard = Guard { min_required_level: level(40), ..no_guard() };
    let file = Settings::standard();
    let open = Locks::default();
    for chosen in [None, Some(&Chosen::default())] {
        let settings = effective(&file, &open, &guard, chosen).unwrap();
        assert_eq!(settings.required_level, level(40), "{chosen:?}");
    }
    let back = draft(typed(&[("required_level", "30")]), &file, &open, &guard, &Chosen::default());
    assert_eq!(back, Err(vec![Problem::BelowFloor { typed: 30, floor: 40 }]));
    let locks = Locks::of("staff", &locked(), false);
    let written = effective(&file, &locks, &guard, Some(&Chosen::default())).unwrap();
    assert_eq!(written.required_level, level(30), "what the file writes is the file's");
}

#[test]
fn a_method_that_is_never_alone_is_not_where_a_file_locks_its_points() {
    let guard = Guard { never_alone: set(&[Method::Email]), ..no_guard() };
    let mut file = with_points(Settings::standard(), Method::Email, 15);
    file.first = set(&[Method::Password, Method::Email]);
    let text = "authentication.points.email = 15\n";
    let locks = Locks::of("staff", &provenance(text), false);
    let typed = typed(&[("required_level", "15")]);
    let refused = draft(typed, &file, &locks, &guard, &Chosen::default());
    assert!(matches!(&*refused.unwrap_err(), [Problem::Alone { method: Method::Email, .. }]));
    let saved = Chosen { required_level: Some(15), ..Chosen::default() };
    let settings = effective(&file, &locks, &guard, Some(&saved)).unwrap();
    assert_eq!(settings.policy(Method::Email).points.value(), 15);
    assert_eq!(settings.required_level, level(16), "the level goes above it");
}

#[test]
fn a_record_that_cannot_be_read_is_used_for_nothing() {
    let file = Settings::standard();
    let nothing = Locks::default();
    for broken in [
        Chosen { required_level: Some(0), ..Chosen::default() },
        Chosen { required_level: Some(1001), ..Chosen::default() },
        Chosen { first: Some(vec![]), ..Chosen::default() },
        Chosen { first: Some(vec!["pasword".to_owned()]), ..Chosen::default() },
        Chosen { points: BTreeMap::from([("sms".to_owned(), 1001)]), ..Chosen::default() },
        Chosen { points: BTreeMap::from([("token".to_owned(), 1)]), ..Chosen::default() },
    ] {
        assert!(effective(&file, &nothing, &no_guard(), Some(&broken)).is_err(), "{broken:?}");
    }
    assert!(serde_json::from_str::<Chosen>(r#"{"required_level": 30, "later": 1}"#).is_err());
}

/// A revision of `staff`, saved at `NOW` plus its number of minutes.
fn revision(number: u64) -> Revision {
    let minutes = u32::try_from(number).unwrap();
    Revision {
        directory: "staff".into(),
        number,
        author: "anna".to_owned(),
        at: NOW.after(MINUTE * minutes),
        reason: String::new(),
        chosen: Chosen::default(),
        report_only: false,
        starts_at: None,
        started_at: Some(NOW.after(MINUTE * minutes)),
        confirm_by: None,
        confirmed_at: None,
        ended_at: None,
    }
}

fn running_at(revisions: &[Revision], minutes: u32) -> u64 {
    running(revisions, "staff", NOW.after(MINUTE * minutes)).map_or(0, |one| one.number)
}

#[test]
fn what_is_in_force_is_a_function_of_the_instant() {
    let to_confirm = Revision { confirm_by: Some(NOW.after(MINUTE * 12)), ..revision(2) };
    let unconfirmed = [revision(1), to_confirm.clone()];
    for (minutes, number) in [(2, 2), (11, 2), (12, 1), (1000, 1)] {
        assert_eq!(running_at(&unconfirmed, minutes), number, "{minutes}");
    }
    let confirmed = Revision { confirmed_at: Some(NOW.after(MINUTE * 5)), ..to_confirm };
    assert_eq!(running_at(&[revision(1), confirmed], 1000), 2);
    let report = Revision { report_only: true, started_at: None, ..revision(2) };
    assert_eq!(running_at(&[revision(1), report], 1000), 1, "a draft never decides");
    let scheduled =
        Revision { starts_at: Some(NOW.after(MINUTE * 30)), started_at: None, ..revision(2) };
    assert_eq!(running_at(&[revision(1), scheduled.clone()], 1000), 1, "it was not started");
    let started = Revision { started_at: Some(NOW.after(MINUTE * 30)), ..scheduled };
    let later = [revision(1), started.clone(), revision(3)];
    assert_eq!(running_at(&later, 30), 2, "by start, not number");
    let ended = Revision { ended_at: Some(NOW), ..started };
    assert_eq!(running_at(&[revision(1), ended], 1000), 1);
    assert_eq!(running(&[revision(1)], "customers", NOW.after(MINUTE * 5)), None);
}

#[tokio::test]
async fn two_who_save_at_once_are_one_who_saves_and_one_who_is_told() {
    let policies = policies();
    let wish = |author: &str| Wish {
        directory: "staff".into(),
        chosen: Chosen { required_level: Some(40), ..Chosen::default() },
        author: author.to_owned(),
        reason: String::new(),
        base: 0,
        report_only: false,
        starts_at: None,
        to_confirm: false,
    };
    assert_eq!(policies.save(wish("anna"), NOW).await.unwrap().number, 1);
    assert!(matches!(policies.save(wish("piet"), NOW).await, Err(SaveError::Overtaken)));
    assert_eq!(policies.history("staff").len(), 1);
    let late = Wish { base: 1, starts_at: Some(NOW), ..wish("piet") };
    assert!(matches!(policies.save(late, NOW).await, Err(SaveError::InThePast)));
    let back = policies.recover(&"staff".into(), 0, "cli", NOW.after(MINUTE)).await.unwrap();
    assert_eq!((back, policies.running("staff", NOW.after(MINUTE))), (Some(0), None));
    let again = policies.recover(&"staff".into(), 1, "cli", NOW.after(MINUTE)).await.unwrap();
    assert_eq!(again, Some(2));
    assert_eq!(
        policies.running("staff", NOW.after(MINUTE)).unwrap().chosen.required_level,
        Some(40)
    );
    assert_eq!(policies.recover(&"staff".into(), 9, "cli", NOW).await.unwrap(), None);
}

#[tokio::test]
async fn what_was_stored_is_in_force_also_if_the_store_cannot_be_read_after_it() {
    let store = Arc::new(Nowhere::default());
    let policies = Policies::open(store.clone()).await.unwrap();
    let told = Arc::new(Mutex::new(0));
    let count = told.clone();
    policies.when_changed(move || *count.lock().unwrap() += 1);
    store.is_failing.store(true, std::sync::atomic::Ordering::SeqCst);
    let to_confirm = Wish { to_confirm: true, ..wish(0) };
    assert_eq!(policies.save(to_confirm, NOW).await.unwrap().number, 1);
    let staff = "staff".into();
    assert!(policies.mark(&staff, 1, Mark::Confirmed, NOW).await.unwrap());
    assert_eq!(policies.running("staff", NOW.after(MINUTE * 60)).unwrap().number, 1);
    assert_eq!(policies.recover(&staff, 0, "cli", NOW).await.unwrap(), Some(0));
    assert_eq!((policies.running("staff", NOW), *told.lock().unwrap()), (None, 3));
    store.is_failing.store(false, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(store.revisions().await.unwrap().read, policies.history("staff"));
}

/// The shortest file: no messages, so that an owner has 30 at most.
fn shortest() -> Ground {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("scoregate.toml");
    std::fs::write(&file, include_str!("../../config/minimal.toml")).unwrap();
    let loaded = load(&LoadRequest {
        file: Some(file),
        environment: BTreeMap::new(),
        overrides: Vec::new(),
        allow_plain_secrets: false,
        check_environment: false,
        now: NOW,
    });
    Ground { config: Arc::new(loaded.config.unwrap()), provenance: Arc::new(loaded.provenance) }
}

#[tokio::test]
async fn a_scheduled_change_starts_at_its_hour_unless_something_speaks_against_it_by_then() {
    let (ground, store) = (shortest(), Arc::new(Nowhere::default()));
    *store.owners.lock().unwrap() = vec![having(&[Method::Password, Method::Totp])];
    let policies = Policies::open(store.clone()).await.unwrap();
    let fail = |fails| store.is_failing.store(fails, std::sync::atomic::Ordering::SeqCst);
    for (base, level) in [(0, 40), (1, 25), (2, 26)] {
        let starts_at = Some(NOW.after(MINUTE * 10 * (u32::try_from(base).unwrap() + 1)));
        let chosen = Chosen { required_level: Some(level), ..Chosen::default() };
        let later = Wish { starts_at, chosen, ..wish(base) };
        assert_eq!(policies.save(later, NOW).await.unwrap().number, base + 1);
    }
    let at = async |minutes: u32| {
        let now = NOW.after(MINUTE * minutes);
        let told = policies.start_due(&ground, now).await;
        let told = told.iter().map(|(one, became)| (one.number, became.as_ref().ok().copied()));
        let running = policies.running("staff", now).map_or(0, |one| one.number);
        (told.collect::<Vec<_>>(), running)
    };
    assert_eq!(at(9).await, (vec![], 0));
    fail(true);
    assert_eq!(at(10).await, (vec![(1, None)], 0), "nobody knows who could come back");
    fail(false);
    assert_eq!(at(11).await, (vec![(1, Some(Became::Blocked))], 0), "its hour is not missed");
    assert_eq!(at(12).await, (vec![], 0), "once");
    assert_eq!(at(20).await, (vec![(2, Some(Became::Started))], 2));
    assert_eq!(at(30).await, (vec![(3, Some(Became::Overtaken))], 2), "drafted before 2 began");
}

#[tokio::test]
async fn what_cannot_be_read_stops_the_start_and_is_in_nobodys_way_back() {
    let store = Arc::new(Nowhere::default());
    let policies = Policies::open(store.clone()).await.unwrap();
    assert_eq!(policies.save(wish(0), NOW).await.unwrap().number, 1);
    store.all().unreadable.push(("staff".into(), 2));
    let refused = Policies::open(store.clone()).await.unwrap_err().to_string();
    assert!(refused.contains("revision 2 of directory `staff`"), "{refused}");
    let recovering = Policies::open_to_recover(store.clone()).await.unwrap();
    let back = recovering.recover(&"staff".into(), 1, "cli", NOW).await.unwrap();
    assert_eq!((back, recovering.running("staff", NOW).unwrap().number), (Some(3), 3));
    assert_eq!(Policies::open(store.clone()).await.unwrap().history("staff").len(), 2);
    store.is_failing.store(true, std::sync::atomic::Ordering::SeqCst);
    assert!(Policies::open_to_recover(store).await.is_err(), "nothing is known of it");
}

fn wish(base: u64) -> Wish {
    Wish {
        directory: "staff".into(),
        chosen: Chosen { required_level: Some(40), ..Chosen::default() },
        author: "anna".to_owned(),
        reason: String::new(),
        base,
        report_only: false,
        starts_at: None,
        to_confirm: false,
    }
}

#[tokio::test]
async fn a_clock_that_is_set_back_brings_no_older_revision() {
    let policies = policies();
    let number = |now| policies.running("staff", now).map_or(0, |one| one.number);
    let fast = NOW.after(MINUTE * 60);
    assert_eq!(policies.save(wish(0), fast).await.unwrap().number, 1);
    assert_eq!(number(NOW), 1, "what has started has started");
    assert_eq!(policies.save(wish(1), NOW).await.unwrap().number, 2);
    assert_eq!((number(NOW), number(fast.after(MINUTE))), (2, 2));
    let later = Wish { starts_at: Some(NOW.after(MINUTE)), ..wish(2) };
    assert_eq!(policies.save(later, NOW).await.unwrap().number, 3);
    let due = NOW.after(MINUTE);
    assert!(policies.mark(&"staff".into(), 3, Mark::Started, due).await.unwrap());
    assert_eq!((number(due), number(fast.after(MINUTE))), (3, 3));
}

#[tokio::test]
async fn a_change_that_nobody_confirmed_ends_once_and_for_good() {
    let policies = policies();
    let to_confirm = |base| Wish { to_confirm: true, ..wish(base) };
    let number = |now| policies.running("staff", now).map_or(0, |one| one.number);
    let deadline = policies.save(to_confirm(0), NOW).await.unwrap().confirm_by.unwrap();
    let before = deadline.before(Duration::from_millis(1));
    assert_eq!(policies.end_lapsed(before).await.unwrap(), []);
    assert_eq!(number(before), 1);
    let ended = policies.end_lapsed(deadline.after(MINUTE)).await.unwrap();
    assert_eq!(ended.iter().map(|one| one.number).collect::<Vec<_>>(), [1]);
    assert_eq!(policies.end_lapsed(deadline.after(MINUTE)).await.unwrap(), [], "told once");
    assert_eq!(number(before), 0, "the clock was set back");
    let standing = policies.history("staff")[0].standing(before);
    assert_eq!(standing, Standing::Lapsed, "and the history says why");
    let called_off = Revision { ended_at: Some(before), ..policies.history("staff")[0].clone() };
    assert_eq!(called_off.standing(deadline), Standing::Ended);
}

#[test]
fn what_started_since_a_change_was_drafted_overtakes_it() {
    let scheduled = Revision { started_at: None, ..revision(5) };
    let minute = |minutes: u32| NOW.after(MINUTE * minutes);
    let with = |number, starts_at, started_at| Revision {
        starts_at,
        started_at: Some(started_at),
        ..revision(number)
    };
    for (running, overtakes, why) in [
        (with(6, None, minute(6)), true, "it was saved later"),
        (with(4, None, minute(4)), false, "it was drafted on this one"),
        (with(4, None, minute(60)), false, "the same, and the clock was set back since"),
        (with(4, Some(minute(8)), minute(8)), true, "scheduled before, started since"),
        (with(4, Some(minute(3)), minute(3)), false, "scheduled and started before"),
        (scheduled.clone(), false, "itself"),
    ] {
        assert_eq!(scheduled.is_overtaken_by(&running), overtakes, "{why}");
    }
}

/// Three have a password alone, five with e-mail, two an app as well; one of the last owns the gateway.
fn groups() -> Vec<Group> {
    use Method::{Email, Password, Totp};
    vec![
        Group { methods: set(&[Password]), users: 3, owners: 0 },
        Group { methods: set(&[Password, Email]), users: 5, owners: 0 },
        Group { methods: set(&[Password, Email, Totp]), users: 2, owners: 1 },
    ]
}

/// Each by means of its own, and past probation.
fn having(methods: &[Method]) -> Vec<Enrolled> {
    let one = |method: &Method| Enrolled {
        method: *method,
        credential: CredentialId(method.name().into()),
        channel: Channel::Credential(method.name().into()),
        kinds: method.kinds(),
        enrolled_at: None,
    };
    methods.iter().map(one).collect()
}

fn judged(draft: &Settings, groups: &[Group], author: &[Method]) -> Preview {
    let owners = groups.iter().filter(|group| group.owners > 0);
    let owners: Vec<_> =
        owners.map(|group| having(&group.methods.iter().collect::<Vec<_>>())).collect();
    judged_with(draft, groups, &having(author), &owners, &ALL_THREE)
}

/// `at_door`: what works at the administrators' door.
fn judged_with(
    draft: &Settings,
    groups: &[Group],
    author: &[Enrolled],
    owners: &[Vec<Enrolled>],
    at_door: &[Method],
) -> Preview {
    use Method::{Email, Password, Totp};
    let author = Author { enrolled: author.to_vec(), is_of_directory: true };
    preview(&Material {
        draft,
        running: &Settings::standard(),
        usable: set(&[Password, Email, Totp]),
        groups,
        sign_ins: &[
            SignIns { methods: set(&[Password]), count: 100 },
            SignIns { methods: set(&[Password, Email]), count: 7 },
            SignIns { methods: set(&[Password, Email, Totp]), count: 4 },
        ],
        places: &[(
            "payments".to_owned(),
            crate::points::Requirement { level: level(40), ..Default::default() },
        )],
        admin: Some(Entrance { level: level(40), usable: set(at_door), owners }),
        author,
        now: NOW,
    })
}

fn asking(required: u16) -> Settings {
    let mut settings = Settings::standard();
    settings.required_level = level(required);
    settings
}

fn with_points(mut settings: Settings, method: Method, points: u16) -> Settings {
    let lifetime = settings.policy(method).lifetime;
    settings.set(method, MethodPolicy { points: Points::new(points).unwrap(), lifetime });
    settings
}

const ALL_THREE: [Method; 3] = [Method::Password, Method::Email, Method::Totp];

#[test]
fn a_preview_counts_who_can_and_who_loses_and_replays_the_week() {
    let raised = judged(&asking(40), &groups(), &ALL_THREE);
    assert_eq!(raised.ways.len(), 1);
    assert_eq!((raised.users, raised.can, raised.cannot()), (10, 2, 8));
    assert_eq!((raised.lose, raised.gain), (5, 0));
    assert_eq!(raised.replay, Replay { sign_ins: 11, same: 4, more: 7, fewer: 0 });
    assert_eq!(raised.owners_who_cannot, 0);
    assert_eq!((raised.routes[0].ways, raised.routes[0].users), (1, 2));
    let lowered = judged(&asking(20), &groups(), &ALL_THREE);
    assert_eq!((lowered.can, lowered.lose, lowered.gain), (10, 0, 3));
    assert_eq!(lowered.replay, Replay { sign_ins: 11, same: 0, more: 0, fewer: 11 });
    let same = judged(&asking(30), &groups(), &ALL_THREE);
    assert_eq!((same.can, same.lose, same.gain), (7, 0, 0));
    assert_eq!(same.replay.same, 11);
}

#[test]
fn each_warning_is_given_where_it_is_due() {
    let codes = |draft: &Settings, groups: &[Group], author: &[Method]| {
        let warnings = judged(draft, groups, author).warnings;
        warnings.iter().map(Warning::code).collect::<std::collections::BTreeSet<_>>()
    };
    let nobody = codes(&asking(50), &groups(), &ALL_THREE);
    assert!(nobody.contains("W1") && nobody.contains("W3"), "{nobody:?}");
    let not_you = codes(&asking(40), &groups(), &[Method::Password, Method::Email]);
    assert!(not_you.contains("W2") && not_you.contains("W4") && not_you.contains("W13"));
    assert!(!not_you.contains("W3"), "an owner can: {not_you:?}");
    let mut no_owner = groups();
    no_owner[2].owners = 0;
    assert!(codes(&asking(30), &no_owner, &ALL_THREE).contains("W3"));
    let low = codes(&asking(20), &groups(), &ALL_THREE);
    assert!(low.contains("W5") && low.contains("W8"), "{low:?}");
    let mut first = asking(20);
    first.first = set(&[Method::Password, Method::Email]);
    let codes_first = codes(&first, &groups(), &ALL_THREE);
    assert!(codes_first.contains("W6") && codes_first.contains("W10"), "{codes_first:?}");
    let standard = codes(&asking(30), &groups(), &ALL_THREE);
    assert!(
        standard.contains("W7") && standard.contains("W11"),
        "no notifier for sms: {standard:?}"
    );
    let no_app = with_points(asking(30), Method::Totp, 0);
    assert!(codes(&no_app, &groups(), &ALL_THREE).contains("W9"), "payments ask 40");
    assert!(judged(&asking(50), &groups(), &ALL_THREE).is_blocked());
    assert!(!judged(&asking(40), &groups(), &[Method::Password]).is_blocked());
}

#[test]
fn whether_owner_and_author_come_back_is_judged_by_what_they_really_have() {
    let ways_back = |have: &[Enrolled], at_door: &[Method]| {
        let owners = [have.to_vec()];
        let warnings = judged_with(&asking(30), &groups(), have, &owners, at_door).warnings;
        let has = |warning| !warnings.contains(&warning);
        (has(Warning::NoOwner), has(Warning::NotYou))
    };
    let all = having(&ALL_THREE);
    assert_eq!(ways_back(&all, &ALL_THREE), (true, true));
    let mut on_probation = all.clone();
    on_probation[2].enrolled_at = Some(NOW.before(MINUTE));
    assert_eq!(ways_back(&on_probation, &ALL_THREE), (false, false), "30 until tomorrow");
    let mut one_mailbox = all.clone();
    one_mailbox[0].channel = Channel::Mailbox("m".into());
    one_mailbox[1].channel = Channel::Mailbox("m".into());
    assert_eq!(ways_back(&one_mailbox, &ALL_THREE), (false, false), "the two pay once");
    let without_mail = [Method::Password, Method::Totp];
    assert_eq!(ways_back(&all, &without_mail), (false, false), "no use at this door");
    assert_eq!(ways_back(&having(&without_mail), &ALL_THREE), (false, false));
}
