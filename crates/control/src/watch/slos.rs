//! Objectives of one service in one environment, judged from its own metrics and from its synthetic checks.
//!
//! Enters: `/metrics` of the environment, answers of checks. Leaves: how each objective stands. Never here: the arithmetic (that is
//! `release::slo::evaluate`).
//!
//! All of it is in memory: a budget counts from the start of this process.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use release::Policy;
use release::calendar::Calendars;
use release::slo::burn::Urgency;
use release::slo::evaluate::Room;
use release::slo::evaluate::{Data, State, Status};
use release::slo::exposition::{Exposition, Series, samples_for, series};
use release::slo::signal::{PROBE_METRIC, Signal};
use release::slo::{Evaluator, Objective, objectives};
use release::watch::{Condition, watched};
use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval};

use super::fire;
use crate::Control;
use crate::probe::{Context, fetch};

/// Between two looks.
const EVERY: Duration = Duration::from_secs(15);
/// A step of the clock that is none, but drift.
const STEP_MOST: SignedDuration = SignedDuration::from_mins(1);
/// For an answer.
const LIMIT: Duration = Duration::from_secs(10);

/// How one objective stands.
#[derive(Clone, Debug)]
pub(super) struct Judged {
    pub(super) objective: Arc<Objective>,
    /// Nothing from before counts.
    pub(super) observed_since: Timestamp,
    pub(super) status: Status,
    /// There were data at some time since.
    pub(super) seen: bool,
    /// Why the newest metrics could not be read; absent: they could, or are not asked for.
    pub(super) lost: Option<String>,
}

impl Judged {
    /// Alerts that are raised: name, since when, whether somebody is to be woken. That data are missing is one only where there were
    /// any: what is not exposed here at all may well be known to a Prometheus.
    pub(super) fn firing(&self) -> impl Iterator<Item = (&str, Timestamp, bool)> {
        let absent = self.objective.alert("absent");
        self.status.alerts.iter().filter_map(move |(name, state)| match state {
            State::Firing { since } if self.seen || *name != absent => {
                Some((&**name, *since, self.pages(name)))
            }
            _ => None,
        })
    }

    /// True for an alert that wakes somebody up.
    pub(super) fn pages(&self, name: &str) -> bool {
        let alerts = &self.objective.burn.alerts;
        let burn = alerts.iter().find(|alert| self.objective.alert(alert.name) == name);
        burn.map_or(name == self.objective.alert("absent"), |alert| alert.urgency == Urgency::Page)
    }
}

/// One objective while it is judged.
struct Watch {
    objective: Arc<Objective>,
    evaluator: Evaluator,
    seen: bool,
}

/// Looks again and again until control's end is asked for.
pub(super) async fn judge(
    control: Arc<Control>,
    policy: Arc<Policy>,
    environment: String,
    context: Arc<Context>,
) {
    let service = policy.service.name.clone();
    let since = control.book.now();
    let today = since.to_zoned(TimeZone::UTC).date();
    let known: Vec<Objective> = match objectives(&policy, &Calendars::builtin(), today) {
        Ok(known) => known,
        Err(faults) => {
            for fault in faults {
                tracing::warn!(%service, %fault, "no objective of this service is judged");
            }
            return;
        }
    };
    if known.is_empty() {
        return;
    }
    let begin = || known.iter().cloned().map(|one| Watch::new(one, control.watch.room())).collect::<Vec<_>>();
    let mut all = begin();
    let scraped = all.iter().any(|watch| !watch.is_probe())
        && policy.environments.iter().any(|place| place.id == environment && place.url.is_some());
    let mut steady = Steady::new(since, control.book.clock().mono());
    let mut pace = interval(EVERY);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        pace.tick().await;
        let text = match scraped {
            true => scrape(&environment, &context, &control).await,
            false => Err("the environment has no `url`, whose /metrics could be read".to_owned()),
        };
        let wall = control.book.now();
        let probes = probes(&control, &policy, &environment, wall);
        let Some(now) = steady.at(wall, control.book.clock().mono()) else {
            tracing::warn!(%service, %environment, "the clock was set: objectives are judged anew from now on");
            steady = Steady::new(wall, control.book.clock().mono());
            all = begin();
            continue;
        };
        // Reading and judging a large text takes a while.
        let since = steady.wall;
        let done = spawn_blocking(move || {
            let judged = look(&mut all, now, since, &text, &probes);
            (all, judged)
        });
        let Ok((watches, judged)) = done.await else {
            tracing::error!(%service, %environment, "judging broke off: objectives are judged anew from now on");
            steady = Steady::new(wall, control.book.clock().mono());
            all = begin();
            continue;
        };
        all = watches;
        control.watch.judge(&service, &environment, judged);
        fire::look(&control).await;
    }
}

/// The clock on the wall as it was, and on from there without its steps.
struct Steady {
    wall: Timestamp,
    mono: Instant,
}

impl Steady {
    const fn new(wall: Timestamp, mono: Instant) -> Steady {
        Steady { wall, mono }
    }

    /// `None`: the clock on the wall was set meanwhile, by more than a minute.
    fn at(&self, wall: Timestamp, mono: Instant) -> Option<Timestamp> {
        let gone = SignedDuration::try_from(mono.saturating_duration_since(self.mono)).ok()?;
        let steady = self.wall.checked_add(gone).ok()?;
        (wall.duration_since(steady).abs() <= STEP_MOST).then_some(steady)
    }
}

/// Judges all objectives by what the environment says.
fn look(
    all: &mut [Watch],
    now: Timestamp,
    since: Timestamp,
    text: &Result<String, String>,
    probes: &[Series<'_>],
) -> Vec<Judged> {
    let metrics = text
        .as_deref()
        .map_err(Clone::clone)
        .and_then(|text| series(text).map_err(|malformed| malformed.to_string()));
    all.iter_mut().map(|watch| watch.look(now, since, &metrics, probes)).collect()
}

async fn scrape(environment: &str, context: &Arc<Context>, control: &Control) -> Result<String, String> {
    let body = fetch("{env}/metrics", environment, context, LIMIT, &control.cancel).await?;
    String::from_utf8(body).map_err(|_| "the metrics are no UTF-8".to_owned())
}

/// The newest answers of this environment's checks, as a gauge.
fn probes(control: &Control, policy: &Policy, environment: &str, now: Timestamp) -> Vec<Series<'static>> {
    let here = watched(policy).into_iter().filter(|watched| watched.place.environment == environment);
    here.filter_map(|watched| {
        let key = (policy.service.name.clone(), watched.place.clone());
        let (asked, newest) = control.watch.with(&key, |recorder| (recorder.asked(), recorder.newest()))?;
        let age = now.duration_since(asked?).as_secs();
        let value = match newest {
            _ if age > watched.stale_after().signed_seconds() => return None,
            Condition::Up => 1.0,
            Condition::Down => 0.0,
            Condition::Unknown => return None,
        };
        let labels = vec![("check", Cow::Owned(watched.place.check))];
        Some(Series { name: PROBE_METRIC, labels, value })
    })
    .collect()
}

impl Watch {
    fn new(objective: Objective, room: Room) -> Watch {
        let evaluator = Evaluator::new(objective.clone(), room);
        Watch { objective: Arc::new(objective), evaluator, seen: false }
    }

    const fn is_probe(&self) -> bool {
        matches!(self.evaluator.objective().signal, Signal::Probe { .. })
    }

    fn look(
        &mut self,
        now: Timestamp,
        since: Timestamp,
        metrics: &Result<Exposition<'_>, String>,
        probes: &[Series<'_>],
    ) -> Judged {
        let is_probe = self.is_probe();
        let known = if is_probe { Ok(probes) } else { metrics.as_ref().map(|metrics| &*metrics.series) };
        if let (Ok(metrics), false) = (metrics, is_probe) {
            let refused = metrics.refused.iter().filter(|(name, _)| self.objective.signal.reads(name));
            self.evaluator.refuse(refused.map(|(_, count)| count).sum());
        }
        match known {
            Ok(all) => samples_for(&self.objective, all, |samples| self.evaluator.ingest(now, samples)),
            Err(_) => self.evaluator.lost(now),
        }
        let status = self.evaluator.evaluate(now);
        self.seen |= !matches!(status.data, Data::Missing { .. });
        Judged {
            objective: Arc::clone(&self.objective),
            observed_since: since,
            status,
            seen: self.seen,
            lost: known.err().cloned(),
        }
    }
}

#[cfg(test)]
mod tests;
