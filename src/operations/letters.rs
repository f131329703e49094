//! What people are told by message of what administrators do to their account. Not here: words, languages and how
//! a message travels.

use crate::accounts::{Account, Contact};
use crate::points::Method;

/// What is told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Letter<'a> {
    /// The link itself: for whoever is to set the account up.
    SetUp {
        url: &'a str,
    },
    /// That somebody was given a link.
    LinkMade,
    /// Codes of this method go somewhere else now.
    ContactChanged(Method),
    MethodRemoved(Method),
}

/// Hands messages to the outbox.
pub trait Letters: Send + Sync + std::fmt::Debug {
    /// One to each of these contacts of the account; how many were taken.
    fn write(&self, account: &Account, to: &[&Contact], letter: Letter<'_>) -> usize;
}

/// Where no gateway runs, nothing is sent.
#[derive(Clone, Copy, Debug)]
pub struct NoLetters;

impl Letters for NoLetters {
    fn write(&self, _: &Account, _: &[&Contact], _: Letter<'_>) -> usize {
        0
    }
}
