//! The documents of a report, as files. Written and verified by the same lines.

use dossier::{CannotWrite, Document, Edition};
use release::ledger::Ledger;

use super::{File, signing};

/// Every document about a release.
pub(super) fn documents(ledger: &Ledger, id: &str, edition: &Edition) -> Result<Vec<File>, CannotWrite> {
    let decision = dossier::decision(ledger, id, edition, &signing::verify)?;
    let mut files = both("dossier", &decision);
    let rehearsals = dossier::rehearsals(ledger, id, edition)?;
    files.push(File { name: "rehearsals.md".to_owned(), text: dossier::markdown(&rehearsals) });
    Ok(files)
}

/// A document in both ways of writing.
pub(super) fn both(name: &str, document: &Document) -> Vec<File> {
    vec![
        File { name: format!("{name}.html"), text: dossier::html(document) },
        File { name: format!("{name}.md"), text: dossier::markdown(document) },
    ]
}
