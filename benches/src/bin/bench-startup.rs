//! Times first starts: see `benches::startup`.

use std::process::ExitCode;

fn main() -> ExitCode {
    benches::run::run("bench-startup", benches::startup::measure)
}
