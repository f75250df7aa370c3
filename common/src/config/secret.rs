//! Values that nobody else is to see: given as they are, or in a file that holds them.

use std::fmt;
use std::path::Path;

/// A secret, which neither logs nor `Debug` show.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// This text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret that was given as it is, or that `file` holds; `None` where there is neither.
    /// `flag` is the option of the former, as in `--mongodb`.
    ///
    /// # Errors
    /// With a sentence that names the option of the file.
    pub fn read(
        flag: &str,
        given: Option<&Self>,
        file: Option<&Path>,
    ) -> Result<Option<Self>, String> {
        let Some(file) = file else {
            return Ok(given.cloned());
        };
        let shown = file.display();
        let text = std::fs::read_to_string(file)
            .map_err(|error| format!("{flag}-file: {shown} cannot be read: {error}"))?;
        // Editors and secret stores end a file with a line break, which belongs to no secret.
        match text.trim() {
            "" => Err(format!("{flag}-file: {shown} is empty")),
            secret => Ok(Some(Self::new(secret))),
        }
    }

    /// The secret, for whoever has to prove that they know it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_read_from_its_file_and_shown_to_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        let read = || Secret::read("--key", Some(&Secret::new("given")), Some(&file));
        assert!(read().unwrap_err().starts_with("--key-file: "));
        std::fs::write(&file, " \n").unwrap();
        assert!(read().unwrap_err().contains("is empty"));
        std::fs::write(&file, "from a file\n").unwrap();
        assert_eq!(read(), Ok(Some(Secret::new("from a file"))));
        assert_eq!(
            Secret::read("--key", Some(&Secret::new("given")), None).unwrap().unwrap().reveal(),
            "given"
        );
        assert_eq!(Secret::read("--key", None, None), Ok(None));
        assert!(!format!("{:?}", Secret::new("hush")).contains("hush"));
    }
}
