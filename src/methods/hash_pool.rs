//! The threads that compute password hashes, and the bounded queue before them. Not here: what is
//! hashed.
//!
//! A hash costs tens of milliseconds of one core, on purpose. It is therefore never computed where
//! requests are served, and never by more threads than the operator allows. The queue is fair, so
//! that whoever floods it waits behind themselves: browsers that a user knows go first, and within
//! each class every address has its turn.

use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;

/// Whose work it is.
#[derive(Clone, Copy, Debug)]
pub struct Lane<'a> {
    /// The client's address, IPv6 cut to its /64. Works of one address wait for each other.
    pub address: &'a str,
    pub from_known_browser: bool,
}

/// As much work waits as may. Answer 503 with this Retry-After.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("too many passwords are waiting to be checked")]
pub struct PoolFull {
    pub retry_after: Duration,
}

impl PoolFull {
    /// A full queue of a hundred empties within a few seconds on one core.
    const ANSWER: Self = Self { retry_after: Duration::from_secs(5) };
}

type Work = Box<dyn FnOnce() + Send>;

/// Threads and their queue. Dropping it ends the threads after what they are computing.
#[derive(Debug)]
pub struct HashPool {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    queue: Mutex<Queue>,
    wake: Condvar,
    started: AtomicU64,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl HashPool {
    /// `workers` threads, at least one; `queue` works may wait, at least one.
    ///
    /// # Errors
    /// The operating system gives no thread.
    pub fn new(workers: u32, queue: u32) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            queue: Mutex::new(Queue::new(queue)),
            wake: Condvar::new(),
            started: AtomicU64::new(0),
        });
        let mut pool = Self { shared, threads: Vec::new() };
        for number in 0..workers.max(1) {
            let shared = pool.shared.clone();
            let thread = std::thread::Builder::new()
                .name(format!("hash-{number}"))
                .spawn(move || shared.work())?;
            pool.threads.push(thread);
        }
        Ok(pool)
    }

    /// Has `work` done by one of the threads. Work whose asker has gone away is left out.
    ///
    /// # Errors
    /// [`PoolFull`], at once and without any work done.
    pub async fn run<T, F>(&self, lane: Lane<'_>, work: F) -> Result<T, PoolFull>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let (done, result) = oneshot::channel();
        let work = move || {
            if !done.is_closed() {
                let _ = done.send(work());
            }
        };
        if !self.shared.locked().push(lane, Box::new(work)) {
            return Err(PoolFull::ANSWER);
        }
        self.shared.wake.notify_one();
        // No result where the work panicked or the pool ends: nothing was proven.
        result.await.map_err(|_| PoolFull::ANSWER)
    }

    /// Works that a thread has begun since the start.
    #[must_use]
    pub fn started(&self) -> u64 {
        self.shared.started.load(Ordering::Relaxed)
    }

    /// Works that wait for a thread.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.shared.locked().len
    }
}

impl Drop for HashPool {
    fn drop(&mut self) {
        self.shared.locked().close();
        self.shared.wake.notify_all();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn locked(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        while let Some(work) = self.next() {
            self.started.fetch_add(1, Ordering::Relaxed);
            // A panic costs its own asker the answer, and nobody a thread.
            let _ = catch_unwind(AssertUnwindSafe(work));
        }
    }

    /// Waits for work; `None` at the end.
    fn next(&self) -> Option<Work> {
        let mut queue = self.locked();
        loop {
            if !queue.is_open {
                return None;
            }
            if let Some(work) = queue.pop() {
                return Some(work);
            }
            queue = self.wake.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Works of known browsers before those of strangers; within each, one address after the other.
struct Queue {
    known: Turns,
    strangers: Turns,
    len: usize,
    capacity: usize,
    is_open: bool,
}

impl Queue {
    fn new(capacity: u32) -> Self {
        let capacity = usize::try_from(capacity).unwrap_or(usize::MAX).max(1);
        let (known, strangers) = (Turns::default(), Turns::default());
        Self { known, strangers, len: 0, capacity, is_open: true }
    }

    /// No address takes more than a quarter of the room, and strangers together no more than three
    /// quarters: a flood leaves room for others, and always for known browsers.
    fn push(&mut self, lane: Lane<'_>, work: Work) -> bool {
        let quarter = self.capacity / 4;
        let per_address = quarter.max(1);
        let for_class = if lane.from_known_browser {
            self.capacity
        } else {
            self.capacity.saturating_sub(quarter)
        };
        let has_room = self.is_open && self.len < self.capacity;
        let class = if lane.from_known_browser { &mut self.known } else { &mut self.strangers };
        if !has_room || class.len >= for_class || class.waiting_of(lane.address) >= per_address {
            return false;
        }
        class.push(lane.address, work);
        self.len += 1;
        true
    }

    fn pop(&mut self) -> Option<Work> {
        let work = self.known.pop().or_else(|| self.strangers.pop())?;
        self.len -= 1;
        Some(work)
    }

    /// What waits is dropped, and its askers are told.
    fn close(&mut self) {
        self.is_open = false;
        while self.pop().is_some() {}
    }
}

/// Works by address, one of each in turn.
#[derive(Default)]
struct Turns {
    by_address: HashMap<Arc<str>, VecDeque<Work>>,
    /// Every address that has work, the next one first.
    order: VecDeque<Arc<str>>,
    len: usize,
}

impl Turns {
    fn waiting_of(&self, address: &str) -> usize {
        self.by_address.get(address).map_or(0, VecDeque::len)
    }

    fn push(&mut self, address: &str, work: Work) {
        self.len += 1;
        if let Some(works) = self.by_address.get_mut(address) {
            works.push_back(work);
        } else {
            let address: Arc<str> = address.into();
            self.order.push_back(address.clone());
            self.by_address.insert(address, VecDeque::from([work]));
        }
    }

    fn pop(&mut self) -> Option<Work> {
        let address = self.order.pop_front()?;
        let works = self.by_address.get_mut(&address)?;
        let work = works.pop_front();
        if works.is_empty() {
            self.by_address.remove(&address);
        } else {
            self.order.push_back(address);
        }
        self.len -= usize::from(work.is_some());
        work
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn lane(address: &str, from_known_browser: bool) -> Lane<'_> {
        Lane { address, from_known_browser }
    }

    /// Pushes marks in the given order and says in which order they come out.
    fn served(capacity: u32, asked: &[(&str, bool, u32)]) -> Vec<u32> {
        let (sender, receiver) = mpsc::channel();
        let mut queue = Queue::new(capacity);
        for &(address, is_known, mark) in asked {
            let sender = sender.clone();
            queue.push(lane(address, is_known), Box::new(move || sender.send(mark).unwrap()));
        }
        while let Some(work) = queue.pop() {
            work();
        }
        assert_eq!(queue.len, 0);
        receiver.try_iter().collect()
    }

    #[test]
    fn every_address_has_its_turn_and_known_browsers_go_first() {
        let asked = [
            ("a", false, 1),
            ("a", false, 2),
            ("a", false, 3),
            ("b", false, 4),
            ("c", true, 5),
            ("b", false, 6),
            ("a", true, 7),
            ("c", true, 8),
        ];
        assert_eq!(served(100, &asked), [5, 7, 8, 1, 4, 2, 6, 3]);
    }

    #[test]
    fn one_address_takes_a_quarter_and_strangers_three_quarters_of_the_room() {
        let flood: Vec<_> = (0..100).map(|n| ("evil", false, n)).collect();
        assert_eq!(served(40, &flood).len(), 10);

        let addresses: Vec<String> = (0..100).map(|n| n.to_string()).collect();
        let strangers: Vec<_> = addresses.iter().map(|a| (a.as_str(), false, 0)).collect();
        assert_eq!(served(40, &strangers).len(), 30);

        let mut with_known = strangers;
        with_known.extend(addresses.iter().map(|a| (a.as_str(), true, 1)));
        assert_eq!(served(40, &with_known).iter().filter(|mark| **mark == 1).count(), 10);
        assert_eq!(served(1, &flood).len(), 1);
    }

    #[tokio::test]
    async fn a_full_pool_says_so_at_once_and_serves_again_when_it_has_room() {
        let pool = Arc::new(HashPool::new(1, 1).unwrap());
        let (started, has_started) = oneshot::channel();
        let (release, released) = mpsc::channel::<()>();
        let busy = {
            let pool = pool.clone();
            tokio::spawn(async move {
                pool.run(lane("a", false), move || {
                    started.send(()).unwrap();
                    released.recv().unwrap();
                    1
                })
                .await
            })
        };
        has_started.await.unwrap();
        let waiting = {
            let pool = pool.clone();
            tokio::spawn(async move { pool.run(lane("b", false), || 2).await })
        };
        while pool.waiting() == 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(pool.run(lane("c", true), || 3).await, Err(PoolFull::ANSWER));
        release.send(()).unwrap();
        assert_eq!((busy.await.unwrap(), waiting.await.unwrap()), (Ok(1), Ok(2)));
        assert_eq!(pool.run(lane("c", true), || 3).await, Ok(3));
    }

    #[tokio::test]
    async fn work_that_panics_costs_its_asker_alone() {
        let pool = HashPool::new(1, 4).unwrap();
        let panicked = pool.run(lane("a", false), || -> u32 { panic!("on purpose") }).await;
        assert_eq!(panicked, Err(PoolFull::ANSWER));
        assert_eq!(pool.run(lane("a", false), || 1).await, Ok(1));
    }

    #[tokio::test]
    async fn work_runs_on_threads_of_the_pool_alone() {
        let pool = HashPool::new(2, 4).unwrap();
        let name = pool
            .run(lane("a", false), || std::thread::current().name().unwrap().to_owned())
            .await
            .unwrap();
        assert!(name.starts_with("hash-"), "{name}");
    }
}
