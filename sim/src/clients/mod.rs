//! The people: they act at any time, in any order, twice, and under keys; and they write down what
//! they were told.

mod buyer;
mod order;
mod payment;
mod refund;
mod seller;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use common::command::Refusal;
use common::execute::Failure;
use common::id::{Id, Ids, TicketId, UserId};
use tokio::sync::oneshot;

use crate::executor::NOBODY;
use crate::world::{Running, Which, World};

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Reply<T> {
    /// It happened.
    Yes(T),
    /// It did not, for this reason.
    No(Refusal),
    /// It did not, and may be asked for again.
    NotNow,
    /// The answer was lost, or nobody knows.
    Unknown,
}

/// Most attempts at one request, a moment apart: far longer than any trouble lasts.
const MAX_ATTEMPTS: u32 = 60;

/// A client of a history.
#[derive(Clone)]
struct Client {
    world: Arc<World>,
    me: UserId,
    /// Makes idempotency keys.
    name: String,
}

/// Starts everybody.
pub fn start(world: &Arc<World>, window: Duration) {
    let ids = Ids::new(world.executor.below(u64::MAX));
    let id = || -> Id { ids.next(world.executor.now()) };
    let board = Arc::new(seller::Board::default());
    for number in 0..=world.executor.below(2) {
        let client =
            Client { world: Arc::clone(world), me: UserId(id()), name: format!("seller-{number}") };
        begin(world, seller::live(client, Arc::clone(&board)));
    }
    let most_live = 1 + u32::try_from(world.executor.below(3)).unwrap_or(0);
    for number in 0..2 + world.executor.below(4) {
        let client =
            Client { world: Arc::clone(world), me: UserId(id()), name: format!("buyer-{number}") };
        begin(world, buyer::live(client, Arc::clone(&board), window, most_live));
    }
}

fn begin(world: &Arc<World>, life: impl Future<Output = ()> + Send + 'static) {
    world.clients.fetch_add(1, Ordering::Relaxed);
    let over = Arc::clone(world);
    let work = async move {
        life.await;
        over.clients.fetch_sub(1, Ordering::Relaxed);
    };
    world.executor.start(NOBODY, Box::pin(work));
}

impl Client {
    /// Sends a request to a service: it runs in the service's process, which may die of it.
    async fn ask<T, F>(&self, which: Which, act: impl FnOnce(Running) -> F) -> Reply<T>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Failure>> + Send + 'static,
    {
        let world = &self.world;
        world.executor.pause(Duration::from_millis(15)).await;
        let Some(running) = world.running(which) else {
            world.marks.hit("network: nobody listens");
            return Reply::NotNow;
        };
        let owner = running.owner;
        let (tell, told) = oneshot::channel();
        let act = act(running);
        let work = async move { drop(tell.send(act.await)) };
        world.executor.start(owner, Box::pin(work));
        let answer = told.await;
        if world.strikes(world.faults.reply_lost) {
            world.marks.hit("network: answer lost");
            return Reply::Unknown;
        }
        match answer {
            Ok(Ok(reply)) => Reply::Yes(reply),
            Ok(Err(Failure::Refused(refusal))) => Reply::No(refusal),
            Ok(Err(Failure::Unavailable(_) | Failure::Overloaded)) => Reply::NotNow,
            Ok(Err(Failure::Broken(cause))) => {
                world.oracle.accuse(format!("{} is broken: {cause}", which.name()));
                Reply::Unknown
            }
            Ok(Err(Failure::InDoubt(_))) | Err(_) => Reply::Unknown,
        }
    }

    /// The ticket as anybody sees it.
    async fn see(&self, ticket: TicketId) -> Option<tickets::commands::Versioned> {
        for _ in 0..MAX_ATTEMPTS {
            let look = |running: Running| async move {
                tickets::queries::ticket(&running.engine, ticket).await
            };
            match self.ask(Which::Tickets, look).await {
                Reply::Yes(seen) => return seen,
                Reply::No(_) => return None,
                Reply::NotNow | Reply::Unknown => self.wait_a_moment().await,
            }
        }
        None
    }

    /// Before a request is sent again.
    async fn wait_a_moment(&self) {
        self.world.executor.sleep(Duration::from_millis(300)).await;
        self.world.executor.pause(Duration::from_millis(900)).await;
    }

    fn chance(&self, percent: f64) -> bool {
        self.world.executor.chance(percent)
    }

    fn mark(&self, situation: &'static str) {
        self.world.marks.hit(situation);
    }
}
