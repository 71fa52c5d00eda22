//! Probes that give the same answer with and without the fix.

use super::scripts::arguments;
use crate::lint::{Case, Found, Words};
use crate::policy::{Action, Check, HttpProbe, Policy, Probe};

/// Probes that ask something, and can be asked of something broken.
fn asks(probe: &Probe) -> bool {
    matches!(
        probe,
        Probe::Http(_)
            | Probe::Tcp(_)
            | Probe::PortClosed(_)
            | Probe::Tls(_)
            | Probe::Dns(_)
            | Probe::Promql(_)
            | Probe::Command(_)
            | Probe::Sql(_)
            | Probe::GitHistory(_)
            | Probe::ImageScan(_)
    )
}

pub(super) fn control(case: &Case<'_>, found: &mut Found<'_>) {
    let policy = case.policy;
    for (i, check) in policy.checks.iter().enumerate() {
        let Some(blocker) = policy.blockers.iter().find(|blocker| blocker.checks.contains(&check.id)) else {
            continue;
        };
        let proves = format!("Check `{}` has to prove that blocker `{}` is gone", check.id, blocker.id);
        let right = "control = the same probe at something known to be broken";
        match &check.control {
            None if asks(&check.probe) => {
                let message = format!("{proves}, and nothing shows that it can fail.");
                found.at(&format!("check.{i}.id"), Words::new(message, "no control", right));
            }
            Some(control) if *control == check.probe => {
                let message = format!("{proves}, and its control asks the very same: it cannot fail alone.");
                found.at(&format!("check.{i}.control"), Words::new(message, "control = probe", right));
            }
            Some(control) if std::mem::discriminant(control) != std::mem::discriminant(&check.probe) => {
                let message = format!("{proves}, and its control is a probe of another kind.");
                found.at(&format!("check.{i}.control"), Words::new(message, "another kind", right));
            }
            _ => {}
        }
    }
}

/// HTTP exchanges of checks and runbooks.
fn exchanges(policy: &Policy) -> Vec<(String, &HttpProbe)> {
    let mut all = Vec::new();
    for (i, check) in policy.checks.iter().enumerate() {
        if let Probe::Http(probe) = &check.probe {
            all.push((format!("check.{i}.probe.http.headers"), probe));
        }
    }
    for (i, book) in policy.runbooks.iter().enumerate() {
        for (j, step) in book.steps.iter().enumerate() {
            if let Some(Action::Http(probe)) = &step.action {
                all.push((format!("runbook.{i}.step.{j}.action.http.headers"), probe));
            }
        }
    }
    all
}

pub(super) fn preflight(case: &Case<'_>, found: &mut Found<'_>) {
    let words = || {
        let message = "The server does not take this for a preflight, so its answer says nothing about CORS.";
        Words::new(
            message,
            "OPTIONS with Origin only",
            "Access-Control-Request-Method = \"POST\" beside Origin",
        )
    };
    for (path, probe) in exchanges(case.policy) {
        let has = |name: &str| probe.headers.keys().any(|header| header.eq_ignore_ascii_case(name));
        let options = probe.method.as_deref().is_some_and(|method| method.eq_ignore_ascii_case("OPTIONS"));
        if options && has("Origin") && !has("Access-Control-Request-Method") {
            found.at(&path, words());
        }
    }
    for script in &case.seen.scripts {
        let unasked = script.commands().filter(|command| command.program() == "curl").find(|command| {
            let method = command.value("-X").or_else(|| command.value("--request"));
            let options = method.is_some_and(|method| method.text.eq_ignore_ascii_case("OPTIONS"))
                || command.has("-XOPTIONS");
            let sends =
                |name: &str| command.call().iter().any(|word| word.text.to_lowercase().contains(name));
            options && sends("origin:") && !sends("access-control-request-method")
        });
        if let Some(command) = unasked {
            script.tell(found, command, words());
        }
    }
}

/// A comparison that looks at how long something is, or how it begins.
fn looks_at_shape(text: &str) -> Option<&'static str> {
    let text: String = text.to_lowercase().chars().filter(|letter| !letter.is_whitespace()).collect();
    let compares = |rest: &str| {
        let mut depth = 1_usize;
        let end = rest.find(|letter| {
            match letter {
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => {}
            }
            depth == 0
        });
        let after = end.map_or("", |end| &rest[end + 1..]);
        after.starts_with(['>', '<']) || after.starts_with("-gt") || after.starts_with("-ge")
    };
    let length = ["len(", "length("].iter().any(|call| text.split(call).skip(1).any(compares))
        || (text.contains("${#") || text.contains("wc-c")) && (text.contains("-gt") || text.contains("-ge"));
    let start = ["startswith(", "starts_with(", "notlike'"].iter().any(|call| text.contains(call));
    match (length, start) {
        (true, true) => Some("its length and its first letters"),
        (true, false) => Some("its length"),
        (false, true) => Some("its first letters"),
        (false, false) => None,
    }
}

fn is_about_encryption(text: &str) -> bool {
    let text = text.to_lowercase();
    ["encrypt", "cipher", "base64", "aes-", "aes256", "kms"].iter().any(|word| text.contains(word))
}

fn decrypts(text: &str) -> bool {
    let text = text.to_lowercase();
    ["decrypt(", "kms decrypt", "enc -d", "--decrypt", "unseal("].iter().any(|call| text.contains(call))
}

/// What a check is about, in all words that there are for it.
fn about(policy: &Policy, check: &Check) -> String {
    let blockers = policy.blockers.iter().filter(|blocker| blocker.checks.contains(&check.id));
    let titles = blockers.flat_map(|blocker| [blocker.id.as_str(), blocker.title.as_str()]);
    [check.id.as_str(), check.title.as_str()].into_iter().chain(titles).collect::<Vec<_>>().join(" ")
}

pub(super) fn encryption(case: &Case<'_>, found: &mut Found<'_>) {
    let words = |why: &str, stated: &str| {
        let message = format!("Encryption is proven by {why}, which says nothing about it.");
        Words::new(message, stated, "decrypt with the key to the known value, and fail with another key")
    };
    for (i, check) in case.policy.checks.iter().enumerate() {
        let (place, text, lacks) = match &check.probe {
            Probe::Command(probe) => ("command.run", arguments(&probe.run).0, probe.lacks.as_deref()),
            Probe::Sql(probe) => ("sql.query", probe.query.clone(), None),
            _ => continue,
        };
        if decrypts(&text) || !(is_about_encryption(&about(case.policy, check)) || is_about_encryption(&text))
        {
            continue;
        }
        if let Some(why) = looks_at_shape(&text) {
            found.at(&format!("check.{i}.probe.{place}"), words(why, &text));
        } else if let Some(lacks) = lacks.filter(|lacks| (1..=4).contains(&lacks.len())) {
            found.at(&format!("check.{i}.probe.command.lacks"), words("the absence of a few letters", lacks));
        }
    }
    for script in case.seen.scripts.iter().filter(|script| script.book.is_some()) {
        let title = script.step.map_or("", |step| step.title.as_str());
        if (is_about_encryption(title) || is_about_encryption(&script.text))
            && !decrypts(&script.text)
            && let Some((row, line, why)) = script
                .text
                .lines()
                .enumerate()
                .find_map(|(row, line)| Some((row, line, looks_at_shape(line)?)))
        {
            script.tell_row(found, row, words(why, line.trim()));
        }
    }
}
