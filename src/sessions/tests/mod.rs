//! Tests of sessions over a store that fails and stops on demand.

pub(crate) mod faulty;
