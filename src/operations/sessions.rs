//! Listing and ending sessions.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use super::{Act, Outcome, Refused, SessionChoice, SessionSummary, UserRef, outcome::instant};
use crate::accounts::UserId;
use crate::audit::EventName;
use crate::points::MethodSet;
use crate::sessions::{SessionKey, SessionRecord};

impl Act<'_> {
    pub(super) async fn list_sessions(&self, user: Option<&UserRef>) -> Result<Outcome, Refused> {
        let (user, users) = match user {
            Some(user) => {
                let user = self.account(user).await?.user;
                (Some(user.id.clone()), vec![user])
            }
            None => (None, self.tools.accounts.list_users(None).await?),
        };
        let records = self.tools.session_store.list_sessions(user.as_ref()).await?;
        let names: HashMap<UserId, String> =
            users.into_iter().map(|user| (user.id, user.name.to_string())).collect();
        let sessions = records
            .iter()
            .filter(|record| record.ends_at > self.now)
            .map(|record| summary(record, names.get(&record.user)))
            .collect();
        Ok(Outcome::Sessions { sessions })
    }

    pub(super) async fn end_sessions(&self, which: &SessionChoice) -> Result<Outcome, Refused> {
        match which {
            SessionChoice::Id(id) => {
                let records = self.tools.session_store.list_sessions(None).await?;
                let record = records
                    .iter()
                    .find(|record| public_id(record.key) == *id)
                    .ok_or_else(|| Refused::NoSuchSession { id: id.clone() })?;
                self.end(record).await?;
                Ok(Outcome::SessionsEnded { count: 1 })
            }
            SessionChoice::Of(user) => {
                let account = self.account(user).await?;
                let name = account.user.name.to_string();
                let ended = self.tools.sessions.end_all_of(&account.user.id, self.now).await;
                let count = ended.map_err(|error| {
                    let _ = Refused::from(error);
                    Refused::StoreAndHeld { name }
                })?;
                if count > 0 {
                    let event = self.event(EventName::SessionRevoked).target(&account.user.id);
                    self.tools.audit.record(event.count(u64::try_from(count).unwrap_or(u64::MAX)));
                }
                Ok(Outcome::SessionsEnded { count })
            }
            SessionChoice::All => {
                let records = self.tools.session_store.list_sessions(None).await?;
                for record in &records {
                    self.end(record).await?;
                }
                Ok(Outcome::SessionsEnded { count: records.len() })
            }
        }
    }

    async fn end(&self, record: &SessionRecord) -> Result<(), Refused> {
        self.tools.sessions.end(record.key, self.now).await?;
        let event = self.event(EventName::SessionRevoked).target(&record.user);
        self.tools.audit.record(event.directory(&record.directory));
        Ok(())
    }
}

fn summary(record: &SessionRecord, name: Option<&String>) -> SessionSummary {
    let methods: MethodSet = record.proofs.iter().map(|proof| proof.method).collect();
    SessionSummary {
        id: public_id(record.key),
        user: name.map_or_else(|| record.user.0.to_string(), Clone::clone),
        directory: record.directory.to_string(),
        created_at: instant(record.created_at),
        last_seen_at: instant(record.last_seen_at),
        ends_at: instant(record.ends_at),
        methods: methods.iter().map(|method| method.name().to_owned()).collect(),
        user_agent: record.user_agent.clone(),
        address: record.address.clone(),
    }
}

/// Tells sessions apart in a list. Twelve hexadecimal digits of a hash: nothing leads back to the key.
#[must_use]
pub(super) fn public_id(key: SessionKey) -> String {
    let hash = Sha256::new().chain_update(b"scoregate session id").chain_update(key.0).finalize();
    hash.iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}
