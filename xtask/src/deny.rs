//! Licences, banned crates and sources of what the workspace depends on, held against deny.toml.
//!
//! cargo-deny knows more, but building it takes minutes on two cores, longer than all other checks
//! of a change together. These three lists need only what `cargo metadata` says, so they are read
//! here on every run, and cargo-deny runs beside this where somebody has installed it
//! (docs/decisions/0001 says how such choices are kept).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// What deny.toml allows and bans.
#[derive(Debug, Default)]
pub struct Policy {
    /// Targets whose dependencies count.
    pub targets: Vec<String>,
    licences: Vec<String>,
    registries: Vec<String>,
    banned: BTreeMap<String, String>,
    single: BTreeMap<String, String>,
}

impl Policy {
    /// Reads the text of deny.toml, with one entry of each list on a line of its own.
    pub fn read(text: &str) -> Self {
        let mut policy = Self::default();
        let (mut section, mut list) = ("", "");
        for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
            if line.starts_with('[') {
                section = line.trim_matches(['[', ']']);
            } else if let Some(name) = line.strip_suffix(" = [") {
                list = name;
            } else if line.starts_with('"') || line.starts_with('{') {
                policy.add(section, list, line);
            }
        }
        policy
    }

    fn add(&mut self, section: &str, list: &str, line: &str) {
        let quoted: Vec<&str> = line.split('"').skip(1).step_by(2).collect();
        let Some(first) = quoted.first().map(|first| (*first).to_owned()) else { return };
        match (section, list) {
            ("graph", "targets") => self.targets.push(first),
            ("licenses", "allow") => self.licences.push(first),
            ("sources", "allow-registry") => self.registries.push(first),
            ("bans", "deny") => {
                let reason = quoted.get(1).copied().unwrap_or_default().to_owned();
                let is_single = line.contains("deny-multiple-versions = true");
                let bans = if is_single { &mut self.single } else { &mut self.banned };
                bans.insert(first, reason);
            }
            _ => {}
        }
    }

    /// What in the output of `cargo metadata` this policy refuses, a sentence each.
    pub fn judge(&self, metadata: &Value) -> Vec<String> {
        let mut found = Vec::new();
        let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for package in packages(metadata) {
            let text = |key: &str| package.get(key).and_then(Value::as_str);
            let (name, version) = (text("name").unwrap_or("?"), text("version").unwrap_or("?"));
            versions.entry(name).or_default().insert(version);
            if let Some(reason) = self.banned.get(name) {
                found.push(format!("{name} {version} is banned: {reason}"));
            }
            // Our own crates come from no registry.
            let Some(source) = text("source") else { continue };
            if !self.registries.iter().any(|known| source == format!("registry+{known}")) {
                found.push(format!("{name} {version} comes from {source}"));
            }
            let licence = text("license").unwrap_or_default();
            if !Licence::new(licence, &self.licences).is_allowed() {
                found.push(format!("{name} {version} has the licence {licence:?}"));
            }
        }
        for (name, reason) in &self.single {
            let versions = versions.get(name.as_str()).map(Vec::from_iter);
            if let Some(versions) = versions.filter(|versions| versions.len() > 1) {
                found.push(format!("{name} comes in the versions {versions:?}: {reason}"));
            }
        }
        found
    }
}

/// The packages that the build resolves to; on other platforms' packages nothing depends here.
fn packages(metadata: &Value) -> impl Iterator<Item = &Value> {
    let nodes = metadata["resolve"]["nodes"].as_array();
    let used: BTreeSet<&str> =
        nodes.into_iter().flatten().filter_map(|node| node["id"].as_str()).collect();
    let all = metadata["packages"].as_array().into_iter().flatten();
    all.filter(move |package| package["id"].as_str().is_some_and(|id| used.contains(id)))
}

/// An SPDX expression, read from left to right; AND binds tighter than OR, as SPDX says.
struct Licence<'a> {
    words: Vec<String>,
    at: usize,
    allowed: &'a [String],
}

impl<'a> Licence<'a> {
    fn new(expression: &str, allowed: &'a [String]) -> Self {
        // Old manifests write `MIT/Apache-2.0` for OR.
        let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
        Self { words: spaced.split_whitespace().map(str::to_owned).collect(), at: 0, allowed }
    }

    fn is_allowed(&mut self) -> bool {
        let allowed = self.any();
        allowed && self.at == self.words.len()
    }

    fn take(&mut self, word: &str) -> bool {
        let is_next = self.words.get(self.at).is_some_and(|next| next == word);
        self.at += usize::from(is_next);
        is_next
    }

    fn any(&mut self) -> bool {
        let mut allowed = self.all();
        while self.take("OR") {
            allowed |= self.all();
        }
        allowed
    }

    fn all(&mut self) -> bool {
        let mut allowed = self.one();
        while self.take("AND") {
            allowed &= self.one();
        }
        allowed
    }

    fn one(&mut self) -> bool {
        if self.take("(") {
            let allowed = self.any();
            return self.take(")") && allowed;
        }
        let Some(mut name) = self.words.get(self.at).cloned() else { return false };
        self.at += 1;
        if self.take("WITH") {
            name = format!("{name} WITH {}", self.words.get(self.at).map_or("", String::as_str));
            self.at += 1;
        }
        self.allowed.contains(&name)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

    fn committed() -> Policy {
        Policy::read(include_str!("../../deny.toml"))
    }

    fn judge(packages: &[(&str, &str, &str, &str)]) -> Vec<String> {
        let id = |index| format!("#{index}");
        let nodes: Vec<Value> =
            (0..packages.len()).map(|index| json!({ "id": id(index) })).collect();
        let described = packages.iter().enumerate().map(|(index, package)| {
            let (name, version, licence, source) = package;
            json!({
                "id": id(index), "name": name, "version": version,
                "license": licence, "source": source,
            })
        });
        let packages: Vec<Value> = described.collect();
        committed().judge(&json!({ "packages": packages, "resolve": { "nodes": nodes } }))
    }

    #[test]
    fn the_committed_policy_has_all_its_lists() {
        let policy = committed();
        assert_eq!(policy.targets.len(), 2);
        assert_eq!(policy.registries.len(), 1);
        assert!(policy.licences.contains(&"Apache-2.0 WITH LLVM-exception".to_owned()));
        assert!(policy.banned.contains_key("openssl-sys") && policy.single.contains_key("tokio"));
        assert!(!policy.banned.contains_key("tokio"));
    }

    #[test]
    fn licences_that_are_not_listed_are_refused() {
        for good in ["MIT", "MIT/Apache-2.0", "GPL-3.0 OR MIT", "(GPL-3.0 OR MIT) AND Zlib"] {
            assert!(judge(&[("a", "1.0.0", good, REGISTRY)]).is_empty(), "{good}");
        }
        for bad in ["GPL-3.0", "MIT AND GPL-3.0", "", "(MIT", "MIT WITH Other"] {
            assert_eq!(judge(&[("a", "1.0.0", bad, REGISTRY)]).len(), 1, "{bad}");
        }
    }

    #[test]
    fn banned_crates_other_sources_and_second_versions_are_refused() {
        assert_eq!(judge(&[("openssl-sys", "1.0.0", "MIT", REGISTRY)]).len(), 1);
        assert_eq!(judge(&[("a", "1.0.0", "MIT", "git+https://example.org/a")]).len(), 1);
        let twice = [("tokio", "1.0.0", "MIT", REGISTRY), ("tokio", "2.0.0", "MIT", REGISTRY)];
        assert_eq!(judge(&twice).len(), 1);
        assert_eq!(judge(&twice[..1]).len(), 0);
    }
}
