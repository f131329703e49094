//! Where the other rooms' values are kept. Each store implements the traits that those rooms own and
//! runs the suite in `contract`; none holds a rule of its own. What may be granted, counted or
//! withdrawn is decided by whoever calls.

#[cfg(test)]
pub(crate) mod contract;
pub mod embedded;
