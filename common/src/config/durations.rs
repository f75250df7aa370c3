//! Durations as people write them.

use std::time::Duration;

/// Reads a duration of at least a second, such as `90s`, `15m` or `1h 30m`.
///
/// # Errors
/// With what it must be.
pub fn at_least_a_second(text: &str) -> Result<Duration, String> {
    let duration = duration(text)?;
    if duration < Duration::from_secs(1) {
        return Err("must be at least 1s".to_owned());
    }
    Ok(duration)
}

/// Reads a duration, which may be none at all: `0s`.
///
/// # Errors
/// With what it must be.
pub fn duration(text: &str) -> Result<Duration, String> {
    const EXPECTED: &str = "must be a number and a unit, such as 90s, 15m, 2h or 7d";
    let mut total = Duration::ZERO;
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(EXPECTED.to_owned());
    }
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, after) = rest.split_at(digits);
        let letters = after.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (unit, after) = after.split_at(letters);
        let number: u64 = number.parse().map_err(|_| EXPECTED.to_owned())?;
        let unit_ms: u64 = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err(EXPECTED.to_owned()),
        };
        let millis = number.checked_mul(unit_ms).ok_or("is too long")?;
        // A window of more than a century is a slip of the keyboard.
        total = total.saturating_add(Duration::from_millis(millis));
        if total > Duration::from_secs(100 * 365 * 86_400) {
            return Err("is too long".to_owned());
        }
        rest = after.trim_start();
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_numbers_with_units() {
        for (text, ms) in
            [("1s", 1_000), ("15m", 900_000), ("1h 30m", 5_400_000), ("1s500ms", 1_500)]
        {
            assert_eq!(at_least_a_second(text), Ok(Duration::from_millis(ms)), "{text}");
        }
        for text in
            ["", "15", "m", "-1s", "999ms", "1 s x", "1.5s", "99999999999999999999d", "9999999d"]
        {
            assert!(at_least_a_second(text).is_err(), "{text}");
        }
    }
}
