//! Performs one run: asks what comes next, writes it down, does it, writes how it ended.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use release::ledger::event::DocumentKept;
use release::ledger::{Entry, Ledger};
use release::policy::Action;
use release::runbook::event::{StepEnded, StepStarted, UndoEnded, UndoStarted};
use release::runbook::{Doing, Event, Next, Outcome, RunPaused, RunTakenOver, next, time_allowed};
use tokio::time::{sleep, timeout};

use super::host::blocking;
use super::job::{self, Job};
use super::lock::RunLock;
use super::{changed, context, finish};
use crate::Control;
use crate::cancel::Cancel;
use crate::probe::{Acted, Context, Verdict, act};
use crate::refused::Refused;

/// So often rows of other processes are looked for.
const LOOK: Duration = Duration::from_millis(250);
/// What is killed ends within this, or is left to its guard.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Everything around one run that is performed here.
struct Performer {
    control: Arc<Control>,
    job: Arc<Job>,
    context: Arc<Context>,
    lock: Arc<RunLock>,
}

/// What a look at the rows led to.
enum Move {
    /// This is written down as begun, and is to be done now.
    Act { what: Doing, action: Box<Action>, limit: Duration },
    /// Something was written: look again.
    Again,
    /// Others have to say something first.
    Wait,
    /// The run has ended.
    Over,
}

/// Why something is stopped before its end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// Its time is over.
    Late,
    /// A person wants back what was done.
    TurnedBack,
    /// A person ended the run.
    Abandoned,
    /// This process is to end.
    Leaving,
}

/// Performs a run until it has ended, or control's end is asked for; at once over while somebody else performs it.
pub(super) async fn perform(control: &Arc<Control>, run: &str) -> Result<(), Refused> {
    let taken = RunLock::take(control.book.directory(), run);
    let Some(lock) = taken.map_err(|error| Refused::broken(format!("the lock of `{run}`: {error}")))? else {
        return Ok(());
    };
    lock.alone().await.map_err(|error| Refused::broken(format!("the lock of `{run}`: {error}")))?;
    let (job, lock) = (Arc::new(Job::find(control, run)?), Arc::new(lock));
    let release = control.book.read(|ledger| {
        let id = job.began.release.as_deref()?;
        ledger.state(job.service(), id).release
    })?;
    let context = context::context(control, &job, release.as_ref(), &lock);
    let performer = Performer { control: Arc::clone(control), job, context: Arc::new(context), lock };
    if performer.to_its_end().await? {
        let Performer { context, lock, .. } = performer;
        // The context's guard holds the lock, too.
        drop(context);
        if let Some(lock) = Arc::into_inner(lock) {
            lock.remove();
        }
    }
    Ok(())
}

impl Performer {
    /// True when the run has ended.
    async fn to_its_end(&self) -> Result<bool, Refused> {
        let mut rows = self.control.book.watch();
        loop {
            if self.control.cancel.is_asked() {
                self.leave(false).await?;
                return Ok(false);
            }
            rows.mark_unchanged();
            match self.advance().await? {
                Move::Act { what, action, limit } => {
                    if self.do_it(what, &action, limit).await? {
                        return Ok(false);
                    }
                }
                Move::Again => {}
                Move::Over => return Ok(true),
                Move::Wait => tokio::select! {
                    () = self.control.cancel.asked() => {}
                    _ = rows.changed() => {}
                    () = sleep(LOOK) => self.control.book.refresh()?,
                },
            }
        }
    }

    /// Writes what comes next.
    async fn advance(&self) -> Result<Move, Refused> {
        self.write(|job, ledger, now| {
            let state = job::state(ledger, &job.began.run)?;
            Ok(match next(&job.runbook, state, now) {
                Next::Start { step, attempt, .. } => {
                    if let Some(why) = changed::since(job, ledger) {
                        let (run, by) = (job.began.run.clone(), this_process());
                        return Ok((vec![job.row(RunPaused { run, why, at: now, by })], Move::Again));
                    }
                    let (run, known) =
                        (job.began.run.clone(), job.runbook.steps.iter().find(|one| one.id == step));
                    let row = StepStarted { run, step: step.clone(), attempt, at: now };
                    let action = known.and_then(|step| step.action.clone());
                    let what = Doing::Step { step, attempt };
                    (vec![job.row(row)], begun(what, action, known.map(time_allowed)))
                }
                Next::Undo { step, .. } => {
                    let (run, known) =
                        (job.began.run.clone(), job.runbook.steps.iter().find(|one| one.id == step));
                    let row = UndoStarted { run, step: step.clone(), at: now };
                    let action = known.and_then(|step| step.undo.clone());
                    (vec![job.row(row)], begun(Doing::Undo { step }, action, known.map(time_allowed)))
                }
                // People cannot be stopped; what they have done by now is not known.
                Next::Stop { what: Doing::Step { step, attempt }, .. } if is_for_people(job, &step) => {
                    let (run, outcome) = (job.began.run.clone(), Outcome::TimedOut);
                    let row = StepEnded { run, step, attempt, outcome, output: None, at: now, by: None };
                    (vec![job.row(row)], Move::Again)
                }
                // Nothing goes on here when this is asked: whoever did it is gone.
                Next::WaitFor { what: Some(_), .. } | Next::Stop { .. } => {
                    (vec![job.row(taken_over(job, now))], Move::Again)
                }
                Next::Finished { .. } if state.ended.is_some() => (Vec::new(), Move::Over),
                Next::Finished { outcome } => {
                    let ended = finish::by_itself(job, outcome, now);
                    (finish::rows(job, ledger, state, ended), Move::Over)
                }
                Next::WaitFor { what: None, .. } | Next::AskPerson { .. } | Next::NeedsDecision { .. } => {
                    (Vec::new(), Move::Wait)
                }
            })
        })
        .await
    }

    /// True when this process is to leave the run.
    async fn do_it(&self, what: Doing, action: &Action, limit: Duration) -> Result<bool, Refused> {
        let (canceller, cancel) = Cancel::pair();
        let mut acting = Box::pin(act(action, &self.context, &cancel));
        let ended = tokio::select! {
            biased;
            acted = &mut acting => Ok(acted),
            stop = self.asked_to_stop(&what) => Err(stop?),
            () = sleep(limit) => Err(Stop::Late),
        };
        let (acted, stop) = match ended {
            Ok(acted) => (Some(acted), None),
            Err(stop) => {
                canceller.cancel();
                (timeout(LAST_WORDS, &mut acting).await.ok(), Some(stop))
            }
        };
        drop(acting);
        self.lock.clear();
        let (output, result) =
            acted.map_or((String::new(), None), |Acted { result, output }| (output, Some(result)));
        // How it ended is known if it ended by itself, even as it was stopped.
        let outcome = match (result, stop) {
            (Some(Verdict::Pass), _) => Some(Outcome::Done),
            (Some(Verdict::Fail { why } | Verdict::Error { why }), _) => Some(Outcome::Failed { why }),
            (_, Some(Stop::Late | Stop::TurnedBack)) => Some(Outcome::TimedOut),
            (_, Some(Stop::Abandoned | Stop::Leaving)) => None,
            (Some(Verdict::NotRun { why }), None) => Some(Outcome::Failed { why }),
            (None, None) => None,
        };
        if let Some(outcome) = outcome {
            self.end(what, outcome, output).await?;
        } else if stop == Some(Stop::Leaving) {
            self.leave(true).await?;
        }
        Ok(stop == Some(Stop::Leaving))
    }

    /// Returns once what is being done is to be stopped.
    async fn asked_to_stop(&self, what: &Doing) -> Result<Stop, Refused> {
        let mut rows = self.control.book.watch();
        loop {
            rows.mark_unchanged();
            let stop = self.control.book.read(|ledger| {
                let state = job::state(ledger, &self.job.began.run).ok()?;
                let back = state.turned_back.is_some() && matches!(what, Doing::Step { .. });
                state.ended.as_ref().map(|_| Stop::Abandoned).or(back.then_some(Stop::TurnedBack))
            })?;
            if let Some(stop) = stop {
                return Ok(stop);
            }
            tokio::select! {
                () = self.control.cancel.asked() => return Ok(Stop::Leaving),
                _ = rows.changed() => {}
                () = sleep(LOOK) => {}
            }
        }
    }

    /// Writes how something ended, with what it wrote.
    async fn end(&self, what: Doing, outcome: Outcome, output: String) -> Result<(), Refused> {
        self.write(move |job, ledger, at| {
            let (run, outcome) = (job.began.run.clone(), outcome.clone());
            let name = match &what {
                Doing::Step { step, .. } | Doing::Undo { step } => format!("{run}/{step}"),
            };
            let text = output.clone();
            let kept = DocumentKept { what: "output".to_owned(), name, folder: None, text };
            let digest = (!kept.text.is_empty()).then(|| kept.digest());
            let output = digest.map(|digest| digest.to_string());
            let by = None;
            let row: Event = match what.clone() {
                Doing::Step { step, attempt } => {
                    StepEnded { run, step, attempt, outcome, output, at, by }.into()
                }
                Doing::Undo { step } => UndoEnded { run, step, outcome, output, at, by }.into(),
            };
            // A person may have ended the run meanwhile.
            if job::state(ledger, &job.began.run)?.clone().apply(&row).is_err() {
                return Ok((Vec::new(), ()));
            }
            let new = digest.filter(|digest| !ledger.documents.contains_key(digest));
            let kept = new.map(|_| Entry::Record(job.service().to_owned(), kept.into()));
            Ok((kept.into_iter().chain([job.row(row)]).collect(), ()))
        })
        .await
    }

    /// This process is to end: what was stopped in the middle is of unknown fate, and nothing is begun before a person says so.
    async fn leave(&self, stopped: bool) -> Result<(), Refused> {
        self.write(move |job, ledger, at| {
            let state = job::state(ledger, &job.began.run)?;
            let mut rows: Vec<Entry> = Vec::new();
            if stopped {
                rows.push(job.row(taken_over(job, at)));
            }
            let begins = matches!(next(&job.runbook, state, at), Next::Start { .. } | Next::Undo { .. });
            if (stopped || begins) && state.paused.is_none() && state.ended.is_none() {
                let (run, by) = (job.began.run.clone(), this_process());
                let why = "the process that performed it was asked to end".to_owned();
                rows.push(job.row(RunPaused { run, why, at, by }));
            }
            Ok((rows, ()))
        })
        .await
    }

    async fn write<T: Send + 'static>(
        &self,
        mut decide: impl FnMut(&Job, &Ledger, Timestamp) -> Result<(Vec<Entry>, T), Refused> + Send + 'static,
    ) -> Result<T, Refused> {
        let (control, job) = (Arc::clone(&self.control), Arc::clone(&self.job));
        let written = blocking(move || control.book.write(|ledger, now| decide(&job, ledger, now)));
        Ok(written.await??)
    }
}

fn begun(what: Doing, action: Option<Action>, limit: Option<release::Length>) -> Move {
    match (action, limit) {
        // A person does it.
        (None | Some(Action::Manual { .. }), _) | (_, None) => Move::Again,
        (Some(action), Some(limit)) => {
            Move::Act { what, action: Box::new(action), limit: Duration::from_secs(limit.as_seconds()) }
        }
    }
}

fn is_for_people(job: &Job, step: &str) -> bool {
    let step = job.runbook.steps.iter().find(|known| known.id == step);
    step.is_some_and(|step| matches!(step.action, None | Some(Action::Manual { .. })))
}

fn taken_over(job: &Job, at: Timestamp) -> RunTakenOver {
    RunTakenOver { run: job.began.run.clone(), at, by: this_process() }
}

/// Who acts where no person does.
pub(super) fn this_process() -> String {
    format!("process {}", std::process::id())
}
