//! `meridian release open`, `list` and `change`.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::chosen::{KeptPolicy, keep_policy, newest};
use crate::cli::{ChangeArguments, InstanceArguments, OpenArguments};
use crate::failure::Failure;
use crate::office::Office;
use crate::output;

pub fn open(arguments: &OpenArguments) -> Result<(), Failure> {
    let office = Office::find(&arguments.instance)?;
    let KeptPolicy { digest: policy, folder, .. } = keep_policy(&office, &arguments.policy)?;
    let mut body = Map::new();
    body.insert("policy".to_owned(), json!(policy));
    body.insert("folder".to_owned(), json!(folder));
    body.insert("by".to_owned(), json!(arguments.by));
    let artefact = arguments.artefact.as_deref().map(digest).transpose()?;
    for (name, value) in [
        ("version", &arguments.version),
        ("environment", &arguments.env),
        ("artefact", &artefact),
        ("without_promotion", &arguments.skip_promotion),
    ] {
        if let Some(value) = value {
            body.insert(name.to_owned(), json!(value));
        }
    }
    if let Some(day0) = arguments.day0 {
        body.insert("day0".to_owned(), json!(day0));
    }
    let answer: Value = office.post("/v1/release/releases", &Value::Object(body))?;
    if arguments.instance.json {
        return output::json(&answer);
    }
    let cell = |name: &str| output::cell(&answer[name]);
    output::data(&format!("{}\n", cell("release")));
    output::talk(&format!(
        "{} {} for {}, artefact {}\nnext: meridian release check, score, sign, decide\n",
        cell("service"),
        cell("version"),
        cell("environment"),
        cell("artefact")
    ));
    Ok(())
}

pub fn list(instance: &InstanceArguments) -> Result<(), Failure> {
    let office = Office::find(instance)?;
    let answer: Value = office.get("/v1/release/releases", &[])?;
    if instance.json {
        return output::json(&answer);
    }
    let mut rows =
        output::rows(&answer, "releases", &["release", "service", "version", "environment", "opened_by"]);
    let outcomes = answer["releases"].as_array().into_iter().flatten();
    for (row, release) in rows.iter_mut().zip(outcomes) {
        row.push(outcome(&release["decided"]["outcome"]).to_owned());
    }
    output::table(&["RELEASE", "SERVICE", "VERSION", "ENVIRONMENT", "OPENED BY", "STANDS"], &rows);
    Ok(())
}

/// An outcome as people write it.
pub fn outcome(value: &Value) -> &'static str {
    match value.as_str() {
        Some("go") => "GO",
        Some("go_with_conditions") => "GO WITH CONDITIONS",
        Some("no_go") => "NO-GO",
        _ => "",
    }
}

pub fn run(arguments: &ChangeArguments) -> Result<(), Failure> {
    let office = Office::find(&arguments.instance)?;
    let mut kept = None;
    if let Some(path) = &arguments.policy {
        kept = Some(keep_policy(&office, path)?);
    }
    let service = kept.as_ref().map(|kept| kept.loaded.policy.service.name.as_str());
    let id = match &arguments.release {
        Some(id) => id.clone(),
        None => newest(&office, service)?.ok_or_else(|| Failure::new("no release was opened"))?,
    };
    let mut body = json!({"by": arguments.by});
    let what = if let Some(kept) = kept {
        body["policy"] = json!(kept.digest);
        body["folder"] = json!(kept.folder);
        "policy"
    } else if let Some(artefact) = &arguments.artefact {
        body["artefact"] = json!(digest(artefact)?);
        if let Some(version) = &arguments.version {
            body["version"] = json!(version);
        }
        if let Some(why) = &arguments.skip_promotion {
            body["without_promotion"] = json!(why);
        }
        "artefact"
    } else {
        body["day0"] = json!(arguments.day0);
        body["why"] = json!(arguments.why);
        "day0"
    };
    let answer: Value =
        office.post(&format!("/v1/release/releases/{}/{what}", crate::instance::segment(&id)), &body)?;
    if arguments.instance.json {
        return output::json(&answer);
    }
    output::data(&format!("{id}: {}\n", output::cell(&answer["changed"])));
    Ok(())
}

/// A digest as it is, or that of a file.
pub fn digest(text: &str) -> Result<String, Failure> {
    if text.starts_with("sha256:") {
        return Ok(text.to_owned());
    }
    let path = Path::new(text);
    let failed = |error: std::io::Error| {
        Failure::new(format!("--artefact: cannot read {text}"))
            .cause(error)
            .hint("give a file, or a digest: `sha256:` and 64 hexadecimal digits")
    };
    if !path.metadata().map_err(failed)?.is_file() {
        return Err(Failure::new(format!("--artefact: {text} is no file")));
    }
    let mut file = File::open(path).map_err(failed)?;
    let mut hasher = Sha256::new();
    let mut piece = vec![0; 64 * 1024];
    loop {
        let read = file.read(&mut piece).map_err(failed)?;
        if read == 0 {
            break;
        }
        hasher.update(&piece[..read]);
    }
    let digits: String = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("sha256:{digits}"))
}
