//! What the lists find, in which order, page by page.

use common::time::Timestamp;
use tickets::commands::{ApplyOrder, Withdraw};
use tickets::domain::{Listing, Search, Show, Sort, scale_price, words};
use tickets::queries::tickets;

use crate::app::App;
use crate::scenes::{SELLER, STRANGER, listing, stock, usd};

fn titled(title: &str, minor: i64, starts_ms: Option<i64>) -> Listing {
    let event = starts_ms.map(|ms| Show {
        name: "Évening".into(),
        venue: Some("Royal Hall".into()),
        starts_at: Some(Timestamp::from_millis(ms)),
        time_zone: None,
    });
    Listing { title: title.into(), price: usd(minor), event, ..listing(1) }
}

async fn market() -> App {
    let app = App::new();
    for (title, minor, starts) in [
        ("Jazz night", 3_000, Some(500)),
        ("Rock night", 1_000, Some(300)),
        ("Jazz brunch", 2_000, None),
        ("Ballet", 2_000, Some(400)),
    ] {
        app.offer(titled(title, minor, starts)).await;
    }
    app
}

async fn titles(app: &App, search: Search) -> Vec<String> {
    let found = tickets(&app.engine, &search, None, 100).await.unwrap();
    found.into_iter().map(|(found, _)| found.ticket.listing.title).collect()
}

fn query(text: &str) -> Search {
    Search { words: words(text), ..Search::default() }
}

fn sorted(name: &str) -> Search {
    Search { sort: Sort::named(name).unwrap(), ..Search::default() }
}

#[tokio::test]
async fn newest_come_first_and_other_orders_are_kept() {
    let app = market().await;
    let newest = ["Ballet", "Jazz brunch", "Rock night", "Jazz night"];
    assert_eq!(titles(&app, Search::default()).await, newest);
    let oldest = ["Jazz night", "Rock night", "Jazz brunch", "Ballet"];
    assert_eq!(titles(&app, sorted("createdAt")).await, oldest);
    let cheapest = ["Rock night", "Jazz brunch", "Ballet", "Jazz night"];
    assert_eq!(titles(&app, sorted("price")).await, cheapest);
    // Those that do not say when their event starts are left out.
    let soonest = ["Rock night", "Ballet", "Jazz night"];
    assert_eq!(titles(&app, sorted("startsAt")).await, soonest);
}

#[tokio::test]
async fn every_word_must_match_and_the_last_may_be_unfinished() {
    let app = market().await;
    assert_eq!(titles(&app, query("JAZZ")).await, ["Jazz brunch", "Jazz night"]);
    assert_eq!(titles(&app, query("jazz ni")).await, ["Jazz night"]);
    assert_eq!(titles(&app, query("ja night")).await, [""; 0]);
    assert_eq!(titles(&app, query("evening hall ballet")).await, ["Ballet"]);
    assert_eq!(titles(&app, query("?!")).await.len(), 4);
}

#[tokio::test]
async fn prices_and_dates_narrow_the_list() {
    let app = market().await;
    let cost = |minor| Some(scale_price(usd(minor)));
    let between = Search { min_price: cost(2_000), max_price: cost(2_999), ..Search::default() };
    assert_eq!(titles(&app, between).await, ["Ballet", "Jazz brunch"]);
    let at = |ms| Some(Timestamp::from_millis(ms));
    let later = Search { from: at(400), ..Search::default() };
    assert_eq!(titles(&app, later).await, ["Ballet", "Jazz night"]);
    let window = Search { from: at(301), to: at(400), ..sorted("-price") };
    assert_eq!(titles(&app, window).await, ["Ballet"]);
}

#[tokio::test]
async fn what_is_sold_out_is_seen_by_its_seller_alone_and_what_is_withdrawn_by_nobody() {
    let app = market().await;
    let all = tickets(&app.engine, &Search::default(), None, 100).await.unwrap();
    let (ballet, brunch) = (all[0].0.ticket.id, all[1].0.ticket.id);
    let heard = ApplyOrder { ticket: ballet, stock: stock(1, 1), sale: None };
    app.engine.run(heard, "test").await.unwrap();
    let gone = Withdraw { id: brunch, seller: SELLER, seen: None };
    app.engine.run(gone, "test").await.unwrap();

    assert_eq!(titles(&app, Search::default()).await, ["Rock night", "Jazz night"]);
    assert_eq!(titles(&app, query("ballet")).await, [""; 0]);
    let seller = Search { seller: Some(SELLER), ..Search::default() };
    assert_eq!(titles(&app, seller.clone()).await, ["Rock night", "Jazz night"]);
    let own = Search { sold_out_too: true, ..seller };
    assert_eq!(titles(&app, own).await, ["Ballet", "Rock night", "Jazz night"]);
    let stranger = Search { seller: Some(STRANGER), ..Search::default() };
    assert_eq!(titles(&app, stranger).await, [""; 0]);
}

#[tokio::test]
async fn pages_of_any_size_together_are_the_list() {
    let app = market().await;
    for name in Sort::NAMES {
        let whole = titles(&app, sorted(name)).await;
        for limit in 1..=5 {
            let (mut seen, mut after) = (Vec::new(), None);
            loop {
                let found = tickets(&app.engine, &sorted(name), after, limit).await.unwrap();
                assert!(found.len() <= limit);
                let Some((_, last)) = found.last() else { break };
                after = Some(last.clone());
                seen.extend(found.into_iter().map(|(found, _)| found.ticket.listing.title));
            }
            assert_eq!(seen, whole, "{name} by {limit}");
        }
    }
}
