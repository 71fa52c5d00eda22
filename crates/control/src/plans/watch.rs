//! What the plan demands by time alone: conditions that are missed or met by their checks, decisions that have to be taken again,
//! meetings that nobody came to, horizons that have come.
//!
//! Enters: the time. Leaves: rows of the book, each written once: what is to be written follows from what is not written yet, so a
//! process that died in between, or a second one, writes nothing twice. Never here: messages to people.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use release::Length;
use release::calendar::Calendars;
use release::decision::reopens;
use release::evaluate::unrecorded;
use release::event::{ConditionMarked, Event, Reopened};
use release::ledger::event::{HorizonJudged, MeetingNoted};
use release::ledger::{Entry, Ledger, Service, event};
use release::meeting::unnoted;
use release::schedule::marks;

use super::at_moment_by;
use crate::Control;
use crate::book::{BookError, WriteError};
use crate::refused::Refused;

/// Looked at so often: plans are made of days and minutes.
const EVERY: Duration = Duration::from_secs(20);
/// So many releases of each service are looked at, the newest of those that are not decided or whose plan goes on.
const RELEASES_MAX: usize = 50;
/// A decided release is looked at for so long after the last day and horizon of its plan: day 0 may be later than the decision.
const AFTERWARDS: Length = Length::days(90);
/// Rows that are written at a time; the rest follows with the next look.
const ROWS_MAX: usize = 100;

/// Looks at all plans, until control's end is asked for.
pub async fn serve(control: Arc<Control>) {
    loop {
        let looked = Arc::clone(&control);
        match tokio::task::spawn_blocking(move || look(&looked)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "plans cannot be looked at"),
            Err(error) => tracing::error!(%error, "looking at plans broke off"),
        }
        tokio::select! {
            () = control.cancel.asked() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// Writes what is to be written now. What is to be written is found out beside the book's lock, and once more under it where there is
/// anything, so a look that finds nothing holds nobody up.
pub(super) fn look(control: &Control) -> Result<(), BookError> {
    let calendars = Calendars::builtin();
    for id in wanting(control, &calendars)? {
        if control.cancel.is_asked() {
            return Ok(());
        }
        let write = |ledger: &Ledger, now: Timestamp| whole(&id, || rows(&calendars, ledger, &id, now));
        match control.book.write(|ledger, now| write(ledger, now).map(|rows| (rows, ()))) {
            Ok(()) => {}
            Err(WriteError::Unwanted(refused)) => {
                tracing::warn!(release = %id, error = %refused, "its plan cannot be looked at");
            }
            Err(WriteError::Book(error)) => return Err(error),
        }
    }
    Ok(())
}

/// Releases that something is to be written about.
fn wanting(control: &Control, calendars: &Calendars) -> Result<Vec<String>, BookError> {
    let (ledger, now) = (control.book.snapshot()?, control.book.now());
    let newest = |service: &Service| -> Vec<String> {
        let on = service.opened.iter().rev().filter(|id| is_on(&ledger, service, id, now));
        on.take(RELEASES_MAX).cloned().collect()
    };
    let mut wanting = Vec::new();
    for id in ledger.services.values().flat_map(newest) {
        if control.cancel.is_asked() {
            break;
        }
        match whole(&id, || rows(calendars, &ledger, &id, now)) {
            Ok(rows) if rows.is_empty() => {}
            Ok(_) => wanting.push(id),
            Err(refused) => tracing::warn!(release = %id, error = %refused, "its plan cannot be looked at"),
        }
    }
    Ok(wanting)
}

/// One plan that cannot be computed stops no other.
pub(super) fn whole(
    id: &str,
    look: impl FnOnce() -> Result<Vec<Entry>, Refused>,
) -> Result<Vec<Entry>, Refused> {
    // It only computes: nothing is left half done.
    std::panic::catch_unwind(AssertUnwindSafe(look)).unwrap_or_else(|_| {
        Err(Refused::conflict("policy", format!("the plan of {id} cannot be computed"))
            .hint("`meridian release lint` says what is odd about its policy"))
    })
}

/// It is not decided, or its plan goes on.
fn is_on(ledger: &Ledger, service: &Service, id: &str, now: Timestamp) -> bool {
    let Some(brief) = service.brief(id) else { return false };
    let (Some((_, at)), Some(loaded)) = (brief.decided, ledger.loaded(&brief.policy)) else { return true };
    let policy = &loaded.policy;
    let conditions = policy.approval.iter().flat_map(|approval| &approval.conditions);
    let days = policy.plan.meetings.iter().map(|meeting| meeting.to_day);
    let last_day = days.chain(conditions.filter_map(|condition| condition.due_day)).max().unwrap_or(0);
    let last_day = Length::days(u64::try_from(last_day).unwrap_or(0));
    let last =
        policy.horizons.iter().map(|horizon| horizon.after).chain([last_day]).max().unwrap_or_default();
    let over = SignedDuration::from_secs((last + AFTERWARDS).signed_seconds());
    at.checked_add(over).is_ok_and(|over| now < over)
}

fn rows(calendars: &Calendars, ledger: &Ledger, id: &str, now: Timestamp) -> Result<Vec<Entry>, Refused> {
    at_moment_by(calendars, ledger, id, now, |moment| {
        let service = moment.loaded.policy.service.name.clone();
        let release = id.to_owned();
        let mut rows: Vec<Entry> = Vec::new();
        for (condition, met) in marks(moment) {
            let marked = ConditionMarked { release: release.clone(), condition, at: now, by: String::new() };
            let event = if met { Event::ConditionMet(marked) } else { Event::ConditionMissed(marked) };
            rows.push(Entry::Release(service.clone(), event));
        }
        let why = reopens(moment.loaded, moment.state, now);
        if !why.is_empty() {
            let reopened = Reopened { release: release.clone(), why, at: now };
            rows.push(Entry::Release(service.clone(), Event::Reopened(reopened)));
        }
        for evaluation in unrecorded(moment) {
            let judged = HorizonJudged { release: release.clone(), evaluation };
            rows.push(Entry::Record(service.clone(), event::Event::HorizonJudged(judged)));
        }
        for (meeting, occurrence) in unnoted(moment) {
            let noted = MeetingNoted {
                meeting,
                release: release.clone(),
                due: occurrence.due,
                held: false,
                text: "nobody noted that it was held".to_owned(),
                at: now,
                by: String::new(),
            };
            rows.push(Entry::Record(service.clone(), event::Event::MeetingNoted(noted)));
        }
        rows.truncate(ROWS_MAX);
        Ok(rows)
    })
}
