//! The way back in for whoever owns the gateway: a set-up link for an owner. Works with the gateway
//! down. Not here: who may; whoever can read the store's folder can do this and more.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::users::token_hash;
use super::{Act, Operator, Outcome, Refused, UserRef, UserSummary};
use crate::accounts::{Account, DirectoryName, NewUser, OWNER, User, UserName, UserState};
use crate::audit::{Actor, EventName};
use crate::points::{Method, Role};

/// The file in the store's folder that holds the first owner's link.
const FIRST_LINK: &str = "first-admin-link";

/// Why the first owner's link could not be handed over.
#[derive(Debug, thiserror::Error)]
pub enum FirstLinkError {
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error("{path} cannot be written")]
    File {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
}

impl Operator {
    /// For the start of a gateway that nobody owns: writes a link for the first owner to
    /// `first-admin-link` (0600) in the store's folder, and says where. While an owner has a link that is
    /// still good, here or printed by a command, it makes no other. Once an owner is set up the file is removed, and there is
    /// `None`.
    ///
    /// # Errors
    /// No link could be made or written; `recover admin` makes one later.
    pub async fn write_first_link(&self, folder: &Path) -> Result<Option<PathBuf>, FirstLinkError> {
        let act = Act { tools: &self.tools, actor: &Actor::Gateway, now: self.tools.clock.now() };
        let path = folder.join(FIRST_LINK);
        let failed = |source| FirstLinkError::File { path: path.clone(), source };
        let owner = match act.awaited_owner().await? {
            Awaited::Nobody => return remove(&path).map(|()| None).map_err(failed),
            Awaited::Link if act.is_still_good(&path).await? => return Ok(Some(path)),
            Awaited::Link => return remove(&path).map(|()| None).map_err(failed),
            Awaited::Owner(owner) => *owner,
            Awaited::NewOwner => act.new_owner(None, None).await?,
        };
        if let Outcome::Link { user: _, link } = act.owner_link(owner, None).await? {
            write_private(&path, &link.url).map_err(failed)?;
        }
        Ok(Some(path))
    }
}

/// What a gateway that starts waits for until somebody can administer it.
enum Awaited {
    /// An owner is set up, or was and is disabled: no start lets them in again.
    Nobody,
    /// An owner has a link that is still good.
    Link,
    Owner(Box<Account>),
    /// There is none.
    NewOwner,
}

/// What reaches the administrators' portal, by the standard points.
fn is_set_up(account: &Account) -> bool {
    let has_passkey = account.passkeys.iter().any(|one| one.method == Method::Passkey);
    has_passkey || (account.password.is_some() && !account.apps.is_empty())
}

fn remove(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Under another name first, so that it is never readable by others and never half.
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let aside = path.with_extension("new");
    remove(&aside)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&aside)?;
    writeln!(file, "{text}")?;
    file.sync_all()?;
    std::fs::rename(aside, path)
}

/// The name of the first owner where nobody says another.
const FIRST_OWNER: &str = "admin";

impl Act<'_> {
    pub(super) async fn recover_policy(
        &self,
        directory: Option<&str>,
        to: u64,
    ) -> Result<Outcome, Refused> {
        let directory = self.directory(directory)?;
        let policies = &self.tools.policies;
        let recovered = policies.recover(&directory, to, "cli", self.now).await?;
        let Some(revision) = recovered else {
            let newest = policies.newest(&directory);
            let directory = directory.to_string();
            return Err(Refused::NoSuchRevision { directory, number: to, newest });
        };
        let event = self.event(EventName::PolicyReverted).directory(&directory);
        self.tools.audit.record(event.revision(revision).reason("recovered"));
        Ok(Outcome::PolicyRecovered { directory: directory.to_string(), revision })
    }

    pub(super) async fn recover_admin(
        &self,
        user: Option<&UserRef>,
        host: Option<&str>,
    ) -> Result<Outcome, Refused> {
        let account = match self.owner(user).await? {
            Some(account) => account,
            None => self.new_owner(user, host).await?,
        };
        self.record(EventName::RecoverUsed, &account);
        self.owner_link(account, host).await
    }

    async fn owner_link(
        &self,
        mut account: Account,
        host: Option<&str>,
    ) -> Result<Outcome, Refused> {
        if account.user.state == UserState::Disabled {
            self.enable(&mut account).await?;
        }
        if !account.user.roles.contains(OWNER) {
            let mut roles = account.user.roles.clone();
            roles.insert(Role::from(OWNER));
            self.set_roles(&mut account, roles).await?;
        }
        self.tools.unlock.unlock(&account).await?;
        let link = self.make_link(&account, host).await?;
        Ok(Outcome::Link { user: UserSummary::of(&account.user), link })
    }

    /// Who is to be let in by the first link.
    async fn awaited_owner(&self) -> Result<Awaited, Refused> {
        let owners = self.owners().await?;
        let mut first = None;
        let mut has_link = false;
        for owner in owners.iter().filter(|owner| owner.state == UserState::Active) {
            let Some(account) = self.tools.accounts.load_user(&owner.id).await? else { continue };
            if is_set_up(&account) {
                return Ok(Awaited::Nobody);
            }
            has_link |= self.tools.accounts.has_set_up_link(&owner.id, self.now).await?;
            first.get_or_insert(account);
        }
        Ok(match first {
            Some(_) if has_link => Awaited::Link,
            Some(account) => Awaited::Owner(Box::new(account)),
            None if owners.is_empty() => Awaited::NewOwner,
            None => Awaited::Nobody,
        })
    }

    /// Whether the link in this file can still be used.
    async fn is_still_good(&self, path: &Path) -> Result<bool, Refused> {
        let Ok(text) = std::fs::read_to_string(path) else { return Ok(false) };
        let token = text.trim().rsplit('/').next().unwrap_or_default();
        let found = self.tools.accounts.find_link(&token_hash(token), self.now).await?;
        Ok(found.is_some())
    }

    /// The owners among those who administer, the active ones first.
    async fn owners(&self) -> Result<Vec<User>, Refused> {
        let directory = self.admin_directory()?;
        let users = self.tools.accounts.list_users(Some(&directory)).await?;
        let mut owners: Vec<_> =
            users.into_iter().filter(|user| user.roles.contains(OWNER)).collect();
        owners.sort_by_key(|owner| owner.state == UserState::Disabled);
        Ok(owners)
    }

    /// The user that is named, else the first active owner, else the first owner.
    async fn owner(&self, user: Option<&UserRef>) -> Result<Option<Account>, Refused> {
        if let Some(user) = user {
            return match self.account(user).await {
                Ok(account) => Ok(Some(account)),
                Err(Refused::NoSuchUser { .. }) => Ok(None),
                Err(refused) => Err(refused),
            };
        }
        match self.owners().await?.first() {
            Some(owner) => Ok(self.tools.accounts.load_user(&owner.id).await?),
            None => Ok(None),
        }
    }

    async fn new_owner(
        &self,
        user: Option<&UserRef>,
        host: Option<&str>,
    ) -> Result<Account, Refused> {
        let name = user.map_or(FIRST_OWNER, |user| user.name.as_str());
        let name: UserName = name.parse().map_err(|why: crate::accounts::InvalidName| {
            Refused::NotAValue { field: "name".to_owned(), why: why.to_string() }
        })?;
        let directory = match user.and_then(|user| user.directory.as_deref()) {
            Some(directory) => self.directory(Some(directory))?,
            None => self.admin_directory()?,
        };
        self.tools.places.link(&directory, host, "").map_err(|why| Refused::NoLink { why })?;
        let roles = BTreeSet::from([Role::from(OWNER)]);
        self.create(NewUser {
            directory,
            name,
            display_name: None,
            language: None,
            roles,
            email: None,
            phone: None,
            password_hash: None,
        })
        .await
    }

    fn admin_directory(&self) -> Result<DirectoryName, Refused> {
        let directory = self.tools.places.admin_directory();
        directory.ok_or(Refused::WhichDirectory { directories: Vec::new() })
    }
}
