//! `meridian signal`: sending one, and what became of one.

use access::entropy::{self, Entropy};
use serde_json::{Map, Value, json};

use crate::cli::{InstanceArguments, SendArguments, SignalCommand};
use crate::failure::Failure;
use crate::instance::{Instance, segment};
use crate::{output, timeline};

pub fn run(command: SignalCommand) -> Result<(), Failure> {
    match command {
        SignalCommand::Send(arguments) => send(*arguments),
        SignalCommand::Explain { id, instance } => explain(&id, &instance),
    }
}

fn send(arguments: SendArguments) -> Result<(), Failure> {
    let instance = arguments.instance.clone();
    let answer: Value = Instance::find(&instance)?.post("/v1/signals", &body(arguments)?)?;
    if instance.json {
        output::json(&answer)?;
    } else {
        let [verdict, id, row] = ["verdict", "id", "sequence"].map(|field| output::cell(&answer[field]));
        let orders: Vec<&str> =
            answer["orders"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let orders = if orders.is_empty() { String::new() } else { format!(", orders {}", orders.join(" ")) };
        output::data(&format!("{verdict}: signal {id} (row {row}){orders}\n"));
        for reason in output::rows(&answer, "reasons", &["code", "message", "account"]) {
            let [code, message, account] = &reason[..] else { continue };
            let account = if account.is_empty() { String::new() } else { format!(" ({account})") };
            output::data(&format!("  {code}: {message}{account}\n"));
        }
    }
    if answer["verdict"] == "denied" {
        return Err(
            Failure::new("the signal was denied").hint("`meridian signal explain` shows what was looked at")
        );
    }
    Ok(())
}

fn body(arguments: SendArguments) -> Result<Value, Failure> {
    let id = match arguments.id {
        Some(id) => id,
        None => drawn()?,
    };
    let absent = |fields: &mut Map<String, Value>| fields.retain(|_, value| !value.is_null());
    let mut order = Map::from_iter([
        ("type".into(), json!(arguments.order_type)),
        ("price".into(), json!(arguments.price)),
        ("trigger_price".into(), json!(arguments.trigger_price)),
        ("validity".into(), json!(arguments.validity)),
        ("product".into(), json!(arguments.product)),
    ]);
    absent(&mut order);
    let mut body = Map::from_iter([
        ("id".into(), json!(id)),
        ("strategy".into(), json!(arguments.strategy)),
        ("instrument".into(), json!(arguments.instrument)),
        ("side".into(), json!(arguments.side)),
        ("quantity".into(), json!(arguments.quantity)),
        ("target_position".into(), json!(arguments.target_position)),
        ("account".into(), json!(arguments.account)),
        ("ttl_ms".into(), json!(arguments.ttl_ms)),
        ("wait_ms".into(), json!(arguments.wait_ms)),
        ("order".into(), Value::Object(order)),
    ]);
    absent(&mut body);
    Ok(Value::Object(body))
}

/// A name that nothing else has.
fn drawn() -> Result<String, Failure> {
    let mut bytes = [0; 12];
    entropy::system().fill(&mut bytes).map_err(|error| Failure::of(&error))?;
    Ok(format!("cli-{}", journal::hex::encode(&bytes)))
}

fn explain(id: &str, instance: &InstanceArguments) -> Result<(), Failure> {
    let answer: Value =
        Instance::find(instance)?.get(&format!("/v1/signals/{}/explain", segment(id)), &[])?;
    if instance.json {
        return output::json(&answer);
    }
    let events = answer["events"].as_array().map(Vec::as_slice).unwrap_or_default();
    output::table(&["AFTER", "ROW", "WHAT", "DETAIL"], &timeline::rows(events));
    Ok(())
}
