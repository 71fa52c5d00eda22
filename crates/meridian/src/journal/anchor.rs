//! `meridian journal anchor`.

use std::path::Path;

use gateway::anchors::anchor_now;
use gateway::clock::machine_now;
use journal::{DataDirectory, hex};
use market::UnixNanos;
use serde_json::json;

use crate::failure::Failure;
use crate::output;

pub fn run(data: &Path, as_json: bool) -> Result<(), Failure> {
    let directory =
        DataDirectory::open(data).map_err(|error| Failure::of(&error).maybe_hint(error.hint()))?;
    let made = anchor_now(&directory, machine_now()).map_err(|error| {
        Failure::new(format!("the head of the journal in {} was not signed", data.display()))
            .chain(&error)
            .maybe_hint(error.hint())
    })?;
    if as_json {
        return output::json(&made.map(|anchor| {
            json!({
                "seq": anchor.head.seq,
                "hash": hex::encode(&anchor.head.hash),
                "time": UnixNanos(anchor.time).to_rfc3339(),
                "public_key": hex::encode(&anchor.public_key),
            })
        }));
    }
    output::data(&match made {
        Some(anchor) => format!(
            "row {} {}\nsigned by {}\n",
            anchor.head.seq,
            hex::encode(&anchor.head.hash),
            hex::encode(&anchor.public_key)
        ),
        None => "the newest anchor has this head already\n".to_owned(),
    });
    Ok(())
}
