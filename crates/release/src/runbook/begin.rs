//! Whether a run may begin as somebody wants it to.

use std::collections::BTreeSet;

use super::event::RunBegan;
use crate::policy::Runbook;

/// Why not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CannotBegin {
    /// It is another one.
    #[error("the run is of runbook `{wanted}`, not of `{given}`")]
    AnotherRunbook {
        /// In the event.
        wanted: String,
        /// Of the policy.
        given: String,
    },
    /// Nothing to do.
    #[error("runbook `{0}` has no steps: write at least one [[runbook.step]]")]
    NoSteps(String),
    /// Steps are told apart by their ids.
    #[error("two steps are called `{0}`: give each its own `id`")]
    TwoSteps(String),
    /// A choice is about nothing.
    #[error("there is no step `{0}` to decide about")]
    NoSuchStep(String),
    /// Only optional steps can be left out.
    #[error("step `{0}` is not optional: it can be skipped when its turn comes, by a person who says why")]
    NotOptional(String),
    /// Only a rehearsal can be elsewhere.
    #[error("the runbook is for `{wanted}`: elsewhere, as in `{given}`, it can only be rehearsed")]
    AnotherEnvironment {
        /// In the runbook.
        wanted: String,
        /// In the event.
        given: String,
    },
}

/// Whether a run may begin like this.
///
/// # Errors
/// [`CannotBegin`]: the first reason against it.
pub fn begins(runbook: &Runbook, began: &RunBegan) -> Result<(), CannotBegin> {
    if runbook.id != began.runbook {
        let (wanted, given) = (began.runbook.clone(), runbook.id.clone());
        return Err(CannotBegin::AnotherRunbook { wanted, given });
    }
    if runbook.steps.is_empty() {
        return Err(CannotBegin::NoSteps(runbook.id.clone()));
    }
    let mut seen = BTreeSet::new();
    if let Some(step) = runbook.steps.iter().find(|step| !seen.insert(&step.id)) {
        return Err(CannotBegin::TwoSteps(step.id.clone()));
    }
    for (id, wanted) in &began.choices {
        let step = runbook.steps.iter().find(|step| step.id == *id);
        let step = step.ok_or_else(|| CannotBegin::NoSuchStep(id.clone()))?;
        if !step.optional && !wanted {
            return Err(CannotBegin::NotOptional(id.clone()));
        }
    }
    match &runbook.environment {
        Some(wanted) if *wanted != began.environment && !began.rehearsal => {
            let (wanted, given) = (wanted.clone(), began.environment.clone());
            Err(CannotBegin::AnotherEnvironment { wanted, given })
        }
        _ => Ok(()),
    }
}
