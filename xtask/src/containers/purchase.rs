//! A purchase over HTTP, by two people and with nothing but what anybody can send.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::program::Failure;

/// How long the parts of a marketplace may take to hear of one another.
const HEARD_WITHIN: Duration = Duration::from_secs(30);
/// How long one answer may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// What was bought, and by whom.
pub struct Bought {
    session: String,
    order: String,
}

/// Sells a ticket and buys it at `address`.
///
/// # Errors
/// When anything is not answered as it should be.
pub fn buy(address: &str) -> Result<Bought, Failure> {
    let seller = sign_up(address, "seller@example.com")?;
    let session = sign_up(address, "buyer@example.com")?;
    let front = ask(address, "GET", "/", None, None)?;
    if front.status != 200 {
        return Err(Failure::new(format!("the front page answers {}", front.status)));
    }
    let ticket = json!({"title": "Front row", "price": "42.50"});
    let ticket = ask(address, "POST", "/api/tickets", Some(&seller), Some(&ticket))?;
    let ticket = ticket.id(201)?;
    // Orders has to have heard of the ticket first.
    let order = until("an order", || {
        let wanted = json!({"ticketId": ticket});
        let answer = ask(address, "POST", "/api/orders", Some(&session), Some(&wanted))?;
        if answer.status == 404 { Ok(None) } else { answer.id(201).map(Some) }
    })?;
    until("a payment", || {
        let wanted = json!({"orderId": order, "token": "tok_visa"});
        let answer = ask(address, "POST", "/api/payments", Some(&session), Some(&wanted))?;
        if answer.status == 404 { Ok(None) } else { answer.id(201).map(Some) }
    })?;
    let bought = Bought { session, order };
    bought.still_is(address)?;
    Ok(bought)
}

impl Bought {
    /// Waits until the order is complete, which it must be for good.
    ///
    /// # Errors
    /// When it is not, or its payment is not there.
    pub fn still_is(&self, address: &str) -> Result<(), Failure> {
        let (session, path) = (Some(&*self.session), format!("/api/orders/{}", self.order));
        until("a complete order", || {
            let order = ask(address, "GET", &path, session, None)?;
            let is_complete = order.status == 200 && order.body["status"] == "complete";
            Ok(is_complete.then_some(()))
        })?;
        // Another service, which may be back a moment later.
        let path = format!("/api/payments?orderId={}", self.order);
        let payments = until("the order's payments", || {
            let payments = ask(address, "GET", &path, session, None)?;
            Ok((payments.status != 503).then_some(payments))
        })?;
        match payments.body.as_array().map(Vec::len) {
            Some(1) => Ok(()),
            _ => Err(Failure::new(format!("one payment is expected, not {}", payments.body))),
        }
    }
}

fn sign_up(address: &str, email: &str) -> Result<String, Failure> {
    let who = json!({"email": email, "password": "correct horse battery"});
    let answer = ask(address, "POST", "/api/users/signup", None, Some(&who))?;
    let line =
        answer.head.lines().find(|line| line.to_ascii_lowercase().starts_with("set-cookie:"));
    let session = line.and_then(|line| line.split_once(':')?.1.split(';').next());
    let session = session.map(|session| session.trim().to_owned());
    session
        .ok_or_else(|| Failure::new(format!("sign-up answers {}: {}", answer.status, answer.body)))
}

fn until<T>(
    what: &str,
    mut attempt: impl FnMut() -> Result<Option<T>, Failure>,
) -> Result<T, Failure> {
    let deadline = Instant::now() + HEARD_WITHIN;
    loop {
        if let Some(result) = attempt()? {
            return Ok(result);
        }
        if Instant::now() > deadline {
            return Err(Failure::new(format!("there is no {what} within {HEARD_WITHIN:?}")));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

struct Answer {
    status: u16,
    head: String,
    body: Value,
}

impl Answer {
    /// The id of what was made, if the answer has this status.
    fn id(&self, status: u16) -> Result<String, Failure> {
        let id = self.body["id"].as_str().filter(|_| self.status == status);
        let wrong = || format!("{status} is expected, not {}: {}", self.status, self.body);
        id.map(str::to_owned).ok_or_else(|| Failure::new(wrong()))
    }
}

fn ask(
    address: &str,
    method: &str,
    path: &str,
    session: Option<&str>,
    body: Option<&Value>,
) -> Result<Answer, Failure> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(ANSWER_WITHIN))?;
    let body = body.map(Value::to_string).unwrap_or_default();
    // HTTP/1.0, so that the body is what comes until the end.
    write!(
        stream,
        "{method} {path} HTTP/1.0\r\nHost: {address}\r\nContent-Type: application/json\r\n\
         Cookie: {}\r\nContent-Length: {}\r\n\r\n{body}",
        session.unwrap_or_default(),
        body.len(),
    )?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    let body = serde_json::from_str(body).unwrap_or(Value::Null);
    Ok(Answer { status, head: head.to_owned(), body })
}
