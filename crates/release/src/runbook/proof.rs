//! Which checks of the policy a run proves, and why not the others.
//!
//! A run can prove a roll-back or a failover that was rehearsed, a backup that was restored and compared, a feature that
//! was switched off and on, and a recorded day that was decided again. It does so only when it ended as done, within its
//! limit and the check's own, where the check wants it, and with no step skipped that is not optional; and only about the
//! artefact that it was run for.

use jiff::{SignedDuration, Timestamp};

use super::event::{RunBegan, RunOutcome};
use super::state::{RunState, Standing};
use super::timing::{Slack, shown, timing};
use crate::Length;
use crate::evidence::Subject;
use crate::policy::{self, Action, Check, Policy, Probe, ProofProbe, Purpose, Runbook};

/// What a run can prove.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProofKind {
    /// `rollback-rehearsed`.
    RollbackRehearsed,
    /// `failover-rehearsed`.
    FailoverRehearsed,
    /// `backup-restored`.
    BackupRestored,
    /// `flag-exercised`.
    FlagExercised,
    /// `replay-gate`.
    ReplayGate,
}

impl ProofKind {
    /// The promise is a time, so somebody has to have said how long.
    const fn is_timed(self) -> bool {
        matches!(self, ProofKind::RollbackRehearsed | ProofKind::FailoverRehearsed)
    }
}

/// One check beside a run that is about the same thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Which check.
    pub check: String,
    /// What it wants.
    pub kind: ProofKind,
    /// What the run says something about: its own artefact, where it was run. Absent where that is not what the check
    /// is about.
    pub subject: Option<Subject>,
    /// How long the run took.
    pub took: SignedDuration,
    /// How long it may take, by the check.
    pub within: Option<Length>,
    /// Why the run does not prove it; empty: it does.
    pub against: Vec<String>,
}

impl Proof {
    /// The run is the evidence for the check.
    pub fn holds(&self) -> bool {
        self.against.is_empty()
    }
}

/// Every check that is about this runbook, or about a backup that it restores. A check that names none is about every
/// runbook that rolls back (for `rollback-rehearsed`), or every backup; of all others the runbook is always named.
pub fn proofs(policy: &Policy, runbook: &Runbook, state: &RunState) -> Vec<Proof> {
    policy.checks.iter().filter_map(|check| proof(check, runbook, state)).collect()
}

fn proof(check: &Check, runbook: &Runbook, state: &RunState) -> Option<Proof> {
    let named = |probe: &ProofProbe| probe.of.as_ref().is_some_and(|of| *of == runbook.id);
    let (kind, probe) = match &check.probe {
        Probe::RollbackRehearsed(probe) => {
            let any = probe.of.is_none() && runbook.purpose == Purpose::RollBack;
            (named(probe) || any).then_some((ProofKind::RollbackRehearsed, probe))?
        }
        Probe::FailoverRehearsed(probe) => named(probe).then_some((ProofKind::FailoverRehearsed, probe))?,
        Probe::BackupRestored(probe) => {
            restores(runbook, probe).next().map(|_| (ProofKind::BackupRestored, probe))?
        }
        Probe::FlagExercised(probe) => named(probe).then_some((ProofKind::FlagExercised, probe))?,
        Probe::ReplayGate(probe) => named(probe).then_some((ProofKind::ReplayGate, probe))?,
        _ => return None,
    };
    // An open run proves nothing, so it does not matter how long it has taken up to now.
    let timing = timing(runbook, state, Timestamp::UNIX_EPOCH);
    let mut against = Vec::new();
    match state.ended.as_ref().map(|ended| ended.outcome) {
        None => against.push("the run is not over".to_owned()),
        Some(RunOutcome::Done) => {}
        Some(outcome) => against.push(format!("the run ended as `{}`", outcome.as_str())),
    }
    if let Slack::Missed(by) = timing.slack {
        against.push(format!("it took {} more than the runbook's limit", shown(by)));
    }
    let seconds = |within: Length| SignedDuration::from_secs(within.signed_seconds());
    if let Some(within) = probe.within.filter(|within| timing.total > seconds(*within)) {
        against.push(format!("it took {}, and the check allows {within}", shown(timing.total)));
    }
    if kind.is_timed() && runbook.limit.is_none() && probe.within.is_none() {
        against.push("neither the runbook has a `limit` nor the check a `within` to be kept".to_owned());
    }
    let subject = match state.began.as_ref().map(|began| subject(check, began)) {
        None => None,
        Some(Ok(subject)) => Some(subject),
        Some(Err(why)) => {
            against.push(why);
            None
        }
    };
    for step in runbook.steps.iter().filter(|step| !step.optional) {
        match state.standing(&step.id) {
            Standing::Done(_) => {}
            Standing::Skipped(_) => against.push(format!("step `{}` was skipped", step.id)),
            _ if state.ended.is_none() => {}
            _ => against.push(format!("step `{}` was not done", step.id)),
        }
    }
    if kind == ProofKind::BackupRestored {
        against.extend(not_compared(runbook, probe, state));
    }
    Some(Proof { check: check.id.clone(), kind, subject, took: timing.total, within: probe.within, against })
}

/// What the run can be evidence about, for this check, or why it cannot.
fn subject(check: &Check, began: &RunBegan) -> Result<Subject, String> {
    let environment = began.environment.clone();
    if let Some(wanted) = check.environment.as_ref().filter(|wanted| **wanted != environment) {
        return Err(format!("it was run in `{environment}`, and the check is about `{wanted}`"));
    }
    match (check.about, &began.artefact) {
        (policy::Subject::Artefact, Some(digest)) => {
            Ok(Subject::Artefact { digest: digest.clone(), environment })
        }
        (policy::Subject::Artefact, None) => {
            Err("it was run for no release, and the check is about the artefact of one".to_owned())
        }
        (policy::Subject::Environment, _) => Ok(Subject::Environment(environment)),
        (policy::Subject::Team, _) => Ok(Subject::Team),
    }
}

/// Where the steps are that restore what the check is about.
fn restores<'a>(runbook: &'a Runbook, probe: &'a ProofProbe) -> impl Iterator<Item = usize> + 'a {
    let of = probe.of.as_ref();
    let about = move |backup: &String| of.is_none_or(|of| of == backup);
    runbook
        .steps
        .iter()
        .enumerate()
        .filter(move |(_, step)| step.restores.as_ref().is_some_and(about))
        .map(|(at, _)| at)
}

/// A backup that was restored and not looked at proves nothing.
fn not_compared(runbook: &Runbook, probe: &ProofProbe, state: &RunState) -> Option<String> {
    let done = |at: usize| {
        runbook.steps.get(at).is_some_and(|step| matches!(state.standing(&step.id), Standing::Done(_)))
    };
    let Some(restored) = restores(runbook, probe).filter(|at| done(*at)).last() else {
        return Some("no step that restores it was done".to_owned());
    };
    let looks = |at: usize| matches!(runbook.steps[at].action, Some(Action::Check { .. }));
    let compared = (restored + 1..runbook.steps.len()).any(|at| looks(at) && done(at));
    (!compared).then(|| "no check looked at the data after they were restored".to_owned())
}
