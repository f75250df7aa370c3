//! What can happen in this service, one file each: the documents it needs, and its decision.

mod conclude;
mod doubt;
mod forget;
mod give_back;
mod hear_notice;
mod hear_order;
mod hear_prompt;
mod look_again;
mod number_receipts;
mod open_receipt;
mod record_captured;
mod record_declined;
mod record_disputes;
mod record_opened;
mod record_payout;
mod record_refunded;
mod start;

use common::command::{Docs, Refusal};
use common::events::{
    DisputeState, DisputeStatus, PaymentEvent, PaymentKind, PaymentState, PaymentStatus, Returned,
};
use common::money::Money;
use common::time::Timestamp;

use crate::domain::refund::{Fate, fate};
use crate::domain::{Dispute, Entry, Payable, Payment, Receipt, Sale, Standing, State};

pub use conclude::Conclude;
pub use doubt::Doubt;
pub use forget::Forget;
pub use give_back::GiveBack;
pub use hear_notice::HearNotice;
pub use hear_order::HearOrder;
pub use hear_prompt::HearPrompt;
pub use look_again::{LookAgain, Why};
pub use number_receipts::NumberReceipts;
pub use open_receipt::OpenReceipt;
pub use record_captured::RecordCaptured;
pub use record_declined::RecordDeclined;
pub use record_disputes::{News, RecordDisputes};
pub use record_opened::RecordOpened;
pub use record_payout::RecordPayout;
pub use record_refunded::RecordRefunded;
pub use start::{Begun, Start};

/// How a payment's state is called in public.
pub fn status(state: &State) -> PaymentStatus {
    match state {
        State::Started { .. } => PaymentStatus::Started,
        State::Captured { .. } => PaymentStatus::Captured,
        State::Declined { .. } => PaymentStatus::Declined,
        State::Refunding { .. } => PaymentStatus::Refunding,
        State::Refunded { .. } => PaymentStatus::Refunded,
    }
}

fn event(kind: PaymentKind, payment: &Payment, version: u64) -> PaymentEvent {
    let payment = PaymentState {
        id: payment.id,
        order_id: payment.order,
        user_id: payment.buyer,
        amount: payment.amount,
        status: status(&payment.state),
        version,
        returned: payment.done().last().map(|(last, done)| Returned {
            part: last.number,
            amount: last.amount,
            total: payment.given_back(),
            units: payment.done().map(|(refund, _)| refund.units).sum(),
            reason: last.reason.clone(),
            at: done.at,
        }),
        dispute: payment.disputes.last().map(dispute),
    };
    PaymentEvent { kind, payment }
}

/// How it is called in public where a dispute stands.
pub fn standing(standing: Standing) -> DisputeStatus {
    match standing {
        Standing::Open => DisputeStatus::Open,
        Standing::Won => DisputeStatus::Won,
        Standing::Lost => DisputeStatus::Lost,
    }
}

/// How a dispute is told of in public.
pub fn dispute(dispute: &Dispute) -> DisputeState {
    DisputeState {
        number: dispute.number,
        status: standing(dispute.standing),
        amount: dispute.amount,
        taken: Money { minor: dispute.taken(), ..dispute.amount },
        reason: dispute.reason.clone(),
        opened_at: dispute.opened_at,
        closed_at: dispute.closed_at,
    }
}

/// The receipt that begins when the order of a payment is complete by it, unless it has begun.
fn receipt_for(
    payment: &Payment,
    payable: &Payable,
    docs: &Docs,
    now: Timestamp,
) -> Option<Receipt> {
    let is_taken = matches!(
        payment.state,
        State::Captured { .. } | State::Refunding { .. } | State::Refunded { .. }
    );
    let is_kept = is_taken && fate(payment, payable) == Fate::Kept;
    (is_kept && docs.get::<Receipt>(payment.id).is_none())
        .then(|| Receipt::waiting(payment.id, payment.order, payment.buyer, now))
}

/// The entry that books what is earned by a payment, in the commit that learns that its order is
/// complete by it, unless it is booked. An order from before sellers were told earns nobody
/// anything: its money stays in the orders' funds.
fn earned_by(payment: &Payment, payable: &Payable, docs: &Docs, now: Timestamp) -> Option<Entry> {
    #[cfg(feature = "planted")]
    if common::planted::is(common::planted::Bug::ForgottenEarnings) {
        return None;
    }
    let is_held = matches!(payment.state, State::Captured { .. });
    let is_kept = is_held && fate(payment, payable) == Fate::Kept;
    if !is_kept || docs.get::<Entry>(Entry::earned_id(payment.id)).is_some() {
        return None;
    }
    let sale = sale_of(payment, payable);
    Some(Entry::earned(payment.id, payment.amount, payable.seller?, sale, now))
}

/// What was sold for a payment. Money that came late has paid the order in the expired one's place.
pub fn sale_of(payment: &Payment, payable: &Payable) -> Sale {
    let replaced_by = payable.late.and_then(|late| late.replaced_by);
    let item = payable.item.as_ref();
    Sale {
        order: replaced_by.unwrap_or(payable.order),
        ticket: item.and_then(|item| item.ticket),
        title: item.map(|item| item.title.clone()).unwrap_or_default(),
        quantity: item.map_or(1, |item| item.quantity),
        fee: payment.fee,
    }
}

/// A payment that should have moved and could not: a provider that contradicts itself, or a defect.
fn impossible(what: &str, payment: &Payment) -> Refusal {
    let (id, status) = (payment.id, status(&payment.state));
    Refusal::conflict(format!("payment {id} is {status:?} and cannot become {what}"))
}
