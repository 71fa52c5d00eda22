//! Runbooks: what their steps sum to, and what their limits leave.

use crate::Length;
use crate::lint::sums::{counted, names, summed};
use crate::lint::words::{at, minutes, span};
use crate::lint::{Case, Found, Level, Rule, Words};
use crate::policy::{Purpose, Runbook};
use crate::runbook_time::{self, RunbookTime};

pub(super) const TOTAL: Rule = Rule {
    code: "A09",
    level: Level::Error,
    title: "a stated total is not the sum of the steps",
    explain: "People announce the total and live through the steps. Write the sum, from the shortest run to the longest; where a step \
              is not always needed, say the total with and without it.",
    look: total,
};

pub(super) const OVER_LIMIT: Rule = Rule {
    code: "A10",
    level: Level::Error,
    title: "the steps take longer than their limit",
    explain: "By its own budgets the runbook cannot be over in time. Shorten steps, take some out of the time that counts, or raise \
              the limit.",
    look: over_limit,
};

pub(super) const NO_SLACK: Rule = Rule {
    code: "A11",
    level: Level::Warning,
    title: "the steps leave less than a tenth of their limit as slack",
    explain: "One step that takes a little longer breaks the limit. Leave at least a tenth of it free, or know which step may be cut.",
    look: no_slack,
};

pub(super) const NOTHING_LEFT: Rule = Rule {
    code: "A12",
    level: Level::Error,
    title: "the bounds of some steps use up the limit, others have none",
    explain: "A step without a budget still takes time, most often the verification at the end. Give every step a budget, and let \
              them sum to less than the limit.",
    look: nothing_left,
};

fn slack(time: &RunbookTime<'_>, limit: Length) -> String {
    let most = time.all.most;
    if most > limit {
        format!("{} too long for the limit of {}", minutes(most - limit), minutes(limit))
    } else {
        format!("{} of slack under the limit of {}", minutes(limit - most), minutes(limit))
    }
}

fn total(case: &Case<'_>, found: &mut Found<'_>) {
    for (place, runbook) in case.policy.runbooks.iter().enumerate() {
        let Some(stated) = runbook.stated_total else { continue };
        let time = runbook_time::of(runbook);
        let at_least = !time.unbudgeted.is_empty();
        // With steps of unknown length only a sum that is already too large says something.
        let agrees = if at_least { time.all.most <= stated.most } else { time.range() == stated };
        if agrees || counted(runbook).all(|step| step.budget.is_none()) {
            continue;
        }
        let (mut right, mut arithmetic) = summed(runbook, &time);
        if at_least {
            right = format!("at least {right}");
            arithmetic = format!("{arithmetic}, before {}", names(&time.unbudgeted));
        }
        let left = runbook.limit.map(|limit| slack(&time, limit));
        if let Some(left) = &left {
            arithmetic = format!("{arithmetic}; {left}");
        }
        found.add(
            &at("runbook", place, &["stated_total"]),
            Words {
                message: format!("the steps of `{}` sum to {right}, not {}", runbook.id, span(stated)),
                stated: span(stated),
                right: left.map_or(right.clone(), |left| format!("{right}; {left}")),
                arithmetic,
            },
        );
    }
}

/// A runbook with a limit and the time that it takes. A roll back whose limit is the recovery time is compared with that instead
/// (T01).
fn limited<'a>(case: &Case<'a>) -> impl Iterator<Item = (usize, &'a Runbook, Length, RunbookTime<'a>)> {
    let recovery = case.policy.recovery.as_ref().map(|recovery| recovery.time);
    case.policy.runbooks.iter().enumerate().filter_map(move |(place, runbook)| {
        let limit = runbook.limit?;
        let time = runbook_time::of(runbook);
        let told_by_recovery = runbook.purpose == Purpose::RollBack && recovery == Some(limit);
        (!(told_by_recovery && time.all.most > limit)).then_some((place, runbook, limit, time))
    })
}

fn over_limit(case: &Case<'_>, found: &mut Found<'_>) {
    for (place, runbook, limit, time) in limited(case).filter(|(_, _, limit, time)| time.all.most > *limit) {
        let (right, arithmetic) = summed(runbook, &time);
        let over = slack(&time, limit);
        found.add(
            &at("runbook", place, &["limit"]),
            Words {
                message: format!("the steps of `{}` sum to {right}, {over}", runbook.id),
                stated: format!("over within {}", minutes(limit)),
                right,
                arithmetic: format!("{arithmetic}; {over}"),
            },
        );
    }
}

fn no_slack(case: &Case<'_>, found: &mut Found<'_>) {
    for (place, runbook, limit, time) in limited(case) {
        let most = time.all.most;
        let left = limit - most;
        let tight = left.as_seconds() < limit.as_seconds() / 10 && most <= limit && most > Length::ZERO;
        if !tight || !time.unbudgeted.is_empty() {
            continue;
        }
        let share = left.as_seconds() as f64 * 100.0 / limit.as_seconds() as f64;
        let (_, arithmetic) = summed(runbook, &time);
        found.add(
            &at("runbook", place, &["limit"]),
            Words {
                message: format!("`{}` has {}", runbook.id, slack(&time, limit)),
                stated: format!("over within {}", minutes(limit)),
                right: format!("{}, {} of slack", minutes(most), minutes(left)),
                arithmetic: format!(
                    "{arithmetic}; {} - {} = {} = {share:.1} % of the limit",
                    minutes(limit),
                    minutes(most),
                    minutes(left)
                ),
            },
        );
    }
}

fn nothing_left(case: &Case<'_>, found: &mut Found<'_>) {
    for (place, runbook, limit, time) in limited(case) {
        if time.all.most != limit || time.unbudgeted.is_empty() {
            continue;
        }
        let (_, arithmetic) = summed(runbook, &time);
        let without = names(&time.unbudgeted);
        found.add(
            &at("runbook", place, &["limit"]),
            Words {
                message: format!(
                    "the budgeted steps of `{}` may take all {}: nothing is left for {without}",
                    runbook.id,
                    minutes(limit)
                ),
                stated: format!("over within {}", minutes(limit)),
                right: format!("0 min for {without}"),
                arithmetic: format!("{arithmetic}; {} - {} = 0 min", minutes(limit), minutes(time.all.most)),
            },
        );
    }
}
