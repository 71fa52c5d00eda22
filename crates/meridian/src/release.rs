//! `meridian release`: going live, decided from evidence.

mod change;
mod check;
mod chosen;
mod lint;
mod people;
mod plan;
mod policy;
mod report;
mod said;
mod score;
mod window;

pub use chosen::{KeptPolicy, keep_policy, newest};
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
        ReleaseCommand::Open(arguments) => change::open(&arguments),
        ReleaseCommand::List { instance } => change::list(&instance),
        ReleaseCommand::Change(arguments) => change::run(&arguments),
        ReleaseCommand::Check(arguments) => check::run(&arguments),
        ReleaseCommand::Score(arguments) => score::score(&arguments),
        ReleaseCommand::Decide(arguments) => score::decide(&arguments),
        ReleaseCommand::Attest(arguments) => people::attest(&arguments),
        ReleaseCommand::Key { out, json } => people::key(&out, json),
        ReleaseCommand::Sign(arguments) => people::sign(&arguments),
        ReleaseCommand::Withdraw(arguments) => people::withdraw(&arguments),
        ReleaseCommand::Window(arguments) => window::run(&arguments),
        ReleaseCommand::Report(arguments) => report::run(&arguments),
        ReleaseCommand::Verify(arguments) => report::verify(&arguments),
        ReleaseCommand::Planned(command) => plan::run(command),
    }
}
