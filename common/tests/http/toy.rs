//! The toy service: notes that people keep.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::{FromRef, Path, State};
use axum::response::{IntoResponse, Response};
use common::command::{self, Change, Command, Docs, Entity, Key, Moment, Refusal};
use common::execute::{Engine, Failure};
use common::http::{Kit, Problem, Read, Resource, Write, path_id};
use common::id::Id;
use common::money::Currency;
use common::replies::Answer;
use common::store::{Collection, Document, Order, Query, Unavailable};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::Semaphore;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What the log may be told and a client never.
pub const SECRET_CAUSE: &str = "SQLITE_CORRUPT in /var/lib/secret.db";

static NOTES: Collection = Collection { name: "notes", fields: &[], indexes: &[] };

#[derive(Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Note {
    #[schema(value_type = String)]
    id: Id,
    title: String,
    minor: Option<i64>,
}

impl Entity for Note {
    const COLLECTION: &'static Collection = &NOTES;

    fn id(&self) -> String {
        self.id.to_string()
    }
}

struct Make {
    title: String,
    minor: Option<i64>,
}

impl Command for Make {
    type Reply = Note;

    fn keys(&self, _: &Docs) -> Vec<Key> {
        Vec::new()
    }

    fn decide(&self, _: &Docs, at: &Moment<'_>) -> Result<Change<Note>, Refusal> {
        if self.title == "taken" {
            return Err(Refusal::state("This title is taken"));
        }
        let note = Note { id: at.next_id(), title: self.title.clone(), minor: self.minor };
        Ok(Change::nothing(note.clone()).put(note))
    }
}

struct Rename {
    id: Id,
    title: String,
    seen: Option<u64>,
}

impl Command for Rename {
    type Reply = (u64, Note);

    fn keys(&self, _: &Docs) -> Vec<Key> {
        vec![Key::of::<Note>(self.id)]
    }

    fn decide(&self, docs: &Docs, _: &Moment<'_>) -> Result<Change<(u64, Note)>, Refusal> {
        let stored = docs.get::<Note>(self.id).ok_or(Refusal::NotFound)?;
        if self.seen.is_some_and(|seen| seen != stored.version) {
            return Err(Refusal::Stale);
        }
        let note = Note { title: self.title.clone(), ..stored.value.clone() };
        Ok(Change::nothing((stored.version + 1, note.clone())).put(note))
    }
}

struct Burn(Id);

impl Command for Burn {
    type Reply = ();

    fn keys(&self, _: &Docs) -> Vec<Key> {
        vec![Key::of::<Note>(self.0)]
    }

    fn decide(&self, docs: &Docs, _: &Moment<'_>) -> Result<Change<()>, Refusal> {
        docs.get::<Note>(self.0).ok_or(Refusal::NotFound)?;
        Ok(Change::nothing(()).delete::<Note>(self.0))
    }
}

#[derive(Clone)]
pub struct Api {
    pub kit: Kit,
    /// Lets requests to `/api/hold` go on, one for each permit.
    pub go: Arc<Semaphore>,
    /// How many of them have arrived.
    pub held: Arc<AtomicUsize>,
}

impl FromRef<Api> for Kit {
    fn from_ref(api: &Api) -> Self {
        api.kit.clone()
    }
}

pub fn routes(api: Api) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, make))
        .routes(routes!(show, rename, burn))
        .routes(routes!(watch_note))
        .routes(routes!(me))
        .routes(routes!(peer))
        .routes(routes!(hold))
        .routes(routes!(fail))
        .with_state(api)
}

#[utoipa::path(post, path = "/api/notes", responses((status = 201, body = Note)),
    security(("session" = [])))]
async fn make(State(api): State<Api>, write: Write) -> Result<Response, Problem> {
    write.session()?;
    let mut fields = write.fields()?;
    let title = fields.text("title", 1..=20);
    let price = fields.optional_price("price", Currency::USD);
    fields.optional_integer("count", 1..=100);
    if let Some(mut place) = fields.object("place") {
        place.text("name", 1..=20);
        place.optional_time("opens");
    }
    let Some(title) = title else { return Err(fields.refusal().into()) };
    fields.check()?;
    let command = Make { title, minor: price.map(|price| price.minor) };
    let render = |note: &Note| {
        Answer::created(note).with_etag(0).with_location(format!("/api/notes/{}", note.id()))
    };
    write.run(api.kit.engine(), command, render).await
}

#[utoipa::path(get, path = "/api/notes", responses((status = 200, body = Vec<Note>)))]
async fn list(State(api): State<Api>, read: Read) -> Result<Response, Problem> {
    let mut params = read.query();
    params.text("q", 20);
    params.price("minPrice", Currency::USD);
    params.time("from");
    let sort = params.one_of("sort", &["id", "-id"]).unwrap_or("id");
    let page = params.page(sort, None);
    params.check()?;
    let query = Query {
        collection: &NOTES,
        filters: Vec::new(),
        order: Order { field: None, descending: sort == "-id" },
        after: page.after.clone(),
        limit: page.fetch(),
    };
    let found = api.kit.engine().store().find(query).await?;
    let notes: Result<Vec<Note>, _> =
        found.iter().map(|found| serde_json::from_slice(&found.document.body)).collect();
    let (notes, next) = page.cut_by_id(notes?, |note: &Note| note.id);
    Ok(read.page(&notes, next))
}

#[utoipa::path(get, path = "/api/notes/{id}", params(("id" = String, Path)),
    responses((status = 200, body = Note)))]
async fn show(Path(id): Path<String>, read: Read) -> Result<Response, Problem> {
    read.show::<Seen>(&id).await
}

#[utoipa::path(put, path = "/api/notes/{id}", params(("id" = String, Path)),
    responses((status = 200, body = Note)))]
async fn rename(
    State(api): State<Api>,
    Path(id): Path<String>,
    write: Write,
) -> Result<Response, Problem> {
    let mut fields = write.fields()?;
    let title = fields.text("title", 1..=20);
    let Some(title) = title else { return Err(fields.refusal().into()) };
    let command = Rename { id: path_id(&id)?, title, seen: write.if_match()? };
    let render = |(version, note): &(u64, Note)| Answer::ok(note).with_etag(*version);
    write.run(api.kit.engine(), command, render).await
}

#[utoipa::path(delete, path = "/api/notes/{id}", params(("id" = String, Path)),
    responses((status = 204)))]
async fn burn(
    State(api): State<Api>,
    Path(id): Path<String>,
    write: Write,
) -> Result<Response, Problem> {
    let command = Burn(path_id(&id)?);
    write.run(api.kit.engine(), command, |()| Answer::empty(204)).await
}

#[utoipa::path(get, path = "/api/notes/{id}/live", params(("id" = String, Path)),
    responses((status = 200, content_type = "text/event-stream")))]
async fn watch_note(Path(id): Path<String>, read: Read) -> Result<Response, Problem> {
    read.watch::<Seen>(&id).await
}

struct Seen {
    version: u64,
    note: Note,
}

impl Resource for Seen {
    type Id = Id;
    type Document = Note;

    const EVENT: &'static str = "note";

    async fn find(engine: &Engine, id: Id) -> Result<Option<Self>, Failure> {
        let document = engine.store().get(&NOTES, &id.to_string()).await?;
        let seen = |document: &Document| {
            Ok(Self { version: document.version, note: command::read(document)? })
        };
        document.as_ref().map(seen).transpose()
    }

    fn version(&self) -> u64 {
        self.version
    }

    fn view(&self) -> impl Serialize {
        &self.note
    }
}

#[utoipa::path(get, path = "/api/me", responses((status = 200)))]
async fn me(read: Read) -> Result<Response, Problem> {
    let session = read.session()?;
    Ok(read.answer_unversioned(&json!({"id": session.user_id, "trace": read.trace()})))
}

#[utoipa::path(post, path = "/api/peer", responses((status = 200)))]
async fn peer(write: Write) -> Result<Response, Problem> {
    write.fields_if_any()?;
    Ok(Answer::ok(&json!({"peer": write.peer().to_string()})).into_response())
}

#[utoipa::path(post, path = "/api/hold", responses((status = 200)))]
async fn hold(State(api): State<Api>, write: Write) -> Result<Response, Problem> {
    write.request_key()?;
    api.held.fetch_add(1, Ordering::SeqCst);
    api.go.acquire().await.unwrap().forget();
    Ok(Answer::ok(&json!({})).into_response())
}

#[utoipa::path(get, path = "/api/fail/{how}", params(("how" = String, Path)),
    responses((status = 200)))]
async fn fail(Path(how): Path<String>) -> Result<Response, Problem> {
    let cause = SECRET_CAUSE.to_owned();
    Err(match how.as_str() {
        "broken" => Failure::Broken(cause).into(),
        "down" => Unavailable(cause).into(),
        "doubt" => Failure::InDoubt(cause).into(),
        "overloaded" => Failure::Overloaded.into(),
        "often" => Refusal::TooMany { retry_after_s: 7 }.into(),
        "conflict" => Refusal::conflict("Not now").into(),
        "panic" => panic!("{SECRET_CAUSE}"),
        _ => pending().await,
    })
}
