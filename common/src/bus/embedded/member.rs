//! A member of a group.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::{Notify, oneshot};

use super::file::{Page, Span};
use super::log::{Entry, Taken};
use super::shared::Shared;
use crate::bus::{BusDown, Delivery, MAX_MESSAGES, Subscription};

/// Most messages that a member may hold at a time. One that holds so many has lost track of them,
/// and is told so.
const MAX_HELD: usize = 4 * MAX_MESSAGES;

pub(super) struct Member {
    shared: Arc<Shared>,
    me: u64,
    /// The index of its group.
    group: usize,
    news: Arc<Notify>,
    /// How many messages it holds.
    holds: usize,
}

impl Member {
    pub(super) fn join(
        shared: Arc<Shared>,
        me: u64,
        name: &str,
        subjects: &[&'static str],
    ) -> Result<Self, BusDown> {
        let (group, news) = shared.change(|log| {
            log.check()?;
            let index = log.join(name, subjects);
            Ok((index, Arc::clone(&log.group(index).news)))
        })?;
        Ok(Self { shared, me, group, news, holds: 0 })
    }

    fn room(&self) -> Result<usize, BusDown> {
        match MAX_HELD - self.holds {
            0 => Err(BusDown(format!("a member holds {MAX_HELD} messages and asks for more"))),
            room => Ok(room.min(MAX_MESSAGES)),
        }
    }

    async fn read(
        &self,
        page: oneshot::Receiver<Page>,
        span: &Span,
        room: usize,
    ) -> Result<Vec<Arc<Entry>>, BusDown> {
        let page = page.await.map_err(|_| self.shared.reason())?;
        let take = |log: &mut super::Log| log.take_page(self.group, self.me, room, span, &page);
        Ok(self.shared.change(take))
    }
}

#[async_trait]
impl Subscription for Member {
    async fn next(&mut self) -> Result<Vec<Delivery>, BusDown> {
        let (news, room) = (Arc::clone(&self.news), self.room()?);
        loop {
            // Made before it looks, so that it hears of what comes in between.
            let notified = news.notified();
            let taken = self.shared.change(|log| log.take(self.group, self.me, room))?;
            let entries = match taken {
                Taken::Messages(entries) => entries,
                Taken::Behind(page, span) => self.read(page, &span, room).await?,
                Taken::Nothing => {
                    notified.await;
                    continue;
                }
            };
            if !entries.is_empty() {
                // Nothing is awaited once messages are taken, so whoever stops waiting loses none.
                self.holds += entries.len();
                return Ok(entries.iter().map(|entry| delivery(entry)).collect());
            }
        }
    }

    async fn acknowledge(&mut self, tokens: Vec<u64>) -> Result<(), BusDown> {
        let released = self.shared.change(|log| {
            let released = log.group(self.group).acknowledge(self.me, &tokens);
            log.moved();
            released
        });
        self.holds -= released;
        Ok(())
    }

    async fn give_back(&mut self, tokens: Vec<u64>) -> Result<(), BusDown> {
        let give = |log: &mut super::Log| log.group(self.group).give_back(self.me, &tokens);
        self.holds -= self.shared.change(give);
        Ok(())
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.shared.change(|log| log.group(self.group).leave(self.me));
    }
}

fn delivery(entry: &Entry) -> Delivery {
    Delivery {
        token: entry.number,
        subject: entry.subject.clone().into_owned(),
        id: entry.id.clone(),
        body: entry.body.clone(),
    }
}
