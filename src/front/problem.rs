//! The problem document (RFC 9457) and the header of RFC 9470 for clients without a page. Not here:
//! what is missing; it is told.

use serde::Serialize;

use crate::points::{Requirement, Shortfall};

/// More is to be shown, or nothing would help. Every field is there in each document.
#[derive(Debug, Serialize)]
pub(super) struct Problem {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    score: u16,
    required_level: u16,
    missing: u16,
    ways: Vec<Vec<&'static str>>,
    max_age_s: Option<u64>,
    fresh_within_s: Option<u64>,
    challenge_url: Option<String>,
    reference: String,
}

impl Problem {
    pub(super) fn step_up(
        requirement: &Requirement,
        shortfall: &Shortfall,
        challenge_url: String,
        reference: String,
    ) -> Self {
        let way = |way: &crate::points::Way| way.methods().map(|method| method.name()).collect();
        Self {
            r#type: "https://scoregate.dev/problems/level",
            title: "More sign-in steps are needed",
            status: 401,
            score: shortfall.have.value(),
            required_level: requirement.level.value(),
            missing: shortfall.have.missing_to(requirement.level).value(),
            ways: shortfall.ways.iter().map(way).collect(),
            max_age_s: requirement.max_age.map(|age| age.as_secs()),
            fresh_within_s: requirement.fresh_within.map(|age| age.as_secs()),
            challenge_url: Some(challenge_url),
            reference,
        }
    }

    pub(super) fn forbidden(requirement: &Requirement, score: u16, reference: String) -> Self {
        Self {
            r#type: "https://scoregate.dev/problems/access",
            title: "This is not open to this user",
            status: 403,
            score,
            required_level: requirement.level.value(),
            missing: 0,
            ways: Vec::new(),
            max_age_s: requirement.max_age.map(|age| age.as_secs()),
            fresh_within_s: requirement.fresh_within.map(|age| age.as_secs()),
            challenge_url: None,
            reference,
        }
    }

    pub(super) fn json(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// RFC 9470, section 3. `max_age` is the strictest age that the place asks.
pub(super) fn www_authenticate(requirement: &Requirement) -> String {
    let mut value = "Bearer error=\"insufficient_user_authentication\", \
                     error_description=\"More sign-in steps are needed\""
        .to_owned();
    let ages = [requirement.max_age, requirement.fresh_within];
    if let Some(age) = ages.into_iter().flatten().min() {
        value.push_str(&format!(", max_age=\"{}\"", age.as_secs()));
    }
    value
}
