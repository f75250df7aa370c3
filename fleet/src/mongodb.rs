//! The members of a replica set of MongoDB, where they are to be started too.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::places::Places;
use crate::process::Processes;

/// What the address of a set must be like whose members are started here.
const UNFIT: &str = "--mongodb: with --mongod it must name an address and a port for each member, \
                     like mongodb://127.0.0.1:27017/?replicaSet=NAME";

/// A replica set, as its address says it.
#[derive(Debug, PartialEq, Eq)]
pub struct Members {
    set: String,
    addresses: Vec<SocketAddr>,
}

impl Members {
    /// What is to be started for `url`.
    ///
    /// # Errors
    /// With a sentence, where it does not say enough.
    pub fn read(url: &str) -> Result<Self, String> {
        let (_, rest) = url.split_once("://").ok_or(UNFIT)?;
        let (addresses, query) = rest.split_once('/').ok_or(UNFIT)?;
        let addresses = addresses.split(',').map(str::parse).collect::<Result<_, _>>();
        let (_, set) = query.split_once("replicaSet=").ok_or(UNFIT)?;
        let set = set.split('&').next().unwrap_or(set).to_owned();
        Ok(Self { set, addresses: addresses.map_err(|_| UNFIT)? })
    }

    /// The name of each member, which is that of its folder too, and where it listens. One that is
    /// alone needs no number.
    fn named(&self) -> impl Iterator<Item = (String, SocketAddr)> {
        let is_alone = self.addresses.len() == 1;
        let name = move |number: usize| match is_alone {
            true => "mongodb".to_owned(),
            false => format!("mongodb-{number}"),
        };
        self.addresses.iter().enumerate().map(move |(index, at)| (name(index + 1), *at))
    }

    /// Starts them, each on its folder below `data`. With the file `key` they ask for passwords.
    ///
    /// # Errors
    /// With a sentence, where one cannot be started.
    pub fn start(
        &self,
        processes: &Arc<Processes>,
        places: &Arc<Places>,
        program: &Path,
        data: &Path,
        key: Option<PathBuf>,
    ) -> Result<(), String> {
        for (name, address) in self.named() {
            let (program, folder) = (program.to_owned(), data.join(&name));
            let failed = |error| format!("the folder {} cannot be used: {error}", folder.display());
            std::fs::create_dir_all(&folder).map_err(failed)?;
            let (places, set, own) = (Arc::clone(places), self.set.clone(), name.clone());
            let key = key.clone();
            let recipe = move || {
                let mut command = places.command(&own, &program);
                command.args(["--quiet", "--bind_ip", &address.ip().to_string(), "--port"]);
                command.arg(address.port().to_string()).args(["--replSet", &set]);
                command.args(["--setParameter", "transactionLifetimeLimitSeconds=5"]);
                command.args(["--wiredTigerCacheSizeGB", "0.5", "--dbpath"]).arg(&folder);
                if let Some(key) = &key {
                    command.arg("--keyFile").arg(key);
                }
                command
            };
            processes.start(name, Box::new(recipe), |_| {})?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_member_of_the_address_has_a_name() {
        let names = |url| {
            let members = Members::read(url).unwrap();
            assert_eq!(members.set, "tests");
            members.named().map(|(name, at)| format!("{name} {at}")).collect::<Vec<_>>()
        };
        let alone = "mongodb://127.0.0.1:7000/?replicaSet=tests";
        assert_eq!(names(alone), ["mongodb 127.0.0.1:7000"]);
        let two = "mongodb://127.0.0.1:7000,127.0.0.1:7001/?replicaSet=tests&appName=x";
        assert_eq!(names(two), ["mongodb-1 127.0.0.1:7000", "mongodb-2 127.0.0.1:7001"]);
    }

    #[test]
    fn an_address_that_says_too_little_is_a_sentence() {
        for url in ["127.0.0.1:7000", "mongodb://127.0.0.1:7000", "mongodb://db/?replicaSet=x"] {
            assert_eq!(Members::read(url), Err(UNFIT.to_owned()), "{url}");
        }
    }
}
