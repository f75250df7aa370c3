//! One making of a page at a time: the first who needs it makes it, and the others wait for that.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::page::Page;
use crate::client::upstream::Trouble;

/// What came of it.
#[derive(Debug, Clone)]
pub enum Landed {
    /// A page for everybody.
    Page(Arc<Page>),
    /// An answer for whoever asked first; each of the others has to ask for themselves.
    Private,
    /// Nothing.
    Failed(Trouble),
}

type Sender = watch::Sender<Option<Landed>>;

/// What is being made.
#[derive(Default)]
pub struct Flights {
    under_way: Arc<Mutex<HashMap<String, Sender>>>,
}

/// What whoever needs a page has to do.
pub enum Join {
    /// Make it.
    Lead(Lead),
    /// Wait for it.
    Follow(Follow),
}

/// Makes a page. Dropped without having landed, it leaves the making to another.
pub struct Lead {
    key: String,
    under_way: Arc<Mutex<HashMap<String, Sender>>>,
}

/// Waits for a page.
pub struct Follow(watch::Receiver<Option<Landed>>);

impl Flights {
    /// Joins the making of the page `key`.
    pub fn join(&self, key: &str) -> Join {
        let mut under_way = lock(&self.under_way);
        if let Some(sender) = under_way.get(key) {
            return Join::Follow(Follow(sender.subscribe()));
        }
        under_way.insert(key.to_owned(), Sender::new(None));
        Join::Lead(Lead { key: key.to_owned(), under_way: Arc::clone(&self.under_way) })
    }
}

impl Lead {
    /// Tells those who wait.
    pub fn land(self, landed: Landed) {
        if let Some(sender) = lock(&self.under_way).get(&self.key) {
            sender.send_replace(Some(landed));
        }
    }
}

impl Drop for Lead {
    fn drop(&mut self) {
        lock(&self.under_way).remove(&self.key);
    }
}

impl Follow {
    /// What came of it; `None` where whoever made it went away.
    pub async fn landed(mut self) -> Option<Landed> {
        let landed = self.0.wait_for(Option::is_some).await.ok()?;
        landed.clone()
    }
}

fn lock(map: &Mutex<HashMap<String, Sender>>) -> MutexGuard<'_, HashMap<String, Sender>> {
    map.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_leads_and_all_others_learn_what_came_of_it() {
        let flights = Flights::default();
        let Join::Lead(lead) = flights.join("a") else { panic!("nobody leads") };
        let Join::Follow(one) = flights.join("a") else { panic!("two lead") };
        let Join::Follow(two) = flights.join("a") else { panic!("two lead") };
        assert!(matches!(flights.join("b"), Join::Lead(_)), "another page is another flight");
        lead.land(Landed::Private);
        assert!(matches!(one.landed().await, Some(Landed::Private)));
        assert!(matches!(two.landed().await, Some(Landed::Private)));
        assert!(matches!(flights.join("a"), Join::Lead(_)), "it is over");
    }

    #[tokio::test]
    async fn who_goes_away_leaves_it_to_another() {
        let flights = Flights::default();
        let Join::Lead(lead) = flights.join("a") else { panic!("nobody leads") };
        let Join::Follow(follow) = flights.join("a") else { panic!("two lead") };
        drop(lead);
        assert!(follow.landed().await.is_none());
        assert!(matches!(flights.join("a"), Join::Lead(_)));
    }
}
