//! Passkeys on a journey: signing in with one, one more step with one, and adding one. Not here: what
//! an answer has to look like (`methods`), or who may add one (the account pages and set-up links).

use super::{Journey, JourneyError, Notice, Place, Transaction, Turn, Visit};
use crate::accounts::{Account, UserState};
use crate::methods::{Attempt, Ceremony, CeremonyPurpose, Passkey, Rejection, Verdict};
use crate::points::{CredentialId, Method, Timestamp};

/// What became of a new passkey or security key.
#[must_use]
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PasskeyAdded {
    Added(CredentialId),
    /// Somebody has it already, whoever.
    Taken,
    /// The answer does not fit, is late, or was used.
    NotTaken,
}

/// The most passkeys and security keys of one user: enough for every device, too few to fill a store.
pub const MOST_PASSKEYS: usize = 20;

impl Journey {
    /// A passkey, and nothing else: it says itself whose it is.
    ///
    /// # Errors
    /// The answer could not be judged; its challenge may be used up.
    pub async fn sign_in_with_passkey(
        &self,
        visit: &Visit<'_>,
        mut transaction: Transaction,
        ceremony: &Ceremony,
        answer: &str,
    ) -> Result<Turn, JourneyError> {
        let arrival = visit.arrival;
        transaction.sent = None;
        let directory = &arrival.route.directory;
        let named = Passkey::named(answer);
        let found = match &named {
            Some(credential) => self.passkeys.find_passkey(credential).await?,
            None => None,
        };
        // Of another directory it is good for nothing here, and the browser keeps it.
        let is_unknown = named.is_some() && found.is_none();
        let is_here = |account: &Account| {
            account.user.directory == *directory && account.user.state == UserState::Active
        };
        let account = found.filter(is_here);
        let method = self.methods.of(Method::Passkey).ok_or(JourneyError::NoDirectory)?;
        let verdict = method
            .verify(Attempt {
                directory,
                counted_as: "",
                account: account.as_ref(),
                session: None,
                answer,
                ceremony: Some(ceremony),
                source: visit.source,
                now: arrival.now,
            })
            .await?;
        match (verdict, account) {
            (Verdict::Proven(proof), Some(account)) => {
                transaction.typed_name = None;
                self.begin(visit, transaction, &account, proof).await
            }
            (Verdict::Proven(_), None) => Ok(Turn::to(Place::SignIn, transaction)),
            (Verdict::Rejected(rejection), account) => {
                self.rejected(visit, account.as_ref(), Method::Passkey, rejection);
                let notice = match (rejection, named) {
                    (Rejection::Wrong { .. }, Some(id)) if is_unknown => {
                        Notice::unknown_passkey(&id)
                    }
                    (rejection, _) => Notice::of_passkey(rejection),
                };
                Ok(Turn::to(Place::SignIn, transaction.with_notice(Some(notice))))
            }
        }
    }

    /// One more step with a passkey or security key.
    ///
    /// # Errors
    /// The answer could not be judged; its challenge may be used up.
    pub async fn confirm_with_passkey(
        &self,
        visit: &Visit<'_>,
        transaction: Transaction,
        ceremony: &Ceremony,
        answer: &str,
    ) -> Result<Turn, JourneyError> {
        let method = ceremony.method;
        let mut turn = self.answered(visit, transaction, method, answer, Some(ceremony)).await?;
        let is_wrong = matches!(turn.transaction.notice, Some(Notice::Wrong { .. }));
        if let (true, Some(session)) = (is_wrong, &visit.arrival.session) {
            let notice = self.whose(session.account(), answer).await?;
            turn.transaction.notice = Some(notice);
        }
        Ok(turn)
    }

    /// What to say of a credential that proved nothing for this user.
    async fn whose(&self, account: &Account, answer: &str) -> Result<Notice, JourneyError> {
        let Some(id) = Passkey::named(answer) else { return Ok(Notice::PasskeyWrong) };
        Ok(match self.passkeys.find_passkey(&id).await? {
            None => Notice::unknown_passkey(&id),
            Some(owner) if owner.user.id != account.user.id => Notice::PasskeyOfAnother,
            Some(_) => Notice::PasskeyWrong,
        })
    }

    /// Gives one of a person's credentials a name; `false`: there is none such.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn rename_passkey(
        &self,
        account: &Account,
        id: &CredentialId,
        label: &str,
    ) -> Result<bool, JourneyError> {
        let renamed = self.passkeys.rename_passkey(&account.user.id, id, label).await?;
        self.sessions.user_changed(&account.user.id);
        Ok(renamed)
    }

    /// Adds a passkey or security key. Whether this person may is the caller's to have asked, and to say
    /// that it was done.
    ///
    /// # Errors
    /// The store did not answer; it may not have been added.
    pub async fn add_passkey(
        &self,
        visit: &Visit<'_>,
        account: &Account,
        ceremony: &Ceremony,
        answer: &str,
        enrolled_at: Option<Timestamp>,
    ) -> Result<PasskeyAdded, JourneyError> {
        let now = visit.arrival.now;
        let session = visit.arrival.session.as_ref().map(crate::sessions::Present::key);
        let is_theirs = ceremony.purpose == CeremonyPurpose::Register
            && ceremony.user.as_ref() == Some(&account.user.id)
            && (ceremony.session.is_none() || ceremony.session == session)
            && account.passkeys.len() < MOST_PASSKEYS;
        if !is_theirs || !self.passkeys.spend_challenge(ceremony.spent(), ceremony.ends_at).await? {
            return Ok(PasskeyAdded::NotTaken);
        }
        let Some(mut new) = Passkey::confirm(ceremony, answer, now) else {
            return Ok(PasskeyAdded::NotTaken);
        };
        new.enrolled_at = enrolled_at;
        let Some(id) = self.passkeys.add_passkey(new, now).await? else {
            return Ok(PasskeyAdded::Taken);
        };
        self.sessions.user_changed(&account.user.id);
        Ok(PasskeyAdded::Added(id))
    }
}
