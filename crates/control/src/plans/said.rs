//! What people say of the plan: a task is done, a condition is met, a meeting was held, somebody was told.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use jiff::Timestamp;
use release::Moment;
use release::announcement::announcements;
use release::event::{ConditionMarked, Event, TaskDone};
use release::ledger::event::{Announced, MeetingNoted};
use release::ledger::{Entry, event};
use release::meeting::{Occurrence, meetings};
use release::policy::Task;
use release::schedule::schedule;
use release::state::{Mark, TaskRow};
use release::watch::page::CHANNEL;
use serde::Deserialize;
use serde_json::{Value, json};

use super::text::short;
use super::{at_moment, no_meeting, none, seen};
use crate::Control;
use crate::api::{Body, RUN, SIGN, Table};
use crate::refused::Refused;
use crate::releases::{holds, person};

pub(super) fn routes(table: &mut Table) {
    table.add("POST", "/v1/release/releases/{id}/tasks/{task}/done", SIGN, task_done);
    table.add("POST", "/v1/release/releases/{id}/conditions/{condition}/met", SIGN, condition_met);
    table.add("POST", "/v1/release/releases/{id}/conditions/{condition}/missed", SIGN, condition_missed);
    table.add("POST", "/v1/release/releases/{id}/meetings/{meeting}", RUN, meeting_noted);
    table.add("POST", "/v1/release/releases/{id}/announcements/{announcement}", RUN, announced);
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Done {
    by: String,
    /// As which of its signers.
    #[serde(default)]
    role: Option<String>,
}

async fn task_done(
    State(control): State<Arc<Control>>,
    Path((id, name)): Path<(String, String)>,
    Body(body): Body<Done>,
) -> Result<Json<Value>, Refused> {
    control.book.write(|ledger, now| {
        at_moment(ledger, &id, now, |moment| {
            let policy = &moment.loaded.policy;
            let tasks = &policy.plan.tasks;
            let task = tasks.iter().find(|task| task.id == name).ok_or_else(|| {
                none("task", &name, &tasks.iter().map(|task| task.id.as_str()).collect::<Vec<_>>())
            })?;
            person(policy, "by", &body.by)?;
            let role = signer(moment, task, &body)?;
            let done =
                TaskDone { release: id.clone(), task: name.clone(), role, at: now, by: body.by.clone() };
            if said_done(moment, &done) {
                return Ok((Vec::new(), ()));
            }
            Ok((vec![Entry::Release(policy.service.name.clone(), Event::TaskDone(done))], ()))
        })
    })?;
    seen(&control, &id, |moment| {
        Ok(json!({ "task": schedule(moment).tasks.into_iter().find(|task| task.id == name) }))
    })
}

/// They have said so of this artefact.
fn said_done(moment: &Moment<'_>, done: &TaskDone) -> bool {
    let same = |row: &TaskRow, artefact: &str| {
        row.artefact == artefact
            && (&row.done.task, &row.done.role, &row.done.by) == (&done.task, &done.role, &done.by)
    };
    let release = moment.state.release.as_ref();
    release.is_some_and(|release| release.tasks.iter().any(|row| same(row, &release.artefact)))
}

/// As whom somebody says that a task is done; the one signer whose role they hold, where they do not say.
fn signer(moment: &Moment<'_>, task: &Task, body: &Done) -> Result<Option<String>, Refused> {
    let policy = &moment.loaded.policy;
    let signers = || format!("its signers are: {}", task.signers.join(", "));
    match &body.role {
        Some(role) if task.signers.contains(role) => {
            holds(policy, &body.by, role)?;
            Ok(Some(role.clone()))
        }
        Some(_) if task.signers.is_empty() => {
            Err(Refused::field("role", format!("task `{}` has no signers: leave the role out", task.id)))
        }
        Some(role) => {
            Err(Refused::field("role", format!("`{role}` does not sign task `{}`", task.id)).hint(signers()))
        }
        None if task.signers.is_empty() => Ok(None),
        None => {
            let theirs = task.signers.iter().filter(|role| holds(policy, &body.by, role).is_ok());
            match theirs.collect::<Vec<_>>()[..] {
                [role] => Ok(Some(role.clone())),
                [] => Err(Refused::field("by", format!("{} signs nothing of task `{}`", body.by, task.id))
                    .hint(signers())),
                _ => {
                    Err(Refused::field("role", format!("{} holds several of its roles: say which", body.by))
                        .hint(signers()))
                }
            }
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct By {
    by: String,
}

async fn condition_met(
    State(control): State<Arc<Control>>,
    Path((id, condition)): Path<(String, String)>,
    Body(body): Body<By>,
) -> Result<Json<Value>, Refused> {
    mark(&control, &id, &condition, &body.by, true)
}

async fn condition_missed(
    State(control): State<Arc<Control>>,
    Path((id, condition)): Path<(String, String)>,
    Body(body): Body<By>,
) -> Result<Json<Value>, Refused> {
    mark(&control, &id, &condition, &body.by, false)
}

fn mark(control: &Control, id: &str, name: &str, by: &str, met: bool) -> Result<Json<Value>, Refused> {
    control.book.write(|ledger, now| {
        at_moment(ledger, id, now, |moment| {
            let policy = &moment.loaded.policy;
            let all = || policy.approval.iter().flat_map(|approval| &approval.conditions);
            let condition = all().find(|condition| condition.id == name).ok_or_else(|| {
                none("condition", name, &all().map(|condition| condition.id.as_str()).collect::<Vec<_>>())
            })?;
            person(policy, "by", by)?;
            if let Some(owner) = condition.owner.as_deref().filter(|owner| *owner != by) {
                holds(policy, by, owner)?;
            }
            let release = moment.state.release.as_ref();
            let before = release.and_then(|release| release.conditions.get(name));
            // Whoever said no may take that back; the checks have to prove it all the same.
            let denied = before.is_some_and(|mark| !mark.met && !mark.marked.by.is_empty());
            let comes_first = condition.due_day.is_none_or(|day| day < 0);
            if met && !denied && !condition.checks.is_empty() && comes_first {
                let words =
                    format!("condition `{name}` comes before the release: its checks have to prove it");
                let hint = format!("its checks are: {}", condition.checks.join(", "));
                return Err(Refused::conflict("condition", words).hint(hint));
            }
            let same = |mark: &Mark, artefact: &str| {
                mark.met == met && mark.marked.by == by && mark.artefact == artefact
            };
            if before.zip(release).is_some_and(|(mark, release)| same(mark, &release.artefact)) {
                return Ok((Vec::new(), ()));
            }
            let marked = ConditionMarked {
                release: id.to_owned(),
                condition: name.to_owned(),
                at: now,
                by: by.to_owned(),
            };
            let event = if met { Event::ConditionMet(marked) } else { Event::ConditionMissed(marked) };
            Ok((vec![Entry::Release(policy.service.name.clone(), event)], ()))
        })
    })?;
    seen(control, id, |moment| {
        let due = schedule(moment).dues.into_iter();
        let mut due = due.filter(|due| due.id == name && due.kind == release::schedule::DueKind::Condition);
        Ok(json!({ "condition": due.next() }))
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Noted {
    /// Which occurrence; the last one that has begun unless given.
    #[serde(default)]
    due: Option<Timestamp>,
    /// It took place.
    #[serde(default = "yes")]
    held: bool,
    /// What came of it, or why not.
    #[serde(default)]
    text: String,
    by: String,
}

const fn yes() -> bool {
    true
}

async fn meeting_noted(
    State(control): State<Arc<Control>>,
    Path((id, meeting)): Path<(String, String)>,
    Body(body): Body<Noted>,
) -> Result<Json<Value>, Refused> {
    let due = control.book.write(|ledger, now| {
        at_moment(ledger, &id, now, |moment| {
            let policy = &moment.loaded.policy;
            let planned = meetings(moment).into_iter().find(|planned| planned.id == meeting);
            let planned = planned.ok_or_else(|| no_meeting(moment, &meeting))?;
            person(policy, "by", &body.by)?;
            if !body.held && body.text.trim().is_empty() {
                return Err(Refused::field("text", "say why it was not held"));
            }
            short("text", &body.text)?;
            let due = occurrence(&planned.occurrences, body.due, now)?;
            if body.held && due > now {
                let words = format!("it is due at {due}, and cannot have been held yet");
                return Err(Refused::field("due", words).hint("say ahead only that one is skipped"));
            }
            let service = moment.ledger.services.get(&policy.service.name);
            let same =
                |row: &MeetingNoted| row.held == body.held && row.text == body.text && row.by == body.by;
            if service.and_then(|service| service.meeting_noted(&id, &meeting, due)).is_some_and(same) {
                return Ok((Vec::new(), due));
            }
            let noted = MeetingNoted {
                meeting: meeting.clone(),
                release: id.clone(),
                due,
                held: body.held,
                text: body.text.clone(),
                at: now,
                by: body.by.clone(),
            };
            let row = Entry::Record(policy.service.name.clone(), event::Event::MeetingNoted(noted));
            Ok((vec![row], due))
        })
    })?;
    seen(&control, &id, |moment| {
        let planned = meetings(moment).into_iter().find(|planned| planned.id == meeting);
        let occurrences = planned.into_iter().flat_map(|planned| planned.occurrences);
        let occurrence = occurrences.into_iter().find(|one| one.due == due);
        Ok(json!({ "meeting": meeting, "occurrence": occurrence }))
    })
}

fn occurrence(all: &[Occurrence], wanted: Option<Timestamp>, now: Timestamp) -> Result<Timestamp, Refused> {
    match wanted {
        Some(due) if all.iter().any(|one| one.due == due) => Ok(due),
        Some(due) => {
            let near = all.iter().min_by_key(|one| one.due.duration_since(due).abs());
            let hint =
                near.map_or("it has no dates".to_owned(), |near| format!("the nearest is {}", near.due));
            Err(Refused::field("due", format!("the meeting is not due at {due}")).hint(hint))
        }
        None => {
            let begun = all.iter().rev().find(|one| one.due <= now);
            begun.map(|one| one.due).ok_or_else(|| match all.first() {
                Some(first) => Refused::field("due", "the meeting has not begun yet")
                    .hint(format!("it is due at {}; name that one to skip it", first.due)),
                None => Refused::field("due", "the meeting has no dates: day 0 is not known")
                    .hint("`meridian release change --day0 DATE` gives the release its day 0"),
            })
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    /// One of those that the policy names; empty: a person told them all, and the status page says it, where it is one of them.
    #[serde(default)]
    channel: String,
    /// The policy's text, filled in, unless given.
    #[serde(default)]
    text: String,
    by: String,
}

/// Which rows say it: the status page shows what is said on it by name. What goes to others is said by people.
fn channels<'a>(to: &'a [String], named: &'a str) -> Vec<&'a str> {
    if !named.is_empty() {
        return vec![named];
    }
    let (page, others): (Vec<&str>, Vec<&str>) =
        to.iter().map(String::as_str).partition(|channel| *channel == CHANNEL);
    let person = others.first().map(|_| "").or(page.is_empty().then_some(""));
    page.into_iter().take(1).chain(person).collect()
}

async fn announced(
    State(control): State<Arc<Control>>,
    Path((id, name)): Path<(String, String)>,
    Body(body): Body<Told>,
) -> Result<Json<Value>, Refused> {
    control.book.write(|ledger, now| {
        at_moment(ledger, &id, now, |moment| {
            let policy = &moment.loaded.policy;
            let all = announcements(moment);
            let planned = all.iter().find(|one| one.id == name).ok_or_else(|| {
                none("announcement", &name, &all.iter().map(|one| one.id.as_str()).collect::<Vec<_>>())
            })?;
            person(policy, "by", &body.by)?;
            if !body.channel.is_empty() && !planned.to.contains(&body.channel) {
                let words = format!("announcement `{name}` does not go to `{}`", body.channel);
                let hint = format!("it goes to: {}", planned.to.join(", "));
                return Err(Refused::field("channel", words).hint(hint));
            }
            short("text", &body.text)?;
            let text = if body.text.is_empty() { planned.text.clone() } else { body.text.clone() };
            let said = |channel: &str| {
                let newest = planned.announced.iter().rev().find(|said| said.channel == channel);
                newest.is_some_and(|said| said.text == text && said.by == body.by)
            };
            let row = |channel: &str| {
                let announced = Announced {
                    announcement: name.clone(),
                    release: id.clone(),
                    text: text.clone(),
                    channel: channel.to_owned(),
                    at: now,
                    by: body.by.clone(),
                };
                Entry::Record(policy.service.name.clone(), event::Event::Announced(announced))
            };
            let channels = channels(&planned.to, &body.channel);
            Ok((channels.into_iter().filter(|channel| !said(channel)).map(row).collect(), ()))
        })
    })?;
    seen(&control, &id, |moment| {
        Ok(json!({ "announcement": announcements(moment).into_iter().find(|one| one.id == name) }))
    })
}
