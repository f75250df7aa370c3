//! Payment providers for tests: they speak as much of real ones' HTTP APIs as our code uses, after
//! their public documentation, and misbehave by a seeded script. None of our crates is named here,
//! so what a provider is thought to be and what our code thinks of it are two things.
//!
//! | module | what it is |
//! | --- | --- |
//! | [`script`] | what goes wrong with a call, and how often |
//! | [`ledger`] | the provider's own books, append-only: the truth about the money |
//! | [`call`] | calls and answers, without sockets |
//! | [`stripe`] | Stripe |

pub mod call;
pub mod ledger;
pub mod script;
pub mod stripe;

pub use call::{Answer, Call, Outcome};
pub use ledger::{Kind, Ledger, Line};
pub use script::{Fault, Script};
pub use stripe::Stripe;
