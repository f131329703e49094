//! Security keys: a WebAuthn credential that is only touched, without finger, face or PIN. A second
//! step, named to the browser, never found by it. Checked as passkeys are. Not here: how (`passkey`).

use std::sync::Arc;

use async_trait::async_trait;

use super::passkey::Signatures;
use super::{Ask, Attempt, Authenticator, Challenged, MethodError, Verdict};
use crate::accounts::{Account, PasskeyStore};
use crate::points::Method;
use crate::throttle::Attempts;

/// Security keys.
#[derive(Debug)]
pub struct SecurityKey {
    signatures: Signatures,
}

impl SecurityKey {
    #[must_use]
    pub fn new(store: Arc<dyn PasskeyStore>, attempts: Attempts) -> Self {
        Self { signatures: Signatures { store, attempts, method: Method::SecurityKey } }
    }
}

#[async_trait]
impl Authenticator for SecurityKey {
    fn method(&self) -> Method {
        Method::SecurityKey
    }

    fn is_usable(&self, account: &Account) -> bool {
        self.signatures.is_usable(account)
    }

    async fn challenge(&self, _: Ask<'_>) -> Result<Challenged, MethodError> {
        Ok(Challenged::Ready)
    }

    async fn verify(&self, attempt: Attempt<'_>) -> Result<Verdict, MethodError> {
        self.signatures.verify(attempt).await
    }
}
