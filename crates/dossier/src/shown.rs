//! How moments, dates and names are written in documents.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use release::Policy;

/// The zone of a policy's times; UTC where it names none.
pub(crate) fn zone(policy: &Policy) -> TimeZone {
    policy.service.zone.as_deref().and_then(|name| TimeZone::get(name).ok()).unwrap_or(TimeZone::UTC)
}

/// `2025-11-18 09:00:00 +05:30`
pub(crate) fn moment(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S %:z").to_string()
}

/// `Tue 2025-11-18`
pub(crate) fn date(date: Date) -> String {
    date.strftime("%a %Y-%m-%d").to_string()
}

/// The title of a role, or its id.
pub(crate) fn role<'a>(policy: &'a Policy, id: &'a str) -> &'a str {
    let known = policy.roles.iter().find(|role| role.id == id);
    known.map(|role| role.title.as_str()).filter(|title| !title.is_empty()).unwrap_or(id)
}

/// The name of a person, or their id; of a role where it is one.
pub(crate) fn person<'a>(policy: &'a Policy, id: &'a str) -> &'a str {
    let known = policy.people.iter().find(|person| person.id == id);
    known
        .map(|person| person.name.as_str())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| role(policy, id))
}

/// The text, or a dash where there is none.
pub(crate) fn or_dash(text: &str) -> &str {
    if text.is_empty() { "-" } else { text }
}

/// `p99 of API latency <= 250 ms over 5m`.
pub(crate) fn target(policy: &Policy, target: &release::policy::Target) -> String {
    let metric = policy.metrics.iter().find(|metric| metric.id == target.metric);
    let title = metric.map(|metric| metric.title.as_str()).filter(|title| !title.is_empty());
    let unit = metric.map_or("", |metric| metric.unit.as_str());
    let quantile = target.quantile.map(|quantile| format!("p{} of ", quantile * release::Figure::HUNDRED));
    let value = match &target.times_baseline {
        Some(baseline) => format!("{} times baseline {baseline}", target.value),
        None if unit.is_empty() => target.value.to_string(),
        None => format!("{} {unit}", target.value),
    };
    let over = target.over.map(|over| format!(" over {over}")).unwrap_or_default();
    let events =
        target.at_least_events.map(|events| format!(", of {events} events at least")).unwrap_or_default();
    let title = title.unwrap_or(&target.metric);
    format!("{}{title} {} {value}{over}{events}", quantile.unwrap_or_default(), target.is.as_str())
}
