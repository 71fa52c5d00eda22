//! Which release a command is about, and its policy as a file.

use std::path::{Path, PathBuf};

use release::Loaded;
use release::digest::Digest;
use serde_json::{Value, json};

use super::policy::read;
use crate::cli::ReleaseArguments;
use crate::failure::Failure;
use crate::office::Office;

/// The id of the release that is meant: the one that is named, the newest of the policy's service, or the newest of all
/// when there is one service only.
pub fn chosen(office: &Office, arguments: &ReleaseArguments) -> Result<String, Failure> {
    if let Some(id) = &arguments.release {
        return Ok(id.clone());
    }
    let service = match &arguments.policy {
        Some(path) => Some(read(path)?.loaded.policy.service.name),
        None => None,
    };
    newest(office, service.as_deref())?.ok_or_else(|| {
        let what = service.map_or(String::new(), |service| format!(" of {service}"));
        Failure::new(format!("no release{what} was opened"))
            .hint("open one: meridian release open --policy FILE --artefact FILE --by PERSON")
    })
}

/// The newest release of this service, or of the only one.
pub fn newest(office: &Office, service: Option<&str>) -> Result<Option<String>, Failure> {
    let query: Vec<(&str, &str)> = service.iter().map(|service| ("service", *service)).collect();
    let answer: Value = office.get("/v1/release/releases", &query)?;
    let releases = answer["releases"].as_array().cloned().unwrap_or_default();
    let mut services: Vec<&str> = releases.iter().filter_map(|release| release["service"].as_str()).collect();
    services.dedup();
    if services.len() > 1 {
        return Err(Failure::usage("--release: there are releases of several services")
            .hint(format!("name one, or its policy with --policy; services: {}", services.join(", "))));
    }
    Ok(releases.last().and_then(|release| release["release"].as_str()).map(str::to_owned))
}

/// Keeps the policy of a file, as it is now, and answers its digest and itself.
pub fn keep_policy(office: &Office, path: &Path) -> Result<(Digest, Loaded), Failure> {
    let loaded = read(path)?.loaded;
    let body =
        json!({"text": loaded.source.text(), "name": path.display().to_string(), "folder": folder(path)?});
    let answer: Value = office.post("/v1/release/policies", &body)?;
    let digest = answer["policy"].as_str().unwrap_or_default().parse();
    Ok((digest.map_err(|error| Failure::of(&error))?, loaded))
}

fn folder(path: &Path) -> Result<PathBuf, Failure> {
    let whole = path.canonicalize().map_err(|error| {
        Failure::new(format!("cannot find the folder of {}", path.display())).cause(error)
    })?;
    Ok(whole.parent().unwrap_or(Path::new("/")).to_owned())
}
