//! One integration binary: it is linked once, and its modules share what starts a gateway. Not here:
//! tests of one room, which live beside their code.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod admin;
mod architecture;
mod attacks;
mod clients;
mod documents;
mod edge;
mod framing;
mod h2;
mod identity;
mod journeys;
mod life;
mod metrics;
mod person;
mod recovery;
mod related;
mod remembered;
mod secrets;
mod sms;
mod smtp;
mod source;
mod streams;
mod upstream;
mod upstreams;
mod users;
mod wire;
mod world;
