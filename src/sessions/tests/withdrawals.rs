//! Ends: at once here, then in the store, and for good even where the store does not take them.

use super::*;

#[tokio::test]
async fn an_end_is_the_end_of_every_name_at_once() {
    let mut bench = Bench::new().await;
    let begun = bench.begin().await;
    let risen = bench.rise(&begun.present, NOW).await;
    let other = bench.begin().await;
    assert!(bench.sessions.end(begun.present.key(), NOW).await.unwrap());
    for _ in 0..2 {
        for name in [&begun.name, &risen.name] {
            assert!(is_nobody(&bench.find(name, NOW).await));
        }
        bench.present(&other.name, NOW).await;
        bench.restart();
    }
    assert!(!bench.sessions.end(begun.present.key(), NOW).await.unwrap());
}

#[tokio::test]
async fn an_ended_session_does_not_rise() {
    let bench = Bench::new().await;
    let begun = bench.begin().await;
    bench.sessions.end(begun.present.key(), NOW).await.unwrap();
    let proof = bench.proof(Method::Email, NOW);
    let rise = bench.sessions.rise(&begun.present, proof, NOW).await.unwrap();
    assert!(matches!(rise, Rise::Ended), "{rise:?}");
}

#[tokio::test]
async fn an_end_that_the_store_does_not_take_holds_here_and_is_tried_again() {
    let mut bench = Bench::new().await;
    let begun = bench.begin().await;
    bench.store.fail(&["end_session"]);
    assert!(bench.sessions.end(begun.present.key(), NOW).await.is_err());
    assert!(is_nobody(&bench.find(&begun.name, NOW).await));

    // Long enough for everything that is remembered for a time only.
    let mut now = NOW;
    for _ in 0..3 {
        now = now.after(S * 601);
        assert!(bench.sessions.flush_seen().await.is_err());
        bench.sessions.sweep(LIMITS, now).await.unwrap();
        assert!(is_nobody(&bench.find(&begun.name, now).await), "{now:?}");
    }
    bench.store.mend();
    bench.sessions.flush_seen().await.unwrap();
    bench.restart();
    assert!(is_nobody(&bench.find(&begun.name, NOW).await));
    bench.store.calls();
    bench.sessions.flush_seen().await.unwrap();
    assert_eq!(bench.store.calls(), [""; 0], "what was stored is not told again");
}

#[tokio::test]
async fn signing_out_everywhere_ends_all_of_one_user_loaded_or_not() {
    let mut bench = Bench::new().await;
    let bob = user(&bench.store, "bob").await;
    let not_loaded = bench.begin().await;
    let of_bob = bench.sessions.begin(bench.beginning(&bob), LIMITS, NOW).await.unwrap();
    bench.restart();
    let loaded = bench.begin().await;
    assert_eq!(bench.sessions.end_all_of(&bench.anna.user.id, NOW).await.unwrap(), 2);
    for name in [&loaded.name, &not_loaded.name] {
        assert!(is_nobody(&bench.find(name, NOW).await));
    }
    bench.present(&of_bob.name, NOW).await;
    let again = bench.begin().await;
    bench.present(&again.name, NOW).await;
}

#[tokio::test]
async fn signing_out_everywhere_with_a_failing_store_keeps_the_user_out_until_it_is_stored() {
    let mut bench = Bench::new().await;
    let not_loaded = bench.begin().await;
    bench.restart();
    let loaded = bench.begin().await;
    let user = &bench.anna.user.id;
    bench.store.fail(&["end_sessions_of"]);
    assert!(bench.sessions.end_all_of(user, NOW).await.is_err());
    assert!(bench.sessions.end_all_of(user, NOW).await.is_err());
    let names = [&loaded.name, &not_loaded.name];
    for name in names {
        assert!(is_nobody(&bench.find(name, NOW).await));
    }
    assert!(bench.sessions.begin(bench.beginning(&bench.anna), LIMITS, NOW).await.is_err());
    bench.store.mend();
    bench.sessions.flush_seen().await.unwrap();
    for name in names {
        assert!(is_nobody(&bench.find(name, NOW).await));
    }
    let again = bench.begin().await;
    bench.present(&again.name, NOW).await;
}

#[tokio::test]
async fn a_hold_that_is_dropped_keeps_the_user_out_until_a_later_change_is_stored() {
    let bench = Bench::new().await;
    let begun = bench.begin().await;
    let user = &bench.anna.user.id;
    let hold = bench.sessions.hold(user);
    assert!(is_nobody(&bench.find(&begun.name, NOW).await));
    drop(hold);
    assert!(is_nobody(&bench.find(&begun.name, NOW).await));
    bench.sessions.user_changed(user);
    assert!(is_nobody(&bench.find(&begun.name, NOW).await), "that is no withdrawal");
    bench.sessions.hold(user).release();
    bench.present(&begun.name, NOW).await;
}

#[tokio::test]
async fn a_hold_that_is_released_leaves_the_holds_of_others_alone() {
    let bench = Bench::new().await;
    let begun = bench.begin().await;
    let user = &bench.anna.user.id;
    let under_way = bench.sessions.hold(user);
    bench.sessions.hold(user).release();
    assert!(is_nobody(&bench.find(&begun.name, NOW).await));
    under_way.release();
    bench.present(&begun.name, NOW).await;
}

#[tokio::test]
async fn signing_out_everywhere_does_not_let_in_whom_another_change_keeps_out() {
    let bench = Bench::new().await;
    let user = &bench.anna.user.id;
    let under_way = bench.sessions.hold(user);
    bench.sessions.end_all_of(user, NOW).await.unwrap();
    assert!(bench.sessions.begin(bench.beginning(&bench.anna), LIMITS, NOW).await.is_err());
    drop(under_way);
    bench.sessions.end_all_of(user, NOW).await.unwrap();
    assert!(bench.sessions.begin(bench.beginning(&bench.anna), LIMITS, NOW).await.is_err());
    bench.sessions.hold(user).release();
    bench.begin().await;
}

#[tokio::test]
async fn a_hold_is_of_one_user() {
    let bench = Bench::new().await;
    let bob = user(&bench.store, "bob").await;
    let begun = bench.begin().await;
    let hold = bench.sessions.hold(&bob.user.id);
    bench.present(&begun.name, NOW).await;
    hold.release();
}

#[tokio::test]
async fn whoever_listens_hears_of_an_end_before_the_store_does() {
    let bench = Bench::new().await;
    let told = Arc::new(Mutex::new(Vec::new()));
    let list = told.clone();
    bench.sessions.when_ended(move |key| list.lock().unwrap().push(*key));
    let begun = bench.begin().await;
    bench.store.fail(&["end_session"]);
    let _ = bench.sessions.end(begun.present.key(), NOW).await;
    assert_eq!(*told.lock().unwrap(), [begun.present.key()]);
}
