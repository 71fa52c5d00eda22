//! Answers about an environment are evidence for the release that is to go there, too: kept when what stands changes, and again when
//! half of its time has passed.
//!
//! Answers about an artefact are not: what runs in the environment may still be another one.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use release::event::Event;
use release::evidence::Subject;
use release::ledger::{Entry, Ledger};
use release::policy;
use release::watch::{Condition, Watched};

use super::live::Key;
use super::{blocking, policies};
use crate::Control;
use crate::book::BookError;
use crate::evidence::{observation, output};
use crate::probe::Outcome;

/// What was kept last, by this process.
#[derive(Default)]
pub(super) struct Kept {
    release: String,
    condition: Condition,
    until: Option<Timestamp>,
}

/// Keeps an answer, if it is due.
pub(super) async fn keep(
    control: &Arc<Control>,
    key: &Key,
    watched: &Watched,
    outcome: Outcome,
    kept: &mut Kept,
) {
    if watched.check.about != policy::Subject::Environment {
        return;
    }
    let Some((stands, newest)) =
        control.watch.with(key, |recorder| (recorder.condition(), recorder.newest()))
    else {
        return;
    };
    // Evidence for what stands, not for an odd answer, and none before something stands.
    if stands != newest || control.watch.with(key, |recorder| recorder.since()).flatten().is_none() {
        return;
    }
    let now = control.book.now();
    let due = |kept: &Kept| kept.condition != stands || kept.until.is_none_or(|until| now >= until);
    let (service, environment) = (key.0.clone(), key.1.environment.clone());
    let found = blocking(control, move |control| {
        control.book.read(|ledger| newest_release(ledger, &service, &environment))
    });
    let Some(Some(release)) = found.await else { return };
    if release == kept.release && !due(kept) {
        return;
    }
    let half = SignedDuration::from_secs(watched.check.expires.signed_seconds() / 2);
    let service = key.0.clone();
    let environment = key.1.environment.clone();
    if blocking(control, move |control| write(control, &service, &environment, &outcome)).await.is_some() {
        *kept = Kept { release, condition: stands, until: now.checked_add(half).ok() };
    }
}

/// The release that was opened last, if it is to go there.
fn newest_release(ledger: &Ledger, service: &str, environment: &str) -> Option<String> {
    let service = ledger.services.get(service)?;
    service
        .releases
        .iter()
        .rev()
        .find_map(|event| match event {
            Event::ReleaseOpened(body) => Some(body),
            _ => None,
        })
        .filter(|body| body.environment == environment)
        .map(|body| body.release.clone())
}

fn write(control: &Control, service: &str, environment: &str, outcome: &Outcome) -> Result<(), BookError> {
    let subject = Subject::Environment(environment.to_owned());
    let Some(mut observed) = observation(outcome, subject) else { return Ok(()) };
    // It stands already: so many answers were equal in a row.
    observed.settle = 1;
    if let Some(document) = output(outcome) {
        control.book.keep(service, document)?;
    }
    policies::write(
        control,
        vec![Entry::Release(service.to_owned(), Event::EvidenceRecorded(observed.seal()))],
    )
}
