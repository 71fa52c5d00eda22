//! What every bench's `main` does: read the options, measure, print, say by the exit code whether the bars are held.

use std::process::ExitCode;

use crate::options::{Format, HELP, Size, parse};
use crate::report::Report;

/// What a bench comes back with.
#[derive(Debug)]
pub enum Measured {
    /// Figures.
    Found(Report),
    /// Nothing was measured, and why.
    Skipped(&'static str),
}

/// Runs one bench.
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a bench prints what it found")]
pub fn run(name: &'static str, measure: fn(Size) -> anyhow::Result<Measured>) -> ExitCode {
    let options = match parse(std::env::args().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => {
            println!("{name}\n{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(argument) => {
            eprintln!("error: {argument} is not an option of {name}\n{HELP}");
            return ExitCode::from(2);
        }
    };
    let command = std::env::args().collect::<Vec<_>>().join(" ");
    match measure(options.size) {
        Ok(Measured::Found(report)) => {
            match options.format {
                Format::Table => print!("{}", report.table(&command)),
                Format::Json => println!("{}", report.json(&command)),
            }
            if report.is_missed() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
        }
        Ok(Measured::Skipped(why)) => {
            match options.format {
                Format::Table => println!("skipped: {why}"),
                Format::Json => println!("{}", serde_json::json!({"bench": name, "skipped": why})),
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {name} failed\n  cause: {error:#}");
            ExitCode::FAILURE
        }
    }
}
