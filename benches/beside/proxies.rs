//! The two processes: the gate as it is run, and Pingora with nothing in it.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use pingora::proxy::{ProxyHttp, Session, http_proxy_service};
use pingora::server::Server;
use pingora::upstreams::peer::HttpPeer;
use scoregate::clock::{Clock, SystemClock};
use scoregate::keys::Purpose;
use scoregate::store::embedded::Embedded;

use crate::house;

/// The word with which this program is the bare proxy.
pub(crate) const BARE: &str = "bare-proxy";
const PATIENCE: Duration = Duration::from_secs(60);

/// What a process has used.
#[derive(Clone, Copy, Default)]
pub(crate) struct Usage {
    pub(crate) processor: Duration,
    /// Times that a thread had nothing to do and was woken later. Each costs both ways into the kernel, and
    /// there are the more of them the less a proxy is kept busy.
    pub(crate) sleeps: u64,
}

/// A proxy that runs; it ends with this value.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    process: Child,
}

/// A program, under another one where there is one.
fn command(under: &[String], program: impl AsRef<OsStr>) -> Command {
    match under {
        [] => Command::new(program),
        [other, options @ ..] => {
            let mut command = Command::new(other);
            command.args(options).arg(program);
            command
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // It may have ended by itself, and is gone then.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Proxy {
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// What all threads of the process have used so far, as the scheduler counts it.
    ///
    /// # Panics
    /// If the process has ended, or the kernel does not count.
    pub(crate) fn usage(&self) -> Usage {
        let threads = format!("/proc/{}/task", self.process.id());
        let mut usage = Usage::default();
        for thread in std::fs::read_dir(threads).expect("the process runs") {
            let thread = thread.expect("a thread").path();
            // A thread may end between the listing and here.
            let Ok(times) = std::fs::read_to_string(thread.join("schedstat")) else { continue };
            let Ok(status) = std::fs::read_to_string(thread.join("status")) else { continue };
            let nanos = times.split(' ').next().and_then(|first| first.parse().ok());
            usage.processor += Duration::from_nanos(nanos.expect("the kernel counts nanoseconds"));
            let sleeps =
                status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
            usage.sleeps += sleeps.and_then(|count| count.trim().parse::<u64>().ok()).unwrap_or(0);
        }
        usage
    }
}

/// The gate with somebody signed in; gives their token as well.
pub(crate) fn gate(folder: &Path, upstream: SocketAddr, under: &[String]) -> (Proxy, String) {
    let store = folder.join("store");
    let token = sign_in(&store);
    let file = folder.join("scoregate.toml");
    std::fs::write(&file, configuration(&store, folder, upstream)).expect("a file");
    let mut process = command(under, env!("CARGO_BIN_EXE_scoregate"))
        .arg("--config")
        .arg(&file)
        .arg("run")
        .env("TOKIO_WORKER_THREADS", "1")
        .stdout(Stdio::piped())
        .spawn()
        .expect("the gate starts");
    let mut said = BufReader::new(process.stdout.take().expect("its output")).lines();
    let ready = said.find_map(|line| line.ok()?.strip_prefix("ready http ").map(str::to_owned));
    let address = ready.expect("the gate is ready").parse().expect("an address");
    // It may go on talking; somebody has to read it.
    std::thread::spawn(move || said.for_each(drop));
    (Proxy { address, process }, token)
}

fn configuration(store: &Path, folder: &Path, upstream: SocketAddr) -> String {
    format!(
        r#"
[listen.http]
address = "127.0.0.1:0"
serve = "routes"

[store]
path = "{}"

[notifier.mail]
kind = "file"
path = "{}"

[log]
level = "warn"

[directory.{}]

[route.portal]
host = "{}"
upstream = "http://{upstream}"
directory = "{}"
"#,
        store.display(),
        folder.join("mail").display(),
        house::DIRECTORY,
        house::HOST,
        house::DIRECTORY
    )
}

/// What a sign-in leaves in the store.
fn sign_in(folder: &Path) -> String {
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    runtime.block_on(async {
        let (store, keys) = Embedded::open(folder).await.expect("a store");
        let now = SystemClock::default().now();
        let account = house::user(&store, "anna", now).await;
        let name = house::signed_in(&house::sessions(&store), &account, now).await;
        store.close().await;
        name.token(Purpose::SessionName, &keys)
    })
}

/// Pingora with nothing in it.
pub(crate) fn bare(upstream: SocketAddr, under: &[String]) -> Proxy {
    let free = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = free.local_addr().expect("an address");
    drop(free);
    let program = std::env::current_exe().expect("this program");
    let process = command(under, program)
        .args([BARE, &address.to_string(), &upstream.to_string()])
        .spawn()
        .expect("the bare proxy starts");
    let begun = Instant::now();
    while TcpStream::connect(address).is_err() {
        assert!(begun.elapsed() < PATIENCE, "the bare proxy does not listen");
        std::thread::sleep(Duration::from_millis(20));
    }
    Proxy { address, process }
}

struct Nothing {
    upstream: SocketAddr,
}

#[async_trait]
impl ProxyHttp for Nothing {
    type CTX = ();

    fn new_ctx(&self) {}

    async fn upstream_peer(&self, _: &mut Session, (): &mut ()) -> pingora::Result<Box<HttpPeer>> {
        Ok(Box::new(HttpPeer::new(self.upstream, false, String::new())))
    }
}

/// What the process of the bare proxy does; it has one worker thread, as Pingora has by itself.
pub(crate) fn serve_bare(listen: &str, upstream: &str) -> ! {
    // Pingora's client side asks for a provider even where nothing is encrypted.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let upstream = upstream.parse().expect("an address");
    let mut server = Server::new(None).expect("a server");
    server.bootstrap();
    let mut service = http_proxy_service(&server.configuration, Nothing { upstream });
    service.add_tcp(listen);
    server.add_service(service);
    server.run_forever()
}
