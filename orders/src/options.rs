//! What the operator decides about orders.

use std::time::Duration;

use clap::Args;
use common::config::at_least_a_second;

use crate::Settings;

/// The options of this service.
#[derive(Debug, Clone, Args)]
#[group(id = "orders")]
pub struct Options {
    /// How long an order reserves its tickets: a number and a unit (ms, s, m, h, d), at least 1s
    #[arg(long, env = "TICKETING_ORDER_WINDOW", value_name = "DURATION", default_value = "15m",
          value_parser = at_least_a_second)]
    pub order_window: Duration,

    /// Most orders of one ticket that one buyer may have at a time
    #[arg(long, env = "TICKETING_MAX_LIVE_ORDERS_PER_BUYER", value_name = "COUNT",
          default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    pub max_live_orders_per_buyer: u32,
}

impl Options {
    /// What the service is given.
    pub fn settings(&self) -> Settings {
        Settings { window: self.order_window, max_live_per_buyer: self.max_live_orders_per_buyer }
    }
}
