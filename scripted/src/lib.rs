//! Other companies' servers for tests: payment providers, which speak as much of real ones' HTTP
//! APIs as our code uses, after their public documentation, and a mail server. They misbehave by a
//! script. None of our crates is named here,
//! so what a company is thought to do and what our code thinks of it are two things.
//!
//! | module | what it is |
//! | --- | --- |
//! | [`script`] | what goes wrong with a call, and how often |
//! | [`ledger`] | the provider's own books, append-only: the truth about the money |
//! | [`call`] | calls and answers, without sockets |
//! | [`stripe`] | Stripe |
//! | [`mollie`] | Mollie |
//! | [`smtp`] | a mail server |

pub mod call;
pub mod ledger;
pub mod mollie;
pub mod script;
pub mod smtp;
pub mod stripe;

pub use call::{Answer, Call, Outcome};
pub use ledger::{Kind, Ledger, Line};
pub use mollie::Mollie;
pub use script::{Fault, Outage, Script};
pub use smtp::Smtp;
pub use stripe::Stripe;
