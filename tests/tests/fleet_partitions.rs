//! I1, I2, I7, I8, I9, I17 and I18 on a fleet between whose processes the wire is cut under load:
//! each service and MongoDB, each service and NATS, the proxy and a replica, the primary of MongoDB
//! and the majority. Packets vanish, in both directions or in one; nobody is told.

#![expect(clippy::expect_used, reason = "a test panics on purpose")]

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::json;
use tests::fleet::{BACK, SERVICES};
use tests::load::Market;
use tests::market::{GOOD_CARD, Person};
use tests::network::{Cut, HERE, Network};
use tests::poll::rest;
use tests::replica_set::ReplicaSet;
use tests::{Request, Seed, Server, Setup, text};

const WORKERS: usize = 8;
const MEMBERS: [&str; 3] = ["mongodb-1", "mongodb-2", "mongodb-3"];

/// MongoDB's own port, which is free in a namespace.
const MONGODB_PORT: u16 = 27_017;

/// How long the load runs before a cut, at most.
const BEFORE_MS: u64 = 700;

/// What a cut is left for to be noticed. Whoever comes later is served by those that are left.
const NOTICED: Duration = Duration::from_secs(4);

/// How long somebody who comes then may have to wait.
const SERVED: Duration = Duration::from_secs(30);

/// How often the primary is isolated, and another member.
const PRIMARIES: usize = 2;
const SECONDARIES: usize = 1;

/// Between whom the wire is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Pair {
    /// A replica of the service, and every member of MongoDB.
    Database(&'static str),
    /// A replica of the service, and NATS.
    Events(&'static str),
    /// The proxy, and a replica of the service.
    Proxy(&'static str),
    /// The primary, and the other members. Services reach all of them.
    Primary,
    /// Another member, and the others.
    Secondary,
}

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database(service) => write!(f, "{service} and MongoDB"),
            Self::Events(service) => write!(f, "{service} and NATS"),
            Self::Proxy(service) => write!(f, "the proxy and {service}"),
            Self::Primary => f.write_str("the primary and the other members"),
            Self::Secondary => f.write_str("a secondary and the other members"),
        }
    }
}

/// All pairs, each as often as it is cut, in an order drawn by the seed.
fn plan(seed: &mut Seed) -> Vec<Pair> {
    let mut pairs = [vec![Pair::Primary; PRIMARIES], vec![Pair::Secondary; SECONDARIES]].concat();
    for service in SERVICES {
        pairs.extend([Pair::Database(service), Pair::Events(service), Pair::Proxy(service)]);
    }
    seed.shuffle(&mut pairs);
    pairs
}

/// A fleet, each process of it in a namespace of its own. The network outlives the processes: it is
/// dropped last.
struct Fleet {
    server: Server,
    members: ReplicaSet,
    network: Network,
}

impl Fleet {
    async fn start() -> Self {
        let replicas = SERVICES.iter().flat_map(|name| [1, 2].map(|n| format!("{name}-{n}")));
        let names = MEMBERS.map(str::to_owned).into_iter().chain(["nats".to_owned()]);
        let names: Vec<String> = names.chain(replicas).collect();
        let setup = Setup::new().flag("--max-live-orders-per-buyer", "1000");
        let network = Network::lay(&names, setup.home());
        let addresses = MEMBERS.map(|name| SocketAddr::from((network.address(name), MONGODB_PORT)));
        let members = ReplicaSet::at(addresses.to_vec(), None).await;
        let setup = setup.env("TICKETING_MONGODB", members.url());
        let start = setup.env("TICKETING_NETWORK", network.list()).start();
        let ((), server) = tokio::join!(members.initiate(), start);
        Self { server, members, network }
    }

    /// Cuts, waits until somebody who comes anew is served all the same, or another primary is
    /// elected, and heals. Returns which node was cut off, and how.
    async fn partition(&self, pair: Pair, witness: &mut Witness, seed: &mut Seed) -> String {
        let number = 1 + seed.below(2);
        let cut = if seed.chance(50) { Cut::Both } else { Cut::FirstIsNotHeard };
        let (node, others, cut) = match pair {
            Pair::Database(service) => (format!("{service}-{number}"), MEMBERS.to_vec(), cut),
            Pair::Events(service) => (format!("{service}-{number}"), vec!["nats"], cut),
            Pair::Proxy(service) => (format!("{service}-{number}"), vec![HERE], cut),
            Pair::Primary | Pair::Secondary => {
                let primary = self.members.elected(|_| true).await;
                let is_meant = |name: &&str| (*name == primary) == (pair == Pair::Primary);
                let name = MEMBERS.into_iter().find(is_meant).expect("a member").to_owned();
                let others = MEMBERS.into_iter().filter(|other| *other != name).collect();
                (name, others, Cut::Both)
            }
        };
        for other in others {
            self.network.cut(&node, other, cut);
        }
        rest(NOTICED).await;
        match pair {
            Pair::Database(service) | Pair::Events(service) | Pair::Proxy(service) => {
                witness.comes_to(service, &self.server).await;
            }
            Pair::Primary => {
                self.members.elected(|name| name != node).await;
                witness.comes_to("tickets", &self.server).await;
            }
            Pair::Secondary => witness.comes_to("tickets", &self.server).await,
        }
        self.network.heal();
        if !matches!(pair, Pair::Primary | Pair::Secondary) {
            self.server.serves(&node).await;
        }
        self.server.ready(BACK).await;
        format!("{node}, {cut:?}")
    }
}

/// Somebody who wants something of one service while a replica of it is cut off.
struct Witness {
    person: Person,
    /// Something that orders has known for long.
    ticket: String,
    asked: u32,
}

impl Witness {
    async fn arrive(server: &Server) -> Self {
        let person = server.person("witness").await;
        let ticket = person.sell_units(100).await;
        person.order(&ticket).await;
        Self { person, ticket, asked: 0 }
    }

    async fn comes_to(&mut self, service: &str, server: &Server) {
        match service {
            "auth" => drop(server.person("late").await),
            "tickets" => {
                let ticket = json!({"title": "A seat", "price": 20, "quantity": 1});
                self.asks("/api/tickets", &ticket).await;
            }
            "orders" => drop(self.orders().await),
            _ => {
                let order = self.orders().await;
                self.person.pay_until_definite(&order, GOOD_CARD).await.is(201);
            }
        }
    }

    async fn orders(&mut self) -> String {
        let order = json!({"ticketId": self.ticket});
        self.asks("/api/orders", &order).await
    }

    /// Asks for something new until there is a definite answer; its id.
    async fn asks(&mut self, path: &str, body: &serde_json::Value) -> String {
        self.asked += 1;
        let request = Request::new("POST", path).json(body).key(&format!("witness-{}", self.asked));
        text(&self.person.client.insist(&request, SERVED).await.expect(201).json(), "id")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_wire_is_cut_nothing_is_lost_or_doubled() {
    let mut seed = Seed::of("whatever_wire_is_cut");
    let fleet = Fleet::start().await;
    let (market, mut workers) = Market::open(&fleet.server, WORKERS, &mut seed).await;
    let mut witness = Witness::arrive(&fleet.server).await;
    let mut ways = BTreeMap::<bool, usize>::new();
    for pair in plan(&mut seed) {
        let from = market.journal.len();
        let before = seed.below(BEFORE_MS);
        let happens = async {
            rest(Duration::from_millis(before)).await;
            fleet.partition(pair, &mut witness, &mut seed).await
        };
        let cut;
        (workers, cut) = market.work_through(workers, happens).await;
        println!("{pair} ({cut}): {} requests meanwhile", market.journal.len() - from);
        *ways.entry(cut.contains("Both")).or_default() += 1;
        let recent = from.max(market.journal.len().saturating_sub(20));
        market.journal.spot_check(recent, &market.people).await;
    }
    let resolved = market.journal.resolve_all(&market.people).await;
    market.converge().await;
    let totals = market.journal.audit(&market.people).await;
    println!("{resolved} outcomes made known in the end\n{totals:?}");
    println!("cut in both directions, or in one: {ways:?}");
    totals.are_more_than(20);
}
