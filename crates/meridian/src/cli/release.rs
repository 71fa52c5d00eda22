//! Arguments of `meridian release`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Subcommand)]
pub enum ReleaseCommand {
    /// Write a commented policy for a service: a start, with checks that pass or fail at once
    #[command(after_help = "Example:\n  meridian release init my-service")]
    Init(InitArguments),
    /// Say what is wrong with a policy before anything has happened: sums, promises, order, proofs
    #[command(after_help = "Examples:\n  \
        meridian release lint policies/ticker-service.toml\n  \
        meridian release lint my-service.toml --deny warnings      exit code 1 if there is any finding\n  \
        meridian release lint --explain A01\n\n\
        Exit codes: 0 looked at (findings or not), 1 not a policy, or findings that --deny names, 2 wrong usage.")]
    Lint(LintArguments),
    /// Ask the checks of a policy, all at once, and say what came of each
    #[command(after_help = "Examples:\n  \
        meridian release check --policy my-service.toml --env local\n  \
        meridian release check --policy my-service.toml --check health --check tests --json\n\n\
        Nothing is recorded yet. Ctrl-C stops what runs and prints what has ended.\n\
        Exit codes: 0 everything passed, 1 something did not, 2 wrong usage.")]
    Check(CheckArguments),
    /// Say when a release may begin, and why not now
    #[command(after_help = "Examples:\n  \
        meridian release window --policy my-service.toml --next 5\n  \
        meridian release window --policy my-service.toml --at 2026-11-24T09:15:00+05:30\n  \
        meridian release window --policy my-service.toml --severity P0     a hotfix")]
    Window(WindowArguments),
}

#[derive(Debug, Args)]
pub struct InitArguments {
    /// The service: letters, digits and `-`
    #[arg(value_parser = parse_name)]
    pub name: String,
    /// Where to write it; NAME.toml unless given, `-` prints it
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct LintArguments {
    /// Policies
    #[arg(required_unless_present = "explain")]
    pub files: Vec<PathBuf>,
    /// Findings that make the command fail
    #[arg(long, value_name = "LEVEL")]
    pub deny: Option<Deny>,
    /// A session calendar in place of the built-in one, as in nse=2027.toml (repeatable)
    #[arg(long, value_name = "MARKET=FILE", value_parser = parse_calendar)]
    pub calendar: Vec<CalendarFile>,
    /// Explain one code instead; `all` lists every code
    #[arg(long, value_name = "CODE", conflicts_with = "files")]
    pub explain: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// From which level on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Deny {
    /// Errors only
    Errors,
    /// Everything
    Warnings,
}

#[derive(Debug, Args)]
pub struct CheckArguments {
    /// The policy
    #[arg(long, value_name = "FILE")]
    pub policy: PathBuf,
    /// Where: an environment of the policy, its target unless given; or an address in place of the target's
    #[arg(long, value_name = "NAME|URL")]
    pub env: Option<String>,
    /// Only this check (repeatable)
    #[arg(long, value_name = "ID")]
    pub check: Vec<String>,
    /// The version that checks expect, in place of the policy's
    #[arg(long, value_name = "VERSION")]
    pub version: Option<String>,
    /// Most checks at a time
    #[arg(long, value_name = "N", default_value = "32")]
    pub concurrency: std::num::NonZeroUsize,
    /// Print JSON at the end
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct WindowArguments {
    /// The policy
    #[arg(long, value_name = "FILE")]
    pub policy: PathBuf,
    /// How many windows to list
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub next: u16,
    /// Ask about this moment instead of now, as in 2026-11-24T09:15:00+05:30
    #[arg(long, value_name = "TIME")]
    pub at: Option<jiff::Timestamp>,
    /// A session calendar in place of the built-in one, as in nse=2027.toml (repeatable)
    #[arg(long, value_name = "MARKET=FILE", value_parser = parse_calendar)]
    pub calendar: Vec<CalendarFile>,
    /// The release mends an incident of this severity
    #[arg(long, value_name = "SEVERITY")]
    pub severity: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// A calendar by hand.
#[derive(Clone, Debug)]
pub struct CalendarFile {
    pub market: String,
    pub path: PathBuf,
}

pub(super) fn parse_calendar(text: &str) -> Result<CalendarFile, String> {
    match text.split_once('=') {
        Some((market, path)) if !market.is_empty() && !path.is_empty() => {
            Ok(CalendarFile { market: market.to_owned(), path: path.into() })
        }
        _ => Err("write the market and the file, as in nse=2027.toml".into()),
    }
}

fn parse_name(text: &str) -> Result<String, String> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if (1..=63).contains(&text.len()) && text.bytes().all(plain) && !text.starts_with('-') {
        Ok(text.to_owned())
    } else {
        Err("use 1 to 63 lower-case letters, digits and `-`".into())
    }
}
