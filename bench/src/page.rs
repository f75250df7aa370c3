//! The front page as a crowd gets it: kept by the server, beside a bare server with the same bytes.

use std::time::{Duration, Instant};

use crate::Options;
use crate::client::Client;
use crate::server::{Failed, Server};
use crate::table::{Table, median};
use crate::workloads::{connect, create, reads};

/// Tickets on the page.
const SHOWN: u64 = 24;

/// How long the client may take to come up; the first time it is built.
const UP_WITHIN: Duration = Duration::from_secs(300);

/// Adds its row, or says why there is none.
pub async fn front(options: &Options, table: &mut Table) -> Result<(), Failed> {
    if !options.client.join("package-lock.json").is_file() {
        table.figure("front page, kept, anonymous", "skipped: there is no web client".to_owned());
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let server = Server::with_client(&folder.path().join("data"), &options.client).await?;
    let mut seller = Client::connect(server.address).await?;
    seller.sign_up("page").await?;
    for number in 0..SHOWN {
        create(&mut seller, number, 1).await?;
    }
    let Some(page) = page(&server).await? else {
        let why = "skipped: the web client does not come up; its log says why".to_owned();
        table.figure("front page, kept, anonymous", why);
        return server.stop().await;
    };
    let same = folder.path().join("page.html");
    std::fs::write(&same, &page)?;
    let bare = Server::bare_page(&same).await?;
    let root = ["/".to_owned()];
    let mut clients = connect(&bare, options.connections).await?;
    let beside = reads(&bare, &mut clients, options, &root).await?;
    bare.stop().await?;
    let mut clients = connect(&server, options.connections).await?;
    let kept = reads(&server, &mut clients, options, &root).await?;
    let kilobytes = page.len() / 1_000;
    table.runs(&format!("bare axum, the front page's {kilobytes} kB"), &beside, None);
    let rate = median(beside.iter().map(|run| run.per_second));
    table.runs("front page, kept, anonymous", &kept, Some(rate));
    server.stop().await
}

/// The page with all tickets on it, once the client makes it.
async fn page(server: &Server) -> Result<Option<Vec<u8>>, Failed> {
    let begun = Instant::now();
    while begun.elapsed() < UP_WITHIN {
        let answer = Client::connect(server.address).await?.get("/").await?;
        let text = String::from_utf8_lossy(&answer.body);
        if answer.status == 200 && text.matches("href=\"/tickets/").count() as u64 >= SHOWN {
            return Ok(Some(answer.body));
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    Ok(None)
}
