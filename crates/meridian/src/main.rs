//! The command line: parses, runs one command, maps the outcome to an exit code, ends.
//!
//! Standard output is data, standard error is talk. Exit code 0: done; 1: refused or failed; 2: wrong usage.

mod cli;
mod failure;
mod instance;
mod instruments;
mod keys;
mod logs;
mod output;
mod up;
mod version;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command {
        Command::Up(arguments) => up::run(arguments),
        Command::Key(command) => keys::run(command),
        Command::Instruments(command) => instruments::run(command),
        Command::Version(arguments) => version::run(arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
