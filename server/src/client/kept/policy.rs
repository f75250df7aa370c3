//! The Content-Security-Policy of a page that many are sent: hashes instead of a nonce.
//!
//! A nonce protects because it is used once. A page that is kept is sent with the same body many
//! times, so its scripts are allowed by what they say: the SHA-256 of each inline script that the
//! nonce would have let run. `'strict-dynamic'` goes, because it switches off `'self'`, by which
//! the page's script files are allowed then; what it had switched off as well goes with it.

use base64ct::{Base64, Encoding as _};
use sha2::{Digest as _, Sha256};

use super::scripts;

/// Most hashes in one policy: a header of some 6 KiB, which proxies still pass on.
const MAX_HASHES: usize = 100;

/// Why a page's policy cannot be that of a page that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// More than one nonce.
    #[error("its policy has more than one nonce")]
    Nonces,
    /// Something else than scripts is allowed by a nonce.
    #[error("its policy allows more than scripts by a nonce")]
    NotOnlyScripts,
    /// The page's script files would not be allowed.
    #[error("its policy has no 'self' for scripts")]
    NoSelf,
    /// [`MAX_HASHES`].
    #[error("it has too many inline scripts")]
    TooMany,
    /// Browsers hash text in which line breaks are `\n` and no NUL occurs.
    #[error("it has carriage returns or NULs")]
    Characters,
}

/// A policy with hashes, and the page without the nonce.
#[derive(Debug, PartialEq, Eq)]
pub struct Fit {
    /// The header.
    pub policy: String,
    /// The page.
    pub html: String,
}

/// The policy and the page as they can be sent many times.
///
/// # Errors
/// Where that would weaken the policy, or break the page.
pub fn fit(policy: &str, html: String) -> Result<Fit, Unfit> {
    let Some(nonce) = nonce_in(policy)? else {
        return Ok(Fit { policy: policy.to_owned(), html });
    };
    if html.contains(['\r', '\0']) {
        return Err(Unfit::Characters);
    }
    // The nonce gives way to something as long, so that a page made twice of the same data is the
    // same twice; what counts characters, as React's own format does, still counts right.
    let spent = spent(nonce);
    let before = scripts::with_nonce(&html, nonce).len();
    let html = html.replace(nonce, &spent);
    let inline = scripts::with_nonce(&html, &spent);
    if inline.len() > MAX_HASHES {
        return Err(Unfit::TooMany);
    }
    if inline.len() != before {
        // Somebody wrote a script with what stands for a nonce that is spent.
        return Err(Unfit::Nonces);
    }
    let mut hashes: Vec<String> = inline.into_iter().map(hash).collect();
    hashes.sort_unstable();
    hashes.dedup();
    let policy = with_hashes(policy, nonce, &hashes)?;
    Ok(Fit { policy, html })
}

/// What stands where a nonce stood.
pub fn spent(nonce: &str) -> String {
    "0".repeat(nonce.len())
}

/// The nonce of a policy, if it has one.
///
/// # Errors
/// Where there are several.
pub fn nonce_in(policy: &str) -> Result<Option<&str>, Unfit> {
    let mut found = None;
    for source in policy.split([';', ',', ' ', '\t']) {
        let Some(nonce) = source.strip_prefix("'nonce-").and_then(|rest| rest.strip_suffix('\''))
        else {
            continue;
        };
        if found.is_some_and(|found| found != nonce) {
            return Err(Unfit::Nonces);
        }
        found = Some(nonce);
    }
    // What is too short to be one may occur in the page by chance.
    if found.is_some_and(|nonce: &str| nonce.len() < 16) {
        return Err(Unfit::Nonces);
    }
    Ok(found)
}

fn hash(script: &str) -> String {
    format!("'sha256-{}'", Base64::encode_string(&Sha256::digest(script.as_bytes())))
}

fn with_hashes(policy: &str, nonce: &str, hashes: &[String]) -> Result<String, Unfit> {
    let source = format!("'nonce-{nonce}'");
    let mut directives = Vec::new();
    for directive in policy.split(';') {
        let mut words = directive.split_ascii_whitespace();
        let Some(name) = words.next() else { continue };
        let sources: Vec<&str> = words.collect();
        if !sources.contains(&source.as_str()) {
            directives.push(directive.trim().to_owned());
            continue;
        }
        if !matches!(name.to_ascii_lowercase().as_str(), "script-src" | "script-src-elem") {
            return Err(Unfit::NotOnlyScripts);
        }
        if !sources.contains(&"'self'") {
            return Err(Unfit::NoSelf);
        }
        let left = sources.into_iter().filter(|word| *word == "'self'" || is_neutral(word));
        let words = left.map(str::to_owned).chain(hashes.iter().cloned());
        let words: Vec<String> = std::iter::once(name.to_owned()).chain(words).collect();
        directives.push(words.join(" "));
    }
    Ok(directives.join("; "))
}

/// Sources that allow no more without a nonce than with one.
fn is_neutral(source: &str) -> bool {
    matches!(source, "'wasm-unsafe-eval'" | "'report-sample'" | "'inline-speculation-rules'")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONCE: &str = "abcdefghijklmnop";
    const POLICY: &str = "default-src 'self'; script-src 'self' 'nonce-abcdefghijklmnop' \
                          'strict-dynamic' https: 'unsafe-inline'; style-src 'self'";

    fn page(scripts: &str) -> String {
        format!("<!doctype html><body>{scripts}</body>")
    }

    #[test]
    fn the_nonce_gives_way_to_hashes_of_the_scripts_that_have_it() {
        let html = page(
            "<script nonce=\"abcdefghijklmnop\">go()</script><script>evil()</script>\
             <script src=\"/a.js\" nonce=\"abcdefghijklmnop\"></script>",
        );
        let fit = fit(POLICY, html).unwrap();
        // printf 'go()' | openssl dgst -sha256 -binary | base64
        let go = "'sha256-5KYv+PUboo5h+0+YAtGRPbwv5d/QxzHslP4YGnUaxRw='";
        assert_eq!(hash("go()"), go);
        let expected = format!("default-src 'self'; script-src 'self' {go}; style-src 'self'");
        assert_eq!(fit.policy, expected);
        assert!(!fit.html.contains(NONCE) && !fit.policy.contains(NONCE));
    }

    #[test]
    fn a_page_made_twice_of_the_same_data_is_the_same_twice() {
        let html = page("<script nonce=\"abcdefghijklmnop\">'abcdefghijklmnop'</script>");
        let other = |text: &str| text.replace(NONCE, "ponmlkjihgfedcba");
        assert_eq!(fit(POLICY, html.clone()), fit(&other(POLICY), other(&html)));
    }

    #[test]
    fn what_would_weaken_a_policy_is_not_kept() {
        let script = page("<script nonce=\"abcdefghijklmnop\">go()</script>");
        for (policy, unfit) in [
            ("script-src 'self' 'nonce-aaaaaaaaaaaaaaaa' 'nonce-bbbbbbbbbbbbbbbb'", Unfit::Nonces),
            ("script-src 'self' 'nonce-short'", Unfit::Nonces),
            ("script-src 'nonce-abcdefghijklmnop'", Unfit::NoSelf),
            ("default-src 'self' 'nonce-abcdefghijklmnop'", Unfit::NotOnlyScripts),
            (
                "script-src 'self' 'nonce-abcdefghijklmnop'; style-src 'nonce-abcdefghijklmnop'",
                Unfit::NotOnlyScripts,
            ),
        ] {
            assert_eq!(fit(policy, script.clone()), Err(unfit), "{policy}");
        }
        assert_eq!(fit(POLICY, page("a\r\nb")), Err(Unfit::Characters));
        let many: String = (0..=MAX_HASHES)
            .map(|number| format!("<script nonce=\"abcdefghijklmnop\">{number}</script>"))
            .collect();
        assert_eq!(fit(POLICY, page(&many)), Err(Unfit::TooMany));
    }

    #[test]
    fn somebody_elses_script_is_not_let_in_by_a_nonce_that_is_spent() {
        let html = page(
            "<script nonce=\"abcdefghijklmnop\">go()</script>\
             <script nonce=\"0000000000000000\">evil()</script>",
        );
        assert_eq!(fit(POLICY, html), Err(Unfit::Nonces));
    }

    #[test]
    fn a_policy_without_a_nonce_stays_as_it_is() {
        let html = page("<script>a()</script>");
        let kept = fit("script-src 'self'", html.clone()).unwrap();
        assert_eq!((kept.policy.as_str(), kept.html), ("script-src 'self'", html));
    }
}
