//! What stands behind a decision, line by line, for those who show it to people.
//!
//! Enters: policy, state, a moment, a way to verify signatures. Leaves: where each check, item, blocker, condition, finding, task and
//! signature stands, by the same rules that decide. Never here: the outcome (that is `decision`).

use jiff::Timestamp;
use jiff::civil::Date;

use super::{blockers, conditions, register, tasks};
use crate::day::Days;
use crate::event::{Matter, Signed};
use crate::evidence::Evidence;
use crate::policy::{Check, Finding, Loaded};
use crate::proof::{Case, expires};
use crate::signature::{Refusal, Verify, asked, judge};
use crate::state::State;

/// Everything that stands, in the order of the policy.
#[derive(Clone, Debug, Default)]
pub struct Standings {
    /// Of each check.
    pub checks: Vec<CheckStanding>,
    /// Why each item of each section of the checklist is open; empty: it is shown.
    pub items: Vec<Vec<Vec<String>>>,
    /// Of each blocker.
    pub blockers: Vec<BlockerStanding>,
    /// Of each condition.
    pub conditions: Vec<ConditionStanding>,
    /// Of each finding: those of the policy, then the others.
    pub findings: Vec<FindingStanding>,
    /// Of each task of the plan.
    pub tasks: Vec<TaskStanding>,
    /// Every signature that is kept, in the order of the journal.
    pub signatures: Vec<SignatureStanding>,
    /// Roles that are asked to sign the release.
    pub asked: Vec<String>,
}

/// See [`Standings::checks`].
#[derive(Clone, Debug)]
pub struct CheckStanding {
    /// Its `id` in the policy.
    pub check: String,
    /// Why it has not passed; `None`: it has.
    pub open: Option<String>,
    /// What stands.
    pub evidence: Option<Evidence>,
    /// From then on it counts no more.
    pub until: Option<Timestamp>,
}

/// See [`Standings::blockers`].
#[derive(Clone, Debug)]
pub struct BlockerStanding {
    /// Its `id` in the policy.
    pub blocker: String,
    /// Why it is open; empty: it is gone.
    pub open: Vec<String>,
}

/// See [`Standings::conditions`].
#[derive(Clone, Debug)]
pub struct ConditionStanding {
    /// Its `id` in the policy.
    pub condition: String,
    /// It is met.
    pub met: bool,
    /// When it is due; `None` while nobody knows.
    pub due: Option<Date>,
    /// Why it is missed.
    pub missed: Option<String>,
}

/// See [`Standings::findings`].
#[derive(Clone, Debug)]
pub struct FindingStanding {
    /// As in the policy, or as it was opened last.
    pub finding: Finding,
    /// The severity that counts.
    pub severity: String,
    /// While it is open, nothing is released.
    pub blocks: bool,
    /// Why it is open; empty: it is gone.
    pub open: Vec<String>,
}

/// See [`Standings::tasks`].
#[derive(Clone, Debug)]
pub struct TaskStanding {
    /// Its `id` in the policy.
    pub task: String,
    /// Why it should be done by now; `None`: it need not be.
    pub late: Option<String>,
    /// What is missing; empty: it is done.
    pub undone: Vec<String>,
}

/// See [`Standings::signatures`].
#[derive(Clone, Debug)]
pub struct SignatureStanding {
    /// Row of the service's stream.
    pub row: u64,
    /// What was signed.
    pub signed: Signed,
    /// Why it does not count; `None`: it does.
    pub refusal: Option<Refusal>,
}

/// Everything that stands about a release at a moment; nothing before it is opened.
pub fn standings(loaded: &Loaded, state: &State, now: Timestamp, verify: Verify<'_>) -> Standings {
    let Some(release) = &state.release else { return Standings::default() };
    let policy = &loaded.policy;
    let case = Case { policy, state, release, now, verify, any_time: false };
    let days = Days::of(policy, release.day0);
    let items = policy.sections.iter();
    let items = items.map(|one| one.items.iter().map(|item| blockers::unproven(&case, item)).collect());
    let blocker = |blocker: &crate::policy::Blocker| BlockerStanding {
        blocker: blocker.id.clone(),
        open: blockers::open(&case, blocker),
    };
    let condition = |condition: &crate::policy::Condition| {
        let met = conditions::met(&case, condition);
        ConditionStanding {
            condition: condition.id.clone(),
            met,
            due: conditions::due(&case, condition, &days),
            missed: conditions::missed_why(&case, condition, &days).filter(|_| !met),
        }
    };
    let task = |task: &crate::policy::Task| TaskStanding {
        task: task.id.clone(),
        late: tasks::late(&case, &days, task),
        undone: tasks::undone(&case, task),
    };
    Standings {
        checks: policy.checks.iter().map(|check| of_check(&case, check)).collect(),
        items: items.collect(),
        blockers: policy.blockers.iter().map(blocker).collect(),
        conditions: conditions::conditions(&case).map(condition).collect(),
        findings: register::findings(&case),
        tasks: policy.plan.tasks.iter().map(task).collect(),
        signatures: signatures(&case),
        asked: asked(&case, &Matter::Release).into_iter().map(str::to_owned).collect(),
    }
}

fn of_check(case: &Case<'_>, check: &Check) -> CheckStanding {
    let evidence = case.settled(check).map(|settled| settled.evidence.clone());
    let until = evidence.as_ref().map(|evidence| expires(&evidence.observed, Some(check)));
    CheckStanding { check: check.id.clone(), open: case.open(&check.id), evidence, until }
}

fn signatures(case: &Case<'_>) -> Vec<SignatureStanding> {
    let mut matters: Vec<&Matter> = Vec::new();
    for row in &case.release.signatures {
        if !matters.contains(&&row.signed.matter) {
            matters.push(&row.signed.matter);
        }
    }
    let refused: Vec<_> = matters.into_iter().flat_map(|matter| judge(case, matter).refused).collect();
    let standing = |row: &crate::state::SignatureRow| {
        let refusal = refused.iter().find(|(signed, _)| **signed == row.signed);
        SignatureStanding {
            row: row.row,
            signed: row.signed.clone(),
            refusal: refusal.map(|(_, refusal)| refusal.clone()),
        }
    };
    case.release.signatures.iter().map(standing).collect()
}
