//! Who gives the receipts: the operator's name and address, as a law may want them.

use std::str::FromStr;

/// Most lines: a name, an address, a tax number.
const MAX_LINES: usize = 6;

/// Most characters of a line: what fits the page.
const MAX_LINE: usize = 80;

/// What stands above a receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer {
    lines: Vec<String>,
}

/// Why a text names no issuer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadIssuer {
    /// Nothing there.
    #[error("must name somebody")]
    Empty,
    /// Too many lines.
    #[error("has more than {MAX_LINES} lines")]
    TooManyLines,
    /// A line too long for the page.
    #[error("has a line of more than {MAX_LINE} characters; a semicolon ends a line")]
    LineTooLong,
}

impl Issuer {
    /// The lines, the name first.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }
}

impl Default for Issuer {
    fn default() -> Self {
        Self { lines: vec!["Ticketing".to_owned()] }
    }
}

impl FromStr for Issuer {
    type Err = BadIssuer;

    fn from_str(text: &str) -> Result<Self, BadIssuer> {
        let lines = text.split([';', '\n']).map(str::trim).filter(|line| !line.is_empty());
        let lines: Vec<String> = lines.map(str::to_owned).collect();
        if lines.is_empty() {
            return Err(BadIssuer::Empty);
        }
        if lines.len() > MAX_LINES {
            return Err(BadIssuer::TooManyLines);
        }
        if lines.iter().any(|line| line.chars().count() > MAX_LINE) {
            return Err(BadIssuer::LineTooLong);
        }
        Ok(Self { lines })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_a_few_lines_that_fit_the_page() {
        let issuer: Issuer = "Rotes Haus GmbH; Gasse 1\n1010 Wien;ATU1 ;".parse().unwrap();
        assert_eq!(issuer.lines(), ["Rotes Haus GmbH", "Gasse 1", "1010 Wien", "ATU1"]);
        assert_eq!(" ; ".parse::<Issuer>(), Err(BadIssuer::Empty));
        assert_eq!("a;b;c;d;e;f;g".parse::<Issuer>(), Err(BadIssuer::TooManyLines));
        assert_eq!("x".repeat(81).parse::<Issuer>(), Err(BadIssuer::LineTooLong));
    }
}
