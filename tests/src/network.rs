//! A network for the processes of a fleet, whose wires can be cut: each process in a network
//! namespace of its own, and a router between them that drops what the test tells it to.
//!
//! What is dropped vanishes without a word, as where a cable is pulled or a switch fails: nobody is
//! refused, connections stay open, and whoever waits for an answer waits. That is why it is not
//! done by closing ports or sockets. The router drops by rules of routing (`ip rule … blackhole`),
//! for which a kernel needs no packet filter.
//!
//! What is not in a namespace (the proxy, and the tests) is one node of the network too, [`HERE`].

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use serde_json::json;

/// The node that is this machine's own network: the proxy's, and the tests'.
pub const HERE: &str = "here";

/// What every namespace of ours is called, before the process id of whoever made it.
const PREFIX: &str = "ticketing-";

/// Addresses for trials of networks (RFC 2544), which are in use nowhere.
const FIRST: u32 = u32::from_be_bytes([198, 18, 0, 0]);

/// How many addresses one network has, and how many of them each node.
const OF_NETWORK: u32 = 64;
const OF_NODE: u32 = 4;

/// So many networks fit beside one another.
const NETWORKS: u32 = 2 * 65_536 / OF_NETWORK;

/// Which rules are looked at first; lower than the kernel's own.
const PRIORITY: &str = "100";

const ADVICE: &str = "this test makes network namespaces: run it as root on Linux, with iproute2 \
                      installed (Debian: apt-get install iproute2); in a container, with the \
                      capabilities NET_ADMIN and SYS_ADMIN";

/// Which packets are dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Those of both.
    Both,
    /// Those of the first to the second: it hears, and is not heard.
    FirstIsNotHeard,
}

/// Nodes, a wire from each to the router, and what is cut. It is taken down when this is dropped.
#[derive(Debug)]
pub struct Network {
    /// By name, in the order of their addresses.
    nodes: BTreeMap<String, Node>,
    router: String,
    cut: Mutex<Vec<[Ipv4Addr; 2]>>,
    /// Who is where, for the fleet.
    list: PathBuf,
}

#[derive(Debug)]
struct Node {
    /// None for [`HERE`].
    namespace: Option<String>,
    address: Ipv4Addr,
}

impl Network {
    /// Lays a network with these nodes, and says in `folder` who is where.
    ///
    /// # Panics
    /// If this process may not do that; the message says what to do.
    pub fn lay(names: &[String], folder: &Path) -> Self {
        clear_what_others_left();
        let pid = std::process::id();
        let first = FIRST + (pid % NETWORKS) * OF_NETWORK;
        let router = format!("{PREFIX}{pid}-0");
        let mut network = Self {
            nodes: BTreeMap::new(),
            router: router.clone(),
            cut: Mutex::default(),
            list: folder.join("network.json"),
        };
        ip(&["netns", "add", &router]);
        let forward = ["netns", "exec", &router, "sysctl", "-qw", "net.ipv4.ip_forward=1"];
        ip(&forward);
        let here = HERE.to_owned();
        for (name, index) in std::iter::once(&here).chain(names).zip(0..) {
            assert!((index + 1) * OF_NODE <= OF_NETWORK, "a network has room for few nodes");
            let is_here = name == HERE;
            let namespace = (!is_here).then(|| format!("{PREFIX}{pid}-{}", index + 1));
            let [theirs, ours] = [1, 2].map(|n| Ipv4Addr::from(first + index * OF_NODE + n));
            network.wire(index, namespace.as_deref(), theirs, ours);
            network.nodes.insert(name.clone(), Node { namespace, address: ours });
        }
        let whole = format!("{}/26", Ipv4Addr::from(first));
        ip(&["route", "add", &whole, "via", &Ipv4Addr::from(first + 1).to_string()]);
        network.write_list();
        network
    }

    /// Puts a wire between the router, which is at `theirs`, and a node at `ours`.
    fn wire(&self, index: u32, namespace: Option<&str>, theirs: Ipv4Addr, ours: Ipv4Addr) {
        // The names of devices are short; those of this machine's own network must be unique.
        let (far, near) = (format!("r{index}"), format!("tt{}n{index}", std::process::id()));
        ip(&["link", "add", &near, "type", "veth", "peer", "name", &far, "netns", &self.router]);
        let [theirs_of, ours_of] = [theirs, ours].map(|address| format!("{address}/30"));
        ip(&["-n", &self.router, "address", "add", &theirs_of, "dev", &far]);
        ip(&["-n", &self.router, "link", "set", &far, "up"]);
        let Some(namespace) = namespace else {
            ip(&["address", "add", &ours_of, "dev", &near]);
            ip(&["link", "set", &near, "up"]);
            return;
        };
        ip(&["netns", "add", namespace]);
        ip(&["link", "set", &near, "netns", namespace]);
        ip(&["-n", namespace, "link", "set", "lo", "up"]);
        ip(&["-n", namespace, "address", "add", &ours_of, "dev", &near]);
        ip(&["-n", namespace, "link", "set", &near, "up"]);
        ip(&["-n", namespace, "route", "add", "default", "via", &theirs.to_string()]);
    }

    fn write_list(&self) {
        let named = self.nodes.iter().filter_map(|(name, node)| {
            let namespace = node.namespace.as_ref()?;
            Some((name.as_str(), json!({"namespace": namespace, "address": node.address})))
        });
        let list: BTreeMap<&str, _> = named.collect();
        std::fs::write(&self.list, json!(list).to_string()).expect("the list can be written");
    }

    /// The file that says who is where: `TICKETING_NETWORK` of the fleet.
    pub fn list(&self) -> String {
        self.list.to_string_lossy().into_owned()
    }

    /// The address of a node.
    ///
    /// # Panics
    /// If there is none of that name.
    pub fn address(&self, name: &str) -> Ipv4Addr {
        self.nodes.get(name).unwrap_or_else(|| panic!("{name} is in the network")).address
    }

    /// Cuts between two nodes, until [`heal`](Self::heal).
    ///
    /// # Panics
    /// If there are no such nodes.
    pub fn cut(&self, first: &str, second: &str, cut: Cut) {
        let [first, second] = [first, second].map(|name| self.address(name));
        let mut pairs = vec![[first, second]];
        if cut == Cut::Both {
            pairs.push([second, first]);
        }
        let mut held = self.cut.lock().expect("nobody panicked holding it");
        for pair in pairs {
            self.rule("add", pair);
            held.push(pair);
        }
    }

    /// Takes back every cut.
    ///
    /// # Panics
    /// Never while the network is there.
    pub fn heal(&self) {
        let mut held = self.cut.lock().expect("nobody panicked holding it");
        for pair in held.drain(..) {
            self.rule("delete", pair);
        }
    }

    fn rule(&self, verb: &str, [from, to]: [Ipv4Addr; 2]) {
        let (from, to) = (from.to_string(), to.to_string());
        let rule = ["from", &from, "to", &to, "priority", PRIORITY, "blackhole"];
        ip(&[&["-n", &self.router, "rule", verb][..], &rule].concat());
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        let namespaces = self.nodes.values().filter_map(|node| node.namespace.as_ref());
        // Its end of the wire to this machine's own network goes with the router, and so the route.
        for namespace in namespaces.chain([&self.router]) {
            if let Err(sentence) = try_ip(&["netns", "delete", namespace]) {
                println!("{namespace} stays: {sentence}");
            }
        }
    }
}

/// Namespaces of a test that was killed before it could take them down.
fn clear_what_others_left() {
    let list = try_ip(&["netns", "list"]).unwrap_or_else(|sentence| panic!("{sentence}; {ADVICE}"));
    let names = list.lines().filter_map(|line| line.split_whitespace().next());
    for name in names.filter(|name| name.starts_with(PREFIX)) {
        let pid = name.trim_start_matches(PREFIX).split('-').next().unwrap_or_default();
        if !Path::new("/proc").join(pid).exists() {
            ip(&["netns", "delete", name]);
        }
    }
}

fn ip(arguments: &[&str]) {
    try_ip(arguments).unwrap_or_else(|sentence| panic!("{sentence}; {ADVICE}"));
}

/// Runs `ip`; what it printed, or a sentence about what went wrong.
fn try_ip(arguments: &[&str]) -> Result<String, String> {
    let said = Command::new("ip").args(arguments).output();
    let said = said.map_err(|fault| format!("`ip` cannot be run: {fault}"))?;
    if said.status.success() {
        return Ok(String::from_utf8_lossy(&said.stdout).into_owned());
    }
    let complaint = String::from_utf8_lossy(&said.stderr).trim().to_owned();
    Err(format!("`ip {}`: {complaint}", arguments.join(" ")))
}
