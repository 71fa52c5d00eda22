//! What people say about a run: each word becomes a row if it is wanted where the run stands, and if they may say it.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use jiff::Timestamp;
use release::runbook::event::{Confirmed, GoAheadGiven, StepEnded, UndoEnded};
use release::runbook::{
    Doing, Event, Next, Outcome, RunEnded, RunOutcome, RunPaused, RunResumed, RunState, RunTurnedBack,
    Unwanted, admits, next, role_of,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::job::{self, Job};
use super::lock::RunLock;
use super::{finish, host, person, view};
use crate::Control;
use crate::api::Body;
use crate::refused::Refused;

type Answered = Result<Json<Value>, Refused>;
type Shared = State<Arc<Control>>;

/// About a step.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AboutStep {
    step: String,
    by: String,
    #[serde(default)]
    note: String,
    #[serde(default)]
    why: String,
}

/// About the whole run.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AboutRun {
    by: String,
    #[serde(default)]
    why: String,
}

/// One thing at a time that is said.
struct Said<'a> {
    job: &'a Job,
    state: &'a RunState,
    next: Next,
    at: Timestamp,
}

impl Said<'_> {
    fn run(&self) -> String {
        self.job.began.run.clone()
    }

    /// True when a person is asked to undo this step.
    fn is_undo(&self, step: &str) -> bool {
        matches!(&self.next, Next::AskPerson { what: Doing::Undo { step: asked }, .. } if asked == step)
    }

    fn coming(&self, step: &str) -> u32 {
        self.state.steps.get(step).map_or(1, release::runbook::StepState::coming)
    }

    fn ended(&self, step: String, by: Option<String>, outcome: Outcome) -> Event {
        let (run, at, output) = (self.run(), self.at, None);
        if self.is_undo(&step) {
            return UndoEnded { run, step, outcome, output, at, by }.into();
        }
        let attempt = self.coming(&step) - 1;
        StepEnded { run, step, attempt, outcome, output, at, by }.into()
    }
}

pub(super) async fn confirm(
    State(control): Shared,
    Path(id): Path<String>,
    Body(said): Body<AboutStep>,
) -> Answered {
    say(&control, &id, &said.by, Some(&said.step), |now| {
        let AboutStep { step, by, note, .. } = said.clone();
        if now.is_undo(&step) {
            return Ok(now.ended(step, Some(by), Outcome::Done));
        }
        Ok(Confirmed { run: now.run(), step, note, at: now.at, by }.into())
    })
}

pub(super) async fn go_ahead(
    State(control): Shared,
    Path(id): Path<String>,
    Body(said): Body<AboutStep>,
) -> Answered {
    say(&control, &id, &said.by, Some(&said.step), |now| {
        let AboutStep { step, by, note, why } = said.clone();
        let why = if why.is_empty() { note } else { why };
        let attempt = now.coming(&step);
        Ok(GoAheadGiven { run: now.run(), step, attempt, why, at: now.at, by }.into())
    })
}

pub(super) async fn skip(
    State(control): Shared,
    Path(id): Path<String>,
    Body(said): Body<AboutStep>,
) -> Answered {
    say(&control, &id, &said.by, Some(&said.step), |now| {
        let AboutStep { step, by, why, .. } = said.clone();
        needed(&why)?;
        Ok(now.ended(step, None, Outcome::Skipped { by, why }))
    })
}

pub(super) async fn fail(
    State(control): Shared,
    Path(id): Path<String>,
    Body(said): Body<AboutStep>,
) -> Answered {
    say(&control, &id, &said.by, Some(&said.step), |now| {
        let AboutStep { step, by, why, .. } = said.clone();
        needed(&why)?;
        Ok(now.ended(step, Some(by), Outcome::Failed { why }))
    })
}

pub(super) async fn pause(
    State(control): Shared,
    Path(id): Path<String>,
    Body(said): Body<AboutRun>,
) -> Answered {
    say(&control, &id, &said.by, None, |now| {
        let AboutRun { by, why } = said.clone();
        Ok(RunPaused { run: now.run(), why, at: now.at, by }.into())
    })
}

/// Goes on with a run that is paused, or that nobody performs any more.
pub(super) async fn resume(
    State(control): Shared,
    Path(id): Path<String>,
    Body(said): Body<AboutRun>,
) -> Answered {
    let job = Job::find(&control, &id)?;
    person::may(&job.loaded.policy, &said.by, None)?;
    let (paused, over) = control.book.read(|ledger| {
        job::state(ledger, &id).map(|state| (state.paused.is_some(), state.ended.is_some()))
    })??;
    let answer = if paused || over {
        say(&control, &id, &said.by, None, |now| {
            Ok(RunResumed { run: now.run(), at: now.at, by: said.by.clone() }.into())
        })?
    } else {
        let lock = RunLock::take(control.book.directory(), &id);
        if lock.map_err(|error| Refused::broken(error.to_string()))?.is_none() {
            return Err(Refused::conflict("not_paused", "the run is not paused, and is being performed"));
        }
        Json(json!({"run": id, "standing": "goes_on"}))
    };
    host::start(&control, &id);
    Ok(answer)
}

pub(super) async fn back(
    State(control): Shared,
    Path(id): Path<String>,
    Body(said): Body<AboutRun>,
) -> Answered {
    say(&control, &id, &said.by, None, |now| {
        let AboutRun { by, why } = said.clone();
        needed(&why)?;
        Ok(RunTurnedBack { run: now.run(), why, at: now.at, by }.into())
    })
}

pub(super) async fn abandon(
    State(control): Shared,
    Path(id): Path<String>,
    Body(said): Body<AboutRun>,
) -> Answered {
    say(&control, &id, &said.by, None, |now| {
        let AboutRun { by, why } = said.clone();
        needed(&why)?;
        let outcome = RunOutcome::Abandoned;
        Ok(RunEnded { run: now.run(), outcome, why: Some(why), at: now.at, by }.into())
    })
}

fn needed(why: &str) -> Result<(), Refused> {
    if why.trim().is_empty() { Err(Refused::field("why", "say why")) } else { Ok(()) }
}

fn say(
    control: &Control,
    id: &str,
    by: &str,
    step: Option<&str>,
    word: impl Fn(&Said<'_>) -> Result<Event, Refused>,
) -> Answered {
    let job = Job::find(control, id)?;
    if let Some(step) = step.filter(|step| !job.runbook.steps.iter().any(|known| known.id == **step)) {
        let steps: Vec<&str> = job.runbook.steps.iter().map(|step| step.id.as_str()).collect();
        return Err(Refused::field("step", format!("the runbook has no step `{step}`"))
            .hint(format!("its steps are: {}", steps.join(", "))));
    }
    let answer = control.book.write(|ledger, at| {
        let state = job::state(ledger, id)?;
        let said = Said { job: &job, state, next: next(&job.runbook, state, at), at };
        // A step belongs to its role before its turn, too.
        let role = step.and_then(|step| role_of(&job.runbook, step, said.is_undo(step)));
        person::may(&job.loaded.policy, by, role)?;
        let event = word(&said)?;
        admits(&job.runbook, state, at, &event).map_err(|why| unwanted(&job, state, at, &why))?;
        let mut after = state.clone();
        after.extend([&event]);
        let answer = json!({"run": id, "standing": view::standing(&job, &after, at)});
        let rows = match event {
            Event::RunEnded(ended) => finish::rows(&job, ledger, state, ended),
            event => vec![job.row(event)],
        };
        Ok::<_, Refused>((rows, answer))
    })?;
    Ok(Json(answer))
}

fn unwanted(job: &Job, state: &RunState, at: Timestamp, why: &Unwanted) -> Refused {
    let refused = Refused::conflict("not_wanted", why.to_string());
    match view::asked(job, state, at) {
        Some(asked) => refused.hint(format!("asked is about step {}: {}", asked["step"], asked["answers"])),
        None => refused.hint("`meridian runbook status` says where the run stands"),
    }
}
