//! What a marketplace's documents say, as little of each as the rules need: a hundred thousand
//! orders take some tens of megabytes.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher as _};

use common::events::{
    DisputeStatus, OrderState, OrderStatus, PaymentStatus, Revocation, TicketState,
};
use common::id::{OrderId, PaymentId, TicketId, UserId};
use orders::domain::{Order, State, Stock};
use payments::domain::{OrderStanding, Payable};
use tickets::domain::Ticket;

/// What all services' stores say.
#[derive(Debug, Default)]
pub struct Facts {
    /// Every ticket.
    pub tickets: BTreeMap<TicketId, TicketFacts>,
    /// Every stock.
    pub stocks: BTreeMap<TicketId, StockFacts>,
    /// Every order.
    pub orders: BTreeMap<OrderId, OrderFacts>,
    /// Live orders by ticket and buyer, as they are counted.
    pub allowances: BTreeMap<(TicketId, UserId), u32>,
    /// The payments service's copy of every order.
    pub payables: BTreeMap<OrderId, Copied>,
    /// Where every payment stands.
    pub payments: BTreeMap<PaymentId, PaymentStatus>,
    /// What payments have given back because that was asked for, by the order that they were made
    /// for.
    pub given_back: BTreeMap<OrderId, GivenBack>,
    /// Where the last dispute of a payment stands, by the order that it was made for.
    pub disputes: BTreeMap<OrderId, DisputeStatus>,
    /// By service, what it knows of every account's sessions.
    pub sessions: BTreeMap<&'static str, BTreeMap<UserId, Copied>>,
    /// What the outboxes hold.
    pub told: Told,
    /// What the payments service's own audit finds.
    pub books: Vec<String>,
    /// Events that a service has set aside: a sentence each.
    pub set_aside: Vec<String>,
    /// Documents that cannot be read, or are not what such a document must be, by rule.
    pub malformed: Vec<(&'static str, String)>,
}

/// A state of something that is copied between services: equal copies are equal here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copied {
    /// The original's version.
    pub version: u64,
    /// A digest of all that is copied.
    pub digest: u64,
}

/// What was given back of a complete order's money because that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GivenBack {
    /// How much, in minor units.
    pub minor: i64,
    /// How many units went back on sale with it.
    pub units: u32,
}

/// A ticket in the tickets service.
#[derive(Debug, Clone, Copy)]
pub struct TicketFacts {
    /// What others are told of it.
    pub listing: Copied,
    /// The copy of who has it.
    pub reservation: Taken,
    /// Units that it counts as bought.
    pub sold: u32,
}

/// A ticket's stock in the orders service.
#[derive(Debug, Clone, Copy)]
pub struct StockFacts {
    /// The copy of the ticket.
    pub listing: Copied,
    /// How many units there are.
    pub quantity: u32,
    /// Who has them.
    pub taken: Taken,
}

/// How many units are taken, at a version of the stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// The stock's version; `None` where nothing was ever said of it.
    pub version: Option<u64>,
    /// Units in live orders.
    pub units: u32,
    /// The order that has the only one.
    pub holder: Option<OrderId>,
}

/// An order in the orders service.
#[derive(Debug, Clone, Copy)]
pub struct OrderFacts {
    /// Whose.
    pub buyer: UserId,
    /// Of which ticket.
    pub ticket: TicketId,
    /// How many units it holds.
    pub held: u32,
    /// What it says was given back of its money.
    pub refund: GivenBack,
    /// Where it says that the last dispute of its payment stands.
    pub dispute: Option<DisputeStatus>,
    /// The order that its payment was made for: itself, or the one in whose place it is.
    pub paid_for: OrderId,
    /// The ticket's version that was ordered.
    pub bought_version: u64,
    /// Where it stands.
    pub status: OrderStatus,
    /// What others are told of it.
    pub told: Copied,
}

/// What the outboxes hold: of each aggregate, the newest.
#[derive(Debug, Default)]
pub struct Told {
    /// How many events there are.
    pub events: usize,
    /// Of tickets.
    pub tickets: BTreeMap<TicketId, Copied>,
    /// Of orders.
    pub orders: BTreeMap<OrderId, OrderTold>,
    /// Of tickets' units.
    pub taken: BTreeMap<TicketId, Taken>,
    /// Of payments: version and status.
    pub payments: BTreeMap<PaymentId, (u64, PaymentStatus)>,
    /// Of accounts' sessions.
    pub sessions: BTreeMap<UserId, Copied>,
}

/// What was told of an order.
#[derive(Debug, Clone, Copy)]
pub struct OrderTold {
    /// The newest.
    pub newest: Copied,
    /// What the newest says of where it stands.
    pub status: OrderStatus,
    /// The version at which it was first told to have ended, and how.
    pub ended: Option<(u64, OrderStatus)>,
}

impl OrderFacts {
    /// Whether it holds units.
    pub fn is_live(&self) -> bool {
        self.held > 0
    }

    /// What is kept of `order` at `version`.
    pub fn of(order: &Order, version: u64) -> Self {
        let standing = match order.state {
            State::Created | State::AwaitingPayment { .. } | State::AwaitingAnother => {
                OrderStanding::Open
            }
            State::Complete { .. } => OrderStanding::Complete,
            State::Cancelled { .. } => OrderStanding::Cancelled,
        };
        let late = order.late.map(|late| (late.payment, late.replaced_by));
        let digest = digest(&(order.buyer, order.total, order.expires_at, standing, late));
        Self {
            buyer: order.buyer,
            ticket: order.ticket.id,
            held: order.held(),
            refund: order.refund.as_ref().map_or_else(GivenBack::default, |refund| GivenBack {
                minor: refund.amount.minor,
                units: refund.units,
            }),
            dispute: order.dispute.as_ref().map(|known| orders::commands::dispute(known).status),
            paid_for: order.replaces.unwrap_or(order.id),
            bought_version: order.ticket.version,
            status: orders::commands::status(&order.state),
            told: Copied { version, digest },
        }
    }
}

impl TicketFacts {
    /// What is kept of `ticket`.
    pub fn of(ticket: &Ticket) -> Self {
        let listing = &ticket.listing;
        let said = (ticket.seller, &listing.title, listing.price, listing.quantity);
        let reservation = ticket.reservation;
        Self {
            listing: Copied { version: ticket.told, digest: digest(&(said, !ticket.is_offered())) },
            reservation: Taken {
                version: reservation.stock_version,
                units: reservation.taken,
                holder: reservation.holder,
            },
            sold: ticket.sold,
        }
    }
}

impl StockFacts {
    /// What is kept of `stock` at `version`.
    pub fn of(stock: &Stock, version: u64) -> Self {
        let listing = &stock.listing;
        let said = (listing.seller, &listing.title, listing.price, listing.quantity);
        Self {
            listing: Copied { version: listing.version, digest: digest(&(said, listing.deleted)) },
            quantity: listing.quantity,
            taken: Taken { version: Some(version), units: stock.taken, holder: stock.holder },
        }
    }
}

impl Copied {
    /// The payments service's copy of an order.
    pub fn order(payable: &Payable) -> Self {
        let late = payable.late.map(|late| (late.payment, late.replaced_by));
        let said = (payable.buyer, payable.total, payable.expires_at, payable.standing, late);
        Self { version: payable.version, digest: digest(&said) }
    }

    /// What is known of an account's sessions.
    pub fn sessions(known: &Revocation) -> Self {
        let ended: Vec<_> = known.ended.iter().map(|end| (end.session_id, end.until)).collect();
        let digest = digest(&(known.user_id, known.generation, ended, known.deleted));
        Self { version: known.version, digest }
    }

    fn ticket_told(told: &TicketState) -> Self {
        let said = (told.user_id, &told.title, told.price, told.quantity);
        Self { version: told.version, digest: digest(&(said, told.deleted)) }
    }

    fn order_told(told: &OrderState) -> Self {
        let standing = match told.status {
            OrderStatus::Created | OrderStatus::AwaitingPayment => OrderStanding::Open,
            OrderStatus::Complete => OrderStanding::Complete,
            OrderStatus::Cancelled => OrderStanding::Cancelled,
        };
        let late = told.late.map(|late| (late.payment, late.replaced_by));
        let said = (told.user_id, told.total, told.expires_at, standing, late);
        Self { version: told.version, digest: digest(&said) }
    }
}

impl Told {
    /// Hears what was told of a ticket.
    pub fn ticket(&mut self, told: &TicketState) {
        let copy = Copied::ticket_told(told);
        let known = self.tickets.entry(told.id).or_insert(copy);
        if copy.version > known.version {
            *known = copy;
        }
    }

    /// Hears what was told of an order, and of its ticket's units.
    pub fn order(&mut self, told: &OrderState) {
        let copy = Copied::order_told(told);
        let first = OrderTold { newest: copy, status: told.status, ended: None };
        let known = self.orders.entry(told.id).or_insert(first);
        if copy.version > known.newest.version {
            (known.newest, known.status) = (copy, told.status);
        }
        if told.status.is_terminal() && known.ended.is_none_or(|(ended, _)| told.version < ended) {
            known.ended = Some((told.version, told.status));
        }
        if let Some(stock) = &told.stock {
            let said =
                Taken { version: Some(stock.version), units: stock.taken, holder: stock.holder };
            let known = self.taken.entry(told.ticket.id).or_insert(said);
            if said.version > known.version {
                *known = said;
            }
        }
    }

    /// Hears what was told of a payment.
    pub fn payment(&mut self, id: PaymentId, version: u64, status: PaymentStatus) {
        let known = self.payments.entry(id).or_insert((version, status));
        if version > known.0 {
            *known = (version, status);
        }
    }

    /// Hears what was told of an account's sessions.
    pub fn sessions(&mut self, told: &Revocation) {
        let copy = Copied::sessions(told);
        let known = self.sessions.entry(told.user_id).or_insert(copy);
        if copy.version > known.version {
            *known = copy;
        }
    }
}

/// Equal for what is equal, and for next to nothing else.
fn digest(said: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    said.hash(&mut hasher);
    hasher.finish()
}
