//! A letter, from the news that calls for it to its end: sent, set aside, or addressed to nobody
//! any more.
//!
//! It names the account that it goes to and no address: that is looked up when it is sent, so that
//! nothing here leads from a deleted account to a person (I29).

use std::time::Duration;

use common::id::{OrderId, PaymentId, TicketId, UserId};
use common::money::Money;
use common::time::Timestamp;
use serde::{Deserialize, Serialize};

/// News older than this calls for no letter: a service that is set up anew hears all that ever
/// happened, and nobody wants to read of it again.
pub const NEWS_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// For so long sending is tried.
pub const PATIENCE: Duration = Duration::from_secs(2 * 24 * 60 * 60);

/// For so long a letter is remembered after its end: much longer than news can call for it again.
pub const REMEMBERED_FOR: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// The pause after the first attempt that fails. It doubles.
const FIRST_PAUSE: Duration = Duration::from_secs(15);

/// The longest pause between two attempts, before it is drawn out.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(60 * 60);

/// A letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Letter {
    /// Which one: its kind, and whose news it is, so that the same news makes it once.
    pub id: String,
    /// Who it goes to.
    pub to: UserId,
    /// The order that it is about.
    pub order: OrderId,
    /// What it tells.
    pub news: News,
    /// When that happened.
    pub at: Timestamp,
    /// Where it stands.
    pub state: State,
}

/// What a letter tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum News {
    /// The reader's order is complete.
    #[serde(rename_all = "camelCase")]
    Bought {
        /// What it is an order of.
        goods: Goods,
        /// Whether it takes the place of one that had expired when the money came.
        #[serde(default)]
        in_place: bool,
    },
    /// Units of the reader's ticket have been paid.
    Sold {
        /// Which.
        goods: Goods,
    },
    /// The buyer of the reader's ticket disputes the payment, or that is decided.
    Disputed {
        /// What was bought.
        goods: Goods,
        /// How much it is about.
        amount: Money,
        /// Where it stands.
        standing: Standing,
        /// Why, in the payment provider's word for it.
        reason: String,
    },
    /// The reader's money has been given back.
    Refunded {
        /// What it was paid for, where that is known here.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        goods: Option<Goods>,
        /// How much of it has been given back.
        amount: Money,
        /// Why.
        why: Why,
        /// What whoever gave it back says of that, in words for the reader. Somebody has typed it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
}

/// What was ordered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Goods {
    /// Which ticket.
    pub ticket: TicketId,
    /// Its title, as the buyer saw it. Somebody has typed it.
    pub title: String,
    /// How many units.
    pub quantity: u32,
    /// For all of them.
    pub total: Money,
}

/// Where a dispute stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Standing {
    /// The bank has not decided.
    Open,
    /// The money is the seller's after all.
    Won,
    /// The buyer has the money back.
    Lost,
}

/// Why money has been given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Why {
    /// It came after the order had expired, and its units were not free any more.
    Expired,
    /// It came after the buyer had cancelled the order.
    Cancelled,
    /// The seller, or whoever runs the place, has decided so. The order is complete, and stays so.
    Decided,
    /// For a reason that is not known here.
    Other,
}

/// Where a letter stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "is")]
pub enum State {
    /// What it is to tell has been decided, and has not happened yet.
    Announced,
    /// It is to be sent.
    Waiting {
        /// Since when.
        since: Timestamp,
        /// When it is to be tried. Whoever tries puts this off first, which keeps others from it.
        due: Timestamp,
        /// How often it has been tried.
        attempts: u32,
    },
    /// A mail server has taken it, or it is in its folder.
    Sent {
        /// Since when.
        at: Timestamp,
    },
    /// It is not tried any more.
    SetAside {
        /// Since when.
        at: Timestamp,
        /// Whether the mail server refused it for ever; otherwise it could not be sent in time.
        refused: bool,
    },
    /// Its reader has deleted their account.
    Unaddressed {
        /// Since when that is known here.
        at: Timestamp,
    },
}

/// What came of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// It was taken.
    Taken,
    /// It was not taken, or nobody can tell; it may be another time.
    Failed,
    /// It will never be taken.
    Refused,
    /// There is nobody to send it to.
    NoReader,
}

/// Why a letter does not move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unmoved {
    /// It has come to its end.
    #[error("the letter has come to its end")]
    Ended,
    /// Somebody is trying it just now, or it is not its time.
    #[error("the letter is not due")]
    NotDue,
    /// Somebody else has tried it since.
    #[error("somebody else has the letter")]
    TakenOver,
    /// What it tells of has not happened yet.
    #[error("the letter is not to be sent yet")]
    NotYet,
}

impl Letter {
    /// The id of the letter to the buyer of a complete order.
    pub fn bought(order: OrderId) -> String {
        format!("bought-{order}")
    }

    /// The id of the letter to the seller of what a complete order is of.
    pub fn sold(order: OrderId) -> String {
        format!("sold-{order}")
    }

    /// The id of the letter to the buyer whose payment has been given back.
    pub fn refunded(payment: PaymentId) -> String {
        format!("refunded-{payment}")
    }

    /// The id of the letter about one refund, the `part`th, of a complete order's payment.
    pub fn returned(payment: PaymentId, part: u32) -> String {
        format!("refunded-{payment}-{part}")
    }

    /// The id of the letter to the seller about a dispute, the `number`th, of an order's payment:
    /// one once it is opened, and one once it is decided.
    pub fn disputed(order: OrderId, number: u32, is_open: bool) -> String {
        let what = if is_open { "disputed" } else { "decided" };
        format!("{what}-{order}-{number}")
    }

    /// What a letter is once it is to be sent.
    pub fn to_be_sent(now: Timestamp) -> State {
        State::Waiting { since: now, due: now, attempts: 0 }
    }

    /// The announced letter once its money has been given back: so much of it, at `at`.
    ///
    /// # Errors
    /// When it was more than announced already.
    pub fn money_back(self, amount: Money, at: Timestamp, now: Timestamp) -> Result<Self, Unmoved> {
        let (State::Announced, News::Refunded { goods, why, reason, .. }) =
            (&self.state, &self.news)
        else {
            return Err(Unmoved::Ended);
        };
        let (goods, reason) = (goods.clone(), reason.clone());
        let news = News::Refunded { goods, amount, why: *why, reason };
        Ok(Self { news, at, state: Self::to_be_sent(now), ..self })
    }

    /// When it is to be tried; `None` once it has ended, or before it begins.
    pub fn due(&self) -> Option<Timestamp> {
        match self.state {
            State::Waiting { due, .. } => Some(due),
            _ => None,
        }
    }

    /// Since when it has ended.
    pub fn ended(&self) -> Option<Timestamp> {
        match self.state {
            State::Announced | State::Waiting { .. } => None,
            State::Sent { at } | State::SetAside { at, .. } | State::Unaddressed { at } => Some(at),
        }
    }

    /// How often it has been tried, while it is to be sent.
    pub fn attempts(&self) -> u32 {
        match self.state {
            State::Waiting { attempts, .. } => attempts,
            _ => 0,
        }
    }

    /// The letter in the hands of somebody who tries it, and whom nobody disturbs for `lease`.
    ///
    /// What is due implausibly far ahead is due now: the clock has been set back since (I24).
    ///
    /// # Errors
    /// When it is not to be tried now.
    pub fn take(self, now: Timestamp, lease: Duration) -> Result<Self, Unmoved> {
        match self.state {
            State::Announced => Err(Unmoved::NotYet),
            State::Waiting { since, due, attempts } => {
                if due > now && due < now.plus(2 * LONGEST_PAUSE) {
                    return Err(Unmoved::NotDue);
                }
                let due = now.plus(lease);
                let attempts = attempts.saturating_add(1);
                Ok(Self { state: State::Waiting { since, due, attempts }, ..self })
            }
            _ => Err(Unmoved::Ended),
        }
    }

    /// The letter after an attempt, the `number`th, has come to something.
    ///
    /// # Errors
    /// When it has ended, or is in somebody else's hands by now; what they come to is what counts,
    /// unless this attempt was the one that succeeded.
    pub fn tried(self, number: u32, attempt: Attempt, now: Timestamp) -> Result<Self, Unmoved> {
        let State::Waiting { since, attempts, .. } = self.state else {
            return Err(Unmoved::Ended);
        };
        let state = match attempt {
            Attempt::Taken => State::Sent { at: now },
            _ if attempts != number => return Err(Unmoved::TakenOver),
            Attempt::NoReader => State::Unaddressed { at: now },
            Attempt::Refused => State::SetAside { at: now, refused: true },
            Attempt::Failed if now.since(since) >= PATIENCE => {
                State::SetAside { at: now, refused: false }
            }
            Attempt::Failed => {
                State::Waiting { since, due: now.plus(self.pause(number)), attempts }
            }
        };
        Ok(Self { state, ..self })
    }

    /// How long to wait after the `number`th attempt has failed: twice as long each time, and for
    /// each letter between three and five quarters of it, so that what failed together does not
    /// come again together.
    fn pause(&self, number: u32) -> Duration {
        let doubled = FIRST_PAUSE.saturating_mul(1 << number.saturating_sub(1).min(16));
        // FNV-1a: the same for the same attempt, wherever it is decided.
        let bytes = self.id.bytes().chain(number.to_le_bytes());
        let drawn = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let thousandths = 750 + u32::try_from((drawn >> 32) % 500).unwrap_or(0);
        doubled.min(LONGEST_PAUSE) * thousandths / 1_000
    }
}

/// Since when there are letters: what happened before calls for none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// When this was first decided.
    pub at: Timestamp,
}

impl Opening {
    /// The id of the one there is.
    pub const ID: &'static str = "letters";

    /// Whether what happened `at` calls for a letter.
    pub fn is_news(self, at: Timestamp, now: Timestamp) -> bool {
        at >= self.at && now.since(at) < NEWS_FOR
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_millis(1_800_000_000_000)
    }

    fn letter(state: State) -> Letter {
        let order: OrderId = "6afd4dc00102030405000001".parse().unwrap();
        let goods = Goods {
            ticket: "6afd4dc00102030405000002".parse().unwrap(),
            title: "Front row".to_owned(),
            quantity: 2,
            total: Money { minor: 9_000, currency: common::money::Currency::USD },
        };
        Letter {
            id: Letter::bought(order),
            to: "6afd4dc00102030405000003".parse().unwrap(),
            order,
            news: News::Bought { goods, in_place: false },
            at: now(),
            state,
        }
    }

    fn every_state() -> Vec<State> {
        vec![
            State::Announced,
            State::Waiting { since: now(), due: now(), attempts: 3 },
            State::Sent { at: now() },
            State::SetAside { at: now(), refused: true },
            State::Unaddressed { at: now() },
        ]
    }

    const LEASE: Duration = Duration::from_secs(60);

    #[test]
    fn one_at_a_time_has_a_letter() {
        let taken = letter(Letter::to_be_sent(now())).take(now(), LEASE).unwrap();
        assert_eq!(taken.attempts(), 1);
        let almost = now().plus(LEASE).plus_millis(-1);
        assert_eq!(taken.clone().take(almost, LEASE), Err(Unmoved::NotDue));
        let again = taken.take(now().plus(LEASE), LEASE).unwrap();
        assert_eq!(again.attempts(), 2, "a lease that is over belongs to nobody");
        let late = again.clone().tried(1, Attempt::Failed, now().plus(LEASE));
        assert_eq!(late, Err(Unmoved::TakenOver));
        let sent = again.tried(1, Attempt::Taken, now().plus(LEASE)).unwrap();
        assert_eq!(sent.state, State::Sent { at: now().plus(LEASE) }, "it is gone all the same");
    }

    #[test]
    fn only_what_waits_is_taken_or_tried() {
        for state in every_state() {
            let waits = matches!(state, State::Waiting { .. });
            let letter = letter(state);
            assert_eq!(letter.clone().take(now(), LEASE).is_ok(), waits, "{letter:?}");
            for attempt in [Attempt::Taken, Attempt::Failed, Attempt::Refused, Attempt::NoReader] {
                assert_eq!(letter.clone().tried(3, attempt, now()).is_ok(), waits, "{letter:?}");
            }
            assert_eq!(letter.due().is_some(), waits);
            assert_eq!(letter.ended().is_some(), !waits && letter.state != State::Announced);
        }
    }

    #[test]
    fn a_clock_that_was_set_back_keeps_no_letter() {
        let ahead = now().plus(365 * NEWS_FOR);
        let far = letter(State::Waiting { since: ahead, due: ahead, attempts: 0 });
        assert!(far.take(now(), LEASE).is_ok());
    }

    #[test]
    fn pauses_double_up_to_an_hour_and_differ_between_letters() {
        let letter = letter(Letter::to_be_sent(now()));
        for (number, least_s, most_s) in
            [(1, 11, 19), (2, 22, 38), (5, 180, 300), (9, 2_700, 4_500), (4_000, 2_700, 4_500)]
        {
            let pause = letter.pause(number).as_secs();
            assert!((least_s..=most_s).contains(&pause), "{number}: {pause}");
        }
        let mut other = letter.clone();
        other.id = "sold-6afd4dc00102030405000001".to_owned();
        assert_ne!(letter.pause(5), other.pause(5));
    }

    #[test]
    fn what_cannot_be_sent_in_time_is_set_aside() {
        let waiting = |attempts| State::Waiting { since: now(), due: now(), attempts };
        let early = now().plus(PATIENCE).plus_millis(-1);
        let tried = letter(waiting(40)).tried(40, Attempt::Failed, early).unwrap();
        assert!(tried.due().is_some_and(|due| due > early));
        let tried = tried.tried(40, Attempt::Failed, now().plus(PATIENCE)).unwrap();
        assert_eq!(tried.state, State::SetAside { at: now().plus(PATIENCE), refused: false });
    }

    #[test]
    fn what_is_old_or_from_before_there_were_letters_is_no_news() {
        let opening = Opening { at: now() };
        assert!(opening.is_news(now(), now()));
        assert!(!opening.is_news(now().plus_millis(-1), now()));
        let later = now().plus(NEWS_FOR);
        assert!(opening.is_news(now().plus_millis(1), later));
        assert!(!opening.is_news(now(), later));
        assert!(opening.is_news(later, now()), "a clock ahead of ours tells of news");
    }

    #[test]
    fn letters_that_are_stored_can_be_read_by_later_builds() {
        let stored = include_str!("../../tests/golden/letter-bought-1.json");
        let read: Letter = serde_json::from_str(stored).unwrap();
        assert_eq!(read, letter(Letter::to_be_sent(now())));
    }
}
