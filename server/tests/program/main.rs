//! The program as whoever starts it meets it: its command line, its sentences, its exit codes.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test panics on purpose")]

mod check;
mod command_line;
mod demo;
mod money;
mod openapi;
mod process;
mod refund;
mod serve;
