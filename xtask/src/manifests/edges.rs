//! Who may speak to whom: worked out from the network policies of a rendering, and compared with
//! who has to.

use serde_json::Value;

use super::objects::{Objects, Workload, selects};

/// The services.
const SERVICES: &[&str] = &crate::tidy::SERVICES;

/// Who speaks to whom on which port, where both are there. Whoever is not here speaks to nobody.
const EDGES: &[(&[&str], &[&str], u64)] = &[
    (&["client"], SERVICES, 3000),
    (SERVICES, &["mongodb"], 27017),
    (&["mongodb", "mongodb-initiate-1"], &["mongodb"], 27017),
    (SERVICES, &["nats"], 4222),
    (&["nats"], &["nats"], 6222),
];

/// Edges that are allowed and not needed, or needed and not allowed.
pub fn breaches(objects: &Objects) -> Vec<String> {
    let mut found = Vec::new();
    for from in objects.workloads() {
        for to in objects.workloads() {
            for port in ports(&to) {
                let needed = is_needed(from.name, to.name, port);
                let allowed =
                    leaves(objects, &from, &to, port) && enters(objects, &from, &to, port);
                let edge = format!("{} → {}:{port}", from.name, to.name);
                match (needed, allowed) {
                    (true, false) => found.push(format!("{edge} is needed and refused")),
                    (false, true) => found.push(format!("{edge} is allowed, and nobody needs it")),
                    _ => {}
                }
            }
        }
    }
    found
}

/// Pods that some direction is open for, because no policy is about it.
pub fn open_doors(objects: &Objects) -> Vec<String> {
    let closed = |pod: &Workload<'_>, direction: &str| {
        objects.of("NetworkPolicy").any(|policy| {
            let types = policy["spec"]["policyTypes"].as_array();
            let rules = &policy["spec"][direction.to_ascii_lowercase()];
            types.is_some_and(|types| types.iter().any(|it| it == direction))
                && rules.is_null()
                && selects(&policy["spec"]["podSelector"], pod.labels)
        })
    };
    let mut found = Vec::new();
    for pod in objects.workloads() {
        for direction in ["Ingress", "Egress"] {
            if !closed(&pod, direction) {
                found.push(format!("{}: {direction}", pod.name));
            }
        }
    }
    found
}

fn is_needed(from: &str, to: &str, port: u64) -> bool {
    let edge = |&(froms, tos, on): &(&[&str], &[&str], u64)| {
        on == port && froms.contains(&from) && tos.contains(&to)
    };
    EDGES.iter().any(edge)
}

fn ports(pod: &Workload<'_>) -> Vec<u64> {
    let ports = pod.containers().filter_map(|it| it["ports"].as_array()).flatten();
    ports.filter_map(|it| it["containerPort"].as_u64()).collect()
}

fn leaves(objects: &Objects, from: &Workload<'_>, to: &Workload<'_>, port: u64) -> bool {
    objects.of("NetworkPolicy").any(|policy| {
        selects(&policy["spec"]["podSelector"], from.labels)
            && lets(&policy["spec"]["egress"], "to", to.labels, to, port)
    })
}

fn enters(objects: &Objects, from: &Workload<'_>, to: &Workload<'_>, port: u64) -> bool {
    objects.of("NetworkPolicy").any(|policy| {
        selects(&policy["spec"]["podSelector"], to.labels)
            && lets(&policy["spec"]["ingress"], "from", from.labels, to, port)
    })
}

/// Whether one of `rules` is about whoever has `labels`, in our own namespace, and about `port`.
fn lets(rules: &Value, side: &str, labels: &Value, to: &Workload<'_>, port: u64) -> bool {
    let about = |peer: &Value| {
        // Other namespaces and networks are none of ours.
        let elsewhere = peer["namespaceSelector"].is_object() || peer["ipBlock"].is_object();
        !elsewhere && selects(&peer["podSelector"], labels)
    };
    let rules = rules.as_array().map_or(&[][..], |rules| rules);
    rules.iter().any(|rule| {
        let peers = rule[side].as_array();
        let ports = rule["ports"].as_array();
        peers.is_none_or(|peers| peers.iter().any(about))
            && ports.is_none_or(|ports| ports.iter().any(|it| to.port(&it["port"]) == Some(port)))
    })
}
