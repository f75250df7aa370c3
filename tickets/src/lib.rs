//! What is for sale: create, edit, withdraw, browse. In reading order:
//!
//! | module | what it is |
//! | --- | --- |
//! | [`domain`] | what a ticket is, what is known of its units, how it is searched for |
//! | [`documents`] | how tickets are kept |
//! | [`commands`] | what can happen: create, edit, withdraw, hear of an order |
//! | [`queries`] | what can be asked |
//! | [`consume`] | events → commands |

pub mod commands;
pub mod consume;
pub mod documents;
pub mod domain;
pub mod queries;
