//! Passkeys of other people and of other directories.

use super::*;
use crate::methods::soft_authenticator::{SoftAuthenticator, party};

#[tokio::test]
async fn a_passkey_of_another_directory_signs_nobody_in_and_is_not_called_unknown() {
    let trip = Trip::new().await;
    let carl = trip.house.user_with("customers", "carl", cheap().hash(PASSWORD).unwrap()).await;
    trip.add_passkey(&carl, 5).await;
    for (credential, is_unknown) in [(5, false), (6, true)] {
        let begun = Ceremony::sign_in(party(), NOW).unwrap();
        let mut device = SoftAuthenticator::new(credential);
        device.handle = Some(vec![1; 16]);
        let answer = device.assert(&device.right(&begun));
        let arrival = trip.arrival().await;
        let visit = trip.visit(&arrival);
        let turn = trip
            .journey
            .sign_in_with_passkey(&visit, to("/"), &begun.ceremony, &answer)
            .await
            .unwrap();
        assert_eq!((turn.place, turn.name.is_none()), (Place::SignIn, true));
        let notice = turn.transaction.notice;
        let says_unknown = matches!(notice, Some(Notice::PasskeyUnknown(_)));
        assert_eq!(says_unknown, is_unknown, "{credential}: {notice:?}");
    }
}
