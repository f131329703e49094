//! The pages on which people look after their account, and what is around them. To add one: a variant of
//! [`Section`] with its address and text, a file here with the page, a template that extends
//! `account/account.html`. Not here: who may change what.

mod apps;
mod contacts;
mod devices;
mod overview;
mod passkeys;
mod password;
mod recovery;

use askama::Template;

use super::frame::{Frame, html};
use crate::points::Method;
pub use apps::{AccountApp, AccountApps};
pub use contacts::{AccountContact, AccountContacts, ConfirmContact, ContactsState};
pub use devices::{AccountDevice, AccountDevices, AccountRemembered};
pub use overview::{AccountMethod, AccountOverview, AccountPlan, Verdict};
pub use passkeys::{AccountPasskeys, AddPasskey, NoMore, PasskeyCard, RemovePasskey};
pub use password::ChangePassword;
pub use recovery::{NewRecoveryCodes, RecoveryOverview};

/// A page of the account, as it stands in the navigation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Section {
    Overview,
    Passkeys,
    Password,
    Emails,
    Phones,
    App,
    Recovery,
    Devices,
}

impl Section {
    /// In the order of the navigation.
    const ALL: [Self; 8] = [
        Self::Overview,
        Self::Passkeys,
        Self::Password,
        Self::Emails,
        Self::Phones,
        Self::App,
        Self::Recovery,
        Self::Devices,
    ];

    /// Pages of methods that the directory does not take are not there.
    const fn method(self) -> Option<Method> {
        match self {
            Self::Overview | Self::Devices => None,
            Self::Passkeys => Some(Method::Passkey),
            Self::Password => Some(Method::Password),
            Self::Emails => Some(Method::Email),
            Self::Phones => Some(Method::Sms),
            Self::App => Some(Method::Totp),
            Self::Recovery => Some(Method::RecoveryCode),
        }
    }

    /// Where people look after a method of theirs.
    fn of(method: Method) -> Option<Self> {
        let method = if method == Method::SecurityKey { Method::Passkey } else { method };
        Self::ALL.into_iter().find(|section| section.method() == Some(method))
    }

    const fn href(self) -> &'static str {
        match self {
            Self::Overview => "/.scoregate/me",
            Self::Passkeys => "/.scoregate/me/passkeys",
            Self::Recovery => "/.scoregate/me/recovery-codes",
            Self::Password => "/.scoregate/me/password",
            Self::Emails => "/.scoregate/me/emails",
            Self::Phones => "/.scoregate/me/phones",
            Self::App => "/.scoregate/me/app",
            Self::Devices => "/.scoregate/me/devices",
        }
    }

    fn name(self, frame: &Frame) -> String {
        match self {
            Self::Overview => frame.t("account-nav-overview"),
            Self::Passkeys => frame.t("passkeys-title"),
            Self::Recovery => frame.t("account-nav-recovery"),
            Self::Password => frame.t("account-nav-password"),
            Self::Emails => frame.t("account-nav-emails"),
            Self::Phones => frame.t("account-nav-phones"),
            Self::App => frame.t("account-nav-app"),
            Self::Devices => frame.t("account-nav-devices"),
        }
    }
}

/// One post of the navigation.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct SectionLink {
    pub(super) name: String,
    pub(super) href: &'static str,
    pub(super) is_current: bool,
}

/// All of them, seen from one.
pub(super) fn sections(frame: &Frame, current: Section) -> Vec<SectionLink> {
    let link = |section: Section| SectionLink {
        name: section.name(frame),
        href: section.href(),
        is_current: section == current,
    };
    let is_there =
        |section: &Section| section.method().is_none_or(|method| frame.offered.contains(method));
    Section::ALL.into_iter().filter(is_there).map(link).collect()
}

/// Why a change is not made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum StopReason {
    /// Without it the account could not be opened any more.
    LastWay,
}

/// A change that cannot be made, and what to do instead.
#[derive(Clone, Debug)]
pub struct AccountStop {
    pub frame: Frame,
    pub reason: StopReason,
}

#[derive(Template)]
#[template(path = "account/stop.html")]
struct StopView<'a> {
    frame: &'a Frame,
    title: String,
    heading: String,
    text: String,
}

impl AccountStop {
    #[must_use]
    pub fn render(&self) -> String {
        let frame = &self.frame;
        let (heading, text) = match self.reason {
            StopReason::LastWay => (frame.t("account-last-title"), frame.t("account-last")),
        };
        html(&StopView { frame, title: frame.title(&heading, false), heading, text })
    }
}
