//! What this machine listens on already, as Linux tells it: whether a listener's address is taken, and
//! whether a portal on this machine can be reached around the gateway. What cannot be found out is
//! not reported: nothing here is needed to start. Not here: binding (`proxy`).

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

/// A socket that accepts connections.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Listening {
    pub(super) address: SocketAddr,
    inode: u64,
}

/// Who holds a socket.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Holder {
    /// As the kernel keeps it: at most 15 bytes.
    pub(super) name: String,
    pub(super) pid: u32,
}

impl Listening {
    /// Whether a listener on `address` could not be bound beside this one.
    pub(super) fn takes(&self, address: SocketAddr) -> bool {
        let (own, other) = (self.address.ip(), address.ip());
        let is_covered = own == other
            || (own.is_unspecified() && (own.is_ipv6() || other.is_ipv4()))
            || (other.is_unspecified() && (other.is_ipv6() || own.is_ipv4()));
        self.address.port() == address.port() && is_covered
    }

    /// Whether other machines can connect to it.
    pub(super) const fn is_open(&self) -> bool {
        !self.address.ip().is_loopback()
    }

    /// The process that holds it; `None` where this user may not see it.
    pub(super) fn holder(&self) -> Option<Holder> {
        let link = format!("socket:[{}]", self.inode);
        let processes = fs::read_dir("/proc").ok()?.flatten();
        processes
            .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path())))
            .find(|(_, process): &(u32, _)| holds(process, &link))
            .map(|(pid, process)| {
                let name = fs::read_to_string(process.join("comm")).unwrap_or_default();
                Holder { name: name.trim().to_owned(), pid }
            })
    }
}

fn holds(process: &Path, link: &str) -> bool {
    let Ok(files) = fs::read_dir(process.join("fd")) else { return false };
    files.flatten().any(|file| fs::read_link(file.path()).is_ok_and(|to| to.as_os_str() == link))
}

/// All listening TCP sockets; empty where the kernel does not tell.
pub(super) fn listening() -> Vec<Listening> {
    ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|table| fs::read_to_string(table).ok())
        .flat_map(|table| table.lines().filter_map(row).collect::<Vec<_>>())
        .collect()
}

/// A row of the kernel's table (proc(5)), if it is of a listening socket.
fn row(line: &str) -> Option<Listening> {
    const LISTEN: &str = "0A";
    let fields: Vec<&str> = line.split_whitespace().collect();
    if *fields.get(3)? != LISTEN {
        return None;
    }
    let (ip, port) = fields.get(1)?.split_once(':')?;
    let ip = match ip.len() {
        8 => IpAddr::V4(Ipv4Addr::from(word(ip)?)),
        32 => {
            let mut bytes = Vec::with_capacity(16);
            for at in [0, 8, 16, 24] {
                bytes.extend(word(ip.get(at..at + 8)?)?);
            }
            IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?)).to_canonical()
        }
        _ => return None,
    };
    let port = u16::from_str_radix(port, 16).ok()?;
    Some(Listening { address: SocketAddr::new(ip, port), inode: fields.get(9)?.parse().ok()? })
}

/// Four bytes of an address, which the kernel prints as a number of this machine's byte order.
fn word(hex: &str) -> Option<[u8; 4]> {
    u32::from_str_radix(hex, 16).ok().map(u32::to_ne_bytes)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_socket_of_this_process_is_found_with_its_holder() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(bound) = TcpListener::bind(address) else { continue };
            let address = bound.local_addr().unwrap();
            let found = listening().into_iter().find(|socket| socket.address == address);
            let holder = found.expect("listed").holder().expect("our own process");
            assert_eq!(holder.pid, std::process::id());
        }
    }

    #[test]
    fn a_closed_socket_is_not_listed() {
        let bound = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = bound.local_addr().unwrap();
        drop(bound);
        assert!(listening().iter().all(|socket| socket.address != address));
    }

    #[test]
    fn an_address_is_taken_by_itself_and_by_one_that_covers_it() {
        for (own, other, is_taken) in [
            ("127.0.0.1:80", "127.0.0.1:80", true),
            ("127.0.0.1:80", "127.0.0.1:81", false),
            ("127.0.0.1:80", "127.0.0.2:80", false),
            ("0.0.0.0:80", "127.0.0.1:80", true),
            ("127.0.0.1:80", "0.0.0.0:80", true),
            ("[::]:80", "127.0.0.1:80", true),
            ("127.0.0.1:80", "[::]:80", true),
            ("0.0.0.0:80", "[::1]:80", false),
        ] {
            let socket = Listening { address: own.parse().unwrap(), inode: 1 };
            assert_eq!(socket.takes(other.parse().unwrap()), is_taken, "{own} and {other}");
        }
    }

    #[test]
    fn a_row_that_is_not_understood_is_left_out() {
        for line in
            ["", "sl local rem st", "0: 0100007F 00000000:0000 0A", "0: Z:1 0:0 0A 0 0 0 0 0 5"]
        {
            assert_eq!(row(line), None, "{line}");
        }
    }
}
