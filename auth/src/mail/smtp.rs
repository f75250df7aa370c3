//! A mail server, spoken to by SMTP.
//!
//! Each letter has a connection of its own. Kept ones would be quicker, and would have to be closed
//! by somebody when the process stops, which the library does beside everybody; and a server that
//! has hung up meanwhile would leave a letter of which nobody knows whether it was taken.
//!
//! What a server says in words is not repeated, since it often names the reader; its code is.

use std::net::Ipv4Addr;
use std::time::Duration;

use async_trait::async_trait;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use percent_encoding::percent_decode_str;
use url::{Host, Url};

use super::{Mailer, Parcel, SendError};

/// How long a server may take for one step of the conversation.
const STEP_TIMEOUT: Duration = Duration::from_secs(20);

/// How long it may take for a letter: servers look for unwanted mail before they say that they take
/// it.
const TIMEOUT: Duration = Duration::from_secs(60);

/// What codes say when it is not the letter that is refused but whoever sends it: no, or wrong,
/// credentials, or TLS wanted first. Somebody can put that right.
const NOT_LET_IN: [u16; 4] = [530, 534, 535, 538];

/// The mail server.
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
}

impl Smtp {
    /// The server that `address` names: `smtps://user:password@host:465`, or `smtp://` with
    /// STARTTLS, which is insisted on unless `?tls=off`. It is told that `domain` calls.
    ///
    /// # Errors
    /// With what is wrong with the address, which is not repeated: it holds a password.
    pub fn new(address: &str, domain: &str) -> Result<Self, String> {
        let url = Url::parse(address).map_err(|error| format!("{FORM}; {error}"))?;
        let host = url.host().ok_or_else(|| format!("{FORM}; it names no host"))?;
        let (tls, port) = security(&url, &host)?;
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host.to_string())
            .port(url.port().unwrap_or(port))
            .tls(tls)
            .timeout(Some(STEP_TIMEOUT))
            .hello_name(ClientId::Domain(domain.to_owned()));
        if let Some(credentials) = credentials(&url)? {
            builder = builder.credentials(credentials);
        }
        Ok(Self { transport: builder.build() })
    }
}

/// How a server is named.
const FORM: &str = "a mail server is named like smtps://user:password@mail.example:465 or \
                    smtp://user:password@mail.example:587";

/// How the conversation is kept from others, and on which port it is held by default.
fn security(url: &Url, host: &Host<&str>) -> Result<(Tls, u16), String> {
    let mut wish = None;
    for (name, value) in url.query_pairs() {
        match name.as_ref() {
            "tls" => wish = Some(value.into_owned()),
            other => return Err(format!("{FORM}; it takes no {other}")),
        }
    }
    if !matches!(url.path(), "" | "/") {
        return Err(format!("{FORM}; it takes no path"));
    }
    let parameters = || {
        TlsParameters::new(host.to_string())
            .map_err(|_| "there are no certificates to know the server by".to_owned())
    };
    match (url.scheme(), wish.as_deref()) {
        ("smtps", None | Some("required")) => Ok((Tls::Wrapper(parameters()?), 465)),
        ("smtp", None | Some("required")) => Ok((Tls::Required(parameters()?), 587)),
        ("smtp", Some("off")) if url.username().is_empty() || is_loopback(host) => {
            Ok((Tls::None, 25))
        }
        ("smtp", Some("off")) => {
            Err("with tls=off everybody on the way would read the password; give none, or take \
                 tls=required"
                .to_owned())
        }
        ("smtps" | "smtp", _) => Err(format!("{FORM}; tls is required or off")),
        _ => Err(FORM.to_owned()),
    }
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        // In URLs of no scheme of the web an IPv4 address is a name like any other.
        Host::Domain(name) => {
            let address = name.parse::<Ipv4Addr>();
            *name == "localhost" || address.is_ok_and(|address| address.is_loopback())
        }
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

fn credentials(url: &Url) -> Result<Option<Credentials>, String> {
    let decoded = |text: &str| {
        let text = percent_decode_str(text).decode_utf8();
        text.map(|text| text.into_owned()).map_err(|_| format!("{FORM}; %… must make UTF-8"))
    };
    match (url.username(), url.password()) {
        ("", None) => Ok(None),
        ("", Some(_)) => Err(format!("{FORM}; it names a password and no user")),
        (_, None) => Err(format!("{FORM}; it names a user and no password")),
        (user, Some(password)) => Ok(Some(Credentials::new(decoded(user)?, decoded(password)?))),
    }
}

#[async_trait]
impl Mailer for Smtp {
    fn timeout(&self) -> Duration {
        TIMEOUT
    }

    async fn send(&self, parcel: &Parcel) -> Result<(), SendError> {
        let sent = self.transport.send_raw(&parcel.envelope, &parcel.bytes).await;
        sent.map(drop).map_err(|error| reason(&error, parcel))
    }
}

/// What an error means for the letter, without what may name its reader.
fn reason(error: &Error, parcel: &Parcel) -> SendError {
    if let Some(code) = error.status().map(u16::from) {
        let said = format!("the mail server says {code}");
        return match error.is_permanent() && !NOT_LET_IN.contains(&code) {
            true => SendError::Refused(said),
            false => SendError::Failed(said),
        };
    }
    let is_plain = parcel.envelope.to().iter().all(|to| AsRef::<str>::as_ref(to).is_ascii());
    if error.is_client() && !is_plain {
        return SendError::Refused("the mail server takes no address of other letters".to_owned());
    }
    SendError::Failed(match error {
        error if error.is_timeout() => "the mail server does not answer in time".to_owned(),
        error if error.is_tls() => "there is no TLS with the mail server".to_owned(),
        error if error.is_response() => "the mail server's answers make no sense".to_owned(),
        error if error.is_client() => {
            "the mail server offers no way to sign in, or no TLS".to_owned()
        }
        _ => "the mail server is not reached, or hangs up".to_owned(),
    })
}
