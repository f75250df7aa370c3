//! Lists: pages, cursors, and parameters that are refused rather than guessed.

use crate::rig::Toy;

/// Every title of a list, page by page.
async fn walk(toy: &Toy, path: &str) -> Vec<String> {
    let (mut titles, mut next) = (Vec::new(), Some(path.to_owned()));
    while let Some(path) = next {
        let page = toy.get(&path).await;
        assert_eq!(page.status, 200, "{page:?}");
        let items = page.json();
        let items = items.as_array().unwrap().iter();
        titles.extend(items.map(|item| item["title"].as_str().unwrap().to_owned()));
        let link = page.header("link").map(|link| link.strip_suffix("; rel=\"next\"").unwrap());
        next = link.map(|link| link.trim_matches(['<', '>']).to_owned());
    }
    titles
}

#[tokio::test]
async fn walking_a_list_is_complete_and_without_repetition() {
    let toy = Toy::new().await;
    let mut made = Vec::new();
    for n in 0..123 {
        made.push(format!("Note {n}"));
        toy.note(&format!("Note {n}")).await;
    }
    assert_eq!(toy.get("/api/notes").await.json().as_array().unwrap().len(), 50);
    for path in ["/api/notes", "/api/notes?limit=7", "/api/notes?limit=41&sort=id&q=%20a%26b"] {
        assert_eq!(walk(&toy, path).await, made, "{path}");
    }
    made.reverse();
    assert_eq!(walk(&toy, "/api/notes?sort=-id&limit=100").await, made);
    assert!(toy.get("/api/notes?limit=100&cursor=").await.status == 400);
}

#[tokio::test]
async fn a_page_that_ends_the_list_has_no_next() {
    let toy = Toy::new().await;
    assert_eq!(toy.get("/api/notes").await.header("link"), None);
    toy.note("One").await;
    toy.note("Two").await;
    assert_eq!(toy.get("/api/notes?limit=2").await.header("link"), None);
    assert!(toy.get("/api/notes?limit=1").await.header("link").is_some());
}

#[tokio::test]
async fn bad_parameters_are_refused_all_at_once() {
    let toy = Toy::new().await;
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=-1", "limit"),
        ("limit=x", "limit"),
        ("limit=", "limit"),
        ("limit=99999999999999999999", "limit"),
        ("cursor=x", "cursor"),
        ("cursor=%00", "cursor"),
        ("cursor=bnVsbA", "cursor"),
        ("sort=x", "sort"),
        ("minPrice=-1", "minPrice"),
        ("minPrice=x", "minPrice"),
        ("from=yesterday", "from"),
        ("q=%00", "q"),
        ("q=a&q=b", "q"),
    ] {
        assert_eq!(toy.get(&format!("/api/notes?{query}")).await.blamed(), [field], "{query}");
    }
    let told = toy.get("/api/notes?limit=0&sort=x&from=y").await.blamed();
    assert_eq!(told, ["from", "sort", "limit"]);
    for good in
        ["q=", "q=%ff", "minPrice=0", "minPrice=0.50", "unknown=1", "from=2030-01-01T00:00:00Z"]
    {
        assert_eq!(toy.get(&format!("/api/notes?{good}")).await.status, 200, "{good}");
    }
}

#[tokio::test]
async fn a_cursor_of_another_order_is_refused() {
    let toy = Toy::new().await;
    toy.note("One").await;
    toy.note("Two").await;
    let page = toy.get("/api/notes?limit=1").await;
    let link = page.header("link").unwrap();
    let cursor = link.split("cursor=").nth(1).unwrap().split('>').next().unwrap();
    assert_eq!(toy.get(&format!("/api/notes?cursor={cursor}")).await.status, 200);
    let told = toy.get(&format!("/api/notes?sort=-id&cursor={cursor}")).await;
    assert_eq!(told.blamed(), ["cursor"]);
}
