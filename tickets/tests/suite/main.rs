//! The tickets service in process: its decisions, its events, its lists and its routes.

mod app;
mod decisions;
mod events;
mod lists;
mod orderings;
mod routes;
mod scenes;
mod site;
