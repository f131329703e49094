//! Tests of the audit: the chain, what is written, and what never is.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use super::*;
use crate::accounts::UserId;
use crate::clock::ManualClock;

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(Timestamp::from_secs(1_800_000_000)))
}

fn event(name: EventName) -> Event {
    Event::new(name, Timestamp::from_secs(1_800_000_000))
}

fn folder_with_lines(count: usize) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let audit = Audit::to_file(&path, clock()).unwrap();
    for number in 0..count {
        audit.record(event(EventName::SignOut).target(&UserId(format!("u{number}").into())));
    }
    assert!(audit.settle());
    (folder, path)
}

#[test]
fn a_line_says_who_did_what_and_when() {
    let audit = Audit::in_memory(clock());
    let user = UserId("u_1".into());
    audit.record(
        event(EventName::SignInFailed)
            .actor(&Actor::Command { uid: 1000 })
            .target(&user)
            .route("portal")
            .rule(None)
            .source("192.0.2.7".parse().ok())
            .reference("7F3K-Q2")
            .outcome(Outcome::Failure)
            .reason("wrong"),
    );
    let line: serde_json::Value = serde_json::from_str(&audit.lines()[0]).unwrap();
    assert_eq!(
        line,
        serde_json::json!({
            "at": "2027-01-15T08:00:00.000Z", "seq": 1, "prev": "0".repeat(64),
            "event": "sign_in.failed", "actor": { "kind": "cli", "id": "1000" }, "target": "u_1",
            "route": "portal", "source": "192.0.2.7", "reference": "7F3K-Q2",
            "outcome": "failure", "reason": "wrong",
        })
    );
}

#[test]
fn the_file_is_for_its_owner_only_and_a_restart_continues_the_chain() {
    let (_folder, path) = folder_with_lines(3);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let before = verify(&path).unwrap();
    assert_eq!(before.lines, 3);

    let audit = Audit::to_file(&path, clock()).unwrap();
    audit.record(event(EventName::UserCreated));
    drop(audit);
    let after = verify(&path).unwrap();
    assert_eq!(after.lines, 4);
    assert!(fs::read_to_string(&path).unwrap().contains(&before.last_hash));
}

#[test]
fn two_processes_never_write_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let _first = Audit::to_file(&path, clock()).unwrap();
    assert!(matches!(Audit::to_file(&path, clock()), Err(OpenError::InUse { .. })));
}

#[test]
fn a_change_of_any_byte_of_a_line_that_has_a_follower_is_found() {
    let (_folder, path) = folder_with_lines(3);
    let right = fs::read(&path).unwrap();
    let last_line = right[..right.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    for at in 0..last_line {
        let mut changed = right.clone();
        changed[at] ^= 1;
        fs::write(&path, &changed).unwrap();
        assert!(matches!(verify(&path), Err(Broken::At { .. })), "byte {at} was changed unseen");
    }
    fs::write(&path, &right).unwrap();
    assert_eq!(verify(&path).unwrap().lines, 3);
}

#[test]
fn a_line_that_is_taken_out_put_in_or_moved_is_found_where_it_was() {
    let (_folder, path) = folder_with_lines(4);
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let table = [
        ("taken out", vec![lines[0], lines[2], lines[3]], 2),
        ("first gone", vec![lines[1], lines[2], lines[3]], 1),
        ("twice", vec![lines[0], lines[0], lines[1]], 2),
        ("moved", vec![lines[0], lines[2], lines[1], lines[3]], 2),
        ("foreign", vec![lines[0], "{}", lines[1]], 2),
    ];
    for (name, lines, expected) in table {
        fs::write(&path, lines.join("\n") + "\n").unwrap();
        match verify(&path) {
            Err(Broken::At { line, why: _ }) => assert_eq!(line, expected, "{name}"),
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn an_unfinished_last_line_is_moved_aside_and_noted() {
    let (folder, path) = folder_with_lines(2);
    let mut text = fs::read(&path).unwrap();
    text.truncate(text.len() - 10);
    fs::write(&path, &text).unwrap();
    assert!(matches!(verify(&path), Err(Broken::At { line: 2, why: Why::Torn })));

    drop(Audit::to_file(&path, clock()).unwrap());
    assert_eq!(verify(&path).unwrap().lines, 2);
    assert!(fs::read_to_string(&path).unwrap().contains("audit.torn"));
    let aside = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.to_string_lossy().contains(".torn-"))
        .expect("the torn line is kept");
    assert!(text.ends_with(&fs::read(aside).unwrap()));
}

#[test]
fn a_file_that_is_not_ours_is_not_continued() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    fs::write(&path, "something else\n").unwrap();
    assert!(matches!(Audit::to_file(&path, clock()), Err(OpenError::NotOurs { .. })));
    assert_eq!(fs::read_to_string(&path).unwrap(), "something else\n");
}

#[test]
fn refusals_are_written_up_to_a_hundred_a_second_and_counted_above() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let audit = Audit::to_file(&path, clock()).unwrap();
    for _ in 0..1000 {
        audit.record(event(EventName::RequestRefused));
    }
    // What is no refusal is never sampled, and the next second starts anew.
    audit.record(event(EventName::SignInFailed));
    audit.record(Event::new(EventName::RequestRefused, Timestamp::from_secs(1_800_000_001)));
    drop(audit);

    let text = fs::read_to_string(&path).unwrap();
    let count = |name: &str| text.lines().filter(|line| line.contains(name)).count();
    assert_eq!(count("request.refused"), 100 + 9 + 1);
    assert_eq!(count("sign_in.failed"), 1);
    let sampled: u64 = text
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .filter(|line| line["event"] == "audit.sampled")
        .map(|line| line["count"].as_u64().unwrap())
        .sum();
    assert_eq!(sampled, 1000 - 109);
    assert!(verify(&path).is_ok());
}

#[test]
fn what_does_not_fit_into_the_queue_is_counted_and_the_count_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let audit = Audit::to_file(&path, clock()).unwrap();
    for _ in 0..20_000 {
        audit.record(event(EventName::SignOut));
    }
    drop(audit);
    let lines: Vec<serde_json::Value> = fs::read_to_string(&path)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let written = lines.iter().filter(|line| line["event"] == "sign_out").count();
    let dropped: u64 = lines
        .iter()
        .filter(|line| line["event"] == "audit.dropped")
        .map(|line| line["count"].as_u64().unwrap())
        .sum();
    assert_eq!(u64::try_from(written).unwrap() + dropped, 20_000);
}

#[test]
fn an_error_of_the_file_is_counted_and_nothing_is_lost_when_it_heals() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let shared = Shared::new(clock());
    let mut writer = Writer {
        file: AuditFile::over(full),
        link: Link::first(),
        orders: sync_channel(1).1,
        shared: shared.clone(),
        pending: Vec::new(),
        waiting: Vec::new(),
    };
    writer.line(&event(EventName::SignOut));
    assert!(!writer.write());
    assert_eq!(shared.counts.write_errors.load(Ordering::Relaxed), 1);

    writer.file = AuditFile::open(&path, Timestamp::EPOCH).unwrap().file;
    assert!(writer.write());
    assert_eq!(verify(&path).unwrap().lines, 1);
}

#[test]
fn the_process_ends_although_the_file_cannot_be_written() {
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let shared = Shared::new(clock());
    shared.is_closing.store(true, Ordering::SeqCst);
    let (queue, orders) = sync_channel(2);
    let (link, pending, waiting) = (Link::first(), Vec::new(), Vec::new());
    let file = AuditFile::over(full);
    let writer = Writer { file, link, orders, shared: shared.clone(), pending, waiting };
    queue.try_send(Order::Write(Box::new(event(EventName::SignOut)))).ok().unwrap();
    writer.run();
    assert!(shared.counts.write_errors.load(Ordering::Relaxed) > 0);
}
