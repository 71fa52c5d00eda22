//! Publishes to the hub: see `benches::hub`.

use std::process::ExitCode;

fn main() -> ExitCode {
    benches::run::run("bench-hub", benches::hub::measure)
}
