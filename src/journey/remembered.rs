//! "Do not ask for the second step on this device": remembering one when a code was right, and what its
//! cookie proves beside the password of the next sign-in. Nothing of it starts a sign-in, and nobody is
//! kept from signing in because it could not be read. Not here: what it is worth where (`points`).

use std::time::Duration;

use super::password::reaches;
use super::{Journey, JourneyError, News, Permit, Visit};
use crate::accounts::{Account, NewRemembered, RememberedDevice};
use crate::audit::EventName;
use crate::gate::Arrival;
use crate::points::{
    Channel, CredentialId, Lifetime, Method, Points, Proof, Requirement, Settings, Timestamp,
};
use crate::sessions::{Name, NewlyNamed, Present, Rise};

/// Where the setting says that it counts as long as the session.
const UNLESS_SET: Duration = Duration::from_secs(30 * 86_400);

/// The value of a device's cookie, and how long a browser keeps it.
#[derive(Clone, Copy, Debug)]
pub struct Remembered {
    pub value: Name,
    pub keep_for: Duration,
}

/// How long a device is remembered; `None`: not at all.
fn lasts(settings: &Settings) -> Option<Duration> {
    let policy = settings.policy(Method::RememberedDevice);
    let lifetime = match policy.lifetime {
        Lifetime::Session => UNLESS_SET,
        Lifetime::For(span) => span,
    };
    (policy.points > Points::ZERO && !lifetime.is_zero()).then_some(lifetime)
}

/// Codes that a person types: after them a device can be remembered.
const fn is_second_step(method: Method) -> bool {
    matches!(method, Method::Email | Method::Sms | Method::Totp)
}

impl Journey {
    /// How long this device would be remembered, on the page where a code of `method` is asked for.
    /// `None`: it is not offered, since it would not count where the person is going.
    #[must_use]
    pub fn remembers(
        &self,
        arrival: &Arrival,
        requirement: &Requirement,
        method: Method,
    ) -> Option<Duration> {
        let settings = arrival.settings()?;
        let counts = requirement.level <= settings.required_level
            && requirement.max_age.is_none()
            && requirement.fresh_within.is_none();
        lasts(settings).filter(|_| counts && is_second_step(method))
    }

    /// Beside a right password: what the cookie of a remembered device proves. The cookie gets another
    /// value each time.
    pub(super) async fn recall(
        &self,
        visit: &Visit<'_>,
        account: &Account,
        begun: NewlyNamed,
    ) -> (NewlyNamed, Option<Remembered>) {
        let now = visit.arrival.now;
        let (Some(shown), Some(lasts)) =
            (visit.remembered, visit.arrival.settings().and_then(lasts))
        else {
            return (begun, None);
        };
        let (next, user) = (Name::random(), &account.user.id);
        let used = self.remembered.use_remembered(user, &shown, &next.hash().0, now).await;
        let device = match used {
            Ok(Some(device)) => device,
            Ok(None) => return (begun, None),
            Err(error) => {
                tracing::warn!(%error, "a remembered device could not be looked up");
                return (begun, None);
            }
        };
        // The setting may have become shorter meanwhile.
        let ends_at = device.ends_at.min(device.made_at.after(lasts));
        if now >= ends_at {
            return (begun, None);
        }
        let risen = self.sessions.rise(&begun.present, proof(&device, ends_at, now), now).await;
        let Ok(Rise::Renamed(newly)) = risen else { return (begun, None) };
        self.proven(visit, account, Method::RememberedDevice);
        (*newly, Some(Remembered { value: next, keep_for: ends_at.since(now) }))
    }

    /// After a right code, where the person asked for it: remembers this device. Only where the session
    /// reaches the directory's level by what was shown in it, so that no device follows from another, or
    /// from a recovery code.
    pub(super) async fn remember(
        &self,
        visit: &Visit<'_>,
        method: Method,
        risen: &Present,
    ) -> Option<Remembered> {
        let (settings, now) = (visit.arrival.settings()?, visit.arrival.now);
        let lasts = lasts(settings).filter(|_| visit.remember && is_second_step(method))?;
        let mut shown = risen.evidence().into_owned();
        shown.proofs.retain(|proof| proof.method.is_forecast());
        if !reaches(&shown, settings, now) {
            return None;
        }
        let (value, account) = (Name::random(), risen.account());
        let new = NewRemembered {
            user: account.user.id.clone(),
            hash: value.hash().0,
            user_agent: visit.user_agent.map(|name| name.chars().take(256).collect()),
            ends_at: now.after(lasts),
        };
        if let Err(error) = self.remembered.remember_device(new, now).await {
            tracing::warn!(%error, "a device was not remembered");
            return None;
        }
        self.sessions.user_changed(&account.user.id);
        self.record_method(visit, EventName::MethodAdded, account, Method::RememberedDevice);
        self.tell(visit, account, News::Added(Method::RememberedDevice));
        Some(Remembered { value, keep_for: lasts })
    }

    /// The remembered devices of the person that are still good here, the newest first.
    #[must_use]
    pub fn remembered_devices(&self, visit: &Visit<'_>, permit: &Permit) -> Vec<RememberedDevice> {
        let Some(lasts) = visit.arrival.settings().and_then(lasts) else { return Vec::new() };
        let now = visit.arrival.now;
        let ends_at = |device: &RememberedDevice| device.ends_at.min(device.made_at.after(lasts));
        let devices = permit.account().remembered.iter().filter(|one| now < ends_at(one));
        devices.map(|one| RememberedDevice { ends_at: ends_at(one), ..one.clone() }).collect()
    }

    /// Forgets a device of the person: the second step is asked for there again, and what it has shown
    /// counts no more. Takes nothing but access away.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn forget_device(
        &self,
        visit: &Visit<'_>,
        permit: &Permit,
        device: &CredentialId,
    ) -> Result<bool, JourneyError> {
        let account = permit.account();
        let hold = self.sessions.hold(&account.user.id);
        let forgotten = self.remembered.forget_device(&account.user.id, device).await?;
        hold.release();
        if forgotten {
            let method = Method::RememberedDevice;
            self.record_method(visit, EventName::MethodRemoved, account, method);
        }
        Ok(forgotten)
    }
}

fn proof(device: &RememberedDevice, ends_at: Timestamp, now: Timestamp) -> Proof {
    Proof {
        method: Method::RememberedDevice,
        credential: device.id.clone(),
        channel: Channel::Device(device.id.0.clone()),
        kinds: Method::RememberedDevice.kinds(),
        at: now,
        enrolled_at: Some(device.made_at),
        cap: None,
        expires: Some(ends_at),
        withdrawn: false,
    }
}
