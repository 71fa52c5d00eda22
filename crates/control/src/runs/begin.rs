//! A run begins.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use release::Loaded;
use release::decision::Outcome;
use release::digest::Digest;
use release::ledger::{Entry, Ledger};
use release::policy::{Purpose, Runbook};
use release::runbook::{CannotBegin, RunBegan, begins};
use serde::Deserialize;
use serde_json::{Value, json};

use super::job::Job;
use super::{host, job, person};
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
    /// Absent: the release's, the runbook's, the policy's target, in this order.
    #[serde(default)]
    environment: Option<String>,
    #[serde(default)]
    rehearsal: bool,
    #[serde(default)]
    choices: BTreeMap<String, bool>,
    by: String,
}

pub(super) async fn begin(
    State(control): State<Arc<Control>>,
    Body(wanted): Body<Wanted>,
) -> Result<Json<Value>, Refused> {
    let run = control.book.new_id("run")?;
    let writer = Arc::clone(&control);
    let written = host::blocking(move || {
        writer.book.write(|ledger, at| {
            let (loaded, runbook, began) = judge(ledger, &wanted, &run, at)?;
            let answer = json!({
                "run": run, "service": loaded.policy.service.name, "runbook": runbook.id,
                "environment": began.environment,
            });
            Ok::<_, Refused>((vec![Entry::Run(run.clone(), began.into())], (run.clone(), answer)))
        })
    });
    let (run, answer) = written.await??;
    host::start(&control, &run);
    Ok(Json(answer))
}

fn judge(
    ledger: &Ledger,
    wanted: &Wanted,
    run: &str,
    at: jiff::Timestamp,
) -> Result<(Loaded, Runbook, RunBegan), Refused> {
    let (loaded, folder, release) = match (&wanted.policy, &wanted.release) {
        (Some(digest), None) => {
            let digest: Digest =
                digest.parse().map_err(|_| Refused::field("policy", "write `sha256:` and 64 hex digits"))?;
            let folder = releases::folder(ledger, &digest, wanted.folder.as_deref())?;
            (releases::policy(ledger, &digest)?.0, folder, None)
        }
        (None, Some(id)) => {
            let found = releases::find(ledger, id)?;
            (found.loaded, found.folder, Some(found.release))
        }
        _ => return Err(Refused::field("policy", "name either a policy that is kept, or a release")),
    };
    let policy = &loaded.policy;
    let runbook = job::runbook(&loaded, &wanted.runbook)?;
    person::runs(policy, &runbook, &wanted.by)?;
    let place =
        if wanted.rehearsal { None } else { release.as_ref().map(|release| release.environment.clone()) };
    let target = || policy.environments.iter().find(|environment| environment.target);
    let environment = wanted.environment.clone().or_else(|| place.clone());
    let environment = environment.or_else(|| runbook.environment.clone());
    let environment = environment.or_else(|| target().map(|target| target.id.clone()));
    let environment = environment.ok_or_else(|| Refused::field("environment", "say where"))?;
    if !policy.environments.iter().any(|known| known.id == environment) {
        let known: Vec<&str> = policy.environments.iter().map(|known| known.id.as_str()).collect();
        return Err(Refused::field("environment", format!("the policy has no environment `{environment}`"))
            .hint(format!("it has: {}", known.join(", "))));
    }
    let digest = release::policy_digest(&loaded);
    let began = RunBegan {
        run: run.to_owned(),
        runbook: runbook.id.clone(),
        policy: digest.to_string(),
        folder,
        release: wanted.release.clone(),
        artefact: release.as_ref().map(|release| release.artefact.clone()),
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
    if runbook.purpose == Purpose::Deploy && !wanted.rehearsal {
        let decided = release.as_ref().and_then(|release| release.decided).map(|decided| decided.outcome);
        if !matches!(decided, Some(Outcome::Go | Outcome::GoWithConditions)) {
            return Err(not_decided(wanted, decided));
        }
        if place.is_some_and(|place| place != began.environment) {
            let words =
                format!("the release was decided for another environment than `{}`", began.environment);
            return Err(Refused::conflict("not_decided", words).hint("leave the environment out"));
        }
        one_at_a_time(ledger, &policy.service.name, &began.environment)?;
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

fn not_decided(wanted: &Wanted, decided: Option<Outcome>) -> Refused {
    let (words, hint) = match (&wanted.release, decided) {
        (None, _) => {
            ("a deployment needs a release that was decided".to_owned(), "name the release, or rehearse")
        }
        (Some(id), None) => {
            (format!("no decision stands about release `{id}`"), "decide it first: `meridian release decide`")
        }
        (Some(id), Some(_)) => (format!("release `{id}` is NO-GO"), "`meridian release show` says why"),
    };
    Refused::conflict("not_decided", words).hint(hint)
}
