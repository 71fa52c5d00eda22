//! Which policy holds for which service now.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;

use release::Policy;
use release::digest::Digest;
use release::event::Event;
use release::ledger::{Entry, Ledger, Service};

use crate::Control;
use crate::book::{BookError, WriteError};

/// One service with its policy.
pub(super) struct Current {
    pub(super) service: String,
    pub(super) digest: Digest,
    pub(super) policy: Arc<Policy>,
    /// Where its relative paths count from.
    pub(super) folder: Option<PathBuf>,
}

/// Every service with a policy that this build can read.
pub(super) fn current(control: &Control) -> Result<Vec<Current>, BookError> {
    control.book.read(|ledger| of(control, ledger))
}

/// The same from a ledger.
pub(super) fn of(control: &Control, ledger: &Ledger) -> Vec<Current> {
    let first = before_releases(control, ledger);
    let mut all = Vec::new();
    let names = ledger.services.keys().chain(first.keys());
    let names: std::collections::BTreeSet<&String> = names.collect();
    for name in names {
        let digest = ledger.services.get(name).and_then(of_release).or_else(|| first.get(name).copied());
        let Some(digest) = digest else { continue };
        let (Some(policy), Some(document)) =
            (control.watch.policy(ledger, &digest), ledger.documents.get(&digest))
        else {
            continue;
        };
        let folder = document.folder.as_ref().map(PathBuf::from);
        all.push(Current { service: name.clone(), digest, policy, folder });
    }
    all
}

/// Of the release that was opened, or given another policy, last.
fn of_release(service: &Service) -> Option<Digest> {
    service.releases.iter().rev().find_map(|event| match event {
        Event::ReleaseOpened(body) => Some(body.policy),
        Event::PolicyChanged(body) => Some(body.policy),
        _ => None,
    })
}

/// Where there is no release: the policy that is kept, if it is the only one.
fn before_releases(control: &Control, ledger: &Ledger) -> BTreeMap<String, Digest> {
    let mut all: BTreeMap<String, Vec<Digest>> = BTreeMap::new();
    for (digest, _) in ledger.documents.iter().filter(|(_, document)| document.what == "policy") {
        if let Some(policy) = control.watch.policy(ledger, digest) {
            all.entry(policy.service.name.clone()).or_default().push(*digest);
        }
    }
    all.into_iter()
        .filter_map(|(name, digests)| Some((name, *digests.first()?)).filter(|_| digests.len() == 1))
        .collect()
}

/// Writes rows as they are.
pub(super) fn write(control: &Control, rows: Vec<Entry>) -> Result<(), BookError> {
    let written = control.book.write(|_, _| Ok::<_, Infallible>((rows.clone(), ())));
    written.map_err(|error| match error {
        WriteError::Unwanted(never) => match never {},
        WriteError::Book(error) => error,
    })
}
