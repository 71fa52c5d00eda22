//! Decodes and judges full packets: see `benches::decode`.

use std::process::ExitCode;

fn main() -> ExitCode {
    benches::run::run("bench-decode", benches::decode::measure)
}
