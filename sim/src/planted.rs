//! Shows that the judge is awake: each planted bug is caught, and by which promise.

use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

use common::planted::{Bug, plant as plant_bug};
use sim::history::play;

/// Plants the bug of this name.
pub fn plant(name: Option<&str>) {
    plant_bug(Bug::ALL.into_iter().find(|bug| name == Some(&format!("{bug:?}"))));
}

/// Plants one bug after the other; each must be caught within `histories`.
pub fn catch_all(from: u64, histories: u64) -> ExitCode {
    // A bug that makes the code under test panic is caught too, and need not say so twice.
    set_hook(Box::new(|_| {}));
    let mut missed = 0;
    for bug in Bug::ALL {
        plant_bug(Some(bug));
        let caught = Mutex::new(None);
        super::for_each(from, histories, |seed| {
            let outcome = catch_unwind(AssertUnwindSafe(|| play(seed, false)));
            let violations = super::violations_of(outcome);
            let Some(first) = violations.into_iter().next() else { return true };
            let mut caught = caught.lock().unwrap_or_else(PoisonError::into_inner);
            caught.get_or_insert((seed, first));
            false
        });
        match caught.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some((seed, first)) => println!("{bug:?}: caught with seed {seed}: {first}"),
            None => {
                missed += 1;
                println!("{bug:?}: NOT caught in {histories} histories");
            }
        }
    }
    plant_bug(None);
    println!("\n{} of {} planted bugs caught", Bug::ALL.len() - missed, Bug::ALL.len());
    if missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
