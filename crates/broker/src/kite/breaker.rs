//! When not to try: after several failures in a row a broker is left alone, then asked something harmless.
//!
//! Enters: how each exchange ended, and the time. Leaves: whether another may begin. Never here: clocks, and a
//! mutating call as a probe: only a read finds out whether the broker is back.

/// How patient to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Failures in a row after which the broker is left alone; at least 1.
    pub failures_max: u32,
    /// Nanoseconds between one probe and the next.
    pub pause_ns: u64,
}

impl Default for Patience {
    /// Five failures; a probe every two seconds.
    fn default() -> Patience {
        Patience { failures_max: 5, pause_ns: 2_000_000_000 }
    }
}

/// What an exchange says about the broker's health.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// It answered, if only with a refusal.
    Answers,
    /// It could not be reached, broke off, was late, or answered that it is broken.
    Fails,
}

/// Admits calls, or ejects the broker for a while.
#[derive(Clone, Debug)]
pub struct Breaker {
    patience: Patience,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Admitting { failures: u32 },
    Ejected { probe_at_ns: u64 },
}

impl Breaker {
    /// Admits everything until proven wrong.
    pub fn new(patience: Patience) -> Breaker {
        Breaker { patience, state: State::Admitting { failures: 0 } }
    }

    /// True while mutating calls may go out.
    pub fn admits_call(&self) -> bool {
        matches!(self.state, State::Admitting { .. })
    }

    /// True when a read may go out at `now_ns`. While the broker is ejected one read passes per pause: the probe.
    /// Should it never report back, the next pause brings another.
    pub fn admits_read(&mut self, now_ns: u64) -> bool {
        match &mut self.state {
            State::Admitting { .. } => true,
            State::Ejected { probe_at_ns } if now_ns >= *probe_at_ns => {
                *probe_at_ns = now_ns.saturating_add(self.patience.pause_ns);
                true
            }
            State::Ejected { .. } => false,
        }
    }

    /// Takes note of how an exchange ended at `now_ns`.
    pub fn record(&mut self, now_ns: u64, health: Health) {
        self.state = match (self.state, health) {
            (_, Health::Answers) => State::Admitting { failures: 0 },
            (State::Admitting { failures }, Health::Fails)
                if failures.saturating_add(1) < self.patience.failures_max =>
            {
                State::Admitting { failures: failures + 1 }
            }
            (State::Admitting { .. }, Health::Fails) => {
                State::Ejected { probe_at_ns: now_ns.saturating_add(self.patience.pause_ns) }
            }
            (ejected @ State::Ejected { .. }, Health::Fails) => ejected,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn breaker() -> Breaker {
        Breaker::new(Patience { failures_max: 3, pause_ns: 100 })
    }

    #[test]
    fn three_failures_in_a_row_eject_and_one_answer_readmits() {
        let mut breaker = breaker();
        for health in [Health::Fails, Health::Fails, Health::Answers, Health::Fails, Health::Fails] {
            breaker.record(0, health);
            assert!(breaker.admits_call());
        }
        breaker.record(1_000, Health::Fails);
        assert!(!breaker.admits_call() && !breaker.admits_read(1_099));
        assert!(breaker.admits_read(1_100), "the probe");
        assert!(!breaker.admits_read(1_199), "one probe at a time");
        breaker.record(1_150, Health::Fails);
        assert!(!breaker.admits_call() && breaker.admits_read(1_200), "a lost probe is followed by another");
        breaker.record(1_250, Health::Answers);
        assert!(breaker.admits_call() && breaker.admits_read(1_250));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn calls_wait_exactly_while_the_newest_answer_is_three_failures_old(
            ends in prop::collection::vec(any::<bool>(), 0..40),
        ) {
            let mut breaker = breaker();
            let mut in_a_row = 0;
            for (at, answered) in (0u64..).zip(ends) {
                let health = if answered { Health::Answers } else { Health::Fails };
                breaker.record(at * 10, health);
                in_a_row = if answered { 0 } else { in_a_row + 1 };
                prop_assert_eq!(breaker.admits_call(), in_a_row < 3);
            }
        }
    }
}
