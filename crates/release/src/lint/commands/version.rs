//! Which version answered: a smoke test that does not ask is one of whatever runs there.

use super::scripts::arguments;
use super::shell;
use crate::lint::{Case, Found, Words};
use crate::policy::{Action, HttpProbe, Policy, Probe, Purpose, RunbookStep, Touches};

/// What a step says about the version that answers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    Asserted,
    Ignored,
    /// The step asks nothing that could have a version.
    Unknown,
}

fn in_http(probe: &HttpProbe, version: Option<&str>) -> Answer {
    let is_this = |text: &str| version.is_some_and(|version| text.contains(&version.to_lowercase()));
    let speaks = |text: &str| {
        let text = text.to_lowercase();
        text.contains("version") || is_this(&text)
    };
    // Any answer with the field `version` contains its name: the value has to stand there, too.
    let has_value = |text: &str| {
        let text = text.to_lowercase();
        let digits = |rest: &str| rest.contains(|letter: char| letter.is_ascii_digit());
        is_this(&text) || text.contains("{version}") || text.split("version").skip(1).any(digits)
    };
    let json = probe.json.iter().any(|(pointer, value)| speaks(pointer) || speaks(value));
    let headers = probe.has_headers.iter().any(|(name, value)| speaks(name) || speaks(value));
    if json || headers || probe.contains.as_deref().is_some_and(has_value) {
        Answer::Asserted
    } else {
        Answer::Ignored
    }
}

/// A shell that asks over HTTP, and whether anything in it looks at a version.
fn in_commands(pipelines: &[shell::Pipeline], version: Option<&str>) -> Answer {
    let commands = || pipelines.iter().flatten();
    if !commands().any(|command| matches!(command.program(), "curl" | "wget" | "http" | "xh")) {
        return Answer::Unknown;
    }
    let asserted = commands().any(|command| {
        let line = command.line().to_lowercase();
        line.contains("version") || version.is_some_and(|version| line.contains(&version.to_lowercase()))
    });
    if asserted { Answer::Asserted } else { Answer::Ignored }
}

fn in_check(policy: &Policy, id: &str, version: Option<&str>) -> Answer {
    match policy.checks.iter().find(|check| check.id == id).map(|check| &check.probe) {
        Some(Probe::Http(probe)) => in_http(probe, version),
        Some(Probe::Command(probe)) => in_commands(&arguments(&probe.run).1, version),
        _ => Answer::Unknown,
    }
}

fn answer(policy: &Policy, step: &RunbookStep) -> Answer {
    let version = policy.service.version.as_deref().filter(|version| !version.is_empty());
    match &step.action {
        Some(Action::Http(probe)) => in_http(probe, version),
        Some(Action::Shell { text }) => in_commands(&shell::pipelines(text), version),
        Some(Action::Command { run, .. }) => in_commands(&arguments(run).1, version),
        Some(Action::Check { check } | Action::WaitFor { check, .. }) => in_check(policy, check, version),
        Some(Action::Manual { .. } | Action::Hook { .. }) | None => Answer::Unknown,
    }
}

pub(super) fn unasserted(case: &Case<'_>, found: &mut Found<'_>) {
    let policy = case.policy;
    for (i, book) in policy.runbooks.iter().enumerate().filter(|(_, book)| book.purpose == Purpose::Deploy) {
        let asks = |step: &RunbookStep| matches!(step.touches, Some(Touches::Smoke | Touches::Health));
        let steps = book.steps.iter().enumerate().filter(|(_, step)| asks(step));
        let answers: Vec<_> = steps.map(|(j, step)| (j, step, answer(policy, step))).collect();
        if answers.iter().any(|(_, _, answer)| *answer == Answer::Asserted) {
            continue;
        }
        let ignored = || answers.iter().filter(|(_, _, answer)| *answer == Answer::Ignored);
        let smoke = ignored().find(|(_, step, _)| step.touches == Some(Touches::Smoke));
        if let Some((j, step, _)) = smoke.or_else(|| ignored().next()) {
            let message = format!("Step `{}` passes whichever version answers.", step.id);
            let right = "json = { \"/version\" = \"{version}\" }, or the version compared in the command";
            found.at(&format!("runbook.{i}.step.{j}.action"), Words::new(message, "no version", right));
        }
    }
}
