//! Which day of the plan comes before which.

use std::collections::{BTreeMap, BTreeSet};

use super::reading::seconds;
use super::{order, planned};
use crate::Length;
use crate::lint::{Case, Found, Words};
use crate::policy::{Relative, Task, Window};

/// Last day of a task.
pub(super) fn ends(task: &Task) -> i32 {
    task.to_day.unwrap_or(task.day).max(task.day)
}

/// `day -3`, `days 21 to 34`.
fn days(task: &Task) -> String {
    if ends(task) == task.day {
        format!("day {}", task.day)
    } else {
        format!("days {} to {}", task.day, ends(task))
    }
}

pub(super) fn delivered_twice(case: &Case<'_>, found: &mut Found<'_>) {
    let mut first: BTreeMap<&str, &Task> = BTreeMap::new();
    for (i, task) in case.policy.plan.tasks.iter().enumerate() {
        for (j, what) in task.delivers.iter().enumerate() {
            match first.get(what.as_str()) {
                Some(other) if other.id != task.id && ends(other) != ends(task) => {
                    let message =
                        format!("`{what}` is delivered by task `{}` and again by `{}`.", other.id, task.id);
                    let stated = format!("{} and {}", days(other), days(task));
                    let words = Words::new(message, stated, "one date, or one name for each part");
                    found.at(&format!("plan.task.{i}.delivers.{j}"), words);
                }
                Some(_) => {}
                None => {
                    first.insert(what, task);
                }
            }
        }
    }
}

pub(super) fn criterion(case: &Case<'_>, found: &mut Found<'_>) {
    for (i, horizon) in case.policy.horizons.iter().enumerate() {
        for (j, criterion) in horizon.criteria.iter().enumerate() {
            let milestones = &case.policy.plan.milestones;
            let Some(milestone) =
                milestones.iter().find(|milestone| Some(&milestone.id) == criterion.milestone.as_ref())
            else {
                continue;
            };
            // A phase is over with its last day.
            let over = i64::from(milestone.to_day.max(milestone.from_day)) + 1;
            let judged = horizon.after.signed_seconds();
            if judged < over.saturating_mul(86_400) {
                let message = format!(
                    "`{}` is judged after {}, before its milestone `{}` is over.",
                    criterion.id, horizon.after, milestone.id
                );
                let right = format!("a horizon of at least {over}d");
                let arithmetic = format!(
                    "last day of the milestone: day {}; judged {} after day 0",
                    over - 1,
                    horizon.after
                );
                let words = Words::new(message, horizon.after.to_string(), right).because(arithmetic);
                found.at(&format!("horizon.{i}.criterion.{j}.milestone"), words);
            }
        }
    }
}

pub(super) fn blocker(case: &Case<'_>, found: &mut Found<'_>) {
    let tasks = &case.policy.plan.tasks;
    if tasks.is_empty() {
        return;
    }
    for (i, blocker) in case.policy.blockers.iter().enumerate() {
        let fixed = blocker.stated.as_deref() == Some("fixed");
        if !fixed && !tasks.iter().any(|task| task.fixes.contains(&blocker.id)) {
            let message = format!("No task of the plan fixes blocker `{}`.", blocker.id);
            let right = format!("a task with fixes = [\"{}\"]", blocker.id);
            found.at(&format!("blocker.{i}.id"), Words::new(message, blocker.id.as_str(), right));
        }
    }
}

pub(super) fn container(case: &Case<'_>, found: &mut Found<'_>) {
    let plan = &case.policy.plan;
    for (i, task) in plan.tasks.iter().enumerate() {
        let Some(phase) = plan.milestones.iter().find(|phase| Some(&phase.id) == task.milestone.as_ref())
        else {
            continue;
        };
        let room = i64::from(phase.to_day) - i64::from(phase.from_day) + 1;
        let room = Length::days(u64::try_from(room).unwrap_or(0));
        let span = format!("days {} to {}", phase.from_day, phase.to_day);
        if task.day < phase.from_day || ends(task) > phase.to_day {
            let message = format!("Task `{}` reaches beyond its milestone `{}`.", task.id, phase.id);
            found
                .at(&format!("plan.task.{i}.day"), Words::new(message, days(task), format!("within {span}")));
        } else if let Some(length) = task.stated_length.filter(|length| *length > room) {
            let message = format!("Task `{}` is longer than its milestone `{}`.", task.id, phase.id);
            let arithmetic = format!("{span} are {room}");
            let words =
                Words::new(message, length.to_string(), format!("at most {room}")).because(arithmetic);
            found.at(&format!("plan.task.{i}.stated_length"), words);
        }
    }
    order::holds(case, found);
    windows(case, found);
    planned::closed(case, found);
}

/// A release does not fit into any window.
fn windows(case: &Case<'_>, found: &mut Found<'_>) {
    let windows = &case.policy.windows;
    let Some(needs) = windows.needs else { return };
    let rooms: Option<Vec<Length>> = windows.allow.iter().map(room).collect();
    if let Some(room) = rooms.and_then(|rooms| rooms.into_iter().max()).filter(|room| needs > *room) {
        let message = "A release takes longer than the longest window.";
        let right = format!("at most {room}, or a longer window");
        found.at("windows.needs", Words::new(message, needs.to_string(), right));
    }
}

/// How long a window is, where that does not depend on the day.
fn room(window: &Window) -> Option<Length> {
    match window.relative {
        Some(Relative::AfterClose { lasts, .. } | Relative::BeforeOpen { lasts, .. }) => return Some(lasts),
        Some(Relative::InSession { .. }) => return None,
        None => {}
    }
    let (from, to) = (seconds(window.from.as_deref()?)?, seconds(window.to.as_deref()?)?);
    let room = if to > from { to - from } else { to + 86_400 - from };
    Some(Length::seconds(room.unsigned_abs()))
}

/// The tasks that provide something, by its name: that of a task, or of what it delivers.
struct Providers<'a>(BTreeMap<&'a str, Vec<&'a Task>>);

impl<'a> Providers<'a> {
    fn of(tasks: &'a [Task]) -> Providers<'a> {
        let mut by_name: BTreeMap<&str, Vec<&Task>> = BTreeMap::new();
        for task in tasks {
            let others = task.delivers.iter().filter(|name| **name != task.id);
            for name in others.chain([&task.id]) {
                by_name.entry(name).or_default().push(task);
            }
        }
        Providers(by_name)
    }

    fn of_name(&self, what: &str) -> &[&'a Task] {
        self.0.get(what).map_or(&[], Vec::as_slice)
    }

    /// The one that is there first.
    fn first(&self, what: &str) -> Option<&'a Task> {
        self.of_name(what).iter().copied().min_by_key(|task| ends(task))
    }
}

/// True when `provider` surely ends after `user` has begun.
fn too_late(provider: &Task, user: &Task) -> bool {
    let clock = |text: &Option<String>| text.as_deref().and_then(seconds);
    ends(provider) > user.day
        || ends(provider) == user.day
            && matches!((clock(&provider.to), clock(&user.from)), (Some(done), Some(begun)) if done > begun)
}

pub(super) fn needs(case: &Case<'_>, found: &mut Found<'_>) {
    let tasks = &case.policy.plan.tasks;
    let providers = Providers::of(tasks);
    for (i, user) in tasks.iter().enumerate() {
        for (j, what) in user.needs.iter().enumerate() {
            let Some(first) = providers.first(what) else { continue };
            let waits = waits_for(&providers, first, user);
            let late = providers.of_name(what).iter().all(|provider| too_late(provider, user));
            if late || waits {
                let message = if late {
                    format!("Task `{}` needs `{what}`, which `{}` provides only later.", user.id, first.id)
                } else {
                    format!("Tasks `{}` and `{}` wait for each other.", user.id, first.id)
                };
                let stated = format!("needed on day {}, there on {}", user.day, days(first));
                let right = format!("`{}` done before `{}`", first.id, user.id);
                found.at(&format!("plan.task.{i}.needs.{j}"), Words::new(message, stated, right));
            }
        }
    }
    items(case, &providers, found);
    meetings(case, found);
}

/// True when `from` itself needs, over any number of others, what `to` provides.
fn waits_for(providers: &Providers<'_>, from: &Task, to: &Task) -> bool {
    let mut seen = BTreeSet::new();
    let mut next = vec![from];
    while let Some(task) = next.pop() {
        if task.id == to.id {
            return true;
        }
        if seen.insert(task.id.as_str()) {
            next.extend(task.needs.iter().flat_map(|what| providers.of_name(what)).copied());
        }
    }
    false
}

/// Items that are put off to a day on which what they need is not there.
fn items(case: &Case<'_>, providers: &Providers<'_>, found: &mut Found<'_>) {
    for (i, section) in case.policy.sections.iter().enumerate() {
        for (j, item) in section.items.iter().enumerate() {
            let (Some(day), Some(what)) = (item.deferred_to_day, &item.needs) else { continue };
            if let Some(first) = providers.first(what).filter(|first| ends(first) > day) {
                let message = format!("The item is put off to day {day}, and `{what}` comes only later.");
                let right = format!("day {} or later", ends(first));
                let words = Words::new(message, format!("day {day}"), right).because(format!(
                    "task `{}` provides it on {}",
                    first.id,
                    days(first)
                ));
                found.at(&format!("section.{i}.item.{j}.deferred_to_day"), words);
            }
        }
    }
}

/// Meetings that look at checks which have no evidence yet at any of their days.
fn meetings(case: &Case<'_>, found: &mut Found<'_>) {
    let plan = &case.policy.plan;
    for (i, meeting) in plan.meetings.iter().enumerate() {
        for (j, point) in meeting.agenda.iter().enumerate() {
            for (k, what) in point.shows.iter().enumerate() {
                let proving = plan.tasks.iter().filter(|task| task.proves.contains(what));
                if let Some(first) =
                    proving.min_by_key(|task| ends(task)).filter(|first| ends(first) > meeting.to_day)
                {
                    let message =
                        format!("Meeting `{}` looks at `{what}` before it can be proven.", meeting.id);
                    let right = format!("day {} or later", ends(first));
                    let words = Words::new(message, format!("day {}", meeting.to_day), right)
                        .because(format!("task `{}` proves it on {}", first.id, days(first)));
                    found.at(&format!("plan.meeting.{i}.agenda.{j}.shows.{k}"), words);
                }
            }
        }
    }
}
