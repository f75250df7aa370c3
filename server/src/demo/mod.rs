//! `ticketing demo`: fills an empty marketplace with something to look at, through the public API,
//! so that whatever it makes could have been made by people.
//!
//! - [`client`]: as much HTTP as that takes.
//! - [`programme`]: the events and their tickets.

mod client;
mod programme;

use std::io::{self, Write};
use std::thread;
use std::time::Duration;

use common::id::{SystemEntropy, random_u64};
use common::run::SystemClock;
use common::time::Clock as _;
use serde_json::{Value, json};

use client::{Market, Reply};
use programme::{PROGRAMME, SELLERS};

/// Who buys.
const BUYER: &str = "robin";

/// Which tickets are ordered, by their place in the programme, and how many units of each. The
/// first order is paid.
const ORDERS: [(usize, u32); 3] = [(0, 2), (8, 4), (20, 1)];

/// A card of the sandbox provider's that can always be charged.
const CARD: &str = "tok_visa";

/// How often a request that came at a bad moment is made again: a ticket that is brand-new, or a
/// server with much to do.
const MOST_TRIES: u32 = 20;

/// The pause before each.
const PAUSE: Duration = Duration::from_millis(250);

/// Fills the marketplace at `url`, and says what it did.
///
/// # Errors
/// With a sentence, when nothing answers there, or it is not empty.
pub fn run(url: &str) -> Result<(), String> {
    let market = Market::at(url)?;
    refuse_unless_empty(&market, url)?;
    let random = random_u64(&SystemEntropy).map_err(|error| error.to_string())?;
    // Whoever can reach the marketplace could guess one that is always the same.
    let password = format!("demo-{random:016x}");
    let mut sellers = Vec::new();
    for name in SELLERS {
        sellers.push(sign_up(&market, name, &password)?);
    }
    let tickets = put_up(&market, &sellers)?;
    let buyer = sign_up(&market, BUYER, &password)?;
    let mut orders = Vec::new();
    for (place, quantity) in ORDERS {
        let ticket = tickets.get(place).ok_or("the programme is shorter than its orders")?;
        let body = json!({ "ticketId": ticket, "quantity": quantity });
        orders.push(made(&market, "/api/orders", Some(&buyer), &body)?);
    }
    let paid = id(&orders[0])?;
    let payment = json!({ "orderId": paid, "token": CARD });
    made(&market, "/api/payments", Some(&buyer), &payment)?;
    tell(&mut io::stdout().lock(), url.trim_end_matches('/'), &password, &tickets, &orders)
        .map_err(|error| format!("standard output: {error}"))
}

fn refuse_unless_empty(market: &Market, url: &str) -> Result<(), String> {
    let listed = market.get("/api/tickets?limit=1")?;
    let tickets = listed.body.as_array().filter(|_| listed.status == 200);
    match tickets.map(Vec::len) {
        Some(0) => Ok(()),
        Some(_) => Err(format!(
            "the marketplace at {url} has tickets already, and is left as it is; the demo is for \
             an empty one: start one with `ticketing --data ./demo-data`"
        )),
        None => Err(format!("what answers at {url} is not a marketplace")),
    }
}

/// Makes an account, and returns its session.
fn sign_up(market: &Market, name: &str, password: &str) -> Result<String, String> {
    let body = json!({ "email": address(name), "password": password });
    let reply = persistently(market, "/api/users/signup", None, &body)?;
    let session = reply.session.filter(|_| reply.status == 201);
    session.ok_or_else(|| {
        let why = reason(&reply.body);
        format!(
            "{} cannot be signed up: {why}; the demo is for an empty marketplace",
            address(name)
        )
    })
}

fn address(name: &str) -> String {
    format!("{name}@example.org")
}

/// Puts all tickets up, and returns their ids in the order of the programme.
fn put_up(market: &Market, sellers: &[String]) -> Result<Vec<String>, String> {
    let now = SystemClock.now();
    let mut tickets = Vec::new();
    for show in PROGRAMME {
        let seller = sellers.get(show.seller).map(String::as_str);
        for offer in show.offers {
            let ticket = made(market, "/api/tickets", seller, &show.ticket(offer, now))?;
            tickets.push(id(&ticket)?);
        }
    }
    Ok(tickets)
}

/// What a request made that must make something.
fn made(market: &Market, path: &str, session: Option<&str>, body: &Value) -> Result<Value, String> {
    let reply = persistently(market, path, session, body)?;
    if reply.status == 201 {
        return Ok(reply.body);
    }
    let (status, why) = (reply.status, reason(&reply.body));
    Err(format!("POST {path} was answered with {status}: {why}"))
}

fn persistently(
    market: &Market,
    path: &str,
    session: Option<&str>,
    body: &Value,
) -> Result<Reply, String> {
    let mut tries = 1;
    loop {
        let reply = market.post(path, session, body)?;
        if tries == MOST_TRIES || !matches!(reply.status, 404 | 429 | 503) {
            return Ok(reply);
        }
        tries += 1;
        thread::sleep(PAUSE);
    }
}

fn id(made: &Value) -> Result<String, String> {
    let id = made["id"].as_str().ok_or("an answer names no id: this is not a marketplace")?;
    Ok(id.to_owned())
}

/// The first sentence of an answer that says what is wrong.
fn reason(body: &Value) -> &str {
    body["errors"][0]["message"].as_str().unwrap_or("no reason given")
}

fn tell(
    out: &mut dyn Write,
    url: &str,
    password: &str,
    tickets: &[String],
    orders: &[Value],
) -> io::Result<()> {
    let (shows, many) = (PROGRAMME.len(), tickets.len());
    writeln!(out, "{many} tickets for {shows} events are on sale at {url}")?;
    writeln!(out)?;
    writeln!(out, "Accounts, all with the password  {password}")?;
    for name in SELLERS {
        writeln!(out, "  {:<22} sells", address(name))?;
    }
    writeln!(out, "  {:<22} has an order that is paid, and two that wait for it:", address(BUYER))?;
    for order in orders {
        let id = order["id"].as_str().unwrap_or_default();
        let title = order["ticket"]["title"].as_str().unwrap_or_default();
        let quantity = &order["quantity"];
        writeln!(out, "    {id}  {quantity} × {title}")?;
    }
    let waiting = orders.last().and_then(|order| order["id"].as_str()).unwrap_or_default();
    let json = "-H 'content-type: application/json'";
    let buyer = address(BUYER);
    writeln!(out)?;
    writeln!(out, "Try next:")?;
    writeln!(out, "  curl '{url}/api/tickets?q=lanterns&sort=price'")?;
    writeln!(out, "  curl -c jar {json} \\")?;
    writeln!(out, "       -d '{{\"email\":\"{buyer}\",\"password\":\"{password}\"}}' \\")?;
    writeln!(out, "       {url}/api/users/signin")?;
    writeln!(out, "  curl -b jar {url}/api/orders")?;
    writeln!(out, "  curl -b jar {json} \\")?;
    writeln!(
        out,
        "       -d '{{\"orderId\":\"{waiting}\",\"token\":\"{CARD}\"}}' {url}/api/payments"
    )?;
    out.flush()
}
