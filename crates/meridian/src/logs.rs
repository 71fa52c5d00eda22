//! Logs: JSON lines on standard error, ready for a log collector.

use tracing_subscriber::EnvFilter;

use crate::failure::Failure;

/// Starts logging with a filter such as `info` or `gateway=debug`.
pub fn start(filter: &str) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(filter).map_err(|error| {
        Failure::usage(format!("--log {filter:?} is not a filter"))
            .cause(error)
            .hint("use info, or gateway=debug")
    })?;
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_writer(std::io::stderr)
        .with_env_filter(filter)
        .try_init()
        .map_err(|error| Failure::new("cannot start logging").cause(error))
}
