//! Values: one unit, within their range, of the scale that is meant.

use crate::Figure;
use crate::lint::demands::{demands, metric, valued};
use crate::lint::words::{at, grouped};
use crate::lint::{Case, Found, Level, Rule, Words};
use crate::policy::{Comparison, Kind, Metric, Policy, Probe};

pub(super) const TWICE: Rule = Rule {
    code: "A13",
    level: Level::Error,
    title: "a value has two units",
    explain: "\"0.1 % per 1000 requests\" can be read as 1 in 1,000 or as 1 in 1,000,000. Percent already is a share: write either \
              percent, or so many in so many.",
    look: twice,
};

pub(super) const OUT_OF_RANGE: Rule = Rule {
    code: "A14",
    level: Level::Error,
    title: "a value lies outside the range of its metric",
    explain: "Such a demand is always met or never. Mostly the unit is another: a share written as percent, milliseconds as seconds. \
              Write the value in the metric's unit, or mend the metric's range.",
    look: out_of_range,
};

pub(super) const OTHER_SCALE: Rule = Rule {
    code: "A15",
    level: Level::Warning,
    title: "a mark reads like one of another scale",
    explain: "A Net Promoter Score runs from -100 to 100: seven is a poor one there, though a good mark out of ten. Say which is \
              meant: change the metric's range, or the value.",
    look: other_scale,
};

fn twice(case: &Case<'_>, found: &mut Found<'_>) {
    for demand in demands(case.policy) {
        let target = demand.target;
        let is_percent = metric(case.policy, &target.metric).is_some_and(|metric| metric.unit == "%");
        let Some(per) = target.stated_per.filter(|per| is_percent && *per > Figure::ZERO) else { continue };
        let per_text = u64::try_from(per.millionths() / 1_000_000).map_or(per.to_string(), grouped);
        let right =
            format!("{} in {per_text}", (target.value * per).per(Figure::HUNDRED).unwrap_or_default());
        found.add(
            &demand.field("stated_per"),
            Words {
                message: format!(
                    "`{} % per {per_text}` has two units: {} % already is {right}",
                    target.value, target.value
                ),
                stated: format!("{} % per {per_text}", target.value),
                arithmetic: format!(
                    "{} / 100 x {per_text} = {}",
                    target.value,
                    right.split(' ').next().unwrap_or("")
                ),
                right,
            },
        );
    }
}

/// The declared range, or what the kind of number has by itself.
fn range(metric: &Metric) -> (Option<Figure>, Option<Figure>) {
    let own = match (metric.kind, metric.unit.as_str()) {
        (Kind::Ratio, "%") => (Some(Figure::ZERO), Some(Figure::HUNDRED)),
        (Kind::Ratio, "") => (Some(Figure::ZERO), Some(Figure::ONE)),
        (Kind::Latency | Kind::Count | Kind::Rate | Kind::Duration, _) => (Some(Figure::ZERO), None),
        _ => (None, None),
    };
    (metric.min.or(own.0), metric.max.or(own.1))
}

fn from_to(policy: &Policy, metric: &Metric) -> String {
    let (min, max) = range(metric);
    let text = |end: Option<Figure>| end.map_or_else(String::new, |end| valued(policy, &metric.id, end));
    match (min, max) {
        (Some(_), None) => format!("{} or more", text(min)),
        (None, Some(_)) => format!("{} or less", text(max)),
        _ => format!("{}..{}", min.unwrap_or_default(), text(max)),
    }
}

/// With the path, what is asked and the value, for every value that a metric is given.
fn values(policy: &Policy) -> Vec<(Vec<String>, &Metric, Option<Comparison>, Figure)> {
    let mut all = Vec::new();
    for demand in demands(policy).iter().filter(|demand| demand.target.times_baseline.is_none()) {
        if let Some(metric) = metric(policy, &demand.target.metric) {
            all.push((demand.field("value"), metric, Some(demand.target.is), demand.target.value));
        }
    }
    for (place, baseline) in policy.baselines.iter().enumerate() {
        for (number, value) in baseline.values.iter().enumerate() {
            if let Some(metric) = metric(policy, &value.metric) {
                all.push((
                    at("baseline", place, &["value", &number.to_string(), "value"]),
                    metric,
                    None,
                    value.value,
                ));
            }
        }
    }
    for (place, check) in policy.checks.iter().enumerate() {
        if let Probe::Measured(probe) = &check.probe
            && let (Some(metric), Some(stated)) = (metric(policy, &probe.target.metric), probe.stated)
        {
            all.push((at("check", place, &["probe", "measured", "stated"]), metric, None, stated));
        }
    }
    all
}

fn out_of_range(case: &Case<'_>, found: &mut Found<'_>) {
    let policy = case.policy;
    for (path, metric, is, value) in values(policy) {
        let (min, max) = range(metric);
        let below = min.is_some_and(|min| value < min || (value == min && is == Some(Comparison::Below)));
        let above = max.is_some_and(|max| value > max || (value == max && is == Some(Comparison::Above)));
        if !below && !above {
            continue;
        }
        let sign = is.map_or_else(String::new, |is| format!("{} ", is.as_str()));
        let stated = format!("{sign}{}", valued(policy, &metric.id, value));
        let right = from_to(policy, metric);
        found.add(
            &path,
            Words {
                message: format!("`{stated}` lies outside what `{}` can be: {right}", metric.id),
                stated,
                right,
                arithmetic: String::new(),
            },
        );
    }
    for demand in demands(policy) {
        let Some(quantile) = demand.target.quantile else { continue };
        if quantile > Figure::ZERO && quantile < Figure::ONE {
            continue;
        }
        let right = if quantile > Figure::ONE && quantile < Figure::HUNDRED {
            Figure::from_millionths(quantile.millionths() / 100).to_string()
        } else {
            "between 0 and 1".to_owned()
        };
        found.add(
            &demand.field("quantile"),
            Words {
                message: format!("a quantile lies between 0 and 1, {quantile} does not"),
                stated: quantile.to_string(),
                right,
                arithmetic: String::new(),
            },
        );
    }
}

/// The range of a mark that everybody knows by its name.
fn known_range(metric: &Metric) -> Option<(Figure, Figure)> {
    let named = metric.id.split(['-', '_']).any(|part| part.eq_ignore_ascii_case("nps"));
    (named && metric.kind == Kind::Score).then_some((Figure::whole(-100), Figure::HUNDRED))
}

fn other_scale(case: &Case<'_>, found: &mut Found<'_>) {
    let ten = Figure::whole(10);
    for (path, metric, is, value) in values(case.policy) {
        let declared = metric.min.zip(metric.max);
        let Some((min, max)) = known_range(metric).or(declared) else { continue };
        let wide = metric.kind == Kind::Score && min < Figure::ZERO && max >= Figure::HUNDRED;
        let other = declared.is_some_and(|declared| declared != (min, max));
        if !wide || is.is_none() || value <= Figure::ZERO || value > ten {
            continue;
        }
        let Some(place) = ((value - min) * Figure::HUNDRED).per(max - min) else { continue };
        let but = match declared.filter(|_| other) {
            Some((low, high)) => format!("not from {low} to {high}"),
            None => format!("and {value} reads like a mark out of ten"),
        };
        found.add(
            &path,
            Words {
                message: format!("`{}` runs from {min} to {max}, {but}", metric.id),
                stated: format!("{} {value}", is.map_or("", Comparison::as_str)),
                right: format!("{min}..{max}"),
                arithmetic: format!(
                    "({value} - {}) / ({max} - {}) = {} % of the scale",
                    in_brackets(min),
                    in_brackets(min),
                    place.rounded(1)
                ),
            },
        );
    }
}

fn in_brackets(figure: Figure) -> String {
    if figure < Figure::ZERO { format!("({figure})") } else { figure.to_string() }
}
