//! Scores by a measured value.

use std::collections::BTreeMap;

use crate::Figure;
use crate::evidence::{Answer, Evidence, Question, Subject};
use crate::policy::{BaselineValue, Policy, Target};
use crate::proof::{Case, Lack};

/// The name of a target's value among the figures of evidence: the metric, then `@` and the quantile if it has one, then `/` and the
/// time it is over if it has one: `latency@0.99/5m`.
pub fn figure_name(target: &Target) -> String {
    let quantile = target.quantile.map_or(String::new(), |quantile| format!("@{quantile}"));
    let over = target.over.map_or(String::new(), |over| format!("/{over}"));
    format!("{}{quantile}{over}", target.metric)
}

/// What a row or a criterion asks, and of whom.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) question: &'a Question,
    /// Who may answer by hand.
    pub(crate) role: Option<&'a str>,
}

/// Scale when `pass` holds, half of it when `warn` does, else nothing.
pub(super) fn score(
    case: &Case<'_>,
    asked: Asked<'_>,
    scale: Figure,
    pass: &Target,
    warn: Option<&Target>,
) -> Result<(Figure, String), String> {
    let (passed, words) = holds(case, asked, pass)?;
    if passed {
        return Ok((scale, format!("{words}: pass")));
    }
    match warn {
        None => Ok((Figure::ZERO, format!("{words} does not hold: fail"))),
        Some(warn) => match holds(case, asked, warn)? {
            (true, words) => Ok((Figure::from_millionths(scale.millionths() / 2), format!("{words}: warn"))),
            (false, words) => Ok((Figure::ZERO, format!("{words} does not hold: fail"))),
        },
    }
}

/// Whether the newest measured value meets the target, and what was compared.
fn holds(case: &Case<'_>, asked: Asked<'_>, target: &Target) -> Result<(bool, String), String> {
    let evidence = newest(case, asked, &figure_name(target))?;
    compared(case.policy, target, &evidence.observed.figures)
}

/// Whether these figures meet the target, and what was compared.
pub(crate) fn compared(
    policy: &Policy,
    target: &Target,
    figures: &BTreeMap<String, Figure>,
) -> Result<(bool, String), String> {
    let name = figure_name(target);
    let value = *figures.get(&name).ok_or_else(|| format!("no evidence has a figure `{name}`"))?;
    if let Some(least) = target.at_least_events {
        let least = Figure::whole(i64::try_from(least).unwrap_or(i64::MAX));
        match figures.get(&format!("{name}#events")) {
            Some(events) if *events >= least => {}
            Some(events) => return Err(format!("`{name}` is of {events} events, fewer than {least}")),
            None => return Err(format!("nobody says of how many events `{name}` is: give `{name}#events`")),
        }
    }
    let limit = limit(policy, target).map_err(|error| error.to_string())?;
    Ok((target.is.holds(value, limit), format!("{name} {value} {} {limit}", target.is.as_str())))
}

/// Why a target has no limit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoLimit {
    /// It is a multiple of what the policy does not have.
    #[error("the policy has no baseline `{0}`")]
    NoBaseline(String),
    /// Nothing was measured.
    #[error("baseline `{0}` has no value of {1}")]
    NoValue(String, String),
    /// It was measured at several times, and nobody says which counts.
    #[error("baseline `{0}` has several values of {1}: keep one, or give each a baseline of its own")]
    SeveralValues(String, String),
}

/// The limit that a target sets, in the metric's unit: a number, or a multiple of a baseline's one value.
///
/// # Errors
/// [`NoLimit`]: the baseline has no value of the target's metric and quantile, or several.
pub fn limit(policy: &Policy, target: &Target) -> Result<Figure, NoLimit> {
    let Some(id) = &target.times_baseline else { return Ok(target.value) };
    let baseline = policy.baselines.iter().find(|baseline| baseline.id == *id);
    let baseline = baseline.ok_or_else(|| NoLimit::NoBaseline(id.clone()))?;
    let name = || match target.quantile {
        Some(quantile) => format!("`{}` at {quantile}", target.metric),
        None => format!("`{}`", target.metric),
    };
    let same = |value: &&BaselineValue| value.metric == target.metric && value.quantile == target.quantile;
    let mut values = baseline.values.iter().filter(same);
    match (values.next(), values.next()) {
        (Some(value), None) => Ok(value.value * target.value),
        (None, _) => Err(NoLimit::NoValue(id.clone(), name())),
        (Some(_), Some(_)) => Err(NoLimit::SeveralValues(id.clone(), name())),
    }
}

/// Its own evidence or that of any check of where the release is to go, whichever is newer.
pub(crate) fn newest<'a>(case: &Case<'a>, asked: Asked<'_>, name: &str) -> Result<&'a Evidence, String> {
    let mut expired = None;
    let mut strange = None;
    let mut best: Option<&Evidence> = None;
    let here = |subject: &Subject| match subject {
        Subject::Artefact { environment, .. } | Subject::Environment(environment) => {
            *environment == case.release.environment
        }
        Subject::Team => false,
    };
    let checks = case.policy.checks.iter().filter(|check| here(&case.subject(check))).map(|check| {
        let question = Question::Check(check.id.clone());
        let settled = case.current(&question, &case.subject(check), Some(check))?;
        case.may_say(check, &settled.evidence).map(|()| settled)
    });
    let own = case.current(asked.question, &case.this(), None).and_then(|settled| {
        // What control measured has no name on it.
        let by = settled.evidence.observed.by.as_deref();
        by.map_or(Ok(()), |by| case.in_role(by, asked.role)).map(|()| settled)
    });
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
            Err(lack @ (Lack::NotTheirs { .. } | Lack::NoRole(_) | Lack::ByHand(_))) => {
                strange = Some(lack.to_string());
            }
            Err(_) => {}
        }
    }
    best.ok_or_else(|| match (strange, expired) {
        (Some(why), _) => format!("no evidence has a figure `{name}` that counts: {why}"),
        (None, Some(at)) => {
            format!("no evidence has a figure `{name}`, or none that had not expired by {at}")
        }
        (None, None) => format!("no evidence has a figure `{name}`"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Loaded, Probe};

    #[test]
    fn a_baseline_that_was_measured_at_several_times_sets_no_limit() {
        let limit_of = |values: &str| {
            let text = format!(
                r#"format = 1
                service = {{ name = "x" }}
                check = [{{ id = "c", probe.measured = {{ target = {{ metric = "m", is = "<", value = 2, times_baseline = "b" }} }} }}]
                baseline = [{{ id = "b", environment = "production", value = [{values}] }}]"#
            );
            let policy = Loaded::parse(&text).unwrap().policy;
            let Probe::Measured(probe) = policy.checks[0].probe.clone() else { panic!("{policy:?}") };
            limit(&policy, &probe.target)
        };
        let peak = r#"{ metric = "m", when = "peak", value = 30 }"#;
        let average = r#"{ metric = "m", when = "average", value = 10 }"#;
        assert_eq!(limit_of(peak), Ok(Figure::whole(60)));
        let error = |values: &str| limit_of(values).unwrap_err().to_string();
        assert!(error(&format!("{peak}, {average}")).contains("`b` has several values of `m`"));
        assert!(error("").contains("`b` has no value of `m`"));
    }
}
