//! `scoregate demo`.

use std::net::SocketAddr;

/// Shows everything in memory on this machine: a demo portal, four users, an inbox, the administrators' portal
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:\n  scoregate demo\n  scoregate demo --listen 127.0.0.1:0")]
pub struct DemoArgs {
    /// Where to listen; only loopback addresses are taken. Port 0: any free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080", value_parser = loopback)]
    pub listen: SocketAddr,
}

fn loopback(text: &str) -> Result<SocketAddr, String> {
    let text = text
        .strip_prefix("localhost")
        .map_or_else(|| text.to_owned(), |port| format!("127.0.0.1{port}"));
    let address: SocketAddr =
        text.parse().map_err(|_| "an address is written like 127.0.0.1:8080".to_owned())?;
    if address.ip().to_canonical().is_loopback() {
        Ok(address)
    } else {
        Err("the demo has known passwords, so it listens on loopback only".to_owned())
    }
}
