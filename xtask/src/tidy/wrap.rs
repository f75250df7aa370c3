//! Comments broken at the last column, since rustfmt leaves them as they were typed.

use super::lengths::LINE_COLUMNS;
use super::mask::mask;

/// `text` with each paragraph of comments that has a line too long filled anew.
///
/// Lists, tables, headings and fenced code keep their lines; a comment behind code is left to its
/// author.
pub fn wrap(text: &str) -> String {
    let code = mask(text);
    let lines: Vec<(&str, &str)> = text.lines().zip(code.lines()).collect();
    let (mut out, mut at, mut fenced) = (Vec::new(), 0, false);
    while let Some((line, code)) = lines.get(at) {
        let comment = Comment::read(line).filter(|_| is_comment(code));
        let Some(comment) = comment else {
            out.push((*line).to_owned());
            fenced = false;
            at += 1;
            continue;
        };
        if comment.words.starts_with("```") {
            fenced = !fenced;
        }
        let mut end = at + 1;
        if !fenced && comment.is_prose() {
            let follows = |(line, code): &(&str, &str)| {
                let next = Comment::read(line).filter(|_| is_comment(code));
                next.is_some_and(|next| next.continues(&comment))
            };
            end += lines[end..].iter().take_while(|line| follows(line)).count();
        }
        let paragraph: Vec<&str> = lines[at..end].iter().map(|(line, _)| *line).collect();
        out.extend(fill(&comment, &paragraph, fenced));
        at = end;
    }
    let mut wrapped = out.join("\n");
    if text.ends_with('\n') {
        wrapped.push('\n');
    }
    wrapped
}

/// Whether the code of a line is a comment alone; inside a string there would be no slashes left.
fn is_comment(code: &str) -> bool {
    code.trim() == "//"
}

/// A line that holds a comment and nothing else.
struct Comment<'a> {
    indent: &'a str,
    /// `//`, `///` or `//!`.
    slashes: &'a str,
    /// The spaces that line the text up below a list's item.
    inset: &'a str,
    words: &'a str,
}

impl<'a> Comment<'a> {
    fn read(line: &'a str) -> Option<Self> {
        let body = line.trim_start();
        let indent = &line[..line.len() - body.len()];
        let slashes = ["//!", "///", "//"].into_iter().find(|start| body.starts_with(start))?;
        let rest = &body[slashes.len()..];
        let words = rest.trim();
        let inset = &rest[..rest.len() - rest.trim_start().len()];
        Some(Self { indent, slashes, inset, words })
    }

    /// The spaces before this line's followers: a list's text is lined up behind its mark.
    fn hang(&self) -> String {
        let is_item = self.words.starts_with("- ") || self.words.starts_with("* ");
        if is_item { format!("{}  ", self.inset) } else { self.inset.to_owned() }
    }

    fn is_prose(&self) -> bool {
        let is_definition = self.words.starts_with('[') && self.words.contains("]: ");
        let is_laid_out = self.words.starts_with(['|', '#']) || self.words.starts_with("```");
        !self.words.is_empty() && !is_definition && !is_laid_out
    }

    /// Whether this line goes on with the paragraph that `first` began.
    fn continues(&self, first: &Self) -> bool {
        let same = self.indent == first.indent && self.slashes == first.slashes;
        let starts_item = self.words.starts_with(['-', '*', '|', '#'])
            || self.words.starts_with("```")
            || self.words.starts_with(|letter: char| letter.is_ascii_digit())
                && self.words.contains(". ");
        same && !self.words.is_empty() && !starts_item && self.inset == first.hang()
    }
}

/// The lines of one paragraph, filled anew if one of them is too long.
fn fill(first: &Comment<'_>, lines: &[&str], fenced: bool) -> Vec<String> {
    let is_long = lines.iter().any(|line| line.chars().count() > LINE_COLUMNS);
    if fenced || !is_long || !first.is_prose() {
        return lines.iter().map(|line| (*line).to_owned()).collect();
    }
    let start = format!("{}{}", first.indent, first.slashes);
    let inset = if first.inset.is_empty() { " " } else { first.inset };
    let mut filled = Vec::new();
    let mut line = format!("{start}{inset}");
    let mut is_empty = true;
    let words = lines.iter().filter_map(|line| Comment::read(line));
    for word in words.flat_map(|comment| comment.words.split(' ')).filter(|word| !word.is_empty()) {
        if !is_empty && line.chars().count() + 1 + word.chars().count() > LINE_COLUMNS {
            filled.push(std::mem::replace(&mut line, format!("{start}{}", first.hang())));
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(word);
        is_empty = false;
    }
    filled.push(line);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    fn long(word: &str) -> String {
        [word; 30].join(" ")
    }

    #[test]
    fn a_long_paragraph_is_filled_with_the_lines_that_follow_it() {
        let text =
            format!("    /// {}\n    /// end.\n    ///\n    /// kept\nfn f() {{}}\n", long("word"));
        let expected = format!(
            "    /// {}\n    /// {} end.\n    ///\n    /// kept\nfn f() {{}}\n",
            ["word"; 18].join(" "),
            ["word"; 12].join(" ")
        );
        assert_eq!(wrap(&text), expected);
        assert_eq!(wrap(&expected), expected);
    }

    #[test]
    fn items_hang_and_their_neighbours_stay() {
        let text = format!("//! - {}\n//! - b\n", long("word"));
        let wrapped = wrap(&text);
        let lines: Vec<&str> = wrapped.lines().collect();
        assert!(lines[1].starts_with("//!   word") && lines[2] == "//! - b", "{wrapped}");
    }

    #[test]
    fn a_paragraph_may_begin_with_a_link_or_with_code() {
        for start in ["[`crate::run`]", "`run`"] {
            assert_eq!(wrap(&format!("/// {start} {}\n", long("word"))).lines().count(), 2);
        }
    }

    #[test]
    fn tables_fences_strings_and_code_stay() {
        let table = format!("//! | {} |\n", long("a"));
        let fence = format!("/// ```\n/// {}\n/// ```\n", long("word"));
        let string = format!("const A: &str = \"\n// {}\n\";\n", long("word"));
        let behind = format!("let a = 1; // {}\n", long("word"));
        for text in [table, fence, string, behind] {
            assert_eq!(wrap(&text), text);
        }
    }
}
