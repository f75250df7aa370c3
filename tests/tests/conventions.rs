//! What binds every route: the error shape, entity tags, cursors, limits, the cross-site defence.

use serde_json::{Value, json};
use tests::market::NOBODY;
use tests::{Request, Server, ids, number, text};

#[tokio::test(flavor = "multi_thread")]
async fn unknown_paths_and_methods_answer_in_the_error_shape() {
    let server = Server::usual().await;
    let client = server.client();
    let ada = server.person("ada").await;
    for path in ["/api/nothing", "/api", "/api/users", "/api/users/nobody", "/api/tickets/1/2/3"] {
        client.get(path).await.is(404);
        ada.client.post(path, &json!({})).await.expect_any(&[404, 405]).faults();
    }
    let wrong = [
        ("PATCH", "/api/tickets"),
        ("DELETE", "/api/tickets"),
        ("PUT", "/api/users/signup"),
        ("GET", "/api/users/signin"),
        ("POST", "/api/users/currentuser"),
        ("PATCH", "/api/orders"),
        ("PUT", "/api/payments"),
    ];
    for (method, path) in wrong {
        let answer = ada.client.send(&Request::new(method, path)).await.expect(405);
        assert!(answer.header("allow").is_some(), "405 says what is allowed: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_carry_an_entity_tag_and_updates_accept_if_match() {
    let server = Server::usual().await;
    let ada = server.person("ada").await;
    let ticket = ada.sell_units(3).await;
    let order = text(&ada.order(&ticket).await, "id");
    ada.until_ticket(&ticket, |t| t["available"] == 2).await;
    let lists = ["/api/tickets", "/api/orders"].map(str::to_owned);
    let paths = [format!("/api/tickets/{ticket}"), format!("/api/orders/{order}")];
    for path in paths.iter().chain(&lists) {
        let tag = ada.client.get(path).await.expect(200).header("etag").unwrap().to_owned();
        for value in [tag.clone(), "*".into(), format!("\"other\", {tag}")] {
            let request = Request::new("GET", path).header("if-none-match", &value);
            let answer = ada.client.send(&request).await.expect(304);
            assert_eq!(answer.header("etag"), Some(tag.as_str()), "304 repeats the tag");
        }
        let request = Request::new("GET", path).header("if-none-match", "\"other\"");
        ada.client.send(&request).await.is(200);
    }
    let path = &paths[0];
    let tag = ada.client.get(path).await.header("etag").unwrap().to_owned();
    let edit = |value: &str, title: &str| {
        let body = json!({"title": title, "price": 20, "quantity": 3});
        Request::new("PUT", path).header("if-match", value).json(&body)
    };
    ada.client.send(&edit("\"stale\"", "Never")).await.is(412);
    let edited = ada.client.send(&edit(&tag, "Edited")).await.expect(200);
    assert_ne!(edited.header("etag"), Some(tag.as_str()), "a change gives a new tag");
    ada.client.send(&edit(&tag, "Never")).await.is(412);
    ada.client.send(&edit("*", "Any")).await.is(200);
    assert_eq!(ada.see_ticket(&ticket).await["title"], "Any");
}

#[tokio::test(flavor = "multi_thread")]
async fn cursors_walk_a_list_completely_and_without_duplicates() {
    let server = Server::usual().await;
    let ada = server.person("ada").await;
    let mut made = Vec::new();
    for n in 0..123 {
        let body = json!({"title": format!("T {n}"), "price": 1 + n % 5, "quantity": 2});
        made.push(text(&ada.sell(&body).await, "id"));
    }
    let first = server.client().get("/api/tickets").await.expect(200);
    assert_eq!(first.json().as_array().unwrap().len(), 50, "50 by default");
    made.reverse();
    for query in ["", "?limit=7", "?limit=100", "?limit=41&sort=-createdAt"] {
        let walked = server.client().walk(&format!("/api/tickets{query}")).await;
        let ids: Vec<String> = walked.iter().map(|ticket| text(ticket, "id")).collect();
        assert_eq!(ids, made, "newest first, all of them: {query}");
    }
    let cheap = server.client().walk("/api/tickets?sort=price&limit=10").await;
    assert_eq!(cheap.len(), 123);
    assert!(cheap.is_sorted_by_key(|ticket| number(ticket, "price")), "the order holds over pages");
    // What is added meanwhile may or may not come, but nothing comes twice or gets lost.
    let page = server.client().get("/api/tickets?limit=60").await.expect(200);
    for _ in 0..5 {
        ada.sell_units(1).await;
    }
    let rest = server.client().walk(&page.next_page().unwrap()).await;
    let mut seen = ids(&page.json());
    seen.extend(rest.iter().map(|ticket| text(ticket, "id")));
    assert_eq!(seen, made);
}

#[tokio::test(flavor = "multi_thread")]
async fn cursors_walk_ones_orders_too() {
    let server = Server::usual().await;
    let ada = server.person("ada").await;
    let mut placed = Vec::new();
    for _ in 0..12 {
        placed.push(text(&ada.order(&ada.sell_units(1).await).await, "id"));
    }
    for query in ["?limit=5", "?limit=12", "?limit=1", "?sort=-createdAt&limit=5"] {
        let walked = ada.client.walk(&format!("/api/orders{query}")).await;
        let mut found = ids(&Value::Array(walked));
        if query.contains("-createdAt") {
            found.reverse();
        }
        assert_eq!(found, placed, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_limits_cursors_and_filters_are_refused_not_guessed() {
    let server = Server::usual().await;
    let ada = server.person("ada").await;
    let bad = [
        "limit=0",
        "limit=-1",
        "limit=x",
        "limit=99999999999999999999",
        "cursor=x",
        "cursor=%00",
        "sort=x",
    ];
    for list in ["/api/tickets", "/api/orders"] {
        for query in bad {
            ada.client.get(&format!("{list}?{query}")).await.is(400);
        }
        let many = ada.client.get(&format!("{list}?limit=101")).await.expect_any(&[200, 400]);
        println!("limit=101: {many}");
    }
    for query in ["minPrice=x", "maxPrice=-", "from=yesterday", "to=2020", "seller=1"] {
        ada.client.get(&format!("/api/tickets?{query}")).await.is(400);
    }
    ada.client.get("/api/tickets?q=%ff%fe").await.expect_any(&[200, 400]).written();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_from_a_foreign_page_is_refused() {
    let server = Server::usual().await;
    let ada = server.person("ada").await;
    let ticket = ada.sell_units(1).await;
    let own = format!("http://{}", server.address());
    let foreign =
        [("origin", "https://evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site")];
    for (name, value) in foreign {
        let write = |method: &str, path: &str| Request::new(method, path).header(name, value);
        let sell = write("POST", "/api/tickets").json(&json!({"title": "T", "price": 1}));
        ada.client.send(&sell).await.is(403);
        ada.client.send(&write("DELETE", &format!("/api/tickets/{ticket}"))).await.is(403);
        ada.client.send(&write("POST", "/api/users/signout")).await.is(403);
        let read = Request::new("GET", "/api/tickets").header(name, value);
        ada.client.send(&read).await.is(200);
    }
    for (name, value) in [("origin", own.as_str()), ("sec-fetch-site", "same-origin")] {
        let request = Request::new("POST", "/api/tickets")
            .header(name, value)
            .json(&json!({"title": "Own", "price": 1}));
        ada.client.send(&request).await.is(201);
    }
    ada.see_ticket(&ticket).await;
    ada.client.get("/api/orders").await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_contract_describes_itself() {
    let server = Server::usual().await;
    let client = server.client();
    let document = client.get("/api/openapi.json").await.expect(200).json();
    assert!(text(&document, "openapi").starts_with("3.1"), "OpenAPI 3.1");
    let paths: Vec<&String> = document["paths"].as_object().unwrap().keys().collect();
    for wanted in ["/api/users/signup", "/api/tickets/{id}", "/api/orders", "/api/payments"] {
        assert!(paths.iter().any(|path| *path == wanted), "{wanted} is described: {paths:?}");
    }
    let mut page = client.get("/api/docs").await;
    for _ in 0..3 {
        if let Some(target) = page.header("location").map(str::to_owned) {
            page = client.get(&target).await;
        }
    }
    let html = page.expect(200).written();
    for elsewhere in ["src=\"http", "href=\"http", "src=\"//", "href=\"//"] {
        assert!(!html.contains(elsewhere), "the page needs nothing from the internet: {elsewhere}");
    }
    client.get("/api/health/live").await.is(200);
    client.get("/api/health/ready").await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idempotency_key_is_limited_and_checked() {
    let server = Server::usual().await;
    let ada = server.person("ada").await;
    let sell = |key: &str| {
        Request::new("POST", "/api/tickets").key(key).json(&json!({"title": "T", "price": 1}))
    };
    ada.client.send(&sell(&"k".repeat(255))).await.is(201);
    ada.client.send(&sell(&"k".repeat(256))).await.is(400);
    let all: Value = ada.client.get("/api/tickets").await.json();
    assert_eq!(all.as_array().unwrap().len(), 1);
    ada.client.get(&format!("/api/tickets/{NOBODY}")).await.is(404);
}
