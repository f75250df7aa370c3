//! A document as MongoDB keeps it, and back.

use bytes::Bytes;
use mongodb::bson::raw::{CStr, RawBinaryRef, cstr};
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Bson, RawArrayBuf, RawBsonRef, RawDocument, RawDocumentBuf};

use crate::store::{Collection, Document, Found, Position, Unavailable, Value};

const ID: &CStr = cstr!("_id");

/// A document's version.
pub(super) const VERSION: &CStr = cstr!("v");

const BODY: &CStr = cstr!("body");

/// Where index fields are.
pub(super) const FIELDS: &CStr = cstr!("f");

/// The document with this id, if it has this version.
pub(super) fn wanted(id: &str, version: u64) -> RawDocumentBuf {
    let mut wanted = RawDocumentBuf::new();
    wanted.append(ID, id);
    wanted.append(VERSION, version.cast_signed());
    wanted
}

/// What is to be written.
pub(super) fn write(
    collection: &Collection,
    id: &str,
    version: u64,
    body: &Bytes,
    fields: &[Value],
) -> Result<RawDocumentBuf, Unavailable> {
    let failed = |cause| Unavailable(format!("{id} cannot be written: {cause}"));
    let mut document = RawDocumentBuf::new();
    document.append(ID, id);
    document.append(VERSION, version.cast_signed());
    // As text, so that whoever looks at it with MongoDB's own tools can read it. What is no text is
    // no JSON either, but that is not the store's to say.
    match std::str::from_utf8(body) {
        Ok(text) => document.append(BODY, text),
        Err(_) => {
            let bytes = RawBinaryRef { subtype: BinarySubtype::Generic, bytes: body };
            document.append(BODY, bytes);
        }
    }
    let mut values = RawDocumentBuf::new();
    for (field, value) in collection.fields.iter().zip(fields) {
        let name = <&CStr>::try_from(field.name).map_err(failed)?;
        match value {
            Value::Absent => {}
            Value::Integer(number) => values.append(name, *number),
            Value::Text(text) => values.append(name, text.as_str()),
            Value::Terms(words) => {
                values.append(name, words.iter().map(String::as_str).collect::<RawArrayBuf>());
            }
        }
    }
    if !values.is_empty() {
        document.append(FIELDS, values);
    }
    Ok(document)
}

/// A field's value; `None` where there is none.
pub(super) fn bson(value: &Value) -> Option<Bson> {
    match value {
        Value::Absent => None,
        Value::Integer(number) => Some(Bson::Int64(*number)),
        Value::Text(text) => Some(Bson::String(text.clone())),
        Value::Terms(words) => Some(words.clone().into()),
    }
}

/// What was written.
pub(super) fn read(raw: &RawDocument) -> Result<Document, Unavailable> {
    let version = raw.get_i64(VERSION).map_err(malformed)?.cast_unsigned();
    let body = match raw.get(BODY).map_err(malformed)? {
        Some(RawBsonRef::String(text)) => Bytes::copy_from_slice(text.as_bytes()),
        Some(RawBsonRef::Binary(binary)) => Bytes::copy_from_slice(binary.bytes),
        _ => return Err(malformed("it has no body")),
    };
    Ok(Document { id: raw.get_str("_id").map_err(malformed)?.to_owned(), version, body })
}

/// What was found in the order of `field`.
pub(super) fn found(raw: &RawDocument, field: Option<&str>) -> Result<Found, Unavailable> {
    let document = read(raw)?;
    let value = match field {
        None => Value::Absent,
        Some(field) => {
            let fields = raw.get_document(FIELDS).map_err(malformed)?;
            match fields.get(field).map_err(malformed)? {
                Some(RawBsonRef::Int64(number)) => Value::Integer(number),
                Some(RawBsonRef::String(text)) => Value::Text(text.to_owned()),
                _ => return Err(Unavailable(format!("{} has an odd {field}", document.id))),
            }
        }
    };
    let position = Position { value, id: document.id.clone() };
    Ok(Found { document, position })
}

pub(super) fn malformed(error: impl std::fmt::Display) -> Unavailable {
    Unavailable(format!("a document is not of this program: {error}"))
}
