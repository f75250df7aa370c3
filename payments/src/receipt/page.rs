//! What stands where on a receipt.

use std::num::NonZeroU16;

use common::money::Money;
use common::time::Timestamp;
use krilla::configure::{Accessibility, Configuration, ConfigurationBuilder};
use krilla::destination::XyzDestination;
use krilla::error::KrillaError;
use krilla::geom::Point;
use krilla::metadata::{DateTime, Metadata};
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::tagging::{Node, TableHeaderScope, Tag, TagGroup, TagKind, TagTree};
use krilla::{Document, SerializeSettings};

use super::Facts;
use super::fonts::Weight;
use super::pen::{Colour, Drawn, Pen, Place, Side, Style};

/// A4, in points.
const PAGE: (f32, f32) = (595.0, 842.0);
const LEFT: f32 = 64.0;
const WIDTH: f32 = PAGE.0 - 2.0 * LEFT;

const INK: Colour = (0x2b, 0x12, 0x20);
const SOFT: Colour = (0x68, 0x48, 0x58);
const ACCENT: Colour = (0xa3, 0x12, 0x3c);
const LINE: Colour = (0xdc, 0xc9, 0xd0);

const TITLE: Style = Style { size: 30.0, weight: Weight::Bold, colour: INK };
const NUMBER: Style = Style { size: 12.0, weight: Weight::Bold, colour: ACCENT };
const NAME: Style = Style { size: 12.0, weight: Weight::Bold, colour: INK };
const BODY: Style = Style { size: 10.0, weight: Weight::Regular, colour: INK };
const LABEL: Style = Style { size: 10.0, weight: Weight::Regular, colour: SOFT };
const SMALL: Style = Style { size: 8.5, weight: Weight::Regular, colour: SOFT };
const SUM: Style = Style { size: 14.0, weight: Weight::Bold, colour: INK };

/// The columns of what was bought: left edge, width, side.
const WHAT: (f32, f32, Side) = (LEFT, 210.0, Side::Left);
const HOW_MANY: (f32, f32, Side) = (LEFT + 222.0, 48.0, Side::Right);
const EACH: (f32, f32, Side) = (LEFT + 276.0, 90.0, Side::Right);
const AMOUNT: (f32, f32, Side) = (LEFT + 372.0, WIDTH - 372.0, Side::Right);

/// The document could not be made: a defect, here or in the library.
#[derive(Debug, thiserror::Error)]
#[error("a receipt could not be drawn: {0}")]
pub struct Undrawable(String);

/// The receipt as PDF.
///
/// # Errors
/// When it cannot be drawn.
pub fn pdf(facts: &Facts) -> Result<Vec<u8>, Undrawable> {
    let accessible = ConfigurationBuilder::new().with_accessibility_validator(Accessibility::UA1);
    let accessible = accessible.finish().map_err(|error| Undrawable(format!("{error:?}")))?;
    match draw(facts, accessible) {
        Ok(pdf) => Ok(pdf),
        // A title may hold what the standard forbids, such as characters that mean nothing. It is
        // shown all the same, in a document that claims less.
        Err(error) => {
            tracing::debug!(?error, receipt = %facts.number, "a receipt is not PDF/UA-1");
            let plain = Configuration::default();
            draw(facts, plain).map_err(|error| Undrawable(format!("{error:?}")))
        }
    }
}

fn draw(facts: &Facts, configuration: Configuration) -> Result<Vec<u8>, KrillaError> {
    let settings = SerializeSettings { configuration, ..SerializeSettings::default() };
    let mut document = Document::new_with(settings);
    let mut tree = TagTree::new().with_lang(Some("en".to_owned()));
    if let Some(size) = PageSettings::from_wh(PAGE.0, PAGE.1) {
        let mut page = document.start_page_with(size);
        let mut surface = page.surface();
        let mut pen = Pen::new(&mut surface);
        for group in sheet(facts, &mut pen) {
            tree.push(group);
        }
        surface.finish();
        page.finish();
    }
    let title = format!("Receipt {}", facts.number);
    let mut outline = Outline::new();
    let top = XyzDestination::new(0, Point::from_xy(0.0, 0.0));
    outline.push_child(OutlineNode::new(title.clone(), top));
    document.set_outline(outline);
    document.set_tag_tree(tree);
    document.set_metadata(
        Metadata::new()
            .title(title)
            .language("en".to_owned())
            .authors(facts.issuer.lines().iter().take(1).cloned().collect())
            .creator("Ticketing".to_owned())
            .document_id(facts.payment.to_string())
            .creation_date(date_time(facts.issued_at)),
    );
    document.finish()
}

/// Everything on the page, in reading order.
fn sheet(facts: &Facts, pen: &mut Pen<'_, '_>) -> Vec<TagGroup> {
    pen.bar(ACCENT, 0.0, 0.0, PAGE.0, 6.0);
    let mut read = Vec::new();
    let mut y = 72.0;
    for (place, line) in facts.issuer.lines().iter().enumerate() {
        let style = if place == 0 { NAME } else { SMALL };
        let drawn = pen.text(line, style, row((LEFT, WIDTH, Side::Left), y));
        y = drawn.next_y;
        read.push(group(Tag::P, drawn));
    }
    y += 48.0;
    let drawn = pen.text("Receipt", TITLE, row((LEFT, WIDTH, Side::Left), y));
    let heading = Tag::Hn(NonZeroU16::MIN, Some(format!("Receipt {}", facts.number)));
    read.push(group(heading, drawn));
    let number = format!("No. {}", facts.number);
    let drawn = pen.text(&number, NUMBER, row((LEFT, WIDTH, Side::Left), y + 22.0));
    y = drawn.next_y + 18.0;
    read.push(group(Tag::P, drawn));
    let (about, next) = about(facts, pen, y);
    read.push(about);
    let (bought, next) = bought(facts, pen, next + 26.0);
    read.push(bought);
    if pen.has_missing {
        let note = "\u{fffd} stands for a character that the typefaces of this document lack. \
                    The order's page shows it, and copying the text from here keeps it.";
        let drawn = pen.text(note, SMALL, row((LEFT, WIDTH, Side::Left), next + 24.0));
        read.push(group(Tag::P, drawn));
    }
    let end = "All amounts are what was charged for the order, in full. Times are in UTC.";
    let drawn = pen.text(end, SMALL, row((LEFT, WIDTH, Side::Left), PAGE.1 - 64.0));
    read.push(group(Tag::P, drawn));
    read
}

/// When, by whom, for what: a table of names and values.
fn about(facts: &Facts, pen: &mut Pen<'_, '_>, mut y: f32) -> (TagGroup, f32) {
    let mut table = TagGroup::new(Tag::Table);
    for (label, value) in [
        ("Issued", day(facts.issued_at)),
        ("Paid", moment(facts.paid_at)),
        ("Paid by", facts.buyer.clone()),
        ("Order", facts.order.to_string()),
        ("Payment", facts.payment.to_string()),
    ] {
        let label = pen.text(label, LABEL, row((LEFT, 80.0, Side::Left), y));
        let value = pen.text(&value, BODY, row((LEFT + 88.0, WIDTH - 88.0, Side::Left), y));
        y = value.next_y + 3.0;
        let cells = [group(Tag::TH(TableHeaderScope::Row), label), group(Tag::TD, value)];
        table.push(table_row(cells));
    }
    (table, y)
}

/// What was bought, what it cost, and what has gone back.
fn bought(facts: &Facts, pen: &mut Pen<'_, '_>, y: f32) -> (TagGroup, f32) {
    let mut table = TagGroup::new(Tag::Table);
    let heads = [("Ticket", WHAT), ("Quantity", HOW_MANY), ("Price", EACH), ("Amount", AMOUNT)];
    let cells: Vec<TagGroup> = heads
        .into_iter()
        .map(|(text, column)| {
            let drawn = pen.text(text, SMALL, row(column, y));
            group(Tag::TH(TableHeaderScope::Column), drawn)
        })
        .collect();
    table.push(table_row(cells));
    pen.bar(LINE, LEFT, y + 8.0, WIDTH, 0.75);
    let y = y + 26.0;
    let (title, quantity, price) = match &facts.item {
        Some(item) => (item.title.as_str(), item.quantity.to_string(), item.price.in_full()),
        None => ("Tickets of the order", String::new(), String::new()),
    };
    let total = facts.total.in_full();
    let texts = [(title, WHAT), (&quantity, HOW_MANY), (&price, EACH), (&total, AMOUNT)];
    let mut next = y;
    let cells: Vec<TagGroup> = texts
        .into_iter()
        .map(|(text, column)| {
            let drawn = pen.text(text, BODY, row(column, y));
            next = next.max(drawn.next_y);
            group(Tag::TD, drawn)
        })
        .collect();
    table.push(table_row(cells));
    for (label, sum) in sums(facts) {
        pen.dots(LINE, LEFT, next, WIDTH);
        let y = next + 24.0;
        let label = pen.text(label, SUM, row((LEFT, 190.0, Side::Left), y));
        let sum = pen.text(&sum, SUM, row((LEFT + 200.0, WIDTH - 200.0, Side::Right), y));
        next = sum.next_y - 4.0;
        let label = group(Tag::TH(TableHeaderScope::Row), label);
        table.push(table_row([label, group(Tag::TD, sum)]));
    }
    (table, next)
}

fn sums(facts: &Facts) -> Vec<(&'static str, String)> {
    let mut sums = vec![("Paid", facts.total.in_full())];
    if facts.refunded.minor != 0 {
        let back = Money { minor: -facts.refunded.minor, ..facts.refunded };
        let left = facts.total.minor.saturating_sub(facts.refunded.minor);
        sums.push(("Refunded", back.in_full()));
        sums.push(("Total", Money { minor: left, ..facts.total }.in_full()));
    }
    sums
}

fn row((x, width, side): (f32, f32, Side), y: f32) -> Place {
    Place { x, y, width, side }
}

fn group(tag: impl Into<TagKind>, drawn: Drawn) -> TagGroup {
    TagGroup::with_children(tag, drawn.nodes)
}

fn table_row(cells: impl IntoIterator<Item = TagGroup>) -> TagGroup {
    TagGroup::with_children(Tag::TR, cells.into_iter().map(Node::from).collect())
}

fn instant(at: Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or_default()
}

fn day(at: Timestamp) -> String {
    instant(at).strftime("%-d %B %Y").to_string()
}

fn moment(at: Timestamp) -> String {
    instant(at).strftime("%-d %B %Y, %H:%M").to_string()
}

fn date_time(at: Timestamp) -> DateTime {
    let civil = jiff::tz::Offset::UTC.to_datetime(instant(at));
    let small = |part: i8| u8::try_from(part).unwrap_or(0);
    DateTime::new(u16::try_from(civil.year()).unwrap_or(0))
        .month(small(civil.month()))
        .day(small(civil.day()))
        .hour(small(civil.hour()))
        .minute(small(civil.minute()))
        .second(small(civil.second()))
        .utc_offset_hour(0)
        .utc_offset_minute(0)
}

#[cfg(test)]
mod tests {
    use common::money::Currency;

    use super::*;

    #[test]
    fn an_amount_has_all_decimals_of_its_currency() {
        let of = |minor, code: &str| {
            let currency: Currency = code.parse().unwrap();
            Money { minor, currency }.in_full()
        };
        assert_eq!(of(4_100, "usd"), "41.00 USD");
        assert_eq!(of(5, "eur"), "0.05 EUR");
        assert_eq!(of(-123_456_789, "usd"), "-1,234,567.89 USD");
        assert_eq!(of(1_000, "jpy"), "1,000 JPY");
        assert_eq!(of(1_001, "kwd"), "1.001 KWD");
    }
}
