//! What the rules say about a range of time: where a release may lie, and where it may not.

use jiff::Timestamp;
use jiff::civil::{Date, Weekday};

use super::clock::{dates, day, narrow, wide};
use super::reason::{Reason, Why};
use super::rules::{Allowed, Market, Rules, When};
use super::stretch::{Stretch, earlier};
use super::{Exception, OpenFreeze, SEARCHED};
use crate::calendar::{Calendars, Session};
use crate::later;
use crate::policy::Relative;

/// Time in which no release may lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Closed {
    pub(super) stretch: Stretch,
    pub(super) why: Why,
}

/// Time in which one may.
#[derive(Clone, Debug)]
pub(super) struct Open {
    pub(super) stretch: Stretch,
    pub(super) title: String,
}

/// Everything that the answer depends on.
#[derive(Clone, Copy)]
pub(super) struct Days<'a> {
    pub(super) rules: &'a Rules,
    pub(super) calendars: &'a Calendars,
    pub(super) freezes: &'a [OpenFreeze],
    pub(super) exception: Option<&'a Exception>,
}

impl Days<'_> {
    /// Windows that meet `range`, as long as they are; the whole range where the policy has none.
    pub(super) fn open(&self, range: Stretch) -> Vec<Open> {
        if self.rules.allow.is_empty() {
            return vec![Open { stretch: range, title: String::new() }];
        }
        let mut open: Vec<Open> = self.rules.allow.iter().flat_map(|window| self.of(window, range)).collect();
        if self.exception.is_some_and(|exception| exception.in_sessions) {
            let sessions = self.sessions(range).filter_map(|(_, session)| session.ok().flatten());
            open.extend(sessions.filter_map(|session| {
                Some(Open { stretch: self.traded(session)?, title: "the session, for a hotfix".into() })
            }));
        }
        open.retain(|open| open.stretch.meets(range));
        open
    }

    /// What meets `range` and rules a release out, as long as it is.
    pub(super) fn closed(&self, range: Stretch) -> Vec<Closed> {
        let mut closed = Vec::new();
        if self.exception.is_none() {
            self.frozen(&mut closed);
            for date in dates(&self.rules.zone, range) {
                if self.rules.avoid.contains(&date.weekday()) {
                    let why = Why::AvoidedWeekday(date.weekday());
                    closed.push(Closed { stretch: day(&self.rules.zone, date), why });
                }
            }
        }
        for (name, from, to) in &self.rules.blackouts {
            let stretches =
                dates(&self.rules.zone, range).filter_map(|date| wide(&self.rules.zone, date, *from, *to));
            closed.extend(stretches.map(|stretch| Closed { stretch, why: Why::Blackout(name.clone()) }));
        }
        if self.minds_sessions() {
            closed.extend(self.unknown(range));
            closed.extend(self.in_session(range));
        }
        if !self.exception.is_some_and(|exception| exception.on_expiry_days) {
            self.expiries(range, &mut closed);
        }
        closed.retain(|closed| closed.stretch.meets(range));
        closed
    }

    /// Dates that the calendar does not know, runs of them as one, that meet `range`; with the margin before an opening that may
    /// be at their first moment.
    pub(super) fn unknown(&self, range: Stretch) -> Vec<Closed> {
        let Some(market) = &self.rules.market else { return Vec::new() };
        let mut unknown: Vec<Closed> = Vec::new();
        for (date, session) in self.sessions(range) {
            let Err(words) = session else { continue };
            let stretch = day(&market.zone, date);
            match unknown.last_mut() {
                Some(last) if last.stretch.to == stretch.from => last.stretch.to = stretch.to,
                _ => {
                    let from = earlier(stretch.from, self.rules.before_open);
                    let stretch = Stretch { from, to: stretch.to };
                    unknown.push(Closed { stretch, why: Why::CalendarUnknown { date, words } });
                }
            }
        }
        unknown.retain(|closed| closed.stretch.meets(range));
        // The range may end within a run: look for the end of it, and call it endless when it is not near.
        if let Some(last) = unknown.last_mut() {
            let beyond = Stretch { from: last.stretch.to, to: later(last.stretch.to, SEARCHED) };
            let known = self.sessions(beyond).filter(|(date, session)| {
                session.is_ok() && day(&market.zone, *date).from >= last.stretch.to
            });
            let end = known.map(|(date, _)| day(&market.zone, date).from).next();
            last.stretch.to = end.unwrap_or(Timestamp::MAX);
        }
        unknown
    }

    fn minds_sessions(&self) -> bool {
        self.rules.outside_sessions && !self.exception.is_some_and(|exception| exception.in_sessions)
    }

    /// Occurrences of one window.
    fn of<'w>(&'w self, window: &'w Allowed, range: Stretch) -> Vec<Open> {
        let reach = window.reach();
        let around = Stretch { from: earlier(range.from, reach), to: later(range.to, reach) };
        let on = |day: Weekday| window.weekdays.is_empty() || window.weekdays.contains(&day);
        let zone = &self.rules.zone;
        let stretches: Vec<Stretch> = match window.when {
            When::Daily { from, to } => dates(zone, around)
                .filter(|date| on(date.weekday()))
                .filter_map(|date| narrow(zone, date, from, to))
                .collect(),
            When::Session(relative) => self
                .sessions(around)
                .filter(|(date, _)| on(date.weekday()))
                .filter_map(|(_, session)| beside(relative, session.ok()??))
                .collect(),
        };
        let open = |stretch| Open { stretch, title: window.title.clone() };
        stretches.into_iter().map(open).collect()
    }

    fn frozen(&self, closed: &mut Vec<Closed>) {
        for (name, first, last) in &self.rules.freezes {
            let (first, last) = (day(&self.rules.zone, *first), day(&self.rules.zone, *last));
            let stretch = Stretch { from: first.from, to: last.to };
            closed.push(Closed { stretch, why: Why::Freeze(name.clone()) });
        }
        for freeze in self.freezes {
            let stretch = Stretch::new(freeze.from, freeze.until.unwrap_or(Timestamp::MAX));
            closed.extend(stretch.map(|stretch| Closed { stretch, why: Why::Freeze(freeze.name.clone()) }));
        }
    }

    fn in_session(&self, range: Stretch) -> Vec<Closed> {
        let Some(market) = &self.rules.market else { return Vec::new() };
        let closed = |(_, session): (Date, Result<Option<Session>, String>)| {
            let session = session.ok()??;
            let why = Why::NearOpen { calendar: market.calendar.clone(), open: session.open };
            Some(Closed { stretch: self.traded(session)?, why })
        };
        self.sessions(range).filter_map(closed).collect()
    }

    /// From the margin before the opening, or before orders for it are collected, to the close.
    fn traded(&self, session: Session) -> Option<Stretch> {
        let begins = session.pre_open.unwrap_or(session.open);
        Stretch::new(earlier(begins, self.rules.before_open), session.close)
    }

    /// Sessions by date at the market, for all dates that `range` meets and those beside them.
    fn sessions(&self, range: Stretch) -> impl Iterator<Item = (Date, Result<Option<Session>, String>)> {
        let of = move |market: &Market, date| {
            let session = self.calendars.session(&market.calendar, date);
            (date, session.map_err(|unknown| unknown.to_string()))
        };
        // A margin before the opening can reach into the days before.
        let range = Stretch { from: range.from, to: later(range.to, self.rules.before_open) };
        let market = self.rules.market.iter();
        market.flat_map(move |market| dates(&market.zone, range).map(move |date| of(market, date)))
    }

    fn expiries(&self, range: Stretch, closed: &mut Vec<Closed>) {
        let zone = self.rules.market.as_ref().map_or(&self.rules.zone, |market| &market.zone);
        for weekday in &self.rules.expiry {
            for date in dates(zone, range) {
                let why = match self.expires(*weekday, date) {
                    Ok(false) => continue,
                    Ok(true) => Why::ExpiryDay(date),
                    Err((date, words)) => Why::CalendarUnknown { date, words },
                };
                let expiry = Closed { stretch: day(zone, date), why };
                // Said already, where sessions count too.
                let said = |other: &Closed| {
                    matches!(
                        (&other.why, &expiry.why),
                        (Why::CalendarUnknown { .. }, Why::CalendarUnknown { .. })
                    ) && other.stretch.contains(expiry.stretch)
                };
                if !closed.iter().any(said) {
                    closed.push(expiry);
                }
            }
        }
    }

    /// True when `date` is the last with a session up to the next `weekday`; the date that would have to be known, where that
    /// cannot be said.
    fn expires(&self, weekday: Weekday, date: Date) -> Result<bool, (Date, String)> {
        let Some(market) = &self.rules.market else { return Ok(date.weekday() == weekday) };
        let session = |date| self.calendars.session(&market.calendar, date);
        let ahead = date.weekday().until(weekday);
        let mut unknown = None;
        for later in date.series(jiff::Span::new().days(1)).skip(1).take(usize::from(ahead.unsigned_abs())) {
            match session(later) {
                Ok(Some(_)) => return Ok(false),
                Ok(None) => {}
                Err(error) => unknown = unknown.or(Some((later, error.to_string()))),
            }
        }
        match (session(date), unknown) {
            (Ok(None), _) => Ok(false),
            (Err(error), _) => Err((date, error.to_string())),
            (Ok(Some(_)), Some(unknown)) => Err(unknown),
            (Ok(Some(_)), None) => Ok(true),
        }
    }
}

/// Where a relative window lies beside or in a session.
fn beside(relative: Relative, session: Session) -> Option<Stretch> {
    match relative {
        Relative::AfterClose { after, lasts } => {
            let from = later(session.close, after);
            Stretch::new(from, later(from, lasts))
        }
        Relative::BeforeOpen { before, lasts } => {
            let to = earlier(session.open, before);
            Stretch::new(earlier(to, lasts), to)
        }
        Relative::InSession { from_open, to_close } => {
            Stretch::new(later(session.open, from_open), earlier(session.close, to_close))
        }
    }
}

/// Reasons as they are said about a release that begins at `at`.
pub(super) fn seen_from(at: Timestamp, closed: &Closed) -> Reason {
    let why = match &closed.why {
        Why::NearOpen { calendar, open } if *open <= at => {
            Why::InSession { calendar: calendar.clone(), open: *open }
        }
        other => other.clone(),
    };
    let stretch = closed.stretch;
    Reason {
        why,
        from: (stretch.from > at).then_some(stretch.from),
        until: (stretch.to < Timestamp::MAX).then_some(stretch.to),
    }
}
