//! What is measured.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;

use crate::Options;
use crate::client::{Answer, Client};
use crate::load::{Run, Until, run};
use crate::page;
use crate::server::{self, Failed, Server};
use crate::table::{Table, median, percentile};

/// Units of the one ticket that everybody wants.
const STAMPEDE_UNITS: u64 = 50_000;

/// How long news of a ticket or an order may take to another service, under load.
const HEARD_WITHIN: Duration = Duration::from_secs(30);

/// After this it is asked for less eagerly, or asking would be what is measured.
const SOON: Duration = Duration::from_millis(5);

/// Tickets on the list page's marketplace.
const LISTED: u64 = 10_000;

/// Measures everything and prints the table.
pub async fn all(options: &Options) -> Result<(), Failed> {
    let mut table = Table::default();
    if options.wants("rest") {
        at_rest(options, &mut table).await?;
    }
    if options.wants("sign-up") {
        sign_ups(options, &mut table).await?;
    }
    // The page is made by another program, whose answers only the single process keeps.
    if options.wants("page") && server::fleet().is_none() {
        page::front(options, &mut table).await?;
    }
    let folder = tempfile::tempdir()?;
    let server = Server::with_cheap_passwords(folder.path()).await?;
    let mut market = Market::open(&server, options).await?;
    market.fill(LISTED).await?;
    let light = market.measure(&mut table, "").await?;
    if options.stored > 0 {
        eprintln!("storing {} tickets and orders", options.stored);
        market.fill(options.stored).await?;
        market.order_everywhere(options.stored).await?;
        let laden = market.measure(&mut table, ", laden").await?;
        let ratio = format!("{:.2} ×", laden / light);
        table.figure("server CPU of an order, laden against light", ratio);
    }
    if let Some(crowd) = options.crowd() {
        market.invite(crowd).await?;
        let purchases = 8 * u64::try_from(crowd)?;
        market.measure_sales(&mut table, &format!(", {crowd} at once"), purchases).await?;
    }
    let held = largest(&server.resident_mb()?);
    table.figure(&format!("memory after all this{}", of_whom(&server)), format!("{held:.0} MB"));
    server.stop().await?;
    table.print();
    Ok(())
}

/// A server that nobody uses: how soon it answers, and what it holds.
async fn at_rest(options: &Options, table: &mut Table) -> Result<(), Failed> {
    let (mut starts, mut memory, mut whose) = (Vec::new(), Vec::new(), "");
    for _ in 0..options.runs.max(3) {
        let folder = tempfile::tempdir()?;
        let server = Server::marketplace(folder.path()).await?;
        starts.push(server.first_answer.as_secs_f64() * 1_000.0);
        tokio::time::sleep(Duration::from_secs(2)).await;
        memory.push(largest(&server.resident_mb()?));
        whose = of_whom(&server);
        server.stop().await?;
    }
    table.figure("start to first answer", format!("{:.0} ms", median(starts.into_iter())));
    let held = format!("{:.1} MB", median(memory.into_iter()));
    table.figure(&format!("idle memory{whose}"), held);
    Ok(())
}

/// What a figure of memory is about.
fn of_whom(server: &Server) -> &'static str {
    if server.is_fleet() { ", the service that holds most" } else { "" }
}

fn largest(values: &[f64]) -> f64 {
    values.iter().copied().fold(0.0, f64::max)
}

/// Sign-ups at the password cost that people get.
async fn sign_ups(options: &Options, table: &mut Table) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let server = Server::marketplace(folder.path()).await?;
    let mut clients = connect(&server, 4).await?;
    let mut runs = Vec::new();
    for round in 0..options.runs {
        let until = Until::Time(Duration::from_secs(options.seconds));
        let one = async |number: u64, client: &mut Client| {
            client.sign_up(&format!("s{round}-{number}")).await
        };
        runs.push(run(&server, &mut clients, until, one).await?);
    }
    table.runs("sign-up", &runs, None);
    server.stop().await
}

/// A marketplace with people in it.
struct Market<'a> {
    server: &'a Server,
    options: &'a Options,
    clients: Vec<Client>,
    tickets: Vec<String>,
    /// The first ticket that nobody has ordered yet.
    next: AtomicU64,
}

impl<'a> Market<'a> {
    async fn open(server: &'a Server, options: &'a Options) -> Result<Self, Failed> {
        let (clients, tickets) = (Vec::new(), Vec::new());
        let mut market = Self { server, options, clients, tickets, next: AtomicU64::new(0) };
        market.invite(options.connections).await?;
        Ok(market)
    }

    /// Lets people sign up until so many are there.
    async fn invite(&mut self, many: usize) -> Result<(), Failed> {
        let there = self.clients.len();
        let mut clients = connect(self.server, many.saturating_sub(there)).await?;
        for (number, client) in (there..).zip(&mut clients) {
            client.sign_up(&format!("m{number}")).await?;
        }
        self.clients.append(&mut clients);
        Ok(())
    }

    /// Puts up so many tickets.
    async fn fill(&mut self, many: u64) -> Result<Run, Failed> {
        let ids = std::sync::Mutex::new(Vec::new());
        let create = async |number: u64, client: &mut Client| {
            let id = create(client, number, 1).await?;
            ids.lock().map_err(|_| "a thread panicked")?.push(id);
            Ok(())
        };
        let measured = run(self.server, &mut self.clients, Until::Count(many), create).await?;
        self.tickets.extend(ids.into_inner().map_err(|_| "a thread panicked")?);
        Ok(measured)
    }

    /// Orders so many tickets that nobody has ordered.
    async fn order_everywhere(&mut self, many: u64) -> Result<Run, Failed> {
        let (tickets, next) = (&self.tickets, &self.next);
        let place = async |_: u64, client: &mut Client| {
            let index = usize::try_from(next.fetch_add(1, Ordering::Relaxed))?;
            let ticket = tickets.get(index).ok_or("more orders than tickets")?;
            order(client, ticket).await.map(drop)
        };
        run(self.server, &mut self.clients, Until::Count(many), place).await
    }

    /// Measures every workload; returns the server's CPU for a thousand orders on many tickets.
    async fn measure(&mut self, table: &mut Table, note: &str) -> Result<f64, Failed> {
        let options = self.options;
        if options.wants("read") {
            self.measure_reads(table, note).await?;
        }
        let count = 2_000 * options.seconds;
        let (mut creates, mut orders) = (Vec::new(), Vec::new());
        if options.wants("order") {
            for _ in 0..options.runs {
                creates.push(self.fill(count).await?);
                orders.push(self.order_everywhere(count).await?);
            }
            table.runs(&format!("create ticket{note}"), &creates, None);
            table.runs(&format!("place order, each on its own ticket{note}"), &orders, None);
        }
        self.measure_sales(table, note, count / 4).await?;
        if options.wants("unloaded") {
            let mut waits = self.orderable().await?;
            let (half, most) = (percentile(&mut waits, 50), percentile(&mut waits, 99));
            let figure = format!("{half:.1} ms, p99 {most:.1} ms");
            table.figure(&format!("ticket created → ordered, unloaded{note}"), figure);
        }
        Ok(median(orders.iter().map(|run| run.cpu_per_thousand)))
    }

    /// Everybody buys: one ticket, and tickets of their own, so many.
    async fn measure_sales(
        &mut self,
        table: &mut Table,
        note: &str,
        purchases: u64,
    ) -> Result<(), Failed> {
        if self.options.wants("stampede") {
            let stampede = self.stampede().await?;
            table.runs(&format!("place order, all on one ticket of 50,000{note}"), &stampede, None);
        }
        if self.options.wants("purchase") {
            let whole = self.purchases(purchases).await?;
            let what = format!("whole purchase: create, order, pay, complete{note}");
            table.runs(&what, &whole, None);
            if self.server.is_fleet() {
                table.processes(&format!("of a whole purchase{note}"), &whole);
            }
        }
        Ok(())
    }

    async fn measure_reads(&mut self, table: &mut Table, note: &str) -> Result<(), Failed> {
        let bare = self.bare().await?;
        let one = self.read_one().await?;
        table.runs("bare axum, one ticket", &bare, None);
        let bare_rate = median(bare.iter().map(|run| run.per_second));
        table.runs(&format!("GET one ticket{note}"), &one, Some(bare_rate));
        let list = self.read_list().await?;
        table.runs(&format!("GET the list of tickets, 50 of them{note}"), &list, None);
        Ok(())
    }

    async fn bare(&mut self) -> Result<Vec<Run>, Failed> {
        let server = Server::bare().await?;
        let mut clients = connect(&server, self.options.connections).await?;
        let path = "/api/tickets/6afd4dc00102030405000001".to_owned();
        let runs = reads(&server, &mut clients, self.options, &[path]).await?;
        server.stop().await?;
        Ok(runs)
    }

    async fn read_one(&mut self) -> Result<Vec<Run>, Failed> {
        let tickets = self.tickets.iter().take(1_000);
        let paths: Vec<String> = tickets.map(|id| format!("/api/tickets/{id}")).collect();
        let mut clients = connect(self.server, self.options.connections).await?;
        reads(self.server, &mut clients, self.options, &paths).await
    }

    async fn read_list(&mut self) -> Result<Vec<Run>, Failed> {
        let mut clients = connect(self.server, self.options.connections).await?;
        reads(self.server, &mut clients, self.options, &["/api/tickets".to_owned()]).await
    }

    /// Everybody orders the same ticket until it is sold out, and no order more.
    async fn stampede(&mut self) -> Result<Vec<Run>, Failed> {
        let mut runs = Vec::new();
        for round in 0..self.options.runs {
            let seller = self.clients.first_mut().ok_or("no clients")?;
            let ticket = create(seller, u64::try_from(round)?, STAMPEDE_UNITS).await?;
            let until = Until::Count(STAMPEDE_UNITS);
            let place = async |_: u64, client: &mut Client| order(client, &ticket).await.map(drop);
            runs.push(run(self.server, &mut self.clients, until, place).await?);
            let buyer = self.clients.first_mut().ok_or("no clients")?;
            let body = format!(r#"{{"ticketId":"{ticket}"}}"#);
            // Oversold would be worse than slow.
            buyer.post("/api/orders", &body).await?.expect(400)?;
        }
        Ok(runs)
    }

    async fn purchases(&mut self, many: u64) -> Result<Vec<Run>, Failed> {
        let mut runs = Vec::new();
        for _ in 0..self.options.runs {
            let purchase = async |number: u64, client: &mut Client| {
                let ticket = create(client, number, 1).await?;
                let order = order(client, &ticket).await?;
                let body = format!(r#"{{"orderId":"{order}","token":"tok_visa"}}"#);
                heard_of(client, "/api/payments", &body).await.map(drop)
            };
            let until = Until::Count(many);
            runs.push(run(self.server, &mut self.clients, until, purchase).await?);
        }
        Ok(runs)
    }

    /// Milliseconds from a ticket's creation to its order, one at a time.
    async fn orderable(&mut self) -> Result<Vec<f64>, Failed> {
        let client = self.clients.first_mut().ok_or("no clients")?;
        let mut waits = Vec::new();
        for number in 0..300 {
            let ticket = create(client, number, 1).await?;
            let begun = Instant::now();
            order(client, &ticket).await?;
            waits.push(begun.elapsed().as_secs_f64() * 1_000.0);
        }
        Ok(waits)
    }
}

/// So many connections.
pub async fn connect(server: &Server, many: usize) -> Result<Vec<Client>, Failed> {
    try_join_all((0..many).map(|_| Client::connect(server.address))).await
}

/// Runs of reading `paths`.
pub async fn reads(
    server: &Server,
    clients: &mut [Client],
    options: &Options,
    paths: &[String],
) -> Result<Vec<Run>, Failed> {
    let mut runs = Vec::new();
    for _ in 0..options.runs {
        let until = Until::Time(Duration::from_secs(options.seconds));
        let read = async |number: u64, client: &mut Client| {
            let index = usize::try_from(number)? % paths.len();
            client.get(&paths[index]).await?.expect(200)?;
            Ok(())
        };
        runs.push(run(server, clients, until, read).await?);
    }
    Ok(runs)
}

/// Creates a ticket; its id.
pub async fn create(client: &mut Client, number: u64, quantity: u64) -> Result<String, Failed> {
    let body =
        format!(r#"{{"title":"Front row, night {number}","price":20.5,"quantity":{quantity}}}"#);
    client.post("/api/tickets", &body).await?.expect(201)?.text("id")
}

/// Orders a ticket.
async fn order(client: &mut Client, ticket: &str) -> Result<String, Failed> {
    heard_of(client, "/api/orders", &format!(r#"{{"ticketId":"{ticket}"}}"#)).await?.text("id")
}

/// Asks a service for something new about what is so new that the service may not have heard of it
/// yet: again and again until it has.
async fn heard_of(client: &mut Client, path: &str, body: &str) -> Result<Answer, Failed> {
    let begun = Instant::now();
    while begun.elapsed() < HEARD_WITHIN {
        let answer = client.post(path, body).await?;
        if answer.status != 404 {
            return answer.expect(201);
        }
        if begun.elapsed() > SOON {
            tokio::time::sleep(SOON).await;
        }
    }
    Err(format!("{path}: {body} stays unknown").into())
}
