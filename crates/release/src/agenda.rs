//! The agenda of a meeting, written by what is known: what each point shows, what is open, what was skipped.
//!
//! Enters: a release at a moment. Leaves: an agenda as data and as Markdown. Never here: what was decided in it (that is a row).

mod markdown;

use jiff::Timestamp;
use serde::Serialize;

use crate::decision::findings;
use crate::incident::{Status, measures};
use crate::meeting::{Occurrence, Standing, length, planned};
use crate::moment::{Moment, Who};
use crate::policy::{AgendaItem, FromIncidents, Meeting};
use crate::reviews::{OpenFinding, open};
use crate::schedule::{Due, DueKind, DueState, PlannedTask, dues, late, proof, schedule, since};
use crate::{Figure, Length, later};

pub use markdown::markdown;

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Agenda {
    /// The meeting's `id` in the policy.
    pub meeting: String,
    /// For people.
    pub title: String,
    /// Of which release.
    pub release: String,
    /// The occurrence that is going on or comes next, else the last one; absent while day 0 has no date.
    pub occurrence: Option<Occurrence>,
    /// Who comes.
    pub attendees: Vec<Who>,
    /// In order, each with its time.
    pub items: Vec<Item>,
    /// What came of the last time it was held.
    pub last: Option<Occurrence>,
    /// Findings that are not gone, the blocking ones first.
    pub findings: Vec<OpenFinding>,
    /// Tasks that should be done, the latest first.
    pub late: Vec<LateTask>,
    /// Conditions of the GO that are not met.
    pub conditions: Vec<Due>,
    /// Incidents that are open, and those since the last time.
    pub incidents: Vec<IncidentLine>,
    /// Occurrences that nobody came to.
    pub skipped: Vec<Occurrence>,
}

/// One point.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Item {
    /// When it begins; absent where the meeting has no time of day.
    pub from: Option<Timestamp>,
    /// When it ends.
    pub to: Option<Timestamp>,
    /// For people.
    pub text: String,
    /// How long.
    pub length: Length,
    /// What is looked at.
    pub shows: Vec<Shown>,
}

/// What is known of a check or a metric.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Shown {
    /// A check.
    Check {
        /// Its `id` in the policy.
        id: String,
        /// For people.
        title: String,
        /// `passed`, `failed` or `unknown`.
        answer: &'static str,
        /// Why it has not passed.
        why: String,
        /// How old the answer is.
        age: Option<Length>,
    },
    /// A metric.
    Metric {
        /// Its `id` in the policy.
        id: String,
        /// For people.
        title: String,
        /// Of its figures.
        unit: String,
        /// The newest ones; none: nobody has measured it.
        figures: Vec<Shot>,
    },
    /// The policy has neither.
    Unknown {
        /// As it is written.
        id: String,
    },
}

/// A measured value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Shot {
    /// As in `latency@0.99/5m`.
    pub name: String,
    /// In the metric's unit.
    pub value: Figure,
    /// How old it is.
    pub age: Length,
}

/// A task that should be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LateTask {
    /// Its `id` in the policy.
    pub id: String,
    /// For people.
    pub title: String,
    /// Who does it.
    pub owner: Option<Who>,
    /// Since when.
    pub late_by: Option<Length>,
    /// It stands in the way of the release.
    pub must: bool,
}

/// An incident in a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IncidentLine {
    /// Its id.
    pub id: String,
    /// Of the policy.
    pub severity: String,
    /// For people.
    pub title: String,
    /// `open` and so on.
    pub status: &'static str,
    /// When it was first opened.
    pub opened: Timestamp,
}

/// The agenda of a meeting; `None`: the plan has no such meeting.
pub fn agenda(moment: &Moment<'_>, meeting: &str) -> Option<Agenda> {
    let meeting = moment.policy().plan.meetings.iter().find(|known| known.id == meeting)?;
    let dated = planned(moment, meeting);
    let of = |state: Standing| dated.occurrences.iter().filter(move |one| one.state == state).cloned();
    let occurrence = dated.next.clone().or_else(|| dated.occurrences.last().cloned());
    let due = occurrence.as_ref().map(|occurrence| occurrence.due);
    let before = dated.occurrences.iter().rev().find(|one| due.is_some_and(|due| one.due < due));
    let last_time = before.map(|before| before.due);
    let schedule = schedule(moment);
    let found = moment.case().map(|case| findings(&case)).unwrap_or_default();
    Some(Agenda {
        meeting: meeting.id.clone(),
        title: meeting.title.clone(),
        release: moment.state.of.clone(),
        attendees: dated.attendees,
        items: items(moment, meeting, occurrence.as_ref(), last_time),
        last: of(Standing::Held).next_back(),
        findings: open(found.iter()),
        late: late(&schedule).into_iter().map(late_task).collect(),
        conditions: dues(moment)
            .into_iter()
            .filter(|due| due.kind == DueKind::Condition && due.state != DueState::Done)
            .collect(),
        incidents: incidents(moment, last_time),
        skipped: of(Standing::Skipped).collect(),
        occurrence,
    })
}

fn late_task(task: &PlannedTask) -> LateTask {
    LateTask {
        id: task.id.clone(),
        title: task.title.clone(),
        owner: task.owner.clone(),
        late_by: task.late_by,
        must: task.must,
    }
}

/// Points without a length share what the others leave, to whole minutes.
fn items(
    moment: &Moment<'_>,
    meeting: &Meeting,
    occurrence: Option<&Occurrence>,
    last_time: Option<Timestamp>,
) -> Vec<Item> {
    let said: Length = meeting.agenda.iter().map(|item| item.length).sum();
    let silent = meeting.agenda.iter().filter(|item| item.length == Length::ZERO).count();
    let share = (length(meeting) - said).as_seconds() / 60 / u64::try_from(silent.max(1)).unwrap_or(1);
    let mut at = occurrence.filter(|occurrence| !occurrence.whole_day).map(|occurrence| occurrence.due);
    let item = |item: &AgendaItem| {
        let length = if item.length == Length::ZERO { Length::minutes(share) } else { item.length };
        let from = at;
        at = at.map(|at| later(at, length));
        let shows = item.shows.iter().map(|id| shown(moment, id, last_time)).collect();
        Item { from, to: at, text: item.text.clone(), length, shows }
    };
    meeting.agenda.iter().map(item).collect()
}

fn shown(moment: &Moment<'_>, id: &str, last_time: Option<Timestamp>) -> Shown {
    let policy = moment.policy();
    if let Some(check) = policy.checks.iter().find(|check| check.id == id) {
        let case = moment.case();
        let proof = proof(case.as_ref(), id);
        let settled = case.and_then(|case| case.settled(check));
        let taken = settled.map(|settled| settled.evidence.observed.taken);
        return Shown::Check {
            id: id.to_owned(),
            title: check.title.clone(),
            answer: proof.answer,
            why: proof.why,
            age: taken.map(|taken| since(taken, moment.now)),
        };
    }
    let Some(metric) = policy.metrics.iter().find(|metric| metric.id == id) else {
        return Shown::Unknown { id: id.to_owned() };
    };
    let figures = match metric.from_incidents {
        Some(from) => of_incidents(moment, from, last_time),
        None => moment.case().map(|case| case.figures_of(id)).unwrap_or_default(),
    };
    let shot = |(name, value, taken): (String, Figure, Timestamp)| Shot {
        name,
        value,
        age: since(taken, moment.now),
    };
    Shown::Metric {
        id: id.to_owned(),
        title: metric.title.clone(),
        unit: metric.unit.clone(),
        figures: figures.into_iter().map(shot).collect(),
    }
}

/// Since the last time, or since the release was opened.
fn of_incidents(
    moment: &Moment<'_>,
    from: FromIncidents,
    last_time: Option<Timestamp>,
) -> Vec<(String, Figure, Timestamp)> {
    let Some(begin) = last_time.or_else(|| moment.opened()) else { return Vec::new() };
    let Some(service) = moment.service() else { return Vec::new() };
    let figures = measures(&service.incidents, None, begin, moment.now.max(begin));
    let (name, value) = match from {
        FromIncidents::Count => ("since the last time", i64::try_from(figures.incidents).ok()),
        FromIncidents::TimeToRestore => {
            ("seconds until service was back, mean", figures.mitigate.mean.map(|mean| mean.as_secs()))
        }
    };
    value.map(|value| (name.to_owned(), Figure::whole(value), moment.now)).into_iter().collect()
}

fn incidents(moment: &Moment<'_>, last_time: Option<Timestamp>) -> Vec<IncidentLine> {
    let Some(service) = moment.service() else { return Vec::new() };
    let all = service.incidents.incidents.values();
    let news = |at: Timestamp| last_time.is_some_and(|last| at >= last);
    let wanted = all.filter(|one| one.status() != Status::Resolved || news(one.opened.at));
    let mut lines: Vec<IncidentLine> = wanted
        .map(|one| IncidentLine {
            id: one.id().to_owned(),
            severity: one.severity.clone(),
            title: one.opened.title.clone(),
            status: one.status().as_str(),
            opened: one.opened.at,
        })
        .collect();
    lines.sort_by(|one, other| (one.opened, &one.id).cmp(&(other.opened, &other.id)));
    lines
}
