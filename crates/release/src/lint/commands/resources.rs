//! Names and namespaces in commands for a cluster, against those of the other steps.

use std::collections::BTreeSet;

use super::scripts::{Script, groups};
use super::shell::{Command, Word};
use crate::lint::{Case, Found, Words};
use crate::policy::Purpose;

/// What a command is about.
pub(super) struct Resource {
    /// `undo` for `rollout undo`.
    pub(super) verb: &'static str,
    pub(super) kind: &'static str,
    pub(super) name: Word,
    pub(super) namespace: Option<String>,
}

const VERBS: [&str; 11] =
    ["set", "rollout", "patch", "scale", "delete", "logs", "annotate", "label", "describe", "exec", "expose"];
const KINDS: [(&str, &[&str]); 4] = [
    ("deployment", &["deployment", "deployments", "deploy", "deployment.apps", "deployments.apps"]),
    ("service", &["service", "services", "svc"]),
    ("statefulset", &["statefulset", "statefulsets", "sts", "statefulset.apps"]),
    ("daemonset", &["daemonset", "daemonsets", "ds", "daemonset.apps"]),
];
/// Options whose value is the next word.
const VALUED: [&str; 16] = [
    "-n",
    "--namespace",
    "-f",
    "--filename",
    "-p",
    "--patch",
    "--type",
    "-l",
    "--selector",
    "-o",
    "--output",
    "-c",
    "--context",
    "--container",
    "--kubeconfig",
    "--to-revision",
];

pub(super) fn namespace(command: &Command) -> Option<Word> {
    command.value("-n").or_else(|| command.value("--namespace"))
}

/// What a `kubectl` command is about, if it names one resource.
pub(super) fn of(command: &Command) -> Option<Resource> {
    if command.program() != "kubectl" {
        return None;
    }
    let mut words = Vec::new();
    let mut skip = false;
    for word in command.call().iter().skip(1) {
        if std::mem::take(&mut skip) {
            continue;
        }
        // `logs -f` follows, and takes no file.
        let follows = word.text == "-f" && words.first().is_some_and(|verb: &&Word| verb.text == "logs");
        skip = VALUED.contains(&word.text.as_str()) && !follows;
        if !word.text.starts_with('-') {
            words.push(word);
        }
    }
    let mut words = words.into_iter();
    let first = words.next()?;
    let mut verb = *VERBS.iter().find(|verb| **verb == first.text)?;
    if verb == "rollout" || verb == "set" {
        let second = words.next()?;
        verb = match (verb, second.text.as_str()) {
            ("rollout", "undo") => "undo",
            ("rollout", _) => "rollout",
            _ => "set",
        };
    }
    let target = words.next()?;
    let (kind, name) = match target.text.split_once('/') {
        Some((kind, name)) => (kind.to_owned(), Word { text: name.to_owned(), expands: target.expands }),
        None => (target.text.clone(), words.next()?.clone()),
    };
    let kind = KINDS.iter().find(|(_, names)| names.contains(&kind.to_lowercase().as_str()))?.0;
    let namespace = namespace(command).filter(|word| !word.expands).map(|word| word.text);
    Some(Resource { verb, kind, name, namespace })
}

/// What is named by the deploy runbooks of an environment; `None` when the shell fills in one of the names.
fn deployed(scripts: &[Script<'_>], kind: &str, environment: Option<&String>) -> Option<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for script in scripts {
        let Some(book) = script.book.filter(|book| book.purpose == Purpose::Deploy) else { continue };
        if environment.is_some() && book.environment.is_some() && environment != book.environment.as_ref() {
            continue;
        }
        for resource in script.commands().filter_map(of).filter(|resource| resource.kind == kind) {
            if resource.name.expands {
                return None;
            }
            names.insert(resource.name.text);
        }
    }
    Some(names)
}

pub(super) fn names(case: &Case<'_>, found: &mut Found<'_>) {
    let scripts = &case.seen.scripts;
    let manifests = &case.seen.manifests;
    let mut told = BTreeSet::new();
    for script in scripts {
        let Some(book) = script.book else { continue };
        for command in script.commands() {
            let Some(Resource { verb, kind, name, .. }) = of(command).filter(|about| !about.name.expands)
            else {
                continue;
            };
            // What goes away, or is only read, may be of an earlier release.
            if matches!(verb, "delete" | "describe") {
                continue;
            }
            let made: BTreeSet<String> =
                manifests.iter().filter(|one| one.kind == kind).map(|one| one.name.clone()).collect();
            let known = if !made.is_empty() {
                made
            } else if matches!(book.purpose, Purpose::RollBack | Purpose::Incident) {
                deployed(scripts, kind, book.environment.as_ref()).unwrap_or_default()
            } else {
                continue;
            };
            if !known.is_empty()
                && !known.contains(&name.text)
                && told.insert((&book.id, verb == "undo", name.text.clone()))
            {
                let what = if verb == "undo" { "rolls back" } else { "uses" };
                let message =
                    format!("Runbook `{}` {what} {kind} `{}`, and nothing deploys that.", book.id, name.text);
                let right = known.into_iter().collect::<Vec<_>>().join(", ");
                script.tell(found, command, Words::new(message, format!("{kind}/{}", name.text), right));
            }
        }
    }
}

/// Commands that do not ask for a namespace.
fn needs_namespace(command: &Command) -> bool {
    let verb = command.call().get(1).map_or("", |word| word.text.as_str());
    let asks = VERBS.contains(&verb) || matches!(verb, "apply" | "create" | "get" | "replace" | "wait");
    let about = |word: &Word| {
        ["node", "namespace", "ns", "pv", "crd", "clusterrole", "storageclass"].iter().any(|kind| {
            let text = word.text.split('/').next().unwrap_or_default();
            text == *kind || text.strip_suffix('s') == Some(*kind)
        })
    };
    let whole =
        ["-A", "--all-namespaces", "--context", "--kubeconfig"].iter().any(|option| command.has(option));
    asks && !whole && !command.call().iter().any(about)
}

pub(super) fn namespaces(case: &Case<'_>, found: &mut Found<'_>) {
    let scripts = &case.seen.scripts;
    for group in groups(scripts) {
        let Some(book) = group.first().and_then(|script| script.book) else { continue };
        let kubectl = |script: &&&Script<'_>| script.commands().any(|command| command.program() == "kubectl");
        let group: Vec<&&Script<'_>> = group.iter().filter(kubectl).collect();
        // Somebody chose a namespace for all that follows.
        if group
            .iter()
            .any(|script| script.text.contains("set-context") || script.text.contains("KUBECONFIG"))
        {
            continue;
        }
        let environment =
            case.policy.environments.iter().find(|known| Some(&known.id) == book.environment.as_ref());
        let own = environment.and_then(|environment| environment.namespace.as_ref());
        let used =
            group.iter().flat_map(|script| script.commands()).find_map(namespace).map(|word| word.text);
        let Some(right) = own.or(used.as_ref()) else { continue };
        let mut wrong = Vec::new();
        for script in &group {
            for command in script.commands().filter(|command| command.program() == "kubectl") {
                let stated = match namespace(command) {
                    Some(word) if word.expands || word.text == *right => continue,
                    Some(word) => format!("-n {}", word.text),
                    None if needs_namespace(command) => "no -n".to_owned(),
                    None => continue,
                };
                wrong.push((script, command, stated));
            }
        }
        if let Some((script, command, stated)) = wrong.first() {
            let line: String = command.line().chars().take(60).collect();
            let more = match wrong.len() - 1 {
                0 => String::new(),
                more => format!(" (in runbook `{}`: {more} more)", book.id),
            };
            let message = format!("`{line}` does not go to the namespace `{right}`{more}.");
            script.tell(found, command, Words::new(message, stated.as_str(), format!("-n {right}")));
        }
    }
}
