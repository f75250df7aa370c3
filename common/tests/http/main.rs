//! The HTTP kit in process: a toy service on a memory store, and every convention that binds all
//! routes.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test panics on purpose")]

mod bodies;
mod conditional;
mod conventions;
mod health;
mod idempotency;
mod live;
mod openapi;
mod paging;
mod rig;
mod sessions;
mod toy;
