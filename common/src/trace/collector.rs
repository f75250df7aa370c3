//! Who takes spans.

use http::Uri;

/// What is appended to an endpoint for traces.
const PATH: &str = "/v1/traces";

/// Where a collector is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collector {
    /// Host and port.
    pub(crate) authority: String,
    /// Where it takes traces.
    pub(crate) path: String,
}

impl Collector {
    /// The one that OTEL_EXPORTER_OTLP_ENDPOINT names.
    ///
    /// # Errors
    /// With a sentence that says how it is written.
    pub fn named(endpoint: &str) -> Result<Self, String> {
        let wrong = || {
            "must be like http://127.0.0.1:4318; for a collector that wants https, run one beside \
             this process that passes on"
                .to_owned()
        };
        let uri: Uri = endpoint.parse().map_err(|_| wrong())?;
        let authority = uri.authority().filter(|_| uri.scheme_str() == Some("http"));
        let authority = authority.ok_or_else(wrong)?;
        let port = authority.port_u16().unwrap_or(4318);
        let path = format!("{}{PATH}", uri.path().trim_end_matches('/'));
        Ok(Self { authority: format!("{}:{port}", authority.host()), path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_a_plain_address_with_or_without_a_path() {
        let named = |endpoint| Collector::named(endpoint).map(|c| c.authority + &c.path);
        assert_eq!(named("http://otel:4318").as_deref(), Ok("otel:4318/v1/traces"));
        assert_eq!(named("http://otel").as_deref(), Ok("otel:4318/v1/traces"));
        assert_eq!(named("http://o:1/in/").as_deref(), Ok("o:1/in/v1/traces"));
        for bad in ["", "otel:4318", "https://otel:4318", "http://"] {
            assert!(named(bad).is_err_and(|sentence| sentence.contains("http://")), "{bad}");
        }
    }
}
