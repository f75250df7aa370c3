//! What the operator decides about accounts.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use common::config::Secret;
use lettre::message::Mailbox;

use crate::Settings;
use crate::hashing::Cost;
use crate::mail::{Folder, Letterhead, Mail, Mailer, Smtp};
use crate::passwords::Limits;

/// Passes of Argon2id over its memory, as OWASP recommends with 19 MiB.
const PASSWORD_ITERATIONS: u32 = 2;

/// So many times as many failed sign-ins come from one address as from one account before it has to
/// wait: people who share an address are many, and each mistypes for themselves.
const ADDRESS_SHARE: u32 = 5;

/// The options of this service.
#[derive(Debug, Clone, Args)]
#[group(id = "accounts")]
pub struct Options {
    /// Memory for hashing one password (Argon2id), in KiB. The default is what OWASP recommends;
    /// less is for tests
    #[arg(long, env = "TICKETING_PASSWORD_MEMORY_KIB", value_name = "KIB", default_value_t = 19_456,
          value_parser = clap::value_parser!(u32).range(8..=1_048_576))]
    pub password_memory_kib: u32,

    /// Failed sign-ins a minute for one account before it has to wait
    #[arg(long, env = "TICKETING_SIGNIN_FAILURES_PER_MINUTE", value_name = "COUNT",
          default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    pub signin_failures_per_minute: u32,

    /// Sign-ups a minute from one address before it has to wait; many people share an address
    #[arg(long, env = "TICKETING_SIGNUPS_PER_MINUTE", value_name = "COUNT", default_value_t = 600,
          value_parser = clap::value_parser!(u32).range(1..))]
    pub signups_per_minute: u32,

    /// The mail server that letters to people are sent by: smtps://user:password@host:465, or
    /// smtp://user:password@host:587, which insists on STARTTLS; ?tls=off for a relay of your own
    #[arg(long, env = "TICKETING_SMTP", value_name = "URL", hide_env_values = true)]
    pub smtp: Option<Secret>,

    /// A file that holds the URL of the mail server
    #[arg(long, env = "TICKETING_SMTP_FILE", value_name = "FILE", conflicts_with = "smtp")]
    pub smtp_file: Option<PathBuf>,

    /// Whom letters are from: Tickets <tickets@example.com>, or the address alone
    #[arg(long, env = "TICKETING_MAIL_FROM", value_name = "ADDRESS")]
    pub mail_from: Option<String>,

    /// Where letters go that no mail server is named for: a folder of .eml files, or `off`
    #[arg(long, env = "TICKETING_MAIL_FOLDER", value_name = "FOLDER")]
    pub mail_folder: Option<PathBuf>,
}

/// Whom letters in a folder are from unless somebody says so.
const FROM: &str = "Ticketing <ticketing@localhost>";

/// What turns the folder off.
const OFF: &str = "off";

impl Options {
    /// What the service is given. `site` is where its letters lead to, where that is known;
    /// `folder` is where they go if nobody says otherwise: nowhere, without one.
    ///
    /// # Errors
    /// With a sentence that names the option at fault.
    pub fn settings(&self, site: Option<&str>, folder: Option<&Path>) -> Result<Settings, String> {
        let cost = Cost::new(self.password_memory_kib, PASSWORD_ITERATIONS);
        let password_cost = cost.map_err(|error| format!("--password-memory-kib: {error}"))?;
        let failures = self.signin_failures_per_minute;
        Ok(Settings {
            password_cost,
            limits: Limits {
                failures_per_account: failures,
                failures_per_address: failures.saturating_mul(ADDRESS_SHARE),
                sign_ups_per_address: self.signups_per_minute,
            },
            mail: self.mail(site, folder)?,
            ..Settings::default()
        })
    }

    fn mail(&self, site: Option<&str>, folder: Option<&Path>) -> Result<Option<Mail>, String> {
        let smtp = Secret::read("--smtp", self.smtp.as_ref(), self.smtp_file.as_deref())?;
        // Compose files pass on variables that nobody has set, as empty ones.
        let smtp = smtp.filter(|smtp| !smtp.reveal().is_empty());
        let named = self.mail_folder.as_deref();
        let from = self.mail_from.as_deref().filter(|from| !from.is_empty());
        let (from, mailer): (Mailbox, Arc<dyn Mailer>) = match (smtp, named) {
            (Some(_), Some(named)) if named != Path::new(OFF) => {
                return Err("--mail-folder and --smtp: letters go to a folder or to a mail \
                            server; name one of them"
                    .to_owned());
            }
            (Some(smtp), _) => {
                let from = mailbox(from.ok_or(
                    "--mail-from is missing: whom letters are from, at a domain that the mail \
                     server sends for",
                )?)?;
                let server = Smtp::new(smtp.reveal(), from.email.domain());
                (from, Arc::new(server.map_err(|error| format!("--smtp: {error}"))?))
            }
            (None, named) => {
                let from = mailbox(from.unwrap_or(FROM))?;
                let folder = named.or(folder).filter(|folder| *folder != Path::new(OFF));
                let Some(folder) = folder else { return Ok(None) };
                (from, Arc::new(Folder::new(folder)))
            }
        };
        let site = site.map(|site| site.trim_end_matches('/').to_owned());
        Ok(Some(Mail { mailer, letterhead: Letterhead { from, site } }))
    }
}

fn mailbox(text: &str) -> Result<Mailbox, String> {
    text.parse().map_err(|_| {
        "--mail-from must be like Tickets <tickets@example.com>, or an address alone".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Cli {
        #[command(flatten)]
        accounts: Options,
    }

    fn parse(args: &[&str]) -> Options {
        Cli::parse_from(std::iter::once("auth").chain(args.iter().copied())).accounts
    }

    fn refusal(args: &[&str]) -> String {
        match parse(args).settings(None, None) {
            Ok(_) => String::new(),
            Err(sentence) => sentence,
        }
    }

    const SERVER: [&str; 2] = ["--smtp", "smtps://ada:hunter2@mail.example"];
    const FROM_US: [&str; 2] = ["--mail-from", "Tickets <tickets@example.com>"];

    #[test]
    fn letters_go_to_the_server_or_the_folder_that_is_named_and_else_where_they_always_do() {
        let mails = |args: &[&str], folder: Option<&str>| {
            parse(args).settings(None, folder.map(Path::new)).unwrap().mail.is_some()
        };
        assert!(mails(&[SERVER, FROM_US].concat(), None));
        assert!(mails(&[&SERVER[..], &FROM_US, &["--mail-folder", "off"]].concat(), Some("mail")));
        assert!(mails(&["--mail-folder", "letters"], None));
        assert!(mails(&[], Some("mail")));
        assert!(!mails(&[], None));
        assert!(!mails(&["--mail-folder", "off"], Some("mail")));
        assert!(mails(&["--smtp", "", "--mail-from", ""], Some("mail")));
    }

    #[test]
    fn what_is_wrong_is_said_and_no_password_repeated() {
        let with = |url: &'static str| [&["--smtp", url][..], &FROM_US].concat();
        for (args, said) in [
            (SERVER.to_vec(), "--mail-from is missing"),
            ([SERVER, ["--mail-from", "tickets"]].concat(), "--mail-from must be like"),
            ([SERVER, ["--mail-from", "a@b.example\r\nBcc: c@d.example"]].concat(), "--mail-from"),
            ([&SERVER[..], &FROM_US, &["--mail-folder", "x"]].concat(), "name one of them"),
            (with("mail.example"), "--smtp: a mail server is named like"),
            (with("https://ada:hunter2@mail.example"), "--smtp: a mail server is named like"),
            (with("smtp://ada:hunter2@mail.example?tls=off"), "would read the password"),
            (with("smtps://ada:hunter2@mail.example?tls=off"), "tls is required or off"),
            (with("smtps://ada:hunter2@mail.example?user=x"), "it takes no user"),
            (with("smtps://ada@mail.example"), "a user and no password"),
            (with("smtps://:hunter2@mail.example"), "a password and no user"),
            (with("smtps://ada:hunter2@mail.example/inbox"), "it takes no path"),
            (with("smtps://ada:hunter2@mail.example:port"), "invalid port"),
        ] {
            let refused = refusal(&args);
            assert!(refused.contains(said), "{args:?}: {refused}");
            assert!(!refused.contains("hunter2"), "I28: {refused}");
        }
    }

    #[test]
    fn i28_the_servers_password_is_not_shown() {
        let shown = format!("{:?}", parse(&SERVER));
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
