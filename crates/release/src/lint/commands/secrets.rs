//! Secrets on their way through commands.

use super::scripts::groups;
use super::shell::{Command, Pipeline, Word, assignment};
use crate::lint::{Case, Found, Words};
use crate::policy::Action;

/// Programs that work on bytes and know no JSON.
const BYTES: [&str; 12] = [
    "base64",
    "openssl",
    "sha256sum",
    "sha512sum",
    "md5sum",
    "xxd",
    "tr",
    "cut",
    "head",
    "tail",
    "wc",
    "psql",
];

/// True when the output is a JSON document.
fn prints_json(command: &Command) -> bool {
    let asked =
        |options: &[&str]| options.iter().find_map(|option| command.value(option)).map(|word| word.text);
    match command.program() {
        "aws" => asked(&["--output"]).is_none_or(|format| format.starts_with("json")),
        "az" => asked(&["-o", "--output"]).is_none_or(|format| format.starts_with("json")),
        "kubectl" => asked(&["-o", "--output"]).is_some_and(|format| format == "json"),
        "gcloud" => asked(&["--format"]).is_some_and(|format| format == "json"),
        "vault" => asked(&["-format", "--format"]).is_some_and(|format| format == "json"),
        _ => false,
    }
}

pub(super) fn json(case: &Case<'_>, found: &mut Found<'_>) {
    // A secret that is read from standard input is all of it.
    let stores_all = |command: &Command| {
        let secret = command.value("--secret-string").or_else(|| command.value("--secret-binary"));
        secret.is_some_and(|word| word.text.ends_with(":///dev/stdin"))
    };
    let takes_bytes = |command: &Command| BYTES.contains(&command.program()) || stores_all(command);
    let misread =
        |pipeline: &&Pipeline| pipeline.windows(2).any(|pair| prints_json(&pair[0]) && takes_bytes(&pair[1]));
    for script in &case.seen.scripts {
        if let Some(pipeline) = script.pipelines.iter().find(misread) {
            let line = pipeline.iter().map(Command::line).collect::<Vec<_>>().join(" | ");
            let message = "The whole JSON document is passed on, not the value in it.";
            let words = Words::new(message, line, "--query NAME --output text before the pipe");
            script.tell(found, &pipeline[0], words);
        }
    }
}

/// A name of something secret, and not of where it is kept.
fn is_secret(name: &str) -> bool {
    let name = name.to_uppercase().replace('-', "_");
    let kept =
        ["_FILE", "_PATH", "_NAME", "_ID", "_ARN", "_URL", "_TTL"].iter().any(|end| name.ends_with(end));
    let words = ["PASSWORD", "PASSWD", "SECRET", "TOKEN", "API_KEY", "APIKEY", "PRIVATE_KEY", "CREDENTIAL"];
    !kept && words.iter().any(|word| name.contains(word))
}

/// A value that is written out: not filled in, not read from somewhere.
fn is_literal(value: &Word) -> bool {
    let elsewhere = ["file://", "fileb://", "@", "secret:", "env:", "-", "vault:"];
    !value.expands && !value.text.is_empty() && !elsewhere.iter().any(|start| value.text.starts_with(start))
}

/// `PASSWORD '...'` in SQL.
fn sql_password(text: &str) -> bool {
    let upper = text.to_uppercase();
    upper.match_indices("PASSWORD").any(|(from, word)| {
        let rest = upper[from + word.len()..].trim_start();
        rest.strip_prefix('\'').is_some_and(|value| !value.starts_with(['\'', '$', ':']))
    })
}

/// `scheme://user:password@host`.
fn url_password(text: &str) -> bool {
    let rest = text.split_once("://").map_or("", |(_, rest)| rest);
    let user = rest.split('/').next().unwrap_or_default().rsplit_once('@').map_or("", |(user, _)| user);
    user.split_once(':').is_some_and(|(_, password)| !password.is_empty())
}

/// Where a command has a secret in clear: the place, never the secret.
fn secret_in(command: &Command) -> Option<String> {
    for word in &command.words {
        if let Some((name, value)) = assignment(&word.text)
            && is_secret(name)
            && is_literal(&Word { text: value.to_owned(), expands: word.expands })
        {
            return Some(format!("{name}=..."));
        }
        if !word.expands && sql_password(&word.text) {
            return Some("PASSWORD '...'".to_owned());
        }
        if !word.expands && url_password(&word.text) {
            return Some("://user:...@".to_owned());
        }
        let lower = word.text.to_lowercase();
        if !word.expands && lower.starts_with("authorization:") && lower.split_whitespace().count() > 2 {
            return Some("Authorization: ...".to_owned());
        }
    }
    let options = command.call().iter().filter_map(|word| {
        let option = word.text.split('=').next().filter(|option| option.starts_with("--"))?;
        (option == "--secret-string" || is_secret(option)).then(|| option.to_owned())
    });
    for option in options {
        let flag = ["-stdin", "-file", "-path", "-length"].iter().any(|end| option.ends_with(end));
        if !flag && command.value(&option).is_some_and(|value| is_literal(&value)) {
            return Some(format!("{option} ..."));
        }
    }
    let literal = command.value("--from-literal").filter(|value| !value.expands)?;
    let (name, value) = literal.text.split_once('=')?;
    (command.line().contains("secret") && !value.is_empty()).then(|| format!("--from-literal={name}=..."))
}

pub(super) fn clear(case: &Case<'_>, found: &mut Found<'_>) {
    let right = "secret:NAME, a file, or standard input";
    for script in &case.seen.scripts {
        let seen = script.commands().find_map(|command| Some((command, secret_in(command)?)));
        if let Some((command, place)) = seen {
            let message = "A secret stands in the command as it is written.";
            script.tell(found, command, Words::new(message, place, right));
        }
    }
    for (i, book) in case.policy.runbooks.iter().enumerate() {
        for (j, step) in book.steps.iter().enumerate() {
            for (name, action) in [("action", &step.action), ("undo", &step.undo)] {
                let Some(Action::Command { env, .. }) = action else { continue };
                for (variable, value) in env {
                    let value = Word { text: value.clone(), expands: false };
                    if is_secret(variable) && is_literal(&value) {
                        let message = format!("The value of `{variable}` stands in the policy.");
                        let path = format!("runbook.{i}.step.{j}.{name}.command.env.{variable}");
                        found.at(&path, Words::new(message, format!("{variable} = \"...\""), "secret:NAME"));
                    }
                }
            }
        }
    }
}

/// Creates a secret and fails where there is one.
fn creates(command: &Command) -> Option<&'static str> {
    if command.has_else {
        return None;
    }
    if command.is(&["aws", "secretsmanager", "create-secret"]) {
        Some("aws secretsmanager create-secret")
    } else if command.is(&["gcloud", "secrets", "create"]) {
        Some("gcloud secrets create")
    } else if command.is(&["kubectl", "create", "secret"]) && !command.has("--dry-run") {
        Some("kubectl create secret")
    } else {
        None
    }
}

pub(super) fn create(case: &Case<'_>, found: &mut Found<'_>) {
    let scripts = &case.seen.scripts;
    for group in groups(scripts) {
        let all = || group.iter().flat_map(|script| script.commands());
        let updates = [
            "put-secret-value",
            "update-secret",
            "describe-secret",
            "versions add",
            "get secret",
            "delete secret",
        ];
        if all().any(|command| updates.iter().any(|words| command.line().contains(words))) {
            continue;
        }
        let mut changed = false;
        for script in &group {
            for command in script.commands() {
                let line = command.line().to_uppercase();
                changed |= line.contains("ALTER USER") || line.contains("ALTER ROLE");
                let Some(what) = creates(command) else { continue };
                let when = if changed { ", and the password has changed by then" } else { "" };
                let message = format!("It fails where the secret exists{when}.");
                let words = Words::new(message, what, "update, and create only where there is none");
                script.tell(found, command, words);
            }
        }
    }
}
