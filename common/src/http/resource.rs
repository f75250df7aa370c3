//! Things that have a route of their own: shown with the tag of their version, and watched.

use std::fmt::Display;
use std::future::Future;
use std::str::FromStr;
use std::sync::Arc;

use axum::response::Response;
use serde::Serialize;

use super::errors::Problem;
use super::{Read, live, path_id};
use crate::command::{Entity, Key, Refusal};
use crate::execute::{Engine, Failure};
use crate::id::UserId;
use crate::session::Session;

/// A thing as a query finds it.
pub trait Resource: Sized + Send + 'static {
    /// What names it in a path.
    type Id: FromStr + Display + Copy + Send + Sync + 'static;

    /// The document whose changes are its changes.
    type Document: Entity;

    /// What events of its streams are called.
    const EVENT: &'static str;

    /// The one with this id, if it can be seen by anybody.
    fn find(
        engine: &Engine,
        id: Self::Id,
    ) -> impl Future<Output = Result<Option<Self>, Failure>> + Send;

    /// Raised by every change.
    fn version(&self) -> u64;

    /// As the public API writes it.
    fn view(&self) -> impl Serialize;
}

/// A thing that only one person may see.
pub trait Owned: Resource {
    /// Who that is.
    fn owner(&self) -> UserId;
}

/// The thing with this id, if it is the caller's.
///
/// # Errors
/// 404 where there is none; 401 where it is somebody else's.
pub async fn own<T: Owned>(engine: &Engine, session: &Session, id: T::Id) -> Result<T, Problem> {
    let found = T::find(engine, id).await?.ok_or(Refusal::NotFound)?;
    if found.owner() != session.user_id {
        return Err(Refusal::NotYours.into());
    }
    Ok(found)
}

impl Read {
    /// Shows the thing that a path names.
    ///
    /// # Errors
    /// 404 where there is none.
    pub async fn show<T: Resource>(&self, id: &str) -> Result<Response, Problem> {
        let found = T::find(self.kit().engine(), path_id(id)?).await?.ok_or(Refusal::NotFound)?;
        Ok(self.answer(found.version(), &found.view()))
    }

    /// Shows the thing that a path names to its owner.
    ///
    /// # Errors
    /// 401 where nobody is signed in, and as [`own`].
    pub async fn show_own<T: Owned>(&self, id: &str) -> Result<Response, Problem> {
        let session = self.session()?;
        let found: T = own(self.kit().engine(), session, path_id(id)?).await?;
        Ok(self.answer(found.version(), &found.view()))
    }

    /// Streams the states of the thing that a path names, until it is gone.
    ///
    /// # Errors
    /// 404 where there is none; 503 where there are too many streams.
    pub async fn watch<T: Resource>(&self, id: &str) -> Result<Response, Problem> {
        let id = path_id(id)?;
        T::find(self.kit().engine(), id).await?.ok_or(Refusal::NotFound)?;
        self.stream::<T>(id)
    }

    /// Streams the states of the thing that a path names to its owner.
    ///
    /// # Errors
    /// 401 where nobody is signed in, and as [`own`]; 503 where there are too many streams.
    pub async fn watch_own<T: Owned>(&self, id: &str) -> Result<Response, Problem> {
        let session = self.session()?;
        let id = path_id(id)?;
        own::<T>(self.kit().engine(), session, id).await?;
        self.stream::<T>(id)
    }

    fn stream<T: Resource>(&self, id: T::Id) -> Result<Response, Problem> {
        let engine = Arc::clone(self.kit().engine());
        let read = move || {
            let engine = Arc::clone(&engine);
            async move {
                let Some(found) = T::find(&engine, id).await? else { return Ok(None) };
                let json = serde_json::to_string(&found.view())?;
                Ok(Some((found.version(), json)))
            }
        };
        live(self, T::EVENT, Key::of::<T::Document>(id), read)
    }
}
