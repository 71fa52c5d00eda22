//! Scores by a measured value.

use crate::Figure;
use crate::evidence::{Answer, Evidence, Question};
use crate::policy::Target;
use crate::proof::{Case, Lack};

/// The name of a target's value among the figures of evidence: the metric, then `@` and the quantile if it has one, then `/` and the
/// time it is over if it has one: `latency@0.99/5m`.
pub fn figure_name(target: &Target) -> String {
    let quantile = target.quantile.map_or(String::new(), |quantile| format!("@{quantile}"));
    let over = target.over.map_or(String::new(), |over| format!("/{over}"));
    format!("{}{quantile}{over}", target.metric)
}

/// Scale when `pass` holds, half of it when `warn` does, else nothing.
pub(super) fn score(
    case: &Case<'_>,
    question: &Question,
    scale: Figure,
    pass: &Target,
    warn: Option<&Target>,
) -> Result<(Figure, String), String> {
    let (passed, words) = holds(case, question, pass)?;
    if passed {
        return Ok((scale, format!("{words}: pass")));
    }
    match warn {
        None => Ok((Figure::ZERO, format!("{words} does not hold: fail"))),
        Some(warn) => match holds(case, question, warn)? {
            (true, words) => Ok((Figure::from_millionths(scale.millionths() / 2), format!("{words}: warn"))),
            (false, words) => Ok((Figure::ZERO, format!("{words} does not hold: fail"))),
        },
    }
}

/// Whether the newest measured value meets the target, and what was compared.
fn holds(case: &Case<'_>, question: &Question, target: &Target) -> Result<(bool, String), String> {
    let name = figure_name(target);
    let (value, events) = newest(case, question, &name)?;
    if let Some(least) = target.at_least_events {
        let least = Figure::whole(i64::try_from(least).unwrap_or(i64::MAX));
        match events {
            Some(events) if events >= least => {}
            Some(events) => return Err(format!("`{name}` is of {events} events, fewer than {least}")),
            None => return Err(format!("nobody says of how many events `{name}` is: give `{name}#events`")),
        }
    }
    let limit = limit(case, target)?;
    Ok((target.is.holds(value, limit), format!("{name} {value} {} {limit}", target.is.as_str())))
}

/// In the metric's unit.
fn limit(case: &Case<'_>, target: &Target) -> Result<Figure, String> {
    let Some(id) = &target.times_baseline else { return Ok(target.value) };
    let baseline = case.policy.baselines.iter().find(|baseline| baseline.id == *id);
    let values = baseline.map_or(&[][..], |baseline| &baseline.values);
    let same = |value: &&crate::policy::BaselineValue| {
        value.metric == target.metric && value.quantile == target.quantile
    };
    let value = values.iter().find(same);
    let value = value.ok_or_else(|| format!("the baseline `{id}` has no `{}`", target.metric))?;
    Ok(value.value * target.value)
}

/// From the row's own evidence or that of any check, whichever is newer; and the number of events it is of.
fn newest(case: &Case<'_>, question: &Question, name: &str) -> Result<(Figure, Option<Figure>), String> {
    let mut expired = None;
    let mut best: Option<&Evidence> = None;
    let checks = case.policy.checks.iter().map(|check| {
        let question = Question::Check(check.id.clone());
        case.current(&question, &case.subject(check), Some(check.expires))
    });
    let own = case.current(question, &case.this(), None);
    for settled in std::iter::once(own).chain(checks) {
        match settled {
            Ok(settled) => {
                let evidence = &settled.evidence;
                let known = !matches!(evidence.answer(), Answer::Error { .. });
                let newer = best.is_none_or(|best| evidence.observed.taken > best.observed.taken);
                if known && newer && evidence.observed.figures.contains_key(name) {
                    best = Some(evidence);
                }
            }
            Err(Lack::Expired(at)) => expired = expired.max(Some(at)),
            Err(_) => {}
        }
    }
    let figure = |name: &str| best.and_then(|best| best.observed.figures.get(name)).copied();
    match (figure(name), expired) {
        (Some(value), _) => Ok((value, figure(&format!("{name}#events")))),
        (None, Some(at)) => {
            Err(format!("no evidence has a figure `{name}`, or none that had not expired by {at}"))
        }
        (None, None) => Err(format!("no evidence has a figure `{name}`")),
    }
}
