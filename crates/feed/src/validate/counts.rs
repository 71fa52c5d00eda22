//! How many ticks got which verdict.

use super::{Reason, Verdict};

/// Counts since the validator was made. Good, suspect and rejected add up to every tick that was judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    good: u64,
    suspect: [u64; Reason::COUNT],
    rejected: [u64; Reason::COUNT],
}

impl Counts {
    #[inline]
    pub(super) fn add(&mut self, verdict: Verdict) {
        let count = match verdict {
            Verdict::Good => &mut self.good,
            Verdict::Suspect(reason) => &mut self.suspect[reason.index()],
            Verdict::Rejected(reason) => &mut self.rejected[reason.index()],
        };
        *count += 1;
    }

    /// How many got exactly this verdict.
    pub fn of(&self, verdict: Verdict) -> u64 {
        match verdict {
            Verdict::Good => self.good,
            Verdict::Suspect(reason) => self.suspect[reason.index()],
            Verdict::Rejected(reason) => self.rejected[reason.index()],
        }
    }

    /// Good ones.
    pub fn good(&self) -> u64 {
        self.good
    }

    /// Suspect ones, whatever the reason.
    pub fn suspect(&self) -> u64 {
        self.suspect.iter().sum()
    }

    /// Rejected ones, whatever the reason.
    pub fn rejected(&self) -> u64 {
        self.rejected.iter().sum()
    }

    /// Every verdict with its count, zeros included, always in the same order.
    pub fn iter(&self) -> impl Iterator<Item = (Verdict, u64)> + '_ {
        let suspect = Reason::ALL.into_iter().map(Verdict::Suspect);
        let rejected = Reason::ALL.into_iter().map(Verdict::Rejected);
        std::iter::once(Verdict::Good)
            .chain(suspect)
            .chain(rejected)
            .map(|verdict| (verdict, self.of(verdict)))
    }
}
