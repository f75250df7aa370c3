//! What a fleet keeps in MongoDB, byte for byte: as BSON holds text in the clear, so does this.

use futures_util::TryStreamExt as _;
use mongodb::bson::{RawDocumentBuf, doc};
use mongodb::{Client, Collection};

use crate::setup::Setup;

/// Where a document was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// In a collection of the fleet's.
    Now,
    /// In what the replica set remembers of writes to these, what was removed since included.
    Written,
}

/// Shows every document of the databases of the fleet that `setup` starts, and every write to them.
///
/// # Panics
/// If MongoDB does not answer.
pub async fn each_document(setup: &Setup, see: &mut impl FnMut(Kept, &str, &[u8])) {
    let url = std::env::var("TICKETING_MONGODB").expect("where the fleet's MongoDB is");
    let client = Client::with_uri_str(url).await.expect("an address");
    let names = client.list_database_names().await.expect("names of databases");
    let prefix = setup.database_prefix();
    for name in names.iter().filter(|name| name.starts_with(&prefix)) {
        let database = client.database(name);
        for collection in database.list_collection_names().await.expect("names of collections") {
            let place = format!("{name}.{collection}");
            let documents = database.collection::<RawDocumentBuf>(&collection);
            each(&documents, doc! {}, |bytes| see(Kept::Now, &place, bytes)).await;
        }
    }
    let of_fleet = doc! { "$regex": format!("^{prefix}") };
    let written = doc! { "$or": [{ "ns": &of_fleet }, { "o.applyOps.ns": &of_fleet }] };
    let log = client.database("local").collection::<RawDocumentBuf>("oplog.rs");
    each(&log, written, |bytes| see(Kept::Written, "the log of writes", bytes)).await;
}

async fn each(
    documents: &Collection<RawDocumentBuf>,
    which: mongodb::bson::Document,
    mut see: impl FnMut(&[u8]),
) {
    let mut found = documents.find(which).await.expect("documents");
    while let Some(document) = found.try_next().await.expect("documents") {
        see(document.as_bytes());
    }
}
