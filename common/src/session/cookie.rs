//! How browsers carry a session: a cookie that no script can read and no other site can send along
//! with a write.

use http::HeaderMap;
use http::header::{AUTHORIZATION, COOKIE};

use super::LIFETIME;

/// The cookie's name.
pub const NAME: &str = "session";

/// The `Set-Cookie` that hands out `token`. `secure` is whether the site is served over https.
pub fn hand_out(token: &str, secure: bool) -> String {
    let attributes = attributes(secure);
    format!("{NAME}={token}; Max-Age={}; {attributes}", LIFETIME.as_secs())
}

/// The `Set-Cookie` that takes the session's cookie away.
pub fn clear(secure: bool) -> String {
    let attributes = attributes(secure);
    format!("{NAME}=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; {attributes}")
}

fn attributes(secure: bool) -> &'static str {
    if secure { "Path=/; HttpOnly; SameSite=Lax; Secure" } else { "Path=/; HttpOnly; SameSite=Lax" }
}

/// The token that a request brings, as `Authorization: Bearer` or in the cookie. A client that
/// sends both means the former, which it had to ask for.
pub fn token_in(headers: &HeaderMap) -> Option<&str> {
    bearer(headers).or_else(|| in_cookies(headers))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty())
}

fn in_cookies(headers: &HeaderMap) -> Option<&str> {
    // HTTP/2 may split cookies over several headers, and proxies pass them on like that.
    for line in headers.get_all(COOKIE) {
        // Bytes of another application's cookie that are no text must not hide ours in a header of
        // its own.
        let Ok(line) = line.to_str() else { continue };
        for pair in line.split(';') {
            if let Some((name, value)) = pair.split_once('=')
                && name.trim() == NAME
                && !value.trim().is_empty()
            {
                return Some(value.trim());
            }
        }
    }
    None
}
