//! The domain that passkeys of a directory are bound to (WebAuthn level 3, section 4, "RP ID"), and the
//! hosts of other domains on which they are to work as well. Not here: what a passkey is worth.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::super::checked::{Directory, PasskeyDomain};
use super::super::diagnostic::Diagnostic;
use super::Builder;
use crate::accounts::DirectoryName;
use crate::routes::RouteSpec;

impl Builder<'_> {
    /// Works out the domain of each directory from `rp_id`, or else from its hosts.
    pub(super) fn passkey_domains(
        &mut self,
        directories: &mut BTreeMap<DirectoryName, Directory>,
        routes: &[RouteSpec],
    ) {
        for (name, directory) in directories {
            let own = routes.iter().filter(|route| *route.directory == **name);
            let mut hosts: Vec<&str> =
                own.map(|route| route.host.as_str()).filter(|host| !is_address(host)).collect();
            hosts.sort_unstable();
            hosts.dedup();
            let shape = self.shape.directory.get(&**name);
            let written = shape.and_then(|shape| shape.rp_id.as_ref()).map(|host| host.0.clone());
            let id = match written {
                Some(id) => self.checked_domain(name, id, &hosts),
                None => usual_domain(directory.sign_in_host.as_deref(), &hosts),
            };
            directory.passkeys =
                id.map(|id| PasskeyDomain { related_hosts: related(&id, &hosts, routes), id });
        }
    }

    fn checked_domain(&mut self, name: &str, id: String, hosts: &[&str]) -> Option<String> {
        let is_parent = hosts.iter().any(|host| is_under(host, &id));
        if !is_address(&id) && (is_parent || hosts.is_empty()) {
            return Some(id);
        }
        let sentence = if is_address(&id) {
            format!("passkeys of directory `{name}` cannot be bound to the address {id}")
        } else {
            format!("no host of directory `{name}` is {id} or ends in .{id}")
        };
        let diagnostic = Diagnostic::error("E0215", sentence);
        let help = match hosts.first() {
            Some(host) => {
                format!("use a host of its routes, such as \"{host}\", or a parent of it")
            }
            None => "use the domain of its hosts".to_owned(),
        };
        let path = format!("directory.{name}.rp_id");
        self.report(diagnostic, &path, "browsers would refuse it on every page", &help);
        None
    }
}

/// The sign-in host or else a host, if all the hosts are under it. `None`: no host is above the
/// others, so the operator has to say.
fn usual_domain(sign_in_host: Option<&str>, hosts: &[&str]) -> Option<String> {
    let candidates = sign_in_host
        .into_iter()
        .filter(|host| !is_address(host))
        .chain(hosts.iter().map(|host| host.strip_prefix("*.").unwrap_or(host)));
    let is_above_all = |id: &&str| !hosts.is_empty() && hosts.iter().all(|host| is_under(host, id));
    candidates.into_iter().find(is_above_all).map(str::to_owned)
}

/// Hosts of other domains, where the domain itself is a host of this gateway: it answers browsers that
/// ask which origins are related (WebAuthn level 3, section 5.11).
fn related(id: &str, hosts: &[&str], routes: &[RouteSpec]) -> Vec<String> {
    if !routes.iter().any(|route| route.host == id) {
        return Vec::new();
    }
    let others = hosts.iter().filter(|host| !is_under(host, id) && !host.starts_with("*."));
    others.map(|host| (*host).to_owned()).collect()
}

fn is_under(host: &str, id: &str) -> bool {
    PasskeyDomain::covers(id, host)
}

fn is_address(host: &str) -> bool {
    host.starts_with('[') || host.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_domain_is_the_host_that_all_others_are_under() {
        type Row = (Option<&'static str>, &'static [&'static str], Option<&'static str>);
        let table: [Row; 9] = [
            (None, &["portal.example.org"], Some("portal.example.org")),
            (None, &["a.example.org", "example.org"], Some("example.org")),
            (None, &["*.example.org"], Some("example.org")),
            (None, &["a.example.org", "b.example.org"], None),
            (Some("example.org"), &["a.example.org", "b.example.org"], Some("example.org")),
            (Some("login.example.org"), &["a.example.org"], Some("a.example.org")),
            (None, &["example.org", "badexample.org"], None),
            (Some("127.0.0.1"), &["localhost"], Some("localhost")),
            (None, &[], None),
        ];
        for (sign_in_host, hosts, id) in table {
            assert_eq!(usual_domain(sign_in_host, hosts).as_deref(), id, "{hosts:?}");
        }
    }

    #[test]
    fn hosts_of_other_domains_are_related_only_where_this_gateway_answers_for_the_domain() {
        let route = |host: &str| RouteSpec { host: host.to_owned(), ..RouteSpec::default() };
        let routes = [route("example.org"), route("example.net"), route("*.example.com")];
        let hosts = ["a.example.org", "example.net", "*.example.com"];
        assert_eq!(related("example.org", &hosts, &routes), ["example.net"]);
        assert!(related("example.org", &hosts, &routes[1..]).is_empty());
    }
}
