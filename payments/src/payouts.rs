//! What sellers are to be paid, and that they were: for the operator's command line.

use std::collections::BTreeMap;
use std::sync::Arc;

use common::execute::{Engine, Failure};
use common::id::UserId;
use common::money::Money;

use crate::commands::RecordPayout;
use crate::domain::balance::{Balance, SellerBalances};
use crate::domain::{Entry, Reference};
use crate::queries::sales;

/// The columns of what is due.
const COLUMNS: [&str; 9] = [
    "seller", "contact", "currency", "payable", "earned", "fees", "refunded", "paid_out",
    "disputed",
];

/// What every seller is to be paid, as comma-separated values: a line for each seller and currency.
/// `contact` is how a seller is reached, where that is known.
///
/// # Errors
/// When it cannot be written, which memory does not refuse.
pub fn table(
    sellers: &BTreeMap<UserId, SellerBalances>,
    contact: impl Fn(UserId) -> Option<String>,
) -> Result<String, csv::Error> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(COLUMNS)?;
    for (seller, balances) in sellers {
        let reached = contact(*seller).map(inert).unwrap_or_default();
        for balance in balances.values() {
            let major = |minor| balance.money(minor).major();
            let Balance { currency, earned, fees, refunded, disputed, paid_out, payable } =
                *balance;
            let sums = [payable, earned, fees, refunded, paid_out, disputed].map(major);
            let named = [seller.to_string(), reached.clone(), currency.code().to_owned()];
            table.write_record(named.into_iter().chain(sums))?;
        }
    }
    let bytes = table.into_inner().map_err(|error| error.into_error())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A text that people chose, such that no spreadsheet takes it for a formula.
fn inert(text: String) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if is_formula { format!("'{text}") } else { text }
}

/// Books that `seller` was paid `amount`: the entry, and whether it was not booked before.
///
/// A refund that is booked at the same time may leave the balance below nothing, as one that is
/// booked afterwards does.
///
/// # Errors
/// Where more would be paid than is payable, or where the reference is another payout's; and when
/// the store cannot serve.
pub async fn record(
    engine: &Arc<Engine>,
    seller: UserId,
    amount: Money,
    reference: &Reference,
) -> Result<(Entry, bool), Failure> {
    let balances = sales::balances(&**engine.store(), seller).await?;
    let balance = balances.get(amount.currency.code());
    let credited = balance.map_or(0, |balance| balance.payable + balance.paid_out);
    let reference = reference.to_string();
    engine.run(RecordPayout { seller, amount, reference, credited }, "payouts").await
}

#[cfg(test)]
mod tests {
    use super::*;
    use common::id::Id;
    use common::money::Currency;

    #[test]
    fn what_is_due_is_a_table_that_no_spreadsheet_runs() {
        let (ada, eve) = (UserId(Id::from_bytes([1; 12])), UserId(Id::from_bytes([2; 12])));
        let usd =
            Balance { earned: 4_100, fees: 133, payable: -33, ..Balance::nothing(Currency::USD) };
        let usd = Balance { paid_out: 4_000, ..usd };
        let yen: Currency = "jpy".parse().unwrap();
        let jpy = Balance { earned: 300, payable: 300, ..Balance::nothing(yen) };
        let sellers = BTreeMap::from([
            (ada, SellerBalances::from([("jpy", jpy), ("usd", usd)])),
            (eve, SellerBalances::from([("usd", usd)])),
        ]);
        let contact = |seller| (seller == eve).then(|| "=\"1\",2@example.com".to_owned());
        let table = table(&sellers, contact).unwrap();
        let wanted = format!(
            "seller,contact,currency,payable,earned,fees,refunded,paid_out,disputed\n\
             {ada},,jpy,300,300,0,0,0,0\n\
             {ada},,usd,-0.33,41,1.33,0,40,0\n\
             {eve},\"'=\"\"1\"\",2@example.com\",usd,-0.33,41,1.33,0,40,0\n"
        );
        assert_eq!(table, wanted);
    }
}
