//! What a newcomer sees first: a few lines on the terminal, and a page at `/` where there is no web
//! client.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;

use axum::Router;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;

/// The page at `/`: self-contained, so that it needs nothing from anywhere.
const PAGE: &str = include_str!("home.html");

/// Serves the page.
pub fn router() -> Router {
    Router::new().route("/", get(async || page()))
}

/// The page: what is at `/` where there is no web client.
pub fn page() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-cache"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
             frame-ancestors 'none'",
        ),
    ];
    (headers, PAGE).into_response()
}

/// Says where everything is and what to try. Whoever started the program reads the address from the
/// first line.
///
/// # Errors
/// When standard output cannot be written.
pub fn greet(address: SocketAddr, data: &Path) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "Ticketing is open at  http://{address}")?;
    writeln!(out, "           data in    {}", data.display())?;
    writeln!(out, "           API docs   http://{address}/api/docs")?;
    writeln!(out)?;
    writeln!(out, "Fill it with something to look at:  ticketing demo --url http://{address}")?;
    writeln!(out, "Or try it by hand:")?;
    writeln!(out, "  curl -c jar -H 'content-type: application/json' \\")?;
    writeln!(
        out,
        "       -d '{{\"email\":\"you@example.org\",\"password\":\"correct horse\"}}' \\"
    )?;
    writeln!(out, "       http://{address}/api/users/signup")?;
    writeln!(out, "  curl -b jar -H 'content-type: application/json' \\")?;
    writeln!(
        out,
        "       -d '{{\"title\":\"Front row\",\"price\":20}}' http://{address}/api/tickets"
    )?;
    writeln!(out)?;
    writeln!(out, "Stop with Ctrl-C.")?;
    out.flush()
}
