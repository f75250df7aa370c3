//! Passwords, where what services run on asks for them: as in a cluster, each service is a user of
//! its own there.
//!
//! They are files in one folder, read whenever a process is started: what is started anew takes new
//! ones.

use std::path::PathBuf;

/// Who may do what on NATS, as everywhere.
const NATS_USERS: &str = include_str!("../../infra/nats/users.conf");

/// The folder, if there is one: without it nobody asks for passwords.
#[derive(Debug, Clone)]
pub struct Secrets(pub Option<PathBuf>);

impl Secrets {
    /// What the file `name` holds.
    fn read(&self, name: &str) -> Option<String> {
        // A service without its password is refused, and says so.
        let text = std::fs::read_to_string(self.0.as_ref()?.join(name)).ok()?;
        Some(text.trim().to_owned())
    }

    /// `url` as `service` is told it: with the user and password in the file `{service}-mongodb`,
    /// who are of its own database.
    pub fn mongodb(&self, url: &str, service: &str, database: &str) -> String {
        let user = self.read(&format!("{service}-mongodb"));
        match (user, url.split_once("://")) {
            (Some(user), Some((scheme, rest))) => {
                let query = if rest.contains('?') { '&' } else { '?' };
                format!("{scheme}://{user}@{rest}{query}authSource={database}")
            }
            (None, _) | (_, None) => url.to_owned(),
        }
    }

    /// The address of NATS as `service` is told it: with the password in `{service}-nats`.
    pub fn nats(&self, address: impl std::fmt::Display, service: &str) -> String {
        match self.read(&format!("{service}-nats")) {
            Some(password) => format!("nats://{service}:{password}@{address}"),
            None => format!("nats://{address}"),
        }
    }

    /// What is to stand in the configuration of NATS besides.
    pub fn nats_users(&self) -> &'static str {
        if self.0.is_some() { NATS_USERS } else { "" }
    }

    /// The variables in which NATS looks for the passwords of `services`.
    pub fn nats_passwords(&self, services: &[&str]) -> Vec<(String, String)> {
        let password = |service: &&str| {
            let name = format!("NATS_{}_PASSWORD", service.to_uppercase());
            Some((name, self.read(&format!("{service}-nats"))?))
        };
        services.iter().filter_map(password).collect()
    }

    /// The file with the key that members of MongoDB know each other by. Whoever has it makes
    /// members ask for passwords.
    pub fn members_key(&self) -> Option<PathBuf> {
        self.0.as_ref().map(|folder| folder.join("members-key"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_a_password_is_told_it_with_the_address() {
        let folder = std::env::temp_dir().join(format!("secrets-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("orders-mongodb"), "orders-b:p1\n").unwrap();
        std::fs::write(folder.join("orders-nats"), "p2").unwrap();
        let secrets = Secrets(Some(folder.clone()));
        let url = secrets.mongodb("mongodb://one,two/?replicaSet=x", "orders", "o");
        assert_eq!(url, "mongodb://orders-b:p1@one,two/?replicaSet=x&authSource=o");
        assert_eq!(secrets.nats("one:4222", "orders"), "nats://orders:p2@one:4222");
        let passwords = secrets.nats_passwords(&["auth", "orders"]);
        assert_eq!(passwords, [("NATS_ORDERS_PASSWORD".to_owned(), "p2".to_owned())]);
        std::fs::remove_dir_all(folder).unwrap();
        let none = Secrets(None);
        assert_eq!(none.mongodb("mongodb://one/", "orders", "o"), "mongodb://one/");
        assert_eq!(none.nats("one:4222", "orders"), "nats://one:4222");
    }
}
