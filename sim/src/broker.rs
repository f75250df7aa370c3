//! The event bus in a history: it delivers late, twice, out of order, again, and now and then
//! forgets everything.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use common::bus::{Bus, BusDown, Delivery, MAX_MESSAGES, Message, Subscription};
use common::time::Timestamp;
use tokio::sync::Notify;

use crate::executor::Executor;
use crate::faults::{Faults, Marks};

/// After so long, what was lost on its way comes again.
const REDELIVERY: Duration = Duration::from_secs(2);

/// The broker. Cheap to clone: every clone is the same one.
#[derive(Clone)]
pub struct Broker {
    executor: Executor,
    faults: Faults,
    trouble: Arc<AtomicBool>,
    marks: Marks,
    state: Arc<Mutex<State>>,
    arrived: Arc<BTreeMap<&'static str, Notify>>,
}

#[derive(Default)]
struct State {
    epoch: u64,
    next_token: u64,
    groups: BTreeMap<&'static str, Group>,
}

#[derive(Default)]
struct Group {
    subjects: Vec<&'static str>,
    /// What is to be delivered, and when.
    waiting: BTreeMap<(Timestamp, u64), Delivery>,
    /// What has been delivered and not been acknowledged.
    out: BTreeMap<u64, Delivery>,
}

impl Broker {
    /// A broker with these groups, which is how each of them gets what is published before it first
    /// listens.
    pub fn new(
        executor: Executor,
        faults: Faults,
        trouble: Arc<AtomicBool>,
        marks: Marks,
        groups: &[(&'static str, Vec<&'static str>)],
    ) -> Self {
        let group = |subjects: &Vec<_>| Group { subjects: subjects.clone(), ..Group::default() };
        let arrived = groups.iter().map(|(name, _)| (*name, Notify::new())).collect();
        let groups = groups.iter().map(|(name, subjects)| (*name, group(subjects))).collect();
        let state = Arc::new(Mutex::new(State { groups, ..State::default() }));
        Self { executor, faults, trouble, marks, state, arrived: Arc::new(arrived) }
    }

    /// Whether everything has been delivered and acknowledged.
    pub fn is_quiet(&self) -> bool {
        self.lock().groups.values().all(|group| group.waiting.is_empty() && group.out.is_empty())
    }

    /// Forgets everything it holds.
    fn wipe(&self) {
        let mut state = self.lock();
        state.epoch += 1;
        for group in state.groups.values_mut() {
            group.waiting.clear();
            group.out.clear();
        }
        drop(state);
        self.marks.hit("broker: wiped");
        self.executor.note(b"wipe", || "the broker is wiped".to_owned());
    }

    fn strikes(&self, percent: f64) -> bool {
        percent > 0.0 && self.trouble.load(Ordering::Relaxed) && self.executor.chance(percent)
    }

    fn delay(&self) -> Duration {
        if self.strikes(self.faults.drop) {
            self.marks.hit("broker: delivery dropped");
            return REDELIVERY;
        }
        let troubled = self.trouble.load(Ordering::Relaxed);
        let most = if troubled { self.faults.delay_ms } else { self.faults.delay_ms.min(50) };
        Duration::from_millis(self.executor.below(most + 1))
    }

    fn enqueue(&self, state: &mut State, name: &'static str, mut delivery: Delivery) {
        let at = self.executor.now().plus(self.delay());
        state.next_token += 1;
        let token = state.next_token;
        delivery.token = token;
        if let Some(group) = state.groups.get_mut(name) {
            group.waiting.insert((at, token), delivery);
        }
    }

    fn wake(&self, name: &'static str) {
        if let Some(arrived) = self.arrived.get(name) {
            arrived.notify_one();
        }
    }

    fn hold(&self, Message { subject, id, body }: Message) {
        let mut state = self.lock();
        let hearing = |group: &Group| group.subjects.contains(&subject);
        let names: Vec<_> =
            state.groups.iter().filter(|(_, g)| hearing(g)).map(|(name, _)| *name).collect();
        for name in names {
            let (subject, id, body) = (subject.to_owned(), id.clone(), body.clone());
            let delivery = Delivery { token: 0, subject, id, body };
            if self.strikes(self.faults.duplicate) {
                self.marks.hit("broker: delivered twice");
                self.enqueue(&mut state, name, delivery.clone());
            }
            self.enqueue(&mut state, name, delivery);
            self.wake(name);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Bus for Broker {
    async fn publish(&self, messages: Vec<Message>) -> Result<(), BusDown> {
        self.executor.pause(Duration::from_millis(2)).await;
        if self.strikes(self.faults.publish_refused) {
            self.marks.hit("broker: refused what was published");
            return Err(BusDown("the history says so".into()));
        }
        let is_wiped = self.strikes(self.faults.wipe);
        let is_wiped_first = self.executor.chance(50.0);
        if is_wiped && is_wiped_first {
            self.wipe();
        }
        for message in messages {
            self.hold(message);
        }
        if is_wiped && !is_wiped_first {
            self.wipe();
        }
        Ok(())
    }

    async fn subscribe(
        &self,
        group: &'static str,
        _: &[&'static str],
    ) -> Result<Box<dyn Subscription>, BusDown> {
        Ok(Box::new(Member { broker: self.clone(), group }))
    }

    async fn epoch(&self) -> Result<String, BusDown> {
        Ok(self.lock().epoch.to_string())
    }
}

struct Member {
    broker: Broker,
    group: &'static str,
}

impl Member {
    /// What is due, and else when something will be.
    fn take(&self) -> Result<Vec<Delivery>, Option<Timestamp>> {
        let now = self.broker.executor.now();
        let most = usize::try_from(1 + self.broker.executor.below(16)).unwrap_or(MAX_MESSAGES);
        let mut state = self.broker.lock();
        let Some(group) = state.groups.get_mut(self.group) else { return Err(None) };
        let due: Vec<_> =
            group.waiting.keys().take_while(|(at, _)| *at <= now).take(most).copied().collect();
        if due.is_empty() {
            return Err(group.waiting.keys().next().map(|(at, _)| *at));
        }
        let taken: Vec<_> = due.iter().filter_map(|key| group.waiting.remove(key)).collect();
        group.out.extend(taken.iter().map(|delivery| (delivery.token, delivery.clone())));
        Ok(taken)
    }

    /// What is out comes again; returns whether there was any.
    fn return_to_queue(&self, tokens: &[u64]) -> bool {
        let mut state = self.broker.lock();
        let mut returned = false;
        for token in tokens {
            let Some(group) = state.groups.get_mut(self.group) else { continue };
            let Some(delivery) = group.out.remove(token) else { continue };
            self.broker.enqueue(&mut state, self.group, delivery);
            returned = true;
        }
        drop(state);
        self.broker.wake(self.group);
        returned
    }
}

#[async_trait]
impl Subscription for Member {
    async fn next(&mut self) -> Result<Vec<Delivery>, BusDown> {
        loop {
            let Some(arrived) = self.broker.arrived.get(self.group) else {
                return Err(BusDown("there is no such group".into()));
            };
            let pause = match self.take() {
                Ok(deliveries) => return Ok(deliveries),
                Err(Some(at)) => at.since(self.broker.executor.now()),
                Err(None) => {
                    arrived.notified().await;
                    continue;
                }
            };
            tokio::select! {
                biased;
                () = arrived.notified() => {}
                () = self.broker.executor.sleep(pause) => {}
            }
        }
    }

    async fn acknowledge(&mut self, tokens: Vec<u64>) -> Result<(), BusDown> {
        let broker = &self.broker;
        broker.executor.pause(Duration::from_millis(2)).await;
        let mut lost = Vec::new();
        for token in tokens {
            if broker.strikes(broker.faults.acknowledgement_lost) {
                broker.marks.hit("broker: acknowledgement lost");
                lost.push(token);
            } else if let Some(group) = broker.lock().groups.get_mut(self.group) {
                group.out.remove(&token);
            }
        }
        self.return_to_queue(&lost);
        Ok(())
    }

    async fn give_back(&mut self, tokens: Vec<u64>) -> Result<(), BusDown> {
        self.return_to_queue(&tokens);
        Ok(())
    }
}

impl Drop for Member {
    /// A member that is gone has acknowledged what it has, and the rest comes again.
    fn drop(&mut self) {
        let tokens: Vec<u64> = match self.broker.lock().groups.get(self.group) {
            Some(group) => group.out.keys().copied().collect(),
            None => return,
        };
        if self.return_to_queue(&tokens) {
            self.broker.marks.hit("broker: redelivered after a death");
        }
    }
}
