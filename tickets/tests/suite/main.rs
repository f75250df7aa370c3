//! The tickets service in process: its decisions, its events, its lists and its routes.

#![expect(clippy::unwrap_used, reason = "a test panics on purpose")]

mod app;
mod decisions;
mod departures;
mod events;
mod lists;
mod orderings;
mod routes;
mod scenes;
mod site;
