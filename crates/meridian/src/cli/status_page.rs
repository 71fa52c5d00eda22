//! Arguments of `meridian status-page`.

use std::path::PathBuf;

use clap::Args;

use super::InstanceArguments;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    meridian status-page                         print it\n  \
    meridian status-page --out /srv/www/status   write index.html and status.json, to be served by anybody\n\n\
    A running instance shows the same at /status and /status.json, to everybody. Only words that are marked as public, titles of\n\
    checks and figures are on it.\n\n\
    Exit codes: 0 printed or written, whatever it says; 1 failed; 2 wrong usage.")]
pub struct StatusPageArguments {
    /// Directory for index.html and status.json, made if it is missing; files of these names are written anew
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub instance: InstanceArguments,
}
