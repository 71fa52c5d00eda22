//! Does what a step of a runbook says, once, until it ends or is cancelled. How long it may take is the caller's affair.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use release::Length;
use release::policy::{Action, Check, CommandProbe};
use tokio::time::sleep;

use super::case::{Asked, Case, Miss, Notes, error};
use super::context::Context;
use super::outcome::{KEPT_BYTES_MAX, Verdict};
use super::output::Output;
use super::run::run_all;
use super::{command, http};
use crate::cancel::Cancel;

/// Programs that a policy's hooks stand for.
const HOOKS: &str = "hooks";

/// What came of an action. No text here holds a secret.
#[derive(Clone, Debug)]
pub struct Acted {
    /// How it ended; [`Verdict::NotRun`] when it was stopped, or is nothing for a machine.
    pub result: Verdict,
    /// What came back: its beginning and its end, at most [`KEPT_BYTES_MAX`].
    pub output: String,
}

/// Does it. Once `cancel` is asked it is stopped, a program with all its children.
///
/// Needs a tokio runtime with network and time. Dropped before its end, it stops everything, too.
pub async fn act(action: &Action, context: &Arc<Context>, cancel: &Cancel) -> Acted {
    let mut notes = Notes {
        inputs: String::new(),
        figures: BTreeMap::new(),
        output: Output::new(Arc::clone(&context.redactor), KEPT_BYTES_MAX),
    };
    let case = Case {
        context: Arc::clone(context),
        environment: context.environment.clone(),
        began: context.clock.mono(),
        limit: Duration::MAX,
        subject: None,
        cancel: cancel.clone(),
    };
    let asked = match action {
        Action::Command { run, env } => {
            let probe = program(run.clone(), env.clone());
            Box::pin(command::ask(&probe, &case, &mut notes)).await
        }
        Action::Shell { text } => {
            let words = ["sh", "-eu", "-c", text].map(str::to_owned);
            // A document's text is the shell's: `${env}` in it is a variable.
            let probe = program(Vec::new(), BTreeMap::new());
            Box::pin(command::run(&words, &probe, &case, &mut notes)).await
        }
        Action::Hook { name } => match hook(name) {
            Some(words) => {
                let probe = program(words, BTreeMap::new());
                Box::pin(command::ask(&probe, &case, &mut notes)).await
            }
            None => error(format!("`{name}` is no name of a hook")),
        },
        Action::Http(probe) => tokio::select! {
            biased;
            asked = Box::pin(http::ask(probe, &case, &mut notes)) => asked,
            () = cancel.asked() => stopped(),
        },
        Action::Check { check } => Box::pin(ask(check, context, cancel, &mut notes)).await,
        Action::WaitFor { check, every } => {
            Box::pin(wait_for(check, *every, context, cancel, &mut notes)).await
        }
        Action::Manual { .. } => Err(Miss::NotRun("a person does it".to_owned())),
    };
    let clean = |why: String| context.redactor.clean(&why);
    let (output, _) = notes.output.finish();
    let result = match asked {
        Ok(()) => Verdict::Pass,
        Err(Miss::Fail(why)) => Verdict::Fail { why: clean(why) },
        Err(Miss::Error(why)) => Verdict::Error { why: clean(why) },
        Err(Miss::NotRun(why)) => Verdict::NotRun { why: clean(why) },
    };
    Acted { result, output }
}

fn stopped<T>() -> Result<T, Miss> {
    Err(Miss::NotRun("it was stopped".to_owned()))
}

const fn program(run: Vec<String>, variables: BTreeMap<String, String>) -> CommandProbe {
    CommandProbe { run, variables, contains: None, lacks: None, keep: None }
}

/// Program and arguments; nothing for a name that leads elsewhere.
fn hook(name: &str) -> Option<Vec<String>> {
    let mut words = name.trim().split('=');
    let program = words.next().filter(|program| {
        let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
        !program.is_empty() && !program.starts_with('.') && program.chars().all(plain)
    })?;
    let path = Path::new(HOOKS).join(program).to_string_lossy().into_owned();
    Some(std::iter::once(path).chain(words.map(str::to_owned)).collect())
}

/// The check as it is asked here: one that is about the place that the runbook is for is asked where it runs.
fn check(id: &str, context: &Context) -> Result<Check, Miss> {
    let known = context.policy.checks.iter().find(|check| check.id == id);
    let mut check = known.ok_or_else(|| Miss::Error(format!("the policy has no check `{id}`")))?.clone();
    if check.environment.is_some() && check.environment == context.stands_for {
        check.environment = None;
    }
    Ok(check)
}

async fn ask(id: &str, context: &Arc<Context>, cancel: &Cancel, notes: &mut Notes) -> Asked {
    let checks = [check(id, context)?];
    let outcomes = run_all(&checks, context, NonZeroUsize::MIN, cancel, |_| ()).await;
    let Some(outcome) = outcomes.into_iter().next() else { return stopped() };
    notes.output.push(0, outcome.output.as_bytes());
    match outcome.result {
        Verdict::Pass => Ok(()),
        Verdict::Fail { why } => Err(Miss::Fail(format!("check `{id}` failed: {why}"))),
        Verdict::Error { why } => Err(Miss::Error(format!("check `{id}` could not be asked: {why}"))),
        Verdict::NotRun { why } => Err(Miss::NotRun(format!("check `{id}` was not asked: {why}"))),
    }
}

/// Asks until it passes. What was said last is kept.
async fn wait_for(
    id: &str,
    every: Length,
    context: &Arc<Context>,
    cancel: &Cancel,
    notes: &mut Notes,
) -> Asked {
    loop {
        let mut last = Notes {
            inputs: String::new(),
            figures: BTreeMap::new(),
            output: Output::new(Arc::clone(&context.redactor), KEPT_BYTES_MAX),
        };
        let asked = ask(id, context, cancel, &mut last).await;
        notes.output = last.output;
        let why = match asked {
            Err(Miss::Fail(why) | Miss::Error(why)) => why,
            ended => return ended,
        };
        notes.output.note(&why);
        tokio::select! {
            () = sleep(Duration::from_secs(every.as_seconds().max(1))) => {}
            () = cancel.asked() => return Err(Miss::NotRun(why)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hook_is_a_program_beside_the_policy_and_nowhere_else() {
        let words = |name| hook(name).map(|words| words.join(" "));
        assert_eq!(words("drain").as_deref(), Some("hooks/drain"));
        assert_eq!(words("weight=10").as_deref(), Some("hooks/weight 10"));
        for name in ["", "../x", "a/b", ".x", "=1", "a b"] {
            assert_eq!(hook(name), None, "{name}");
        }
    }
}
