//! Rewriting the history of a repository.

use super::scripts::{Script, groups};
use super::shell::Command;
use crate::lint::{Case, Found, Words};
use crate::policy::Probe;

fn is_filter_repo(command: &Command) -> bool {
    command.is(&["git", "filter-repo"]) || command.program() == "git-filter-repo"
}

fn rewrites(command: &Command) -> bool {
    is_filter_repo(command) || command.is(&["git", "filter-branch"]) || command.program() == "bfg"
}

/// Commands after the first that rewrites, with their scripts.
fn after<'s>(group: &[&'s Script<'s>]) -> Vec<(&'s Script<'s>, &'s Command)> {
    let all = group.iter().flat_map(|script| script.commands().map(move |command| (*script, command)));
    all.skip_while(|(_, command)| !rewrites(command)).collect()
}

pub(super) fn deletes_the_rest(case: &Case<'_>, found: &mut Found<'_>) {
    for script in &case.seen.scripts {
        for command in script.commands().filter(|command| is_filter_repo(command)) {
            let paths = ["--path", "--path-glob", "--path-regex", "--subdirectory-filter"];
            let only = paths.iter().find_map(|option| command.value(option));
            let Some(only) = only.filter(|_| !command.has("--invert-paths") && command.has("--replace-text"))
            else {
                continue;
            };
            let message =
                format!("It replaces text and deletes every file but `{}` from all of history.", only.text);
            let line: String = command.line().chars().take(80).collect();
            script.tell(found, command, Words::new(message, line, "git filter-repo --replace-text FILE"));
        }
    }
}

/// Words of a push that are no options: the remote first.
fn targets(command: &Command) -> usize {
    command.call().iter().skip(2).filter(|word| !word.text.starts_with('-')).count()
}

pub(super) fn half_pushed(case: &Case<'_>, found: &mut Found<'_>) {
    let scripts = &case.seen.scripts;
    for group in groups(scripts) {
        let commands = after(&group);
        let pushes: Vec<_> = commands.iter().filter(|(_, command)| command.is(&["git", "push"])).collect();
        let Some((script, first)) = pushes.first() else { continue };
        let tags = pushes.iter().any(|(_, command)| {
            let refs = command.call().iter().any(|word| word.text.contains("refs/") || word.expands);
            command.has("--tags") || command.has("--mirror") || command.has("--follow-tags") || refs
        });
        let removed = commands.iter().any(|(_, command)| is_filter_repo(command));
        let remote = commands.iter().any(|(_, command)| command.is(&["git", "remote", "add"]));
        let lost = removed && !remote && targets(first) == 0;
        let why = match (tags, lost) {
            (false, true) => "tags are not pushed, and the remote is gone",
            (false, false) => "tags are not pushed and keep what was removed",
            (true, true) => "`git filter-repo` has removed the remote",
            (true, false) => continue,
        };
        let message = format!("The rewritten history does not reach the server: {why}.");
        let right = "git push --force --all URL, and git push --force --tags URL";
        script.tell(found, first, Words::new(message, first.line(), right));
    }
}

pub(super) fn unverified(case: &Case<'_>, found: &mut Found<'_>) {
    if case.policy.checks.iter().any(|check| matches!(check.probe, Probe::GitHistory(_))) {
        return;
    }
    let scripts = &case.seen.scripts;
    for group in groups(scripts) {
        let commands = after(&group);
        let Some((script, first)) = commands.first() else { continue };
        if !commands.iter().any(|(_, command)| command.is(&["git", "clone"])) {
            let message = "History is rewritten, and no fresh clone is looked at afterwards.";
            let line: String = first.line().chars().take(80).collect();
            let right = "a check with probe.git-history";
            script.tell(found, first, Words::new(message, line, right));
        }
    }
}
