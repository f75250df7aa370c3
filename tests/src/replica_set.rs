//! A replica set of MongoDB with several members, seen from outside: who is its primary, and that
//! it be another.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::Duration;

use futures_util::future::join_all;
use mongodb::Client;
use mongodb::bson::{Bson, Document, doc};

use crate::until;

/// The name of the set.
const SET: &str = "faults";

/// How long a member has to answer before it is taken for dead.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long the servers may take to come up and to agree on their first primary.
const UP_WITHIN: Duration = Duration::from_secs(60);

/// How long an election may take: some ten seconds, at MongoDB's defaults.
const ELECTED_WITHIN: Duration = Duration::from_secs(60);

/// For how long a primary that steps down does not stand again, and how long it waits for another
/// member to have all that it has.
const STOOD_DOWN_SECONDS: i32 = 10;
const CATCH_UP_SECONDS: i32 = 5;

/// The members, by the names that their processes have in a fleet.
#[derive(Debug)]
pub struct ReplicaSet {
    members: BTreeMap<String, Member>,
}

#[derive(Debug)]
struct Member {
    address: SocketAddr,
    client: Client,
}

impl ReplicaSet {
    /// `count` members on free ports of loopback; none is started by this.
    ///
    /// # Panics
    /// If there is no free port.
    pub async fn on_loopback(count: usize) -> Self {
        Self::at(Self::free(count), None).await
    }

    /// The same, of members who ask for passwords, and know each other by `key`.
    ///
    /// # Panics
    /// If there is no free port.
    pub async fn guarded(count: usize, key: &str) -> Self {
        Self::at(Self::free(count), Some(key)).await
    }

    fn free(count: usize) -> Vec<SocketAddr> {
        // Below those that the system gives to whoever connects: a member that is killed comes back
        // to its own. Held together, so that no two are the same.
        let first = 10_000 + u16::try_from(std::process::id() % 4_000).expect("it is small");
        let ports = (first..first + 1_000)
            .filter_map(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok());
        let held: Vec<TcpListener> = ports.take(count).collect();
        assert_eq!(held.len(), count, "free ports from {first} on");
        held.iter().map(|listener| listener.local_addr().expect("an address")).collect()
    }

    /// The members at these addresses, with the key that they know each other by if they have one.
    ///
    /// # Panics
    /// Never: nobody is asked yet.
    pub async fn at(addresses: Vec<SocketAddr>, key: Option<&str>) -> Self {
        let mut members = BTreeMap::new();
        // It is also the password of the one user that there is before there are any.
        let (user, login) = match key {
            Some(key) => {
                let login = "&authSource=local&authMechanism=SCRAM-SHA-256";
                (format!("__system:{key}@"), login)
            }
            None => (String::new(), ""),
        };
        for (index, address) in addresses.into_iter().enumerate() {
            let patience = PATIENCE.as_millis();
            let url = format!(
                "mongodb://{user}{address}/?directConnection=true{login}\
                 &serverSelectionTimeoutMS={patience}&connectTimeoutMS={patience}"
            );
            let client = Client::with_uri_str(url).await.expect("an address");
            members.insert(format!("mongodb-{}", index + 1), Member { address, client });
        }
        Self { members }
    }

    /// What services are told.
    pub fn url(&self) -> String {
        let hosts: Vec<String> =
            self.members.values().map(|member| member.address.to_string()).collect();
        format!("mongodb://{}/?replicaSet={SET}", hosts.join(","))
    }

    /// The names of the members.
    pub fn names(&self) -> Vec<String> {
        self.members.keys().cloned().collect()
    }

    /// Makes the servers one set, as soon as they answer, and waits until they have a primary.
    ///
    /// # Panics
    /// If they do not.
    pub async fn initiate(&self) {
        for name in self.members.keys() {
            let what = format!("{name} answers");
            until(&what, UP_WITHIN, || self.ask(name, doc! { "ping": 1 })).await;
        }
        let hosts = self.members.values().enumerate().map(|(index, member)| {
            let index = i32::try_from(index).expect("few members");
            Bson::Document(doc! { "_id": index, "host": member.address.to_string() })
        });
        let members: Vec<Bson> = hosts.collect();
        let config = doc! { "_id": SET, "members": members };
        let first = self.members.keys().next().expect("a member");
        self.ask(first, doc! { "replSetInitiate": config }).await.expect("a new set is initiated");
        self.elected(|_| true).await;
    }

    /// Waits until a member that `is_meant` is primary, and knows it; returns its name.
    ///
    /// # Panics
    /// If none is in time.
    pub async fn elected(&self, is_meant: impl Fn(&str) -> bool) -> String {
        until("a primary is elected", ELECTED_WITHIN, || async {
            self.primaries().await.into_iter().find(|name| is_meant(name))
        })
        .await
    }

    /// Who says of itself that it takes writes: nobody during an election, and two for as long as
    /// a primary has not noticed that it was deposed.
    async fn primaries(&self) -> Vec<String> {
        let asked = self.members.keys().map(|name| async move {
            let answer = self.ask(name, doc! { "hello": 1 }).await?;
            let is_primary = answer.get_bool("isWritablePrimary").unwrap_or_default();
            is_primary.then(|| name.clone())
        });
        join_all(asked).await.into_iter().flatten().collect()
    }

    /// Has the primary step down, and waits until another member is it. Returns who was.
    ///
    /// # Panics
    /// If that does not happen in time.
    pub async fn step_down(&self) -> String {
        let command = doc! {
            "replSetStepDown": STOOD_DOWN_SECONDS,
            "secondaryCatchUpPeriodSecs": CATCH_UP_SECONDS,
        };
        // Refused while no other member has caught up.
        let was = until("the primary steps down", ELECTED_WITHIN, || async {
            let primary = self.primaries().await.into_iter().next()?;
            self.ask(&primary, command.clone()).await.map(|_| primary)
        })
        .await;
        self.elected(|name| name != was).await;
        was
    }

    /// Waits until a member that was away takes part again, and all the members have one primary.
    ///
    /// # Panics
    /// If that does not happen in time.
    pub async fn has_caught_up(&self, name: &str) {
        until(&format!("{name} takes part"), ELECTED_WITHIN, || async {
            let answer = self.ask(name, doc! { "hello": 1 }).await?;
            let is = |field| answer.get_bool(field).unwrap_or_default();
            (is("isWritablePrimary") || is("secondary")).then_some(())
        })
        .await;
        self.elected(|_| true).await;
    }

    /// Has the primary do `command` in `database`.
    ///
    /// # Panics
    /// If it does not.
    pub async fn run(&self, database: &str, command: Document) {
        let primary = self.elected(|_| true).await;
        let database = self.members[&primary].client.database(database);
        database.run_command(command).await.expect("the primary does it");
    }

    /// What a member answers; nothing if it does not, or refuses.
    async fn ask(&self, name: &str, command: Document) -> Option<Document> {
        let admin = self.members[name].client.database("admin");
        let asked = tokio::time::timeout(3 * PATIENCE, admin.run_command(command)).await;
        asked.ok()?.ok()
    }
}
