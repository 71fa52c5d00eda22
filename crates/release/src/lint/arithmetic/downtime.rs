//! Minutes that an objective allows.

use crate::budget::downtime_minutes;
use crate::lint::words::{at, minutes, minutes_of, short, spoken};
use crate::lint::{Case, Found, Level, Rule, Words};
use crate::policy::Slo;
use crate::{Figure, Length};

pub(super) const MINUTES: Rule = Rule {
    code: "A05",
    level: Level::Error,
    title: "stated downtime is not what the objective allows",
    explain: "Downtime is (1 - objective) x period. People plan with the minutes and are judged by the percentage, so both must say \
              the same. A month is 30 days here unless the period says otherwise; write the period that is meant.",
    look: minutes_of_objectives,
};

/// Right when it is the exact value, rounded down or to the nearest in the finest unit that it is written in.
fn agrees(slo: &Slo, stated: Length) -> bool {
    let unit = [86_400, 3_600, 60, 1]
        .into_iter()
        .find(|unit| stated.as_seconds() > 0 && stated.as_seconds().is_multiple_of(*unit))
        .unwrap_or(1);
    let exact = i128::from(downtime_minutes(slo.objective, slo.period).millionths()) * 60;
    let unit = i128::from(unit) * 1_000_000;
    let stated = i128::from(stated.as_seconds()) * 1_000_000 / unit;
    stated == exact / unit || stated == (exact + unit / 2) / unit
}

fn minutes_of_objectives(case: &Case<'_>, found: &mut Found<'_>) {
    for (place, slo) in case.policy.slos.iter().enumerate() {
        let Some(stated) = slo.stated_downtime else { continue };
        if agrees(slo, stated) {
            continue;
        }
        let share = Figure::from_millionths(slo.objective.millionths() / 100);
        let computed = |period: Length| {
            let right = downtime_minutes(slo.objective, period);
            (right, format!("(1 - {share}) x {} = {}", minutes(period), minutes_of(right)))
        };
        let (right, mut arithmetic) = computed(slo.period);
        let mut right = minutes_of(right);
        if slo.period == Length::days(30) {
            let (longer, also) = computed(Length::days(31));
            right = format!("{right} (30 d), {} (31 d)", short(longer));
            arithmetic = format!("{arithmetic}; in 31 d {also}");
        }
        found.add(
            &at("slo", place, &["stated_downtime"]),
            Words {
                message: format!(
                    "{} % of {} leaves {right}, not {}",
                    slo.objective,
                    spoken(slo.period),
                    minutes(stated)
                ),
                stated: minutes(stated),
                right,
                arithmetic,
            },
        );
    }
}
