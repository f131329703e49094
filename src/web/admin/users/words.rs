//! What the pages about users say of one. Not here: what is true of them.

use crate::accounts::{Account, User};
use crate::gate::DirectoryPolicy;
use crate::points::Enrolled;
use crate::web::admin::sentences;
use crate::web::pages::Frame;

/// What the user has and this configuration can carry.
pub(super) fn usable(account: &Account, policy: &DirectoryPolicy) -> Vec<Enrolled> {
    let is_offered = |one: &Enrolled| policy.offered.contains(one.method);
    account.enrolled().into_iter().filter(is_offered).collect()
}

/// A phone number that whoever has it knows again: `+31 •••• 89`.
pub(super) fn masked(number: &str) -> String {
    let digits: Vec<char> = number.chars().collect();
    let (Some(begin), Some(end)) = (digits.get(..3), digits.last_chunk::<2>()) else {
        return "••••".to_owned();
    };
    let text = |part: &[char]| part.iter().collect::<String>();
    format!("{} •••• {}", text(begin), text(end))
}

/// Nobody has signed in with it, and nothing to sign in with was set up.
pub(super) fn is_invited(account: &Account) -> bool {
    account.user.last_sign_in_at.is_none()
        && account.password.is_none()
        && account.passkeys.is_empty()
}

pub(super) fn last_sign_in(frame: &Frame, user: &User) -> String {
    user.last_sign_in_at
        .map_or_else(|| frame.t("users-last-never"), |at| sentences::instant(frame, at))
}

pub(super) fn roles(user: &User) -> String {
    let roles: Vec<&str> = user.roles.iter().map(|role| &**role).collect();
    roles.join(", ")
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn a_masked_number_shows_its_ends_and_never_all_of_it() {
        for (number, shown) in [
            ("+31612345689", "+31 •••• 89"),
            ("+12025550123", "+12 •••• 23"),
            ("+1", "••••"),
            ("", "••••"),
        ] {
            assert_eq!(masked(number), shown);
        }
    }
}
