//! How long runs of runbooks took, rehearsed or not, beside their budgets.

use release::ledger::Ledger;

use crate::decision::imprint;
use crate::document::{Document, Section, Table};
use crate::edition::{CannotWrite, Edition};
use crate::runs;
use crate::shown;

/// Every run of the runbooks of a release's service.
///
/// # Errors
/// [`CannotWrite`]: no such release, or its policy is not kept.
pub fn rehearsals(ledger: &Ledger, release: &str, edition: &Edition) -> Result<Document, CannotWrite> {
    let name = ledger.service_of(release).ok_or_else(|| CannotWrite::NoRelease(release.to_owned()))?;
    let state = ledger.state(name, release);
    let digest = state.release.map(|release| release.policy);
    let digest = digest.ok_or_else(|| CannotWrite::NoRelease(release.to_owned()))?;
    let policy = ledger.policy(&digest).ok_or(CannotWrite::NoPolicy(digest))?.policy;
    let zone = shown::zone(&policy);
    let runs = runs::of(ledger, name, edition.at);
    let mut all = Section::new("All runs");
    let mut table = Table::new(["Run", "Runbook", "Where", "Begun", "Outcome", "#Took", "Budget", "Limit"]);
    for run in &runs {
        table.row([
            run.id.into(),
            crate::document::Cell::from(&run.runbook.title),
            crate::document::Cell::from(&run.began.environment),
            shown::moment(run.began.at, &zone).into(),
            run.outcome(),
            release::runbook::shown(run.timing.total).into(),
            run.timing.planned.to_string().into(),
            run.slack(),
        ]);
    }
    all.table(table);
    let rehearsed = runs.iter().filter(|run| run.began.rehearsal).count();
    let mut sections = vec![all];
    for run in &runs {
        let mut section = Section::new(&format!("{}: {}", run.id, run.runbook.title));
        run.write(&mut section, &zone);
        sections.push(section);
    }
    sections.retain(|section| !section.is_empty());
    Ok(Document {
        kind: "Rehearsals and runs".to_owned(),
        title: if policy.service.title.is_empty() { name.to_owned() } else { policy.service.title.clone() },
        outcome: None,
        lead: vec![format!(
            "{} runs are known on {}, {rehearsed} of them rehearsals.",
            runs.len(),
            shown::moment(edition.at, &zone)
        )],
        facts: Vec::new(),
        sections,
        imprint: imprint(edition),
    })
}
