//! What holds when a bus is closed and opened again.

use std::sync::Arc;

use async_trait::async_trait;

use super::{SUBJECT, ids, ids_of, message, messages, receive, tokens};
use crate::bus::{Bus, BusDown};

/// A bus that the suite can open again.
#[async_trait]
pub trait Reopen: Send + Sync {
    /// The bus, opened anew each time. What was opened before has been dropped.
    async fn open(&self) -> Arc<dyn Bus>;

    /// Empties its store. No bus is open.
    async fn wipe(&self);
}

/// What a group has not acknowledged comes again after the bus was closed, and so does what it has
/// not seen; what it acknowledged does not.
///
/// # Errors
/// When the bus cannot serve.
pub async fn reopening_forgets_nothing(store: &dyn Reopen) -> Result<(), BusDown> {
    let all = messages("kept", 20);
    {
        let bus = store.open().await;
        let mut member = bus.subscribe("group", &[SUBJECT]).await?;
        bus.publish(all[..15].to_vec()).await?;
        let received = receive(&mut *member, 15).await?;
        member.acknowledge(tokens(&received[..5])).await?;
        bus.publish(all[15..].to_vec()).await?;
    }
    let bus = store.open().await;
    let mut member = bus.subscribe("group", &[SUBJECT]).await?;
    assert_eq!(ids(&receive(&mut *member, 15).await?), ids_of(&all[5..]));
    let mut other = bus.subscribe("new", &[SUBJECT]).await?;
    assert_eq!(ids(&receive(&mut *other, 20).await?), ids_of(&all));
    Ok(())
}

/// The epoch stays the same for as long as nothing is lost, and is another once the store was
/// wiped.
///
/// # Errors
/// When the bus cannot serve.
pub async fn a_wiped_bus_is_another(store: &dyn Reopen) -> Result<(), BusDown> {
    let first = {
        let bus = store.open().await;
        bus.publish(messages("wiped", 3)).await?;
        bus.epoch().await?
    };
    let again = store.open().await.epoch().await?;
    assert_eq!(first, again, "nothing was lost");
    store.wipe().await;
    let bus = store.open().await;
    assert_ne!(bus.epoch().await?, first, "everything was lost");
    let mut member = bus.subscribe("group", &[SUBJECT]).await?;
    bus.publish(vec![message(SUBJECT, "after")]).await?;
    assert_eq!(ids(&receive(&mut *member, 1).await?), ["after"]);
    Ok(())
}
