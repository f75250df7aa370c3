//! What can be asked of accounts, keys and letters.

use std::collections::BTreeMap;

use common::command::{self, Entity};
use common::execute::{Engine, Failure};
use common::id::UserId;
use common::scan::all;
use common::session::SigningKeys;
use common::session::copies::KEYS_ID;
use common::store::{Filter, Order as Sort, Query, Store, Unavailable, Value};
use common::time::Timestamp;

use crate::documents::{GUESSES, LETTERS};
use crate::domain::{
    Account, AccountState, Email, EmailOwner, Guesses, KeySet, LONGEST_PAUSE, Letter,
};

/// Whose an e-mail address is.
///
/// # Errors
/// When the store cannot serve.
pub async fn owner(engine: &Engine, email: &Email) -> Result<Option<UserId>, Failure> {
    let owner: Option<EmailOwner> = read(engine, email.as_str()).await?;
    Ok(owner.map(|owner| owner.user_id))
}

/// The account that this address belongs to.
///
/// # Errors
/// When the store cannot serve.
pub async fn account_of(engine: &Engine, email: &Email) -> Result<Option<Account>, Failure> {
    match owner(engine, email).await? {
        Some(user) => account(engine, user).await,
        None => Ok(None),
    }
}

/// The account with this id.
///
/// # Errors
/// When the store cannot serve.
pub async fn account(engine: &Engine, user: UserId) -> Result<Option<Account>, Failure> {
    read(engine, &user.to_string()).await
}

/// The e-mail addresses of everybody who has an account.
///
/// # Errors
/// When the store cannot serve, or holds what cannot be read.
pub async fn contacts(store: &dyn Store) -> Result<BTreeMap<UserId, String>, Unavailable> {
    let accounts = all::<Account>(store).await?;
    let reached = accounts.into_iter().filter_map(|account| match account.state {
        AccountState::Active(holder) => Some((account.id, holder.email.to_string())),
        _ => None,
    });
    Ok(reached.collect())
}

/// The signing keys, secrets included, once there are any.
///
/// # Errors
/// When the store cannot serve.
pub async fn keys(engine: &Engine) -> Result<Option<KeySet>, Failure> {
    read(engine, KEYS_ID).await
}

/// The public keys, once there are any.
///
/// # Errors
/// When the store cannot serve.
pub async fn public_keys(engine: &Engine) -> Result<Option<SigningKeys>, Failure> {
    read(engine, KEYS_ID).await
}

/// Letters to be tried by `now`, those due longest first. One due implausibly far ahead counts too:
/// the clock has been set back since (I24).
///
/// # Errors
/// When the store cannot serve.
pub async fn due_letters(
    engine: &Engine,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<Letter>, Failure> {
    let late = Filter::AtMost("due", Value::Integer(now.as_millis()));
    let mut found = letters(engine, "due", late, limit).await?;
    if found.len() < limit {
        let astray = now.plus(2 * LONGEST_PAUSE).as_millis();
        let astray = Filter::AtLeast("due", Value::Integer(astray));
        found.extend(letters(engine, "due", astray, limit - found.len()).await?);
    }
    Ok(found)
}

/// Letters that are to be sent, now or later, those to be tried first first.
///
/// # Errors
/// When the store cannot serve.
pub async fn waiting_letters(engine: &Engine, limit: usize) -> Result<Vec<Letter>, Failure> {
    letters(engine, "due", Filter::AtLeast("due", Value::Integer(i64::MIN)), limit).await
}

/// Letters that ended by `before`.
///
/// # Errors
/// When the store cannot serve.
pub async fn ended_letters(
    engine: &Engine,
    before: Timestamp,
    limit: usize,
) -> Result<Vec<Letter>, Failure> {
    let ended = Filter::AtMost("ended", Value::Integer(before.as_millis()));
    letters(engine, "ended", ended, limit).await
}

async fn letters(
    engine: &Engine,
    by: &'static str,
    filter: Filter,
    limit: usize,
) -> Result<Vec<Letter>, Failure> {
    let query = Query {
        collection: &LETTERS,
        filters: vec![filter],
        order: Sort { field: Some(by), descending: false },
        after: None,
        limit,
    };
    let found = engine.store().find(query).await?;
    found.iter().map(|found| Ok(command::read(&found.document)?)).collect()
}

async fn read<E: Entity>(engine: &Engine, id: &str) -> Result<Option<E>, Failure> {
    let document = engine.store().get(E::COLLECTION, id).await?;
    Ok(document.as_ref().map(command::read).transpose()?)
}

/// Wrong passwords that were given for an address.
///
/// # Errors
/// When the store cannot serve.
pub async fn guesses(engine: &Engine, of: &str) -> Result<Option<Guesses>, Failure> {
    read(engine, of).await
}

/// Those that are past, the oldest first.
///
/// # Errors
/// When the store cannot serve.
pub async fn past_guesses(
    engine: &Engine,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<Guesses>, Failure> {
    let query = Query {
        collection: &GUESSES,
        filters: vec![Filter::AtMost("paced", Value::Integer(now.as_millis()))],
        order: Sort { field: Some("paced"), descending: false },
        after: None,
        limit,
    };
    let found = engine.store().find(query).await?;
    found.iter().map(|found| Ok(command::read(&found.document)?)).collect()
}
