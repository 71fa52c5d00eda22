//! Many checks at once: so many at a time, each within its time, again after a failure, all stopped when that is
//! wanted.

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use release::evidence::Answer;
use release::policy::{self, Check, Probe, ProofProbe};
use release::rota::covered;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::case::{Asked, Case, Miss, Notes, Subject};
use super::context::Context;
use super::outcome::{KEPT_BYTES_MAX, Outcome, Verdict};
use super::output::Output;
use super::{command, dns, git, http, promql, report, sql, tcp, tls};
use crate::cancel::Cancel;

/// Between two attempts: a service that was just refusing gets a moment.
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(500);
/// What starts programs ends them itself, and gets so much longer for it.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// Told as it happens.
#[derive(Clone, Copy, Debug)]
pub enum Progress<'a> {
    /// The `number`th of `of` checks is asked now.
    Started {
        /// Which.
        check: &'a Check,
        /// Counted from 1, in the order in which they start.
        number: usize,
        /// All of them.
        of: usize,
    },
    /// A check has ended; so far `number` of `of` have.
    Finished {
        /// What came of it.
        outcome: &'a Outcome,
        /// Counted from 1, in the order in which they end.
        number: usize,
        /// All of them.
        of: usize,
    },
}

/// Asks all `checks`, at most `concurrency` at a time, and says through `progress` what happens when it happens. The
/// outcomes come in the order of the checks. Once `cancel` is asked, what runs is stopped, programs with all their
/// children, and what has not ended is [`Verdict::NotRun`].
///
/// Needs a tokio runtime with network and time. Dropped before its end, it stops everything, too.
pub async fn run_all(
    checks: &[Check],
    context: &Arc<Context>,
    concurrency: NonZeroUsize,
    cancel: &Cancel,
    mut progress: impl FnMut(Progress<'_>),
) -> Vec<Outcome> {
    let of = checks.len();
    let mut outcomes: Vec<Option<Outcome>> = vec![None; of];
    let mut places = HashMap::new();
    let mut running = JoinSet::new();
    let mut waiting = checks.iter().enumerate();
    let mut ended = 0;
    loop {
        while running.len() < concurrency.get() && !cancel.is_asked() {
            let Some((place, check)) = waiting.next() else { break };
            progress(Progress::Started { check, number: place + 1, of });
            let task = running.spawn(one(check.clone(), Arc::clone(context), cancel.clone()));
            places.insert(task.id(), place);
        }
        let (place, outcome) = match running.join_next_with_id().await {
            None => break,
            Some(Ok((id, outcome))) => (places.remove(&id), outcome),
            Some(Err(broken)) => {
                let place = places.remove(&broken.id());
                let why = format!("the probe itself broke, which is a defect of this program: {broken}");
                let check = &checks[place.unwrap_or_default()];
                (place, without_answer(check, context, Verdict::Error { why }))
            }
        };
        ended += 1;
        progress(Progress::Finished { outcome: &outcome, number: ended, of });
        if let Some(slot) = place.and_then(|place| outcomes.get_mut(place)) {
            *slot = Some(outcome);
        }
    }
    let cancelled = |check| without_answer(check, context, Verdict::NotRun { why: CANCELLED.to_owned() });
    outcomes
        .into_iter()
        .zip(checks)
        .map(|(outcome, check)| outcome.unwrap_or_else(|| cancelled(check)))
        .collect()
}

const CANCELLED: &str = "cancelled";

fn without_answer(check: &Check, context: &Context, result: Verdict) -> Outcome {
    let (output, output_digest) = Output::new(Arc::clone(&context.redactor), 0).finish();
    Outcome {
        check: check.clone(),
        started: context.clock.wall(),
        took: Duration::ZERO,
        attempts: 0,
        result,
        timed_out: false,
        figures: BTreeMap::new(),
        inputs: String::new(),
        output,
        output_digest,
        control: None,
    }
}

/// One check with its negative control, both at once.
async fn one(check: Check, context: Arc<Context>, cancel: Cancel) -> Outcome {
    let Some(control) = check.control.clone().filter(|_| needs(&check.probe).is_none()) else {
        let subject = subject(&check, &context);
        return asked(check, Some(subject), &context, &cancel).await;
    };
    // A control must fail: asking it again after it did would prove nothing more.
    let control = Check { probe: control, control: None, retries: 0, ..check.clone() };
    let subject = subject(&check, &context);
    let (mut outcome, control) =
        tokio::join!(asked(check, Some(subject), &context, &cancel), asked(control, None, &context, &cancel));
    let proven = match (&outcome.result, &control.result) {
        (Verdict::Pass | Verdict::Fail { .. }, Verdict::Pass) => {
            Some(Verdict::Error { why: "the negative control passed: this check cannot fail".to_owned() })
        }
        (Verdict::Pass, Verdict::Error { why }) => {
            Some(Verdict::Error { why: format!("the negative control could not be asked: {why}") })
        }
        (Verdict::Pass, Verdict::NotRun { why }) => {
            Some(Verdict::NotRun { why: format!("the negative control was not asked: {why}") })
        }
        _ => None,
    };
    if let Some(result) = proven {
        outcome.result = result;
    }
    outcome.control = Some(Box::new(control));
    outcome
}

fn subject(check: &Check, context: &Context) -> Subject {
    let artefact = check.about == policy::Subject::Artefact;
    Subject {
        digest: context.digest.clone().filter(|_| artefact),
        expires: Duration::from_secs(check.expires.as_seconds()),
    }
}

/// All attempts. Without a subject it does not matter what a report is about.
async fn asked(check: Check, subject: Option<Subject>, context: &Arc<Context>, cancel: &Cancel) -> Outcome {
    let started = context.clock.wall();
    let began = context.clock.mono();
    let mut attempts = 0;
    loop {
        attempts += 1;
        let (asked, notes, timed_out) = attempt(&check, subject.clone(), context, cancel).await;
        let again = matches!(asked, Err(Miss::Fail(_) | Miss::Error(_))) && attempts <= check.retries;
        if again && !cancel.is_asked() {
            tokio::select! {
                () = sleep(BETWEEN_ATTEMPTS) => continue,
                () = cancel.asked() => {}
            }
        }
        let clean = |why: String| context.redactor.clean(&why);
        let (output, output_digest) = notes.output.finish();
        return Outcome {
            started,
            took: context.clock.mono().saturating_duration_since(began),
            attempts,
            result: match asked {
                Ok(()) => Verdict::Pass,
                Err(Miss::Fail(why)) => Verdict::Fail { why: clean(why) },
                Err(Miss::Error(why)) => Verdict::Error { why: clean(why) },
                Err(Miss::NotRun(why)) => Verdict::NotRun { why: clean(why) },
            },
            timed_out,
            figures: notes.figures,
            inputs: context.redactor.clean(&notes.inputs),
            output,
            output_digest,
            control: None,
            check,
        };
    }
}

async fn attempt(
    check: &Check,
    subject: Option<Subject>,
    context: &Arc<Context>,
    cancel: &Cancel,
) -> (Asked, Notes, bool) {
    let limit = Duration::from_secs(check.timeout.as_seconds());
    let mut notes = Notes {
        inputs: String::new(),
        figures: BTreeMap::new(),
        output: Output::new(Arc::clone(&context.redactor), KEPT_BYTES_MAX),
    };
    if let Some(why) = needs(&check.probe) {
        return (Err(Miss::NotRun(why)), notes, false);
    }
    let case = Case {
        context: Arc::clone(context),
        environment: check.environment.clone().unwrap_or_else(|| context.environment.clone()),
        began: context.clock.mono(),
        limit,
        subject,
        cancel: cancel.clone(),
    };
    let patience = match check.probe {
        Probe::Command(_) | Probe::GitHistory(_) => LAST_WORDS,
        _ => Duration::ZERO,
    };
    let cancelled = async {
        cancel.asked().await;
        sleep(patience).await;
    };
    let (asked, timed_out) = tokio::select! {
        biased;
        asked = ask(&check.probe, &case, &mut notes) => (asked, false),
        () = cancelled => (Err(Miss::NotRun(CANCELLED.to_owned())), false),
        () = sleep(limit.saturating_add(patience)) => {
            (Err(Miss::Error(format!("no answer within {}", check.timeout))), true)
        }
    };
    (asked, notes, timed_out)
}

async fn ask(probe: &Probe, case: &Case, notes: &mut Notes) -> Asked {
    match probe {
        Probe::Http(probe) => Box::pin(http::ask(probe, case, notes)).await,
        Probe::Tcp(probe) => tcp::accepts(probe, case, notes).await,
        Probe::PortClosed(probe) => tcp::refuses(probe, case, notes).await,
        Probe::Tls(probe) => Box::pin(tls::ask(probe, case, notes)).await,
        Probe::Dns(probe) => dns::ask(probe, case, notes).await,
        Probe::Promql(probe) => Box::pin(promql::ask(probe, case, notes)).await,
        Probe::Command(probe) => Box::pin(command::ask(probe, case, notes)).await,
        Probe::Sql(probe) => sql::ask(probe, case, notes).await,
        Probe::GitHistory(probe) => Box::pin(git::ask(probe, case, notes)).await,
        Probe::ImageScan(report) => report::ask(report::Kind::Scan, report, case, notes).await,
        Probe::TestReport(report) => report::ask(report::Kind::Tests, report, case, notes).await,
        Probe::Coverage(report) => report::ask(report::Kind::Coverage, report, case, notes).await,
        Probe::LoadReport(report) | Probe::Soak(report) => {
            report::ask(report::Kind::Figures, report, case, notes).await
        }
        Probe::Rota(_) => rota(&case.context, notes),
        proof => Err(Miss::NotRun(needs(proof).unwrap_or_default())),
    }
}

/// Nobody out there has to be asked: the policy says who is on call when.
fn rota(context: &Context, notes: &mut Notes) -> Asked {
    if let Some(day0) = context.day0 {
        notes.inputs = format!("day 0: {day0}");
    }
    match covered(&context.policy, context.day0) {
        Answer::Pass => Ok(()),
        Answer::Fail { why } => Err(Miss::Fail(why)),
        Answer::Error { why } => Err(Miss::Error(why)),
    }
}

/// What a proof needs that cannot be asked of anything out there.
fn needs(probe: &Probe) -> Option<String> {
    let text = match probe {
        Probe::Attest(attestation) => format!("needs a person: {}", attestation.by),
        Probe::Measured(_) => "needs `release attest`: somebody measures it".to_owned(),
        Probe::BackupRestored(ProofProbe { of, .. }) => {
            let backup = of.as_ref().map_or_else(|| "a backup".to_owned(), |of| format!("backup `{of}`"));
            format!("is proven by a run of a runbook that restores {backup} and compares it")
        }
        Probe::FailoverRehearsed(probe) => run_of(probe, "a failover was rehearsed"),
        Probe::RollbackRehearsed(probe) => run_of(probe, "a roll-back was rehearsed"),
        Probe::ReplayGate(probe) => run_of(probe, "recorded days were decided again"),
        Probe::FlagExercised(probe) => run_of(probe, "a feature was switched off and on"),
        Probe::AlertDelivered(_) => {
            "is proven by a test page that is acknowledged in time: `meridian incident test-page`".to_owned()
        }
        _ => return None,
    };
    Some(text)
}

fn run_of(probe: &ProofProbe, what: &str) -> String {
    match &probe.of {
        Some(runbook) => format!("is proven by a run of runbook `{runbook}`: {what}"),
        None => format!("is proven by a run of a runbook: {what}"),
    }
}
