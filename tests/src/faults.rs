//! Storage that fails: a data folder on a small file system that can be filled, an fsync that
//! answers EIO, and one at which the process is killed.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::setup::Setup;

/// The shims' sources: see there.
const FAILING: &str = include_str!("../shims/fsync_eio.c");
const DEADLY: &str = include_str!("../shims/fsync_kills.c");

/// Whether this process may mount.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// A small file system in memory; unmounted when dropped.
#[derive(Debug)]
pub struct SmallDisk {
    folder: PathBuf,
    /// Keeps the folder above it, which cannot be removed before this is unmounted.
    _home: Setup,
}

impl SmallDisk {
    /// Mounts one of `mebibytes` in the home of `setup`, and puts the data folder on it.
    ///
    /// # Panics
    /// If this process is not root, or the mount fails.
    pub fn under(setup: Setup, mebibytes: u32) -> (Self, Setup) {
        assert!(is_root(), "this test mounts a small file system: run it as root");
        let folder = setup.home().join("disk");
        std::fs::create_dir(&folder).expect("a folder to mount on");
        let options = format!("size={mebibytes}m");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(&folder);
        assert!(mount.status().expect("mount runs").success(), "tmpfs can be mounted");
        let setup = setup.data(&folder.join("data"));
        (Self { folder, _home: setup.clone() }, setup)
    }

    /// Leaves not one free block.
    ///
    /// # Panics
    /// If the ballast cannot be created.
    pub fn fill(&self) {
        let mut ballast = File::create(self.ballast()).expect("a ballast file");
        let mut chunk = vec![7; 1 << 20];
        // Ever smaller pieces, so that the last free block goes too.
        while !chunk.is_empty() {
            if ballast.write_all(&chunk).is_err() {
                chunk.truncate(chunk.len() / 4);
            }
        }
    }

    /// Gives the room back.
    ///
    /// # Panics
    /// If the ballast cannot be removed.
    pub fn empty(&self) {
        std::fs::remove_file(self.ballast()).expect("the ballast can be removed");
    }

    fn ballast(&self) -> PathBuf {
        self.folder.join("ballast")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: the server may still be closing its files.
        if let Err(fault) = Command::new("umount").arg("-l").arg(&self.folder).status() {
            println!("{} stays mounted: {fault}", self.folder.display());
        }
    }
}

/// An fsync that can be made to fail.
#[derive(Debug)]
pub struct BrokenSync {
    switch: PathBuf,
}

impl BrokenSync {
    /// A setup whose server's fsync on its data folder fails while the switch is on. It starts off.
    ///
    /// # Panics
    /// If there is no C compiler.
    pub fn under(setup: Setup) -> (Self, Setup) {
        let shim = compiled(&setup, "fsync_eio", FAILING);
        let switch = setup.home().join("fsync-fails");
        let folder = path_of(setup.data_folder());
        let setup = setup
            .env("LD_PRELOAD", path_of(&shim))
            .env("FSYNC_FAILS_WHILE_EXISTS", path_of(&switch))
            .env("FSYNC_FAILS_UNDER", folder);
        (Self { switch }, setup)
    }

    /// From now on fsync fails.
    ///
    /// # Panics
    /// If the switch cannot be written.
    pub fn on(&self) {
        File::create(&self.switch).expect("the switch can be set");
    }

    /// From now on fsync works.
    ///
    /// # Panics
    /// If the switch cannot be removed.
    pub fn off(&self) {
        std::fs::remove_file(&self.switch).expect("the switch can be removed");
    }
}

/// An fsync that can be made to kill: after one of them a process has committed, and told nobody.
#[derive(Debug)]
pub struct DeadlySync {
    count: PathBuf,
}

impl DeadlySync {
    /// A setup whose server can be killed at an fsync on its data folder.
    ///
    /// # Panics
    /// If there is no C compiler.
    pub fn under(setup: Setup) -> (Self, Setup) {
        let shim = compiled(&setup, "fsync_kills", DEADLY);
        let count = setup.home().join("fsync-kills");
        let folder = path_of(setup.data_folder());
        let setup = setup
            .env("LD_PRELOAD", path_of(&shim))
            .env("FSYNC_KILLS_AT", path_of(&count))
            .env("FSYNC_KILLS_UNDER", folder);
        (Self { count }, setup)
    }

    /// The `nth` fsync from now on, the first being 1, kills the process that makes it.
    ///
    /// # Panics
    /// If that cannot be written down.
    pub fn kill_at(&self, nth: u32) {
        // At once, or it could be read half-written.
        let whole = self.count.with_extension("whole");
        std::fs::write(&whole, nth.to_string()).expect("the count can be written");
        std::fs::rename(&whole, &self.count).expect("the count can be set");
    }

    /// No fsync kills any more.
    ///
    /// # Panics
    /// If what was written down cannot be removed.
    pub fn spare(&self) {
        std::fs::remove_file(&self.count).expect("the count can be removed");
    }
}

/// Compiles a shim in the home of `setup`.
fn compiled(setup: &Setup, name: &str, text: &str) -> PathBuf {
    let source = setup.home().join(name).with_extension("c");
    let shim = setup.home().join(name).with_extension("so");
    std::fs::write(&source, text).expect("the shim's source can be written");
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&shim).arg(&source).arg("-ldl");
    let built = compiler.status().expect("this test compiles a shim: install a C compiler");
    assert!(built.success(), "the shim compiles");
    shim
}

fn path_of(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
