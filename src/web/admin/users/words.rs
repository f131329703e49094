//! What the pages about users say of one. Not here: what is true of them.

use crate::accounts::{Account, User};
use crate::gate::DirectoryPolicy;
use crate::operations::Refused;
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

/// What became of a form, as the address says it.
pub(super) fn done(said: &str) -> Option<&'static str> {
    Some(match said {
        "created" => "users-done-created",
        "mailed" => "users-done-mailed",
        "unlocked" => "users-done-unlocked",
        "disabled" => "users-done-disabled",
        "enabled" => "users-done-enabled",
        "signed-out" => "users-done-signed-out",
        "removed" => "users-done-removed",
        "contact" => "users-done-contact",
        "roles" => "users-done-roles",
        _ => return None,
    })
}

/// Why nothing was done, and what to do about it.
pub(super) fn refusal(frame: &Frame, refused: &Refused) -> String {
    let about = |key: &str, value: &String| frame.t1(key, "value", value.clone());
    match refused {
        Refused::NameTaken { name, directory: _ } => about("users-no-name-taken", name),
        Refused::NoSuchDirectory { directory, .. } => about("users-no-directory", directory),
        Refused::WhichDirectory { .. } => frame.t("users-no-which"),
        Refused::NoSuchUser { name, .. } => about("users-no-user", name),
        Refused::NoSuchGatewayRole { role } => about("users-no-gateway-role", role),
        Refused::NotARole { role } => about("users-no-role", role),
        Refused::NotAValue { field, .. } => frame.t(match &**field {
            "e-mail" => "users-no-email",
            "phone" => "users-no-number",
            "language" => "users-no-language",
            "display name" => "users-no-called",
            _ => "users-no-user-name",
        }),
        Refused::NoLink { why } => about("users-no-link", why),
        Refused::NoMailbox { .. } => frame.t("users-no-mailbox"),
        Refused::NotSent { .. } => frame.t("users-not-sent"),
        Refused::NoSuchMethod { .. } => frame.t("users-no-method"),
        Refused::Yourself => frame.t("users-yourself"),
        Refused::NotAllowed => frame.t("users-not-allowed"),
        Refused::StoreAndHeld { .. } => frame.t("users-held"),
        Refused::Busy => frame.t("users-busy"),
        _ => frame.t("users-not-stored"),
    }
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
