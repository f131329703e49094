//! Enrolment is a route: whoever changes the methods of an account shows first, within the last ten
//! minutes, as much as could be reached before *and* after the change, and never less than the directory's
//! level. Somebody with a mailbox, a phone, an old cookie or 30 points can then put nothing there that
//! would reach further than they do.
//!
//! A page asks [`Journey::permission`] when it is shown and again when its form comes. A [`Permit`] is made
//! nowhere else; with it the page changes one thing and says so with [`Journey::changed`], which tells
//! everybody whom the account could reach *before*. What is taken away goes through [`Journey::remove`].
//! A page of `web` does all of that with `web::account::permitted`.
//!
//! Not here: pages, and what a code is compared with.

use std::time::Duration;

use super::news::{News, Scene};
use super::{Journey, JourneyError, ReturnAddress, Transaction, Visit};
use crate::accounts::{Account, PlannedRemoval, StoreError, UserId};
use crate::audit::{Actor, Event, EventName};
use crate::gate::{Arrival, Snapshot};
use crate::methods::RecoveryCode;
use crate::points::{
    Channel, CredentialId, Enrolled, Level, Method, Outcome, Requirement, Settings, Timestamp,
    leads_in, level_to_change,
};

/// What counts for a change was shown within this time (NIST SP 800-63B-4, section 4.1.2: bind another
/// authenticator only in a session in which the required ones were just used).
pub const FRESH: Duration = Duration::from_secs(600);

/// What somebody wants to do with their account.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Change {
    /// Nothing but look, or what adds and takes nothing, such as another name for an app: the directory's
    /// level is enough, however old.
    Look,
    /// One more credential or contact of this method.
    Add(Method),
    /// Another password, another set of recovery codes: what can be reached stays the same.
    Renew(Method),
    /// One credential or contact less.
    Remove(CredentialId),
}

/// The right to one change, for the account as it was before. Only [`Journey::permission`] makes it.
#[must_use]
#[derive(Clone, Debug)]
pub struct Permit {
    account: Account,
    change: Change,
    /// What is removed can go at once: it was shown in this session, or is nothing to hold on to.
    at_once: bool,
}

impl Permit {
    /// As it was when the permit was given.
    #[must_use]
    pub const fn account(&self) -> &Account {
        &self.account
    }

    #[must_use]
    pub const fn change(&self) -> &Change {
        &self.change
    }
}

/// What becomes of the wish.
#[must_use]
#[derive(Debug)]
pub enum Permission {
    Given(Box<Permit>),
    /// Nobody is signed in: sign in, then come back.
    SignIn(Transaction),
    /// Show more, or show it anew, then come back. Nothing was changed.
    Confirm(Transaction),
    /// The browser is about to show a newer name of its session: ask for the page again.
    OldName,
    /// It is the last way to the directory's level.
    LastWay,
    /// The user has no such credential.
    NotTheirs,
    /// More proofs would not help here.
    Denied(Transaction),
}

/// What became of taking something away.
#[must_use]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Removal {
    Done,
    /// It is good until then, and the person was told how to keep it.
    Planned {
        due_at: Timestamp,
    },
    /// Somebody was faster, or other removals have left this as the last way.
    NotDone,
}

impl Journey {
    /// Whether whoever arrived may make this change now. `page` is where they come back to; it is shown
    /// by `GET`, so that nothing is done that was asked for before.
    pub fn permission(
        &self,
        arrival: &Arrival,
        change: Change,
        page: &ReturnAddress,
    ) -> Permission {
        let begin = |is_step_up| Transaction::begin(page.clone(), is_step_up, arrival.now);
        let Some(settings) = arrival.settings() else { return Permission::Denied(begin(false)) };
        let Some(session) = &arrival.session else { return Permission::SignIn(begin(false)) };
        if !session.is_current() {
            return Permission::OldName;
        }
        let account = session.account();
        if let Change::Remove(credential) = &change
            && !account.enrolled().iter().any(|one| one.credential == *credential)
        {
            return Permission::NotTheirs;
        }
        let asked = asked(&arrival.snapshot, account, &change, settings, arrival.now);
        match arrival.decide(&requirement(asked, settings.required_level), settings).outcome {
            Outcome::Allow(_) => {}
            Outcome::StepUp(shortfall) if !shortfall.signed_in => {
                return Permission::SignIn(begin(false));
            }
            Outcome::StepUp(_) => {
                return Permission::Confirm(begin(true).with_change(asked));
            }
            Outcome::Forbid(_) => return Permission::Denied(begin(true)),
        }
        let own = enrolled(&arrival.snapshot, account);
        let mut at_once = true;
        if let Change::Remove(credential) = &change {
            if !leads_in(&without(&own, credential), settings, arrival.now) {
                return Permission::LastWay;
            }
            let shown =
                session.evidence().proofs.iter().any(|proof| proof.credential == *credential);
            let resists = account
                .enrolled()
                .iter()
                .any(|one| one.credential == *credential && one.method.is_phishing_resistant());
            at_once = shown || !resists;
        }
        Permission::Given(Box::new(Permit { account: account.clone(), change, at_once }))
    }

    /// A change was made: the next request reads the account anew, the audit says what happened, and
    /// every contact that the account had before is told.
    pub fn changed(&self, visit: &Visit<'_>, permit: &Permit) {
        let account = &permit.account;
        self.sessions.user_changed(&account.user.id);
        let (event, method, news) = match &permit.change {
            Change::Look => return,
            Change::Add(method) => (EventName::MethodAdded, *method, News::Added(*method)),
            Change::Renew(Method::Password) => {
                (EventName::PasswordChanged, Method::Password, News::PasswordChanged)
            }
            Change::Renew(method) => (EventName::MethodRenewed, *method, News::Renewed(*method)),
            Change::Remove(credential) => {
                let Some(method) = method_of(account, credential) else { return };
                (EventName::MethodRemoved, method, News::Removed(method))
            }
        };
        self.record_method(visit, event, account, method);
        self.tell(visit, account, news);
    }

    /// Makes these the recovery codes of the permit's account, and ends the ones before.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn replace_recovery_codes(
        &self,
        visit: &Visit<'_>,
        permit: &Permit,
        codes: &[[u8; 16]],
    ) -> Result<(), JourneyError> {
        let user = &permit.account.user.id;
        let hashes: Vec<_> = codes.iter().map(|code| RecoveryCode::hash(user, code)).collect();
        self.recovery.put_recovery_codes(user, &hashes, visit.arrival.now).await?;
        self.changed(visit, permit);
        Ok(())
    }

    /// Takes away what the permit is for. A phishing-resistant method that was not shown in this session
    /// stays for the directory's `probation`: whoever holds the rest of the account cannot drop it before
    /// its owner has heard of it.
    ///
    /// # Errors
    /// The store did not answer; where it may have removed something, the user is kept out until it has.
    /// Asked for again, the first time stands.
    pub async fn remove(
        &self,
        visit: &Visit<'_>,
        permit: &Permit,
    ) -> Result<Removal, JourneyError> {
        let Change::Remove(credential) = &permit.change else { return Ok(Removal::NotDone) };
        let probation =
            visit.arrival.settings().map_or(Duration::MAX, |settings| settings.probation);
        if permit.at_once || probation.is_zero() {
            let (snapshot, now) = (&visit.arrival.snapshot, visit.arrival.now);
            let user = &permit.account.user.id;
            let removed = self.take_away(snapshot, user, credential, now).await?;
            if removed {
                self.changed(visit, permit);
            }
            return Ok(if removed { Removal::Done } else { Removal::NotDone });
        }
        let user = &permit.account.user.id;
        let due_at = visit.arrival.now.after(probation);
        let planned = PlannedRemoval { user: user.clone(), credential: credential.clone(), due_at };
        if let Some(due_at) = self.changes.plan_removal(&planned).await? {
            return Ok(Removal::Planned { due_at });
        }
        if let Some(method) = method_of(&permit.account, credential) {
            self.record_method(visit, EventName::MethodRemovalPlanned, &permit.account, method);
            self.tell(visit, &permit.account, News::RemovalPlanned { method, due_at });
        }
        Ok(Removal::Planned { due_at })
    }

    /// Keeps what was to be removed. Needs no more than looking at the account: it only keeps.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn keep(
        &self,
        visit: &Visit<'_>,
        permit: &Permit,
        credential: &CredentialId,
    ) -> Result<bool, JourneyError> {
        let kept = self.changes.cancel_removal(&permit.account.user.id, credential).await?;
        if let (true, Some(method)) = (kept, method_of(&permit.account, credential)) {
            self.record_method(visit, EventName::MethodRemovalCancelled, &permit.account, method);
            self.tell(visit, &permit.account, News::RemovalCancelled(method));
        }
        Ok(kept)
    }

    /// What is to go, and when.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn planned_removals(
        &self,
        account: &Account,
    ) -> Result<Vec<PlannedRemoval>, JourneyError> {
        Ok(self.changes.planned_removals(&account.user.id).await?)
    }

    /// Removes what is due, as long as it leaves a way in; drops the plan otherwise. Called every minute.
    ///
    /// # Errors
    /// The store did not answer; the rest is tried again.
    pub async fn remove_what_is_due(
        &self,
        snapshot: &Snapshot,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for PlannedRemoval { user, credential, .. } in self.changes.due_removals(now).await? {
            let account = self.accounts.load_user(&user).await?;
            if !self.take_away(snapshot, &user, &credential, now).await? {
                self.changes.cancel_removal(&user, &credential).await?;
                continue;
            }
            let Some(account) = account else { continue };
            if let Some(method) = method_of(&account, &credential) {
                let event = Event::new(EventName::MethodRemoved, now).actor(&Actor::Gateway);
                self.audit.record(event.target(&user).method(method).reason("planned"));
                let scene = Scene::of(snapshot, &account, now);
                self.tell_from(&scene, snapshot, &account, News::Removed(method));
            }
        }
        Ok(())
    }

    /// One change of an account at a time: what is the last way is judged by the account as it is then,
    /// so that two removals at once cannot take the last two.
    async fn take_away(
        &self,
        snapshot: &Snapshot,
        user: &UserId,
        credential: &CredentialId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let _one_at_a_time = self.confirming.lock().await;
        let Some(present) = self.accounts.load_user(user).await? else { return Ok(false) };
        let left = without(&enrolled(snapshot, &present), credential);
        let directory = snapshot.directory(&present.user.directory);
        if !directory.is_some_and(|directory| leads_in(&left, &directory.settings, now)) {
            return Ok(false);
        }
        let hold = self.sessions.hold(user);
        let removed = self.changes.remove_credential(user, credential).await?;
        hold.release();
        Ok(removed)
    }
}

/// What a change asks; `None`: no more than being signed in here.
fn asked(
    snapshot: &Snapshot,
    account: &Account,
    change: &Change,
    settings: &Settings,
    now: Timestamp,
) -> Option<Level> {
    let present = enrolled(snapshot, account);
    let result = match change {
        Change::Look => return None,
        Change::Renew(_) => present.clone(),
        Change::Remove(credential) => without(&present, credential),
        Change::Add(method) => {
            let mut result = present.clone();
            result.push(one_more(*method));
            result
        }
    };
    Some(level_to_change(&present, &result, settings, now))
}

/// What the directory takes and this user has. Whether messages get through at this moment is left
/// aside: nobody lowers what a change asks by breaking a mail server.
pub(super) fn enrolled(snapshot: &Snapshot, account: &Account) -> Vec<Enrolled> {
    let offered = snapshot.offered(&account.user.directory);
    account.enrolled().into_iter().filter(|one| offered.contains(one.method)).collect()
}

fn without(enrolled: &[Enrolled], credential: &CredentialId) -> Vec<Enrolled> {
    enrolled.iter().filter(|one| one.credential != *credential).cloned().collect()
}

/// A new one of a method, over a channel that nothing else uses: what it could reach at most.
pub(super) fn one_more(method: Method) -> Enrolled {
    Enrolled {
        method,
        credential: CredentialId("new".into()),
        channel: Channel::Credential("new".into()),
        kinds: method.kinds(),
        enrolled_at: None,
    }
}

fn method_of(account: &Account, credential: &CredentialId) -> Option<Method> {
    account.enrolled().iter().find(|one| one.credential == *credential).map(|one| one.method)
}

/// The requirement of a page of the account.
pub(super) fn requirement(change: Option<Level>, directory: Level) -> Requirement {
    Requirement {
        level: change.map_or(directory, |level| level.max(directory)),
        max_age: change.map(|_| FRESH),
        ..Requirement::default()
    }
}
