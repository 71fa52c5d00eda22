//! Arguments of `meridian runbook`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::InstanceArguments;

#[derive(Debug, Subcommand)]
pub enum RunbookCommand {
    /// Print the runbooks of a policy
    #[command(after_help = "Example:\n  meridian runbook list --policy my-service.toml")]
    List {
        /// The policy
        #[arg(long, value_name = "FILE")]
        policy: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print the steps of a runbook with their budgets
    #[command(after_help = "Example:\n  meridian runbook show roll-back --policy my-service.toml")]
    Show {
        /// Which, by its `id`
        runbook: String,
        /// The policy
        #[arg(long, value_name = "FILE")]
        policy: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Run a runbook: step by step, timed, written down before anything is done
    #[command(after_help = "Examples:\n  \
        meridian runbook run roll-back --policy my-service.toml --env staging --rehearse --by asha\n  \
        meridian runbook run deploy --release my-service-1.2.0 --by asha\n  \
        meridian runbook run roll-back --release my-service-1.2.0 --without restore-data --by asha\n\n\
        Without a server the run goes on only as long as this command: Ctrl-C stops the step that runs and pauses the run, and\n\
        `meridian runbook resume` goes on with it, also after a crash.\n\
        Exit codes: 0 done, and a rehearsal within its limit; 1 anything else; 2 wrong usage.")]
    Run(RunArguments),
    /// Print where a run stands, or all runs
    #[command(
        after_help = "Examples:\n  meridian runbook status\n  meridian runbook status run-k3v9xq2m1abc --json"
    )]
    Status {
        /// Which; all unless given
        run: Option<String>,
        /// Only runs that have not ended
        #[arg(long)]
        open: bool,
        #[command(flatten)]
        instance: InstanceArguments,
    },
    /// Say that a step is done
    #[command(
        after_help = "Example:\n  meridian runbook confirm run-k3v9xq2m1abc announce --by asha --note \"told the desk\""
    )]
    Confirm(StepArguments),
    /// Say that a step is to be done: an optional one, or one of unknown fate once more
    GoAhead(StepArguments),
    /// Pass a step over
    #[command(
        after_help = "Example:\n  meridian runbook skip run-k3v9xq2m1abc warm-up --by asha --why \"nothing to warm\""
    )]
    Skip(StepArguments),
    /// Say that a step has failed: the run turns back unless it has further attempts
    Fail(StepArguments),
    /// Begin nothing new; what runs goes on to its end
    Pause(WordArguments),
    /// Go on with a run that is paused, or whose process is gone
    #[command(after_help = "Example:\n  meridian runbook resume run-k3v9xq2m1abc --by asha\n\n\
        Exit codes: as of `meridian runbook run`.")]
    Resume(WordArguments),
    /// Undo what was done, in the opposite order
    #[command(
        after_help = "Example:\n  meridian runbook back run-k3v9xq2m1abc --by asha --why \"orders are refused\""
    )]
    Back(WhyArguments),
    /// End a run and leave everything as it is
    #[command(
        after_help = "Example:\n  meridian runbook abandon run-k3v9xq2m1abc --by asha --why \"the disk is full\"\n\n\
        An abandoned rehearsal is evidence against what it was to prove."
    )]
    Abandon(WhyArguments),
    /// Print how long each step of a run took, beside its budget
    #[command(after_help = "Example:\n  meridian runbook report run-k3v9xq2m1abc > timing.md")]
    Report {
        /// Which
        run: String,
        #[command(flatten)]
        instance: InstanceArguments,
    },
}

#[derive(Debug, Args)]
pub struct RunArguments {
    /// Which, by its `id`
    pub runbook: String,
    /// The policy, kept as it is now; the run is part of the newest release of its service, if that is bound to it
    #[arg(long, value_name = "FILE", required_unless_present = "release")]
    pub policy: Option<PathBuf>,
    /// The release that it is part of; its policy and its artefact
    #[arg(long, value_name = "ID")]
    pub release: Option<String>,
    /// Where; as the runbook or the release says unless given. A rehearsal wants it, unless the runbook names one that is no target
    #[arg(long, value_name = "NAME")]
    pub env: Option<String>,
    /// To see whether it works and how long it takes: its outcome is evidence
    #[arg(long)]
    pub rehearse: bool,
    /// The deployment mends this incident, which is open: windows make the exception of its severity
    #[arg(long, value_name = "ID", conflicts_with = "rehearse")]
    pub incident: Option<String>,
    /// Do this optional step without asking (repeatable)
    #[arg(long, value_name = "STEP")]
    pub with: Vec<String>,
    /// Leave this optional step out without asking (repeatable)
    #[arg(long, value_name = "STEP")]
    pub without: Vec<String>,
    /// Who runs it: a person of the policy
    #[arg(long, value_name = "PERSON", env = "MERIDIAN_PERSON")]
    pub by: String,
    #[command(flatten)]
    pub instance: InstanceArguments,
}

#[derive(Debug, Args)]
pub struct StepArguments {
    /// In which run
    pub run: String,
    /// Which step
    pub step: String,
    /// Who says so: a person of the policy
    #[arg(long, value_name = "PERSON", env = "MERIDIAN_PERSON")]
    pub by: String,
    /// What else there is to say
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub note: String,
    /// Why; needed to skip a step and to call it failed
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub why: String,
    #[command(flatten)]
    pub instance: InstanceArguments,
}

#[derive(Debug, Args)]
pub struct WordArguments {
    /// Which run
    pub run: String,
    /// Who says so: a person of the policy
    #[arg(long, value_name = "PERSON", env = "MERIDIAN_PERSON")]
    pub by: String,
    /// Why
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub why: String,
    #[command(flatten)]
    pub instance: InstanceArguments,
}

#[derive(Debug, Args)]
pub struct WhyArguments {
    /// Which run
    pub run: String,
    /// Who says so: a person of the policy
    #[arg(long, value_name = "PERSON", env = "MERIDIAN_PERSON")]
    pub by: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub why: String,
    #[command(flatten)]
    pub instance: InstanceArguments,
}

impl From<WhyArguments> for WordArguments {
    fn from(WhyArguments { run, by, why, instance }: WhyArguments) -> WordArguments {
        WordArguments { run, by, why, instance }
    }
}
