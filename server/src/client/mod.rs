//! The web client: a Next.js application in `client/`, built, run and stood in front of by this
//! program, so that one command serves everything on one address.
//!
//! | module | what it is |
//! | --- | --- |
//! | [`folder`], [`node`] | where the client is, and what runs it |
//! | [`stamp`], [`mod@build`], [`progress`] | building it, once for each state of its sources, visibly |
//! | [`child`], [`supervise`] | programs that end with us; the one that makes the pages |
//! | [`front`] | what answers for every path but the API's |
//! | [`files`], [`encoding`] | scripts, styles and images, from memory, small |
//! | [`site`], [`headers`], [`upstream`] | what is passed on, as what, within which limits |
//! | [`kept`] | pages that look the same to everybody are made once |
//! | [`notice`] | what is shown while there is no client |
//!
//! The API never waits for any of this: it is up before the client is looked for, and whatever
//! becomes of the client, it goes on.

mod build;
mod child;
mod encoding;
mod files;
pub mod folder;
mod front;
mod headers;
mod kept;
mod node;
mod notice;
mod progress;
mod site;
mod stamp;
mod supervise;
mod upstream;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use base64ct::{Base64UrlUnpadded, Encoding as _};
use common::http::Settings;
use common::id::{Entropy as _, SystemEntropy};
use common::run::{self, Running, SystemClock, TokioTasks};
use common::time::Clock;
use tokio::net::TcpListener;
use tokio::sync::watch;

use build::Builder;
use files::Files;
use folder::Folder;
use front::Front;
use kept::Kept;
use node::Node;
use progress::Progress;
use supervise::Supervisor;
use upstream::Upstream;

/// The service whose documents pages show, and their collection.
const SHOWN: (&str, &str) = ("tickets", "tickets");

/// How long the API finishes what the client's server has asked, once that has ended.
const DOOR_GRACE: Duration = Duration::from_secs(1);

/// Bytes of the key that the client's server proves itself with.
const KEY_BYTES: usize = 32;

/// How the client is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// It is looked for, or started.
    Starting,
    /// It is built; this is being done.
    Building(&'static str),
    /// It answers there.
    Up(SocketAddr),
    /// It has ended, and will be started again.
    Down,
    /// It cannot be built.
    Failed,
    /// Nothing here can run it.
    Off,
}

/// What the client is to be.
pub struct Options {
    /// Where it is.
    pub folder: Folder,
    /// The Node.js to run it with.
    pub node: PathBuf,
    /// Where we listen.
    pub address: SocketAddr,
    /// Where people reach the site, if the operator says.
    pub public_url: Option<String>,
    /// Proves to the API that it is the client who asks.
    pub key: Arc<str>,
}

/// The client at work.
pub struct Client {
    front: Arc<Front>,
    /// Where its server reaches the API: a door of its own, on this machine, that is open until
    /// its last page is made. The one for visitors is shut when a drain begins.
    door: TcpListener,
    stop: watch::Sender<bool>,
    tasks: TokioTasks,
}

impl Client {
    /// Begins to run the client; waits for none of it. Its pages follow what `running` commits.
    ///
    /// # Errors
    /// With a sentence, where nothing can be listened on.
    pub async fn start(
        options: Options,
        running: &Running,
        settings: &Settings,
    ) -> Result<Self, String> {
        let no_door = |error| format!("no port for the web client can be had: {error}");
        let door = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(no_door)?;
        let api = format!("http://{}", door.local_addr().map_err(no_door)?);
        let (status, seen) = watch::channel(Status::Starting);
        let (files, read) = watch::channel(Arc::new(Files::default()));
        // What a drain has to wait for is apart from connections that idle in a pool.
        let (tasks, connections) = (TokioTasks::here(), TokioTasks::here());
        let upstream = Upstream::new(seen, connections.clone());
        let clock = &settings.clock;
        let kept = Kept::new(Arc::clone(&upstream), Arc::clone(clock), connections);
        let kept = Arc::new(kept);
        let settings = settings.clone();
        let (pages, clock) = (Arc::clone(&kept), Arc::clone(&settings.clock));
        let work = Work { options, api, status, files, kept: pages, clock };
        let front = Arc::new(Front { files: read, kept: Arc::clone(&kept), upstream, settings });
        observe(running, kept);
        let stop = watch::Sender::new(false);
        let mut stopped = stop.subscribe();
        tasks.start(async move {
            work.run(async move {
                // An error means that whoever could say so is gone, which says the same.
                drop(stopped.wait_for(|stopped| *stopped).await);
            })
            .await;
        });
        Ok(Self { front, door, stop, tasks })
    }

    /// Routes for everything that no other route is for.
    pub fn routes(&self) -> Router {
        front::router(Arc::clone(&self.front))
    }

    /// Lets the client's server ask `app` for as long as `serving` lasts, then ends the client.
    pub async fn beside(self, serving: impl Future<Output = ()>, app: Router) {
        let Self { door, stop, tasks, front: _ } = self;
        let (ended, mut end) = watch::channel(false);
        let serving = async move {
            serving.await;
            stop.send_replace(true);
            tasks.done().await;
            ended.send_replace(true);
        };
        let connections = TokioTasks::here();
        let until = async move {
            drop(end.wait_for(|ended| *ended).await);
        };
        tokio::join!(serving, run::serve(door, app, &connections, DOOR_GRACE, until));
    }
}

/// What makes kept pages stale.
fn observe(running: &Running, kept: Arc<Kept>) {
    let (service, collection) = SHOWN;
    for (name, engine) in &running.engines {
        if *name == service {
            let kept = Arc::clone(&kept);
            engine.watchers().observe(Box::new(move |key| {
                if key.collection.name == collection {
                    kept.ticket_changed(&key.id);
                }
            }));
        }
    }
}

/// From a folder to a client that answers.
struct Work {
    options: Options,
    api: String,
    status: watch::Sender<Status>,
    files: watch::Sender<Arc<Files>>,
    kept: Arc<Kept>,
    clock: Arc<dyn Clock>,
}

impl Work {
    async fn run(self, stop: impl Future<Output = ()> + Send) {
        tokio::pin!(stop);
        let progress = Progress::new(Arc::clone(&self.clock));
        let node = tokio::select! {
            node = Node::find(&self.options.node) => node,
            () = &mut stop => return,
        };
        let node = match node {
            Ok(node) => node,
            Err(sentence) => {
                self.status.send_replace(Status::Off);
                return tracing::warn!(target: "client", "{sentence}");
            }
        };
        let ready = tokio::select! {
            ready = self.prepare(&node, &progress) => ready,
            () = &mut stop => return,
        };
        if let Err(sentence) = ready {
            self.status.send_replace(Status::Failed);
            return tracing::error!(target: "client", "{sentence}");
        }
        let Options { folder, address, public_url, key, .. } = self.options;
        let url = public_url.clone().unwrap_or_else(|| format!("http://{address}"));
        let (api, clock) = (self.api, Arc::clone(&self.clock));
        let supervisor = Supervisor { folder, node, api, key, public_url, clock };
        let (kept, mut told) = (self.kept, false);
        let up = || {
            kept.forget();
            if !std::mem::replace(&mut told, true) {
                progress.say(&format!("The web client is ready at  {url}"));
                tracing::info!(target: "client", url, "the web client is ready");
            }
        };
        supervisor.run(&self.status, stop, up).await;
    }

    /// Builds the client, if need be, and reads its files.
    async fn prepare(&self, node: &Node, progress: &Progress) -> Result<(), String> {
        let tell = |step| {
            self.status.send_replace(Status::Building(step));
        };
        let folder = &self.options.folder;
        let builder = Builder { folder, node, progress, clock: &self.clock, tell: &tell };
        builder.build().await?;
        self.status.send_replace(Status::Starting);
        let files = tokio::task::block_in_place(|| Files::of(&folder.path))?;
        self.files.send_replace(Arc::new(files));
        Ok(())
    }
}

/// Builds the client in the folder that `choice` means, and nothing else.
///
/// # Errors
/// With a sentence that says what to do.
pub async fn build(choice: &str, node: &Path) -> Result<(), String> {
    let folder = folder::find(choice)?.ok_or_else(|| {
        "there is no folder `client` here: name the web client's with --client".to_owned()
    })?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let progress = Progress::new(Arc::clone(&clock));
    let node = Node::find(node).await?;
    let builder =
        Builder { folder: &folder, node: &node, progress: &progress, clock: &clock, tell: &|_| {} };
    let said = match builder.build().await? {
        true => "is built",
        false => "is built already, of these sources",
    };
    progress.say(&format!("The web client in {} {said}.", folder.path.display()));
    Ok(())
}

/// A key that nobody can guess, for one run.
///
/// # Errors
/// When there is no randomness.
pub fn key() -> Result<Arc<str>, String> {
    let mut bytes = [0; KEY_BYTES];
    SystemEntropy.fill(&mut bytes).map_err(|error| error.to_string())?;
    Ok(Base64UrlUnpadded::encode_string(&bytes).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_another_one_at_every_start() {
        let (one, two) = (key().unwrap(), key().unwrap());
        assert_ne!(one, two);
        assert_eq!(one.len(), 43);
    }
}
