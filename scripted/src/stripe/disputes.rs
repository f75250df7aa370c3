//! Disputes: the buyer's bank takes the money back, for good or not.

use serde_json::{Value, json};

use super::{State, Stripe};
use crate::call::{Answer, Call};
use crate::ledger::Kind;

/// What a bank's taking the money back costs, which is not given back.
const FEE: i64 = 1_500;

/// Disputes on one page of a list where nothing is said: few, so that there are pages.
const PAGE: usize = 10;

/// A dispute.
#[derive(Debug, Clone)]
pub(crate) struct Dispute {
    name: String,
    /// In which order they were made: names do not sort by it.
    number: u64,
    intent: String,
    amount: i64,
    currency: String,
    status: &'static str,
    /// What was moved, and charged.
    moved: Vec<(i64, i64)>,
}

impl Dispute {
    /// Whether nothing of that intent can be refunded.
    pub(crate) fn bars(&self, intent: &str) -> bool {
        self.intent == intent && self.taken() > 0
    }

    /// How much the bank has because of it.
    fn taken(&self) -> i64 {
        -self.moved.iter().map(|(amount, _)| amount).sum::<i64>()
    }

    fn json(&self, intent: Value) -> Value {
        let moved: Vec<Value> = self
            .moved
            .iter()
            .map(|(amount, fee)| {
                json!({
                    "object": "balance_transaction",
                    "amount": amount,
                    "currency": self.currency,
                    "fee": fee,
                })
            })
            .collect();
        json!({
            "id": self.name,
            "object": "dispute",
            "amount": self.amount,
            "currency": self.currency,
            "reason": "fraudulent",
            "status": self.status,
            "balance_transactions": moved,
            "payment_intent": intent,
            "metadata": {},
        })
    }
}

impl State {
    /// Those of one payment, or all; newest first, in pages.
    pub(crate) fn list_disputes(&mut self, call: &Call) -> Answer {
        let of = call.query("payment_intent");
        let is_expanded = call.query("expand[]").as_deref() == Some("data.payment_intent");
        let after = call.query("starting_after").and_then(|name| self.disputes.get(&name));
        let after = after.map_or(u64::MAX, |last| last.number);
        let limit = call.query("limit").and_then(|limit| limit.parse().ok()).unwrap_or(PAGE);
        let is_asked = |dispute: &&Dispute| {
            dispute.number < after && of.as_ref().is_none_or(|of| *of == dispute.intent)
        };
        let mut found: Vec<&Dispute> = self.disputes.values().filter(is_asked).collect();
        found.sort_by_key(|dispute| std::cmp::Reverse(dispute.number));
        let has_more = found.len() > limit;
        let show = |dispute: &&Dispute| {
            let intent = self.intents.get(&dispute.intent).filter(|_| is_expanded);
            let name = || Value::from(dispute.intent.clone());
            dispute.json(intent.map_or_else(name, super::intents::Intent::json))
        };
        let list: Vec<Value> = found.iter().take(limit).map(show).collect();
        Answer::new(200, json!({"object": "list", "data": list, "has_more": has_more}))
    }

    fn tell_of_dispute(&mut self, kind: &str, name: &str) {
        let Some(dispute) = self.disputes.get(name) else { return };
        let object = dispute.json(Value::from(dispute.intent.clone()));
        self.add(kind, &object);
    }
}

impl Stripe {
    /// The buyer's bank takes all that is left of the money back; the name of the dispute.
    pub fn open_dispute(&self, intent: &str) -> Option<String> {
        let refunded = self.lock().intents.get(intent)?.refunded;
        self.open_dispute_beside(intent, refunded)
    }

    /// The buyer's bank takes all of the money back, also what was given back already.
    pub fn open_dispute_of_all(&self, intent: &str) -> Option<String> {
        self.open_dispute_beside(intent, 0)
    }

    fn open_dispute_beside(&self, intent: &str, refunded: i64) -> Option<String> {
        let mut state = self.lock();
        let known = state.intents.get(intent).cloned()?;
        let disputes = state.disputes.values().filter(|dispute| dispute.intent == intent);
        let taken: i64 = disputes.map(Dispute::taken).sum();
        let amount = known.amount - refunded;
        // Who has some of it does not take more of it besides.
        if known.status != "succeeded" || amount <= 0 || taken > 0 {
            return None;
        }
        let name = state.name("dp");
        let dispute = Dispute {
            name: name.clone(),
            number: state.made,
            intent: intent.to_owned(),
            amount,
            currency: known.currency,
            status: "needs_response",
            moved: vec![(-amount, FEE)],
        };
        state.disputes.insert(name.clone(), dispute);
        state.book(Kind::Disputed, intent, amount);
        state.book(Kind::DisputeFee, intent, FEE);
        state.tell_of_dispute("charge.dispute.created", &name);
        state.tell_of_dispute("charge.dispute.funds_withdrawn", &name);
        Some(name)
    }

    /// The names of the disputes that are not decided.
    pub fn open_disputes(&self) -> Vec<String> {
        let state = self.lock();
        let open = state.disputes.values().filter(|dispute| dispute.status == "needs_response");
        open.map(|dispute| dispute.name.clone()).collect()
    }

    /// The bank decides about an open dispute: where it `is_won`, it gives the money back again.
    pub fn close_dispute(&self, name: &str, is_won: bool) {
        let mut state = self.lock();
        let Some(dispute) = state.disputes.get_mut(name) else { return };
        if dispute.status != "needs_response" {
            return;
        }
        let (intent, amount) = (dispute.intent.clone(), dispute.amount);
        dispute.status = if is_won { "won" } else { "lost" };
        if is_won {
            dispute.moved.push((amount, 0));
            state.book(Kind::DisputeWon, &intent, amount);
            state.tell_of_dispute("charge.dispute.funds_reinstated", name);
        }
        state.tell_of_dispute("charge.dispute.closed", name);
    }
}
