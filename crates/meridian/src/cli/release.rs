//! Arguments of `meridian release`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::InstanceArguments;

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
    /// Open a release: what is to go where, decided by which policy
    #[command(after_help = "Examples:\n  \
        meridian release open --policy my-service.toml --artefact ./my-service --by me\n  \
        meridian release open --policy my-service.toml --artefact sha256:9f86... --env staging --day0 2026-11-24 --by me\n\n\
        The artefact is a digest as its registry says it, or a file, whose SHA-256 is taken. The policy is kept as it is now.")]
    Open(OpenArguments),
    /// Print the releases that were opened
    List {
        #[command(flatten)]
        instance: InstanceArguments,
    },
    /// Ask the checks of a policy, all at once, and say what came of each
    #[command(after_help = "Examples:\n  \
        meridian release check                                                 for the newest release\n  \
        meridian release check --policy my-service.toml --env local\n  \
        meridian release check --policy my-service.toml --check health --check tests --json\n\n\
        What comes out is kept as evidence of the release that is open for this policy, if there is one. Ctrl-C stops what runs;\n\
        what has ended is kept.\n\
        Exit codes: 0 everything passed, 1 something did not, 2 wrong usage.")]
    Check(CheckArguments),
    /// Print the score of a release with its arithmetic, and everything that stands in its way
    #[command(
        after_help = "Examples:\n  meridian release score\n  meridian release score --release my-service-1.2.0 --json"
    )]
    Score(ScoreArguments),
    /// Say that something is so, as one of those who have to say it: a proof, a mark, a figure
    #[command(after_help = "Examples:\n  \
        meridian release attest --check way-back --by me --text \"went back and forth twice on staging\"\n  \
        meridian release attest --review security --score 8.5 --by asha\n  \
        meridian release attest --row go/usability --score 7 --by asha\n  \
        meridian release attest --check p99 --figure p99_ms=140 --by asha --document results.txt\n  \
        meridian release attest --check way-back --by me --fails \"the old version did not start\"\n\n\
        Who says it is taken on trust, with the name of the API key that it came with: only signatures prove who.")]
    Attest(AttestArguments),
    /// Make a key to sign with; prints the public half, which goes into the policy
    #[command(after_help = "Example:\n  meridian release key --out asha.pem\n\n\
        The file is a PEM private key (Ed25519), for its owner only; keep it where only you can read it.")]
    Key {
        /// Where to write the private key; nothing is overwritten
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Put your name to what is on the table, or say no
    #[command(after_help = "Examples:\n  \
        meridian release sign --role security --key asha.pem\n  \
        meridian release sign --role security --key asha.pem --vote no-go\n  \
        meridian release sign --role security --key asha.pem --table sha256:41c9...     without a terminal\n  \
        meridian release sign --role cto --key ravi.pem --blocker cors\n\n\
        It shows what is on the table and asks. Without a terminal it wants the hash that `release score` prints, and signs nothing\n\
        else. What is signed is that hash, of the artefact, the policy, the answers of its checks and the scores: a change of any\n\
        voids it.\n\
        Exit codes: 0 signed, 1 refused, 2 wrong usage.")]
    Sign(SignArguments),
    /// Take a yes back
    #[command(
        after_help = "Example:\n  meridian release withdraw --role security --person asha --why \"a new finding\""
    )]
    Withdraw(WithdrawArguments),
    /// Decide: GO, GO WITH CONDITIONS or NO-GO, recorded with all that it was decided from
    #[command(after_help = "Examples:\n  \
        meridian release decide\n  \
        meridian release decide --incident INC-4     a hotfix: the exception that the policy makes for its severity\n\n\
        Exit codes: 0 GO or GO WITH CONDITIONS, 1 NO-GO, 2 wrong usage.")]
    Decide(ScoreArguments),
    /// Bind a release to another policy, artefact or day: what was signed is void after the first two
    #[command(after_help = "Examples:\n  \
        meridian release change --policy my-service.toml --by me\n  \
        meridian release change --artefact ./my-service --version 1.2.1 --by me\n  \
        meridian release change --day0 2026-11-26 --why \"the exchange moved\" --by me")]
    Change(ChangeArguments),
    /// Say when a release may begin, and why not now
    #[command(after_help = "Examples:\n  \
        meridian release window --policy my-service.toml --next 5\n  \
        meridian release window --policy my-service.toml --at 2026-11-24T09:15:00+05:30\n  \
        meridian release window --policy my-service.toml --severity P0     a hotfix")]
    Window(WindowArguments),
    /// Write the documents of a release, from the journal: the dossier in Markdown and HTML, rehearsals, the journal itself
    #[command(after_help = "Examples:\n  \
        meridian release report --out dossier\n  \
        meridian release report --release my-service-1.2.0 --at 2026-11-24T18:00:00Z --out before\n  \
        meridian release report                       the dossier as Markdown, to standard output\n  \
        meridian release report --weekly --service my-service --on 2026-11-24\n  \
        meridian release report --retrospective INC-4\n\n\
        The same rows and the same moment give the same files. `release verify` needs nothing but the folder.")]
    Report(ReportArguments),
    /// Verify a report from its files alone: chain, evidence, signatures, decisions, and every figure computed again
    #[command(after_help = "Examples:\n  meridian release verify dossier\n  \
        meridian release verify dossier --hash $(cat hash-in-the-minutes)\n\n\
        Exit codes: 0 it is what it says, 1 it is not (every difference is named), 2 wrong usage.")]
    Verify(VerifyArguments),
    #[command(flatten)]
    Planned(super::PlanCommand),
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

/// Which release a command is about.
#[derive(Clone, Debug, Args)]
pub struct ReleaseArguments {
    /// The release; the newest one unless given
    #[arg(long, value_name = "ID", global = true)]
    pub release: Option<String>,
    /// The newest release of this policy's service
    #[arg(long, value_name = "FILE", global = true)]
    pub policy: Option<PathBuf>,
    #[command(flatten)]
    pub instance: InstanceArguments,
}

#[derive(Debug, Args)]
pub struct OpenArguments {
    /// The policy
    #[arg(long, value_name = "FILE")]
    pub policy: PathBuf,
    /// What is released: a digest, or a file; the policy's own reference unless given
    #[arg(long, value_name = "DIGEST|FILE")]
    pub artefact: Option<String>,
    /// Which version; the policy's unless given
    #[arg(long, value_name = "VERSION")]
    pub version: Option<String>,
    /// Where to: an environment of the policy, its target unless given
    #[arg(long, value_name = "NAME")]
    pub env: Option<String>,
    /// The day of the release, as in 2026-11-24; the policy's unless given
    #[arg(long, value_name = "DATE")]
    pub day0: Option<jiff::civil::Date>,
    /// Why it goes without the environments before: whoever signs sees it
    #[arg(long, value_name = "WHY")]
    pub skip_promotion: Option<String>,
    /// Who opens it: a person of the policy
    #[arg(long, value_name = "PERSON")]
    pub by: String,
    #[command(flatten)]
    pub instance: InstanceArguments,
}

#[derive(Debug, Args)]
pub struct CheckArguments {
    #[command(flatten)]
    pub of: ReleaseArguments,
    /// Where: an environment of the policy, the release's or the target unless given; or an address in place of the target's,
    /// and then nothing is kept
    #[arg(long, value_name = "NAME|URL")]
    pub env: Option<String>,
    /// Only this check (repeatable)
    #[arg(long, value_name = "ID")]
    pub check: Vec<String>,
    /// The version that checks expect, in place of the release's or the policy's; of another version than the release's nothing is kept
    #[arg(long, value_name = "VERSION")]
    pub version: Option<String>,
    /// Most checks at a time
    #[arg(long, value_name = "N", default_value = "32")]
    pub concurrency: std::num::NonZeroUsize,
}

#[derive(Debug, Args)]
pub struct ScoreArguments {
    #[command(flatten)]
    pub of: ReleaseArguments,
    /// It mends this open incident
    #[arg(long, value_name = "ID")]
    pub incident: Option<String>,
}

#[derive(Debug, Args)]
#[group(id = "kind", multiple = false, args = ["daily", "weekly", "retrospective"])]
pub struct ReportArguments {
    #[command(flatten)]
    pub of: ReleaseArguments,
    /// The folder to write to: a new or an empty one; the Markdown goes to standard output unless given
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// As it was known then, as in 2026-11-24T18:00:00Z; now unless given
    #[arg(long, value_name = "TIME", conflicts_with = "kind")]
    pub at: Option<jiff::Timestamp>,
    /// The metrics of one day of a service
    #[arg(long)]
    pub daily: bool,
    /// The objectives of seven days of a service
    #[arg(long)]
    pub weekly: bool,
    /// The draft about an incident
    #[arg(long, value_name = "INCIDENT")]
    pub retrospective: Option<String>,
    /// Of which service; may be left away where there is one
    #[arg(long, value_name = "NAME", requires = "kind")]
    pub service: Option<String>,
    /// The last day; today unless given
    #[arg(long, value_name = "DATE", requires = "kind")]
    pub on: Option<jiff::civil::Date>,
}

#[derive(Debug, Args)]
pub struct VerifyArguments {
    /// The folder of a report
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// The hash that the last row of its journal has to have, from where nobody who had the folder could change it
    #[arg(long, value_name = "HASH")]
    pub hash: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
#[group(id = "what", required = true, multiple = false, args = ["check", "review", "row"])]
pub struct AttestArguments {
    #[command(flatten)]
    pub of: ReleaseArguments,
    /// A check that people answer
    #[arg(long, value_name = "ID")]
    pub check: Option<String>,
    /// A review that gets a mark
    #[arg(long, value_name = "ID")]
    pub review: Option<String>,
    /// A row of a scorecard that gets a mark or a figure
    #[arg(long, value_name = "SCORECARD/ROW", value_parser = parse_row)]
    pub row: Option<Row>,
    /// Who says so: a person of the policy
    #[arg(long, value_name = "PERSON")]
    pub by: String,
    /// The mark
    #[arg(long, value_name = "MARK")]
    pub score: Option<String>,
    /// A figure, as in p99_ms=140 (repeatable)
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_figure)]
    pub figure: Vec<(String, String)>,
    /// It is not so, and why
    #[arg(long, value_name = "WHY")]
    pub fails: Option<String>,
    /// What you say beside it, or where it can be read
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub text: String,
    /// A document that shows it; it is kept
    #[arg(long, value_name = "FILE")]
    pub document: Option<PathBuf>,
    /// It counts no longer than this
    #[arg(long, value_name = "TIME")]
    pub expires: Option<jiff::Timestamp>,
}

#[derive(Debug, Args)]
pub struct SignArguments {
    #[command(flatten)]
    pub of: ReleaseArguments,
    /// As what
    #[arg(long)]
    pub role: String,
    /// Your private key, as `release key` writes it
    #[arg(long, value_name = "FILE", env = "MERIDIAN_SIGNING_KEY")]
    pub key: PathBuf,
    /// Yes or no
    #[arg(long, value_enum, default_value_t = VoteArgument::Go)]
    pub vote: VoteArgument,
    /// That this blocker is gone, in place of the release
    #[arg(long, value_name = "ID")]
    pub blocker: Option<String>,
    /// The hash of what you saw on the table, as `release score` prints it; asked for where there is no terminal to say yes at
    #[arg(long, value_name = "HASH")]
    pub table: Option<release::Digest>,
    /// Your statement in writing, where the policy asks for one
    #[arg(long, value_name = "FILE")]
    pub document: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum VoteArgument {
    Go,
    NoGo,
}

#[derive(Debug, Args)]
pub struct WithdrawArguments {
    #[command(flatten)]
    pub of: ReleaseArguments,
    /// As what it was signed
    #[arg(long)]
    pub role: String,
    /// Whose signature
    #[arg(long)]
    pub person: String,
    /// Of this blocker, in place of the release
    #[arg(long, value_name = "ID")]
    pub blocker: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub why: String,
}

#[derive(Debug, Args)]
#[group(id = "change", required = true, multiple = false, args = ["policy", "artefact", "day0"])]
pub struct ChangeArguments {
    /// The release; the newest one unless given
    #[arg(long, value_name = "ID")]
    pub release: Option<String>,
    /// Another text of the policy
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Another artefact: a digest, or a file
    #[arg(long, value_name = "DIGEST|FILE")]
    pub artefact: Option<String>,
    /// With the artefact: its version
    #[arg(long, value_name = "VERSION", requires = "artefact")]
    pub version: Option<String>,
    /// With the artefact: why it goes without the environments before
    #[arg(long, value_name = "WHY", requires = "artefact")]
    pub skip_promotion: Option<String>,
    /// Another day
    #[arg(long, value_name = "DATE", requires = "why")]
    pub day0: Option<jiff::civil::Date>,
    /// With the day: why
    #[arg(long, value_name = "TEXT")]
    pub why: Option<String>,
    /// Who changes it: a person of the policy
    #[arg(long, value_name = "PERSON")]
    pub by: String,
    #[command(flatten)]
    pub instance: InstanceArguments,
}

/// A row of a scorecard.
#[derive(Clone, Debug)]
pub struct Row {
    pub scorecard: String,
    pub row: String,
}

fn parse_row(text: &str) -> Result<Row, String> {
    let (scorecard, row) =
        text.split_once('/').ok_or("write the scorecard and the row, as in go/usability")?;
    Ok(Row { scorecard: scorecard.to_owned(), row: row.to_owned() })
}

fn parse_figure(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write a name and a value, as in p99_ms=140")?;
    Ok((name.to_owned(), value.to_owned()))
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
