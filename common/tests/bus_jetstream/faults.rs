//! What holds when the server is killed, loses its store, or refuses.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use common::bus::contract::{ids, message, messages, receive, tokens};
use common::bus::jetstream::{JetStreamBus, OpenError, Options};
use common::bus::{Bus, BusDown, Message};
use common::id::SystemEntropy;
use futures_util::future::{join, join_all};

use crate::rig::{self, Server, in_time, until};

const SUBJECT: &str = "tickets";

async fn bus_on(server: &Server) -> Arc<JetStreamBus> {
    let options = rig::options(server.address(), "ticketing");
    JetStreamBus::connect(options, Arc::new(SystemEntropy)).await.unwrap()
}

/// Publishes as a relay does: again and again until it is acknowledged.
async fn publish_until_acknowledged(bus: &dyn Bus, batch: Vec<Message>) {
    while bus.publish(batch.clone()).await.is_err() {}
}

/// Listens as an inbox does: subscribes again whenever the bus is down.
async fn listen(bus: &dyn Bus, mut is_enough: impl FnMut(&BTreeSet<String>) -> bool) {
    let mut seen = BTreeSet::new();
    while !is_enough(&seen) {
        let listening = async {
            let mut member = bus.subscribe("group", &[SUBJECT]).await?;
            while !is_enough(&seen) {
                let received = member.next().await?;
                let tokens = tokens(&received);
                seen.extend(received.into_iter().map(|delivery| delivery.id));
                member.acknowledge(tokens).await?;
            }
            Ok::<_, BusDown>(())
        };
        // A bus that is down is what this is about.
        drop(listening.await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_loses_nothing_that_it_acknowledged() {
    let mut server = Server::start(String::new()).await;
    in_time(async {
        let bus = bus_on(&server).await;
        let epoch = bus.epoch().await.unwrap();
        let all = messages("killed", 400);
        let publish = async {
            for (number, batch) in all.chunks(10).enumerate() {
                let publishing = publish_until_acknowledged(&*bus, batch.to_vec());
                if number % 10 == 5 {
                    // Killed while the batch is on its way.
                    let killing = async {
                        server.kill();
                        server.start_again().await;
                    };
                    join(publishing, killing).await;
                } else {
                    publishing.await;
                }
            }
        };
        let everything = |seen: &BTreeSet<String>| seen.len() == 400;
        join(publish, listen(&*bus, everything)).await;
        assert_eq!(bus.epoch().await.unwrap(), epoch, "nothing was lost");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_lost_its_store_is_another_and_serves_again() {
    let mut server = Server::start(String::new()).await;
    in_time(async {
        let bus = bus_on(&server).await;
        let first = bus.epoch().await.unwrap();
        bus.publish(messages("lost", 5)).await.unwrap();
        let mut member = bus.subscribe("group", &[SUBJECT]).await.unwrap();
        let held = receive(&mut *member, 5).await.unwrap();
        server.kill();
        server.wipe();
        server.start_again().await;
        // These places are another message's now.
        assert!(member.acknowledge(tokens(&held)).await.is_err(), "it was lost with the store");
        assert!(member.next().await.is_err(), "its consumer is gone");
        // Whoever comes first makes what is gone: here a subscriber.
        let mut member = bus.subscribe("group", &[SUBJECT]).await.unwrap();
        publish_until_acknowledged(&*bus, vec![message(SUBJECT, "after")]).await;
        assert_eq!(ids(&receive(&mut *member, 1).await.unwrap()), ["after"]);
        assert_ne!(bus.epoch().await.unwrap(), first);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_deleted_while_everything_runs_are_made_again() {
    let server = Server::start(String::new()).await;
    in_time(async {
        let bus = bus_on(&server).await;
        let mut known = bus.epoch().await.unwrap();
        let mut epochs = BTreeSet::from([known.clone()]);
        let client = async_nats::connect(server.address()).await.unwrap();
        let context = async_nats::jetstream::new(client);
        let (everything, all) = (AtomicBool::new(false), messages("round", 5));
        // As an outbox does: what was published on another store is published again.
        let outbox = async {
            for message in &all {
                context.delete_stream("TICKETING_TICKETS").await.unwrap();
                publish_until_acknowledged(&*bus, vec![message.clone()]).await;
                until(async || bus.epoch().await.is_ok_and(|epoch| epochs.insert(epoch))).await;
            }
            while !everything.load(Ordering::Relaxed) {
                let Ok(epoch) = bus.epoch().await else { continue };
                if epoch != known {
                    publish_until_acknowledged(&*bus, all.clone()).await;
                    known = epoch;
                }
            }
        };
        let listening = listen(&*bus, |seen| {
            everything.store(seen.len() == 5, Ordering::Relaxed);
            seen.len() == 5
        });
        join(outbox, listening).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_ends_before_what_it_acknowledged_is_another() {
    let server = Server::start(String::new()).await;
    in_time(async {
        let bus = bus_on(&server).await;
        bus.publish(messages("before", 10)).await.unwrap();
        let epoch = bus.epoch().await.unwrap();
        assert_eq!(bus.epoch().await.unwrap(), epoch, "nothing was lost");
        // As a backup does that is put back: the same stream, with fewer messages.
        let client = async_nats::connect(server.address()).await.unwrap();
        let context = async_nats::jetstream::new(client);
        let config = context.get_stream("TICKETING_TICKETS").await.unwrap();
        let config = config.cached_info().config.clone();
        context.delete_stream("TICKETING_TICKETS").await.unwrap();
        context.create_stream(config).await.unwrap();
        assert_ne!(bus.epoch().await.unwrap(), epoch);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bus_without_a_server_is_down_until_there_is_one() {
    let mut server = Server::start(String::new()).await;
    server.kill();
    in_time(async {
        let bus = bus_on(&server).await;
        assert!(bus.ready().await.is_err());
        assert!(bus.publish(messages("early", 1)).await.is_err());
        server.start_again().await;
        until(async || bus.ready().await.is_ok()).await;
        bus.publish(messages("late", 1)).await.unwrap();
        let mut member = bus.subscribe("group", &[SUBJECT]).await.unwrap();
        assert_eq!(ids(&receive(&mut *member, 1).await.unwrap()), ["late-0000"]);
    })
    .await;
}

/// What a killed process held comes to another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_never_acknowledged_comes_again_after_a_while() {
    let server = Server::start(String::new()).await;
    in_time(async {
        let options = Options {
            ack_wait: Duration::from_millis(500),
            ..rig::options(server.address(), "ticketing")
        };
        let bus = JetStreamBus::connect(options, Arc::new(SystemEntropy)).await.unwrap();
        bus.publish(messages("held", 3)).await.unwrap();
        let mut killed = bus.subscribe("group", &[SUBJECT]).await.unwrap();
        receive(&mut *killed, 3).await.unwrap();
        let mut other = bus.subscribe("group", &[SUBJECT]).await.unwrap();
        let again = receive(&mut *other, 3).await.unwrap();
        assert_eq!(ids(&again).into_iter().collect::<BTreeSet<_>>().len(), 3);
        // It would give back what it holds.
        std::mem::forget(killed);
    })
    .await;
}

/// I26: with the users of `infra/nats/users.conf`, a service publishes its own subject alone, and
/// does everything else that it has to.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_may_publish_its_own_subject_and_no_other() {
    let users = concat!(env!("CARGO_MANIFEST_DIR"), "/../infra/nats/users.conf");
    let mut configuration = std::fs::read_to_string(users).unwrap();
    for service in ["AUTH", "TICKETS", "ORDERS", "PAYMENTS"] {
        let password = format!("$NATS_{service}_PASSWORD");
        assert!(configuration.contains(&password), "{service} has no password");
        configuration = configuration.replace(&password, "secret");
    }
    let server = Server::start(configuration).await;
    in_time(async {
        let connect = async |name: &'static str, own: &'static str| {
            let address = format!("nats://{name}:secret@{}", server.host());
            let options =
                Options { max_bytes: rig::MAX_BYTES, ..Options::new(address, name, vec![own]) };
            JetStreamBus::connect(options, Arc::new(SystemEntropy)).await.unwrap()
        };
        let mut buses = Vec::new();
        for (name, own, hears) in [
            ("auth", "users", &["users"][..]),
            ("tickets", "tickets", &["orders", "users"]),
            ("orders", "orders", &["tickets", "payments", "users"]),
            ("payments", "payments", &["orders", "users"]),
        ] {
            let bus = connect(name, own).await;
            bus.epoch().await.unwrap();
            buses.push((name, own, hears, bus.subscribe(name, hears).await.unwrap(), bus));
        }
        // All at once, since a server does not answer what it refuses.
        let tries = buses.iter().flat_map(|(_, own, _, _, bus)| {
            ["users", "tickets", "orders", "payments"].map(|subject| async move {
                let published = bus.publish(vec![message(subject, format!("{own}-{subject}"))]);
                assert_eq!(published.await.is_ok(), subject == *own, "{own} publishes {subject}");
            })
        });
        join_all(tries).await;
        for (name, _, hears, member, bus) in &mut buses {
            let heard = receive(&mut **member, hears.len()).await.unwrap();
            let behind = bus.behind(name).await;
            assert_eq!(behind, u64::try_from(hears.len()).ok(), "it may see how far {name} is");
            member.acknowledge(tokens(&heard)).await.unwrap();
            let heard: BTreeSet<&str> = ids(&heard).into_iter().collect();
            let expected = hears.iter().map(|subject| format!("{subject}-{subject}"));
            assert_eq!(heard, expected.collect::<Vec<_>>().iter().map(String::as_str).collect());
        }
        let stranger = connect("payments", "orders").await;
        assert!(stranger.epoch().await.is_ok(), "it may look, and has nothing to change");
        assert!(stranger.subscribe("orders", &["orders"]).await.is_err(), "another's consumer");
    })
    .await;
}

#[tokio::test]
async fn options_that_cannot_be_used_are_said_at_once() {
    let connect = async |options| JetStreamBus::connect(options, Arc::new(SystemEntropy)).await;
    let wrong = connect(rig::options("localhost".to_owned(), "ticketing")).await;
    assert!(matches!(wrong, Err(OpenError::Address)), "{wrong:?}");
    let options = rig::options("tls://localhost".to_owned(), "ticketing");
    let missing = connect(Options { certificates: Some("no-such.pem".into()), ..options }).await;
    let error = missing.unwrap_err().to_string();
    assert!(error.contains("no-such.pem"), "{error}");
}
