//! `meridian limits`.

use serde_json::{Map, Value};

use crate::cli::LimitsCommand;
use crate::failure::Failure;
use crate::instance::{Instance, segment};
use crate::output;

pub fn run(command: LimitsCommand) -> Result<(), Failure> {
    match command {
        LimitsCommand::Show { account, instance } => {
            let named: Vec<(&str, &str)> = account.iter().map(|name| ("account", name.as_str())).collect();
            let answer: Value = Instance::find(&instance)?.get("/v1/limits", &named)?;
            if instance.json {
                return output::json(&answer);
            }
            print(&answer["limits"]);
            Ok(())
        }
        LimitsCommand::Set { account, settings, instance } => {
            let body = Value::Object(settings_body(&settings)?);
            let path = format!("/v1/limits/{}", segment(&account));
            let answer: Value = Instance::find(&instance)?.put(&path, &body)?;
            if instance.json {
                return output::json(&answer);
            }
            print(&Value::Object(Map::from_iter([(account, answer["limits"].clone())])));
            Ok(())
        }
    }
}

/// `name=value` as the API takes them: whole numbers, switches, amounts as text, and null for `none`.
pub fn settings_body(settings: &[(String, String)]) -> Result<Map<String, Value>, Failure> {
    let mut body = Map::new();
    for (name, text) in settings {
        let value = match text.as_str() {
            "none" => Value::Null,
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            text => text.parse::<i64>().map_or_else(|_| Value::from(text), Value::from),
        };
        if body.insert(name.clone(), value).is_some() {
            return Err(Failure::usage(format!("{name} is there twice")));
        }
    }
    Ok(body)
}

/// A line per limit, a column per account.
fn print(limits: &Value) {
    let Some(accounts) = limits.as_object() else { return };
    let Some(names) = accounts.values().find_map(Value::as_object) else { return };
    let value = |limit: &Value| if limit.is_null() { "none".to_owned() } else { output::cell(limit) };
    let rows: Vec<Vec<String>> = names
        .keys()
        .map(|name| {
            std::iter::once(name.clone())
                .chain(accounts.values().map(|account| value(&account[name])))
                .collect()
        })
        .collect();
    let headings: Vec<&str> = std::iter::once("LIMIT").chain(accounts.keys().map(String::as_str)).collect();
    output::table(&headings, &rows);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn settings_keep_their_kind() {
        let settings = |all: &[(&str, &str)]| {
            let all: Vec<_> =
                all.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            settings_body(&all)
        };
        let body = settings(&[
            ("order_quantity", "500"),
            ("daily_loss", "25000.50"),
            ("drawdown", "none"),
            ("suspect_prices", "true"),
        ]);
        let wanted = json!({"order_quantity": 500, "daily_loss": "25000.50", "drawdown": null, "suspect_prices": true});
        assert_eq!(Value::Object(body.unwrap()), wanted);
        assert!(settings(&[("drawdown", "1"), ("drawdown", "2")]).is_err());
    }
}
