//! What goes over the wire.

use common::id::UserId;
use common::session::{Session, SigningKeys};
use common::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::{Account, Holder};

/// Who somebody says they are.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Credentials {
    /// An e-mail address; upper and lower case are the same.
    #[schema(format = "email", max_length = 254)]
    pub email: String,
    /// 8 to 128 characters of any kind.
    #[schema(format = "password", min_length = 8, max_length = 128)]
    pub password: String,
}

/// A change of one's password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewPassword {
    /// The one that is good now.
    #[schema(format = "password", min_length = 1, max_length = 128)]
    pub current_password: String,
    /// 8 to 128 characters of any kind.
    #[schema(format = "password", min_length = 8, max_length = 128)]
    pub new_password: String,
}

/// What only the account's holder can say.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ProvenByPassword {
    /// One's password.
    #[schema(format = "password", min_length = 1, max_length = 128)]
    pub password: String,
}

/// An answer that says it all by its status.
#[derive(Debug, Serialize, ToSchema)]
pub struct Nothing {}

/// An account, as its holder sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct User {
    /// Which one.
    #[schema(value_type = String)]
    pub id: UserId,
    /// How they sign in.
    pub email: String,
}

impl User {
    pub(crate) fn of(id: UserId, holder: &Holder) -> Self {
        Self { id, email: holder.email.to_string() }
    }
}

/// Who is signed in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CurrentUser {
    /// Null where nobody is.
    #[schema(required)]
    pub current_user: Option<SignedIn>,
}

/// Somebody who is signed in.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignedIn {
    /// Whose account.
    #[schema(value_type = String)]
    pub id: UserId,
    /// How they signed in.
    pub email: String,
    /// When the session began, in seconds since 1970.
    pub iat: i64,
}

impl CurrentUser {
    pub(crate) fn of(session: Option<&Session>) -> Self {
        let current_user = session.map(|session| SignedIn {
            id: session.user_id,
            email: session.email.clone(),
            iat: session.issued_at_seconds(),
        });
        Self { current_user }
    }
}

/// What is known of a person.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Export {
    /// The account.
    pub account: ExportedAccount,
    /// The session in which this was asked for.
    pub session: ExportedSession,
    /// Sessions that were signed out of lately.
    pub ended_sessions: Vec<EndedSession>,
    /// How often all sessions have been ended at once.
    pub generation: u64,
    /// Where the other services show what they know, to whoever holds the session.
    pub elsewhere: Elsewhere,
}

/// An account in an [`Export`].
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExportedAccount {
    /// Which one.
    #[schema(value_type = String)]
    pub id: UserId,
    /// How they sign in.
    pub email: String,
    /// When they signed up.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When they chose the password.
    #[schema(value_type = String, format = DateTime)]
    pub password_set_at: Timestamp,
}

/// The session in which an [`Export`] was asked for.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExportedSession {
    /// Which one.
    pub id: String,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    pub began_at: Timestamp,
    /// When it ends by itself.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
}

/// A session that was signed out of.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EndedSession {
    /// Which one.
    pub id: String,
    /// When it would have ended by itself.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
}

/// Where the rest of a person's data is shown.
#[derive(Debug, Serialize, ToSchema)]
pub struct Elsewhere {
    /// What they sell and have sold.
    pub tickets: String,
    /// What they have ordered.
    pub orders: String,
    /// What they have paid, and tried to.
    pub payments: String,
}

impl Export {
    pub(crate) fn of(account: &Account, holder: &Holder, session: &Session) -> Self {
        let ended = account.sessions.ended.iter();
        Self {
            account: ExportedAccount {
                id: account.id,
                email: holder.email.to_string(),
                created_at: holder.created_at,
                password_set_at: holder.password_set_at,
            },
            session: ExportedSession {
                id: session.session_id.to_string(),
                began_at: session.issued_at,
                expires_at: session.expires_at,
            },
            ended_sessions: ended
                .map(|ended| EndedSession { id: ended.id.to_string(), expires_at: ended.until })
                .collect(),
            generation: account.sessions.generation,
            elsewhere: Elsewhere {
                tickets: format!("/api/tickets?seller={}", account.id),
                orders: "/api/orders".to_owned(),
                payments: "/api/payments".to_owned(),
            },
        }
    }
}

/// A JSON Web Key Set (RFC 7517).
#[derive(Debug, Serialize, ToSchema)]
pub struct KeySetDocument {
    /// Newest first.
    pub keys: Vec<PublicKeyDocument>,
}

/// An Ed25519 public key as a JSON Web Key (RFC 8037).
#[derive(Debug, Serialize, ToSchema)]
pub struct PublicKeyDocument {
    /// Always `OKP`.
    pub kty: &'static str,
    /// Always `Ed25519`.
    pub crv: &'static str,
    /// Always `EdDSA`.
    pub alg: &'static str,
    /// Always `sig`.
    #[serde(rename = "use")]
    pub usage: &'static str,
    /// As in the header of the tokens that it verifies.
    pub kid: String,
    /// The key, in base64url without padding.
    pub x: String,
}

impl KeySetDocument {
    pub(crate) fn of(keys: Option<SigningKeys>) -> Self {
        let keys = keys.map(|SigningKeys(told)| told.keys).unwrap_or_default();
        let of = |key: common::events::PublicKey| PublicKeyDocument {
            kty: "OKP",
            crv: "Ed25519",
            alg: "EdDSA",
            usage: "sig",
            kid: key.key_id,
            x: key.x,
        };
        Self { keys: keys.into_iter().map(of).collect() }
    }
}
