//! What goes wrong with a call, and how often: by a seed, so that it goes wrong the same way again.

use std::time::Duration;

use crate::call::{Answer, Outcome};

/// What goes wrong with one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// It never arrives.
    RequestLost,
    /// It is carried out, and the answer is lost.
    AnswerLost,
    /// It is carried out, and nothing is heard for longer than anybody waits.
    Silent,
    /// 500, with nothing done, remembered under its key.
    FailedBefore,
    /// 500, with everything done, remembered under its key.
    FailedAfter,
    /// 429, with nothing done.
    TooMany,
    /// It takes its time.
    Slow,
}

/// All of them.
pub const FAULTS: [Fault; 7] = [
    Fault::RequestLost,
    Fault::AnswerLost,
    Fault::Silent,
    Fault::FailedBefore,
    Fault::FailedAfter,
    Fault::TooMany,
    Fault::Slow,
];

/// What every call that would give money back comes to, for as long as it lasts. It is remembered
/// under the call's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outage {
    /// 500, with nothing done.
    Fails,
    /// It is refused, for a reason that passes.
    Refuses,
}

/// Longer than anybody waits.
pub const SILENCE: Duration = Duration::from_secs(60);

/// How long a call takes.
const SOON: Duration = Duration::from_millis(40);

/// What becomes of a call with which `fault` goes wrong. `answer` carries it out, unless it fails
/// before or after that; `too_many` is said to the hurried.
pub(crate) fn outcome(
    fault: Option<Fault>,
    too_many: Answer,
    answer: impl FnOnce(Option<Fault>) -> Answer,
) -> Outcome {
    match fault {
        Some(Fault::RequestLost) => Outcome::Silent(SOON),
        Some(Fault::TooMany) => Outcome::Answered(too_many, SOON),
        Some(Fault::AnswerLost) => {
            answer(None);
            Outcome::Silent(SOON)
        }
        Some(Fault::Silent) => {
            answer(None);
            Outcome::Silent(SILENCE)
        }
        Some(Fault::FailedBefore | Fault::FailedAfter) => Outcome::Answered(answer(fault), SOON),
        Some(Fault::Slow) => Outcome::Answered(answer(None), Duration::from_millis(1_500)),
        None => Outcome::Answered(answer(None), SOON),
    }
}

/// A script.
#[derive(Debug, Clone)]
pub struct Script {
    state: u64,
    /// Of a thousand calls, so many go wrong.
    per_mille: u64,
    is_over: bool,
}

impl Script {
    /// In which `per_mille` of a thousand calls go wrong, and which those are is up to `seed`.
    pub fn new(seed: u64, per_mille: u64) -> Self {
        Self { state: seed ^ 0x9e37_79b9_7f4a_7c15, per_mille, is_over: false }
    }

    /// From now on so many of a thousand calls go wrong.
    pub fn turn_hostile(&mut self, per_mille: u64) {
        self.per_mille = per_mille;
        self.is_over = false;
    }

    /// From now on nothing goes wrong, and nobody takes their time.
    pub fn calm(&mut self) {
        self.per_mille = 0;
        self.is_over = true;
    }

    /// Whether all that could go wrong is over.
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    /// What goes wrong with the next call, if anything.
    pub fn next_fault(&mut self) -> Option<Fault> {
        if !self.chance(self.per_mille) {
            return None;
        }
        let which = self.below(FAULTS.len() as u64);
        usize::try_from(which).ok().and_then(|which| FAULTS.get(which)).copied()
    }

    /// `true` so many times of a thousand.
    pub fn chance(&mut self, per_mille: u64) -> bool {
        self.below(1_000) < per_mille
    }

    /// A number below `bound`, which is not 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        // xorshift64*: good enough to choose by, and the same everywhere.
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        (self.state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16) % bound
    }
}
