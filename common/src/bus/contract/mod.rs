//! What every bus promises, each promise a function that panics where it is broken.
//!
//! A suite calls them with a bus of its own, which holds nothing yet, under a deadline of its own:
//! what a bus never delivers is noticed by that. That something does *not* come is shown by what
//! comes after it, never by waiting.

mod reopening;
mod waiting;

use std::collections::BTreeSet;

use bytes::Bytes;
use futures_util::future::{join, join_all};

use super::{Bus, BusDown, Delivery, MAX_MESSAGES, Message, Subscription};
pub use reopening::{Reopen, a_wiped_bus_is_another, reopening_forgets_nothing};
pub use waiting::{
    an_idle_member_waits, who_leaves_keeps_nothing_from_others, who_stops_waiting_loses_nothing,
};

/// A test for each promise that needs no more than a bus, as `store_contract!` has them for stores.
///
/// `$run` is a macro of the caller's that makes one test of the name it is given.
#[macro_export]
macro_rules! bus_contract {
    ($run:ident) => {
        $run! {
            every_group_gets_everything
            a_group_gets_its_subjects_alone
            members_of_a_group_share
            what_a_dropped_member_held_comes_again
            what_is_given_back_comes_again
            what_is_acknowledged_does_not_come_again
            a_subject_keeps_its_order
            many_publishers_lose_nothing
            big_messages_arrive_whole
            batches_are_full_or_empty
            an_idle_member_waits
            who_stops_waiting_loses_nothing
            who_leaves_keeps_nothing_from_others
            what_is_not_acknowledged_is_behind
        }
    };
}

const SUBJECT: &str = "tickets";
const OTHER: &str = "orders";

/// The message named `id`; its body is its name.
pub fn message(subject: &'static str, id: impl Into<String>) -> Message {
    let id = id.into();
    Message { subject, body: Bytes::from(id.clone()), id }
}

/// The messages `{prefix}-0000` and on, of one subject.
pub fn messages(prefix: &str, count: usize) -> Vec<Message> {
    (0..count).map(|number| message(SUBJECT, format!("{prefix}-{number:04}"))).collect()
}

/// Receives until there are `count`, and acknowledges none.
///
/// # Errors
/// When the bus cannot serve.
pub async fn receive(
    member: &mut dyn Subscription,
    count: usize,
) -> Result<Vec<Delivery>, BusDown> {
    let mut received = Vec::new();
    while received.len() < count {
        let batch = member.next().await?;
        assert!(!batch.is_empty(), "next() returned nothing");
        assert!(batch.len() <= MAX_MESSAGES, "next() returned {} messages", batch.len());
        received.extend(batch);
    }
    Ok(received)
}

/// The tokens of `deliveries`.
pub fn tokens(deliveries: &[Delivery]) -> Vec<u64> {
    deliveries.iter().map(|delivery| delivery.token).collect()
}

/// The ids of `deliveries`, in their order.
pub fn ids(deliveries: &[Delivery]) -> Vec<&str> {
    deliveries.iter().map(|delivery| delivery.id.as_str()).collect()
}

fn ids_of(messages: &[Message]) -> Vec<&str> {
    messages.iter().map(|message| message.id.as_str()).collect()
}

/// Every group gets everything of its subjects, as published, in one order: what was published
/// before the group was there and is still held, and what is published after.
///
/// # Errors
/// As everywhere in this suite, when the bus cannot serve.
pub async fn every_group_gets_everything(bus: &dyn Bus) -> Result<(), BusDown> {
    let (before, after) = (messages("before", 5), messages("after", 5));
    let mut early = bus.subscribe("early", &[SUBJECT]).await?;
    bus.publish(before.clone()).await?;
    let mut late = bus.subscribe("late", &[SUBJECT]).await?;
    bus.publish(after.clone()).await?;
    let all: Vec<Message> = before.into_iter().chain(after).collect();
    for member in [&mut early, &mut late] {
        let received = receive(&mut **member, 10).await?;
        assert_eq!(ids(&received), ids_of(&all));
        for (delivery, message) in received.iter().zip(&all) {
            assert_eq!((delivery.subject.as_str(), &delivery.body), (SUBJECT, &message.body));
        }
    }
    Ok(())
}

/// A group gets the messages of all its subjects, and no others.
///
/// # Errors
/// When the bus cannot serve.
pub async fn a_group_gets_its_subjects_alone(bus: &dyn Bus) -> Result<(), BusDown> {
    let mut one = bus.subscribe("one", &[OTHER]).await?;
    let mut both = bus.subscribe("both", &[SUBJECT, OTHER]).await?;
    bus.publish(vec![message(SUBJECT, "a"), message(OTHER, "b")]).await?;
    bus.publish(vec![message(SUBJECT, "c")]).await?;
    bus.publish(vec![message(OTHER, "d")]).await?;
    assert_eq!(ids(&receive(&mut *one, 2).await?), ["b", "d"]);
    let both = receive(&mut *both, 4).await?;
    let as_set: BTreeSet<_> = both.iter().map(|d| (d.subject.as_str(), d.id.as_str())).collect();
    assert_eq!(as_set, [(SUBJECT, "a"), (OTHER, "b"), (SUBJECT, "c"), (OTHER, "d")].into());
    Ok(())
}

/// Each message goes to one member of a group, whichever asks.
///
/// # Errors
/// When the bus cannot serve.
pub async fn members_of_a_group_share(bus: &dyn Bus) -> Result<(), BusDown> {
    let mut first = bus.subscribe("shared", &[SUBJECT]).await?;
    let mut second = bus.subscribe("shared", &[SUBJECT]).await?;
    let (mut seen, mut published) = (Vec::new(), 0);
    for round in 0..20 {
        let batch = messages(&format!("round-{round:02}"), 10);
        published += batch.len();
        bus.publish(batch).await?;
        let member = if round % 2 == 0 { &mut first } else { &mut second };
        let received = receive(&mut **member, 1).await?;
        member.acknowledge(tokens(&received)).await?;
        seen.extend(received.into_iter().map(|delivery| delivery.id));
    }
    // Whoever is left to ask gets the rest.
    while seen.len() < published {
        let received = receive(&mut *first, 1).await?;
        first.acknowledge(tokens(&received)).await?;
        seen.extend(received.into_iter().map(|delivery| delivery.id));
    }
    let distinct: BTreeSet<_> = seen.iter().collect();
    assert_eq!((distinct.len(), seen.len()), (published, published), "twice, or never");
    Ok(())
}

/// What a member holds without having acknowledged it comes again when the member is dropped: to
/// another member, and to a later one.
///
/// # Errors
/// When the bus cannot serve.
pub async fn what_a_dropped_member_held_comes_again(bus: &dyn Bus) -> Result<(), BusDown> {
    let all = messages("held", 10);
    let mut first = bus.subscribe("group", &[SUBJECT]).await?;
    bus.publish(all.clone()).await?;
    let received = receive(&mut *first, 10).await?;
    first.acknowledge(tokens(&received[..4])).await?;
    let mut second = bus.subscribe("group", &[SUBJECT]).await?;
    drop(first);
    let again = receive(&mut *second, 6).await?;
    assert_eq!(as_set(&again), ids_of(&all[4..]).into_iter().collect());
    second.acknowledge(tokens(&again[..2])).await?;
    drop(second);
    let mut third = bus.subscribe("group", &[SUBJECT]).await?;
    assert_eq!(as_set(&receive(&mut *third, 4).await?), as_set(&again[2..]));
    Ok(())
}

fn as_set(deliveries: &[Delivery]) -> BTreeSet<&str> {
    ids(deliveries).into_iter().collect()
}

/// What is given back comes again, to the member that gave it back if there is no other.
///
/// # Errors
/// When the bus cannot serve.
pub async fn what_is_given_back_comes_again(bus: &dyn Bus) -> Result<(), BusDown> {
    let mut member = bus.subscribe("group", &[SUBJECT]).await?;
    bus.publish(messages("given", 3)).await?;
    for _ in 0..3 {
        let received = receive(&mut *member, 3).await?;
        assert_eq!(as_set(&received), ["given-0000", "given-0001", "given-0002"].into());
        member.give_back(tokens(&received)).await?;
    }
    let received = receive(&mut *member, 3).await?;
    let (keep, give): (Vec<Delivery>, _) =
        received.into_iter().partition(|delivery| delivery.id != "given-0001");
    member.acknowledge(tokens(&keep)).await?;
    member.give_back(tokens(&give)).await?;
    assert_eq!(ids(&receive(&mut *member, 1).await?), ["given-0001"]);
    Ok(())
}

/// What was acknowledged does not come to the group again, whoever subscribes.
///
/// # Errors
/// When the bus cannot serve.
pub async fn what_is_acknowledged_does_not_come_again(bus: &dyn Bus) -> Result<(), BusDown> {
    let mut member = bus.subscribe("group", &[SUBJECT]).await?;
    bus.publish(messages("old", 10)).await?;
    let received = receive(&mut *member, 10).await?;
    member.acknowledge(tokens(&received)).await?;
    // A second time, and what was never delivered, changes nothing.
    member.acknowledge(tokens(&received)).await?;
    member.give_back(tokens(&received)).await?;
    member.acknowledge(vec![u64::MAX]).await?;
    drop(member);
    let mut member = bus.subscribe("group", &[SUBJECT]).await?;
    bus.publish(vec![message(SUBJECT, "new")]).await?;
    assert_eq!(ids(&receive(&mut *member, 1).await?), ["new"]);
    Ok(())
}

/// A single member gets a subject's messages in the order of their publication, if nothing fails.
///
/// # Errors
/// When the bus cannot serve.
pub async fn a_subject_keeps_its_order(bus: &dyn Bus) -> Result<(), BusDown> {
    let mut member = bus.subscribe("group", &[SUBJECT]).await?;
    let all = messages("ordered", 600);
    let publish = async {
        for batch in all.chunks(7) {
            bus.publish(batch.to_vec()).await?;
        }
        Ok::<_, BusDown>(())
    };
    let (published, received) = join(publish, receive(&mut *member, all.len())).await;
    published?;
    assert_eq!(ids(&received?), ids_of(&all));
    Ok(())
}

/// Many publishers at once lose nothing, and each one's messages keep their order.
///
/// # Errors
/// When the bus cannot serve.
pub async fn many_publishers_lose_nothing(bus: &dyn Bus) -> Result<(), BusDown> {
    const PUBLISHERS: usize = 32;
    const EACH: usize = 60;
    let mut member = bus.subscribe("group", &[SUBJECT]).await?;
    let publish = async |publisher: usize| {
        for batch in messages(&format!("from-{publisher:02}"), EACH).chunks(11) {
            bus.publish(batch.to_vec()).await?;
        }
        Ok::<_, BusDown>(())
    };
    let receive_all = async {
        let (mut seen, mut count) = (Vec::new(), 0);
        while count < PUBLISHERS * EACH {
            let received = receive(&mut *member, 1).await?;
            member.acknowledge(tokens(&received)).await?;
            count += received.len();
            seen.extend(received.into_iter().map(|delivery| delivery.id));
        }
        Ok::<_, BusDown>(seen)
    };
    let (published, seen) = join(join_all((0..PUBLISHERS).map(publish)), receive_all).await;
    published.into_iter().collect::<Result<Vec<()>, _>>()?;
    let seen = seen?;
    assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), PUBLISHERS * EACH);
    for publisher in 0..PUBLISHERS {
        let of_publisher = format!("from-{publisher:02}-");
        assert!(seen.iter().filter(|id| id.starts_with(&of_publisher)).is_sorted());
    }
    Ok(())
}

/// A message of 256 KiB arrives whole, and so does one of no bytes.
///
/// # Errors
/// When the bus cannot serve.
pub async fn big_messages_arrive_whole(bus: &dyn Bus) -> Result<(), BusDown> {
    let mut member = bus.subscribe("group", &[SUBJECT]).await?;
    let big: Bytes =
        (0..256 * 1024).map(|place: u32| place.to_le_bytes()[place as usize % 3]).collect();
    for body in [big, Bytes::new()] {
        let id = format!("of {} bytes", body.len());
        bus.publish(vec![Message { subject: SUBJECT, id: id.clone(), body: body.clone() }]).await?;
        let received = receive(&mut *member, 1).await?;
        assert_eq!((received[0].id.as_str(), received[0].body.len()), (id.as_str(), body.len()));
        assert!(received[0].body == body, "another body of the same length");
    }
    Ok(())
}

/// One batch may be as large as the port says, and nothing at all can be published too.
///
/// # Errors
/// When the bus cannot serve.
pub async fn batches_are_full_or_empty(bus: &dyn Bus) -> Result<(), BusDown> {
    let mut member = bus.subscribe("group", &[SUBJECT]).await?;
    bus.publish(vec![]).await?;
    member.acknowledge(vec![]).await?;
    member.give_back(vec![]).await?;
    let all = messages("full", MAX_MESSAGES);
    bus.publish(all.clone()).await?;
    bus.publish(all.clone()).await?;
    let received = receive(&mut *member, 1).await?;
    assert!(received.len() <= MAX_MESSAGES);
    assert_eq!(received[0].id, all[0].id);
    Ok(())
}

/// How far a group is behind is what it has not acknowledged, held or still to come.
///
/// # Errors
/// When the bus cannot serve.
pub async fn what_is_not_acknowledged_is_behind(bus: &dyn Bus) -> Result<(), BusDown> {
    let mut member = bus.subscribe("group", &[SUBJECT]).await?;
    assert_eq!(bus.behind("group").await, Some(0));
    bus.publish(messages("waits", 10)).await?;
    let received = receive(&mut *member, 10).await?;
    assert_eq!(bus.behind("group").await, Some(10));
    member.acknowledge(tokens(&received[..4])).await?;
    assert_eq!(bus.behind("group").await, Some(6));
    Ok(())
}
