//! How tickets are searched for: the words that find them, and the orders they come in.

use std::collections::HashSet;

use common::id::UserId;
use common::money::Money;
use common::time::Timestamp;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use super::Ticket;

/// Most words of one ticket that find it: title, event and venue come first, and of a description
/// what fits.
pub const MAX_TICKET_WORDS: usize = 200;

/// Most words of one search: a long title. Each is one more look-up, so the rest does not count.
pub const MAX_QUERY_WORDS: usize = 20;

/// Longest word, in characters. What is longer is cut, in tickets and in searches alike.
const MAX_WORD: usize = 40;

/// The decimals that prices are compared at: as many as any currency has.
const PRICE_DECIMALS: u32 = 3;

/// Which tickets somebody looks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Search {
    /// The ticket has each of these, the last at least as the start of one of its own.
    pub words: Vec<String>,
    /// It costs at least this, by [`scale_price`].
    pub min_price: Option<i64>,
    /// It costs at most this, by [`scale_price`].
    pub max_price: Option<i64>,
    /// Its event starts then or later.
    pub from: Option<Timestamp>,
    /// Its event starts then or earlier.
    pub to: Option<Timestamp>,
    /// This person sells it.
    pub seller: Option<UserId>,
    /// Also those that are sold out.
    pub sold_out_too: bool,
    /// In which order they come.
    pub sort: Sort,
}

/// In which order tickets come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    /// By what.
    pub key: SortKey,
    /// Greatest first.
    pub descending: bool,
}

/// What tickets can be ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortKey {
    /// When they were put up.
    CreatedAt,
    /// What one unit costs.
    Price,
    /// When their event starts; those that do not say are left out.
    StartsAt,
}

impl Default for Sort {
    /// Newest first.
    fn default() -> Self {
        Self { key: SortKey::CreatedAt, descending: true }
    }
}

impl Sort {
    /// Every order, by the name it has in requests.
    pub const NAMES: [&'static str; 6] =
        ["-createdAt", "createdAt", "price", "-price", "startsAt", "-startsAt"];

    /// The order of that name.
    pub fn named(name: &str) -> Option<Self> {
        let (descending, name) = match name.strip_prefix('-') {
            Some(name) => (true, name),
            None => (false, name),
        };
        let key = match name {
            "createdAt" => SortKey::CreatedAt,
            "price" => SortKey::Price,
            "startsAt" => SortKey::StartsAt,
            _ => return None,
        };
        Some(Self { key, descending })
    }

    /// Its name in requests.
    pub fn name(self) -> &'static str {
        match (self.key, self.descending) {
            (SortKey::CreatedAt, true) => "-createdAt",
            (SortKey::CreatedAt, false) => "createdAt",
            (SortKey::Price, false) => "price",
            (SortKey::Price, true) => "-price",
            (SortKey::StartsAt, false) => "startsAt",
            (SortKey::StartsAt, true) => "-startsAt",
        }
    }
}

/// A price as lists compare it: as a number, whatever the currency.
pub fn scale_price(price: Money) -> i64 {
    let missing = PRICE_DECIMALS.saturating_sub(price.currency.decimals());
    price.minor.saturating_mul(10_i64.pow(missing))
}

/// The words that find a ticket.
pub fn words_of(ticket: &Ticket) -> Vec<String> {
    let listing = &ticket.listing;
    let event = listing.event.as_ref();
    let texts = [
        Some(listing.title.as_str()),
        event.map(|event| event.name.as_str()),
        event.and_then(|event| event.venue.as_deref()),
        listing.description.as_deref(),
    ];
    let mut known = HashSet::new();
    let all = texts.into_iter().flatten().flat_map(words);
    all.filter(|word| known.insert(word.clone())).take(MAX_TICKET_WORDS).collect()
}

/// The words of a text as they are compared: in lower case and without accents, so that `Café` and
/// `CAFE` are one. A character of a script that puts no spaces between words is a word by itself.
pub fn words(text: &str) -> Vec<String> {
    // Each write of a ticket asks for its words, and most texts need no tables.
    if text.is_ascii() { ascii_words(text) } else { folded_words(text) }
}

fn ascii_words(text: &str) -> Vec<String> {
    let parts = text.split(|letter: char| !letter.is_ascii_alphanumeric());
    let words = parts.filter(|word| !word.is_empty());
    words.map(|word| word[..word.len().min(MAX_WORD)].to_ascii_lowercase()).collect()
}

fn folded_words(text: &str) -> Vec<String> {
    let mut letters =
        text.nfkd().filter(|letter| !is_combining_mark(*letter)).flat_map(fold).peekable();
    let next_word = || {
        while letters.next_if(|letter| !letter.is_alphanumeric()).is_some() {}
        let first = letters.next()?;
        let mut word = String::from(first);
        if !stands_alone(first) {
            let mut length = 1;
            let goes_on = |letter: &char| letter.is_alphanumeric() && !stands_alone(*letter);
            while let Some(letter) = letters.next_if(goes_on) {
                if length < MAX_WORD {
                    word.push(letter);
                    length += 1;
                }
            }
        }
        Some(word)
    };
    std::iter::from_fn(next_word).collect()
}

/// A character in lower case. Letters that people also write without their stroke or apart have no
/// decomposition in Unicode, so the common ones are listed.
fn fold(letter: char) -> impl Iterator<Item = char> {
    let apart = match letter {
        'ß' | 'ẞ' => "ss",
        'æ' | 'Æ' => "ae",
        'œ' | 'Œ' => "oe",
        'ø' | 'Ø' => "o",
        'ł' | 'Ł' => "l",
        'đ' | 'Đ' | 'ð' | 'Ð' => "d",
        'þ' | 'Þ' => "th",
        'ı' => "i",
        _ => "",
    };
    let lower = letter.to_lowercase().filter(move |_| apart.is_empty());
    apart.chars().chain(lower)
}

/// Whether a character is of a script without spaces: Han, Hiragana or Katakana.
fn stands_alone(letter: char) -> bool {
    matches!(letter, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_short_way_finds_the_same_words(text in "[ -~\\t\\n\\x00]{0,120}") {
            prop_assert_eq!(ascii_words(&text), folded_words(&text));
        }
    }

    #[test]
    fn words_are_compared_without_case_and_accents() {
        assert_eq!(words("  Café—CAFE! "), ["cafe", "cafe"]);
        assert_eq!(words("Motörhead, Ærø & Łódź"), ["motorhead", "aero", "lodz"]);
        assert_eq!(
            words("STRASSE straße ﬁn İstanbul ı"),
            ["strasse", "strasse", "fin", "istanbul", "i"]
        );
        assert_eq!(words("東京ドーム2026"), ["東", "京", "ト", "ー", "ム", "2026"]);
        assert_eq!(words("\0 \u{202e} !?"), Vec::<String>::new());
        assert_eq!(words(&"x".repeat(500)), ["x".repeat(MAX_WORD)]);
    }

    #[test]
    fn every_order_has_its_name() {
        for name in Sort::NAMES {
            assert_eq!(Sort::named(name).map(Sort::name), Some(name));
        }
        assert_eq!(Sort::named("title"), None);
        assert_eq!(Sort::default().name(), "-createdAt");
    }

    #[test]
    fn prices_are_compared_as_numbers_whatever_the_currency() {
        let price = |text, code: &str| {
            scale_price(Money::parse_price(text, code.parse().unwrap()).unwrap())
        };
        assert_eq!(price("20.5", "usd"), 20_500);
        assert_eq!(price("20", "jpy"), 20_000);
        assert_eq!(price("20.125", "kwd"), 20_125);
    }
}
