//! Every route with everything it can answer.

use common::id::TicketId;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tickets::commands::ApplyOrder;

use crate::scenes::{ORDER, SELLER, STRANGER, TICKET, stock};
use crate::site::Site;

fn full() -> Value {
    json!({
        "title": "Front row", "price": "20.50", "currency": "EUR", "description": "Two seats",
        "event": {
            "name": "Tour", "venue": "Hall", "startsAt": "2030-06-01T21:30:00+02:00",
            "timeZone": "europe/berlin",
        },
        "quantity": 4, "unknown": [1],
    })
}

async fn sell(site: &Site, body: &Value) -> (String, Value) {
    let made = site.write(SELLER, "POST", "/api/tickets", body).await.is(201).json();
    (format!("/api/tickets/{}", made["id"].as_str().unwrap()), made)
}

async fn hear(site: &Site, ticket: &Value, version: u64, taken: u32) {
    let ticket: TicketId = ticket["id"].as_str().unwrap().parse().unwrap();
    let heard = ApplyOrder { ticket, stock: stock(version, taken), sale: None };
    site.app.engine.run(heard, "test").await.unwrap();
}

#[tokio::test]
async fn a_ticket_is_created_and_reads_as_it_was_answered() {
    let site = Site::new().await;
    let made = site.write(SELLER, "POST", "/api/tickets", &full()).await.is(201);
    let ticket = made.json();
    let id = ticket["id"].as_str().unwrap();
    assert_eq!(
        ticket,
        json!({
            "id": id, "title": "Front row", "price": 20.5, "userId": SELLER.to_string(),
            "version": 0, "currency": "eur", "description": "Two seats",
            "event": {
                "name": "Tour", "venue": "Hall", "startsAt": "2030-06-01T19:30:00.000Z",
                "timeZone": "Europe/Berlin",
            },
            "quantity": 4, "available": 4, "sold": 0, "createdAt": ticket["createdAt"],
        })
    );
    let path = format!("/api/tickets/{id}");
    assert_eq!(made.header("location"), Some(path.as_str()));
    let read = site.get(&path).await.is(200);
    assert_eq!((&read.text, read.header("etag")), (&made.text, made.header("etag")));
    assert_eq!(read.header("etag"), Some("\"v0\""));
    let known = site.request(None, "GET", &path).header("if-none-match", "\"v0\"");
    assert_eq!(site.send(known, None).await.is(304).text, "");
}

#[tokio::test]
async fn title_and_price_are_enough() {
    let site = Site::new().await;
    let (_, ticket) = sell(&site, &json!({"title": "T", "price": 20})).await;
    assert_eq!(ticket["price"], json!(20));
    assert_eq!((&ticket["quantity"], &ticket["currency"]), (&json!(1), &json!("usd")));
    for absent in ["description", "event", "orderId"] {
        assert_eq!(ticket.get(absent), None, "{absent}");
    }
    let nulls =
        json!({"title": "T", "price": 20, "description": null, "event": null, "quantity": null});
    sell(&site, &nulls).await;
}

#[tokio::test]
async fn every_fault_of_a_body_is_told_at_once() {
    let site = Site::new().await;
    let (path, _) = sell(&site, &json!({"title": "T", "price": 20})).await;
    let bad = json!({
        "title": " ", "price": 0.001, "currency": "gold", "description": 5, "quantity": 0,
        "event": {"venue": [], "startsAt": "soon", "timeZone": "Europe/Atlantis"},
    });
    let all = [
        "currency",
        "description",
        "event.name",
        "event.startsAt",
        "event.timeZone",
        "event.venue",
        "price",
        "quantity",
        "title",
    ];
    for (method, path) in [("POST", "/api/tickets"), ("PUT", &path)] {
        assert_eq!(site.write(SELLER, method, path, &bad).await.is(400).blamed(), all);
        let empty = site.write(SELLER, method, path, &json!({})).await.is(400);
        assert_eq!(empty.blamed(), ["price", "title"]);
    }
    let yen = json!({"title": "T", "price": 0.5, "currency": "jpy"});
    let refused = site.write(SELLER, "POST", "/api/tickets", &yen).await.is(400);
    assert_eq!(refused.blamed(), ["price"]);
}

#[tokio::test]
async fn checks_come_in_their_order() {
    let site = Site::new().await;
    let (path, ticket) = sell(&site, &json!({"title": "T", "price": 20})).await;
    hear(&site, &ticket, 1, 1).await;
    let (bad, good) = (json!({}), json!({"title": "T", "price": 1}));
    let missing = format!("/api/tickets/{TICKET}");
    for (method, path) in [("POST", "/api/tickets"), ("PUT", &path), ("DELETE", &path)] {
        site.send(site.request(None, method, path), Some(&bad)).await.is(401);
    }
    site.write(STRANGER, "PUT", &missing, &bad).await.is(400);
    for nowhere in [missing.as_str(), "/api/tickets/1"] {
        site.write(STRANGER, "PUT", nowhere, &good).await.is(404);
        site.delete(STRANGER, nowhere).await.is(404);
        site.get(nowhere).await.is(404);
        site.get(&format!("{nowhere}/live")).await.is(404);
    }
    site.write(STRANGER, "PUT", &path, &bad).await.is(400);
    site.write(STRANGER, "PUT", &path, &good).await.is(401);
    site.delete(STRANGER, &path).await.is(401);
    site.write(SELLER, "PUT", &path, &good).await.is(400);
    site.delete(SELLER, &path).await.is(409);
}

#[tokio::test]
async fn an_edit_keeps_what_is_left_out_and_removes_what_is_null() {
    let site = Site::new().await;
    let (path, made) = sell(&site, &full()).await;
    let edit = json!({"title": "Second row", "price": 15});
    let edited = site.write(SELLER, "PUT", &path, &edit).await.is(200);
    assert_eq!(edited.header("etag"), Some("\"v1\""));
    let now = edited.json();
    assert_eq!((&now["title"], &now["price"]), (&json!("Second row"), &json!(15)));
    for kept in ["description", "event", "quantity", "currency", "createdAt", "id", "userId"] {
        assert_eq!(now[kept], made[kept], "{kept}");
    }
    assert_eq!(site.get(&path).await.json(), now);

    let clear = json!({"title": "T", "price": 15, "description": null, "event": null});
    let cleared = site.write(SELLER, "PUT", &path, &clear).await.is(200).json();
    assert_eq!((cleared.get("description"), cleared.get("event")), (None, None));

    let other = json!({"title": "T", "price": 15, "currency": "usd"});
    let refused = site.write(SELLER, "PUT", &path, &other).await.is(400);
    assert_eq!(refused.blamed(), ["currency"]);
}

#[tokio::test]
async fn an_edit_of_an_older_version_is_refused() {
    let site = Site::new().await;
    let (path, ticket) = sell(&site, &full()).await;
    let edit = json!({"title": "T", "price": 15});
    let seeing = |tag: &str| site.request(Some(SELLER), "PUT", &path).header("if-match", tag);
    site.send(seeing("\"v0\""), Some(&edit)).await.is(200);
    site.send(seeing("\"v0\""), Some(&edit)).await.is(412);
    hear(&site, &ticket, 1, 2).await;
    site.send(seeing("\"v1\""), Some(&edit)).await.is(412);
    site.send(seeing("\"v2\""), Some(&edit)).await.is(200);
    site.send(seeing("*"), Some(&edit)).await.is(200);
    let less = json!({"title": "T", "price": 15, "quantity": 1});
    assert_eq!(site.write(SELLER, "PUT", &path, &less).await.is(400).blamed(), ["quantity"]);
    let stale = site.request(Some(SELLER), "DELETE", &path).header("if-match", "\"v0\"");
    site.send(stale, None).await.is(412);
}

#[tokio::test]
async fn a_reservation_shows_and_stops_edits_until_it_is_over() {
    let site = Site::new().await;
    let (path, ticket) = sell(&site, &json!({"title": "T", "price": 20})).await;
    hear(&site, &ticket, 1, 1).await;
    let reserved = site.get(&path).await.is(200);
    assert_eq!(reserved.json()["orderId"], ORDER.to_string());
    assert_eq!(reserved.json()["available"], 0);
    assert_eq!(reserved.header("etag"), Some("\"v1\""), "what is shown has changed");
    assert_eq!(site.get("/api/tickets").await.json(), json!([]));
    let edit = json!({"title": "T", "price": 1});
    let refused = site.write(SELLER, "PUT", &path, &edit).await.is(400);
    assert_eq!(refused.json()["errors"][0]["message"], "Cannot edit a reserved ticket");
    hear(&site, &ticket, 2, 0).await;
    assert_eq!(site.get(&path).await.json().get("orderId"), None);
    site.write(SELLER, "PUT", &path, &edit).await.is(200);
}

#[tokio::test]
async fn a_withdrawn_ticket_is_gone_for_good() {
    let site = Site::new().await;
    let (path, _) = sell(&site, &json!({"title": "T", "price": 20})).await;
    assert_eq!(site.delete(SELLER, &path).await.is(204).text, "");
    site.get(&path).await.is(404);
    site.delete(SELLER, &path).await.is(404);
    site.write(SELLER, "PUT", &path, &json!({"title": "T", "price": 1})).await.is(404);
    assert_eq!(site.get("/api/tickets").await.json(), json!([]));
    assert_eq!(site.get(&format!("/api/tickets?seller={SELLER}")).await.json(), json!([]));
}

#[tokio::test]
async fn a_write_under_a_key_happens_once() {
    let site = Site::new().await;
    let body = json!({"title": "T", "price": 20});
    let keyed = |body: Value| {
        let request = site.request(Some(SELLER), "POST", "/api/tickets");
        (request.header("idempotency-key", "once"), body)
    };
    let (request, sent) = keyed(body.clone());
    let first = site.send(request, Some(&sent)).await.is(201);
    let (request, sent) = keyed(body);
    let again = site.send(request, Some(&sent)).await.is(201);
    assert_eq!((again.text, &again.headers["etag"]), (first.text, &first.headers["etag"]));
    let (request, sent) = keyed(json!({"title": "Other", "price": 20}));
    site.send(request, Some(&sent)).await.is(422);
    assert_eq!(site.get("/api/tickets").await.json().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn lists_are_filtered_sorted_and_paged() {
    let site = Site::new().await;
    for (title, price) in [("Jazz", 3), ("Rock", 1), ("Jazz Night", 2)] {
        sell(&site, &json!({"title": title, "price": price, "quantity": 2})).await;
    }
    let titles = async |query: &str| -> Vec<String> {
        let list = site.get(&format!("/api/tickets{query}")).await.is(200).json();
        let titles = list.as_array().unwrap().iter().map(|t| t["title"].as_str().unwrap().into());
        titles.collect()
    };
    assert_eq!(titles("?sort=price").await, ["Rock", "Jazz Night", "Jazz"]);
    assert_eq!(titles("?q=jazz+ni").await, ["Jazz Night"]);
    assert_eq!(titles("?minPrice=1.5&maxPrice=2").await, ["Jazz Night"]);
    assert_eq!(titles("?minPrice=0&q=&sort=-price").await, ["Jazz", "Jazz Night", "Rock"]);

    let page = site.get("/api/tickets?sort=price&limit=2").await.is(200);
    let link = page.header("link").unwrap();
    let next = link.strip_prefix('<').unwrap().split_once('>').unwrap().0;
    let rest = site.get(next).await.is(200);
    assert_eq!(rest.json()[0]["title"], "Jazz");
    assert_eq!(rest.header("link"), None);
    let elsewhere = next.replace("sort=price", "sort=createdAt");
    assert_eq!(site.get(&elsewhere).await.is(400).blamed(), ["cursor"]);
    let bad = "?limit=0&cursor=x&sort=x&minPrice=x&maxPrice=-1&from=x&to=2020&seller=1";
    let all = ["cursor", "from", "limit", "maxPrice", "minPrice", "seller", "sort", "to"];
    assert_eq!(site.get(&format!("/api/tickets{bad}")).await.is(400).blamed(), all);
}

#[tokio::test]
async fn sellers_see_their_own_sold_tickets() {
    let site = Site::new().await;
    let (_, ticket) = sell(&site, &json!({"title": "T", "price": 20})).await;
    hear(&site, &ticket, 1, 1).await;
    let path = format!("/api/tickets?seller={SELLER}");
    for (who, many) in [(Some(SELLER), 1), (Some(STRANGER), 0), (None, 0)] {
        let list = site.send(site.request(who, "GET", &path), None).await.is(200).json();
        assert_eq!(list.as_array().unwrap().len(), many, "{who:?}");
    }
    let list = site.send(site.request(Some(SELLER), "GET", "/api/tickets"), None).await.json();
    assert_eq!(list, json!([]), "the list of what is on sale is the same for everybody");
}

#[tokio::test]
async fn a_watcher_is_told_each_state_until_the_ticket_is_withdrawn() {
    let site = Site::new().await;
    let (path, ticket) = sell(&site, &json!({"title": "T", "price": 20})).await;
    let request = site.request(None, "GET", &format!("{path}/live"));
    let response = site.open(request, None).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut body = response.into_body();
    let mut next = async || {
        let frame = body.frame().await?.unwrap().into_data().unwrap();
        let text = String::from_utf8(frame.to_vec()).unwrap();
        assert!(text.contains("event: ticket\n"), "{text}");
        let data = text.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
        Some(serde_json::from_str::<Value>(data).unwrap())
    };
    assert_eq!(next().await.unwrap(), ticket);
    hear(&site, &ticket, 1, 1).await;
    assert_eq!(next().await.unwrap()["orderId"], ORDER.to_string());
    hear(&site, &ticket, 2, 0).await;
    assert_eq!(next().await.unwrap()["available"], 1);
    site.delete(SELLER, &path).await.is(204);
    assert_eq!(next().await, None);
}

#[tokio::test]
async fn every_route_is_described() {
    let site = Site::new().await;
    let paths = &site.document["paths"];
    for (path, methods) in [
        ("/api/tickets", ["get", "post"].as_slice()),
        ("/api/tickets/{id}", &["get", "put", "delete"]),
        ("/api/tickets/{id}/live", &["get"]),
    ] {
        for method in methods {
            assert!(paths[path][method]["summary"].is_string(), "{method} {path}");
        }
    }
    let order_id = &schemas_of(&site)["Ticket"]["properties"]["orderId"]["type"];
    assert_eq!(order_id, "string", "left out and never null");
    for name in ["Ticket", "TicketEvent", "NewTicket", "TicketEdit", "NewEvent"] {
        assert!(schemas_of(&site)[name].is_object(), "{name}");
    }
}

fn schemas_of(site: &Site) -> &Value {
    &site.document["components"]["schemas"]
}
