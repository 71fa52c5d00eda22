//! Release notes from a range of commits.
//!
//! Enters: commits as they stand in the history. Leaves: Markdown, the same for the same commits. Never here: a repository.
//!
//! Commits with a conventional prefix (`feat(orders): ...`, `fix!: ...`) are grouped by it, the others stand under "Other changes";
//! without any prefix there is one plain list. What breaks something comes first. References to issues (`#12`, `ABC-12`) in the
//! subject are kept where they stand; those in the text of the commit are added.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::incident::plain;

/// One commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// Its hash.
    pub id: String,
    /// First line of its message.
    pub subject: String,
    /// The rest of it.
    #[serde(default)]
    pub body: String,
    /// Who wrote it.
    pub author: String,
}

/// Prefixes and their headings, in the order of the notes.
const GROUPS: [(&str, &str); 10] = [
    ("feat", "Features"),
    ("fix", "Fixes"),
    ("perf", "Performance"),
    ("refactor", "Refactoring"),
    ("revert", "Reverts"),
    ("docs", "Documentation"),
    ("test", "Tests"),
    ("build", "Build"),
    ("ci", "Continuous integration"),
    ("chore", "Chores"),
];

/// A subject, taken apart.
struct Parsed<'a> {
    group: Option<&'static str>,
    scope: Option<&'a str>,
    breaks: bool,
    text: &'a str,
}

/// Notes with this title about commits, newest first as the history lists them.
pub fn notes(title: &str, commits: &[Commit]) -> String {
    let mut text = format!("# {}\n", plain(title));
    if commits.is_empty() {
        text.push_str("\nNo changes.\n");
        return text;
    }
    let parsed: Vec<(&Commit, Parsed<'_>)> =
        commits.iter().map(|commit| (commit, parse(&commit.subject, &commit.body))).collect();
    let breaking: Vec<_> = parsed.iter().filter(|(_, parsed)| parsed.breaks).collect();
    section(&mut text, "Breaking changes", breaking);
    let grouped = parsed.iter().any(|(_, parsed)| parsed.group.is_some());
    for (prefix, heading) in GROUPS {
        let of = parsed.iter().filter(|(_, parsed)| !parsed.breaks && parsed.group == Some(prefix));
        section(&mut text, heading, of.collect());
    }
    let others: Vec<_> =
        parsed.iter().filter(|(_, parsed)| !parsed.breaks && parsed.group.is_none()).collect();
    section(&mut text, if grouped { "Other changes" } else { "Changes" }, others);
    let authors: BTreeSet<String> = commits.iter().map(|commit| plain(&commit.author)).collect();
    let authors: Vec<String> = authors.into_iter().collect();
    // Writing to a text cannot fail.
    let _ = writeln!(text, "\n{} commits by {}.", commits.len(), authors.join(", "));
    text
}

fn section(text: &mut String, heading: &str, commits: Vec<&(&Commit, Parsed<'_>)>) {
    if commits.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n## {heading}\n");
    for (commit, parsed) in commits {
        let scope = parsed.scope.map_or(String::new(), |scope| format!("**{}:** ", plain(scope)));
        let mentioned = references(&commit.subject);
        let more: Vec<String> =
            references(&commit.body).into_iter().filter(|one| !mentioned.contains(one)).collect();
        let more = if more.is_empty() { String::new() } else { format!(" ({})", more.join(", ")) };
        let short: String = commit.id.chars().take(10).collect();
        let _ = writeln!(text, "- {scope}{}{more} ({})", plain(parsed.text), plain(&short));
    }
}

fn parse<'a>(subject: &'a str, body: &str) -> Parsed<'a> {
    let announced =
        body.lines().any(|line| line.starts_with("BREAKING CHANGE:") || line.starts_with("BREAKING-CHANGE:"));
    let unknown = Parsed { group: None, scope: None, breaks: announced, text: subject.trim() };
    let Some((prefix, text)) = subject.split_once(':') else { return unknown };
    let (prefix, bang) = prefix.strip_suffix('!').map_or((prefix, false), |prefix| (prefix, true));
    let (word, scope) = match prefix.split_once('(') {
        Some((word, rest)) => match rest.strip_suffix(')') {
            Some(scope) => (word, Some(scope)),
            None => return unknown,
        },
        None => (prefix, None),
    };
    let group = GROUPS.iter().find(|(known, _)| word.eq_ignore_ascii_case(known)).map(|(known, _)| *known);
    match group {
        Some(group) => Parsed { group: Some(group), scope, breaks: bang || announced, text: text.trim() },
        None => unknown,
    }
}

/// `#12`, `owner/name#12` and `ABC-12`, in the order of the text, each once.
fn references(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let marks = |letter: char| letter.is_whitespace() || "()[],;:.".contains(letter);
    for word in text.split(marks) {
        let number = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let by_hash = word.split_once('#').is_some_and(|(_, digits)| number(digits));
        let by_key = word.rsplit_once('-').is_some_and(|(key, digits)| {
            key.len() >= 2 && key.bytes().all(|byte| byte.is_ascii_uppercase()) && number(digits)
        });
        if (by_hash || by_key) && !found.iter().any(|known| known == word) {
            found.push(word.to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(subject: &str, body: &str) -> Commit {
        Commit {
            id: "0123456789abcdef".to_owned(),
            subject: subject.to_owned(),
            body: body.to_owned(),
            author: "Asha".to_owned(),
        }
    }

    #[test]
    fn grouped_by_prefix_with_references_and_what_breaks_first() {
        let commits = [
            commit("fix(orders): no double send (#12)", "Closes #12, #14 and ABC-7."),
            commit("feat!: new wire format", ""),
            commit("Tidy: up", "BREAKING CHANGE: everything"),
            commit("tidy up <script>", ""),
        ];
        let text = notes("1.0.0", &commits);
        let wanted = "# 1.0.0\n\n## Breaking changes\n\n- new wire format (0123456789)\n- Tidy: up (0123456789)\n\n\
            ## Fixes\n\n- **orders:** no double send (#12) (#14, ABC-7) (0123456789)\n\n## Other changes\n\n\
            - tidy up &lt;script&gt; (0123456789)\n\n4 commits by Asha.\n";
        assert_eq!(text, wanted);
    }

    #[test]
    fn without_prefixes_one_plain_list() {
        let text = notes("1.0.1", &[commit("Keep order", ""), commit("Begin: again", "")]);
        assert!(text.contains("## Changes\n\n- Keep order") && !text.contains("Other"), "{text}");
        assert!(notes("1.0.1", &[]).contains("No changes."));
    }
}
