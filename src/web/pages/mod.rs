//! Everything that a person sees, as values that turn themselves into HTML.
//!
//! To add a page: a struct here with what it needs to know and a `render`, a template under
//! `templates/`, its texts in every language, and an entry in `gallery.rs`, which the tests walk.
//! Not here: requests, cookies, status codes, or any decision. A page is told; it asks nobody.

mod account;
mod choose;
mod code;
mod demo;
mod ends;
mod forgot;
mod frame;
#[cfg(test)]
mod gallery;
mod icon;
mod parts;
mod passkey;
mod recovery;
mod refused;
mod setup;
mod sign_in;

pub use account::{
    AccountApp, AccountApps, AccountContact, AccountContacts, AccountDevice, AccountDevices,
    AccountMethod, AccountOverview, AccountPasskeys, AccountPlan, AccountRemembered, AccountStop,
    AddPasskey, ChangePassword, ConfirmContact, ContactsState, NewRecoveryCodes, NoMore,
    PasskeyCard, RecoveryOverview, RemovePasskey, StopReason, Verdict,
};
pub use choose::{Choose, Confirm, ConfirmReason, Stuck, Wait};
pub use code::{AppCode, CodeState, SentCode};
pub use demo::{
    DemoApp, DemoEcho, DemoHome, DemoInbox, DemoLinks, DemoMessage, DemoOperations, DemoPayments,
    DemoProof, DemoPublic, DemoWhy,
};
pub use ends::{Denied, DeniedReason, PortalDown, PortalFault, SignOut, SignedOut, WindowDone};
pub use forgot::{Forgot, ForgotState, ResetDone};
pub use frame::{Frame, Help, Person};
pub(in crate::web) use frame::{html, method_key_within, written};
pub(in crate::web) use icon::Icon;
pub use parts::{Blocked, Choice, Counting, Hidden};
pub use passkey::{PasskeyAsk, PasskeyState, PasskeyStep};
pub use recovery::{Recovered, RecoveryPage};
pub use refused::{
    CookiesBlocked, GoingRound, InsideFrame, PostLost, Refusal, Refused, RoundsCause,
};
pub use setup::{
    AppState, LinkGone, PasswordState, SetUpApp, SetUpDone, SetUpPassword, SetUpResult,
};
pub use sign_in::{PasswordAgain, SignIn, SignInState};
