//! The whole gate beside a bare Pingora proxy, in one run: two processes with one worker thread each,
//! the same upstream, the same requests, round about. Every answer is checked; a wrong one voids the run.
//!
//! `cargo bench --bench beside` takes about half a minute; `cargo bench --bench beside -- --full` is
//! for figures that are told to others; `-- --count` counts instructions under valgrind instead. Not here: open load, and other proxies.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

mod count;
mod figures;
#[path = "../house/mod.rs"]
mod house;
mod load;
mod proxies;
mod upstream;

use std::time::Duration;

use figures::{Round, median_with_interval};
use load::Load;
use proxies::Proxy;

/// One run.
struct Plan {
    rounds: usize,
    warm_up: Duration,
    measured: Duration,
    connections: usize,
}

impl Plan {
    /// `cargo bench` says `--bench`; without it this is a test run, which only shows that it works.
    fn of(arguments: &[String]) -> Self {
        let has = |wanted: &str| arguments.iter().any(|argument| argument == wanted);
        let rounds = match (has("--full"), has("--bench")) {
            (true, _) => 31,
            (false, true) => 9,
            (false, false) => 1,
        };
        let measured = if has("--bench") { 1000 } else { 200 };
        Self {
            rounds,
            warm_up: Duration::from_millis(measured / 5),
            measured: Duration::from_millis(measured),
            connections: 32,
        }
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [word, listen, upstream] = arguments.as_slice()
        && word == proxies::BARE
    {
        proxies::serve_bare(listen, upstream);
    }
    if arguments.iter().any(|argument| argument == "--list") {
        return;
    }
    let plan = Plan::of(&arguments);
    let counts = arguments.iter().any(|argument| argument == "--count");
    let under = |name| if counts { count::under(name) } else { Vec::new() };
    let upstream = upstream::start();
    let folder = tempfile::tempdir().expect("a folder");
    let (gate, token) = proxies::gate(folder.path(), upstream, &under("gate"));
    let bare = proxies::bare(upstream, &under("bare"));
    let load = |proxy: &Proxy, named| Load {
        address: proxy.address,
        request: request(&token),
        answers_are_named: named,
        connections: plan.connections,
    };
    let (to_gate, to_bare) = (load(&gate, true), load(&bare, false));
    if counts {
        let of_bare = count::instructions(&bare, &to_bare, "bare");
        let of_gate = count::instructions(&gate, &to_gate, "gate");
        println!("instructions of a request, bare {of_bare}, gate {of_gate}");
        println!("the gate adds {}", of_gate.saturating_sub(of_bare));
        return;
    }
    println!(
        "{} rounds of {:?}, {} connections, HTTP/1.1 keep-alive, {} bytes an answer",
        plan.rounds,
        plan.measured,
        plan.connections,
        upstream::BODY
    );
    println!("                     bare                       gate");
    println!("round   CPU us  sleeps    req/s   CPU us  sleeps    req/s    added");
    let mut rounds = Vec::new();
    for at in 0..plan.rounds {
        // Who goes first changes, so that a slope in what else the machine does favours neither.
        let round = if at % 2 == 0 {
            let bare = to_bare.run(&bare, &plan);
            Round { bare, gate: to_gate.run(&gate, &plan) }
        } else {
            let gate = to_gate.run(&gate, &plan);
            Round { gate, bare: to_bare.run(&bare, &plan) }
        };
        println!("{:5}   {round}", at + 1);
        rounds.push(round);
    }
    let over =
        |figure: fn(&Round) -> f64| median_with_interval(rounds.iter().map(figure).collect());
    println!("CPU that the gate adds to a request, us:  {}", over(Round::added_micros));
    println!("CPU of a request, bare / gate:            {}", over(Round::processor_ratio));
    println!("CPU of a request, bare, us:               {}", over(|one| one.bare.micros_each()));
    println!("CPU of a request, gate, us:               {}", over(|one| one.gate.micros_each()));
    println!("requests per second, gate / bare:         {}", over(Round::throughput_ratio));
    // cargo adds `--bench` by itself.
    let own: Vec<String> = arguments.into_iter().filter(|argument| argument != "--bench").collect();
    println!("command: cargo bench --bench beside -- {}", own.join(" "));
}

/// What a browser might send, short; the same for both.
fn request(token: &str) -> Vec<u8> {
    format!(
        "GET /reports/2026?page=2 HTTP/1.1\r\nHost: {}\r\nUser-Agent: bench\r\nAccept: */*\r\n\
         Cookie: theme=dark; {}={token}\r\n\r\n",
        house::HOST,
        scoregate::sessions::cookies::SESSION,
    )
    .into_bytes()
}
