//! Receipts: their numbers, and what the document says.

#![expect(clippy::unwrap_used, reason = "a test panics on purpose")]

mod kit;

use std::collections::BTreeSet;

use common::events::OrderStatus;
use common::id::{Id, OrderId, PaymentId};
use common::money::{Currency, Money};
use common::time::Timestamp;
use common::worker::Reconciler as _;
use lopdf::{Document, Object};
use payments::commands::NumberReceipts;
use payments::domain::{Item, ReceiptNumber};
use payments::queries;
use payments::receipt::{Facts, pdf};
use payments::receipts::{self, NumberThem};
use proptest::prelude::*;

use kit::World;

/// A receipt is never larger, whatever its title: it is mailed, and kept in memory.
const MOST_BYTES: usize = 300_000;

fn facts(title: &str) -> Facts {
    let price = Money { minor: 123_450, currency: Currency::USD };
    Facts {
        number: ReceiptNumber { year: 2026, serial: 123 },
        issued_at: Timestamp::from_millis(1_795_000_000_000),
        issuer: "Rotes Haus; Gasse 1; 1010 Wien".parse().unwrap(),
        buyer: "ada@example.com".to_owned(),
        order: OrderId(Id::from_bytes([2; 12])),
        payment: PaymentId(Id::from_bytes([1; 12])),
        item: Some(Item { ticket: None, title: title.to_owned(), quantity: 2, price }),
        total: price.times(2).unwrap(),
        paid_at: Timestamp::from_millis(1_795_000_000_000),
        refunded: Money { minor: 0, currency: Currency::USD },
    }
}

/// The document's text as a reader copies it.
fn text_of(pdf: &[u8]) -> String {
    let document = Document::load_mem(pdf).unwrap();
    assert_eq!(document.get_pages().len(), 1, "it is one page");
    document.extract_text(&[1]).unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What the document says that its lines read, where that need not be what is drawn.
fn told(pdf: &[u8]) -> String {
    let document = Document::load_mem(pdf).unwrap();
    let page = document.get_pages()[&1];
    let content = document.get_and_decode_page_content(page).unwrap();
    let mut told = String::new();
    for operation in content.operations {
        let properties = operation.operands.iter().filter_map(|operand| operand.as_dict().ok());
        for actual in properties.filter_map(|found| found.get(b"ActualText").ok()) {
            told += &lopdf::decode_text_string(actual).unwrap();
            told += "\n";
        }
    }
    told
}

#[test]
fn the_document_says_what_a_receipt_must() {
    let document = pdf(&facts("Front row, centre")).unwrap();
    let text = text_of(&document);
    for part in [
        "Rotes Haus",
        "1010 Wien",
        "No. 2026-000123",
        "18 November 2026",
        "ada@example.com",
        "020202020202020202020202",
        "010101010101010101010101",
        "Front row, centre",
        "1,234.50 USD",
        "2,469.00 USD",
    ] {
        assert!(text.contains(part), "{part:?} is missing in {text:?}");
    }
    assert!(!text.contains("Refunded"), "{text}");
    assert_eq!(pdf(&facts("Front row, centre")).unwrap(), document, "the same bytes again");
}

#[test]
fn what_has_gone_back_is_told() {
    let mut facts = facts("A seat");
    facts.refunded.minor = 46_900;
    let text = text_of(&pdf(&facts).unwrap());
    for part in ["Refunded", "-469.00 USD", "Total", "2,000.00 USD"] {
        assert!(text.contains(part), "{part:?} is missing in {text:?}");
    }
}

#[test]
fn it_can_be_read_out() {
    let document = Document::load_mem(&pdf(&facts("A seat")).unwrap()).unwrap();
    let catalog = document.catalog().unwrap();
    assert!(catalog.has(b"StructTreeRoot") && catalog.has(b"MarkInfo"));
    assert_eq!(catalog.get(b"Lang").and_then(Object::as_str).unwrap(), b"en");
    let metadata = document.dereference(catalog.get(b"Metadata").unwrap()).unwrap().1;
    let metadata = metadata.as_stream().unwrap().get_plain_content().unwrap();
    assert!(String::from_utf8_lossy(&metadata).contains("pdfuaid"), "it claims PDF/UA");
}

#[test]
fn titles_of_any_script_are_kept_as_they_were_written() {
    for title in [
        "Größte Show in Łódź – Việt Nam",
        "Лебединое озеро",
        "הופעה חיה בתל אביב (2026)",
        "أم كلثوم: ليلة في القاهرة 2026",
        "संगीत संध्या",
        "東京ドーム　コンサート 2026",
        "서울 콘서트",
        "🎸 Rock 👩‍👩‍👧‍👦 night ❤️",
        "cuneiform \u{12000}\u{12001}, private \u{e000}",
        "e\u{301}\u{301}\u{301}\u{301} \u{202e}gnp.exe\u{202c} \u{200d}",
    ] {
        let document = pdf(&facts(title)).unwrap();
        let told = told(&document).replace('\n', " ");
        assert!(told.contains(title), "{title:?} is not told: {told:?}");
        assert!(document.len() <= MOST_BYTES, "{} bytes: {title}", document.len());
    }
}

#[test]
fn what_no_typeface_has_is_shown_as_missing_and_said_to_be() {
    let text = text_of(&pdf(&facts("cuneiform \u{12000}")).unwrap());
    assert!(text.contains("typefaces of this document lack"), "{text}");
    let text = text_of(&pdf(&facts("東京 🎸")).unwrap());
    assert!(!text.contains("typefaces of this document lack"), "{text}");
}

#[test]
fn the_longest_titles_stay_on_the_page() {
    for wide in ["W", "東", "👩‍👩‍👧‍👦", "m i ", "ﷺ", "\u{12000}"] {
        let title: String = wide.chars().cycle().take(200).collect();
        let mut facts = facts(&title);
        facts.buyer = format!("{}@example.com", "w".repeat(64));
        let document = pdf(&facts).unwrap();
        assert!(document.len() <= MOST_BYTES, "{} bytes: {wide}", document.len());
        text_of(&document);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_title_makes_it_fail(title in "\\PC{0,200}", odd in any::<String>()) {
        for title in [title, odd.chars().take(200).collect()] {
            let document = pdf(&facts(&title)).unwrap();
            prop_assert!(document.len() <= MOST_BYTES);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_receipt_comes_with_completion_and_with_nothing_else() {
    let world = World::new();
    let (kept, lost) = (world.place().await, world.place().await);
    let paid = world.pay(kept.id, "tok_visa").await.unwrap();
    world.orders_hear(false);
    world.pay(lost.id, "tok_visa").await.unwrap_err();
    world.change(lost.id, OrderStatus::Cancelled).await;
    world.come_to_rest().await;
    assert!(queries::receipt(&world.engine, paid).await.unwrap().is_some());
    let refunded = world.payments_of(lost.id).await.remove(0);
    assert_eq!(receipts::issued(&world.engine, &refunded).await.unwrap(), None);
    assert_eq!(queries::receipt(&world.engine, refunded.id).await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn numbers_are_consecutive_each_given_once_whoever_numbers() {
    let world = World::new();
    let mut paid = Vec::new();
    for _ in 0..20 {
        let order = world.place().await;
        paid.push((order.id, world.pay(order.id, "tok_visa").await.unwrap()));
    }
    // Two replicas and those who ask, all at once, twice.
    let replica = World::restarted(&world);
    for _ in 0..2 {
        let year = 2027;
        let all: Vec<PaymentId> = paid.iter().map(|(_, payment)| *payment).collect();
        let (mine, theirs) =
            (NumberThem::new(world.engine.clone()), NumberThem::new(replica.engine.clone()));
        let number = NumberReceipts { receipts: all, year };
        let (a, b, c, d) = tokio::join!(
            mine.step(),
            theirs.step(),
            world.engine.run(number.clone(), "t"),
            replica.engine.run(number, "t"),
        );
        a.unwrap();
        b.unwrap();
        c.unwrap();
        d.unwrap();
    }
    let mut numbers = BTreeSet::new();
    for (order, payment) in &paid {
        let known = world.payments_of(*order).await.remove(0);
        assert_eq!(known.id, *payment);
        let (payable, issued) = receipts::issued(&world.engine, &known).await.unwrap().unwrap();
        assert_eq!(payable.item.unwrap().title, "A seat");
        assert!(numbers.insert(issued.number), "given twice: {}", issued.number);
    }
    let wanted = (1..=20).map(|serial| ReceiptNumber { year: 2027, serial });
    assert!(numbers.into_iter().eq(wanted), "I31: without gaps");
    world.come_to_rest().await;
}
