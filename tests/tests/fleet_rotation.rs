//! Passwords of a fleet are changed under load as docs/operating.md says: those of MongoDB by a
//! second user for each service, and nobody is refused; those of NATS at once, and some who pay are
//! told to come back. Servers ask for passwords here, as in a cluster, and each service is a user
//! of its own.

#![expect(clippy::expect_used, reason = "a test panics on purpose")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

use mongodb::bson::{Bson, Document, doc};
use rustix::process::Signal;
use tests::fleet::SERVICES;
use tests::journal::Entry;
use tests::load::{Market, Worker};
use tests::poll::rest;
use tests::replica_set::ReplicaSet;
use tests::{Deed, Outcome, Seed, Server, Setup};

const WORKERS: usize = 6;

/// How long everybody works before a change, and after it.
const LOAD: Duration = Duration::from_secs(2);

/// What the members of MongoDB know each other by.
const KEY: &str = "a1b2c3d4e5f6a1b2c3d4e5f6";

/// Where passwords are told.
struct Secrets {
    folder: PathBuf,
    prefix: String,
}

impl Secrets {
    fn below(setup: &Setup) -> Self {
        let secrets =
            Self { folder: setup.home().join("secrets"), prefix: setup.database_prefix() };
        fs::create_dir(&secrets.folder).expect("a folder for secrets");
        secrets.tell("members-key", KEY);
        secrets
    }

    /// What is started from now on takes this.
    fn tell(&self, name: &str, secret: &str) {
        let file = self.folder.join(name);
        fs::write(&file, secret).expect("a secret can be written");
        let mode = fs::Permissions::from_mode(0o600);
        fs::set_permissions(file, mode).expect("it is nobody else's");
    }

    /// Makes `user` one of `service`, as `initiate.js` does in a cluster, and tells the service.
    async fn make(&self, members: &ReplicaSet, service: &str, user: &str, password: &str) {
        let own = format!("{}{service}", self.prefix);
        let mut roles = vec![role(&own)];
        if service == "payments" {
            roles.push(role(&format!("{}sandbox", self.prefix)));
        }
        let command = doc! { "createUser": user, "pwd": password, "roles": roles };
        members.run(&own, command).await;
        self.tell(&format!("{service}-mongodb"), &format!("{user}:{password}"));
    }

    async fn remove(&self, members: &ReplicaSet, service: &str, user: &str) {
        members.run(&format!("{}{service}", self.prefix), doc! { "dropUser": user }).await;
    }
}

fn role(database: &str) -> Bson {
    let role: Document = doc! { "role": "readWrite", "db": database };
    role.into()
}

/// Replaces both replicas of a service, one after another.
async fn restart(server: &Server, service: &str) {
    for replica in [1, 2] {
        let name = format!("{service}-{replica}");
        let pid = server.signal(&name, Signal::TERM);
        server.replaced(&name, pid).await;
    }
}

/// A second user for each service; when both replicas are it, the first goes.
async fn change_mongodb(server: &Server, members: &ReplicaSet, secrets: &Secrets) {
    rest(LOAD).await;
    for service in SERVICES {
        secrets.make(members, service, &format!("{service}-2"), "p2mongodb").await;
        restart(server, service).await;
        secrets.remove(members, service, service).await;
    }
    rest(LOAD).await;
}

/// New passwords for all, NATS, and then the services.
async fn change_nats(server: &Server, secrets: &Secrets) {
    rest(LOAD).await;
    for service in SERVICES {
        secrets.tell(&format!("{service}-nats"), "p2nats");
    }
    let pid = server.signal("nats", Signal::TERM);
    server.runs_again("nats", pid).await;
    for service in SERVICES {
        restart(server, service).await;
    }
    rest(LOAD).await;
}

/// Who was told to come back, since line `from` of the journal; nobody may have been told worse.
fn come_back(what: &str, market: &Market, workers: &[Worker], from: usize) -> Vec<Entry> {
    for entry in market.journal.entries().into_iter().skip(from) {
        if let Outcome::Told { status, .. } = entry.outcome {
            assert!(status < 500, "{what}: failed: {entry:?}");
        }
    }
    let unknown = workers.iter().flat_map(|worker| &worker.unknown);
    let entries: Vec<_> = unknown.map(|index| market.journal.entry(*index)).collect();
    let requests = market.journal.len() - from;
    println!("{what}: {requests} requests, {} told to come back", entries.len());
    entries
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_are_changed_under_load() {
    let mut seed = Seed::of("passwords");
    let members = ReplicaSet::guarded(1, KEY).await;
    let setup = Setup::new().flag("--max-live-orders-per-buyer", "1000");
    let secrets = Secrets::below(&setup);
    for service in SERVICES {
        secrets.tell(&format!("{service}-mongodb"), &format!("{service}:p1mongodb"));
        secrets.tell(&format!("{service}-nats"), "p1nats");
    }
    let setup = setup.env("TICKETING_SECRETS", secrets.folder.to_string_lossy());
    let start = setup.env("TICKETING_MONGODB", members.url()).start();
    let users = async {
        members.initiate().await;
        for service in SERVICES {
            secrets.make(&members, service, service, "p1mongodb").await;
        }
    };
    let ((), server) = tokio::join!(users, start);
    let (market, mut workers) = Market::open(&server, WORKERS, &mut seed).await;

    let from = market.journal.len();
    let change = change_mongodb(&server, &members, &secrets);
    (workers, ()) = market.work_through(workers, change).await;
    let refused = come_back("MongoDB", &market, &workers, from);
    assert!(refused.is_empty(), "MongoDB: {refused:#?}");

    let from = market.journal.len();
    (workers, ()) = market.work_through(workers, change_nats(&server, &secrets)).await;
    for entry in come_back("NATS", &market, &workers, from) {
        // Their order hears of the money later.
        assert!(matches!(entry.deed, Deed::Pay { .. }), "NATS: {entry:?}");
    }

    market.journal.resolve_all(&market.people).await;
    market.converge().await;
    let totals = market.journal.audit(&market.people).await;
    println!("{totals:?}");
    totals.are_more_than(20);
}
