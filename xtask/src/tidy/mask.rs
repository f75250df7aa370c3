//! Rust text with its comments and its literals blanked out.
//!
//! Every check that looks for code looks here, so that a word in a sentence or in a string is never
//! taken for a call. Lines and columns stay where they were. A full parser was rejected: it would
//! be the heaviest dependency of the workspace, for checks that need no more than names, braces and
//! line numbers.

/// `text` with the insides of comments, strings and character literals replaced by spaces.
///
/// Quotes, newlines and the slashes of a line comment stay; what is left has as many lines as
/// `text`, and as many bytes.
pub fn mask(text: &str) -> String {
    let mut masker = Masker { text: text.as_bytes(), at: 0, out: Vec::with_capacity(text.len()) };
    while masker.at < masker.text.len() {
        masker.step();
    }
    // Only whole runs of bytes are blanked, each from and to an ASCII byte, so this is still UTF-8.
    String::from_utf8_lossy(&masker.out).into_owned()
}

struct Masker<'a> {
    text: &'a [u8],
    at: usize,
    out: Vec<u8>,
}

impl Masker<'_> {
    fn step(&mut self) {
        let rest = &self.text[self.at..];
        if rest.starts_with(b"//") {
            let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
            self.keep(2);
            self.blank(end - 2);
        } else if rest.starts_with(b"/*") {
            self.blank(block_comment_length(rest));
        } else if let Some((prefix, hashes)) = raw_string_start(rest, self.previous_is_word()) {
            self.keep(prefix);
            self.raw_string(hashes);
        } else if rest[0] == b'"' {
            self.keep(1);
            self.string();
        } else if rest[0] == b'\'' {
            self.quote();
        } else {
            self.keep(1);
        }
    }

    fn previous_is_word(&self) -> bool {
        self.at > 0 && is_word(self.text[self.at - 1])
    }

    fn keep(&mut self, count: usize) {
        let end = (self.at + count).min(self.text.len());
        self.out.extend_from_slice(&self.text[self.at..end]);
        self.at = end;
    }

    fn blank(&mut self, count: usize) {
        let end = (self.at + count).min(self.text.len());
        for byte in &self.text[self.at..end] {
            self.out.push(if *byte == b'\n' { b'\n' } else { b' ' });
        }
        self.at = end;
    }

    /// The rest of a string, after its opening quote.
    fn string(&mut self) {
        let rest = &self.text[self.at..];
        let mut end = 0;
        while end < rest.len() && rest[end] != b'"' {
            end += if rest[end] == b'\\' { 2 } else { 1 };
        }
        self.blank(end.min(rest.len()));
        self.keep(1);
    }

    /// The rest of a raw string that ends with a quote and `hashes` hashes.
    fn raw_string(&mut self, hashes: usize) {
        let rest = &self.text[self.at..];
        let mut close = vec![b'"'];
        close.resize(hashes + 1, b'#');
        let end = rest.windows(close.len()).position(|window| window == close);
        self.blank(end.unwrap_or(rest.len()));
        self.keep(close.len());
    }

    /// A character literal, or the quote of a lifetime.
    fn quote(&mut self) {
        let rest = &self.text[self.at + 1..];
        let inside = if rest.first() == Some(&b'\\') {
            let escaped = rest.iter().skip(2).position(|byte| *byte == b'\'');
            escaped.map(|end| end + 2)
        } else {
            let width = char_width(rest.first().copied());
            (rest.get(width) == Some(&b'\'')).then_some(width)
        };
        self.keep(1);
        if let Some(inside) = inside {
            self.blank(inside);
            self.keep(1);
        }
    }
}

/// The length of the block comment that `rest` begins with; comments may lie in comments.
fn block_comment_length(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0_usize, 0_usize);
    while at < rest.len() {
        if rest[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

/// If `rest` begins a raw string: the length of its opening, and the number of its hashes.
fn raw_string_start(rest: &[u8], inside_word: bool) -> Option<(usize, usize)> {
    if inside_word {
        return None;
    }
    let letters = [&b"br"[..], b"cr", b"r"].into_iter().find(|start| rest.starts_with(start))?;
    let hashes = rest[letters.len()..].iter().take_while(|byte| **byte == b'#').count();
    let quote = letters.len() + hashes;
    (rest.get(quote) == Some(&b'"')).then_some((quote + 1, hashes))
}

fn char_width(first: Option<u8>) -> usize {
    match first {
        Some(0xf0..) => 4,
        Some(0xe0..) => 3,
        Some(0xc0..) => 2,
        _ => 1,
    }
}

/// Whether `byte` can be part of a Rust name.
pub fn is_word(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphanumeric() || byte >= 0x80
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_blanked_and_code_is_kept() {
        let cases = [
            ("a // b\nc", "a //  \nc"),
            ("a /* b /* c */ d */ e", "a                   e"),
            (r#"f("x\"y")"#, r#"f("    ")"#),
            (r##"r#"a"b"# + b"##, r##"r#"   "# + b"##),
            ("br\"x\" c", "br\" \" c"),
            ("'{' + '\\'' + '\\u{7d}'", "' ' + '  ' + '      '"),
            ("fn f<'a>(x: &'a str) {}", "fn f<'a>(x: &'a str) {}"),
            ("'é' b'x'", "'  ' b' '"),
            ("for_r\"s\"", "for_r\" \""),
        ];
        for (text, expected) in cases {
            assert_eq!(mask(text), expected, "{text}");
        }
    }

    #[test]
    fn unfinished_literals_end_with_the_text() {
        for text in ["\"abc", "/* abc", "r#\"abc", "'", "\"\\"] {
            assert_eq!(mask(text).len(), text.len(), "{text}");
        }
    }
}
