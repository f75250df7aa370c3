//! A letter as a message: headers that nothing a person typed can add to, and two parts.

use std::time::{Duration, SystemTime};

use common::time::Timestamp;
use lettre::Message;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};

use super::{Letterhead, Parcel, SendError, words};
use crate::domain::{Email, Letter};

/// The message that carries `letter` to `to`.
///
/// All of it follows from the letter: its Message-ID above all, by which a mail server knows what
/// it is given a second time, after a crash between sending and recording that it was sent.
///
/// # Errors
/// When no message can be made to that address.
pub fn parcel(letter: &Letter, to: &Email, head: &Letterhead) -> Result<Parcel, SendError> {
    let address = to.as_str().parse();
    let address =
        address.map_err(|_| SendError::Refused("the address is none for mail".to_owned()))?;
    let words = words(letter, head);
    let message = Message::builder()
        .from(head.from.clone())
        .to(Mailbox::new(None, address))
        .subject(words.subject)
        .date(system_time(letter.at))
        .message_id(Some(format!("<{}@{}>", letter.id, head.from.email.domain())))
        // RFC 3834: whoever answers by itself does not answer this.
        .raw_header(header("Auto-Submitted", "auto-generated"))
        .raw_header(header("X-Auto-Response-Suppress", "All"))
        .multipart(
            MultiPart::alternative()
                .boundary(format!("part-of-{}", letter.id))
                .singlepart(SinglePart::plain(words.text))
                .singlepart(SinglePart::html(words.html)),
        );
    let message =
        message.map_err(|error| SendError::Refused(format!("it makes no message: {error}")))?;
    let (envelope, bytes) = (message.envelope().clone(), message.formatted());
    Ok(Parcel { id: letter.id.clone(), envelope, bytes })
}

fn header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

fn system_time(at: Timestamp) -> SystemTime {
    let since_1970 = u64::try_from(at.as_millis()).unwrap_or(0);
    SystemTime::UNIX_EPOCH + Duration::from_millis(since_1970)
}
