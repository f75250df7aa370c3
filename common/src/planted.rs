//! Bugs planted on purpose, to show that the simulator catches each of them. Only with the feature
//! `planted`; what users run contains none of this.

use std::sync::atomic::{AtomicUsize, Ordering};

/// A bug, by what the code forgets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    /// An order is placed whether its units are free or not.
    OversoldUnits,
    /// An order is placed at another price than its buyer saw.
    OtherPrice,
    /// The expiry ends an order without looking at where it stands.
    UncheckedExpiry,
    /// The expiry comes two seconds early.
    EarlyExpiry,
    /// Cancelling twice frees the units twice.
    FreedTwice,
    /// A capture completes an order that is cancelled.
    CompletedCancelled,
    /// Whichever news comes last wins.
    OlderNewsWins,
    /// A reserved ticket can be edited.
    EditedReserved,
    /// Answers under an idempotency key are not kept.
    ForgottenReply,
    /// What the store does not know is taken for a failure.
    UnknownIsFailure,
    /// A commit in doubt is made again beside the first.
    RepeatedInDoubt,
    /// What a dead writer left behind is not published.
    ForgottenWatermark,
    /// A wiped broker is not noticed.
    ForgottenWipe,
    /// Deliveries are acknowledged before their effect is committed.
    EarlyAcknowledgement,
    /// A charge is repeated under a fresh key.
    FreshKey,
    /// Money is given back twice.
    RefundedTwice,
    /// Money of a cancelled order is kept.
    KeptMoney,
    /// A provider's silence is taken for a refusal.
    SilenceIsDecline,
    /// A provider's notice is believed, and not asked about.
    BelievedNotice,
    /// Money that comes late is given back before orders has decided about it.
    HastyRefund,
    /// An order is completed in an expired one's place whether its units are free or not.
    ReplacedTaken,
    /// Nothing is booked as earned when an order is complete.
    ForgottenEarnings,
    /// A part of a complete order's money is given back again under a fresh key.
    PartUnderFreshKey,
    /// Units that go back on sale do so each time that is heard of.
    UnitsReturnedTwice,
}

impl Bug {
    /// All of them.
    pub const ALL: [Self; 24] = [
        Self::OversoldUnits,
        Self::OtherPrice,
        Self::UncheckedExpiry,
        Self::EarlyExpiry,
        Self::FreedTwice,
        Self::CompletedCancelled,
        Self::OlderNewsWins,
        Self::EditedReserved,
        Self::ForgottenReply,
        Self::UnknownIsFailure,
        Self::RepeatedInDoubt,
        Self::ForgottenWatermark,
        Self::ForgottenWipe,
        Self::EarlyAcknowledgement,
        Self::FreshKey,
        Self::RefundedTwice,
        Self::KeptMoney,
        Self::SilenceIsDecline,
        Self::BelievedNotice,
        Self::HastyRefund,
        Self::ReplacedTaken,
        Self::ForgottenEarnings,
        Self::PartUnderFreshKey,
        Self::UnitsReturnedTwice,
    ];
}

/// The one that is planted, counted from 1.
static PLANTED: AtomicUsize = AtomicUsize::new(0);

/// Plants a bug, or none.
pub fn plant(bug: Option<Bug>) {
    PLANTED.store(bug.map_or(0, |bug| bug as usize + 1), Ordering::Relaxed);
}

/// Whether this bug is planted.
pub fn is(bug: Bug) -> bool {
    PLANTED.load(Ordering::Relaxed) == bug as usize + 1
}
