//! The windows section, read: words become weekdays, times, dates and zones, and what cannot be read is named.

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;

use super::clock::{time_of_day, weekday};
use super::{Needs, SEARCHED};
use crate::Length;
use crate::calendar::Calendars;
use crate::policy::{Policy, Relative, Window, Windows};

/// Something in the windows section that cannot be meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` {words}", path.join("."))]
pub struct Fault {
    /// Where, as in [`crate::policy::Source::at`]: `["windows", "allow", "0", "from"]`.
    pub path: Vec<String>,
    /// What is wrong, and what would be right.
    pub words: String,
}

/// A window relative to a session, and the time to keep before an opening, reach at most so far: whoever writes more means
/// something else.
const REACH_MOST: Length = Length::days(14);

/// The section with its words understood.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    pub(super) zone: TimeZone,
    pub(super) market: Option<Market>,
    pub(super) outside_sessions: bool,
    pub(super) before_open: Length,
    pub(super) prefer: Vec<Weekday>,
    pub(super) avoid: Vec<Weekday>,
    pub(super) expiry: Vec<Weekday>,
    pub(super) allow: Vec<Allowed>,
    pub(super) freezes: Vec<(String, Date, Date)>,
    pub(super) blackouts: Vec<(String, Time, Time)>,
}

/// Whose sessions are meant.
#[derive(Clone, Debug)]
pub(super) struct Market {
    pub(super) calendar: String,
    pub(super) zone: TimeZone,
}

#[derive(Clone, Debug)]
pub(super) struct Allowed {
    pub(super) title: String,
    pub(super) weekdays: Vec<Weekday>,
    pub(super) when: When,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum When {
    Daily { from: Time, to: Time },
    Session(Relative),
}

impl Rules {
    /// True when no window can be had without a calendar.
    pub(super) fn has_relative(&self) -> bool {
        self.allow.iter().any(|window| matches!(window.when, When::Session(_)))
    }
}

/// Everything in the windows section, and in what it relies on, that cannot be meant; nothing when it can be used.
pub fn faults(policy: &Policy, calendars: &Calendars) -> Vec<Fault> {
    read(policy, calendars).err().unwrap_or_default()
}

pub(super) fn read(policy: &Policy, calendars: &Calendars) -> Result<Rules, Vec<Fault>> {
    let windows = &policy.windows;
    let mut reader = Reader { faults: Vec::new() };
    let market = reader.market(policy, calendars);
    let zone = reader.zone(policy, market.as_ref());
    let rules = Rules {
        zone,
        outside_sessions: windows.outside_sessions,
        before_open: windows.before_open,
        prefer: reader.weekdays(&["prefer"], &windows.prefer),
        avoid: reader.weekdays(&["avoid"], &windows.avoid),
        expiry: reader.weekdays(&["expiry_days"], &windows.expiry_days),
        allow: reader.each(&windows.allow, Reader::allowed),
        freezes: reader.each(&windows.freezes, |reader, place, freeze| {
            let (from, to) = (&freeze.from, &freeze.to);
            let first = reader.date(&["freeze", place, "from"], from);
            let last = reader.date(&["freeze", place, "to"], to)?;
            if first.is_some_and(|first| last < first) {
                reader.add(&["freeze", place, "to"], format!("is {to}, before `from`, which is {from}"));
            }
            Some((freeze.why.clone(), first?, last))
        }),
        blackouts: reader.each(&windows.blackouts, |reader, place, blackout| {
            let from = reader.time(&["blackout", place, "from"], &blackout.from);
            let to = reader.time(&["blackout", place, "to"], &blackout.to)?;
            if from == Some(to) {
                let words = "is the same as `from`: nothing could ever be released";
                reader.add(&["blackout", place, "to"], words.into());
            }
            Some((blackout.why.clone(), from?, to))
        }),
        market,
    };
    reader.lengths(policy);
    if reader.faults.is_empty() { Ok(rules) } else { Err(reader.faults) }
}

struct Reader {
    faults: Vec<Fault>,
}

impl Reader {
    /// `path` within the windows section.
    fn add(&mut self, path: &[&str], words: String) {
        let path = std::iter::once(&"windows").chain(path).map(|part| (*part).to_owned()).collect();
        self.faults.push(Fault { path, words });
    }

    fn each<T, R>(&mut self, items: &[T], read: impl Fn(&mut Reader, &str, &T) -> Option<R>) -> Vec<R> {
        let read = |(place, item): (usize, &T)| read(self, &place.to_string(), item);
        items.iter().enumerate().filter_map(read).collect()
    }

    fn weekdays(&mut self, path: &[&str], words: &[String]) -> Vec<Weekday> {
        self.each(words, |reader, place, word| {
            let day = weekday(word);
            if day.is_none() {
                let place = [path, &[place]].concat();
                reader
                    .add(&place, format!("is `{word}`, no weekday: use mon, tue, wed, thu, fri, sat or sun"));
            }
            day
        })
    }

    fn time(&mut self, path: &[&str], word: &str) -> Option<Time> {
        let time = time_of_day(word);
        if time.is_none() {
            self.add(
                path,
                format!("is `{word}`, no time of day: write it as in 09:15, and midnight as 00:00"),
            );
        }
        time
    }

    fn date(&mut self, path: &[&str], word: &str) -> Option<Date> {
        let date = word.parse().ok().filter(|date: &Date| date.to_string() == word);
        if date.is_none() {
            self.add(path, format!("is `{word}`, no date: write it as in 2026-11-24"));
        }
        date
    }

    fn market(&mut self, policy: &Policy, calendars: &Calendars) -> Option<Market> {
        let windows = &policy.windows;
        let name = windows.calendar.as_ref().or(policy.service.sessions.as_ref());
        let Some(calendar) = name else {
            let path = ["calendar"];
            if windows.outside_sessions {
                self.add(&path, "is missing: `outside_sessions` needs to know which sessions".into());
            } else if windows.allow.iter().any(|window| window.relative.is_some()) {
                self.add(&path, "is missing: a `relative` window needs to know which sessions".into());
            } else if windows.hotfix.as_ref().is_some_and(|hotfix| hotfix.in_sessions) {
                self.add(&path, "is missing: `hotfix.in_sessions` needs to know which sessions".into());
            }
            return None;
        };
        match calendars.zone(calendar) {
            Ok(zone) => Some(Market { calendar: calendar.clone(), zone }),
            Err(unknown) => {
                let path: &[&str] = if windows.calendar.is_some() {
                    &["windows", "calendar"]
                } else {
                    &["service", "sessions"]
                };
                self.faults.push(Fault {
                    path: path.iter().map(|part| (*part).to_owned()).collect(),
                    words: format!("is `{calendar}`; {unknown}"),
                });
                None
            }
        }
    }

    fn lengths(&mut self, policy: &Policy) {
        let Windows { before_open, outside_sessions, .. } = policy.windows;
        if before_open > Length::ZERO && !outside_sessions {
            self.add(&["before_open"], "says nothing without `outside_sessions`".into());
        }
        if before_open > REACH_MOST {
            self.add(&["before_open"], format!("is {before_open}, more than {REACH_MOST}"));
        }
        let needs = Needs::of(policy).length;
        if needs > SEARCHED {
            let words =
                format!("would be {needs}: no more than {SEARCHED} are looked ahead, so it would never fit");
            self.add(&["needs"], words);
        }
    }

    fn zone(&mut self, policy: &Policy, market: Option<&Market>) -> TimeZone {
        let windows = &policy.windows;
        let (path, name) = match (&windows.zone, &policy.service.zone) {
            (Some(zone), _) => (["windows", "zone"], zone),
            (None, Some(zone)) => (["service", "zone"], zone),
            (None, None) => {
                let by_the_clock = windows.allow.iter().any(|window| window.from.is_some());
                let days = [&windows.prefer, &windows.avoid, &windows.expiry_days];
                if by_the_clock
                    || days.iter().any(|days| !days.is_empty())
                    || !windows.freezes.is_empty()
                    || !windows.blackouts.is_empty()
                {
                    let words =
                        "is missing, and so is `service.zone`: times and days need one, as in Asia/Kolkata";
                    self.add(&["zone"], words.into());
                }
                // Only to show times: nothing is computed with it.
                return market.map_or(TimeZone::UTC, |market| market.zone.clone());
            }
        };
        TimeZone::get(name).unwrap_or_else(|_| {
            self.faults.push(Fault {
                path: path.map(str::to_owned).to_vec(),
                words: format!("is `{name}`, no time zone: write it as in Asia/Kolkata"),
            });
            TimeZone::UTC
        })
    }

    fn allowed(&mut self, place: &str, window: &Window) -> Option<Allowed> {
        let weekdays: Vec<Weekday> = self.weekdays(&["allow", place, "weekdays"], &window.weekdays);
        let when = match (&window.from, &window.to, window.relative) {
            (Some(from), Some(to), None) => {
                let from = self.time(&["allow", place, "from"], from);
                let to = self.time(&["allow", place, "to"], to);
                When::Daily { from: from?, to: to? }
            }
            (None, None, Some(relative)) => When::Session(self.relative(place, relative)?),
            (_, _, Some(_)) => {
                let words = "stands beside times of day: a window has either `from` and `to` or `relative`";
                self.add(&["allow", place, "relative"], words.into());
                return None;
            }
            (None, None, None) => {
                self.add(&["allow", place], "has no time: give `from` and `to`, or `relative`".into());
                return None;
            }
            (Some(_), None, None) => {
                self.add(&["allow", place, "to"], "is missing beside `from`".into());
                return None;
            }
            (None, Some(_), None) => {
                self.add(&["allow", place, "from"], "is missing beside `to`".into());
                return None;
            }
        };
        Some(Allowed { title: window.title.clone(), weekdays, when })
    }

    fn relative(&mut self, place: &str, relative: Relative) -> Option<Relative> {
        let (lasts, reach) = match relative {
            Relative::AfterClose { after, lasts } => (lasts, after + lasts),
            Relative::BeforeOpen { before, lasts } => (lasts, before + lasts),
            Relative::InSession { .. } => return Some(relative),
        };
        if lasts == Length::ZERO {
            self.add(&["allow", place, "relative"], "lasts no time at all".into());
            return None;
        }
        if reach > REACH_MOST {
            let words = format!("reaches {reach} from the session, more than {REACH_MOST}");
            self.add(&["allow", place, "relative"], words);
            return None;
        }
        Some(relative)
    }
}

impl Allowed {
    /// How far from the day it belongs to it can reach.
    pub(super) fn reach(&self) -> Length {
        match self.when {
            When::Session(Relative::AfterClose { after: gap, lasts })
            | When::Session(Relative::BeforeOpen { before: gap, lasts }) => gap + lasts + Length::days(1),
            When::Session(Relative::InSession { .. }) | When::Daily { .. } => Length::days(2),
        }
    }
}
