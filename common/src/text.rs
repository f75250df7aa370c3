//! Values that JSON writes as a text are read from it where it stands, without a copy of it.

use std::fmt::{self, Display};
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::{Deserializer, Error, Visitor};

/// The value of `T` that a text stands for, for `T`'s own `Deserialize`.
///
/// # Errors
/// When there is no text, or it does not stand for one.
pub fn read<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr,
    T::Err: Display,
{
    deserializer.deserialize_str(Text(PhantomData))
}

struct Text<T>(PhantomData<T>);

impl<T> Visitor<'_> for Text<T>
where
    T: FromStr,
    T::Err: Display,
{
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use crate::id::Id;
    use crate::money::Currency;
    use crate::time::Timestamp;

    #[test]
    fn what_is_written_is_read_again_also_where_it_is_escaped_or_a_key() {
        let id: Id = "6afd4dc00102030405000001".parse().unwrap();
        assert_eq!(serde_json::from_str::<Id>("\"6afd4dc00102030405000001\"").unwrap(), id);
        assert_eq!(serde_json::from_str::<Id>("\"\\u0036afd4dc00102030405000001\"").unwrap(), id);
        assert_eq!(serde_json::from_value::<Id>(serde_json::json!(id)).unwrap(), id);
        let keyed = std::collections::BTreeMap::from([(id, Currency::USD)]);
        let json = serde_json::to_string(&keyed).unwrap();
        assert_eq!(
            serde_json::from_str::<std::collections::BTreeMap<Id, _>>(&json).unwrap(),
            keyed
        );
        let instant = Timestamp::from_millis(1_795_000_000_007);
        let json = serde_json::to_string(&instant).unwrap();
        assert_eq!(serde_json::from_slice::<Timestamp>(json.as_bytes()).unwrap(), instant);
    }

    #[test]
    fn what_is_no_such_value_says_why() {
        let why = |json| serde_json::from_str::<Id>(json).unwrap_err().to_string();
        assert!(why("7").contains("expected a text"), "{}", why("7"));
        assert!(why("\"x\"").contains(&crate::id::MalformedId.to_string()), "{}", why("\"x\""));
        assert!(serde_json::from_str::<Currency>("\"gold\"").is_err());
        assert!(serde_json::from_str::<Timestamp>("null").is_err());
    }
}
