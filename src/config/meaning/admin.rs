//! The administrators' portal: its door, and the floors of what can be changed there.

use std::collections::BTreeMap;

use super::super::checked::{Admin, AdminDoor, Directory, Guard, Listen};
use super::super::diagnostic::Diagnostic;
use super::Builder;
use super::behind::networks;
use super::people::first_method;
use crate::accounts::DirectoryName;
use crate::points::Level;
use crate::routes::RouteSpec;

impl Builder<'_> {
    pub(super) fn guard(&self) -> Guard {
        let guard = &self.shape.guard;
        Guard {
            min_required_level: Level::new(guard.min_required_level).unwrap_or(Level::MAX),
            never_alone: guard.never_alone.iter().map(first_method).collect(),
        }
    }

    pub(super) fn admin(
        &mut self,
        directories: &BTreeMap<DirectoryName, Directory>,
        routes: &[RouteSpec],
        listen: Option<&Listen>,
    ) -> Admin {
        let admin = &self.shape.admin;
        let door = match &admin.host {
            Some(host) => AdminDoor::Host(host.0.clone()),
            None => AdminDoor::Address {
                address: admin.address.0,
                is_written: self.provenance.written("admin.address").is_some(),
            },
        };
        match &door {
            AdminDoor::Host(host) => self.check_admin_host(host, routes, listen),
            AdminDoor::Address { address, .. } if !address.ip().to_canonical().is_loopback() => {
                let sentence =
                    format!("the administrators' portal would be in clear text on {address}");
                let help = "use a loopback address such as \"127.0.0.1:9902\", or `host`";
                let diagnostic = Diagnostic::error("E0208", sentence);
                self.report(diagnostic, "admin.address", "not a loopback address", help);
            }
            AdminDoor::Address { .. } => {}
        }
        let named = admin.directory.as_deref();
        if let Some(name) = named.filter(|name| !directories.contains_key(*name)) {
            let sentence = format!("`admin` uses directory `{name}`, which does not exist");
            let help = format!("add [directory.{name}], or name one that is there");
            let diagnostic = Diagnostic::error("E0201", sentence);
            let label = "no [directory.…] with this name";
            self.report(diagnostic, "admin.directory", label, &help);
        }
        if named.is_none() {
            self.check_who_administers(directories);
        }
        Admin {
            door,
            directory: named
                .and_then(|name| directories.get_key_value(name))
                .map(|(name, _)| name.clone()),
            level: admin.level.and_then(Level::new),
            allow_from: networks(admin.allow_from.as_deref()),
            idle_timeout: admin.idle_timeout.0,
            read_only: admin.read_only,
            require_reason: admin.require_reason,
        }
    }

    /// With several directories somebody has to say it: if it were the first by name, a directory that is added
    /// would move the portal to other people.
    fn check_who_administers(&mut self, directories: &BTreeMap<DirectoryName, Directory>) {
        let names: Vec<&DirectoryName> = directories.keys().collect();
        let [first, _, ..] = *names else { return };
        if self.is_wrong("admin.directory") {
            return;
        }
        let listed = names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let sentence = format!("nothing says whose users administer: there are {listed}");
        let help = format!(
            "write directory = \"{first}\" under [admin], which it was while nothing said so, or another"
        );
        let diagnostic = Diagnostic::error("E0216", sentence);
        let path = format!("directory.{first}");
        self.report(diagnostic, &path, "with several directories one is named", &help);
    }

    fn check_admin_host(&mut self, host: &str, routes: &[RouteSpec], listen: Option<&Listen>) {
        if let Some(route) = routes.iter().find(|route| route.host == host) {
            let sentence = format!("the administrators' portal cannot share `{host}` with a route");
            let label = format!("route `{}` has it", route.name);
            let help = "a portal's pages could act for the administrator: choose a host of its own";
            self.report(Diagnostic::error("E0203", sentence), "admin.host", &label, help);
        }
        if listen.is_some_and(|listen| listen.https.is_none()) {
            let sentence = "`admin.host` needs an https listener";
            let help = "add [listen.https], or remove `host` to use `admin.address`";
            let diagnostic = Diagnostic::error("E0207", sentence);
            self.report(diagnostic, "admin.host", "there is none", help);
        }
    }
}
