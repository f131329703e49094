//! Recovery codes: whoever uses one is heard of, whatever happens next.

use super::*;

/// Signed in with the password, and with a code that is good.
async fn trip() -> (Trip, String) {
    let mut trip = Trip::new().await;
    let code = [7; 16];
    let hash = RecoveryCode::hash(&trip.anna.user.id, &code);
    let user = trip.anna.user.id.clone();
    trip.house.store.put_recovery_codes(&user, &[hash, [9; 32]], NOW).await.unwrap();
    trip.now = NOW.after(minutes(24 * 60));
    let turn = trip.sign_in(to("/reports"), "anna", PASSWORD).await;
    assert!(turn.name.is_some());
    (trip, RecoveryCode::written(&code))
}

#[tokio::test]
async fn a_code_that_was_used_is_told_of_even_where_its_session_cannot_take_it() {
    for fails in [false, true] {
        let (trip, code) = trip().await;
        if fails {
            trip.house.store.fail(&["add_proof"]);
        }
        let arrival = trip.arrival().await;
        let visit = trip.visit(&arrival);
        let turn = trip.journey.answer(&visit, to("/reports"), Method::RecoveryCode, &code).await;
        assert_eq!(turn.is_err(), fails, "{turn:?}");
        trip.house.store.mend();
        assert_eq!(trip.account().await.recovery.unwrap().left, 1, "used");
        let told: Vec<String> = trip.told().await.into_iter().map(|(_, what)| what).collect();
        assert_eq!(told, ["RecoveryCodeUsed"], "{fails}");
        let lines = trip.audit.lines();
        let is_of_it =
            |line: &&String| line.contains("method_ok") && line.contains("recovery_code");
        assert_eq!(lines.iter().filter(is_of_it).count(), 1, "{fails}: {lines:?}");
    }
}

#[test]
fn how_many_are_left_does_not_hide_that_a_code_was_not_sent() {
    for (said, is_kept) in
        [(None, false), (Some(Notice::NotSent), true), (Some(Notice::Throttled(5)), true)]
    {
        let transaction = to("/").with_notice(said.clone());
        let turn = Turn::to(Place::Code(Method::Email), transaction).after_recovery(3);
        let left = Some(Notice::RecoveryLeft(3));
        assert_eq!(turn.transaction.notice, if is_kept { said } else { left });
    }
}
