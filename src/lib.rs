//! scoregate puts sign-in in front of a web portal that exists already.
//!
//! Every method that a person completes earns points; every route asks for a score. On each request
//! the gateway adds up what the session has proven and compares it with what the route asks.
//!
//! The rooms, in the order in which a request meets them: [`routes`] turns bytes into a requirement,
//! [`sessions`] turns a cookie into evidence, [`points`] decides.

pub mod accounts;
pub mod app;
pub mod audit;
pub mod cli;
pub mod clock;
pub mod config;
pub mod control;
pub mod demo;
pub mod front;
pub mod gate;
pub mod journey;
pub mod keys;
pub mod methods;
pub mod notify;
pub mod observe;
pub mod operations;
pub mod points;
pub mod proxy;
pub mod random;
pub mod routes;
pub mod secret;
pub mod sessions;
pub mod settings;
pub mod store;
pub mod throttle;
pub mod web;
