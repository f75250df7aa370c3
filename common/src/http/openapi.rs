//! One OpenAPI document out of the services' own, with what all operations have in common written
//! once.
//!
//! A handler describes what is its own: its body and its successes. That any answer may be an error
//! of the one shape, that a write takes an `Idempotency-Key` and a read may be answered with 304,
//! is added here to every operation, so that no route can forget it.

use axum::Router;
use utoipa::ToSchema;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    Components, ContentBuilder, InfoBuilder, LicenseBuilder, OpenApi, Ref, RefOr, Required,
    Response, ResponseBuilder,
};
use utoipa_axum::router::OpenApiRouter;

use super::errors::Errors;
use super::idempotency::MAX_KEY_CHARS;

const IDEMPOTENCY_KEY: &str = "IdempotencyKey";
const IF_MATCH: &str = "IfMatch";
const IF_NONE_MATCH: &str = "IfNoneMatch";
const ERROR: &str = "Error";
const NOT_MODIFIED: &str = "NotModified";

/// The security scheme of browsers, for `security(("session" = []))` at routes for which one must
/// be signed in.
const SESSION: &str = "session";
/// The security scheme of other clients.
const BEARER: &str = "bearer";

/// The routes of these parts together, and the document that describes them.
pub fn assemble(parts: impl IntoIterator<Item = OpenApiRouter>) -> (Router, OpenApi) {
    let (mut routes, mut documents) = (Router::new(), Vec::new());
    for part in parts {
        let (part, description) = part.split_for_parts();
        routes = routes.merge(part);
        documents.push(description);
    }
    (routes, document(documents))
}

/// The document that describes these parts together.
pub fn document(parts: impl IntoIterator<Item = OpenApi>) -> OpenApi {
    let mut whole = OpenApi::default();
    for part in parts {
        whole.merge(part);
    }
    whole.info = InfoBuilder::new()
        .title("Ticketing")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some("A marketplace for tickets: sign up, sell, order, pay."))
        .license(Some(LicenseBuilder::new().name("MIT OR Apache-2.0").build()))
        .build();
    for item in whole.paths.paths.values_mut() {
        complete(item);
    }
    share(whole.components.get_or_insert_default());
    whole
}

fn complete(item: &mut PathItem) {
    for read in [&mut item.get, &mut item.head].into_iter().flatten() {
        complete_answers(read);
        if has_tag(read) {
            refer(read, IF_NONE_MATCH);
            let not_modified = Ref::new(format!("#/components/responses/{NOT_MODIFIED}"));
            read.responses.responses.insert("304".to_owned(), RefOr::Ref(not_modified));
        }
    }
    let others = [&mut item.post, &mut item.delete, &mut item.patch];
    for write in others.into_iter().flatten() {
        complete_answers(write);
        refer(write, IDEMPOTENCY_KEY);
    }
    if let Some(update) = &mut item.put {
        complete_answers(update);
        refer(update, IDEMPOTENCY_KEY);
        refer(update, IF_MATCH);
    }
}

fn complete_answers(operation: &mut Operation) {
    let error = Ref::new(format!("#/components/responses/{ERROR}"));
    let answers = &mut operation.responses.responses;
    answers.entry("default".to_owned()).or_insert(RefOr::Ref(error));
    if let Some(ways) = &mut operation.security
        && ways.contains(&requirement(SESSION))
        && !ways.contains(&requirement(BEARER))
    {
        // Either of the two is enough.
        ways.push(requirement(BEARER));
    }
}

fn requirement(scheme: &str) -> utoipa::openapi::SecurityRequirement {
    utoipa::openapi::SecurityRequirement::new(scheme, [] as [&str; 0])
}

/// Whether an operation's success is JSON with an entity tag; a stream and a probe's answer have
/// none.
fn has_tag(operation: &Operation) -> bool {
    if operation.tags.iter().flatten().any(|tag| tag == super::health::TAG) {
        return false;
    }
    match operation.responses.responses.get("200") {
        Some(RefOr::T(response)) => response.content.contains_key("application/json"),
        Some(RefOr::Ref(_)) | None => false,
    }
}

fn refer(operation: &mut Operation, parameter: &str) {
    let reference = Ref::new(format!("#/components/parameters/{parameter}"));
    operation.parameters.get_or_insert_default().push(RefOr::Ref(reference));
}

/// What [`complete`] refers to.
fn share(components: &mut Components) {
    components.schemas.insert("Errors".to_owned(), <Errors as utoipa::PartialSchema>::schema());
    let mut needed = Vec::new();
    <Errors as ToSchema>::schemas(&mut needed);
    components.schemas.extend(needed);
    for (name, parameter) in [
        (IDEMPOTENCY_KEY, idempotency_key()),
        (IF_MATCH, header("If-Match", "The entity tag of the version to change; another is 412")),
        (IF_NONE_MATCH, header("If-None-Match", "Entity tags that are known; 304 if one is right")),
    ] {
        components.parameters.insert(name.to_owned(), RefOr::T(parameter));
    }
    components.responses.insert(ERROR.to_owned(), RefOr::T(error()));
    let not_modified = Response::new("The client has it already");
    components.responses.insert(NOT_MODIFIED.to_owned(), RefOr::T(not_modified));
    let cookie = ApiKeyValue::new(crate::session::cookie::NAME);
    let cookie = SecurityScheme::ApiKey(ApiKey::Cookie(cookie));
    components.security_schemes.insert(SESSION.to_owned(), cookie.into());
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    components.security_schemes.insert(BEARER.to_owned(), SecurityScheme::Http(bearer).into());
}

fn idempotency_key() -> Parameter {
    let schema = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(MAX_KEY_CHARS));
    let said = "Names this request: sent again with the same key and body, it gets the first \
                answer again for 24 hours; with another body it is 422, and while the first is \
                being worked on 409";
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(said))
        .schema(Some(schema))
        .build()
}

fn header(name: &str, said: &str) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(said))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .build()
}

fn error() -> Response {
    let reference = Ref::from_schema_name("Errors");
    let seconds = ObjectBuilder::new().schema_type(Type::Integer);
    let retry = HeaderBuilder::new()
        .schema(Some(seconds))
        .description(Some("With 429 and 503: seconds until it is worth trying again"))
        .build();
    ResponseBuilder::new()
        .description("Why it came to nothing: every fault at once")
        .content("application/json", ContentBuilder::new().schema(Some(reference)).build())
        .header("Retry-After", retry)
        .build()
}
