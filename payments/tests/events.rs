//! What this service hears: duplicated, reordered, unknown and malformed.

#![expect(clippy::unwrap_used, reason = "a test panics on purpose")]

mod kit;

use common::events::OrderStatus;
use common::inbox::{Handled, SET_ASIDE};
use common::store::{Order as Sort, Query};
use payments::domain::OrderStanding;
use payments::queries;

use kit::World;

fn set_aside(world: &World) -> usize {
    let query = Query {
        collection: &SET_ASIDE,
        filters: vec![],
        order: Sort { field: None, descending: false },
        after: None,
        limit: 100,
    };
    world.store.find_now(&query).len()
}

#[tokio::test(start_paused = true)]
async fn i10_i11_orders_heard_of_twice_and_in_any_order_end_the_same() {
    let world = World::new();
    let kinds = ["order:created", "order:updated", "order:cancelled"];
    let statuses = [OrderStatus::Created, OrderStatus::AwaitingPayment, OrderStatus::Cancelled];
    let ways = [[0, 1, 2, 0, 1, 2], [2, 1, 0, 2, 1, 0], [1, 1, 2, 2, 0, 0], [2, 0, 1, 2, 0, 1]];
    for way in ways {
        let mut order = world.unheard();
        for step in way {
            order.status = statuses[step];
            order.version = u64::try_from(step).unwrap();
            world.tell(kinds[step], &order).await;
        }
        let payable = queries::payable(&world.engine, order.id).await.unwrap().unwrap();
        let got = (payable.standing, payable.version);
        assert_eq!(got, (OrderStanding::Cancelled, 2), "{way:?}");
    }
    assert_eq!(set_aside(&world), 0);
}

#[tokio::test(start_paused = true)]
async fn a_payment_survives_words_of_its_order_that_come_twice() {
    let world = World::new();
    let order = world.place().await;
    let payment = world.pay(order.id, "tok_visa").await.unwrap();
    world.tell("order:created", &order).await;
    world.tell("order:completed", &world.order(order.id)).await;
    let payable = queries::payable(&world.engine, order.id).await.unwrap().unwrap();
    assert_eq!((payable.standing, payable.active), (OrderStanding::Complete, Some(payment)));
    world.come_to_rest().await;
}

#[tokio::test(start_paused = true)]
async fn i20_an_unknown_kind_or_poison_is_set_aside() {
    let world = World::new();
    assert_eq!(world.deliver("order:split", 1, "{}").await, Handled::Done);
    assert_eq!(world.deliver("order:created", 1, r#"{"id":7}"#).await, Handled::Done);
    assert_eq!(set_aside(&world), 2);
    let order = world.unheard();
    let mut fields = serde_json::to_value(&order).unwrap();
    fields["giftWrapped"] = true.into();
    world.deliver("order:created", 0, &fields.to_string()).await;
    assert!(queries::payable(&world.engine, order.id).await.unwrap().is_some(), "newer fields");
    assert_eq!(set_aside(&world), 2);
}
