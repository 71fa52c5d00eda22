//! `meridian release check`: asks the checks of a policy now, says what came of each, and keeps it for the release.

use serde_json::{Value, json};

use super::chosen::{KeptPolicy, chosen, keep_policy, newest};
use crate::cli::CheckArguments;
use crate::failure::Failure;
use crate::office::Office;
use crate::output;

pub fn run(arguments: &CheckArguments) -> Result<(), Failure> {
    let office = Office::find(&arguments.of.instance)?;
    let body = body(&office, arguments)?;
    let quiet = arguments.of.instance.json;
    let answer = office.follow("/v1/release/checks", Some(&body), |name, piece| {
        if name == "finished" && !quiet {
            print(piece);
        }
    })?;
    if quiet {
        output::json(&answer)?;
    }
    let count = |name: &str| answer[name].as_u64().unwrap_or_default();
    let (passed, failed, unknown, not_asked) =
        (count("passed"), count("failed"), count("unknown"), count("not_asked"));
    let summary = format!("{passed} passed, {failed} failed, {unknown} not known, {not_asked} not asked");
    match answer["release"].as_str() {
        Some(release) => output::talk(&format!("kept as evidence of {release}\n")),
        None => output::talk("nothing is kept: this is not what an open release is about\n"),
    }
    if failed + unknown + not_asked == 0 {
        output::talk(&format!("{summary}\n"));
        return Ok(());
    }
    Err(Failure::new(summary)
        .hint("what is not asked needs a person or another command: its line says which"))
}

fn body(office: &Office, arguments: &CheckArguments) -> Result<Value, Failure> {
    let mut body = json!({"checks": arguments.check, "concurrency": arguments.concurrency});
    let address =
        arguments.env.as_ref().filter(|text| text.starts_with("http://") || text.starts_with("https://"));
    if let Some(address) = address {
        body["url"] = json!(address);
    } else if let Some(environment) = &arguments.env {
        body["environment"] = json!(environment);
    }
    if let Some(version) = &arguments.version {
        body["version"] = json!(version);
    }
    match (&arguments.of.policy, &arguments.of.release) {
        (Some(path), None) => {
            let kept = keep_policy(office, path)?;
            let release = newest(office, Some(&kept.loaded.policy.service.name))?;
            let bound = match &release {
                Some(id) => {
                    let view: Value =
                        office.get(&format!("/v1/release/releases/{}", crate::instance::segment(id)), &[])?;
                    view["policy"] == json!(kept.digest) && view["folder"] == json!(kept.folder)
                }
                None => false,
            };
            match release {
                Some(id) if bound => body["release"] = json!(id),
                Some(id) => {
                    output::talk(&format!(
                        "{} has changed since {id} was opened, so this is no evidence of it; `meridian release change --policy` \
                         binds the release to the new text\n",
                        path.display()
                    ));
                    unbound(&mut body, &kept);
                }
                None => unbound(&mut body, &kept),
            }
        }
        _ => body["release"] = json!(chosen(office, &arguments.of)?),
    }
    Ok(body)
}

fn unbound(body: &mut Value, kept: &KeptPolicy) {
    body["policy"] = json!(kept.digest);
    body["folder"] = json!(kept.folder);
}

fn print(piece: &Value) {
    let took = piece["took_ms"].as_f64().unwrap_or_default() / 1000.0;
    let cell = |name: &str| output::cell(&piece[name]);
    let mut line =
        format!("{}/{} {:<9} {} ({took:.2} s)", cell("number"), cell("of"), cell("result"), cell("check"));
    let why = cell("why");
    if !why.is_empty() {
        line.push_str(&format!(": {why}"));
    }
    output::data(&format!("{line}\n"));
}
