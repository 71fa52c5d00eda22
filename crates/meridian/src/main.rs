//! The command line: parses, runs one command, maps the outcome to an exit code, ends.
//!
//! Standard output is data, standard error is talk. Exit code 0: done; 1: refused or failed; 2: wrong usage.

mod accounts;
mod cli;
mod control;
mod failure;
mod hosting;
mod incident;
mod instance;
mod instruments;
mod journal;
mod keys;
mod limits;
mod logs;
mod office;
mod orders;
mod output;
mod reconcile;
mod release;
mod runbook;
mod signals;
mod slos;
mod status_page;
mod timeline;
mod up;
mod venue;
mod version;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};
use gateway::Role;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command {
        Command::Up(arguments) => up::run(arguments, Role::Up),
        Command::Gateway(arguments) => up::run(arguments, Role::Gateway),
        Command::Venue(arguments) => venue::run(*arguments),
        Command::Key(command) => keys::run(command),
        Command::Instruments(command) => instruments::run(command),
        Command::Halt(arguments) => control::halt(&arguments),
        Command::Resume(arguments) => control::resume(&arguments),
        Command::Limits(command) => limits::run(command),
        Command::Flags(arguments) => control::flags(arguments),
        Command::Accounts(arguments) => accounts::list(&arguments.instance),
        Command::Account(command) => accounts::run(command),
        Command::Reconcile(arguments) => reconcile::run(&arguments),
        Command::Orders(arguments) => orders::orders(&arguments),
        Command::Positions(arguments) => orders::positions(&arguments),
        Command::Signal(command) => signals::run(command),
        Command::Journal(command) => journal::run(command),
        Command::Release(command) => release::run(command),
        Command::Incident(command) => incident::run(command),
        Command::Runbook(command) => runbook::run(command),
        Command::Control(arguments) => hosting::run(&arguments),
        Command::Slo(command) => slos::run(command),
        Command::StatusPage(arguments) => status_page::run(&arguments),
        Command::Version(arguments) => version::run(arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
