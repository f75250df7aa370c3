//! How requests are counted: by the template of their route, their method, and the class of their
//! answer's status.
//!
//! Each route has a gate of its own ([`super::gate`]), which learns at its first request which
//! route that is, and keeps what it counts with: a request costs some additions and no look-up.

use std::sync::{Arc, OnceLock};

use axum::extract::{MatchedPath, Request};
use http::{Method, StatusCode};

use crate::metrics::table::{HTTP_REFUSED, HTTP_REQUEST_SECONDS, HTTP_REQUESTS, HTTP_UNDER_WAY};
use crate::metrics::{Counter, Gauge, Held, Histogram, Meters, Registry, Stopwatch};

/// The route of what no route is for.
const UNMATCHED: &str = "unmatched";

/// Methods that are counted by name; the last stands for all others.
const METHODS: [&str; 8] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other"];

/// Classes of status, by their first digit.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// What all routes count together.
pub(super) struct Traffic {
    meters: Meters,
    under_way: Gauge,
    busy: Counter,
    foreign: Counter,
    overdue: Counter,
}

/// Why a request came to nothing before or without its handler.
#[derive(Debug, Clone, Copy)]
pub(super) enum Refused {
    Busy,
    Foreign,
    Overdue,
}

impl Traffic {
    pub(super) fn new(registry: &Arc<Registry>) -> Self {
        let meters = Meters::of(registry, "");
        let refused = |reason| meters.counter(&HTTP_REFUSED, &[reason]);
        let (busy, foreign, overdue) = (refused("busy"), refused("foreign"), refused("overdue"));
        let under_way = meters.gauge(&HTTP_UNDER_WAY, &[]);
        Self { meters, under_way, busy, foreign, overdue }
    }

    /// A request came to nothing.
    pub(super) fn refuse(&self, why: Refused) {
        match why {
            Refused::Busy => self.busy.inc(),
            Refused::Foreign => self.foreign.inc(),
            Refused::Overdue => self.overdue.inc(),
        }
    }
}

/// What one route counts, once it has been asked for.
#[derive(Default)]
pub(super) struct Here {
    route: OnceLock<String>,
    methods: [OnceLock<OfMethod>; METHODS.len()],
}

struct OfMethod {
    classes: [OnceLock<Counter>; CLASSES.len()],
    seconds: Histogram,
}

/// A request whose answer has not begun.
pub(super) struct UnderWay {
    here: Arc<Here>,
    method: usize,
    begun: Stopwatch,
    _one: Held,
}

impl Here {
    /// A request has come.
    pub(super) fn begin(self: &Arc<Self>, request: &Request, traffic: &Traffic) -> UnderWay {
        let method = method_index(request.method());
        let begun = self.of_method(method, request, traffic).seconds.start();
        UnderWay { here: Arc::clone(self), method, begun, _one: traffic.under_way.hold() }
    }

    fn of_method(&self, method: usize, request: &Request, traffic: &Traffic) -> &OfMethod {
        self.methods[method].get_or_init(|| {
            let route = self.route.get_or_init(|| {
                let matched = request.extensions().get::<MatchedPath>();
                matched.map_or(UNMATCHED, MatchedPath::as_str).to_owned()
            });
            let labels = [route.as_str(), METHODS[method]];
            let seconds = traffic.meters.histogram(&HTTP_REQUEST_SECONDS, &labels);
            OfMethod { classes: Default::default(), seconds }
        })
    }
}

impl UnderWay {
    /// Its answer begins.
    pub(super) fn end(self, status: StatusCode, traffic: &Traffic) {
        let class = usize::from(status.as_u16() / 100).clamp(1, CLASSES.len()) - 1;
        let Some(of_method) = self.here.methods[self.method].get() else { return };
        of_method.seconds.stop(self.begun);
        let counter = of_method.classes[class].get_or_init(|| {
            let route = self.here.route.get().map_or(UNMATCHED, String::as_str);
            let labels = [route, METHODS[self.method], CLASSES[class]];
            traffic.meters.counter(&HTTP_REQUESTS, &labels)
        });
        counter.inc();
    }
}

fn method_index(method: &Method) -> usize {
    let known = METHODS.iter().position(|known| *known == method.as_str());
    known.unwrap_or(METHODS.len() - 1)
}
