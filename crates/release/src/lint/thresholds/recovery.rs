//! What recovery promises (RTO, RPO) against how the service goes back.

use crate::Length;
use crate::lint::sums::summed;
use crate::lint::words::{at, minutes, span, spoken};
use crate::lint::{Case, Found, Level, Rule, Words};
use crate::policy::{Backup, Purpose, Reaction, Recovery, Runbook, Touches};
use crate::runbook_time::{self, RunbookTime};

pub(super) const WITHIN_RTO: Rule = Rule {
    code: "T01",
    level: Level::Error,
    title: "a roll back takes longer than the recovery time",
    explain: "The recovery time (RTO) is promised to users; the roll back is how it is kept. By its own budgets it is not. Shorten the \
              roll back, keep the data compatible so that it need not go back, or promise what can be kept.",
    look: within_rto,
};

pub(super) const AFTER_HOLD: Rule = Rule {
    code: "T02",
    level: Level::Error,
    title: "a trigger and the roll back after it take longer than the recovery time",
    explain: "Users wait from the first failure: until the trigger has held long enough, and then until the roll back is done. Let \
              the trigger fire sooner, if need be at a higher limit, or shorten the roll back.",
    look: after_hold,
};

pub(super) const LOSES_NOTHING: Rule = Rule {
    code: "T03",
    level: Level::Error,
    title: "nothing is ever lost, but the recovery point allows it",
    explain: "A recovery point (RPO) above zero says how much may be lost; zero data loss says that none may. Name the data that must \
              not be lost and give it a recovery point of 0s, or drop the promise.",
    look: loses_nothing,
};

pub(super) const OLD_SNAPSHOT: Rule = Rule {
    code: "T04",
    level: Level::Error,
    title: "a roll back restores data older than the recovery point",
    explain: "A snapshot is as old as the time since it was taken; whatever was written later is lost with the roll back. Restore to \
              a point in time from a continuous log, take a snapshot in the deploy itself, or migrate so that data need not go back.",
    look: old_snapshot,
};

fn roll_backs<'a>(case: &Case<'a>) -> impl Iterator<Item = (usize, &'a Runbook, RunbookTime<'a>)> {
    case.policy
        .runbooks
        .iter()
        .enumerate()
        .filter(|(_, runbook)| runbook.purpose == Purpose::RollBack)
        .map(|(place, runbook)| (place, runbook, runbook_time::of(runbook)))
        .filter(|(_, _, time)| time.all.most > Length::ZERO)
}

/// The roll back that is done soonest.
pub(super) fn shortest_roll_back<'a>(case: &Case<'a>) -> Option<(&'a Runbook, RunbookTime<'a>)> {
    roll_backs(case).map(|(_, runbook, time)| (runbook, time)).min_by_key(|(_, time)| time.planned)
}

fn within_rto(case: &Case<'_>, found: &mut Found<'_>) {
    let Some(recovery) = &case.policy.recovery else { return };
    for (_, runbook, time) in roll_backs(case).filter(|(_, _, time)| time.all.most > recovery.time) {
        let (takes, arithmetic) = summed(runbook, &time);
        let limit = minutes(recovery.time);
        found.add(
            &["recovery", "time"],
            Words {
                message: format!(
                    "service has to be back within {limit}, the roll back `{}` takes {takes}",
                    runbook.id
                ),
                stated: format!("back within {limit}"),
                right: span(time.range()),
                arithmetic: format!("{arithmetic}, more than {limit}"),
            },
        );
    }
}

fn after_hold(case: &Case<'_>, found: &mut Found<'_>) {
    let Some(recovery) = &case.policy.recovery else { return };
    let Some((runbook, time)) = shortest_roll_back(case) else { return };
    for (place, trigger) in case.policy.triggers.iter().enumerate() {
        let whole = trigger.holds_for + time.planned;
        let late = trigger.then == Reaction::RollBack && trigger.holds_for > Length::ZERO;
        if !late || whole <= recovery.time {
            continue;
        }
        found.add(
            &at("trigger", place, &["for"]),
            Words {
                message: format!(
                    "`{}` holds for {} and `{}` takes {}: service is back after {}, not within {}",
                    trigger.id,
                    minutes(trigger.holds_for),
                    runbook.id,
                    minutes(time.planned),
                    minutes(whole),
                    minutes(recovery.time)
                ),
                stated: format!("back within {}", minutes(recovery.time)),
                right: minutes(whole),
                arithmetic: format!(
                    "{} + {} = {}, more than {}",
                    minutes(trigger.holds_for),
                    minutes(time.planned),
                    minutes(whole),
                    minutes(recovery.time)
                ),
            },
        );
    }
}

fn loses_nothing(case: &Case<'_>, found: &mut Found<'_>) {
    let Some(recovery) = &case.policy.recovery else { return };
    if !recovery.loses_nothing || recovery.point == Length::ZERO {
        return;
    }
    found.add(
        &["recovery", "point"],
        Words {
            message: format!(
                "{} of data may be lost, beside the promise that nothing is",
                spoken(recovery.point)
            ),
            stated: spoken(recovery.point),
            right: "0 s, or no such promise".to_owned(),
            arithmetic: String::new(),
        },
    );
}

fn too_old(backup: &Backup, recovery: &Recovery) -> bool {
    !backup.continuous && backup.every > recovery.point
}

fn old_snapshot(case: &Case<'_>, found: &mut Found<'_>) {
    let Some(recovery) = &case.policy.recovery else { return };
    for (place, runbook) in case.policy.runbooks.iter().enumerate() {
        for (number, step) in runbook.steps.iter().enumerate() {
            if step.touches != Some(Touches::RevertData) {
                continue;
            }
            let backup = match &step.restores {
                Some(id) => recovery.backups.iter().find(|backup| backup.id == *id),
                // Any backup would do, so only the best one can accuse it.
                None => {
                    recovery.backups.iter().min_by_key(|backup| (too_old(backup, recovery), backup.every))
                }
            };
            let Some(backup) = backup.filter(|backup| too_old(backup, recovery)) else { continue };
            found.add(
                &at("runbook", place, &["step", &number.to_string(), "restores"]),
                Words {
                    message: format!(
                        "`{}` goes back to `{}`, which may be {} old: at most {} may be lost",
                        step.id,
                        backup.id,
                        spoken(backup.every),
                        spoken(recovery.point)
                    ),
                    stated: format!("at most {} lost", spoken(recovery.point)),
                    right: format!("up to {} lost", spoken(backup.every)),
                    arithmetic: format!(
                        "`{}` is taken every {}: {} > {}",
                        backup.id,
                        spoken(backup.every),
                        spoken(backup.every),
                        spoken(recovery.point)
                    ),
                },
            );
        }
    }
}
