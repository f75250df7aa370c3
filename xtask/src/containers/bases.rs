//! What images are built on, and what stands beside them. An engine with a network pulls them; our
//! own, where it cannot, gets stand-ins under the same names, made of Debian's packages and of
//! programs that other steps install. They show that our part of an image works, not that the
//! makers' part does.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::engine::Engine;
use crate::program::{self, Failure, Workspace};
use crate::{mongodb, nats};

/// What pages run on.
const NODE: &str = "node:22-bookworm-slim";
/// What services run on.
const SERVICE: &str = "gcr.io/distroless/cc-debian12:nonroot";
/// What stands beside them, as docker-compose.yml names it.
const BESIDE: &[&str] = &["mongo:8.0", "nats:2.15.1-alpine", "nginx:1.28-alpine"];

/// Debian, with what the stand-ins run and need.
const DEBOOTSTRAP: &[&str] = &[
    "--variant=minbase",
    "--include=libstdc++6,libcurl4,ca-certificates,busybox-static,nginx-light",
    "bookworm",
];

/// Which of MongoDB's shell, which is on npm.
const MONGOSH: &str = "xtask/mongosh";

/// What a service needs of Debian: a C library, what finds names, and certificates.
const OF_DEBIAN: &[&str] = &[
    "lib64/ld-linux-x86-64.so.2",
    "lib/x86_64-linux-gnu/libc.so.6",
    "lib/x86_64-linux-gnu/libm.so.6",
    "lib/x86_64-linux-gnu/libgcc_s.so.1",
    "lib/x86_64-linux-gnu/libdl.so.2",
    "lib/x86_64-linux-gnu/libpthread.so.0",
    "lib/x86_64-linux-gnu/librt.so.1",
    "lib/x86_64-linux-gnu/libresolv.so.2",
    "etc/ssl/certs/ca-certificates.crt",
];

/// Pulls what is missing, or makes stand-ins.
///
/// # Errors
/// When neither can be done.
pub fn provide(workspace: &Workspace, engine: &Engine) -> Result<(), Failure> {
    // Others pull by themselves, when they build and run.
    if !engine.is_own() {
        return Ok(());
    }
    let all = [&[NODE, SERVICE][..], BESIDE].concat();
    let there = |name: &&str| {
        program::succeeds(engine.docker(["image", "inspect", name]))
            || program::succeeds(engine.docker(["pull", "--quiet", name]))
    };
    if all.iter().all(there) {
        return Ok(());
    }
    println!("images cannot be pulled; stand-ins are made for {}", all.join(", "));
    let root = workspace.target.join("containers/root");
    if root.exists() {
        fs::remove_dir_all(&root)?;
    }
    let mut debootstrap = workspace.command("/usr/sbin/debootstrap", DEBOOTSTRAP);
    debootstrap.arg(&root);
    program::output(debootstrap)?;
    let find = workspace.command("node", ["--print", "process.execPath"]);
    let node = String::from_utf8_lossy(&program::output(find)?).trim().to_owned();
    fs::copy(node, root.join("usr/bin/node"))?;
    import(engine, &root, NODE)?;
    let service = of_debian(workspace, &root)?;
    import(engine, &service, SERVICE)?;
    add_servers(workspace, &root)?;
    let [first, others @ ..] = BESIDE else { return Ok(()) };
    import(engine, &root, first)?;
    for name in others {
        program::output(engine.docker(["tag", first, name]))?;
    }
    fs::remove_dir_all(&service)?;
    Ok(fs::remove_dir_all(&root)?)
}

/// The little of Debian that a service needs, in a folder of its own.
fn of_debian(workspace: &Workspace, root: &Path) -> Result<PathBuf, Failure> {
    let folder = workspace.target.join("containers/service");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    for part in OF_DEBIAN {
        let to = folder.join(part);
        fs::create_dir_all(to.parent().unwrap_or(&folder))?;
        fs::copy(root.join(part), to)?;
    }
    for empty in ["tmp", "run"] {
        fs::create_dir_all(folder.join(empty))?;
    }
    fs::write(folder.join("etc/passwd"), "nonroot:x:65532:65532::/:/none\n")?;
    fs::write(folder.join("etc/nsswitch.conf"), "hosts: files dns\n")?;
    Ok(folder)
}

/// MongoDB, its shell, NATS, and the little web client that images of Alpine bring.
fn add_servers(workspace: &Workspace, root: &Path) -> Result<(), Failure> {
    let programs = root.join("usr/bin");
    fs::copy(mongodb::program(workspace)?, programs.join("mongod"))?;
    fs::copy(nats::program(workspace)?, programs.join("nats-server"))?;
    symlink("busybox", programs.join("wget"))?;
    let shell = root.join("usr/lib/mongosh");
    fs::create_dir_all(&shell)?;
    // Locked, because what it needs in turn is released several times a week, and not all at once.
    for file in ["package.json", "package-lock.json"] {
        fs::copy(workspace.root.join(MONGOSH).join(file), shell.join(file))?;
    }
    let args = ["ci", "--no-audit", "--no-fund", "--ignore-scripts"];
    let mut install = workspace.command("npm", args);
    install.current_dir(&shell);
    program::output(install)?;
    let entry = "../lib/mongosh/node_modules/mongosh/bin/mongosh.js";
    Ok(symlink(entry, programs.join("mongosh"))?)
}

fn import(engine: &Engine, root: &Path, name: &str) -> Result<(), Failure> {
    let mut tar = Command::new("tar");
    tar.arg("--directory").arg(root).args(["--create", "."]).stdout(Stdio::piped());
    let mut tar = tar.spawn()?;
    let mut import = engine.docker(["import", "-", name]);
    if let Some(archive) = tar.stdout.take() {
        import.stdin(archive);
    }
    program::output(import)?;
    if tar.wait()?.success() { Ok(()) } else { Err(Failure::new("tar could not read it all")) }
}
