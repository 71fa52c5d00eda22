//! `meridian version`.

use serde_json::json;

use crate::cli::VersionArguments;
use crate::failure::Failure;
use crate::output;

/// What this binary is.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

pub fn run(arguments: VersionArguments) -> Result<(), Failure> {
    if arguments.json {
        return output::json(&json!({"name": "meridian", "version": VERSION}));
    }
    output::data(&format!("meridian {VERSION}\n"));
    Ok(())
}
