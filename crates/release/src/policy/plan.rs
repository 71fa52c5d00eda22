//! Days around day 0: tasks, milestones, meetings, announcements.

use serde::Deserialize;

use crate::Length;

/// The dated plan. Day 0 is the release; days are calendar days in the service's zone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// ISO 8601 date of day 0, once it is known.
    #[serde(default)]
    pub day0: Option<String>,
    /// What is done when.
    #[serde(default, rename = "task")]
    pub tasks: Vec<Task>,
    /// Ends of phases.
    #[serde(default, rename = "milestone")]
    pub milestones: Vec<Milestone>,
    /// What recurs.
    #[serde(default, rename = "meeting")]
    pub meetings: Vec<Meeting>,
}

/// One task.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// Short name.
    pub id: String,
    /// For people.
    pub title: String,
    /// First day.
    pub day: i32,
    /// Last day; absent: the same.
    #[serde(default)]
    pub to_day: Option<i32>,
    /// Time of day of the first day.
    #[serde(default)]
    pub from: Option<String>,
    /// Time of day of the last day.
    #[serde(default)]
    pub to: Option<String>,
    /// How long its authors say it is.
    #[serde(default)]
    pub stated_length: Option<Length>,
    /// So much of it has to lie in sessions.
    #[serde(default)]
    pub session_hours: Option<Length>,
    /// Who does it.
    #[serde(default)]
    pub owner: Option<String>,
    /// Who signs it off.
    #[serde(default)]
    pub signers: Vec<String>,
    /// Missed, it blocks the release.
    #[serde(default)]
    pub must: bool,
    /// What exists afterwards.
    #[serde(default)]
    pub delivers: Vec<String>,
    /// What must exist before: deliverables or tasks.
    #[serde(default)]
    pub needs: Vec<String>,
    /// Blockers that it ends.
    #[serde(default)]
    pub fixes: Vec<String>,
    /// Checks that get their evidence here.
    #[serde(default)]
    pub proves: Vec<String>,
    /// The runbook that is run.
    #[serde(default)]
    pub runbook: Option<String>,
    /// Which milestone it is part of.
    #[serde(default)]
    pub milestone: Option<String>,
}

/// The end of a phase.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Milestone {
    /// Short name.
    pub id: String,
    /// For people.
    pub title: String,
    /// First day of the phase.
    pub from_day: i32,
    /// Last day of the phase.
    pub to_day: i32,
    /// How long its authors say it is.
    #[serde(default)]
    pub stated_length: Option<Length>,
}

/// What recurs: standups, reviews.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Meeting {
    /// Short name.
    pub id: String,
    /// For people.
    pub title: String,
    /// What it is about: two cadences for one topic over the same days contradict each other.
    #[serde(default)]
    pub topic: Option<String>,
    /// First day.
    pub from_day: i32,
    /// Last day.
    pub to_day: i32,
    /// Every so many days.
    #[serde(default = "daily")]
    pub every_days: u32,
    /// Times of day.
    #[serde(default)]
    pub at: Vec<String>,
    /// How long its authors say it is.
    #[serde(default)]
    pub stated_length: Option<Length>,
    /// In order.
    #[serde(default)]
    pub agenda: Vec<AgendaItem>,
    /// Who comes.
    #[serde(default)]
    pub attendees: Vec<String>,
}

const fn daily() -> u32 {
    1
}

/// One point of an agenda.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgendaItem {
    /// For people.
    pub text: String,
    /// How long.
    #[serde(default)]
    pub length: Length,
    /// What is looked at: checks or metrics.
    #[serde(default)]
    pub shows: Vec<String>,
}

/// Who is told what, when.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Announcement {
    /// Short name.
    pub id: String,
    /// So long before the window opens.
    #[serde(default)]
    pub before: Option<Length>,
    /// When it opens.
    #[serde(default)]
    pub during: bool,
    /// So long after it is done.
    #[serde(default)]
    pub after: Option<Length>,
    /// `status-page`, `webhook`, `mail`.
    pub to: Vec<String>,
    /// What.
    pub text: String,
}
