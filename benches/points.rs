//! What a decision costs: the arithmetic that every request meets, without a request around it. Not
//! here: routes, the gate, or anything that waits.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use scoregate::points::{
    Channel, CredentialId, Enrolled, Evidence, Level, Method, Outcome, Person, Proof, Requirement,
    Settings, Timestamp, decide, ways,
};

const NOW: Timestamp = Timestamp::from_secs(2_000_000_000);

/// Ten of what a user may have: every method once, and a second app.
fn ten_enrolled() -> Vec<Enrolled> {
    Method::ALL
        .into_iter()
        .chain([Method::Totp])
        .enumerate()
        .map(|(at, method)| Enrolled {
            method,
            credential: CredentialId(format!("{method} {at}").into()),
            // Two mailboxes between them, so that channels are shared and the ways are not trivial.
            channel: match method {
                Method::Password | Method::Email => Channel::Mailbox("m".into()),
                _ => Channel::Credential(format!("{method} {at}").into()),
            },
            kinds: method.kinds(),
            enrolled_at: (at == 9).then_some(Timestamp::EPOCH),
        })
        .collect()
}

fn ask(level: u16) -> Requirement {
    Requirement { level: Level::new(level).expect("on the scale"), ..Requirement::default() }
}

fn decisions(c: &mut Criterion) {
    let settings = Settings::standard();
    let proofs: Vec<Proof> = ten_enrolled().iter().map(|one| one.proof(NOW)).collect();
    assert_eq!(proofs.len(), 10);
    let evidence = Evidence { proofs };
    let person = Person { evidence: &evidence, ..Person::NOBODY };
    let level_30 = ask(30);
    let decision = decide(&level_30, &person, &settings, NOW);
    assert!(matches!(decision.outcome, Outcome::Allow(_)), "the bench measures a yes");
    c.bench_function("decide, ten proofs", |b| {
        b.iter(|| decide(black_box(&level_30), black_box(&person), &settings, NOW));
    });

    let two = Evidence { proofs: evidence.proofs.iter().take(2).cloned().collect() };
    let person = Person { evidence: &two, ..Person::NOBODY };
    c.bench_function("decide, two proofs", |b| {
        b.iter(|| decide(black_box(&level_30), black_box(&person), &settings, NOW));
    });
}

fn shortest_ways(c: &mut Criterion) {
    let settings = Settings::standard();
    let enrolled = ten_enrolled();
    let level_60 = ask(60);
    let found = ways(&level_60, &Evidence::NONE, &enrolled, &settings, NOW);
    assert!(!found.is_empty(), "the bench measures ways that exist");
    c.bench_function("ways, ten methods", |b| {
        b.iter(|| {
            ways(black_box(&level_60), &Evidence::NONE, black_box(&enrolled), &settings, NOW)
        });
    });
}

criterion_group!(benches, decisions, shortest_ways);
criterion_main!(benches);
