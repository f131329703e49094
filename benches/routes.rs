//! What it costs to find what a request is asked: plain paths, paths that can be read in several ways,
//! many hosts, and the worst that is still legal. Not here: compiling a table.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::hint::black_box;
use std::time::Duration;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use scoregate::points::Level;
use scoregate::routes::{Asks, Match, RouteSpec, RuleSpec, Table};

const HOSTS: usize = 10_000;
const RULES: usize = 10;

fn level(value: u16) -> Level {
    Level::new(value).expect("on the scale")
}

fn rule(at: usize) -> RuleSpec {
    RuleSpec {
        name: format!("rule{at}"),
        path: format!("/area{at}/inner"),
        asks: Asks { level: Some(level(40)), ..Asks::default() },
        ..RuleSpec::default()
    }
}

fn host(at: usize) -> String {
    format!("portal{at}.example.org")
}

fn route(at: usize) -> RouteSpec {
    RouteSpec {
        name: format!("portal{at}"),
        host: host(at),
        upstream: "http://127.0.0.1:3000".to_owned(),
        directory: "staff".to_owned(),
        directory_level: level(30),
        rules: (0..RULES).map(rule).collect(),
        ..RouteSpec::default()
    }
}

fn table(hosts: usize) -> Table {
    let specs: Vec<RouteSpec> = (0..hosts).map(route).collect();
    Table::compile(&specs).expect("the routes agree")
}

/// Looks a request up and sees to it that the answer is the expected one.
fn find(table: &Table, host: &str, target: &str, asked: u16) -> Match {
    let found = table.find(host.as_bytes(), "GET", target.as_bytes()).expect("there is a route");
    assert_eq!(found.requirement.level.value(), asked, "{target}");
    found
}

fn paths(c: &mut Criterion) {
    let table = table(1);
    let host = host(0);
    let long = format!("/area3/inner/{}", "abcdefg-/".repeat(9));
    let escaped = format!("/Area3/%69nner/{}", "abcd%65fg-/".repeat(8));
    let with_colons = format!("/area3/inner:x/{}", "abc%64e:f/".repeat(8));
    for (name, target) in [
        ("find, plain path", "/area3/inner/page?x=1"),
        ("find, plain path of 100 bytes", &long),
        ("find, 100 bytes with escapes and capitals", &escaped),
        ("find, 100 bytes with two readings", &with_colons),
    ] {
        find(&table, &host, target, 40);
        c.bench_function(name, |b| b.iter(|| find(&table, &host, black_box(target), 40)));
    }
}

/// As long as a target may be, and as much work as its bytes can ask for: escapes of escapes of
/// characters with a compatibility form, with colons between them.
fn worst(c: &mut Criterion) {
    let table = table(1);
    let host = host(0);
    let escapes = format!("/area3/inner/{}", "%2541".repeat(1600));
    let wide = format!("/area3/inner/{}", "%EF%BC%A1:x/".repeat(680));
    for (name, target) in [
        ("find, 8 KiB of escapes of escapes", escapes),
        ("find, 8 KiB of wide letters and colons", wide),
    ] {
        assert!((8000..=8192).contains(&target.len()), "{} bytes", target.len());
        find(&table, &host, &target, 40);
        c.bench_function(name, |b| b.iter(|| find(&table, &host, black_box(&target), 40)));
    }
}

fn many_hosts(c: &mut Criterion) {
    let table = table(HOSTS);
    let hosts: Vec<String> = (0..HOSTS).map(host).collect();
    let same = hosts.first().expect("there are hosts");
    c.bench_function("find, the same of 10,000 hosts with 10 rules", |b| {
        b.iter(|| find(&table, black_box(same), "/area3/inner/page", 40));
    });
    // A stride that is prime to the count meets every host before it meets one again, so that what is
    // looked at is seldom in a cache.
    let mut at = 0;
    c.bench_function("find, another of 10,000 hosts with 10 rules", |b| {
        b.iter_batched(
            || {
                at = (at + 7919) % HOSTS;
                hosts.get(at).expect("within")
            },
            |host| find(&table, host, "/area3/inner/page", 40),
            BatchSize::SmallInput,
        );
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    targets = paths, worst, many_hosts
}
criterion_main!(benches);
