//! Which release a command is about, and its policy as a file.

use std::path::{Path, PathBuf};

use release::digest::Digest;
use release::{Loaded, policy_digest};
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

/// A policy of a file that is kept.
pub struct KeptPolicy {
    pub digest: Digest,
    /// What its relative paths count from.
    pub folder: PathBuf,
    pub loaded: Loaded,
}

/// Keeps the policy of a file, as it is now, unless it is kept already.
pub fn keep_policy(office: &Office, path: &Path) -> Result<KeptPolicy, Failure> {
    let loaded = read(path)?.loaded;
    let (digest, folder) = (policy_digest(&loaded), folder(path)?);
    let is_kept = match office.get::<Value>(&format!("/v1/release/policies/{digest}"), &[]) {
        Ok(kept) => kept["folders"].as_array().is_some_and(|known| known.contains(&json!(folder))),
        Err(failure) if failure.status() == Some(404) => false,
        Err(failure) => return Err(failure),
    };
    if !is_kept {
        let body =
            json!({"text": loaded.source.text(), "name": path.display().to_string(), "folder": folder});
        office.post::<Value>("/v1/release/policies", &body).map_err(|failure| match failure.status() {
            Some(403) => failure.about(format!("cannot keep {}", path.display())).hint(
                "a policy runs programs as the server does, so an administrator keeps it: ask one for `meridian release open` \
                 or `meridian release check` with this file, as it is",
            ),
            _ => failure,
        })?;
    }
    Ok(KeptPolicy { digest, folder, loaded })
}

fn folder(path: &Path) -> Result<PathBuf, Failure> {
    let whole = path.canonicalize().map_err(|error| {
        Failure::new(format!("cannot find the folder of {}", path.display())).cause(error)
    })?;
    Ok(whole.parent().unwrap_or(Path::new("/")).to_owned())
}
