//! What the demo sells: events that could be, at places that could be theirs.

use std::time::Duration;

use common::time::Timestamp;
use serde_json::{Value, json};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// Who sells, by the place in their e-mail addresses before the `@`.
pub const SELLERS: [&str; 3] = ["mara", "jonas", "aiko"];

/// An event that somebody sells tickets for.
#[derive(Debug)]
pub struct Show {
    /// Whose tickets, as a place in [`SELLERS`].
    pub seller: usize,
    name: &'static str,
    venue: &'static str,
    time_zone: &'static str,
    /// From the day on which the demo is run.
    in_days: u32,
    /// UTC.
    at_hour: u32,
    currency: &'static str,
    /// What is offered.
    pub offers: &'static [Offer],
}

/// A ticket.
#[derive(Debug)]
pub struct Offer {
    title: &'static str,
    price: &'static str,
    quantity: u32,
    description: &'static str,
}

impl Show {
    /// The body of the request that puts `offer` up.
    pub fn ticket(&self, offer: &Offer, now: Timestamp) -> Value {
        let day_ms = i64::try_from(DAY.as_millis()).unwrap_or(i64::MAX);
        let today = Timestamp::from_millis(now.as_millis().div_euclid(day_ms) * day_ms);
        let starts_at = today.plus(DAY * self.in_days).plus(HOUR * self.at_hour);
        json!({
            "title": offer.title,
            "price": offer.price,
            "currency": self.currency,
            "quantity": offer.quantity,
            "description": offer.description,
            "event": {
                "name": self.name,
                "venue": self.venue,
                "startsAt": starts_at,
                "timeZone": self.time_zone,
            },
        })
    }
}

const fn offer(
    title: &'static str,
    price: &'static str,
    quantity: u32,
    description: &'static str,
) -> Offer {
    Offer { title, price, quantity, description }
}

/// The programme, soonest first for each seller.
pub const PROGRAMME: &[Show] = &[
    Show {
        seller: 0,
        name: "Winterreise, sung by candlelight",
        venue: "Alte Schmiede, Vienna",
        time_zone: "Europe/Vienna",
        in_days: 9,
        at_hour: 18,
        currency: "eur",
        offers: &[
            offer("Winterreise, rows 1 to 4", "68.00", 32, "Close enough to hear the pages turn."),
            offer("Winterreise, gallery", "34.50", 60, "Unnumbered benches; first come, first."),
        ],
    },
    Show {
        seller: 0,
        name: "Night train: a play in one carriage",
        venue: "Depot 11, Berlin",
        time_zone: "Europe/Berlin",
        in_days: 16,
        at_hour: 19,
        currency: "eur",
        offers: &[
            offer(
                "Night train, compartment for two",
                "90.00",
                12,
                "Seats 41 and 42, by the window.",
            ),
            offer("Night train, corridor", "28.00", 40, "Standing, as on the real one."),
        ],
    },
    Show {
        seller: 0,
        name: "Fado at the harbour",
        venue: "Casa do Cais, Lisbon",
        time_zone: "Europe/Lisbon",
        in_days: 23,
        at_hour: 20,
        currency: "eur",
        offers: &[
            offer("Fado, table by the stage", "55.00", 8, "A chair at a table for four."),
            offer("Fado, at the bar", "18.00", 25, "The first glass is on the house."),
        ],
    },
    Show {
        seller: 0,
        name: "Cup final, women's handball",
        venue: "Rheinhalle, Cologne",
        time_zone: "Europe/Berlin",
        in_days: 41,
        at_hour: 14,
        currency: "eur",
        offers: &[
            offer("Handball final, block C", "42.00", 300, "Upper tier, behind the goal."),
            offer("Handball final, courtside", "120.00", 1, "One seat that a friend cannot use."),
        ],
    },
    Show {
        seller: 1,
        name: "The Lanterns: reunion tour",
        venue: "Canal Street Hall, Manchester",
        time_zone: "Europe/London",
        in_days: 12,
        at_hour: 19,
        currency: "gbp",
        offers: &[
            offer("The Lanterns, standing", "38.50", 500, "Doors at half past six."),
            offer("The Lanterns, balcony", "52.00", 120, "Numbered seats, rows A to F."),
            offer("The Lanterns, front row", "95.00", 1, "A single ticket. Cannot go, alas."),
        ],
    },
    Show {
        seller: 1,
        name: "Stand-up at the Fishmarket",
        venue: "Old Fishmarket, Edinburgh",
        time_zone: "Europe/London",
        in_days: 19,
        at_hour: 20,
        currency: "gbp",
        offers: &[offer("Stand-up, any seat", "14.00", 80, "Six comics, ten minutes each.")],
    },
    Show {
        seller: 1,
        name: "Botanical drawing, a Saturday class",
        venue: "Glasshouse Four, London",
        time_zone: "Europe/London",
        in_days: 26,
        at_hour: 10,
        currency: "gbp",
        offers: &[
            offer("Botanical drawing, with paper and ink", "65.00", 14, "Nothing to bring along."),
            offer("Botanical drawing, own materials", "45.00", 6, "Bring paper of 200 g or more."),
        ],
    },
    Show {
        seller: 1,
        name: "Half marathon along the Liffey",
        venue: "Phoenix Gate, Dublin",
        time_zone: "Europe/Dublin",
        in_days: 58,
        at_hour: 8,
        currency: "eur",
        offers: &[
            offer("Half marathon, start number", "49.00", 2_000, "T-shirt and timing included."),
            offer("Half marathon, relay of four", "140.00", 150, "One ticket for the whole relay."),
        ],
    },
    Show {
        seller: 2,
        name: "Small hours: jazz until the first train",
        venue: "Basement Blue, Tokyo",
        time_zone: "Asia/Tokyo",
        in_days: 7,
        at_hour: 14,
        currency: "jpy",
        offers: &[
            offer("Small hours, counter seat", "4800", 10, "One drink included."),
            offer("Small hours, standing", "2500", 35, "At the back, next to the records."),
        ],
    },
    Show {
        seller: 2,
        name: "Paper Moon, on 35 mm",
        venue: "Kino Arashiyama, Kyoto",
        time_zone: "Asia/Tokyo",
        in_days: 14,
        at_hour: 9,
        currency: "jpy",
        offers: &[offer(
            "Paper Moon, any seat",
            "1800",
            90,
            "With an introduction by the projectionist.",
        )],
    },
    Show {
        seller: 2,
        name: "Harbor Lights film festival",
        venue: "Pier 17 Cinema, New York",
        time_zone: "America/New_York",
        in_days: 33,
        at_hour: 23,
        currency: "usd",
        offers: &[
            offer(
                "Film festival, opening night",
                "75.00",
                180,
                "The film, and the party after it.",
            ),
            offer("Film festival, pass for five films", "110.00", 60, "Valid for all screenings."),
            offer("Film festival, late show", "16.50", 220, "Starts when the opening film ends."),
        ],
    },
    Show {
        seller: 2,
        name: "Makers' fair",
        venue: "Hangar 3, San Francisco",
        time_zone: "America/Los_Angeles",
        in_days: 47,
        at_hour: 17,
        currency: "usd",
        offers: &[
            offer("Makers' fair, day pass", "22.00", 1_500, "Children under twelve come free."),
            offer(
                "Makers' fair, a table of one's own",
                "180.00",
                24,
                "Two metres, power, two chairs.",
            ),
            offer("Makers' fair, soldering class", "35.00", 18, "Take home what you have built."),
        ],
    },
];

#[cfg(test)]
mod tests {
    use common::time::TimeZone;

    use super::*;

    #[test]
    fn the_programme_is_of_the_size_that_is_promised_and_yet_to_come() {
        let now = Timestamp::from_millis(1_795_000_000_123);
        let tickets: Vec<Value> = PROGRAMME
            .iter()
            .flat_map(|show| show.offers.iter().map(|offer| show.ticket(offer, now)))
            .collect();
        assert_eq!((PROGRAMME.len(), tickets.len()), (12, 25));
        assert!(PROGRAMME.iter().all(|show| show.seller < SELLERS.len()));
        for ticket in tickets {
            let starts: Timestamp = ticket["event"]["startsAt"].as_str().unwrap().parse().unwrap();
            assert!(starts > now.plus(DAY) && starts < now.plus(DAY * 60), "{ticket}");
            let zone: TimeZone = ticket["event"]["timeZone"].as_str().unwrap().parse().unwrap();
            assert_eq!(ticket["event"]["timeZone"], zone.as_str());
        }
    }
}
