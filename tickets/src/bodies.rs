//! What is sent to create and edit tickets, as the OpenAPI document describes it.
//!
//! Handlers read bodies field by field, so that all faults are told at once and a price is read
//! digit by digit. No value of these types is ever made: they are the description.

use std::borrow::Cow;

use common::time::TimeZone;
use serde::Deserialize;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{Object, ObjectBuilder, OneOfBuilder, Schema, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::domain::{MAX_DESCRIPTION, MAX_EVENT_TEXT, MAX_TITLE};

/// What is sent to put a ticket up. How exactly its price can be said depends on its currency.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum NewTicket {
    /// In a currency with decimals.
    Decimal(DecimalTicket),
    /// In a currency without.
    Whole(WholeTicket),
}

/// A ticket priced in a currency with decimals, such as dollars and cents.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(dead_code, reason = "describes a body")]
pub struct DecimalTicket {
    #[serde(flatten)]
    about: NewListing,
    #[schema(schema_with = decimal_price)]
    price: String,
    #[schema(schema_with = with_decimals)]
    currency: Option<String>,
}

/// A ticket priced in a currency without decimals, such as yen.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(dead_code, reason = "describes a body")]
pub struct WholeTicket {
    #[serde(flatten)]
    about: NewListing,
    #[schema(schema_with = whole_price)]
    price: String,
    #[schema(schema_with = without_decimals)]
    currency: String,
}

/// What is said of a new ticket.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes a body")]
pub struct NewListing {
    #[schema(schema_with = title)]
    title: String,
    #[schema(schema_with = description)]
    description: Option<String>,
    event: Option<NewEvent>,
    /// How many units there are; 1 where it is left out.
    #[schema(minimum = 1, maximum = 100_000, example = 1)]
    quantity: Option<u32>,
}

/// What is sent to change a ticket. What is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(
    dead_code,
    reason = "describes what http::edit reads field by field, to report all faults at once"
)]
pub struct TicketEdit {
    #[schema(schema_with = title)]
    title: String,
    #[schema(schema_with = decimal_price)]
    price: String,
    #[schema(schema_with = description)]
    description: Option<String>,
    /// What it admits to, as a whole. `null` removes it.
    event: Option<NewEvent>,
    /// How many units there are, of which those that are taken remain.
    #[schema(minimum = 1, maximum = 100_000, example = 1)]
    quantity: Option<u32>,
}

/// What a ticket is to admit to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(
    dead_code,
    reason = "describes what http reads field by field, to report all faults at once"
)]
pub struct NewEvent {
    #[schema(schema_with = event_name)]
    name: String,
    #[schema(schema_with = venue)]
    venue: Option<String>,
    /// When it starts.
    #[schema(format = DateTime, example = "2030-06-01T19:30:00.000Z")]
    starts_at: Option<String>,
    /// The time zone of the place, by its name in the IANA database.
    time_zone: Option<ZoneName>,
}

/// The name of a time zone, for the description of [`TimeZone`], which knows nothing of OpenAPI.
#[derive(Debug, Deserialize)]
pub struct ZoneName;

impl PartialSchema for ZoneName {
    fn schema() -> RefOr<Schema> {
        let names = ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("The name of a time zone in the IANA database."))
            .enum_values(Some(TimeZone::names()))
            .examples([serde_json::json!("Europe/London")]);
        names.build().into()
    }
}

impl ToSchema for ZoneName {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("TimeZone")
    }
}

/// The currencies with decimals, as the public API lists them.
const WITH_DECIMALS: [&str; 47] = [
    "usd", "eur", "gbp", "chf", "sek", "nok", "dkk", "pln", "czk", "huf", "ron", "bgn", "try",
    "uah", "cad", "aud", "nzd", "mxn", "brl", "ars", "cop", "pen", "uyu", "inr", "idr", "myr",
    "php", "sgd", "thb", "hkd", "twd", "cny", "ils", "aed", "sar", "qar", "egp", "mad", "zar",
    "ngn", "kes", "ghs", "bhd", "jod", "kwd", "omr", "tnd",
];

/// The currencies without.
const WITHOUT_DECIMALS: [&str; 9] = ["jpy", "krw", "clp", "isk", "vnd", "pyg", "ugx", "xof", "xaf"];

fn with_decimals() -> Object {
    // `null` is as good as leaving it out.
    let codes = WITH_DECIMALS.iter().map(|code| Some(*code)).chain([None]);
    currency(SchemaType::from_iter([Type::String, Type::Null])).enum_values(Some(codes)).build()
}

fn without_decimals() -> Object {
    currency(Type::String.into()).enum_values(Some(WITHOUT_DECIMALS)).build()
}

fn currency(kind: SchemaType) -> ObjectBuilder {
    let about = "The ISO 4217 code of the currency; `usd` where it is left out. It cannot be \
                 changed later.";
    ObjectBuilder::new().schema_type(kind).description(Some(about))
}

/// Any text without control characters other than tabs and ends of lines.
const PLAIN: &str = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$";

/// The same, with at least one character that can be seen.
const NOT_BLANK: &str = concat!(
    r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*",
    r"[^\s\x00-\x1f\x7f-\x9f]",
    r"[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$",
);

fn title() -> Object {
    let about = "What buyers see first: 1 to 200 characters, not blank.";
    required_text(about, MAX_TITLE, "Front row")
}

fn event_name() -> Object {
    required_text(
        "Its name: 1 to 200 characters, not blank.",
        MAX_EVENT_TEXT,
        "The Lighthouse Tour",
    )
}

fn venue() -> Object {
    optional_text("Where it takes place.", MAX_EVENT_TEXT, "Harbour Hall")
}

fn description() -> Object {
    let about = "More about it, as plain text: at most 5,000 characters. `null` stands for none.";
    optional_text(about, MAX_DESCRIPTION, "Two seats beside each other.")
}

fn required_text(about: &str, max_length: usize, example: &str) -> Object {
    text(about, max_length, example)
        .schema_type(Type::String)
        .min_length(Some(1))
        .pattern(Some(NOT_BLANK))
        .build()
}

fn optional_text(about: &str, max_length: usize, example: &str) -> Object {
    let or_null = SchemaType::from_iter([Type::String, Type::Null]);
    text(about, max_length, example).schema_type(or_null).pattern(Some(PLAIN)).build()
}

fn text(about: &str, max_length: usize, example: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .description(Some(about))
        .max_length(Some(max_length))
        .examples([serde_json::json!(example)])
}

/// A price above 0 with at most two decimals, as a number or a numeric string. Prices in a currency
/// with three may have one more.
fn decimal_price() -> Schema {
    let number = ObjectBuilder::new()
        .schema_type(Type::Number)
        .minimum(Some(0.01))
        .maximum(Some(1_000_000))
        .multiple_of(Some(0.01));
    price(number, r"^[1-9][0-9]{0,5}(\.[0-9]{1,2})?$")
}

/// A price without decimals.
fn whole_price() -> Schema {
    let number =
        ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)).maximum(Some(1_000_000));
    price(number, "^[1-9][0-9]{0,5}$")
}

fn price(number: ObjectBuilder, pattern: &str) -> Schema {
    let about = "The price of one unit in major units: above 0, at most 1,000,000, with at most \
                 the decimals of the currency. A number or a numeric string.";
    let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern));
    let either = OneOfBuilder::new()
        .description(Some(about))
        .item(number)
        .item(text)
        .examples([serde_json::json!(20)])
        .build();
    Schema::OneOf(either)
}

#[cfg(test)]
mod tests {
    use common::money::Currency;

    use super::*;

    #[test]
    fn currencies_are_listed_by_whether_they_have_decimals() {
        for code in WITH_DECIMALS {
            assert!(code.parse::<Currency>().unwrap().decimals() >= 2, "{code}");
        }
        for code in WITHOUT_DECIMALS {
            assert_eq!(code.parse::<Currency>().unwrap().decimals(), 0, "{code}");
        }
    }
}
