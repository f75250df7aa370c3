//! Which replicas of a service can be asked, and whose turn it is.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use axum::body::Body;
use http_body_util::BodyExt as _;
use hyper::Request;

use crate::pool::Pool;

/// How often a replica that can be asked is asked whether it still can; far below the time for
/// which a replica that stops takes requests.
const PERIOD: Duration = Duration::from_millis(250);

/// How often one that cannot is.
const EAGER: Duration = Duration::from_millis(50);

/// How long it has to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Most bytes of what it answers.
const MAX_BYTES: usize = 64 * 1024;

/// A replica, which is somewhere else each time it has been started anew.
#[derive(Default)]
pub struct Replica {
    pool: RwLock<Option<Arc<Pool>>>,
    is_ready: AtomicBool,
    /// Whether it is ready and hears events.
    hears: AtomicBool,
}

impl Replica {
    /// It is at `address` from now on, or nowhere.
    pub fn moved(&self, address: Option<SocketAddr>) {
        self.is_ready.store(false, Ordering::Relaxed);
        let pool = address.map(|address| Arc::new(Pool::new(address)));
        *self.pool.write().unwrap_or_else(PoisonError::into_inner) = pool;
    }

    /// It could not be reached: others are asked until it says that it can.
    pub fn failed(&self) {
        self.is_ready.store(false, Ordering::Relaxed);
    }

    /// Whether it said that it can be asked.
    pub fn is_ready(&self) -> bool {
        self.is_ready.load(Ordering::Relaxed)
    }

    /// Whether it said that it hears events.
    pub fn hears(&self) -> bool {
        self.hears.load(Ordering::Relaxed)
    }

    /// Connections to it.
    pub fn pool(&self) -> Option<Arc<Pool>> {
        let pool: RwLockReadGuard<'_, _> = self.pool.read().unwrap_or_else(PoisonError::into_inner);
        pool.clone()
    }

    /// Keeps asking it whether it can be asked.
    pub async fn check(&self, path: &'static str) {
        loop {
            if let Some(pool) = self.pool() {
                let asked = tokio::time::timeout(PATIENCE, ask(&pool, path)).await;
                let answer = asked.ok().flatten();
                self.hears.store(answer == Some(true), Ordering::Relaxed);
                self.is_ready.store(answer.is_some(), Ordering::Relaxed);
            }
            tokio::time::sleep(if self.is_ready() { PERIOD } else { EAGER }).await;
        }
    }
}

/// `None` where a replica cannot be asked; else whether it hears events.
async fn ask(pool: &Arc<Pool>, path: &str) -> Option<bool> {
    let request = Request::get(path).header("host", "fleet").body(Body::empty()).ok()?;
    let response = pool.send(request).await.ok()?;
    if !response.status().is_success() {
        return None;
    }
    let body = http_body_util::Limited::new(response.into_body(), MAX_BYTES);
    let body = body.collect().await.ok()?.to_bytes();
    let said: Option<serde_json::Value> = serde_json::from_slice(&body).ok();
    Some(said.is_none_or(|said| said["events"] != "waiting"))
}

/// The replicas of one service.
pub struct Upstream {
    /// As in logs.
    pub name: &'static str,
    /// All of them.
    pub replicas: Vec<Arc<Replica>>,
    turn: AtomicUsize,
}

impl Upstream {
    /// `count` replicas of `name`.
    pub fn new(name: &'static str, count: u8) -> Arc<Self> {
        let replicas = (0..count).map(|_| Arc::default()).collect();
        Arc::new(Self { name, replicas, turn: AtomicUsize::new(0) })
    }

    /// Whom to ask: those that are ready, in turn, and then the others, since what was said is a
    /// moment old.
    pub fn in_turn(&self) -> Vec<Arc<Replica>> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let mut all = self.replicas.clone();
        all.rotate_left(turn % self.replicas.len().max(1));
        all.sort_by_key(|replica| !replica.is_ready());
        all
    }

    /// Whether one of them can be asked.
    pub fn is_ready(&self) -> bool {
        self.replicas.iter().any(|replica| replica.is_ready())
    }

    /// Whether all of them can be asked.
    pub fn is_complete(&self) -> bool {
        self.replicas.iter().all(|replica| replica.is_ready())
    }

    /// Whether all of them that can be asked hear events.
    pub fn hears(&self) -> bool {
        self.replicas.iter().all(|replica| replica.hears() || !replica.is_ready())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replicas_take_turns_and_those_that_are_ready_come_first() {
        let upstream = Upstream::new("orders", 3);
        let index = |replica: &Arc<Replica>| {
            upstream.replicas.iter().position(|known| Arc::ptr_eq(known, replica)).unwrap()
        };
        let turns = || upstream.in_turn().iter().map(index).collect::<Vec<_>>();
        assert_eq!((turns(), turns()), (vec![0, 1, 2], vec![1, 2, 0]));
        upstream.replicas[1].is_ready.store(true, Ordering::Relaxed);
        assert_eq!((turns(), turns()), (vec![1, 2, 0], vec![1, 0, 2]));
        assert!(upstream.is_ready() && !upstream.is_complete());
        upstream.replicas[1].failed();
        assert!(!upstream.is_ready());
    }
}
