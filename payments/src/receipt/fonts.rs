//! The typefaces of a receipt, built in: nothing is looked for on the machine, and nothing is
//! loaded over a network. What each covers, whose it is and how it was made is in
//! `payments/fonts/README.md`.
//!
//! The large ones are kept compressed, and opened by the first title that needs them.

use std::io::Read as _;
use std::sync::LazyLock;

use flate2::read::GzDecoder;
use harfrust::{FontRef, ShaperData};
use krilla::text::Font;
use skrifa::MetadataProvider as _;

/// A typeface, ready to shape with and to be embedded.
pub struct Face {
    font: FontRef<'static>,
    shaping: ShaperData,
    embedded: Font,
}

impl Face {
    /// What text is shaped with.
    pub fn shaper(&self) -> harfrust::Shaper<'_> {
        self.shaping.shaper(&self.font).build()
    }

    /// What a document embeds the used part of.
    pub fn embedded(&self) -> Font {
        self.embedded.clone()
    }

    /// Whether it has a glyph for everything in `cluster` that shows.
    pub fn covers(&self, cluster: &str) -> bool {
        let charmap = self.font.charmap();
        cluster.chars().filter(|c| !is_silent(*c)).all(|c| charmap.map(c).is_some())
    }

    fn read(file: &'static [u8]) -> Option<Self> {
        let font = FontRef::new(file).ok()?;
        let embedded = Font::new(file.into(), 0)?;
        Some(Self { shaping: ShaperData::new(&font), font, embedded })
    }

    fn unpack(file: &'static [u8]) -> Option<Self> {
        let mut font = Vec::new();
        GzDecoder::new(file).read_to_end(&mut font).ok()?;
        // Once in the life of a process, and for all of it.
        Self::read(font.leak())
    }
}

/// A typeface that is opened when it is first needed; `None` where its file is damaged, which a
/// test would have found.
type Lazy = LazyLock<Option<Face>>;

macro_rules! built_in {
    ($how:ident, $file:literal) => {
        LazyLock::new(|| Face::$how(include_bytes!(concat!("../../fonts/", $file))))
    };
}

static BOLD: Lazy = built_in!(read, "NotoSans-Bold.ttf");

/// In the order in which they are asked: what an earlier one covers is set in it.
static REGULAR: [Lazy; 12] = [
    built_in!(read, "NotoSans-Regular.ttf"),
    built_in!(read, "NotoSansHebrew-Regular.ttf"),
    built_in!(read, "NotoSansArabic-Regular.ttf"),
    built_in!(read, "NotoSansDevanagari-Regular.ttf"),
    built_in!(read, "NotoSansBengali-Regular.ttf"),
    built_in!(read, "NotoSansTamil-Regular.ttf"),
    built_in!(read, "NotoSansThai-Regular.ttf"),
    built_in!(read, "NotoSansGeorgian-Regular.ttf"),
    built_in!(read, "NotoSansArmenian-Regular.ttf"),
    built_in!(unpack, "DroidSansFallback.ttf.gz"),
    built_in!(unpack, "NotoSansKR-Regular.otf.gz"),
    built_in!(unpack, "NotoEmoji-Regular.ttf.gz"),
];

/// Asks for a character to be drawn as an emoji.
const AS_EMOJI: char = '\u{fe0f}';

/// How heavy text is set. Only what we say ourselves is bold: the bold face knows Latin alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// In any script.
    Regular,
    /// Where the bold face has the letters.
    Bold,
}

/// The face that `cluster` is set in; `None` where no face has it. `before` is the face of what
/// stands before it, which is kept where it will do: a space or a comma is set as its neighbours
/// are.
pub fn face_for(
    cluster: &str,
    weight: Weight,
    before: Option<&'static Face>,
) -> Option<&'static Face> {
    let emoji = REGULAR[REGULAR.len() - 1].as_ref();
    let wanted = cluster.contains(AS_EMOJI).then_some(emoji).flatten();
    let bold = (weight == Weight::Bold).then(|| BOLD.as_ref()).flatten();
    // Blanks of the emoji's width would tear a line apart.
    let before = before.filter(|before| !emoji.is_some_and(|emoji| std::ptr::eq(*before, emoji)));
    let before = before.filter(|_| !starts_with_letter(cluster));
    let first = [wanted, bold, before].into_iter().flatten();
    first.chain(REGULAR.iter().filter_map(|face| face.as_ref())).find(|face| face.covers(cluster))
}

/// The face that has the sign for a character that no face has.
pub fn fallback() -> Option<&'static Face> {
    REGULAR[0].as_ref()
}

fn starts_with_letter(cluster: &str) -> bool {
    cluster.chars().next().is_some_and(char::is_alphanumeric)
}

/// Characters that shape what is around them and show nothing themselves: a face need not have
/// them.
fn is_silent(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180b}'..='\u{180e}' | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_face_can_be_read() {
        assert!(BOLD.is_some());
        for (place, face) in REGULAR.iter().enumerate() {
            assert!(face.is_some(), "{place}");
        }
        assert!(fallback().is_some_and(|face| face.covers("\u{fffd}")));
    }

    #[test]
    fn what_the_documentation_says_is_covered_is_covered() {
        for text in [
            "Größe, Łódź, İstanbul, Việt Nam, café",
            "Αθήνα",
            "Київ Москва",
            "תל אביב",
            "القاهرة",
            "मुंबई",
            "ঢাকা",
            "சென்னை",
            "กรุงเทพ",
            "თბილისი",
            "Երևան",
            "東京 大阪 とうきょう カタカナ 서울 北京 臺北",
            "🎸🎟️😀",
            "€ £ ¥ ₩ ₽ ₹ ₺ ₪ ₫",
        ] {
            for c in text.chars() {
                let cluster = c.to_string();
                assert!(face_for(&cluster, Weight::Regular, None).is_some(), "{c:?} of {text}");
            }
        }
        assert!(face_for("\u{12000}", Weight::Regular, None).is_none(), "cuneiform");
    }
}
