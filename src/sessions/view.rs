//! Sessions in memory: what the hot path reads, and the order in which changes take effect.
//!
//! A grant is committed, then in the view, then answered. A withdrawal is in the view first, then
//! stored, then answered: if it cannot be stored, the session is dead here all the same. Tombstones
//! keep a load that overlaps a withdrawal from putting the old state back.
//!
//! Not here: rows, cookies' attributes, and whether evidence is enough.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;

use super::people::{Cell, Hold, People};
use super::record::{NameHash, NameRecord, SessionKey, SessionRecord};
use super::token::Name;
use super::{SessionLimits, SessionStore};
use crate::accounts::{Account, AccountStore, DirectoryName, StoreError, UserId, UserState};
use crate::keys::{Keyring, Purpose, Verified};
use crate::points::{Enrolled, Evidence, Proof, Timestamp};

/// An old name stands this long after the new one is first shown.
const STANDS_AFTER_SHOWN: Duration = Duration::from_secs(10);
/// And never longer than this after it was replaced.
const STANDS_AT_MOST: Duration = Duration::from_secs(60);
/// "Last seen" is written behind; it may be this much older in the store.
const SEEN_STEP: Duration = Duration::from_secs(20);
/// How long an ended session is remembered, so that no load in flight revives it.
const TOMBSTONE_AGE: Duration = Duration::from_secs(600);
/// How long the names of a session that ended unused are remembered, so that the person can be told why
/// they have to sign in. Longer than a night.
const IDLE_TOLD_FOR: Duration = Duration::from_secs(12 * 3600);
/// So many of them; of any more nobody is told.
const MOST_IDLE: usize = 100_000;
/// Names that were looked up in vain are remembered up to so many.
const MOST_MISSES: usize = 100_000;
const ALL_PROOFS: u32 = u32::MAX;
const LOCKS: usize = 64;

type Listener = Box<dyn Fn(&SessionKey) + Send + Sync>;

/// All live sessions of one gateway.
pub struct Sessions {
    store: Arc<dyn SessionStore>,
    people: People,
    names: papaya::HashMap<NameHash, Arc<Named>>,
    live: papaya::HashMap<SessionKey, Arc<Live>>,
    tombstones: papaya::HashMap<SessionKey, Timestamp>,
    misses: papaya::HashMap<NameHash, Timestamp>,
    went_idle: papaya::HashMap<NameHash, WentIdle>,
    unstored: Mutex<Unstored>,
    /// Loads of one name are single-flight.
    loading: [tokio::sync::Mutex<()>; LOCKS],
    when_ended: OnceLock<Listener>,
}

impl std::fmt::Debug for Sessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sessions").field("live", &self.live.len()).finish_non_exhaustive()
    }
}

/// Withdrawals that the store has not taken yet. They hold here, and are tried again.
#[derive(Debug, Default)]
struct Unstored {
    sessions: HashSet<SessionKey>,
    /// Everybody's whose sessions end: kept out until then.
    users: HashMap<UserId, Ending>,
}

/// The end of the sessions of a user.
#[derive(Debug)]
struct Ending {
    hold: Hold,
    at: Timestamp,
    /// Every one but this.
    but: Option<SessionKey>,
}

#[derive(Debug)]
struct Live {
    key: SessionKey,
    user: UserId,
    person: Arc<Cell>,
    directory: DirectoryName,
    created_at: Timestamp,
    ends_at: Timestamp,
    seen_millis: AtomicU64,
    stored_seen_millis: AtomicU64,
    has_ended: AtomicBool,
    proofs: Mutex<Vec<Proof>>,
    joined: ArcSwapOption<Joined>,
    /// Rises of one session happen one after the other.
    rising: tokio::sync::Mutex<()>,
}

/// A session's proofs joined with the state of its user at one generation.
#[derive(Debug)]
struct Joined {
    generation: u64,
    account: Arc<Account>,
    enrolled: Vec<Enrolled>,
    evidence: Evidence,
}

#[derive(Debug)]
struct Named {
    hash: NameHash,
    host: Box<str>,
    live: Arc<Live>,
    sees: AtomicU32,
    stands_until_millis: AtomicU64,
    /// The name that this one replaces, until this one is first shown.
    replaces: Mutex<Option<NameHash>>,
}

/// All that is left of a name whose session ended unused. Nothing leads from here to the session.
#[derive(Debug)]
struct WentIdle {
    host: Box<str>,
    noticed_at: Timestamp,
}

/// What a cookie turned out to be.
#[derive(Debug)]
pub enum Found {
    /// Nobody: no cookie, not ours, unknown, or ended.
    Nobody,
    /// It was a session, and ended because nothing was asked of it for too long.
    Idle,
    Present(Present),
}

/// A live session, as one request sees it.
#[derive(Clone, Debug)]
pub struct Present {
    named: Arc<Named>,
    joined: Arc<Joined>,
    sees: u32,
    /// Its token was signed by a key that is being retired: hand out this name anew.
    pub to_sign_anew: Option<Name>,
}

impl Present {
    #[must_use]
    pub fn key(&self) -> SessionKey {
        self.named.live.key
    }

    #[must_use]
    pub fn account(&self) -> &Account {
        &self.joined.account
    }

    #[must_use]
    pub fn directory(&self) -> &str {
        &self.named.live.directory
    }

    #[must_use]
    pub fn created_at(&self) -> Timestamp {
        self.named.live.created_at
    }

    #[must_use]
    pub fn enrolled(&self) -> &[Enrolled] {
        &self.joined.enrolled
    }

    /// What this name may show: all proofs, or those that an old name had.
    #[must_use]
    pub fn evidence(&self) -> Cow<'_, Evidence> {
        if self.is_current() {
            return Cow::Borrowed(&self.joined.evidence);
        }
        let most = usize::try_from(self.sees).unwrap_or(usize::MAX);
        let proofs = self.joined.evidence.proofs.iter().take(most).cloned().collect();
        Cow::Owned(Evidence { proofs })
    }

    /// Whether this is the session's present name. An old one reads for a few seconds, and never
    /// writes, upgrades or rises.
    #[must_use]
    pub const fn is_current(&self) -> bool {
        self.sees == ALL_PROOFS
    }

    fn renamed(&self, named: Arc<Named>) -> Self {
        let Joined { account, generation, .. } = &*self.joined;
        let joined = Arc::new(Joined::new(&named.live, account.clone(), *generation));
        Self { named, joined, sees: ALL_PROOFS, to_sign_anew: None }
    }

    /// Whether something of the session or its user has changed since this was read. No look-up.
    #[must_use]
    pub fn is_outdated(&self) -> bool {
        let live = &self.named.live;
        live.has_ended.load(Ordering::SeqCst)
            || live.person.is_held()
            || live.person.generation() != self.joined.generation
            || live.proofs().len() != self.joined.evidence.proofs.len()
    }

    /// When the session ends if nobody uses it from now on.
    #[must_use]
    pub fn ends_unused_at(&self, limits: SessionLimits) -> Timestamp {
        let live = &self.named.live;
        let seen = Timestamp::from_millis(live.seen_millis.load(Ordering::Relaxed));
        // "Longer than", so a millisecond later.
        let idle_at = seen.after(limits.idle_timeout).after(Duration::from_millis(1));
        idle_at.min(live.ends_at)
    }

    /// Something that this session opened is in use: as if there had been a request.
    pub fn is_used(&self, now: Timestamp) {
        self.named.live.saw(now);
    }

    /// For the audit.
    #[must_use]
    pub fn short_name(&self) -> String {
        self.named.hash.short()
    }
}

/// A session to begin, with its first proof.
#[derive(Debug)]
pub struct Beginning<'a> {
    pub account: &'a Account,
    pub proof: Proof,
    pub host: &'a str,
    pub user_agent: Option<&'a str>,
    pub address: Option<String>,
}

/// A session under a new name: the token is for the browser, the session for the rest of the request.
#[derive(Debug)]
pub struct NewlyNamed {
    pub name: Name,
    pub present: Present,
}

/// What became of a rise.
#[derive(Debug)]
pub enum Rise {
    /// The proof counts; the browser is to carry this name from now on.
    Renamed(Box<NewlyNamed>),
    /// The proof counts; another request of the same browser has the newer name already.
    Added,
    /// The session has ended meanwhile; nothing was added.
    Ended,
}

impl Sessions {
    #[must_use]
    pub fn new(store: Arc<dyn SessionStore>, accounts: Arc<dyn AccountStore>) -> Self {
        Self {
            store,
            people: People::new(accounts),
            names: papaya::HashMap::new(),
            live: papaya::HashMap::new(),
            tombstones: papaya::HashMap::new(),
            misses: papaya::HashMap::new(),
            went_idle: papaya::HashMap::new(),
            unstored: Mutex::default(),
            loading: std::array::from_fn(|_| tokio::sync::Mutex::default()),
            when_ended: OnceLock::new(),
        }
    }

    /// Who wants to know when a session ends: running streams. Said once, at start.
    pub fn when_ended(&self, listener: impl Fn(&SessionKey) + Send + Sync + 'static) {
        let _ = self.when_ended.set(Box::new(listener));
    }

    /// From a cookie's value to the session that it names on this host.
    ///
    /// # Errors
    /// The store did not answer: the caller refuses, since nothing is known either way.
    pub async fn find(
        &self,
        token: Option<&str>,
        host: &str,
        keys: &Keyring,
        limits: SessionLimits,
        now: Timestamp,
    ) -> Result<Found, StoreError> {
        // A forged cookie ends here and costs no look-up.
        let parsed = token.and_then(|text| Name::parse(text, Purpose::SessionName, keys, now));
        let Some((name, verified)) = parsed else {
            return Ok(Found::Nobody);
        };
        let hash = name.hash();
        let known = self.names.pin().get(&hash).cloned();
        if known.is_none() && self.is_known_idle(&hash, host) {
            return Ok(Found::Idle);
        }
        let named = match known {
            Some(named) => Some(named),
            None => self.load(hash, now).await?,
        };
        let Some(named) = named.filter(|named| *named.host == *host && named.stands(now)) else {
            return Ok(Found::Nobody);
        };
        match named.live.state(limits, now) {
            LiveState::Ended => return Ok(Found::Nobody),
            LiveState::Idle => return Ok(Found::Idle),
            LiveState::Live => {}
        }
        let Some(joined) = self.joined(&named.live).await? else {
            return Ok(Found::Nobody);
        };
        // After the evidence was read: a rise narrows the old name before it adds the proof, so a name
        // that is replaced meanwhile shows less, never more.
        let sees = named.sees.load(Ordering::SeqCst);
        if named.live.has_ended.load(Ordering::SeqCst) {
            return Ok(Found::Nobody);
        }
        named.live.saw(now);
        self.first_shown(&named, now).await;
        // Never an old name: its cookie would take the place of the newer one.
        let is_to_sign = verified == Verified::Older && sees == ALL_PROOFS;
        let to_sign_anew = is_to_sign.then_some(name);
        Ok(Found::Present(Present { named, joined, sees, to_sign_anew }))
    }

    /// The session of a request that still runs, as it is now; `None` if it has ended. All its proofs
    /// count, whatever the name that the request came under was to show: it is the same session.
    ///
    /// # Errors
    /// It is not known: the store did not answer, or something of the user is being withdrawn.
    pub async fn find_again(
        &self,
        present: &Present,
        limits: SessionLimits,
        now: Timestamp,
    ) -> Result<Option<Present>, StoreError> {
        let named = present.named.clone();
        if !matches!(named.live.state(limits, now), LiveState::Live) {
            return Ok(None);
        }
        if named.live.person.is_held() {
            return Err(StoreError::Unavailable("something of the user is being withdrawn".into()));
        }
        let Some(joined) = self.joined(&named.live).await? else { return Ok(None) };
        if named.live.has_ended.load(Ordering::SeqCst) {
            return Ok(None);
        }
        Ok(Some(Present { named, joined, sees: ALL_PROOFS, to_sign_anew: None }))
    }

    fn is_known_idle(&self, hash: &NameHash, host: &str) -> bool {
        self.went_idle.pin().get(hash).is_some_and(|idle| *idle.host == *host)
    }

    async fn load(&self, hash: NameHash, now: Timestamp) -> Result<Option<Arc<Named>>, StoreError> {
        let [first, ..] = hash.0;
        let lock = self.loading.get(usize::from(first) % LOCKS);
        let _single_flight = match lock {
            Some(lock) => Some(lock.lock().await),
            None => None,
        };
        if let Some(named) = self.names.pin().get(&hash) {
            return Ok(Some(named.clone()));
        }
        if self.misses.pin().contains_key(&hash) {
            return Ok(None);
        }
        let Some((mut session, name)) = self.store.find_session(&hash).await? else {
            self.remember_miss(hash, now);
            return Ok(None);
        };
        // Written by a clock that was ahead: no session lasts longer for it.
        session.last_seen_at = session.last_seen_at.min(now);
        Ok(self.admit_record(session, &name))
    }

    fn remember_miss(&self, hash: NameHash, now: Timestamp) {
        let misses = self.misses.pin();
        if misses.len() >= MOST_MISSES {
            misses.clear();
        }
        misses.insert(hash, now);
    }

    /// Puts what was loaded into the view, unless the session was ended while it was loading.
    fn admit_record(&self, session: SessionRecord, name: &NameRecord) -> Option<Arc<Named>> {
        let key = session.key;
        let live = self
            .live
            .pin()
            .get_or_insert_with(key, || Arc::new(Live::new(session, &self.people)))
            .clone();
        let named = Arc::new(Named::new(name, live, None));
        self.names.pin().insert(named.hash, named.clone());
        if self.tombstones.pin().contains_key(&key) {
            named.live.has_ended.store(true, Ordering::SeqCst);
            return None;
        }
        Some(named)
    }

    async fn joined(&self, live: &Live) -> Result<Option<Arc<Joined>>, StoreError> {
        let generation = live.person.generation();
        if live.person.is_held() {
            return Ok(None);
        }
        if let Some(joined) = live.joined.load_full()
            && joined.generation == generation
            && joined.evidence.proofs.len() == live.proofs().len()
        {
            return Ok(Some(joined));
        }
        let account = self.people.account(&live.user, &live.person).await?;
        let Some((account, generation)) =
            account.filter(|(account, _)| account.user.state == UserState::Active)
        else {
            return Ok(None);
        };
        let joined = Arc::new(Joined::new(live, account, generation));
        live.joined.store(Some(joined.clone()));
        Ok(Some(joined))
    }

    /// The browser has the new name: the old one has served.
    async fn first_shown(&self, named: &Named, now: Timestamp) {
        let old = {
            let mut replaces = named.replaces.lock().unwrap_or_else(PoisonError::into_inner);
            replaces.take()
        };
        let Some(old) = old else { return };
        let until = now.after(STANDS_AFTER_SHOWN);
        if let Some(old) = self.names.pin().get(&old) {
            old.stands_until_millis.fetch_min(until.as_millis(), Ordering::SeqCst);
        }
        // Lost in a crash, the old name stands for its minute: it shows nothing new.
        if let Err(error) = self.store.shorten_name(&old, until).await {
            tracing::warn!(%error, "an old session name stands for its full minute");
        }
    }

    /// Begins a session. Whoever calls has ended the one that the browser had before.
    ///
    /// # Errors
    /// Nothing was begun.
    pub async fn begin(
        &self,
        beginning: Beginning<'_>,
        limits: SessionLimits,
        now: Timestamp,
    ) -> Result<NewlyNamed, StoreError> {
        let name = Name::random();
        let session = SessionRecord {
            key: SessionKey::random(),
            user: beginning.account.user.id.clone(),
            directory: beginning.account.user.directory.clone(),
            created_at: now,
            last_seen_at: now,
            ends_at: now.after(limits.lifetime),
            proofs: vec![beginning.proof],
            user_agent: beginning.user_agent.map(|agent| agent.chars().take(200).collect()),
            address: beginning.address,
        };
        let record = NameRecord {
            hash: name.hash(),
            host: beginning.host.to_owned(),
            sees: None,
            stands_until: None,
        };
        self.store.create_session(&session, &record).await?;
        let key = session.key;
        let begun = match self.admit_record(session, &record) {
            Some(named) => self.newly_named(name, named).await,
            None => Ok(None),
        };
        if !matches!(begun, Ok(Some(_))) {
            // Nobody knows its name: it is not left to lie about. The caller hears why there is none.
            let _ = self.end(key, now).await;
        }
        begun?.ok_or_else(gone)
    }

    async fn newly_named(
        &self,
        name: Name,
        named: Arc<Named>,
    ) -> Result<Option<NewlyNamed>, StoreError> {
        let joined = self.joined(&named.live).await?;
        // It may have ended since it was committed.
        let joined = joined.filter(|_| !named.live.has_ended.load(Ordering::SeqCst));
        Ok(joined.map(|joined| NewlyNamed {
            name,
            present: Present { named, joined, sees: ALL_PROOFS, to_sign_anew: None },
        }))
    }

    /// Adds a proof to a session. The present name is replaced; the old one keeps what it saw.
    ///
    /// # Errors
    /// Nothing was added.
    pub async fn rise(
        &self,
        present: &Present,
        proof: Proof,
        now: Timestamp,
    ) -> Result<Rise, StoreError> {
        let live = &present.named.live;
        let _one_at_a_time = live.rising.lock().await;
        if !present.is_current() || live.has_ended.load(Ordering::SeqCst) {
            return Ok(Rise::Ended);
        }
        let is_still_current = present.named.sees.load(Ordering::SeqCst) == ALL_PROOFS;
        let name = Name::random();
        let record = NameRecord {
            hash: name.hash(),
            host: present.named.host.to_string(),
            sees: None,
            stands_until: None,
        };
        let stands_until = now.after(STANDS_AT_MOST);
        let old = is_still_current.then_some((&present.named.hash, stands_until));
        if !self.store.add_proof(&live.key, &proof, &record, old).await? {
            return Ok(Rise::Ended);
        }
        // The old name is narrowed before the proof is there: it never shows the new one.
        let before = u32::try_from(live.proofs().len()).unwrap_or(ALL_PROOFS - 1);
        let replaces = is_still_current.then(|| present.named.replaced(before, stands_until));
        live.proofs().push(proof);
        if replaces.is_none() {
            return Ok(Rise::Added);
        }
        let named = Arc::new(Named::new(&record, live.clone(), replaces));
        self.names.pin().insert(named.hash, named.clone());
        let renamed = match self.newly_named(name, named.clone()).await {
            Ok(renamed) => renamed,
            // The proof is there and the browser has to hear of its name. What this request knew of
            // the user goes for the rest of it.
            Err(_) => Some(NewlyNamed { name, present: present.renamed(named) }),
        };
        Ok(renamed.map_or(Rise::Ended, |renamed| Rise::Renamed(Box::new(renamed))))
    }

    /// Ends a session and every name of it, here first.
    ///
    /// # Errors
    /// It is dead in memory, but the store has not taken it: the caller answers 503. It is tried
    /// again with [`Self::flush_seen`].
    pub async fn end(&self, session: SessionKey, now: Timestamp) -> Result<bool, StoreError> {
        let was_live = self.bury(session, now);
        self.unstored().sessions.insert(session);
        Ok(self.store_end(session).await? || was_live)
    }

    async fn store_end(&self, session: SessionKey) -> Result<bool, StoreError> {
        let was_stored = self.store.end_session(&session).await.inspect_err(alarm)?;
        self.unstored().sessions.remove(&session);
        Ok(was_stored)
    }

    /// Ends every session of a user, here first; says how many.
    ///
    /// # Errors
    /// As [`Self::end`]: the user is kept out until the store has taken it.
    pub async fn end_all_of(&self, user: &UserId, now: Timestamp) -> Result<usize, StoreError> {
        self.end_of(user, None, now).await
    }

    /// Ends every session of a user but one, here first.
    ///
    /// # Errors
    /// As [`Self::end_all_of`]: that session too waits until the store has taken it.
    pub async fn end_others_of(
        &self,
        user: &UserId,
        kept: SessionKey,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.end_of(user, Some(kept), now).await.map(drop)
    }

    async fn end_of(
        &self,
        user: &UserId,
        but: Option<SessionKey>,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        let but = self
            .unstored()
            .users
            .entry(user.clone())
            // Two that spare different sessions spare none.
            .and_modify(|ending| ending.but = ending.but.filter(|kept| Some(*kept) == but))
            .or_insert_with(|| Ending { hold: self.hold(user), at: now, but })
            .but;
        let keys: Vec<SessionKey> = self
            .live
            .pin()
            .values()
            .filter(|live| live.user == *user && Some(live.key) != but)
            .map(|live| live.key)
            .collect();
        for key in keys {
            self.bury(key, now);
        }
        self.store_end_of(user, but, now).await
    }

    async fn store_end_of(
        &self,
        user: &UserId,
        but: Option<SessionKey>,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        let ended = self.store.end_sessions_of(user, but.as_ref()).await.inspect_err(alarm)?;
        for key in &ended {
            self.bury(*key, now);
        }
        let mut unstored = self.unstored();
        // One that was asked for meanwhile and ends more is still under way.
        let is_done = unstored.users.get(user).is_some_and(|ending| ending.but == but);
        if is_done && let Some(ending) = unstored.users.remove(user) {
            ending.hold.lift();
        }
        Ok(ended.len())
    }

    fn unstored(&self) -> MutexGuard<'_, Unstored> {
        // A panic elsewhere cannot leave it half written: each change is one call.
        self.unstored.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the store again what it has not taken.
    async fn settle(&self) -> Result<(), StoreError> {
        let (sessions, users): (Vec<SessionKey>, Vec<_>) = {
            let unstored = self.unstored();
            let users = unstored.users.iter();
            let users = users.map(|(user, ending)| (user.clone(), ending.but, ending.at));
            (unstored.sessions.iter().copied().collect(), users.collect())
        };
        for session in sessions {
            self.store_end(session).await?;
        }
        for (user, but, at) in users {
            self.store_end_of(&user, but, at).await?;
        }
        Ok(())
    }

    fn bury(&self, session: SessionKey, now: Timestamp) -> bool {
        self.tombstones.pin().insert(session, now);
        let was_live = self
            .live
            .pin()
            .get(&session)
            .is_some_and(|live| !live.has_ended.swap(true, Ordering::SeqCst));
        self.tell_ended(session);
        was_live
    }

    fn tell_ended(&self, session: SessionKey) {
        if let Some(listener) = self.when_ended.get() {
            listener(&session);
        }
    }

    /// Every session of a user that has not been ended, as the store has them.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn list_of(&self, user: &UserId) -> Result<Vec<SessionRecord>, StoreError> {
        let mut records = self.store.list_sessions(Some(user)).await?;
        records.retain(|record| !self.tombstones.pin().contains_key(&record.key));
        for record in &mut records {
            if let Some(live) = self.live.pin().get(&record.key) {
                let seen = Timestamp::from_millis(live.seen_millis.load(Ordering::Relaxed));
                record.last_seen_at = record.last_seen_at.max(seen);
            }
        }
        Ok(records)
    }

    /// Keeps a user out while something of theirs is withdrawn. See [`Hold`].
    pub fn hold(&self, user: &UserId) -> Hold {
        self.people.hold(user)
    }

    /// Something was added to a user, or their roles or contacts changed: read it anew.
    pub fn user_changed(&self, user: &UserId) {
        self.people.forget(user);
    }

    /// Tells the store what it has not heard yet: withdrawals that it did not take, then when
    /// sessions were last seen. Called every few seconds.
    ///
    /// # Errors
    /// Nothing is lost: the next call tells it.
    pub async fn flush_seen(&self) -> Result<(), StoreError> {
        self.settle().await?;
        self.write_seen(SEEN_STEP).await
    }

    /// Writes what is at least `step` newer here than in the store.
    async fn write_seen(&self, step: Duration) -> Result<(), StoreError> {
        let seen: Vec<(Arc<Live>, u64)> = self
            .live
            .pin()
            .values()
            .filter_map(|live| live.unsaved_seen(step).map(|millis| (live.clone(), millis)))
            .collect();
        if seen.is_empty() {
            return Ok(());
        }
        let rows: Vec<_> =
            seen.iter().map(|(live, millis)| (live.key, Timestamp::from_millis(*millis))).collect();
        self.store.touch_sessions(&rows).await?;
        for (live, millis) in seen {
            live.stored_seen_millis.fetch_max(millis, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Forgets what has ended, here and in the store. Called every minute.
    ///
    /// # Errors
    /// What has ended stays ended; it only takes room until the next call.
    pub async fn sweep(&self, limits: SessionLimits, now: Timestamp) -> Result<(), StoreError> {
        self.forget_ended(limits, now);
        // First what it does not know, or it would take for idle what is in use here, and nobody
        // could list or end it any more.
        self.write_seen(Duration::from_millis(1)).await?;
        self.store.sweep_sessions(now, now.before(limits.idle_timeout)).await.map(drop)
    }

    fn forget_ended(&self, limits: SessionLimits, now: Timestamp) {
        self.remember_idle(limits, now);
        let is_over = |live: &Live| !matches!(live.state(limits, now), LiveState::Live);
        let (names, live) = (self.names.pin(), self.live.pin());
        for over in live.values().filter(|live| is_over(live)) {
            // Its streams end with it: once it is forgotten, nothing else could end them.
            over.has_ended.store(true, Ordering::SeqCst);
            self.tell_ended(over.key);
        }
        names.retain(|_, named| named.stands(now) && !is_over(&named.live));
        live.retain(|_, live| !is_over(live));
        let oldest = now.before(TOMBSTONE_AGE);
        let unstored = self.unstored();
        self.tombstones.pin().retain(|key, at| *at > oldest || unstored.sessions.contains(key));
        self.misses.pin().retain(|_, at| *at > oldest);
        let users: HashSet<_> = live.values().map(|live| live.user.clone()).collect();
        self.people.drop_all_but(|user| users.contains(user));
    }

    /// Before their sessions are forgotten.
    fn remember_idle(&self, limits: SessionLimits, now: Timestamp) {
        let (names, went_idle) = (self.names.pin(), self.went_idle.pin());
        let oldest = now.before(IDLE_TOLD_FOR);
        went_idle.retain(|_, idle| idle.noticed_at > oldest);
        let idle = names.values().filter(|named| {
            named.stands(now) && matches!(named.live.state(limits, now), LiveState::Idle)
        });
        for named in idle.take(MOST_IDLE.saturating_sub(went_idle.len())) {
            went_idle.insert(named.hash, WentIdle { host: named.host.clone(), noticed_at: now });
        }
    }

    /// How many sessions are in memory.
    #[must_use]
    pub fn count(&self) -> usize {
        self.live.len()
    }
}

/// The user was withdrawn between the proof and the session.
fn gone() -> StoreError {
    StoreError::Unavailable("the account changed while it signed in".into())
}

/// A withdrawal holds in this process alone.
fn alarm(error: &StoreError) {
    tracing::error!(%error, "the store has not taken the end of a session: it is tried again");
}

enum LiveState {
    Live,
    Idle,
    Ended,
}

impl Joined {
    fn new(live: &Live, account: Arc<Account>, generation: u64) -> Self {
        let mut proofs = live.proofs().clone();
        for proof in &mut proofs {
            proof.withdrawn = !account.owns(&proof.credential);
        }
        Self { generation, enrolled: account.enrolled(), account, evidence: Evidence { proofs } }
    }
}

impl Live {
    fn new(record: SessionRecord, people: &People) -> Self {
        let seen = record.last_seen_at.as_millis();
        Self {
            key: record.key,
            person: people.cell(&record.user),
            user: record.user,
            directory: record.directory,
            created_at: record.created_at,
            ends_at: record.ends_at,
            seen_millis: AtomicU64::new(seen),
            stored_seen_millis: AtomicU64::new(seen),
            has_ended: AtomicBool::new(false),
            proofs: Mutex::new(record.proofs),
            joined: ArcSwapOption::empty(),
            rising: tokio::sync::Mutex::default(),
        }
    }

    fn proofs(&self) -> MutexGuard<'_, Vec<Proof>> {
        // A panic elsewhere cannot leave a vector half written: `push` is the only change.
        self.proofs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self, limits: SessionLimits, now: Timestamp) -> LiveState {
        let seen = Timestamp::from_millis(self.seen_millis.load(Ordering::Relaxed));
        let from_the_future = self.created_at > now.after(Duration::from_secs(5));
        if self.has_ended.load(Ordering::SeqCst) || now >= self.ends_at || from_the_future {
            LiveState::Ended
        } else if now.since(seen) > limits.idle_timeout {
            LiveState::Idle
        } else {
            LiveState::Live
        }
    }

    fn saw(&self, now: Timestamp) {
        // One write a second at most, so that parallel requests do not fight for the line.
        if now.as_millis() > self.seen_millis.load(Ordering::Relaxed).saturating_add(1000) {
            self.seen_millis.fetch_max(now.as_millis(), Ordering::Relaxed);
        }
    }

    fn unsaved_seen(&self, step: Duration) -> Option<u64> {
        let seen = self.seen_millis.load(Ordering::Relaxed);
        let stored = Timestamp::from_millis(self.stored_seen_millis.load(Ordering::Relaxed));
        (Timestamp::from_millis(seen) >= stored.after(step)).then_some(seen)
    }
}

impl Named {
    fn new(record: &NameRecord, live: Arc<Live>, replaces: Option<NameHash>) -> Self {
        Self {
            hash: record.hash,
            host: record.host.as_str().into(),
            live,
            sees: AtomicU32::new(record.sees.unwrap_or(ALL_PROOFS)),
            stands_until_millis: AtomicU64::new(
                record.stands_until.unwrap_or(Timestamp::NEVER).as_millis(),
            ),
            replaces: Mutex::new(replaces),
        }
    }

    fn stands(&self, now: Timestamp) -> bool {
        now.as_millis() < self.stands_until_millis.load(Ordering::SeqCst)
    }

    fn replaced(&self, sees: u32, stands_until: Timestamp) -> NameHash {
        self.sees.store(sees, Ordering::SeqCst);
        self.stands_until_millis.fetch_min(stands_until.as_millis(), Ordering::SeqCst);
        self.hash
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sessions::tests::faulty::Faulty;

    #[tokio::test]
    async fn names_that_are_not_there_are_remembered_up_to_a_bound() {
        let (store, _) = Faulty::new().await;
        let sessions = Sessions::new(Arc::new(store.clone()), Arc::new(store));
        for n in 0..=MOST_MISSES {
            let mut hash = [0; 32];
            hash[..8].copy_from_slice(&n.to_be_bytes());
            sessions.remember_miss(NameHash(hash), Timestamp::EPOCH);
            assert!(sessions.misses.len() <= MOST_MISSES);
        }
        assert_eq!(sessions.misses.len(), 1);
    }
}
