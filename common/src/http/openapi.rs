//! One OpenAPI document out of the services' own, with what all operations have in common written once.

use utoipa::openapi::OpenApi;

/// The document of a process that serves these parts.
pub fn document(parts: impl IntoIterator<Item = OpenApi>) -> OpenApi {
    let mut whole = OpenApi::default();
    for part in parts {
        whole.merge(part);
    }
    whole
}
