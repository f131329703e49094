//! Tests of the control socket: a round trip, and who is turned away.

use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use super::server::Doorman;
use super::*;
use crate::operations::fakes::{House, house};
use crate::operations::{Kind, UserRef};

fn served(house: &House, folder: &Path) -> tokio::task::JoinHandle<()> {
    let listener = ControlListener::bind(folder).unwrap();
    tokio::spawn(listener.serve(house.operator.clone(), house.audit.clone(), house.clock.clone()))
}

fn doorman(house: &House, own_uid: u32) -> Doorman {
    Doorman {
        operator: house.operator.clone(),
        audit: house.audit.clone(),
        clock: house.clock.clone(),
        own_uid,
    }
}

async fn raw(house: &House, sent: &[u8]) -> String {
    let (mut here, there) = UnixStream::pair().unwrap();
    let doorman = doorman(house, own_uid());
    here.write_all(sent).await.unwrap();
    here.shutdown().await.unwrap();
    doorman.serve(there).await;
    let mut reply = String::new();
    here.read_to_string(&mut reply).await.unwrap();
    reply
}

fn own_uid() -> u32 {
    std::fs::metadata("/proc/self").unwrap().uid()
}

#[tokio::test]
async fn a_command_gets_done_and_its_user_is_in_the_audit() {
    let (house, folder) = (house(), tempfile::tempdir().unwrap());
    house.add("anna", "staff").await;
    let _serving = served(&house, folder.path());
    let socket = std::fs::metadata(folder.path().join(SOCKET)).unwrap();
    assert!(socket.file_type().is_socket());
    assert_eq!(socket.permissions().mode() & 0o777, 0o600);

    let user = UserRef { name: "anna".to_owned(), directory: None };
    let control = Control::connect(folder.path()).await.unwrap();
    let done = control.perform(Operation::UserDisable { user: user.clone() }).await.unwrap();
    assert!(matches!(done, Ok(Outcome::UserChanged { changed: true, .. })), "{done:?}");
    let last: serde_json::Value =
        serde_json::from_str(house.audit.lines().last().unwrap()).unwrap();
    assert_eq!(last["event"], "user.disabled");
    assert_eq!(last["actor"]["id"], own_uid().to_string());

    let control = Control::connect(folder.path()).await.unwrap();
    let user = UserRef { name: "bob".to_owned(), directory: None };
    let refused = control.perform(Operation::UserShow { user }).await.unwrap().unwrap_err();
    assert_eq!(refused.kind(), Kind::No);
    assert_eq!(refused.to_string(), "there is no user `bob`");
}

#[tokio::test]
async fn another_user_of_the_system_is_sent_away_unheard_and_written_down() {
    if own_uid() == 0 {
        // Root may always come in, so the doorman is asked about a peer that is neither.
        return nobody_is_root().await;
    }
    let house = house();
    house.add("anna", "staff").await;
    let (mut here, there) = UnixStream::pair().unwrap();
    doorman(&house, own_uid() + 1).serve(there).await;
    let mut reply = String::new();
    here.read_to_string(&mut reply).await.unwrap();
    assert_eq!(reply, "\"NotYou\"\n");
    assert_eq!(house.events().last().unwrap(), "control.denied");
}

async fn nobody_is_root() {
    let house = house();
    let doorman = doorman(&house, 12345);
    for (uid, admitted) in [(Some(0), true), (Some(12345), true), (Some(1), false), (None, false)] {
        assert_eq!(doorman.admits_uid(uid).is_some(), admitted, "{uid:?}");
    }
    assert_eq!(house.events(), ["control.denied", "control.denied"]);
}

#[tokio::test]
async fn what_is_not_understood_does_nothing_and_says_which_version_is_spoken() {
    let house = house();
    for sent in [
        &b"hello\n"[..],
        b"{\"version\":2,\"do\":\"status\"}\n",
        b"{\"version\":1,\"do\":\"fly\"}\n",
        b"{\"version\":1,\"do\":\"status\"}",
        &[b'x'; 70_000],
    ] {
        let sent = &sent[..sent.len().min(65_536)];
        assert_eq!(raw(&house, sent).await, "{\"NotUnderstood\":{\"version\":1}}\n");
    }
    assert_eq!(raw(&house, b"").await, "");
    assert!(raw(&house, b"{\"version\":1,\"do\":\"status\"}\n").await.contains("not_running"));
    assert!(house.events().is_empty());
}

#[tokio::test]
async fn without_a_gateway_nobody_answers_and_a_socket_that_was_left_over_is_replaced() {
    let (house, folder) = (house(), tempfile::tempdir().unwrap());
    let absent = Control::connect(folder.path()).await;
    assert!(matches!(absent, Err(ControlError::Absent(_))), "{absent:?}");

    // As after a kill: the file is there, and nobody listens.
    drop(std::os::unix::net::UnixListener::bind(folder.path().join(SOCKET)).unwrap());
    assert!(matches!(Control::connect(folder.path()).await, Err(ControlError::Absent(_))));

    let serving = served(&house, folder.path());
    assert!(Control::connect(folder.path()).await.is_ok());
    serving.abort();
    let _ = serving.await;
    assert!(!folder.path().join(SOCKET).exists());
}

#[tokio::test]
async fn a_folder_with_a_long_path_has_a_socket_too() {
    let (house, folder) = (house(), tempfile::tempdir().unwrap());
    let deep = folder.path().join("d".repeat(120));
    std::fs::create_dir(&deep).unwrap();
    let _serving = served(&house, &deep);
    let control = Control::connect(&deep).await.unwrap();
    let users = control.perform(Operation::UserList { directory: None }).await.unwrap();
    assert_eq!(users, Ok(Outcome::Users { users: Vec::new() }));
}

#[test]
fn a_password_crosses_the_socket_and_is_never_printed() {
    let text =
        "{\"version\":1,\"do\":\"user_add\",\"name\":\"a\",\"password\":\"hunter2-hunter2\"}";
    let request: Request = serde_json::from_str(text).unwrap();
    assert!(!format!("{:?}", request.operation).contains("hunter2"));
    assert!(serde_json::to_string(&request).unwrap().contains("hunter2-hunter2"));
}
