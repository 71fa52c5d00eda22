//! One artefact through the environments, in the policy's order: the same digest everywhere, or it is another release.
//!
//! Enters: the journal, a policy, a digest. Leaves: where it has been, what is missing before the next environment, whether a release
//! may be opened there. Never here: evidence of one digest for another; what is decided about a release.
//!
//! An environment is done for a digest once a release of exactly this digest there was decided with GO (or GO WITH CONDITIONS), or a
//! runbook that deploys ran there to its end with it, not as a rehearsal, and was not rolled back: a roll-back undoes the newest deployment
//! before it and no other.

use jiff::Timestamp;
use serde::Serialize;

use crate::decision::Outcome;
use crate::digest::Digest;
use crate::ledger::{Ledger, Run};
use crate::policy::{Environment, Policy, Purpose};
use crate::runbook::event::{RunBegan, RunOutcome};
use crate::state::Release;

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
    /// It ended with every step done, and was not rolled back.
    pub done: bool,
    /// It had, and the roll-back of it began then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undone: Option<Timestamp>,
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

/// What is missing before a release may go to its environment, in words; `None`: nothing, or somebody said why it goes without.
pub fn lacking(ledger: &Ledger, policy: &Policy, release: &Release) -> Option<String> {
    if release.without_promotion.is_some() {
        return None;
    }
    // That there is no such environment is another reason.
    let missing = may_promote(ledger, policy, &release.artefact, &release.environment).err()?;
    (!matches!(missing, Missing::NoSuchEnvironment { .. })).then(|| missing.to_string())
}

/// Whether a release of `artefact` may be opened for `environment`.
///
/// # Errors
/// [`Missing`]: the nearest environment before it in the policy's order that can be released to (it has a `url`, or releases were opened
/// for it) is not done for exactly this digest, or there is no such environment. A policy without environments demands nothing.
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
    let service = ledger.services.get(&policy.service.name);
    let briefs =
        || service.into_iter().flat_map(|service| service.opened.iter().filter_map(|id| service.brief(id)));
    let counts =
        |known: &&Environment| known.url.is_some() || briefs().any(|release| release.environment == known.id);
    let Some(before) = policy.environments.iter().take(place).rev().find(counts) else {
        return Ok(());
    };
    let way = Way::of(ledger, policy, artefact, &before.id);
    if way.done() {
        return Ok(());
    }
    let (artefact, before) = (artefact.to_owned(), before.id.clone());
    Err(match way.releases.last() {
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

/// What became of a digest in an environment.
struct Way {
    releases: Vec<Opened>,
    deployments: Vec<Deployment>,
}

impl Way {
    fn of(ledger: &Ledger, policy: &Policy, artefact: &str, environment: &str) -> Way {
        let service = ledger.services.get(&policy.service.name);
        let all = service
            .into_iter()
            .flat_map(|service| service.opened.iter().filter_map(move |id| Some((id, service.brief(id)?))));
        let here = all.filter(|(_, brief)| brief.artefact == artefact && brief.environment == environment);
        let releases = here.map(|(id, brief)| Opened {
            release: id.clone(),
            decided: brief.decided.map(|(outcome, _)| outcome),
        });
        let releases = releases.collect();
        Way { releases, deployments: deployments(ledger, policy, artefact, environment) }
    }

    fn done(&self) -> bool {
        let go = |opened: &Opened| opened.decided.is_some_and(|outcome| outcome != Outcome::NoGo);
        self.releases.iter().any(go) || self.deployments.last().is_some_and(|last| last.done)
    }
}

fn stop(ledger: &Ledger, policy: &Policy, artefact: &str, environment: &str) -> Stop {
    let way = Way::of(ledger, policy, artefact, environment);
    let about = |standing: &&crate::evidence::Standing| match &standing.newest.observed.subject {
        crate::evidence::Subject::Artefact { digest, environment: place } => {
            digest == artefact && place == environment
        }
        _ => false,
    };
    let evidence = way.releases.iter().map(|opened| {
        let state = ledger.state(&policy.service.name, &opened.release);
        state.standings.iter().filter(about).count()
    });
    let evidence = evidence.max().unwrap_or(0);
    let here = policy.artefacts.iter().filter(|known| known.environment == environment);
    Stop {
        done: way.done(),
        environment: environment.to_owned(),
        target: policy.environments.iter().any(|known| known.id == environment && known.target),
        references: here.map(|known| known.reference.clone()).collect(),
        releases: way.releases,
        deployments: way.deployments,
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
    let here = ledger.runs.values().filter(began_here);
    let mut here: Vec<Past<'_>> = here
        .filter_map(|run| {
            Some(Past { began: run.state.began.as_ref()?, run, purpose: purpose(ledger, policy, run)? })
        })
        .collect();
    here.sort_by_key(|past| (past.began.at, &past.began.run));
    let of_it = |(_, past): &(usize, &Past<'_>)| {
        past.purpose == Purpose::Deploy && past.began.artefact.as_deref() == Some(artefact)
    };
    let deploys = here.iter().enumerate().filter(of_it).map(|(place, past)| {
        let ended = past.run.state.ended.as_ref();
        let well = ended.is_some_and(|ended| ended.outcome == RunOutcome::Done);
        let undone = if well { undone(&here[place + 1..]) } else { None };
        Deployment {
            run: past.began.run.clone(),
            began: past.began.at,
            ended: ended.map(|ended| ended.at),
            done: well && undone.is_none(),
            undone,
        }
    });
    deploys.collect()
}

/// A run that deploys or rolls back.
struct Past<'a> {
    began: &'a RunBegan,
    run: &'a Run,
    purpose: Purpose,
}

/// When a deployment was rolled back, by what ran there after it: a roll-back is about the newest deployment before it, however that
/// ended, and about no other.
fn undone(after: &[Past<'_>]) -> Option<Timestamp> {
    let next = after.iter().find(|past| matches!(past.purpose, Purpose::Deploy | Purpose::RollBack))?;
    (next.purpose == Purpose::RollBack).then_some(next.began.at)
}

/// What the runbook of a run is for, if it is one of this service: by the policy that it ran by.
fn purpose(ledger: &Ledger, policy: &Policy, run: &Run) -> Option<Purpose> {
    if let Some((service, purpose)) = &run.ran {
        return purpose.filter(|_| *service == policy.service.name);
    }
    let began = run.state.began.as_ref()?;
    let kept = began.policy.parse::<Digest>().ok().and_then(|digest| ledger.loaded(&digest));
    let by = kept.as_ref().map_or(policy, |kept| &kept.policy);
    if by.service.name != policy.service.name {
        return None;
    }
    by.runbooks.iter().find(|runbook| runbook.id == began.runbook).map(|runbook| runbook.purpose)
}
