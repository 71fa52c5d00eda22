//! The plan around day 0 at a moment: what is done, due, late or blocked, by whom and until when.
//!
//! Enters: a release at a moment. Leaves: tasks, phases, everything else that has a day, meetings. Never here: whether lateness stands
//! against the release (that is `decision`, by the same rules).

mod dues;
mod task;

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

use crate::Length;
use crate::meeting::{Planned, meetings};
use crate::moment::Moment;
use crate::policy::Milestone;
use crate::timing::{Timing, timing};

pub(crate) use dues::dues;
pub use dues::{Due, DueKind, DueState, marks};
pub(crate) use task::proof;
pub use task::{DoneBy, Need, PlannedTask, Proof, Signer, TaskState};

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Schedule {
    /// The moment.
    pub at: Timestamp,
    /// Dates and times of day are in this zone.
    pub zone: String,
    /// Day 0; absent while nobody knows.
    pub day0: Option<Date>,
    /// Which day of the plan it is.
    pub today: Option<i64>,
    /// When the release begins and is done.
    pub timing: Timing,
    /// By their dates; without any, by their days.
    pub tasks: Vec<PlannedTask>,
    /// Phases, in the policy's order.
    pub milestones: Vec<Phase>,
    /// Conditions, findings and items of the checklist that have a day, in order.
    pub dues: Vec<Due>,
    /// What recurs, in the policy's order.
    pub meetings: Vec<Planned>,
}

/// A phase and how far it has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Phase {
    /// Its `id` in the policy.
    pub id: String,
    /// For people.
    pub title: String,
    /// First day of the plan.
    pub from_day: i32,
    /// Last one.
    pub to_day: i32,
    /// First date.
    pub from: Option<Date>,
    /// Last date.
    pub to: Option<Date>,
    /// Tasks that are part of it.
    pub tasks: usize,
    /// Of these, done.
    pub done: usize,
    /// Of these, late.
    pub late: usize,
    /// Success later on that needs it, as `horizon/criterion`.
    pub needed_by: Vec<String>,
}

/// The plan at a moment.
pub fn schedule(moment: &Moment<'_>) -> Schedule {
    let (policy, days) = (moment.policy(), moment.days());
    let mut tasks: Vec<PlannedTask> =
        policy.plan.tasks.iter().map(|task| task::planned(moment, task)).collect();
    tasks.sort_by_key(|task| (task.day, task.begins, task.to_day, task.ends));
    Schedule {
        at: moment.now,
        zone: days.zone().iana_name().unwrap_or("UTC").to_owned(),
        day0: days.date(0),
        today: days.day_of(moment.now),
        timing: timing(moment),
        milestones: policy.plan.milestones.iter().map(|one| phase(moment, one, &tasks)).collect(),
        dues: dues(moment),
        meetings: meetings(moment),
        tasks,
    }
}

/// Tasks that are late, the longest first.
pub fn late(schedule: &Schedule) -> Vec<&PlannedTask> {
    let mut late: Vec<&PlannedTask> = schedule.tasks.iter().filter(|task| task.late_by.is_some()).collect();
    late.sort_by_key(|task| std::cmp::Reverse(task.late_by));
    late
}

fn phase(moment: &Moment<'_>, milestone: &Milestone, tasks: &[PlannedTask]) -> Phase {
    let days = moment.days();
    let of: Vec<&PlannedTask> =
        tasks.iter().filter(|task| task.milestone.as_ref() == Some(&milestone.id)).collect();
    let criteria = moment
        .policy()
        .horizons
        .iter()
        .flat_map(|horizon| horizon.criteria.iter().map(move |criterion| (&horizon.id, criterion)));
    let needing = criteria.filter(|(_, criterion)| criterion.milestone.as_ref() == Some(&milestone.id));
    let needed_by: BTreeSet<String> =
        needing.map(|(horizon, criterion)| format!("{horizon}/{}", criterion.id)).collect();
    Phase {
        id: milestone.id.clone(),
        title: milestone.title.clone(),
        from_day: milestone.from_day,
        to_day: milestone.to_day,
        from: days.date(milestone.from_day),
        to: days.date(milestone.to_day),
        tasks: of.len(),
        done: of.iter().filter(|task| task.state == TaskState::Done).count(),
        late: of.iter().filter(|task| task.late_by.is_some()).count(),
        needed_by: needed_by.into_iter().collect(),
    }
}

/// How long ago, in whole seconds; nothing for what is still to come.
pub(crate) fn since(at: Timestamp, now: Timestamp) -> Length {
    Length::seconds(u64::try_from(now.duration_since(at).as_secs()).unwrap_or(0))
}
