//! Open-loop load: piece k of work is due at the start plus k intervals, whatever became of those before it. Whoever is free takes the
//! next one, and its time counts from the moment at which it was due, so that a stall is charged to all that it delayed.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::bail;

use crate::clock::{self, milliseconds};

/// Time for the workers' threads to start before the first piece is due.
const LEAD: Duration = Duration::from_millis(20);

/// Does `count` pieces of work, one every `interval`, with as many hands as there are `workers`; each is given the number of the
/// piece. Answers the milliseconds from due to done, ascending.
///
/// # Errors
/// What a worker says.
pub fn drive<W: FnMut(usize) -> anyhow::Result<()> + Send>(
    workers: &mut [W],
    count: usize,
    interval: Duration,
) -> anyhow::Result<Vec<f64>> {
    let next = &AtomicUsize::new(0);
    let start = clock::now() + LEAD;
    std::thread::scope(|scope| {
        let threads: Vec<_> = workers
            .iter_mut()
            .map(|work| {
                scope.spawn(move || {
                    let mut samples = Vec::new();
                    loop {
                        let k = next.fetch_add(1, Ordering::Relaxed);
                        if k >= count {
                            return anyhow::Ok(samples);
                        }
                        let due = start + interval * u32::try_from(k)?;
                        std::thread::sleep(due.saturating_duration_since(clock::now()));
                        work(k)?;
                        samples.push(milliseconds(clock::now().saturating_duration_since(due)));
                    }
                })
            })
            .collect();
        let mut samples = Vec::with_capacity(count);
        for thread in threads {
            match thread.join() {
                Ok(taken) => samples.extend(taken?),
                Err(_) => bail!("a worker's thread panicked"),
            }
        }
        samples.sort_by(f64::total_cmp);
        Ok(samples)
    })
}
