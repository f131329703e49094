//! What can be asked of an operator, as values that travel over the control socket. Not here: doing
//! it, and how a command line or a page spells it.

use serde::{Deserialize, Serialize};

use crate::secret::Secret;

/// A user, as a person names one.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct UserRef {
    /// Not yet canonical.
    pub name: String,
    /// `None`: the only directory that has the name.
    #[serde(default)]
    pub directory: Option<String>,
}

/// What it takes to add a user; texts as they were given, checked when it is done.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct UserAdd {
    pub name: String,
    /// `None`: the only directory there is.
    #[serde(default)]
    pub directory: Option<String>,
    #[serde(default)]
    pub roles: Vec<String>,
    #[serde(default)]
    pub email: Option<String>,
    #[serde(default)]
    pub phone: Option<String>,
    #[serde(default)]
    pub display_name: Option<String>,
    #[serde(default)]
    pub language: Option<String>,
    /// `None`: a one-time link is made instead.
    #[serde(default, with = "secret_text")]
    pub password: Option<Secret<String>>,
    /// The host that the link points to; `None`: the directory's.
    #[serde(default)]
    pub host: Option<String>,
}

/// Which sessions to end.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionChoice {
    /// As `session list` shows it.
    Id(String),
    Of(UserRef),
    All,
}

/// A question about one request.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Explain {
    pub url: String,
    /// `None`: somebody who is not signed in.
    #[serde(default)]
    pub user: Option<String>,
    /// What is taken to be done: `password`, `email@2m`. Any method, enrolled or not.
    #[serde(default)]
    pub done: Vec<String>,
    /// The HTTP method.
    pub method: String,
    /// Where the request comes from, for rules that ask.
    #[serde(default)]
    pub address: Option<std::net::IpAddr>,
}

/// One thing to do or to tell.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Operation {
    UserAdd(Box<UserAdd>),
    UserList {
        directory: Option<String>,
    },
    UserShow {
        user: UserRef,
    },
    /// Which routes the user can open, and what is missing.
    UserAccess {
        user: UserRef,
    },
    UserDisable {
        user: UserRef,
    },
    UserEnable {
        user: UserRef,
    },
    UserUnlock {
        user: UserRef,
    },
    /// Makes a new one-time link; earlier ones of the user end.
    UserLink {
        user: UserRef,
        host: Option<String>,
    },
    UserDelete {
        user: UserRef,
    },
    UserRoles {
        user: UserRef,
        grant: Vec<String>,
        revoke: Vec<String>,
    },
    SessionList {
        user: Option<UserRef>,
    },
    SessionEnd {
        which: SessionChoice,
    },
    /// A set-up link for an owner: the one that is named, else the first there is, else a new one.
    RecoverAdmin {
        user: Option<UserRef>,
        host: Option<String>,
    },
    /// Goes back to an earlier revision of a directory's settings; 0: to what files say.
    RecoverPolicy {
        directory: Option<String>,
        to: u64,
    },
    Explain(Explain),
    /// A new key signs from now on; the one before it is believed for this long, in seconds.
    KeysRotate {
        grace_s: u64,
    },
    Reload,
    Status,
}

/// A secret crosses the control socket in clear: both ends are the same machine and the same user.
mod secret_text {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::secret::Secret;

    #[expect(clippy::ref_option, reason = "the form that serde asks for")]
    pub(super) fn serialize<S: Serializer>(
        secret: &Option<Secret<String>>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        secret.as_ref().map(Secret::reveal).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Secret<String>>, D::Error> {
        Ok(Option::<String>::deserialize(from)?.map(Secret::new))
    }
}
