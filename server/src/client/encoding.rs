//! How a body is written on the wire: as it is, or smaller.
//!
//! What is sent often is compressed once and kept so; what is made for one visitor is compressed
//! while it passes by.

use std::io::Write as _;

use axum::body::{Body, BodyDataStream};
use brotli::enc::BrotliEncoderParams;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::{StreamExt as _, stream};

use axum::http::header::ACCEPT_ENCODING;
use axum::http::{HeaderMap, HeaderValue};

/// Bodies below this are sent as they are: they fit into one packet anyhow.
pub const WORTH_IT_BYTES: usize = 1_024;

/// A way to write a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// As it is.
    Identity,
    /// As RFC 1952.
    Gzip,
    /// As RFC 7932.
    Brotli,
}

/// How much work is put into making something small.
#[derive(Debug, Clone, Copy)]
pub enum Effort {
    /// For what is sent for a second, before it is made anew.
    Quick,
    /// For what stays until the next build.
    Thorough,
}

impl Encoding {
    /// The best that a client accepts (RFC 9110, 12.5.3).
    pub fn best_for(headers: &HeaderMap) -> Self {
        let (mut brotli, mut gzip, mut others) = (None, None, None);
        for line in headers.get_all(ACCEPT_ENCODING) {
            let Ok(line) = line.to_str() else { continue };
            for entry in line.split(',') {
                let (name, wanted) = entry.split_once(';').unwrap_or((entry, ""));
                let refused = is_zero(wanted);
                match name.trim().to_ascii_lowercase().as_str() {
                    "br" => brotli = Some(!refused),
                    "gzip" | "x-gzip" => gzip = Some(!refused),
                    "*" => others = Some(!refused),
                    _ => {}
                }
            }
        }
        if brotli.or(others).unwrap_or(false) {
            return Self::Brotli;
        }
        if gzip.or(others).unwrap_or(false) { Self::Gzip } else { Self::Identity }
    }

    /// As `Content-Encoding` says it.
    pub fn name(self) -> Option<HeaderValue> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some(HeaderValue::from_static("gzip")),
            Self::Brotli => Some(HeaderValue::from_static("br")),
        }
    }

    /// What follows the name of a file that is kept like this.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Identity => "",
            Self::Gzip => ".gz",
            Self::Brotli => ".br",
        }
    }

    /// `bytes`, written like this.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn write(self, bytes: &[u8], effort: Effort) -> std::io::Result<Vec<u8>> {
        let mut written = Vec::with_capacity(bytes.len() / 3);
        match self {
            Self::Identity => written.extend_from_slice(bytes),
            Self::Gzip => {
                let level = match effort {
                    Effort::Quick => Compression::new(6),
                    Effort::Thorough => Compression::best(),
                };
                let mut encoder = GzEncoder::new(written, level);
                encoder.write_all(bytes)?;
                written = encoder.finish()?;
            }
            Self::Brotli => {
                let quality = match effort {
                    Effort::Quick => 5,
                    Effort::Thorough => 11,
                };
                let params = BrotliEncoderParams { quality, ..BrotliEncoderParams::default() };
                brotli::BrotliCompress(&mut &*bytes, &mut written, &params)?;
            }
        }
        Ok(written)
    }
}

/// Whether the parameters of an entry say that it is not wanted at all.
fn is_zero(parameters: &str) -> bool {
    let weight = parameters.split(';').find_map(|parameter| parameter.trim().strip_prefix("q="));
    weight.is_some_and(|weight| weight.trim().parse::<f32>().is_ok_and(|weight| weight <= 0.0))
}

/// Whether a body of this type becomes smaller by being compressed.
pub fn is_text(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    essence.starts_with("text/")
        || essence.ends_with("+xml")
        || essence.ends_with("+json")
        || matches!(
            essence,
            "application/javascript" | "application/json" | "application/manifest+json"
        )
}

/// `body` as gzip, piece by piece: each piece goes out as soon as it came, because a page that is
/// streamed is to be seen before it is complete.
pub fn gzip_stream(body: Body) -> Body {
    let encoder = GzEncoder::new(Vec::new(), Compression::new(4));
    let pieces = stream::unfold(Some((body.into_data_stream(), encoder)), |state| async move {
        let (mut pieces, mut encoder) = state?;
        match next(&mut pieces, &mut encoder).await {
            Ok(true) => {
                let piece = Bytes::from(std::mem::take(encoder.get_mut()));
                Some((Ok(piece), Some((pieces, encoder))))
            }
            Ok(false) => Some((encoder.finish().map(Bytes::from), None)),
            Err(error) => Some((Err(error), None)),
        }
    });
    Body::from_stream(pieces)
}

/// Puts the next piece into `encoder`; whether there was one.
async fn next(
    pieces: &mut BodyDataStream,
    encoder: &mut GzEncoder<Vec<u8>>,
) -> std::io::Result<bool> {
    match pieces.next().await {
        Some(Ok(piece)) => {
            encoder.write_all(&piece)?;
            encoder.flush()?;
            Ok(true)
        }
        Some(Err(error)) => Err(std::io::Error::other(error)),
        None => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn best(accepted: &'static str) -> Encoding {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(accepted));
        Encoding::best_for(&headers)
    }

    #[test]
    fn the_smallest_that_is_accepted_is_chosen() {
        for (accepted, expected) in [
            ("gzip, deflate, br, zstd", Encoding::Brotli),
            ("gzip;q=1.0, br;q=0.5", Encoding::Brotli),
            ("br;q=0, gzip", Encoding::Gzip),
            ("BR; q=0.000, *", Encoding::Gzip),
            ("*", Encoding::Brotli),
            ("gzip;q=0", Encoding::Identity),
            ("identity", Encoding::Identity),
            ("deflate", Encoding::Identity),
            ("", Encoding::Identity),
            ("br;q=high", Encoding::Brotli),
        ] {
            assert_eq!(best(accepted), expected, "{accepted}");
        }
        assert_eq!(Encoding::best_for(&HeaderMap::new()), Encoding::Identity);
    }

    #[test]
    fn what_is_written_reads_back() {
        let text = "Front row, Night of the Lights. ".repeat(100);
        for effort in [Effort::Quick, Effort::Thorough] {
            let written = Encoding::Gzip.write(text.as_bytes(), effort).unwrap();
            assert_eq!(unzipped(&written), text);
            let written = Encoding::Brotli.write(text.as_bytes(), effort).unwrap();
            let mut read = Vec::new();
            brotli::BrotliDecompress(&mut &*written, &mut read).unwrap();
            assert_eq!(read, text.as_bytes());
            assert!(written.len() < text.len() / 10);
        }
    }

    #[tokio::test]
    async fn a_stream_goes_out_piece_by_piece_and_reads_back() {
        let pieces = ["one ", "two ", "three"].map(Ok::<_, std::io::Error>);
        let mut zipped = gzip_stream(Body::from_stream(stream::iter(pieces))).into_data_stream();
        let (mut all, mut count) = (Vec::new(), 0);
        while let Some(piece) = zipped.next().await {
            all.extend_from_slice(&piece.unwrap());
            count += 1;
        }
        assert_eq!(unzipped(&all), "one two three");
        assert_eq!(count, 4, "three pieces and the end");
    }

    fn unzipped(bytes: &[u8]) -> String {
        let mut text = String::new();
        flate2::read::GzDecoder::new(bytes).read_to_string(&mut text).unwrap();
        text
    }
}
