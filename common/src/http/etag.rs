//! Entity tags: which state of a thing this is.
//!
//! The tag of one thing is its version, `"v3"`; the tag of a list is a digest of what is sent. Both
//! are strong: the same tag means the same bytes.

use std::fmt;

use base64ct::{Base64UrlUnpadded, Encoding as _};
use http::HeaderMap;
use http::header::{IF_MATCH, IF_NONE_MATCH};
use sha2::{Digest as _, Sha256};

use crate::command::Refusal;

/// The version that nothing has: what a tag that was never given out stands for.
const NO_VERSION: u64 = u64::MAX;

/// Bytes of a digest that make up a tag: two lists that share them by chance will not be met.
const DIGEST_BYTES: usize = 16;

/// An entity tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag(Kind);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Version(u64),
    Digest(String),
}

impl Tag {
    /// The tag of a thing of this version.
    pub fn of_version(version: u64) -> Self {
        Self(Kind::Version(version))
    }

    /// The tag of these bytes.
    pub fn of_content(bytes: &[u8]) -> Self {
        let digest = Sha256::digest(bytes);
        Self(Kind::Digest(Base64UrlUnpadded::encode_string(&digest[..DIGEST_BYTES])))
    }

    /// Whether a request says that it has this state already.
    pub fn is_known_to(&self, headers: &HeaderMap) -> bool {
        let mine = self.to_string();
        headers.get_all(IF_NONE_MATCH).iter().any(|line| {
            let Ok(line) = line.to_str() else { return false };
            // Weakly compared (RFC 9110, 13.1.2): a cache may have weakened the tag on its way.
            line.trim() == "*"
                || tags(line).any(|tag| tag.strip_prefix("W/").unwrap_or(tag) == mine)
        })
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Version(version) => write!(f, "\"v{version}\""),
            Kind::Digest(digest) => write!(f, "\"{digest}\""),
        }
    }
}

impl From<u64> for Tag {
    fn from(version: u64) -> Self {
        Self::of_version(version)
    }
}

/// The version that a write says it has seen; `None` where it does not say or does not mind. Of
/// several the newest counts. A tag that was never given out stands for a version that nothing has,
/// so that it is found stale in its turn, after whatever else is wrong.
///
/// # Errors
/// When the header is no list of tags.
pub fn if_match(headers: &HeaderMap) -> Result<Option<u64>, Refusal> {
    let malformed = || {
        Refusal::Invalid(vec![crate::command::Fault {
            message: "If-Match must be an entity tag such as \"v3\", or *".to_owned(),
            field: None,
        }])
    };
    let mut seen = None;
    for line in headers.get_all(IF_MATCH) {
        let line = line.to_str().map_err(|_| malformed())?;
        if line.trim() == "*" {
            return Ok(None);
        }
        for tag in tags(line) {
            let opaque = tag.strip_prefix("W/").unwrap_or(tag);
            if opaque.len() < 2 || !opaque.starts_with('"') || !opaque.ends_with('"') {
                return Err(malformed());
            }
            let version = tag.strip_prefix("\"v").and_then(|rest| rest.strip_suffix('"'));
            let version = version.and_then(|digits| digits.parse().ok());
            seen = match (seen, version) {
                (None | Some(NO_VERSION), version) => Some(version.unwrap_or(NO_VERSION)),
                (Some(a), Some(b)) => Some(b.max(a)),
                (Some(a), None) => Some(a),
            };
        }
    }
    Ok(seen)
}

/// The entries of a list of tags. No tag of ours has a comma in it.
fn tags(line: &str) -> impl Iterator<Item = &str> {
    line.split(',').map(str::trim).filter(|tag| !tag.is_empty())
}
