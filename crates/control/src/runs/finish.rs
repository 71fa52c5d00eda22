//! The end of a run: how long everything took, and what that proves.

use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};
use release::Figure;
use release::event::Event;
use release::evidence::{Answer, Observation, Question};
use release::ledger::event::DocumentKept;
use release::ledger::{Entry, Ledger};
use release::policy::Check;
use release::runbook::{Proof, RunEnded, RunOutcome, RunState, Timing, left_behind, proofs, timing};

use super::job::Job;
use super::perform::this_process;

/// The end of a run that nobody abandons.
pub(super) fn by_itself(job: &Job, outcome: RunOutcome, at: Timestamp) -> RunEnded {
    RunEnded { run: job.began.run.clone(), outcome, why: None, at, by: this_process() }
}

/// The end itself, the report of times, and evidence for each check that the run proves; a rehearsal that did not work out, or that was
/// abandoned, is evidence against the checks that it was to prove.
pub(super) fn rows(job: &Job, ledger: &Ledger, state: &RunState, ended: RunEnded) -> Vec<Entry> {
    let at = ended.at;
    let mut after = state.clone();
    after.extend([&ended.clone().into()]);
    let times = timing(&job.runbook, &after, at);
    let report = DocumentKept {
        what: "output".to_owned(),
        name: format!("{}/timing", job.began.run),
        folder: None,
        text: report(job, &after, &times),
    };
    let checks = &job.loaded.policy.checks;
    let proven = proofs(&job.loaded.policy, &job.runbook, &after);
    let seen: Vec<Observation> = proven
        .iter()
        .filter(|proof| proof.holds() || job.began.rehearsal)
        .filter_map(|proof| {
            let check = checks.iter().find(|check| check.id == proof.check)?;
            observation(job, check, proof, &times, &report, at)
        })
        .collect();
    let mut rows = vec![job.row(ended)];
    if !ledger.documents.contains_key(&report.digest()) {
        rows.push(Entry::Record(job.service().to_owned(), report.into()));
    }
    let evidence = seen.into_iter().map(Observation::seal).map(Event::EvidenceRecorded);
    rows.extend(evidence.map(|event| Entry::Release(job.service().to_owned(), event)));
    rows
}

/// Nothing where the run was about something else than the check.
fn observation(
    job: &Job,
    check: &Check,
    proof: &Proof,
    times: &Timing,
    report: &DocumentKept,
    at: Timestamp,
) -> Option<Observation> {
    let expires = SignedDuration::from_secs(check.expires.signed_seconds());
    let mut figures = vec![("ms", whole(proof.took)), ("outage_ms", whole(times.outage))];
    if let Some(within) = proof.within.or(job.runbook.limit) {
        figures.push(("within_ms", whole(SignedDuration::from_secs(within.signed_seconds()))));
    }
    let rehearsal = if job.began.rehearsal { ", a rehearsal" } else { "" };
    Some(Observation {
        question: Question::Check(check.id.clone()),
        subject: proof.subject.clone()?,
        taken: at,
        expires: at.checked_add(expires).unwrap_or(Timestamp::MAX),
        answer: if proof.holds() { Answer::Pass } else { Answer::Fail { why: proof.against.join("; ") } },
        figures: figures.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        by: None,
        inputs: format!("{} of runbook {}{rehearsal}", job.began.run, job.runbook.id),
        output: Some(report.digest()),
        control_failed: None,
        settle: check.settle,
        demand: check.demand,
        via: None,
    })
}

fn whole(length: SignedDuration) -> Figure {
    Figure::whole(i64::try_from(length.as_millis()).unwrap_or(i64::MAX))
}

/// For people, in Markdown.
pub(super) fn report(job: &Job, state: &RunState, times: &Timing) -> String {
    let began = &job.began;
    let title = if job.runbook.title.is_empty() { &job.runbook.id } else { &job.runbook.title };
    let mut text =
        format!("# {title}\n\n{} of runbook {} in {}", began.run, job.runbook.id, began.environment);
    // Writing to a text cannot fail.
    let _ = write!(text, ", begun at {} by {}", began.at, began.by);
    if began.rehearsal {
        text.push_str(", a rehearsal");
    }
    if let Some(artefact) = &began.artefact {
        let _ = write!(text, ", of {artefact}");
    }
    if let Some(ended) = &state.ended {
        let _ = write!(text, "; {} at {}", ended.outcome.as_str(), ended.at);
        if let Some(why) = &ended.why {
            let _ = write!(text, " by {}: {why}", ended.by);
        }
    }
    let _ = write!(text, ".\n\n{}", times.text());
    let left = left_behind(&job.runbook, state);
    if state.ended.as_ref().is_some_and(|ended| ended.outcome == RunOutcome::Failed) && !left.is_empty() {
        let _ = write!(text, "\nNot undone: {}.\n", left.join(", "));
    }
    text
}
