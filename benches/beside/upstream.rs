//! The portal behind both proxies: answers every request with as many bytes, and says whether somebody
//! was named to it. On a thread of its own, with as little work as it can.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Bytes in the body of an answer.
pub(crate) const BODY: usize = 1024;
/// The header that says whether somebody was named.
pub(crate) const SAW: &str = "x-saw: ";
pub(crate) const NAMED: &str = "person";
pub(crate) const UNNAMED: &str = "nobody";

/// Starts it, until the process ends.
pub(crate) fn start() -> SocketAddr {
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            tell.send(listener.local_addr().expect("an address")).expect("somebody waits");
            loop {
                let (socket, _) = listener.accept().await.expect("a connection");
                tokio::spawn(serve(socket));
            }
        });
    });
    told.recv().expect("the upstream starts")
}

async fn serve(mut socket: TcpStream) {
    let answers = [NAMED, UNNAMED].map(|saw| {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {BODY}\r\n{SAW}{saw}\r\n\r\n");
        [head.into_bytes(), vec![b'x'; BODY]].concat()
    });
    let [named, unnamed] = &answers;
    let mut head = Vec::with_capacity(4096);
    while matches!(socket.read_buf(&mut head).await, Ok(read) if read > 0) {
        if !head.ends_with(b"\r\n\r\n") {
            continue;
        }
        let answer = if names_somebody(&head) { named } else { unnamed };
        head.clear();
        if socket.write_all(answer).await.is_err() {
            return;
        }
    }
}

/// All six headers, and in them who was signed in.
fn names_somebody(head: &[u8]) -> bool {
    let count = |wanted: &[u8]| memchr::memmem::find_iter(head, wanted).count();
    count(b"\r\nX-Scoregate-") == 6
        && count(b"\r\nX-Scoregate-User: anna\r\n") == 1
        && count(b"\r\nX-Scoregate-Score: 30\r\n") == 1
}
