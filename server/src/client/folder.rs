//! Where the client is.

use std::path::{Path, PathBuf};

/// Where it is beside this crate, which is where it is while one develops.
const BESIDE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../client");

/// Where it is beside whoever starts the program.
const HERE: &str = "client";

/// What runs, below a folder.
pub const SERVER: &str = ".next/standalone/server.js";

/// What says which packages it is built with; a folder without it cannot be built.
pub const LOCK_FILE: &str = "package-lock.json";

/// A folder with a client in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// Where, from the root.
    pub path: PathBuf,
    /// Whether it can be built. If not, it is built: an image holds nothing else.
    pub has_sources: bool,
}

/// The folder that `--client` means; `None` where there is to be no client.
///
/// # Errors
/// With a sentence that says what to do.
pub fn find(choice: &str) -> Result<Option<Folder>, String> {
    match choice {
        "off" => Ok(None),
        "auto" => Ok([HERE, BESIDE].into_iter().find_map(|path| read(Path::new(path)))),
        named => read(Path::new(named)).map(Some).ok_or_else(|| {
            format!(
                "--client: the folder {named} has neither a {LOCK_FILE} to build the web client \
                 by, nor a built one in {SERVER}"
            )
        }),
    }
}

fn read(path: &Path) -> Option<Folder> {
    let path = path.canonicalize().ok()?;
    let has_sources = path.join(LOCK_FILE).is_file();
    (has_sources || path.join(SERVER).is_file()).then_some(Folder { path, has_sources })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_a_client_if_it_can_be_built_or_is() {
        let folder = tempfile::tempdir().unwrap();
        let named = folder.path().to_str().unwrap();
        assert!(find(named).unwrap_err().contains(named));
        std::fs::create_dir_all(folder.path().join(".next/standalone")).unwrap();
        std::fs::write(folder.path().join(SERVER), "").unwrap();
        assert!(!find(named).unwrap().unwrap().has_sources);
        std::fs::write(folder.path().join(LOCK_FILE), "{}").unwrap();
        assert!(find(named).unwrap().unwrap().has_sources);
        assert_eq!(find("off"), Ok(None));
    }
}
