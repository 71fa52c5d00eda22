//! One run with everything that is needed to say something about it.

use std::collections::BTreeMap;
use std::sync::Arc;

use release::Loaded;
use release::digest::Digest;
use release::ledger::event::DocumentKept;
use release::ledger::{Entry, Ledger};
use release::policy::Runbook;
use release::runbook::{Event, RunBegan, RunState};

use crate::Control;
use crate::refused::Refused;
use crate::releases;

/// Policies that were read, by their digests.
pub(super) type Policies = BTreeMap<Digest, (Arc<Loaded>, Arc<DocumentKept>)>;

/// A run that has begun.
pub(super) struct Job {
    pub(super) began: RunBegan,
    pub(super) loaded: Arc<Loaded>,
    pub(super) document: Arc<DocumentKept>,
    pub(super) runbook: Runbook,
}

impl Job {
    /// Finds it. What it says never changes: a run belongs to the policy that it began with.
    pub(super) fn find(control: &Control, run: &str) -> Result<Job, Refused> {
        control.book.read(|ledger| Job::of(ledger, run))?
    }

    pub(super) fn of(ledger: &Ledger, run: &str) -> Result<Job, Refused> {
        Job::among(ledger, run, &mut Policies::new())
    }

    /// The same, for many runs: each policy is read once.
    pub(super) fn among(ledger: &Ledger, run: &str, read: &mut Policies) -> Result<Job, Refused> {
        let began = state(ledger, run)?.began.clone().ok_or_else(|| unknown(run))?;
        let digest: Digest = began.policy.parse().map_err(|_| unknown(run))?;
        let (loaded, document) = match read.get(&digest) {
            Some(known) => known.clone(),
            None => {
                let (loaded, document) = releases::policy(ledger, &digest)?;
                read.entry(digest).or_insert((Arc::new(loaded), document)).clone()
            }
        };
        let runbook = runbook(&loaded, &began.runbook)?;
        Ok(Job { began, loaded, document, runbook })
    }

    pub(super) fn service(&self) -> &str {
        &self.loaded.policy.service.name
    }

    pub(super) fn row(&self, event: impl Into<Event>) -> Entry {
        Entry::Run(self.began.run.clone(), event.into())
    }
}

/// What is known of a run.
pub(super) fn state<'a>(ledger: &'a Ledger, run: &str) -> Result<&'a RunState, Refused> {
    ledger.runs.get(run).map(|known| &known.state).ok_or_else(|| unknown(run))
}

/// A runbook of a policy.
pub(super) fn runbook(loaded: &Loaded, id: &str) -> Result<Runbook, Refused> {
    let runbooks = &loaded.policy.runbooks;
    runbooks.iter().find(|runbook| runbook.id == id).cloned().ok_or_else(|| {
        let known: Vec<&str> = runbooks.iter().map(|runbook| runbook.id.as_str()).collect();
        Refused::field("runbook", format!("the policy has no runbook `{id}`"))
            .hint(format!("it has: {}", known.join(", ")))
    })
}

fn unknown(run: &str) -> Refused {
    Refused::unknown(format!("there is no run `{run}`")).hint("`meridian runbook status` names all")
}
