//! One release with everything that is needed to say something about it.

use release::ledger::{Ledger, event::DocumentKept};
use release::state::{Release, State};
use release::{Digest, Loaded};
use std::sync::Arc;

use crate::refused::Refused;

/// A release that was opened, and the policy that it is bound to.
pub struct Found {
    /// Of which service.
    pub service: String,
    /// All that is known about it.
    pub state: State,
    /// Itself; the same as in the state.
    pub release: Release,
    /// Its policy.
    pub loaded: Loaded,
    /// As it was kept.
    pub document: Arc<DocumentKept>,
    /// What its relative paths count from; `None`: nobody knows.
    pub folder: Option<String>,
}

/// Finds a release by its id.
///
/// # Errors
/// [`Refused`]: there is none, or its policy cannot be read.
pub fn find(ledger: &Ledger, id: &str) -> Result<Found, Refused> {
    let service = ledger.service_of(id).ok_or_else(|| unknown(id))?.to_owned();
    let state = ledger.state(&service, id);
    let release = state.release.clone().ok_or_else(|| unknown(id))?;
    let (loaded, document) = policy(ledger, &release.policy)?;
    let folder = release.folder.clone().or_else(|| document.folder.clone());
    Ok(Found { service, state, release, loaded, document, folder })
}

/// A policy that is kept.
///
/// # Errors
/// [`Refused`]: there is none with this digest, or this build cannot read it.
pub fn policy(ledger: &Ledger, digest: &Digest) -> Result<(Loaded, Arc<DocumentKept>), Refused> {
    let missing = || Refused::unknown(format!("no policy {digest} is kept")).hint("give the policy again");
    // A statement or an output that looks like a policy is none: those are kept by people who may not keep policies.
    let document =
        ledger.documents.get(digest).filter(|_| ledger.folders.contains_key(digest)).ok_or_else(missing)?;
    let loaded = Loaded::parse(&document.text).map_err(|fault| {
        let words = format!("the policy {digest} cannot be read: {}: {}", fault.position, fault.words);
        Refused::conflict("policy", words).hint("use the version of this program that kept it")
    })?;
    Ok((loaded, Arc::clone(document)))
}

/// The folder of a policy that is kept: the one that is wanted, if it was kept with it, else the last one. `None`: with none.
///
/// # Errors
/// [`Refused`]: it was never kept with this folder, so that a program next to it is not the one that was meant.
pub fn folder(ledger: &Ledger, digest: &Digest, wanted: Option<&str>) -> Result<Option<String>, Refused> {
    let known = ledger.folders.get(digest).map_or(&[][..], Vec::as_slice);
    let Some(wanted) = wanted else { return Ok(known.last().cloned()) };
    if known.iter().any(|folder| folder == wanted) {
        return Ok(Some(wanted.to_owned()));
    }
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    Err(Refused::field("folder", format!("the policy was not kept with the folder `{wanted}`"))
        .hint(format!("it was kept with: {known}; keep it once more with this one")))
}

fn unknown(id: &str) -> Refused {
    Refused::unknown(format!("there is no release `{id}`")).hint("`meridian release list` names all")
}
