//! What people and their browsers get to see: pages, their texts in each language, style and script,
//! and the handlers that show them. Not here: any decision (`points`), and where a person is in a
//! sign-in (`journey`).

mod account;
mod admin;
pub mod answer;
pub mod assets;
mod browser;
mod caller;
mod forgot;
mod form;
pub mod i18n;
mod news;
pub mod pages;
mod passkey;
mod rounds;
mod router;
mod set_up;
mod sign_in;
mod sign_out;
mod steps;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use admin::{AdminPortal, Kept, admin_router};
pub use caller::{Caller, Transport};
pub use news::NewsTexts;
pub use router::router;
pub(crate) use sign_in::going_round;
pub(crate) use steps::denied_page;

use crate::journey::Journey;

/// What every page can ask.
#[derive(Clone, Debug)]
pub struct Portal {
    pub journey: Arc<Journey>,
    /// Where a demonstration shows the messages that it sent; marks each of its pages.
    pub demo_inbox: Option<String>,
}
