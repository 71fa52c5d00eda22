//! Figures by name from JSON: `{"p99_ms": 180, "http": {"errors": 0}}` has `p99_ms` and `http.errors`. An area is the
//! name of an object: `http` alone has `errors`.

use serde_json::Value;

use super::super::target;
use super::Found;
use super::kept;
use super::source::Source;

const FIGURES_MAX: usize = 10_000;

pub(super) fn read(source: &mut Source, area: Option<&str>) -> Result<Found, String> {
    let value = source.json()?;
    let part = match area {
        None => &value,
        Some(area) => area
            .split('.')
            .try_fold(&value, |value, name| value.get(name))
            .ok_or_else(|| format!("nothing is named `{area}`"))?,
    };
    let mut found = Found::default();
    collect(part, "", &mut found)?;
    Ok(found)
}

/// Depth is bounded by the reader of JSON.
pub(super) fn collect(value: &Value, name: &str, found: &mut Found) -> Result<(), String> {
    match value {
        Value::Object(members) => {
            // A name is repeated for all that is inside: only what may hold a figure gets one.
            for (member, value) in members.iter().filter(|(_, value)| value.is_object() || value.is_number())
            {
                let name = if name.is_empty() { member.clone() } else { format!("{name}.{member}") };
                collect(value, kept::name(&name)?, found)?;
            }
        }
        Value::Number(number) if !name.is_empty() => {
            if found.figures.len() >= FIGURES_MAX {
                return Err(format!("it has more than {FIGURES_MAX} figures"));
            }
            // As it is written, where that is exact.
            let exact = number.to_string().parse().ok();
            let figure = exact.or_else(|| number.as_f64().and_then(target::figure));
            let figure = figure.ok_or_else(|| format!("`{name}` is {number}, which is too large"))?;
            found.figures.insert(name.to_owned(), figure);
        }
        _ => {}
    }
    Ok(())
}
