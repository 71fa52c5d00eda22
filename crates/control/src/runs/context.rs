//! Where and with what the steps of a run are done.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::job::Job;
use super::lock::RunLock;
use super::secrets;
use crate::Control;
use crate::probe::Context;

/// What commands find of our environment.
const INHERITED: [&str; 4] = ["PATH", "HOME", "LANG", "SSH_AUTH_SOCK"];

pub(super) fn context(control: &Control, job: &Job, version: Option<String>, lock: &Arc<RunLock>) -> Context {
    let (policy, began) = (&job.loaded.policy, &job.began);
    let mut variables: BTreeMap<String, String> =
        INHERITED.iter().filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?))).collect();
    let version = version.or_else(|| policy.service.version.clone());
    let told = [
        ("MERIDIAN_RUN", Some(began.run.clone())),
        ("MERIDIAN_ENVIRONMENT", Some(began.environment.clone())),
        ("MERIDIAN_REHEARSAL", Some(began.rehearsal.to_string())),
        ("MERIDIAN_RELEASE", began.release.clone()),
        ("MERIDIAN_VERSION", version.clone()),
        ("MERIDIAN_ARTEFACT", began.artefact.clone()),
    ];
    variables.extend(told.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    let folder =
        began.folder.as_ref().or(job.document.folder.as_ref()).map(PathBuf::from).unwrap_or_default();
    let (directory, clock) = (control.book.directory(), Arc::clone(control.book.clock()));
    let lock = Arc::clone(lock);
    let elsewhere = job.runbook.environment.clone().filter(|wanted| *wanted != began.environment);
    let mut context = Context::new(policy.clone(), folder, began.environment.clone(), clock)
        .with_variables(variables)
        .with_secrets(secrets::named_in(&job.document.text, directory))
        .with_stand_in(elsewhere)
        .with_guard(Arc::new(move |group| lock.keep(group)));
    if let Some(version) = version {
        context = context.with_version(version);
    }
    match &began.artefact {
        Some(digest) => context.with_digest(digest.clone()),
        None => context,
    }
}
