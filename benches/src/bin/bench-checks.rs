//! Asks a whole readiness list at once: see `benches::checks`.

use std::process::ExitCode;

fn main() -> ExitCode {
    benches::run::run("bench-checks", benches::checks::measure)
}
