//! Inline scripts in a page: those that its policy lets run by their nonce.
//!
//! Finding them takes a tokenizer of HTML, in as much of it as says where a script begins and ends:
//! tags and their quoted attributes, comments, elements whose content is text, and the escapes
//! inside of scripts. Only scripts with the page's own nonce are found. Nobody who writes a
//! ticket's title can know it, so that whatever they get into a page, and however this file and a
//! browser may differ in reading it, no script of theirs is among what is found.
//!
//! Foreign content (SVG, MathML) is read like HTML. Where a browser reads it otherwise, a script of
//! ours may be missed and does not run; none of somebody else's can be found instead.

use std::ops::Range;

/// Elements whose content is text up to their end tag, where scripts run.
const TEXT_ELEMENTS: &[&str] =
    &["iframe", "noembed", "noframes", "noscript", "style", "textarea", "title", "xmp"];

/// The text of each inline script that has `nonce`, in order.
pub fn with_nonce<'a>(html: &'a str, nonce: &str) -> Vec<&'a str> {
    let mut found = Vec::new();
    let (bytes, mut at) = (html.as_bytes(), 0);
    while let Some(open) = find(bytes, at, b"<") {
        at = open + 1;
        match bytes.get(at) {
            Some(b'!') if bytes[at..].starts_with(b"!--") => at = after_comment(bytes, at + 3),
            // A doctype, or what a browser takes for a comment up to the next bracket.
            Some(b'!' | b'?') => at = after(bytes, at, b">"),
            Some(b'/') => at = Tag::read(html, at + 1).end,
            Some(letter) if letter.is_ascii_alphabetic() => {
                let tag = Tag::read(html, at);
                at = tag.end;
                if tag.name == "script" {
                    let end = script_end(bytes, at);
                    if tag.runs_by(nonce) {
                        found.push(&html[at..end]);
                    }
                    at = end;
                } else if tag.name == "plaintext" {
                    return found;
                } else if TEXT_ELEMENTS.contains(&tag.name.as_str()) {
                    at = text_end(bytes, at, &tag.name);
                }
            }
            _ => {}
        }
    }
    found
}

/// A tag, from after its bracket and slash.
struct Tag {
    name: String,
    attributes: Vec<(String, Range<usize>, String)>,
    /// After its closing bracket, or the end of the page.
    end: usize,
}

impl Tag {
    fn read(html: &str, start: usize) -> Self {
        let bytes = html.as_bytes();
        let mut at = start;
        while bytes.get(at).is_some_and(|byte| !is_space(*byte) && !b"/>".contains(byte)) {
            at += 1;
        }
        let name = html[start..at].to_ascii_lowercase();
        let mut attributes = Vec::new();
        loop {
            while bytes.get(at).is_some_and(|byte| is_space(*byte) || *byte == b'/') {
                at += 1;
            }
            match bytes.get(at) {
                None => return Self { name, attributes, end: at },
                Some(b'>') => return Self { name, attributes, end: at + 1 },
                Some(_) => {}
            }
            let key = at;
            // A `=` that comes first is part of the name.
            at += 1;
            while bytes.get(at).is_some_and(|byte| !is_space(*byte) && !b"/>=".contains(byte)) {
                at += 1;
            }
            let key = html[key..at].to_ascii_lowercase();
            let value = attribute_value(bytes, &mut at);
            let text = html[value.clone()].to_owned();
            attributes.push((key, value, text));
        }
    }

    /// Whether it is a script that `nonce` lets run, whose text stands in the page.
    fn runs_by(&self, nonce: &str) -> bool {
        // Of two attributes of one name, browsers keep the first.
        let value = |wanted: &str| {
            self.attributes.iter().find(|(key, ..)| key == wanted).map(|(.., text)| text.as_str())
        };
        !nonce.is_empty() && value("nonce") == Some(nonce) && value("src").is_none()
    }
}

/// The value behind an attribute's name, without its quotes; empty where there is none.
fn attribute_value(bytes: &[u8], at: &mut usize) -> Range<usize> {
    let mut next = *at;
    let skip_spaces = |next: &mut usize| {
        while bytes.get(*next).is_some_and(|byte| is_space(*byte)) {
            *next += 1;
        }
    };
    skip_spaces(&mut next);
    if bytes.get(next) != Some(&b'=') {
        return *at..*at;
    }
    next += 1;
    skip_spaces(&mut next);
    let quote = bytes.get(next).copied().filter(|byte| b"\"'".contains(byte));
    if let Some(quote) = quote {
        let start = next + 1;
        let end = find(bytes, start, &[quote]).unwrap_or(bytes.len());
        *at = (end + 1).min(bytes.len());
        return start..end;
    }
    let start = next;
    while bytes.get(next).is_some_and(|byte| !is_space(*byte) && *byte != b'>') {
        next += 1;
    }
    *at = next;
    start..next
}

/// Where the text of a script that begins at `start` ends.
///
/// `<!--` and `<script` inside of it hide one end tag, as browsers have done since scripts were
/// wrapped in comments (HTML, 13.2.5.15 to 13.2.5.31).
fn script_end(bytes: &[u8], start: usize) -> usize {
    #[derive(PartialEq)]
    enum Inside {
        Script,
        Comment,
        ScriptInComment,
    }
    let (mut inside, mut at) = (Inside::Script, start);
    while at < bytes.len() {
        let rest = &bytes[at..];
        if inside != Inside::Script && rest.starts_with(b"-->") {
            inside = Inside::Script;
            at += 3;
        } else if inside == Inside::Script && rest.starts_with(b"<!--") {
            inside = Inside::Comment;
            // Its dashes may be the ones that end it again.
            at += 2;
        } else if is_tag(rest, b"</script") {
            if inside != Inside::ScriptInComment {
                return at;
            }
            inside = Inside::Comment;
            at += b"</script".len();
        } else if inside == Inside::Comment && is_tag(rest, b"<script") {
            inside = Inside::ScriptInComment;
            at += b"<script".len();
        } else {
            at += 1;
        }
    }
    bytes.len()
}

/// Where the text of the element `name` that begins at `start` ends.
fn text_end(bytes: &[u8], start: usize, name: &str) -> usize {
    let end_tag = format!("</{name}");
    let mut at = start;
    while let Some(open) = find(bytes, at, b"</") {
        if is_tag(&bytes[open..], end_tag.as_bytes()) {
            return open;
        }
        at = open + 2;
    }
    bytes.len()
}

/// After a comment whose text begins at `start`.
fn after_comment(bytes: &[u8], start: usize) -> usize {
    let rest = &bytes[start..];
    for (abrupt, length) in [(&b">"[..], 1), (b"->", 2)] {
        if rest.starts_with(abrupt) {
            return start + length;
        }
    }
    let ends = [&b"-->"[..], b"--!>"].map(|end| find(bytes, start, end).map(|at| at + end.len()));
    ends.into_iter().flatten().min().unwrap_or(bytes.len())
}

fn after(bytes: &[u8], start: usize, what: &[u8]) -> usize {
    find(bytes, start, what).map_or(bytes.len(), |at| at + what.len())
}

fn find(bytes: &[u8], start: usize, what: &[u8]) -> Option<usize> {
    let rest = bytes.get(start..)?;
    match what {
        [one] => rest.iter().position(|byte| byte == one),
        _ => rest.windows(what.len()).position(|window| window == what),
    }
    .map(|at| start + at)
}

/// Whether `rest` begins with this tag, in any case, and the name ends there.
fn is_tag(rest: &[u8], tag: &[u8]) -> bool {
    let begins = rest.get(..tag.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(tag));
    begins && rest.get(tag.len()).is_some_and(|byte| is_space(*byte) || b"/>".contains(byte))
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0c)
}

#[cfg(test)]
#[path = "scripts_tests.rs"]
mod tests;
