//! Entity tags: reads that are answered with 304, and writes that are refused with 412.

use axum::body::Body;

use crate::rig::{Told, Toy};

async fn get_if(toy: &Toy, path: &str, tag: &str) -> Told {
    let request = axum::http::Request::get(path).header("if-none-match", tag);
    toy.send(request.body(Body::empty()).unwrap()).await
}

async fn rename_if(toy: &Toy, path: &str, tag: &str) -> Told {
    let request = toy.write("PUT", path).header("if-match", tag);
    toy.send(request.body(Body::from(r#"{"title":"New"}"#)).unwrap()).await
}

#[tokio::test]
async fn a_read_that_the_client_has_is_304() {
    let toy = Toy::new().await;
    let note = format!("/api/notes/{}", toy.note("Old").await);
    for path in [note.as_str(), "/api/notes"] {
        let told = toy.get(path).await;
        let tag = told.header("etag").unwrap().to_owned();
        assert_eq!(told.header("cache-control"), Some("no-cache"));
        for known in [tag.clone(), "*".into(), format!("\"x\", {tag}"), format!("W/{tag}")] {
            let again = get_if(&toy, path, &known).await;
            assert_eq!((again.status, again.body.len()), (304, 0), "{known}");
            assert_eq!(again.header("etag"), Some(tag.as_str()));
        }
        assert_eq!(get_if(&toy, path, "\"x\"").await.status, 200);
    }
}

#[tokio::test]
async fn a_list_that_changed_has_another_tag() {
    let toy = Toy::new().await;
    let empty = toy.get("/api/notes").await.header("etag").unwrap().to_owned();
    toy.note("One").await;
    assert_eq!(get_if(&toy, "/api/notes", &empty).await.status, 200);
}

#[tokio::test]
async fn an_update_of_an_older_version_is_412_and_of_this_one_not() {
    let toy = Toy::new().await;
    let path = format!("/api/notes/{}", toy.note("Old").await);
    for stale in ["\"v7\"", "\"stale\"", "W/\"v0\"", "\"v7\", \"x\""] {
        assert_eq!(rename_if(&toy, &path, stale).await.status, 412, "{stale}");
    }
    for odd in ["v0", "\"", "v0, \"v0\""] {
        assert_eq!(rename_if(&toy, &path, odd).await.status, 400, "{odd}");
    }
    let renamed = rename_if(&toy, &path, "\"v0\"").await;
    assert_eq!((renamed.status, renamed.header("etag")), (200, Some("\"v1\"")));
    assert_eq!(rename_if(&toy, &path, "\"v0\"").await.status, 412);
    assert_eq!(rename_if(&toy, &path, "\"v0\", \"v1\"").await.status, 200);
    assert_eq!(rename_if(&toy, &path, "*").await.status, 200);
    let nothing = "/api/notes/000000000000000000000000";
    assert_eq!(rename_if(&toy, nothing, "\"stale\"").await.status, 404, "404 comes before 412");
}

#[tokio::test]
async fn what_a_signed_in_person_reads_is_not_for_shared_caches() {
    let toy = Toy::new().await;
    let read = toy.write("GET", "/api/me").body(Body::empty()).unwrap();
    let told = toy.send(read).await;
    assert_eq!(told.header("cache-control"), Some("private, no-cache"));
    let made = toy.post("/api/notes", r#"{"title":"T"}"#).await;
    assert_eq!(made.header("cache-control"), Some("no-store"));
}
