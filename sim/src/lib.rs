//! The marketplace under seeded faults, judged by what clients were told. In reading order:
//!
//! | module | what it is |
//! | --- | --- |
//! | [`rng`], [`executor`] | chance by the seed; one thread with a time of its own |
//! | [`faults`] | what goes wrong, and how often each rare situation came about |
//! | [`disk`], [`broker`], [`provider`] | the ports, which misbehave |
//! | [`world`] | the services' real code on these ports, dying and coming back |
//! | [`journal`], [`clients`] | what people ask for, and what they are told |
//! | [`oracle`] | the judge |
//! | [`history`] | one history, from an empty marketplace to its judgement |

pub mod broker;
pub mod clients;
pub mod disk;
pub mod executor;
pub mod faults;
pub mod history;
pub mod journal;
pub mod oracle;
pub mod provider;
pub mod rng;
pub mod world;
