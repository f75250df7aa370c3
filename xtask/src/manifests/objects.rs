//! What was rendered: objects, pods in them, containers in those.

use std::path::Path;

use serde_json::Value;

use super::tools::Tools;
use crate::program::Failure;

/// Everything that one overlay applies.
#[derive(Debug, Clone)]
pub struct Objects(pub Vec<Value>);

impl Objects {
    /// Reads `file`.
    ///
    /// # Errors
    /// When it is no YAML.
    pub fn read(tools: &Tools<'_>, file: &Path) -> Result<Self, Failure> {
        let objects = serde_json::from_slice(&tools.json_of(file)?)
            .map_err(|error| Failure::new(format!("{}: {error}", file.display())))?;
        Ok(Self(objects))
    }

    /// Adds others.
    pub fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// Those of `kind`.
    pub fn of<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.0.iter().filter(move |object| object["kind"] == kind)
    }

    /// The one of `kind` with this name.
    pub fn named<'a>(&'a self, kind: &'a str, name: &'a str) -> Option<&'a Value> {
        self.of(kind).find(|object| name_of(object) == name)
    }

    /// Whatever runs pods.
    pub fn workloads(&self) -> impl Iterator<Item = Workload<'_>> {
        self.0.iter().filter_map(Workload::of)
    }

    /// The first container of `kind` and `name`, to be spoiled.
    pub fn container_mut(&mut self, kind: &str) -> Option<&mut Value> {
        let object = self.0.iter_mut().find(|object| object["kind"] == kind)?;
        object.pointer_mut("/spec/template/spec/containers/0")
    }

    /// The first object of `kind`, to be spoiled.
    pub fn first_mut(&mut self, kind: &str) -> Option<&mut Value> {
        self.0.iter_mut().find(|object| object["kind"] == kind)
    }
}

/// A Deployment, StatefulSet or Job.
#[derive(Debug, Clone, Copy)]
pub struct Workload<'a> {
    /// All of it.
    pub object: &'a Value,
    /// As in `Deployment`.
    pub kind: &'a str,
    /// Its name.
    pub name: &'a str,
    /// What its pods are like.
    pub pod: &'a Value,
    /// The labels of its pods.
    pub labels: &'a Value,
}

impl<'a> Workload<'a> {
    fn of(object: &'a Value) -> Option<Self> {
        let kind = object["kind"].as_str()?;
        if !["Deployment", "StatefulSet", "Job", "DaemonSet", "CronJob"].contains(&kind) {
            return None;
        }
        let template = match kind {
            "CronJob" => object.pointer("/spec/jobTemplate/spec/template")?,
            _ => object.pointer("/spec/template")?,
        };
        let (pod, labels) = (&template["spec"], &template["metadata"]["labels"]);
        Some(Self { object, kind, name: name_of(object), pod, labels })
    }

    /// Whether it runs until it is told to stop.
    pub fn serves(&self) -> bool {
        self.kind != "Job" && self.kind != "CronJob"
    }

    /// Its containers, those that prepare the others included.
    pub fn containers(&self) -> impl Iterator<Item = &'a Value> {
        let lists = [&self.pod["containers"], &self.pod["initContainers"]];
        lists.into_iter().filter_map(Value::as_array).flatten()
    }

    /// The number that a container's port has, by number or by name.
    pub fn port(&self, port: &Value) -> Option<u64> {
        let mut ports = self.containers().filter_map(|it| it["ports"].as_array()).flatten();
        match port {
            Value::Number(_) => ports.find(|it| it["containerPort"] == *port).and_then(port_of),
            name => ports.find(|it| it["name"] == *name).and_then(port_of),
        }
    }
}

fn port_of(port: &Value) -> Option<u64> {
    port["containerPort"].as_u64()
}

/// What an object is called.
pub fn name_of(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or_default()
}

/// Whether a label selector chooses what has `labels`; an empty one chooses everything.
pub fn selects(selector: &Value, labels: &Value) -> bool {
    let all = |list: &Value, holds: &dyn Fn(&Value) -> bool| {
        list.as_array().is_none_or(|list| list.iter().all(holds))
    };
    let equal = selector["matchLabels"]
        .as_object()
        .is_none_or(|wanted| wanted.iter().all(|(key, value)| labels[key] == *value));
    equal
        && all(&selector["matchExpressions"], &|expression| {
            let value = &labels[expression["key"].as_str().unwrap_or_default()];
            let is_in =
                expression["values"].as_array().is_some_and(|values| values.contains(value));
            match expression["operator"].as_str() {
                Some("In") => is_in,
                Some("NotIn") => !is_in,
                Some("Exists") => !value.is_null(),
                Some("DoesNotExist") => value.is_null(),
                _ => false,
            }
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn selectors_choose_as_kubernetes_does() {
        let labels = json!({"name": "orders", "kind": "service"});
        let expression = |operator: &str| {
            let one = json!({"key": "name", "operator": operator, "values": ["orders"]});
            json!({ "matchExpressions": [one] })
        };
        assert!(selects(&json!({}), &labels));
        assert!(selects(&json!({"matchLabels": {"name": "orders"}}), &labels));
        assert!(!selects(&json!({"matchLabels": {"name": "orders", "zone": "a"}}), &labels));
        assert!(selects(&expression("In"), &labels) && selects(&expression("Exists"), &labels));
        for refuses in ["NotIn", "DoesNotExist", "Like"] {
            assert!(!selects(&expression(refuses), &labels), "{refuses}");
        }
    }
}
