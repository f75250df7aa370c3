//! What everything is compared with: axum answering from memory, with no marketplace behind it.

use std::path::Path;

use axum::Router;
use axum::body::Bytes;
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
pub async fn serve(page: Option<&Path>) -> Result<(), Failed> {
    let page = page.map(std::fs::read).transpose()?.unwrap_or_default();
    let page = Bytes::from(page);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}", listener.local_addr()?);
    let answer = || async { ([(CONTENT_TYPE, "application/json")], BODY) };
    let html = async move || ([(CONTENT_TYPE, "text/html; charset=utf-8")], page.clone());
    let routes = Router::new().route("/api/tickets/{id}", get(answer)).route("/", get(html));
    axum::serve(listener, routes).await?;
    Ok(())
}
