//! After a restore: what a backup left open has perhaps ended since, so nothing of it goes on by itself.
//!
//! Enters: a data directory that was restored and that nobody uses yet. Leaves: rows that pause its open runs and hold the pages of its
//! open incidents. Never here: the restore itself.

use std::sync::Arc;

use access::entropy::Entropy;
use journal::DataDirectory;
use journal::directory::CONTROL;
use release::incident::Status;
use release::incident::event::Noted;
use release::ledger::event::Restored;
use release::ledger::{Entry, Ledger};
use release::runbook::{RunPaused, RunTakenOver};

use crate::book::{Book, BookError};
use crate::clock::Clock;

/// Who writes these rows.
const BY: &str = "restore";
const RUN: &str = "restored from a backup: look what was done since, then resume or abandon";
const INCIDENT: &str = "restored from a backup: nobody is called for this incident before somebody acknowledges, changes or resolves it";

/// What was held.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Runs that wait for a person, by id.
    pub runs: Vec<String>,
    /// Incidents for which nobody is called, by id.
    pub incidents: Vec<String>,
}

/// Holds what is open in control's journal; nothing where there is no such journal.
///
/// # Errors
/// [`BookError`]; nothing was held then.
pub fn hold(
    directory: DataDirectory,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
) -> Result<Held, BookError> {
    if !directory.file(CONTROL).exists() {
        return Ok(Held::default());
    }
    let written = Book::open(directory, clock, entropy)?.write(|ledger, at| {
        let (runs, incidents) = (open_runs(ledger), open_incidents(ledger));
        let held = Held {
            runs: runs.iter().map(|(run, _)| run.clone()).collect(),
            incidents: incidents.iter().map(|(_, incident)| incident.clone()).collect(),
        };
        let mut rows = Vec::new();
        for (run, is_paused) in runs {
            let over = RunTakenOver { run: run.clone(), at, by: BY.to_owned() };
            rows.push(Entry::Run(run.clone(), over.into()));
            if !is_paused {
                let paused = RunPaused { run: run.clone(), why: RUN.to_owned(), at, by: BY.to_owned() };
                rows.push(Entry::Run(run, paused.into()));
            }
        }
        for (service, incident) in incidents {
            let text = INCIDENT.to_owned();
            let noted = Noted { incident, text, public: false, by: BY.to_owned(), at };
            rows.push(Entry::Incident(service, noted.into()));
        }
        let services = ledger.services.keys();
        rows.extend(services.map(|service| Entry::Record(service.clone(), Restored { at }.into())));
        Ok::<_, std::convert::Infallible>((rows, held))
    });
    written.map_err(BookError::from)
}

/// By id, and whether they are paused already.
fn open_runs(ledger: &Ledger) -> Vec<(String, bool)> {
    let open = ledger.runs.iter().filter(|(_, run)| run.state.began.is_some() && run.state.ended.is_none());
    open.map(|(id, run)| (id.clone(), run.state.paused.is_some())).collect()
}

/// With their services.
fn open_incidents(ledger: &Ledger) -> Vec<(String, String)> {
    let all = ledger.services.iter().flat_map(|(name, service)| {
        service.incidents.incidents.values().map(move |incident| (name, incident))
    });
    let open = all.filter(|(_, incident)| incident.status() != Status::Resolved);
    open.map(|(name, incident)| (name.clone(), incident.id().to_owned())).collect()
}

#[cfg(test)]
mod tests;
