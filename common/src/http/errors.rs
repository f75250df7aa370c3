//! What can go wrong on the way to an answer, and the one place that knows which status it is.
//!
//! Every error of every route goes out as `{"errors":[{"message":"…","field":"…"}]}`. What the
//! client is told and what the log is told are two things: a message here never carries a cause,
//! and the cause travels beside the response to [`super::gate`], which logs it once, with the
//! request's id.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::command::{Fault, Refusal, Unreadable};
use crate::execute::{Failure, chain};
use crate::replies::Answer;
use crate::store::Unavailable;

/// Seconds after which a service that could not serve is worth asking again.
const RETRY_AFTER_S: u64 = 1;

/// The body of every error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Errors {
    /// One for each fault, all of them at once.
    #[schema(value_type = Vec<DescribedFault>, min_items = 1)]
    pub errors: Vec<Fault>,
}

// Describes `Fault`: below this module, none knows of HTTP.
/// One thing that is at fault.
#[derive(ToSchema)]
#[schema(as = Fault)]
#[expect(dead_code, reason = "it is described and never made")]
struct DescribedFault {
    /// In words for people.
    message: String,
    /// The field at fault, where it is one.
    #[schema(nullable = false)]
    field: Option<String>,
}

/// Why there is no better answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// A command or a query came to nothing.
    Failed(Failure),
    /// There is no such path.
    NoSuchPath,
    /// The path does not take this method.
    NoSuchMethod,
    /// The body is larger than [`super::write::MAX_BODY_BYTES`].
    TooLarge,
    /// The body is not said to be JSON.
    NotJson,
    /// The body did not come in time.
    TooSlow,
    /// The connection broke while the body was read: nobody will read this.
    BrokenOff,
    /// A write that another site's page has made.
    Foreign,
    /// The request took longer than it may.
    Overdue,
    /// More requests under way than are served at once.
    TooBusy,
    /// More live streams than are served at once.
    TooManyStreams,
    /// A handler panicked, with this message for the log.
    Panicked(String),
    /// An error that a layer below answered with, without a body of our shape.
    Other(StatusCode),
}

/// What the log is told about an error, beside the response.
#[derive(Debug, Clone)]
pub(super) struct Cause(pub(super) String);

impl Problem {
    /// The status, the only place where one is chosen.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Failed(Failure::Refused(refusal)) => status_of(refusal),
            Self::Failed(Failure::Unavailable(_) | Failure::Overloaded | Failure::InDoubt(_)) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::Failed(Failure::Broken(_)) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::NoSuchPath => StatusCode::NOT_FOUND,
            Self::NoSuchMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NotJson => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::BrokenOff => StatusCode::BAD_REQUEST,
            Self::Foreign => StatusCode::FORBIDDEN,
            Self::Overdue | Self::TooBusy | Self::TooManyStreams => StatusCode::SERVICE_UNAVAILABLE,
            Self::Panicked(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Other(status) => *status,
        }
    }

    /// What the client is told.
    pub fn errors(&self) -> Errors {
        match self {
            Self::Failed(Failure::Refused(Refusal::Invalid(faults))) if !faults.is_empty() => {
                Errors { errors: faults.clone() }
            }
            other => Errors { errors: vec![Fault { message: other.message(), field: None }] },
        }
    }

    fn message(&self) -> String {
        let text = match self {
            Self::Failed(Failure::Refused(refusal)) => return refusal.to_string(),
            Self::Failed(Failure::Unavailable(_)) => "Not available at the moment; try again",
            Self::Failed(Failure::Overloaded) | Self::TooBusy | Self::TooManyStreams => {
                "Too busy; try again"
            }
            Self::Failed(Failure::InDoubt(_)) => {
                "It is not known yet whether this happened; repeat the request with the same \
                 Idempotency-Key to find out"
            }
            Self::Failed(Failure::Broken(_)) | Self::Panicked(_) => "Something went wrong",
            Self::NoSuchPath => "Not Found",
            Self::NoSuchMethod => "This path does not take this method",
            Self::TooLarge => "The body is larger than 64 KiB",
            Self::NotJson => "The body must be JSON, with Content-Type: application/json",
            Self::TooSlow => "The body did not arrive in time",
            Self::BrokenOff => "The body is incomplete",
            Self::Foreign => "A request from another site cannot change anything here",
            Self::Overdue => "This took too long and may still happen; look before you try again",
            Self::Other(status) => status.canonical_reason().unwrap_or("Refused"),
        };
        text.to_owned()
    }

    /// Seconds until it is worth trying again.
    fn retry_after_s(&self) -> Option<u64> {
        match self {
            Self::Failed(Failure::Refused(Refusal::TooMany { retry_after_s })) => {
                Some((*retry_after_s).max(1))
            }
            other => match other.status() {
                StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
                    Some(RETRY_AFTER_S)
                }
                _ => None,
            },
        }
    }

    /// What the log is told: nothing where the client knows it all.
    fn cause(&self) -> Option<String> {
        match self {
            Self::Failed(Failure::Refused(_)) => None,
            Self::Failed(failure) => Some(chain(failure)),
            Self::Panicked(message) => Some(format!("panicked: {message}")),
            Self::Overdue => Some("took longer than a request may".to_owned()),
            Self::TooBusy => Some("too many requests are under way".to_owned()),
            Self::TooManyStreams => Some("too many live streams".to_owned()),
            Self::NoSuchPath
            | Self::NoSuchMethod
            | Self::TooLarge
            | Self::NotJson
            | Self::TooSlow
            | Self::BrokenOff
            | Self::Foreign
            | Self::Other(_) => None,
        }
    }

    /// The answer as it goes out, and as it is kept under an idempotency key.
    pub fn answer(&self) -> Answer {
        let status = self.status();
        let answer = Answer::json(status.as_u16(), &self.errors());
        match self.retry_after_s() {
            Some(seconds) => answer.with_header(RETRY_AFTER.as_str(), seconds.to_string()),
            // RFC 9110 wants a 401 to say how else to come; browsers ask nobody for a bearer token.
            None if status == StatusCode::UNAUTHORIZED => {
                answer.with_header(WWW_AUTHENTICATE.as_str(), "Bearer")
            }
            None => answer,
        }
    }
}

fn status_of(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::Invalid(_) | Refusal::State(_) => StatusCode::BAD_REQUEST,
        Refusal::NotSignedIn | Refusal::NotYours => StatusCode::UNAUTHORIZED,
        Refusal::NotFound => StatusCode::NOT_FOUND,
        Refusal::Conflict(_) | Refusal::InProgress => StatusCode::CONFLICT,
        Refusal::Stale => StatusCode::PRECONDITION_FAILED,
        Refusal::KeyReused => StatusCode::UNPROCESSABLE_ENTITY,
        Refusal::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
    }
}

/// The error that a layer below answered with, in our shape.
pub(super) fn of_status(status: StatusCode) -> Problem {
    match status {
        StatusCode::NOT_FOUND => Problem::NoSuchPath,
        StatusCode::METHOD_NOT_ALLOWED => Problem::NoSuchMethod,
        StatusCode::PAYLOAD_TOO_LARGE => Problem::TooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Problem::NotJson,
        other => Problem::Other(other),
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.answer().into_response();
        let headers = response.headers_mut();
        headers.entry(CONTENT_TYPE).or_insert(super::answers::JSON);
        headers.insert(CACHE_CONTROL, super::answers::NO_STORE);
        if let Some(cause) = self.cause() {
            response.extensions_mut().insert(Cause(cause));
        }
        response
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self::Failed(Failure::Refused(refusal))
    }
}

impl From<Unavailable> for Problem {
    fn from(unavailable: Unavailable) -> Self {
        Self::Failed(Failure::Unavailable(unavailable))
    }
}

impl From<Unreadable> for Problem {
    fn from(unreadable: Unreadable) -> Self {
        Self::Failed(unreadable.into())
    }
}

impl From<serde_json::Error> for Problem {
    fn from(error: serde_json::Error) -> Self {
        Self::Failed(error.into())
    }
}
