//! What a seller has sold, and what came of the money. A seller's entries are found over two
//! indexes, each of which every entry is in at most once.

use std::collections::BTreeMap;

use common::command;
use common::execute::{Engine, Failure};
use common::id::{PaymentId, UserId};
use common::scan::all;
use common::store::{Document, Filter, Order as Sort, Position, Query, Store, Unavailable, Value};
use futures_util::future::try_join_all;

use crate::documents::LEDGER;
use crate::domain::balance::{SellerBalances, add};
use crate::domain::{Entry, Payment, Standing};
use crate::queries;

/// Entries read at a time where all of a seller's are added up.
const PAGE: usize = 1_000;

/// What is sold first is listed last: ids tell the age of what they name.
const NEWEST_FIRST: Sort = Sort { field: None, descending: true };

/// A sale, and how much of it was given back, and taken back, in minor units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sold {
    /// The payment that the order is complete by.
    pub payment: PaymentId,
    /// The entry that books it.
    pub entry: Entry,
    /// What was given back of it.
    pub refunded: i64,
    /// What the buyer's bank has taken of it.
    pub disputed: i64,
    /// Where the last dispute of it stands, if there was one.
    pub dispute: Option<Standing>,
}

/// At most `limit` of a seller's sales after that by `after`, newest first.
///
/// # Errors
/// When the store cannot serve.
pub async fn of(
    engine: &Engine,
    seller: UserId,
    after: Option<PaymentId>,
    limit: usize,
) -> Result<Vec<Sold>, Failure> {
    let after = after.map(|payment| {
        let id = Entry::earned_id(payment);
        Position { value: Value::Absent, id }
    });
    let found = engine.store().find(of_seller("sold_by", seller, after, limit)).await?;
    let sales = try_join_all(found.iter().map(|found| sold(engine, &found.document))).await?;
    Ok(sales.into_iter().flatten().collect())
}

/// A seller's balances, over all that was ever booked of theirs.
///
/// # Errors
/// When the store cannot serve.
pub async fn balances(store: &dyn Store, seller: UserId) -> Result<SellerBalances, Failure> {
    let mut balances = SellerBalances::new();
    for field in ["sold_by", "taken_from"] {
        let mut after: Option<Position> = None;
        loop {
            let page = store.find(of_seller(field, seller, after.take(), PAGE)).await?;
            for found in &page {
                add(&mut balances, &command::read(&found.document)?);
            }
            match page.last() {
                Some(last) if page.len() == PAGE => after = Some(last.position.clone()),
                _ => break,
            }
        }
    }
    Ok(balances)
}

/// The balances of every seller, by seller and currency.
///
/// # Errors
/// When the store cannot serve.
pub async fn of_everybody(
    store: &dyn Store,
) -> Result<BTreeMap<UserId, SellerBalances>, Unavailable> {
    let mut sellers: BTreeMap<UserId, SellerBalances> = BTreeMap::new();
    for entry in all::<Entry>(store).await? {
        if let Some(seller) = entry.seller {
            add(sellers.entry(seller).or_default(), &entry);
        }
    }
    Ok(sellers)
}

fn of_seller(field: &'static str, seller: UserId, after: Option<Position>, limit: usize) -> Query {
    let filters = vec![Filter::Equals(field, Value::Text(seller.to_string()))];
    Query { collection: &LEDGER, filters, order: NEWEST_FIRST, after, limit }
}

/// The sale that an entry books, with what became of its payment since.
async fn sold(engine: &Engine, document: &Document) -> Result<Option<Sold>, Failure> {
    let entry: Entry = command::read(document)?;
    let Some(payment) = entry.payment else { return Ok(None) };
    let seen = queries::payment(engine, payment).await?;
    let paid = seen.as_ref().map(|seen| &seen.payment);
    let refunded = paid.map_or(0, Payment::refunded_minor);
    let disputed = paid.map_or(0, Payment::taken);
    let dispute = paid.and_then(|paid| paid.disputes.last()).map(|dispute| dispute.standing);
    Ok(Some(Sold { payment, entry, refunded, disputed, dispute }))
}
