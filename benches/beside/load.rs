//! Asks as fast as answers come, over so many connections, and looks at every answer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::Plan;
use crate::figures::Figures;
use crate::proxies::Proxy;
use crate::upstream::{BODY, NAMED, SAW, UNNAMED};

/// What to ask, and whom.
pub(crate) struct Load {
    pub(crate) address: SocketAddr,
    pub(crate) request: Vec<u8>,
    /// Whether the portal is to say that somebody was named to it.
    pub(crate) answers_are_named: bool,
    pub(crate) connections: usize,
}

#[derive(Default)]
struct Shared {
    answered: AtomicU64,
    is_over: AtomicBool,
}

impl Load {
    /// One round, after a warm-up.
    ///
    /// # Panics
    /// If one answer is not as expected.
    pub(crate) fn run(&self, proxy: &Proxy, plan: &Plan) -> Figures {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let shared = Arc::new(Shared::default());
            let mut clients = JoinSet::new();
            for _ in 0..self.connections {
                let socket = TcpStream::connect(self.address).await.expect("a connection");
                socket.set_nodelay(true).expect("a socket");
                let client = Client::new(socket, self.request.clone(), self.answers_are_named);
                clients.spawn(ask(client, shared.clone()));
            }
            tokio::time::sleep(plan.warm_up).await;
            let (begun, used) = (Instant::now(), proxy.usage());
            let before = shared.answered.load(Ordering::Relaxed);
            tokio::time::sleep(plan.measured).await;
            let answered = shared.answered.load(Ordering::Relaxed) - before;
            let (took, usage) = (begun.elapsed(), proxy.usage());
            let figures = Figures {
                answered,
                took,
                processor: usage.processor - used.processor,
                sleeps: usage.sleeps - used.sleeps,
            };
            shared.is_over.store(true, Ordering::Relaxed);
            while let Some(ended) = clients.join_next().await {
                ended.expect("a client saw a wrong answer");
            }
            figures
        })
    }
}

impl Load {
    /// So many requests over each connection; gives how many they were.
    ///
    /// # Panics
    /// If one answer is not as expected.
    pub(crate) fn ask_each(&self, requests: u64) -> u64 {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let mut clients = JoinSet::new();
            for _ in 0..self.connections {
                let socket = TcpStream::connect(self.address).await.expect("a connection");
                socket.set_nodelay(true).expect("a socket");
                let mut client = Client::new(socket, self.request.clone(), self.answers_are_named);
                clients.spawn(async move {
                    for _ in 0..requests {
                        client.ask().await;
                    }
                });
            }
            while let Some(ended) = clients.join_next().await {
                ended.expect("a client saw a wrong answer");
            }
        });
        requests * u64::try_from(self.connections).expect("few connections")
    }
}

/// One connection that asks again and again.
struct Client {
    socket: TcpStream,
    request: Vec<u8>,
    answer: Vec<u8>,
    saw: String,
}

impl Client {
    fn new(socket: TcpStream, request: Vec<u8>, is_named: bool) -> Self {
        let saw = format!("{SAW}{}\r\n", if is_named { NAMED } else { UNNAMED });
        Self { socket, request, answer: Vec::with_capacity(4096), saw }
    }

    async fn ask(&mut self) {
        let Self { socket, request, answer, saw } = self;
        answer.clear();
        socket.write_all(request).await.expect("a request is taken");
        while !is_whole(answer) {
            let read = socket.read_buf(answer).await.expect("an answer");
            assert!(read > 0, "closed after {:?}", String::from_utf8_lossy(answer));
        }
        assert!(is_right(answer, saw), "{:?}", String::from_utf8_lossy(answer));
    }
}

async fn ask(mut client: Client, shared: Arc<Shared>) {
    while !shared.is_over.load(Ordering::Relaxed) {
        client.ask().await;
        shared.answered.fetch_add(1, Ordering::Relaxed);
    }
}

/// Where the body begins, if the head is there.
fn body_at(answer: &[u8]) -> Option<usize> {
    memchr::memmem::find(answer, b"\r\n\r\n").map(|end| end + 4)
}

fn is_whole(answer: &[u8]) -> bool {
    // A refusal of any length is whole as well: it is wrong, and is to be shown.
    body_at(answer)
        .is_some_and(|body| answer.len() >= body + BODY || !answer.starts_with(b"HTTP/1.1 200 "))
}

fn is_right(answer: &[u8], saw: &str) -> bool {
    let Some((head, body)) = body_at(answer).and_then(|at| answer.split_at_checked(at)) else {
        return false;
    };
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    head.starts_with("http/1.1 200 ")
        && head.contains(saw)
        && body.len() == BODY
        && body.iter().all(|byte| *byte == b'x')
}
