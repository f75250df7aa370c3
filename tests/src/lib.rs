//! The kit of the black-box suites: a real server process, clients that talk HTTP to it, and a
//! journal of what those clients were told. It imports none of our crates: what it knows of the
//! system is the public contract alone. (`scripted` plays another company, and imports none
//! either.)
//!
//! In reading order:
//!
//! - [`setup`] and [`server`]: start, kill, stop and restart the program `ticketing`; its log is
//!   printed when a test fails.
//! - [`fleet`]: the processes of a fleet, each of which can be stopped, paused and killed.
//! - `documents`: all that a fleet keeps in MongoDB, byte for byte.
//! - `replica_set`: the members of a MongoDB that has several, and who of them is primary.
//! - [`network`]: wires between those processes that can be cut.
//! - [`client`] and [`answer`]: requests with a cookie jar; every answer is held against the
//!   conventions as it arrives.
//! - [`raw`] and [`stream`]: bytes that no decent client would send, and Server-Sent Events.
//! - [`market`]: people who sign up, sell, order and pay.
//! - [`load`]: workers who do all that at random, and write down what they are told.
//! - [`journal`] and [`audit`]: what clients asked and were told; whether the marketplace still
//!   says the same afterwards.
//! - [`provider`]: a payment provider at an address, whose calls a test can stop at any point.
//! - [`poll`] and [`seed`]: waiting with a deadline; random choices that can be run again.
//! - [`faults`] and [`clock`]: full disks, failing fsync, jumping clocks.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "the kit serves tests alone, and a test panics on purpose"
)]

pub mod answer;
pub mod audit;
pub mod client;
pub mod clock;
#[cfg(feature = "fleet")]
pub mod documents;
pub mod faults;
pub mod fleet;
pub mod journal;
pub mod load;
pub mod market;
pub mod network;
pub mod poll;
pub mod provider;
pub mod raw;
#[cfg(feature = "fleet")]
pub mod replica_set;
pub mod seed;
pub mod server;
pub mod setup;
pub mod stream;

pub use answer::{Answer, ids, number, text};
pub use client::{Client, Request};
pub use journal::{Deed, Journal, Outcome};
pub use market::Person;
pub use poll::until;
pub use provider::Provider;
pub use seed::Seed;
pub use server::Server;
pub use setup::Setup;
