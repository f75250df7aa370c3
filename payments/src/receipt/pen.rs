//! Draws lines of text and rules on the page, and keeps what was drawn as a tree in the order in
//! which it is read.

use krilla::color::rgb;
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::paint::{Fill, FillRule};
use krilla::surface::Surface;
use krilla::tagging::{Artifact, ArtifactType, ContentTag, Node, SpanTag};

use super::fonts::Weight;
use super::text::{Line, lines};

/// A colour of the site, as it is on paper.
pub type Colour = (u8, u8, u8);

/// How text looks.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// In points.
    pub size: f32,
    /// How heavy.
    pub weight: Weight,
    /// In what colour.
    pub colour: Colour,
}

/// Which edge of its box text keeps to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The left one.
    Left,
    /// The right one, for amounts.
    Right,
}

/// Where text goes: its box's left edge, first baseline and width, in points from the page's upper
/// left corner.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// The left edge.
    pub x: f32,
    /// The first baseline.
    pub y: f32,
    /// The width.
    pub width: f32,
    /// The edge that text keeps to.
    pub side: Side,
}

/// Text that has been drawn.
pub struct Drawn {
    /// What is read, to be put into the tree.
    pub nodes: Vec<Node>,
    /// The baseline below its last one.
    pub next_y: f32,
}

/// Draws on one page.
pub struct Pen<'a, 'page> {
    surface: &'a mut Surface<'page>,
    /// Whether a character was drawn as the sign for one that no face has.
    pub has_missing: bool,
}

/// From baseline to baseline, for letters of one point.
const LEADING: f32 = 1.4;

impl<'a, 'page> Pen<'a, 'page> {
    /// Draws on `surface`.
    pub fn new(surface: &'a mut Surface<'page>) -> Self {
        Self { surface, has_missing: false }
    }

    /// Draws `text` in as many lines as it takes.
    pub fn text(&mut self, text: &str, style: Style, place: Place) -> Drawn {
        let mut y = place.y;
        let mut nodes = Vec::new();
        for line in lines(text, style.weight, place.width / style.size) {
            self.has_missing |= line.has_missing();
            // Letters that join are a little wider together than they were measured apart.
            let size = style.size.min(place.width / line.width.max(f32::MIN_POSITIVE));
            let x = match place.side {
                Side::Left => place.x,
                Side::Right => place.x + place.width - line.width * size,
            };
            nodes.extend(self.line(&line, style.colour, size, Point::from_xy(x, y)));
            y += style.size * LEADING;
        }
        Drawn { nodes, next_y: y }
    }

    fn line(&mut self, line: &Line, colour: Colour, size: f32, start: Point) -> Option<Node> {
        if line.runs.is_empty() {
            return None;
        }
        let actual = line.needs_its_text_told().then_some(line.text.as_str());
        let span = SpanTag::empty().with_actual_text(actual);
        let tagged = self.surface.start_tagged(ContentTag::Span(span));
        self.surface.set_fill(Some(fill(colour)));
        let mut x = start.x;
        for run in &line.runs {
            let (at, font) = (Point::from_xy(x, start.y), run.face.embedded());
            self.surface.draw_glyphs(at, &run.glyphs, font, &run.text, size, false);
            x += run.width * size;
        }
        self.surface.end_tagged();
        Some(tagged.into())
    }

    /// A rule, or a bar: nothing that is read.
    pub fn bar(&mut self, colour: Colour, x: f32, y: f32, width: f32, height: f32) {
        self.shapes(colour, [(x, y, width, height)]);
    }

    /// A row of dots, as between a ticket and its stub.
    pub fn dots(&mut self, colour: Colour, x: f32, y: f32, width: f32) {
        const DOT: f32 = 1.2;
        const STEP: f32 = 4.0;
        let mut dots = Vec::new();
        let mut along = 0.0;
        while along + DOT <= width {
            dots.push((x + along, y, DOT, DOT));
            along += STEP;
        }
        self.shapes(colour, dots);
    }

    fn shapes(&mut self, colour: Colour, boxes: impl IntoIterator<Item = (f32, f32, f32, f32)>) {
        let mut path = PathBuilder::new();
        for (x, y, width, height) in boxes {
            if let Some(shape) = Rect::from_xywh(x, y, width, height) {
                path.push_rect(shape);
            }
        }
        let Some(path) = path.finish() else { return };
        let artifact = Artifact::with_kind(ArtifactType::Layout);
        // What is no content has no place in the tree.
        let _ = self.surface.start_tagged(ContentTag::Artifact(artifact));
        self.surface.set_fill(Some(fill(colour)));
        self.surface.draw_path(&path);
        self.surface.end_tagged();
    }
}

fn fill((red, green, blue): Colour) -> Fill {
    Fill {
        paint: rgb::Color::new(red, green, blue).into(),
        rule: FillRule::NonZero,
        ..Fill::default()
    }
}
