//! What can be asked of accounts and keys.

use common::command::{self, Entity};
use common::execute::{Engine, Failure};
use common::id::UserId;
use common::session::SigningKeys;
use common::session::copies::KEYS_ID;

use crate::domain::{Account, Email, EmailOwner, KeySet};

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

async fn read<E: Entity>(engine: &Engine, id: &str) -> Result<Option<E>, Failure> {
    let document = engine.store().get(E::COLLECTION, id).await?;
    Ok(document.as_ref().map(command::read).transpose()?)
}
