//! What the gate adds to a request, without a socket: route, cookie, session, decision and identity
//! headers, for somebody who is signed in. Not here: reading and writing HTTP (`beside`).
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod house;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use futures_util::FutureExt;
use scoregate::config::{self, LoadRequest};
use scoregate::gate::{Admission, Gate, Incoming, Snapshot};
use scoregate::keys::{Keyring, Purpose};
use scoregate::points::Timestamp;
use scoregate::sessions::cookies;
use scoregate::store::embedded::Embedded;

const NOW: Timestamp = Timestamp::from_secs(2_000_000_000);

/// One portal at the standard level, with a page for everybody.
fn snapshot(keys: Arc<Keyring>) -> Snapshot {
    let settings = [
        ("listen.http.address", "127.0.0.1:8080"),
        ("listen.http.serve", "routes"),
        ("notifier.console.kind", "console"),
        ("directory.staff.source", "embedded"),
        ("route.portal.directory", house::DIRECTORY),
        ("route.portal.host", house::HOST),
        ("route.portal.upstream", "http://127.0.0.1:3000"),
        ("route.portal.rule.open.path", "/open"),
        ("route.portal.rule.open.public", "true"),
    ];
    let loaded = config::load(&LoadRequest {
        file: None,
        environment: BTreeMap::new(),
        overrides: settings.map(|(path, value)| (path.to_owned(), value.to_owned())).into(),
        allow_plain_secrets: false,
        check_environment: false,
        now: NOW,
    });
    let report = loaded.render(config::Format::Text { coloured: false });
    let config = Arc::new(loaded.config.unwrap_or_else(|| panic!("{report}")));
    Snapshot::compile(config, keys, vec![8080], 1).expect("the routes agree")
}

fn asking<'a>(target: &'a str, cookies: &'a [&'a [u8]]) -> Incoming<'a> {
    Incoming {
        door: scoregate::gate::Door::Portals,
        host: house::HOST.as_bytes(),
        method: "GET",
        target: target.as_bytes(),
        cookies,
        upgrade: false,
        preflight: None,
        address: Some([127, 0, 0, 1].into()),
    }
}

fn admissions(c: &mut Criterion) {
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    let (store, keys) = runtime.block_on(Embedded::in_memory()).expect("memory");
    let sessions = house::sessions(&store);
    let name = runtime.block_on(async {
        let account = house::user(&store, "anna", NOW).await;
        house::signed_in(&sessions, &account, NOW).await
    });
    let line = format!(
        "theme=dark; lang=nl; {}={}",
        cookies::SESSION,
        name.token(Purpose::SessionName, &keys)
    );
    let snapshot = Arc::new(snapshot(keys));
    let gate = Gate::new(sessions);
    let fields = [line.as_bytes()];
    // A name that is shown for the first time is written down; after that nothing waits, and one look
    // at the future is enough.
    let first = runtime.block_on(gate.admit(asking("/", &fields), &snapshot, NOW));
    assert!(matches!(first, Admission::Forward(_)));
    let admit = |target: &str, cookies: &[&[u8]]| {
        gate.admit(asking(target, cookies), &snapshot, NOW).now_or_never().expect("in memory")
    };
    let Admission::Forward(passage) = admit("/reports/2026?page=2", &fields) else {
        panic!("the bench measures a yes")
    };
    assert_eq!(passage.identity.headers.len(), 6);
    c.bench_function("admit, protected, signed in", |b| {
        b.iter(|| admit(black_box("/reports/2026?page=2"), black_box(&fields)));
    });
    assert!(matches!(admit("/open/page", &[]), Admission::Forward(_)));
    c.bench_function("admit, public", |b| b.iter(|| admit(black_box("/open/page"), &[])));
    assert!(matches!(admit("/reports", &[]), Admission::StepUp(..)));
    c.bench_function("admit, protected, nobody", |b| b.iter(|| admit(black_box("/reports"), &[])));
    runtime.block_on(store.close());
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    targets = admissions
}
criterion_main!(benches);
