//! May it be released: GO, GO WITH CONDITIONS or NO-GO.
//!
//! Enters: policy, state, a moment, what windows say, a way to verify signatures. Leaves: the outcome with every reason against it by
//! name, and the arithmetic. Never here: clocks, files, opinions.
//!
//! It is NO-GO while there is one reason against it, whatever the score; GO WITH CONDITIONS while a condition is still to be met. Ask
//! again right before acting on a GO: evidence expires, windows close.

mod approval;
mod blockers;
mod conditions;
mod register;
pub mod standing;
mod tasks;

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::day::Days;
use crate::digest::Digest;
use crate::event::{Decided, Inputs, Matter, Vote};
use crate::policy::Loaded;
use crate::proof::{Case, policy_digest};
use crate::scorecard::Scored;
use crate::signature::Verify;
use crate::state::State;
use crate::table::table;

pub(crate) use approval::unsigned;
pub(crate) use conditions::{Standing as ConditionStanding, denied, standing as condition_standing};
pub(crate) use register::{findings, review_score, reviewed};
pub(crate) use tasks::undone;

/// What is around the release at the moment that it is meant for: whether that lies in a window, and whether its artefact has come
/// through the environments before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowAnswer {
    /// It may be done then.
    pub open: bool,
    /// Why not, or why all the same.
    #[serde(default)]
    pub reasons: Vec<String>,
    /// Roles that have to sign the release beside the others, since an exception sets something aside.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signers: Vec<String>,
    /// What is missing before its artefact may go to its environment; absent: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promotion: Option<String>,
}

/// What comes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// All is well.
    Go,
    /// All is well but for what is still to be done, each with its owner and date.
    GoWithConditions,
    /// There is a reason against it.
    NoGo,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Outcome::Go => "GO",
            Outcome::GoWithConditions => "GO WITH CONDITIONS",
            Outcome::NoGo => "NO-GO",
        })
    }
}

/// What kind of reason it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// There is nothing to decide about, or it is not what the policy is about.
    Release,
    /// The policy is not the one that the release is bound to, or cannot be decided by.
    Policy,
    /// Its artefact has not come through the environments before.
    Promotion,
    /// A blocker is open.
    Blocker,
    /// A required item of the checklist is not proven.
    Item,
    /// Evidence that is needed is missing, expired, foreign or says no.
    Evidence,
    /// A scorecard is not enough.
    Score,
    /// A signature is missing or void.
    Signature,
    /// Nobody but the author has signed.
    AuthorAlone,
    /// A condition that comes first is not met, or one is past its day.
    Condition,
    /// A finding that blocks is open.
    Finding,
    /// An incident that blocks is open.
    Incident,
    /// A task of the plan that has to be done is past its time.
    Task,
    /// No window is open.
    Window,
}

/// One reason against it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// What kind.
    pub code: Code,
    /// Which blocker, check, role and so on.
    pub of: String,
    /// In words.
    pub why: String,
}

/// A condition that is still to be met.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenCondition {
    /// Its `id` in the policy.
    pub id: String,
    /// What has to be done.
    pub text: String,
    /// Who sees to it; absent: nobody does.
    pub owner: Option<String>,
    /// Day of the plan.
    pub due_day: i32,
    /// Its date; absent while day 0 is not known.
    pub due: Option<Date>,
}

/// A review, computed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reviewed {
    /// Its `id` in the policy.
    pub id: String,
    /// Who reviews.
    pub role: String,
    /// The mark; absent: none that counts.
    pub score: Option<crate::Figure>,
    /// By the policy's bands.
    pub status: Option<String>,
    /// Who gave it and when, or why it does not count.
    pub from: String,
}

/// A signature that counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counting {
    /// As what.
    pub role: String,
    /// Which person.
    pub person: String,
    /// Yes or no.
    pub vote: Vote,
    /// When.
    pub at: Timestamp,
}

/// What came out, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// What.
    pub outcome: Outcome,
    /// All reasons against it, in the order of their codes.
    pub reasons: Vec<Reason>,
    /// What is still to be done.
    pub conditions: Vec<OpenCondition>,
    /// All scorecards, with their arithmetic.
    pub scorecards: Vec<Scored>,
    /// All reviews.
    pub reviews: Vec<Reviewed>,
    /// Signatures of the release that count.
    pub signatures: Vec<Counting>,
    /// What they have to sign; absent while there is no release.
    pub table: Option<Digest>,
    /// What windows said.
    pub window: WindowAnswer,
}

impl Decision {
    /// The reasons of one kind.
    pub fn reasons_of(&self, code: Code) -> impl Iterator<Item = &Reason> {
        self.reasons.iter().filter(move |reason| reason.code == code)
    }
}

/// Gathers reasons.
#[derive(Default)]
struct Against(Vec<Reason>);

impl Against {
    fn add(&mut self, code: Code, of: impl Into<String>, why: impl Into<String>) {
        self.0.push(Reason { code, of: of.into(), why: why.into() });
    }
}

/// Decides. `incident`: the open one that the release mends, which is no reason against it where the policy makes an exception for
/// its severity; whoever signs exceptions has to sign then.
pub fn decide(
    loaded: &Loaded,
    state: &State,
    now: Timestamp,
    window: &WindowAnswer,
    incident: Option<&str>,
    verify: Verify<'_>,
) -> Decision {
    let mut decision = Decision {
        outcome: Outcome::NoGo,
        reasons: Vec::new(),
        conditions: Vec::new(),
        scorecards: Vec::new(),
        reviews: Vec::new(),
        signatures: Vec::new(),
        table: None,
        window: window.clone(),
    };
    let mut against = Against::default();
    match &state.release {
        None => against.add(Code::Release, &state.of, "it has not been opened"),
        Some(release) => {
            let case = Case { policy: &loaded.policy, state, release, now, verify, any_time: false };
            let days = Days::of(case.policy, release.day0);
            subject(loaded, &case, &mut against);
            blockers::look(&case, &mut against);
            blockers::look_at_evidence(&case, &mut against);
            decision.scorecards = scores(&case, &mut against);
            let mended = incident.and_then(|id| register::mended(&case, id));
            let mut beside = window.signers.clone();
            let others = mended.iter().flat_map(|(_, hotfix)| &hotfix.signers);
            beside.extend(others.filter(|role| !window.signers.contains(role)).cloned());
            decision.signatures = approval::look(&case, &beside, &mut against);
            decision.conditions = conditions::look(&case, &days, &mut against);
            decision.reviews = register::look(&case, mended.map(|(id, _)| id), &mut against);
            tasks::look(&case, &days, &mut against);
            if let Some(missing) = &window.promotion {
                against.add(Code::Promotion, &release.environment, missing);
            }
            decision.table = Some(table(&case, &Matter::Release));
        }
    }
    if !window.open {
        let why =
            if window.reasons.is_empty() { "it is closed".to_owned() } else { window.reasons.join("; ") };
        against.add(Code::Window, "window", why);
    }
    approval::outcomes(loaded, &decision.conditions, &mut against);
    against.0.sort_by_key(|reason| reason.code);
    decision.reasons = against.0;
    decision.outcome = match (decision.reasons.is_empty(), decision.conditions.is_empty()) {
        (false, _) => Outcome::NoGo,
        (true, false) => Outcome::GoWithConditions,
        (true, true) => Outcome::Go,
    };
    decision
}

/// Decides, with what is needed to decide again, for the journal's next row.
pub fn record(
    loaded: &Loaded,
    state: &State,
    now: Timestamp,
    window: &WindowAnswer,
    incident: Option<&str>,
    verify: Verify<'_>,
) -> Decided {
    let inputs = Inputs {
        seen: state.seen,
        now,
        policy: policy_digest(loaded),
        window: window.clone(),
        incident: incident.map(str::to_owned),
    };
    let decision = decide(loaded, state, now, window, incident, verify);
    Decided { release: state.of.clone(), inputs, decision }
}

/// Why a recorded decision cannot be confirmed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTheSame {
    /// Other rows are folded than were then.
    #[error("it was decided after {then} rows of release `{release}`, not after {now}: fold exactly those")]
    OtherRows {
        /// Which release it was about.
        release: String,
        /// Folded then.
        then: u64,
        /// Folded now.
        now: u64,
    },
    /// Another policy is at hand.
    #[error("it was decided by the policy {0}: bring that one")]
    OtherPolicy(Digest),
    /// Something else comes out.
    #[error("it was {recorded}, and is {again} when it is decided again from the same inputs", recorded = .recorded.outcome, again = .again.outcome)]
    OtherDecision {
        /// Then.
        recorded: Box<Decision>,
        /// Now.
        again: Box<Decision>,
    },
}

/// Decides again from what was recorded (I-10): `state` is what the rows before the decision fold to.
///
/// # Errors
/// [`NotTheSame`].
pub fn again(
    loaded: &Loaded,
    state: &State,
    decided: &Decided,
    verify: Verify<'_>,
) -> Result<(), NotTheSame> {
    let inputs = &decided.inputs;
    if state.seen != inputs.seen || state.of != decided.release {
        let (then, now) = (inputs.seen, state.seen);
        return Err(NotTheSame::OtherRows { release: decided.release.clone(), then, now });
    }
    if policy_digest(loaded) != inputs.policy {
        return Err(NotTheSame::OtherPolicy(inputs.policy));
    }
    let again = decide(loaded, state, inputs.now, &inputs.window, inputs.incident.as_deref(), verify);
    if again == decided.decision {
        return Ok(());
    }
    Err(NotTheSame::OtherDecision { recorded: Box::new(decided.decision.clone()), again: Box::new(again) })
}

/// Why a GO that stands has to be decided again: conditions past their day. Empty when there is none, or it stands.
pub fn reopens(loaded: &Loaded, state: &State, now: Timestamp) -> Vec<String> {
    let Some(release) = &state.release else { return Vec::new() };
    if release.decided.is_none_or(|decided| decided.outcome == Outcome::NoGo) {
        return Vec::new();
    }
    let never: Verify<'_> = &|_, _, _| false;
    let case = Case { policy: &loaded.policy, state, release, now, verify: never, any_time: false };
    conditions::missed(&case, &Days::of(case.policy, release.day0))
}

/// The policy is about this release.
fn subject(loaded: &Loaded, case: &Case<'_>, against: &mut Against) {
    let (policy, release) = (case.policy, case.release);
    let present = policy_digest(loaded);
    if present != release.policy {
        let why = format!("the release is bound to the policy {}, and this is {present}", release.policy);
        against.add(Code::Policy, "policy", why);
    }
    if release.service != policy.service.name {
        let why = format!("it is of `{}`, and the policy is for `{}`", release.service, policy.service.name);
        against.add(Code::Release, "service", why);
    }
    if let Some(version) = policy.service.version.as_ref().filter(|version| **version != release.version) {
        let why = format!("it is {}, and the policy is for {version}", release.version);
        against.add(Code::Release, "version", why);
    }
    let known = |id: &str| policy.environments.iter().any(|environment| environment.id == id);
    if !policy.environments.is_empty() && !known(&release.environment) {
        let why = format!("the policy knows no environment `{}`", release.environment);
        against.add(Code::Release, "environment", why);
    }
}

fn scores(case: &Case<'_>, against: &mut Against) -> Vec<Scored> {
    let cards: Vec<Scored> = case.policy.scorecards.iter().map(|card| Scored::of(case, card)).collect();
    for card in &cards {
        for fault in &card.faults {
            against.add(Code::Score, &card.id, fault);
        }
    }
    cards
}
