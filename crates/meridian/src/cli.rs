//! The arguments of every command, with their help. One definition serves parsing, help and completion.

mod incident;
mod journal;
mod operator;
mod plan;
mod release;
mod runbook;
mod slo;
mod status_page;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub use self::incident::*;
pub use self::journal::{JournalArguments, JournalCommand};
pub use self::operator::*;
pub use self::plan::*;
pub use self::release::*;
pub use self::runbook::*;
pub use self::slo::SloCommand;
pub use self::status_page::StatusPageArguments;

/// A trading gateway that you can deploy at noon.
#[derive(Debug, Parser)]
#[command(
    name = "meridian",
    version,
    max_term_width = 100,
    after_help = "Examples:\n  \
        meridian up                                   a simulated NSE market and the gateway, here and offline\n  \
        meridian key create --name laptop --scope market:read\n  \
        meridian instruments search \"nifty 24000 ce\"\n\n\
        Exit codes: 0 done, 1 refused or failed, 2 wrong usage."
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start what one machine needs: a market, the gateway, its two listeners
    Up(Box<UpArguments>),
    /// Start one more gateway on a data directory where `up` runs: it follows, and takes over when the other ends
    Gateway(Box<UpArguments>),
    /// A paper exchange of its own behind the Kite protocol: to try orders on, and to test against
    Venue(Box<VenueArguments>),
    /// Create, list and revoke API keys
    #[command(subcommand)]
    Key(KeyCommand),
    /// Look instruments up
    #[command(subcommand)]
    Instruments(InstrumentsCommand),
    /// Stop new orders, of all accounts or of one
    Halt(HaltArguments),
    /// End a halt
    Resume(ResumeArguments),
    /// Print and change what accounts may do
    #[command(subcommand)]
    Limits(LimitsCommand),
    /// Print and switch feature flags
    Flags(FlagsArguments),
    /// Print the accounts: money, today's profit, open orders, halts, who decides for them
    Accounts(AccountsArguments),
    /// Add an account, log one in
    #[command(subcommand)]
    Account(AccountCommand),
    /// Compare the journal with the venues' books
    Reconcile(ReconcileArguments),
    /// Print orders
    Orders(OrdersArguments),
    /// Print positions and what they are worth
    Positions(PositionsArguments),
    /// Send a signal, explain one
    #[command(subcommand)]
    Signal(SignalCommand),
    /// Check, replay, compare, export, back up, restore and ship the journal of orders
    #[command(subcommand)]
    Journal(JournalCommand),
    /// Take a service to production: policy, lint, windows
    #[command(subcommand)]
    Release(ReleaseCommand),
    /// Run runbooks: deployments, roll-backs, answers to incidents, timed and resumable
    #[command(subcommand)]
    Runbook(RunbookCommand),
    /// Open incidents, say what happens, page people, look back
    #[command(subcommand)]
    Incident(IncidentCommand),
    /// Start control by itself: releases, runbooks, incidents and checks of any service, without a gateway
    Control(ControlArguments),
    /// Objectives as code: Prometheus rules with their tests, dashboards
    #[command(subcommand)]
    Slo(SloCommand),
    /// Print or write what users are told: what is up, what happened, what is going on
    StatusPage(StatusPageArguments),
    /// Print the version
    Version(VersionArguments),
}

const REDIS_HELP: &str = "Read signals from a stream of this Redis server (6.2 or newer): \
redis://[user:password@]host:port/database, or unix:///path/of/socket\n\n\
Whoever can write the stream can trade on every account. A password is better named in the environment, where other users \
do not see it.\n\n\
An entry has one field `signal`, the JSON object of POST /v1/signals, or its fields one by one (id, strategy, instrument, \
side, quantity, target_position, account, ttl_ms, type, price, trigger_price, validity, product; order and allocation as \
JSON). Without an account it is for `paper`; without an id it is named redis-<entry id>, so name your own if several streams \
feed one data directory:\n  \
XADD signals '*' id s-1 instrument NSE:INFY side buy quantity 10\n\n\
Verdicts go to the stream KEY:decisions, malformed entries with their reason to KEY:rejected; about 10,000 are kept of each. \
Entries that waited while no gateway ran are taken at the next start, and ttl_ms counts from then; a new group begins with \
the oldest entry.";

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    meridian up                                       simulated market; the admin key is printed once\n  \
    meridian up --seed 7 --rate 10000 --instruments 3000\n  \
    meridian up --record morning.mticks               write every tick down\n  \
    meridian up --market replay:morning.mticks --speed 20\n  \
    meridian up --redis redis://127.0.0.1:6379/0      also take signals from the Redis stream `signals`\n\n\
    It is ready when it prints a line `ready http://...`. Ctrl-C or SIGTERM ends it.\n\
    Logs are JSON lines on standard error; --log sets how much.")]
pub struct UpArguments {
    /// Native API and pages; port 0 picks a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7400")]
    pub listen: SocketAddr,
    /// Kite-compatible REST and ticker; port 0 picks a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7401")]
    pub kite_listen: SocketAddr,
    /// Data directory, created if it is missing
    #[arg(long, value_name = "DIR", default_value = "meridian-data")]
    pub data: PathBuf,
    /// Where prices come from: sim, or replay:FILE
    #[arg(long, value_name = "sim|replay:FILE", default_value = "sim", value_parser = parse_market)]
    pub market: MarketArgument,
    /// How far orders may go: paper accounts only, also local venues, or also live Kite accounts (needs live prices)
    #[arg(long, value_name = "paper|venue|kite", default_value = "paper", value_parser = parse_broker)]
    pub broker: gateway::Reach,
    /// Simulated market: the same seed gives the same prices
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Market seconds per second
    #[arg(long, value_name = "X", default_value_t = 1.0, value_parser = parse_speed, allow_negative_numbers = true)]
    pub speed: f64,
    /// Simulated market: mean ticks per second over all instruments
    #[arg(long, value_name = "TICKS", default_value_t = 2_000, value_parser = parse_rate, allow_negative_numbers = true)]
    pub rate: u32,
    /// Simulated market: how many instruments are listed
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = parse_instruments, allow_negative_numbers = true)]
    pub instruments: usize,
    /// Simulated market: trade in the exchange's hours only (shares, and derivatives, each in their own)
    #[arg(long)]
    pub market_hours: bool,
    /// Session calendar for --market-hours, in place of the built-in one; the log warns 60 days before it ends
    #[arg(long, value_name = "FILE", requires = "market_hours")]
    pub calendar: Option<PathBuf>,
    /// Write every tick into FILE, to be replayed later; when the listing changes at midnight, in a further file
    /// (morning.mticks, morning.2.mticks)
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// Let pages of this origin call the native API from a browser (repeatable; none by default)
    #[arg(long, value_name = "ORIGIN", value_parser = parse_origin)]
    pub cors_origin: Vec<axum::http::HeaderValue>,
    /// Impose the broker's own limits on Kite clients: 3 sockets a key, 3,000 instruments a socket
    #[arg(long)]
    pub emulate_broker_limits: bool,
    /// Read signals from a stream of this Redis server: redis://[user:password@]host:port/database. Whoever can write the
    /// stream can trade. A password is better named in the environment, where other users do not see it
    #[arg(long, value_name = "URL", env = "MERIDIAN_REDIS", hide_env_values = true, value_parser = parse_secret, long_help = REDIS_HELP)]
    pub redis: Option<access::Secret>,
    /// The stream with the signals
    #[arg(long, value_name = "KEY", default_value = "signals", requires = "redis", value_parser = parse_redis_name)]
    pub redis_stream: String,
    /// The consumer group that reads it; made if it is missing
    #[arg(long, value_name = "NAME", default_value = "meridian", requires = "redis", value_parser = parse_redis_name)]
    pub redis_group: String,
    /// Make no backup of the data directory inside it every day
    #[arg(long)]
    pub no_backups: bool,
    /// How much to log: error, warn, info, debug, trace, or per module
    #[arg(long, value_name = "FILTER", default_value = "info", env = "MERIDIAN_LOG", value_parser = parse_log)]
    pub log: String,
}

#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    long_about = "A paper exchange of its own behind the Kite protocol: orders, trades, positions, order updates.\n\n\
        Nothing here is real: prices are simulated and orders fill on paper. It is for people who want to try orders, and for tests: \
        its book survives kill -9, it counts every request that arrives, and it misbehaves when told to. With the same --seed \
        and --instruments as a gateway it sees the gateway's market.",
    after_help = "Examples:\n  \
        meridian venue --data try --seed 7                one account, named `paper`; key and token are printed\n  \
        meridian venue --accounts a,b --json              two accounts, each with its own token\n  \
        meridian venue --faults '{\"faults\":[{\"kind\":\"close_after\",\"per_million\":20000}]}'\n  \
        meridian venue ledger try                         what arrived, also while the venue runs\n\n\
        It is ready when it prints a line `venue ready http://...`. Ctrl-C or SIGTERM ends it.\n\n\
        Faults, also at run time by POST /venue/faults (GET shows them with their hits; both need the venue's token). Each has\n\
        `per_million` or `next` (the next N), and may have `on` (place, modify, cancel, read) and `account`:\n  \
        close_before            the connection ends, nothing is done\n  \
        close_after             it is done, the connection ends without an answer\n  \
        answer_late, ms         it is done, the answer comes later\n  \
        answer_error, status    it is done, the answer is a 503, 504, ...\n  \
        garbage                 it is done, the answer cannot be read\n  \
        refuse                  answered 400, nothing is done (`\"on\":[\"cancel\"]`: refuses cancellations)\n  \
        reject                  the order is acknowledged, then rejected\n  \
        hide, ms                the order is not in the book for a while\n  \
        fill_first, ms          the placement is answered after its first fill, at most so much later\n  \
        duplicate_update, reorder_update (ms), drop_update    on the ticker socket"
)]
pub struct VenueArguments {
    #[command(subcommand)]
    pub command: Option<VenueCommand>,
    /// Where it listens: a loopback address, port 0 picks a free one, or unix:/PATH; nothing beyond this host
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7500")]
    pub listen: venue::http::listen::Listen,
    /// Directory of its log and credentials, created if it is missing
    #[arg(long, value_name = "DIR", default_value = "meridian-venue")]
    pub data: PathBuf,
    /// Simulated market: the same seed gives the same prices
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Simulated market: mean ticks per second over all instruments
    #[arg(long, value_name = "TICKS", default_value_t = 2_000, value_parser = parse_rate, allow_negative_numbers = true)]
    pub rate: u32,
    /// Simulated market: how many instruments are listed
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = parse_instruments, allow_negative_numbers = true)]
    pub instruments: usize,
    /// Market seconds per second
    #[arg(long, value_name = "X", default_value_t = 1.0, value_parser = parse_speed, allow_negative_numbers = true)]
    pub speed: f64,
    /// Accounts, separated by commas; each has a token of its own
    #[arg(long, value_name = "NAMES", value_delimiter = ',', default_value = "paper")]
    pub accounts: Vec<String>,
    /// Key of all accounts; else that of an earlier start, else drawn
    #[arg(long, value_name = "KEY")]
    pub api_key: Option<String>,
    /// Token of each account, in their order, separated by commas; else those of an earlier start, else drawn
    #[arg(long, value_name = "TOKENS", value_delimiter = ',')]
    pub access_token: Vec<String>,
    /// Market time between taking an order and its arrival at the market
    #[arg(long, value_name = "MS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(..=600_000))]
    pub latency_ms: u64,
    /// Faults from the start: JSON, or a file with it
    #[arg(long, value_name = "FILE|JSON")]
    pub faults: Option<String>,
    /// Print address, key and tokens as one line of JSON
    #[arg(long)]
    pub json: bool,
    /// How much to log: error, warn, info, debug, trace, or per module
    #[arg(long, value_name = "FILTER", default_value = "info", env = "MERIDIAN_LOG", value_parser = parse_log)]
    pub log: String,
}

#[derive(Debug, Subcommand)]
pub enum VenueCommand {
    /// Print what arrived at a venue: placements per tag, changes per order, tags that were placed more than once
    #[command(after_help = "Example:\n  meridian venue ledger meridian-venue --json")]
    Ledger {
        /// Its directory; the venue may run
        directory: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// `sim` or `replay:FILE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MarketArgument {
    Sim,
    Replay(PathBuf),
}

fn parse_market(text: &str) -> Result<MarketArgument, String> {
    match text.split_once(':') {
        None if text == "sim" => Ok(MarketArgument::Sim),
        Some(("replay", path)) if !path.is_empty() => Ok(MarketArgument::Replay(PathBuf::from(path))),
        None if text == "kite" => {
            Err("live Kite prices are not served by this version: use sim or replay:FILE".into())
        }
        _ => Err("use sim, or replay:FILE with a file made by `meridian up --record FILE`".into()),
    }
}

/// Never an error here: clap would repeat the value.
fn parse_secret(text: &str) -> Result<access::Secret, std::convert::Infallible> {
    Ok(access::Secret::new(text))
}

fn parse_redis_name(text: &str) -> Result<String, String> {
    if (1..=100).contains(&text.len()) && !text.chars().any(char::is_control) {
        Ok(text.to_owned())
    } else {
        Err("use a name of 1 to 100 bytes without control characters".into())
    }
}

fn parse_broker(text: &str) -> Result<gateway::Reach, String> {
    match text {
        "paper" => Ok(gateway::Reach::Paper),
        "venue" => Ok(gateway::Reach::Venue),
        "kite" => Ok(gateway::Reach::Kite),
        _ => Err("use paper, venue or kite".into()),
    }
}

impl UpArguments {
    /// What no single argument shows.
    ///
    /// # Errors
    /// Why these cannot be used together.
    pub fn check(&self) -> Result<(), &'static str> {
        // Every price of these markets says that it is not live (I-7).
        if self.broker == gateway::Reach::Kite {
            return Err(
                "--broker kite sends live orders and these prices are simulated or recorded: live orders are decided only on live \
                        prices, which this version does not receive yet. Use --broker paper, or --broker venue",
            );
        }
        Ok(())
    }
}

fn parse_speed(text: &str) -> Result<f64, String> {
    let (slowest, fastest) = gateway::clock::SPEED_RANGE;
    match text.parse::<f64>() {
        Ok(speed) if (slowest..=fastest).contains(&speed) => Ok(speed),
        _ => Err(format!("use a number from {slowest} to {fastest}")),
    }
}

fn parse_rate(text: &str) -> Result<u32, String> {
    let most = feed::sim::RATE_MAX;
    match text.parse() {
        Ok(rate) if (1..=most).contains(&rate) => Ok(rate),
        _ => Err(format!("use a whole number from 1 to {most}")),
    }
}

fn parse_instruments(text: &str) -> Result<usize, String> {
    let (fewest, most) = (feed::sim::INSTRUMENTS_MIN, feed::sim::INSTRUMENTS_MAX);
    match text.parse() {
        Ok(count) if (fewest..=most).contains(&count) => Ok(count),
        _ => Err(format!("use a whole number from {fewest} to {most}")),
    }
}

/// The filter's own parser takes any word for the name of a module, so a misspelt level would log nothing.
fn parse_log(text: &str) -> Result<String, String> {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    let known = |part: &str| {
        let level = part.split_once('=').map_or(part, |(_, level)| level);
        LEVELS.contains(&level)
    };
    if text.split(',').all(|part| known(part.trim())) {
        Ok(text.to_string())
    } else {
        Err("use off, error, warn, info, debug or trace, or module=level, separated by commas".into())
    }
}

fn parse_origin(text: &str) -> Result<axum::http::HeaderValue, String> {
    let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    match rest {
        Some(host) if !host.is_empty() && !host.contains(['/', '*', ' ', ',']) => {
            text.parse().map_err(|_| "an origin has no such characters".to_string())
        }
        _ => Err("write one origin exactly as browsers send it, such as https://desk.example.com".into()),
    }
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  meridian control --data control-data --listen 127.0.0.1:7410\n\n\
    `meridian up` hosts the same beside its gateway. It is ready when it prints a line `ready http://...`.")]
pub struct ControlArguments {
    /// Its API and status page; port 0 picks a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7410")]
    pub listen: SocketAddr,
    /// Data directory, created if it is missing
    #[arg(long, value_name = "DIR", default_value = "meridian-data")]
    pub data: PathBuf,
    /// Where pages go, in place of DATA/channels.toml
    #[arg(long, value_name = "FILE")]
    pub channels: Option<PathBuf>,
    /// How much to log: error, warn, info, debug, trace, or per module
    #[arg(long, value_name = "FILTER", default_value = "info", env = "MERIDIAN_LOG", value_parser = parse_log)]
    pub log: String,
}

/// Which instance a command talks to.
#[derive(Clone, Debug, Args)]
pub struct InstanceArguments {
    /// Data directory of an instance on this machine
    #[arg(long, value_name = "DIR", default_value = "meridian-data", global = true)]
    pub data: PathBuf,
    /// Address of an instance elsewhere
    #[arg(long, value_name = "URL", requires = "key_file", global = true)]
    pub url: Option<String>,
    /// File with an access token for --url
    #[arg(long, value_name = "FILE", requires = "url", global = true)]
    pub key_file: Option<PathBuf>,
    /// Print JSON
    #[arg(long, global = true)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Create a key; its secrets are printed once and cannot be read again
    #[command(
        after_help = "Example:\n  meridian key create --name laptop --scope market:read --expires 30d --json"
    )]
    Create {
        /// What you call it
        #[arg(long)]
        name: String,
        /// What it may do: scopes separated by commas
        #[arg(long, value_name = "SCOPES", long_help = scopes_help())]
        scope: String,
        /// Account it is bound to
        #[arg(long)]
        account: Option<String>,
        /// When it ends: 12h, 30d, or a time such as 2027-01-31T18:00:00+05:30; never unless given
        #[arg(long, value_name = "WHEN")]
        expires: Option<String>,
        /// Where the Kite login page sends the browser; without it the page shows the request token
        #[arg(long, value_name = "URL")]
        redirect: Option<String>,
        #[command(flatten)]
        instance: InstanceArguments,
    },
    /// List keys, without their secrets
    List {
        #[command(flatten)]
        instance: InstanceArguments,
    },
    /// Revoke a key: it stops working on every instance within a second
    Revoke {
        /// The `api_key` to revoke
        api_key: String,
        #[command(flatten)]
        instance: InstanceArguments,
    },
}

fn scopes_help() -> String {
    let mut text = String::from("What it may do: scopes separated by commas, of:\n");
    for scope in access::Scope::ALL {
        text.push_str(&format!("  {:<15} {}\n", scope.as_str(), scope.description()));
    }
    text
}

#[derive(Debug, Subcommand)]
pub enum InstrumentsCommand {
    /// Search by symbol, name, strike, expiry or kind, as people type it
    #[command(after_help = "Examples:\n  \
        meridian instruments search \"nifty 24000 ce\"\n  \
        meridian instruments search infy --json")]
    Search {
        /// Words, all of which must match
        query: String,
        /// Most rows to print
        #[arg(long, default_value_t = 20)]
        limit: usize,
        #[command(flatten)]
        instance: InstanceArguments,
    },
    /// Read an instrument dump in the broker's CSV, plain or gzip, and name its bad lines
    #[command(
        after_help = "Example:\n  meridian instruments check instruments.csv.gz\n\nExit code 1 when a line is bad."
    )]
    Check {
        /// The dump
        file: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
pub struct VersionArguments {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_calendar_is_for_market_hours() {
        let parse = |more: &[&str]| Cli::try_parse_from(["meridian", "up"].iter().chain(more)).is_ok();
        assert!(parse(&["--market-hours", "--calendar", "2027.toml"]) && parse(&["--market-hours"]));
        assert!(!parse(&["--calendar", "2027.toml"]));
    }

    #[test]
    fn origins_are_whole_and_plain() {
        assert!(parse_origin("https://desk.example.com:8443").is_ok());
        for text in ["*", "desk.example.com", "https://", "https://a/b", "https://*.example.com", "null"] {
            assert!(parse_origin(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn markets_and_speeds_say_what_is_served() {
        assert_eq!(parse_market("replay:a:b"), Ok(MarketArgument::Replay("a:b".into())));
        assert!(parse_market("kite").unwrap_err().contains("not served"));
        assert!(parse_market("replay:").is_err());
        for text in ["0", "-1", "NaN", "inf", "1e9", "fast"] {
            assert!(parse_speed(text).is_err(), "{text:?}");
        }
    }
}
