//! The contract that every method keeps. A new method is a new line in [`METHODS`] and in `case`.

use super::fakes::{Bench, PASSWORD, SESSION, account_of};
use super::*;
use crate::points::Method;

const METHODS: [Method; 5] =
    [Method::Password, Method::Email, Method::Sms, Method::Totp, Method::RecoveryCode];

/// How many wrong answers of one session are checked.
const TRIES: [(Method, usize); 5] = [
    (Method::Password, 10),
    (Method::Email, 5),
    (Method::Sms, 5),
    (Method::Totp, 10),
    (Method::RecoveryCode, 10),
];

/// Methods whose answers work once.
const ONE_TIME: [Method; 4] = [Method::Email, Method::Sms, Method::Totp, Method::RecoveryCode];

/// A method, a user who can answer it, and answers.
struct Case {
    bench: Bench,
    account: Account,
    authenticator: std::sync::Arc<dyn Authenticator>,
    right: String,
    wrong: String,
}

impl Case {
    async fn of(method: Method, bench: Bench) -> Self {
        let account = account_of(&bench, "anna", PASSWORD);
        let authenticator: std::sync::Arc<dyn Authenticator> = match method {
            Method::Password => std::sync::Arc::new(bench.password()),
            Method::Email => std::sync::Arc::new(bench.email()),
            Method::Sms => std::sync::Arc::new(bench.sms()),
            Method::RecoveryCode => std::sync::Arc::new(bench.recovery()),
            _ => std::sync::Arc::new(bench.totp()),
        };
        let right = right_answer(&bench, &*authenticator, &account).await;
        let wrong = wrong_answer(&bench, method, &account, &right);
        Self { bench, account, authenticator, right, wrong }
    }

    async fn verify(&self, attempt: Attempt<'_>) -> Verdict {
        self.authenticator.verify(attempt).await.unwrap()
    }

    fn attempt<'a>(&'a self, answer: &'a str) -> Attempt<'a> {
        self.bench.attempt(&self.account, answer)
    }
}

async fn right_answer(
    bench: &Bench,
    authenticator: &dyn Authenticator,
    account: &Account,
) -> String {
    let challenged = authenticator.challenge(bench.ask(account, false)).await.unwrap();
    match authenticator.method() {
        Method::Password => PASSWORD.to_owned(),
        Method::Email => {
            assert!(matches!(challenged, Challenged::Sent { .. }));
            bench.mailed().await.pop().unwrap()
        }
        Method::Sms => {
            assert!(matches!(challenged, Challenged::Sent { .. }));
            bench.texted().await.pop().unwrap()
        }
        Method::RecoveryCode => RecoveryCode::written(&bench.recovery_codes(account)[0]),
        _ => app_code(account, bench.now()),
    }
}

fn app_code(account: &Account, now: Timestamp) -> String {
    totp_rs::Builder::new()
        .with_secret(account.apps[0].secret.reveal().as_slice())
        .build_noncompliant()
        .generate(now.as_secs())
        .to_string()
}

/// Wrong, and for codes of the right form and of no instant around now.
fn wrong_answer(bench: &Bench, method: Method, account: &Account, right: &str) -> String {
    if method == Method::Password {
        return "not the password".to_owned();
    }
    if method == Method::RecoveryCode {
        return RecoveryCode::written(&[0; 16]);
    }
    let around: Vec<String> = (0..100)
        .map(|step| {
            let then = bench.now().before(Duration::from_secs(1500));
            app_code(account, then.after(Duration::from_secs(step * 30)))
        })
        .collect();
    (0..1_000_000)
        .map(|code| format!("{code:06}"))
        .find(|code| code != right && !around.contains(code))
        .unwrap()
}

#[tokio::test]
async fn a_right_answer_is_a_proof_of_what_the_user_has_enrolled() {
    for method in METHODS {
        let case = Case::of(method, Bench::new()).await;
        assert!(case.authenticator.is_usable(&case.account));
        assert_eq!(case.authenticator.method(), method);
        let enrolled = case.account.enrolled();
        let expected = enrolled.iter().find(|enrolled| enrolled.method == method).unwrap();
        let mut proof = expected.proof(case.bench.now());
        if method == Method::RecoveryCode {
            proof.expires = Some(case.bench.now().after(Duration::from_secs(3600)));
        }
        assert_eq!(
            case.verify(case.attempt(&case.right)).await,
            Verdict::Proven(proof),
            "{method}"
        );
    }
}

#[tokio::test]
async fn wrong_answers_end_in_waiting_and_then_the_right_one_is_refused_too() {
    for (method, checked) in TRIES {
        let case = Case::of(method, Bench::new()).await;
        for n in 1..=checked {
            let verdict = case.verify(case.attempt(&case.wrong)).await;
            let is_wrong = matches!(verdict, Verdict::Rejected(Rejection::Wrong { .. }));
            assert!(is_wrong, "{method} {n}: {verdict:?}");
        }
        for answer in [&case.wrong, &case.right] {
            let verdict = case.verify(case.attempt(answer)).await;
            let is_throttled = matches!(
                verdict,
                Verdict::Rejected(Rejection::Throttled { until }) if until > case.bench.now()
            );
            assert!(is_throttled, "{method}: {verdict:?}");
        }
    }
}

#[tokio::test]
async fn a_thousand_wrong_answers_at_once_are_not_a_thousand_tries() {
    for (method, most) in TRIES {
        let case = Case::of(method, Bench::new()).await;
        let tries = (0..1000).map(|_| case.verify(case.attempt(&case.wrong)));
        let verdicts = in_step(tries).await;
        let checked = verdicts
            .iter()
            .filter(|verdict| matches!(verdict, Verdict::Rejected(Rejection::Wrong { .. })))
            .count();
        assert_eq!(checked, most, "{method}");
    }
}

#[tokio::test]
async fn a_one_time_answer_works_once_in_sequence() {
    for method in ONE_TIME {
        let case = Case::of(method, Bench::new()).await;
        assert!(matches!(case.verify(case.attempt(&case.right)).await, Verdict::Proven(_)));
        let account = case.bench.reload(&case.account);
        assert_eq!(
            case.verify(case.bench.attempt(&account, &case.right)).await,
            Verdict::Rejected(Rejection::UsedAlready),
            "{method}"
        );
    }
}

#[tokio::test]
async fn a_one_time_answer_works_once_of_a_hundred_at_once() {
    for method in ONE_TIME {
        let case = Case::of(method, Bench::without_limits()).await;
        let verdicts = in_step((0..100).map(|_| case.verify(case.attempt(&case.right)))).await;
        let proofs =
            verdicts.iter().filter(|verdict| matches!(verdict, Verdict::Proven(_))).count();
        assert_eq!(proofs, 1, "{method}");
    }
}

#[tokio::test]
async fn an_unknown_user_costs_the_same_calls_and_gets_the_same_words() {
    for method in METHODS {
        let mut seen = Vec::new();
        for is_known in [true, false] {
            let case = Case::of(method, Bench::new()).await;
            let (calls, hashes) = (case.bench.calls(), case.bench.pool.started());
            let mut verdicts = Vec::new();
            for _ in 0..12 {
                let mut attempt = case.attempt(&case.wrong);
                if !is_known {
                    attempt.account = None;
                }
                verdicts.push(case.verify(attempt).await);
            }
            seen.push((case.bench.calls() - calls, case.bench.pool.started() - hashes, verdicts));
        }
        assert!(seen[0].0 > 0);
        assert_eq!(seen[0], seen[1], "{method}");
    }
}

#[tokio::test]
async fn an_answer_of_somebody_else_proves_nothing() {
    for method in METHODS {
        let case = Case::of(method, Bench::new()).await;
        let bob = account_of(&case.bench, "bob", "drie gele giraffen");
        let verdict = case.verify(case.bench.attempt(&bob, &case.right)).await;
        let is_wrong = matches!(verdict, Verdict::Rejected(Rejection::Wrong { .. }));
        assert!(is_wrong, "{method}: {verdict:?}");
        // It was counted for Bob, and cost Anna nothing.
        assert!(matches!(case.verify(case.attempt(&case.right)).await, Verdict::Proven(_)));
    }
}

#[tokio::test]
async fn a_code_that_was_sent_works_in_no_other_session() {
    for method in [Method::Email, Method::Sms] {
        let case = Case::of(method, Bench::new()).await;
        for session in [Some(SessionKey([2; 16])), None] {
            let attempt = Attempt { session, ..case.attempt(&case.right) };
            let verdict = case.verify(attempt).await;
            assert!(matches!(verdict, Verdict::Rejected(Rejection::Wrong { .. })), "{verdict:?}");
        }
        let attempt = Attempt { session: Some(SESSION), ..case.attempt(&case.right) };
        assert!(matches!(case.verify(attempt).await, Verdict::Proven(_)));
    }
}

#[tokio::test]
async fn what_is_no_answer_is_not_counted() {
    let long = "1".repeat(100_000);
    for method in METHODS {
        let case = Case::of(method, Bench::new()).await;
        let mut answers = vec![("", Rejection::Empty), (&long, Rejection::NotAnAnswer)];
        if method != Method::Password {
            answers.extend([
                ("  ", Rejection::Empty),
                ("12345", Rejection::NotAnAnswer),
                ("1234567", Rejection::NotAnAnswer),
                ("+123456", Rejection::NotAnAnswer),
                ("abcdef", Rejection::NotAnAnswer),
            ]);
        }
        let calls = case.bench.calls();
        for _ in 0..20 {
            for (answer, expected) in &answers {
                assert_eq!(
                    case.verify(case.attempt(answer)).await,
                    Verdict::Rejected(*expected),
                    "{method} {answer:.20}"
                );
            }
        }
        assert_eq!(case.bench.calls(), calls, "{method}");
        assert!(matches!(case.verify(case.attempt(&case.right)).await, Verdict::Proven(_)));
    }
}

#[tokio::test]
async fn a_store_that_fails_is_an_error_and_no_proof() {
    for method in METHODS {
        let case = Case::of(method, Bench::new()).await;
        case.bench.fail(true);
        assert!(case.authenticator.verify(case.attempt(&case.right)).await.is_err(), "{method}");
        let ask = case.bench.ask(&case.account, true);
        assert!(case.authenticator.challenge(ask).await.is_err(), "{method}");
        case.bench.fail(false);
        assert!(matches!(case.verify(case.attempt(&case.right)).await, Verdict::Proven(_)));
    }
    let consuming = [(Method::Email, true), (Method::Sms, true), (Method::Totp, false)];
    for (method, fail_only_what_consumes) in consuming {
        let case = Case::of(method, Bench::new()).await;
        if fail_only_what_consumes {
            case.bench.codes.calls.fail(true);
        } else {
            case.bench.accounts.calls.fail(true);
        }
        assert!(case.authenticator.verify(case.attempt(&case.right)).await.is_err(), "{method}");
    }
}

#[tokio::test]
async fn a_disabled_user_proves_nothing_and_has_nothing_to_use() {
    for method in METHODS {
        let mut case = Case::of(method, Bench::new()).await;
        case.account.user.state = UserState::Disabled;
        assert!(!case.authenticator.is_usable(&case.account), "{method}");
        let verdict = case.verify(case.attempt(&case.right)).await;
        let is_wrong = matches!(verdict, Verdict::Rejected(Rejection::Wrong { .. }));
        assert!(is_wrong, "{method}: {verdict:?}");
    }
}

#[tokio::test]
async fn nothing_that_is_printed_holds_an_answer_or_a_secret() {
    for method in METHODS {
        let case = Case::of(method, Bench::new()).await;
        let attempt = case.attempt(&case.right);
        let secret = format!("{:?}", case.account.apps[0].secret.reveal());
        let printed = format!(
            "{attempt:?} {:?} {:?} {:?}",
            case.authenticator,
            case.account,
            case.verify(attempt).await
        );
        assert!(!printed.contains(&case.right), "{method}: {printed}");
        assert!(!printed.contains(&secret), "{method}: {printed}");
        assert!(!printed.contains("$argon2"), "{method}: {printed}");
    }
}

#[tokio::test]
async fn the_registry_offers_what_is_enrolled_and_works_and_nothing_else() {
    let bench = Bench::new();
    let account = account_of(&bench, "anna", PASSWORD);
    let methods = Methods::new(vec![
        std::sync::Arc::new(bench.password()),
        std::sync::Arc::new(bench.email()),
    ]);
    assert!(methods.of(Method::Totp).is_none());
    let usable = |methods: &Methods| -> Vec<Method> {
        methods.usable_enrolments(&account).iter().map(|enrolled| enrolled.method).collect()
    };
    assert_eq!(usable(&methods), [Method::Password, Method::Email]);
    bench.mail.is_down.store(true, std::sync::atomic::Ordering::SeqCst);
    for session in 0..2 {
        let session = SessionKey([session; 16]);
        let ask = Ask { session, ..bench.ask(&account, false) };
        let challenged = methods.of(Method::Email).unwrap().challenge(ask).await.unwrap();
        assert!(matches!(challenged, Challenged::Sent { .. }), "{challenged:?}");
        bench.notifiers.settled().await;
    }
    assert_eq!(usable(&methods), [Method::Password]);
    bench.clock.advance(Duration::from_secs(30));
    assert_eq!(usable(&methods), [Method::Password, Method::Email]);
}

/// Runs futures together: each goes one call of a store further, then the next one. All of them have
/// read before the first one writes, which threads would manage only now and then.
async fn in_step<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut waiting: Vec<_> = futures.map(|future| Some(Box::pin(future))).collect();
    let mut done: Vec<Option<F::Output>> = waiting.iter().map(|_| None).collect();
    std::future::poll_fn(move |context| {
        for (place, slot) in waiting.iter_mut().enumerate() {
            if let Some(future) = slot
                && let std::task::Poll::Ready(output) = future.as_mut().poll(context)
            {
                done[place] = Some(output);
                *slot = None;
            }
        }
        if waiting.iter().all(Option::is_none) {
            std::task::Poll::Ready(done.iter_mut().map(|output| output.take().unwrap()).collect())
        } else {
            std::task::Poll::Pending
        }
    })
    .await
}
