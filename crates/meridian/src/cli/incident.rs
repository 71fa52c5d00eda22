//! Arguments of `meridian incident`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::InstanceArguments;

#[derive(Debug, Subcommand)]
pub enum IncidentCommand {
    /// Open an incident: whoever its severity calls is paged, and a release waits
    #[command(after_help = "Examples:\n  \
        meridian incident open --severity P1 --title \"orders are refused\" --by asha\n  \
        meridian incident open --severity P0 --title \"no prices\" --public \"Prices are delayed\" --by asha\n  \
        meridian incident open --policy my-service.toml --severity P1 --title \"slow\" --by asha\n\n\
        Channels are in DATA/channels.toml; secrets in MERIDIAN_SECRET_NAME or DATA/secrets/NAME. Without a running control\n\
        the first pages are sent before the command ends, and nobody is called after that.\n\
        Exit codes: 0 opened, 1 refused, 2 wrong usage.")]
    Open(OpenIncidentArguments),
    /// Print incidents, the newest first
    List(ListIncidentsArguments),
    /// Print one: where it stands, its clocks, its pages, what happened
    Show(OneIncident),
    /// Add what somebody saw, did or said
    #[command(after_help = "Examples:\n  \
        meridian incident note INC-1 \"the queue is full\" --by asha\n  \
        meridian incident note INC-1 \"We are on it\" --public --by asha")]
    Note(NoteArguments),
    /// Say that it is worse than it seemed, or not as bad
    #[command(
        after_help = "Example:\n  meridian incident severity INC-1 P0 --why \"all orders\" --by asha\n\n\
        Something worse calls people again, also when somebody works on it already."
    )]
    Severity(SeverityArguments),
    /// Say that you work on it: nobody else is called
    Ack(AckArguments),
    /// Say that service is back
    Mitigate(HowArguments),
    /// Say that nothing is left to do
    Resolve(HowArguments),
    /// Say that it is back
    Reopen(WhyArguments),
    /// Print a draft of the retrospective: times, clocks, timeline, open questions
    #[command(after_help = "Example:\n  meridian incident retro INC-1 --out retro.md --by asha")]
    Retro(RetroArguments),
    /// Send a page that only tests whether pages arrive: acknowledged in time, it is evidence
    #[command(after_help = "Examples:\n  \
        meridian incident test-page --by asha\n  \
        meridian incident test-page --role on-call-engineer --by asha\n  \
        meridian incident test-page --alert slo_orders_page_fast --by asha\n  \
        meridian incident ack TEST-1 --by ravi --code k3v9x0qa   as the person who was called\n\n\
        Exit codes: 0 a channel took it, 1 none did.")]
    TestPage(TestPageArguments),
    /// Print how long incidents take, by severity
    #[command(
        after_help = "Examples:\n  meridian incident mttr\n  meridian incident mttr --from 2026-11-01T00:00:00Z --json"
    )]
    Mttr(MttrArguments),
    /// Print the channels that pages go to, and how they do
    Channels {
        #[command(flatten)]
        instance: InstanceArguments,
    },
}

/// Which service.
#[derive(Debug, Args)]
pub struct ServiceArguments {
    /// The service; needed where there are several
    #[arg(long, value_name = "NAME")]
    pub service: Option<String>,
    /// Keep this policy first, and use its service
    #[arg(long, value_name = "FILE", conflicts_with = "service")]
    pub policy: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct OpenIncidentArguments {
    /// One of the policy's, as in P1
    #[arg(long, value_name = "SEVERITY")]
    pub severity: String,
    /// What is wrong, for the team
    #[arg(long, value_name = "TEXT")]
    pub title: String,
    /// What users read; without it nothing is shown to them
    #[arg(long, value_name = "TEXT")]
    pub public: Option<String>,
    /// Who you are
    #[arg(long, value_name = "PERSON")]
    pub by: String,
    #[command(flatten)]
    pub of: ServiceArguments,
    #[command(flatten)]
    pub instance: InstanceArguments,
}

#[derive(Debug, Args)]
pub struct ListIncidentsArguments {
    /// Of this service only
    #[arg(long, value_name = "NAME")]
    pub service: Option<String>,
    /// Only those that are not resolved
    #[arg(long)]
    pub open: bool,
    #[command(flatten)]
    pub instance: InstanceArguments,
}

#[derive(Debug, Args)]
pub struct OneIncident {
    /// Its id, as in INC-1
    #[arg(value_name = "INCIDENT")]
    pub id: String,
    #[command(flatten)]
    pub instance: InstanceArguments,
}

#[derive(Debug, Args)]
pub struct PersonArguments {
    #[command(flatten)]
    pub incident: OneIncident,
    /// Who you are
    #[arg(long, value_name = "PERSON")]
    pub by: String,
}

#[derive(Debug, Args)]
pub struct AckArguments {
    #[command(flatten)]
    pub person: PersonArguments,
    /// Of a test page: the code in its text
    #[arg(long, value_name = "CODE")]
    pub code: Option<String>,
}

#[derive(Debug, Args)]
pub struct NoteArguments {
    #[command(flatten)]
    pub person: PersonArguments,
    /// What
    #[arg(value_name = "TEXT")]
    pub text: String,
    /// Users read it, too
    #[arg(long)]
    pub public: bool,
}

#[derive(Debug, Args)]
pub struct SeverityArguments {
    #[command(flatten)]
    pub person: PersonArguments,
    /// One of the policy's, as in P0
    #[arg(value_name = "SEVERITY")]
    pub severity: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub why: Option<String>,
}

#[derive(Debug, Args)]
pub struct HowArguments {
    #[command(flatten)]
    pub person: PersonArguments,
    /// How
    #[arg(long, value_name = "TEXT")]
    pub how: Option<String>,
}

#[derive(Debug, Args)]
pub struct WhyArguments {
    #[command(flatten)]
    pub person: PersonArguments,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub why: Option<String>,
}

#[derive(Debug, Args)]
pub struct RetroArguments {
    #[command(flatten)]
    pub person: PersonArguments,
    /// Write it here instead of printing it; nothing is overwritten
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct TestPageArguments {
    /// Who is called; absent: the first of the escalation chain
    #[arg(long, value_name = "ROLE")]
    pub role: Option<String>,
    /// The alert that it stands for: its checks get the evidence
    #[arg(long, value_name = "ALERT")]
    pub alert: Option<String>,
    /// Who you are
    #[arg(long, value_name = "PERSON")]
    pub by: String,
    #[command(flatten)]
    pub of: ServiceArguments,
    #[command(flatten)]
    pub instance: InstanceArguments,
}

#[derive(Debug, Args)]
pub struct MttrArguments {
    /// Of this service; needed where there are several
    #[arg(long, value_name = "NAME")]
    pub service: Option<String>,
    /// Opened at or after this moment
    #[arg(long, value_name = "TIME")]
    pub from: Option<Timestamp>,
    /// Opened before this moment
    #[arg(long, value_name = "TIME")]
    pub to: Option<Timestamp>,
    #[command(flatten)]
    pub instance: InstanceArguments,
}
