//! What writes to a service's store: one of its processes, or somebody's hand.

use std::sync::Arc;

use super::{Adapters, Base, StartError};
use crate::execute::{Engine, Ports};
use crate::metrics::Meters;
use crate::outbox::{Outbox, Sweep};
use crate::service::RESERVED;
use crate::store::Collection;

/// A writer that is known in the store: what it commits is told, whatever becomes of this process.
pub(super) struct Writer {
    pub(super) outbox: Arc<Outbox>,
    pub(super) sweep: Sweep,
    pub(super) ports: Ports,
}

impl Writer {
    /// A new writer to the store of the service `name`.
    pub(super) async fn new(
        adapters: &dyn Adapters,
        name: &str,
        collections: &[&'static Collection],
        meters: &Meters,
    ) -> Result<Self, StartError> {
        let store = adapters.store(name, &[collections, RESERVED].concat()).await?;
        let Base { clock, ids, tasks, bus } = adapters.base();
        let outbox = Arc::new(Outbox::new(ids.next(clock.now())));
        let sweep = Sweep::new(
            Arc::clone(&outbox),
            Arc::clone(&store),
            Arc::clone(bus),
            Arc::clone(clock),
            adapters.is_exclusive(),
        )
        .metered(meters);
        sweep.register().await.map_err(StartError::Register)?;
        let (clock, ids, tasks) = (Arc::clone(clock), Arc::clone(ids), Arc::new(tasks.clone()));
        let ports = Ports { store, clock, ids, tasks };
        Ok(Self { outbox, sweep, ports })
    }
}

/// What executes commands that are given by hand on the documents of the service `name`. Nothing of
/// the service runs here: what is told waits in the outbox until a process that serves finds it
/// there, as it finds what one that crashed left behind.
///
/// # Errors
/// When the store cannot be opened or written.
pub async fn by_hand(
    adapters: &dyn Adapters,
    name: &str,
    collections: &[&'static Collection],
) -> Result<Arc<Engine>, StartError> {
    let Writer { outbox, ports, .. } =
        Writer::new(adapters, name, collections, &Meters::unseen()).await?;
    Ok(Engine::new(ports, outbox))
}
