//! A session as text: a JSON Web Token (RFC 7519), signed with Ed25519 (RFC 8037).
//!
//! Nothing about a token is negotiable. There is one algorithm, the header must say so, and the key
//! is one of those that are held, found by its id; a token never brings or names a key of its own.
//! Whatever is not exactly that is no token, without a reason that a forger could learn from.
//!
//! Rejected: the `jsonwebtoken` crate; see docs/decisions/0002-session-tokens.md.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use ed25519_dalek::{Signature, Signer as _};
use serde::{Deserialize, Serialize};

use super::Session;
use crate::events::PublicKey;
use crate::id::{Id, UserId};
use crate::time::Timestamp;

/// Longest token that is looked at: four times what an address of 254 characters needs.
pub const MAX_TOKEN_BYTES: usize = 4_096;

/// The only algorithm.
const ALGORITHM: &str = "EdDSA";

/// The bytes are no Ed25519 public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an Ed25519 public key")]
pub struct BadKey;

/// Signs sessions. Only auth holds one.
pub struct Signer {
    key_id: String,
    key: ed25519_dalek::SigningKey,
}

/// Verifies what a [`Signer`] has signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyingKey {
    key_id: String,
    key: ed25519_dalek::VerifyingKey,
}

#[derive(Serialize, Deserialize)]
struct Header<'a> {
    alg: &'a str,
    typ: &'a str,
    kid: &'a str,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    sub: UserId,
    email: String,
    /// This session.
    jti: Id,
    /// The account's generation.
    generation: u64,
    /// Seconds since 1970.
    iat: i64,
    /// Seconds since 1970.
    exp: i64,
}

impl Signer {
    /// The signer whose private key is made from these 32 random bytes.
    pub fn new(key_id: impl Into<String>, seed: &[u8; 32]) -> Self {
        Self { key_id: key_id.into(), key: ed25519_dalek::SigningKey::from_bytes(seed) }
    }

    /// The `kid` of its tokens.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// What others need to verify its tokens.
    pub fn public_key(&self) -> PublicKey {
        let x = Base64UrlUnpadded::encode_string(self.key.verifying_key().as_bytes());
        PublicKey { key_id: self.key_id.clone(), x }
    }

    /// The token of `session`.
    ///
    /// # Errors
    /// When the session has no JSON form, which is a defect in its type.
    pub fn sign(&self, session: &Session) -> Result<String, serde_json::Error> {
        let header = Header { alg: ALGORITHM, typ: "JWT", kid: &self.key_id };
        let claims = Claims {
            sub: session.user_id,
            email: session.email.clone(),
            jti: session.session_id,
            generation: session.generation,
            iat: session.issued_at_seconds(),
            exp: session.expires_at.as_millis().div_euclid(1_000),
        };
        let header = Base64UrlUnpadded::encode_string(&serde_json::to_vec(&header)?);
        let claims = Base64UrlUnpadded::encode_string(&serde_json::to_vec(&claims)?);
        let signed = format!("{header}.{claims}");
        let signature = self.key.sign(signed.as_bytes()).to_bytes();
        Ok(format!("{signed}.{}", Base64UrlUnpadded::encode_string(&signature)))
    }
}

impl VerifyingKey {
    /// The key that auth published.
    ///
    /// # Errors
    /// When it is none.
    pub fn read(public: &PublicKey) -> Result<Self, BadKey> {
        let mut bytes = [0_u8; 32];
        let read = Base64UrlUnpadded::decode(&public.x, &mut bytes).map_err(|_| BadKey)?;
        let whole = <&[u8; 32]>::try_from(read).map_err(|_| BadKey)?;
        let key = ed25519_dalek::VerifyingKey::from_bytes(whole).map_err(|_| BadKey)?;
        Ok(Self { key_id: public.key_id.clone(), key })
    }

    /// The `kid` of the tokens that it verifies.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }
}

/// The id of the key that `token` says it is signed with, if it looks like a token at all. Nothing
/// of it is proven.
pub fn key_id_of(token: &str) -> Option<String> {
    if token.len() > MAX_TOKEN_BYTES {
        return None;
    }
    let (header, rest) = token.split_once('.')?;
    if rest.matches('.').count() != 1 {
        return None;
    }
    let header = Base64UrlUnpadded::decode_vec(header).ok()?;
    let header: Header<'_> = serde_json::from_slice(&header).ok()?;
    (header.alg == ALGORITHM && header.typ == "JWT").then(|| header.kid.to_owned())
}

/// The session that `token` is about, if `key` signed it. Whether it is over is for the caller to
/// see.
pub fn verify(token: &str, key: &VerifyingKey) -> Option<Session> {
    if key_id_of(token)? != key.key_id {
        return None;
    }
    let (signed, signature) = token.rsplit_once('.')?;
    let mut bytes = [0_u8; 64];
    let read = Base64UrlUnpadded::decode(signature, &mut bytes).ok()?;
    let signature = Signature::from_slice(read).ok()?;
    // Strict: refuses the malleable and small-order forms that plain Ed25519 verification lets
    // through.
    key.key.verify_strict(signed.as_bytes(), &signature).ok()?;
    let (_, claims) = signed.split_once('.')?;
    let claims: Claims =
        serde_json::from_slice(&Base64UrlUnpadded::decode_vec(claims).ok()?).ok()?;
    Some(Session {
        user_id: claims.sub,
        email: claims.email,
        session_id: claims.jti,
        generation: claims.generation,
        issued_at: seconds(claims.iat),
        expires_at: seconds(claims.exp),
    })
}

fn seconds(count: i64) -> Timestamp {
    Timestamp::from_millis(count.saturating_mul(1_000))
}
