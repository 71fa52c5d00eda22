//! Where and with what the steps of a run are done.

use std::sync::Arc;

use release::state::Release;

use super::job::Job;
use super::lock::RunLock;
use crate::probe::Context;
use crate::{Control, surroundings};

pub(super) fn context(
    control: &Control,
    job: &Job,
    release: Option<&Release>,
    lock: &Arc<RunLock>,
) -> Context {
    let (policy, began) = (&job.loaded.policy, &job.began);
    let version = began.version.clone().or_else(|| policy.service.version.clone());
    let told = [
        ("MERIDIAN_RUN", Some(began.run.clone())),
        ("MERIDIAN_ENVIRONMENT", Some(began.environment.clone())),
        ("MERIDIAN_REHEARSAL", Some(began.rehearsal.to_string())),
        ("MERIDIAN_RELEASE", began.release.clone()),
        ("MERIDIAN_VERSION", version.clone()),
        ("MERIDIAN_ARTEFACT", began.artefact.clone()),
    ];
    let told = told.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    let folder = began.folder.as_deref().or(job.document.folder.as_deref());
    let lock = Arc::clone(lock);
    let elsewhere = job.runbook.environment.clone().filter(|wanted| *wanted != began.environment);
    let mut context =
        surroundings::context(control, policy.clone(), &job.document, folder, &began.environment)
            .with_variables(told.collect())
            .with_day0(release.and_then(|release| release.day0))
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
