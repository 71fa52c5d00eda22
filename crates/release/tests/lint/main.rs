//! What the linter finds, and where it stays silent.
#![expect(clippy::unwrap_used, reason = "tests")]

mod arithmetic;
mod commands;
mod dates;
mod hostile;
mod mutations;
mod roles;
mod spotting;
mod support;
mod thresholds;

use std::collections::BTreeSet;

use release::lint::catalogue;

#[test]
fn codes_are_unique_and_explained() {
    let mut known = BTreeSet::new();
    for rule in catalogue() {
        assert!(known.insert(rule.code), "{} twice", rule.code);
        assert!(rule.code.len() == 3 && "ATDRC".contains(&rule.code[..1]), "{}", rule.code);
        assert!(
            !rule.title.is_empty() && rule.explain.len() > 80,
            "{} needs a title and an explanation",
            rule.code
        );
        assert!(!rule.explain.contains("  "), "{}: spaces left by a broken line", rule.code);
    }
}

#[test]
fn every_rule_of_these_families_has_a_pair() {
    let tested: BTreeSet<&str> =
        arithmetic::PAIRS.iter().chain(thresholds::PAIRS).map(|pair| pair.code).collect();
    let rules: BTreeSet<&str> =
        catalogue().map(|rule| rule.code).filter(|code| code.starts_with(['A', 'T'])).collect();
    assert_eq!(tested, rules);
}

#[test]
fn findings_come_in_the_order_of_the_text() {
    let found = support::lint_all(mutations::SAMPLE);
    assert!(found.len() > 10);
    assert!(found.is_sorted_by_key(|finding| (finding.position, finding.code)));
    for finding in &found {
        let line = mutations::SAMPLE.lines().nth(finding.position.line - 1).unwrap();
        assert_eq!(finding.quote, line.trim());
        assert!(!finding.message.is_empty() && !finding.stated.is_empty(), "{finding:?}");
    }
}
