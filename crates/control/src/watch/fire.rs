//! What is wrong now, and the incidents that follow from it.

use std::convert::Infallible;
use std::sync::Arc;

use jiff::Timestamp;
use release::Policy;
use release::incident::Incidents;
use release::ledger::{Entry, Ledger};
use release::policy::Check;
use release::slo::Objective;
use release::watch::Condition;
use release::watch::firing::{Cause, Firing, ids, rows};

use super::{blocking, policies};
use crate::Control;
use crate::book::BookError;

/// Something that is wrong.
struct Wrong {
    service: String,
    what: What,
    environment: String,
    since: Timestamp,
}

enum What {
    Check(String),
    Alert { objective: Arc<Objective>, alert: String, pages: bool },
}

/// Writes what follows from all that is wrong now. Again and again does no harm.
pub(super) async fn look(control: &Arc<Control>) {
    let wrong = wrong(control);
    if !wrong.is_empty() {
        blocking(control, move |control| write(control, &wrong)).await;
    }
}

fn wrong(control: &Control) -> Vec<Wrong> {
    let mut all = control.watch.each(|(service, place), recorder| {
        let since = recorder.since().filter(|_| recorder.condition() == Condition::Down)?;
        let (service, environment) = (service.clone(), place.environment.clone());
        Some(Wrong { service, what: What::Check(place.check.clone()), environment, since })
    });
    for ((service, environment), judged) in control.watch.judged() {
        for one in judged {
            let (service, environment) = (&service, &environment);
            all.extend(one.firing().map(|(alert, since, pages)| Wrong {
                service: service.clone(),
                what: What::Alert { objective: Arc::clone(&one.objective), alert: alert.to_owned(), pages },
                environment: environment.clone(),
                since,
            }));
        }
    }
    all
}

fn write(control: &Control, wrong: &[Wrong]) -> Result<(), BookError> {
    let written =
        control.book.write(|ledger, now| Ok::<_, Infallible>((follows(control, ledger, wrong, now), ())));
    written.map_err(BookError::from)
}

fn follows(control: &Control, ledger: &Ledger, wrong: &[Wrong], now: Timestamp) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut next_id = ids(ledger, "INC");
    for current in policies::of(control, ledger) {
        let of_service = |one: &&Wrong| one.service == current.service;
        let mut incidents: Incidents = ledger
            .services
            .get(&current.service)
            .map(|service| service.incidents.clone())
            .unwrap_or_default();
        for one in wrong.iter().filter(of_service) {
            let Some(cause) = cause(&current.policy, &one.what) else { continue };
            let firing = Firing { cause, environment: &one.environment, since: one.since, told: None };
            let new = rows(&current.policy, &incidents, &firing, now, &mut next_id);
            incidents.extend(&new);
            entries.extend(new.into_iter().map(|row| Entry::Incident(current.service.clone(), row)));
        }
    }
    entries
}

fn cause<'a>(policy: &'a Policy, what: &'a What) -> Option<Cause<'a>> {
    match what {
        What::Check(id) => check(policy, id).map(Cause::Check),
        What::Alert { objective, alert, pages } => {
            Some(Cause::Alert { slo: &objective.slo, alert, pages: *pages })
        }
    }
}

fn check<'a>(policy: &'a Policy, id: &str) -> Option<&'a Check> {
    policy.checks.iter().find(|check| check.id == id)
}
