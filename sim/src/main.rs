//! `sim`: plays histories of the marketplace under faults, and says which promises were broken.

#[cfg(feature = "planted")]
mod planted;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clap::Parser;
use sim::faults::CLAIMED;
use sim::history::{Outcome, play};

/// Failing histories that are printed; more of the same say no more.
const SHOWN: usize = 10;

/// From so many histories on, every situation that is claimed must have come about.
const ENOUGH: u64 = 20_000;

/// Every so many histories, one is played twice and must come to the same.
const REPLAYED: u64 = 100;

/// Plays histories of the marketplace under seeded faults.
#[derive(Debug, Parser)]
struct Flags {
    /// How many histories to play.
    #[arg(long, default_value_t = 10_000)]
    histories: u64,
    /// The first one's seed; the others follow it.
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// Plays the history of this seed alone.
    #[arg(long)]
    seed: Option<u64>,
    /// Prints everything that happens, with --seed.
    #[arg(long)]
    trace: bool,
    /// Plants one bug after the other, and plays at most so many histories for each until it is
    /// caught.
    #[cfg(feature = "planted")]
    #[arg(long)]
    planted: bool,
    /// Plants the bug of this name, with --seed.
    #[cfg(feature = "planted")]
    #[arg(long)]
    bug: Option<String>,
}

/// What all histories so far came to.
#[derive(Default)]
struct Sum {
    marks: BTreeMap<&'static str, u64>,
    steps: u64,
    lasted: Duration,
    failed: BTreeMap<u64, Vec<String>>,
}

fn main() -> ExitCode {
    let flags = Flags::parse();
    #[cfg(feature = "planted")]
    if flags.planted {
        return planted::catch_all(flags.from, flags.histories);
    }
    #[cfg(feature = "planted")]
    planted::plant(flags.bug.as_deref());
    match flags.seed {
        Some(seed) => play_one(seed, flags.trace),
        None => play_all(flags.from, flags.histories),
    }
}

fn play_one(seed: u64, tells: bool) -> ExitCode {
    let outcome = play(seed, tells);
    let Outcome { digest, steps, lasted, marks, violations } = outcome;
    println!("seed {seed}: {steps} steps, {lasted:?}, digest {digest:016x}");
    for (situation, count) in marks {
        println!("{count:>6}  {situation}");
    }
    for violation in &violations {
        println!("VIOLATION {violation}");
    }
    if violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[expect(clippy::disallowed_methods, reason = "how long the run takes; no history sees it")]
fn play_all(from: u64, histories: u64) -> ExitCode {
    let (began, sum) = (Instant::now(), Mutex::new(Sum::default()));
    let threads = for_each(from, histories, |seed| {
        add(&sum, seed);
        true
    });
    let sum = sum.into_inner().unwrap_or_else(PoisonError::into_inner);
    let took = began.elapsed().as_secs_f64();
    let rate = histories as f64 / took.max(0.001);
    let each = histories.max(1);
    let (steps, lasted) = (sum.steps / each, sum.lasted.as_secs_f64() / each as f64);
    for (situation, count) in &sum.marks {
        println!("{count:>9}  {situation}");
    }
    println!(
        "{histories} histories from seed {from} in {took:.1} s: {rate:.0} a second on {threads} \
         threads; on average {steps} steps and {lasted:.1} s of their own time"
    );
    report(&sum, histories)
}

/// Does something with each seed, on every core, as long as it returns true; on how many.
fn for_each(from: u64, many: u64, act: impl Fn(u64) -> bool + Sync) -> usize {
    let (next, end) = (AtomicU64::new(from), from.saturating_add(many));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end || !act(seed) {
                        next.store(end, Ordering::Relaxed);
                        return;
                    }
                }
            });
        }
    });
    threads
}

/// What the history of `seed` broke.
fn violations_of(outcome: std::thread::Result<Outcome>) -> Vec<String> {
    match outcome {
        Ok(outcome) => outcome.violations,
        Err(cause) => {
            let text = cause.downcast_ref::<String>().cloned();
            vec![format!("it panicked: {}", text.unwrap_or_default())]
        }
    }
}

fn add(sum: &Mutex<Sum>, seed: u64) {
    let play = || catch_unwind(AssertUnwindSafe(|| play(seed, false)));
    let outcome = play();
    let again = seed.is_multiple_of(REPLAYED).then(play);
    let mut sum = sum.lock().unwrap_or_else(PoisonError::into_inner);
    if let Ok(outcome) = &outcome {
        for (situation, count) in &outcome.marks {
            *sum.marks.entry(situation).or_default() += count;
        }
        sum.steps += outcome.steps;
        sum.lasted += outcome.lasted;
    }
    let digest = |outcome: &std::thread::Result<Outcome>| outcome.as_ref().ok().map(|o| o.digest);
    let is_other = again.is_some_and(|again| digest(&again) != digest(&outcome));
    let mut violations = violations_of(outcome);
    if is_other {
        violations.push("played again, it is another history".to_owned());
    }
    if !violations.is_empty() {
        sum.failed.insert(seed, violations);
    }
}

fn report(sum: &Sum, histories: u64) -> ExitCode {
    for (seed, violations) in sum.failed.iter().take(SHOWN) {
        println!("\nseed {seed} breaks promises:");
        for violation in violations {
            println!("  {violation}");
        }
        println!("  again: cargo run --release -p sim -- --seed {seed} --trace");
    }
    let never: Vec<&str> =
        CLAIMED.iter().copied().filter(|claimed| !sum.marks.contains_key(claimed)).collect();
    if !never.is_empty() {
        println!("\nnever came about: {}", never.join("; "));
    }
    let failed = sum.failed.len();
    println!("\n{} histories kept every promise, {failed} did not", histories - failed as u64);
    if failed > 0 || (!never.is_empty() && histories >= ENOUGH) {
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
