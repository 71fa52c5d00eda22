//! What came of a check, as evidence.

use jiff::Timestamp;
use market::UnixNanos;
use release::evidence::{Answer, Observation, Question, Subject};
use release::later;
use release::ledger::event::DocumentKept;

use crate::probe::{Outcome, Verdict};

/// Evidence that this check gave about `subject`; `None` when it was not asked. Its output is the digest of
/// [`output`].
pub fn observation(outcome: &Outcome, subject: Subject) -> Option<Observation> {
    let answer = match &outcome.result {
        Verdict::Pass => Answer::Pass,
        Verdict::Fail { why } => Answer::Fail { why: why.clone() },
        Verdict::Error { why } => Answer::Error { why: why.clone() },
        Verdict::NotRun { .. } => return None,
    };
    let taken = moment(outcome.started);
    let control = outcome.control.as_ref().map(|control| &control.result);
    Some(Observation {
        question: Question::Check(outcome.check.id.clone()),
        subject,
        taken,
        expires: later(taken, outcome.check.expires),
        answer,
        figures: outcome.figures.clone(),
        by: None,
        inputs: outcome.inputs.clone(),
        output: output(outcome).map(|document| document.digest()),
        control_failed: match control {
            Some(Verdict::Pass) => Some(false),
            Some(Verdict::Fail { .. }) => Some(true),
            // Nobody knows, so it counts as not shown.
            Some(Verdict::Error { .. } | Verdict::NotRun { .. }) | None => None,
        },
        settle: outcome.check.settle,
        demand: outcome.check.demand,
        via: None,
    })
}

/// What came back, to be kept; `None` when nothing did.
pub fn output(outcome: &Outcome) -> Option<DocumentKept> {
    let name = outcome.check.id.clone();
    let text = outcome.output.clone();
    (!text.is_empty()).then(|| DocumentKept { what: "output".to_owned(), name, folder: None, text })
}

/// As rows are dated.
pub fn moment(at: UnixNanos) -> Timestamp {
    // Years that no clock shows.
    Timestamp::from_nanosecond(i128::from(at.0)).unwrap_or_default()
}
