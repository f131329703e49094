//! Passkeys: a credential that the browser finds by itself, with finger, face or PIN at each use, so
//! that one alone signs in. The rules of WebAuthn level 3, sections 7.1 and 7.2, are checked by
//! `webauthn-rs-core`, by `signed` and here. Not here: challenges (`ceremony`), pages, the store.

use std::sync::Arc;

use async_trait::async_trait;
use webauthn_rs_core::error::WebauthnError;
use webauthn_rs_core::proto::Credential;

use super::ceremony::{Ceremony, CeremonyPurpose, State};
use super::signed::{self, Malformed};
use super::{
    Ask, Attempt, Authenticator, Challenged, MethodError, Rejection, Verdict, active, proof_of,
    sign_in_of,
};
use crate::accounts::{
    Account, NewPasskey, PasskeyCredential, PasskeyStore, PasskeyUse, StoreError, UserState,
};
use crate::points::{Method, Timestamp};
use crate::throttle::{Attempts, Counted};

/// Passkeys.
#[derive(Debug)]
pub struct Passkey {
    signatures: Signatures,
}

impl Passkey {
    #[must_use]
    pub fn new(store: Arc<dyn PasskeyStore>, attempts: Attempts) -> Self {
        Self { signatures: Signatures { store, attempts, method: Method::Passkey } }
    }

    /// The id of the credential that an answer names, whoever has it. Proves nothing: it only says
    /// whose keys to check with.
    #[must_use]
    pub fn named(answer: &str) -> Option<Vec<u8>> {
        signed::credential_id(answer)
    }

    /// A new credential, if the answer fits the ceremony and its time is not over. The caller spends
    /// the challenge and asks whether the person may add one.
    #[must_use]
    pub fn confirm(ceremony: &Ceremony, answer: &str, now: Timestamp) -> Option<NewPasskey> {
        if now >= ceremony.ends_at || ceremony.purpose != CeremonyPurpose::Register {
            return None;
        }
        registered(ceremony, answer)
            .inspect_err(|error| tracing::info!(%error, "a new passkey was not taken"))
            .ok()
    }
}

#[async_trait]
impl Authenticator for Passkey {
    fn method(&self) -> Method {
        Method::Passkey
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

/// Why a signature proves nothing. All of them look the same from outside.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error(transparent)]
    Malformed(#[from] Malformed),
    #[error(transparent)]
    Library(#[from] WebauthnError),
    #[error("no credential of this user and method")]
    NotTheirs,
    #[error("a record of a credential cannot be read")]
    Unreadable,
}

/// Checks assertions of one method.
#[derive(Debug)]
pub(super) struct Signatures {
    pub(super) store: Arc<dyn PasskeyStore>,
    pub(super) attempts: Attempts,
    pub(super) method: Method,
}

impl Signatures {
    pub(super) fn is_usable(&self, account: &Account) -> bool {
        account.user.state == UserState::Active
            && account.passkeys.iter().any(|passkey| passkey.method == self.method)
    }

    /// Counts, spends the challenge, then checks. Only the address is counted: nobody guesses a
    /// signature, and a count for the user would be a way to keep them out.
    pub(super) async fn verify(&self, attempt: Attempt<'_>) -> Result<Verdict, MethodError> {
        if attempt.answer.trim().is_empty() {
            return Ok(Verdict::Rejected(Rejection::Empty));
        }
        if signed::credential_id(attempt.answer).is_none() {
            return Ok(Verdict::Rejected(Rejection::NotAnAnswer));
        }
        let wrong = Rejection::Wrong { tries_left: None };
        let Some(ceremony) = attempt.ceremony.filter(|ceremony| self.is_for(ceremony, &attempt))
        else {
            return Ok(Verdict::Rejected(wrong));
        };
        if attempt.now >= ceremony.ends_at {
            return Ok(Verdict::Rejected(Rejection::Expired));
        }
        let sign_in = sign_in_of(&attempt, self.method);
        if let Counted::Throttled { until } =
            self.attempts.count_unguessable(&sign_in, attempt.now).await?
        {
            return Ok(Verdict::Rejected(Rejection::Throttled { until }));
        }
        if !self.store.spend_challenge(&ceremony.challenge, ceremony.ends_at).await? {
            return Ok(Verdict::Rejected(Rejection::UsedAlready));
        }
        let Some(account) = active(attempt.account) else { return Ok(Verdict::Rejected(wrong)) };
        match asserted(ceremony, account, attempt.answer) {
            Ok((passkey, used)) => {
                let used = PasskeyUse { at: attempt.now, ..used };
                Ok(self.prove(account, passkey, used, attempt.now).await?)
            }
            Err(Refused::Library(WebauthnError::CredentialPossibleCompromise)) => {
                Ok(Verdict::Rejected(Rejection::Copied))
            }
            Err(error) => {
                tracing::info!(method = %self.method, %error, "a signature was not taken");
                Ok(Verdict::Rejected(wrong))
            }
        }
    }

    /// Made for this method, for this session or for none, and for this user where one was known.
    fn is_for(&self, ceremony: &Ceremony, attempt: &Attempt<'_>) -> bool {
        let is_purpose = match ceremony.purpose {
            CeremonyPurpose::SignIn => ceremony.session.is_none() && ceremony.user.is_none(),
            CeremonyPurpose::Confirm => ceremony.session.is_some() && ceremony.user.is_some(),
            CeremonyPurpose::Register => false,
        };
        let user = attempt.account.map(|account| &account.user.id);
        is_purpose
            && ceremony.method == self.method
            && ceremony.session == attempt.session
            && (ceremony.user.is_none() || ceremony.user.as_ref() == user)
    }

    async fn prove(
        &self,
        account: &Account,
        passkey: &PasskeyCredential,
        used: PasskeyUse,
        now: Timestamp,
    ) -> Result<Verdict, StoreError> {
        // Of two uses of one counter, one is a copy.
        if !self.store.use_passkey(&passkey.id, used).await? {
            return Ok(Verdict::Rejected(Rejection::Copied));
        }
        Ok(match proof_of(account, &passkey.id, now) {
            Some(proof) => Verdict::Proven(proof),
            None => Verdict::Rejected(Rejection::Wrong { tries_left: None }),
        })
    }
}

/// The credential that signed, and what its authenticator said.
fn asserted<'a>(
    ceremony: &Ceremony,
    account: &'a Account,
    answer: &str,
) -> Result<(&'a PasskeyCredential, PasskeyUse), Refused> {
    let State::Proving(state) = &ceremony.state else { return Err(Refused::NotTheirs) };
    let answer = signed::assertion(answer, &ceremony.party.origin)?;
    let mut own = account.passkeys.iter();
    let passkey = own
        .find(|one| one.method == ceremony.method && one.credential == answer.raw_id)
        .ok_or(Refused::NotTheirs)?;
    match signed::user_handle(&answer) {
        Some(handle) if handle == account.user.id.0.as_bytes() => {}
        // A key that was named to the browser need not know its user.
        None if ceremony.purpose == CeremonyPurpose::Confirm => {}
        Some(_) | None => return Err(Malformed::Handle.into()),
    }
    let mut credential: Credential =
        serde_json::from_slice(&passkey.key).map_err(|_| Refused::Unreadable)?;
    credential.counter = passkey.sign_count;
    credential.backup_state = passkey.is_backed_up;
    let core = ceremony.party.core()?;
    let result = core.authenticate_single_credential(&answer, state, &credential)?;
    // The library has its say on this by the policy; worth 30 points only with it, whatever it says.
    if ceremony.method == Method::Passkey && !result.user_verified() {
        return Err(WebauthnError::UserNotVerified.into());
    }
    let used = PasskeyUse {
        sign_count: result.counter(),
        is_backed_up: result.backup_state(),
        at: Timestamp::EPOCH,
    };
    Ok((passkey, used))
}

fn registered(ceremony: &Ceremony, answer: &str) -> Result<NewPasskey, Refused> {
    let (State::Registering(state), Some(user)) = (&ceremony.state, &ceremony.user) else {
        return Err(Refused::NotTheirs);
    };
    let (answer, aaguid) = signed::registration(answer, &ceremony.party.origin)?;
    let credential = ceremony.party.core()?.register_credential(&answer, state, None)?;
    if ceremony.method == Method::Passkey && !credential.user_verified {
        return Err(WebauthnError::UserNotVerified.into());
    }
    let transports = answer.response.transports.unwrap_or_default();
    Ok(NewPasskey {
        user: user.clone(),
        method: ceremony.method,
        credential: answer.raw_id,
        key: serde_json::to_vec(&credential).map_err(|_| Refused::Unreadable)?,
        sign_count: credential.counter,
        is_backup_eligible: credential.backup_eligible,
        is_backed_up: credential.backup_state,
        transports: transports.iter().take(8).map(ToString::to_string).collect(),
        aaguid,
        label: None,
        enrolled_at: None,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::super::fakes::{Bench, PASSWORD, SESSION, account_of};
    use super::super::soft_authenticator::{
        ATTESTED, BACKED_UP, ELIGIBLE, EXTENDED, Made, PRESENT, SoftAuthenticator, VERIFIED, party,
    };
    use super::super::*;
    use super::*;
    use crate::accounts::UserId;
    use crate::sessions::SessionKey;

    const WRONG: Rejection = Rejection::Wrong { tries_left: None };

    struct Desk {
        bench: Bench,
        account: Account,
        soft: SoftAuthenticator,
    }

    impl Desk {
        fn new(method: Method) -> Self {
            let bench = Bench::without_limits();
            let account = account_of(&bench, "anna", PASSWORD);
            let mut soft = SoftAuthenticator::new(7);
            let account = bench.register(&account, method, &mut soft);
            Self { bench, account, soft }
        }

        fn sign_in(&self) -> Begun {
            Ceremony::sign_in(party(), self.bench.now()).unwrap()
        }

        async fn verify(&self, ceremony: &Ceremony, answer: &str) -> Verdict {
            let attempt = self.bench.attempt(&self.account, answer);
            let attempt =
                Attempt { session: ceremony.session, ceremony: Some(ceremony), ..attempt };
            match ceremony.method {
                Method::SecurityKey => self.bench.security_key().verify(attempt).await.unwrap(),
                _ => self.bench.passkey().verify(attempt).await.unwrap(),
            }
        }

        /// What becomes of an answer to a fresh sign-in that differs in one thing.
        async fn with(&self, change: impl FnOnce(&mut Made)) -> Verdict {
            let begun = self.sign_in();
            let mut made = self.soft.right(&begun);
            change(&mut made);
            self.verify(&begun.ceremony, &self.soft.assert(&made)).await
        }
    }

    fn anybody() -> (Timestamp, Account) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let _inside = runtime.enter();
        let bench = Bench::new();
        (bench.now(), account_of(&bench, "anna", PASSWORD))
    }

    fn is_refused(verdict: &Verdict) -> bool {
        matches!(
            verdict,
            Verdict::Rejected(Rejection::Wrong { .. } | Rejection::NotAnAnswer | Rejection::Copied)
        )
    }

    #[tokio::test]
    async fn a_passkey_signs_in_by_itself_and_each_single_fault_of_an_answer_is_refused() {
        type Change = fn(&mut Made);
        let faults: [(&str, Change); 31] = [
            ("another challenge", |made| made.challenge = vec![0; 32]),
            ("no challenge", |made| made.challenge.clear()),
            ("another type", |made| made.kind = "webauthn.create".into()),
            ("a type in capitals", |made| made.kind = "WEBAUTHN.GET".into()),
            ("a suffix of the origin", |made| {
                made.origin = "https://portal.example.org.evil.test".into();
            }),
            ("without TLS", |made| made.origin = "http://portal.example.org".into()),
            ("another port", |made| made.origin = "https://portal.example.org:444".into()),
            ("a host below", |made| made.origin = "https://a.portal.example.org".into()),
            ("a host above", |made| made.origin = "https://example.org".into()),
            ("the origin with a path", |made| made.origin = "https://portal.example.org/".into()),
            ("the origin in capitals", |made| made.origin = "https://PORTAL.example.org".into()),
            ("no origin", |made| made.origin = "null".into()),
            ("in a frame", |made| made.more_client_data = json!({ "crossOrigin": true })),
            ("with a top origin", |made| {
                made.more_client_data = json!({ "topOrigin": "https://portal.example.org" });
            }),
            ("another domain", |made| made.rp_id = "example.net".into()),
            ("a domain below", |made| made.rp_id = "portal.example.org".into()),
            ("nobody there", |made| made.flags &= !PRESENT),
            ("nobody verified", |made| made.flags &= !VERIFIED),
            ("no longer eligible for backup", |made| made.flags &= !ELIGIBLE),
            ("backed up and not eligible", |made| {
                made.flags = (made.flags & !ELIGIBLE) | BACKED_UP;
            }),
            ("with a credential in it", |made| made.flags |= ATTESTED),
            ("extensions that are not there", |made| made.flags |= EXTENDED),
            ("bytes too many", |made| made.tail = vec![0]),
            ("bytes after extensions", |made| {
                made.flags |= EXTENDED;
                made.tail = vec![0xa0, 0];
            }),
            ("a tower of arrays", |made| {
                made.flags |= EXTENDED;
                made.tail = vec![0x81; 9000];
            }),
            ("an array of four billion", |made| {
                made.flags |= EXTENDED;
                made.tail = vec![0x9a, 0xff, 0xff, 0xff, 0xff];
            }),
            ("id and rawId that differ", |made| made.raw_id = vec![8; 32]),
            ("an id with padding", |made| made.id.push('=')),
            ("another kind of credential", |made| made.credential_type = "password".into()),
            ("no user", |made| made.handle = None),
            ("another user", |made| made.handle = Some(b"bob".to_vec())),
        ];
        let desk = Desk::new(Method::Passkey);
        for (name, fault) in faults {
            let verdict = desk.with(fault).await;
            assert!(is_refused(&verdict), "{name}: {verdict:?}");
        }
        let verdict = desk.with(|_| ()).await;
        let Verdict::Proven(proof) = verdict else { panic!("{verdict:?}") };
        assert_eq!((proof.method, proof.kinds.count()), (Method::Passkey, 2));
        // Backed up since, with extensions that nobody asked for: still the same credential.
        for change in
            [(|made: &mut Made| made.flags |= BACKED_UP) as fn(&mut Made), |made: &mut Made| {
                made.flags |= EXTENDED;
                made.tail = vec![0xa0];
            }]
        {
            assert!(matches!(desk.with(change).await, Verdict::Proven(_)));
        }
    }

    #[tokio::test]
    async fn a_signature_over_other_data_or_written_otherwise_is_refused() {
        let desk = Desk::new(Method::Passkey);
        for name in ["over other data", "by another key", "long form", "padded", "longer", "raw"] {
            let begun = desk.sign_in();
            let made = desk.soft.right(&begun);
            let signature = match name {
                "over other data" => desk.soft.sign(&Made { count: 1, ..made.clone() }),
                "by another key" => SoftAuthenticator::new(8).sign(&made),
                form => malformed(form, &desk.soft.sign(&made)),
            };
            let answer = desk.soft.with_signature(&made, &signature);
            let verdict = desk.verify(&begun.ceremony, &answer).await;
            assert_eq!(verdict, Verdict::Rejected(WRONG), "{name}");
        }
        for signature in [&[][..], &[0x30, 6, 2, 1, 0, 2, 1, 0]] {
            let begun = desk.sign_in();
            let answer = desk.soft.with_signature(&desk.soft.right(&begun), signature);
            let verdict = desk.verify(&begun.ceremony, &answer).await;
            assert_eq!(verdict, Verdict::Rejected(WRONG), "{signature:?}");
        }
    }

    /// A right signature, not as DER (X.690) writes it: a longer form of a length, a leading zero too
    /// many, a byte after the end, or no DER at all.
    fn malformed(name: &str, right: &[u8]) -> Vec<u8> {
        match name {
            "long form" => [&[0x30, 0x81, right[1]], &right[2..]].concat(),
            "padded" => {
                let mut padded = right.to_vec();
                padded[1] += 1;
                padded[3] += 1;
                padded.insert(4, 0);
                padded
            }
            "longer" => [right, &[0]].concat(),
            _ => p256::ecdsa::Signature::from_der(right).unwrap().to_bytes().to_vec(),
        }
    }

    #[tokio::test]
    async fn a_ceremony_serves_its_purpose_its_session_and_its_user_alone_and_for_five_minutes() {
        let desk = Desk::new(Method::Passkey);
        let confirm =
            Ceremony::confirm(party(), Method::Passkey, SESSION, &desk.account, desk.bench.now())
                .unwrap();
        let answer = desk.soft.assert(&desk.soft.right(&confirm));
        let right = confirm.ceremony;
        let late = right.ends_at.before(Duration::from_millis(1));
        let attempt = |ceremony, session, now| Attempt {
            ceremony: Some(ceremony),
            session,
            now,
            ..desk.bench.attempt(&desk.account, &answer)
        };
        let now = desk.bench.now();
        let of_another = Ceremony { user: Some(UserId("bob".into())), ..right.clone() };
        let registers = Ceremony { purpose: CeremonyPurpose::Register, ..right.clone() };
        let for_key = Ceremony { method: Method::SecurityKey, ..right.clone() };
        let signs_in = Ceremony { purpose: CeremonyPurpose::SignIn, ..right.clone() };
        let passkey = desk.bench.passkey();
        for (name, ceremony, session, at, expected) in [
            ("another session", &right, Some(SessionKey([2; 16])), now, WRONG),
            ("no session", &right, None, now, WRONG),
            ("another user", &of_another, Some(SESSION), now, WRONG),
            ("a registration", &registers, Some(SESSION), now, WRONG),
            ("another method", &for_key, Some(SESSION), now, WRONG),
            ("a sign-in", &signs_in, Some(SESSION), now, WRONG),
            ("too late", &right, Some(SESSION), right.ends_at, Rejection::Expired),
        ] {
            let verdict = passkey.verify(attempt(ceremony, session, at)).await.unwrap();
            assert_eq!(verdict, Verdict::Rejected(expected), "{name}");
        }
        let verdict = passkey.verify(attempt(&right, Some(SESSION), late)).await.unwrap();
        assert!(matches!(verdict, Verdict::Proven(_)), "{verdict:?}");
        let verdict = passkey.verify(attempt(&right, Some(SESSION), late)).await.unwrap();
        assert_eq!(verdict, Verdict::Rejected(Rejection::UsedAlready));
        assert_eq!(right.ends_at, now.after(Duration::from_secs(300)));
    }

    #[tokio::test]
    async fn a_counter_that_does_not_rise_is_refused_and_said_to_be_a_copy() {
        let mut desk = Desk::new(Method::Passkey);
        desk.soft.count = 5;
        assert!(matches!(desk.with(|_| ()).await, Verdict::Proven(_)));
        desk.account.passkeys[0].sign_count = 5;
        for count in [0, 4, 5] {
            let verdict = desk.with(|made| made.count = count).await;
            assert_eq!(verdict, Verdict::Rejected(Rejection::Copied), "{count}");
        }
        // Read before another use was kept: the store has the last word.
        desk.account.passkeys[0].sign_count = 4;
        let verdict = desk.with(|made| made.count = 5).await;
        assert_eq!(verdict, Verdict::Rejected(Rejection::Copied));
        assert!(matches!(desk.with(|made| made.count = 6).await, Verdict::Proven(_)));
    }

    #[tokio::test]
    async fn a_security_key_needs_a_touch_and_no_finger_and_signs_in_nobody() {
        let desk = Desk::new(Method::SecurityKey);
        let begun = || {
            Ceremony::confirm(
                party(),
                Method::SecurityKey,
                SESSION,
                &desk.account,
                desk.bench.now(),
            )
            .unwrap()
        };
        let answered = |flags: u8| {
            let begun = begun();
            let made = desk.soft.right(&begun);
            // It need not know whose it is.
            let made = Made { flags, handle: None, ..made };
            (begun.ceremony, desk.soft.assert(&made))
        };
        let (ceremony, answer) = answered(PRESENT | ELIGIBLE);
        let verdict = desk.verify(&ceremony, &answer).await;
        let Verdict::Proven(proof) = verdict else { panic!("{verdict:?}") };
        assert_eq!((proof.method, proof.kinds.count()), (Method::SecurityKey, 1));
        let (ceremony, answer) = answered(ELIGIBLE | VERIFIED);
        assert_eq!(desk.verify(&ceremony, &answer).await, Verdict::Rejected(WRONG));
        // With finger and handle, as a passkey: it was not registered as one.
        assert_eq!(desk.with(|_| ()).await, Verdict::Rejected(WRONG));
    }

    #[test]
    fn each_single_fault_of_a_registration_is_refused() {
        type Change = fn(&mut Made);
        let faults: [(&str, Change); 16] = [
            ("another challenge", |made| made.challenge = vec![0; 32]),
            ("another type", |made| made.kind = "webauthn.get".into()),
            ("another origin", |made| made.origin = "https://evil.test".into()),
            ("in a frame", |made| made.more_client_data = json!({ "crossOrigin": true })),
            ("another domain", |made| made.rp_id = "example.net".into()),
            ("nobody there", |made| made.flags &= !PRESENT),
            ("nobody verified", |made| made.flags &= !VERIFIED),
            ("no credential", |made| made.flags &= !ATTESTED),
            ("backed up and not eligible", |made| {
                made.flags = (made.flags & !ELIGIBLE) | BACKED_UP;
            }),
            ("an algorithm that was not offered", |made| made.algorithm = -65535),
            ("no algorithm", |made| made.algorithm = 0),
            ("another id inside", |made| made.attested_id = vec![8; 32]),
            ("an id too long", |made| {
                made.raw_id = vec![7; 1024];
                made.attested_id = vec![7; 1024];
            }),
            ("bytes after the key", |made| made.tail = vec![0]),
            ("bytes after the object", |made| made.object_tail = vec![0]),
            ("an unknown attestation", |made| made.format = "trust-me".into()),
        ];
        let (now, account) = anybody();
        let soft = SoftAuthenticator::new(7);
        let begin = || {
            let who = Registrant { account: &account, session: Some(SESSION) };
            Ceremony::register(party(), Method::Passkey, who, now).unwrap()
        };
        let begun = begin();
        let right = || {
            let made = soft.made(&begun, &party(), "webauthn.create");
            Made { flags: made.flags | ATTESTED, ..made }
        };
        for (name, fault) in faults {
            let mut made = right();
            fault(&mut made);
            let taken = Passkey::confirm(&begun.ceremony, &soft.attest(&made), now);
            assert!(taken.is_none(), "{name}");
        }
        let answer = soft.attest(&right());
        assert!(Passkey::confirm(&begun.ceremony, &answer, begun.ceremony.ends_at).is_none());
        let signs_in = Ceremony::sign_in(party(), now).unwrap().ceremony;
        assert!(Passkey::confirm(&signs_in, &answer, now).is_none());
        let new = Passkey::confirm(&begun.ceremony, &answer, now).unwrap();
        assert_eq!((new.user, new.aaguid), (account.user.id.clone(), [9; 16]));
        assert_eq!((new.is_backup_eligible, new.is_backed_up), (true, false));
        assert_eq!(new.transports, ["internal", "hybrid"]);
    }

    #[test]
    fn a_seal_opens_for_its_host_and_browser_alone_and_hides_who_asks() {
        let keys = crate::keys::Keyring::generate();
        let (now, account) = anybody();
        let begun = Ceremony::confirm(party(), Method::Passkey, SESSION, &account, now).unwrap();
        let token = begun.ceremony.token(&keys, "h", &[7; 32]);
        let parse = |host, browser: u8| Ceremony::parse(&token, &keys, host, &[browser; 32]);
        let read = parse("h", 7).unwrap();
        assert_eq!((read.session, &read.user), (Some(SESSION), &Some(account.user.id.clone())));
        assert_eq!((read.ends_at, read.spent()), (begun.ceremony.ends_at, begun.ceremony.spent()));
        assert!(parse("h", 8).is_none() && parse("other", 7).is_none());
        assert!(Ceremony::parse("", &keys, "h", &[7; 32]).is_none());
        assert!(Ceremony::parse(&token[1..], &keys, "h", &[7; 32]).is_none());
    }

    #[test]
    fn a_sign_in_names_nobody_and_two_of_them_share_no_challenge() {
        let now = Timestamp::from_secs(1);
        let [one, two] = [(); 2].map(|()| Ceremony::sign_in(party(), now).unwrap());
        let public = &one.options["publicKey"];
        assert_eq!(public["allowCredentials"], json!([]));
        assert_eq!(public["userVerification"], "required");
        assert_eq!(public["rpId"], "example.org");
        assert_eq!(public["challenge"].as_str().unwrap().len(), 43);
        assert_ne!(one.ceremony.spent(), two.ceremony.spent());
    }

    #[test]
    fn a_passkey_is_asked_for_with_verification_and_discoverable_and_a_key_is_not() {
        let (now, account) = anybody();
        for (method, verification, resident) in [
            (Method::Passkey, "required", "required"),
            (Method::SecurityKey, "discouraged", "discouraged"),
        ] {
            let who = Registrant { account: &account, session: None };
            let begun = Ceremony::register(party(), method, who, now).unwrap();
            let public = &begun.options["publicKey"];
            let chosen = &public["authenticatorSelection"];
            assert_eq!(chosen["userVerification"], verification);
            assert_eq!(chosen["residentKey"], resident);
            assert_eq!(public["attestation"], "none");
            let algorithms: Vec<i64> = public["pubKeyCredParams"]
                .as_array()
                .unwrap()
                .iter()
                .map(|one| one["alg"].as_i64().unwrap())
                .collect();
            assert_eq!(algorithms, [-7, -35, -257]);
        }
    }
}
