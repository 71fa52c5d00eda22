//! Every command that the policy has somebody run, with where it stands.

use std::collections::BTreeMap;

use super::shell::{self, Command, Pipeline};
use crate::lint::{Found, Words};
use crate::policy::{Action, FileFormat, Policy, Probe, Runbook, RunbookStep};

/// Commands that are run together.
pub(super) struct Script<'a> {
    /// Where it stands in the policy.
    pub(super) path: String,
    pub(super) book: Option<&'a Runbook>,
    pub(super) step: Option<&'a RunbookStep>,
    /// The text as it is written.
    pub(super) text: String,
    /// It stands so in the policy, not in a file.
    pub(super) quoted: bool,
    pub(super) pipelines: Vec<Pipeline>,
}

impl Script<'_> {
    /// A finding about the line of a command.
    pub(super) fn tell(&self, found: &mut Found<'_>, command: &Command, words: Words) {
        self.tell_row(found, command.row, words);
    }

    /// A finding about a line of the text.
    pub(super) fn tell_row(&self, found: &mut Found<'_>, row: usize, words: Words) {
        let path: Vec<&str> = self.path.split('.').collect();
        found.within(&path, if self.quoted { &self.text } else { "" }, row, words);
    }

    /// All commands, in order.
    pub(super) fn commands(&self) -> impl Iterator<Item = &Command> {
        self.pipelines.iter().flatten()
    }
}

/// All of them: those of runbooks first, step by step.
pub(super) fn read<'a>(policy: &'a Policy, files: &'a BTreeMap<String, String>) -> Vec<Script<'a>> {
    let mut all = Vec::new();
    for (i, book) in policy.runbooks.iter().enumerate() {
        for (j, step) in book.steps.iter().enumerate() {
            for (name, action) in [("action", &step.action), ("undo", &step.undo)] {
                let path = format!("runbook.{i}.step.{j}.{name}");
                let (path, (text, pipelines)) = match action {
                    Some(Action::Shell { text }) => {
                        (format!("{path}.shell.text"), (text.clone(), shell::pipelines(text)))
                    }
                    Some(Action::Command { run, .. }) => (format!("{path}.command.run"), arguments(run)),
                    _ => continue,
                };
                all.push(Script { path, book: Some(book), step: Some(step), text, quoted: true, pipelines });
            }
        }
    }
    for (i, check) in policy.checks.iter().enumerate() {
        if let Probe::Command(probe) = &check.probe {
            let (text, pipelines) = arguments(&probe.run);
            let path = format!("check.{i}.probe.command.run");
            all.push(Script { path, book: None, step: None, text, quoted: true, pipelines });
        }
    }
    for file in super::files::named(policy, files, FileFormat::Shell) {
        let (pipelines, text) = (shell::pipelines(file.text), file.text.to_owned());
        let quoted = file.is_inline;
        all.push(Script { path: file.path, book: None, step: None, text, quoted, pipelines });
    }
    all
}

/// A program without a shell, or the text that it gives to one.
pub(super) fn arguments(run: &[String]) -> (String, Vec<Pipeline>) {
    let program = run.first().map_or("", |program| program.rsplit('/').next().unwrap_or_default());
    if ["sh", "bash", "dash", "ash"].contains(&program) {
        let option = run.iter().position(|word| word.starts_with('-') && word.ends_with('c'));
        if let Some(text) = option.and_then(|place| run.get(place + 1)) {
            return (text.clone(), shell::pipelines(text));
        }
    }
    let pipelines = if run.is_empty() { Vec::new() } else { vec![vec![Command::plain(run)]] };
    (run.join(" "), pipelines)
}

/// Scripts that are run in one go: those of one runbook, and each of the others alone.
pub(super) fn groups<'a, 's>(scripts: &'s [Script<'a>]) -> Vec<Vec<&'s Script<'a>>> {
    let mut groups: Vec<Vec<&Script<'_>>> = Vec::new();
    for script in scripts {
        let last = groups.last_mut().filter(|group| {
            let same = |other: &Runbook| script.book.is_some_and(|book| std::ptr::eq(book, other));
            group.first().and_then(|first| first.book).is_some_and(same)
        });
        match last {
            Some(group) => group.push(script),
            None => groups.push(vec![script]),
        }
    }
    groups
}
