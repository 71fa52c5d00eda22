//! One criterion.

use jiff::Timestamp;

use super::{BUDGET_LEFT, Judged, Verdict};
use crate::Figure;
use crate::evidence::Question;
use crate::incident::measures;
use crate::later;
use crate::ledger::event::Event;
use crate::moment::Moment;
use crate::policy::{Criterion, FromIncidents, Indicator, Metric, Need, Slo, Target};
use crate::proof::{Case, Known};
use crate::scorecard::{Asked, compared, figure_name, newest};
use crate::slo::budget::ErrorBudget;
use crate::timing::Timing;

/// What is looked at, beside the criterion.
struct Look<'a> {
    moment: &'a Moment<'a>,
    case: Case<'a>,
    /// From here on something is about the release.
    from: Option<Timestamp>,
    /// Up to here; now, while that is still to come.
    to: Timestamp,
}

type Found = (Verdict, String);

pub(super) fn judge(
    moment: &Moment<'_>,
    timing: &Timing,
    criterion: &Criterion,
    due: Option<Timestamp>,
) -> Judged {
    let found = moment.case().map(|case| {
        let to = due.map_or(moment.now, |due| due.min(moment.now));
        let look = Look { moment, case, from: timing.begins, to };
        look.at(criterion)
    });
    let (verdict, why) = found.unwrap_or_else(|| (Verdict::NotKnown, "no release is opened".to_owned()));
    let need = match criterion.need {
        Need::Must => "must",
        Need::Should => "should",
        Need::Nice => "nice",
    };
    Judged {
        id: criterion.id.clone(),
        text: criterion.text.clone(),
        need: need.to_owned(),
        verdict,
        why,
        milestone: criterion.milestone.as_ref().map(|id| milestone(moment, id)),
    }
}

/// `p0-tests: 2 of 3 tasks are done`
fn milestone(moment: &Moment<'_>, id: &str) -> String {
    let tasks = moment.policy().plan.tasks.iter().filter(|task| task.milestone.as_deref() == Some(id));
    let (mut all, mut done) = (0, 0);
    for task in tasks {
        all += 1;
        let undone = moment.case().is_none_or(|case| !crate::decision::undone(&case, task).is_empty());
        done += usize::from(!undone);
    }
    format!("{id}: {done} of {all} tasks are done")
}

impl Look<'_> {
    /// By every demand that the criterion has: all of them have to be met.
    fn at(&self, criterion: &Criterion) -> Found {
        let target = criterion.target.as_ref().map(|target| self.target(target));
        let slo = criterion.slo.as_ref().map(|slo| self.slo(slo));
        let checks = (!criterion.checks.is_empty()).then(|| self.checks(&criterion.checks));
        let found: Vec<Found> = target.into_iter().chain(slo).chain(checks).collect();
        let has = |wanted: Verdict| found.iter().any(|(verdict, _)| *verdict == wanted);
        let verdict = if has(Verdict::NotMet) {
            Verdict::NotMet
        } else if has(Verdict::NotKnown) || found.is_empty() {
            Verdict::NotKnown
        } else {
            Verdict::Met
        };
        let why: Vec<String> = found.into_iter().map(|(_, why)| why).collect();
        let nothing = || "it names neither a target nor an objective nor checks".to_owned();
        (verdict, if why.is_empty() { nothing() } else { why.join("; ") })
    }

    fn checks(&self, ids: &[String]) -> Found {
        let (mut failed, mut unknown) = (Vec::new(), Vec::new());
        for id in ids {
            match self.case.ask(id) {
                Ok(Known::Passed) => {}
                Ok(Known::Failed(why)) => failed.push(format!("check `{id}` failed: {why}")),
                Err(lack) => unknown.push(format!("check `{id}`: {lack}")),
            }
        }
        match (failed.is_empty(), unknown.is_empty()) {
            (true, true) => (Verdict::Met, format!("all of {} passed", ids.join(", "))),
            (true, false) => (Verdict::NotKnown, unknown.join("; ")),
            (false, _) => (Verdict::NotMet, failed.into_iter().chain(unknown).collect::<Vec<_>>().join("; ")),
        }
    }

    fn target(&self, target: &Target) -> Found {
        let metric = self.metric(&target.metric);
        match metric.and_then(|metric| Some((metric, metric.from_incidents?))) {
            Some((metric, from)) => self.incidents(metric, from, target),
            None => self.measured(target).unwrap_or_else(|why| (Verdict::NotKnown, why)),
        }
    }

    fn metric(&self, id: &str) -> Option<&Metric> {
        self.case.policy.metrics.iter().find(|metric| metric.id == id)
    }

    fn measured(&self, target: &Target) -> Result<Found, String> {
        let (figures, taken) = self.figures(&target.metric, &figure_name(target))?;
        let (holds, words) = compared(self.case.policy, target, &figures)?;
        let verdict = if holds { Verdict::Met } else { Verdict::NotMet };
        Ok((verdict, format!("{words}{}, as of {taken}", if holds { "" } else { " does not hold" })))
    }

    /// The figures of the newest evidence that has one of this name, if it is of the time after the release.
    fn figures(
        &self,
        metric: &str,
        name: &str,
    ) -> Result<(std::collections::BTreeMap<String, Figure>, Timestamp), String> {
        let role = self.metric(metric).and_then(|metric| metric.attested_by.as_deref());
        let said = |question: &str| {
            newest(&self.case, Asked { question: &Question::Metric(question.to_owned()), role }, name)
        };
        // By the figure's own name, or by the metric's with this figure among others.
        let observed = match (said(name), said(metric)) {
            (Ok(own), Ok(other)) if other.observed.taken > own.observed.taken => &other.observed,
            (Ok(own), _) => &own.observed,
            (Err(_), Ok(other)) => &other.observed,
            (Err(why), Err(_)) => return Err(why),
        };
        let shows = self.metric(metric).and_then(|metric| metric.shows_after);
        if let (Some(from), Some(shows)) = (self.from, shows)
            && observed.taken >= from
            && observed.taken < later(from, shows)
        {
            let taken = observed.taken;
            return Err(format!("`{name}` shows nothing within {shows} of the release, and is of {taken}"));
        }
        match self.from {
            Some(from) if observed.taken < from => {
                Err(format!("the newest figure `{name}` is of {}, before the release", observed.taken))
            }
            _ => Ok((observed.figures.clone(), observed.taken)),
        }
    }

    /// What the recorded incidents say of the time after the release, or of the target's own time before its end.
    fn incidents(&self, metric: &Metric, from: FromIncidents, target: &Target) -> Found {
        let begin = match (target.over, self.from) {
            (Some(over), _) => {
                let back = jiff::SignedDuration::from_secs(over.signed_seconds());
                self.to.checked_sub(back).unwrap_or(Timestamp::MIN)
            }
            (None, Some(from)) => from,
            (None, None) => return (Verdict::NotKnown, "nobody knows when the release is".to_owned()),
        };
        let none = crate::incident::Incidents::default();
        let incidents = self.moment.service().map_or(&none, |service| &service.incidents);
        let figures = measures(incidents, None, begin, self.to.max(begin));
        let value = match from {
            FromIncidents::Count => Figure::whole(i64::try_from(figures.incidents).unwrap_or(i64::MAX)),
            FromIncidents::TimeToRestore => {
                if figures.incidents == 0 {
                    return (Verdict::Met, "no incident was opened".to_owned());
                }
                if figures.mitigate.left_out > 0 {
                    let why = format!("{} incidents are not mitigated yet", figures.mitigate.left_out);
                    return (Verdict::NotKnown, why);
                }
                let Some(mean) = figures.mitigate.mean else {
                    return (Verdict::NotKnown, "no incident has an end".to_owned());
                };
                match in_unit(mean, &metric.unit) {
                    Some(value) => value,
                    None => {
                        let why = format!("metric `{}` is in `{}`: use s, min or h", metric.id, metric.unit);
                        return (Verdict::NotKnown, why);
                    }
                }
            }
        };
        let words = format!(
            "{} {value} {} {}, of {} incidents since {begin}",
            metric.id,
            target.is.as_str(),
            target.value,
            figures.incidents
        );
        match target.is.holds(value, target.value) {
            true => (Verdict::Met, words),
            false => (Verdict::NotMet, format!("{words}, does not hold")),
        }
    }

    /// By its synthetic checks, else by the budget that evidence says is left, else by its metric.
    fn slo(&self, id: &str) -> Found {
        let Some(slo) = self.case.policy.slos.iter().find(|slo| slo.id == id) else {
            return (Verdict::NotKnown, format!("the policy has no objective `{id}`"));
        };
        if let Indicator::Probe { check, .. } = &slo.indicator
            && let Some(found) = self.watched(slo, check)
        {
            return found;
        }
        let left = format!("{BUDGET_LEFT}{id}");
        let by_budget = self.figures(&left, &left).map(|(figures, taken)| {
            let left = figures.get(&left).copied().unwrap_or_default();
            let words = format!("{left} % of the error budget was left at {taken}");
            (if left >= Figure::ZERO { Verdict::Met } else { Verdict::NotMet }, words)
        });
        let by_metric = || {
            let metric = slo.metric.as_deref().and_then(|metric| self.metric(metric));
            let metric = metric.ok_or("the objective names no metric")?;
            let (figures, taken) = self.figures(&metric.id, &metric.id)?;
            let value = figures.get(&metric.id).copied().unwrap_or_default();
            let (held, words) = if metric.more_is_better {
                (value >= slo.objective, format!("{} {value} >= {}", metric.id, slo.objective))
            } else {
                let bad = Figure::HUNDRED - slo.objective;
                (value <= bad, format!("{} {value} <= {bad}", metric.id))
            };
            let does_not = if held { "" } else { " does not hold" };
            let verdict = if held { Verdict::Met } else { Verdict::NotMet };
            Ok::<Found, String>((verdict, format!("{words}{does_not}, as of {taken}")))
        };
        by_budget
            .or_else(|why| by_metric().map_err(|other| format!("{why}; {other}")))
            .unwrap_or_else(|why| (Verdict::NotKnown, why))
    }

    /// Hours of its synthetic check since the release; `None` when there are none.
    fn watched(&self, slo: &Slo, check: &str) -> Option<Found> {
        let from = self.from?;
        let rows = &self.moment.service()?.records;
        let (mut passed, mut failed) = (0_u64, 0_u64);
        for event in rows {
            if let Event::WatchHour(hour) = event
                && hour.check == check
                && hour.environment == self.case.release.environment
                && hour.from >= from
                && later(hour.from, crate::Length::minutes(60)) <= self.to
            {
                passed += u64::from(hour.passed);
                failed += u64::from(hour.failed);
            }
        }
        let total = passed + failed;
        let left = ErrorBudget::of(slo).ok()?.left_percent(failed, total)?;
        let words =
            format!("{failed} of {total} synthetic checks failed: {left} % of the error budget is left");
        Some((if left >= Figure::ZERO { Verdict::Met } else { Verdict::NotMet }, words))
    }
}

/// A length of time in a metric's unit.
fn in_unit(length: jiff::SignedDuration, unit: &str) -> Option<Figure> {
    let seconds = match unit {
        "ms" => return i64::try_from(length.as_millis()).ok().map(Figure::whole),
        "s" => 1,
        "min" | "m" => 60,
        "h" => 3_600,
        _ => return None,
    };
    let micros = i64::try_from(length.as_micros()).ok()?;
    Figure::from_millionths(micros).per(Figure::whole(seconds))
}
