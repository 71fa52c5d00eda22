//! Runs, as people and programs see them.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use jiff::{SignedDuration, Timestamp};
use release::ledger::Ledger;
use release::runbook::{
    Against, Doing, Event, Next, Outcome, Question, RunState, Slack, StepState, left_behind, next, proofs,
    role_of, timing,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::finish::report;
use super::job::{self, Job, Policies};
use crate::Control;
use crate::refused::Refused;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    #[serde(default)]
    service: Option<String>,
    #[serde(default)]
    open: Option<bool>,
}

/// Newest first.
pub(super) async fn list(
    State(control): State<Arc<Control>>,
    Query(which): Query<Which>,
) -> Result<Json<Value>, Refused> {
    let now = control.book.now();
    let mut runs = control.book.read(|ledger| {
        let mut policies = Policies::new();
        let wanted = ledger
            .runs
            .iter()
            .filter(|(_, run)| which.open.is_none_or(|open| open == run.state.ended.is_none()));
        let found = wanted.filter_map(|(id, run)| {
            let job = Job::among(ledger, id, &mut policies).ok()?;
            let of = which.service.as_ref().is_none_or(|service| service == job.service());
            of.then(|| (job.began.at, head(&job, &run.state, now)))
        });
        found.collect::<Vec<_>>()
    })?;
    runs.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    Ok(Json(json!({ "runs": runs.into_iter().map(|(_, run)| run).collect::<Vec<_>>() })))
}

pub(super) async fn one(
    State(control): State<Arc<Control>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refused> {
    let now = control.book.now();
    Ok(Json(control.book.read(|ledger| whole(&Job::of(ledger, &id)?, ledger, now))??))
}

/// Which run, and where it stands.
pub(super) fn head(job: &Job, state: &RunState, now: Timestamp) -> Value {
    let began = &job.began;
    json!({
        "run": began.run, "service": job.service(), "runbook": job.runbook.id, "title": job.runbook.title,
        "policy": began.policy, "release": began.release, "artefact": began.artefact, "version": began.version,
        "environment": began.environment, "rehearsal": began.rehearsal, "began_at": began.at, "began_by": began.by,
        "standing": standing(job, state, now), "asked": asked(job, state, now),
        "outcome": state.ended.as_ref().map(|ended| ended.outcome), "ended_at": state.ended.as_ref().map(|ended| ended.at),
        "ended_why": state.ended.as_ref().and_then(|ended| ended.why.as_ref()),
        "paused": state.paused.as_ref().map(|paused| json!({"why": paused.why, "at": paused.at, "by": paused.by})),
        "turned_back": state.turned_back.as_ref().map(|back| json!({"why": back.why, "at": back.at, "by": back.by})),
    })
}

/// Everything about a run, its times beside their budgets.
fn whole(job: &Job, ledger: &Ledger, now: Timestamp) -> Result<Value, Refused> {
    let state = job::state(ledger, &job.began.run)?;
    let times = timing(&job.runbook, state, now);
    let steps = job.runbook.steps.iter().zip(&times.steps).map(|(step, time)| {
        let known = state.steps.get(&step.id);
        let end = known.and_then(last_end);
        let (against, by) = match time.against {
            Against::NotRun => ("not_run", None),
            Against::Unplanned => ("unplanned", None),
            Against::Under(by) => ("under", Some(by)),
            Against::Within => ("within", None),
            Against::Over(by) => ("over", Some(by)),
        };
        json!({
            "step": step.id, "title": step.title, "standing": time.standing, "planned": time.planned,
            "took_ms": time.took.map(ms), "against": against, "by_ms": by.map(ms), "attempts": time.attempts,
            "optional": step.optional, "outage": time.outage, "counts": time.counts,
            "started_at": known.and_then(|known| Some(known.attempts.first()?.started)),
            "why": end.and_then(|end| why(&end.outcome)), "by": end.and_then(|end| end.by.as_ref()),
            "output": end.and_then(|end| end.output.as_ref()),
        })
    });
    let undos = times.undos.iter().map(|undo| {
        let end = state.undos.get(&undo.step).and_then(|undo| undo.end.as_ref());
        json!({
            "step": undo.step, "done": undo.done, "took_ms": undo.took.map(ms),
            "why": end.and_then(|end| why(&end.outcome)), "by": end.and_then(|end| end.by.as_ref()),
            "output": end.and_then(|end| end.output.as_ref()),
        })
    });
    let proofs = proofs(&job.loaded.policy, &job.runbook, state).into_iter().map(|proof| {
        json!({"check": proof.check, "proven": proof.holds(), "against": proof.against, "about": proof.subject})
    });
    let mut view = head(job, state, now);
    let more = json!({
        "steps": steps.collect::<Vec<_>>(), "undos": undos.collect::<Vec<_>>(),
        "total": {
            "planned": times.planned, "took_ms": ms(times.total), "worked_ms": ms(times.worked),
            "between_ms": ms(times.between), "limit": times.limit,
            "slack_ms": match times.slack {
                Slack::NoLimit => None,
                Slack::Left(by) => Some(ms(by)),
                Slack::Missed(by) => Some(-ms(by)),
            },
            "outage_planned": times.outage_planned, "outage_ms": ms(times.outage), "outage_open": times.outage_open,
        },
        "left_behind": left_behind(&job.runbook, state), "proofs": proofs.collect::<Vec<_>>(),
        "report": report(job, state, &times), "rows_without_sense": state.nonsense,
    });
    if let (Some(view), Value::Object(more)) = (view.as_object_mut(), more) {
        view.extend(more);
    }
    Ok(view)
}

/// Where it stands, in a word.
pub(super) fn standing(job: &Job, state: &RunState, now: Timestamp) -> &'static str {
    if state.ended.is_some() {
        return "ended";
    }
    match next(&job.runbook, state, now) {
        Next::AskPerson { .. } | Next::NeedsDecision { .. } => "asks",
        _ if state.paused.is_some() => "paused",
        _ => "goes_on",
    }
}

/// What is asked of whom; nothing where nobody is asked.
pub(super) fn asked(job: &Job, state: &RunState, now: Timestamp) -> Option<Value> {
    match next(&job.runbook, state, now) {
        Next::AskPerson { what, role, text, planned } => {
            let (step, undo) = match what {
                Doing::Step { step, .. } => (step, false),
                Doing::Undo { step } => (step, true),
            };
            let answers = ["confirm", "skip", "fail"];
            Some(json!({
                "step": step, "undo": undo, "role": role, "text": text, "planned_until": planned, "answers": answers,
            }))
        }
        Next::NeedsDecision { step, why } => {
            let (text, answers): (_, &[&str]) = match why {
                Question::Optional => ("not every run needs this step", &["go-ahead", "skip"]),
                Question::Interrupted => {
                    ("it was interrupted: is it done?", &["confirm", "go-ahead", "skip", "fail"])
                }
                Question::InterruptedOften => (
                    "it was interrupted again and again: is it done?",
                    &["confirm", "go-ahead", "skip", "fail"],
                ),
                Question::TimedOut => {
                    ("it was stopped in the middle: is it done?", &["confirm", "go-ahead", "skip"])
                }
            };
            let role = role_of(&job.runbook, &step, false);
            Some(
                json!({"step": step, "undo": false, "role": role, "text": text, "planned_until": null, "answers": answers}),
            )
        }
        _ => None,
    }
}

/// A row, for programs.
pub(super) fn row(event: &Event) -> Value {
    let body: Value = serde_json::from_slice(&event.body()).unwrap_or_default();
    json!({"kind": event.kind(), "body": body})
}

fn last_end(step: &StepState) -> Option<&release::runbook::End> {
    step.skipped.as_ref().or_else(|| step.attempts.last()?.end.as_ref())
}

fn why(outcome: &Outcome) -> Option<&str> {
    match outcome {
        Outcome::Failed { why } | Outcome::Skipped { why, .. } => Some(why),
        Outcome::Done | Outcome::TimedOut => None,
    }
}

fn ms(length: SignedDuration) -> i64 {
    i64::try_from(length.as_millis()).unwrap_or(i64::MAX)
}
