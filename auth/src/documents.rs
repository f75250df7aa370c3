//! How accounts, e-mail addresses and signing keys are kept.

use common::command::Entity;
use common::session::copies::KEYS_ID;
use common::store::Collection;

use crate::domain::{Account, EmailOwner, KeySet};

/// Every account, deleted ones included.
pub static ACCOUNTS: Collection = Collection { name: "accounts", fields: &[], indexes: &[] };

/// Every e-mail address in use. Its document's id is the address: written only if absent, it cannot
/// be used twice.
pub static EMAILS: Collection = Collection { name: "emails", fields: &[], indexes: &[] };

/// The signing keys, secrets included, in one document. The public halves are what
/// [`common::session::SIGNING_KEYS`] holds in every service.
pub static KEYS: Collection = Collection { name: "keys", fields: &[], indexes: &[] };

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
