//! What a payment, its order and the ledger are, and what can become of them. Plain types and pure
//! functions.

pub mod asked;
pub mod balance;
pub mod dispute;
pub mod fee;
pub mod ledger;
pub mod means;
pub mod notice;
pub mod payable;
pub mod payment;
pub mod payout;
pub mod receipt;
pub mod refund;
pub mod request;
pub mod token;

pub use asked::{Ask, AskedBy, MAX_REASON, NotRefundable, Refund};
pub use dispute::{Dispute, Doubts, Move, Standing, Told};
pub use fee::Fee;
pub use ledger::{Account, Entry, EntryKind, Posting, Sale};
pub use means::{Means, Place};
pub use notice::{About, Heard, Notice};
pub use payable::{Item, Late, OrderStanding, Payable};
pub use payment::{Decline, Payment, State, Unmoved};
pub use payout::{BadReference, PaidTo, Reference};
pub use receipt::{Issued, Receipt, ReceiptNumber, Series};
pub use request::{CameTo, Request, RequestKey};
pub use token::{BadToken, Token};
