//! What an engine tells in a trace: commands, commits, and events until they are published.

use super::Failure;
use crate::trace::Span;

/// The span of an event from its decision until the bus has it.
pub(super) const PUBLISH: &str = "publish";

/// The span of a decision and its commit.
pub(super) const COMMIT: &str = "commit";

/// What a command is called in a trace.
pub(super) fn name_of<C>() -> &'static str {
    let whole = std::any::type_name::<C>();
    let bare = whole.split('<').next().unwrap_or(whole);
    bare.rsplit("::").next().unwrap_or(bare)
}

/// A command has its answer. A refusal is one.
pub(super) fn end(mut span: Span, failure: Option<&Failure>) {
    match failure {
        None => {}
        Some(Failure::Refused(_)) => span.note("ticketing.refused", true),
        Some(_) => span.fail(),
    }
    span.end();
}
