//! An incident, told from its rows: the draft of the retrospective in the layout of all documents.

use release::incident;
use release::ledger::Ledger;

use crate::decision::imprint;
use crate::document::{Block, Cell, Document, Section, Tone};
use crate::edition::{CannotWrite, Edition};
use crate::{prose, shown};

/// The draft about an incident of a service; the policy is the one that holds for the service.
///
/// # Errors
/// [`CannotWrite`]: no such service or incident, or no policy.
pub fn retrospective(
    ledger: &Ledger,
    service: &str,
    incident: &str,
    edition: &Edition,
) -> Result<Document, CannotWrite> {
    let policy = crate::operation::policy(ledger, service)?;
    let known = ledger.services.get(service).ok_or_else(|| CannotWrite::NoService(service.to_owned()))?;
    let zone = shown::zone(&policy);
    let text = incident::retrospective(&policy, &known.incident_rows, incident, edition.at, &zone);
    let text = text.ok_or_else(|| CannotWrite::NoIncident(incident.to_owned()))?;
    let mut title = incident.to_owned();
    let mut sections = vec![Section::new("In short")];
    for (at, block) in prose::blocks(&text).into_iter().enumerate() {
        match block {
            Block::Heading(words) if at == 0 => title = words,
            Block::Heading(words) => sections.push(Section::new(&words)),
            block => sections.last_mut().into_iter().for_each(|section| section.blocks.push(block.clone())),
        }
    }
    sections.retain(|section| !section.is_empty());
    let status = known.incidents.incidents.get(incident).map(incident::Incident::status);
    let outcome = status.map(|status| {
        let tone = if status == incident::Status::Resolved { Tone::Good } else { Tone::Warn };
        Cell::toned(status.as_str(), tone)
    });
    Ok(Document {
        kind: "Retrospective, draft".to_owned(),
        title,
        outcome,
        lead: vec![format!("Told from the rows that are known on {}.", shown::moment(edition.at, &zone))],
        facts: vec![("Service".to_owned(), Cell::from(service))],
        sections,
        imprint: imprint(edition),
    })
}
