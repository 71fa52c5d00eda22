//! The documents of a release as files, and whether files are what they say.
//!
//! Enters: the book, a release, a moment; or files, and nothing else. Leaves: the files of a report; or everything in which they differ
//! from what follows from them. Never here: what a document says (that is `dossier`).
//!
//! A report holds the journal that its documents were computed from, so that [`verify`](mod@verify) needs nothing beside it: it computes
//! everything again.

mod again;
mod manifest;
pub mod verify;
mod written;

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use dossier::Edition;
use jiff::Timestamp;
use jiff::civil::Date;
use journal::events::{READ_ROWS_MAX, Row};
use release::ledger::{Entry, Ledger};
use serde::{Deserialize, Serialize};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::Control;
use crate::api::{JOURNAL as JOURNAL_READ, Table};
use crate::book::Book;
use crate::refused::Refused;
use crate::signing;

pub use manifest::Manifest;

/// Name of the file that names the others.
pub const MANIFEST: &str = "manifest.json";
/// Name of the file with all rows of control's journal.
pub const JOURNAL: &str = "journal.jsonl";

/// One file of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Its name.
    pub name: String,
    /// All of it.
    pub text: String,
}

/// Several files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Files {
    /// In no order that matters.
    pub files: Vec<File>,
}

/// Its routes.
pub fn routes(table: &mut Table) {
    // They hold the journal of every service, or follow from it.
    table.add("GET", "/v1/release/releases/{id}/report", JOURNAL_READ, of_release);
    table.add("GET", "/v1/release/reports/{kind}", JOURNAL_READ, of_service);
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Moment {
    /// As it was known then; now unless given.
    #[serde(default)]
    at: Option<Timestamp>,
}

async fn of_release(
    State(control): State<Arc<Control>>,
    Path(id): Path<String>,
    Query(Moment { at }): Query<Moment>,
) -> Result<Json<Files>, Refused> {
    let now = control.book.now();
    let _turn = control.reports.turn()?;
    let rows = rows(&control.book)?;
    let newest = newest(&rows, now);
    if let Some(at) = at.filter(|at| *at > newest) {
        let words = format!("{at} is still to come");
        return Err(Refused::field("at", words).hint("leave it away for now"));
    }
    Ok(Json(Files { files: files(&rows, &id, at.unwrap_or(newest))? }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// Of which service; may be left away where there is one.
    #[serde(default)]
    service: Option<String>,
    /// The last day, where the service is; today unless given.
    #[serde(default)]
    on: Option<Date>,
    /// For a retrospective: of which incident.
    #[serde(default)]
    incident: Option<String>,
}

async fn of_service(
    State(control): State<Arc<Control>>,
    Path(kind): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Json<Files>, Refused> {
    let now = control.book.now();
    let _turn = control.reports.turn()?;
    let rows = rows(&control.book)?;
    Ok(Json(Files { files: service_files(&rows, &kind, &asked, newest(&rows, now))? }))
}

/// One report at a time: each holds all of the journal in memory.
#[derive(Clone, Debug)]
pub struct Desk(Arc<Semaphore>);

impl Default for Desk {
    fn default() -> Desk {
        Desk(Arc::new(Semaphore::new(1)))
    }
}

impl Desk {
    /// A turn to write a report; it ends when the answer is dropped.
    ///
    /// # Errors
    /// [`Refused`] with 503: another report is being written.
    pub fn turn(&self) -> Result<OwnedSemaphorePermit, Refused> {
        let turn = Arc::clone(&self.0).try_acquire_owned();
        turn.map_err(|_| Refused::busy("another report is being written").hint("ask again in a moment"))
    }
}

/// All rows, a page at a time, so that others can write in between.
fn rows(book: &Book) -> Result<Vec<Row>, Refused> {
    let mut rows: Vec<Row> = Vec::new();
    loop {
        let page = book.page(rows.last().map_or(0, |row| row.seq), READ_ROWS_MAX)?;
        let last = page.len() < READ_ROWS_MAX;
        rows.extend(page);
        if last {
            return Ok(rows);
        }
    }
}

/// Now, or the time of the newest row where the clock was set back since: no row is left out.
fn newest(rows: &[Row], now: Timestamp) -> Timestamp {
    let written = rows.iter().map(|row| i128::from(row.time)).max();
    written.and_then(|time| Timestamp::from_nanosecond(time).ok()).map_or(now, |written| now.max(written))
}

/// The files of a report about a release, as it was known at a moment: its documents, the rows, the manifest.
///
/// # Errors
/// [`Refused`]: no such release then, or a row of another build.
pub fn files(rows: &[Row], id: &str, at: Timestamp) -> Result<Vec<File>, Refused> {
    let all = rows.len();
    let rows = until(rows, at);
    let ledger = folded(rows)?;
    let edition = Edition { left_out: (all - rows.len()) as u64, ..edition(rows, at) };
    let mut files = written::documents(&ledger, id, &edition).map_err(unknown)?;
    files.push(File { name: JOURNAL.to_owned(), text: exported(rows)? });
    let manifest = Manifest::new(id, &edition, &files);
    files.push(File { name: MANIFEST.to_owned(), text: manifest.text() });
    Ok(files)
}

fn service_files(rows: &[Row], kind: &str, asked: &Asked, now: Timestamp) -> Result<Vec<File>, Refused> {
    let ledger = folded(rows)?;
    let edition = edition(rows, now);
    let mut known = ledger.services.keys().filter(|name| ledger.policy_of(name).is_some());
    let service = match (&asked.service, known.next(), known.next()) {
        (Some(service), ..) => service.as_str(),
        (None, Some(only), None) => only,
        (None, None, _) => {
            return Err(Refused::unknown("no service is known").hint("open a release, or keep a policy"));
        }
        (None, Some(_), Some(_)) => {
            return Err(Refused::field("service", "there are several").hint("name one"));
        }
    };
    let document = match kind {
        "daily" => dossier::operation::daily(&ledger, service, asked.on, &edition),
        "weekly" => dossier::operation::weekly(&ledger, service, asked.on, &edition),
        "retrospective" => {
            let incident = asked.incident.as_deref();
            let incident = incident.ok_or_else(|| Refused::field("incident", "say of which incident"))?;
            dossier::retrospective(&ledger, service, incident, &edition)
        }
        _ => {
            let words = format!("there is no report `{kind}`");
            return Err(Refused::unknown(words).hint("daily, weekly or retrospective"));
        }
    };
    Ok(written::both(kind, &document.map_err(unknown)?))
}

fn unknown(error: dossier::CannotWrite) -> Refused {
    Refused::unknown(error.to_string())
}

/// The rows up to the first that was written later than that: the journal is one chain, so nothing in it can be left out.
fn until(rows: &[Row], at: Timestamp) -> &[Row] {
    let later = rows.iter().position(|row| i128::from(row.time) > at.as_nanosecond());
    later.and_then(|later| rows.get(..later)).unwrap_or(rows)
}

fn edition(rows: &[Row], at: Timestamp) -> Edition {
    let (seq, hash) = rows.last().map_or((0, [0; 32]), |row| (row.seq, row.hash));
    let hash = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    Edition { at, seq, hash, program: env!("CARGO_PKG_VERSION").to_owned(), left_out: 0 }
}

fn folded(rows: &[Row]) -> Result<Ledger, Refused> {
    let mut ledger = Ledger::default();
    for row in rows {
        let subject = row.subject.as_deref().unwrap_or_default();
        let entry = Entry::read(subject, &row.kind, &row.body).map_err(|error| {
            let words = format!("row {} of control's journal cannot be read: {error}", row.seq);
            Refused::conflict("journal", words).hint("use the newest version that has written to it")
        })?;
        ledger.apply(entry);
    }
    Ok(ledger)
}

fn exported(rows: &[Row]) -> Result<String, Refused> {
    let lines = rows.iter().map(|row| journal::events::line::write(row, None));
    lines.collect::<Result<String, _>>().map_err(|error| {
        Refused::conflict("journal", format!("a row of control's journal cannot be written: {error}"))
    })
}
