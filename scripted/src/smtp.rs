//! A mail server, as far as our code speaks with one: RFC 5321 with PLAIN authentication, without
//! sockets and TLS. It takes letters, puts them off, refuses them, hangs up, or falls silent after
//! it has taken one.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Most octets of a line, its end included.
const MAX_LINE: usize = 1_000;

/// What goes wrong with a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Its reader is not known yet: come again (450).
    Greylisted,
    /// It was sent, and is not taken now (451).
    PutOff,
    /// There is no such reader (550).
    NoSuchReader,
    /// It was sent, and will never be taken (554).
    Unwanted,
    /// The server hangs up when it is about to be sent.
    HangsUpBefore,
    /// The server takes it, and hangs up before it says so.
    HangsUpAfter,
    /// The server takes it, and never says so.
    SilentAfter,
}

/// A letter that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Whom it is from, by the envelope.
    pub from: String,
    /// Whom it is for, by the envelope.
    pub to: Vec<String>,
    /// The message, lines with their ends, dots as they were meant.
    pub message: String,
}

/// The server.
pub struct Smtp {
    /// Who may send, and by what password; anybody where there is nobody.
    user: Option<(String, String)>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    faults: VecDeque<Option<Fault>>,
    taken: Vec<Taken>,
    complaints: Vec<String>,
}

impl Smtp {
    /// Takes letters from anybody; what goes wrong with them, one after another, is `faults`, and
    /// nothing with those behind.
    pub fn new(faults: impl IntoIterator<Item = Option<Fault>>) -> Self {
        let state = State { faults: faults.into_iter().collect(), ..State::default() };
        Self { user: None, state: Mutex::new(state) }
    }

    /// Takes letters from this user alone.
    #[must_use]
    pub fn of_user(self, name: &str, password: &str) -> Self {
        Self { user: Some((name.to_owned(), password.to_owned())), ..self }
    }

    /// Somebody has connected.
    pub fn conversation(&self) -> Conversation<'_> {
        Conversation { server: self, stage: Stage::Greeted, is_in: self.user.is_none() }
    }

    /// The letters taken so far.
    pub fn taken(&self) -> Vec<Taken> {
        self.lock().taken.clone()
    }

    /// What a strict server would not have liked.
    pub fn complaints(&self) -> Vec<String> {
        self.lock().complaints.clone()
    }

    fn complain(&self, complaint: String) {
        self.lock().complaints.push(complaint);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the server does when it has heard a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Says {
    /// It says this.
    This(String),
    /// It listens on.
    Nothing,
    /// It says this, and hangs up.
    Goodbye(String),
    /// It hangs up.
    HangsUp,
    /// It says nothing any more, and does not hang up.
    FallsSilent,
}

/// One connection.
pub struct Conversation<'a> {
    server: &'a Smtp,
    stage: Stage,
    is_in: bool,
}

enum Stage {
    Greeted,
    From { from: String, to: Vec<String>, fault: Option<Fault> },
    Data { letter: Taken, fault: Option<Fault> },
}

impl Conversation<'_> {
    /// What it begins with.
    pub fn greeting() -> &'static str {
        "220 scripted ESMTP\r\n"
    }

    /// Hears a line, its end included.
    pub fn hear(&mut self, line: &str) -> Says {
        if !line.ends_with("\r\n") || line[..line.len() - 2].contains(['\r', '\n']) {
            self.server.complain(format!("a line does not end as lines end: {line:?}"));
        }
        if line.len() > MAX_LINE {
            self.server.complain(format!("a line of {} octets", line.len()));
        }
        match &mut self.stage {
            Stage::Data { letter, .. } if line != ".\r\n" => {
                if !line.is_ascii() {
                    self.server.complain(format!("eight bits that nobody offered: {line:?}"));
                }
                letter.message.push_str(line.strip_prefix('.').unwrap_or(line));
                Says::Nothing
            }
            Stage::Data { letter, fault } => {
                let (letter, fault) = (letter.clone(), *fault);
                self.stage = Stage::Greeted;
                self.end_of(letter, fault)
            }
            Stage::Greeted | Stage::From { .. } => self.command(line.trim_end()),
        }
    }

    fn command(&mut self, line: &str) -> Says {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let say = |text: &str| Says::This(format!("{text}\r\n"));
        match verb.to_ascii_uppercase().as_str() {
            "EHLO" => match self.server.user {
                Some(_) => say("250-scripted\r\n250-8BITMIME\r\n250 AUTH PLAIN"),
                None => say("250-scripted\r\n250 8BITMIME"),
            },
            "NOOP" => say("250 OK"),
            "RSET" => {
                self.stage = Stage::Greeted;
                say("250 OK")
            }
            "QUIT" => Says::Goodbye("221 Bye\r\n".to_owned()),
            "AUTH" => self.sign_in(rest),
            "MAIL" if !self.is_in => say("530 5.7.0 Authentication required"),
            "MAIL" => {
                let fault = self.server.lock().faults.pop_front().flatten();
                self.stage = Stage::From { from: address(rest), to: Vec::new(), fault };
                say("250 OK")
            }
            "RCPT" => match &mut self.stage {
                Stage::From { fault: Some(Fault::Greylisted), .. } => {
                    say(&format!("450 4.2.0 <{}>: come again", address(rest)))
                }
                Stage::From { fault: Some(Fault::NoSuchReader), .. } => {
                    say(&format!("550 5.1.1 <{}>: no such user", address(rest)))
                }
                Stage::From { to, .. } => {
                    to.push(address(rest));
                    say("250 OK")
                }
                _ => say("503 5.5.1 MAIL first"),
            },
            "DATA" => self.data(),
            _ => say("502 5.5.2 What?"),
        }
    }

    fn data(&mut self) -> Says {
        let Stage::From { from, to, fault } = &self.stage else {
            return Says::This("503 5.5.1 RCPT first\r\n".to_owned());
        };
        if *fault == Some(Fault::HangsUpBefore) {
            return Says::HangsUp;
        }
        let letter = Taken { from: from.clone(), to: to.clone(), message: String::new() };
        self.stage = Stage::Data { letter, fault: *fault };
        Says::This("354 Go on\r\n".to_owned())
    }

    fn end_of(&mut self, letter: Taken, fault: Option<Fault>) -> Says {
        let say = |text: &str| Says::This(format!("{text}\r\n"));
        match fault {
            Some(Fault::PutOff) => say("451 4.3.0 Not now"),
            Some(Fault::Unwanted) => say("554 5.7.1 Not this"),
            fault => {
                self.server.lock().taken.push(letter);
                match fault {
                    Some(Fault::HangsUpAfter) => Says::HangsUp,
                    Some(Fault::SilentAfter) => Says::FallsSilent,
                    _ => say("250 2.0.0 Taken"),
                }
            }
        }
    }

    fn sign_in(&mut self, how: &str) -> Says {
        let expected = self.server.user.as_ref().map(|(name, password)| {
            format!("PLAIN {}", base64(format!("\0{name}\0{password}").as_bytes()))
        });
        self.is_in = expected.as_deref() == Some(how);
        Says::This(match self.is_in {
            true => "235 2.7.0 Come in\r\n".to_owned(),
            false => "535 5.7.8 Wrong password\r\n".to_owned(),
        })
    }
}

/// The address in `FROM:<ada@example.com> BODY=8BITMIME`.
fn address(text: &str) -> String {
    let inner = text.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inner.map_or_else(String::new, |(address, _)| address.to_owned())
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let mut word = [0_u8; 3];
        word[..three.len()].copy_from_slice(three);
        let word = u32::from_be_bytes([0, word[0], word[1], word[2]]);
        for place in 0..4 {
            let digit = DIGITS[(word >> (18 - 6 * place)) as usize % 64];
            text.push(if place <= three.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_does_not_sign_in_sends_nothing() {
        assert_eq!(base64(b"\0ada\0hunter2"), "AGFkYQBodW50ZXIy");
        assert_eq!(base64(b"a"), "YQ==");
        let server = Smtp::new([]).of_user("ada", "hunter2");
        let mut talk = server.conversation();
        let says = |says: Says| match says {
            Says::This(text) => text,
            other => format!("{other:?}"),
        };
        assert!(says(talk.hear("MAIL FROM:<a@b.example>\r\n")).starts_with("530"));
        assert!(says(talk.hear("AUTH PLAIN AGFkYQBodW50ZXIx\r\n")).starts_with("535"));
        assert!(says(talk.hear("AUTH PLAIN AGFkYQBodW50ZXIy\r\n")).starts_with("235"));
        assert!(says(talk.hear("MAIL FROM:<a@b.example>\r\n")).starts_with("250"));
    }
}
