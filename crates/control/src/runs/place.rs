//! Where a run takes place.

use release::policy::{Policy, Purpose, Runbook};
use release::state::Release;

use crate::refused::Refused;

/// What is named; else the release's, the runbook's, the policy's target, in this order.
pub(super) fn of_run(
    policy: &Policy,
    runbook: &Runbook,
    release: Option<&Release>,
    wish: Option<&str>,
) -> Result<String, Refused> {
    let place = wish.or_else(|| release.map(|release| release.environment.as_str()));
    let place = place.or(runbook.environment.as_deref());
    let place = place
        .or_else(|| policy.environments.iter().find(|known| known.target).map(|target| target.id.as_str()));
    is_target(policy, place.ok_or_else(|| Refused::field("environment", "say where"))?).map(|(id, _)| id)
}

/// What is named, or the runbook's own if that is no target: nobody rehearses in a target by leaving something out. A deployment is
/// rehearsed elsewhere, anything else only in a target that the runbook itself is for.
pub(super) fn of_rehearsal(
    policy: &Policy,
    runbook: &Runbook,
    wish: Option<&str>,
) -> Result<String, Refused> {
    let own = runbook.environment.as_deref();
    let Some(place) = wish.or(own) else {
        return Err(Refused::field("environment", "say where to rehearse").hint(elsewhere(policy)));
    };
    let (place, target) = is_target(policy, place)?;
    if !target {
        return Ok(place);
    }
    let words = if runbook.purpose == Purpose::Deploy {
        format!("`{place}` is a target: a deployment there needs a decision, and is no rehearsal")
    } else if own != Some(&place) {
        format!("`{place}` is a target, and runbook `{}` is not for it: rehearse elsewhere", runbook.id)
    } else if wish.is_none() {
        format!("the runbook is for `{place}`, which is a target: name it, if you mean to rehearse there")
    } else {
        return Ok(place);
    };
    Err(Refused::field("environment", words).hint(elsewhere(policy)))
}

/// The environment, and whether it is a target.
fn is_target(policy: &Policy, place: &str) -> Result<(String, bool), Refused> {
    let found = policy.environments.iter().find(|known| known.id == place);
    found.map(|known| (known.id.clone(), known.target)).ok_or_else(|| {
        let known: Vec<&str> = policy.environments.iter().map(|known| known.id.as_str()).collect();
        Refused::field("environment", format!("the policy has no environment `{place}`"))
            .hint(format!("it has: {}", known.join(", ")))
    })
}

fn elsewhere(policy: &Policy) -> String {
    let others = policy.environments.iter().filter(|known| !known.target);
    let others: Vec<&str> = others.map(|known| known.id.as_str()).collect();
    if others.is_empty() {
        "the policy has no environment but targets: add one".to_owned()
    } else {
        format!("no targets are: {}", others.join(", "))
    }
}
