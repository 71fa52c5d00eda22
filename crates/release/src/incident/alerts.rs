//! How good the alerts are: how often each one fired in a week, and how often there was something to do.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::state::Incidents;
use crate::Figure;

/// One alert in one week.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertWeek {
    /// The week's Monday.
    pub week: Date,
    /// Name of the alert.
    pub alert: String,
    /// How often it fired.
    pub fired: usize,
    /// Of these, so often there was something to do.
    pub actionable: usize,
    /// Of these, so often there was not.
    pub in_vain: usize,
}

impl AlertWeek {
    /// Nobody has said whether there was anything to do.
    pub const fn unjudged(&self) -> usize {
        self.fired - self.actionable - self.in_vain
    }

    /// Percent actionable of those that were judged; `None` where none was.
    pub fn quality(&self) -> Option<Figure> {
        let judged = i64::try_from(self.actionable + self.in_vain).ok()?;
        let actionable = Figure::whole(i64::try_from(self.actionable).ok()?);
        (actionable * Figure::HUNDRED).per(Figure::whole(judged))
    }
}

/// By week, from the oldest, and name. Weeks begin on Monday at midnight in `zone`.
pub fn alert_quality(incidents: &Incidents, zone: &TimeZone) -> Vec<AlertWeek> {
    let mut weeks: BTreeMap<(Date, &str), AlertWeek> = BTreeMap::new();
    for fired in incidents.alerts.values() {
        let date = zone.to_datetime(fired.at).date();
        let since_monday = i64::from(date.weekday().to_monday_zero_offset());
        let week = date.checked_sub(since_monday.days()).unwrap_or(Date::MIN);
        let row = weeks.entry((week, &fired.alert)).or_insert_with(|| AlertWeek {
            week,
            alert: fired.alert.clone(),
            fired: 0,
            actionable: 0,
            in_vain: 0,
        });
        row.fired += 1;
        row.actionable += usize::from(fired.actionable == Some(true));
        row.in_vain += usize::from(fired.actionable == Some(false));
    }
    weeks.into_values().collect()
}
