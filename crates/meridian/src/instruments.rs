//! `meridian instruments`.

use serde_json::Value;

use crate::cli::InstrumentsCommand;
use crate::failure::Failure;
use crate::instance::Instance;
use crate::output;

pub fn run(command: InstrumentsCommand) -> Result<(), Failure> {
    let InstrumentsCommand::Search { query, limit, instance } = command;
    let found: Value = Instance::find(&instance)?
        .get("/v1/instruments", &[("query", query.as_str()), ("limit", &limit.to_string())])?;
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
