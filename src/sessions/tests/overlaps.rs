//! Two things at once, one of them stopped in the middle.

use std::collections::HashSet;

use super::*;

/// What happens while a session is being loaded.
#[derive(Clone, Copy, Debug)]
enum Meanwhile {
    End,
    EndAll,
    EndWithFailingStore,
    Disable,
    Hold,
}

async fn happen(bench: &Bench, session: SessionKey, what: Meanwhile) -> Option<Hold> {
    let (sessions, user) = (&bench.sessions, &bench.anna.user.id);
    match what {
        Meanwhile::End => drop(sessions.end(session, NOW).await.unwrap()),
        Meanwhile::EndAll => drop(sessions.end_all_of(user, NOW).await.unwrap()),
        Meanwhile::EndWithFailingStore => {
            bench.store.fail(&["end_session"]);
            sessions.end(session, NOW).await.unwrap_err();
        }
        Meanwhile::Disable => {
            let hold = sessions.hold(user);
            bench.store.set_user_state(user, UserState::Disabled).await.unwrap();
            hold.release();
        }
        Meanwhile::Hold => return Some(sessions.hold(user)),
    }
    None
}

const ALL: [Meanwhile; 5] = [
    Meanwhile::End,
    Meanwhile::EndAll,
    Meanwhile::EndWithFailingStore,
    Meanwhile::Disable,
    Meanwhile::Hold,
];

#[tokio::test]
async fn a_load_that_overlaps_a_withdrawal_never_revives_anything() {
    for call in ["find_session", "load_user"] {
        for what in ALL {
            let mut bench = Bench::new().await;
            let begun = bench.begin().await;
            bench.restart();
            let pause = bench.store.pause(call);
            let (sessions, keys) = (bench.sessions.clone(), bench.keys.clone());
            let token = bench.token(&begun.name);
            let load =
                tokio::spawn(
                    async move { sessions.find(Some(&token), HOST, &keys, LIMITS, NOW).await },
                );
            pause.reached().await;
            let hold = happen(&bench, begun.present.key(), what).await;
            pause.resume();
            let found = load.await.unwrap().unwrap();
            assert!(is_nobody(&found), "{call} {what:?}: {found:?}");
            for _ in 0..2 {
                assert!(is_nobody(&bench.find(&begun.name, NOW).await), "{call} {what:?}");
            }
            drop(hold);
        }
    }
}

#[tokio::test]
async fn a_user_who_changed_while_they_were_loaded_is_read_again() {
    let mut bench = Bench::new().await;
    let begun = bench.begin().await;
    bench.restart();
    let pause = bench.store.pause("load_user");
    let (sessions, keys) = (bench.sessions.clone(), bench.keys.clone());
    let token = bench.token(&begun.name);
    let load =
        tokio::spawn(async move { sessions.find(Some(&token), HOST, &keys, LIMITS, NOW).await });
    pause.reached().await;
    let user = &bench.anna.user.id;
    bench.store.set_user_roles(user, &["reader".into()].into()).await.unwrap();
    bench.sessions.user_changed(user);
    pause.resume();
    let Found::Present(present) = load.await.unwrap().unwrap() else { panic!() };
    assert_eq!(present.account().user.roles, ["reader".into()].into());
}

#[tokio::test]
async fn many_requests_for_one_name_load_it_once() {
    let mut bench = Bench::new().await;
    let begun = bench.begin().await;
    bench.restart();
    bench.store.calls();
    let mut finds = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let (sessions, keys) = (bench.sessions.clone(), bench.keys.clone());
        let token = bench.token(&begun.name);
        finds.spawn(async move { sessions.find(Some(&token), HOST, &keys, LIMITS, NOW).await });
    }
    for found in finds.join_all().await {
        assert!(matches!(found, Ok(Found::Present(_))));
    }
    assert_eq!(bench.store.calls(), ["find_session", "load_user"]);
}

/// Between the commit of a rise and its answer.
#[tokio::test]
async fn a_request_during_a_rise_sees_what_was_before_and_no_error() {
    let bench = Bench::new().await;
    let begun = bench.begin().await;
    let pause = bench.store.pause("add_proof");
    let (sessions, present) = (bench.sessions.clone(), begun.present.clone());
    let proof = bench.proof(Method::Email, NOW);
    let rise = tokio::spawn(async move { sessions.rise(&present, proof, NOW).await });
    pause.reached().await;
    assert_eq!(methods(&bench.present(&begun.name, NOW).await), [Method::Password]);
    pause.resume();
    assert!(matches!(rise.await.unwrap(), Ok(Rise::Renamed(_))));
    assert_eq!(methods(&bench.present(&begun.name, NOW).await), [Method::Password]);
}

#[tokio::test]
async fn two_tabs_that_rise_at_once_are_both_counted_and_share_one_new_name() {
    let bench = Bench::new().await;
    let begun = bench.begin().await;
    let pause = bench.store.pause("add_proof");
    let mut rises = Vec::new();
    for _ in 0..2 {
        let (sessions, present) = (bench.sessions.clone(), begun.present.clone());
        let proof = bench.proof(Method::Email, NOW);
        rises.push(tokio::spawn(async move { sessions.rise(&present, proof, NOW).await.unwrap() }));
        tokio::task::yield_now().await;
    }
    pause.reached().await;
    pause.resume();
    let (mut names, mut added) = (Vec::new(), 0);
    for rise in rises {
        match rise.await.unwrap() {
            Rise::Renamed(newly) => names.push(newly.name),
            Rise::Added => added += 1,
            Rise::Ended => panic!("a proof was lost"),
        }
    }
    assert_eq!((names.len(), added), (1, 1));
    let present = bench.present(&names[0], NOW).await;
    assert!(present.is_current());
    assert_eq!(methods(&present), [Method::Password, Method::Email, Method::Email]);
    assert_eq!(methods(&bench.present(&begun.name, NOW).await), [Method::Password]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_hundred_rises_at_once_every_proof_is_counted_once_and_one_name_is_left() {
    let bench = Bench::new().await;
    let begun = bench.begin().await;
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..100 {
        let (sessions, present) = (bench.sessions.clone(), begun.present.clone());
        let proof = bench.proof(Method::Email, NOW.after(Duration::from_millis(n)));
        tasks.spawn(async move {
            match sessions.rise(&present, proof, NOW).await.unwrap() {
                Rise::Renamed(newly) => Some(newly.name),
                Rise::Added => None,
                Rise::Ended => panic!("a proof was lost"),
            }
        });
        // Meanwhile the old name shows the password and nothing else.
        let (sessions, keys) = (bench.sessions.clone(), bench.keys.clone());
        let token = bench.token(&begun.name);
        tasks.spawn(async move {
            match sessions.find(Some(&token), HOST, &keys, LIMITS, NOW).await.unwrap() {
                Found::Present(present) => assert_eq!(methods(&present), [Method::Password]),
                other => panic!("{other:?}"),
            }
            None
        });
    }
    let names: Vec<Name> = tasks.join_all().await.into_iter().flatten().collect();
    assert_eq!(names.len(), 1);
    let present = bench.present(&names[0], NOW).await;
    let instants: HashSet<_> =
        present.evidence().proofs.iter().skip(1).map(|proof| proof.at).collect();
    assert_eq!((present.evidence().proofs.len(), instants.len()), (101, 100));
    assert_eq!(bench.stored().await[0].proofs, present.evidence().proofs);
}

#[tokio::test]
async fn a_rise_that_is_overtaken_by_the_end_of_its_session_gives_nothing() {
    let bench = Bench::new().await;
    let begun = bench.begin().await;
    let pause = bench.store.pause("add_proof");
    let (sessions, present) = (bench.sessions.clone(), begun.present.clone());
    let proof = bench.proof(Method::Email, NOW);
    let rise = tokio::spawn(async move { sessions.rise(&present, proof, NOW).await });
    pause.reached().await;
    bench.sessions.end(begun.present.key(), NOW).await.unwrap();
    pause.resume();
    let rise = rise.await.unwrap().unwrap();
    assert!(matches!(rise, Rise::Ended), "{rise:?}");
}

#[tokio::test]
async fn a_session_that_begins_while_all_of_its_user_end_is_not_handed_out() {
    let bench = Bench::new().await;
    let pause = bench.store.pause("create_session");
    let (sessions, anna) = (bench.sessions.clone(), bench.anna.clone());
    let proof = bench.proof(Method::Password, NOW);
    let begin = tokio::spawn(async move {
        let host = HOST;
        let beginning = Beginning { account: &anna, proof, host, user_agent: None, address: None };
        sessions.begin(beginning, LIMITS, NOW).await
    });
    pause.reached().await;
    bench.sessions.end_all_of(&bench.anna.user.id, NOW).await.unwrap();
    pause.resume();
    assert!(begin.await.unwrap().is_err());
    assert!(bench.stored().await.is_empty());
}
