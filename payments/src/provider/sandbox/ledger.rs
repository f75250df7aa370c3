//! The provider's own books: what it took, what it gave back, and which webhooks it owes.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use common::command::{self, Entity};
use common::events::to_json;
use common::id::{OrderId, PaymentId};
use common::money::{Currency, Money};
use common::scan::all;
use common::store::{
    Action, Collection, CommitError, Document, Expect, Field, Filter, Kind, Order, Query, Store,
    Unavailable, Value, Write,
};
use common::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::{Decline, Standing};
use crate::provider::{Charge, ChargeRequest, RefundRequest};

use super::dispute::{BANK, Dispute};

/// What was asked for, by key.
static CHARGES: Collection = Collection {
    name: "sandbox_charges",
    // When the next webhook is to go out; absent once none is owed.
    fields: &[Field { name: "notify_at", kind: Kind::Integer }],
    indexes: &[&["notify_at"]],
};

/// What was given back, by key.
static REFUNDS: Collection = Collection { name: "sandbox_refunds", fields: &[], indexes: &[] };

/// What webhooks are signed with.
static SECRETS: Collection = Collection { name: "sandbox_secrets", fields: &[], indexes: &[] };

/// All that the sandbox keeps, in a store of its own.
pub static COLLECTIONS: &[&Collection] = &[&CHARGES, &REFUNDS, &SECRETS];

/// The id of the only secret.
const WEBHOOK_SECRET: &str = "webhook";

/// Nothing is planned further ahead than this. What seems to be was planned before the clock was
/// set back.
const HORIZON: Duration = Duration::from_secs(60);

/// A charge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charged {
    /// The key.
    pub payment: PaymentId,
    /// What it pays; unknown where it was abandoned before it was asked for.
    pub order: Option<OrderId>,
    /// How much.
    pub amount: Money,
    /// What has become of it.
    pub outcome: Outcome,
    /// The webhooks that are owed.
    pub plan: Option<Plan>,
    /// How much of it has been given back, in minor units.
    #[serde(default)]
    pub returned: i64,
    /// What its buyer's bank does about it, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dispute: Option<Dispute>,
}

/// What has become of a charge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Nothing yet; it will be captured when it is asked for after this.
    Pending {
        /// From when on.
        until: Timestamp,
    },
    /// The money is taken.
    Captured {
        /// When.
        at: Timestamp,
    },
    /// It is not, and never will be.
    Declined(Decline),
}

/// Webhooks that are owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// How many.
    pub left: u32,
    /// When the next is to go out.
    pub at: Timestamp,
    /// Where a dispute stands from then on, if it is one about that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dispute: Option<Standing>,
}

/// A refund of a charge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refunded {
    /// With `part`, the key.
    pub payment: PaymentId,
    /// Which of the refunds that were asked for; `None` for one of all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<u32>,
    /// How much.
    pub amount: Money,
    /// When.
    pub at: Timestamp,
}

impl Charged {
    /// One that is never to be: whoever asks for it from now on is told so.
    pub(super) fn never(payment: PaymentId, why: Decline) -> Self {
        let amount = Money { minor: 0, currency: Currency::USD };
        Self {
            payment,
            order: None,
            amount,
            outcome: Outcome::Declined(why),
            plan: None,
            returned: 0,
            dispute: None,
        }
    }

    /// Whether it was asked for with other details than these.
    pub(super) fn is_for_another(&self, request: &ChargeRequest) -> bool {
        self.order.is_some_and(|order| order != request.order || self.amount != request.amount)
    }

    /// It, once it has had the time to come to an end.
    pub(super) fn finished(self, now: Timestamp) -> Self {
        match self.outcome {
            Outcome::Pending { until } if until <= now || until > now.plus(HORIZON) => {
                Self { outcome: Outcome::Captured { at: now }, ..self }
            }
            _ => self,
        }
    }

    /// What a caller is told of it.
    pub(super) fn told(&self) -> Charge {
        match &self.outcome {
            Outcome::Pending { .. } => Charge::Pending,
            Outcome::Captured { .. } => Charge::Captured { reference: reference(self.payment) },
            Outcome::Declined(decline) => Charge::Declined(decline.clone()),
        }
    }

    /// It, once `amount` of it has been given back; `None` where there is no such capture, or where
    /// less of it is left.
    pub(super) fn give_back(self, request: &RefundRequest) -> Option<Self> {
        let is_captured = matches!(self.outcome, Outcome::Captured { .. });
        let is_it = is_captured && reference(self.payment) == request.reference;
        let is_whole = self.returned == 0 && self.taken() == 0 && request.amount == self.amount;
        let left = self.amount.minor - self.returned - self.taken();
        let is_left = (1..=left).contains(&request.amount.minor);
        let is_same = request.amount.currency == self.amount.currency;
        let is_sound = is_it && is_same && is_left && (is_whole || request.part.is_some());
        let returned = self.returned + request.amount.minor;
        is_sound.then_some(Self { returned, ..self })
    }

    /// It, with one webhook less to send.
    pub(super) fn notified(self, now: Timestamp, pause: Duration) -> Self {
        let left = self.plan.map_or(0, |plan| plan.left.saturating_sub(1));
        let same = self.plan.and_then(|plan| plan.dispute);
        let plan = (left > 0).then_some(Plan { left, at: now.plus(pause), dispute: same });
        let next = self.dispute.and_then(|dispute| dispute.next());
        let plan =
            plan.or(next.map(|next| Plan { left: 1, at: now.plus(BANK), dispute: Some(next) }));
        Self { plan, ..self }
    }

    /// It, with the next webhook put off.
    pub(super) fn put_off(self, now: Timestamp, pause: Duration) -> Self {
        let plan = self.plan.map(|plan| Plan { at: now.plus(pause), ..plan });
        Self { plan, ..self }
    }
}

/// The provider's name for a capture.
pub(super) fn reference(payment: PaymentId) -> String {
    format!("ch_{payment}")
}

/// The provider's name for a refund.
pub(super) fn refund_reference(refund: &Refunded) -> String {
    format!("re_{}", refund.id())
}

/// What webhooks are signed with.
#[derive(Clone, Serialize, Deserialize)]
pub struct Secret {
    bytes: Vec<u8>,
}

impl Secret {
    /// A secret of 256 random bits.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self { bytes: bytes.to_vec() }
    }

    pub(super) fn reveal(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Entity for Charged {
    const COLLECTION: &'static Collection = &CHARGES;

    fn id(&self) -> String {
        self.payment.to_string()
    }

    fn fields(&self) -> Vec<Value> {
        vec![self.plan.map_or(Value::Absent, |plan| Value::Integer(plan.at.as_millis()))]
    }
}

impl Entity for Refunded {
    const COLLECTION: &'static Collection = &REFUNDS;

    fn id(&self) -> String {
        let payment = self.payment;
        self.part.map_or_else(|| payment.to_string(), |part| format!("{payment}-{part}"))
    }
}

impl Entity for Secret {
    const COLLECTION: &'static Collection = &SECRETS;

    fn id(&self) -> String {
        WEBHOOK_SECRET.to_owned()
    }
}

/// A document and its version.
#[derive(Debug, Clone)]
pub(super) struct Versioned<E> {
    pub(super) version: u64,
    pub(super) value: E,
}

/// The charge under a key, if there is one.
pub(super) async fn charged(
    store: &dyn Store,
    payment: PaymentId,
) -> Result<Option<Versioned<Charged>>, Unavailable> {
    let found = store.get(&CHARGES, &payment.to_string()).await?;
    found.as_ref().map(read).transpose()
}

/// Writes documents together, each over the version it is based on.
pub(super) async fn put<E: Entity>(
    store: &dyn Store,
    documents: Vec<(Option<u64>, &E)>,
) -> Result<(), CommitError> {
    let mut batch = Vec::with_capacity(documents.len());
    for (before, document) in documents {
        batch.push(write_of(before, document)?);
    }
    store.commit(batch).await
}

fn write_of<E: Entity>(before: Option<u64>, document: &E) -> Result<Write, Unavailable> {
    let body = to_json(document).map_err(|error| Unavailable(error.to_string()))?;
    let version = before.map_or(0, |version| version + 1);
    Ok(Write {
        collection: E::COLLECTION,
        id: document.id(),
        expect: before.map_or(Expect::Absent, Expect::Version),
        action: Action::Put { version, body, fields: document.fields() },
    })
}

/// Whether there is a refund under the key of this one.
pub(super) async fn is_kept(store: &dyn Store, refund: &Refunded) -> Result<bool, Unavailable> {
    Ok(store.get(&REFUNDS, &refund.id()).await?.is_some())
}

/// Writes a refund, and in the same commit the charge that it is of.
pub(super) async fn put_refund(
    store: &dyn Store,
    charged: Versioned<Charged>,
    refunded: &Refunded,
) -> Result<(), CommitError> {
    let charged = write_of(Some(charged.version), &charged.value)?;
    store.commit(vec![charged, write_of(None, refunded)?]).await
}

/// The secret that is kept; `fresh`, where none is yet.
pub(super) async fn secret(store: &dyn Store, fresh: Secret) -> Result<Secret, CommitError> {
    let kept = || async {
        let found = store.get(&SECRETS, WEBHOOK_SECRET).await?;
        found.as_ref().map(read::<Secret>).transpose()
    };
    if let Some(kept) = kept().await? {
        return Ok(kept.value);
    }
    match put(store, vec![(None, &fresh)]).await {
        Ok(()) => Ok(fresh),
        Err(error) => kept().await?.map(|kept| kept.value).ok_or(error),
    }
}

/// Charges whose webhook is to go out by `now`, those due longest first.
pub(super) async fn owed(
    store: &dyn Store,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<Versioned<Charged>>, Unavailable> {
    let find = |filter: Filter| Query {
        collection: &CHARGES,
        filters: vec![filter],
        order: Order { field: Some("notify_at"), descending: false },
        after: None,
        limit,
    };
    let late = Filter::AtMost("notify_at", Value::Integer(now.as_millis()));
    let mut found = store.find(find(late)).await?;
    if found.is_empty() {
        let astray = Value::Integer(now.plus(HORIZON).as_millis());
        found = store.find(find(Filter::AtLeast("notify_at", astray))).await?;
    }
    found.iter().map(|found| read(&found.document)).collect()
}

/// A line of the provider's statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The key.
    pub payment: PaymentId,
    /// What it pays.
    pub order: Option<OrderId>,
    /// What was taken.
    pub captured: Money,
    /// What was given back, by the part of it that was asked for; under `None`, all of it.
    pub refunds: BTreeMap<Option<u32>, Money>,
    /// What the buyer's bank has of it, in minor units, where there was a dispute.
    pub disputed: Option<i64>,
}

impl Line {
    /// Whether all of it was given back.
    pub fn is_refunded(&self) -> bool {
        self.captured.minor == self.returned()
    }

    fn returned(&self) -> i64 {
        self.refunds.values().map(|refund| refund.minor).sum()
    }

    /// What is left of it, in minor units.
    pub fn kept(&self) -> i64 {
        self.captured.minor - self.returned() - self.disputed.unwrap_or(0)
    }
}

/// The provider's statement: every charge that took money, by key.
///
/// # Errors
/// When the store cannot serve.
pub async fn statement(store: &dyn Store) -> Result<BTreeMap<PaymentId, Line>, Unavailable> {
    let mut lines = BTreeMap::new();
    for charged in all::<Charged>(store).await? {
        if matches!(charged.outcome, Outcome::Captured { .. }) {
            let disputed = charged.told_of_dispute().map(|told| told.taken);
            let Charged { payment, order, amount, .. } = charged;
            let refunds = BTreeMap::new();
            lines.insert(payment, Line { payment, order, captured: amount, refunds, disputed });
        }
    }
    for refunded in all::<Refunded>(store).await? {
        if let Some(line) = lines.get_mut(&refunded.payment) {
            line.refunds.insert(refunded.part, refunded.amount);
        }
    }
    Ok(lines)
}

fn read<E: Entity>(document: &Document) -> Result<Versioned<E>, Unavailable> {
    let value = command::read(document).map_err(|error| Unavailable(error.to_string()))?;
    Ok(Versioned { version: document.version, value })
}
