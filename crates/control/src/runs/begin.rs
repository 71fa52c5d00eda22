//! A run begins.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use release::Loaded;
use release::digest::Digest;
use release::ledger::{Entry, Ledger};
use release::policy::{Purpose, Runbook};
use release::runbook::{CannotBegin, RunBegan, begins};
use serde::Deserialize;
use serde_json::{Value, json};

use super::job::Job;
use super::{go, host, job, person, place};
use crate::Control;
use crate::api::Body;
use crate::refused::Refused;
use crate::releases;

/// What a caller wants.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// Of a policy that is kept; or `release`.
    #[serde(default)]
    policy: Option<String>,
    /// With the policy, of those that it was kept with; the last one unless given.
    #[serde(default)]
    folder: Option<String>,
    /// Of which release; its policy and its artefact.
    #[serde(default)]
    release: Option<String>,
    runbook: String,
    /// Absent: the release's, the runbook's, the policy's target, in this order; of a rehearsal only the runbook's, if that is no
    /// target.
    #[serde(default)]
    environment: Option<String>,
    #[serde(default)]
    rehearsal: bool,
    /// The deployment mends this incident, which is open.
    #[serde(default)]
    incident: Option<String>,
    #[serde(default)]
    choices: BTreeMap<String, bool>,
    by: String,
}

pub(super) async fn begin(
    State(control): State<Arc<Control>>,
    Body(wanted): Body<Wanted>,
) -> Result<Json<Value>, Refused> {
    let run = control.book.new_id("run")?;
    let answer = control.book.write(|ledger, at| {
        let (loaded, runbook, began) = judge(ledger, &wanted, &run, at)?;
        let answer = json!({
            "run": run, "service": loaded.policy.service.name, "runbook": runbook.id,
            "environment": began.environment,
        });
        Ok::<_, Refused>((vec![Entry::Run(run.clone(), began.into())], answer))
    })?;
    host::start(&control, &run);
    Ok(Json(answer))
}

fn judge(
    ledger: &Ledger,
    wanted: &Wanted,
    run: &str,
    at: jiff::Timestamp,
) -> Result<(Loaded, Runbook, RunBegan), Refused> {
    let (loaded, folder, found) = match (&wanted.policy, &wanted.release) {
        (Some(digest), None) => {
            let digest: Digest =
                digest.parse().map_err(|_| Refused::field("policy", "write `sha256:` and 64 hex digits"))?;
            let folder = releases::folder(ledger, &digest, wanted.folder.as_deref())?;
            (releases::policy(ledger, &digest)?.0, folder, None)
        }
        (None, Some(id)) => {
            let found = releases::find(ledger, id)?;
            (found.loaded.clone(), found.folder.clone(), Some(found))
        }
        _ => return Err(Refused::field("policy", "name either a policy that is kept, or a release")),
    };
    let runbook = job::runbook(&loaded, &wanted.runbook)?;
    person::runs(&loaded.policy, &runbook, &wanted.by)?;
    let release = found.as_ref().map(|found| &found.release);
    let wish = wanted.environment.as_deref();
    let environment = if wanted.rehearsal {
        place::of_rehearsal(&loaded.policy, &runbook, wish)?
    } else {
        place::of_run(&loaded.policy, &runbook, release, wish)?
    };
    let began = RunBegan {
        run: run.to_owned(),
        runbook: runbook.id.clone(),
        policy: release::policy_digest(&loaded).to_string(),
        folder,
        release: wanted.release.clone(),
        artefact: release.map(|release| release.artefact.clone()),
        version: release.map(|release| release.version.clone()).or(loaded.policy.service.version.clone()),
        environment,
        rehearsal: wanted.rehearsal,
        choices: wanted.choices.clone(),
        at,
        by: wanted.by.clone(),
    };
    begins(&runbook, &began).map_err(|why| {
        let field = match why {
            CannotBegin::NoSuchStep(_) | CannotBegin::NotOptional(_) => "choices",
            CannotBegin::AnotherEnvironment { .. } => "environment",
            CannotBegin::AnotherRunbook { .. } | CannotBegin::NoSteps(_) | CannotBegin::TwoSteps(_) => {
                "runbook"
            }
        };
        Refused::field(field, why.to_string())
    })?;
    let incident = wanted.incident.as_deref();
    if runbook.purpose == Purpose::Deploy && !wanted.rehearsal {
        go::demanded(ledger, found.as_ref(), &began.environment, incident, at)?;
        one_at_a_time(ledger, &loaded.policy.service.name, &began.environment)?;
    } else if incident.is_some() {
        return Err(Refused::field("incident", "only a deployment that is no rehearsal can be a hotfix"));
    }
    Ok((loaded, runbook, began))
}

/// Two deployments of one service to one place would undo each other's steps. The way back is never barred.
fn one_at_a_time(ledger: &Ledger, service: &str, environment: &str) -> Result<(), Refused> {
    let mut policies = job::Policies::new();
    let open = ledger.runs.iter().filter(|(_, run)| run.state.ended.is_none());
    let other = open
        .filter(|(_, run)| {
            run.state.began.as_ref().is_some_and(|began| !began.rehearsal && began.environment == environment)
        })
        .filter_map(|(id, _)| Some((id, Job::among(ledger, id, &mut policies).ok()?)))
        .find(|(_, job)| job.service() == service && job.runbook.purpose == Purpose::Deploy);
    let Some((id, _)) = other else { return Ok(()) };
    let words = format!("`{id}` deploys {service} to {environment}, and is not over");
    Err(Refused::conflict("deployment_open", words)
        .hint(format!("wait for it, or end it: `meridian runbook status {id}` says where it stands")))
}
