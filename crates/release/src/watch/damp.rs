//! When an answer changes what stands: one odd answer among many does not.
//!
//! Enters: answers in their order. Leaves: what stands. Never here: times.

use super::Condition;

/// What stands, and what has been seen against it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Damped {
    stands: Condition,
    newest: Condition,
    /// So many like the newest in a row.
    run: u32,
    /// So many in a row that are not what stands.
    against: u32,
}

impl Damped {
    /// Goes on from what stood before.
    pub const fn resume(stands: Condition) -> Damped {
        Damped { stands, newest: stands, run: 0, against: 0 }
    }

    /// What stands.
    pub const fn stands(&self) -> Condition {
        self.stands
    }

    /// One more answer: another condition stands from `settle` equal ones in a row on; zero counts as one. So many in a row that
    /// are neither what stands nor equal leave nothing that is known.
    pub fn step(&mut self, answer: Condition, settle: u32) -> Condition {
        let settle = settle.max(1);
        self.run = if answer == self.newest { self.run.saturating_add(1) } else { 1 };
        self.newest = answer;
        self.against = if answer == self.stands { 0 } else { self.against.saturating_add(1) };
        if self.run >= settle {
            (self.stands, self.against) = (answer, 0);
        } else if self.against >= settle {
            (self.stands, self.against) = (Condition::Unknown, 0);
        }
        self.stands
    }
}
