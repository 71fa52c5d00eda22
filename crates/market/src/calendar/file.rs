//! The calendar file: TOML, strict, every entry with its source.

use std::collections::BTreeMap;

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use serde::Deserialize;
use toml::Spanned;

use super::{Calendar, Day, Exception, Group, Hours, INDIA};

/// Why a calendar file is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("calendar line {line}: {}{problem}", field.map(|f| format!("`{f}` ")).unwrap_or_default())]
pub struct CalendarError {
    /// Line number, from 1.
    pub line: usize,
    /// The key at fault, when one can be named; otherwise the problem names it.
    pub field: Option<&'static str>,
    /// What is wrong.
    pub problem: String,
}

/// The only layout so far.
const FORMAT: i64 = 1;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: Spanned<i64>,
    name: String,
    #[serde(default)]
    zone: Option<Text>,
    coverage: Vec<Coverage>,
    sources: BTreeMap<String, String>,
    hours: Vec<HoursEntry>,
    #[serde(default)]
    special: Vec<Special>,
    #[serde(default)]
    holiday: Vec<Entry>,
    #[serde(default)]
    uncertain: Vec<Entry>,
}

type Text = Spanned<String>;
type Groups = Spanned<Vec<Text>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Coverage {
    groups: Groups,
    from: Text,
    to: Text,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HoursEntry {
    groups: Groups,
    from: Text,
    #[serde(default)]
    pre_open: Option<Text>,
    open: Text,
    close: Text,
    source: Text,
    entered: Text,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Special {
    date: Text,
    groups: Groups,
    name: Text,
    #[serde(default)]
    pre_open: Option<Text>,
    open: Text,
    close: Text,
    source: Text,
    entered: Text,
}

/// A holiday or an uncertain day.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    date: Text,
    groups: Groups,
    name: Text,
    source: Text,
    entered: Text,
}

pub(super) fn parse(text: &str, anywhere: bool) -> Result<Calendar, CalendarError> {
    let reader = Reader { text };
    let file: File = toml::from_str(text).map_err(|error| CalendarError {
        line: reader.line(error.span().map_or(0, |span| span.start)),
        field: None,
        problem: error.message().trim().to_owned(),
    })?;
    if *file.format.get_ref() != FORMAT {
        let problem = format!("is {}, this build reads {FORMAT}", file.format.get_ref());
        return Err(reader.error(&file.format, "format", problem));
    }
    let zone = file.zone.as_ref().map(|zone| reader.zone(zone, anywhere)).transpose()?.flatten();
    let mut builder = Builder { reader, sources: &file.sources, calendar: Calendar::empty(file.name, zone) };
    for coverage in &file.coverage {
        builder.coverage(coverage)?;
    }
    for hours in &file.hours {
        builder.hours(hours)?;
    }
    for special in &file.special {
        let hours = builder.reader.hours(&special.pre_open, &special.open, &special.close)?;
        let (date, groups) = (&special.date, &special.groups);
        builder.exception(
            date,
            groups,
            &special.name,
            &special.source,
            &special.entered,
            Day::Special(hours),
        )?;
    }
    for (entries, day) in [(&file.holiday, Day::Holiday), (&file.uncertain, Day::Uncertain)] {
        for entry in entries {
            builder.exception(&entry.date, &entry.groups, &entry.name, &entry.source, &entry.entered, day)?;
        }
    }
    Ok(builder.calendar)
}

impl Calendar {
    fn empty(name: String, zone: Option<TimeZone>) -> Calendar {
        Calendar {
            name,
            zone,
            coverage: BTreeMap::new(),
            hours: BTreeMap::new(),
            exceptions: BTreeMap::new(),
        }
    }
}

/// Reads single values and knows on which line they stand.
struct Reader<'t> {
    text: &'t str,
}

impl Reader<'_> {
    fn line(&self, offset: usize) -> usize {
        self.text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
    }

    fn error<T>(&self, at: &Spanned<T>, field: &'static str, problem: impl Into<String>) -> CalendarError {
        CalendarError { line: self.line(at.span().start), field: Some(field), problem: problem.into() }
    }

    fn date(&self, text: &Text, field: &'static str) -> Result<Date, CalendarError> {
        let written = text.get_ref();
        // The parser of the time library takes more spellings than one; a file with one is easier to search.
        let date: Option<Date> = written.parse().ok().filter(|date: &Date| date.to_string() == *written);
        date.ok_or_else(|| self.error(text, field, "is not a date like 2026-11-24"))
    }

    fn time(&self, text: &Text, field: &'static str) -> Result<Time, CalendarError> {
        let written = text.get_ref();
        let time = written.split_once(':').filter(|(h, m)| h.len() == 2 && m.len() == 2);
        time.and_then(|(h, m)| Time::new(h.parse().ok()?, m.parse().ok()?, 0, 0).ok())
            .ok_or_else(|| self.error(text, field, "is not a time like 09:15"))
    }

    fn hours(&self, pre_open: &Option<Text>, open: &Text, close: &Text) -> Result<Hours, CalendarError> {
        let before = pre_open.as_ref().map(|text| self.time(text, "pre_open")).transpose()?;
        let hours =
            Hours { pre_open: before, open: self.time(open, "open")?, close: self.time(close, "close")? };
        if let (Some(text), Some(before)) = (pre_open, before)
            && before >= hours.open
        {
            return Err(self.error(text, "pre_open", "is not before `open`"));
        }
        if hours.open < hours.close {
            Ok(hours)
        } else {
            Err(self.error(close, "close", "is not after `open`"))
        }
    }

    /// `None` stands for India.
    fn zone(&self, text: &Text, anywhere: bool) -> Result<Option<TimeZone>, CalendarError> {
        let name = text.get_ref().as_str();
        if name == INDIA {
            return Ok(None);
        }
        if !anywhere {
            let problem = format!("is {name}; only calendars of {INDIA} can be used here");
            return Err(self.error(text, "zone", problem));
        }
        let unknown = |_| {
            self.error(
                text,
                "zone",
                format!("is `{name}`, which no database has; write it as in America/New_York"),
            )
        };
        TimeZone::get(name).map(Some).map_err(unknown)
    }

    fn groups(&self, groups: &Groups) -> Result<Vec<Group>, CalendarError> {
        let list = groups.get_ref();
        if list.is_empty() {
            return Err(self.error(groups, "groups", "is empty"));
        }
        let parse = |text: &Text| {
            text.get_ref().parse().map_err(|error: super::UnknownGroup| {
                self.error(text, "groups", format!("has `{}`, which {error}", text.get_ref()))
            })
        };
        list.iter().map(parse).collect()
    }
}

struct Builder<'t> {
    reader: Reader<'t>,
    sources: &'t BTreeMap<String, String>,
    calendar: Calendar,
}

impl Builder<'_> {
    fn coverage(&mut self, coverage: &Coverage) -> Result<(), CalendarError> {
        let from = self.reader.date(&coverage.from, "from")?;
        let to = self.reader.date(&coverage.to, "to")?;
        if to < from {
            return Err(self.reader.error(&coverage.to, "to", "is before `from`"));
        }
        for group in self.reader.groups(&coverage.groups)? {
            if self.calendar.coverage.insert(group, (from, to)).is_some() {
                let problem = format!("has {group}, which is covered twice");
                return Err(self.reader.error(&coverage.groups, "groups", problem));
            }
        }
        Ok(())
    }

    /// The text of a source, and a check of the date of entry.
    fn source(&self, source: &Text, entered: &Text) -> Result<String, CalendarError> {
        self.reader.date(entered, "entered")?;
        let unknown = || self.reader.error(source, "source", "is not listed under `sources`");
        self.sources.get(source.get_ref()).cloned().ok_or_else(unknown)
    }

    fn hours(&mut self, entry: &HoursEntry) -> Result<(), CalendarError> {
        self.source(&entry.source, &entry.entered)?;
        let from = self.reader.date(&entry.from, "from")?;
        let hours = self.reader.hours(&entry.pre_open, &entry.open, &entry.close)?;
        for group in self.reader.groups(&entry.groups)? {
            self.covered(group, from, &entry.from, "from")?;
            if self.calendar.hours.insert((group, from), hours).is_some() {
                let problem = format!("{from} begins two sets of hours of {group}");
                return Err(self.reader.error(&entry.from, "from", problem));
            }
        }
        Ok(())
    }

    fn covered(&self, group: Group, date: Date, at: &Text, field: &'static str) -> Result<(), CalendarError> {
        match self.calendar.coverage(group) {
            Some((from, to)) if (from..=to).contains(&date) => Ok(()),
            _ => Err(self.reader.error(at, field, format!("{date} is outside the coverage of {group}"))),
        }
    }

    fn exception(
        &mut self,
        at: &Text,
        groups: &Groups,
        name: &Text,
        source: &Text,
        entered: &Text,
        day: Day,
    ) -> Result<(), CalendarError> {
        let source = self.source(source, entered)?;
        let date = self.reader.date(at, "date")?;
        if name.get_ref().trim().is_empty() {
            return Err(self.reader.error(name, "name", "is empty"));
        }
        let weekend = matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
        if weekend && day == Day::Holiday {
            // Listed by mistake, most likely in the wrong year: a weekend is closed anyway.
            return Err(self.reader.error(at, "date", "is a weekend, which needs no holiday"));
        }
        for group in self.reader.groups(groups)? {
            self.covered(group, date, at, "date")?;
            let exception = Exception { name: name.get_ref().clone(), source: source.clone(), day };
            if self.calendar.exceptions.insert((group, date), exception).is_some() {
                return Err(self.reader.error(at, "date", format!("{date} is listed twice for {group}")));
            }
        }
        Ok(())
    }
}
