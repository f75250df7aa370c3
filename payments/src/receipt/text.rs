//! Text of any script, set in lines: which face has it, which way it runs, where it is broken.
//!
//! A text is broken into lines in the order in which it is read, and each line is then put into the
//! order in which it is seen (Unicode's bidirectional algorithm), cut where the face changes, and
//! shaped. What no face has is drawn as U+FFFD, and stays in the document as it was written, for
//! whoever copies it or has it read out.

use std::ops::Range;

use harfrust::{Direction, ShapeOptions, UnicodeBuffer};
use krilla::text::{GlyphId, KrillaGlyph};
use unicode_bidi::{BidiInfo, Level};
use unicode_segmentation::UnicodeSegmentation as _;

use super::fonts::{self, Face, Weight};

/// What is drawn for a character that no face has.
const MISSING: char = '\u{fffd}';

/// One line.
pub struct Line {
    /// As it is read.
    pub text: String,
    /// As it is seen, from left to right.
    pub runs: Vec<Run>,
    /// How wide it is, for letters of one point.
    pub width: f32,
}

/// A piece of a line that one face has and that runs one way.
pub struct Run {
    /// The face.
    pub face: &'static Face,
    /// As it is read.
    pub text: String,
    /// As it is drawn.
    pub glyphs: Vec<KrillaGlyph>,
    /// How wide it is, for letters of one point.
    pub width: f32,
    /// Whether it is drawn as the sign for characters that no face has.
    pub is_missing: bool,
}

impl Line {
    /// Whether what is drawn, from left to right, need not say what is read.
    pub fn needs_its_text_told(&self) -> bool {
        !self.text.is_ascii()
    }

    /// Whether a character is drawn as the sign for one that no face has.
    pub fn has_missing(&self) -> bool {
        self.runs.iter().any(|run| run.is_missing)
    }
}

/// `text` in lines of at most `width`, for letters of one point: at least one line, and none wider
/// unless a single character is.
pub fn lines(text: &str, weight: Weight, width: f32) -> Vec<Line> {
    let text = plain(text);
    let base = BidiInfo::new(&text, None).paragraphs.first().map(|paragraph| paragraph.level);
    let base = base.unwrap_or(Level::ltr());
    break_lines(&text, weight, width).into_iter().map(|line| set(&line, weight, base)).collect()
}

/// Without what has no place in a line: its ends, and whatever else controls a terminal.
fn plain(text: &str) -> String {
    let shown = |c: char| match c {
        '\u{2028}' | '\u{2029}' => ' ',
        c if c.is_control() => ' ',
        c => c,
    };
    text.chars().map(shown).collect::<String>().trim().to_owned()
}

/// Where lines end: after the last blank that fits, or else after the last character that does.
fn break_lines(text: &str, weight: Weight, width: f32) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0.0;
    for word in text.split_inclusive(' ') {
        let wide = width_of(word.trim_end(), weight);
        if used > 0.0 && used + wide > width {
            lines.push(String::new());
            used = 0.0;
        }
        if wide <= width {
            push(&mut lines, word);
            used += width_of(word, weight);
            continue;
        }
        for cluster in word.graphemes(true) {
            let wide = width_of(cluster, weight);
            if used > 0.0 && used + wide > width {
                lines.push(String::new());
                used = 0.0;
            }
            push(&mut lines, cluster);
            used += wide;
        }
    }
    lines.iter().map(|line| line.trim_end().to_owned()).collect()
}

fn push(lines: &mut [String], text: &str) {
    if let Some(line) = lines.last_mut() {
        line.push_str(text);
    }
}

fn width_of(text: &str, weight: Weight) -> f32 {
    set(text, weight, Level::ltr()).width
}

/// A line in the order in which it is seen.
fn set(text: &str, weight: Weight, base: Level) -> Line {
    let mut runs = Vec::new();
    let bidi = BidiInfo::new(text, Some(base));
    for paragraph in &bidi.paragraphs {
        let (levels, ranges) = bidi.visual_runs(paragraph, paragraph.range.clone());
        for range in ranges {
            let is_rtl = levels.get(range.start).is_some_and(Level::is_rtl);
            let mut pieces = by_face(&text[range], weight);
            if is_rtl {
                pieces.reverse();
            }
            let shaped = pieces.into_iter().filter_map(|(face, text)| shape(face, text, is_rtl));
            runs.extend(shaped);
        }
    }
    let width = runs.iter().map(|run| run.width).sum();
    Line { text: text.to_owned(), runs, width }
}

/// Cuts `text` where the face changes; `None` for what no face has.
fn by_face(text: &str, weight: Weight) -> Vec<(Option<&'static Face>, String)> {
    let mut pieces: Vec<(Option<&'static Face>, String)> = Vec::new();
    for cluster in text.graphemes(true) {
        let before = pieces.last().and_then(|(face, _)| *face);
        let face = fonts::face_for(cluster, weight, before);
        match pieces.last_mut() {
            Some((last, piece)) if is_same(*last, face) => piece.push_str(cluster),
            _ => pieces.push((face, cluster.to_owned())),
        }
    }
    pieces
}

fn is_same(a: Option<&'static Face>, b: Option<&'static Face>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => std::ptr::eq(a, b),
        (None, None) => true,
        _ => false,
    }
}

/// The glyphs of a piece.
fn shape(face: Option<&'static Face>, text: String, is_rtl: bool) -> Option<Run> {
    let (face, drawn, is_missing) = match face {
        Some(face) => (face, text.clone(), false),
        None => (fonts::fallback()?, signs_for(&text), true),
    };
    let shaper = face.shaper();
    let mut buffer = UnicodeBuffer::new();
    buffer.push_str(&drawn);
    buffer.guess_segment_properties();
    buffer.set_direction(if is_rtl { Direction::RightToLeft } else { Direction::LeftToRight });
    let shaped = shaper.shape(buffer, ShapeOptions::new());
    let em = f32::from(u16::try_from(shaper.units_per_em()).ok()?);
    let clusters: Vec<usize> = shaped
        .glyph_infos()
        .iter()
        .map(|info| usize::try_from(info.cluster).unwrap_or(0).min(drawn.len()))
        .collect();
    let mut width = 0.0;
    let mut glyphs = Vec::with_capacity(clusters.len());
    for (place, (info, at)) in shaped.glyph_infos().iter().zip(shaped.glyph_positions()).enumerate()
    {
        let range = match is_missing {
            true => 0..text.len(),
            false => range_of(&clusters, place, text.len()),
        };
        width += at.x_advance as f32 / em;
        glyphs.push(KrillaGlyph::new(
            GlyphId::new(info.glyph_id),
            at.x_advance as f32 / em,
            at.x_offset as f32 / em,
            at.y_offset as f32 / em,
            at.y_advance as f32 / em,
            range,
            None,
        ));
    }
    Some(Run { face, text, glyphs, width, is_missing })
}

/// One sign for each character that shows.
fn signs_for(text: &str) -> String {
    text.graphemes(true).map(|_| MISSING).collect()
}

/// The part of the text that the glyph at `place` stands for: from where its cluster begins to
/// where the next one in reading order does.
fn range_of(clusters: &[usize], place: usize, end: usize) -> Range<usize> {
    let start = clusters[place];
    let next = clusters.iter().copied().filter(|cluster| *cluster > start).min();
    start..next.unwrap_or(end)
}
