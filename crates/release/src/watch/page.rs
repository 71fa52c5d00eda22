//! What users are told: what is up, what happened, what is going on.
//!
//! Enters: for each service its policy, its rows, what of the running hour is known. Leaves: plain data. Never here: addresses, reasons,
//! titles of incidents: only words that were written for users, titles of checks, and figures.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::recorder::is_stale;
use super::{Condition, Counts, Histories, Place, Watched, watched};
use crate::incident;
use crate::incident::{Condition as Stage, status_entries};
use crate::ledger::event::Event;
use crate::policy::Policy;

/// So many days are shown.
pub const DAYS: u32 = 90;
/// What is over is shown so long, days.
const RECENT_DAYS: i64 = 14;
/// Most incidents and notices that are shown of each service, newest first.
const NEWS_MAX: usize = 20;
/// The channel of announcements that are shown.
pub const CHANNEL: &str = "status-page";

/// What one service brings along.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// What it demands.
    pub policy: &'a Policy,
    /// Its rows, without those of other rooms.
    pub records: &'a [Event],
    /// All rows about its incidents.
    pub incidents: &'a [incident::event::Event],
    /// What is not written yet, of some checks.
    pub running: &'a [Running],
}

/// What whoever asks a check knows beyond the rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Running {
    /// Which; absent: of none.
    pub place: Option<Place>,
    /// When it was last asked.
    pub asked: Option<Timestamp>,
    /// What stands now.
    pub condition: Condition,
    /// Since when.
    pub since: Option<Timestamp>,
    /// Hours that are not written.
    pub hours: Vec<(Timestamp, Counts)>,
}

/// All of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// When.
    pub at: Timestamp,
    /// In one word.
    pub overall: Overall,
    /// By name.
    pub services: Vec<ServicePart>,
    /// Open ones first.
    pub incidents: Vec<News>,
    /// Newest first.
    pub notices: Vec<Notice>,
}

/// How it is altogether.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overall {
    /// All is up.
    Operational,
    /// Of something nobody knows; the rest is up.
    Unknown,
    /// Something is down.
    PartialOutage,
    /// All is down.
    MajorOutage,
}

/// One service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServicePart {
    /// Its name.
    pub service: String,
    /// For people.
    pub title: String,
    /// In the order of the policy.
    pub components: Vec<Component>,
}

/// One check in one environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Component {
    /// For people.
    pub title: String,
    /// How it is.
    pub condition: Condition,
    /// Since when; absent: nobody knows.
    pub since: Option<Timestamp>,
    /// When it was last asked; absent: only rows are known.
    pub asked: Option<Timestamp>,
    /// The last 24 hours, to the hour.
    pub last_day: Counts,
    /// Mean time of an answer in these, milliseconds.
    pub mean_ms: Option<u64>,
    /// Oldest first.
    pub days: Vec<Day>,
}

impl Component {
    /// All days together.
    pub fn total(&self) -> Counts {
        self.days.iter().fold(Counts::default(), |mut sum, day| {
            sum.add(&day.counts);
            sum
        })
    }
}

/// One day in the service's zone; hours belong to the day in which they begin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Day {
    /// Which.
    pub date: Date,
    /// What came of asking.
    #[serde(flatten)]
    pub counts: Counts,
}

/// An incident in the words for users.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct News {
    /// Its id.
    pub incident: String,
    /// The service's title.
    pub service: String,
    /// `investigating`, `identified`, `monitoring` or `resolved`.
    pub stage: String,
    /// First opened.
    pub since: Timestamp,
    /// Oldest first.
    pub updates: Vec<Words>,
}

/// One line of news.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    /// When.
    pub at: Timestamp,
    /// Where it stood then.
    pub stage: String,
    /// What, as it was written.
    pub text: String,
}

/// An announcement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// When.
    pub at: Timestamp,
    /// The service's title.
    pub service: String,
    /// What.
    pub text: String,
}

/// The page at `at`.
pub fn page(at: Timestamp, sources: &[Source<'_>]) -> Page {
    let services: Vec<ServicePart> = sources.iter().map(|source| part(at, source)).collect();
    let mut incidents: Vec<News> = sources.iter().flat_map(|source| news(at, source)).collect();
    incidents.sort_by_key(|news| (news.stage == Stage::Resolved.as_str(), std::cmp::Reverse(news.since)));
    let mut notices: Vec<Notice> = sources.iter().flat_map(|source| notices(at, source)).collect();
    notices.sort_by_key(|notice| std::cmp::Reverse(notice.at));
    Page { at, overall: overall(&services), services, incidents, notices }
}

fn overall(services: &[ServicePart]) -> Overall {
    let all = || services.iter().flat_map(|part| &part.components).map(|component| component.condition);
    let none = all().next().is_none();
    if !none && all().all(|condition| condition == Condition::Down) {
        Overall::MajorOutage
    } else if all().any(|condition| condition == Condition::Down) {
        Overall::PartialOutage
    } else if none || all().any(|condition| condition == Condition::Unknown) {
        Overall::Unknown
    } else {
        Overall::Operational
    }
}

fn title(policy: &Policy) -> String {
    let service = &policy.service;
    if service.title.is_empty() { service.name.clone() } else { service.title.clone() }
}

fn part(at: Timestamp, source: &Source<'_>) -> ServicePart {
    let histories = Histories::fold(source.records);
    let zone = source.policy.service.zone.as_deref().and_then(|zone| TimeZone::get(zone).ok());
    let zone = zone.unwrap_or(TimeZone::UTC);
    let public = watched(source.policy).into_iter().filter(|watched| watched.public);
    let components =
        public.map(|watched| component(at, &watched, &histories, source.running, &zone)).collect();
    ServicePart { service: source.policy.service.name.clone(), title: title(source.policy), components }
}

/// One check at `at`, public or not: rows, with what is not written yet.
pub fn component(
    at: Timestamp,
    watched: &Watched,
    histories: &Histories,
    running: &[Running],
    zone: &TimeZone,
) -> Component {
    let mut history = histories.of(&watched.place);
    let stale = is_stale(watched, &history, at);
    let running = running.iter().find(|running| running.place.as_ref() == Some(&watched.place));
    for (from, counts) in running.iter().flat_map(|running| &running.hours) {
        history.add(*from, counts);
    }
    let asked = running.and_then(|running| running.asked);
    let (condition, since) = match (running, asked) {
        (Some(running), Some(asked)) => {
            let allowed = SignedDuration::from_secs(watched.stale_after().signed_seconds());
            let fresh = asked.checked_add(allowed).is_ok_and(|end| end >= at);
            if fresh { (running.condition, running.since) } else { (Condition::Unknown, Some(asked)) }
        }
        _ if stale => (Condition::Unknown, history.proven_until()),
        _ => (history.condition, history.since),
    };
    let last_day = history.since(back(at, 1));
    Component {
        title: watched.title.clone(),
        condition,
        since,
        asked,
        last_day,
        mean_ms: last_day.mean_ms(),
        days: history.days(zone, at, DAYS).into_iter().map(|(date, counts)| Day { date, counts }).collect(),
    }
}

fn back(at: Timestamp, days: i64) -> Timestamp {
    at.checked_sub(SignedDuration::from_hours(24 * days)).unwrap_or(Timestamp::MIN)
}

fn news(at: Timestamp, source: &Source<'_>) -> Vec<News> {
    let recent = back(at, RECENT_DAYS);
    let is_shown = |stage: Stage, newest: Option<Timestamp>| {
        stage != Stage::Resolved || newest.is_some_and(|newest| newest >= recent)
    };
    status_entries(source.incidents)
        .into_iter()
        .filter(|entry| is_shown(entry.condition, entry.updates.last().map(|update| update.at)))
        .take(NEWS_MAX)
        .map(|entry| News {
            incident: entry.incident,
            service: title(source.policy),
            stage: entry.condition.as_str().to_owned(),
            since: entry.since,
            updates: entry
                .updates
                .into_iter()
                .map(|update| Words {
                    at: update.at,
                    stage: update.condition.as_str().to_owned(),
                    text: update.text,
                })
                .collect(),
        })
        .collect()
}

fn notices(at: Timestamp, source: &Source<'_>) -> Vec<Notice> {
    let recent = back(at, RECENT_DAYS);
    let announced = source.records.iter().rev().filter_map(|row| match row {
        Event::Announced(row) if row.channel == CHANNEL && row.at >= recent => Some(row),
        _ => None,
    });
    announced
        .take(NEWS_MAX)
        .map(|row| Notice { at: row.at, service: title(source.policy), text: row.text.clone() })
        .collect()
}
