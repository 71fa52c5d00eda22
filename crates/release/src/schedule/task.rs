//! One task of the plan.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use serde::Serialize;

use super::since;
use crate::Length;
use crate::decision::undone;
use crate::moment::{Moment, Who};
use crate::policy::Task;
use crate::proof::{Case, Known};
use crate::state::TaskRow;

/// A task with its dates and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlannedTask {
    /// Its `id` in the policy.
    pub id: String,
    /// For people.
    pub title: String,
    /// First day of the plan.
    pub day: i32,
    /// Last day.
    pub to_day: i32,
    /// When it begins: at that time of day, or with the day.
    pub begins: Option<Timestamp>,
    /// When it has to be done: at that time of day, or with the end of the day.
    pub ends: Option<Timestamp>,
    /// Its times of day as the plan says, as in `16:00-16:30`; empty: whole days.
    pub slot: String,
    /// Who does it.
    pub owner: Option<Who>,
    /// Who says that it is done.
    pub signers: Vec<Signer>,
    /// Missed, it blocks the release.
    pub must: bool,
    /// Where it stands.
    pub state: TaskState,
    /// How long it should have been done; absent: it is not late.
    pub late_by: Option<Length>,
    /// What is missing until it is done.
    pub missing: Vec<String>,
    /// Everybody who said that it is done, for the present artefact.
    pub done_by: Vec<DoneBy>,
    /// What must exist before.
    pub needs: Vec<Need>,
    /// What exists afterwards.
    pub delivers: Vec<String>,
    /// Blockers that it ends.
    pub fixes: Vec<String>,
    /// Checks that get their evidence here.
    pub proves: Vec<Proof>,
    /// The runbook that is run.
    pub runbook: Option<String>,
    /// The newest run of it with the present artefact, and how it ended if it has.
    pub run: Option<String>,
    /// The phase it is part of.
    pub milestone: Option<String>,
    /// So much of it has to lie in sessions.
    pub session_needed: Option<Length>,
    /// So much of it does; absent where the plan does not ask, or no calendar knows.
    pub session_has: Option<Length>,
}

/// Where a task stands; the first that fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskState {
    /// It is done.
    Done,
    /// It should have been done.
    Late,
    /// Its time has come, and something that it needs is not there.
    Blocked,
    /// Its time has come.
    Due,
    /// Its time is still to come.
    Ahead,
    /// Day 0 has no date.
    Undated,
}

/// Somebody who has to say that it is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Signer {
    /// Who.
    #[serde(flatten)]
    pub who: Who,
    /// They have.
    pub said: bool,
}

/// Somebody who said that it is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DoneBy {
    /// Which person.
    pub by: String,
    /// As which of its signers.
    pub role: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// Something that must exist before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Need {
    /// A task or what one delivers.
    pub what: String,
    /// It is there.
    pub met: bool,
    /// The tasks that provide it.
    pub from: Vec<String>,
}

/// A check that gets its evidence in the task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// Its `id` in the policy.
    pub check: String,
    /// `passed`, `failed` or `unknown`.
    pub answer: &'static str,
    /// Why it has not passed.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub why: String,
}

pub(super) fn planned(moment: &Moment<'_>, task: &Task) -> PlannedTask {
    let (policy, days, case) = (moment.policy(), moment.days(), moment.case());
    let to_day = task.to_day.unwrap_or(task.day);
    let (begins, ends) = (days.begin(task.day, task.from.as_deref()), days.end(to_day, task.to.as_deref()));
    let missing = missing(case.as_ref(), task);
    let needs: Vec<Need> = task.needs.iter().map(|what| need(moment, case.as_ref(), what)).collect();
    let late_by = ends.filter(|ends| moment.now >= *ends && !missing.is_empty());
    let state = if missing.is_empty() {
        TaskState::Done
    } else if late_by.is_some() {
        TaskState::Late
    } else if let Some(begins) = begins {
        match (moment.now >= begins, needs.iter().all(|need| need.met)) {
            (true, true) => TaskState::Due,
            (true, false) => TaskState::Blocked,
            (false, _) => TaskState::Ahead,
        }
    } else {
        TaskState::Undated
    };
    let rows = rows(moment, task);
    let said = |role: &String| rows.iter().any(|row| row.done.role.as_ref() == Some(role));
    PlannedTask {
        id: task.id.clone(),
        title: task.title.clone(),
        day: task.day,
        to_day,
        begins,
        ends,
        slot: slot(task),
        owner: task.owner.as_ref().map(|owner| Who::of(policy, owner)),
        signers: task
            .signers
            .iter()
            .map(|role| Signer { who: Who::of(policy, role), said: said(role) })
            .collect(),
        must: task.must,
        state,
        late_by: late_by.map(|ends| since(ends, moment.now)),
        missing,
        done_by: rows
            .iter()
            .map(|row| DoneBy { by: row.done.by.clone(), role: row.done.role.clone(), at: row.done.at })
            .collect(),
        needs,
        delivers: task.delivers.clone(),
        fixes: task.fixes.clone(),
        proves: task.proves.iter().map(|check| proof(case.as_ref(), check)).collect(),
        run: task.runbook.as_ref().and_then(|runbook| newest_run(moment, runbook)),
        runbook: task.runbook.clone(),
        milestone: task.milestone.clone(),
        session_needed: task.session_hours,
        session_has: task.session_hours.and_then(|_| in_sessions(moment, begins?, ends?)),
    }
}

fn missing(case: Option<&Case<'_>>, task: &Task) -> Vec<String> {
    case.map_or_else(|| vec!["no release is opened".to_owned()], |case| undone(case, task))
}

/// What was said about it for the present artefact.
fn rows<'a>(moment: &Moment<'a>, task: &Task) -> Vec<&'a TaskRow> {
    let Some(release) = &moment.state.release else { return Vec::new() };
    let now = |row: &&TaskRow| row.done.task == task.id && row.artefact == release.artefact;
    release.tasks.iter().filter(now).collect()
}

fn slot(task: &Task) -> String {
    match (&task.from, &task.to) {
        (Some(from), Some(to)) => format!("{from}-{to}"),
        (Some(from), None) => format!("from {from}"),
        (None, Some(to)) => format!("until {to}"),
        (None, None) => String::new(),
    }
}

/// There once a task of that name, or one that delivers it, is done.
fn need(moment: &Moment<'_>, case: Option<&Case<'_>>, what: &str) -> Need {
    let provides = |task: &&Task| task.id == what || task.delivers.iter().any(|one| one == what);
    let from: Vec<&Task> = moment.policy().plan.tasks.iter().filter(provides).collect();
    Need {
        what: what.to_owned(),
        met: from.iter().any(|task| missing(case, task).is_empty()),
        from: from.into_iter().map(|task| task.id.clone()).collect(),
    }
}

/// What stands about a check.
pub(crate) fn proof(case: Option<&Case<'_>>, check: &str) -> Proof {
    let (answer, why) = match case.map(|case| case.ask(check)) {
        None => ("unknown", "no release is opened".to_owned()),
        Some(Ok(Known::Passed)) => ("passed", String::new()),
        Some(Ok(Known::Failed(why))) => ("failed", why),
        Some(Err(lack)) => ("unknown", lack.to_string()),
    };
    Proof { check: check.to_owned(), answer, why }
}

fn newest_run(moment: &Moment<'_>, runbook: &str) -> Option<String> {
    let artefact = moment.state.release.as_ref().map(|release| release.artefact.as_str());
    let began = moment.ledger.runs.values().filter_map(|run| Some((run.state.began.as_ref()?, run)));
    let of = began.filter(|(began, run)| {
        let ours = run.ran.as_ref().is_none_or(|(service, _)| *service == moment.policy().service.name);
        ours && began.runbook == runbook && began.artefact.as_deref() == artefact
    });
    let (began, run) = of.max_by_key(|(began, _)| (began.at, &began.run))?;
    let ended = run.state.ended.as_ref().map_or("not ended", |ended| ended.outcome.as_str());
    Some(format!("{} ({ended})", began.run))
}

/// How much session time lies between two moments; `None` where no calendar knows.
fn in_sessions(moment: &Moment<'_>, begins: Timestamp, ends: Timestamp) -> Option<Length> {
    let calendar = moment.policy().service.sessions.as_deref()?;
    let zone = moment.calendars.zone(calendar).ok()?;
    let date = |at: Timestamp| -> Date { at.to_zoned(zone.clone()).date() };
    let mut seconds = 0;
    for day in date(begins).series(1.day()).take_while(|day| *day <= date(ends)).take(400) {
        if let Some(session) = moment.calendars.session(calendar, day).ok()? {
            let inside = session.close.min(ends).duration_since(session.open.max(begins));
            seconds += u64::try_from(inside.as_secs()).unwrap_or(0);
        }
    }
    Some(Length::seconds(seconds))
}
