//! `meridian halt`, `resume` and `flags`.

use serde_json::{Value, json};

use crate::cli::{FlagsArguments, FlagsCommand, HaltArguments, InstanceArguments, OnOff, ResumeArguments};
use crate::failure::Failure;
use crate::instance::{Instance, segment};
use crate::output;

pub fn halt(arguments: &HaltArguments) -> Result<(), Failure> {
    let HaltArguments { why, account, cancel_open, instance } = arguments;
    let body = json!({"account": account, "why": why, "cancel_open": cancel_open});
    tell(&Instance::find(instance)?.post("/v1/halt", &body)?, instance)
}

pub fn resume(arguments: &ResumeArguments) -> Result<(), Failure> {
    let ResumeArguments { why, account, instance } = arguments;
    let answer = Instance::find(instance)?.post("/v1/resume", &json!({"account": account, "why": why}))?;
    tell(&answer, instance)
}

fn tell(answer: &Value, instance: &InstanceArguments) -> Result<(), Failure> {
    if instance.json {
        return output::json(answer);
    }
    let halted: Vec<&str> =
        answer["halted"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    output::data(&match halted.as_slice() {
        [] => "no account is halted\n".to_owned(),
        names => format!("halted: {}\n", names.join(", ")),
    });
    Ok(())
}

pub fn flags(arguments: FlagsArguments) -> Result<(), Failure> {
    match arguments.command {
        None => list(&arguments.instance),
        Some(FlagsCommand::List { instance }) => list(&instance),
        Some(FlagsCommand::Set { name, value, why, instance }) => {
            let on = value == OnOff::On;
            let body = json!({"on": on, "why": why});
            let answer: Value =
                Instance::find(&instance)?.put(&format!("/v1/flags/{}", segment(&name)), &body)?;
            if instance.json {
                return output::json(&answer);
            }
            output::talk(&format!("{name} is {}\n", word(on)));
            Ok(())
        }
    }
}

fn list(instance: &InstanceArguments) -> Result<(), Failure> {
    let answer: Value = Instance::find(instance)?.get("/v1/flags", &[])?;
    if instance.json {
        return output::json(&answer);
    }
    let flags = answer["flags"].as_array().into_iter().flatten();
    let row = |flag: &Value| vec![output::cell(&flag["name"]), word(flag["on"] == true).to_owned()];
    let rows: Vec<Vec<String>> = flags.map(row).collect();
    if rows.is_empty() {
        output::talk("no flag was ever set\n");
        return Ok(());
    }
    output::table(&["FLAG", "VALUE"], &rows);
    Ok(())
}

const fn word(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}
