//! Which routes a user can open with what they have, and what is missing: the question of `explain`, once
//! for every place of their directory. Not here: a rule of its own.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::explain::{Answer, Done, Explanation, Question, explain};
use super::{Act, Outcome, Place, Refused, UserRef};
use crate::accounts::Account;
use crate::points::MethodSet;

/// One place of a user's directory.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct PlaceAccess {
    /// Host and path.
    pub place: String,
    /// With all that the user has, from an address that nothing is known of.
    pub is_open: bool,
    /// For the user who has shown nothing yet: the ways. Where more proofs would not help, that.
    pub explanation: Explanation,
}

impl Act<'_> {
    pub(super) async fn access(&self, user: &UserRef) -> Result<Outcome, Refused> {
        let account = self.account(user).await?;
        let places = self.tools.places.all(&account.user.directory);
        let places = places.into_iter().map(|(name, place)| self.at(&account, name, &place));
        Ok(Outcome::Access { places: places.collect() })
    }

    fn at(&self, account: &Account, name: String, place: &Place) -> PlaceAccess {
        let ask = |done: &[Done]| {
            let question = Question { account: Some(account), done, address: None, now: self.now };
            explain(place, &question)
        };
        // What runs out is left aside.
        let methods: MethodSet = account.enrolled().iter().map(|one| one.method).collect();
        let all = methods.iter().filter(|method| method.is_forecast());
        let all: Vec<Done> = all.map(|method| Done { method, ago: Duration::ZERO }).collect();
        // Roles are asked of whoever is signed in; somebody who has shown nothing is not.
        let with_all = ask(&all);
        let is_open = matches!(with_all.verdict, Answer::Allow | Answer::Public);
        let explanation = if with_all.verdict == Answer::Forbid { with_all } else { ask(&[]) };
        PlaceAccess { place: name, is_open, explanation }
    }
}
