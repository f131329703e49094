//! What is asked, as values: a directory's settings and a route's requirement. Reading them from
//! files is `config`'s work; joining the requirements of several readings is in `Requirement::join`.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::method::{Method, MethodSet};
use super::scale::{Level, Points};

/// A role of a user: a plain name, compared exactly.
pub type Role = Arc<str>;

/// How long a proof of a method lives.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Lifetime {
    /// As long as its session.
    Session,
    For(Duration),
}

/// What a directory says of one method.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct MethodPolicy {
    /// 0 switches the method off.
    pub points: Points,
    pub lifetime: Lifetime,
}

/// A directory's authentication settings: everything about points that an administrator decides.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Settings {
    /// The directory's own level; routes that do not say otherwise ask this.
    pub required_level: Level,
    /// A sign-in starts with one of these.
    pub first: MethodSet,
    /// A method enrolled less than this ago is worth nothing above the directory's own level.
    pub probation: Duration,
    /// How long a password that was set with a link lives in the mailbox that the link went to. `None`: until
    /// it is changed, or an administrator says otherwise.
    pub recovery_taint: Option<Duration>,
    methods: [MethodPolicy; Method::ALL.len()],
}

impl Settings {
    const HALF_DAY: Lifetime = Lifetime::For(Duration::from_secs(12 * 3600));
    const MONTH: Lifetime = Lifetime::For(Duration::from_secs(30 * 86_400));

    /// The standard setting: level 30; password 20; text message, e-mail, app, security key and
    /// recovery code 10; passkey 30; a token up to 1000, which its own cap lowers.
    #[must_use]
    pub fn standard() -> Self {
        let mut settings = Self {
            required_level: Level::new(30).unwrap_or(Level::MAX),
            first: MethodSet::EMPTY.with(Method::Password).with(Method::Passkey),
            probation: Duration::from_secs(86_400),
            recovery_taint: Some(Duration::from_secs(86_400)),
            methods: [MethodPolicy { points: Points::ZERO, lifetime: Lifetime::Session };
                Method::ALL.len()],
        };
        for method in Method::ALL {
            settings.set(method, Self::standard_policy(method));
        }
        settings
    }

    fn standard_policy(method: Method) -> MethodPolicy {
        let (points, lifetime) = match method {
            Method::Password => (20, Lifetime::Session),
            Method::Passkey => (30, Lifetime::Session),
            Method::Totp | Method::SecurityKey | Method::Sms | Method::Email => {
                (10, Self::HALF_DAY)
            }
            Method::RecoveryCode => (10, Lifetime::Session),
            Method::RememberedDevice => (10, Self::MONTH),
            Method::Token => (Points::MAX.value(), Lifetime::Session),
        };
        MethodPolicy { points: Points::new(points).unwrap_or(Points::ZERO), lifetime }
    }

    #[must_use]
    pub fn policy(&self, method: Method) -> MethodPolicy {
        self.methods
            .get(method as usize)
            .copied()
            .unwrap_or(MethodPolicy { points: Points::ZERO, lifetime: Lifetime::Session })
    }

    pub fn set(&mut self, method: Method, policy: MethodPolicy) {
        if let Some(slot) = self.methods.get_mut(method as usize) {
            *slot = policy;
        }
    }
}

/// A block of addresses, for rules that ask where a request comes from. IPv4-mapped IPv6 addresses
/// count as the IPv4 address they hold.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Network {
    address: IpAddr,
    prefix_bits: u8,
}

impl Network {
    /// `None` where the prefix is longer than the address. A block of IPv4-mapped addresses becomes
    /// the IPv4 block that it means.
    #[must_use]
    pub fn new(address: IpAddr, prefix_bits: u8) -> Option<Self> {
        let (address, prefix_bits) = match (address, address.to_canonical()) {
            (IpAddr::V6(_), IpAddr::V4(mapped)) => (mapped.into(), prefix_bits.checked_sub(96)?),
            _ => (address, prefix_bits),
        };
        let longest = if address.is_ipv4() { 32 } else { 128 };
        (prefix_bits <= longest).then_some(Self { address, prefix_bits })
    }

    /// Whether it is all of IPv4 or all of IPv6.
    #[must_use]
    pub const fn is_everything(&self) -> bool {
        self.prefix_bits == 0
    }

    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address.to_canonical(), address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let shift = 32_u32.saturating_sub(u32::from(self.prefix_bits));
                own.to_bits().checked_shr(shift) == other.to_bits().checked_shr(shift)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let shift = 128_u32.saturating_sub(u32::from(self.prefix_bits));
                own.to_bits().checked_shr(shift) == other.to_bits().checked_shr(shift)
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

/// What a route asks of a request.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Requirement {
    pub level: Level,
    /// No counted proof is older than this.
    pub max_age: Option<Duration>,
    /// At least one counted proof is younger than this: "confirm it is you".
    pub fresh_within: Option<Duration>,
    /// How many distinct kinds the counted proofs show, 0 to 3.
    pub kinds: u8,
    /// At least one counted proof is phishing-resistant.
    pub phishing_resistant: bool,
    /// The user has one of these; `None`: any user. An empty set lets nobody in.
    pub roles: Option<BTreeSet<Role>>,
    /// The request comes from one network of *every* group. No group: from anywhere.
    pub networks: Vec<Vec<Network>>,
    /// A token may count here.
    pub tokens: bool,
}

impl Requirement {
    /// Nothing is asked, so no session is looked up.
    #[must_use]
    pub fn is_public(&self) -> bool {
        self.level == Level::ZERO
            && self.max_age.is_none()
            && self.fresh_within.is_none()
            && self.kinds == 0
            && !self.phishing_resistant
            && self.roles.is_none()
            && self.networks.is_empty()
    }

    /// What asks for both: the strictest of every part. The order does not matter.
    #[must_use]
    pub fn join(&self, other: &Self) -> Self {
        let mut networks = self.networks.clone();
        networks
            .extend(other.networks.iter().filter(|group| !self.networks.contains(group)).cloned());
        networks.sort();
        Self {
            level: self.level.max(other.level),
            max_age: shorter(self.max_age, other.max_age),
            fresh_within: shorter(self.fresh_within, other.fresh_within),
            kinds: self.kinds.max(other.kinds),
            phishing_resistant: self.phishing_resistant || other.phishing_resistant,
            roles: match (&self.roles, &other.roles) {
                (Some(own), Some(others)) => Some(own.intersection(others).cloned().collect()),
                (roles, None) | (None, roles) => roles.clone(),
            },
            networks,
            tokens: self.tokens && other.tokens,
        }
    }
}

fn shorter(a: Option<Duration>, b: Option<Duration>) -> Option<Duration> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (age, None) | (None, age) => age,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str, prefix_bits: u8) -> Network {
        Network::new(text.parse().unwrap(), prefix_bits).unwrap()
    }

    #[test]
    fn a_network_holds_its_own_addresses_and_no_others() {
        let table = [
            ("10.0.0.0", 8, "10.255.0.1", true),
            ("10.0.0.0", 8, "11.0.0.0", false),
            ("10.0.0.0", 8, "::ffff:10.1.2.3", true),
            ("0.0.0.0", 0, "203.0.113.9", true),
            ("0.0.0.0", 0, "2001:db8::1", false),
            ("192.0.2.7", 32, "192.0.2.7", true),
            ("192.0.2.7", 32, "192.0.2.8", false),
            ("2001:db8::", 32, "2001:db8:ffff::1", true),
            ("2001:db8::", 32, "2001:db9::1", false),
            ("::", 0, "2001:db8::1", true),
        ];
        for (net, bits, address, inside) in table {
            assert_eq!(
                network(net, bits).contains(address.parse().unwrap()),
                inside,
                "{net}/{bits} and {address}"
            );
        }
        assert_eq!(Network::new("10.0.0.0".parse().unwrap(), 33), None);
        assert_eq!(network("::ffff:10.0.0.0", 104), network("10.0.0.0", 8));
        assert_eq!(Network::new("::ffff:10.0.0.0".parse().unwrap(), 8), None);
    }

    #[test]
    fn joining_takes_the_intersection_of_roles_even_if_nobody_is_left() {
        let one = Requirement { roles: Some(["a".into()].into()), ..Requirement::default() };
        let two = Requirement { roles: Some(["b".into()].into()), ..Requirement::default() };
        assert_eq!(one.join(&two).roles, Some(BTreeSet::new()));
        assert_eq!(one.join(&Requirement::default()).roles, one.roles);
    }
}
