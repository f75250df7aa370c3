//! What processes have used, as the kernel counts it.

use std::collections::BTreeMap;
use std::path::Path;

use crate::server::Failed;

/// The kernel's unit of processor time in /proc, which Linux has kept at a hundredth of a second on
/// every machine.
const TICKS_PER_SECOND: f64 = 100.0;

/// What stands beside the services of a fleet: it costs too, and is counted apart.
const BESIDE: [&str; 3] = ["proxy", "nats", "mongodb"];

/// Processes by name; `orders-1` is a replica of a service.
pub type Pids = BTreeMap<String, u32>;

/// The processes of a fleet, from the file in which it says what runs.
pub fn listed(file: &Path) -> Result<Pids, Failed> {
    let list: BTreeMap<String, serde_json::Value> =
        serde_json::from_str(&std::fs::read_to_string(file)?)?;
    let pid = |(name, entry): (String, serde_json::Value)| {
        let pid = entry["pid"].as_u64().ok_or("a process without an id")?;
        Ok((name, u32::try_from(pid)?))
    };
    list.into_iter().map(pid).collect()
}

/// Whether a process is a service, and not what services run on.
pub fn is_service(name: &str) -> bool {
    !BESIDE.contains(&name)
}

/// Seconds of processor time by process, in user and in kernel mode.
#[derive(Debug, Clone, Default)]
pub struct Cpu(pub BTreeMap<String, f64>);

impl Cpu {
    /// What these processes have used so far.
    pub fn of(pids: &Pids) -> Result<Self, Failed> {
        let used = |(name, pid): (&String, &u32)| Ok((name.clone(), cpu_seconds(*pid)?));
        pids.iter().map(used).collect::<Result<_, Failed>>().map(Self)
    }

    /// What was used since `before`, for a thousand of `done`.
    pub fn per_thousand_since(&self, before: &Self, done: u64) -> Self {
        let used = |(name, now): (&String, &f64)| {
            let before = before.0.get(name).copied().unwrap_or_default();
            (name.clone(), (now - before) / done as f64 * 1_000.0)
        };
        Self(self.0.iter().map(used).collect())
    }

    /// Of all services together.
    pub fn of_services(&self) -> f64 {
        self.0.iter().filter(|(name, _)| is_service(name)).map(|(_, used)| used).sum()
    }
}

fn cpu_seconds(pid: u32) -> Result<f64, Failed> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name in parentheses may hold anything; what is counted begins after it.
    let (_, fields) = stat.rsplit_once(") ").ok_or("an odd /proc/pid/stat")?;
    let fields: Vec<&str> = fields.split(' ').collect();
    let ticks = |index: usize| -> Result<f64, Failed> {
        Ok(fields.get(index).ok_or("an odd /proc/pid/stat")?.parse()?)
    };
    Ok((ticks(11)? + ticks(12)?) / TICKS_PER_SECOND)
}

/// Memory that a process holds, in MB.
pub fn resident_mb(pid: u32) -> Result<f64, Failed> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)).ok_or("no VmRSS")?;
    Ok(kib.parse::<f64>()? / 1024.0)
}
