//! `meridian release`: going live, decided from evidence.

mod check;
mod lint;
mod policy;
mod window;

pub use policy::{content, read};
pub use window::calendars;

use jiff::Timestamp;

use crate::cli::ReleaseCommand;
use crate::failure::Failure;

/// Now, by this machine's clock.
pub fn now() -> Result<Timestamp, Failure> {
    Timestamp::from_nanosecond(i128::from(gateway::clock::machine_now().0))
        .map_err(|error| Failure::of(&error))
}

pub fn run(command: ReleaseCommand) -> Result<(), Failure> {
    match command {
        ReleaseCommand::Init(arguments) => policy::init(&arguments),
        ReleaseCommand::Lint(arguments) => lint::run(&arguments),
        ReleaseCommand::Check(arguments) => check::run(&arguments),
        ReleaseCommand::Window(arguments) => window::run(&arguments),
    }
}
