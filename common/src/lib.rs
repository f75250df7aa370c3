//! What all services share, in reading order: a line may use only the lines above it.
//!
//! | module | what it is |
//! | --- | --- |
//! | [`time`], [`id`], [`money`] | instants and the clock; identifiers; exact amounts |
//! | [`store`], [`bus`] | the two ports, their backends, and one contract suite for each |

pub mod bus;
pub mod command;
pub mod events;
pub mod execute;
pub mod http;
pub mod id;
pub mod inbox;
pub mod money;
pub mod outbox;
pub mod replies;
pub mod service;
pub mod session;
pub mod store;
pub mod task;
pub mod time;
pub mod watch;
pub mod worker;
