//! Loads native quotes at a fixed rate: see `benches::quotes`.

use std::process::ExitCode;

fn main() -> ExitCode {
    benches::run::run("bench-quotes", benches::quotes::measure)
}
