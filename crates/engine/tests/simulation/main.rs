//! The whole order path on one thread: one to three instances, a venue and clients, with everything going wrong that can, from
//! one seed per run.
//!
//! `cargo test -p engine --test simulation` makes a thousand runs; `SIMULATION_SEEDS=N` makes N. A failure prints its seed;
//! `SIMULATION_SEED=K cargo test -p engine --test simulation -- --nocapture` makes that one run and tells it step by step.
#![expect(clippy::unwrap_used, reason = "a world that cannot be built is a failed test")]
#![expect(clippy::print_stdout, reason = "what happened in a run is for whoever looks for a failure")]

mod clients;
mod counts;
mod journal;
mod market;
mod oracle;
mod random;
mod venue;
mod world;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use counts::Counts;
use oracle::Violation;
use world::World;

/// How many runs there are without further wishes.
const SEEDS: u64 = 1_000;
/// Runs that share nothing go side by side.
const THREADS: usize = 2;

struct Failure {
    seed: u64,
    step: u64,
    seconds: f64,
    violation: Violation,
    tail: Vec<String>,
}

fn run(seed: u64, verbose: bool) -> (Counts, Option<Failure>) {
    let mut world = World::new(seed, verbose);
    let result = world.run();
    let failure = result.err().map(|violation| Failure {
        seed: world.seed(),
        step: world.step,
        seconds: world.now as f64 / 1e9,
        violation,
        tail: world.journal_tail(),
    });
    (world.counts, failure)
}

fn fail(failure: &Failure) -> ! {
    for line in &failure.tail {
        println!("{line}");
    }
    panic!(
        "\nviolated: {}\n    {}\nseed {}, step {}, {:.3} s\nto see it: SIMULATION_SEED={} cargo test -p engine --test simulation -- --nocapture\n",
        failure.violation.invariant,
        failure.violation.what,
        failure.seed,
        failure.step,
        failure.seconds,
        failure.seed,
    );
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

#[test]
fn nothing_that_goes_wrong_breaks_an_invariant() {
    if let Some(seed) = number("SIMULATION_SEED") {
        let (counts, failure) = run(seed, true);
        counts.print();
        if let Some(failure) = failure {
            fail(&failure);
        }
        return;
    }
    let seeds = number("SIMULATION_SEEDS").unwrap_or(SEEDS);
    let next = AtomicU64::new(0);
    let total = Mutex::new((Counts::default(), None::<Failure>));
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds || total.lock().unwrap().1.is_some() {
                        return;
                    }
                    let (counts, failure) = run(seed, false);
                    let mut total = total.lock().unwrap();
                    total.0.add(&counts);
                    if let Some(failure) = failure {
                        total.1 = Some(failure);
                    }
                }
            });
        }
    });
    let (counts, failure) = total.into_inner().unwrap();
    if let Some(failure) = &failure {
        fail(failure);
    }
    counts.print();
    if seeds >= SEEDS {
        let never = counts.never();
        assert!(
            never.is_empty(),
            "in {seeds} runs these never happened, so nothing was proven about them: {never:#?}"
        );
    }
}
