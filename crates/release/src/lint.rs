//! What is wrong with a policy before anything has happened: sums that do not sum, promises that exclude each other, steps in
//! an order that cannot work, proofs that prove nothing.
//!
//! Enters: a policy, the files it names, calendars. Leaves: findings, each with the place, the stated value, the right one and how it
//! was computed. Never here: reading files, running anything, opinions about style.
//!
//! Each rule has a code for ever. A rule looks at data only; where the policy does not state what it needs, it is silent.

mod arithmetic;
mod commands;
mod dates;
mod demands;
mod roles;
mod sums;
mod thresholds;
mod words;

use std::collections::BTreeMap;

use crate::calendar::Calendars;
use crate::policy::{Loaded, Policy, Position};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// It works, but not as it says.
    Warning,
    /// It cannot work, or says what is not true.
    Error,
}

/// One rule of the catalogue.
pub struct Rule {
    /// `A` arithmetic, `T` thresholds and targets, `D` order and dates, `R` roles and states, `C` commands, manifests, rules and
    /// checks; then two digits.
    pub code: &'static str,
    /// How bad it is.
    pub level: Level,
    /// In a line.
    pub title: &'static str,
    /// Why it matters, and what to write instead: for `--explain`.
    pub explain: &'static str,
    /// Looks.
    pub(crate) look: fn(&Case<'_>, &mut Found<'_>),
}

impl std::fmt::Debug for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code)
    }
}

/// Everything that a rule may look at.
pub(crate) struct Case<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) calendars: &'a Calendars,
    /// Its scripts and the files that it names, read once for all rules.
    seen: &'a commands::Seen<'a>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Of its rule.
    pub code: &'static str,
    /// Of its rule.
    pub level: Level,
    /// Where in the policy.
    pub position: Position,
    /// The line there.
    pub quote: String,
    /// What is wrong, in a sentence.
    pub message: String,
    /// What the policy says.
    pub stated: String,
    /// What it should say; empty when only its author can know.
    pub right: String,
    /// How that was computed; empty when there is nothing to compute.
    pub arithmetic: String,
}

/// What one rule has found.
pub(crate) struct Found<'a> {
    rule: &'a Rule,
    loaded: &'a Loaded,
    findings: Vec<Finding>,
}

/// The words of a finding.
#[derive(Default)]
pub(crate) struct Words {
    pub(crate) message: String,
    pub(crate) stated: String,
    pub(crate) right: String,
    pub(crate) arithmetic: String,
}

impl Words {
    pub(crate) fn new(
        message: impl Into<String>,
        stated: impl Into<String>,
        right: impl Into<String>,
    ) -> Words {
        Words {
            message: message.into(),
            stated: stated.into(),
            right: right.into(),
            arithmetic: String::new(),
        }
    }

    pub(crate) fn because(self, arithmetic: impl Into<String>) -> Words {
        Words { arithmetic: arithmetic.into(), ..self }
    }
}

impl Found<'_> {
    /// `path` with dots: `scorecard.0.stated_total`.
    pub(crate) fn at(&mut self, path: &str, words: Words) {
        self.add(&path.split('.').collect::<Vec<_>>(), words);
    }

    /// `path` as in [`crate::policy::Source::at`]: `["scorecard", "0", "stated_total"]`.
    pub(crate) fn add<S: AsRef<str>>(&mut self, path: &[S], words: Words) {
        self.put(self.loaded.source.at(path), words);
    }

    /// In a text of several lines at `path`: its line `row`, from 0, where it stands as it is in the policy.
    pub(crate) fn within<S: AsRef<str>>(&mut self, path: &[S], text: &str, row: usize, words: Words) {
        let mut position = self.loaded.source.at(path);
        let wanted = text.lines().nth(row).unwrap_or_default().trim();
        let lines = self.loaded.source.text().lines().enumerate().skip(position.line.saturating_sub(1));
        let mut near = lines.take(text.lines().count() + 1);
        if !wanted.is_empty()
            && let Some((line, before)) = near.find_map(|(line, of)| Some((line, of.split_once(wanted)?.0)))
        {
            position = Position { line: line + 1, column: before.chars().count() + 1 };
        }
        self.put(position, words);
    }

    fn put(&mut self, position: Position, words: Words) {
        let Words { message, stated, right, arithmetic } = words;
        self.findings.push(Finding {
            code: self.rule.code,
            level: self.rule.level,
            position,
            quote: self.loaded.source.quote(position).to_owned(),
            message,
            stated,
            right,
            arithmetic,
        });
    }
}

/// All rules, in the order of their codes within each family.
pub fn catalogue() -> impl Iterator<Item = &'static Rule> {
    [arithmetic::RULES, thresholds::RULES, dates::RULES, roles::RULES, commands::RULES].into_iter().flatten()
}

/// Looks at a policy with every rule. `files` are the contents of the files that it names, by their `id`; rules about a file that is
/// not given are silent. Findings come in the order of the text.
pub fn lint(loaded: &Loaded, files: &BTreeMap<String, String>, calendars: &Calendars) -> Vec<Finding> {
    let seen = commands::Seen::of(&loaded.policy, files);
    let case = Case { policy: &loaded.policy, calendars, seen: &seen };
    let mut findings = Vec::new();
    for rule in catalogue() {
        let mut found = Found { rule, loaded, findings: Vec::new() };
        (rule.look)(&case, &mut found);
        findings.append(&mut found.findings);
    }
    findings.sort_by(|one, other| one.position.cmp(&other.position).then(one.code.cmp(other.code)));
    findings
}
