//! What all services share, in reading order: a line may use only the lines above it.
//!
//! | module | what it is |
//! | --- | --- |
//! | `text` | values that JSON writes as a text |
//! | [`time`] | instants, and the clock that everything is handed |
//! | [`id`] | identifiers from time and entropy handed in |
//! | [`money`] | exact amounts |
//! | [`events`] | what services tell one another, every version ever published |
//! | [`task`] | where work goes that must not stop because whoever asked went away |
//! | [`trace`] | what one request causes, as spans that know what they follow from |
//! | [`metrics`] | what is counted and measured; nothing decides by it |
//! | [`worker`] | reconcilers: woken by a hint or a period, they do what is due |
//! | [`store`] | the port to a database; memory, SQLite; one contract for all |
//! | [`bus`] | the port to an event bus; embedded, NATS JetStream; one contract for all |
//! | [`command`] | what a decision is made of |
//! | [`scan`] | all documents of a type, for audits and operators |
//! | [`watch`] | who is woken when a document changes |
//! | `planted` | bugs on purpose, in builds that ask for them, to see the simulator catch each |
//! | [`outbox`] | the record of every event, and its way to the bus |
//! | [`execute`] | load → decide → commit → resolve: the only write path |
//! | [`replies`] | idempotency keys: the first answer, kept with the change it answers for |
//! | [`inbox`] | delivery → command → acknowledgement |
//! | [`session`] | who is signed in, verified by every service on its own |
//! | [`http`] | what handlers are made of |
//! | [`telemetry`] | logs |
//! | [`service`] | a service is a value |
//! | [`config`] | what the operator decides, for every program |
//! | [`run`] | services running: the one place where adapters are named |

pub mod bus;
pub mod command;
pub mod config;
pub mod events;
pub mod execute;
pub mod http;
pub mod id;
pub mod inbox;
pub mod metrics;
pub mod money;
pub mod outbox;
#[cfg(feature = "planted")]
pub mod planted;
pub mod replies;
pub mod run;
pub mod scan;
pub mod service;
pub mod session;
pub mod store;
pub mod task;
pub mod telemetry;
mod text;
pub mod time;
pub mod trace;
pub mod watch;
pub mod worker;
