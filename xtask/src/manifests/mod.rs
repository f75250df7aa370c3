//! The manifests of `infra/k8s`: rendered as `kubectl apply -k` would, held against Kubernetes' own
//! schemas, scored by checkov, and judged by policies of our own.
//!
//! - [`tools`]: kubectl, kubernetes-validate, checkov and hadolint, installed below the target
//!   folder.
//! - [`sources`]: what images are built from is let in.
//! - [`objects`]: what was rendered, and how to look into it.
//! - [`policies`]: what every rendering must be like; each is also shown one that it must refuse.
//! - [`members`]: whether a set's members are those that there are, and apart.
//! - [`edges`]: who may speak to whom, worked out from the network policies.
//! - [`hardening`]: what checkov finds, less what we keep with a reason.

mod edges;
mod hardening;
mod members;
mod objects;
mod policies;
mod sources;
mod tools;

use std::fs;

use crate::program::{self, Failure, Workspace};
use crate::tally::Tally;
use objects::Objects;
use tools::Tools;

/// The version whose schemas they are held against.
const KUBERNETES: &str = "1.37";

/// What people apply, and whether secrets are theirs to bring.
const OVERLAYS: &[(&str, bool)] = &[
    ("dev", false),
    ("production", true),
    ("live", true),
    ("live-mollie", true),
    ("managed", true),
];

/// Judges the Dockerfiles and what they are given, renders every overlay, and judges that.
///
/// # Errors
/// When a tool cannot be had, or with the first kind of complaint.
pub fn step(workspace: &Workspace) -> Result<Tally, Failure> {
    let mut tally = sources::judge(workspace)?;
    let tools = Tools::install(workspace)?;
    let folder = workspace.target.join("manifests");
    tally += tools.dockerfiles(&workspace.root.join("infra/docker"))?;
    for &(overlay, brings_secrets) in OVERLAYS {
        let path = format!("infra/k8s/overlays/{overlay}");
        let rendered = program::output(tools.kubectl(["kustomize", &path]))?;
        let file = folder.join(format!("{overlay}.yaml"));
        fs::write(&file, &rendered)?;
        tally += tools.against_schemas(&file, KUBERNETES)?;
        let mut objects = Objects::read(&tools, &file)?;
        if brings_secrets {
            objects.extend(made_secrets(workspace, &tools, KUBERNETES)?);
        }
        tally += policies::judge(overlay, &objects)?;
        if overlay == "production" {
            tally += hardening::judge(workspace, &tools, &file)?;
        }
    }
    Ok(tally)
}

/// What `infra/k8s/make-secrets` makes.
fn made_secrets(
    workspace: &Workspace,
    tools: &Tools,
    kubernetes: &str,
) -> Result<Objects, Failure> {
    let script = workspace.command("sh", ["infra/k8s/make-secrets"]);
    let file = workspace.target.join("manifests/secrets.yaml");
    fs::write(&file, program::output(script)?)?;
    tools.against_schemas(&file, kubernetes)?;
    Objects::read(tools, &file)
}
