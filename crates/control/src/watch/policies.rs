//! Which policy holds for which service now.

use std::convert::Infallible;
use std::sync::Arc;

use release::Policy;
use release::digest::Digest;
use release::ledger::event::DocumentKept;
use release::ledger::{Entry, Ledger};

use crate::Control;
use crate::book::BookError;

/// One service with its policy.
pub(super) struct Current {
    pub(super) service: String,
    pub(super) digest: Digest,
    pub(super) policy: Arc<Policy>,
    /// As it was kept.
    pub(super) document: Arc<DocumentKept>,
}

/// Every service with a policy that this build can read.
pub(super) fn current(control: &Control) -> Result<Vec<Current>, BookError> {
    control.book.read(|ledger| of(control, ledger))
}

/// The same from a ledger.
pub(super) fn of(control: &Control, ledger: &Ledger) -> Vec<Current> {
    let one = |service: &String| {
        let digest = ledger.policy_of(service)?;
        let policy = control.watch.policy(ledger, &digest)?;
        let document = Arc::clone(ledger.documents.get(&digest)?);
        Some(Current { service: service.clone(), digest, policy, document })
    };
    ledger.services.keys().filter_map(one).collect()
}

/// Writes rows as they are.
pub(super) fn write(control: &Control, rows: Vec<Entry>) -> Result<(), BookError> {
    let written = control.book.write(|_, _| Ok::<_, Infallible>((rows.clone(), ())));
    written.map_err(BookError::from)
}
