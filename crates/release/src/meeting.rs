//! Recurring reviews with their dates: which are due, which were held, which nobody came to.
//!
//! Enters: a release at a moment. Leaves: occurrences. Never here: what is talked about (that is `agenda`).
//!
//! An occurrence without a time of day takes its whole day. Others last as long as all points of their agenda together, or an
//! hour. The newest row about an occurrence counts.

use jiff::Timestamp;
use serde::Serialize;

use crate::day::Days;
use crate::decision::Outcome;
use crate::ledger::Brief;
use crate::ledger::event::MeetingNoted;
use crate::moment::{Moment, Who};
use crate::policy::Meeting;
use crate::promotion::deployments;
use crate::{Length, later};

/// More occurrences of one meeting than this are not listed: a day each for more than ten years.
pub const OCCURRENCES_MAX: usize = 4_000;

/// So long after it is over, an occurrence that nobody noted is skipped.
pub const GRACE: Length = Length::minutes(60);

/// A meeting with its dates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Planned {
    /// Its `id` in the policy.
    pub id: String,
    /// For people.
    pub title: String,
    /// What it is about.
    pub topic: Option<String>,
    /// Who comes.
    pub attendees: Vec<Who>,
    /// In order; none while day 0 has no date.
    pub occurrences: Vec<Occurrence>,
    /// The one that is going on or comes next.
    pub next: Option<Occurrence>,
    /// So many were held.
    pub held: usize,
    /// So many were skipped.
    pub skipped: usize,
}

/// One occurrence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Occurrence {
    /// Day of the plan.
    pub day: i32,
    /// When it begins.
    pub due: Timestamp,
    /// When it is over.
    pub over: Timestamp,
    /// Any time of that day.
    pub whole_day: bool,
    /// Where it stands.
    pub state: Standing,
    /// What came of it, or why not.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// Who wrote that; empty: control, or nobody yet.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub by: String,
}

/// Where an occurrence stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It took place.
    Held,
    /// It did not, or nobody has noted it within [`GRACE`].
    Skipped,
    /// It is over, and there is still time to note it.
    ToNote,
    /// It was over before the release was opened, a newer release has taken over, or this one never went: nothing is asked.
    NotAsked,
    /// It is going on.
    Now,
    /// It is still to come.
    Ahead,
}

/// All meetings of the plan, in its order.
pub fn meetings(moment: &Moment<'_>) -> Vec<Planned> {
    let asked = Asked::of(moment);
    moment.policy().plan.meetings.iter().map(|meeting| with(moment, &asked, meeting)).collect()
}

/// Occurrences that nobody has noted though they have to be: control writes a row about each.
pub fn unnoted(moment: &Moment<'_>) -> Vec<(String, Occurrence)> {
    let all = meetings(moment).into_iter().flat_map(|planned| {
        let id = planned.id;
        planned.occurrences.into_iter().map(move |occurrence| (id.clone(), occurrence))
    });
    let silent = |(id, occurrence): &(String, Occurrence)| {
        occurrence.state == Standing::Skipped && noted(moment, id, occurrence.due).is_none()
    };
    all.filter(silent).collect()
}

pub(crate) fn planned(moment: &Moment<'_>, meeting: &Meeting) -> Planned {
    with(moment, &Asked::of(moment), meeting)
}

fn with(moment: &Moment<'_>, asked: &Asked, meeting: &Meeting) -> Planned {
    let occurrences = occurrences(moment, asked, meeting);
    let count = |state: Standing| occurrences.iter().filter(|occurrence| occurrence.state == state).count();
    let next = |occurrence: &&Occurrence| matches!(occurrence.state, Standing::Now | Standing::Ahead);
    Planned {
        id: meeting.id.clone(),
        title: meeting.title.clone(),
        topic: meeting.topic.clone(),
        attendees: meeting.attendees.iter().map(|role| Who::of(moment.policy(), role)).collect(),
        next: occurrences.iter().find(next).cloned(),
        held: count(Standing::Held),
        skipped: count(Standing::Skipped),
        occurrences,
    }
}

fn occurrences(moment: &Moment<'_>, asked: &Asked, meeting: &Meeting) -> Vec<Occurrence> {
    let days = moment.days();
    let step = usize::try_from(meeting.every_days.max(1)).unwrap_or(usize::MAX);
    let dates = (meeting.from_day..=meeting.to_day).step_by(step);
    let dated = dates.take(OCCURRENCES_MAX).flat_map(|day| on_day(&days, meeting, day));
    let mut all: Vec<Occurrence> = dated
        .take(OCCURRENCES_MAX)
        .map(|occurrence| judged(moment, asked, &meeting.id, occurrence))
        .collect();
    all.sort_by_key(|occurrence| occurrence.due);
    all
}

fn on_day(days: &Days, meeting: &Meeting, day: i32) -> Vec<Occurrence> {
    let occurrence = |due: Timestamp, over: Timestamp, whole_day: bool| Occurrence {
        day,
        due,
        over,
        whole_day,
        state: Standing::Ahead,
        text: String::new(),
        by: String::new(),
    };
    if meeting.at.is_empty() {
        let whole = days.begin(day, None).zip(days.end(day, None));
        return whole.map(|(due, over)| occurrence(due, over, true)).into_iter().collect();
    }
    let begins = meeting.at.iter().filter_map(|at| days.begin(day, Some(at)));
    begins.map(|due| occurrence(due, later(due, length(meeting)), false)).collect()
}

fn judged(moment: &Moment<'_>, asked: &Asked, meeting: &str, occurrence: Occurrence) -> Occurrence {
    let now = moment.now;
    if let Some(row) = noted(moment, meeting, occurrence.due) {
        let state = if row.held { Standing::Held } else { Standing::Skipped };
        return Occurrence { state, text: row.text.clone(), by: row.by.clone(), ..occurrence };
    }
    let state = if now < occurrence.due {
        Standing::Ahead
    } else if now < occurrence.over {
        Standing::Now
    } else if !asked.is_asked(&occurrence) {
        Standing::NotAsked
    } else if now < later(occurrence.over, GRACE) {
        Standing::ToNote
    } else {
        Standing::Skipped
    };
    Occurrence { state, ..occurrence }
}

/// From when until when a release is asked for its meetings.
struct Asked {
    /// When it was opened.
    from: Option<Timestamp>,
    /// When a newer release for the same environment began, or got its GO.
    until: Option<Timestamp>,
    /// It began, or has a GO: meetings from day 0 on take place.
    went: bool,
}

impl Asked {
    fn of(moment: &Moment<'_>) -> Asked {
        let (policy, ledger) = (moment.policy(), moment.ledger);
        let went = |of: &Brief<'_>| {
            let runs = deployments(ledger, policy, of.artefact, of.environment);
            let go = of.decided.filter(|(outcome, _)| *outcome != Outcome::NoGo).map(|(_, at)| at);
            runs.first().map(|run| run.began).into_iter().chain(go).min()
        };
        let found = moment.service().and_then(|service| Some((service, service.brief(&moment.state.of)?)));
        let Some((service, release)) = found else {
            return Asked { from: None, until: None, went: false };
        };
        // From the newest back to this one.
        let newer = service.opened.iter().rev().take_while(|id| **id != moment.state.of);
        let rivals = newer
            .filter_map(|id| service.brief(id))
            .filter(|other| other.environment == release.environment && other.artefact != release.artefact);
        let until = rivals.filter_map(|other| went(&other)).min();
        Asked { from: Some(release.opened), until, went: went(&release).is_some() }
    }

    fn is_asked(&self, occurrence: &Occurrence) -> bool {
        self.from.is_some_and(|from| from <= occurrence.over)
            && self.until.is_none_or(|until| occurrence.due < until)
            && (occurrence.day < 0 || self.went)
    }
}

/// The newest row about an occurrence.
fn noted<'a>(moment: &Moment<'a>, meeting: &str, due: Timestamp) -> Option<&'a MeetingNoted> {
    moment.service()?.meeting_noted(&moment.state.of, meeting, due)
}

/// How long it takes: all points of its agenda, where each says how long; else an hour, or longer if they need it. What its authors
/// state is a claim.
pub(crate) fn length(meeting: &Meeting) -> Length {
    let points: Length = meeting.agenda.iter().map(|item| item.length).sum();
    let all_say = meeting.agenda.iter().all(|item| item.length > Length::ZERO);
    if all_say && !meeting.agenda.is_empty() {
        return points;
    }
    Length::minutes(60).max(points)
}
