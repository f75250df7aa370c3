//! The service on a scripted provider, with an orders service that does what the real one does, and
//! webhooks that come late, twice, in any order, forged, or never.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::http::HeaderMap;
use bytes::Bytes;
use common::bus::Delivery;
use common::events::{CancelledBy, Envelope, LateMoney, ORDERS, OrderState, OrderStatus};
use common::execute::{Engine, Failure, Ports};
use common::id::{Id, Ids, OrderId, PaymentId, UserId};
use common::inbox::Inbox;
use common::outbox::Outbox;
use common::store::Store;
use common::store::memory::MemoryStore;
use common::task::{Spawn, Work};
use common::time::{Clock, Timestamp};
use payments::commands::GiveBack;
use payments::domain::{Payment, Place, Refund, State, Token};
use payments::pay::{CheckoutRequest, PayRequest, Unpaid};
use payments::provider::{Door, Letter};
use payments::webhook::NotTaken;
use payments::{Timing, Works, consume, queries};
use scripted::{Kind, Script};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::AbortHandle;

use crate::line::{Life, Line, Tapped};
use crate::make::Make;
use crate::order;

const BEGINNING: Timestamp = Timestamp::from_millis(1_800_000_000_000);

/// Time that stands still while there is work to do.
pub struct PausedClock(tokio::time::Instant);

#[async_trait]
impl Clock for PausedClock {
    fn now(&self) -> Timestamp {
        BEGINNING.plus(self.0.elapsed())
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// What a process runs; all of it ends with the process.
#[derive(Default)]
struct Tasks(Mutex<Vec<AbortHandle>>);

impl Spawn for Tasks {
    #[expect(clippy::disallowed_methods, reason = "the home of spawning in these tests")]
    fn spawn(&self, work: Work) {
        self.0.lock().unwrap().push(tokio::spawn(work).abort_handle());
    }
}

/// A running process of the service.
struct Process {
    engine: Arc<Engine>,
    works: Works,
    inbox: Arc<Inbox>,
    tasks: Arc<Tasks>,
    life: Arc<Life>,
}

/// The service on Stripe, and what is around it.
pub type Shop = Market<scripted::Stripe>;

/// The service on a provider, and what is around it.
pub struct Market<M> {
    pub store: Arc<MemoryStore>,
    /// Who moves the money.
    pub there: Arc<M>,
    pub clock: Arc<PausedClock>,
    pub buyer: UserId,
    process: Mutex<Option<Arc<Process>>>,
    incarnations: AtomicU64,
    ids: Ids,
    orders: Mutex<BTreeMap<OrderId, OrderState>>,
    events: UnboundedSender<Bytes>,
}

impl<M: Make> Market<M> {
    /// One whose provider goes wrong by `script`. Its first process lives as long as `life`.
    pub fn new(script: Script, life: Arc<Life>) -> Arc<Self> {
        let (events, heard) = unbounded_channel();
        #[expect(clippy::disallowed_methods, reason = "tokio's clock is paused in these tests")]
        let started = tokio::time::Instant::now();
        let shop = Arc::new(Self {
            store: Arc::new(MemoryStore::new()),
            there: Arc::new(M::new(script)),
            clock: Arc::new(PausedClock(started)),
            buyer: UserId(Id::from_bytes([7; 12])),
            process: Mutex::default(),
            incarnations: AtomicU64::new(0),
            ids: Ids::new(1 << 40),
            orders: Mutex::default(),
            events,
        });
        shop.start(life);
        let orders = Arc::clone(&shop);
        Tasks::default().spawn(Box::pin(async move { orders.be_orders(heard).await }));
        shop
    }

    /// A process begins, on what was committed.
    pub fn start(&self, life: Arc<Life>) {
        let number = self.incarnations.fetch_add(1, Ordering::SeqCst) + 1;
        let clock = Arc::clone(&self.clock) as Arc<dyn Clock>;
        let tasks = Arc::new(Tasks::default());
        let store = Arc::new(Tapped {
            inner: Arc::clone(&self.store),
            life: Arc::clone(&life),
            events: self.events.clone(),
        }) as Arc<dyn Store>;
        let ids = Arc::new(Ids::new(number << 20));
        let outbox = Arc::new(Outbox::new(ids.next(clock.now())));
        let ports = Ports {
            store,
            clock: Arc::clone(&clock),
            ids,
            tasks: Arc::clone(&tasks) as Arc<dyn Spawn>,
        };
        let engine = Engine::new(ports, outbox);
        let there = Arc::clone(&self.there);
        let take = Box::new(move |call: &scripted::Call| there.take(call));
        let line = Line { take, clock: Arc::clone(&clock), life: Arc::clone(&life) };
        let fee = "2.5%+0.30".parse().unwrap();
        let works =
            Works::new(Arc::clone(&engine), M::provider(Arc::new(line)), Timing::default(), fee);
        for reconciler in works.reconcilers() {
            let clock = Arc::clone(&clock);
            let never = std::future::pending();
            tasks.spawn(Box::pin(common::worker::work(reconciler, "payments", clock, never)));
        }
        let inbox = Arc::new(Inbox::new(Arc::clone(&engine), "payments", consume::hears()));
        *self.process.lock().unwrap() =
            Some(Arc::new(Process { engine, works, inbox, tasks, life }));
    }

    /// The process is killed.
    pub fn kill(&self) {
        let process = self.process.lock().unwrap().take();
        if let Some(process) = process {
            for task in process.tasks.0.lock().unwrap().drain(..) {
                task.abort();
            }
        }
    }

    fn process(&self) -> Option<Arc<Process>> {
        self.process.lock().unwrap().clone()
    }

    /// Waits for the end of the process's life.
    pub async fn death(&self) {
        match self.process() {
            Some(process) => process.life.death.notified().await,
            None => std::future::pending().await,
        }
    }

    /// The orders service: hears of payments, and says what becomes of their orders.
    async fn be_orders(&self, mut heard: UnboundedReceiver<Bytes>) {
        while let Some(event) = heard.recv().await {
            let event = Envelope::read(&event).unwrap();
            let payment: common::events::PaymentState = event.data().unwrap();
            let status = match event.kind.as_str() {
                "payment:started" => OrderStatus::AwaitingPayment,
                "payment:captured" => OrderStatus::Complete,
                "payment:declined" => OrderStatus::Created,
                _ => continue,
            };
            if event.kind == "payment:captured" && self.decide_late(&payment).await {
                continue;
            }
            self.change(payment.order_id, status).await;
        }
    }

    /// An order that can be paid.
    pub async fn place(&self, window: Duration) -> OrderId {
        let order = order::placed(&self.ids, self.clock.now(), self.buyer, window);
        let id = order.id;
        self.orders.lock().unwrap().insert(id, order.clone());
        self.tell("order:created", &order).await;
        id
    }

    /// The order moves on, unless it has ended, and the service hears of it.
    pub async fn change(&self, id: OrderId, status: OrderStatus) {
        self.end(id, status, CancelledBy::Buyer).await;
    }

    /// The order's window closes.
    pub async fn expire(&self, id: OrderId) {
        self.end(id, OrderStatus::Cancelled, CancelledBy::Expiry).await;
    }

    /// Whether the order has been cancelled. Then what becomes of its late money is said, once:
    /// half of those that have expired find their units free still.
    async fn decide_late(&self, payment: &common::events::PaymentState) -> bool {
        let decided = {
            let mut orders = self.orders.lock().unwrap();
            let order = orders.get_mut(&payment.order_id).unwrap();
            if order.status != OrderStatus::Cancelled || order.late.is_some() {
                return order.status == OrderStatus::Cancelled;
            }
            let is_free = payment.id.to_string().as_bytes().last().unwrap().is_multiple_of(2);
            let is_replaced = is_free && order.cancelled_by == Some(CancelledBy::Expiry);
            let replaced_by = is_replaced.then(|| OrderId(order.id.0.twin()));
            order.late = Some(LateMoney { payment: payment.id, replaced_by });
            order.version += 1;
            order.clone()
        };
        self.tell("order:cancelled", &decided).await;
        true
    }

    async fn end(&self, id: OrderId, status: OrderStatus, by: CancelledBy) {
        let changed = {
            let mut orders = self.orders.lock().unwrap();
            let order = orders.get_mut(&id).unwrap();
            if order.status.is_terminal() || order.status == status {
                return;
            }
            order.status = status;
            order.cancelled_by = (status == OrderStatus::Cancelled).then_some(by);
            order.version += 1;
            order.clone()
        };
        let kind = match status {
            OrderStatus::Created | OrderStatus::AwaitingPayment => "order:updated",
            OrderStatus::Complete => "order:completed",
            OrderStatus::Cancelled => "order:cancelled",
        };
        self.tell(kind, &changed).await;
    }

    /// Delivers an event, again and again until a process has taken it.
    async fn tell(&self, kind: &str, order: &OrderState) {
        let data = serde_json::to_string(order).unwrap();
        let at = self.clock.now();
        let id = format!("{}-0", self.ids.next(at));
        let version = order.version;
        let body = format!(
            r#"{{"id":"{id}","subject":"orders","kind":"{kind}","aggregate":"x","version":{version},
                "at":"{at}","trace":"t","data":{data}}}"#
        );
        let delivery = Delivery { token: 0, subject: ORDERS.to_owned(), id, body: body.into() };
        loop {
            if let Some(process) = self.process() {
                let handled = process.inbox.handle(&delivery);
                let patience = Duration::from_secs(1);
                if tokio::time::timeout(patience, handled).await.is_ok() {
                    return;
                }
            }
            self.clock.sleep(Duration::from_millis(20)).await;
        }
    }

    /// Pays; `None` where the process dies over it.
    pub async fn pay(&self, order: OrderId, token: &str) -> Option<Result<PaymentId, Unpaid>> {
        let token: Token = token.parse().unwrap();
        let trace = "test".to_owned();
        let request = PayRequest { order, buyer: self.buyer, token, request: None, trace };
        let process = self.process()?;
        Some(process.works.pay.pay(request).await)
    }

    /// Goes to where the provider asks for the card: the payment, and the provider's name for it.
    pub async fn check_out(&self, order: OrderId) -> Result<(PaymentId, String), Unpaid> {
        let (id, door) = self.check_out_at(order, None).await?;
        Ok((id, M::behind(door)))
    }

    /// The same, in a place of the buyer's choice.
    pub async fn check_out_at(
        &self,
        order: OrderId,
        place: Option<Place>,
    ) -> Result<(PaymentId, Door), Unpaid> {
        let (back, trace) = ("https://tickets.example/orders/1".to_owned(), "test".to_owned());
        let buyer = self.buyer;
        let request = CheckoutRequest { order, buyer, back, place, request: None, trace };
        let Some(process) = self.process() else { return Err(Unpaid::Unresolved) };
        process.works.pay.check_out(request).await
    }

    /// The seller gives money of a complete order back; `None` where there is no process, or
    /// nothing that was paid.
    pub async fn refund(&self, order: OrderId, minor: i64) -> Option<Result<Refund, Failure>> {
        let process = self.process()?;
        let engine = &process.engine;
        let found = queries::payments_of(engine, self.buyer, Some(order), None, 100).await.ok()?;
        let is_taken = |payment: &&Payment| matches!(payment.state, State::Captured { .. });
        let payment = found.iter().map(|(seen, _)| &seen.payment).find(is_taken)?.id;
        let reason = "The second act is cancelled".to_owned();
        let thousandths = Some(minor * 10);
        let command = GiveBack { payment, order, seller: None, thousandths, units: 0, reason };
        let asked = engine.run(command, "refund").await;
        process.works.resolver.ring();
        Some(asked)
    }

    /// A webhook arrives.
    pub async fn receive_with(
        &self,
        headers: HeaderMap,
        query: Option<&str>,
        body: &str,
    ) -> Option<Result<(), NotTaken>> {
        let process = self.process()?;
        let letter = Letter { headers: &headers, query, body: body.as_bytes() };
        Some(process.works.webhook.receive(M::NAME, letter, "webhook").await)
    }

    /// Every payment whose end is not known yet.
    pub async fn unresolved(&self) -> Vec<Payment> {
        let far = Timestamp::from_millis(i64::MAX);
        let Some(process) = self.process() else { return Vec::new() };
        queries::due(&process.engine, far, Duration::ZERO, 100).await.unwrap()
    }

    /// The payments of an order.
    pub async fn payments_of(&self, order: OrderId) -> Vec<Payment> {
        let process = self.process().unwrap();
        let found = queries::payments_of(&process.engine, self.buyer, Some(order), None, 100).await;
        found.unwrap().into_iter().map(|(seen, _)| seen.payment).collect()
    }

    /// Waits a little; then the buyer of a payment goes to the bank, or nobody does. What the
    /// provider calls that payment.
    pub async fn goes_to_the_bank(&self, dice: &mut Script) -> Option<String> {
        self.clock.sleep(Duration::from_millis(200 + dice.below(1_500))).await;
        let taken: Vec<String> = self.there.with_ledger(|ledger| {
            let taken = ledger.lines().iter().filter(|line| line.kind == Kind::Captured);
            taken.map(|line| line.name.clone()).collect()
        });
        if taken.is_empty() || !dice.chance(700) {
            return None;
        }
        let which = usize::try_from(dice.below(taken.len() as u64)).unwrap();
        taken.into_iter().nth(which)
    }

    /// Every order as its own service has it.
    pub fn orders(&self) -> Vec<OrderState> {
        self.orders.lock().unwrap().values().cloned().collect()
    }
}
