//! Every metric there is, by name: what it tells, its labels and its buckets.
//!
//! Names are as Prometheus wants them: base units, `_total` behind what only rises. A label takes
//! one of a few values that are known beforehand: a route's template, never a path; a subject,
//! never an id. `docs/observability.md` says of each what to do with it, and a test holds the two
//! together.

/// A metric: a name, and what is told under it.
#[derive(Debug, PartialEq)]
pub struct Metric {
    /// As it is shown.
    pub name: &'static str,
    /// What kind of number it is.
    pub kind: Kind,
    /// What its numbers are told apart by. [`SERVICE`] comes first where it is one.
    pub labels: &'static [&'static str],
    /// What it tells, in one line.
    pub help: &'static str,
}

/// What kind of number a metric is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// It only rises.
    Counter,
    /// It rises and falls.
    Gauge,
    /// How many of what size, by these upper ends.
    Histogram(&'static [f64]),
}

/// The label that says which service a number is about.
pub const SERVICE: &str = "service";

/// What people wait for: from half a millisecond, which is a read from memory, to the thirty
/// seconds after which a request is given up.
const REQUEST_S: &[f64] =
    &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// A commit: one fsync on a good disk up to a database that changes its primary.
const COMMIT_S: &[f64] =
    &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// From a decision to its effect in another service: milliseconds, or as long as a broker was down.
const DELAY_S: &[f64] =
    &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0, 300.0, 3_600.0];

/// How late an expiry may be: five seconds are promised (I13).
const LATE_S: &[f64] = &[0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 600.0];

/// A call to another company.
const CALL_S: &[f64] = &[0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0];

/// Commands in one commit, which are 256 at most.
const TOGETHER: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

const fn counter(
    name: &'static str,
    labels: &'static [&'static str],
    help: &'static str,
) -> Metric {
    Metric { name, kind: Kind::Counter, labels, help }
}

const fn gauge(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { name, kind: Kind::Gauge, labels, help }
}

const fn histogram(
    name: &'static str,
    buckets: &'static [f64],
    labels: &'static [&'static str],
    help: &'static str,
) -> Metric {
    Metric { name, kind: Kind::Histogram(buckets), labels, help }
}

/// Requests that were answered.
pub static HTTP_REQUESTS: Metric = counter(
    "ticketing_http_requests_total",
    &["route", "method", "status"],
    "Requests answered, by the template of their route, method and class of status",
);

/// How long their answers took to begin.
pub static HTTP_REQUEST_SECONDS: Metric = histogram(
    "ticketing_http_request_seconds",
    REQUEST_S,
    &["route", "method"],
    "From a request's head to the beginning of its answer",
);

/// Requests that wait for their answer to begin.
pub static HTTP_UNDER_WAY: Metric =
    gauge("ticketing_http_requests_under_way", &[], "Requests whose answer has not begun");

/// Requests that no handler saw to the end.
pub static HTTP_REFUSED: Metric = counter(
    "ticketing_http_requests_refused_total",
    &["reason"],
    "Requests refused before a handler saw them (busy, foreign), or given up (overdue)",
);

/// Live streams.
pub static LIVE_STREAMS: Metric =
    gauge("ticketing_live_streams", &[SERVICE], "Live streams that are open");

/// What became of attempts to commit.
pub static COMMITS: Metric = counter(
    "ticketing_commits_total",
    &[SERVICE, "outcome"],
    "Attempts to commit: committed, conflict, unknown or unavailable",
);

/// How long the store took.
pub static COMMIT_SECONDS: Metric = histogram(
    "ticketing_commit_seconds",
    COMMIT_S,
    &[SERVICE],
    "How long the store took to say what became of a commit",
);

/// How many commands shared a commit.
pub static COMMANDS_TOGETHER: Metric = histogram(
    "ticketing_commands_together",
    TOGETHER,
    &[SERVICE],
    "Commands that were decided together and committed at once",
);

/// Commands turned away because too many waited for the same document.
pub static COMMANDS_OVERLOADED: Metric = counter(
    "ticketing_commands_overloaded_total",
    &[SERVICE],
    "Commands turned away because too many waited for the same document",
);

/// Events that are not on the bus yet.
pub static OUTBOX_DEPTH: Metric = gauge(
    "ticketing_outbox_depth",
    &[SERVICE],
    "Events of this process that are decided and not known to be on the bus",
);

/// How long the oldest of them has waited.
pub static OUTBOX_AGE: Metric =
    gauge("ticketing_outbox_oldest_seconds", &[SERVICE], "How long the oldest of them has waited");

/// Events handed to the bus.
pub static EVENTS_PUBLISHED: Metric = counter(
    "ticketing_events_published_total",
    &[SERVICE, "subject", "by"],
    "Events that the bus took, from the relay or, left behind by others, from the sweep",
);

/// Events that arrived.
pub static EVENTS_HANDLED: Metric = counter(
    "ticketing_events_handled_total",
    &[SERVICE, "subject", "outcome"],
    "Deliveries: done, set_aside because not understood, or again because something did not serve",
);

/// How long events were on their way.
pub static EVENT_DELAY: Metric = histogram(
    "ticketing_event_delay_seconds",
    DELAY_S,
    &[SERVICE, "subject"],
    "From the decision that an event tells to its effect in the service that hears it",
);

/// How far a service is behind the bus.
pub static BUS_LAG: Metric = gauge(
    "ticketing_bus_lag_events",
    &[SERVICE],
    "Events on the bus that the service has not dealt with; NaN where the bus cannot tell",
);

/// How late orders expired.
pub static EXPIRY_LAG: Metric = histogram(
    "ticketing_expiry_lag_seconds",
    LATE_S,
    &[],
    "How long after its window an order was ended",
);

/// Orders whose window is over.
pub static EXPIRY_DUE: Metric = gauge(
    "ticketing_expiry_due_orders",
    &[],
    "Orders whose window is over and that are not ended; 1000 means at least so many",
);

/// How long the longest of them has been due.
pub static EXPIRY_OVERDUE: Metric = gauge(
    "ticketing_expiry_oldest_due_seconds",
    &[],
    "How long the window of the longest due of them has been over",
);

/// Payments that came to an end, or a capture.
pub static PAYMENTS: Metric = counter(
    "ticketing_payments_total",
    &["outcome"],
    "What payments came to: captured, declined or refunded",
);

/// Disputes that were opened, or decided.
pub static DISPUTES: Metric =
    counter("ticketing_disputes_total", &["outcome"], "Disputes of payments: opened, won or lost");

/// Payments about which something is still to be done.
pub static PAYMENTS_UNRESOLVED: Metric = gauge(
    "ticketing_payments_unresolved",
    &[],
    "Payments about which something is still to be done; 1000 means at least so many",
);

/// How old the oldest of them is.
pub static PAYMENTS_OLDEST: Metric = gauge(
    "ticketing_payments_oldest_unresolved_seconds",
    &[],
    "How long ago the oldest of them began",
);

/// Calls to the payment provider.
pub static PROVIDER_CALL_SECONDS: Metric = histogram(
    "ticketing_provider_call_seconds",
    CALL_S,
    &["call", "outcome"],
    "Calls to the payment provider: answered, failed, or given up (timeout)",
);

/// Passwords that somebody gave as theirs.
pub static PASSWORD_CHECKS: Metric = counter(
    "ticketing_password_checks_total",
    &["outcome"],
    "Passwords given to sign in or to change an account: right, wrong, throttled or busy",
);

/// What became of attempts to send letters.
pub static LETTERS: Metric = counter(
    "ticketing_letters_total",
    &["outcome"],
    "Attempts to send a letter: sent, again, refused, set_aside or unaddressed",
);

/// Letters that are to be sent.
pub static LETTERS_WAITING: Metric = gauge(
    "ticketing_letters_waiting",
    &[],
    "Letters that are to be sent; 1000 means at least so many",
);

/// How long the oldest of them has waited.
pub static LETTERS_OLDEST: Metric = gauge(
    "ticketing_letters_oldest_waiting_seconds",
    &[],
    "How long the oldest of them has waited",
);

/// Which build this is.
pub static BUILD_INFO: Metric =
    gauge("ticketing_build_info", &["version"], "Always 1; the label says which build this is");

/// Processor time of the process.
pub static PROCESS_CPU: Metric =
    counter("process_cpu_seconds_total", &[], "Processor time, in user code and in the kernel");

/// Memory of the process.
pub static PROCESS_MEMORY: Metric =
    gauge("process_resident_memory_bytes", &[], "Memory that the process holds");

/// Descriptors of the process.
pub static PROCESS_FDS: Metric = gauge("process_open_fds", &[], "File descriptors that are open");

/// How many it may have.
pub static PROCESS_MAX_FDS: Metric =
    gauge("process_max_fds", &[], "File descriptors that may be open");

/// When the process began.
pub static PROCESS_START: Metric =
    gauge("process_start_time_seconds", &[], "When the process began, in Unix time");

/// All of them, in the order in which they are shown.
pub static TABLE: &[&Metric] = &[
    &HTTP_REQUESTS,
    &HTTP_REQUEST_SECONDS,
    &HTTP_UNDER_WAY,
    &HTTP_REFUSED,
    &LIVE_STREAMS,
    &COMMITS,
    &COMMIT_SECONDS,
    &COMMANDS_TOGETHER,
    &COMMANDS_OVERLOADED,
    &OUTBOX_DEPTH,
    &OUTBOX_AGE,
    &EVENTS_PUBLISHED,
    &EVENTS_HANDLED,
    &EVENT_DELAY,
    &BUS_LAG,
    &EXPIRY_LAG,
    &EXPIRY_DUE,
    &EXPIRY_OVERDUE,
    &PAYMENTS,
    &DISPUTES,
    &PAYMENTS_UNRESOLVED,
    &PAYMENTS_OLDEST,
    &PROVIDER_CALL_SECONDS,
    &PASSWORD_CHECKS,
    &LETTERS,
    &LETTERS_WAITING,
    &LETTERS_OLDEST,
    &BUILD_INFO,
    &PROCESS_CPU,
    &PROCESS_MEMORY,
    &PROCESS_FDS,
    &PROCESS_MAX_FDS,
    &PROCESS_START,
];
