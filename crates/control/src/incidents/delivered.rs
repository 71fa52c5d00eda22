//! What an answered test page proves: that an alert reaches a person in time.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use release::event::Event;
use release::evidence::{Answer, Observation, Question, Subject};
use release::incident::Incident;
use release::incident::event::Acknowledged;
use release::ledger::{Entry, Ledger};
use release::policy::{self, Check, Policy, Probe};

/// Evidence for every check that asks whether alerts are delivered. None where nothing was delivered, where somebody has
/// answered before, and where whoever answers was not called: it proves nothing then.
pub(super) fn evidence(
    ledger: &Ledger,
    service: &str,
    policy: &Policy,
    incident: &Incident,
    answered: &Acknowledged,
) -> Vec<Entry> {
    let Some(sent) = incident.pages.values().filter_map(|page| page.sent).min() else { return Vec::new() };
    let is_first = incident.opening().is_some_and(|opening| opening.acknowledged.is_none());
    if incident.test.is_none() || !is_first || !was_called(policy, incident, &answered.by) {
        return Vec::new();
    }
    let took = answered.at.duration_since(incident.opened.at);
    let checks = policy.checks.iter().filter_map(|check| match &check.probe {
        Probe::AlertDelivered(proof) => Some((check, proof)),
        _ => None,
    });
    checks
        .filter_map(|(check, proof)| {
            let late = proof.within.filter(|within| took.as_secs() > within.signed_seconds());
            let answer = match late {
                None => Answer::Pass,
                Some(within) => Answer::Fail {
                    why: format!("it was answered after {} s, later than {within}", took.as_secs()),
                },
            };
            let expires = SignedDuration::from_secs(check.expires.signed_seconds());
            let observed = Observation {
                question: Question::Check(check.id.clone()),
                subject: subject(ledger, service, check)?,
                taken: answered.at,
                expires: answered.at.checked_add(expires).unwrap_or(answered.at),
                answer,
                figures: BTreeMap::new(),
                by: None,
                inputs: format!("{}: sent at {sent}, answered by {}", incident.id(), answered.by),
                output: None,
                control_failed: None,
                settle: check.settle,
                demand: check.demand,
                via: None,
            };
            Some(Entry::Release(service.to_owned(), Event::EvidenceRecorded(observed.seal())))
        })
        .collect()
}

/// In the role that was called, as the policy says.
fn was_called(policy: &Policy, incident: &Incident, by: &str) -> bool {
    let person = policy.people.iter().find(|person| person.id == by);
    match (person, release::incident::role(policy, incident, 1)) {
        (Some(person), Some(role)) => person.roles.contains(&role),
        (Some(_), None) => true,
        (None, _) => false,
    }
}

/// What the check is about: the newest release, where it is about one.
fn subject(ledger: &Ledger, service: &str, check: &Check) -> Option<Subject> {
    if check.about == policy::Subject::Team {
        return Some(Subject::Team);
    }
    let newest = ledger.services.get(service)?.opened.last()?;
    let release = ledger.state(service, newest).release?;
    let environment = check.environment.clone().unwrap_or(release.environment);
    Some(match check.about {
        policy::Subject::Artefact => Subject::Artefact { digest: release.artefact, environment },
        policy::Subject::Environment => Subject::Environment(environment),
        policy::Subject::Team => Subject::Team,
    })
}
