//! The client's files: scripts, styles, fonts, images. They are read once, when the client starts,
//! and answered from memory under their exact names, so that no path can lead anywhere else.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use axum::body::Body;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, VARY,
};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use bytes::Bytes;
use common::http::Tag;
use common::http::gate::AsItIs;

use super::encoding::{Effort, Encoding, WORTH_IT_BYTES, is_text};
use super::kept::is_known;

/// Below this address, a file's name changes with its content.
const NAMED_BY_CONTENT: &str = "/_next/static";

const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// As long as one may wait for a new icon.
const FOR_A_WHILE: HeaderValue = HeaderValue::from_static("public, max-age=300");

/// Most bytes of all files. A client has some megabytes.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// The client's files, by their address.
#[derive(Debug, Default)]
pub struct Files {
    files: HashMap<String, File>,
    bytes: usize,
}

#[derive(Debug)]
struct File {
    kind: &'static str,
    keep: HeaderValue,
    identity: Form,
    /// Where it is smaller.
    gzip: Option<Form>,
    brotli: Option<Form>,
}

#[derive(Debug)]
struct Form {
    tag: HeaderValue,
    body: Bytes,
}

impl Files {
    /// The files of the client that is built in `folder`.
    ///
    /// # Errors
    /// With a sentence, where they cannot be read or are too many.
    pub fn of(folder: &Path) -> Result<Self, String> {
        let mut files = Self::default();
        for (from, at) in folders(folder) {
            files.read(&from, at)?;
        }
        Ok(files)
    }

    fn read(&mut self, folder: &Path, at: &str) -> Result<(), String> {
        let failed = |error| format!("the client's {} cannot be read: {error}", folder.display());
        for entry in fs::read_dir(folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
            let at = format!("{at}/{name}");
            if path.is_dir() {
                self.read(&path, &at)?;
                continue;
            }
            if is_compressed_form(&path) {
                continue;
            }
            let file = File::read(&path, &at).map_err(failed)?;
            self.bytes += file.identity.body.len();
            if self.bytes > MAX_BYTES {
                let most = MAX_BYTES / 1024 / 1024;
                return Err(format!("the client has more than {most} MB of files"));
            }
            self.files.insert(at, file);
        }
        Ok(())
    }

    /// The file at `path`, to whoever sent these headers.
    pub fn answer(&self, path: &str, headers: &HeaderMap) -> Option<Response<Body>> {
        let decoded;
        let path = if path.contains('%') {
            decoded = percent_decoded(path)?;
            &decoded
        } else {
            path
        };
        match self.files.get(path) {
            Some(file) => Some(file.answer(headers)),
            // A build ago there may have been one; Next.js has no other answer for it.
            None if path.starts_with(NAMED_BY_CONTENT) && !self.files.is_empty() => {
                let mut response = Response::new(Body::empty());
                *response.status_mut() = StatusCode::NOT_FOUND;
                Some(response)
            }
            None => None,
        }
    }
}

impl File {
    fn read(path: &Path, at: &str) -> std::io::Result<Self> {
        let body = Bytes::from(fs::read(path)?);
        let kind = kind_of(at);
        let tag = Tag::of_content(&body).to_string();
        let form = |encoding: Encoding, body| {
            let tag = format!("\"{}{}\"", tag.trim_matches('"'), encoding.extension());
            Form {
                tag: HeaderValue::try_from(tag).unwrap_or(HeaderValue::from_static("\"\"")),
                body,
            }
        };
        let smaller = |encoding: Encoding| -> std::io::Result<Option<Form>> {
            if !is_text(kind) || body.len() < WORTH_IT_BYTES {
                return Ok(None);
            }
            let mut beside = path.as_os_str().to_owned();
            beside.push(encoding.extension());
            let written = match fs::read(&beside) {
                Ok(written) => written,
                Err(_) => encoding.write(&body, Effort::Quick)?,
            };
            let is_smaller = written.len() < body.len();
            Ok(is_smaller.then(|| form(encoding, Bytes::from(written))))
        };
        let keep = if at.starts_with(NAMED_BY_CONTENT) { FOR_EVER } else { FOR_A_WHILE };
        let (gzip, brotli) = (smaller(Encoding::Gzip)?, smaller(Encoding::Brotli)?);
        Ok(Self { kind, keep, gzip, brotli, identity: form(Encoding::Identity, body) })
    }

    fn answer(&self, headers: &HeaderMap) -> Response<Body> {
        let best = Encoding::best_for(headers);
        let (encoding, form) = match best {
            Encoding::Brotli => (best, self.brotli.as_ref()),
            Encoding::Gzip => (best, self.gzip.as_ref()),
            Encoding::Identity => (best, None),
        };
        let (encoding, form) =
            form.map_or((Encoding::Identity, &self.identity), |form| (encoding, form));
        let known = is_known(&form.tag, headers);
        let body = if known { Body::empty() } else { Body::from(form.body.clone()) };
        let mut response = Response::new(body);
        response.extensions_mut().insert(AsItIs);
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, self.keep.clone());
        headers.insert(ETAG, form.tag.clone());
        headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.kind));
        if let Some(name) = encoding.name() {
            headers.insert(CONTENT_ENCODING, name);
        }
        if known {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        } else {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(form.body.len()));
        }
        response
    }
}

/// The folders with the files of the client in `folder`, and the addresses that they are below.
pub fn folders(folder: &Path) -> Vec<(PathBuf, &'static str)> {
    let named = [(".next/static", NAMED_BY_CONTENT), ("public", "")];
    let found = named.into_iter().map(|(name, at)| {
        // Next.js leaves out of `standalone` what a network of caches may serve; a script of the
        // client's puts it there for images that hold nothing else.
        let inside = folder.join(".next/standalone").join(name);
        (if inside.is_dir() { inside } else { folder.join(name) }, at)
    });
    found.filter(|(path, _)| path.is_dir()).collect()
}

/// Writes the compressed forms of all files below `folder` beside them.
///
/// # Errors
/// With a sentence, where they cannot be written.
pub fn compress(folder: &Path) -> Result<usize, String> {
    let failed = |error| format!("{} cannot be compressed: {error}", folder.display());
    let mut count = 0;
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            count += compress(&path)?;
            continue;
        }
        let name = path.to_string_lossy();
        if is_compressed_form(&path) || !is_text(kind_of(&name)) {
            continue;
        }
        let body = fs::read(&path).map_err(failed)?;
        if body.len() < WORTH_IT_BYTES {
            continue;
        }
        for encoding in [Encoding::Gzip, Encoding::Brotli] {
            let written = encoding.write(&body, Effort::Thorough).map_err(failed)?;
            let mut beside = path.as_os_str().to_owned();
            beside.push(encoding.extension());
            fs::write(beside, written).map_err(failed)?;
        }
        count += 1;
    }
    Ok(count)
}

/// Whether a file is another one, compressed.
fn is_compressed_form(path: &Path) -> bool {
    let compressed =
        path.extension().is_some_and(|extension| extension == "br" || extension == "gz");
    compressed && path.with_extension("").is_file()
}

fn kind_of(name: &str) -> &'static str {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    match extension.to_ascii_lowercase().as_str() {
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "html" => "text/html; charset=utf-8",
        "txt" => "text/plain; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "xml" => "text/xml; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "woff" => "font/woff",
        "ttf" => "font/ttf",
        "otf" => "font/otf",
        "wasm" => "application/wasm",
        "pdf" => "application/pdf",
        _ => "application/octet-stream",
    }
}

/// A path without its percent signs; `None` where it is no text then.
fn percent_decoded(path: &str) -> Option<String> {
    let (mut bytes, mut rest) = (Vec::with_capacity(path.len()), path.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).filter(|_| *first == b'%');
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
#[path = "files_tests.rs"]
mod tests;
