//! The servers of one upstream: whose turn it is, which are down, and how much each has to do. Not here:
//! where a server is (`upstreams`), or asking one how it is (`health`).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};

use pingora::protocols::tls::CaType;
use pingora::utils::tls::{CertKey, WrappedX509, parse_x509};
use tokio::time::Instant;

use crate::config::{Server, Upstream};

/// A server that is tried is a bit in a word.
pub(super) const MAX_SERVERS: usize = 64;

/// Why no server can take a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Nobody {
    /// Every one is down, or was tried.
    Up,
    /// Every one that is up has as many requests as it may have.
    Free,
}

/// One server and how it is.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) server: Server,
    /// What the health check says; nothing bad until it has.
    is_healthy: AtomicBool,
    /// Checks in a row that say otherwise.
    streak: AtomicU32,
    /// Milliseconds since the pool was made; a connection failed, and it is left alone until then.
    down_until: AtomicU64,
    /// Shared with the pools that this one takes the place of, whose requests go on.
    under_way: Arc<AtomicU32>,
}

/// The servers of one upstream.
#[derive(Debug)]
pub(super) struct Pool {
    pub(super) upstream: Arc<Upstream>,
    pub(super) members: Vec<Member>,
    /// Places of servers, each as often as its weight says, spread out.
    order: Vec<usize>,
    turn: AtomicUsize,
    made: Instant,
    pub(super) ca: Option<Arc<CaType>>,
    pub(super) client: Option<Arc<CertKey>>,
    /// Connections of pools that believe other authorities are never shared.
    pub(super) group: u64,
}

/// A request under way to a server; over when it is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    pool: Arc<Pool>,
    pub(super) place: usize,
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some(member) = self.pool.members.get(self.place) {
            member.under_way.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Seat {
    pub(super) fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    pub(super) fn member(&self) -> Option<&Member> {
        self.pool.members.get(self.place)
    }

    /// No connection could be made.
    pub(super) fn failed(&self) {
        let Some(member) = self.member() else { return };
        let until = self.pool.now().saturating_add(millis(self.pool.upstream.down_for));
        if member.down_until.swap(until, Ordering::Relaxed) == 0 {
            tracing::warn!(upstream = self.pool.upstream.name, server = %member.server, "a server is down");
        }
    }

    /// A connection was made.
    pub(super) fn connected(&self) {
        let Some(member) = self.member() else { return };
        if member.down_until.load(Ordering::Relaxed) != 0 {
            member.down_until.store(0, Ordering::Relaxed);
            tracing::info!(upstream = self.pool.upstream.name, server = %member.server, "a server is up again");
        }
    }
}

fn millis(span: std::time::Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

impl Pool {
    /// `group` tells this pool's connections from those of others.
    pub(super) fn new(upstream: Arc<Upstream>, group: u64) -> Self {
        let member = |server: &Server| Member {
            server: server.clone(),
            is_healthy: AtomicBool::new(true),
            streak: AtomicU32::new(0),
            down_until: AtomicU64::new(0),
            under_way: Arc::default(),
        };
        let members: Vec<Member> = upstream.servers.iter().take(MAX_SERVERS).map(member).collect();
        let ca = upstream.tls.ca.as_ref().map(|authorities| {
            let wrap = |der: &Vec<u8>| WrappedX509::new(der.clone(), parse_x509);
            Arc::from(authorities.iter().map(wrap).collect::<Vec<_>>())
        });
        let client = upstream.tls.client.as_ref().map(|client| {
            Arc::new(CertKey::new(client.chain.clone(), client.key.reveal().clone()))
        });
        let order = order(&upstream.weights, members.len());
        let (turn, made) = (AtomicUsize::new(0), Instant::now());
        Self { upstream, members, order, turn, made, ca, client, group }
    }

    fn now(&self) -> u64 {
        // 0 means "not down".
        millis(self.made.elapsed()).saturating_add(1)
    }

    /// A seat at the next server that is up, free and not among those `tried`, a bit each.
    ///
    /// Servers whose connections failed a moment ago come last and are not given up: where nobody
    /// asks them how they are, a request is the only way to find out.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn seat(self: &Arc<Self>, tried: u64) -> Result<Seat, Nobody> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let (now, mut why) = (self.now(), Nobody::Up);
        for with_failed in [false, true] {
            for step in 0..self.order.len() {
                let at = turn.wrapping_add(step) % self.order.len().max(1);
                let Some((place, member)) =
                    self.order.get(at).and_then(|place| Some((*place, self.members.get(*place)?)))
                else {
                    continue;
                };
                let is_tried = tried & (1 << place) != 0;
                let is_down = !member.is_healthy.load(Ordering::Relaxed)
                    || (!with_failed && member.down_until.load(Ordering::Relaxed) > now);
                if is_tried || is_down {
                    continue;
                }
                if member.take_seat(self.upstream.connections) {
                    return Ok(Seat { pool: Arc::clone(self), place });
                }
                why = Nobody::Free;
            }
        }
        Err(why)
    }

    /// What is known of servers that stay, after a reload.
    pub(super) fn take_over(&mut self, earlier: &Self) {
        let now = self.now();
        for member in &mut self.members {
            let same = earlier.members.iter().find(|known| known.server == member.server);
            let Some(known) = same else { continue };
            let is_healthy =
                known.is_healthy.load(Ordering::Relaxed) || self.upstream.health.is_none();
            member.is_healthy.store(is_healthy, Ordering::Relaxed);
            member.under_way = Arc::clone(&known.under_way);
            if known.down_until.load(Ordering::Relaxed) > earlier.now() {
                let until = now.saturating_add(millis(self.upstream.down_for));
                member.down_until.store(until, Ordering::Relaxed);
            }
        }
    }

    /// Takes in what a health check found; tells whether the server went up or down by it.
    pub(super) fn checked(&self, place: usize, is_well: bool) -> Option<bool> {
        let (member, health) = (self.members.get(place)?, self.upstream.health.as_ref()?);
        if member.is_healthy.load(Ordering::Relaxed) == is_well {
            member.streak.store(0, Ordering::Relaxed);
            return None;
        }
        let needed = if is_well { health.up_after } else { health.down_after };
        if member.streak.fetch_add(1, Ordering::Relaxed) + 1 < needed {
            return None;
        }
        member.streak.store(0, Ordering::Relaxed);
        member.is_healthy.store(is_well, Ordering::Relaxed);
        if is_well {
            member.down_until.store(0, Ordering::Relaxed);
        }
        Some(is_well)
    }
}

impl Member {
    fn take_seat(&self, most: Option<u32>) -> bool {
        let Some(most) = most else {
            self.under_way.fetch_add(1, Ordering::Relaxed);
            return true;
        };
        let more = |taken: u32| (taken < most).then_some(taken + 1);
        self.under_way.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }
}

/// Smooth weighted round robin, written out: of 2 and 1 it makes `0 1 0` and not `0 0 1`.
fn order(weights: &[u16], count: usize) -> Vec<usize> {
    let weight = |place: usize| i64::from(weights.get(place).copied().unwrap_or(1));
    let total: i64 = (0..count).map(weight).sum();
    let mut credit = vec![0; count];
    let mut order = Vec::new();
    for _ in 0..total {
        for (place, credit) in credit.iter_mut().enumerate() {
            *credit += weight(place);
        }
        // Of equals, the first.
        let next = credit.iter().enumerate().rev().max_by_key(|(_, credit)| **credit);
        let Some((next, _)) = next else { break };
        if let Some(credit) = credit.get_mut(next) {
            *credit -= total;
        }
        order.push(next);
    }
    order
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::Health;
    use crate::proxy::tests::upstream;

    fn pool(count: u16, change: impl FnOnce(&mut Upstream)) -> Arc<Pool> {
        let server = |port| Server { host: "127.0.0.1".to_owned(), port, tls: false };
        let mut upstream = upstream((1..=count).map(server).collect());
        change(&mut upstream);
        Arc::new(Pool::new(Arc::new(upstream), 0))
    }

    fn places(pool: &Arc<Pool>, count: usize) -> Vec<usize> {
        (0..count).map(|_| pool.seat(0).unwrap().place).collect()
    }

    #[test]
    fn weights_say_how_often_and_turns_are_spread_out() {
        let table: [(&[u16], usize, &[usize]); 5] = [
            (&[], 3, &[0, 1, 2]),
            (&[2, 1], 2, &[0, 1, 0]),
            (&[5, 1, 1], 3, &[0, 0, 1, 0, 2, 0, 0]),
            (&[1], 1, &[0]),
            (&[0, 1], 2, &[1]),
        ];
        for (weights, count, expected) in table {
            assert_eq!(order(weights, count), expected, "{weights:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_failed_is_left_alone_for_a_while_and_never_given_up() {
        let pool = pool(2, |upstream| upstream.down_for = Duration::from_secs(10));
        let first = pool.seat(0).unwrap();
        assert_eq!(first.place, 0);
        first.failed();
        assert_eq!(places(&pool, 3), [1, 1, 1]);
        assert_eq!(pool.seat(0b10).unwrap().place, 0, "the other was tried");
        tokio::time::advance(Duration::from_secs(11)).await;
        assert!(places(&pool, 2).contains(&0));
        pool.seat(0b01).unwrap().failed();
        first.failed();
        assert!(pool.seat(0).is_ok(), "all failed, so all are asked");
        first.connected();
        assert_eq!(places(&pool, 2), [0, 0]);
        assert_eq!(pool.seat(0b11).unwrap_err(), Nobody::Up);
    }

    #[test]
    fn a_server_has_no_more_requests_than_it_may_have() {
        let pool = pool(2, |upstream| upstream.connections = Some(1));
        let one = pool.seat(0).unwrap();
        let two = pool.seat(0).unwrap();
        assert_ne!(one.place, two.place);
        assert_eq!(pool.seat(0).unwrap_err(), Nobody::Free);
        drop(one);
        assert!(pool.seat(0).is_ok());
        drop(two);
    }

    #[test]
    fn health_changes_after_as_many_checks_as_are_asked_for() {
        let health = Health {
            path: "/".to_owned(),
            interval: Duration::from_secs(1),
            timeout: Duration::from_secs(1),
            up_after: 2,
            down_after: 3,
        };
        let pool = pool(1, |upstream| upstream.health = Some(health));
        let found = [false, false, true, false, false, false, false, true, false, true, true];
        let changes: Vec<_> = found.iter().map(|is_well| pool.checked(0, *is_well)).collect();
        let mut expected = [None; 11];
        (expected[5], expected[10]) = (Some(false), Some(true));
        assert_eq!(changes, expected);
        for _ in 0..3 {
            pool.checked(0, false);
        }
        assert_eq!(pool.seat(0).unwrap_err(), Nobody::Up);
    }
}
