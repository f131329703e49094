//! The methods that this gateway offers, found by their names.

use std::sync::Arc;

use super::Authenticator;
use crate::accounts::Account;
use crate::points::{Enrolled, Method};

/// One authenticator a method. A method that is not in here does not exist.
#[derive(Clone, Debug, Default)]
pub struct Methods {
    authenticators: Vec<Arc<dyn Authenticator>>,
}

impl Methods {
    /// Of two authenticators of one method the first counts.
    #[must_use]
    pub fn new(authenticators: Vec<Arc<dyn Authenticator>>) -> Self {
        Self { authenticators }
    }

    #[must_use]
    pub fn of(&self, method: Method) -> Option<&dyn Authenticator> {
        self.authenticators
            .iter()
            .find(|authenticator| authenticator.method() == method)
            .map(|authenticator| &**authenticator)
    }

    /// What this user has and can use now: what the ways in are made of.
    #[must_use]
    pub fn usable_enrolments(&self, account: &Account) -> Vec<Enrolled> {
        let mut enrolled = account.enrolled();
        enrolled.retain(|enrolled| {
            self.of(enrolled.method).is_some_and(|authenticator| authenticator.is_usable(account))
        });
        enrolled
    }
}
