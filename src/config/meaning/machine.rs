//! What only this machine can tell: a listener's address that another program has, and a portal that
//! can be reached around the gateway. Skipped where the machine is not to be looked at.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use super::super::checked::{Listen, Server, Upstream};
use super::super::diagnostic::Diagnostic;
use super::super::shape;
use super::super::sockets::{Holder, Listening, listening};
use super::super::texts::Target;
use super::Builder;

/// The name under which the kernel lists a gateway that runs: it holds its own addresses rightly.
const GATEWAY: &str = "scoregate";

impl Builder<'_> {
    pub(super) fn check_machine(
        &mut self,
        listen: &Listen,
        upstreams: &BTreeMap<String, Upstream>,
    ) {
        if !self.request.check_environment {
            return;
        }
        let sockets = listening();
        self.check_free(listen, &sockets);
        self.check_way_around(upstreams, &sockets);
    }

    fn check_free(&mut self, listen: &Listen, sockets: &[Listening]) {
        for (path, address) in self.addresses(listen) {
            let Some(holder) = foreign_holder(address, sockets) else { continue };
            let Holder { name, pid } = holder;
            let sentence = format!("{address} is in use by {name} (pid {pid})");
            let help = "stop that program, or choose another port";
            self.report(Diagnostic::error("E0703", sentence), path, "taken", help);
        }
    }

    /// Whoever connects to a portal without the gateway can say who they are.
    fn check_way_around(&mut self, upstreams: &BTreeMap<String, Upstream>, sockets: &[Listening]) {
        for (path, servers) in self.portals(upstreams) {
            let open = servers.iter().filter(|server| is_here(server)).find_map(|server| {
                let on_port = |socket: &&Listening| socket.address.port() == server.port;
                sockets.iter().filter(on_port).find(|socket| socket.is_open())
            });
            let Some(open) = open else { continue };
            let sentence = format!(
                "the portal listens on {}, so it can be reached around the gateway",
                open.address
            );
            let help = "let the portal listen on 127.0.0.1 only: anyone who reaches it can forge the fields that \
                        say who they are";
            self.report(Diagnostic::warning("W0704", sentence), &path, "not only here", help);
        }
    }

    /// Where servers are written, and which.
    fn portals(&self, upstreams: &BTreeMap<String, Upstream>) -> Vec<(String, Vec<Server>)> {
        let address = |route: &shape::Route| match route.upstream.as_ref().map(|target| &target.0) {
            Some(Target::Server(server)) => Some(vec![server.clone()]),
            Some(Target::Named(_)) | None => None,
        };
        let written =
            self.shape.route.iter().filter_map(|(name, route)| {
                Some((format!("route.{name}.upstream"), address(route)?))
            });
        let named = upstreams.values().map(|upstream| {
            (format!("upstream.{}.servers", upstream.name), upstream.servers.clone())
        });
        written.chain(named).collect()
    }
}

/// Another program that has the address. A gateway that runs is no other, and one that this user may
/// not see is not guessed at.
fn foreign_holder(address: SocketAddr, sockets: &[Listening]) -> Option<Holder> {
    let holder = sockets.iter().find(|socket| socket.takes(address))?.holder()?;
    (holder.name != GATEWAY).then_some(holder)
}

fn is_here(server: &Server) -> bool {
    server.host == "localhost" || server.host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
