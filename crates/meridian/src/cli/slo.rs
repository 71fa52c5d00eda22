//! Arguments of `meridian slo`.

use std::path::PathBuf;

use clap::Subcommand;

use super::InstanceArguments;
use super::release::{CalendarFile, parse_calendar};

#[derive(Debug, Subcommand)]
pub enum SloCommand {
    /// Print objectives: budget and alerts as a policy has them, and how they stand where an instance judges them
    #[command(after_help = "Examples:\n  \
        meridian slo show policies/ticker-service.fixed.toml\n  \
        meridian slo show                                       all that the instance in --data judges now\n  \
        meridian slo show --service my-service --json\n\n\
        With a policy it needs no instance. Budgets count from the start of the instance, as OBSERVED SINCE says.\n\
        Exit codes: 0 printed, 1 no policy, or nothing is judged, 2 wrong usage.")]
    Show {
        /// The policy; absent: those that the instance watches
        policy: Option<PathBuf>,
        /// This service only
        #[arg(long, value_name = "NAME", conflicts_with = "policy")]
        service: Option<String>,
        /// A session calendar in place of the built-in one, as in nse=2027.toml (repeatable)
        #[arg(long, value_name = "MARKET=FILE", value_parser = parse_calendar)]
        calendar: Vec<CalendarFile>,
        #[command(flatten)]
        instance: InstanceArguments,
    },
    /// Write Prometheus rules, their promtool tests and Grafana dashboards
    #[command(after_help = "Example:\n  \
        meridian slo rules policies/ticker-service.fixed.toml --out deploy/prometheus\n  \
        promtool check rules deploy/prometheus/ticker-service.rules.yaml\n  \
        promtool test rules deploy/prometheus/ticker-service.hour.test.yaml\n\n\
        Files of the same names are written anew. Rules of objectives in session time change with the calendar: write them once \
        a month.")]
    Rules {
        /// The policy
        policy: PathBuf,
        /// Directory, made if it is missing
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// A session calendar in place of the built-in one, as in nse=2027.toml (repeatable)
        #[arg(long, value_name = "MARKET=FILE", value_parser = parse_calendar)]
        calendar: Vec<CalendarFile>,
    },
    /// Print OpenSLO documents as `[[slo]]` tables of a policy
    #[command(after_help = "Example:\n  meridian slo import openslo.yaml >> my-service.toml")]
    Import {
        /// OpenSLO v1, one or more documents
        file: PathBuf,
    },
}
