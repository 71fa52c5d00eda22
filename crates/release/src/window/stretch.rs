//! Stretches of time, and what is left of them.

use jiff::{SignedDuration, Timestamp};

use crate::Length;

/// From a moment up to, but not including, another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Stretch {
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
}

impl Stretch {
    /// `None` where nothing is left.
    pub(super) fn new(from: Timestamp, to: Timestamp) -> Option<Stretch> {
        (from < to).then_some(Stretch { from, to })
    }

    pub(super) fn meets(self, other: Stretch) -> bool {
        self.from < other.to && other.from < self.to
    }

    pub(super) fn contains(self, other: Stretch) -> bool {
        self.from <= other.from && other.to <= self.to
    }

    pub(super) fn within(self, other: Stretch) -> Option<Stretch> {
        Stretch::new(self.from.max(other.from), self.to.min(other.to))
    }

    /// Whole seconds.
    pub(super) fn length(self) -> Length {
        Length::seconds(u64::try_from(self.to.duration_since(self.from).as_secs()).unwrap_or(0))
    }
}

/// The first moment there is, where that is nearer.
pub(super) fn earlier(at: Timestamp, by: Length) -> Timestamp {
    at.checked_sub(SignedDuration::from_secs(by.signed_seconds())).unwrap_or(Timestamp::MIN)
}

/// In order, and as few as possible: those that touch are one.
pub(super) fn merged(mut stretches: Vec<Stretch>) -> Vec<Stretch> {
    stretches.sort();
    let mut few: Vec<Stretch> = Vec::with_capacity(stretches.len());
    for stretch in stretches {
        match few.last_mut() {
            Some(last) if stretch.from <= last.to => last.to = last.to.max(stretch.to),
            _ => few.push(stretch),
        }
    }
    few
}

/// What `closed` leaves of `open`, both merged.
pub(super) fn minus(open: &[Stretch], closed: &[Stretch]) -> Vec<Stretch> {
    let mut left = Vec::new();
    for stretch in open {
        let mut from = stretch.from;
        for gone in closed.iter().filter(|gone| gone.meets(*stretch)) {
            left.extend(Stretch::new(from, gone.from));
            from = gone.to;
        }
        left.extend(Stretch::new(from, stretch.to));
    }
    left
}
