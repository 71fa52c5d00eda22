//! A policy is kept; a release is opened, and what it is about is changed.

use std::path::Path as FilePath;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use jiff::civil::Date;
use release::digest::Digest;
use release::event::{ArtefactChanged, Event, PolicyChanged, ReleaseOpened, Rescheduled};
use release::ledger::event::DocumentKept;
use release::ledger::{Entry, Ledger};
use release::promotion::may_promote;
use release::{Loaded, Policy};
use serde::Deserialize;
use serde_json::{Value, json};

use super::found::{find, folder, policy};
use crate::Control;
use crate::api::{Body, KEEP, READ, RUN, Table};
use crate::plans::TEXT_BYTES_MAX;
use crate::refused::Refused;

pub(super) fn routes(table: &mut Table) {
    table.add("POST", "/v1/release/policies", KEEP, keep);
    table.add("GET", "/v1/release/policies/{digest}", READ, kept);
    table.add("POST", "/v1/release/releases", RUN, open);
    table.add("POST", "/v1/release/releases/{id}/policy", RUN, change_policy);
    table.add("POST", "/v1/release/releases/{id}/artefact", RUN, change_artefact);
    table.add("POST", "/v1/release/releases/{id}/day0", RUN, reschedule);
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    text: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    folder: Option<String>,
}

/// Keeps a policy under the digest of its text.
async fn keep(State(control): State<Arc<Control>>, Body(body): Body<Text>) -> Result<Json<Value>, Refused> {
    let loaded = Loaded::parse(&body.text)
        .map_err(|fault| Refused::field("text", format!("line {}: {}", fault.position, fault.words)))?;
    if let Some(folder) = &body.folder
        && !FilePath::new(folder).is_absolute()
    {
        return Err(Refused::field("folder", "give the whole path of the policy's folder, from `/` on"));
    }
    let service = loaded.policy.service.name.clone();
    let Text { text, name, folder } = body;
    let document = DocumentKept { what: "policy".to_owned(), name, folder, text };
    let digest = control.book.keep(&service, document)?;
    Ok(Json(json!({"policy": digest, "service": service})))
}

/// Whether a policy is kept, and with which folders; its text says what a gateway runs, and may be long.
async fn kept(
    State(control): State<Arc<Control>>,
    Path(digest): Path<String>,
) -> Result<Json<Value>, Refused> {
    let digest: Digest = digest.parse().map_err(|error| Refused::field("digest", format!("{error}")))?;
    control.book.read(|ledger| {
        let (loaded, document) = policy(ledger, &digest)?;
        let folders = ledger.folders.get(&digest).cloned().unwrap_or_default();
        Ok(Json(json!({
            "policy": digest, "service": loaded.policy.service.name, "name": document.name,
            "folder": folders.last(), "folders": folders,
        })))
    })?
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Opening {
    policy: Digest,
    /// Of those that the policy was kept with; the last one unless given.
    #[serde(default)]
    folder: Option<String>,
    #[serde(default)]
    version: Option<String>,
    #[serde(default)]
    artefact: Option<String>,
    #[serde(default)]
    environment: Option<String>,
    #[serde(default)]
    day0: Option<Date>,
    /// Why it goes without the environments before.
    #[serde(default)]
    without_promotion: Option<String>,
    by: String,
}

async fn open(
    State(control): State<Arc<Control>>,
    Body(body): Body<Opening>,
) -> Result<Json<Value>, Refused> {
    let id = control.book.write(|ledger, now| {
        let (loaded, _) = policy(ledger, &body.policy)?;
        let folder = folder(ledger, &body.policy, body.folder.as_deref())?;
        let policy = &loaded.policy;
        person(policy, "by", &body.by)?;
        let version = body.version.clone().or_else(|| policy.service.version.clone()).ok_or_else(|| {
            Refused::field("version", "the policy names no version")
                .hint("say which version is to be released")
        })?;
        if policy.service.version.as_ref().is_some_and(|named| *named != version) {
            let named = policy.service.version.as_deref().unwrap_or_default();
            return Err(Refused::field(
                "version",
                format!("the policy is for version {named}, not {version}"),
            )
            .hint("change `version` under [service], or leave it out there"));
        }
        let environment = environment(policy, body.environment.as_deref())?;
        let artefact = artefact(policy, &environment, body.artefact.as_deref())?;
        promoted(ledger, policy, &artefact, &environment, body.without_promotion.as_deref())?;
        let service = policy.service.name.clone();
        let release = new_id(ledger, &service, &version);
        let opened = ReleaseOpened {
            release: release.clone(),
            service: service.clone(),
            version,
            artefact,
            environment,
            policy: body.policy,
            folder,
            day0: body.day0,
            without_promotion: body.without_promotion.clone(),
            at: now,
            by: body.by.clone(),
        };
        Ok::<_, Refused>((vec![Entry::Release(service, Event::ReleaseOpened(opened))], release))
    })?;
    super::view::show(&control, &id, None)
}

/// The artefact has come through the environments before, or somebody says why not.
fn promoted(
    ledger: &Ledger,
    policy: &Policy,
    artefact: &str,
    environment: &str,
    without: Option<&str>,
) -> Result<(), Refused> {
    const FIELD: &str = "without_promotion";
    match (may_promote(ledger, policy, artefact, environment), without) {
        (_, Some(why)) if why.trim().is_empty() => Err(Refused::field(FIELD, "say why it goes without")),
        (_, Some(why)) if why.len() > TEXT_BYTES_MAX => {
            Err(Refused::field(FIELD, format!("it is longer than {TEXT_BYTES_MAX} bytes")))
        }
        (Ok(()), _) | (Err(_), Some(_)) => Ok(()),
        (Err(missing), None) => {
            let hint = "release it there first, or say why it goes without: `without_promotion`, `--skip-promotion WHY`";
            Err(Refused::conflict("environment", missing.to_string()).hint(hint))
        }
    }
}

/// `ticker-1.2.0`, and from the second one on `ticker-1.2.0-2`.
fn new_id(ledger: &Ledger, service: &str, version: &str) -> String {
    let plain = |byte: char| if byte.is_ascii_alphanumeric() || "._-".contains(byte) { byte } else { '-' };
    let base: String = format!("{service}-{version}").chars().map(plain).take(48).collect();
    let taken = |id: &str| ledger.service_of(id).is_some();
    let numbered = (2..).map(|number: u32| format!("{base}-{number}"));
    std::iter::once(base.clone()).chain(numbered).find(|id| !taken(id)).unwrap_or(base)
}

/// The one that is named, or the target of the policy.
pub(super) fn environment(policy: &Policy, wanted: Option<&str>) -> Result<String, Refused> {
    let known: Vec<&str> = policy.environments.iter().map(|environment| environment.id.as_str()).collect();
    match wanted {
        Some(name) if known.contains(&name) => Ok(name.to_owned()),
        Some(name) => Err(Refused::field("environment", format!("the policy has no environment `{name}`"))
            .hint(format!("it has: {}", known.join(", ")))),
        None => {
            let target = policy.environments.iter().find(|environment| environment.target);
            target.map(|environment| environment.id.clone()).ok_or_else(|| {
                Refused::field("environment", "the policy names no target")
                    .hint(format!("name one of: {}", known.join(", ")))
            })
        }
    }
}

/// The digest that is given, or that of the one reference which the policy has for this environment.
fn artefact(policy: &Policy, environment: &str, given: Option<&str>) -> Result<String, Refused> {
    let named = || {
        let here = policy.artefacts.iter().filter(|artefact| artefact.environment == environment);
        let digests: Vec<&str> =
            here.filter_map(|one| one.reference.rsplit_once('@')).map(|(_, digest)| digest).collect();
        match digests[..] {
            [one] => Ok(one),
            _ => Err(Refused::field("artefact", "say what is to be released")
                .hint("the digest of an image as its registry says it, or of a file: `sha256:` and 64 hexadecimal digits")),
        }
    };
    let text = given.map_or_else(named, Ok)?;
    let digest: Digest = text.parse().map_err(|error| Refused::field("artefact", format!("{error}")))?;
    Ok(digest.to_string())
}

/// A person of the policy.
pub(crate) fn person(policy: &Policy, field: &'static str, id: &str) -> Result<(), Refused> {
    if policy.people.iter().any(|person| person.id == id) {
        return Ok(());
    }
    let known: Vec<&str> = policy.people.iter().map(|person| person.id.as_str()).collect();
    Err(Refused::field(field, format!("the policy knows no person `{id}`"))
        .hint(format!("it knows: {}", if known.is_empty() { "nobody".to_owned() } else { known.join(", ") })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OtherPolicy {
    policy: Digest,
    /// Of those that the policy was kept with; the last one unless given.
    #[serde(default)]
    folder: Option<String>,
    by: String,
}

async fn change_policy(
    State(control): State<Arc<Control>>,
    Path(id): Path<String>,
    Body(body): Body<OtherPolicy>,
) -> Result<Json<Value>, Refused> {
    control.book.write(|ledger, now| {
        let found = find(ledger, &id)?;
        let (other, _) = policy(ledger, &body.policy)?;
        let named = &other.policy.service.name;
        if *named != found.service {
            return Err(Refused::field(
                "policy",
                format!("it is for `{named}`, the release is of `{}`", found.service),
            ));
        }
        person(&other.policy, "by", &body.by)?;
        let folder = folder(ledger, &body.policy, body.folder.as_deref())?;
        if body.policy == found.release.policy && folder == found.folder {
            return Ok((Vec::new(), ()));
        }
        let (release, by) = (id.clone(), body.by.clone());
        let changed = PolicyChanged { release, policy: body.policy, folder, at: now, by };
        Ok((vec![Entry::Release(found.service, Event::PolicyChanged(changed))], ()))
    })?;
    super::view::show(&control, &id, None)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OtherArtefact {
    artefact: Digest,
    #[serde(default)]
    version: Option<String>,
    /// As when a release is opened.
    #[serde(default)]
    without_promotion: Option<String>,
    by: String,
}

async fn change_artefact(
    State(control): State<Arc<Control>>,
    Path(id): Path<String>,
    Body(body): Body<OtherArtefact>,
) -> Result<Json<Value>, Refused> {
    control.book.write(|ledger, now| {
        let found = find(ledger, &id)?;
        person(&found.loaded.policy, "by", &body.by)?;
        let (artefact, version) = (body.artefact.to_string(), body.version.clone());
        let version = version.unwrap_or_else(|| found.release.version.clone());
        if artefact == found.release.artefact && version == found.release.version {
            return Ok((Vec::new(), ()));
        }
        let without_promotion = body.without_promotion.clone();
        let place = &found.release.environment;
        promoted(ledger, &found.loaded.policy, &artefact, place, without_promotion.as_deref())?;
        let (release, by) = (id.clone(), body.by.clone());
        let changed = ArtefactChanged { release, artefact, version, without_promotion, at: now, by };
        Ok::<_, Refused>((vec![Entry::Release(found.service, Event::ArtefactChanged(changed))], ()))
    })?;
    super::view::show(&control, &id, None)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OtherDay {
    day0: Date,
    why: String,
    by: String,
}

async fn reschedule(
    State(control): State<Arc<Control>>,
    Path(id): Path<String>,
    Body(body): Body<OtherDay>,
) -> Result<Json<Value>, Refused> {
    control.book.write(|ledger, now| {
        let found = find(ledger, &id)?;
        person(&found.loaded.policy, "by", &body.by)?;
        let OtherDay { day0, why, by } = &body;
        if why.trim().is_empty() {
            return Err(Refused::field("why", "say why it is moved"));
        }
        let rescheduled =
            Rescheduled { release: id.clone(), day0: *day0, at: now, by: by.clone(), why: why.clone() };
        Ok::<_, Refused>((vec![Entry::Release(found.service, Event::Rescheduled(rescheduled))], ()))
    })?;
    super::view::show(&control, &id, None)
}
