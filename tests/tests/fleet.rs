//! What only a fleet can show: replicas that come and go, and an event bus that is away.

#![expect(clippy::expect_used, reason = "a test panics on purpose")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};
use tests::client::Request;
use tests::market::{CROSSING, GOOD_CARD, Person};
use tests::{Server, Setup, text, until};

/// How long everything may take to notice that something is gone.
const NOTICED: Duration = Duration::from_secs(10);

/// People who keep buying, one after another, until they are told to stop; what failed meanwhile.
struct Load {
    stop: Arc<AtomicBool>,
    bought: Arc<AtomicUsize>,
    buyers: Vec<tokio::task::JoinHandle<Vec<String>>>,
}

impl Load {
    async fn begin(server: &Server, ticket: &str) -> Self {
        let (stop, bought) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let mut buyers = Vec::new();
        for buyer in server.people("buyer", 4).await {
            let (stop, bought) = (Arc::clone(&stop), Arc::clone(&bought));
            let ticket = ticket.to_owned();
            buyers.push(tokio::spawn(async move {
                let mut failed = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    failed.extend(buy(&buyer, &ticket).await);
                    bought.fetch_add(1, Ordering::Relaxed);
                }
                failed
            }));
        }
        Self { stop, bought, buyers }
    }

    async fn end(self) -> Vec<String> {
        self.stop.store(true, Ordering::Relaxed);
        let mut failed = Vec::new();
        for buyer in self.buyers {
            failed.extend(buyer.await.expect("a buyer does not panic"));
        }
        println!("{} purchases meanwhile", self.bought.load(Ordering::Relaxed));
        assert!(self.bought.load(Ordering::Relaxed) > 0, "nobody bought anything");
        failed
    }
}

/// Looks around, orders and pays; what did not succeed of it.
async fn buy(buyer: &Person, ticket: &str) -> Option<String> {
    let order = json!({"ticketId": ticket});
    let steps = [
        Request::new("GET", "/api/users/currentuser"),
        Request::new("GET", format!("/api/tickets/{ticket}")),
        Request::new("POST", "/api/orders").json(&order),
    ];
    let mut last = Value::Null;
    for request in &steps {
        match buyer.client.attempt(request).await {
            Ok(answer) if answer.succeeded() => last = answer.json(),
            Ok(answer) => return Some(format!("{}: {answer}", request.line())),
            Err(cause) => return Some(format!("{}: {cause}", request.line())),
        }
    }
    // A new order is given its moment to become payable, as everywhere.
    let answer = buyer.pay(&text(&last, "id"), GOOD_CARD).await;
    (!answer.succeeded()).then(|| format!("POST /api/payments: {answer}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rolling_restart_fails_no_request() {
    let setup = Setup::new().flag("--max-live-orders-per-buyer", "1000");
    let server = setup.start().await;
    let seller = server.person("seller").await;
    let ticket = seller.sell_units(1_000).await;
    // Orders has heard of the ticket, so that nobody is told otherwise.
    seller.order(&ticket).await;
    let load = Load::begin(&server, &ticket).await;
    for service in ["auth", "tickets", "orders", "payments"] {
        for replica in [1, 2] {
            let name = format!("{service}-{replica}");
            let pid = server.signal(&name, Signal::TERM);
            server.replaced(&name, pid).await;
        }
    }
    assert_eq!(load.end().await, [] as [String; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_succeed_while_nats_is_away_and_are_heard_of_when_it_is_back() {
    let server = Server::usual().await;
    let seller = server.person("seller").await;
    let buyer = server.person("buyer").await;
    server.signal("nats", Signal::STOP);
    let ready = |wanted: &'static str| {
        let client = server.client();
        async move {
            let request = Request::new("GET", "/api/health/ready");
            let answer = client.attempt(&request).await.ok()?;
            (answer.status == 200 && answer.json()["events"] == wanted).then_some(())
        }
    };
    until("the readiness route says that events wait", NOTICED, || ready("waiting")).await;
    let ticket = seller.sell_units(3).await;
    seller.see_ticket(&ticket).await;
    server.signal("nats", Signal::CONT);
    until("events flow again", NOTICED, || ready("ok")).await;
    let order = until("the ticket can be ordered", CROSSING, || async {
        let answer = buyer.try_order(&json!({"ticketId": ticket})).await;
        (answer.status == 201).then(|| answer.json())
    })
    .await;
    buyer.pay(&text(&order, "id"), GOOD_CARD).await.is(201);
}

/// Replicas count wrong passwords for one account together: what goes through is what one would let
/// through, and not as many times as much as there are of them.
#[tokio::test(flavor = "multi_thread")]
async fn guesses_at_an_account_are_counted_whichever_replica_is_asked() {
    const A_MINUTE: usize = 10;
    const REPLICAS: usize = 2;
    let server = Server::usual().await;
    let somebody = server.person("guessed").await;
    let guess = json!({"email": somebody.email, "password": "not this one"});
    let mut through = 0;
    for _ in 0..2 * REPLICAS * A_MINUTE {
        let answer = server.client().post("/api/users/signin", &guess).await;
        match answer.status {
            400 => through += 1,
            429 => {}
            _ => panic!("{answer}"),
        }
    }
    println!("{through} of {} guesses went through", 2 * REPLICAS * A_MINUTE);
    assert!((A_MINUTE..REPLICAS * A_MINUTE).contains(&through), "{through} guesses went through");
}
