//! Documents read by their ids: those that are asked for at the same time, with one call, whichever
//! collections they are in.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use mongodb::SessionCursor;
use mongodb::bson::{Document as Bsons, RawDocumentBuf, doc};
use tokio::sync::oneshot;
use tokio::time::sleep;

use super::documents::{self, malformed};
use super::server::{Server, in_time, unavailable};
use super::together::{Together, Waiting, work};
use crate::store::{Collection, Document, MAX_PAGE, Unavailable};
use crate::task::Tasks;

/// Most calls under way. What comes meanwhile waits for as long as one takes, and is then read with
/// one.
const MOST_CALLS: usize = 1;

/// Says of which collection a document is, where it is read together with those of others.
const OF: &str = "of";

type Answer = Result<Option<Document>, Unavailable>;

/// A document that somebody waits for.
#[derive(Debug)]
struct Asked {
    collection: &'static Collection,
    id: String,
    answer: oneshot::Sender<Answer>,
}

/// What is asked for at the moment.
pub(super) struct Reads {
    queue: Arc<Together<Queue>>,
}

/// What waits to be read.
#[derive(Debug, Default)]
struct Queue(Vec<Asked>);

impl Reads {
    pub(super) fn new() -> Self {
        Self { queue: Together::new(Queue::default(), MOST_CALLS) }
    }

    /// The document with this id.
    pub(super) async fn get(
        &self,
        server: &Arc<Server>,
        tasks: &Tasks,
        collection: &'static Collection,
        id: &str,
    ) -> Answer {
        let (answer, answered) = oneshot::channel();
        let asked = Asked { collection, id: id.to_owned(), answer };
        if let Some(worker) = self.queue.add(|queue| queue.0.push(asked)) {
            let server = Arc::clone(server);
            let call = move |asked| answer_all(Arc::clone(&server), asked);
            tasks.spawn(work(Arc::clone(tasks), worker, call, sleep));
        }
        let gone = |_| Err(Unavailable("the read was given up".to_owned()));
        in_time(async { answered.await.unwrap_or_else(gone) }, Unavailable).await
    }
}

impl Waiting for Queue {
    type Taken = Vec<Asked>;

    /// What is to be read next, without what nobody waits for any more.
    fn take(&mut self) -> Option<Vec<Asked>> {
        self.0.retain(|asked| !asked.answer.is_closed());
        let many = self.0.len().min(MAX_PAGE);
        Some(self.0.drain(..many).collect()).filter(|taken: &Vec<Asked>| !taken.is_empty())
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Reads what is asked for, and answers whoever asked.
async fn answer_all(server: Arc<Server>, asked: Vec<Asked>) {
    let mut wanted = Wanted::default();
    for Asked { collection, id, .. } in &asked {
        wanted.add(collection, id);
    }
    let there = in_time(wanted.read(&server), Unavailable).await;
    for Asked { collection, id, answer } in asked {
        let document = match &there {
            Ok(there) => there.get(&(collection.name, id)).cloned().transpose(),
            Err(down) => Err(down.clone()),
        };
        // Whoever asked may be gone.
        drop(answer.send(document));
    }
}

/// What there is of what was wanted, by collection and id. One document that cannot be read is no
/// harm to the others.
pub(super) type There = HashMap<(&'static str, String), Result<Document, Unavailable>>;

/// Documents to be read with one call: each once, by collection.
#[derive(Default)]
pub(super) struct Wanted<'a> {
    ids: BTreeMap<&'static str, BTreeSet<&'a str>>,
}

impl<'a> Wanted<'a> {
    pub(super) fn add(&mut self, collection: &'static Collection, id: &'a str) {
        self.ids.entry(collection.name).or_default().insert(id);
    }

    /// Reads them.
    pub(super) async fn read(self, server: &Server) -> Result<There, Unavailable> {
        let names: Vec<_> = self.ids.keys().copied().collect();
        let Some(first) = names.first() else { return Ok(There::new()) };
        let documents = server.database.collection::<RawDocumentBuf>(first);
        let many: usize = self.ids.values().map(BTreeSet::len).sum();
        // One more than there can be, so that the servers keep no cursor for what is left.
        let batch = u32::try_from(many + 1).unwrap_or(u32::MAX);
        let mut session = server.session().await.map_err(unavailable)?;
        let mut cursor: SessionCursor<RawDocumentBuf> = if names.len() == 1 {
            let filter = self.ids.values().map(among).next().unwrap_or_default();
            let find = documents.find(filter).batch_size(batch);
            find.session(&mut session).await.map_err(unavailable)?
        } else {
            let all = documents.aggregate(self.of_several()).batch_size(batch);
            all.session(&mut session).await.map_err(unavailable)?.with_type()
        };
        let mut there = There::with_capacity(many);
        while let Some(raw) = cursor.next(&mut session).await {
            let raw = raw.map_err(unavailable)?;
            let of = raw.get(OF).map_err(malformed)?.and_then(|of| of.as_i32()).unwrap_or(0);
            let name = usize::try_from(of).ok().and_then(|of| names.get(of));
            let name = name.ok_or_else(|| malformed("it is of no collection"))?;
            let id = raw.get_str("_id").map_err(malformed)?.to_owned();
            there.insert((*name, id), documents::read(&raw));
        }
        Ok(there)
    }

    /// One search in several collections: in the first, and in each other one with it. Each
    /// document says of which it is.
    fn of_several(&self) -> Vec<Bsons> {
        let mut stages = Vec::new();
        for (of, (name, ids)) in (0_i32..).zip(&self.ids) {
            let marked = [doc! { "$match": among(ids) }, doc! { "$set": { OF: of } }];
            if stages.is_empty() {
                stages.extend(marked);
            } else {
                let pipeline = marked.to_vec();
                stages.push(doc! { "$unionWith": { "coll": *name, "pipeline": pipeline } });
            }
        }
        stages
    }
}

/// The filter for documents with these ids.
fn among(ids: &BTreeSet<&str>) -> Bsons {
    match ids.first() {
        // The servers have a quicker way for one.
        Some(id) if ids.len() == 1 => doc! { "_id": *id },
        _ => doc! { "_id": { "$in": ids.iter().copied().collect::<Vec<_>>() } },
    }
}
