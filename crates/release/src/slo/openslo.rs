//! SLOs from OpenSLO documents (`apiVersion: openslo/v1`).
//!
//! Enters: YAML, one or several documents. Leaves: SLOs of a policy, the same as TOML, and with its line whatever was
//! left out. Never here: guesses: what cannot be said exactly in a policy is named instead.
//!
//! Taken: `SLO` with an `indicator` or an `indicatorRef` to an `SLI` of the same text; a `ratioMetric` of Prometheus
//! counters (`bad`, or `good` that differs from `total` by one label or by a histogram's bucket); a `thresholdMetric`
//! of our own synthetic checks; one rolling `timeWindow`; `target` or `targetPercent`; several objectives, each an
//! SLO. Alerts follow from the objective here, so that alert policies are left out.

mod document;
mod query;

use document::{Document, Objective, Ratio, Source, Spec};
use serde_saphyr::Spanned;

use crate::policy::{Indicator, Slo};
use crate::{Figure, Length};

/// What was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// In the order of the documents.
    pub slos: Vec<Slo>,
    /// The services that they name, each once: a policy is about one.
    pub services: Vec<String>,
    /// What was not taken, in the order of the text.
    pub left_out: Vec<LeftOut>,
}

/// Something that a policy cannot say.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {words}")]
pub struct LeftOut {
    /// From 1; 0 where it is not known.
    pub line: u64,
    /// What, and what would be taken.
    pub words: String,
}

/// What an indicator asks for: a ratio, or a value against a threshold.
type Asked<'a> = (Option<&'a Ratio>, Option<&'a Source>);

/// Synthetic checks run so often where the document does not say.
const EVERY: Length = Length::minutes(1);

/// Longest text that is read, in bytes.
pub const TEXT_MAX: usize = 1 << 20;

/// Reads documents.
///
/// # Errors
/// [`LeftOut`]: it is no YAML, or no OpenSLO document; where and why.
pub fn import(text: &str) -> Result<Imported, LeftOut> {
    let documents = document::read(text)?;
    let mut imported = Imported::default();
    for document in &documents {
        if let Err(left) = take(document, &documents, &mut imported) {
            imported.left_out.push(left);
        }
    }
    imported.left_out.sort_by_key(|left| left.line);
    Ok(imported)
}

fn left(at: &Spanned<impl Sized>, words: impl Into<String>) -> LeftOut {
    LeftOut { line: at.referenced.line(), words: words.into() }
}

fn take(document: &Document, all: &[Document], imported: &mut Imported) -> Result<(), LeftOut> {
    if document.api_version.value != "openslo/v1" {
        let words = format!("apiVersion `{}`: only openslo/v1 is read", document.api_version.value);
        return Err(left(&document.api_version, words));
    }
    let spec = match (document.kind.value.as_str(), &document.spec) {
        // It is read where an SLO refers to it.
        ("SLI", _) => return Ok(()),
        ("SLO", Some(spec)) => spec,
        ("SLO", None) => return Err(left(&document.kind, "an SLO without `spec`")),
        (other, _) => return Err(left(&document.kind, format!("kind `{other}` is not imported"))),
    };
    let asked = indicated(document, spec, all)?;
    let period = period(document, spec)?;
    let indicator = indicator(document, spec, asked)?;
    let objectives = spec.objectives.as_deref().unwrap_or_default();
    if objectives.is_empty() {
        return Err(left(&document.kind, "an SLO without `objectives`"));
    }
    for (place, objective) in objectives.iter().enumerate() {
        match slo(document, objective, place, objectives.len(), period, &indicator) {
            Ok(slo) if imported.slos.iter().any(|known| known.id == slo.id) => {
                imported
                    .left_out
                    .push(left(&document.metadata.name, format!("there is an SLO `{}` already", slo.id)));
            }
            Ok(slo) => imported.slos.push(slo),
            Err(left) => imported.left_out.push(left),
        }
    }
    if let Some(policies) = &spec.alert_policies {
        imported.left_out.push(left(policies, "alertPolicies: alerts follow from the objective here"));
    }
    if let Some(service) = &spec.service
        && !imported.services.contains(service)
    {
        imported.services.push(service.clone());
    }
    Ok(())
}

fn slo(
    document: &Document,
    objective: &Objective,
    place: usize,
    of: usize,
    period: Length,
    indicator: &Indicator,
) -> Result<Slo, LeftOut> {
    if let Some(weight) = &objective.composite_weight {
        return Err(left(weight, "compositeWeight: objectives of several indicators are not read"));
    }
    let (given, hundred) = match (&objective.target, &objective.target_percent) {
        (Some(target), _) => (target, true),
        (None, Some(percent)) => (percent, false),
        (None, None) => return Err(left(&document.kind, "an objective without `target`")),
    };
    let figure: Figure =
        given.value.to_string().parse().map_err(|error| left(given, format!("target: {error}")))?;
    let id: String = document
        .metadata
        .name
        .value
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' })
        .collect();
    let title = objective.display_name.as_ref().or(document.metadata.display_name.as_ref());
    let read = Slo {
        id: if of > 1 { format!("{id}-{}", place + 1) } else { id },
        title: title.cloned().unwrap_or_default(),
        objective: if hundred { figure * Figure::HUNDRED } else { figure },
        period,
        indicator: indicator.clone(),
        metric: None,
        at_least_events: None,
        in_sessions: false,
        stated_downtime: None,
        horizon: None,
    };
    super::ErrorBudget::of(&read).map_err(|error| left(given, format!("target: {error}")))?;
    Ok(read)
}

/// The indicator of an SLO: its own, or the `SLI` that it refers to.
fn indicated<'a>(document: &Document, spec: &'a Spec, all: &'a [Document]) -> Result<Asked<'a>, LeftOut> {
    match (&spec.indicator, &spec.indicator_ref) {
        (Some(indicator), _) => {
            Ok((indicator.spec.ratio_metric.as_ref(), indicator.spec.threshold_metric.as_ref()))
        }
        (None, Some(name)) => {
            let named =
                |other: &&Document| other.kind.value == "SLI" && other.metadata.name.value == name.value;
            let sli = all.iter().find(named).and_then(|sli| sli.spec.as_ref());
            sli.map(|spec| (spec.ratio_metric.as_ref(), spec.threshold_metric.as_ref())).ok_or_else(|| {
                left(name, format!("indicatorRef: there is no SLI `{}` in this text", name.value))
            })
        }
        (None, None) => Err(left(&document.kind, "an SLO without `indicator` or `indicatorRef`")),
    }
}

fn period(document: &Document, spec: &Spec) -> Result<Length, LeftOut> {
    let windows = spec.time_window.as_deref().unwrap_or_default();
    let [window] = windows else {
        return Err(left(
            &document.kind,
            format!("an SLO with {} instead of one `timeWindow`", windows.len()),
        ));
    };
    let duration = &window.duration;
    if window.is_rolling != Some(true) || window.calendar.is_some() {
        return Err(left(duration, "timeWindow: only rolling windows are read: `isRolling: true`"));
    }
    let wrong = |_| {
        left(duration, format!("timeWindow: `{}` has to be in w, d, h or m, as in `30d`", duration.value))
    };
    duration.value.parse().map_err(wrong)
}

fn indicator(document: &Document, spec: &Spec, asked: Asked<'_>) -> Result<Indicator, LeftOut> {
    let method = spec.budgeting_method.as_ref();
    let slices = method.filter(|method| method.value != "Occurrences");
    match asked {
        (Some(ratio), _) => match slices {
            Some(method) => Err(left(
                method,
                format!("budgetingMethod `{}`: ratios are counted by `Occurrences`", method.value),
            )),
            None => query::ratio(ratio),
        },
        (None, Some(threshold)) => {
            let objective = spec.objectives.as_deref().unwrap_or_default().first();
            let slice = objective.and_then(|objective| objective.time_slice_window.as_ref());
            let every = slice.map(|slice| {
                let wrong =
                    |error: crate::length::NotALength| left(slice, format!("timeSliceWindow: {error}"));
                slice.value.parse().map_err(wrong)
            });
            query::threshold(threshold, objective, every.transpose()?.unwrap_or(EVERY))
        }
        (None, None) => {
            Err(left(&document.kind, "its indicator has neither `ratioMetric` nor `thresholdMetric`"))
        }
    }
}

/// SLOs as a policy has them: `[[slo]]` tables.
pub fn policy_text(slos: &[Slo]) -> String {
    let text = |text: &str| toml::Value::from(text).to_string();
    let mut out = String::new();
    for slo in slos {
        out.push_str(&format!("[[slo]]\nid = {}\n", text(&slo.id)));
        if !slo.title.is_empty() {
            out.push_str(&format!("title = {}\n", text(&slo.title)));
        }
        out.push_str(&format!("objective = {}\nperiod = \"{}\"\n", slo.objective, slo.period));
        let indicator = match &slo.indicator {
            Indicator::Events { bad, total } => {
                format!("events = {{ bad = {}, total = {} }}", text(bad), text(total))
            }
            Indicator::Latency { histogram, within } => {
                format!("latency = {{ histogram = {}, within = {within} }}", text(histogram))
            }
            Indicator::Probe { check, every } => {
                format!("probe = {{ check = {}, every = \"{every}\" }}", text(check))
            }
        };
        out.push_str(&format!("indicator.{indicator}\n\n"));
    }
    out
}

#[cfg(test)]
mod tests;
