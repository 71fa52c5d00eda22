//! Who is on call now, by name.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use release::Policy;
use release::ledger::Ledger;
use release::rota::Roster;

/// The day that the rota of a service counts from: of its newest release, else as the policy says.
pub(super) fn day0(ledger: &Ledger, service: &str, policy: &Policy) -> Option<Date> {
    let newest = ledger.services.get(service).and_then(|known| known.opened.last());
    let of_release = newest.and_then(|id| ledger.state(service, id).release?.day0);
    of_release.or_else(|| policy.plan.day0.as_deref()?.parse().ok())
}

/// Whoever is on call in a role; where nobody of it is, everybody who holds it. `None`: whoever is on call.
pub(super) fn called(policy: &Policy, day0: Option<Date>, role: Option<&str>, now: Timestamp) -> Vec<String> {
    let zone = policy.service.zone.as_deref().map_or(Ok(TimeZone::UTC), TimeZone::get);
    let roster = policy.rota.as_ref().zip(day0).zip(zone.ok());
    let roster = roster.and_then(|((rota, day0), zone)| Roster::new(rota, day0, &zone).ok());
    let on_call: Vec<String> =
        roster.iter().flat_map(|roster| roster.on_call(now)).map(str::to_owned).collect();
    let Some(role) = role else { return on_call };
    let holds = |person: &String| {
        policy.people.iter().any(|one| one.id == *person && one.roles.iter().any(|held| held == role))
    };
    let in_role: Vec<String> = on_call.into_iter().filter(holds).collect();
    if !in_role.is_empty() {
        return in_role;
    }
    policy.people.iter().map(|person| person.id.clone()).filter(holds).collect()
}
