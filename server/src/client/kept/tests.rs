//! The kept pages before a client's server that counts what it makes, at a time of our own.

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use async_trait::async_trait;
use axum::Router;
use axum::extract::State as Shared;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use tokio::sync::{Semaphore, watch};

use super::super::Status;
use super::super::site::Site;
use super::*;

/// A clock that is moved by hand.
#[derive(Default)]
struct Hands(AtomicI64);

#[async_trait]
impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }

    async fn sleep(&self, duration: Duration) {
        let until = self.now().plus(duration);
        while self.now() < until {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

/// A client's server that makes a page when it is let.
struct Server {
    made: AtomicUsize,
    /// HTTP status, as it is to be.
    status: AtomicUsize,
    let_go: Semaphore,
}

/// Lets it make as many pages as it is asked for.
const FREELY: usize = Semaphore::MAX_PERMITS / 2;

async fn render(
    Shared(server): Shared<Arc<Server>>,
    request: axum::extract::Request,
) -> (StatusCode, [(&'static str, &'static str); 2], String) {
    let number = server.made.fetch_add(1, Ordering::SeqCst) + 1;
    server.let_go.acquire().await.unwrap().forget();
    let status = u16::try_from(server.status.load(Ordering::SeqCst)).unwrap();
    let keep = match request.uri().path() {
        "/" => "browse",
        "/tickets/1" => "ticket/1",
        _ => "",
    };
    let told = [("x-ticketing-keep", keep), ("content-type", "text/html")];
    let cookie = request.headers().get("cookie").map_or("nobody", |_| "somebody");
    (StatusCode::from_u16(status).unwrap(), told, format!("page {number} for {cookie}"))
}

struct Rig {
    server: Arc<Server>,
    kept: Arc<Kept>,
    status: watch::Sender<Status>,
    clock: Arc<Hands>,
}

impl Rig {
    async fn new(let_go: usize) -> Self {
        let (made, status) = (AtomicUsize::new(0), AtomicUsize::new(200));
        let server = Arc::new(Server { made, status, let_go: Semaphore::new(let_go) });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new().fallback(render).with_state(Arc::clone(&server));
        let tasks = TokioTasks::here();
        tasks.start(async move { axum::serve(listener, app).await.unwrap() });
        let (status, seen) = watch::channel(Status::Up(address));
        let upstream = Upstream::new(seen, tasks.clone());
        let clock = Arc::new(Hands::default());
        let kept = Arc::new(Kept::new(upstream, Arc::clone(&clock) as _, tasks));
        Self { server, kept, status, clock }
    }

    fn made(&self) -> usize {
        self.server.made.load(Ordering::SeqCst)
    }

    fn pass(&self, time: Duration) {
        let millis = i64::try_from(time.as_millis()).unwrap();
        self.clock.0.fetch_add(millis, Ordering::SeqCst);
    }

    /// Asks until the page is another one.
    async fn get_until(&self, uri: &str, page: &str) {
        let asking = async {
            while self.get(uri).await != page {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), asking).await.expect(page);
    }

    /// Waits until so many pages are being made or are made.
    async fn until_made(&self, count: usize) {
        let looking = async {
            while self.made() < count {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), looking).await.expect("they are made");
    }

    async fn ask(&self, uri: &str) -> Result<Option<Response<Body>>, Trouble> {
        let request = Request::get(uri).header("cookie", "seen=1").body(()).unwrap();
        let (parts, ()) = request.into_parts();
        let site = Site { scheme: "http", host: "tickets.example".to_owned() };
        let asked = Asked::read(&parts, &site).unwrap();
        self.kept.answer(&asked, &parts.headers).await
    }

    async fn get(&self, uri: &str) -> String {
        let response = self.ask(uri).await.unwrap().expect("a page");
        let body = response.into_body().collect().await.unwrap().to_bytes();
        String::from_utf8(body.to_vec()).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_on_a_page_is_one_making() {
    let rig = Rig::new(0).await;
    let crowd = futures_util::future::join_all((0..1_000).map(|_| rig.get("/")));
    let opening = async {
        rig.until_made(1).await;
        rig.server.let_go.add_permits(FREELY);
    };
    let (pages, ()) = tokio::join!(crowd, opening);
    assert!(pages.iter().all(|page| page == "page 1 for nobody"), "{:?}", pages[0]);
    assert_eq!(rig.made(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_makes_a_page_stale_and_it_is_made_anew_beside() {
    let rig = Rig::new(1).await;
    assert_eq!(rig.get("/tickets/1").await, "page 1 for nobody");
    rig.pass(PAUSE * 2);
    rig.kept.ticket_changed("2");
    assert_eq!(rig.get("/tickets/1").await, "page 1 for nobody");
    assert_eq!(rig.made(), 1, "another ticket is none of its business");
    rig.kept.ticket_changed("1");
    assert_eq!(rig.get("/tickets/1").await, "page 1 for nobody", "nobody waits");
    rig.until_made(2).await;
    assert_eq!(rig.get("/tickets/1").await, "page 1 for nobody", "not even for the last step");
    rig.server.let_go.add_permits(FREELY);
    rig.get_until("/tickets/1", "page 2 for nobody").await;
    assert_eq!(rig.made(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn however_much_changes_a_page_is_made_no_more_often_than_the_pause_allows() {
    let rig = Rig::new(FREELY).await;
    rig.get("/").await;
    for _ in 0..100 {
        rig.kept.ticket_changed("1");
        rig.get("/").await;
    }
    assert_eq!(rig.made(), 1, "no time has passed");
    rig.pass(PAUSE + Duration::from_millis(1));
    rig.get_until("/", "page 2 for nobody").await;
    for _ in 0..100 {
        rig.kept.ticket_changed("1");
        rig.get("/").await;
    }
    assert_eq!(rig.made(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_been_stale_for_long_is_made_anew_before_anybody_sees_it() {
    let rig = Rig::new(FREELY).await;
    rig.get("/").await;
    rig.kept.ticket_changed("1");
    rig.pass(STALE_FOR + Duration::from_millis(1));
    assert_eq!(rig.get("/").await, "page 2 for nobody");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_for_one_person_is_for_whoever_asked_and_remembered_as_such() {
    let rig = Rig::new(FREELY).await;
    assert_eq!(rig.get("/signin").await, "page 1 for nobody");
    assert!(rig.ask("/signin").await.unwrap().is_none(), "each asks for themselves");
    assert_eq!(rig.made(), 1);
    rig.server.status.store(404, Ordering::SeqCst);
    rig.get("/tickets/1").await;
    assert!(rig.ask("/tickets/1").await.unwrap().is_none(), "an error is not kept");
    rig.server.status.store(200, Ordering::SeqCst);
    rig.pass(PRIVATE_FOR + Duration::from_millis(1));
    assert_eq!(rig.get("/tickets/1").await, "page 3 for nobody", "nor remembered for ever");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_outlasts_the_server_that_made_it_for_a_while() {
    let rig = Rig::new(FREELY).await;
    rig.get("/").await;
    rig.kept.ticket_changed("1");
    rig.pass(STALE_FOR + Duration::from_millis(1));
    rig.server.status.store(500, Ordering::SeqCst);
    assert_eq!(rig.get("/").await, "page 1 for nobody", "better than an error");
    rig.status.send_replace(Status::Down);
    assert_eq!(rig.get("/").await, "page 1 for nobody");
    assert_eq!(rig.ask("/?page=2").await.unwrap_err(), Trouble::NotUp);
    rig.pass(IN_NEED_FOR);
    assert_eq!(rig.ask("/").await.unwrap_err(), Trouble::NotUp, "too old");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_goes_away_while_a_page_is_made_leaves_it_to_the_next() {
    let rig = Rig::new(0).await;
    let first = async {
        tokio::select! {
            page = rig.get("/") => panic!("{page}"),
            () = rig.until_made(1) => {}
        }
    };
    first.await;
    let opening = async {
        rig.until_made(2).await;
        rig.server.let_go.add_permits(FREELY);
    };
    let (second, ()) = tokio::join!(rig.get("/"), opening);
    assert_eq!(second, "page 2 for nobody");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_build_makes_other_pages() {
    let rig = Rig::new(FREELY).await;
    rig.get("/").await;
    rig.kept.forget();
    assert_eq!(rig.get("/").await, "page 2 for nobody");
}
