//! Messages as the file keeps them: several in a row, end to end, numbered from the first on.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::{Buf as _, Bytes};
use rusqlite::types::Type;
use rusqlite::{Error, Result};

use super::log::Entry;

/// Most messages in a chunk, and the bytes at which one is full. What is read and deleted together
/// should be little.
pub(super) const CHUNK_MESSAGES: u64 = 256;
const CHUNK_BYTES: usize = 256 << 10;

/// Some messages in a row.
pub(super) struct Chunk {
    /// The number of the first.
    pub(super) first: u64,
    pub(super) count: u32,
    /// Of each: the lengths of its subject, id and body, 4 bytes each, then these.
    pub(super) data: Vec<u8>,
}

/// Cuts `entries`, which have no gap, into chunks: from the same entry on, always at the same
/// places.
pub(super) fn cut(entries: &[Arc<Entry>]) -> impl Iterator<Item = Chunk> {
    let mut rest = entries;
    std::iter::from_fn(move || {
        let first = rest.first()?.number;
        let mut chunk = Chunk { first, count: 0, data: Vec::new() };
        while let [entry, after @ ..] = rest {
            if u64::from(chunk.count) == CHUNK_MESSAGES || chunk.data.len() >= CHUNK_BYTES {
                break;
            }
            let parts = [entry.subject.as_bytes(), entry.id.as_bytes(), &entry.body];
            for part in parts {
                // Longer than anything that SQLite could hold.
                let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
                chunk.data.extend_from_slice(&length.to_le_bytes());
            }
            parts.iter().for_each(|part| chunk.data.extend_from_slice(part));
            chunk.count += 1;
            rest = after;
        }
        Some(chunk)
    })
}

/// The messages of a chunk; an error, and no more, where it is damaged.
pub(super) fn open(first: u64, mut data: Bytes) -> impl Iterator<Item = Result<Entry>> {
    let mut number = first;
    std::iter::from_fn(move || {
        if data.is_empty() {
            return None;
        }
        let entry = take_entry(number, &mut data);
        number += 1;
        if entry.is_none() {
            data.clear();
        }
        Some(entry.ok_or_else(|| {
            Error::FromSqlConversionFailure(1, Type::Blob, "a chunk of messages is damaged".into())
        }))
    })
}

fn take_entry(number: u64, data: &mut Bytes) -> Option<Entry> {
    let mut lengths = [0; 3];
    for length in &mut lengths {
        *length = usize::try_from(data.try_get_u32_le().ok()?).ok()?;
    }
    let mut take = |length| (length <= data.len()).then(|| data.split_to(length));
    let [subject, id, body] = lengths;
    let (subject, id, body) = (take(subject)?, take(id)?, take(body)?);
    let subject = Cow::Owned(String::from_utf8(subject.into()).ok()?);
    Some(Entry { number, subject, id: String::from_utf8(id.into()).ok()?, body })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(number: u64, length: usize) -> Arc<Entry> {
        let body = Bytes::from(vec![number.to_le_bytes()[0]; length]);
        Arc::new(Entry { number, subject: "tickets".into(), id: format!("id {number}"), body })
    }

    #[test]
    fn chunks_hold_what_was_cut_into_them() {
        let entries: Vec<_> =
            (7..1_000).map(|n| entry(n, usize::from(n % 5 == 0) * 3_000)).collect();
        let mut expected = 7;
        for chunk in cut(&entries) {
            assert_eq!(chunk.first, expected);
            for opened in open(chunk.first, chunk.data.into()) {
                let (opened, entry) = (opened.unwrap(), entry(expected, 0));
                assert_eq!((opened.number, &opened.id), (entry.number, &entry.id));
                assert_eq!(opened.body.len(), usize::from(expected % 5 == 0) * 3_000);
                expected += 1;
            }
        }
        assert_eq!(expected, 1_000);
    }

    #[test]
    fn more_messages_are_cut_where_fewer_were() {
        let entries: Vec<_> = (1..600).map(|number| entry(number, 2_000)).collect();
        for fewer in [1, 100, 300, 500] {
            let ends = |chunk: Chunk| (chunk.first, chunk.count);
            let (some, all): (Vec<_>, Vec<_>) =
                (cut(&entries[..fewer]).map(ends).collect(), cut(&entries).map(ends).collect());
            let (last, whole) = some.split_last().unwrap();
            assert!(all.starts_with(whole));
            assert_eq!(all[whole.len()].0, last.0);
            assert!(all[whole.len()].1 >= last.1);
        }
    }

    #[test]
    fn a_damaged_chunk_ends_in_an_error() {
        let chunk = cut(&[entry(1, 100), entry(2, 100)]).next().unwrap();
        for length in (1..chunk.data.len()).filter(|length| *length != chunk.data.len() / 2) {
            let opened: Vec<_> = open(1, Bytes::copy_from_slice(&chunk.data[..length])).collect();
            assert!(opened.last().unwrap().is_err(), "{length}");
        }
    }
}
