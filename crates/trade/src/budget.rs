//! Order rates as a fold of intents and their times: nothing to transfer, nothing lost in a crash.
//!
//! Intents are counted in slots of 100 ms. A window counts every slot that it touches, so it never counts too few;
//! it may count up to 100 ms too many. A machine clock that is set back takes the records with it: they are counted
//! as if they had just been made, so neither does the window open early nor does it stay shut until the clock has
//! caught up.

use std::sync::Arc;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// Length of a slot, nanoseconds of machine time.
const SLOT_NS: i64 = 100_000_000;
/// The two sliding windows, nanoseconds of machine time.
const SECOND_NS: i64 = 1_000_000_000;
const MINUTE_NS: i64 = 60 * SECOND_NS;

/// What an intent does with an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BudgetUse {
    /// A new order.
    Place,
    /// Other terms for one.
    Modify,
    /// The end of one.
    Cancel,
}

/// Intents of one account and when they were recorded (machine time).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// Slot number and intents in it, rising, as far back as the longest window. Shared, because an account is
    /// copied with every event about it and most events are no intents.
    slots: Arc<Vec<(i64, u32)>>,
    day: Option<Date>,
    placed: u32,
    modified: u32,
    cancelled: u32,
}

impl Budget {
    /// Counts one intent: `at` is the machine time of its row in unix nanoseconds, `day` its trading day.
    pub fn record(&mut self, at: i64, day: Date, what: BudgetUse) {
        if self.day.is_none_or(|known| known < day) {
            self.begin_day(day);
        }
        let count = match what {
            BudgetUse::Place => &mut self.placed,
            BudgetUse::Modify => &mut self.modified,
            BudgetUse::Cancel => &mut self.cancelled,
        };
        *count = count.saturating_add(1);

        let ahead = self.ahead(at);
        let oldest = first_slot(at, MINUTE_NS);
        let slots = Arc::make_mut(&mut self.slots);
        if ahead > 0 {
            for (slot, _) in slots.iter_mut() {
                *slot = slot.saturating_sub(ahead);
            }
        }
        let kept_from = slots.partition_point(|(slot, _)| *slot < oldest);
        slots.drain(..kept_from);
        match slots.last_mut() {
            Some((slot, count)) if *slot >= slot_of(at) => *count = count.saturating_add(1),
            _ => slots.push((slot_of(at), 1)),
        }
    }

    /// Begins the count of a trading day; a day that has begun already goes on.
    pub fn begin_day(&mut self, day: Date) {
        if self.day.is_none_or(|known| known < day) {
            (self.day, self.placed, self.modified, self.cancelled) = (Some(day), 0, 0, 0);
        }
    }

    /// Intents in the second of machine time that ends at `at` (unix nanoseconds); never too few.
    pub fn last_second(&self, at: i64) -> u32 {
        self.since(at, SECOND_NS)
    }

    /// Intents in the minute of machine time that ends at `at` (unix nanoseconds); never too few.
    pub fn last_minute(&self, at: i64) -> u32 {
        self.since(at, MINUTE_NS)
    }

    /// Intents of the trading day `day`: zero when it is later than the newest day counted.
    pub fn on_day(&self, day: Date) -> u32 {
        if self.day.is_some_and(|known| known >= day) {
            self.placed.saturating_add(self.modified).saturating_add(self.cancelled)
        } else {
            0
        }
    }

    fn since(&self, at: i64, window_ns: i64) -> u32 {
        let first = first_slot(at, window_ns).saturating_add(self.ahead(at));
        self.slots
            .iter()
            .rev()
            .take_while(|(slot, _)| *slot >= first)
            .fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }

    /// How many slots the records are ahead of a clock that was set back to `at`. One slot less than it looks:
    /// within their slots the newest record may be early and `at` late, and a record must never come out too old.
    fn ahead(&self, at: i64) -> i64 {
        let newest = self.slots.last().map_or(i64::MIN, |(slot, _)| *slot);
        newest.saturating_sub(slot_of(at)).saturating_sub(1).max(0)
    }
}

fn slot_of(at: i64) -> i64 {
    at.div_euclid(SLOT_NS)
}

/// The oldest slot that the window up to `at` touches.
fn first_slot(at: i64, window_ns: i64) -> i64 {
    slot_of(at.saturating_sub(window_ns))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DAY: Date = jiff::civil::date(2026, 8, 3);

    #[test]
    fn a_day_counts_what_was_intended_on_it() {
        let mut budget = Budget::default();
        budget.record(0, DAY, BudgetUse::Place);
        budget.record(0, DAY, BudgetUse::Modify);
        budget.record(0, DAY, BudgetUse::Cancel);
        let next = DAY.tomorrow().unwrap();
        assert_eq!((budget.on_day(DAY), budget.on_day(next)), (3, 0));
        budget.record(1, next, BudgetUse::Place);
        assert_eq!(budget.on_day(next), 1);
        budget.begin_day(next);
        assert_eq!(budget.on_day(next), 1, "a day does not begin twice");
    }

    #[test]
    fn a_window_opens_again_and_old_slots_go() {
        let mut budget = Budget::default();
        for n in 0..10_000 {
            budget.record(n * SLOT_NS, DAY, BudgetUse::Place);
        }
        assert!(budget.slots.len() <= 602, "{}", budget.slots.len());
        let last = 9_999 * SLOT_NS;
        assert_eq!(budget.last_second(last + SECOND_NS + SLOT_NS), 0);
        assert_eq!(budget.last_minute(last + MINUTE_NS + SLOT_NS), 0);
    }

    #[test]
    fn a_clock_set_back_by_an_hour_does_not_shut_the_window_for_an_hour() {
        let mut budget = Budget::default();
        let (late, early) = (7_200 * SECOND_NS, 3_600 * SECOND_NS);
        budget.record(late, DAY, BudgetUse::Place);
        assert_eq!(budget.last_second(early), 1, "it was made a moment ago");
        budget.record(early, DAY, BudgetUse::Place);
        assert_eq!(budget.last_second(early), 2);
        assert_eq!(budget.last_second(early + SECOND_NS + 2 * SLOT_NS), 0);
    }

    proptest! {
        /// The clock runs true between its steps; windows are judged by true time.
        #[test]
        fn no_window_of_true_time_ever_holds_more_than_the_limit(
            limit in 1u32..12,
            minute in any::<bool>(),
            steps in proptest::collection::vec((0i64..400, prop_oneof![9 => Just(0i64), 1 => -100_000i64..0]), 1..400),
        ) {
            let window = if minute { MINUTE_NS } else { SECOND_NS };
            let scale = if minute { 60 } else { 1 };
            let (mut budget, mut taken) = (Budget::default(), Vec::<i64>::new());
            let (mut true_time, mut offset) = (1_000_000_000_000i64, 0i64);
            for (wait_ms, set_back_ms) in steps {
                true_time += wait_ms * scale * 1_000_000 + 7;
                offset += set_back_ms * 1_000_000;
                let at = true_time + offset;
                let used = if minute { budget.last_minute(at) } else { budget.last_second(at) };
                let exact = taken.iter().filter(|taken| **taken >= true_time - window).count();
                prop_assert!(used as usize >= exact, "counted {used} of {exact}");
                if used < limit {
                    budget.record(at, DAY, BudgetUse::Place);
                    taken.push(true_time);
                }
            }
        }

        #[test]
        fn any_times_are_taken(times in proptest::collection::vec(any::<i64>(), 0..50), at in any::<i64>()) {
            let mut budget = Budget::default();
            for time in times {
                budget.record(time, DAY, BudgetUse::Place);
                prop_assert!(budget.last_second(time) >= 1);
            }
            prop_assert!(budget.last_second(at) <= budget.last_minute(at));
        }
    }
}
