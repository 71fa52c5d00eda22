//! `meridian instruments`.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use market::registry::Registry;
use serde_json::{Value, json};

use crate::cli::{InstanceArguments, InstrumentsCommand};
use crate::failure::Failure;
use crate::instance::Instance;
use crate::output;

pub fn run(command: InstrumentsCommand) -> Result<(), Failure> {
    match command {
        InstrumentsCommand::Search { query, limit, instance } => search(&query, limit, &instance),
        InstrumentsCommand::Check { file, json } => check(&file, json),
    }
}

/// Bytes of a dump: the broker's whole one has less than ten million.
const DUMP_BYTES_MAX: u64 = 256 * 1024 * 1024;

fn check(file: &Path, json: bool) -> Result<(), Failure> {
    let unreadable = |error: std::io::Error| {
        Failure::new(format!("cannot read {}", file.display())).cause(error).hint("check the path")
    };
    let mut bytes = Vec::new();
    let open = File::open(file).map_err(unreadable)?;
    open.take(DUMP_BYTES_MAX).read_to_end(&mut bytes).map_err(unreadable)?;
    let dump = market::dump::read(&bytes).map_err(|error| {
        Failure::new(format!("{} is not an instrument dump", file.display())).chain(&error)
    })?;
    let undescribed = dump.bad_total.saturating_sub(dump.bad.len());
    let (registry, bad) = Registry::from_dump(dump);
    let left_out = bad.len() + undescribed;
    if json {
        let bad: Vec<Value> = bad
            .iter()
            .map(|bad| json!({"line": bad.line, "field": bad.field, "value": bad.value, "problem": bad.problem}))
            .collect();
        output::json(&json!({"instruments": registry.len(), "left_out": left_out, "bad": bad}))?;
    } else {
        for bad in &bad {
            output::data(&format!("{bad}\n"));
        }
        output::data(&format!("{} good instruments\n", registry.len()));
    }
    if left_out == 0 {
        return Ok(());
    }
    Err(Failure::new(format!("{left_out} bad lines were left out")))
}

fn search(query: &str, limit: usize, instance: &InstanceArguments) -> Result<(), Failure> {
    let found: Value = Instance::find(instance)?
        .get("/v1/instruments", &[("query", query), ("limit", &limit.to_string())])?;
    if instance.json {
        return output::json(&found);
    }
    let rows: Vec<Vec<String>> = found["instruments"]
        .as_array()
        .map(|instruments| instruments.iter().map(row).collect())
        .unwrap_or_default();
    if rows.is_empty() {
        return Err(Failure::new(format!("nothing matches {query:?}"))
            .hint("try fewer words: a symbol, a strike, an expiry such as 26nov, ce, pe or fut"));
    }
    output::table(&["INSTRUMENT", "TOKEN", "NAME", "EXPIRY", "STRIKE", "LOT", "TICK"], &rows);
    let total = found["total"].as_u64().unwrap_or_default();
    if total > rows.len() as u64 {
        output::talk(&format!("{} of {total}; --limit shows more\n", rows.len()));
    }
    Ok(())
}

fn row(instrument: &Value) -> Vec<String> {
    let cell = |name: &str| match &instrument[name] {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    ["instrument", "instrument_token", "name", "expiry", "strike", "lot_size", "tick_size"].map(cell).to_vec()
}
