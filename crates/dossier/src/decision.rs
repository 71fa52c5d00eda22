//! The decision about a release, with everything that it rests on.
//!
//! Enters: all rows, a release, a moment. Leaves: the document. Never here: rules (those are in `release`).
//!
//! Where a decision stands, the document shows what it rested on, at the moment at which it was decided, and what would come out by now
//! beside it. Where none stands, it shows what would come out at the moment of the document, and says so.

mod appendix;
mod case;
mod checklist;
mod criteria;
mod measures;
mod objectives;
mod operation;
mod outcome;
mod people;
mod plan;
mod rollout;
mod runbooks;
mod service;

use release::ledger::Ledger;
use release::signature::Verify;

use crate::document::{Document, Section};
use crate::edition::{CannotWrite, Edition};
pub(crate) use case::Case;
pub(crate) use outcome::imprint;

/// Computes the document; `verify` as for decisions.
///
/// # Errors
/// [`CannotWrite`]: no such release, or its policy is not kept.
pub fn decision(
    ledger: &Ledger,
    id: &str,
    edition: &Edition,
    verify: Verify<'_>,
) -> Result<Document, CannotWrite> {
    let case = Case::of(ledger, id, edition, verify)?;
    let mut document = outcome::title(&case);
    let sections: [fn(&Case<'_>) -> Section; 24] = [
        outcome::reasons,
        service::service,
        checklist::checklist,
        criteria::matrix,
        checklist::blockers,
        people::conditions,
        criteria::reviews,
        criteria::findings,
        people::signatures,
        rollout::windows,
        rollout::rollout,
        rollout::triggers,
        measures::measures,
        objectives::objectives,
        runbooks::runbooks,
        plan::plan,
        plan::meetings,
        people::on_call,
        operation::incidents,
        objectives::horizons,
        operation::risks,
        operation::announcements,
        outcome::since,
        appendix::notes,
    ];
    document.sections = sections.iter().map(|section| section(&case)).collect();
    document.sections.push(appendix::checks(&case));
    document.sections.push(appendix::evidence(&case));
    document.sections.retain(|section| !section.is_empty());
    document.sections.push(appendix::how_to_check(&case));
    Ok(document)
}
