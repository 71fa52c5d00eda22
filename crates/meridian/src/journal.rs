//! `meridian journal`: looking at a journal, keeping copies of it, making one from a copy.
//!
//! Every command reads in pages, so that it disturbs no instance that runs on the same directory.

mod anchor;
mod copies;
mod diff;
mod export;
mod pages;
mod progress;
mod replay;
mod ship;
mod verify;

use std::path::{Path, PathBuf};

use journal::directory::DATABASE;
use journal::events::{CheckError, SqliteJournal};

use crate::cli::JournalCommand;
use crate::failure::Failure;

pub fn run(command: JournalCommand) -> Result<(), Failure> {
    match command {
        JournalCommand::Verify { anchors, public_key, journal } => {
            verify::run(&journal, anchors.as_deref(), public_key.map(|key| key.0))
        }
        JournalCommand::Anchor { data, json } => anchor::run(&data, json),
        JournalCommand::Replay { to, journal } => replay::run(&journal, to),
        JournalCommand::Diff { a, b, json } => diff::run(&a, &b, json),
        JournalCommand::Export { from, to, stream, format: _, data } => {
            export::run(&data, from, to, stream.as_ref())
        }
        JournalCommand::Backup { to, include_keys, journal } => copies::backup(&journal, &to, include_keys),
        JournalCommand::Restore { from, log, data, json } => {
            copies::restore(&from, log.as_deref(), &data, json)
        }
        JournalCommand::Ship { to, follow, journal } => ship::run(&journal, &to, follow),
    }
}

/// The database file of a data directory or a backup, or the file itself.
fn database_of(place: &Path) -> PathBuf {
    if place.is_dir() { place.join(DATABASE) } else { place.to_owned() }
}

fn open(place: &Path) -> Result<SqliteJournal, Failure> {
    SqliteJournal::open_to_read(&database_of(place)).map_err(|error| {
        Failure::new(format!("cannot read the journal in {}", place.display()))
            .chain(&error)
            .maybe_hint(error.hint().map(str::to_owned))
    })
}

fn unreadable(error: &journal::DbError) -> Failure {
    Failure::new("the journal cannot be read").chain(error)
}

fn broken(error: &CheckError) -> Failure {
    Failure::of(error).hint(
        "keep the directory as it is; `meridian journal diff` with a backup shows what differs, \
         `meridian journal restore` makes a new directory from one",
    )
}
