//! WebAuthn ceremonies: what a browser is asked to sign, sealed for one browser on one host, for one
//! session and user, for one purpose, for five minutes. The page carries the seal and cannot read or
//! change it; no row is written before an answer comes back. Not here: judging the answer (`passkey`).

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use webauthn_rs_core::WebauthnCore;
use webauthn_rs_core::error::WebauthnError;
use webauthn_rs_core::proto::{AttestationConveyancePreference, UserVerificationPolicy};
use webauthn_rs_core::proto::{AuthenticationState, RegistrationState};

use crate::accounts::{Account, PasskeyCredential, UserId};
use crate::keys::Keyring;
use crate::points::{Method, Timestamp};
use crate::sessions::SessionKey;

/// How long a challenge can be answered (WebAuthn level 3, section 7.2).
const LIFETIME: Duration = Duration::from_secs(300);

/// Who asks, and from where: the relying party of a directory on the host of one page.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RelyingParty {
    /// The domain that credentials are bound to.
    pub id: String,
    /// What people see in the dialog.
    pub name: String,
    /// Scheme, host and port of the page, as a browser writes them. No other origin is taken.
    pub origin: String,
}

/// What an answer is for. One that was made for one purpose does not serve another.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CeremonyPurpose {
    /// Nobody is known yet: any passkey of the directory.
    SignIn,
    /// One more step of somebody who is known.
    Confirm,
    /// A credential is made.
    Register,
}

/// A ceremony that was begun.
#[derive(Clone, Debug)]
pub struct Ceremony {
    pub purpose: CeremonyPurpose,
    /// [`Method::Passkey`] or [`Method::SecurityKey`].
    pub method: Method,
    pub(super) party: RelyingParty,
    pub session: Option<SessionKey>,
    pub user: Option<UserId>,
    /// SHA-256 of the challenge: what is kept once it was used.
    pub(super) challenge: [u8; 32],
    pub(super) state: State,
    pub ends_at: Timestamp,
}

/// The library's own state.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    Proving(AuthenticationState),
    Registering(RegistrationState),
}

/// A ceremony, and what the page hands to the browser: the argument of `navigator.credentials.get` or
/// `create`, with bytes in base64url.
#[derive(Clone, Debug)]
pub struct Begun {
    pub ceremony: Ceremony,
    pub options: Value,
}

/// Who registers, for the browser's dialog.
#[derive(Clone, Copy, Debug)]
pub struct Registrant<'a> {
    pub account: &'a Account,
    /// `None`: through a link, before anybody is signed in.
    pub session: Option<SessionKey>,
}

/// The library could not make a challenge: the settings of the relying party are not right.
#[derive(Debug, thiserror::Error)]
#[error("no passkey can be asked for")]
pub struct NoCeremony(#[from] WebauthnError);

#[derive(Deserialize, Serialize)]
struct Sealed {
    purpose: CeremonyPurpose,
    method: String,
    id: String,
    name: String,
    origin: String,
    session: Option<[u8; 16]>,
    user: Option<String>,
    challenge: [u8; 32],
    state: State,
    until: u64,
}

impl RelyingParty {
    pub(super) fn core(&self) -> Result<WebauthnCore, WebauthnError> {
        let origin = url::Url::parse(&self.origin).map_err(|_| WebauthnError::Configuration)?;
        Ok(WebauthnCore::new_unsafe_experts_only(
            &self.name,
            &self.id,
            vec![origin],
            LIFETIME,
            Some(false),
            Some(false),
        ))
    }
}

/// With a passkey the device asks for finger, face or PIN; a security key is only touched.
pub(super) const fn verification(method: Method) -> UserVerificationPolicy {
    match method {
        Method::SecurityKey => UserVerificationPolicy::Discouraged_DO_NOT_USE,
        _ => UserVerificationPolicy::Required,
    }
}

impl Ceremony {
    /// A sign-in by whatever passkey the browser has for this site. The same for everybody: it names
    /// no user and no credential.
    ///
    /// # Errors
    /// [`NoCeremony`].
    pub fn sign_in(party: RelyingParty, now: Timestamp) -> Result<Begun, NoCeremony> {
        let begun = Self::prove(party, CeremonyPurpose::SignIn, Method::Passkey, now)?;
        Ok(begun)
    }

    /// One more step of somebody who has shown one already, with a credential of theirs.
    ///
    /// # Errors
    /// [`NoCeremony`].
    pub fn confirm(
        party: RelyingParty,
        method: Method,
        session: SessionKey,
        account: &Account,
        now: Timestamp,
    ) -> Result<Begun, NoCeremony> {
        let mut begun = Self::prove(party, CeremonyPurpose::Confirm, method, now)?;
        begun.ceremony.session = Some(session);
        begun.ceremony.user = Some(account.user.id.clone());
        let own = account.passkeys.iter().filter(|passkey| passkey.method == method);
        let allowed: Vec<Value> = own.map(descriptor).collect();
        if let Some(options) = begun.options.get_mut("publicKey") {
            options["allowCredentials"] = Value::Array(allowed);
        }
        Ok(begun)
    }

    fn prove(
        party: RelyingParty,
        purpose: CeremonyPurpose,
        method: Method,
        now: Timestamp,
    ) -> Result<Begun, NoCeremony> {
        let core = party.core()?;
        let builder =
            core.new_challenge_authenticate_builder(Vec::new(), Some(verification(method)))?;
        let (options, state) = core.generate_challenge_authenticate(builder)?;
        let challenge = Sha256::digest(&options.public_key.challenge).into();
        Ok(Begun {
            options: serde_json::to_value(&options).unwrap_or_default(),
            ceremony: Self {
                purpose,
                method,
                party,
                session: None,
                user: None,
                challenge,
                state: State::Proving(state),
                ends_at: now.after(LIFETIME),
            },
        })
    }

    /// A new credential of `who`. Those that they have already are left out by the browser.
    ///
    /// # Errors
    /// [`NoCeremony`].
    pub fn register(
        party: RelyingParty,
        method: Method,
        who: Registrant<'_>,
        now: Timestamp,
    ) -> Result<Begun, NoCeremony> {
        let user = &who.account.user;
        let core = party.core()?;
        let shown = user.display_name.as_deref().unwrap_or_else(|| user.name.as_str());
        let own = who.account.passkeys.iter().map(|passkey| passkey.credential.clone());
        let builder = core
            .new_challenge_register_builder(user.id.0.as_bytes(), user.name.as_str(), shown)?
            .attestation(AttestationConveyancePreference::None)
            .user_verification_policy(verification(method))
            .require_resident_key(method == Method::Passkey)
            .exclude_credentials(Some(own.collect()))
            .extensions(None);
        let (options, state) = core.generate_challenge_register(builder)?;
        let challenge = Sha256::digest(&options.public_key.challenge).into();
        Ok(Begun {
            options: serde_json::to_value(&options).unwrap_or_default(),
            ceremony: Self {
                purpose: CeremonyPurpose::Register,
                method,
                party,
                session: who.session,
                user: Some(user.id.clone()),
                challenge,
                state: State::Registering(state),
                ends_at: now.after(LIFETIME),
            },
        })
    }

    /// What the store knows the challenge by, once it was used.
    #[must_use]
    pub const fn spent(&self) -> &[u8; 32] {
        &self.challenge
    }

    /// For a hidden field: sealed for this host and this browser.
    #[must_use]
    pub fn token(&self, keys: &Keyring, host: &str, browser: &[u8; 32]) -> String {
        let sealed = Sealed {
            purpose: self.purpose,
            method: self.method.name().to_owned(),
            id: self.party.id.clone(),
            name: self.party.name.clone(),
            origin: self.party.origin.clone(),
            session: self.session.map(|session| session.0),
            user: self.user.as_ref().map(|user| user.0.to_string()),
            challenge: self.challenge,
            state: self.state.clone(),
            until: self.ends_at.as_millis(),
        };
        let json = zeroize::Zeroizing::new(serde_json::to_vec(&sealed).unwrap_or_default());
        BASE64.encode(keys.seal(&place(host, browser), &json))
    }

    /// `None`: of another host or browser, or not ours. One that is too old is still read, so that the
    /// person can be told.
    #[must_use]
    pub fn parse(token: &str, keys: &Keyring, host: &str, browser: &[u8; 32]) -> Option<Self> {
        let json = keys.open(&place(host, browser), &BASE64.decode(token).ok()?)?;
        let sealed: Sealed = serde_json::from_slice(&json).ok()?;
        Some(Self {
            purpose: sealed.purpose,
            method: sealed.method.parse().ok()?,
            party: RelyingParty { id: sealed.id, name: sealed.name, origin: sealed.origin },
            session: sealed.session.map(SessionKey),
            user: sealed.user.map(|user| UserId(user.into())),
            challenge: sealed.challenge,
            state: sealed.state,
            ends_at: Timestamp::from_millis(sealed.until),
        })
    }
}

fn place(host: &str, browser: &[u8; 32]) -> String {
    format!("ceremony:{host}:{}", BASE64.encode(browser))
}

fn descriptor(passkey: &PasskeyCredential) -> Value {
    json!({
        "type": "public-key",
        "id": BASE64.encode(&passkey.credential),
        "transports": passkey.transports,
    })
}
