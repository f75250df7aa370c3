//! Plain types and pure state machines: what an order and a ticket's stock are, and what can become
//! of them.

pub mod dispute;
pub mod order;
pub mod stock;

pub use order::{Ended, Late, Order, State};
pub use stock::{Allowance, Listing, Stock};
