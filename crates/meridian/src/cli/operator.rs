//! The arguments of the commands that run a desk: halts, limits, flags, accounts, reconciliation, orders, signals.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::InstanceArguments;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    meridian halt --why \"the feed looks wrong\"\n  \
    meridian halt --account paper --cancel-open --why \"end of the test\"\n\n\
    Open orders stay unless --cancel-open says otherwise; cancelling stays possible. `meridian resume` ends it.")]
pub struct HaltArguments {
    /// Why, for those who find it halted
    #[arg(long, value_name = "TEXT")]
    pub why: String,
    /// This account only; all accounts unless given
    #[arg(long)]
    pub account: Option<String>,
    /// Cancel what is open, too
    #[arg(long)]
    pub cancel_open: bool,
    #[command(flatten)]
    pub instance: InstanceArguments,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    meridian resume --why \"the feed is right again\"     ends the halt of all accounts\n  \
    meridian resume --account paper --why \"reconciled\"  ends the account's own halt")]
pub struct ResumeArguments {
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub why: String,
    /// The own halt of this account; the halt of all unless given
    #[arg(long)]
    pub account: Option<String>,
    #[command(flatten)]
    pub instance: InstanceArguments,
}

#[derive(Debug, Subcommand)]
pub enum LimitsCommand {
    /// Print what accounts may do
    #[command(after_help = "Example:\n  meridian limits show --account paper")]
    Show {
        /// This account only
        #[arg(long)]
        account: Option<String>,
        #[command(flatten)]
        instance: InstanceArguments,
    },
    /// Change limits of an account; those that are not named stay
    #[command(after_help = "Example:\n  \
        meridian limits set --account paper order_quantity=500 daily_loss=25000 orders_per_second=none\n\n\
        `meridian limits show` prints every name; `none` takes a limit away.")]
    Set {
        /// Whose
        #[arg(long)]
        account: String,
        /// name=value, or name=none
        #[arg(required = true, value_name = "NAME=VALUE", value_parser = parse_setting)]
        settings: Vec<(String, String)>,
        #[command(flatten)]
        instance: InstanceArguments,
    },
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct FlagsArguments {
    #[command(subcommand)]
    pub command: Option<FlagsCommand>,
    #[command(flatten)]
    pub instance: InstanceArguments,
}

#[derive(Debug, Subcommand)]
pub enum FlagsCommand {
    /// Print every flag that was ever set
    List {
        #[command(flatten)]
        instance: InstanceArguments,
    },
    /// Switch a flag
    #[command(after_help = "Example:\n  meridian flags set new-sizing off --why \"sizes look wrong\"")]
    Set {
        /// Its name: a-z, 0-9, `.`, `_` and `-`
        name: String,
        /// Its value
        value: OnOff,
        /// Why
        #[arg(long, value_name = "TEXT")]
        why: String,
        #[command(flatten)]
        instance: InstanceArguments,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OnOff {
    On,
    Off,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  meridian accounts --json")]
pub struct AccountsArguments {
    #[command(flatten)]
    pub instance: InstanceArguments,
}

#[derive(Debug, Subcommand)]
pub enum AccountCommand {
    /// Add an account; for one at a venue that exists, change its address, key or token
    #[command(after_help = "Examples:\n  \
        meridian account add practice --class paper --funds 500000\n  \
        meridian account add v1 --class venue --url http://127.0.0.1:7501 --api-key demo < token\n\n\
        The access token is read from standard input unless that is a terminal; `meridian account login` sets it later.")]
    Add {
        /// 1-32 of a-z, 0-9, `-` and `_`
        name: String,
        /// How its orders reach a market
        #[arg(long)]
        class: ClassArgument,
        /// Where its venue is: http://127.0.0.1:PORT or unix:/PATH
        #[arg(long, value_name = "URL", conflicts_with = "funds")]
        url: Option<String>,
        /// Our public name at the venue
        #[arg(long, value_name = "KEY")]
        api_key: Option<String>,
        /// File with the access token
        #[arg(long, value_name = "FILE")]
        access_token_file: Option<PathBuf>,
        /// Paper money to begin with, in rupees; 1 crore unless given
        #[arg(long, value_name = "RUPEES")]
        funds: Option<String>,
        /// A limit from the beginning (repeatable)
        #[arg(long = "limit", value_name = "NAME=VALUE", value_parser = parse_setting)]
        limits: Vec<(String, String)>,
        #[command(flatten)]
        gateway: GatewayArguments,
    },
    /// Give an account its access token of the day
    #[command(after_help = "Examples:\n  \
        meridian account login v1 < token       a venue on this machine: its access token, from standard input\n  \
        meridian account login live             the live broker: prints where to log in, then reads the request token of\n                                          \
        the address it leads to and the app's secret, a line each")]
    Login {
        /// Which account
        name: String,
        /// Read from this file instead of standard input
        #[arg(long, value_name = "FILE")]
        access_token_file: Option<PathBuf>,
        #[command(flatten)]
        instance: InstanceArguments,
    },
}

/// [`InstanceArguments`] where `--url` is the venue's.
#[derive(Clone, Debug, Args)]
pub struct GatewayArguments {
    /// Data directory of an instance on this machine
    #[arg(long, value_name = "DIR", default_value = "meridian-data")]
    data: PathBuf,
    /// Address of an instance elsewhere
    #[arg(long, value_name = "URL", requires = "key_file")]
    gateway: Option<String>,
    /// File with an access token for --gateway
    #[arg(long, value_name = "FILE", requires = "gateway")]
    key_file: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl From<GatewayArguments> for InstanceArguments {
    fn from(arguments: GatewayArguments) -> InstanceArguments {
        let GatewayArguments { data, gateway, key_file, json } = arguments;
        InstanceArguments { data, url: gateway, key_file, json }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ClassArgument {
    /// Filled here, on the prices of this market
    Paper,
    /// A venue on this machine that speaks the Kite protocol
    Venue,
    /// The live broker
    Kite,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    meridian reconcile                              every account\n  \
    meridian reconcile --account paper --out reports  and write the day's report as Markdown and JSON\n\n\
    Exit code 1 when journal and book differ, or a book could not be read.")]
pub struct ReconcileArguments {
    /// This account only
    #[arg(long)]
    pub account: Option<String>,
    /// Folder for reports
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub instance: InstanceArguments,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  meridian orders --account paper --open")]
pub struct OrdersArguments {
    /// This account only
    #[arg(long)]
    pub account: Option<String>,
    /// Only what has not ended
    #[arg(long)]
    pub open: bool,
    /// Most rows to print, the newest ones
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub limit: usize,
    #[command(flatten)]
    pub instance: InstanceArguments,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  meridian positions --account paper --json")]
pub struct PositionsArguments {
    /// This account only
    #[arg(long)]
    pub account: Option<String>,
    #[command(flatten)]
    pub instance: InstanceArguments,
}

#[derive(Debug, Subcommand)]
pub enum SignalCommand {
    /// Send a signal and print its verdict
    #[command(after_help = "Examples:\n  \
        meridian signal send --instrument NSE:INFY --side buy --quantity 10\n  \
        meridian signal send --instrument NSE:INFY --target-position 0 --account paper\n  \
        meridian signal send --instrument NSE:INFY --side sell --quantity 5 --type limit --price 1510.50\n\n\
        Exit code 1 when it is denied. The same --id with the same content is one signal, however often it is sent.")]
    Send(Box<SendArguments>),
    /// Print what became of a signal, step by step: when, what, why, on which inputs
    #[command(after_help = "Example:\n  meridian signal explain s-1")]
    Explain {
        /// Its id
        id: String,
        #[command(flatten)]
        instance: InstanceArguments,
    },
}

#[derive(Debug, Args)]
pub struct SendArguments {
    /// EXCHANGE:TRADINGSYMBOL, or its number
    #[arg(long)]
    pub instrument: String,
    /// buy or sell
    #[arg(long, requires = "quantity", required_unless_present = "target_position")]
    pub side: Option<String>,
    /// Shares or contract units
    #[arg(long, value_name = "N", requires = "side")]
    pub quantity: Option<u64>,
    /// Trade until the position is this: positive long, negative short
    #[arg(long, value_name = "N", allow_negative_numbers = true, conflicts_with_all = ["side", "quantity"])]
    pub target_position: Option<i64>,
    /// market, limit, stop_limit or stop_market
    #[arg(long = "type", value_name = "TYPE", default_value = "market")]
    pub order_type: String,
    /// Limit in rupees
    #[arg(long, value_name = "RUPEES")]
    pub price: Option<String>,
    /// Trigger in rupees
    #[arg(long, value_name = "RUPEES")]
    pub trigger_price: Option<String>,
    /// day or ioc
    #[arg(long)]
    pub validity: Option<String>,
    /// cnc, nrml, mis or mtf
    #[arg(long)]
    pub product: Option<String>,
    /// Whose; `paper` unless given
    #[arg(long)]
    pub account: Option<String>,
    /// Who decided so
    #[arg(long)]
    pub strategy: Option<String>,
    /// Its name, used once for ever; made up unless given
    #[arg(long)]
    pub id: Option<String>,
    /// Latest decision, in milliseconds
    #[arg(long, value_name = "MS")]
    pub ttl_ms: Option<u32>,
    /// Longest wait for the verdict, in milliseconds
    #[arg(long, value_name = "MS")]
    pub wait_ms: Option<u32>,
    #[command(flatten)]
    pub instance: InstanceArguments,
}

fn parse_setting(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() && !value.is_empty() => Ok((name.into(), value.into())),
        _ => Err("write NAME=VALUE, such as order_quantity=500, or NAME=none".into()),
    }
}
