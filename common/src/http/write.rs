//! The extractor of handlers that change something.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use axum::extract::{FromRef, FromRequest, Request};
use axum::response::{IntoResponse as _, Response};
use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, EXPECT};
use http::request::Parts;
use http_body_util::BodyExt as _;

use super::errors::Problem;
use super::fields::Fields;
use super::idempotency::{self, Hold};
use super::read::Caller;
use super::{Kit, etag, gate, visitor};
use crate::command::{Command, Refusal};
use crate::execute::Engine;
use crate::replies::{Answer, Once, RequestKey};
use crate::session::Session;

/// Most bytes of a body: room for the longest ticket several times over.
pub const MAX_BODY_BYTES: usize = 64 * 1024;

/// How long a body may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(15);

/// Of a body that is too large, so much is read and thrown away before it is refused, because a
/// client that is still sending when the connection is closed does not get to read why.
const DRAINED_BYTES: usize = 4 * 1024 * 1024;

/// The longest that this draining may take.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(1);

/// A request that may change something.
pub struct Write {
    kit: Kit,
    caller: Caller,
    parts: Parts,
    ready: Result<Ready, Problem>,
    trace: String,
}

/// What was sent, and which request it is.
struct Ready {
    body: Bytes,
    /// Whether the body is said to be JSON, or is empty.
    is_json: bool,
    key: Option<RequestKey>,
    /// Keeps the same request from being worked on twice, for as long as the handler has the
    /// [`Write`].
    _hold: Option<Hold>,
}

impl<S> FromRequest<S> for Write
where
    S: Send + Sync,
    Kit: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let kit = Kit::from_ref(state);
        let (parts, body) = request.into_parts();
        let caller = Caller::of(&kit, &parts.headers).await;
        let trace = gate::trace_of(&parts.headers);
        // Nothing is refused here: whether somebody is signed in comes first, and the handler asks
        // that.
        let ready = match receive(&kit, &parts, body).await {
            Ok(body) => make_ready(&kit, &caller, &parts, body).map_err(Problem::from),
            Err(problem) => Err(problem),
        };
        Ok(Self { kit, caller, parts, ready, trace })
    }
}

fn make_ready(kit: &Kit, caller: &Caller, parts: &Parts, body: Bytes) -> Result<Ready, Refusal> {
    let is_json = body.is_empty() || is_json(&parts.headers);
    // What is refused for its type is refused for nothing else.
    let key = if is_json { idempotency::key_in(&parts.headers)? } else { None };
    let Some(key) = key else {
        return Ok(Ready { body, is_json, key: None, _hold: None });
    };
    let route = (&parts.method, &parts.uri);
    let request = idempotency::request(key, caller.known(), route, &body);
    let hold = kit.in_flight().begin(&request.id)?;
    Ok(Ready { body, is_json, key: Some(request), _hold: Some(hold) })
}

impl Write {
    /// Whose session it is.
    ///
    /// # Errors
    /// 401 where nobody is signed in; 503 where the store cannot say.
    pub fn session(&self) -> Result<&Session, Problem> {
        self.caller.session()
    }

    /// Whose session it is, where it makes a difference but need not be anybody's.
    pub fn session_if_any(&self) -> Option<&Session> {
        self.caller.known()
    }

    /// The body's fields.
    ///
    /// # Errors
    /// 400 where the body is no JSON object; 413 and 415 where it is too large or said to be
    /// something else; what [`Write::request_key`] refuses.
    pub fn fields(&self) -> Result<Fields, Problem> {
        Ok(Fields::read(&self.ready()?.body)?)
    }

    /// As [`Write::fields`], where the body may be left out.
    ///
    /// # Errors
    /// As [`Write::fields`].
    pub fn fields_if_any(&self) -> Result<Fields, Problem> {
        let ready = self.ready()?;
        if ready.body.is_empty() {
            return Ok(Fields::none());
        }
        Ok(Fields::read(&ready.body)?)
    }

    /// The body as it came, whatever it is said to be: for what others write in ways of their own.
    ///
    /// # Errors
    /// 413, as [`Write::fields`].
    pub fn any_body(&self) -> Result<&Bytes, Problem> {
        Ok(&self.received()?.body)
    }

    /// The version that the client has seen, where it says so with `If-Match`; the command compares
    /// it, and refuses with [`Refusal::Stale`] where it is another.
    ///
    /// # Errors
    /// 400 where the header is no entity tag.
    pub fn if_match(&self) -> Result<Option<u64>, Refusal> {
        etag::if_match(&self.parts.headers)
    }

    /// Which request this is, where it says so with an `Idempotency-Key`.
    ///
    /// # Errors
    /// 400 where the key is too long; 409 where the same request is being worked on.
    pub fn request_key(&self) -> Result<Option<&RequestKey>, Problem> {
        Ok(self.ready()?.key.as_ref())
    }

    /// The request's id, which its events and log lines carry.
    pub fn trace(&self) -> &str {
        &self.trace
    }

    /// What the service's handlers share.
    pub fn kit(&self) -> &Kit {
        &self.kit
    }

    /// The request's headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.parts.headers
    }

    /// The visitor's address: the connection's, or what one of ours says. Unspecified where nobody
    /// knows.
    pub fn peer(&self) -> IpAddr {
        visitor::address(&self.parts.headers, &self.parts.extensions, self.kit.settings())
    }

    /// Carries out `command` and answers with what `render` makes of its reply: once, however often
    /// the request is sent under the same `Idempotency-Key`.
    ///
    /// # Errors
    /// Whatever the command was refused with or failed by.
    pub async fn run<C, R>(
        &self,
        engine: &Arc<Engine>,
        command: C,
        render: R,
    ) -> Result<Response, Problem>
    where
        C: Command,
        R: Fn(&C::Reply) -> Answer + Send + Sync + 'static,
    {
        let Some(key) = self.request_key()? else {
            let reply = engine.run(command, &self.trace).await?;
            return Ok(render(&reply).into_response());
        };
        let render = move |outcome: Result<&C::Reply, &Refusal>| match outcome {
            Ok(reply) => render(reply),
            Err(refusal) => Problem::from(refusal.clone()).answer(),
        };
        let once = Once { command, key: key.clone(), render };
        Ok(engine.run(once, &self.trace).await?.into_response())
    }

    fn ready(&self) -> Result<&Ready, Problem> {
        let ready = self.received()?;
        if ready.is_json { Ok(ready) } else { Err(Problem::NotJson) }
    }

    fn received(&self) -> Result<&Ready, Problem> {
        self.ready.as_ref().map_err(Clone::clone)
    }
}

/// The body, if it is one that may be sent here.
async fn receive(kit: &Kit, parts: &Parts, body: Body) -> Result<Bytes, Problem> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let stated = parts.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    let stated = stated.and_then(|length| length.parse::<u64>().ok());
    let clock = &kit.settings().clock;
    if stated.is_some_and(|length| length > MAX_BODY_BYTES as u64) {
        if !parts.headers.contains_key(EXPECT) {
            drain(kit, body).await;
        }
        return Err(Problem::TooLarge);
    }
    let mut body = body;
    let received = tokio::select! {
        biased;
        received = collect(&mut body, stated) => received,
        () = clock.sleep(BODY_TIMEOUT) => Err(Problem::TooSlow),
    };
    if matches!(received, Err(Problem::TooLarge)) {
        drain(kit, body).await;
    }
    received
}

async fn collect(body: &mut Body, stated: Option<u64>) -> Result<Bytes, Problem> {
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Problem::BrokenOff)?.into_data() else {
            // Trailers say nothing here.
            continue;
        };
        if whole.len() + data.len() > MAX_BODY_BYTES {
            return Err(Problem::TooLarge);
        }
        if whole.is_empty() && stated == Some(data.len() as u64) {
            return Ok(data);
        }
        whole.extend_from_slice(&data);
    }
    Ok(whole.freeze())
}

/// Reads on for a while, so that the client is done sending when it is told that it sent too much.
async fn drain(kit: &Kit, mut body: Body) {
    let mut drained = 0;
    let reading = async {
        while let Some(Ok(frame)) = body.frame().await {
            drained += frame.data_ref().map_or(0, Bytes::len);
            if drained > DRAINED_BYTES {
                return;
            }
        }
    };
    tokio::select! {
        () = reading => {}
        () = kit.settings().clock.sleep(DRAIN_TIMEOUT) => {}
    }
}

/// Whether the body is said to be JSON: `application/json` or another type that ends in `+json`,
/// whatever parameters follow.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(Ok(kind)) = headers.get(CONTENT_TYPE).map(|kind| kind.to_str()) else {
        return false;
    };
    let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json"
        || essence.strip_prefix("application/").is_some_and(|kind| kind.ends_with("+json"))
}
