//! The program with a web client, on a stand-in for it: what visitors get, what becomes of what
//! runs, how it is built.
//!
//! The stand-in is a few lines of JavaScript that Node.js runs; these suites need it installed, as
//! the web client does.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test panics on purpose")]

mod answers;
mod building;
mod rig;
mod running;
