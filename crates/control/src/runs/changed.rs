//! Whether the release that is being deployed is still the one that was decided when the run began.

use release::decision::Outcome;
use release::ledger::Ledger;
use release::policy::Purpose;
use release::runbook::Event;

use super::job::Job;

/// Why a deployment does not go on by itself; nothing while its release stands as it did, for other runs, and once a person has
/// resumed it all the same: a further change stops it again.
pub(super) fn since(job: &Job, ledger: &Ledger) -> Option<String> {
    let began = &job.began;
    if job.runbook.purpose != Purpose::Deploy || began.rehearsal {
        return None;
    }
    let id = began.release.as_deref()?;
    let release = ledger.state(job.service(), id).release?;
    let mut changes = Vec::new();
    if began.artefact.as_ref() != Some(&release.artefact) {
        changes.push(format!("its artefact is {} now", release.artefact));
    }
    if began.policy != release.policy.to_string() {
        changes.push(format!("its policy is {} now", release.policy));
    }
    if release.decided.is_none() {
        changes.push("no decision stands".to_owned());
    }
    if !changes.is_empty() {
        changes.push(format!("{} at {}", release.changed.what, release.changed.at));
    }
    match release.decided {
        Some(decided) if decided.outcome == Outcome::NoGo => {
            changes.push(format!("it was decided as NO-GO at {}", decided.at));
        }
        Some(_) | None => {}
    }
    if changes.is_empty() {
        return None;
    }
    let why = format!("release `{id}` has changed since the run began: {}", changes.join("; "));
    // Nothing begins in a paused run: a pause with these words was ended by a person who read them.
    let rows = &ledger.runs.get(&began.run)?.rows;
    let resumed = rows.iter().any(|row| matches!(row, Event::RunPaused(paused) if paused.why == why));
    (!resumed).then_some(why)
}
