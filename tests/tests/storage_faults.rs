//! I30: storage that fails closes the door: no success that is not kept, not ready, and full
//! recovery when it is back.

#![expect(clippy::expect_used, reason = "a test panics on purpose")]

use std::sync::Arc;
use std::time::Duration;

use tests::faults::{BrokenSync, SmallDisk};
use tests::market::{GOOD_CARD, Person};
use tests::{Deed, Journal, Outcome, Server, Setup, until};

/// By when the server has noticed.
const NOTICED: Duration = Duration::from_secs(20);
/// By when it serves again after the fault is over.
const RECOVERED: Duration = Duration::from_secs(30);

struct Market {
    server: Server,
    people: Vec<Person>,
    journal: Arc<Journal>,
    /// A ticket with units to spare, and orders to pay or cancel while storage fails.
    ticket: String,
    orders: Vec<String>,
}

async fn market(setup: Setup) -> Market {
    let server = setup.flag("--max-live-orders-per-buyer", "1000").start().await;
    let people = server.people("person", 2).await;
    let journal: Arc<Journal> = Arc::default();
    let deed = Deed::Sell { title: "Before".to_owned(), quantity: 500 };
    let (_, outcome) = journal.perform(0, &people[0], deed).await;
    let ticket = outcome.id().expect("a ticket");
    let mut market = Market { server, people, journal, ticket, orders: Vec::new() };
    until("the ticket is orderable", NOTICED, || async {
        let tried = market.journal.perform(1, &market.people[1], market.order()).await;
        tried.1.succeeded().then_some(())
    })
    .await;
    for _ in 0..20 {
        let deed = market.order();
        let (_, outcome) = market.journal.perform(1, &market.people[1], deed).await;
        market.orders.push(outcome.id().expect("an order"));
    }
    market
}

impl Market {
    fn order(&self) -> Deed {
        Deed::Order { ticket: self.ticket.clone(), quantity: 1 }
    }

    async fn ready(&self) -> u16 {
        self.people[0].client.get("/api/health/ready").await.status
    }

    /// One of each write.
    fn writes(&mut self, n: usize) -> Vec<(usize, Deed)> {
        let mut deeds =
            vec![(0, Deed::Sell { title: format!("During {n}"), quantity: 2 }), (1, self.order())];
        if let Some(order) = self.orders.pop() {
            deeds.push((1, Deed::Cancel { order }));
        }
        if let Some(order) = self.orders.pop() {
            deeds.push((1, Deed::Pay { order, token: GOOD_CARD.to_owned() }));
        }
        deeds
    }

    async fn try_writes(&mut self, n: usize) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        for (who, deed) in self.writes(n) {
            outcomes.push(self.journal.perform(who, &self.people[who], deed).await.1);
        }
        outcomes
    }

    /// The fault is over: ready again, every outcome becomes known, nothing acknowledged is lost,
    /// and it goes on so after a restart.
    async fn recovers(mut self) {
        self.server.ready(RECOVERED).await;
        let resolved = self.journal.resolve_all(&self.people).await;
        println!("{resolved} outcomes made known after the fault");
        let outcomes = self.try_writes(9999).await;
        assert!(outcomes.iter().all(Outcome::succeeded), "writes succeed again: {outcomes:?}");
        let told = self.journal.entries();
        println!("{:?}", self.journal.audit(&self.people).await);
        self.server.kill_9().await;
        self.server.start().await;
        assert_eq!(told.len(), self.journal.len());
        self.journal.audit(&self.people).await;
        self.server.stop().await;
        self.server.check_clean().await;
    }
}

/// Liveness is no question of storage: a supervisor must not restart what a restart cannot heal.
async fn lives(market: &Market) {
    market.people[0].client.get("/api/health/live").await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_closes_the_door_and_room_opens_it_again() {
    let (disk, setup) = SmallDisk::under(Setup::new(), 48);
    let mut market = market(setup).await;
    for round in 0..2 {
        disk.fill();
        // Room that the files have already may serve a few writes more; those are kept. Then the
        // door closes.
        let mut n = round * 1000;
        until("a write is refused", NOTICED, || {
            n += 1;
            let n = n;
            let deed =
                Deed::Sell { title: format!("Filling {n} {}", "x".repeat(150)), quantity: 1 };
            let (journal, person) = (market.journal.clone(), market.people[0].clone());
            async move { (!journal.perform(0, &person, deed).await.1.succeeded()).then_some(()) }
        })
        .await;
        until("not ready", NOTICED, || async { (market.ready().await == 503).then_some(()) }).await;
        lives(&market).await;
        let outcomes = market.try_writes(n).await;
        println!("with a full disk: {outcomes:?}");
        assert!(outcomes.contains(&Outcome::Unknown), "refused while the disk is full");
        disk.empty();
        market.server.ready(RECOVERED).await;
    }
    market.recovers().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_fsync_that_fails_means_no_success() {
    let (sync, setup) = BrokenSync::under(Setup::new());
    let mut market = market(setup).await;
    for round in 0..3 {
        sync.on();
        for n in 0..3 {
            for outcome in market.try_writes(round * 10 + n).await {
                assert!(!outcome.succeeded(), "I30: a success without an fsync: {outcome:?}");
            }
        }
        until("not ready", NOTICED, || async { (market.ready().await == 503).then_some(()) }).await;
        lives(&market).await;
        sync.off();
        market.server.ready(RECOVERED).await;
    }
    market.recovers().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_while_fsync_fails_loses_nothing_acknowledged() {
    let (sync, setup) = BrokenSync::under(Setup::new());
    let mut market = market(setup).await;
    sync.on();
    for outcome in market.try_writes(0).await {
        assert!(!outcome.succeeded(), "I30: a success without an fsync: {outcome:?}");
    }
    market.server.kill_9().await;
    sync.off();
    market.server.start().await;
    market.recovers().await;
}
