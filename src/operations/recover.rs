//! The way back in for whoever owns the gateway: a set-up link for an owner. Works with the gateway
//! down. Not here: who may; whoever can read the store's folder can do this and more.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::roles::OWNER;
use super::{Act, Operator, Outcome, Refused, UserRef, UserSummary};
use crate::accounts::{Account, NewUser, UserName, UserState};
use crate::audit::{Actor, EventName};
use crate::points::Role;

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
    /// `first-admin-link` (0600) in the store's folder, and says where. A later start replaces it until it
    /// was used; then the file is removed, and there is `None`.
    ///
    /// # Errors
    /// No link could be made or written; `recover admin` makes one later.
    pub async fn write_first_link(&self, folder: &Path) -> Result<Option<PathBuf>, FirstLinkError> {
        let act = Act { tools: &self.tools, actor: &Actor::Gateway, now: self.tools.clock.now() };
        let path = folder.join(FIRST_LINK);
        let failed = |source| FirstLinkError::File { path: path.clone(), source };
        let owner = act.owner(None).await?;
        if owner.as_ref().is_some_and(is_set_up) {
            return match std::fs::remove_file(&path) {
                Err(source) if source.kind() != std::io::ErrorKind::NotFound => Err(failed(source)),
                Ok(()) | Err(_) => Ok(None),
            };
        }
        let owner = match owner {
            Some(owner) => owner,
            None => act.new_owner(None, None).await?,
        };
        if let Outcome::Link { user: _, link } = act.owner_link(owner, None).await? {
            write_private(&path, &link.url).map_err(failed)?;
        }
        Ok(Some(path))
    }
}

fn is_set_up(account: &Account) -> bool {
    account.password.is_some() || !account.apps.is_empty()
}

/// Under another name first, so that it is never readable by others and never half.
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let aside = path.with_extension("new");
    match std::fs::remove_file(&aside) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
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

    /// The user that is named, else the first active owner, else the first owner.
    async fn owner(&self, user: Option<&UserRef>) -> Result<Option<Account>, Refused> {
        if let Some(user) = user {
            return match self.account(user).await {
                Ok(account) => Ok(Some(account)),
                Err(Refused::NoSuchUser { .. }) => Ok(None),
                Err(refused) => Err(refused),
            };
        }
        let users = self.tools.accounts.list_users(None).await?;
        let mut owners: Vec<_> =
            users.into_iter().filter(|user| user.roles.contains(OWNER)).collect();
        owners.sort_by_key(|owner| owner.state == UserState::Disabled);
        match owners.first() {
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
            None => self.first_directory()?,
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

    fn first_directory(&self) -> Result<crate::accounts::DirectoryName, Refused> {
        let directories = self.tools.places.directories();
        let first = directories.into_iter().next();
        first.ok_or(Refused::WhichDirectory { directories: Vec::new() })
    }
}
