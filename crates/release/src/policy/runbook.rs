//! Steps with budgets.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{HttpProbe, RolloutMethod};
use crate::{Budget, Length};

/// What a runbook is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// Forward.
    Deploy,
    /// Back.
    RollBack,
    /// When something is broken.
    Incident,
    /// Anything else.
    Task,
}

/// One runbook.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Runbook {
    /// Short name.
    pub id: String,
    /// For people.
    #[serde(default)]
    pub title: String,
    /// What for.
    pub purpose: Purpose,
    /// Where.
    #[serde(default)]
    pub environment: Option<String>,
    /// How traffic is treated meanwhile.
    #[serde(default)]
    pub method: Option<RolloutMethod>,
    /// It must be over by then.
    #[serde(default)]
    pub limit: Option<Length>,
    /// What its authors say it takes.
    #[serde(default)]
    pub stated_total: Option<Budget>,
    /// The rung of the ladder that runs it.
    #[serde(default)]
    pub run_by: Option<String>,
    /// The rung it escalates to.
    #[serde(default)]
    pub escalates_to: Option<String>,
    /// In order.
    #[serde(default, rename = "step")]
    pub steps: Vec<RunbookStep>,
}

/// What a step touches: the order of these is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Touches {
    /// Data is saved.
    Backup,
    /// Traffic is taken away.
    Drain,
    /// The new version starts.
    Deploy,
    /// The schema changes.
    Migrate,
    /// Health is asked.
    Health,
    /// Critical paths are tried.
    Smoke,
    /// Traffic moves.
    Switch,
    /// People or machines watch.
    Monitor,
    /// The old version goes for good.
    Remove,
    /// The old version comes back.
    RevertCode,
    /// Old data comes back.
    RevertData,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunbookStep {
    /// Short name.
    pub id: String,
    /// For people.
    #[serde(default)]
    pub title: String,
    /// How long it may take; absent: nobody has said.
    #[serde(default)]
    pub budget: Option<Budget>,
    /// Not every run needs it.
    #[serde(default)]
    pub optional: bool,
    /// The service does not answer meanwhile.
    #[serde(default)]
    pub outage: bool,
    /// After the service is back: not part of the limit.
    #[serde(default)]
    pub after_service: bool,
    /// What it touches.
    #[serde(default)]
    pub touches: Option<Touches>,
    /// What is done; absent: a person reads the title and confirms.
    #[serde(default)]
    pub action: Option<Action>,
    /// Ticked by its authors.
    #[serde(default)]
    pub stated_done: bool,
    /// Further attempts after a failure.
    #[serde(default)]
    pub retries: u32,
    /// One attempt is stopped after this; absent: the most of the budget, but at least half a minute; without a budget, ten
    /// minutes. People are never stopped.
    #[serde(default)]
    pub timeout: Option<Length>,
    /// Doing it twice is the same as doing it once, so nobody has to be asked where it is not known whether it was done.
    /// Checks, waiting and HTTP `GET` are so by themselves.
    #[serde(default)]
    pub repeatable: bool,
    /// Undoes it when a later step fails: run in the opposite order. It is also run where it is not known whether the step
    /// was done.
    #[serde(default)]
    pub undo: Option<Action>,
    /// The backup it restores, for [`Touches::RevertData`].
    #[serde(default)]
    pub restores: Option<String>,
}

/// What is done. In files: `action.command = { run = [...] }`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Action {
    /// A program, without a shell. A path counts from the policy's folder, which is also where it runs; a bare name is looked
    /// for in `PATH`. It finds `MERIDIAN_RUN`, `MERIDIAN_ENVIRONMENT`, `MERIDIAN_REHEARSAL` (`true` or `false`) and, where they
    /// are known, `MERIDIAN_RELEASE`, `MERIDIAN_VERSION` and `MERIDIAN_ARTEFACT` in its environment.
    Command {
        /// Program and arguments.
        run: Vec<String>,
        /// Environment; `secret:NAME` as a value stands for that secret, which is never shown: `MERIDIAN_SECRET_NAME`, or the
        /// file `secrets/NAME` of the data directory, which nobody but its owner may read.
        #[serde(default)]
        env: BTreeMap<String, String>,
    },
    /// Text for a shell, as a document has it: linted, and run by `sh -eu`.
    Shell {
        /// The text.
        text: String,
    },
    /// One exchange.
    Http(HttpProbe),
    /// Until a check passes.
    WaitFor {
        /// Which.
        check: String,
        /// How often it is asked.
        #[serde(default = "five_seconds")]
        every: Length,
    },
    /// A check passes now.
    Check {
        /// Which.
        check: String,
    },
    /// A person does it and says so.
    Manual {
        /// What to do.
        text: String,
        /// Who.
        #[serde(default)]
        role: Option<String>,
    },
    /// Something of ours: `drain`, `resume`, `weight=10`. It is the program of this name in `hooks/` beside the policy, called
    /// with what stands behind the `=`: `hooks/weight 10`.
    Hook {
        /// Which.
        name: String,
    },
}

const fn five_seconds() -> Length {
    Length::seconds(5)
}
