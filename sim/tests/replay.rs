//! A seed is a history, to the last byte.

use sim::history::play;

#[test]
fn a_seed_replays_to_the_last_byte() {
    for seed in 1..=150 {
        let (first, second) = (play(seed, false), play(seed, false));
        assert_eq!(first, second, "seed {seed}");
    }
}

#[test]
fn two_seeds_are_two_histories() {
    assert_ne!(play(1, false).digest, play(2, false).digest);
}

#[test]
fn a_few_histories_keep_every_promise() {
    for seed in 1..=60 {
        assert_eq!(play(seed, false).violations, Vec::<String>::new(), "seed {seed}");
    }
}
