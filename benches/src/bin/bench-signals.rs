//! From signal to durable intent at fixed rates, beside bare SQLite commits: see `benches::signals`.

use std::process::ExitCode;

fn main() -> ExitCode {
    benches::run::run("bench-signals", benches::signals::measure)
}
