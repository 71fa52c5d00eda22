//! Checks and folds a journal of a million rows: see `benches::journal`.

use std::process::ExitCode;

fn main() -> ExitCode {
    benches::run::run("bench-journal", benches::journal::measure)
}
