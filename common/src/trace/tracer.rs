//! Spans, and where they wait until they are sent away.

use std::borrow::Cow;
use std::fmt::Display;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use super::{Collector, Place, request_of};

/// Most spans that wait to be sent away: those of some seconds at full speed, in a few megabytes.
/// Those above it are lost, and counted.
const MAX_WAITING: usize = 20_000;

/// What a span does, as OpenTelemetry numbers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Something within a service.
    Internal = 1,
    /// It answers a request.
    Server = 2,
    /// It asks somebody else, and waits.
    Client = 3,
    /// It hands a message over.
    Producer = 4,
    /// It deals with a message.
    Consumer = 5,
}

/// Something that happened, from when to when.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) place: Place,
    /// The span that it follows from; none where it begins the trace.
    pub(super) parent: Option<u64>,
    pub(super) service: &'static str,
    pub(super) name: Cow<'static, str>,
    pub(super) kind: Kind,
    pub(super) begun_ns: u64,
    pub(super) ended_ns: u64,
    pub(super) notes: Vec<(&'static str, String)>,
    pub(super) failed: bool,
}

/// Makes spans, and keeps those that are over until they are taken.
#[derive(Debug, Clone, Default)]
pub struct Tracer(Option<Arc<Inner>>);

#[derive(Debug)]
struct Inner {
    collector: Collector,
    /// From here on spans are numbered, in an order that looks random.
    seed: u64,
    next: AtomicU64,
    /// Two readings of one moment: spans are placed in time by the first and measured by the
    /// second.
    wall_ns: u64,
    begun: Instant,
    over: Mutex<Over>,
}

#[derive(Debug, Default)]
struct Over {
    records: Vec<Record>,
    lost: u64,
}

/// Something that is going on. It is told of once it is ended; one that is dropped never was.
#[derive(Debug, Clone)]
pub struct Span {
    inner: Arc<Inner>,
    record: Record,
    request: String,
}

impl Tracer {
    /// One that makes spans for `collector`, numbered from `seed`, which no other process has.
    #[expect(clippy::disallowed_methods, reason = "nothing is decided by when a span was")]
    pub fn on(seed: u64, collector: Collector) -> Self {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(Some(Arc::new(Inner {
            collector,
            seed,
            next: AtomicU64::new(0),
            wall_ns: u64::try_from(wall.as_nanos()).unwrap_or(u64::MAX),
            begun: Instant::now(),
            over: Mutex::default(),
        })))
    }

    /// Who takes its spans; nobody where it makes none.
    pub fn collector(&self) -> Option<&Collector> {
        self.0.as_ref().map(|inner| &inner.collector)
    }

    /// The span of the request `id`, which somebody else's span may have led to.
    pub fn begin(
        &self,
        service: &'static str,
        name: impl Into<Cow<'static, str>>,
        id: &str,
        from: Option<Place>,
    ) -> Option<Span> {
        let inner = self.0.as_ref()?;
        let trace = from.map_or_else(|| inner.trace(), |from| from.trace);
        let place = Place { trace, span: inner.number() };
        let parent = from.map(|from| from.span);
        Some(Inner::span(inner, place, parent, service, name.into(), Kind::Server, id))
    }

    /// A span that follows from what `text` names; none where that is not traced.
    pub fn follow(
        &self,
        service: &'static str,
        name: impl Into<Cow<'static, str>>,
        kind: Kind,
        text: &str,
    ) -> Option<Span> {
        let inner = self.0.as_ref()?;
        let from = Place::of_text(text)?;
        let place = Place { trace: from.trace, span: inner.number() };
        let id = request_of(text);
        Some(Inner::span(inner, place, Some(from.span), service, name.into(), kind, id))
    }

    /// Takes up to `most` spans that are over, as OTLP's JSON, and how many were lost since the
    /// last time. Nothing where there is none.
    pub fn take(&self, most: usize) -> Option<(String, u64)> {
        let mut over = self.0.as_ref()?.over.lock().unwrap_or_else(PoisonError::into_inner);
        let many = over.records.len().min(most);
        let records: Vec<_> = over.records.drain(..many).collect();
        let lost = std::mem::take(&mut over.lost);
        drop(over);
        (!records.is_empty()).then(|| (super::otlp::json(&records), lost))
    }
}

impl Inner {
    fn span(
        inner: &Arc<Self>,
        place: Place,
        parent: Option<u64>,
        service: &'static str,
        name: Cow<'static, str>,
        kind: Kind,
        request: &str,
    ) -> Span {
        let begun_ns = inner.now_ns();
        let (notes, failed, ended_ns) = (Vec::new(), false, begun_ns);
        let record =
            Record { place, parent, service, name, kind, begun_ns, ended_ns, notes, failed };
        Span { inner: Arc::clone(inner), record, request: request.to_owned() }
    }

    fn now_ns(&self) -> u64 {
        let since = u64::try_from(self.begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.wall_ns.saturating_add(since)
    }

    /// The next number, never nought and never twice: a counter through SplitMix64's mixer, which
    /// maps no two numbers to one.
    fn number(&self) -> u64 {
        let count = self.next.fetch_add(1, Ordering::Relaxed);
        let mut mixed = self.seed.wrapping_add(count.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)).max(1)
    }

    fn trace(&self) -> u128 {
        (u128::from(self.number()) << 64) | u128::from(self.number())
    }
}

impl Span {
    /// What follows from it is given this.
    pub fn text(&self) -> String {
        self.record.place.text(&self.request)
    }

    /// Where it is.
    pub fn place(&self) -> Place {
        self.record.place
    }

    /// Notes something about it; nothing secret (I28).
    pub fn note(&mut self, key: &'static str, value: impl Display) {
        self.record.notes.push((key, value.to_string()));
    }

    /// It went wrong.
    pub fn fail(&mut self) {
        self.record.failed = true;
    }

    /// It is over.
    pub fn end(mut self) {
        self.record.ended_ns = self.inner.now_ns();
        self.record.notes.push(("ticketing.request", self.request));
        let mut over = self.inner.over.lock().unwrap_or_else(PoisonError::into_inner);
        if over.records.len() < MAX_WAITING {
            over.records.push(self.record);
        } else {
            over.lost += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on() -> Tracer {
        Tracer::on(7, Collector::named("http://127.0.0.1:4318").unwrap())
    }

    #[test]
    fn a_tracer_that_is_off_makes_no_spans() {
        let tracer = Tracer::default();
        assert!(tracer.begin("orders", "POST /", "r", None).is_none());
        assert!(tracer.follow("orders", "x", Kind::Internal, "r~1-2").is_none());
        assert_eq!(tracer.take(10), None);
    }

    #[test]
    fn what_follows_is_of_the_same_trace_and_knows_from_what_it_follows() {
        let tracer = on();
        let from = Place { trace: 0xabc, span: 0xdef };
        let request = tracer.begin("orders", "POST /", "r", Some(from)).unwrap();
        let mut command =
            tracer.follow("orders", "Place", Kind::Internal, &request.text()).unwrap();
        assert_eq!(command.place().trace, 0xabc);
        assert_eq!(command.record.parent, Some(request.place().span));
        assert!(tracer.follow("orders", "Expire", Kind::Internal, "expiry").is_none());
        drop(tracer.follow("orders", "dropped", Kind::Internal, &request.text()));
        command.fail();
        command.end();
        request.end();
        let (json, lost) = tracer.take(10).unwrap();
        let told: serde_json::Value = serde_json::from_str(&json).unwrap();
        let spans = &told["resourceSpans"][0]["scopeSpans"][0]["spans"];
        assert_eq!((spans.as_array().map(Vec::len), lost), (Some(2), 0), "{json}");
        assert_eq!(spans[0]["parentSpanId"], spans[1]["spanId"]);
        assert_eq!(spans[0]["status"]["code"], 2);
        assert_eq!(spans[1]["parentSpanId"], "0000000000000def");
        assert_eq!(spans[1]["traceId"], format!("{:032x}", 0xabc));
        assert_eq!(tracer.take(10), None);
    }

    #[test]
    fn spans_above_the_limit_are_lost_and_counted() {
        let tracer = on();
        for _ in 0..MAX_WAITING + 3 {
            tracer.begin("orders", "POST /", "r", None).unwrap().end();
        }
        let (_, lost) = tracer.take(1).unwrap();
        assert_eq!(lost, 3);
    }
}
