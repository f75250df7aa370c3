//! Documents read by their ids: those of a collection that are asked for at the same time, with one
//! call.

use std::collections::HashMap;
use std::sync::Arc;

use mongodb::SessionCursor;
use mongodb::bson::{RawDocumentBuf, doc};
use tokio::sync::oneshot;

use super::documents::{self, malformed};
use super::server::{Server, in_time, unavailable};
use super::together::{Together, work};
use crate::store::{Collection, Document, MAX_PAGE, Unavailable};
use crate::task::Tasks;

/// Most calls under way for one collection. What comes meanwhile waits for as long as one takes,
/// and is then read with one.
const MOST_CALLS: usize = 1;

type Answer = Result<Option<Document>, Unavailable>;

/// A document that somebody waits for.
#[derive(Debug)]
struct Asked {
    id: String,
    answer: oneshot::Sender<Answer>,
}

/// What is asked for, by collection.
pub(super) struct Reads {
    waiting: HashMap<&'static str, Arc<Together<Vec<Asked>>>>,
}

impl Reads {
    pub(super) fn of(collections: &[&'static Collection]) -> Self {
        let queue = |collection: &&'static Collection| {
            (collection.name, Together::new(Vec::new(), MOST_CALLS))
        };
        Self { waiting: collections.iter().map(queue).collect() }
    }

    /// The document with this id.
    pub(super) async fn get(
        &self,
        server: &Arc<Server>,
        tasks: &Tasks,
        collection: &'static Collection,
        id: &str,
    ) -> Answer {
        let Some(queue) = self.waiting.get(collection.name) else {
            return Err(server.does_not_know(collection));
        };
        let (answer, answered) = oneshot::channel();
        let asked = Asked { id: id.to_owned(), answer };
        if let Some(worker) = queue.add(|queue| queue.push(asked)) {
            let server = Arc::clone(server);
            let call = move |asked| answer_all(Arc::clone(&server), collection, asked);
            tasks.spawn(work(Arc::clone(tasks), worker, take, call));
        }
        let gone = |_| Err(Unavailable("the read was given up".to_owned()));
        in_time(async { answered.await.unwrap_or_else(gone) }, Unavailable).await
    }
}

/// Reads what is asked for, and answers whoever asked.
async fn answer_all(server: Arc<Server>, collection: &'static Collection, asked: Vec<Asked>) {
    let mut ids: Vec<&str> = asked.iter().map(|asked| asked.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    let found = in_time(read(&server, collection, &ids), Unavailable).await;
    for Asked { id, answer } in asked {
        let document = match &found {
            Ok(found) => found.get(&id).cloned().transpose(),
            Err(down) => Err(down.clone()),
        };
        // Whoever asked may be gone.
        drop(answer.send(document));
    }
}

/// What is to be read next, without what nobody waits for any more.
fn take(queue: &mut Vec<Asked>) -> Option<Vec<Asked>> {
    queue.retain(|asked| !asked.answer.is_closed());
    let many = queue.len().min(MAX_PAGE);
    Some(queue.drain(..many).collect()).filter(|taken: &Vec<Asked>| !taken.is_empty())
}

/// What there is of `ids`, by id. One that cannot be read is no harm to the others.
pub(super) async fn read(
    server: &Server,
    collection: &Collection,
    ids: &[&str],
) -> Result<HashMap<String, Result<Document, Unavailable>>, Unavailable> {
    let documents = server.collection(collection)?;
    let mut session = server.session().await.map_err(unavailable)?;
    let mut found = HashMap::with_capacity(ids.len());
    if let [id] = ids {
        let one = documents.find_one(doc! { "_id": *id }).session(&mut session).await;
        if let Some(raw) = one.map_err(unavailable)? {
            found.insert((*id).to_owned(), documents::read(&raw));
        }
        return Ok(found);
    }
    // One more than there can be, so that the servers keep no cursor for what is left.
    let most = u32::try_from(ids.len() + 1).unwrap_or(u32::MAX);
    let find = documents.find(doc! { "_id": { "$in": ids } }).batch_size(most);
    let mut cursor: SessionCursor<RawDocumentBuf> =
        find.session(&mut session).await.map_err(unavailable)?;
    while let Some(raw) = cursor.next(&mut session).await {
        let raw = raw.map_err(unavailable)?;
        let id = raw.get_str("_id").map_err(malformed)?.to_owned();
        found.insert(id, documents::read(&raw));
    }
    Ok(found)
}
