//! One artefact through the environments, in the policy's order: the same digest everywhere, or it is another release.
//!
//! Enters: the journal, a policy, a digest. Leaves: where it has been, what is missing before the next environment, whether a release
//! may be opened there. Never here: evidence of one digest for another; what is decided about a release.
//!
//! An environment is done for a digest once a release of exactly this digest there was decided with GO (or GO WITH CONDITIONS), or a
//! runbook that deploys ran there to its end with it, not as a rehearsal, and no roll-back came after.

use jiff::Timestamp;
use serde::Serialize;

use crate::decision::Outcome;
use crate::digest::Digest;
use crate::ledger::{Ledger, Run};
use crate::policy::{Policy, Purpose};
use crate::runbook::event::RunOutcome;

/// A digest's way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Promotion {
    /// The digest.
    pub artefact: String,
    /// In the order of promotion.
    pub environments: Vec<Stop>,
    /// Where it goes next; absent: it is everywhere.
    pub next: Option<String>,
    /// What is missing until it is done there.
    pub missing: Option<String>,
}

/// One environment on the way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stop {
    /// Its `id` in the policy.
    pub environment: String,
    /// Releases are decided for this one.
    pub target: bool,
    /// What the policy says is deployed there.
    pub references: Vec<String>,
    /// Releases of this digest there, in the order in which they were opened.
    pub releases: Vec<Opened>,
    /// Runs that deployed it there, oldest first.
    pub deployments: Vec<Deployment>,
    /// Answers to checks that are about this digest in this environment.
    pub evidence: usize,
    /// See the module.
    pub done: bool,
}

/// A release of a digest in an environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Opened {
    /// Its id.
    pub release: String,
    /// Of the decision that stands.
    pub decided: Option<Outcome>,
}

/// A run of a runbook that deploys, no rehearsal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Deployment {
    /// Its id.
    pub run: String,
    /// When it began.
    pub began: Timestamp,
    /// When it ended, if it has.
    pub ended: Option<Timestamp>,
    /// It ended with every step done, and nothing was rolled back since.
    pub done: bool,
}

/// What is missing before an artefact may go to an environment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Missing {
    /// The policy does not know it.
    #[error("the policy has no environment `{environment}`: it has {known}")]
    NoSuchEnvironment {
        /// Which.
        environment: String,
        /// All that it has.
        known: String,
    },
    /// It was never under decision there.
    #[error("no release of {artefact} was opened for `{before}`, which comes first: open one there")]
    NeverThere {
        /// The digest.
        artefact: String,
        /// The environment before.
        before: String,
    },
    /// It was, but nothing came of it.
    #[error(
        "{release} of {artefact} in `{before}` is neither decided with GO nor deployed to the end: finish it first"
    )]
    NotDone {
        /// The newest release there.
        release: String,
        /// The digest.
        artefact: String,
        /// The environment before.
        before: String,
    },
}

/// Whether a release of `artefact` may be opened for `environment`.
///
/// # Errors
/// [`Missing`]: the environment before it in the policy's order is not done for exactly this digest, or there is no such
/// environment. A policy without environments demands nothing.
pub fn may_promote(
    ledger: &Ledger,
    policy: &Policy,
    artefact: &str,
    environment: &str,
) -> Result<(), Missing> {
    if policy.environments.is_empty() {
        return Ok(());
    }
    let place = policy.environments.iter().position(|known| known.id == environment).ok_or_else(|| {
        let known: Vec<&str> = policy.environments.iter().map(|known| known.id.as_str()).collect();
        Missing::NoSuchEnvironment { environment: environment.to_owned(), known: known.join(", ") }
    })?;
    let Some(before) = place.checked_sub(1).and_then(|place| policy.environments.get(place)) else {
        return Ok(());
    };
    let stop = stop(ledger, policy, artefact, &before.id);
    if stop.done {
        return Ok(());
    }
    let (artefact, before) = (artefact.to_owned(), before.id.clone());
    Err(match stop.releases.last() {
        Some(newest) => Missing::NotDone { release: newest.release.clone(), artefact, before },
        None => Missing::NeverThere { artefact, before },
    })
}

/// The way of one digest so far.
pub fn promotion(ledger: &Ledger, policy: &Policy, artefact: &str) -> Promotion {
    let stops = policy.environments.iter().map(|known| stop(ledger, policy, artefact, &known.id));
    let environments: Vec<Stop> = stops.collect();
    // After the last one that is done, so that an environment that was left out is not demanded afterwards.
    let begun = environments.iter().rposition(|stop| stop.done).map_or(0, |place| place + 1);
    let next = environments.get(begun).map(|stop| stop.environment.clone());
    let missing = environments.get(begun).map(|stop| match stop.releases.last() {
        None => format!("no release of it is opened for `{}`", stop.environment),
        Some(Opened { release, decided: None }) => format!("{release} is not decided"),
        Some(Opened { release, .. }) => format!("{release} was decided with NO-GO"),
    });
    Promotion { artefact: artefact.to_owned(), environments, next, missing }
}

fn stop(ledger: &Ledger, policy: &Policy, artefact: &str, environment: &str) -> Stop {
    let service = ledger.services.get(&policy.service.name);
    let mut releases = Vec::new();
    let mut evidence = 0;
    for id in service.iter().flat_map(|service| &service.opened) {
        let state = ledger.state(&policy.service.name, id);
        let Some(release) = &state.release else { continue };
        if release.artefact != artefact || release.environment != environment {
            continue;
        }
        let about = |standing: &&crate::evidence::Standing| match &standing.newest.observed.subject {
            crate::evidence::Subject::Artefact { digest, environment: place } => {
                digest == artefact && place == environment
            }
            _ => false,
        };
        evidence = evidence.max(state.standings.iter().filter(about).count());
        releases.push(Opened { release: id.clone(), decided: release.decided.map(|one| one.outcome) });
    }
    let deployments = deployments(ledger, policy, artefact, environment);
    let go = |opened: &Opened| opened.decided.is_some_and(|outcome| outcome != Outcome::NoGo);
    let here = policy.artefacts.iter().filter(|known| known.environment == environment);
    Stop {
        done: releases.iter().any(go) || deployments.last().is_some_and(|last| last.done),
        environment: environment.to_owned(),
        target: policy.environments.iter().any(|known| known.id == environment && known.target),
        references: here.map(|known| known.reference.clone()).collect(),
        releases,
        deployments,
        evidence,
    }
}

/// Runs that deployed this digest there, oldest first.
pub(crate) fn deployments(
    ledger: &Ledger,
    policy: &Policy,
    artefact: &str,
    environment: &str,
) -> Vec<Deployment> {
    let began_here = |run: &&Run| {
        run.state.began.as_ref().is_some_and(|began| began.environment == environment && !began.rehearsal)
    };
    let here: Vec<(&Run, Purpose)> = ledger
        .runs
        .values()
        .filter(began_here)
        .filter_map(|run| Some((run, purpose(ledger, policy, run)?)))
        .collect();
    let undone_after = |at: Timestamp| {
        here.iter().any(|(run, purpose)| {
            let began = run.state.began.as_ref().map(|began| began.at);
            *purpose == Purpose::RollBack && began.is_some_and(|began| began >= at)
        })
    };
    let deploys = here.iter().filter(|(_, purpose)| *purpose == Purpose::Deploy).filter_map(|(run, _)| {
        let began = run.state.began.as_ref().filter(|began| began.artefact.as_deref() == Some(artefact))?;
        let ended = run.state.ended.as_ref();
        let done = ended.is_some_and(|ended| ended.outcome == RunOutcome::Done && !undone_after(ended.at));
        Some(Deployment { run: began.run.clone(), began: began.at, ended: ended.map(|ended| ended.at), done })
    });
    let mut deploys: Vec<Deployment> = deploys.collect();
    deploys.sort_by(|one, other| (one.began, &one.run).cmp(&(other.began, &other.run)));
    deploys
}

/// What the runbook of a run is for, if it is one of this service: by the policy that it ran by.
fn purpose(ledger: &Ledger, policy: &Policy, run: &Run) -> Option<Purpose> {
    let began = run.state.began.as_ref()?;
    let kept = began.policy.parse::<Digest>().ok().and_then(|digest| ledger.policy(&digest));
    let by = kept.as_ref().map_or(policy, |kept| &kept.policy);
    if by.service.name != policy.service.name {
        return None;
    }
    by.runbooks.iter().find(|runbook| runbook.id == began.runbook).map(|runbook| runbook.purpose)
}
