//! What visitors get.

use crate::rig::{Folders, eventually};

#[test]
fn a_crowd_on_the_front_page_costs_one_page() {
    let folders = Folders::built();
    let marketplace = folders.serve(&[]).ready();
    let pages: Vec<String> = std::thread::scope(|scope| {
        let ask = || marketplace.get("/?slow=500").text();
        let crowd: Vec<_> = (0..200).map(|_| scope.spawn(ask)).collect();
        crowd.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert!(pages[0].contains("made: 1;"), "{}", pages[0]);
    assert!(pages.iter().all(|page| *page == pages[0]));
    assert_eq!(marketplace.made("/"), 1);
}

#[test]
fn a_ticket_that_is_offered_is_soon_on_the_page() {
    let folders = Folders::built();
    let marketplace = folders.serve(&[]).ready();
    assert!(marketplace.get("/").text().contains("tickets: 0;"));
    assert!(marketplace.get("/").text().contains("made: 1;"), "from memory");
    marketplace.offer("seller@example.org");
    eventually("it is on the page", || marketplace.get("/").text().contains("tickets: 1;"));
    let settled = marketplace.get("/").text();
    assert_eq!(marketplace.get("/").text(), settled, "and from memory again");
}

#[test]
fn whoever_is_signed_in_is_answered_for_themselves() {
    let folders = Folders::built();
    let marketplace = folders.serve(&[]).ready();
    let kept = marketplace.get("/");
    assert!(kept.header("cache-control").starts_with("public, max-age=0, s-maxage=1"));
    assert!(kept.header("vary").contains("cookie"));
    for number in 2..4 {
        let own = marketplace.send("GET", "/", &[("cookie", "a=b; session=x.y")], "");
        assert!(own.text().contains(&format!("made: {number};")), "{}", own.text());
        assert_eq!(own.header("cache-control"), "private, no-store");
        assert!(own.header("content-security-policy").contains("'nonce-"));
        for inner in ["x-ticketing-keep", "x-powered-by"] {
            assert_eq!(own.find(inner), None);
        }
    }
    assert!(marketplace.get("/").text().contains("made: 1;"), "nobody else sees that");
}

#[test]
fn what_sets_a_cookie_is_never_kept() {
    let folders = Folders::built();
    let marketplace = folders.serve(&[]).ready();
    for number in 1..4 {
        let answer = marketplace.get("/cookie");
        assert!(answer.text().contains(&format!("made: {number};")), "{}", answer.text());
        assert_eq!(answer.header("set-cookie"), "a=b");
        assert!(!answer.header("cache-control").contains("public"));
    }
}

#[test]
fn a_page_that_is_kept_names_its_scripts_by_hashes() {
    let folders = Folders::built();
    let marketplace = folders.serve(&[]).ready();
    let policy = marketplace.get("/").header("content-security-policy").to_owned();
    // printf 'go()' | openssl dgst -sha256 -binary | base64
    let hash = "'sha256-5KYv+PUboo5h+0+YAtGRPbwv5d/QxzHslP4YGnUaxRw='";
    assert_eq!(policy, format!("script-src 'self' {hash}; style-src 'self'"));
}

#[test]
fn a_page_comes_as_each_can_read_it_and_not_twice() {
    let folders = Folders::built();
    let marketplace = folders.serve(&[]).ready();
    for path in ["/", "/_next/static/app-1234.js"] {
        let plain = marketplace.get(path);
        for (accepted, encoding) in [("br, gzip", Some("br")), ("gzip", Some("gzip")), ("a", None)]
        {
            let wanted = ("accept-encoding", accepted);
            let answer = marketplace.send("GET", path, &[wanted], "");
            assert_eq!(answer.find("content-encoding"), encoding, "{path}");
            assert_eq!(answer.body.len() < plain.body.len(), encoding.is_some());
            let tag = answer.header("etag").to_owned();
            let known = marketplace.send("GET", path, &[wanted, ("if-none-match", &tag)], "");
            assert_eq!((known.status, known.body.len()), (304, 0), "{path}");
            let head = marketplace.send("HEAD", path, &[wanted], "");
            assert_eq!(head.status, 200);
            assert_eq!(head.header("content-length"), answer.body.len().to_string());
            assert!(head.body.is_empty());
        }
    }
    let script = marketplace.get("/_next/static/app-1234.js");
    assert!(script.header("cache-control").contains("immutable"));
    assert_eq!(marketplace.get("/_next/static/gone.js").status, 404);
    let own = marketplace.send("GET", "/signin", &[("accept-encoding", "gzip")], "");
    assert_eq!(own.find("content-encoding"), Some("gzip"), "made for one, compressed in passing");
}

#[test]
fn languages_are_told_apart() {
    let folders = Folders::built();
    let marketplace = folders.serve(&[]).ready();
    for (told, seen) in [("de-CH, de;q=0.9", "de-ch"), ("fr;q=0.5", "fr"), ("de-CH", "de-ch")] {
        let page = marketplace.send("GET", "/", &[("accept-language", told)], "").text();
        assert!(page.contains(&format!("language: {seen}<")), "{page:.200}");
    }
    assert_eq!(marketplace.made("/"), 2);
}

#[test]
fn what_visitors_say_of_where_they_come_from_is_not_passed_on() {
    let folders = Folders::built();
    let marketplace = folders.serve(&[]).ready();
    let told = [
        ("x-forwarded-for", "203.0.113.9"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "https"),
        ("x-ticketing-client", "guess"),
        ("x-middleware-subrequest", "middleware"),
        ("te", "trailers"),
        ("cookie", "session=x.y"),
        ("x-request-id", "abc-1"),
    ];
    let answer = marketplace.send("POST", "/echo?a=b", &told, "hello");
    let echo: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    let headers = &echo["headers"];
    assert_eq!((&echo["method"], &echo["url"]), (&"POST".into(), &"/echo?a=b".into()));
    assert_eq!((&echo["body"], &echo["known"]), (&"hello".into(), &false.into()));
    assert_eq!(headers["x-forwarded-for"], "127.0.0.1");
    assert_eq!(headers["x-forwarded-host"], marketplace.address.as_str());
    assert_eq!(headers["x-forwarded-proto"], "http");
    assert_eq!(headers["cookie"], "session=x.y");
    assert_eq!(headers["x-request-id"], "abc-1");
    assert_eq!(answer.header("x-request-id"), "abc-1");
    for gone in ["te", "x-middleware-subrequest"] {
        assert!(headers[gone].is_null(), "{gone}");
    }
    assert_eq!(answer.find("x-inner"), None, "said to be between neighbours");
}

#[test]
fn limits_by_address_hold_through_the_client() {
    let folders = Folders::built();
    let marketplace = folders.serve(&["--behind-proxy", "--signups-per-minute", "1"]).ready();
    let sign_up = |name: &str, address: &str| {
        let path = format!("/signup?email={name}@example.org");
        marketplace.send("POST", &path, &[("x-forwarded-for", address)], "").text()
    };
    // The proxy's own word comes last; what a visitor puts before it is theirs to invent.
    assert_eq!(sign_up("a", "203.0.113.1"), "201");
    assert_eq!(sign_up("b", "198.51.100.7, 203.0.113.1"), "429");
    assert_eq!(sign_up("c", "203.0.113.2"), "201");
}

#[test]
fn another_sites_form_reaches_no_page() {
    let folders = Folders::built();
    let marketplace = folders.serve(&[]).ready();
    let own = format!("http://{}", marketplace.address);
    for (origin, status) in [("https://evil.example", 403), ("null", 403), (own.as_str(), 200)] {
        let answer = marketplace.send("POST", "/echo", &[("origin", origin)], "a=b");
        assert_eq!(answer.status, status, "{origin}");
    }
    let page = marketplace.get("/signin");
    assert_eq!(
        page.header("referrer-policy"),
        "same-origin",
        "or forms say that they are nobody's"
    );
}

#[test]
fn large_answers_stream_and_large_requests_are_refused() {
    let folders = Folders::built();
    let marketplace = folders.serve(&[]).ready();
    let big = marketplace.get("/big");
    assert_eq!(big.body.len(), 8 * 1024 * 1024);
    assert!(big.body.chunks(65_536).zip(0_u8..).all(|(piece, byte)| piece[0] == byte));
    let refused = marketplace.send("POST", "/echo", &[], &"a".repeat(64 * 1024 + 1));
    assert_eq!(refused.status, 413);
    assert!(refused.text().contains("<h1>"), "{}", refused.text());
    assert_eq!(marketplace.send("POST", "/echo", &[], &"a".repeat(64 * 1024)).status, 200);
}

#[test]
fn the_api_is_as_it_was_and_no_page_answers_for_it() {
    let folders = Folders::built();
    let marketplace = folders.serve(&["--public-url", "https://tickets.example"]).ready();
    for (path, status, kind) in [
        ("/api/tickets", 200, "application/json"),
        ("/api/nothing", 404, "application/json"),
        ("/api", 404, "application/json"),
        ("/nothing", 404, "text/html"),
        ("/_next/static/app-1234.js", 200, "text/javascript; charset=utf-8"),
    ] {
        let answer = marketplace.get(path);
        assert_eq!((answer.status, answer.header("content-type")), (status, kind), "{path}");
        let secure = answer.header("strict-transport-security");
        assert_eq!(secure, "max-age=63072000", "{path}");
    }
    let echo = marketplace.get("/echo").text();
    assert!(echo.contains(r#""x-forwarded-host":"tickets.example""#), "{echo}");
    assert!(echo.contains(r#""x-forwarded-proto":"https""#), "{echo}");
}
