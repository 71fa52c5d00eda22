//! Loads and searches the broker's real list: see `benches::dump`.

use std::process::ExitCode;

fn main() -> ExitCode {
    benches::run::run("bench-dump", benches::dump::measure)
}
