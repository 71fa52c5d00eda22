//! Which checks of a policy nothing can prove, and which steps wait for a check that nothing asks.

use release::policy::{Action, Check, Policy, Probe, ProofProbe, Purpose, Runbook};

/// `check flags: no runbook `strategy-x``, and so on.
pub fn unprovable(policy: &Policy) -> Vec<String> {
    let checks = policy.checks.iter().filter_map(|check| {
        let why = check_lacks(policy, check)?;
        Some(format!("check {}: {why}", check.id))
    });
    let steps = policy.runbooks.iter().flat_map(|book| {
        book.steps.iter().flat_map(move |step| {
            let actions = [&step.action, &step.undo].into_iter().flatten();
            actions.filter_map(move |action| match action {
                Action::Check { check } | Action::WaitFor { check, .. } if !is_asked(policy, check) => {
                    Some(format!("step {}/{}: nothing asks `{check}`", book.id, step.id))
                }
                _ => None,
            })
        })
    });
    checks.chain(steps).collect()
}

/// Only a machine can answer a step.
fn is_asked(policy: &Policy, id: &str) -> bool {
    policy.checks.iter().find(|check| check.id == id).is_some_and(|check| {
        !matches!(
            check.probe,
            Probe::Measured(_)
                | Probe::Attest(_)
                | Probe::BackupRestored(_)
                | Probe::FailoverRehearsed(_)
                | Probe::RollbackRehearsed(_)
                | Probe::ReplayGate(_)
                | Probe::AlertDelivered(_)
                | Probe::FlagExercised(_)
        )
    })
}

/// What is missing for the check to be proven.
fn check_lacks(policy: &Policy, check: &Check) -> Option<String> {
    let runbook = |probe: &ProofProbe, fits: &dyn Fn(&Runbook) -> bool| {
        let named = |book: &&Runbook| probe.of.as_ref().is_none_or(|of| *of == book.id);
        let mut books = policy.runbooks.iter().filter(named).filter(|book| fits(book));
        let fits = books.any(|book| !book.steps.is_empty());
        (!fits).then(|| format!("no runbook `{}` that proves it", probe.of.as_deref().unwrap_or_default()))
    };
    match &check.probe {
        Probe::FailoverRehearsed(probe) | Probe::FlagExercised(probe) | Probe::ReplayGate(probe) => {
            let unnamed = probe.of.is_none().then(|| "it names no runbook".to_owned());
            unnamed.or_else(|| runbook(probe, &|_| true))
        }
        Probe::RollbackRehearsed(probe) => runbook(probe, &|book| book.purpose == Purpose::RollBack),
        Probe::BackupRestored(probe) => {
            let fits = policy.runbooks.iter().any(|book| restores(book, probe));
            (!fits).then(|| "no runbook restores it and looks at it afterwards".to_owned())
        }
        Probe::AlertDelivered(probe) => {
            let of = probe.of.as_ref()?;
            let rule = format!("alert: {of}\n");
            let known = policy.triggers.iter().any(|trigger| trigger.id == *of)
                || policy
                    .files
                    .iter()
                    .any(|file| file.text.as_ref().is_some_and(|text| text.contains(&rule)));
            (!known).then(|| format!("no alert and no trigger `{of}`"))
        }
        Probe::Rota(_) => policy.rota.is_none().then(|| "the policy has no rota".to_owned()),
        Probe::Attest(attestation) => nobody(policy, Some(&attestation.by)),
        Probe::Measured(measured) => nobody(policy, measured.by.as_ref()),
        _ => None,
    }
}

fn restores(book: &Runbook, probe: &ProofProbe) -> bool {
    let restores = |backup: &String| probe.of.as_ref().is_none_or(|of| of == backup);
    let restored = book.steps.iter().position(|step| step.restores.as_ref().is_some_and(restores));
    let looks = |at: usize| matches!(book.steps[at].action, Some(Action::Check { .. }));
    restored.is_some_and(|at| (at + 1..book.steps.len()).any(looks))
}

fn nobody(policy: &Policy, role: Option<&String>) -> Option<String> {
    let holds = |roles: &[String]| role.map_or(!roles.is_empty(), |role| roles.contains(role));
    let somebody = policy.people.iter().any(|person| holds(&person.roles));
    (!somebody).then(|| format!("nobody holds the role `{}`", role.map_or("any", |role| role)))
}
