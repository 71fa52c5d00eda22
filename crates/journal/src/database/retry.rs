//! Waiting for another process that holds the write lock.
//!
//! SQLite's own busy handler sleeps in steps of up to 100 ms and lets late comers overtake; short random pauses keep
//! the wait near the length of the other transaction.

use std::time::Duration;

use super::is_busy;

/// Longest single pause.
const PAUSE_MICROS_MAX: u64 = 1_000;
/// Sum of all pauses of one operation, after which its caller is told.
const WAIT_MICROS_MAX: u64 = 1_000_000;

/// Pauses of random length. Their randomness separates waiters and decides nothing, so it may come from anywhere.
pub(super) struct Backoff {
    state: u64,
}

impl Backoff {
    pub(super) fn new() -> Backoff {
        use std::hash::{BuildHasher, RandomState};
        Backoff { state: RandomState::new().hash_one(std::process::id()) | 1 }
    }

    /// Runs `attempt` until it ends with anything but "busy", or the pauses add up to one second.
    pub(super) fn run<T>(&mut self, mut attempt: impl FnMut() -> rusqlite::Result<T>) -> rusqlite::Result<T> {
        let mut waited_micros = 0;
        loop {
            match attempt() {
                Err(error) if is_busy(&error) && waited_micros < WAIT_MICROS_MAX => {
                    let pause_micros = self.next_pause_micros();
                    std::thread::sleep(Duration::from_micros(pause_micros));
                    waited_micros += pause_micros;
                }
                result => return result,
            }
        }
    }

    fn next_pause_micros(&mut self) -> u64 {
        // xorshift64
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        1 + self.state % PAUSE_MICROS_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_are_short_and_differ() {
        let mut backoff = Backoff::new();
        let pauses: Vec<u64> = (0..1_000).map(|_| backoff.next_pause_micros()).collect();
        assert!(pauses.iter().all(|pause| (1..=PAUSE_MICROS_MAX).contains(pause)));
        assert!(pauses.iter().collect::<std::collections::HashSet<_>>().len() > 300);
    }

    #[test]
    fn other_errors_are_not_repeated() {
        let mut attempts = 0;
        let result: rusqlite::Result<()> = Backoff::new().run(|| {
            attempts += 1;
            Err(rusqlite::Error::InvalidQuery)
        });
        assert!(result.is_err());
        assert_eq!(attempts, 1);
    }
}
