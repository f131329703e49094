//! The three numbers of the scale, kept apart by type: what a proof is worth, what a session has,
//! what a route asks. Not here: how they are added up (`weigh`) or compared (`decide`).

use std::fmt;

macro_rules! scale {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $name(u16);

        impl $name {
            pub const ZERO: Self = Self(0);
            /// The top of the scale; sums saturate here.
            pub const MAX: Self = Self(1000);

            /// `None` above [`Self::MAX`].
            #[must_use]
            pub const fn new(value: u16) -> Option<Self> {
                if value <= Self::MAX.0 { Some(Self(value)) } else { None }
            }

            /// The number on the scale, 0 to 1000.
            #[must_use]
            pub const fn value(self) -> u16 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

scale! {
    /// What one live proof of a method is worth. Unit: points, 0 to 1000; 0 switches a method off.
    ///
    /// Points order methods and routes against each other. They are an operator's own scale, not an
    /// assurance level, and never leave the gateway as one.
    Points
}

scale! {
    /// What a session has: the sum over its counted proofs. Unit: points, 0 to 1000.
    ///
    /// Always computed, stored nowhere: a stored score would outlive the setting it came from.
    Score
}

scale! {
    /// What a route asks. Unit: points, 0 to 1000; 0 asks nothing.
    ///
    /// A directory's own level is labelled "Required Authentication Level score" for administrators.
    Level
}

impl Score {
    /// Adds, and stays at [`Score::MAX`] instead of overflowing.
    #[must_use]
    pub const fn plus(self, points: Points) -> Self {
        let sum = self.0.saturating_add(points.0);
        if sum > Self::MAX.0 { Self::MAX } else { Self(sum) }
    }

    #[must_use]
    pub const fn reaches(self, level: Level) -> bool {
        self.0 >= level.0
    }

    /// The points still missing to `level`; 0 if it is reached.
    #[must_use]
    pub const fn missing_to(self, level: Level) -> Points {
        Points(level.0.saturating_sub(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_ends_at_a_thousand() {
        assert_eq!(Points::new(1000), Some(Points::MAX));
        assert_eq!(Points::new(1001), None);
        assert_eq!(Level::new(u16::MAX), None);
    }

    #[test]
    fn a_sum_saturates_instead_of_wrapping() {
        let all = (0..100).fold(Score::ZERO, |score, _| score.plus(Points::MAX));
        assert_eq!(all, Score::MAX);
    }
}
