//! What a build was made of, so that the same is not built twice.

use std::fs;
use std::path::{Path, PathBuf};

use base64ct::{Base64UrlUnpadded, Encoding as _};
use sha2::{Digest as _, Sha256};

use super::folder::LOCK_FILE;
use super::node::Node;

/// Of a build, in the folder that Next.js builds into.
const BUILD: &str = ".next/ticketing-stamp";

/// Of what is installed.
const PACKAGES: &str = "node_modules/.ticketing-stamp";

/// Counted up when this program builds otherwise than before.
const FORM: &str = "1";

/// Folders beside the sources: what is made of them, and what only looks at them.
const NOT_SOURCES: [&str; 6] = ["node_modules", "test", "tests", "e2e", "coverage", "test-results"];

/// Files that building writes.
const WRITTEN: [&str; 2] = ["next-env.d.ts", "tsconfig.tsbuildinfo"];

/// What a client would be built of now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamps {
    build: String,
    packages: String,
}

impl Stamps {
    /// Reads the sources in `folder`.
    ///
    /// # Errors
    /// With a sentence, where they cannot be read.
    pub fn of(folder: &Path, node: &Node) -> Result<Self, String> {
        let failed = |error| format!("the sources in {} cannot be read: {error}", folder.display());
        let mut sources = Vec::new();
        gather(folder, true, &mut sources).map_err(failed)?;
        sources.sort();
        let mut digest = begin(node);
        for path in &sources {
            let name = path.strip_prefix(folder).unwrap_or(path).to_string_lossy();
            add(&mut digest, name.as_bytes());
            add(&mut digest, &fs::read(path).map_err(failed)?);
        }
        let build = Base64UrlUnpadded::encode_string(&digest.finalize());
        let mut digest = begin(node);
        add(&mut digest, &fs::read(folder.join(LOCK_FILE)).map_err(failed)?);
        let packages = Base64UrlUnpadded::encode_string(&digest.finalize());
        Ok(Self { build, packages })
    }

    /// Whether the build in `folder` is of these.
    pub fn is_built(&self, folder: &Path) -> bool {
        fs::read_to_string(folder.join(BUILD)).is_ok_and(|stamp| stamp == self.build)
    }

    /// Whether the packages in `folder` are of these.
    pub fn is_installed(&self, folder: &Path) -> bool {
        fs::read_to_string(folder.join(PACKAGES)).is_ok_and(|stamp| stamp == self.packages)
    }

    /// Notes that packages are installed.
    ///
    /// # Errors
    /// When that cannot be written.
    pub fn installed(&self, folder: &Path) -> std::io::Result<()> {
        // A client without packages has no such folder.
        fs::create_dir_all(folder.join("node_modules"))?;
        fs::write(folder.join(PACKAGES), &self.packages)
    }

    /// Notes that it is built.
    ///
    /// # Errors
    /// When that cannot be written.
    pub fn built(&self, folder: &Path) -> std::io::Result<()> {
        fs::write(folder.join(BUILD), &self.build)
    }
}

/// From now on there is no build in `folder` until one is noted.
///
/// # Errors
/// When that cannot be written.
pub fn unbuilt(folder: &Path) -> std::io::Result<()> {
    match fs::remove_file(folder.join(BUILD)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn begin(node: &Node) -> Sha256 {
    let mut digest = Sha256::new();
    add(&mut digest, FORM.as_bytes());
    add(&mut digest, &node.major.to_le_bytes());
    digest
}

fn add(digest: &mut Sha256, part: &[u8]) {
    digest.update((part.len() as u64).to_le_bytes());
    digest.update(part);
}

fn gather(folder: &Path, is_root: bool, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let made = name.starts_with(".next") || name.starts_with(".git");
        let left_out = is_root && (NOT_SOURCES.contains(&&*name) || WRITTEN.contains(&&*name));
        if made || left_out {
            continue;
        }
        if path.is_dir() {
            gather(&path, false, found)?;
        } else {
            found.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(major: u32) -> Node {
        Node::for_tests(major)
    }

    #[test]
    fn a_build_is_good_until_what_it_was_made_of_changes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        for made in ["app", ".next", "node_modules", "test"] {
            fs::create_dir(path.join(made)).unwrap();
        }
        fs::write(path.join(LOCK_FILE), "{}").unwrap();
        fs::write(path.join("app/page.tsx"), "one").unwrap();
        let first = Stamps::of(path, &node(20)).unwrap();
        assert!(!first.is_built(path) && !first.is_installed(path));
        first.installed(path).unwrap();
        first.built(path).unwrap();
        fs::write(path.join("node_modules/a.js"), "1").unwrap();
        fs::write(path.join("next-env.d.ts"), "1").unwrap();
        fs::write(path.join("test/a.test.ts"), "1").unwrap();
        let again = Stamps::of(path, &node(20)).unwrap();
        assert!(again.is_built(path) && again.is_installed(path), "nothing of it changed");

        fs::write(path.join("app/page.tsx"), "two").unwrap();
        let changed = Stamps::of(path, &node(20)).unwrap();
        assert!(!changed.is_built(path) && changed.is_installed(path));
        fs::rename(path.join("app/page.tsx"), path.join("app/other.tsx")).unwrap();
        assert_ne!(Stamps::of(path, &node(20)).unwrap(), changed, "a name counts");
        fs::write(path.join(LOCK_FILE), "{ }").unwrap();
        assert!(!Stamps::of(path, &node(20)).unwrap().is_installed(path));
        assert!(!Stamps::of(path, &node(22)).unwrap().is_installed(path));
        unbuilt(path).unwrap();
        unbuilt(path).unwrap();
        assert!(!again.is_built(path));
    }
}
