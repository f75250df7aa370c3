//! Whether the members of MongoDB's and NATS' sets are as many as they are told, and apart.

use serde_json::Value;

use super::objects::{Objects, name_of};

/// Sets that are initiated with other members than there are, and streams with other copies.
pub fn that_do_not_fit(objects: &Objects) -> Vec<String> {
    let mut found = Vec::new();
    let replicas = |name: &str| objects.named("StatefulSet", name)?["spec"]["replicas"].as_u64();
    let members = objects.workloads().find_map(|pod| {
        let mut env = pod.containers().filter_map(|it| it["env"].as_array()).flatten();
        env.find(|it| it["name"] == "MEMBERS")?["value"].as_str()
    });
    if let (Some(members), Some(replicas)) = (members, replicas("mongodb")) {
        let wanted = (0..replicas).map(|index| format!("mongodb-{index}.mongodb:27017"));
        let wanted = wanted.collect::<Vec<_>>().join(",");
        if wanted != members {
            found.push(format!("the set is initiated with {members}, and {wanted} is there"));
        }
    }
    let copies =
        objects.of("ConfigMap").find_map(|it| it["data"]["TICKETING_NATS_REPLICAS"].as_str());
    let copies = copies.and_then(|copies| copies.parse::<u64>().ok());
    let servers = replicas("nats").unwrap_or(3);
    if copies.is_none_or(|copies| copies != servers) {
        found.push(format!("streams have {copies:?} copies on {servers} servers"));
    }
    found
}

/// StatefulSets whose members the scheduler may put on one node. A limit to the skew alone is no
/// obstacle: on a cluster of one node there is nothing to be uneven with.
pub fn that_may_share_a_node(objects: &Objects) -> Vec<String> {
    let is_apart = |set: &Value| {
        let constraints = &set["spec"]["template"]["spec"]["topologySpreadConstraints"];
        constraints.as_array().into_iter().flatten().any(|it| {
            it["topologyKey"] == "kubernetes.io/hostname"
                && it["whenUnsatisfiable"] == "DoNotSchedule"
                && it["maxSkew"] == 1
                && it["minDomains"].as_u64() >= set["spec"]["replicas"].as_u64()
        })
    };
    let shared = objects.of("StatefulSet").filter(|set| !is_apart(set));
    shared.map(|set| name_of(set).to_owned()).collect()
}

/// Seconds that a member has to answer before it counts as ready, which lets the cluster stop the
/// next one: its fellows look for it every two seconds, and wait for ten at most.
const BACK_FOR_SECONDS: u64 = 30;

/// StatefulSets whose members count as ready with their first answer.
pub fn that_are_ready_at_once(objects: &Objects) -> Vec<String> {
    let takes_its_time = |container: &Value| {
        let probe = &container["readinessProbe"];
        let answers = probe["successThreshold"].as_u64().unwrap_or(1);
        answers * probe["periodSeconds"].as_u64().unwrap_or(10) >= BACK_FOR_SECONDS
    };
    let is_patient = |set: &&Value| {
        let containers = set["spec"]["template"]["spec"]["containers"].as_array();
        containers.is_some_and(|them| them.iter().all(takes_its_time))
    };
    let hasty = objects.of("StatefulSet").filter(|set| !is_patient(set));
    hasty.map(|set| name_of(set).to_owned()).collect()
}
