//! What every rendering must be like.
//!
//! A policy is a name, what finds breaches of it, and what spoils a rendering so that there is one.
//! Each run judges the rendering as it is, which must pass, and as each policy spoils it, which
//! that policy must refuse: a policy that cannot fail is no policy.

use serde_json::{Value, json};

use super::objects::{Objects, Workload, name_of, selects};
use super::{edges, members};
use crate::program::Failure;
use crate::tally::Tally;

/// Seconds between being told to stop and being gone: latecomers, requests and workers, as
/// `common::run` has them, and one for the process itself.
const DRAIN_SECONDS: u64 = 5 + 10 + 10 + 1;

struct Policy {
    name: &'static str,
    breaches: fn(&Objects) -> Vec<String>,
    spoil: fn(&mut Objects) -> Option<()>,
}

const POLICIES: &[Policy] = &[
    Policy {
        name: "every image has a tag that says a version",
        breaches: |objects| in_containers(objects, |_, container| is_pinned(container)),
        spoil: |objects| set(objects.container_mut("Deployment")?, "/image", json!("x:latest")),
    },
    Policy {
        name: "every container asks for CPU and memory, and has a limit of both",
        breaches: |objects| in_containers(objects, |_, container| has_resources(container)),
        spoil: |objects| {
            set(objects.container_mut("Deployment")?, "/resources/limits", json!({"cpu": "2"}))
        },
    },
    Policy {
        name: "what serves has a startup, a readiness and a liveness probe",
        breaches: |objects| in_containers(objects, |pod, it| !pod.serves() || has_probes(it)),
        spoil: |objects| set(objects.container_mut("Deployment")?, "/livenessProbe", Value::Null),
    },
    Policy {
        name: "every container is confined: not root, nothing to write, no privileges to gain",
        breaches: |objects| in_containers(objects, is_confined),
        spoil: |objects| {
            let container = objects.container_mut("Deployment")?;
            set(container, "/securityContext/readOnlyRootFilesystem", json!(false))
        },
    },
    Policy {
        name: "no pod has a token of the cluster, and each has an account of its own",
        breaches: |objects| in_pods(objects, |pod| has_no_token(objects, pod)),
        spoil: |objects| {
            let pod = objects.first_mut("Deployment")?;
            set(pod, "/spec/template/spec/automountServiceAccountToken", json!(true))
        },
    },
    Policy {
        name: "what serves may be disrupted one pod at a time",
        breaches: |objects| in_pods(objects, |pod| !pod.serves() || has_budget(objects, pod)),
        spoil: |objects| drop_first(objects, "PodDisruptionBudget"),
    },
    Policy {
        name: "what serves is spread over nodes and zones",
        breaches: |objects| in_pods(objects, |pod| !pod.serves() || is_spread(pod)),
        spoil: |objects| {
            let object = objects.first_mut("Deployment")?;
            set(object, "/spec/template/spec/topologySpreadConstraints", json!([]))
        },
    },
    Policy {
        name: "an autoscaler alone says how many of a Deployment there are",
        breaches: |objects| in_pods(objects, |pod| is_scaled(objects, pod)),
        spoil: |objects| {
            let spec = objects.first_mut("Deployment")?.get_mut("spec")?;
            spec.as_object_mut()?.insert("replicas".to_owned(), json!(3));
            Some(())
        },
    },
    Policy {
        name: "a pod has the time that it takes to stop",
        breaches: |objects| in_pods(objects, has_time_to_stop),
        spoil: |objects| {
            let object = objects.first_mut("Deployment")?;
            set(object, "/spec/template/spec/terminationGracePeriodSeconds", json!(10))
        },
    },
    Policy {
        name: "every Service leads to a port of a pod",
        breaches: services_that_lead_nowhere,
        spoil: |objects| {
            set(objects.first_mut("Service")?, "/spec/ports/0/targetPort", json!("gone"))
        },
    },
    Policy {
        name: "every path of the Ingress leads to a Service",
        breaches: paths_that_lead_nowhere,
        spoil: |objects| {
            let path = "/spec/rules/0/http/paths/0/backend/service/name";
            set(objects.first_mut("Ingress")?, path, json!("gone"))
        },
    },
    Policy {
        name: "the cluster refuses pods of ours that are not restricted",
        breaches: |objects| {
            let label = "/metadata/labels/pod-security.kubernetes.io~1enforce";
            let is_restricted = |space: &Value| space.pointer(label) == Some(&json!("restricted"));
            match objects.of("Namespace").any(is_restricted) {
                true => Vec::new(),
                false => vec!["no Namespace enforces `restricted`".to_owned()],
            }
        },
        spoil: |objects| drop_first(objects, "Namespace"),
    },
    Policy {
        name: "every secret that a pod refers to is made",
        breaches: secrets_that_nobody_makes,
        spoil: |objects| drop_first(objects, "Secret"),
    },
    Policy {
        name: "no variable holds a secret in plain text",
        breaches: |objects| in_containers(objects, |_, container| has_no_plain_secret(container)),
        spoil: |objects| {
            let env = objects.container_mut("Deployment")?.get_mut("env")?.as_array_mut()?;
            env.push(json!({"name": "TICKETING_NATS", "value": "nats://orders:secret@nats"}));
            Some(())
        },
    },
    Policy {
        name: "the replica set is initiated with the members that there are, and streams fit",
        breaches: members::that_do_not_fit,
        spoil: |objects| {
            objects
                .0
                .iter_mut()
                .find(|it| {
                    it["kind"] == "ConfigMap" && it["data"]["TICKETING_NATS_REPLICAS"].is_string()
                })
                .and_then(|config| set(config, "/data/TICKETING_NATS_REPLICAS", json!("5")))
        },
    },
    Policy {
        name: "each member of a set is on a node of its own, or nowhere",
        breaches: members::that_may_share_a_node,
        spoil: |objects| {
            let spread = json!({"topologyKey": "kubernetes.io/hostname", "maxSkew": 1,
                "whenUnsatisfiable": "DoNotSchedule"});
            let pod = json!({"topologySpreadConstraints": [spread]});
            objects.0.push(json!({"kind": "StatefulSet", "metadata": {"name": "crowded"},
                "spec": {"replicas": 3, "template": {"spec": pod}}}));
            Some(())
        },
    },
    Policy {
        name: "a member that is back has been with the others for a while before the next one goes",
        breaches: members::that_are_ready_at_once,
        spoil: |objects| {
            let probe = json!({"tcpSocket": {"port": "mongodb"}, "periodSeconds": 5});
            let pod = json!({"containers": [{"name": "hasty", "readinessProbe": probe}]});
            objects.0.push(json!({"kind": "StatefulSet", "metadata": {"name": "hasty"},
                "spec": {"replicas": 3, "template": {"spec": pod}}}));
            Some(())
        },
    },
    Policy {
        name: "whoever has to speak with another may, and nobody else",
        breaches: edges::breaches,
        spoil: |objects| {
            let open = json!({"kind": "NetworkPolicy", "metadata": {"name": "open"}, "spec": {
                "podSelector": {}, "policyTypes": ["Ingress", "Egress"],
                "ingress": [{}], "egress": [{}]}});
            objects.0.push(open);
            Some(())
        },
    },
    Policy {
        name: "nothing enters or leaves a pod unless a policy says so",
        breaches: edges::open_doors,
        spoil: |objects| {
            let doors = objects.0.iter().position(|it| name_of(it) == "nobody-unless-said")?;
            objects.0.remove(doors);
            Some(())
        },
    },
];

/// Holds a rendering against all policies, and each policy against a rendering that breaks it.
///
/// # Errors
/// With every breach, and with every policy that a breach got past.
pub fn judge(overlay: &str, objects: &Objects) -> Result<Tally, Failure> {
    let mut tally = Tally::default();
    let mut found = Vec::new();
    for policy in POLICIES {
        let breaches = (policy.breaches)(objects);
        let mut spoiled = objects.clone();
        let bites =
            (policy.spoil)(&mut spoiled).is_some() && !(policy.breaches)(&spoiled).is_empty();
        if breaches.is_empty() && bites {
            tally.passed += 1;
        } else {
            tally.failed += 1;
        }
        found.extend(breaches.iter().map(|breach| format!("{}: {breach}", policy.name)));
        if !bites {
            found.push(format!("{}: a rendering that breaks it passes", policy.name));
        }
    }
    if found.is_empty() {
        println!("{overlay}: {} policies hold, and each refuses what breaks it", POLICIES.len());
        return Ok(tally);
    }
    let reason = format!("{overlay} breaks policies:\n{}", found.join("\n"));
    Err(Failure { tally, reason })
}

fn in_pods(objects: &Objects, holds: impl Fn(&Workload<'_>) -> bool) -> Vec<String> {
    let broken = objects.workloads().filter(|pod| !holds(pod));
    broken.map(|pod| format!("{} {}", pod.kind, pod.name)).collect()
}

fn in_containers(objects: &Objects, holds: impl Fn(&Workload<'_>, &Value) -> bool) -> Vec<String> {
    in_pods(objects, |pod| pod.containers().all(|container| holds(pod, container)))
}

fn is_pinned(container: &Value) -> bool {
    let image = container["image"].as_str().unwrap_or_default();
    let name = image.rsplit('/').next().unwrap_or_default();
    name.split_once(':').is_some_and(|(_, tag)| tag.starts_with(|it: char| it.is_ascii_digit()))
}

fn has_resources(container: &Value) -> bool {
    let kinds = ["requests", "limits"];
    kinds.iter().all(|kind| {
        let of = &container["resources"][*kind];
        of["cpu"].is_string() && of["memory"].is_string()
    })
}

fn has_probes(container: &Value) -> bool {
    let probes = ["startupProbe", "readinessProbe", "livenessProbe"];
    probes.iter().all(|probe| container[*probe].is_object())
}

fn is_confined(pod: &Workload<'_>, container: &Value) -> bool {
    let (of_pod, own) = (&pod.pod["securityContext"], &container["securityContext"]);
    of_pod["runAsNonRoot"] == true
        && of_pod["runAsUser"].as_u64().is_some_and(|user| user > 0)
        && of_pod["seccompProfile"]["type"] == "RuntimeDefault"
        && own["allowPrivilegeEscalation"] == false
        && own["readOnlyRootFilesystem"] == true
        && own["capabilities"] == json!({"drop": ["ALL"]})
        && own["privileged"].is_null()
        && own["runAsUser"].is_null()
        && ["hostNetwork", "hostPID", "hostIPC"].iter().all(|it| pod.pod[*it].is_null())
}

fn has_no_token(objects: &Objects, pod: &Workload<'_>) -> bool {
    let account = pod.pod["serviceAccountName"].as_str().unwrap_or("default");
    let account = objects.named("ServiceAccount", account);
    pod.pod["automountServiceAccountToken"] == false
        && account.is_some_and(|it| it["automountServiceAccountToken"] == false)
}

fn has_budget(objects: &Objects, pod: &Workload<'_>) -> bool {
    objects.of("PodDisruptionBudget").any(|budget| {
        selects(&budget["spec"]["selector"], pod.labels) && budget["spec"]["maxUnavailable"] == 1
    })
}

fn is_spread(pod: &Workload<'_>) -> bool {
    let constraints = pod.pod["topologySpreadConstraints"].as_array().map_or(&[][..], |it| it);
    let over = |key: &str| {
        constraints.iter().any(|it| {
            let chosen = &it["labelSelector"];
            let keys = it["matchLabelKeys"].as_array().map_or(&[][..], |keys| keys);
            // Kubernetes refuses a key that is in both.
            let twice = keys.iter().filter_map(Value::as_str);
            let twice = twice.filter(|key| !chosen["matchLabels"][*key].is_null()).count();
            it["topologyKey"] == key && selects(chosen, pod.labels) && twice == 0
        })
    };
    over("kubernetes.io/hostname") && over("topology.kubernetes.io/zone")
}

fn is_scaled(objects: &Objects, pod: &Workload<'_>) -> bool {
    let scaled = objects.of("HorizontalPodAutoscaler").any(|scaler| {
        let (spec, target) = (&scaler["spec"], &scaler["spec"]["scaleTargetRef"]);
        target["kind"] == "Deployment" && target["name"] == pod.name && spec["metrics"].is_array()
    });
    pod.kind != "Deployment" || scaled && pod.object["spec"]["replicas"].is_null()
}

fn has_time_to_stop(pod: &Workload<'_>) -> bool {
    let grace = pod.pod["terminationGracePeriodSeconds"].as_u64().unwrap_or(30);
    let mut waits =
        pod.containers().map(|it| it["lifecycle"]["preStop"]["sleep"]["seconds"].as_u64());
    match pod.kind {
        "Deployment" => waits.all(|wait| wait.is_some_and(|wait| wait + DRAIN_SECONDS <= grace)),
        _ => grace >= 30,
    }
}

fn services_that_lead_nowhere(objects: &Objects) -> Vec<String> {
    let leads = |service: &Value, port: &Value| {
        let chosen = json!({"matchLabels": service["spec"]["selector"]});
        let mut pods = objects.workloads().filter(|pod| selects(&chosen, pod.labels));
        pods.any(|pod| pod.port(&port["targetPort"]).is_some())
    };
    let all = |service: &Value| {
        let ports = service["spec"]["ports"].as_array();
        ports.is_some_and(|ports| ports.iter().all(|port| leads(service, port)))
    };
    let broken = objects.of("Service").filter(|service| !all(service));
    broken.map(|service| name_of(service).to_owned()).collect()
}

fn paths_that_lead_nowhere(objects: &Objects) -> Vec<String> {
    let rules = objects.of("Ingress").filter_map(|it| it["spec"]["rules"].as_array()).flatten();
    let paths = rules.filter_map(|rule| rule["http"]["paths"].as_array()).flatten();
    let leads = |path: &Value| {
        let backend = &path["backend"]["service"];
        let service = objects.named("Service", backend["name"].as_str().unwrap_or_default());
        let ports = service.and_then(|service| service["spec"]["ports"].as_array());
        ports.is_some_and(|ports| ports.iter().any(|it| it["name"] == backend["port"]["name"]))
    };
    let paths: Vec<&Value> = paths.collect();
    let broken = paths.iter().filter(|path| !leads(path));
    let mut found: Vec<String> = broken.map(|path| path["path"].to_string()).collect();
    let services = ["/api/users", "/api/tickets", "/api/orders", "/api/payments"];
    for owner in [&services[..], &["/api/docs", "/api/openapi.json", "/"]].concat() {
        if !paths.iter().any(|path| path["path"] == owner) {
            found.push(format!("{owner} is not there"));
        }
    }
    found
}

/// Secrets, and keys in them, that pods refer to and that are not among the objects.
fn secrets_that_nobody_makes(objects: &Objects) -> Vec<String> {
    let has = |name: &Value, key: Option<&Value>| {
        let secret = objects.named("Secret", name.as_str().unwrap_or_default());
        let key = key.map(|key| key.as_str().unwrap_or_default());
        secret.is_some_and(|secret| {
            let parts = [&secret["data"], &secret["stringData"]];
            key.is_none_or(|key| parts.iter().any(|part| part[key].is_string()))
        })
    };
    in_pods(objects, |pod| {
        let volumes = pod.pod["volumes"].as_array().into_iter().flatten();
        let mut volumes = volumes.filter(|volume| volume["secret"].is_object());
        let files = volumes.all(|volume| {
            let secret = &volume["secret"];
            let items = secret["items"].as_array().map_or(&[][..], |items| items);
            has(&secret["secretName"], None)
                && items.iter().all(|item| has(&secret["secretName"], Some(&item["key"])))
        });
        let mut containers = pod.containers();
        files
            && containers.all(|container| {
                let env = container["env"].as_array().into_iter().flatten();
                let mut keys = env.filter_map(|it| it.pointer("/valueFrom/secretKeyRef"));
                let from = container["envFrom"].as_array().into_iter().flatten();
                let mut wholes = from.filter_map(|it| it.get("secretRef"));
                keys.all(|it| has(&it["name"], Some(&it["key"])))
                    && wholes.all(|it| has(&it["name"], None))
            })
    })
}

fn has_no_plain_secret(container: &Value) -> bool {
    let env = container["env"].as_array().into_iter().flatten();
    let mut plain = env.filter_map(|it| Some((it["name"].as_str()?, it["value"].as_str()?)));
    plain.all(|(name, value)| {
        let is_file = name.ends_with("_FILE");
        let is_secret = ["PASSWORD", "SECRET", "KEY", "MONGODB", "TOKEN"]
            .iter()
            .any(|word| name.contains(word));
        let is_login = value.contains('@') && !value.contains("$(");
        is_file || !is_secret && !is_login
    })
}

/// Puts `to` where `pointer` leads.
fn set(value: &mut Value, pointer: &str, to: Value) -> Option<()> {
    *value.pointer_mut(pointer)? = to;
    Some(())
}

/// Takes the first object of `kind` away.
fn drop_first(objects: &mut Objects, kind: &str) -> Option<()> {
    let index = objects.0.iter().position(|object| object["kind"] == kind)?;
    objects.0.remove(index);
    Some(())
}
