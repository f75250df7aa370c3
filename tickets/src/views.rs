//! Tickets as the public API writes them, and the queries that find them.

use common::id::{OrderId, TicketId, UserId};
use common::money::{Currency, Major};
use common::time::{TimeZone, Timestamp};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::commands::Versioned;
use crate::domain::Show;

/// Something for sale.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Ticket)]
pub struct TicketView<'a> {
    /// Which ticket.
    #[schema(value_type = String, pattern = "^[0-9a-f]{24}$", example = "6afd4dc00102030405000001")]
    id: TicketId,
    /// What buyers see first.
    #[schema(example = "Front row")]
    title: &'a str,
    /// The price of one unit, in major units.
    #[schema(value_type = f64, example = 20.5)]
    price: Major,
    /// The seller.
    #[schema(value_type = String, pattern = "^[0-9a-f]{24}$", example = "6afd4dc00102030405000004")]
    user_id: UserId,
    /// Raised by every change; the entity tag is made from it.
    #[schema(example = 0)]
    version: u64,
    /// The order that has it, of a ticket of one unit that is reserved or sold.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        value_type = Option<String>, nullable = false, pattern = "^[0-9a-f]{24}$",
        example = "6afd4dc00102030405000003"
    )]
    order_id: Option<OrderId>,
    /// The ISO 4217 code of the currency, in lower case.
    #[schema(value_type = String, pattern = "^[a-z]{3}$", example = "usd")]
    currency: Currency,
    /// More about it, as plain text.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "Two seats beside each other, with a good view.")]
    description: Option<&'a str>,
    /// What it admits to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    event: Option<EventView<'a>>,
    /// How many units there are in all.
    #[schema(minimum = 1, maximum = 100_000, example = 1)]
    quantity: u32,
    /// How many of them can be had at the moment.
    #[schema(minimum = 0, maximum = 100_000, example = 1)]
    available: u32,
    /// How many of them have been bought; those that are neither are reserved for buyers who may
    /// still pay.
    #[schema(minimum = 0, example = 0)]
    sold: u32,
    /// When it was put up.
    #[schema(value_type = String, format = DateTime, example = "2030-01-01T12:00:00.000Z")]
    created_at: Timestamp,
}

/// What a ticket admits to.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TicketEvent)]
pub struct EventView<'a> {
    /// Its name.
    #[schema(example = "The Lighthouse Tour")]
    name: &'a str,
    /// Where it takes place.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "Harbour Hall")]
    venue: Option<&'a str>,
    /// When it starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        value_type = Option<String>, nullable = false, format = DateTime,
        example = "2030-06-01T19:30:00.000Z"
    )]
    starts_at: Option<Timestamp>,
    /// The time zone of the place, by its name in the IANA database.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "Europe/London")]
    time_zone: Option<&'a str>,
}

impl<'a> TicketView<'a> {
    /// A ticket as it goes out.
    pub fn of(found: &'a Versioned) -> Self {
        let (ticket, listing) = (&found.ticket, &found.ticket.listing);
        Self {
            id: ticket.id,
            title: &listing.title,
            price: Major(listing.price),
            user_id: ticket.seller,
            version: found.version,
            order_id: ticket.holder(),
            currency: listing.price.currency,
            description: listing.description.as_deref(),
            event: listing.event.as_ref().map(EventView::of),
            quantity: listing.quantity,
            available: ticket.available(),
            sold: ticket.sold,
            created_at: ticket.created_at,
        }
    }
}

impl<'a> EventView<'a> {
    fn of(show: &'a Show) -> Self {
        Self {
            name: &show.name,
            venue: show.venue.as_deref(),
            starts_at: show.starts_at,
            time_zone: show.time_zone.as_ref().map(TimeZone::as_str),
        }
    }
}

/// Which tickets are looked for.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(
    dead_code,
    reason = "describes what http::list reads field by field, to report all faults at once"
)]
pub struct TicketQuery {
    /// Words of the title, the description, the event or the venue, all of which must match, the
    /// last at least as the start of a word. Case and accents make no difference. The first 20
    /// words count.
    #[param(
        max_length = 200,
        pattern = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$",
        example = "jazz"
    )]
    q: Option<String>,
    /// Tickets that cost at least this, in major units of whatever currency.
    #[param(minimum = 0, maximum = 1_000_000, multiple_of = 0.001, example = 5)]
    min_price: Option<f64>,
    /// Tickets that cost at most this, in major units of whatever currency.
    #[param(minimum = 0, maximum = 1_000_000, multiple_of = 0.001, example = 100)]
    max_price: Option<f64>,
    /// Tickets to events that start then or later.
    #[param(format = DateTime, example = "2030-01-01T00:00:00.000Z")]
    from: Option<String>,
    /// Tickets to events that start then or earlier.
    #[param(format = DateTime, example = "2031-01-01T00:00:00.000Z")]
    to: Option<String>,
    /// In which order they come; `-createdAt`, newest first, where it is left out. By `startsAt`,
    /// those without are left out.
    #[param(inline)]
    sort: Option<SortName>,
    /// Tickets of this seller. Their own sold-out ones are shown to them too.
    #[param(pattern = "^[0-9a-f]{24}$")]
    seller: Option<String>,
    /// Most tickets to return: 1 to 100, 50 where it is left out.
    #[param(minimum = 1, maximum = 100, example = 50)]
    limit: Option<u32>,
    /// Where to go on, from the `Link` header of the page before.
    cursor: Option<String>,
}

/// The orders that tickets can come in.
#[derive(Debug, ToSchema)]
pub enum SortName {
    /// Newest first.
    #[schema(rename = "-createdAt")]
    Newest,
    /// Oldest first.
    #[schema(rename = "createdAt")]
    Oldest,
    /// Cheapest first.
    #[schema(rename = "price")]
    Cheapest,
    /// Dearest first.
    #[schema(rename = "-price")]
    Dearest,
    /// The event that starts first.
    #[schema(rename = "startsAt")]
    Soonest,
    /// The event that starts last.
    #[schema(rename = "-startsAt")]
    Latest,
}
