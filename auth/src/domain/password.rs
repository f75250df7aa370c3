//! Passwords as they come in and as they are kept. Neither is ever written to a log.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// A password that somebody typed: any Unicode, exactly as it came. Its memory is wiped when it is
/// dropped.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// Least characters of a password that somebody chooses.
    pub const MIN_CHARACTERS: usize = 8;

    /// Most characters of a password: long enough for a sentence, short enough to hash at once.
    pub const MAX_CHARACTERS: usize = 128;

    /// The password that this text is. Of one that somebody chooses, whoever reads it checks the
    /// length; one that somebody claims is wrong if nobody could have chosen it, and that is found
    /// out as for any other.
    pub fn new(text: Zeroizing<String>) -> Self {
        Self(text)
    }

    /// For hashing.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// What is kept of a password: a PHC string, which names the algorithm and its parameters.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// The hash that this PHC string is.
    pub fn from_phc(text: String) -> Self {
        Self(text)
    }

    /// The PHC string.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_forms_are_redacted() {
        let password = Password::new(Zeroizing::new("secret".to_owned()));
        let hash = PasswordHash::from_phc("$argon2id$secret".to_owned());
        assert!(!format!("{password:?} {hash:?}").contains("secret"));
    }
}
