//! Who gets it: inventory, orders and their expiry. In reading order:
//!
//! | module | what it is |
//! | --- | --- |
//! | [`domain`] | what an order and a stock are, and what can become of them |
//! | [`documents`] | how they are kept |
//! | [`commands`] | what can happen: place, cancel, expire, hear of a ticket, hear of a payment |
//! | [`queries`] | what can be asked |
//! | [`consume`] | events → commands |
//! | [`expiry`] | ends what is due |

pub mod commands;
pub mod consume;
pub mod documents;
pub mod domain;
pub mod expiry;
pub mod queries;
