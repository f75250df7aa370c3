//! What all services share, in reading order: a line may use only the lines above it.
//!
//! | module | what it is |
//! | --- | --- |
//! | [`time`], [`id`], [`money`] | instants and the clock; identifiers; exact amounts |
//! | [`store`], [`bus`] | the two ports, their backends, and one contract suite for each |

pub mod bus;
pub mod id;
pub mod money;
pub mod store;
pub mod time;
