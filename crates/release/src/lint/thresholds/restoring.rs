//! Promises of how soon service is back, against what has to happen first.

use super::recovery::shortest_roll_back;
use crate::Length;
use crate::lint::demands::{Promise, promises};
use crate::lint::words::{at, minutes, spoken};
use crate::lint::{Case, Found, Level, Rule, Words};

pub(super) const REMEDY: Rule = Rule {
    code: "T10",
    level: Level::Error,
    title: "a promised time to restore is shorter than the shortest roll back",
    explain: "Even an incident that is noticed at once and rolled back at once takes longer than promised. Make the roll back shorter, \
              or promise what it takes, with time to notice and decide on top.",
    look: remedy,
};

pub(super) const LADDER: Rule = Rule {
    code: "T11",
    level: Level::Error,
    title: "response and escalation take longer than the promised time to restore",
    explain: "When nobody answers, the last rung of the ladder is reached only after the promise is broken. Shorten the rungs, call \
              several at once, or let something automatic act first.",
    look: ladder,
};

pub(super) const VOTE: Rule = Rule {
    code: "T12",
    level: Level::Error,
    title: "a trigger needs a vote that does not fit into the promised time",
    explain: "A vote takes as long as its slowest voter, and the roll back comes after it. Set a time after which the trigger acts \
              without the missing votes, or let one role decide.",
    look: vote,
};

fn remedy(case: &Case<'_>, found: &mut Found<'_>) {
    let Some((runbook, time)) = shortest_roll_back(case) else { return };
    for promise in promises(case).into_iter().filter(|promise| promise.within < time.planned) {
        found.add(
            &promise.path,
            Words {
                message: format!(
                    "{}, but the shortest roll back, `{}`, takes {}",
                    promise.what,
                    runbook.id,
                    minutes(time.planned)
                ),
                stated: minutes(promise.within),
                right: format!("at least {}", minutes(time.planned)),
                arithmetic: format!("{} < {}", minutes(promise.within), minutes(time.planned)),
            },
        );
    }
}

fn ladder(case: &Case<'_>, found: &mut Found<'_>) {
    let rungs: Vec<Length> = case.policy.escalation.chain.iter().map(|rung| rung.within).collect();
    let whole: Length = rungs.iter().copied().sum();
    let terms: Vec<String> =
        rungs.iter().map(|rung| minutes(*rung).trim_end_matches(" min").to_owned()).collect();
    for promise in promises(case).into_iter().filter(|promise| whole > promise.within) {
        found.add(
            &promise.path,
            Words {
                message: format!(
                    "{}, but the escalation has run through only after {}",
                    promise.what,
                    minutes(whole)
                ),
                stated: minutes(promise.within),
                right: minutes(whole),
                arithmetic: format!(
                    "{} = {}, more than {}",
                    terms.join(" + "),
                    minutes(whole),
                    minutes(promise.within)
                ),
            },
        );
    }
    for (place, severity) in case.policy.severities.iter().enumerate() {
        let Some(restore) = severity.restore_within else { continue };
        // A longer ladder has already been told of.
        if severity.respond_within < restore || whole > restore {
            continue;
        }
        found.add(
            &at("severity", place, &["respond_within"]),
            Words {
                message: format!(
                    "{} may be left alone for {}, but is to be restored within {}",
                    severity.id,
                    spoken(severity.respond_within),
                    spoken(restore)
                ),
                stated: spoken(severity.respond_within),
                right: format!("less than {}", spoken(restore)),
                arithmetic: format!(
                    "{} - {} = 0 min",
                    minutes(restore),
                    minutes(severity.respond_within.min(restore))
                ),
            },
        );
    }
}

fn vote(case: &Case<'_>, found: &mut Found<'_>) {
    let of_recovery = case.policy.recovery.as_ref().map(|recovery| Promise {
        within: recovery.time,
        what: format!("service is back within {}", spoken(recovery.time)),
        path: Vec::new(),
    });
    let Some(promise) = promises(case).into_iter().chain(of_recovery).min_by_key(|promise| promise.within)
    else {
        return;
    };
    let after = shortest_roll_back(case).map_or(Length::ZERO, |(_, time)| time.planned);
    let left = if after < promise.within {
        format!("at most {}", minutes(promise.within - after))
    } else {
        "no vote: the roll back alone takes as long".to_owned()
    };
    for (place, trigger) in case.policy.triggers.iter().enumerate() {
        let Some(vote) = &trigger.vote else { continue };
        let how = if vote.unanimous { "all" } else { "most" };
        let words = match vote.within {
            None => Words {
                message: format!(
                    "`{}` waits for {how} of {} roles without an end, but {}",
                    trigger.id,
                    vote.roles.len(),
                    promise.what
                ),
                stated: "no time limit".to_owned(),
                right: left.clone(),
                arithmetic: format!("{} - {} of roll back", minutes(promise.within), minutes(after)),
            },
            Some(within) if within + after > promise.within => Words {
                message: format!(
                    "`{}` waits up to {} for votes and the roll back takes {}, but {}",
                    trigger.id,
                    minutes(within),
                    minutes(after),
                    promise.what
                ),
                stated: minutes(within),
                right: left.clone(),
                arithmetic: format!(
                    "{} + {} = {}, more than {}",
                    minutes(within),
                    minutes(after),
                    minutes(within + after),
                    minutes(promise.within)
                ),
            },
            Some(_) => continue,
        };
        found.add(&at("trigger", place, &["vote"]), words);
    }
}
