//! The parts of `scoregate demo` that an ordinary gateway has not: a portal to protect, four people,
//! an inbox for what would have been sent, and settings for all of it. Everything behind them (store,
//! sessions, pages, proxy) is the real thing. Not here: the wiring (`app`), and any way around the gate:
//! whoever tries the demo signs in like everybody else.

mod apps;
mod inbox;
mod inbox_page;
mod people;
pub mod portal;
mod settings;
mod welcome;

pub use apps::App;
pub use inbox::{Inbox, Received};
pub use inbox_page::inbox_router;
pub use people::{People, SeedError, seed};
pub use settings::{InvalidSettings, NotLoopback, allowed, config, request};
pub use welcome::welcome;

use crate::web::pages::DemoLinks;

/// The brand on every page and in every mail.
const BRAND: &str = "Example";

/// Whom the pages name where somebody needs help.
const HELP_CONTACT: &str = "servicedesk@example.org";

/// Where the inbox is, on every host of the demo.
pub const INBOX: &str = "/.scoregate/inbox";

/// Where the pages are.
fn links() -> DemoLinks {
    DemoLinks {
        home: "/".to_owned(),
        echo: "/echo".to_owned(),
        payments: "/payments".to_owned(),
        operations: "/operations".to_owned(),
        public: "/public".to_owned(),
        inbox: INBOX.to_owned(),
    }
}
