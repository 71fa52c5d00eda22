//! The steps of a release against the sessions of the market that its traffic follows.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::reading::{date, day, service_zone, time};
use crate::calendar::Session;
use crate::lint::{Case, Found, Words};
use crate::policy::{Policy, Purpose};
use crate::{Figure, Length};

/// From the first orders of the pre-open to the bell.
const PRE_OPEN: SignedDuration = SignedDuration::from_mins(15);
/// On either side of the bell.
const BELL: SignedDuration = SignedDuration::from_mins(5);
/// Longest time that is looked at after the last step.
const WATCH_DAYS_MAX: i64 = 60;
/// Where the search for a plain day begins when the policy has no date at all: the first year that any calendar knows.
const FIRST: Date = jiff::civil::date(2025, 1, 1);
const SEARCH_DAYS: i32 = 7_300;
/// Weekly index contracts of NSE expire on Tuesdays from this date on.
const NSE_TUESDAYS: Date = jiff::civil::date(2025, 9, 1);

/// Day 0 as the policy's clock and the market's see it.
struct Day0<'a> {
    case: &'a Case<'a>,
    calendar: &'a str,
    zone: TimeZone,
    date: Date,
    /// False: only its weekday is taken from the policy.
    known: bool,
}

impl<'a> Day0<'a> {
    /// `None` where the policy does not say which market, which zone, or the calendar does not know the day.
    fn of(case: &'a Case<'a>) -> Option<Day0<'a>> {
        let policy = case.policy;
        let calendar = policy.windows.calendar.as_deref().or(policy.service.sessions.as_deref())?;
        let zone = service_zone(policy)?;
        let (date, known) = match &policy.plan.day0 {
            Some(text) if date(text).is_some() => (date(text)?, true),
            _ => (plain_day(case, calendar)?, false),
        };
        Some(Day0 { case, calendar, zone, date, known })
    }

    fn session(&self, date: Date) -> Option<Session> {
        self.case.calendars.session(self.calendar, date).ok().flatten()
    }

    fn moment(&self, date: Date, clock: &str) -> Option<Timestamp> {
        let moment = date.to_datetime(time(clock)?).to_zoned(self.zone.clone()).ok()?;
        Some(moment.timestamp())
    }

    fn clock(&self, at: Timestamp) -> String {
        let local = at.to_zoned(self.zone.clone());
        let days = (local.date() - self.date).get_days();
        let clock = local.strftime("%H:%M");
        if days == 0 { clock.to_string() } else { format!("{clock} on day {days}") }
    }

    /// The sessions that `[from, to)` may touch.
    fn sessions(&self, from: Timestamp, to: Timestamp) -> Vec<Session> {
        if !self.known {
            return self.session(self.date).into_iter().collect();
        }
        let first = from.to_zoned(self.zone.clone()).date().saturating_sub(1.day());
        let last = to.to_zoned(self.zone.clone()).date().saturating_add(1.day());
        let days = first.series(1.day()).take_while(|date| *date <= last);
        days.take(WATCH_DAYS_MAX as usize + 3).filter_map(|date| self.session(date)).collect()
    }
}

/// A day with the regular hours of the market: a preferred weekday or a Tuesday, whose hours are those of the week after, too.
fn plain_day(case: &Case<'_>, calendar: &str) -> Option<Date> {
    let policy = case.policy;
    let weekday = policy.windows.prefer.iter().find_map(|name| weekday_of(name)).unwrap_or(Weekday::Tuesday);
    let hours = |date: Date| {
        let session = case.calendars.session(calendar, date).ok().flatten()?;
        let midnight = date.to_zoned(TimeZone::UTC).ok()?.timestamp();
        Some((session.open.duration_since(midnight), session.close.duration_since(midnight)))
    };
    let from = policy.service.decided_on.as_deref().and_then(date).unwrap_or(FIRST);
    let first = from.series(1.day()).take(7).find(|date| date.weekday() == weekday)?;
    first.series(7.days()).take((SEARCH_DAYS / 7) as usize).find(|date| {
        let after = date.saturating_add(7.days());
        hours(*date).is_some_and(|today| hours(after) == Some(today))
    })
}

/// One step in time.
struct Moment {
    path: String,
    what: String,
    from: Timestamp,
    to: Timestamp,
    raises: bool,
}

/// The steps of the roll-out; those without a time of day follow on the one before.
fn steps(day0: &Day0<'_>) -> Vec<Moment> {
    let mut moments: Vec<Moment> = Vec::new();
    let Some(rollout) = &day0.case.policy.rollout else { return moments };
    let start = rollout.at.as_deref().and_then(|clock| day0.moment(day0.date, clock));
    let mut next = start;
    let mut weight = Figure::ZERO;
    for (i, step) in rollout.steps.iter().enumerate() {
        let stated = step.at.as_deref().and_then(|clock| day0.moment(day0.date, clock));
        // A time of day before that of the step before is one of the next day.
        let stated = stated.map(|at| match moments.last() {
            Some(before) if at < before.from => at.saturating_add(24.hours()).unwrap_or(at),
            _ => at,
        });
        let Some(from) = stated.or(next) else { continue };
        let to = later(from, step.hold);
        let raises = step.weight > weight;
        weight = step.weight;
        let what = format!("Step {} ({} %)", i + 1, step.weight);
        let path =
            if step.at.is_some() { format!("rollout.step.{i}.at") } else { format!("rollout.step.{i}") };
        moments.push(Moment { path, what, from, to, raises });
        next = Some(to);
    }
    if let Some(start) = start
        && moments.first().is_none_or(|first| first.from > start)
    {
        let to = moments.first().map_or(start, |first| first.from);
        let what = "The roll-out".to_owned();
        moments.insert(0, Moment { path: "rollout.at".into(), what, from: start, to, raises: false });
    }
    moments
}

fn later(from: Timestamp, length: Length) -> Timestamp {
    let most = WATCH_DAYS_MAX * 86_400;
    let length = SignedDuration::from_secs(length.signed_seconds().min(most));
    from.checked_add(length).unwrap_or(from)
}

/// Tasks that run a deploy runbook.
fn deployments(day0: &Day0<'_>) -> Vec<Moment> {
    let policy = day0.case.policy;
    let deploys =
        |id: &str| policy.runbooks.iter().any(|book| book.id == id && book.purpose == Purpose::Deploy);
    let mut moments = Vec::new();
    for (i, task) in policy.plan.tasks.iter().enumerate() {
        let on_target = task.runbook.as_deref().is_some_and(deploys) && (task.day == 0 || day0.known);
        let date = if task.day == 0 { Some(day0.date) } else { day(policy, task.day) };
        if let (true, Some(date), Some(from)) = (on_target, date, &task.from)
            && let Some(from) = day0.moment(date, from)
        {
            let what = format!("Task `{}`", task.id);
            moments.push(Moment { path: format!("plan.task.{i}.from"), what, from, to: from, raises: false });
        }
    }
    moments
}

pub(super) fn outside(case: &Case<'_>, found: &mut Found<'_>) {
    let Some(day0) = Day0::of(case) else { return };
    for (step, session) in reaching_in(&day0) {
        let (from, to) = (day0.clock(step.from), day0.clock(step.to));
        let (open, close) = (day0.clock(session.open), day0.clock(session.close));
        let message =
            format!("{} reaches into the session, and the release has to lie outside it.", step.what);
        let right = format!("over before {open}, or begun at {close} or later");
        let arithmetic = format!("{from} to {to}; the session of {} is {open} to {close}", day0.calendar);
        found.at(&step.path, Words::new(message, format!("{from} to {to}"), right).because(arithmetic));
    }
}

/// True when something reaches into a session although the release has to lie outside of them.
pub(super) fn reaches_in(case: &Case<'_>) -> bool {
    Day0::of(case).is_some_and(|day0| !reaching_in(&day0).is_empty())
}

/// What does, each with the first session that it touches.
fn reaching_in(day0: &Day0<'_>) -> Vec<(Moment, Session)> {
    let policy = day0.case.policy;
    if !policy.windows.outside_sessions {
        return Vec::new();
    }
    let mut moments = steps(day0);
    if let (Some(last), Some(rollout)) = (moments.last(), &policy.rollout)
        && rollout.watch > Length::ZERO
    {
        let (from, to) = (last.to, later(last.to, rollout.watch));
        let what = "The watch".to_owned();
        moments.push(Moment { path: "rollout.watch".into(), what, from, to, raises: false });
    }
    let touched = |step: Moment| {
        let session = day0.sessions(step.from, step.to).into_iter().find(|session| {
            let begins = session.open <= step.from && step.from < session.close;
            begins || (step.from < session.close && session.open < step.to)
        })?;
        Some((step, session))
    };
    moments.into_iter().filter_map(touched).collect()
}

/// Steps that begin near an open, each with the open's distance.
fn near_open(case: &Case<'_>, found: &mut Found<'_>, look: fn(&Moment, SignedDuration) -> Option<String>) {
    let Some(day0) = Day0::of(case) else { return };
    let mut moments = steps(&day0);
    moments.extend(deployments(&day0));
    for step in moments {
        for session in day0.sessions(step.from, step.from) {
            let until = session.open.duration_since(step.from);
            let Some(message) = look(&step, until) else { continue };
            let (from, open) = (day0.clock(step.from), day0.clock(session.open));
            let minutes = until.as_secs().abs() / 60;
            let side = if until.is_negative() { "after" } else { "before" };
            let right = format!("done before {}", day0.clock(session.open - PRE_OPEN));
            let arithmetic = format!("{from} is {minutes} min {side} the open at {open} ({})", day0.calendar);
            let right = format!("{right}, or begun at {} or later", day0.clock(session.close));
            found.at(&step.path, Words::new(message, from, right).because(arithmetic));
        }
    }
}

fn on_bell(step: &Moment, until: SignedDuration) -> bool {
    step.raises && until.abs() <= BELL
}

pub(super) fn pre_open(case: &Case<'_>, found: &mut Found<'_>) {
    near_open(case, found, |step, until| {
        let before = until > SignedDuration::ZERO && until <= PRE_OPEN;
        (before && !on_bell(step, until)).then(|| format!("{} begins in the market's pre-open.", step.what))
    });
}

pub(super) fn bell(case: &Case<'_>, found: &mut Found<'_>) {
    near_open(case, found, |step, until| {
        on_bell(step, until).then(|| format!("{} raises the weight on the opening bell.", step.what))
    });
}

/// `tue`, `Tuesday`.
fn weekday_of(name: &str) -> Option<Weekday> {
    let names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let start = name.get(..3)?.to_ascii_lowercase();
    let place = names.iter().position(|known| *known == start)?;
    Weekday::from_monday_one_offset(i8::try_from(place).ok()? + 1).ok()
}

pub(super) fn weekday(case: &Case<'_>, found: &mut Found<'_>) {
    let Policy { windows, plan, service, .. } = case.policy;
    let is = |names: &[String], day: Weekday| names.iter().any(|name| weekday_of(name) == Some(day));
    let calendar = windows.calendar.as_ref().or(service.sessions.as_ref());
    let dated = plan.day0.as_deref().or(service.decided_on.as_deref()).and_then(date);
    let tuesdays = calendar.is_some_and(|name| name == "nse:derivatives")
        && windows.expiry_days.is_empty()
        && dated.is_none_or(|date| date >= NSE_TUESDAYS);
    let taken = |day: Weekday| {
        is(&windows.expiry_days, day) || is(&windows.avoid, day) || tuesdays && day == Weekday::Tuesday
    };
    for (i, name) in windows.prefer.iter().enumerate() {
        let Some(day) = weekday_of(name) else { continue };
        let (why, arithmetic) = if is(&windows.expiry_days, day) {
            ("contracts expire on it", String::new())
        } else if is(&windows.avoid, day) {
            ("it is to be avoided, too", String::new())
        } else if tuesdays && day == Weekday::Tuesday {
            (
                "contracts expire on it",
                format!("weekly index contracts of NSE expire on Tuesdays since {NSE_TUESDAYS}"),
            )
        } else {
            continue;
        };
        let message = format!("`{name}` is tried first, but {why}.");
        let free = ["wed", "thu", "tue", "mon", "fri"]
            .into_iter()
            .find(|other| weekday_of(other).is_some_and(|other| !taken(other)));
        let right = free.map_or_else(String::new, |free| format!("`{free}`"));
        found.at(
            &format!("windows.prefer.{i}"),
            Words::new(message, name.as_str(), right).because(arithmetic),
        );
    }
}
