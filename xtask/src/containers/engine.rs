//! A Docker engine: the one that answers on this machine, or one of our own, which is started as
//! root from Debian's packages and ends with the step.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::program::{self, Failure, Workspace};
use crate::tally::Tally;

/// How long our own engine may take until it answers.
const UP_WITHIN: Duration = Duration::from_secs(60);

/// What our own engine is made of.
const PACKAGES: &[&str] = &["docker.io", "containerd", "runc", "tini", "debootstrap", "iptables"];

/// The client that comes with those.
const DEBIAN_CLIENT: &str = "/usr/bin/docker";

/// What to do where there is no engine and none can be started.
const ADVICE: &str = "no Docker engine answers, and one of our own can be started by root on \
                      Debian alone: start yours, or run the other steps with --skip containers";

/// An engine, and the client to talk to it.
pub struct Engine {
    workspace: PathBuf,
    client: PathBuf,
    own: Option<Own>,
}

/// The engine that we started.
struct Own {
    child: Child,
    socket: String,
}

impl Engine {
    /// The engine that answers, or one of our own.
    ///
    /// # Errors
    /// With [`ADVICE`] where there is none to be had.
    pub fn find(workspace: &Workspace) -> Result<Self, Failure> {
        let root = workspace.root.clone();
        let theirs = Self { workspace: root, client: PathBuf::from("docker"), own: None };
        if program::succeeds(theirs.docker(["info"])) && theirs.builds() {
            println!("the Docker engine of this machine is used");
            return Ok(theirs);
        }
        Self::start(workspace)
    }

    /// Whether we started it: then it knows no images but ours, and the network is not its to use.
    pub fn is_own(&self) -> bool {
        self.own.is_some()
    }

    /// A call of the client.
    pub fn docker<I: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = I>) -> Command {
        let mut command = self.client(&self.client);
        command.args(args);
        command
    }

    /// A call of any program that speaks to the engine.
    pub fn client(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.workspace).stdin(Stdio::null());
        // Only BuildKit leaves out the stages that an image does not need.
        command.env("DOCKER_BUILDKIT", "1").env("BUILDKIT_PROGRESS", "plain");
        if let Some(own) = &self.own {
            command.env("DOCKER_HOST", &own.socket);
        }
        command
    }

    /// Builds an image from a file below the workspace.
    ///
    /// # Errors
    /// When it does not build.
    pub fn build(&self, file: &str, arguments: &[&str], tag: &str) -> Result<Tally, Failure> {
        let mut build = self.docker(["build", "--network", "host", "--file", file, "--tag", tag]);
        for argument in arguments {
            build.args(["--build-arg", argument]);
        }
        build.arg(".");
        program::run(build)
    }

    /// Whether the client can use BuildKit: since release 23 it needs a plugin for that.
    fn builds(&self) -> bool {
        let version = self.docker(["version", "--format", "{{.Client.Version}}"]);
        let version = program::output(version).unwrap_or_default();
        let version = String::from_utf8_lossy(&version).into_owned();
        let major = version.split('.').next().and_then(|it| it.trim().parse::<u32>().ok());
        program::succeeds(self.docker(["buildx", "version"])) || major.is_some_and(|it| it < 23)
    }

    fn start(workspace: &Workspace) -> Result<Self, Failure> {
        let there = |path: &str| PathBuf::from(path).exists();
        if !["/usr/sbin/dockerd", DEBIAN_CLIENT, "/usr/sbin/debootstrap"].iter().all(|it| there(it))
        {
            println!("installing {}", PACKAGES.join(", "));
            let apt = |args: &[&str]| {
                let mut command = workspace.command("apt-get", args);
                command.env("DEBIAN_FRONTEND", "noninteractive");
                program::output(command)
                    .map_err(|failure| Failure::new(format!("{}\n{ADVICE}", failure.reason)))
            };
            apt(&["update", "--quiet"])?;
            let install = ["install", "--quiet", "--yes", "--no-install-recommends"];
            apt(&[&install[..], PACKAGES].concat())?;
        }
        let folder = workspace.target.join("containers");
        fs::create_dir_all(&folder)?;
        let log = folder.join("dockerd.log");
        // A path of a socket has to be short, so it is not below the target folder.
        let run = std::env::temp_dir().join(format!("ticketing-docker-{}", std::process::id()));
        let socket = format!("unix://{}/sock", run.display());
        let mut command = workspace.command("/usr/sbin/dockerd", ["--host", &socket]);
        command.arg("--data-root").arg(folder.join("docker"));
        command.arg("--exec-root").arg(run.join("exec")).arg("--pidfile").arg(run.join("pid"));
        // Nothing of the machine's own network is touched.
        command.args(["--bridge=none", "--iptables=false", "--ip6tables=false"]);
        command.args(["--ip-forward=false", "--ip-masq=false"]);
        command.stdout(File::create(&log)?).stderr(File::create(&log)?);
        let child = command.spawn().map_err(|_| Failure::new(ADVICE))?;
        let engine = Self {
            workspace: workspace.root.clone(),
            client: PathBuf::from(DEBIAN_CLIENT),
            own: Some(Own { child, socket }),
        };
        let deadline = Instant::now() + UP_WITHIN;
        while !program::succeeds(engine.docker(["info"])) {
            if Instant::now() > deadline {
                let said = fs::read_to_string(&log).unwrap_or_default();
                let last: Vec<&str> = said.lines().rev().take(5).collect();
                let last = last.join("\n");
                return Err(Failure::new(format!("{ADVICE}\ndockerd said last:\n{last}")));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        println!("a Docker engine of our own is started; its log is {}", log.display());
        Ok(engine)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let Some(own) = &mut self.own else { return };
        // Asked, not killed: it ends containers and unmounts what it mounted.
        let id = own.child.id().to_string();
        let asked = Command::new("kill").arg(id).status().map(drop);
        if let Err(error) = asked.and_then(|()| own.child.wait().map(drop)) {
            eprintln!("the Docker engine could not be ended: {error}");
        }
    }
}
