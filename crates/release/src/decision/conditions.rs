//! What a conditional GO is bound to.

use jiff::civil::Date;

use super::{Against, Code, OpenCondition};
use crate::day::Days;
use crate::policy::Condition;
use crate::proof::Case;
use crate::state::Mark;

/// Conditions that come first and are not met, and missed ones, stand against it; the others that are not met are left open.
pub(super) fn look(case: &Case<'_>, days: &Days, against: &mut Against) -> Vec<OpenCondition> {
    let mut open = Vec::new();
    for condition in conditions(case) {
        if met(case, condition) {
            continue;
        }
        match condition.due_day {
            Some(due_day) if due_day >= 0 => match missed_why(case, condition, days) {
                Some(why) => against.add(Code::Condition, &condition.id, why),
                None => match (&condition.owner, due(case, condition, days)) {
                    (None, _) => {
                        against.add(Code::Condition, &condition.id, "nobody sees to it: give it an `owner`")
                    }
                    (_, None) => against.add(
                        Code::Condition,
                        &condition.id,
                        "it has no date: give the plan its `day0`",
                    ),
                    (owner, due) => open.push(OpenCondition {
                        id: condition.id.clone(),
                        text: condition.text.clone(),
                        owner: owner.clone(),
                        due_day,
                        due,
                    }),
                },
            },
            _ => against.add(Code::Condition, &condition.id, first_why(case, condition)),
        }
    }
    open
}

/// Where a condition stands.
pub(crate) enum Standing {
    Met,
    /// Why.
    Missed(String),
    Open,
}

/// Where a condition stands, and its date.
pub(crate) fn standing(case: &Case<'_>, condition: &Condition, days: &Days) -> (Standing, Option<Date>) {
    let standing = match met(case, condition) {
        true => Standing::Met,
        false => missed_why(case, condition, days).map_or(Standing::Open, Standing::Missed),
    };
    (standing, due(case, condition, days))
}

/// As it was decided, or else by the plan; `None` while nobody knows.
pub(super) fn due(case: &Case<'_>, condition: &Condition, days: &Days) -> Option<Date> {
    case.release.due.get(&condition.id).copied().or_else(|| days.date(condition.due_day?))
}

/// Missed conditions, in words.
pub(super) fn missed(case: &Case<'_>, days: &Days) -> Vec<String> {
    let missed = conditions(case).filter(|condition| !comes_first(condition) && !met(case, condition));
    let words = missed.filter_map(|condition| {
        missed_why(case, condition, days).map(|why| format!("condition `{}`: {why}", condition.id))
    });
    words.collect()
}

/// Without a day it could never be found missed, so it has to be met first.
pub(super) fn comes_first(condition: &Condition) -> bool {
    condition.due_day.is_none_or(|day| day < 0)
}

pub(super) fn conditions<'a>(case: &Case<'a>) -> impl Iterator<Item = &'a Condition> + use<'a> {
    case.policy.approval.iter().flat_map(|approval| &approval.conditions)
}

/// Proven by its checks; or recorded as met, where it has none or where the proof was needed on its day only. A person's no counts
/// before both until a person says otherwise.
pub(super) fn met(case: &Case<'_>, condition: &Condition) -> bool {
    if denied(case, condition).is_some() {
        return false;
    }
    let mark = case.release.conditions.get(&condition.id);
    let recorded = mark.is_some_and(|mark| {
        mark.met && mark.artefact == case.release.artefact && may_say(case, condition, &mark.marked.by)
    });
    match (condition.checks.is_empty(), comes_first(condition)) {
        (true, _) => recorded,
        (false, true) => case.all_passed(&condition.checks),
        (false, false) => recorded || case.all_passed(&condition.checks),
    }
}

/// The newest word on it is the no of somebody who may say so, for whatever artefact.
pub(crate) fn denied<'a>(case: &Case<'a>, condition: &Condition) -> Option<&'a Mark> {
    let mark = case.release.conditions.get(&condition.id)?;
    let by = &mark.marked.by;
    (!mark.met && !by.is_empty() && may_say(case, condition, by)).then_some(mark)
}

/// Its owner, a person or a role; anyone the policy knows, where it has none; control, by its checks.
fn may_say(case: &Case<'_>, condition: &Condition, by: &str) -> bool {
    match (&condition.owner, by) {
        (_, "") => !condition.checks.is_empty(),
        (Some(owner), by) => owner == by || case.holds(by, owner),
        (None, by) => case.person(by).is_some(),
    }
}

fn first_why(case: &Case<'_>, condition: &Condition) -> String {
    let when = match condition.due_day {
        Some(day) => format!("it is due on day {day}, before the release"),
        None => "it has no day, so it has to be met before the release".to_owned(),
    };
    if let Some(Mark { marked, .. }) = denied(case, condition) {
        return format!("{when}: {} said at {} that it is not met", marked.by, marked.at);
    }
    let open = super::blockers::checks(case, &condition.checks);
    let why =
        if open.is_empty() { "nobody who may has said that it is met".to_owned() } else { open.join("; ") };
    format!("{when}: {why}")
}

pub(super) fn missed_why(case: &Case<'_>, condition: &Condition, days: &Days) -> Option<String> {
    let day = condition.due_day?;
    let owner = condition.owner.as_deref().unwrap_or("nobody");
    let due = due(case, condition, days);
    if due.and_then(|date| days.after(date)).is_some_and(|end| case.now >= end) {
        let date = due.map_or(String::new(), |date| format!(" ({date})"));
        return Some(format!("it was due on day {day}{date} and is not met; its owner is {owner}"));
    }
    let mark = case.release.conditions.get(&condition.id)?;
    (!mark.met).then(|| format!("it was missed, as recorded at {}; its owner is {owner}", mark.marked.at))
}
