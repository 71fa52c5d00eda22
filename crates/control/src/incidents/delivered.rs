//! What an answered test page proves: that an alert reaches a person in time.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use release::event::Event;
use release::evidence::{Answer, Observation, Question, Subject};
use release::incident::Incident;
use release::incident::event::Acknowledged;
use release::ledger::{Entry, Ledger};
use release::policy::{self, Check, Policy, Probe};

use crate::refused::Refused;

/// Evidence for every check that asks whether this alert, or any, is delivered. None where nothing was delivered, where somebody has
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
    let Some(test) = incident.test.as_ref().filter(|test| is_first && test.called.contains(&answered.by))
    else {
        return Vec::new();
    };
    let took = answered.at.duration_since(incident.opened.at);
    let checks = policy.checks.iter().filter_map(|check| match &check.probe {
        Probe::AlertDelivered(proof) if proof.of.is_none() || proof.of == test.alert => Some((check, proof)),
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

/// Whoever answers a test proves that they read it: with the code in its text, as one of those whom it names.
pub(super) fn proven(incident: &Incident, by: &str, code: Option<&str>) -> Result<(), Refused> {
    let Some(test) = &incident.test else { return Ok(()) };
    if test.codes.is_empty() {
        return Err(Refused::conflict("test", "no page of this test was sent yet"));
    }
    let code = code.map(str::trim).filter(|code| !code.is_empty());
    let code = code.ok_or_else(|| Refused::field("code", "the code in the text of the page is missing"))?;
    if !test.takes(incident.id(), code) {
        return Err(Refused::field("code", "no page of this test has this code"));
    }
    if test.called.is_empty() || test.called.contains(by) {
        return Ok(());
    }
    let called: Vec<&str> = test.called.iter().map(String::as_str).collect();
    Err(Refused::field("by", format!("the page called {}, not `{by}`", called.join(", "))))
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
