//! Random choices that can be made again: a seed is printed when a test starts and read from `SEED`
//! on a rerun.

/// A small generator (SplitMix64): the suites need choices that repeat, not secrecy.
#[derive(Clone, Debug)]
pub struct Seed {
    state: u64,
}

impl Seed {
    /// The seed of this run: from the environment variable `SEED`, else a fresh one. Prints how to
    /// run it again.
    ///
    /// # Panics
    /// If `SEED` is set and no number.
    pub fn of(test: &str) -> Self {
        let state = match std::env::var("SEED") {
            Ok(given) => given.trim().parse().expect("SEED is a decimal number"),
            Err(_) => {
                let nanos = jiff::Timestamp::now().as_nanosecond();
                u64::try_from(nanos & 0xffff_ffff_ffff).unwrap_or(1) ^ u64::from(std::process::id())
            }
        };
        println!("SEED={state}; again: SEED={state} cargo nextest run -p tests {test}");
        Self { state }
    }

    /// A generator of its own for a part that runs beside others, so that their order does not
    /// matter.
    pub fn branch(&mut self) -> Self {
        Self { state: self.draw() }
    }

    /// The next number.
    pub fn draw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `limit`, which is at least 1.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.draw() % limit.max(1)
    }

    /// True in `percent` of a hundred draws.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// Puts `all` into another order.
    ///
    /// # Panics
    /// Never: every index that is drawn is one.
    pub fn shuffle<T>(&mut self, all: &mut [T]) {
        for last in (1..all.len()).rev() {
            let other = usize::try_from(self.below(last as u64 + 1)).expect("an index");
            all.swap(last, other);
        }
    }

    /// One of `choices`, or none if there are none.
    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> Option<&'a T> {
        let index = usize::try_from(self.below(choices.len() as u64)).ok()?;
        choices.get(index)
    }
}
