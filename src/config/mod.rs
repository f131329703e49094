//! Configuration: files, environment and command line become a checked [`Config`], or diagnostics that
//! say what is wrong, where, and what to do. Nothing reads it after start-up except through a snapshot.
//!
//! The way of a setting: `walk` reads one file and checks every value by itself against the schema
//! (`outline`, made from the structs of `shape`); `layers` lays the files, the environment and the
//! command line over one another with the `config` crate and remembers where each value came from;
//! `meaning` checks what needs more than one setting and builds the values that the gateway uses.

mod certificates;
mod checked;
mod diagnostic;
mod gateways;
mod identity;
mod layers;
mod load;
mod meaning;
mod outline;
mod reach;
mod reference;
mod secrets;
mod shape;
mod show;
mod sockets;
mod texts;
mod walk;

pub use checked::*;
pub use diagnostic::{Diagnostic, Place, Severity, SourceFile, Spot};
pub use identity::{Fact, Identity, IdentityField, Piece, Preset, Template};
pub use layers::{CONFIG_VARIABLE, Origin, Provenance};
pub use load::{Format, LoadRequest, Loaded, environment, load};
pub use outline::schema;
pub use reach::methods_of_this_version;
pub use reference::reference_markdown;
pub use show::show;

#[cfg(test)]
mod tests;
