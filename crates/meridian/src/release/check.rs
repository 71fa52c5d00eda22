//! `meridian release check`: asks the checks of a policy now and says what came of each.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use control::cancel::Cancel;
use control::clock::MachineClock;
use control::probe::{Context, Outcome, Progress, Verdict, run_all};
use release::policy::{Check, Policy};
use serde_json::{Value, json};

use super::policy::read;
use crate::cli::CheckArguments;
use crate::failure::Failure;
use crate::output;

/// What commands find of the caller's environment.
const VARIABLES: [&str; 4] = ["PATH", "HOME", "LANG", "SSH_AUTH_SOCK"];

pub fn run(arguments: &CheckArguments) -> Result<(), Failure> {
    let mut policy = read(&arguments.policy)?.loaded.policy;
    let environment = environment(&mut policy, arguments.env.as_deref())?;
    let checks = selected(&policy, &environment, &arguments.check)?;
    let folder = match arguments.policy.parent() {
        Some(folder) if folder != Path::new("") => folder.to_owned(),
        _ => Path::new(".").to_owned(),
    };
    let variables: BTreeMap<String, String> =
        VARIABLES.iter().filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?))).collect();
    let mut context =
        Context::new(policy, folder, environment.clone(), Arc::new(MachineClock)).with_variables(variables);
    if let Some(version) = &arguments.version {
        context = context.with_version(version.clone());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new("cannot start").cause(error))?;
    let outcomes = runtime.block_on(ask(&checks, Arc::new(context), arguments));
    // A probe that blocks in the system is left to its own time-out.
    runtime.shutdown_background();
    if arguments.json {
        let outcomes: Vec<Value> = outcomes.iter().map(document).collect();
        output::json(&json!({"environment": environment, "checks": outcomes}))?;
    }
    let of = |wanted: fn(&Verdict) -> bool| outcomes.iter().filter(|outcome| wanted(&outcome.result)).count();
    let passed = of(|verdict| matches!(verdict, Verdict::Pass));
    let failed = of(|verdict| matches!(verdict, Verdict::Fail { .. }));
    let errors = of(|verdict| matches!(verdict, Verdict::Error { .. }));
    let summary = format!(
        "{passed} passed, {failed} failed, {errors} not known, {} not asked",
        outcomes.len() - passed - failed - errors
    );
    if passed == outcomes.len() {
        output::talk(&format!("{summary}\n"));
        return Ok(());
    }
    Err(Failure::new(summary)
        .hint("what is not asked needs a person or another command: its line says which"))
}

async fn ask(checks: &[Check], context: Arc<Context>, arguments: &CheckArguments) -> Vec<Outcome> {
    let (canceller, cancel) = Cancel::pair();
    let stop = tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            output::talk("stopping: what has ended is printed\n");
            canceller.cancel();
        }
        // Kept until the end: a second Ctrl-C changes nothing, every probe has its time-out.
        std::future::pending::<()>().await;
    });
    let quiet = arguments.json;
    let outcomes = run_all(checks, &context, arguments.concurrency, &cancel, |progress| match progress {
        Progress::Finished { outcome, number, of } if !quiet => print(outcome, number, of),
        _ => {}
    })
    .await;
    stop.abort();
    outcomes
}

/// The environment that is named, or the target; an address takes the place of the target's for this once.
fn environment(policy: &mut Policy, wanted: Option<&str>) -> Result<String, Failure> {
    let known: Vec<String> = policy.environments.iter().map(|environment| environment.id.clone()).collect();
    let hint = format!("the policy has: {}", known.join(", "));
    let address = wanted.filter(|text| text.starts_with("http://") || text.starts_with("https://"));
    if let Some(name) = wanted.filter(|_| address.is_none()) {
        return match known.iter().any(|id| id == name) {
            true => Ok(name.to_owned()),
            false => Err(Failure::usage(format!("--env: there is no environment {name:?}")).hint(hint)),
        };
    }
    let Some(target) = policy.environments.iter_mut().find(|environment| environment.target) else {
        return Err(Failure::usage("--env: name an environment").hint(hint));
    };
    if let Some(address) = address {
        target.url = Some(address.trim_end_matches('/').to_owned());
    }
    Ok(target.id.clone())
}

/// Those that are named, or all that are about this environment.
fn selected(policy: &Policy, environment: &str, named: &[String]) -> Result<Vec<Check>, Failure> {
    if let Some(unknown) = named.iter().find(|name| policy.checks.iter().all(|check| check.id != **name)) {
        return Err(Failure::usage(format!("--check: the policy has no check {unknown:?}")));
    }
    let here = |check: &&Check| check.environment.as_deref().is_none_or(|other| other == environment);
    let is_named = |check: &&Check| named.contains(&check.id);
    let checks: Vec<Check> = match named.is_empty() {
        true => policy.checks.iter().filter(here).cloned().collect(),
        false => policy.checks.iter().filter(is_named).cloned().collect(),
    };
    if checks.is_empty() {
        return Err(Failure::new(format!("the policy has no check for {environment}")));
    }
    Ok(checks)
}

const fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Fail { .. } => "fail",
        Verdict::Error { .. } => "unknown",
        Verdict::NotRun { .. } => "not asked",
    }
}

fn why(verdict: &Verdict) -> &str {
    match verdict {
        Verdict::Pass => "",
        Verdict::Fail { why } | Verdict::Error { why } | Verdict::NotRun { why } => why,
    }
}

fn print(outcome: &Outcome, number: usize, of: usize) {
    let took = outcome.took.as_secs_f64();
    let mut line = format!("{number}/{of} {:<9} {} ({took:.2} s)", word(&outcome.result), outcome.check.id);
    let why = why(&outcome.result);
    if !why.is_empty() {
        line.push_str(&format!(": {why}"));
    }
    output::data(&format!("{line}\n"));
}

fn document(outcome: &Outcome) -> Value {
    json!({
        "check": outcome.check.id, "title": outcome.check.title, "result": word(&outcome.result), "why": why(&outcome.result),
        "started_ns": outcome.started.0, "took_ms": u64::try_from(outcome.took.as_millis()).unwrap_or(u64::MAX),
        "attempts": outcome.attempts, "figures": outcome.figures, "inputs": outcome.inputs, "output": outcome.output,
        "output_sha256": outcome.output_digest, "control": outcome.control.as_deref().map(document),
    })
}
