//! Arguments of the commands of `meridian release` that are about the plan around day 0.

use clap::{Args, Subcommand};

use super::ReleaseArguments;

#[derive(Debug, Subcommand)]
pub enum PlanCommand {
    /// Print the plan around day 0: what is done, due, late or blocked, with owners and dates
    #[command(after_help = "Examples:\n  \
        meridian release plan\n  \
        meridian release plan --release my-service-1.2.0 --json")]
    Plan(ReleaseArguments),
    /// Print the agenda of a meeting, written by what is known
    #[command(after_help = "Examples:\n  \
        meridian release agenda                       of the meeting that comes next\n  \
        meridian release agenda --meeting standup > agenda.md")]
    Agenda {
        #[command(flatten)]
        of: ReleaseArguments,
        /// The meeting; the one that comes next unless given
        #[arg(long, value_name = "ID")]
        meeting: Option<String>,
    },
    /// Say whether a release has succeeded, at the horizons of its policy
    #[command(after_help = "Examples:\n  \
        meridian release evaluate --horizon 7d\n  \
        meridian release evaluate --horizon month-1 --json\n  \
        meridian release evaluate                     all horizons\n\n\
        Exit codes: 0 succeeded, or too early to say; 1 failed, or nobody knows; 2 wrong usage.")]
    Evaluate {
        #[command(flatten)]
        of: ReleaseArguments,
        /// The horizon: its name, or how long after the release it is; all unless given
        #[arg(long, value_name = "ID|LENGTH")]
        horizon: Option<String>,
    },
    /// Print the register of risks, the worst first
    #[command(after_help = "Example:\n  meridian release risks")]
    Risks(ReleaseArguments),
    /// Print the reviews by role: mark, status, findings, signature
    #[command(after_help = "Example:\n  meridian release reviews")]
    Reviews(ReleaseArguments),
    /// Print how far the artefact has come through the environments
    #[command(after_help = "Example:\n  meridian release promotion")]
    Promotion(ReleaseArguments),
    /// Write release notes from the history in the policy's folder
    #[command(after_help = "Examples:\n  \
        meridian release notes --from v1.1.0\n  \
        meridian release notes --from v1.1.0 --to v1.2.0 > NOTES.md")]
    Notes {
        #[command(flatten)]
        of: ReleaseArguments,
        /// After this commit: a tag, a branch or a hash
        #[arg(long, value_name = "COMMIT")]
        from: String,
        /// Up to this one
        #[arg(long, value_name = "COMMIT", default_value = "HEAD")]
        to: String,
    },
    /// Print what people are told and when, or note that they were told
    #[command(after_help = "Examples:\n  \
        meridian release announce                                    what is said when, and what is due\n  \
        meridian release announce window --by asha                   noted: they were told\n  \
        meridian release announce window --by asha --channel mail    noted for one of its channels")]
    Announce {
        #[command(flatten)]
        of: ReleaseArguments,
        /// Which one was said
        #[arg(requires = "by")]
        announcement: Option<String>,
        /// Who said it: a person of the policy
        #[arg(long, value_name = "PERSON", requires = "announcement")]
        by: Option<String>,
        /// Where; everywhere unless given
        #[arg(long, value_name = "CHANNEL", default_value = "")]
        channel: String,
        /// What was said; the policy's text unless given
        #[arg(long, value_name = "TEXT", default_value = "")]
        text: String,
    },
    /// Say that a task of the plan is done
    #[command(subcommand, after_help = "Example:\n  meridian release task done dry-run --by asha")]
    Task(TaskCommand),
    /// Say that a condition of the GO is met, or missed
    #[command(subcommand, after_help = "Example:\n  meridian release condition met soak --by asha")]
    Condition(ConditionCommand),
    /// Open a finding, or say that it is gone
    #[command(
        subcommand,
        after_help = "Examples:\n  \
        meridian release finding open SEC-7 --title \"open port\" --severity P1 --review security --by asha\n  \
        meridian release finding close SEC-7 --why \"closed in the firewall\" --by asha"
    )]
    Finding(FindingCommand),
    /// Note that a meeting of the plan was held, or was not
    #[command(
        subcommand,
        after_help = "Examples:\n  \
        meridian release meeting held standup --by asha --text \"nothing new\"\n  \
        meridian release meeting skipped standup --by asha --text \"a holiday\" --due 2026-11-26T09:00:00+05:30"
    )]
    Meeting(MeetingCommand),
    /// Give a figure that no query asks for: satisfaction, tickets
    #[command(after_help = "Examples:\n  \
        meridian release metric nps 42 --by asha --text https://example.com/survey/12\n  \
        meridian release metric lost-trades 0 --events 12000 --over 7d --by asha")]
    Metric(MetricArguments),
}

/// Who says it.
#[derive(Debug, Args)]
pub struct ByArguments {
    /// Which one, by its id in the policy
    pub id: String,
    /// Who says so: a person of the policy
    #[arg(long, value_name = "PERSON")]
    pub by: String,
    #[command(flatten)]
    pub of: ReleaseArguments,
}

#[derive(Debug, Subcommand)]
pub enum TaskCommand {
    /// It is done
    Done {
        #[command(flatten)]
        said: ByArguments,
        /// As which of its signers; the one whose role they hold unless given
        #[arg(long)]
        role: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub enum ConditionCommand {
    /// It is met
    Met(ByArguments),
    /// It was not met
    Missed(ByArguments),
}

#[derive(Debug, Subcommand)]
pub enum FindingCommand {
    /// Something was found, or is open again
    Open {
        #[command(flatten)]
        said: ByArguments,
        /// What, in a line
        #[arg(long, value_name = "TEXT")]
        title: String,
        /// A severity of the policy, or a word
        #[arg(long)]
        severity: String,
        /// In which review
        #[arg(long, value_name = "ID", default_value = "")]
        review: String,
        /// A check that proves that it is gone (repeatable)
        #[arg(long, value_name = "CHECK")]
        closed_by: Vec<String>,
    },
    /// It is gone
    Close {
        #[command(flatten)]
        said: ByArguments,
        /// What was done about it
        #[arg(long, value_name = "TEXT")]
        why: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum MeetingCommand {
    /// It took place
    Held(MeetingArguments),
    /// It did not
    Skipped(MeetingArguments),
}

#[derive(Debug, Args)]
pub struct MeetingArguments {
    #[command(flatten)]
    pub said: ByArguments,
    /// What came of it, or why not
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub text: String,
    /// When it was due; the last time unless given
    #[arg(long, value_name = "TIME")]
    pub due: Option<jiff::Timestamp>,
}

#[derive(Debug, Args)]
pub struct MetricArguments {
    #[command(flatten)]
    pub said: ByArguments,
    /// The figure, in the metric's unit
    #[arg(allow_hyphen_values = true)]
    pub value: String,
    /// Which quantile of a latency, as in 0.99
    #[arg(long)]
    pub quantile: Option<String>,
    /// Over how much time, as in 7d
    #[arg(long, value_name = "LENGTH")]
    pub over: Option<String>,
    /// Of how many events
    #[arg(long, value_name = "N")]
    pub events: Option<u64>,
    /// When it was measured; now unless given
    #[arg(long, value_name = "TIME")]
    pub taken: Option<jiff::Timestamp>,
    /// Where it can be read
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub text: String,
}
