//! Adding, showing and changing users.

use std::collections::BTreeSet;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::letters::Letter;
use super::roles::{is_of_the_gateway, role};
use super::{
    Act, LinkMade, NotHashed, Outcome, Refused, UserAdd, UserDetails, UserRef, UserSummary,
    outcome::instant,
};
use crate::accounts::{
    Account, CreateError, DirectoryName, InvalidName, Link, LinkPurpose, NewUser, UserName,
    UserState,
};
use crate::audit::{Actor, EventName};
use crate::points::Role;
use crate::secret::Secret;
use crate::sessions::Hold;

/// How long a one-time link can be used.
const LINK_LIFETIME: Duration = Duration::from_secs(24 * 3600);

impl Act<'_> {
    pub(super) async fn add_user(&self, add: UserAdd) -> Result<Outcome, Refused> {
        let new = self.new_user(&add).await?;
        let has_password = new.password_hash.is_some();
        if !has_password {
            // Rather no user than a user whose link cannot be made.
            self.tools.places.link(&new.directory, add.host.as_deref(), "").map_err(no_link)?;
        }
        let account = self.create(new).await?;
        let link = match has_password {
            true => None,
            false => Some(self.make_link(&account, add.host.as_deref()).await?),
        };
        Ok(Outcome::UserAdded { user: UserSummary::of(&account.user), link })
    }

    async fn new_user(&self, add: &UserAdd) -> Result<NewUser, Refused> {
        let directory = self.directory(add.directory.as_deref())?;
        let name: UserName = parsed("name", &add.name)?;
        Ok(NewUser {
            display_name: text("display name", add.display_name.as_deref(), 200)?,
            language: language(add.language.as_deref())?,
            roles: add.roles.iter().map(|text| role(text)).collect::<Result<_, _>>()?,
            email: add.email.as_deref().map(|text| parsed("e-mail", text)).transpose()?,
            phone: add.phone.as_deref().map(|text| parsed("phone", text)).transpose()?,
            password_hash: self.hash(add.password.clone(), &name).await?,
            directory,
            name,
        })
    }

    async fn hash(
        &self,
        password: Option<Secret<String>>,
        user: &UserName,
    ) -> Result<Option<Secret<String>>, Refused> {
        let Some(password) = password else { return Ok(None) };
        match self.tools.passwords.hash(password, user).await {
            Ok(hash) => Ok(Some(hash)),
            Err(NotHashed::AgainstTheRules { why }) => Err(Refused::Password { why }),
            Err(NotHashed::Busy) => Err(Refused::Busy),
        }
    }

    pub(super) async fn create(&self, new: NewUser) -> Result<Account, Refused> {
        let (name, directory) = (new.name.to_string(), new.directory.to_string());
        let account = match self.tools.accounts.create_user(new, self.now).await {
            Ok(account) => account,
            Err(CreateError::NameTaken) => return Err(Refused::NameTaken { name, directory }),
            Err(CreateError::Store(error)) => return Err(error.into()),
        };
        self.record(EventName::UserCreated, &account);
        if !account.user.roles.is_empty() {
            self.record_roles(&account, &BTreeSet::new(), &account.user.roles);
        }
        Ok(account)
    }

    pub(super) async fn list_users(&self, directory: Option<String>) -> Result<Outcome, Refused> {
        let directory: Option<DirectoryName> =
            directory.map(|name| self.directory(Some(&name))).transpose()?;
        let users = self.tools.accounts.list_users(directory.as_deref()).await?;
        Ok(Outcome::Users { users: users.iter().map(UserSummary::of).collect() })
    }

    pub(super) async fn show_user(&self, user: &UserRef) -> Result<Outcome, Refused> {
        let account = self.account(user).await?;
        let sessions = self.tools.session_store.list_sessions(Some(&account.user.id)).await?;
        Ok(Outcome::User(Box::new(UserDetails::of(&account, sessions.len()))))
    }

    /// Keeps the user out first, then has the store disable them and end their sessions. If the store
    /// fails they stay out.
    pub(super) async fn disable_user(&self, user: &UserRef) -> Result<Outcome, Refused> {
        let mut account = self.account(user).await?;
        let hold = self.tools.sessions.hold(&account.user.id);
        let changed = account.user.state == UserState::Active;
        let is_there = self
            .tools
            .accounts
            .set_user_state(&account.user.id, UserState::Disabled)
            .await
            .map_err(|error| held(error, &account))?;
        self.withdraw(hold, &account, is_there).await?;
        account.user.state = UserState::Disabled;
        self.record(EventName::UserDisabled, &account);
        Ok(Outcome::UserChanged { user: UserSummary::of(&account.user), changed })
    }

    /// The store has taken a withdrawal: the sessions end, and the hold with them.
    async fn withdraw(&self, hold: Hold, account: &Account, is_there: bool) -> Result<(), Refused> {
        let ended = self.tools.sessions.end_all_of(&account.user.id, self.now).await;
        // The change itself is stored. Ends that are not are kept and told again by the sessions.
        hold.release();
        ended.map_err(|error| held(error, account))?;
        if is_there { Ok(()) } else { Err(missing(account)) }
    }

    pub(super) async fn enable_user(&self, user: &UserRef) -> Result<Outcome, Refused> {
        let mut account = self.account(user).await?;
        let changed = account.user.state == UserState::Disabled;
        self.enable(&mut account).await?;
        Ok(Outcome::UserChanged { user: UserSummary::of(&account.user), changed })
    }

    pub(super) async fn enable(&self, account: &mut Account) -> Result<(), Refused> {
        let id = &account.user.id;
        if !self.tools.accounts.set_user_state(id, UserState::Active).await? {
            return Err(missing(account));
        }
        self.tools.sessions.user_changed(id);
        account.user.state = UserState::Active;
        self.record(EventName::UserEnabled, account);
        Ok(())
    }

    pub(super) async fn unlock_user(&self, user: &UserRef) -> Result<Outcome, Refused> {
        let account = self.account(user).await?;
        self.tools.unlock.unlock(&account).await?;
        self.record(EventName::UserUnlocked, &account);
        Ok(Outcome::UserChanged { user: UserSummary::of(&account.user), changed: true })
    }

    /// Gone from the store first and only then from memory would let a session in flight through: the
    /// user is held until both have taken it.
    pub(super) async fn delete_user(&self, user: &UserRef) -> Result<Outcome, Refused> {
        let account = self.account(user).await?;
        let hold = self.tools.sessions.hold(&account.user.id);
        let deleted = self.tools.accounts.delete_user(&account.user.id).await;
        let is_there = deleted.map_err(|error| held(error, &account))?;
        self.withdraw(hold, &account, is_there).await?;
        self.record(EventName::UserDeleted, &account);
        Ok(Outcome::UserDeleted { user: UserSummary::of(&account.user) })
    }

    pub(super) async fn link_user(
        &self,
        user: &UserRef,
        host: Option<&str>,
    ) -> Result<Outcome, Refused> {
        let account = self.account(user).await?;
        let link = self.make_link(&account, host).await?;
        if matches!(self.actor, Actor::User(_)) {
            self.tell(&account, Letter::LinkMade);
        }
        Ok(Outcome::Link { user: UserSummary::of(&account.user), link })
    }

    /// A new link; those that were made before end, so that there is never more than one.
    pub(super) async fn make_link(
        &self,
        account: &Account,
        host: Option<&str>,
    ) -> Result<LinkMade, Refused> {
        let token = URL_SAFE_NO_PAD.encode(crate::random::bytes::<32>());
        let user = &account.user;
        let url = self.tools.places.link(&user.directory, host, &token).map_err(no_link)?;
        let expires_at = self.now.after(LINK_LIFETIME);
        let link = Link {
            token_hash: token_hash(&token),
            user: user.id.clone(),
            purpose: LinkPurpose::SetUp,
            expires_at,
        };
        self.tools.accounts.end_links(&user.id).await?;
        self.tools.accounts.create_link(link).await?;
        self.record(EventName::LinkCreated, account);
        Ok(LinkMade { url, expires_at: instant(expires_at) })
    }

    pub(super) async fn change_roles(
        &self,
        user: &UserRef,
        grant: &[String],
        revoke: &[String],
    ) -> Result<Outcome, Refused> {
        let mut account = self.account(user).await?;
        let mut roles = account.user.roles.clone();
        for text in grant {
            roles.insert(role(text)?);
        }
        for text in revoke {
            // A role that no rule would allow any more can still be taken away.
            roles.remove(text.as_str());
        }
        let changed = roles != account.user.roles;
        if changed {
            self.set_roles(&mut account, roles).await?;
        }
        Ok(Outcome::UserChanged { user: UserSummary::of(&account.user), changed })
    }

    pub(super) async fn set_roles(
        &self,
        account: &mut Account,
        roles: BTreeSet<Role>,
    ) -> Result<(), Refused> {
        // Only what is taken away is worth keeping the user out for; a grant that fails changes nothing.
        let is_withdrawal = !roles.is_superset(&account.user.roles);
        // Whoever was given a link to the account before it administered would administer by it.
        let rises = roles.difference(&account.user.roles).any(|role| is_of_the_gateway(role));
        if rises {
            self.tools.accounts.end_links(&account.user.id).await?;
        }
        let hold = is_withdrawal.then(|| self.tools.sessions.hold(&account.user.id));
        let set = self.tools.accounts.set_user_roles(&account.user.id, &roles).await;
        let is_there = match (set, hold) {
            (Ok(is_there), Some(hold)) => {
                hold.release();
                is_there
            }
            (Ok(is_there), None) => {
                self.tools.sessions.user_changed(&account.user.id);
                is_there
            }
            (Err(error), Some(_dropped)) => return Err(held(error, account)),
            (Err(error), None) => return Err(error.into()),
        };
        if !is_there {
            return Err(missing(account));
        }
        let before = std::mem::replace(&mut account.user.roles, roles);
        self.record_roles(account, &before, &account.user.roles);
        Ok(())
    }

    fn record_roles(&self, account: &Account, before: &BTreeSet<Role>, after: &BTreeSet<Role>) {
        let user = &account.user;
        let names = [
            (EventName::RoleGranted, !after.is_subset(before)),
            (EventName::RoleRevoked, !before.is_subset(after)),
        ];
        for (name, _) in names.into_iter().filter(|(_, has_happened)| *has_happened) {
            let event = self.event(name).target(&user.id).directory(&user.directory);
            self.tools.audit.record(event.roles(before, after));
        }
    }
}

pub(super) fn held(error: crate::accounts::StoreError, account: &Account) -> Refused {
    let _ = Refused::from(error);
    Refused::StoreAndHeld { name: account.user.name.to_string() }
}

pub(super) fn missing(account: &Account) -> Refused {
    Refused::NoSuchUser {
        name: account.user.name.to_string(),
        directory: Some(account.user.directory.to_string()),
    }
}

fn no_link(why: String) -> Refused {
    Refused::NoLink { why }
}

pub(super) fn parsed<T: std::str::FromStr<Err = InvalidName>>(
    field: &str,
    text: &str,
) -> Result<T, Refused> {
    text.parse().map_err(|why: InvalidName| Refused::NotAValue {
        field: field.to_owned(),
        why: why.to_string(),
    })
}

fn text(field: &str, text: Option<&str>, most: usize) -> Result<Option<String>, Refused> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    if text.chars().count() > most || text.chars().any(char::is_control) {
        let why = format!("at most {most} characters, on one line");
        return Err(Refused::NotAValue { field: field.to_owned(), why });
    }
    Ok(Some(text.to_owned()))
}

fn language(tag: Option<&str>) -> Result<Option<String>, Refused> {
    let Some(tag) = tag else { return Ok(None) };
    match tag.parse::<unic_langid::LanguageIdentifier>() {
        Ok(language) => Ok(Some(language.to_string())),
        Err(_) => Err(Refused::NotAValue {
            field: "language".to_owned(),
            why: "a language tag is written like `nl` or `en-GB`".to_owned(),
        }),
    }
}

/// What a store keeps of the token of a link.
pub(super) fn token_hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}
