//! Many histories, on every core: each with a seed of its own, and what they came to together.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::verdict::Counts;

/// Payments in all histories of both makes together, unless `PAYMENTS` says how many; the step
/// `hostile` of `cargo xtask test` makes 100,000, in a release build.
const PAYMENTS: u64 = 3_000;

/// Plays histories until they have made so many hundredths of all payments; or the one whose seed
/// `SEED` names, and nothing more is to be said. `name` is the test's.
pub fn many(name: &str, hundredths: u64, play: impl Fn(u64) -> Counts + Sync) -> Option<Counts> {
    if let Some(seed) = named("SEED") {
        println!("the history of seed {seed}: {}", play(seed));
        return None;
    }
    let payments = named("PAYMENTS").unwrap_or(PAYMENTS) * hundredths / 100;
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
                     --package payments --test hostile {name} -- --nocapture"
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
    let sum = sum.into_inner().unwrap();
    println!("{sum}");
    Some(sum)
}

/// The number that a variable of the environment holds.
#[expect(clippy::disallowed_methods, reason = "how much is played, and what is played again")]
fn named(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.trim().parse().unwrap_or_else(|_| panic!("{name} is a number, not {text:?}")))
}
