//! What commands do, and later the administrators' portal: one place for users, sessions, recovery and
//! the questions that they ask. Not here: a command line, a page, a socket.
//!
//! Every change is audited, and every withdrawal takes effect in memory before the store is asked: whom
//! it is about is kept out even if the store fails.

mod access;
mod authority;
mod contacts;
pub mod explain;
mod letters;
mod operation;
mod outcome;
mod recover;
mod roles;
mod sessions;
mod users;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

pub use crate::accounts::{GATEWAY_ROLES, OWNER};
pub use access::PlaceAccess;
pub use letters::{Letter, Letters, NoLetters};
pub use operation::{ContactChoice, Explain, Operation, SessionChoice, UserAdd, UserRef};
pub use outcome::{
    Kind, LinkMade, Outcome, PasskeySummary, Refused, SessionSummary, Status, UserDetails,
    UserSummary,
};
pub use recover::FirstLinkError;
pub use roles::is_of_the_gateway;

use crate::accounts::{Account, AccountStore, ChangeStore, DirectoryName, StoreError, UserName};
use crate::audit::{Actor, Audit, Event, EventName};
use crate::clock::Clock;
use crate::points::{MethodSet, Requirement, Settings, Timestamp};
use crate::secret::Secret;
use crate::sessions::{SessionStore, Sessions};
use crate::settings::Policies;

/// Why a password was not taken.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NotHashed {
    /// A rule says no; a sentence for whoever chose it.
    #[error("{why}")]
    AgainstTheRules { why: String },
    #[error("too much work is waiting")]
    Busy,
}

/// Checks a password against the rules of the page, and hashes it.
#[async_trait]
pub trait Passwords: Send + Sync + std::fmt::Debug {
    /// A PHC string.
    async fn hash(
        &self,
        password: Secret<String>,
        user: &UserName,
    ) -> Result<Secret<String>, NotHashed>;
}

/// Forgets the attempts that were counted against a user, so that they can try again at once.
#[async_trait]
pub trait Unlock: Send + Sync + std::fmt::Debug {
    async fn unlock(&self, account: &Account) -> Result<(), StoreError>;
}

/// Where a request would arrive, and what is asked there.
#[derive(Clone, Debug)]
pub struct Place {
    pub route: String,
    pub rule: Option<String>,
    pub directory: DirectoryName,
    pub requirement: Requirement,
    pub settings: Settings,
    /// The methods that this version has and the configuration can carry.
    pub offered: MethodSet,
    /// Where the settings that decide were set, such as `route.portal.level` and `scoregate.toml:12`.
    pub origins: Vec<(String, String)>,
}

/// What the configuration in force says.
pub trait Places: Send + Sync + std::fmt::Debug {
    fn directories(&self) -> Vec<DirectoryName>;

    /// Whose users administer; `None`: there is no directory.
    fn admin_directory(&self) -> Option<DirectoryName>;

    /// How long what people add themselves is on probation; `None`: there is no such directory.
    fn probation(&self, directory: &str) -> Option<Duration>;

    /// The address of a set-up link. `host`: as asked for; `None`: the directory's.
    ///
    /// # Errors
    /// A sentence: the directory has no host, or the host is of another directory.
    fn link(&self, directory: &str, host: Option<&str>, token: &str) -> Result<String, String>;

    /// From bytes to a place, by the same function as a request.
    ///
    /// # Errors
    /// A sentence: why such a request would be refused.
    fn find(&self, host: &[u8], method: &str, target: &[u8]) -> Result<Place, String>;

    /// Every route of a directory, and every rule of it, each found as a request would find it; with
    /// host and path.
    fn all(&self, directory: &str) -> Vec<(String, Place)>;
}

/// The running gateway; [`Stopped`] where a command works without one.
#[async_trait]
pub trait Service: Send + Sync + std::fmt::Debug {
    /// All or nothing; gives the revision that is in force.
    async fn reload(&self, actor: &Actor) -> Result<u64, Refused>;

    async fn status(&self) -> Result<Status, Refused>;
}

/// The keys that sign cookies and forms.
#[async_trait]
pub trait Keys: Send + Sync + std::fmt::Debug {
    /// Written first, then in force.
    ///
    /// # Errors
    /// The old keys stand.
    async fn rotate(&self, grace: Duration) -> Result<(), Refused>;
}

/// There is no running gateway.
#[derive(Clone, Copy, Debug)]
pub struct Stopped;

#[async_trait]
impl Service for Stopped {
    async fn reload(&self, _: &Actor) -> Result<u64, Refused> {
        Err(Refused::NotRunning)
    }

    async fn status(&self) -> Result<Status, Refused> {
        Err(Refused::NotRunning)
    }
}

/// What an operator works with.
#[derive(Clone, Debug)]
pub struct Tools {
    pub accounts: Arc<dyn AccountStore>,
    pub changes: Arc<dyn ChangeStore>,
    pub letters: Arc<dyn Letters>,
    pub session_store: Arc<dyn SessionStore>,
    pub sessions: Arc<Sessions>,
    pub passwords: Arc<dyn Passwords>,
    pub unlock: Arc<dyn Unlock>,
    pub places: Arc<dyn Places>,
    pub service: Arc<dyn Service>,
    pub policies: Arc<Policies>,
    pub keys: Arc<dyn Keys>,
    pub audit: Arc<Audit>,
    pub clock: Arc<dyn Clock>,
}

/// Does what it is asked for, and writes down who asked.
#[derive(Clone, Debug)]
pub struct Operator {
    tools: Tools,
    /// One change at a time: whoever has just lost a role does nothing with it any more.
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl Operator {
    #[must_use]
    pub fn new(tools: Tools) -> Self {
        Self { tools, turn: Arc::default() }
    }

    /// Does one thing. What an administrator with a browser may do is judged here, by their roles as the
    /// store has them; whether a command may is the socket's to know, which lets only the system's own
    /// users in.
    ///
    /// # Errors
    /// What [`Refused`] says; nothing was done unless it says so.
    pub async fn perform(&self, operation: Operation, actor: &Actor) -> Result<Outcome, Refused> {
        let act = Act { tools: &self.tools, actor, now: self.tools.clock.now() };
        let _one_at_a_time = match actor {
            Actor::User(_) => Some(self.turn.lock().await),
            Actor::Command { .. } | Actor::Gateway => None,
        };
        act.admit(&operation).await?;
        match operation {
            Operation::UserAdd(add) => act.add_user(*add).await,
            Operation::UserList { directory } => act.list_users(directory).await,
            Operation::UserShow { user } => act.show_user(&user).await,
            Operation::UserAccess { user } => act.access(&user).await,
            Operation::UserDisable { user } => act.disable_user(&user).await,
            Operation::UserEnable { user } => act.enable_user(&user).await,
            Operation::UserUnlock { user } => act.unlock_user(&user).await,
            Operation::UserLink { user, host } => act.link_user(&user, host.as_deref()).await,
            Operation::UserMail { user } => act.mail_link(&user).await,
            Operation::UserContact { user, kind, address } => {
                act.change_contact(&user, kind, address.as_deref()).await
            }
            Operation::UserMethodRemove { user, credential } => {
                act.remove_method(&user, &credential).await
            }
            Operation::UserDelete { user } => act.delete_user(&user).await,
            Operation::UserRoles { user, grant, revoke } => {
                act.change_roles(&user, &grant, &revoke).await
            }
            Operation::SessionList { user } => act.list_sessions(user.as_ref()).await,
            Operation::SessionEnd { which } => act.end_sessions(&which).await,
            Operation::RecoverAdmin { user, host } => {
                act.recover_admin(user.as_ref(), host.as_deref()).await
            }
            Operation::RecoverPolicy { directory, to } => {
                act.recover_policy(directory.as_deref(), to).await
            }
            Operation::Explain(question) => act.explain(&question).await,
            Operation::KeysRotate { grace_s } => {
                self.tools.keys.rotate(Duration::from_secs(grace_s)).await?;
                self.tools.audit.record(act.event(EventName::KeysRotated));
                Ok(Outcome::KeysRotated { grace_s })
            }
            Operation::Reload => {
                let revision = self.tools.service.reload(actor).await?;
                Ok(Outcome::Reloaded { revision })
            }
            Operation::Status => {
                self.tools.service.status().await.map(|status| Outcome::Status(Box::new(status)))
            }
        }
    }
}

/// One operation under way: by whom, and when.
struct Act<'a> {
    tools: &'a Tools,
    actor: &'a Actor,
    now: Timestamp,
}

impl Act<'_> {
    fn event(&self, name: EventName) -> Event {
        Event::new(name, self.now).actor(self.actor)
    }

    fn record(&self, name: EventName, account: &Account) {
        let user = &account.user;
        self.tools.audit.record(self.event(name).target(&user.id).directory(&user.directory));
    }

    fn directories(&self) -> Vec<String> {
        self.tools.places.directories().iter().map(ToString::to_string).collect()
    }

    /// The directory that is meant.
    fn directory(&self, asked: Option<&str>) -> Result<DirectoryName, Refused> {
        let all = self.tools.places.directories();
        match (asked, &*all) {
            (Some(name), _) => {
                all.iter().find(|directory| &***directory == name).cloned().ok_or_else(|| {
                    Refused::NoSuchDirectory {
                        directory: name.to_owned(),
                        directories: self.directories(),
                    }
                })
            }
            (None, [only]) => Ok(only.clone()),
            (None, _) => Err(Refused::WhichDirectory { directories: self.directories() }),
        }
    }

    /// The user that is meant.
    async fn account(&self, user: &UserRef) -> Result<Account, Refused> {
        let missing =
            || Refused::NoSuchUser { name: user.name.clone(), directory: user.directory.clone() };
        // What cannot be a name is nobody's.
        let name: UserName = user.name.parse().map_err(|_| missing())?;
        let mut places = BTreeSet::new();
        match &user.directory {
            // A directory that the configuration no longer has still has its users.
            Some(directory) => drop(places.insert(DirectoryName::from(directory.as_str()))),
            None => {
                for user in self.tools.accounts.list_users(None).await? {
                    if user.name == name {
                        places.insert(user.directory);
                    }
                }
            }
        }
        if places.len() > 1 {
            let directories = places.iter().map(ToString::to_string).collect();
            return Err(Refused::Ambiguous { name: name.to_string(), directories });
        }
        let Some(directory) = places.first() else { return Err(missing()) };
        self.tools.accounts.find_user(directory, &name).await?.ok_or_else(missing)
    }
}

#[cfg(test)]
pub(crate) mod fakes;
#[cfg(test)]
mod tests;
