//! `payouts`: what sellers are to be paid, and that they were.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use common::execute::chain;
use common::id::UserId;
use common::money::{Currency, Money};

use super::{Desk, print};
use crate::domain::Reference;
use crate::payouts;
use crate::queries::sales;

/// What can be done about payouts.
#[derive(Debug, Subcommand)]
pub enum Payouts<Place: Args> {
    /// Print what every seller is to be paid, as comma-separated values
    List(List<Place>),
    /// Book that a seller was paid. Under a reference that is booked already nothing is booked
    /// again
    Record(Record<Place>),
}

/// Of whom, and where.
#[derive(Debug, Args)]
pub struct List<Place: Args> {
    /// Where the documents are.
    #[command(flatten)]
    place: Place,
    /// How sellers are reached, where their accounts are not kept here: as `auth contacts` prints
    /// it; - is standard input
    #[arg(long, value_name = "FILE")]
    contacts: Option<PathBuf>,
}

/// A payout.
#[derive(Debug, Args)]
pub struct Record<Place: Args> {
    /// Where the documents are.
    #[command(flatten)]
    place: Place,
    /// The seller's id, as `list` shows it
    #[arg(long, value_name = "ID")]
    seller: UserId,
    /// How much, in major units, such as 12.50
    #[arg(long, value_name = "AMOUNT")]
    amount: String,
    /// In which currency, by its ISO 4217 code
    #[arg(long, value_name = "CODE")]
    currency: Currency,
    /// Your own name for the payout, such as that of the bank transfer. It names one payout for
    /// ever
    #[arg(long, value_name = "TEXT")]
    reference: Reference,
}

impl<Place: Args> Payouts<Place> {
    pub(super) fn place(&self) -> &Place {
        match self {
            Self::List(list) => &list.place,
            Self::Record(record) => &record.place,
        }
    }

    pub(super) async fn run(&self, desk: &Desk<'_>) -> Result<(), String> {
        match self {
            Self::List(list) => list.run(desk).await,
            Self::Record(record) => record.run(desk).await,
        }
    }
}

impl<Place: Args> List<Place> {
    async fn run(&self, desk: &Desk<'_>) -> Result<(), String> {
        let mut contacts = desk.contacts.clone();
        if let Some(file) = &self.contacts {
            contacts.extend(contacts_in(file)?);
        }
        let engine = desk.engine().await?;
        let sellers =
            sales::of_everybody(&**engine.store()).await.map_err(|error| chain(&error))?;
        let table = payouts::table(&sellers, |seller| contacts.get(&seller).cloned());
        print(&table.map_err(|error| chain(&error))?)
    }
}

impl<Place: Args> Record<Place> {
    async fn run(&self, desk: &Desk<'_>) -> Result<(), String> {
        let amount = Money::parse_price(&self.amount, self.currency);
        let amount = amount.map_err(|why| format!("--amount {}: {why}", self.amount))?;
        let (seller, reference) = (self.seller, &self.reference);
        let recorded = payouts::record(&desk.engine().await?, seller, amount, reference).await;
        let (entry, is_news) = recorded.map_err(|error| chain(&error))?;
        let word = if is_news { "booked" } else { "booked already" };
        let at = entry.at;
        print(&format!("{word}: {amount} to {seller}, reference {reference}, {at}\n"))
    }
}

fn contacts_in(path: &Path) -> Result<BTreeMap<UserId, String>, String> {
    let shown = path.display();
    let read = if path == Path::new("-") {
        contacts(std::io::stdin().lock())
    } else {
        File::open(path).map_err(|error| error.to_string()).and_then(contacts)
    };
    read.map_err(|why| format!("--contacts {shown}: {why}"))
}

/// Reads a table of two columns, who and how to reach them, under a line that names these.
fn contacts(table: impl Read) -> Result<BTreeMap<UserId, String>, String> {
    let mut read = BTreeMap::new();
    for line in csv::Reader::from_reader(table).into_deserialize() {
        let (id, contact): (String, String) = line.map_err(|error| chain(&error))?;
        let id = id.parse().map_err(|_| format!("{id:?} is not the id of an account"))?;
        read.insert(id, contact);
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use super::*;
    use common::id::Id;

    #[test]
    fn contacts_are_a_table_of_ids_and_addresses() {
        let ada = UserId(Id::from_bytes([1; 12]));
        let table = format!("id,contact\n{ada},\"ada, of course@example.com\"\n");
        let read = contacts(table.as_bytes()).unwrap();
        assert_eq!(read, BTreeMap::from([(ada, "ada, of course@example.com".to_owned())]));
        assert_eq!(contacts(&b""[..]), Ok(BTreeMap::new()));
        let strange = contacts(&b"id,contact\nada,ada@example.com\n"[..]).unwrap_err();
        assert!(strange.contains("\"ada\" is not the id"), "{strange}");
        let short = contacts(&b"id,contact\nada\n"[..]).unwrap_err();
        assert!(short.contains("line: 2"), "{short}");
    }
}
