//! Answers about an environment are evidence for the release that is to go there, too: kept when what stands changes, and again when
//! half of its time has passed; but not more often than every five minutes for one release, and with what was put out at most once
//! in half of its time, however often it turns.
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
    written: Option<Timestamp>,
    /// Until then no further output is kept.
    output_until: Option<Timestamp>,
}

/// Between two rows about one check.
const LEAST_BETWEEN: SignedDuration = SignedDuration::from_mins(5);

impl Kept {
    /// Whether a row is due that says how it stands.
    fn is_due(&self, release: &str, stands: Condition, now: Timestamp) -> bool {
        if release != self.release {
            return true;
        }
        let is_soon = self.written.is_some_and(|written| {
            let gone = now.duration_since(written);
            gone >= SignedDuration::ZERO && gone < LEAST_BETWEEN
        });
        !is_soon && (self.condition != stands || self.until.is_none_or(|until| now >= until))
    }
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
    let (service, environment) = (key.0.clone(), key.1.environment.clone());
    let found = blocking(control, move |control| {
        control.book.read(|ledger| newest_release(ledger, &service, &environment))
    });
    let Some(Some(release)) = found.await else { return };
    if !kept.is_due(&release, stands, now) {
        return;
    }
    let half = SignedDuration::from_secs(watched.check.expires.signed_seconds() / 2);
    let service = key.0.clone();
    let environment = key.1.environment.clone();
    let until = now.checked_add(half).ok();
    let with_output = kept.output_until.is_none_or(|until| now >= until);
    let written =
        blocking(control, move |control| write(control, &service, &environment, &outcome, with_output)).await;
    if written.is_some() {
        let output_until = if with_output { until } else { kept.output_until };
        *kept = Kept { release, condition: stands, until, written: Some(now), output_until };
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

fn write(
    control: &Control,
    service: &str,
    environment: &str,
    outcome: &Outcome,
    with_output: bool,
) -> Result<(), BookError> {
    let subject = Subject::Environment(environment.to_owned());
    let Some(mut observed) = observation(outcome, subject) else { return Ok(()) };
    // It stands already: so many answers were equal in a row.
    observed.settle = 1;
    match output(outcome).filter(|_| with_output) {
        Some(document) => drop(control.book.keep(service, document)?),
        None => observed.output = None,
    }
    policies::write(
        control,
        vec![Entry::Release(service.to_owned(), Event::EvidenceRecorded(observed.seal()))],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_that_turns_every_minute_is_written_every_five() {
        let at = |minute: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minute);
        let mut kept = Kept::default();
        let mut written = Vec::new();
        for minute in 0..12 {
            let stands = if minute % 2 == 0 { Condition::Up } else { Condition::Down };
            if kept.is_due("r", stands, at(minute)) {
                let until = Some(at(minute + 60));
                let release = "r".to_owned();
                kept = Kept {
                    release,
                    condition: stands,
                    until,
                    written: Some(at(minute)),
                    output_until: until,
                };
                written.push(minute);
            }
        }
        assert_eq!(written, [0, 5, 10]);
        assert!(!kept.is_due("r", Condition::Up, at(69)) && kept.is_due("r", Condition::Up, at(70)));
        assert!(kept.is_due("another", Condition::Up, at(11)));
    }
}
