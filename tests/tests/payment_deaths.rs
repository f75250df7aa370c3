//! kill -9 between every two steps of a payment, on the real program and with a provider of its own
//! (I3–I7): before a call is carried out, before it is answered, when it has been, and after each
//! commit. Whatever was under way goes on from what was committed: the money is taken once, and in
//! the end there is a complete order or a full refund.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test panics on purpose")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use scripted::{Kind, Script};
use serde_json::{Value, json};
use tests::faults::DeadlySync;
use tests::market::Person;
use tests::poll::rest;
use tests::provider::{EDGES, Edge};
use tests::{Answer, Provider, Request, Seed, Server, Setup, text, until};
use tokio::task::JoinHandle;

/// How often each death comes.
const ROUNDS: u64 = 4;

/// By when a call comes that a story makes. What a killed process was at is left alone for as long
/// as a call may take.
const CALLED: Duration = Duration::from_secs(45);

/// How often a story is begun until it makes its call.
const TRIES: u32 = 3;

/// By when everything is settled once nobody is killed any more (I3).
const SETTLED: Duration = Duration::from_secs(60);

/// What an order costs, in minor units.
const PRICE: i64 = 2_000;

/// What a seller gives back of it, in minor units.
const PART: i64 = 300;

/// What happens to one order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Story {
    /// It is paid with a token.
    Paid,
    /// The token's card is declined.
    Declined,
    /// It is paid on the provider's page.
    PaidOnPage,
    /// The buyer goes to the provider's page, and cancels without having paid.
    Abandoned,
    /// The buyer pays there and cancels at once.
    PaidAndCancelled,
    /// It is paid, and its seller gives a part back.
    GivenBack,
}

/// Which calls are stopped: in which story, and how their method and path begin and end.
const CALLS: [(Story, (&str, &str)); 13] = [
    (Story::Paid, ("POST", "/payment_intents")),
    (Story::Paid, ("POST", "/confirm")),
    (Story::Declined, ("POST", "/payment_intents")),
    (Story::Declined, ("POST", "/confirm")),
    (Story::Declined, ("POST", "/cancel")),
    (Story::PaidOnPage, ("POST", "/checkout/sessions")),
    (Story::PaidOnPage, ("GET /v1/checkout/sessions/", "")),
    (Story::Abandoned, ("POST", "/expire")),
    (Story::PaidAndCancelled, ("POST", "/expire")),
    (Story::PaidAndCancelled, ("POST", "/refunds")),
    (Story::GivenBack, ("POST", "/confirm")),
    (Story::GivenBack, ("GET", "/refunds")),
    (Story::GivenBack, ("POST", "/refunds")),
];

/// A marketplace whose buyer and seller do not notice that it is killed.
struct Shop {
    provider: Provider,
    seller: Person,
    buyer: Person,
    ticket: String,
    requests: AtomicU64,
}

/// One order, when its story is told.
struct Told {
    story: Story,
    order: String,
}

impl Shop {
    async fn open(provider: &Provider, server: &Server) -> Arc<Self> {
        let (seller, buyer) = (server.person("seller").await, server.person("buyer").await);
        let ticket = seller.sell_units(10_000).await;
        let provider = provider.clone();
        Arc::new(Self { provider, seller, buyer, ticket, requests: AtomicU64::new(0) })
    }

    /// Sends until there is an answer that is one; each request has a key of its own.
    async fn insist(&self, who: &Person, method: &str, path: &str, body: Option<Value>) -> Answer {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        let request = Request::new(method, path).key(&format!("request {number}"));
        let request = match &body {
            Some(body) => request.json(body),
            None => request,
        };
        until("what was asked for is known here", CALLED, || async {
            let answer = who.client.insist(&request, SETTLED).await;
            (answer.status != 404).then_some(answer)
        })
        .await
    }

    fn begin(self: &Arc<Self>, story: Story) -> JoinHandle<Told> {
        let shop = Arc::clone(self);
        tokio::spawn(async move {
            let order = json!({"ticketId": shop.ticket});
            let placed = shop.insist(&shop.buyer, "POST", "/api/orders", Some(order)).await;
            let order = text(&placed.expect(201).json(), "id");
            shop.tell(story, &order).await;
            Told { story, order }
        })
    }

    /// Begins stories until one makes the call: it may be known that an order is paid before it can
    /// be cancelled.
    async fn until_called(
        self: &Arc<Self>,
        story: Story,
        call: (&'static str, &'static str),
        edge: Edge,
        stories: &mut Vec<JoinHandle<Told>>,
    ) {
        for _ in 0..TRIES {
            let happened = self.provider.stop_at(call, edge);
            stories.push(self.begin(story));
            if matches!(tokio::time::timeout(CALLED, happened).await, Ok(Ok(()))) {
                return;
            }
        }
        panic!("{story:?} never makes the call {call:?}");
    }

    async fn tell(&self, story: Story, order: &str) {
        match story {
            Story::Paid => self.pay(order, "tok_visa").await.is(201),
            Story::Declined => self.pay(order, "tok_chargeDeclined").await.is(400),
            Story::PaidOnPage => self.pay_on_page(order).await,
            Story::Abandoned => {
                self.check_out(order).await;
                self.cancel(order).await;
            }
            Story::PaidAndCancelled => {
                self.pay_on_page(order).await;
                self.cancel(order).await;
            }
            Story::GivenBack => {
                let payment = text(&self.pay(order, "tok_visa").await.expect(201).json(), "id");
                let path = format!("/api/payments/{payment}/refunds");
                let part = json!({"reason": "It rained", "amount": "3.00"});
                self.insist(&self.seller, "POST", &path, Some(part)).await.is(201);
            }
        }
    }

    async fn pay(&self, order: &str, token: &str) -> Answer {
        let body = json!({"orderId": order, "token": token});
        self.insist(&self.buyer, "POST", "/api/payments", Some(body)).await
    }

    async fn check_out(&self, order: &str) -> String {
        let body = json!({"orderId": order});
        let door = self.insist(&self.buyer, "POST", "/api/payments/checkouts", Some(body)).await;
        let url = text(&door.expect(201).json(), "url");
        url.rsplit('/').next().expect("the name of the visit").to_owned()
    }

    async fn pay_on_page(&self, order: &str) {
        let visit = self.check_out(order).await;
        assert!(self.provider.stripe.pay_on_page(&visit, "pm_card_visa"), "{visit} is open");
    }

    /// It may be paid already.
    async fn cancel(&self, order: &str) {
        let path = format!("/api/orders/{order}");
        let cancelled = self.insist(&self.buyer, "DELETE", &path, None).await;
        assert!(matches!(cancelled.status, 204 | 400), "{cancelled}");
    }

    /// Waits until the end of a story has come, and holds it against the provider's books.
    async fn judge(&self, told: &Told) {
        let Told { story, order } = told;
        let of_order = format!("/api/payments?orderId={order}");
        let part = if *story == Story::GivenBack { 3.0 } else { 0.0 };
        let payments = until(&format!("{order} ({story:?}) is settled"), SETTLED, || async {
            let payments = self.buyer.client.walk(&of_order).await;
            let status = self.status_of(order).await;
            let is_complete = status == "complete";
            let is_settled = |payment: &Value| match text(payment, "status").as_str() {
                "declined" | "refunded" => true,
                // What is of no complete order is on its way back, and so is the seller's part.
                "captured" => is_complete && payment["refunded"].as_f64() == Some(part),
                _ => false,
            };
            let is_over = !payments.is_empty() && payments.iter().all(is_settled);
            let has_ended = *story == Story::Declined || is_complete || status == "cancelled";
            (is_over && has_ended).then_some(payments)
        })
        .await;
        let status = self.status_of(order).await;
        let (captures, held) = self.provider.stripe.with_ledger(|ledger| {
            let of_it = ledger.lines().iter().filter(|line| line.order == *order);
            let taken = of_it.clone().filter(|line| line.kind == Kind::Captured).count();
            (taken, of_it.map(scripted::Line::signed).sum::<i64>())
        });
        assert!(captures <= 1, "I4: {order} ({story:?}) was paid {captures} times");
        let wanted = match (story, status.as_str()) {
            (Story::GivenBack, "complete") => PRICE - PART,
            (_, "complete") => PRICE,
            _ => 0,
        };
        assert_eq!(held, wanted, "I3, I5: {order} ({story:?}) is {status}: {payments:?}");
        let must_be_complete = matches!(story, Story::Paid | Story::PaidOnPage | Story::GivenBack);
        assert!(!must_be_complete || status == "complete", "{order} ({story:?}) is {status}");
        let takes_none = matches!(story, Story::Declined | Story::Abandoned);
        assert!(!takes_none || captures == 0, "{order} ({story:?}): nobody gave any money");
    }

    async fn status_of(&self, order: &str) -> String {
        let request = Request::new("GET", format!("/api/orders/{order}"));
        text(&self.buyer.client.insist(&request, SETTLED).await.expect(200).json(), "status")
    }

    /// Brings webhooks for as long as `is_on`.
    fn courier(self: &Arc<Self>, is_on: Arc<AtomicBool>) -> JoinHandle<()> {
        let shop = Arc::clone(self);
        tokio::spawn(async move {
            loop {
                if is_on.load(Ordering::Relaxed) {
                    shop.provider.bring_webhooks(&shop.buyer.client).await;
                } else {
                    // Those of the time in which there are none are lost.
                    drop(shop.provider.stripe.letters(0));
                }
                rest(Duration::from_millis(30)).await;
            }
        })
    }
}

fn setup() -> Setup {
    Setup::new().flag("--max-live-orders-per-buyer", "10000").flag("--platform-fee", "2.5%")
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_at_every_call_loses_no_money_and_takes_none_twice() {
    let mut seed = Seed::of("kill_9_at_every_call");
    let provider = Provider::start(Script::new(seed.draw(), 0)).await;
    let mut server = provider.under(setup()).start().await;
    let shop = Shop::open(&provider, &server).await;
    let is_on = Arc::new(AtomicBool::new(false));
    let courier = shop.courier(Arc::clone(&is_on));
    let mut deaths: Vec<(Story, (&str, &str), Edge, bool)> = Vec::new();
    for round in 0..ROUNDS {
        let with_webhooks = round % 2 == 1;
        let each = CALLS.iter().flat_map(|(story, call)| EDGES.map(|edge| (*story, *call, edge)));
        deaths.extend(each.map(|(story, call, edge)| (story, call, edge, with_webhooks)));
    }
    seed.shuffle(&mut deaths);
    let (mut stories, mut met) = (Vec::new(), BTreeMap::<_, u32>::new());
    for (story, call, edge, with_webhooks) in deaths {
        // A webhook tells of the money before it could be cancelled.
        is_on.store(with_webhooks && story != Story::PaidAndCancelled, Ordering::Relaxed);
        shop.until_called(story, call, edge, &mut stories).await;
        if edge == Edge::Answered {
            // Until the answer has arrived, or its record, or what follows from that.
            rest(Duration::from_micros(seed.below(12_000))).await;
        }
        server.kill_9().await;
        server.start().await;
        *met.entry((call.1, edge)).or_default() += 1;
    }
    provider.stop_none();
    println!("{} deaths: {met:?}", stories.len());
    finish(server, &shop, stories).await;
    courier.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_after_every_commit_loses_no_money_and_takes_none_twice() {
    let mut seed = Seed::of("kill_9_after_every_commit");
    let provider = Provider::start(Script::new(seed.draw(), 0)).await;
    let (deadly, setup) = DeadlySync::under(provider.under(setup()));
    let mut server = setup.start().await;
    let shop = Shop::open(&provider, &server).await;
    let is_on = Arc::new(AtomicBool::new(true));
    let courier = shop.courier(is_on);
    let (mut stories, mut deaths) = (Vec::new(), 0);
    for story in [Story::Paid, Story::Declined, Story::PaidAndCancelled, Story::GivenBack] {
        for nth in 1.. {
            deadly.kill_at(nth);
            let (begun, shop_of_it) = (shop.begin(story), Arc::clone(&shop));
            let told = tokio::spawn(async move {
                let told = begun.await.expect("a story");
                shop_of_it.judge(&told).await;
                told
            });
            let died = until("it is killed, or the story is over", CALLED, || {
                let died = server.has_ended();
                let is_over = told.is_finished();
                async move { (died || is_over).then_some(died) }
            })
            .await;
            deadly.spare();
            // What was counted is counted from the start of a process on.
            server.kill_9().await;
            server.start().await;
            stories.push(told);
            if !died {
                println!("{story:?}: {} deaths", nth - 1);
                break;
            }
            deaths += 1;
        }
    }
    assert!(deaths > 40, "a payment makes more commits than {deaths}");
    finish(server, &shop, stories).await;
    courier.abort();
}

/// Every story comes to its end, and all that is kept adds up.
async fn finish(mut server: Server, shop: &Arc<Shop>, stories: Vec<JoinHandle<Told>>) {
    for story in stories {
        let told = story.await.expect("a story");
        shop.judge(&told).await;
    }
    server.stop().await;
    server.check_clean().await;
    let mut report = "reporting_category,currency,gross,payment_intent_id\n".to_owned();
    shop.provider.stripe.with_ledger(|ledger| {
        for line in ledger.lines() {
            let category = if line.kind == Kind::Captured { "charge" } else { "refund" };
            let (sign, minor) = (if line.signed() < 0 { "-" } else { "" }, line.amount);
            let gross = format!("{sign}{}.{:02}", minor / 100, minor % 100);
            writeln!(report, "{category},{},{gross},{}", line.currency, line.name).unwrap();
        }
    });
    let file = server.setup().home().join("report.csv");
    std::fs::write(&file, report).unwrap();
    let data = server.setup().data_folder().to_string_lossy().into_owned();
    let against = file.to_string_lossy().into_owned();
    let asked = ["ledger", "check", "--data", &data, "--against", &against];
    let output = server.setup().run(&asked).await;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && said.contains("difference 0.00"), "I6: {said}");
    println!("{said}");
}
