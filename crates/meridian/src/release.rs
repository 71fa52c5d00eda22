//! `meridian release`: going live, decided from evidence.

mod lint;
mod policy;

use crate::cli::ReleaseCommand;
use crate::failure::Failure;

pub fn run(command: ReleaseCommand) -> Result<(), Failure> {
    match command {
        ReleaseCommand::Init(arguments) => policy::init(&arguments),
        ReleaseCommand::Lint(arguments) => lint::run(&arguments),
        ReleaseCommand::Window(arguments) => policy::window(&arguments),
    }
}
