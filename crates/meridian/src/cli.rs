//! The arguments of every command, with their help. One definition serves parsing, help and completion.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

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
    /// Create, list and revoke API keys
    #[command(subcommand)]
    Key(KeyCommand),
    /// Look instruments up
    #[command(subcommand)]
    Instruments(InstrumentsCommand),
    /// Print the version
    Version(VersionArguments),
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    meridian up                                       simulated market; the admin key is printed once\n  \
    meridian up --seed 7 --rate 10000 --instruments 3000\n  \
    meridian up --record morning.mticks               write every tick down\n  \
    meridian up --market replay:morning.mticks --speed 20\n\n\
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
    /// Where orders would go (this version takes none)
    #[arg(long, value_name = "paper", default_value = "paper", value_parser = parse_broker)]
    pub broker: PaperBroker,
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
    /// How much to log: error, warn, info, debug, trace, or per module
    #[arg(long, value_name = "FILTER", default_value = "info", env = "MERIDIAN_LOG", value_parser = parse_log)]
    pub log: String,
}

/// `sim` or `replay:FILE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MarketArgument {
    Sim,
    Replay(PathBuf),
}

/// The only broker of this version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaperBroker;

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

fn parse_broker(text: &str) -> Result<PaperBroker, String> {
    match text {
        "paper" => Ok(PaperBroker),
        "venue" | "kite" => Err(format!("{text} is not served by this version: use paper")),
        _ => Err("use paper".into()),
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
