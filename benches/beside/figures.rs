//! From what was counted to what can be said: ratios of rounds, their median, and how sure it is.

use std::fmt;
use std::time::Duration;

/// What one round of one proxy came to.
#[derive(Clone, Copy)]
pub(crate) struct Figures {
    pub(crate) answered: u64,
    pub(crate) took: Duration,
    /// What the proxy's process used of the processors meanwhile.
    pub(crate) processor: Duration,
    /// How often its threads went to sleep.
    pub(crate) sleeps: u64,
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
impl Figures {
    fn per_second(&self) -> f64 {
        self.answered as f64 / self.took.as_secs_f64()
    }

    pub(crate) fn micros_each(&self) -> f64 {
        self.processor.as_secs_f64() * 1e6 / self.answered as f64
    }

    fn sleeps_each(&self) -> f64 {
        self.sleeps as f64 / self.answered as f64
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (micros, sleeps) = (self.micros_each(), self.sleeps_each());
        write!(f, "{micros:6.1}  {sleeps:6.2}  {:7.0}", self.per_second())
    }
}

/// Both proxies, one after the other.
#[derive(Clone, Copy)]
pub(crate) struct Round {
    pub(crate) bare: Figures,
    pub(crate) gate: Figures,
}

impl Round {
    /// Above 1: the gate is the faster.
    pub(crate) fn throughput_ratio(&self) -> f64 {
        self.gate.per_second() / self.bare.per_second()
    }

    /// Above 1: the gate uses less.
    pub(crate) fn processor_ratio(&self) -> f64 {
        self.bare.micros_each() / self.gate.micros_each()
    }

    pub(crate) fn added_micros(&self) -> f64 {
        self.gate.micros_each() - self.bare.micros_each()
    }
}

impl fmt::Display for Round {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}   {}   {:6.1}", self.bare, self.gate, self.added_micros())
    }
}

/// The median, and between which values the true one lies: two order statistics whose places follow
/// from the binomial distribution alone, so that nothing is supposed of how the rounds scatter.
pub(crate) fn median_with_interval(mut values: Vec<f64>) -> String {
    values.sort_by(f64::total_cmp);
    let count = values.len();
    let at = |place: usize| values.get(place).copied().unwrap_or(f64::NAN);
    let median = (at((count - 1) / 2) + at(count / 2)) / 2.0;
    let (place, coverage) = interval_place(count);
    format!(
        "{median:.3}  ({:.3} to {:.3}, {:.0} % sure)",
        at(place),
        at(count - 1 - place),
        coverage * 100.0
    )
}

/// The innermost place, counted from either end, whose interval covers the median 95 times in a
/// hundred; the outermost where none does.
fn interval_place(count: usize) -> (usize, f64) {
    let mut best = (0, coverage(count, 0));
    for place in 1..count.div_ceil(2) {
        let covers = coverage(count, place);
        if covers >= 0.95 {
            best = (place, covers);
        }
    }
    best
}

/// How likely the median lies between the values at `place` from either end.
#[expect(clippy::cast_precision_loss, reason = "a handful of rounds")]
fn coverage(count: usize, place: usize) -> f64 {
    let mut ways = 1.0;
    let mut outside = 0.0;
    for below in 0..=place {
        outside += ways;
        ways *= (count - below) as f64 / (below + 1) as f64;
    }
    1.0 - 2.0 * outside / (count as f64).exp2()
}
