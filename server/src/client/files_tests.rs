//! A client's folder, and what is answered from it.

use axum::http::header::{ACCEPT_ENCODING, IF_NONE_MATCH};

use super::*;

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn client() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let script = "console.log('Front row');\n".repeat(200);
    write(folder.path(), ".next/static/chunks/[id]-abc.js", &script);
    write(folder.path(), ".next/static/small.css", "a{}");
    write(folder.path(), "public/robots.txt", "User-agent: *\n");
    write(folder.path(), ".next/standalone/server.js", "");
    folder
}

fn with(name: axum::http::HeaderName, value: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(name, HeaderValue::try_from(value).unwrap());
    headers
}

#[test]
fn files_are_found_by_their_exact_address_and_nothing_else_is() {
    let folder = client();
    write(folder.path(), "package.json", "{}");
    let files = Files::of(folder.path()).unwrap();
    for path in
        ["/_next/static/chunks/%5Bid%5D-abc.js", "/_next/static/chunks/[id]-abc.js", "/robots.txt"]
    {
        let status = files.answer(path, &HeaderMap::new()).unwrap().status();
        assert_eq!(status, StatusCode::OK, "{path}");
    }
    for path in ["/", "/package.json", "/robots.txt/", "/../package.json", "/%2e%2e/package.json"] {
        assert!(files.answer(path, &HeaderMap::new()).is_none(), "{path}");
    }
    for path in ["/_next/static/gone.js", "/_next/static/../server.js", "/_next/static/%ff"] {
        let status = files.answer(path, &HeaderMap::new()).map(|response| response.status());
        assert_ne!(status, Some(StatusCode::OK), "{path}");
    }
}

#[test]
fn what_is_named_by_its_content_is_kept_for_ever_and_the_rest_for_a_while() {
    let folder = client();
    let files = Files::of(folder.path()).unwrap();
    let keep = |path| {
        let response = files.answer(path, &HeaderMap::new()).unwrap();
        response.headers()[CACHE_CONTROL].to_str().unwrap().to_owned()
    };
    assert!(keep("/_next/static/small.css").contains("immutable"));
    assert_eq!(keep("/robots.txt"), "public, max-age=300");
}

#[test]
fn a_script_is_sent_as_small_as_the_browser_can_read_it() {
    let folder = client();
    assert_eq!(compress(&folder.path().join(".next")), Ok(1));
    let files = Files::of(folder.path()).unwrap();
    let path = "/_next/static/chunks/[id]-abc.js";
    let mut tags = Vec::new();
    for (accepted, encoding) in [("br, gzip", Some("br")), ("gzip", Some("gzip")), ("", None)] {
        let response = files.answer(path, &with(ACCEPT_ENCODING, accepted)).unwrap();
        let told = response.headers().get(CONTENT_ENCODING).map(|told| told.to_str().unwrap());
        assert_eq!(told, encoding);
        let length = response.headers()[CONTENT_LENGTH].to_str().unwrap().parse::<usize>();
        assert_eq!(length.unwrap() < 1_000, encoding.is_some());
        tags.push(response.headers()[ETAG].clone());
    }
    tags.dedup();
    assert_eq!(tags.len(), 3, "other bytes, another tag");
    assert!(
        files
            .answer("/_next/static/chunks/[id]-abc.js.br", &HeaderMap::new())
            .is_some_and(|response| response.status() == StatusCode::NOT_FOUND)
    );
}

#[test]
fn what_a_browser_has_already_is_not_sent_again() {
    let folder = client();
    let files = Files::of(folder.path()).unwrap();
    let first = files.answer("/robots.txt", &HeaderMap::new()).unwrap();
    let tag = first.headers()[ETAG].to_str().unwrap();
    let again = files.answer("/robots.txt", &with(IF_NONE_MATCH, tag)).unwrap();
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    assert!(!again.headers().contains_key(CONTENT_LENGTH));
    let other = files.answer("/robots.txt", &with(IF_NONE_MATCH, "\"other\"")).unwrap();
    assert_eq!(other.status(), StatusCode::OK);
}
