//! An authenticator app that somebody holds in the demo, so that whoever has none at hand can go on.
//! Not here: how a code is checked (`methods`).

use crate::methods::Totp;
use crate::points::Timestamp;
use crate::secret::Secret;

use super::BRAND;

/// An authenticator app, as its holder sees it.
#[derive(Clone, Debug)]
pub struct App {
    /// Whose it is.
    pub user: String,
    pub(super) secret: Secret<Vec<u8>>,
}

impl App {
    /// The six digits that it shows at an instant.
    #[must_use]
    pub fn code(&self, now: Timestamp) -> String {
        totp_rs::Builder::new()
            .with_secret(self.secret.reveal().as_slice())
            .build_noncompliant()
            .generate(now.as_secs())
            .to_string()
    }

    /// The `otpauth://` link that any app can take over.
    #[must_use]
    pub fn link(&self) -> String {
        Totp::provisioning_uri(BRAND, &self.user, &self.secret)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_shows_the_codes_of_rfc_6238_and_the_gate_takes_them() {
        let secret = Secret::new(b"12345678901234567890".to_vec());
        let app = App { user: "anna".to_owned(), secret: secret.clone() };
        for (seconds, code) in [(59, "287082"), (1_111_111_109, "081804")] {
            let now = Timestamp::from_secs(seconds);
            assert_eq!(app.code(now), code);
            assert_eq!(Totp::confirm(&secret, &app.code(now), now), Some(seconds / 30));
        }
    }

    #[test]
    fn its_link_names_the_brand_and_the_person() {
        let secret = Secret::new(b"12345678901234567890".to_vec());
        let link = App { user: "anna".to_owned(), secret }.link();
        assert!(link.starts_with("otpauth://totp/Example:anna?"), "{link}");
        assert!(link.contains("secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"), "{link}");
    }
}
