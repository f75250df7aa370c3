//! Letters: one to the buyer and one to the seller of each order that is complete, and no other,
//! however often the process is killed while people buy; and as files that a mail program opens.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use tests::load::Market;
use tests::market::{GOOD_CARD, Person};
use tests::poll::rest;
use tests::setup::fleet;
use tests::{Seed, Setup, text, until};

/// How often the process is killed.
const KILLS: u32 = 4;
/// How long people buy before it is.
const LOAD: Duration = Duration::from_millis(700);
/// How long all letters may take to be written: those that were under way when it was killed wait
/// until it is certain that nobody sends them.
const WRITTEN: Duration = Duration::from_secs(60);

/// A setup that leaves letters where a test can find them, and where.
fn with_folder() -> (Setup, PathBuf) {
    let setup = Setup::new().flag("--max-live-orders-per-buyer", "1000");
    match fleet() {
        // A service of a fleet sends none unless it is told where.
        Some(_) => {
            let folder = setup.home().join("letters");
            let named = folder.to_string_lossy().into_owned();
            (setup.env("TICKETING_MAIL_FOLDER", named), folder)
        }
        None => {
            let folder = setup.data_folder().join("mail");
            (setup, folder)
        }
    }
}

/// The letters in the folder: their names, and what they say.
fn letters(folder: &Path) -> BTreeMap<String, String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return BTreeMap::new() };
    let read = entries.flatten().filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        let said = std::fs::read_to_string(entry.path()).ok()?;
        Some((name.strip_suffix(".eml")?.to_owned(), said))
    });
    read.collect()
}

/// The orders of these people that are complete, and who made each.
async fn complete(people: &[Person]) -> BTreeMap<String, &Person> {
    let mut complete = BTreeMap::new();
    for person in people {
        let orders = person.client.walk("/api/orders?limit=100").await;
        let paid = orders.iter().filter(|order| order["status"] == "complete");
        complete.extend(paid.map(|order| (text(order, "id"), person)));
    }
    complete
}

#[tokio::test(flavor = "multi_thread")]
async fn each_complete_order_makes_its_letters_once_through_kill_9() {
    let mut seed = Seed::of("letters_through_kill_9");
    let (setup, folder) = with_folder();
    let mut server = setup.start().await;
    let (market, mut workers) = Market::open(&server, 6, &mut seed).await;
    for _ in 0..KILLS {
        market.running.store(true, Ordering::Relaxed);
        let tasks = workers.into_iter().map(|worker| tokio::spawn(worker.work(market.clone())));
        let tasks: Vec<_> = tasks.collect();
        rest(LOAD).await;
        market.running.store(false, Ordering::Relaxed);
        server.kill_9().await;
        server.start().await;
        workers = join_all(tasks).await.into_iter().map(|worker| worker.unwrap()).collect();
    }
    market.journal.resolve_all(&market.people).await;
    let complete = complete(&market.people).await;
    println!("{} orders are complete", complete.len());
    assert!(complete.len() > 10, "too few to show anything");
    let expected: BTreeSet<String> = complete
        .keys()
        .flat_map(|order| [format!("bought-{order}"), format!("sold-{order}")])
        .collect();
    until("all letters are written", WRITTEN, || async {
        (letters(&folder).len() >= expected.len()).then_some(())
    })
    .await;
    let letters = letters(&folder);
    assert_eq!(letters.keys().cloned().collect::<BTreeSet<_>>(), expected);
    for (order, person) in &complete {
        let letter = &letters[&format!("bought-{order}")];
        assert!(letter.contains(&format!("\r\nTo: {}\r\n", person.email)), "{letter}");
        assert_eq!(letter.matches(&format!("\nMessage-ID: <bought-{order}@")).count(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_leads_to_its_order_and_no_title_adds_to_it() {
    let (setup, folder) = with_folder();
    let server = setup.env("TICKETING_PUBLIC_URL", "http://tickets.example").start().await;
    let (seller, buyer) = (server.person("seller").await, server.person("buyer").await);
    let title = "Ω <script>alert(1)</script> \u{202e}x";
    let ticket = seller.sell(&json!({"title": title, "price": 12.5, "quantity": 3})).await;
    let order = buyer.try_order(&json!({"ticketId": ticket["id"], "quantity": 2})).await;
    let order = text(&order.expect(201).json(), "id");
    buyer.pay_until_definite(&order, GOOD_CARD).await.is(201);
    let letter = until("the letter is written", WRITTEN, || async {
        letters(&folder).remove(&format!("bought-{order}"))
    })
    .await;
    // Quoted-printable breaks lines with a sign of equality.
    let letter = letter.replace("=\r\n", "");
    println!("{letter}");
    assert!(letter.contains(&format!("http://tickets.example/orders/{order}")));
    assert!(letter.contains("25.00 USD") && letter.contains("Auto-Submitted: auto-generated"));
    let (_, html) = letter.split_once("text/html").unwrap();
    assert!(html.contains("&lt;script&gt;") && !html.contains("<script>"));
    assert!(!letter.contains("=E2=80=AE"), "nothing turns the text around it");
}

#[tokio::test(flavor = "multi_thread")]
async fn i28_no_address_is_logged_with_a_letter() {
    let (setup, folder) = with_folder();
    let mut server = setup.flag("--log-level", "debug").start().await;
    let (seller, buyer) = (server.person("seller").await, server.person("buyer").await);
    let ticket = seller.sell_units(1).await;
    let order = text(&buyer.order(&ticket).await, "id");
    buyer.pay_until_definite(&order, GOOD_CARD).await.is(201);
    until("the letters are written", WRITTEN, || async {
        (letters(&folder).len() == 2).then_some(())
    })
    .await;
    server.stop().await;
    let log = server.log();
    assert!(log.contains(&format!("bought-{order}")) || fleet().is_some(), "it says what is sent");
    assert!(!log.contains("@example.com"), "I28: {log}");
}
