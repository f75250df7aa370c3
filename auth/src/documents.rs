//! How accounts, e-mail addresses, signing keys and letters are kept.

use common::command::Entity;
use common::session::copies::KEYS_ID;
use common::store::{Collection, Field, Kind, Value};
use common::time::Timestamp;

use crate::domain::{Account, EmailOwner, Guesses, KeySet, Letter, Opening};

/// Every account, deleted ones included.
pub static ACCOUNTS: Collection = Collection { name: "accounts", fields: &[], indexes: &[] };

/// Every e-mail address in use. Its document's id is the address: written only if absent, it cannot
/// be used twice.
pub static EMAILS: Collection = Collection { name: "emails", fields: &[], indexes: &[] };

/// The signing keys, secrets included, in one document. The public halves are what
/// [`common::session::SIGNING_KEYS`] holds in every service.
pub static KEYS: Collection = Collection { name: "keys", fields: &[], indexes: &[] };

/// Letters to people, until some days after they are sent.
pub static LETTERS: Collection = Collection {
    name: "letters",
    fields: &[
        // When to try it next; absent before it is to be sent, and once it has ended.
        Field { name: "due", kind: Kind::Integer },
        // When it ended.
        Field { name: "ended", kind: Kind::Integer },
    ],
    indexes: &[&["due"], &["ended"]],
};

/// Since when there are letters: one document.
pub static OPENING: Collection = Collection { name: "opening", fields: &[], indexes: &[] };

/// Wrong passwords of late.
pub static GUESSES: Collection = Collection {
    name: "guesses",
    // When they are past.
    fields: &[Field { name: "paced", kind: Kind::Integer }],
    indexes: &[&["paced"]],
};

impl Entity for Account {
    const COLLECTION: &'static Collection = &ACCOUNTS;

    fn id(&self) -> String {
        self.id.to_string()
    }
}

impl Entity for EmailOwner {
    const COLLECTION: &'static Collection = &EMAILS;

    fn id(&self) -> String {
        self.email.to_string()
    }
}

impl Entity for KeySet {
    const COLLECTION: &'static Collection = &KEYS;

    fn id(&self) -> String {
        KEYS_ID.to_owned()
    }
}

impl Entity for Letter {
    const COLLECTION: &'static Collection = &LETTERS;

    fn id(&self) -> String {
        self.id.clone()
    }

    fn fields(&self) -> Vec<Value> {
        let at =
            |at: Option<Timestamp>| at.map_or(Value::Absent, |at| Value::Integer(at.as_millis()));
        vec![at(self.due()), at(self.ended())]
    }
}

impl Entity for Opening {
    const COLLECTION: &'static Collection = &OPENING;

    fn id(&self) -> String {
        Self::ID.to_owned()
    }
}

impl Entity for Guesses {
    const COLLECTION: &'static Collection = &GUESSES;

    fn id(&self) -> String {
        self.of.clone()
    }

    fn fields(&self) -> Vec<Value> {
        vec![Value::Integer(self.paced.as_millis())]
    }
}
