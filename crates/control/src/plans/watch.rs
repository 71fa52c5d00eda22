//! What the plan demands by time alone: conditions that are missed or met by their checks, decisions that have to be taken again,
//! meetings that nobody came to, horizons that have come.
//!
//! Enters: the time. Leaves: rows of the book, each written once: what is to be written follows from what is not written yet, so a
//! process that died in between, or a second one, writes nothing twice. Never here: messages to people.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use release::decision::reopens;
use release::evaluate::unrecorded;
use release::event::{ConditionMarked, Event, Reopened};
use release::ledger::event::{HorizonJudged, MeetingNoted};
use release::ledger::{Entry, Ledger, event};
use release::meeting::unnoted;
use release::schedule::marks;

use super::at_moment;
use crate::Control;
use crate::book::{BookError, WriteError};
use crate::refused::Refused;

/// Looked at so often: plans are made of days and minutes.
const EVERY: Duration = Duration::from_secs(20);
/// The newest releases of each service are looked at.
const RELEASES_MAX: usize = 50;
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

/// Writes what is to be written now.
pub(super) fn look(control: &Control) -> Result<(), BookError> {
    let newest = |ledger: &Ledger| -> Vec<String> {
        let of = ledger.services.values();
        of.flat_map(|service| service.opened.iter().rev().take(RELEASES_MAX)).cloned().collect()
    };
    for id in control.book.read(newest)? {
        if control.cancel.is_asked() {
            return Ok(());
        }
        match control.book.write(|ledger, now| rows(ledger, &id, now).map(|rows| (rows, ()))) {
            Ok(()) => {}
            Err(WriteError::Unwanted(refused)) => {
                tracing::warn!(release = %id, error = %refused, "its plan cannot be looked at");
            }
            Err(WriteError::Book(error)) => return Err(error),
        }
    }
    Ok(())
}

fn rows(ledger: &Ledger, id: &str, now: Timestamp) -> Result<Vec<Entry>, Refused> {
    at_moment(ledger, id, now, |moment| {
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
