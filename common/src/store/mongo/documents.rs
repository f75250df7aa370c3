//! A document as MongoDB keeps it, and back.

use bytes::Bytes;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, Bson, RawBsonRef, RawDocument, RawDocumentBuf, doc};

use crate::store::{Collection, Document, Found, Position, Unavailable, Value};

/// A document's version.
pub(super) const VERSION: &str = "v";

const BODY: &str = "body";

/// Where index fields are.
pub(super) const FIELDS: &str = "f";

/// What is to be written.
pub(super) fn write(
    collection: &Collection,
    id: &str,
    version: u64,
    body: &Bytes,
    fields: &[Value],
) -> Result<RawDocumentBuf, Unavailable> {
    // As text, so that whoever looks at it with MongoDB's own tools can read it. What is no text is
    // no JSON either, but that is not the store's to say.
    let body = match std::str::from_utf8(body) {
        Ok(text) => Bson::String(text.to_owned()),
        Err(_) => Bson::Binary(Binary { subtype: BinarySubtype::Generic, bytes: body.to_vec() }),
    };
    let mut document = doc! { "_id": id, VERSION: version.cast_signed(), BODY: body };
    let mut values = mongodb::bson::Document::new();
    for (field, value) in collection.fields.iter().zip(fields) {
        if let Some(value) = bson(value) {
            values.insert(field.name, value);
        }
    }
    if !values.is_empty() {
        document.insert(FIELDS, values);
    }
    let failed = |cause| Unavailable(format!("{id} cannot be written: {cause}"));
    RawDocumentBuf::try_from(&document).map_err(failed)
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

fn malformed(error: impl std::fmt::Display) -> Unavailable {
    Unavailable(format!("a document is not of this program: {error}"))
}
