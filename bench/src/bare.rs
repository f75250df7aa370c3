//! What everything is compared with: axum answering from memory, with no marketplace behind it.

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use tokio::net::TcpListener;

use crate::server::Failed;

/// As long as a ticket is, on the wire.
const BODY: &str = concat!(
    r#"{"id":"6afd4dc00102030405000001","title":"Front row, Night of the Lights","#,
    r#""price":20.5,"userId":"6afd4dc00102030405000002","version":0,"currency":"usd","#,
    r#""quantity":1,"available":1,"createdAt":"2030-06-01T19:30:00.000Z"}"#,
);

/// Serves until it is killed; its first line says where.
pub async fn serve() -> Result<(), Failed> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}", listener.local_addr()?);
    let answer = || async { ([(CONTENT_TYPE, "application/json")], BODY) };
    axum::serve(listener, Router::new().route("/api/tickets/{id}", get(answer))).await?;
    Ok(())
}
