//! What became of an operation: what it did or found, or why it was refused. Values that travel over
//! the control socket. Not here: how a terminal or a page shows them.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::access::PlaceAccess;
use super::explain::Explanation;
use crate::accounts::{Account, PasskeyCredential, StoreError, User, UserState};
use crate::points::Timestamp;

/// What was done or found.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "done", rename_all = "snake_case")]
pub enum Outcome {
    UserAdded {
        user: UserSummary,
        link: Option<LinkMade>,
    },
    Users {
        users: Vec<UserSummary>,
    },
    User(Box<UserDetails>),
    Access {
        places: Vec<PlaceAccess>,
    },
    /// The user is so now; `changed` is false where they were so before.
    UserChanged {
        user: UserSummary,
        changed: bool,
    },
    UserDeleted {
        user: UserSummary,
    },
    Link {
        user: UserSummary,
        link: LinkMade,
    },
    Sessions {
        sessions: Vec<SessionSummary>,
    },
    SessionsEnded {
        count: usize,
    },
    /// This revision has the settings of the one that was asked for; 0: files alone decide.
    PolicyRecovered {
        directory: String,
        revision: u64,
    },
    Explained(Box<Explanation>),
    KeysRotated {
        grace_s: u64,
    },
    Reloaded {
        revision: u64,
    },
    Status(Box<Status>),
}

#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct UserSummary {
    pub id: String,
    pub name: String,
    pub directory: String,
    pub display_name: Option<String>,
    pub roles: Vec<String>,
    pub disabled: bool,
    pub created_at: String,
    pub last_sign_in_at: Option<String>,
}

#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct UserDetails {
    #[serde(flatten)]
    pub user: UserSummary,
    pub language: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
    /// Names of the methods that the user has, in the order of [`crate::points::Method`].
    pub methods: Vec<String>,
    #[serde(default)]
    pub passkeys: Vec<PasskeySummary>,
    pub sessions: usize,
}

/// A passkey or security key of a user.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct PasskeySummary {
    pub id: String,
    pub method: String,
    /// What the user calls it.
    pub label: Option<String>,
    pub synced: bool,
    pub added_at: String,
    pub last_used_at: Option<String>,
}

#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct LinkMade {
    /// Whoever opens it first sets the account up.
    pub url: String,
    pub expires_at: String,
}

#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct SessionSummary {
    /// Short, and of no use in a cookie.
    pub id: String,
    pub user: String,
    pub directory: String,
    pub created_at: String,
    pub last_seen_at: String,
    pub ends_at: String,
    pub methods: Vec<String>,
    pub user_agent: Option<String>,
    pub address: Option<String>,
}

/// How a running gateway is.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Status {
    pub version: String,
    /// Rises with every reload.
    pub revision: u64,
    pub started_at: String,
    pub ready: bool,
    /// Why it is not ready.
    pub not_ready: Vec<String>,
    /// Such as `https 127.0.0.1:8443`.
    pub listeners: Vec<String>,
    pub sessions: usize,
    /// There, and not used yet: nobody owns this gateway.
    pub first_admin_link: Option<PathBuf>,
}

/// Why an operation was refused. Nothing was done unless it says otherwise. Its text is for the person
/// who asked.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, thiserror::Error)]
#[serde(tag = "refused", rename_all = "snake_case")]
pub enum Refused {
    #[error("directory `{directory}` has a user `{name}` already")]
    NameTaken { name: String, directory: String },
    #[error("there is no user `{name}`{}", in_directory(directory.as_deref()))]
    NoSuchUser { name: String, directory: Option<String> },
    #[error("`{name}` is in several directories ({}): say which with --directory", directories.join(", "))]
    Ambiguous { name: String, directories: Vec<String> },
    #[error("there is no directory `{directory}`; there are: {}", directories.join(", "))]
    NoSuchDirectory { directory: String, directories: Vec<String> },
    #[error("say which directory with --directory: {}", directories.join(", "))]
    WhichDirectory { directories: Vec<String> },
    #[error(
        "directory `{directory}` has no revision {number}; the newest is {newest}, and 0 is what files say"
    )]
    NoSuchRevision { directory: String, number: u64, newest: u64 },
    #[error("there is no session `{id}`")]
    NoSuchSession { id: String },
    #[error("`{role}` is not a role of the gateway; those are: {}", super::GATEWAY_ROLES.join(", "))]
    NoSuchGatewayRole { role: String },
    #[error(
        "`{role}` is not a role name: a letter a-z, then letters, digits, `_` and `-`, at most 64"
    )]
    NotARole { role: String },
    #[error("{field}: {why}")]
    NotAValue { field: String, why: String },
    #[error("the password is refused: {why}")]
    Password { why: String },
    #[error("no link can be made: {why}")]
    NoLink { why: String },
    #[error("the gateway does not run, so there is nothing to ask")]
    NotRunning,
    #[error("the gateway keeps what it has: {why}")]
    NotReloaded { why: String },
    #[error("the gateway is busy; try again in a moment")]
    Busy,
    #[error("the store did not take it, and nothing was changed; look at the log, and try again")]
    Store,
    #[error(
        "the store did not take it. `{name}` is kept out for as long as the gateway runs; look at the \
         log, and repeat the command"
    )]
    StoreAndHeld { name: String },
    #[error("this needs an owner of the gateway or the local command")]
    NotAllowed,
}

/// What a script does about it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// "No": it exists, it does not, it may not.
    No,
    /// What was given cannot be right.
    Usage,
    /// Something could not be reached; trying again may help.
    Unreachable,
    /// The configuration is wrong.
    Configuration,
}

impl Refused {
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::NameTaken { .. }
            | Self::NoSuchUser { .. }
            | Self::NoSuchRevision { .. }
            | Self::NoSuchDirectory { .. }
            | Self::NoSuchSession { .. }
            | Self::Password { .. }
            | Self::NotAllowed => Kind::No,
            Self::Ambiguous { .. }
            | Self::WhichDirectory { .. }
            | Self::NoSuchGatewayRole { .. }
            | Self::NotARole { .. }
            | Self::NotAValue { .. } => Kind::Usage,
            Self::NotRunning | Self::Busy | Self::Store | Self::StoreAndHeld { .. } => {
                Kind::Unreachable
            }
            Self::NoLink { .. } | Self::NotReloaded { .. } => Kind::Configuration,
        }
    }
}

impl From<StoreError> for Refused {
    /// The log has the cause; whoever asked is told what to do.
    fn from(error: StoreError) -> Self {
        let error: &dyn std::error::Error = &error;
        tracing::error!(error, "the store did not do what was asked");
        Self::Store
    }
}

fn in_directory(directory: Option<&str>) -> String {
    directory.map(|directory| format!(" in directory `{directory}`")).unwrap_or_default()
}

impl UserSummary {
    #[must_use]
    pub fn of(user: &User) -> Self {
        Self {
            id: user.id.0.to_string(),
            name: user.name.to_string(),
            directory: user.directory.to_string(),
            display_name: user.display_name.clone(),
            roles: user.roles.iter().map(ToString::to_string).collect(),
            disabled: user.state == UserState::Disabled,
            created_at: instant(user.created_at),
            last_sign_in_at: user.last_sign_in_at.map(instant),
        }
    }
}

impl UserDetails {
    #[must_use]
    pub fn of(account: &Account, sessions: usize) -> Self {
        use crate::accounts::ContactKind::{Email, Phone};
        use crate::points::MethodSet;

        let contact = |kind| account.contact(kind).map(|contact| contact.address.clone());
        let enrolled: MethodSet = account.enrolled().iter().map(|one| one.method).collect();
        Self {
            user: UserSummary::of(&account.user),
            language: account.user.language.clone(),
            email: contact(Email),
            phone: contact(Phone),
            methods: enrolled.iter().map(|method| method.name().to_owned()).collect(),
            passkeys: account.passkeys.iter().map(PasskeySummary::of).collect(),
            sessions,
        }
    }
}

impl PasskeySummary {
    fn of(passkey: &PasskeyCredential) -> Self {
        Self {
            id: passkey.id.0.to_string(),
            method: passkey.method.name().to_owned(),
            label: passkey.label.clone(),
            synced: passkey.is_backed_up,
            added_at: instant(passkey.added_at),
            last_used_at: passkey.last_used_at.map(instant),
        }
    }
}

/// RFC 3339 in UTC, to the second. A terminal shows it in the local zone.
pub(crate) fn instant(at: Timestamp) -> String {
    i64::try_from(at.as_secs())
        .ok()
        .and_then(|secs| jiff::Timestamp::from_second(secs).ok())
        .map_or_else(|| "never".to_owned(), |at| at.to_string())
}
