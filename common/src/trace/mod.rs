//! Traces: what one request causes, in every service and through every event, as spans that know
//! what they follow from.
//!
//! Nothing new travels for it. Commands, events and payments carry the id of the request that they
//! go back to, and where a request is traced that text says of which trace and under which span:
//! `{request id}~{trace}-{span}`, with what W3C's `traceparent` calls them. Whoever makes a span
//! hands on a text that names its own. Builds that know nothing of traces hand the text on as it
//! is, and a client cannot forge one, since `~` is in no request id that is taken over.
//!
//! [`Tracer`] collects spans that are over; [`crate::run`] sends them away. One that is off makes
//! no spans, reads no clock and changes no text.
//!
//! Rejected: OpenTelemetry's own crates, for five places that make spans. What goes over the wire
//! is the same ([`otlp`]); `docs/decisions/0012` says what speaks for either.

mod collector;
mod otlp;
mod tracer;

use std::fmt;

pub use collector::Collector;
pub use tracer::{Kind, Span, Tracer};

/// What parts a request's id from its place in a trace.
const MARK: char = '~';

/// A place in a trace: under which span something happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Which trace; never nought.
    pub trace: u128,
    /// Which span; never nought.
    pub span: u64,
}

impl Place {
    /// The place that a `traceparent` of W3C's Trace Context names, if it is a valid one.
    pub fn of_traceparent(header: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(header).ok()?;
        let (version, rest) = text.split_once('-')?;
        let (trace, rest) = rest.split_once('-')?;
        let (span, rest) = rest.split_once('-')?;
        let (flags, rest) = rest.split_at_checked(2)?;
        // Version ff is never valid; that of today ends behind the flags, later ones may go on.
        let is_whole = rest.is_empty() || (version != "00" && rest.starts_with('-'));
        hex(version, 2).filter(|version| *version != 0xff)?;
        hex(flags, 2).filter(|_| is_whole)?;
        Self::of_hex(trace, span)
    }

    /// The place that a request's text names, if it is traced.
    pub fn of_text(text: &str) -> Option<Self> {
        let (trace, span) = text.rsplit_once(MARK)?.1.split_once('-')?;
        Self::of_hex(trace, span)
    }

    fn of_hex(trace: &str, span: &str) -> Option<Self> {
        let trace = hex(trace, 32).filter(|trace| *trace != 0)?;
        let span = u64::try_from(hex(span, 16)?).ok().filter(|span| *span != 0)?;
        Some(Self { trace, span })
    }

    /// The text of a request `id` at this place.
    pub fn text(self, id: &str) -> String {
        format!("{id}{MARK}{self}")
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}-{:016x}", self.trace, self.span)
    }
}

/// The id of the request in its text.
pub fn request_of(text: &str) -> &str {
    text.rsplit_once(MARK).map_or(text, |(id, _)| id)
}

/// A number of so many lower-case hex digits.
fn hex(text: &str, digits: usize) -> Option<u128> {
    let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let is_whole = text.len() == digits && text.bytes().all(is_hex);
    is_whole.then(|| u128::from_str_radix(text, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_traceparent_is_believed_only_if_it_is_valid() {
        let place = Place::of_traceparent(PARENT.as_bytes()).unwrap();
        assert_eq!(place.trace, 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736);
        assert_eq!(place.span, 0x00f0_67aa_0ba9_02b7);
        let later = PARENT.replacen("00", "01", 1) + "-what-comes";
        assert_eq!(Place::of_traceparent(later.as_bytes()), Some(place));
        for bad in [
            String::new(),
            "é".to_owned(),
            PARENT.replacen("00", "ff", 1),
            PARENT.to_uppercase(),
            format!("{PARENT}-more"),
            PARENT.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)),
            PARENT.replace("00f067aa0ba902b7", &"0".repeat(16)),
            PARENT.replace("-01", "-0"),
            PARENT.replace("-01", "-é"),
            PARENT.replace("4bf9", "4bf"),
            PARENT.replace("4bf9", "+bf9"),
        ] {
            assert_eq!(Place::of_traceparent(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn a_text_names_its_request_and_its_place() {
        let place = Place { trace: 1, span: 2 };
        let text = place.text("65f0-x.y");
        assert_eq!(text, format!("65f0-x.y~{:032x}-{:016x}", 1, 2));
        assert_eq!((request_of(&text), Place::of_text(&text)), ("65f0-x.y", Some(place)));
        for plain in ["", "expiry", "65f0a1", "a~b", "a~0-0"] {
            assert_eq!(Place::of_text(plain), None, "{plain}");
        }
        assert_eq!(request_of("65f0a1"), "65f0a1");
    }
}
