//! The data folder, and the lock that keeps a second process off it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;

/// The file that is locked, and says by whom.
const LOCK_FILE: &str = "lock";

/// A data folder that no other process uses, for as long as this lives. The system lifts the lock
/// when the process ends, however it ends.
#[derive(Debug)]
pub struct Locked {
    _file: File,
}

/// A file that every folder has that was ever served: the orders service's.
const A_SERVICES_FILE: &str = "orders.db";

/// Locks `folder`, which must have been served before. Nothing is made where it was not.
///
/// # Errors
/// With a sentence that says what to do.
pub fn lock_served(folder: &Path) -> Result<Locked, String> {
    let shown = folder.display();
    if !folder.is_dir() {
        return Err(format!("there is no folder {shown}; name the right one with --data"));
    }
    if !folder.join(A_SERVICES_FILE).is_file() {
        return Err(format!(
            "the folder {shown} does not hold a marketplace's data; name the right one with --data"
        ));
    }
    lock(folder)
}

/// Locks `folder`, making it if need be.
///
/// # Errors
/// With a sentence that says what to do.
pub fn lock(folder: &Path) -> Result<Locked, String> {
    let shown = folder.display();
    let unusable = |error| format!("the data folder {shown} cannot be used: {error}");
    std::fs::create_dir_all(folder).map_err(unusable)?;
    let path = folder.join(LOCK_FILE);
    let mut options = OpenOptions::new();
    let mut file =
        options.read(true).write(true).create(true).truncate(false).open(path).map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(taken(folder, file)),
        Err(TryLockError::Error(error)) => return Err(unusable(error)),
    }
    // Who holds it is a courtesy to whoever meets it; a full disk must not keep the marketplace
    // from starting.
    let noted = file.set_len(0).and_then(|()| file.rewind());
    let noted = noted.and_then(|()| writeln!(file, "{}", std::process::id()));
    if let Err(error) = noted {
        tracing::warn!(%error, "the lock file does not say who holds it");
    }
    Ok(Locked { _file: file })
}

fn taken(folder: &Path, mut file: File) -> String {
    let mut holder = String::new();
    let by = match file.read_to_string(&mut holder) {
        Ok(_) if !holder.trim().is_empty() => format!(" (process {})", holder.trim()),
        _ => String::new(),
    };
    let shown = folder.display();
    format!(
        "the data folder {shown} is in use by another ticketing{by}; stop that one, or choose \
         another folder with --data"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_user_of_a_folder_is_told_who_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let first = lock(folder.path()).unwrap();
        let refused = lock(folder.path()).unwrap_err();
        assert!(refused.contains(&std::process::id().to_string()), "{refused}");
        drop(first);
        lock(folder.path()).unwrap();
    }

    #[test]
    fn what_was_never_served_is_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("missing");
        for (path, said) in
            [(missing.as_path(), "no folder"), (folder.path(), "does not hold a marketplace's")]
        {
            let refused = lock_served(path).unwrap_err();
            assert!(refused.contains(said), "{refused}");
        }
        assert!(!missing.exists());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
