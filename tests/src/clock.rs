//! A wall clock that jumps, through Debian's libfaketime. Only the wall clock is moved: the
//! monotonic one, by which timers run, stays as it is, as when an operator sets the time of a real
//! machine.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::faults::is_root;
use crate::setup::Setup;

/// The wall clock of one server.
#[derive(Debug)]
pub struct Clock {
    file: PathBuf,
}

impl Clock {
    /// A setup whose server reads this clock, which starts out right.
    ///
    /// # Panics
    /// If libfaketime is neither there nor can be installed.
    pub fn rule(setup: Setup) -> (Self, Setup) {
        let clock = Self { file: setup.home().join("clock") };
        clock.jump("+0");
        let setup = setup
            .env("LD_PRELOAD", library())
            .env("FAKETIME_TIMESTAMP_FILE", clock.file.to_string_lossy())
            .env("FAKETIME_NO_CACHE", "1")
            .env("DONT_FAKE_MONOTONIC", "1");
        (clock, setup)
    }

    /// Sets the clock this far off the true time, such as `+1d` or `-1d`.
    ///
    /// # Panics
    /// If the file cannot be written.
    pub fn jump(&self, offset: &str) {
        // A reader must never see half of it.
        let fresh = self.file.with_extension("fresh");
        std::fs::write(&fresh, format!("{offset}\n")).expect("the clock can be written");
        std::fs::rename(&fresh, &self.file).expect("the clock can be set");
    }
}

/// The library, installed first if need be.
fn library() -> String {
    if find().is_none() && is_root() {
        for arguments in [&["update"][..], &["install", "-y", "faketime"][..]] {
            match Command::new("apt-get").args(arguments).output() {
                Ok(done) if done.status.success() => {}
                other => println!("apt-get {arguments:?}: {other:?}"),
            }
        }
    }
    let found = find();
    let path =
        found.expect("this test moves the clock: install libfaketime (apt-get install faketime)");
    path.to_string_lossy().into_owned()
}

fn find() -> Option<PathBuf> {
    let roots = ["/usr/lib", "/usr/lib64", "/usr/local/lib"];
    let folders = roots.iter().filter_map(|root| std::fs::read_dir(root).ok()).flatten().flatten();
    let mut places: Vec<PathBuf> = folders.map(|folder| folder.path()).collect();
    places.extend(roots.iter().map(PathBuf::from));
    places
        .iter()
        .map(|place| place.join("faketime/libfaketimeMT.so.1"))
        .find(|path| Path::exists(path))
}
