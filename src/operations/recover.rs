//! The way back in for whoever owns the gateway: a set-up link for an owner. Works with the gateway
//! down. Not here: who may; whoever can read the store's folder can do this and more.

use std::collections::BTreeSet;

use super::roles::OWNER;
use super::{Act, Outcome, Refused, UserRef, UserSummary};
use crate::accounts::{Account, NewUser, UserName, UserState};
use crate::audit::EventName;
use crate::points::Role;

/// The name of the first owner where nobody says another.
const FIRST_OWNER: &str = "admin";

impl Act<'_> {
    pub(super) async fn recover_admin(
        &self,
        user: Option<&UserRef>,
        host: Option<&str>,
    ) -> Result<Outcome, Refused> {
        let mut account = match self.owner(user).await? {
            Some(account) => account,
            None => self.new_owner(user, host).await?,
        };
        self.record(EventName::RecoverUsed, &account);
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
