//! Incidents as programs read them.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use release::Policy;
use release::incident::{self, Incident, OpenedBy};
use release::ledger::Ledger;
use serde_json::{Value, json};

use super::{find, service};
use crate::refused::Refused;

/// In a list.
pub(super) fn short(service: &str, policy: Option<&Policy>, incident: &Incident) -> Value {
    let opening = incident.opening();
    json!({
        "incident": incident.id(), "service": service, "severity": incident.severity,
        "title": incident.opened.title, "public": incident.opened.public,
        "status": incident.status().as_str(),
        "is_calling": policy.map(|policy| incident::is_calling(policy, incident)),
        "is_test": incident.test.is_some(),
        "opened": incident.opened.at, "opened_by": by(&incident.opened.by),
        "acknowledged": opening.and_then(|opening| opening.acknowledged),
        "mitigated": opening.and_then(|opening| opening.mitigated),
        "resolved": opening.and_then(|opening| opening.resolved),
        "openings": incident.openings.len(),
    })
}

/// All of it.
pub(super) fn whole(ledger: &Ledger, id: &str, now: Timestamp) -> Result<Value, Refused> {
    let found = find(ledger, id)?;
    let policy = service(ledger, Some(found.service)).ok().map(|(_, policy)| policy);
    let mut view = short(found.service, policy.as_deref(), found.incident);
    let known = ledger.services.get(found.service);
    let rows = known.map_or(&[][..], |known| &known.incident_rows);
    view["timeline"] = json!(incident::timeline(rows, id, &zone(policy.as_deref())));
    view["retro"] = json!(found.incident.retro);
    view["clocks"] = policy.as_deref().map_or(Value::Null, |policy| clocks(policy, found.incident, now));
    view["wakes_at"] =
        json!(policy.as_deref().and_then(|policy| incident::wakes_at(policy, found.incident, now)));
    let pages = found.incident.pages.iter().map(|(key, page)| {
        json!({
            "key": key, "tried": page.tried, "sent": page.sent, "failed": page.failed,
            "acknowledged": page.acknowledged,
        })
    });
    view["pages"] = pages.collect();
    let alerts = known.into_iter().flat_map(|known| &known.incidents.alerts);
    let alerts = alerts.filter(|(_, alert)| alert.incident.as_deref() == Some(id));
    let alerts = alerts.map(|(firing, alert)| {
        json!({ "firing": firing, "alert": alert.alert, "at": alert.at, "actionable": alert.actionable })
    });
    view["alerts"] = alerts.collect();
    Ok(view)
}

fn clocks(policy: &Policy, incident: &Incident, now: Timestamp) -> Value {
    let clocks = incident::clocks(policy, incident).into_iter().map(|clock| {
        json!({
            "clock": clock.clock.as_str(), "from": clock.from, "within": clock.within.to_string(),
            "until": clock.until, "stopped": clock.stopped, "breached": clock.breached(now),
        })
    });
    clocks.collect()
}

fn by(by: &OpenedBy) -> Value {
    match by {
        OpenedBy::Person(person) => json!({ "person": person }),
        OpenedBy::Trigger(trigger) => json!({ "trigger": trigger }),
    }
}

/// Where the service is.
pub(super) fn zone(policy: Option<&Policy>) -> TimeZone {
    let zone = policy.and_then(|policy| policy.service.zone.as_deref());
    zone.and_then(|zone| TimeZone::get(zone).ok()).unwrap_or(TimeZone::UTC)
}
