//! Where processes are: together on loopback, or each in a network namespace of its own, so that
//! whoever has made these can cut the wire between any two.
//!
//! The namespaces are made by whoever starts the fleet (`tests/src/network.rs`), which names them
//! in a file: `{"orders-1": {"namespace": "…", "address": "198.18.0.6"}, …}`. Who is not in the
//! file is on loopback.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use serde_json::Value;
use tokio::process::Command;

/// Processes by name, and where each of them is.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Places(BTreeMap<String, Place>);

#[derive(Debug, PartialEq, Eq)]
struct Place {
    namespace: String,
    address: IpAddr,
}

impl Places {
    /// What `file` says; without one, everybody is on loopback.
    ///
    /// # Errors
    /// With a sentence, where it cannot be read.
    pub fn read(file: Option<&Path>) -> Result<Self, String> {
        let Some(file) = file else { return Ok(Self::default()) };
        let text = std::fs::read_to_string(file);
        let text = text.map_err(|error| format!("--network: {}: {error}", file.display()))?;
        Self::parse(&text).map_err(|reason| format!("--network: {}: {reason}", file.display()))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let list: BTreeMap<String, Value> =
            serde_json::from_str(text).map_err(|error| error.to_string())?;
        let place = |(name, entry): (String, Value)| {
            let namespace = entry["namespace"].as_str().map(str::to_owned);
            let address = entry["address"].as_str().and_then(|address| address.parse().ok());
            let unfit = || format!("{name} wants a namespace and an address");
            let (namespace, address) = namespace.zip(address).ok_or_else(unfit)?;
            Ok((name, Place { namespace, address }))
        };
        list.into_iter().map(place).collect::<Result<_, String>>().map(Self)
    }

    /// Where the process of that name listens.
    pub fn address(&self, name: &str) -> IpAddr {
        self.0.get(name).map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |place| place.address)
    }

    /// Starts `program` where the process of that name is. What enters a namespace becomes the
    /// program, so that signals reach it.
    pub fn command(&self, name: &str, program: &Path) -> Command {
        let Some(place) = self.0.get(name) else { return Command::new(program) };
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &place.namespace]).arg(program);
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_in_the_file_is_in_a_namespace_and_everybody_else_on_loopback() {
        let places = r#"{"nats": {"namespace": "north", "address": "198.18.0.6"}}"#;
        let places = Places::parse(places).unwrap();
        assert_eq!(places.address("nats"), IpAddr::from([198, 18, 0, 6]));
        assert_eq!(places.address("auth-1"), IpAddr::from([127, 0, 0, 1]));
        let shown = |name| format!("{:?}", places.command(name, Path::new("server")).as_std());
        assert_eq!(shown("nats"), r#""ip" "netns" "exec" "north" "server""#);
        assert_eq!(shown("auth-1"), r#""server""#);
        assert!(Places::parse(r#"{"nats": {"namespace": "north"}}"#).is_err());
    }
}
