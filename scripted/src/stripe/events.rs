//! Events, and the webhooks that bring them.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;

use super::{State, Stripe, WEBHOOK_SECRET};

/// A webhook, before it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// What stands in `Stripe-Signature`.
    pub signature: String,
    /// What is sent.
    pub body: String,
}

/// A signature's header, for a body and a time.
pub fn signature(secret: &str, seconds: i64, body: &str) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes());
    let digest = mac.map(|mut mac| {
        mac.update(format!("{seconds}.{body}").as_bytes());
        mac.finalize().into_bytes()
    });
    let digits: String = digest.iter().flatten().map(|byte| format!("{byte:02x}")).collect();
    format!("t={seconds},v1={digits}")
}

impl Stripe {
    /// The webhooks of what happened since this was last asked for, signed as of `seconds`.
    pub fn letters(&self, seconds: i64) -> Vec<Letter> {
        let events = std::mem::take(&mut self.lock().events);
        let letter = |event: &serde_json::Value| {
            let body = event.to_string();
            Letter { signature: signature(WEBHOOK_SECRET, seconds, &body), body }
        };
        events.iter().map(letter).collect()
    }
}

impl State {
    /// An event about an intent.
    pub(crate) fn tell(&mut self, kind: &str, intent: &str) {
        let Some(object) = self.intents.get(intent).map(super::intents::Intent::json) else {
            return;
        };
        self.add(kind, &object);
    }

    /// An event about anything else, as it is now.
    pub(crate) fn add(&mut self, kind: &str, object: &serde_json::Value) {
        let id = self.name("evt");
        self.events.push(json!({
            "id": id,
            "object": "event",
            "type": kind,
            "data": {"object": object},
        }));
    }
}
