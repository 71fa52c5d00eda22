//! Which machine measured, and how busy it was. Read from `/proc`; what is not told there is said to be unknown.

use std::fs;
use std::time::{Duration, Instant};

use crate::clock;

/// The processor's name.
pub fn cpu_model() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("model name"));
    let model = line.and_then(|line| line.split_once(':')).map(|(_, model)| model.trim().to_string());
    model.unwrap_or_else(|| "unknown processor".into())
}

/// Cores that this process may use.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Mean number of runnable tasks over the last minute; not a number when unknown.
pub fn load() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().and_then(|word| word.parse().ok()).unwrap_or(f64::NAN)
}

/// How long all cores together had nothing to do so far; `None` when unknown.
pub fn idle() -> Option<Duration> {
    /// The kernel tells hundredths of a second, whatever it counts in itself.
    const UNIT: Duration = Duration::from_millis(10);
    let text = fs::read_to_string("/proc/stat").ok()?;
    // user, nice, system, then idle.
    let idle: u32 = text.lines().next()?.split_whitespace().nth(4)?.parse().ok()?;
    Some(UNIT * idle)
}

/// Which part of the time the calling thread had a core: what is missing from 100 % was taken by others.
#[derive(Debug)]
pub struct CoreShare {
    begun: Instant,
    before: Option<Duration>,
}

impl CoreShare {
    /// Begins to count.
    pub fn begin() -> CoreShare {
        CoreShare { begun: clock::now(), before: thread_cpu() }
    }

    /// Since the beginning; says so when it is unknown.
    pub fn text(&self) -> String {
        match (self.before, thread_cpu()) {
            (Some(before), Some(after)) => {
                let share = after.saturating_sub(before).as_secs_f64() / self.begun.elapsed().as_secs_f64();
                format!("the measuring thread had a core {:.0} % of the time", 100.0 * share)
            }
            _ => "how long the measuring thread had a core is unknown".into(),
        }
    }
}

fn thread_cpu() -> Option<Duration> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(Duration::from_nanos(text.split(' ').next()?.parse().ok()?))
}

/// How long all threads of a process have run on cores so far; `None` when unknown.
pub fn process_cpu(pid: u32) -> Option<Duration> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).ok()?;
    let mut sum = 0;
    for task in tasks {
        // A thread may end between the listing and the look at it.
        let Ok(text) = fs::read_to_string(task.ok()?.path().join("schedstat")) else { continue };
        sum += text.split(' ').next()?.parse::<u64>().ok()?;
    }
    Some(Duration::from_nanos(sum))
}
