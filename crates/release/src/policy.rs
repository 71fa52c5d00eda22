//! What a team demands of a release of its service.
//!
//! Enters: TOML. Leaves: a [`Policy`] and where each word of it stands. Never here: whether the demands make sense (that is lint),
//! whether they are met (checks, scorecard, decision).
//!
//! A policy also states claims: totals, durations, minutes that its authors computed by hand (`stated_…`). Nothing trusts them: they
//! are recomputed and compared.

mod approval;
mod bounds;
mod check;
mod demand;
mod measure;
mod note;
mod people;
mod plan;
mod review;
mod rollout;
mod runbook;
mod scorecard;
mod service;
mod slo;
mod source;
mod success;
mod target;
mod trigger;
mod window;

pub use approval::{Approval, Condition, Signer, VoteRule};
pub use check::{
    Attestation, Check, CommandProbe, DnsProbe, FileFormat, GitProbe, HttpProbe, Item, MeasuredProbe, Probe,
    PromqlProbe, ProofProbe, ReportProbe, Section, SqlProbe, Subject, TcpProbe, TlsProbe,
};
pub use measure::{Backup, Baseline, BaselineValue, FromIncidents, Kind, Metric, Recovery};
pub use note::Note;
pub use people::{Contact, Escalation, Person, Role, Rota, Rung, Severity, Shift};
pub use plan::{AgendaItem, Announcement, Meeting, Milestone, Plan, Task};
pub use review::{Band, Blocker, Finding, Review, Risk};
pub use rollout::{Rollout, RolloutMethod, RolloutStep};
pub use runbook::{Action, Purpose, Runbook, RunbookStep, Touches};
pub use scorecard::{Method, Row, Score, Scorecard};
pub use service::{Artefact, Environment, NamedFile, Service};
pub use slo::{Indicator, Slo};
pub use source::{Fault, Position, Source};
pub use success::{Criterion, Horizon, Need};
pub use target::{Comparison, Target};
pub use trigger::{Reaction, Trigger, Vote};
pub use window::{Blackout, Freeze, Hotfix, Relative, Window, Windows};

use serde::Deserialize;

/// All demands on the releases of one service. Lists keep the order of the file; names (`id`) are unique within their list.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Version of this format: 1.
    pub format: u32,
    /// What is released.
    pub service: Service,
    /// Who has a say, by function.
    #[serde(default, rename = "role")]
    pub roles: Vec<Role>,
    /// Who these are.
    #[serde(default, rename = "person")]
    pub people: Vec<Person>,
    /// Where it runs, in the order of promotion.
    #[serde(default, rename = "environment")]
    pub environments: Vec<Environment>,
    /// What is deployed where.
    #[serde(default, rename = "artefact")]
    pub artefacts: Vec<Artefact>,
    /// Files that a release relies on.
    #[serde(default, rename = "file")]
    pub files: Vec<NamedFile>,
    /// What is measured.
    #[serde(default, rename = "metric")]
    pub metrics: Vec<Metric>,
    /// Measured before.
    #[serde(default, rename = "baseline")]
    pub baselines: Vec<Baseline>,
    /// Objectives in operation.
    #[serde(default, rename = "slo")]
    pub slos: Vec<Slo>,
    /// How much may be lost and for how long.
    #[serde(default)]
    pub recovery: Option<Recovery>,
    /// Automatic proofs and attestations.
    #[serde(default, rename = "check")]
    pub checks: Vec<Check>,
    /// The readiness checklist.
    #[serde(default, rename = "section")]
    pub sections: Vec<Section>,
    /// What no score outvotes.
    #[serde(default, rename = "blocker")]
    pub blockers: Vec<Blocker>,
    /// Weighted matrices.
    #[serde(default, rename = "scorecard")]
    pub scorecards: Vec<Scorecard>,
    /// How the statuses of reviews follow from their scores.
    #[serde(default, rename = "band")]
    pub bands: Vec<Band>,
    /// Reviews by role.
    #[serde(default, rename = "review")]
    pub reviews: Vec<Review>,
    /// Register of findings.
    #[serde(default, rename = "finding")]
    pub findings: Vec<Finding>,
    /// Who decides, how.
    #[serde(default)]
    pub approval: Option<Approval>,
    /// When it may be done.
    #[serde(default)]
    pub windows: Windows,
    /// How traffic moves.
    #[serde(default)]
    pub rollout: Option<Rollout>,
    /// What acts during and after the roll-out.
    #[serde(default, rename = "trigger")]
    pub triggers: Vec<Trigger>,
    /// Steps for people and machines.
    #[serde(default, rename = "runbook")]
    pub runbooks: Vec<Runbook>,
    /// Severities of incidents.
    #[serde(default, rename = "severity")]
    pub severities: Vec<Severity>,
    /// Who is asked next.
    #[serde(default)]
    pub escalation: Escalation,
    /// Who is on call.
    #[serde(default)]
    pub rota: Option<Rota>,
    /// Days around day 0.
    #[serde(default)]
    pub plan: Plan,
    /// Success later on.
    #[serde(default, rename = "horizon")]
    pub horizons: Vec<Horizon>,
    /// What may go wrong.
    #[serde(default, rename = "risk")]
    pub risks: Vec<Risk>,
    /// Who is told what.
    #[serde(default, rename = "announcement")]
    pub announcements: Vec<Announcement>,
    /// What else the document says, in words.
    #[serde(default, rename = "note")]
    pub notes: Vec<Note>,
}

/// A policy with the text it was read from.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What it says.
    pub policy: Policy,
    /// Where it says so.
    pub source: Source,
}

/// The format that this build reads.
pub const FORMAT: u32 = 1;

impl Loaded {
    /// Reads a policy.
    ///
    /// # Errors
    /// [`Fault`]: what is wrong and where.
    pub fn parse(text: &str) -> Result<Loaded, Fault> {
        let source = Source::parse(text)?;
        let mut policy: Policy = toml::from_str(text).map_err(|error| source.fault(&error))?;
        if policy.format != FORMAT {
            let words = format!("this build reads format {FORMAT}, not {}", policy.format);
            return Err(source.fault_at(&["format"], words));
        }
        for (check, demand) in policy.checks.iter_mut().zip(demand::demands(text)) {
            check.demand = Some(demand);
        }
        if let Some((path, words)) = bounds::beyond(&policy) {
            return Err(source.fault_at(&path.split('.').collect::<Vec<_>>(), words));
        }
        Ok(Loaded { policy, source })
    }
}
