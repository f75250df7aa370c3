//! This service in process: stores in memory, time that stands still while there is work, and an
//! orders service that does what the real one does, as far as a payment can tell.

#![allow(dead_code, reason = "each test program uses its own part of the kit")]

pub mod faulty;
pub mod order;

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use common::bus::Delivery;
use common::events::{CancelledBy, Envelope, LateMoney, ORDERS, OrderState, OrderStatus};
use common::execute::{Engine, Failure, Ports};
use common::id::{Entropy, Id, Ids, NoEntropy, OrderId, PaymentId, UserId};
use common::inbox::{Handled, Inbox};
use common::outbox::{OUTBOX, Outbox};
use common::store::memory::MemoryStore;
use common::store::{Order as Sort, Query, Store};
use common::task::{Spawn, Work};
use common::time::{Clock, Timestamp};
use payments::commands::GiveBack;
use payments::domain::{Payment, Refund, State, Token};
use payments::pay::{PayRequest, Unpaid};
use payments::provider::Provider;
use payments::provider::sandbox::ledger::{Line, statement};
use payments::provider::sandbox::{Courier, Sandbox};
use payments::queries::audit;
use payments::{Timing, Works, consume, queries};

use faulty::Faulty;

/// When every test begins.
const BEGINNING: Timestamp = Timestamp::from_millis(1_800_000_000_000);

/// Who sells everything here.
pub const SELLER: UserId = UserId(Id::from_bytes([6; 12]));

/// How long an order lasts here.
pub const WINDOW: Duration = Duration::from_secs(900);

/// By when everything is settled once faults are over (I3).
pub const SETTLED: Duration = Duration::from_secs(60);

/// Time that stands still while there is work to do, and can be set.
pub struct TestClock {
    started: tokio::time::Instant,
    jumped_ms: AtomicU64,
    is_back: std::sync::atomic::AtomicBool,
}

impl TestClock {
    #[expect(clippy::disallowed_methods, reason = "tokio's clock is paused in these tests")]
    fn new() -> Self {
        let started = tokio::time::Instant::now();
        Self { started, jumped_ms: AtomicU64::new(0), is_back: false.into() }
    }

    /// The wall's clock is set back; timers do not mind.
    pub fn set_back(&self, by: Duration) {
        self.is_back.store(true, Ordering::SeqCst);
        self.jumped_ms.store(u64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }
}

#[async_trait]
impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        let back = i64::try_from(self.jumped_ms.load(Ordering::SeqCst)).unwrap();
        BEGINNING.plus(self.started.elapsed()).plus_millis(-back)
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

struct Tasks;

impl Spawn for Tasks {
    #[expect(clippy::disallowed_methods, reason = "the home of spawning in these tests")]
    fn spawn(&self, work: Work) {
        drop(tokio::spawn(work));
    }
}

struct Zeros;

impl Entropy for Zeros {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
        bytes.fill(7);
        Ok(())
    }
}

/// The service and what is around it.
pub struct World {
    pub store: Arc<MemoryStore>,
    pub sandbox_store: Arc<MemoryStore>,
    pub clock: Arc<TestClock>,
    pub engine: Arc<Engine>,
    pub provider: Arc<Faulty>,
    pub works: Works,
    pub buyer: UserId,
    sandbox: Arc<Sandbox>,
    inbox: Inbox,
    ids: Ids,
    orders: Mutex<BTreeMap<OrderId, OrderState>>,
    /// Whether payments are dealt with by the orders service, or left unheard.
    hears: std::sync::atomic::AtomicBool,
    /// Whether what the orders service hears is lost there.
    forgets: std::sync::atomic::AtomicBool,
    /// Whether the next order that is cancelled is so by its expiry.
    expires: std::sync::atomic::AtomicBool,
    /// Whether the units of expired orders are free still.
    free: std::sync::atomic::AtomicBool,
}

impl World {
    /// A marketplace in which nothing has happened. Its reconcilers run.
    pub fn new() -> Arc<Self> {
        let (store, sandbox_store) = (Arc::new(MemoryStore::new()), Arc::new(MemoryStore::new()));
        let world = Self::on(store, sandbox_store, Arc::new(TestClock::new()), 1);
        world.start();
        world
    }

    /// The same service after a crash: another process on what was committed. The one before must
    /// have ended.
    pub fn restarted(&self) -> Arc<Self> {
        let (store, sandbox_store) = (Arc::clone(&self.store), Arc::clone(&self.sandbox_store));
        let world = Self::on(store, sandbox_store, Arc::clone(&self.clock), 2);
        *world.orders.lock().unwrap() = self.orders.lock().unwrap().clone();
        world.start();
        world
    }

    fn on(
        store: Arc<MemoryStore>,
        sandbox_store: Arc<MemoryStore>,
        clock: Arc<TestClock>,
        process: u64,
    ) -> Arc<Self> {
        let ids = Ids::new(process << 32);
        let writer = ids.next(clock.now());
        let ports = Ports {
            store: Arc::clone(&store) as Arc<dyn Store>,
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            ids: Arc::new(Ids::new(process)),
            tasks: Arc::new(Tasks),
        };
        let engine = Engine::new(ports, Arc::new(Outbox::new(writer)));
        let sandbox = Sandbox::new(
            Arc::clone(&sandbox_store) as Arc<dyn Store>,
            Arc::clone(&clock) as Arc<dyn Clock>,
            Arc::new(Zeros),
            Duration::ZERO,
        );
        let provider =
            Arc::new(Faulty::new(Arc::clone(&sandbox), Arc::clone(&clock) as Arc<dyn Clock>));
        let works = Works::new(
            Arc::clone(&engine),
            Arc::clone(&provider) as Arc<dyn Provider>,
            Timing::default(),
            "2.5%+0.30".parse().unwrap(),
        );
        let inbox = Inbox::new(Arc::clone(&engine), "payments", consume::hears());
        Arc::new(Self {
            store,
            sandbox_store,
            clock,
            engine,
            provider,
            works,
            buyer: UserId(Id::from_bytes([7; 12])),
            sandbox,
            inbox,
            ids: Ids::new((process + 9) << 32),
            orders: Mutex::default(),
            hears: true.into(),
            forgets: false.into(),
            expires: false.into(),
            free: true.into(),
        })
    }

    #[expect(clippy::disallowed_methods, reason = "the home of spawning in these tests")]
    fn start(self: &Arc<Self>) {
        let clock = Arc::clone(&self.clock) as Arc<dyn Clock>;
        for reconciler in self.works.reconcilers() {
            let work = common::worker::work(
                reconciler,
                "payments",
                Arc::clone(&clock),
                std::future::pending(),
            );
            drop(tokio::spawn(work));
        }
        let courier = Courier::new(Arc::clone(&self.sandbox), Arc::clone(&self.works.webhook));
        let work =
            common::worker::work(Arc::new(courier), "payments", clock, std::future::pending());
        drop(tokio::spawn(work));
        let world = Arc::clone(self);
        drop(tokio::spawn(async move { world.be_orders().await }));
    }

    /// The orders service: hears of payments, and says what becomes of their orders.
    async fn be_orders(&self) {
        let mut heard = HashSet::new();
        loop {
            for found in self.outbox() {
                let is_lost = self.forgets.load(Ordering::SeqCst);
                if self.hears.load(Ordering::SeqCst) && heard.insert(found.id.clone()) && !is_lost {
                    self.hear_payment(&found).await;
                }
            }
            self.clock.sleep(Duration::from_millis(10)).await;
        }
    }

    async fn hear_payment(&self, event: &Envelope) {
        let payment: common::events::PaymentState = event.data().unwrap();
        let status = match event.kind.as_str() {
            "payment:started" => OrderStatus::AwaitingPayment,
            "payment:captured" => OrderStatus::Complete,
            "payment:declined" => OrderStatus::AwaitingPayment,
            _ => return,
        };
        let before = self.order(payment.order_id);
        if before.status == OrderStatus::Cancelled && event.kind == "payment:captured" {
            return self.decide_late(before, payment.id).await;
        }
        if !before.status.is_terminal() && before.status != status {
            self.change(payment.order_id, status).await;
        }
    }

    /// An order of which this service hears has expired.
    pub async fn expire(&self, id: OrderId) -> bool {
        self.expires.store(true, Ordering::SeqCst);
        self.change(id, OrderStatus::Cancelled).await
    }

    /// From now on what the orders service hears does, or does not, get lost there.
    pub fn orders_forget(&self, forget: bool) {
        self.forgets.store(forget, Ordering::SeqCst);
    }

    /// Late money completes an order in the expired one's place from now on, or goes back.
    pub fn units_are_free(&self, free: bool) {
        self.free.store(free, Ordering::SeqCst);
    }

    /// Decides about money that came after an order's end, as the orders service does: once.
    async fn decide_late(&self, before: OrderState, payment: PaymentId) {
        if before.late.is_some() {
            return;
        }
        let by_expiry = before.cancelled_by == Some(CancelledBy::Expiry);
        let is_replaced = by_expiry && self.free.load(Ordering::SeqCst);
        let place = OrderId(before.id.0.twin());
        let mut decided = before.clone();
        decided.version += 1;
        decided.late = Some(LateMoney { payment, replaced_by: is_replaced.then_some(place) });
        self.orders.lock().unwrap().insert(decided.id, decided.clone());
        self.tell("order:cancelled", &decided).await;
        if is_replaced {
            let placed = OrderState {
                id: place,
                status: OrderStatus::Complete,
                version: 0,
                cancelled_by: None,
                late: None,
                replaces: Some(before.id),
                refund: None,
                dispute: None,
                ..before
            };
            self.orders.lock().unwrap().insert(place, placed.clone());
            self.tell("order:completed", &placed).await;
        }
    }

    /// From now on the orders service does, or does not, hear of payments.
    pub fn orders_hear(&self, hear: bool) {
        self.hears.store(hear, Ordering::SeqCst);
    }

    /// Every event so far.
    pub fn outbox(&self) -> Vec<Envelope> {
        let query = Query {
            collection: &OUTBOX,
            filters: vec![],
            order: Sort { field: None, descending: false },
            after: None,
            limit: 1_000,
        };
        let found = self.store.find_now(&query);
        found.iter().map(|found| Envelope::read(&found.document.body).unwrap()).collect()
    }

    /// The kinds of an order's payment events, in their order.
    pub fn told(&self, payment: PaymentId) -> Vec<String> {
        let of = |event: &Envelope| event.aggregate == payment.to_string();
        self.outbox().into_iter().filter(of).map(|event| event.kind).collect()
    }

    /// An order that this service has not heard of.
    pub fn unheard(&self) -> OrderState {
        let mut order = order::placed(&self.ids, self.clock.now(), self.buyer, WINDOW);
        order.ticket.user_id = Some(SELLER);
        self.orders.lock().unwrap().insert(order.id, order.clone());
        order
    }

    /// An order that can be paid.
    pub async fn place(&self) -> OrderState {
        let order = self.unheard();
        self.tell("order:created", &order).await;
        order
    }

    /// The order as its own service has it.
    pub fn order(&self, id: OrderId) -> OrderState {
        self.orders.lock().unwrap()[&id].clone()
    }

    /// The order moves on, and this service hears of it. A terminal state is never left.
    pub async fn change(&self, id: OrderId, status: OrderStatus) -> bool {
        let changed = {
            let mut orders = self.orders.lock().unwrap();
            let order = orders.get_mut(&id).unwrap();
            if order.status.is_terminal() {
                return false;
            }
            order.status = status;
            if status == OrderStatus::Cancelled {
                let by_expiry = self.expires.swap(false, Ordering::SeqCst);
                let by = if by_expiry { CancelledBy::Expiry } else { CancelledBy::Buyer };
                order.cancelled_by = Some(by);
            }
            order.version += 1;
            order.clone()
        };
        let kind = match status {
            OrderStatus::Created | OrderStatus::AwaitingPayment => "order:updated",
            OrderStatus::Complete => "order:completed",
            OrderStatus::Cancelled => "order:cancelled",
        };
        self.tell(kind, &changed).await;
        true
    }

    /// This service is delivered an event.
    pub async fn tell(&self, kind: &str, order: &OrderState) {
        let data = serde_json::to_string(order).unwrap();
        assert_eq!(self.deliver(kind, order.version, &data).await, Handled::Done);
    }

    /// This service is delivered whatever it is.
    pub async fn deliver(&self, kind: &str, version: u64, data: &str) -> Handled {
        let id = format!("{}-0", self.ids.next(self.clock.now()));
        let at = self.clock.now();
        let body = format!(
            r#"{{"id":"{id}","subject":"orders","kind":"{kind}","aggregate":"x","version":{version},
                "at":"{at}","trace":"t","data":{data}}}"#
        );
        let delivery = Delivery { token: 0, subject: ORDERS.to_owned(), id, body: body.into() };
        self.inbox.handle(&delivery).await
    }

    /// A request to pay.
    pub fn request(&self, order: OrderId, token: &str) -> PayRequest {
        let token: Token = token.parse().unwrap();
        PayRequest { order, buyer: self.buyer, token, request: None, trace: "test".to_owned() }
    }

    /// Pays.
    pub async fn pay(&self, order: OrderId, token: &str) -> Result<PaymentId, Unpaid> {
        self.works.pay.pay(self.request(order, token)).await
    }

    /// The seller gives money back, in minor units: all that is left where nothing is said.
    pub async fn refund(
        &self,
        payment: PaymentId,
        minor: Option<i64>,
        units: u32,
    ) -> Result<Refund, Failure> {
        let seen = queries::payment(&self.engine, payment).await?.unwrap();
        let command = GiveBack {
            payment,
            order: seen.payment.order,
            seller: self.order(seen.payment.order).ticket.user_id,
            thousandths: minor.map(|minor| minor * 10),
            units,
            reason: "The second act is cancelled".to_owned(),
        };
        let asked = self.engine.run(command, "test").await;
        self.works.resolver.ring();
        asked
    }

    /// The payments of an order.
    pub async fn payments_of(&self, order: OrderId) -> Vec<Payment> {
        let found = queries::payments_of(&self.engine, self.buyer, Some(order), None, 100).await;
        found.unwrap().into_iter().map(|(seen, _)| seen.payment).collect()
    }

    /// The provider's statement.
    pub async fn statement(&self) -> BTreeMap<PaymentId, Line> {
        statement(&*self.sandbox_store).await.unwrap()
    }

    /// What an order cost its buyer in the end, in minor units, by the provider's own books.
    pub async fn net(&self, order: OrderId) -> i64 {
        let lines = self.statement().await;
        lines.values().filter(|line| line.order == Some(order)).map(Line::kept).sum()
    }

    /// Waits until nothing is unresolved, and holds the end against the invariants.
    pub async fn come_to_rest(&self) {
        let deadline = self.clock.started.elapsed() + SETTLED;
        loop {
            let far = Timestamp::from_millis(i64::MAX);
            let due = queries::due(&self.engine, far, Duration::ZERO, 100).await.unwrap();
            if due.is_empty() {
                break;
            }
            assert!(self.clock.started.elapsed() < deadline, "I3: still unresolved: {due:?}");
            self.clock.sleep(Duration::from_millis(100)).await;
        }
        let findings = audit::findings(&*self.store, &*self.sandbox_store).await.unwrap();
        assert_eq!(findings, Vec::<String>::new());
        let orders: Vec<_> = self.orders.lock().unwrap().values().cloned().collect();
        for order in orders.into_iter().filter(|order| order.replaces.is_none()) {
            let wanted = match order.status {
                OrderStatus::Complete => order.total.minor,
                _ if order.late.is_some_and(|late| late.replaced_by.is_some()) => order.total.minor,
                _ => 0,
            };
            let payments = self.payments_of(order.id).await;
            let kept = payments.iter().filter(|paid| matches!(paid.state, State::Captured { .. }));
            let asked_back: i64 = kept.map(|paid| paid.amount.minor - paid.left().minor).sum();
            assert_eq!(self.net(order.id).await, wanted - asked_back, "I3, I4: {order:?}");
        }
    }
}
