//! Proofs: what is asked automatically, what a person attests; and the checklist that is made of them.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Target;
use crate::digest::Digest;
use crate::{Figure, Length};

/// One proof.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// Short name.
    pub id: String,
    /// For people.
    #[serde(default)]
    pub title: String,
    /// How it is asked.
    pub probe: Probe,
    /// A second probe of the same kind at something known to be broken: it must fail, or the proof proves nothing.
    #[serde(default)]
    pub control: Option<Probe>,
    /// Where; absent: in the environment of the release.
    #[serde(default)]
    pub environment: Option<String>,
    /// What its evidence is about.
    #[serde(default)]
    pub about: Subject,
    /// Evidence older than this is none.
    #[serde(default = "a_day")]
    pub expires: Length,
    /// Until it is stopped.
    #[serde(default = "half_a_minute")]
    pub timeout: Length,
    /// Further attempts after a failure.
    #[serde(default)]
    pub retries: u32,
    /// How often it is run by itself while a release is open, or as a synthetic check.
    #[serde(default)]
    pub every: Option<Length>,
    /// So many equal results in a row until a repeated check changes its state.
    #[serde(default = "one")]
    pub settle: u32,
    /// Of what it demands: its table in the text of the policy, canonically written. Evidence of other demands by the same name proves nothing. Absent
    /// where there is no text.
    #[serde(skip)]
    pub demand: Option<Digest>,
}

const fn a_day() -> Length {
    Length::days(1)
}

const fn half_a_minute() -> Length {
    Length::seconds(30)
}

const fn one() -> u32 {
    1
}

/// What evidence is bound to: it never carries over to another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// The artefact's digest.
    #[default]
    Artefact,
    /// The environment, whatever runs there.
    Environment,
    /// The team.
    Team,
}

/// How a check is asked. In files: `probe.http = { ... }`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Probe {
    /// One HTTP exchange.
    Http(HttpProbe),
    /// A connection is accepted.
    Tcp(TcpProbe),
    /// A connection is not accepted.
    PortClosed(TcpProbe),
    /// A certificate that is valid long enough.
    Tls(TlsProbe),
    /// A name has an address.
    Dns(DnsProbe),
    /// A Prometheus query meets a target.
    Promql(PromqlProbe),
    /// A program ends with 0.
    Command(CommandProbe),
    /// A query's first value.
    Sql(SqlProbe),
    /// No secret in any commit, tag or branch.
    GitHistory(GitProbe),
    /// A scanner's report (SARIF or JSON) has nothing above a severity.
    ImageScan(ReportProbe),
    /// JUnit results.
    TestReport(ReportProbe),
    /// lcov or Cobertura.
    Coverage(ReportProbe),
    /// Figures of a load test.
    LoadReport(ReportProbe),
    /// A soak of so long.
    Soak(ReportProbe),
    /// A figure that somebody measured or attests.
    Measured(MeasuredProbe),
    /// A backup was restored and compared.
    BackupRestored(ProofProbe),
    /// A failover was rehearsed.
    FailoverRehearsed(ProofProbe),
    /// A roll-back was rehearsed within its budget.
    RollbackRehearsed(ProofProbe),
    /// Recorded days decided again, by a run of a runbook.
    ReplayGate(ProofProbe),
    /// An alert reached a person.
    AlertDelivered(ProofProbe),
    /// A feature was switched off and on, by a run of a runbook.
    FlagExercised(ProofProbe),
    /// Somebody is on call at every minute: asked of the policy's own `[rota]`.
    Rota(ProofProbe),
    /// A person says so.
    Attest(Attestation),
}

/// See [`Probe::Http`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpProbe {
    /// Address; `{env}` stands for the environment's.
    pub url: String,
    /// `GET` unless said.
    #[serde(default)]
    pub method: Option<String>,
    /// To be sent.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// To be sent.
    #[serde(default)]
    pub body: Option<String>,
    /// Expected status; absent: any of 200 to 299.
    #[serde(default)]
    pub status: Option<u16>,
    /// Headers that must be there, with this text in them.
    #[serde(default)]
    pub has_headers: BTreeMap<String, String>,
    /// Headers that must not be there.
    #[serde(default)]
    pub lacks_headers: Vec<String>,
    /// Text that the body must contain.
    #[serde(default)]
    pub contains: Option<String>,
    /// JSON pointer and the value it must have; `{version}` stands for the version under decision.
    #[serde(default)]
    pub json: BTreeMap<String, String>,
    /// Not slower than this.
    #[serde(default)]
    pub within: Option<Length>,
}

/// See [`Probe::Tcp`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TcpProbe {
    /// `host:port`.
    pub address: String,
}

/// See [`Probe::Tls`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsProbe {
    /// `host:port`.
    pub address: String,
    /// At least so long.
    pub valid_for: Length,
}

/// See [`Probe::Dns`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DnsProbe {
    /// Which name.
    pub name: String,
    /// Expected addresses; absent: any.
    #[serde(default)]
    pub addresses: Vec<String>,
}

/// See [`Probe::Promql`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PromqlProbe {
    /// Whose query, and what it has to be.
    pub target: Target,
    /// Instead of the metric's own query.
    #[serde(default)]
    pub query: Option<String>,
}

/// See [`Probe::Command`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandProbe {
    /// Program and arguments; no shell.
    pub run: Vec<String>,
    /// Variables of its environment beside `PATH`, `HOME`, `LANG` and `SSH_AUTH_SOCK`; `secret:NAME` as a value stands for that secret.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    /// Text that the output must contain.
    #[serde(default)]
    pub contains: Option<String>,
    /// Text that the output must not contain.
    #[serde(default)]
    pub lacks: Option<String>,
    /// Most output that is kept, bytes.
    #[serde(default)]
    pub keep: Option<u32>,
}

/// See [`Probe::Sql`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SqlProbe {
    /// A SQLite file, relative to the policy.
    pub database: String,
    /// One statement that reads.
    pub query: String,
    /// What the first value of the first row must be.
    pub equals: String,
}

/// See [`Probe::GitHistory`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GitProbe {
    /// Address or directory: cloned afresh, with all branches and tags.
    pub repository: String,
    /// Files that must be in no commit.
    #[serde(default)]
    pub paths: Vec<String>,
    /// Also look for what looks like a secret.
    #[serde(default)]
    pub secrets: bool,
}

/// A report that another program wrote.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportProbe {
    /// Relative to the policy.
    pub path: String,
    /// What it is written in.
    pub format: FileFormat,
    /// Targets over its figures: `tests`, `failed`, `skipped`, `flaky`, `lines` (percent), `errors`, `p99_ms`, `hours`,
    /// `critical`, `high`.
    #[serde(default)]
    pub targets: Vec<Target>,
    /// Only what is under this path or in this suite.
    #[serde(default)]
    pub area: Option<String>,
}

/// Formats of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileFormat {
    /// JUnit XML.
    Junit,
    /// lcov.
    Lcov,
    /// Cobertura XML.
    Cobertura,
    /// JSON with figures by name.
    Json,
    /// SARIF.
    Sarif,
    /// Prometheus rules.
    PrometheusRules,
    /// Kubernetes manifests.
    Kubernetes,
    /// Shell commands.
    Shell,
}

/// See [`Probe::Measured`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeasuredProbe {
    /// What it has to be; compared again with the figure in the evidence.
    pub target: Target,
    /// Which role gives the figure; absent: anyone whom the policy gives a role.
    #[serde(default)]
    pub by: Option<String>,
    /// What it was when the policy was written.
    #[serde(default)]
    pub stated: Option<Figure>,
}

/// Something done once, by a run of a runbook or by people, that left its own record.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProofProbe {
    /// What it is proven by. For `failover-rehearsed`, `flag-exercised` and `replay-gate` the runbook whose run proves it,
    /// which has to be named; for `rollback-rehearsed` the runbook, or else any that rolls back; for `backup-restored` the
    /// backup that a step `restores`, or else any; for `alert-delivered` the alert or the trigger that it is about, for
    /// people: an answered test page proves it. `rota` needs none.
    #[serde(default)]
    pub of: Option<String>,
    /// Not longer than this.
    #[serde(default)]
    pub within: Option<Length>,
}

/// See [`Probe::Attest`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attestation {
    /// Which role says so.
    pub by: String,
    /// What exactly they say.
    pub text: String,
    /// A link or a digest must come with it.
    #[serde(default)]
    pub with_link: bool,
}

/// A section of the checklist.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// Short name.
    pub id: String,
    /// For people.
    pub title: String,
    /// How many items its authors counted.
    #[serde(default)]
    pub stated_items: Option<u32>,
    /// How many of them they counted as blocking.
    #[serde(default)]
    pub stated_blocking: Option<u32>,
    /// In order.
    #[serde(default, rename = "item")]
    pub items: Vec<Item>,
}

/// One line of the checklist.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// As people read it.
    pub text: String,
    /// All of these prove it.
    #[serde(default)]
    pub checks: Vec<String>,
    /// Which blocker it is.
    #[serde(default)]
    pub blocker: Option<String>,
    /// No release without it.
    #[serde(default)]
    pub required: bool,
    /// Ticked by its authors.
    #[serde(default)]
    pub stated_done: bool,
    /// Put off until this day of the plan.
    #[serde(default)]
    pub deferred_to_day: Option<i32>,
    /// A document that is required: something must provide it.
    #[serde(default)]
    pub needs: Option<String>,
}
