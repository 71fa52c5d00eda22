//! Texts that have one finding, and their twins that have none.

use std::collections::BTreeMap;

use release::calendar::Calendars;
use release::lint::{Finding, lint};
use release::policy::Loaded;

/// The start of every text: what follows may go on with fields of the service.
const START: &str = "format = 1\n[service]\nname = \"x\"\n";

/// A text with exactly one finding, and the one change after which there is none.
pub struct Pair {
    pub code: &'static str,
    pub text: &'static str,
    /// Pieces of the right value and of the arithmetic.
    pub says: &'static [&'static str],
    /// What is wrong in the text, found in it once.
    pub wrong: &'static str,
    /// What its clean twin has instead.
    pub right: &'static str,
}

pub fn lint_all(text: &str) -> Vec<Finding> {
    let loaded = Loaded::parse(text).unwrap_or_else(|fault| panic!("{fault}\n{text}"));
    lint(&loaded, &BTreeMap::new(), &Calendars::builtin())
}

/// Findings of the families of arithmetic and thresholds.
fn found(text: &str) -> Vec<Finding> {
    let mut found = lint_all(&format!("{START}{text}"));
    found.retain(|finding| finding.code.starts_with(['A', 'T']));
    found
}

pub fn clean(text: &str) {
    let found = found(text);
    assert!(found.is_empty(), "{found:#?}\n{text}");
}

pub fn finds(text: &str, code: &str, says: &[&str]) -> Finding {
    let mut found = found(text);
    let codes: Vec<&str> = found.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, [code], "{found:#?}\n{text}");
    let finding = found.remove(0);
    let whole = format!("{}\n{}\n{}", finding.message, finding.right, finding.arithmetic);
    for piece in says {
        assert!(whole.contains(piece), "{code} does not say `{piece}`:\n{finding:#?}");
    }
    finding
}

pub fn check(pairs: &[Pair]) {
    for Pair { code, text, says, wrong, right } in pairs {
        finds(text, code, says);
        assert_eq!(text.matches(wrong).count(), 1, "{code}: `{wrong}` is not there once");
        clean(&text.replace(wrong, right));
    }
}
