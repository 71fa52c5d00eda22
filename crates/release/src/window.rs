//! When a release may begin, and why not now.
//!
//! Enters: a policy, calendars, freezes that are in force, the severity of an incident that a hotfix is for, a moment. Leaves: every
//! reason against that moment with its end, and the next openings. Never here: a clock, whether the release is good.
//!
//! A release is taken as the whole time it needs ([`Needs`]): from its first step to the end of its watch. It may begin when all
//! of that lies inside the windows, those that touch being one, and none of it in a freeze, in a blackout, on an avoided weekday,
//! on a day on which contracts expire, or, with `outside_sessions`, between the time before an opening and the close. A date that
//! the calendar does not know counts as closed, with the reason saying so.
//!
//! Weekdays, freezes and times of day are those of the policy's zone; sessions and expiries those of the market. Where clocks are
//! changed, windows are read narrowly and blackouts widely.

mod clock;
mod days;
mod needs;
mod reason;
mod rules;
mod stretch;

use jiff::Timestamp;

pub use clock::{time_of_day, weekday};
use days::{Days, Open, seen_from};
pub use needs::Needs;
pub use reason::{Reason, Why};
use rules::Rules;
pub use rules::{Fault, faults};
use stretch::{Stretch, earlier, merged, minus};

use crate::calendar::Calendars;
use crate::decision::WindowAnswer;
use crate::policy::Policy;
use crate::{Length, later};

/// How far ahead openings are looked for.
pub const SEARCHED: Length = Length::days(60);

/// Among openings that begin within this time of the first, one on a preferred weekday is worth waiting for.
const WORTH_WAITING: Length = Length::days(7);

/// A freeze that is not in the policy: somebody declared it, or an error budget is spent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenFreeze {
    /// For people.
    pub name: String,
    /// Since when.
    pub from: Timestamp,
    /// Up to, but not including; `None`: until it is lifted.
    pub until: Option<Timestamp>,
}

/// What an incident of some severity exempts a hotfix from: freezes and avoided weekdays, and what is named here. Windows and
/// blackouts count as ever, but with `in_sessions` the session and the time before it are a window, too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// Of the incident.
    pub severity: String,
    /// Who has to sign, beside the others.
    pub signers: Vec<String>,
    /// Sessions do not count.
    pub in_sessions: bool,
    /// Days on which contracts expire do not count.
    pub on_expiry_days: bool,
}

/// Time in which a release may begin and end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// It may begin from here on.
    pub from: Timestamp,
    /// It has to be over by then.
    pub to: Timestamp,
    /// It may begin up to, and including, then.
    pub latest_start: Timestamp,
    /// When it may first begin on a preferred weekday; `None`: at no time in this opening.
    pub preferred_from: Option<Timestamp>,
    /// Of the windows it is made of.
    pub titles: Vec<String>,
    /// It does not end at `to`: what comes after was not looked at.
    pub goes_on: bool,
    /// What would stand in the way but for the exception; then its signers have to sign.
    pub waived: Vec<Reason>,
}

/// The next openings, in order of time: preference is marked, not sorted by, since nobody reads dates out of order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outlook {
    /// At most as many as were asked for.
    pub openings: Vec<Opening>,
    /// When to begin: at the first moment on a preferred weekday within a week of the first opening, or else in the first
    /// opening; `None` without openings.
    pub suggested: Option<Timestamp>,
    /// There are fewer openings than were asked for: only those that begin before then were looked for.
    pub ended_at: Option<Timestamp>,
    /// Longest time without anything in the way, for when a release needs more than that.
    pub longest: Length,
    /// What the calendar does not know of that time.
    pub unknown: Vec<Reason>,
}

/// The windows of a policy, ready to be asked.
#[derive(Clone, Debug)]
pub struct Timetable<'a> {
    rules: Rules,
    needs: Needs,
    calendars: &'a Calendars,
    freezes: Vec<OpenFreeze>,
    hotfix: Vec<Exception>,
    exception: Option<Exception>,
}

impl<'a> Timetable<'a> {
    /// Reads the windows section.
    ///
    /// # Errors
    /// All of its [`faults`].
    pub fn new(policy: &Policy, calendars: &'a Calendars) -> Result<Timetable<'a>, Vec<Fault>> {
        let hotfix = policy.windows.hotfix.iter().flat_map(|hotfix| {
            hotfix.severities.iter().map(|severity| Exception {
                severity: severity.clone(),
                signers: hotfix.signers.clone(),
                in_sessions: hotfix.in_sessions,
                on_expiry_days: hotfix.on_expiry_days,
            })
        });
        Ok(Timetable {
            rules: rules::read(policy, calendars)?,
            needs: Needs::of(policy),
            calendars,
            freezes: Vec::new(),
            hotfix: hotfix.collect(),
            exception: None,
        })
    }

    /// With freezes beside those of the policy.
    pub fn frozen(mut self, freezes: Vec<OpenFreeze>) -> Timetable<'a> {
        self.freezes = freezes;
        self
    }

    /// For a hotfix of an incident. Where the policy makes no exception for its severity, everything counts as before and
    /// [`Timetable::exception`] is `None`.
    pub fn for_incident(mut self, severity: &str) -> Timetable<'a> {
        self.exception = self.hotfix.iter().find(|exception| exception.severity == severity).cloned();
        self
    }

    /// The exception that is made.
    pub fn exception(&self) -> Option<&Exception> {
        self.exception.as_ref()
    }

    /// How long a release takes.
    pub fn needs(&self) -> &Needs {
        &self.needs
    }

    /// The zone of the policy's times, to show reasons in.
    pub fn zone(&self) -> &jiff::tz::TimeZone {
        &self.rules.zone
    }

    /// Every reason why a release may not begin at `at`; none when it may.
    pub fn why_not(&self, at: Timestamp) -> Vec<Reason> {
        self.reasons(self.days(), at)
    }

    /// Every reason that the exception sets aside at `at`: when there are any, its signers have to sign.
    pub fn waived(&self, at: Timestamp) -> Vec<Reason> {
        let left = self.why_not(at);
        let mut waived = self.reasons(self.ordinary_days(), at);
        waived.retain(|reason| left.iter().all(|other| other.why != reason.why));
        waived
    }

    /// What a decision has to know of a release that begins at `at`: where the exception sets something aside, with who signs that.
    pub fn answer(&self, at: Timestamp) -> WindowAnswer {
        let (left, waived) = (self.why_not(at), self.waived(at));
        let words = |reasons: &[Reason]| reasons.iter().map(|reason| reason.words(self.zone())).collect();
        let signers =
            self.exception.iter().filter(|_| !waived.is_empty()).flat_map(|one| one.signers.clone());
        WindowAnswer {
            open: left.is_empty(),
            reasons: words(if left.is_empty() { &waived } else { &left }),
            signers: signers.collect(),
            promotion: None,
        }
    }

    /// The next `n` openings that end after `now` in time for a release, within [`SEARCHED`].
    pub fn next(&self, now: Timestamp, n: usize) -> Outlook {
        let end = later(now, SEARCHED);
        let range = Stretch { from: now, to: later(end, self.needs.length) };
        let open = self.days().open(range);
        let free = self.free(&open, range);
        let fits = |free: &&Stretch| free.from < end && earlier(free.to, self.needs.length) >= free.from;
        let mut openings: Vec<Opening> =
            free.iter().filter(fits).map(|free| self.opening(*free, range, &open)).collect();
        let suggested = self.suggested(&openings);
        let ended_at = (openings.len() < n).then_some(end);
        openings.truncate(n);
        let asks_calendar =
            self.rules.outside_sessions || self.rules.has_relative() || !self.rules.expiry.is_empty();
        let unknown = if asks_calendar { self.days().unknown(range) } else { Vec::new() };
        Outlook {
            openings,
            suggested,
            ended_at,
            longest: free.iter().map(|free| free.length()).max().unwrap_or(Length::ZERO),
            unknown: unknown.iter().map(|unknown| seen_from(now, unknown)).collect(),
        }
    }

    fn reasons(&self, days: Days<'_>, at: Timestamp) -> Vec<Reason> {
        let release = Stretch { from: at, to: later(at, self.needs.length) };
        let windows = |range| merged(days.open(range).into_iter().map(|open| open.stretch).collect());
        let next = |length| {
            let ahead = windows(Stretch { from: at, to: later(at, SEARCHED) }).into_iter();
            ahead
                .filter(|window| window.from > at && window.length() >= length)
                .map(|window| window.from)
                .next()
        };
        let mut reasons = Vec::new();
        match windows(release).into_iter().find(|window| window.from <= at && at < window.to) {
            None => {
                let (from, until) = (None, next(Length::ZERO));
                reasons.push(Reason { why: Why::OutsideWindows, from, until });
                if self.rules.has_relative() {
                    reasons.extend(days.unknown(release).iter().map(|unknown| seen_from(at, unknown)));
                }
            }
            Some(window) if window.to < release.to => {
                let needs = self.needs.length;
                let why = Why::DoesNotFit { ends: window.to, needs };
                reasons.push(Reason { why, from: None, until: next(needs) });
            }
            Some(_) => {}
        }
        for closed in days.closed(release) {
            let reason = seen_from(at, &closed);
            if !reasons.contains(&reason) {
                reasons.push(reason);
            }
        }
        reasons
    }

    fn opening(&self, free: Stretch, range: Stretch, open: &[Open]) -> Opening {
        let latest_start = earlier(free.to, self.needs.length);
        let mut titles: Vec<String> = Vec::new();
        for open in open.iter().filter(|open| open.stretch.meets(free) && !open.title.is_empty()) {
            if !titles.contains(&open.title) {
                titles.push(open.title.clone());
            }
        }
        let starts = Stretch { from: free.from, to: latest_start };
        let preferred = clock::dates(&self.rules.zone, starts)
            .filter(|date| self.rules.prefer.contains(&date.weekday()))
            .map(|date| clock::day(&self.rules.zone, date))
            .filter(|day| day.from <= latest_start && free.from < day.to)
            .map(|day| day.from.max(free.from));
        Opening {
            from: free.from,
            to: free.to,
            latest_start,
            preferred_from: preferred.min(),
            titles,
            goes_on: free.to == range.to,
            waived: self.set_aside(free),
        }
    }

    /// What an exception sets aside somewhere in `free`.
    fn set_aside(&self, free: Stretch) -> Vec<Reason> {
        if self.exception.is_none() {
            return Vec::new();
        }
        let ordinary = self.ordinary_days();
        let closed = ordinary.closed(free);
        let mut waived: Vec<Reason> = closed.iter().map(|closed| seen_from(free.from, closed)).collect();
        let windows = merged(ordinary.open(free).into_iter().map(|open| open.stretch).collect());
        if !windows.iter().any(|window| window.contains(free)) {
            waived.push(Reason { why: Why::OutsideWindows, from: None, until: None });
        }
        waived
    }

    fn free(&self, open: &[Open], range: Stretch) -> Vec<Stretch> {
        let open = open.iter().filter_map(|open| open.stretch.within(range)).collect();
        let closed = self.days().closed(range).into_iter().map(|closed| closed.stretch).collect();
        minus(&merged(open), &merged(closed))
    }

    fn suggested(&self, openings: &[Opening]) -> Option<Timestamp> {
        let first = openings.first()?.from;
        let preferred = openings.iter().filter_map(|opening| opening.preferred_from);
        preferred.min().filter(|at| *at < later(first, WORTH_WAITING)).or(Some(first))
    }

    fn days(&self) -> Days<'_> {
        Days { exception: self.exception.as_ref(), ..self.ordinary_days() }
    }

    fn ordinary_days(&self) -> Days<'_> {
        Days { rules: &self.rules, calendars: self.calendars, freezes: &self.freezes, exception: None }
    }
}

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;
