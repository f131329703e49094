//! What it costs to know who sends a request: the cookie among others, its MAC, and the session that
//! it names, with few and with many sessions in memory. Not here: what the session is worth.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod house;

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use futures_util::FutureExt;
use scoregate::keys::{Keyring, Purpose};
use scoregate::points::Timestamp;
use scoregate::sessions::{Found, Name, Sessions, cookies};
use scoregate::store::embedded::Embedded;

const NOW: Timestamp = Timestamp::from_secs(2_000_000_000);
/// Users that the sessions are shared out among.
const USERS: usize = 1000;

fn tokens(c: &mut Criterion) {
    let keys = Keyring::generate();
    let token = Name::random().token(Purpose::SessionName, &keys);
    assert!(Name::parse(&token, Purpose::SessionName, &keys, NOW).is_some());
    c.bench_function("token check, good", |b| {
        b.iter(|| Name::parse(black_box(&token), Purpose::SessionName, &keys, NOW));
    });
    let forged = Name::random().token(Purpose::SessionName, &Keyring::generate());
    assert!(Name::parse(&forged, Purpose::SessionName, &keys, NOW).is_none());
    c.bench_function("token check, forged", |b| {
        b.iter(|| Name::parse(black_box(&forged), Purpose::SessionName, &keys, NOW));
    });
    let line = format!("theme=dark; _ga=GA1.2.1234567890.1234567890; sid={token}; lang=nl; ")
        + &format!("{}={token}; csrftoken=0123456789abcdef0123456789abcdef", cookies::SESSION);
    assert!(cookies::find([line.as_bytes()], cookies::SESSION).is_some());
    c.bench_function("cookie find, sixth of six", |b| {
        b.iter(|| cookies::find([black_box(line.as_bytes())], cookies::SESSION).is_some());
    });
}

/// So many sessions in memory, and the tokens of all of them.
async fn full(count: usize) -> (Embedded, Arc<Sessions>, Keyring, Vec<String>) {
    let (store, _) = Embedded::in_memory().await.expect("memory");
    let sessions = house::sessions(&store);
    let keys = Keyring::generate();
    let mut accounts = Vec::new();
    for at in 0..USERS.min(count) {
        accounts.push(house::user(&store, &format!("user{at}"), NOW).await);
    }
    let mut tokens = Vec::with_capacity(count);
    for account in accounts.iter().cycle().take(count) {
        let name = house::half_signed_in(&sessions, account, NOW).await;
        tokens.push(name.token(Purpose::SessionName, &keys));
    }
    assert_eq!(sessions.count(), count);
    (store, sessions, keys, tokens)
}

fn finding(c: &mut Criterion) {
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    for count in [1000, 100_000] {
        let (store, sessions, keys, tokens) = runtime.block_on(full(count));
        // It never waits: one look at the future is enough.
        let find = |token: &str| {
            let limits = house::LIMITS;
            let found = sessions.find(Some(token), house::HOST, &keys, limits, NOW).now_or_never();
            assert!(matches!(found, Some(Ok(Found::Present(_)))), "a session is not in memory");
        };
        let one = tokens.first().expect("there are sessions");
        c.bench_function(&format!("session find, the same of {count}"), |b| {
            b.iter(|| find(black_box(one)));
        });
        // A stride that is prime to the count meets every session before it meets one again.
        let mut at = 0;
        c.bench_function(&format!("session find, another of {count}"), |b| {
            b.iter_batched(
                || {
                    at = (at + 7919) % tokens.len();
                    tokens.get(at).expect("within")
                },
                |token| find(token),
                BatchSize::SmallInput,
            );
        });
        runtime.block_on(store.close());
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    targets = tokens, finding
}
criterion_main!(benches);
