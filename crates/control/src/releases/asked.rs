//! The checks of a policy are asked, and what they say of a release is kept.

use std::num::NonZeroUsize;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use release::Policy;
use release::digest::Digest;
use release::event::Event;
use release::evidence::Subject;
use release::ledger::Entry;
use release::policy::Check;
use release::state::Release;
use serde::Deserialize;
use serde_json::{Value, json};

use super::found::{find, folder, policy};
use super::opened::environment;
use crate::Control;
use crate::api::{Body, RUN, Sender, Table, stream};
use crate::cancel::Cancel;
use crate::evidence::{observation, output};
use crate::probe::{Context, Outcome, Progress, Verdict, run_all};
use crate::refused::Refused;
use crate::surroundings;

/// At a time, unless it is said.
const CONCURRENCY: NonZeroUsize = NonZeroUsize::MIN.saturating_add(31);

pub(super) fn routes(table: &mut Table) {
    table.add("POST", "/v1/release/checks", RUN, ask);
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asking {
    /// Of a policy that is kept.
    #[serde(default)]
    policy: Option<Digest>,
    /// With the policy, of those that it was kept with; the last one unless given.
    #[serde(default)]
    folder: Option<String>,
    /// Or of this release, which gets the evidence.
    #[serde(default)]
    release: Option<String>,
    #[serde(default)]
    environment: Option<String>,
    /// In place of the environment's: then nothing is recorded.
    #[serde(default)]
    url: Option<String>,
    /// In place of the release's: then nothing is recorded.
    #[serde(default)]
    version: Option<String>,
    #[serde(default)]
    checks: Vec<String>,
    #[serde(default)]
    concurrency: Option<NonZeroUsize>,
}

/// What is asked, and for whom.
struct Round {
    checks: Vec<Check>,
    context: Arc<Context>,
    concurrency: NonZeroUsize,
    environment: String,
    /// Service, release, artefact.
    recorded: Option<(String, String, String)>,
}

async fn ask(State(control): State<Arc<Control>>, Body(body): Body<Asking>) -> Result<Response, Refused> {
    let round = round(&control, body)?;
    Ok(stream(|sender| work(control, round, sender)))
}

fn round(control: &Arc<Control>, body: Asking) -> Result<Round, Refused> {
    let (mut policy, document, folder, release) =
        control.book.read(|ledger| match (&body.release, &body.policy) {
            (Some(_), Some(_)) => Err(Refused::field("policy", "name a release, or a policy, not both")
                .hint("a release is asked about with the policy that it is bound to")),
            (Some(_), None) if body.folder.is_some() => {
                Err(Refused::field("folder", "a release has the folder that it was opened with")
                    .hint("leave the folder out"))
            }
            (Some(id), None) => {
                let found = find(ledger, id)?;
                let about = Some((found.service, id.clone(), found.release));
                Ok((found.loaded.policy, found.document, found.folder, about))
            }
            (None, Some(digest)) => {
                let (loaded, document) = policy(ledger, digest)?;
                let folder = folder(ledger, digest, body.folder.as_deref())?;
                Ok((loaded.policy, document, folder, None))
            }
            (None, None) => Err(Refused::field("release", "name a release, or a policy")),
        })??;
    let wanted =
        body.environment.as_deref().or(release.as_ref().map(|(_, _, release)| &*release.environment));
    let environment = environment(&policy, wanted)?;
    let elsewhere = body.url.is_some();
    if let Some(url) = body.url
        && let Some(place) = policy.environments.iter_mut().find(|place| place.id == environment)
    {
        place.url = Some(url.trim_end_matches('/').to_owned());
    }
    let checks = selected(&policy, &environment, &body.checks)?;
    let mut context = surroundings::context(control, policy, &document, folder.as_deref(), &environment);
    // What is asked of another version says nothing about this one.
    let is_it = |release: &Release| body.version.as_ref().is_none_or(|version| *version == release.version);
    let is_about = !elsewhere && release.as_ref().is_some_and(|(_, _, release)| is_it(release));
    let version = body.version.or_else(|| release.as_ref().map(|(_, _, release)| release.version.clone()));
    if let Some(version) = version {
        context = context.with_version(version);
    }
    if let Some((_, _, release)) = &release {
        context = context.with_digest(release.artefact.clone()).with_day0(release.day0);
    }
    let recorded = release.filter(|_| is_about).map(|(service, id, release)| (service, id, release.artefact));
    let concurrency = body.concurrency.unwrap_or(CONCURRENCY);
    Ok(Round { checks, context: Arc::new(context), concurrency, environment, recorded })
}

/// Those that are named, or all that are about this environment.
fn selected(policy: &Policy, environment: &str, named: &[String]) -> Result<Vec<Check>, Refused> {
    if let Some(unknown) = named.iter().find(|name| policy.checks.iter().all(|check| check.id != **name)) {
        return Err(Refused::field("checks", format!("the policy has no check `{unknown}`")));
    }
    let here = |check: &&Check| check.environment.as_deref().is_none_or(|other| other == environment);
    let is_named = |check: &&Check| named.contains(&check.id);
    let checks: Vec<Check> = match named.is_empty() {
        true => policy.checks.iter().filter(here).cloned().collect(),
        false => policy.checks.iter().filter(is_named).cloned().collect(),
    };
    if checks.is_empty() {
        return Err(Refused::field("environment", format!("the policy has no check for {environment}")));
    }
    Ok(checks)
}

async fn work(control: Arc<Control>, round: Round, sender: Sender) -> Result<Value, Refused> {
    let (canceller, cancel) = Cancel::pair();
    // A reader that is gone wants nothing more.
    let left = tokio::spawn({
        let (sender, end) = (sender.clone(), control.cancel.clone());
        async move {
            tokio::select! {
                () = sender.closed() => {}
                () = end.asked() => {}
            }
            canceller.cancel();
            std::future::pending::<()>().await;
        }
    });
    let (told, mut telling) = tokio::sync::mpsc::unbounded_channel();
    let teller = tokio::spawn(async move {
        while let Some(piece) = telling.recv().await {
            sender.send("finished", &piece).await;
        }
    });
    let outcomes = run_all(&round.checks, &round.context, round.concurrency, &cancel, |progress| {
        if let Progress::Finished { outcome, number, of } = progress {
            let mut piece = document(outcome);
            piece["number"] = number.into();
            piece["of"] = of.into();
            // At most one for each check.
            let _ = told.send(piece);
        }
    })
    .await;
    drop(told);
    left.abort();
    let recorded = tokio::task::block_in_place(|| record(&control, &round, &outcomes))?;
    let _ = teller.await;
    let of = |wanted: fn(&Verdict) -> bool| outcomes.iter().filter(|outcome| wanted(&outcome.result)).count();
    Ok(json!({
        "environment": round.environment, "release": recorded,
        "passed": of(|verdict| matches!(verdict, Verdict::Pass)),
        "failed": of(|verdict| matches!(verdict, Verdict::Fail { .. })),
        "unknown": of(|verdict| matches!(verdict, Verdict::Error { .. })),
        "not_asked": of(|verdict| matches!(verdict, Verdict::NotRun { .. })),
        "checks": outcomes.iter().map(document).collect::<Vec<_>>(),
    }))
}

/// Keeps what came of the checks, for the release that they were asked for, and names it.
fn record(control: &Control, round: &Round, outcomes: &[Outcome]) -> Result<Option<String>, Refused> {
    let Some((service, id, artefact)) = &round.recorded else { return Ok(None) };
    let mut rows = Vec::new();
    for outcome in outcomes {
        let subject = Subject::of(&outcome.check, artefact, &round.environment);
        let Some(observation) = observation(outcome, subject) else { continue };
        if let Some(document) = output(outcome) {
            control.book.keep(service, document)?;
        }
        rows.push(Entry::Release(service.clone(), Event::EvidenceRecorded(observation.seal())));
    }
    control.book.write(|_, _| Ok::<_, Refused>((rows.clone(), ())))?;
    Ok(Some(id.clone()))
}

/// An outcome as programs read it.
pub(crate) fn document(outcome: &Outcome) -> Value {
    let (result, why) = match &outcome.result {
        Verdict::Pass => ("pass", ""),
        Verdict::Fail { why } => ("fail", &**why),
        Verdict::Error { why } => ("unknown", &**why),
        Verdict::NotRun { why } => ("not asked", &**why),
    };
    json!({
        "check": outcome.check.id, "title": outcome.check.title, "result": result, "why": why,
        "started_ns": outcome.started.0, "took_ms": u64::try_from(outcome.took.as_millis()).unwrap_or(u64::MAX),
        "attempts": outcome.attempts, "figures": outcome.figures, "inputs": outcome.inputs, "output": outcome.output,
        "output_sha256": outcome.output_digest, "control": outcome.control.as_deref().map(document),
    })
}
