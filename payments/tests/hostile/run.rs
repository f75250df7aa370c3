//! Many histories, on every core: each with a seed of its own, and what they came to together.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::verdict::Counts;

/// Plays histories until they have made so many payments.
pub fn many(payments: u64, play: impl Fn(u64) -> Counts + Sync) -> Counts {
    let (next, is_over) = (AtomicU64::new(1), AtomicBool::new(false));
    let sum = Mutex::new(Counts::default());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let work = || {
        while !is_over.load(Ordering::Relaxed) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            let counts = catch_unwind(AssertUnwindSafe(|| play(seed)));
            let counts = counts.unwrap_or_else(|cause| {
                is_over.store(true, Ordering::Relaxed);
                println!(
                    "seed {seed} breaks promises; again: SEED={seed} cargo test --release \
                     --package payments --test hostile i3_i4_i6 -- --nocapture"
                );
                resume_unwind(cause)
            });
            let mut sum = sum.lock().unwrap();
            sum.add(counts);
            if sum.payments >= payments {
                is_over.store(true, Ordering::Relaxed);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    sum.into_inner().unwrap()
}

/// The number that a variable of the environment holds.
#[expect(clippy::disallowed_methods, reason = "how much is played, and what is played again")]
pub fn named(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.trim().parse().unwrap_or_else(|_| panic!("{name} is a number, not {text:?}")))
}
