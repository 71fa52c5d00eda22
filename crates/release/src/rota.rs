//! Who is on call, and when nobody is.
//!
//! Enters: a rota of a policy, the day of the release, a time zone. Leaves: who is on call at a moment, times without
//! anybody, times with several, hand-offs. Never here: addresses, a clock, whether the people exist (that is lint).
//!
//! Covered is the time from midnight of day 0. Whole days, of the coverage and of shifts, are days of the calendar in
//! the zone: a shift of `7d` ends at the time of day at which it began, also where clocks are changed in between;
//! hours, minutes and seconds are exact. A time of day that is skipped stands for the moment as much later as was
//! skipped; of one that comes twice, the first counts.

mod cover;

use std::collections::BTreeSet;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};

use crate::Length;
use crate::policy::{Rota, Shift};
use crate::window::time_of_day;

pub use cover::covered;

/// A rota on a calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roster {
    /// The first covered moment.
    pub from: Timestamp,
    /// The first that is not.
    pub to: Timestamp,
    /// Shifts in the order of the policy: who, from, and up to but not including.
    shifts: Vec<(String, Timestamp, Timestamp)>,
}

/// A stretch of time in which the same people are on call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// From this moment.
    pub from: Timestamp,
    /// Up to, but not including.
    pub to: Timestamp,
    /// By name; none: nobody is on call.
    pub people: BTreeSet<String>,
}

/// A moment at which the people on call change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandOff {
    /// When.
    pub at: Timestamp,
    /// Who goes.
    pub goes: BTreeSet<String>,
    /// Who comes.
    pub comes: BTreeSet<String>,
    /// Who was and stays on call.
    pub stays: BTreeSet<String>,
}

/// Why a rota cannot be put on a calendar.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RotaFault {
    /// A time of day.
    #[error("shift {shift} of `{person}` begins at `{from}`: write `from` as in \"09:00\"")]
    TimeOfDay {
        /// Which, from 1.
        shift: usize,
        /// Whose.
        person: String,
        /// As it is written.
        from: String,
    },
    /// A date.
    #[error("shift {shift} of `{person}` is outside the calendar: check `from_day` and `lasts`")]
    Date {
        /// Which, from 1.
        shift: usize,
        /// Whose.
        person: String,
    },
    /// The end of all.
    #[error("the coverage of {0} ends outside the calendar: check `covered`")]
    Covered(Length),
}

impl Roster {
    /// Puts a rota on the calendar of `zone`, with `day0` as the day of the release.
    ///
    /// # Errors
    /// [`RotaFault`]: the first time that cannot be read, or lies outside of the calendar.
    pub fn new(rota: &Rota, day0: Date, zone: &TimeZone) -> Result<Roster, RotaFault> {
        let from = moment(day0, Time::midnight(), zone);
        let wrong = || RotaFault::Covered(rota.covered);
        let from = from.ok_or_else(wrong)?;
        let to = after(from, rota.covered, zone).ok_or_else(wrong)?;
        let shifts = (1..).zip(&rota.shifts).map(|(at, shift)| placed(at, shift, day0, zone));
        Ok(Roster { from, to, shifts: shifts.collect::<Result<_, _>>()? })
    }

    /// Who is on call at a moment, by name: nobody, one, or several where shifts overlap.
    pub fn on_call(&self, at: Timestamp) -> BTreeSet<&str> {
        let there = self.shifts.iter().filter(|(_, from, to)| *from <= at && at < *to);
        there.map(|(person, ..)| person.as_str()).collect()
    }

    /// The covered time in stretches: without holes, each with other people than the one before.
    pub fn stretches(&self) -> Vec<Stretch> {
        let inside = |at: &Timestamp| self.from < *at && *at < self.to;
        let changes = self.shifts.iter().flat_map(|(_, from, to)| [*from, *to]).filter(inside);
        let edges: BTreeSet<Timestamp> = changes.chain([self.from, self.to]).collect();
        let mut stretches: Vec<Stretch> = Vec::new();
        for (from, to) in edges.iter().zip(edges.iter().skip(1)) {
            let people = self.on_call(*from).into_iter().map(str::to_owned).collect();
            match stretches.last_mut() {
                Some(last) if last.people == people => last.to = *to,
                _ => stretches.push(Stretch { from: *from, to: *to, people }),
            }
        }
        stretches
    }

    /// Covered time without anybody.
    pub fn gaps(&self) -> Vec<Stretch> {
        self.stretches().into_iter().filter(|stretch| stretch.people.is_empty()).collect()
    }

    /// Covered time with more than one person: who is called is not settled.
    pub fn overlaps(&self) -> Vec<Stretch> {
        self.stretches().into_iter().filter(|stretch| stretch.people.len() > 1).collect()
    }

    /// How long nobody is on call, exactly.
    pub fn uncovered(&self) -> SignedDuration {
        let lengths = self.gaps().into_iter().map(|gap| gap.to.duration_since(gap.from));
        lengths.fold(SignedDuration::ZERO, SignedDuration::saturating_add)
    }

    /// The same in minutes, a begun one counted as whole: 0 only where somebody is always there.
    pub fn uncovered_minutes(&self) -> u64 {
        let seconds = u64::try_from(self.uncovered().as_secs()).unwrap_or(0);
        let begun = u64::from(self.uncovered().subsec_nanos() > 0);
        (seconds + begun).div_ceil(60)
    }

    /// Changes of people within the covered time.
    pub fn hand_offs(&self) -> Vec<HandOff> {
        let stretches = self.stretches();
        let changes = stretches.iter().zip(stretches.iter().skip(1));
        let hand_off = |(before, after): (&Stretch, &Stretch)| HandOff {
            at: after.from,
            goes: before.people.difference(&after.people).cloned().collect(),
            comes: after.people.difference(&before.people).cloned().collect(),
            stays: before.people.intersection(&after.people).cloned().collect(),
        };
        changes.map(hand_off).collect()
    }
}

fn placed(
    number: usize,
    shift: &Shift,
    day0: Date,
    zone: &TimeZone,
) -> Result<(String, Timestamp, Timestamp), RotaFault> {
    let person = shift.person.clone();
    let Some(time) = time_of_day(&shift.from) else {
        return Err(RotaFault::TimeOfDay { shift: number, person, from: shift.from.clone() });
    };
    let wrong = || RotaFault::Date { shift: number, person: shift.person.clone() };
    let days = Span::new().try_days(shift.from_day).map_err(|_| wrong())?;
    let date = day0.checked_add(days).map_err(|_| wrong())?;
    let from = moment(date, time, zone).ok_or_else(wrong)?;
    let to = after(from, shift.lasts, zone).ok_or_else(wrong)?;
    Ok((person, from, to))
}

fn moment(date: Date, time: Time, zone: &TimeZone) -> Option<Timestamp> {
    zone.to_zoned(date.to_datetime(time)).ok().map(|zoned| zoned.timestamp())
}

/// Days by the calendar, the rest exactly.
fn after(from: Timestamp, length: Length, zone: &TimeZone) -> Option<Timestamp> {
    let (days, rest) = (length.as_seconds() / 86_400, length.as_seconds() % 86_400);
    let days = Span::new().try_days(i64::try_from(days).ok()?).ok()?;
    let rest = Span::new().try_seconds(i64::try_from(rest).ok()?).ok()?;
    Some(from.to_zoned(zone.clone()).checked_add(days).ok()?.checked_add(rest).ok()?.timestamp())
}

#[cfg(test)]
mod tests;
