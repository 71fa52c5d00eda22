//! The linter against both documents: as they state themselves, mended, and mended with one fault put back.
#![expect(clippy::unwrap_used, reason = "tests")]

mod arithmetic;
mod change;
mod commands;
mod dates;
mod reading;
mod roles;
mod thresholds;

use std::collections::BTreeSet;

use change::{CHANGES, Change};
use reading::{Mended, TICKER, TRADING, codes, findings};
use release::lint::catalogue;

/// The fewest codes that both documents together have to show.
const FEWEST: usize = 60;

#[test]
fn the_documents_as_they_stand_have_most_faults_of_the_catalogue() {
    let found: BTreeSet<&str> = codes(TICKER).union(&codes(TRADING)).copied().collect();
    let silent: Vec<&str> = catalogue().map(|rule| rule.code).filter(|code| !found.contains(code)).collect();
    assert!(
        found.len() >= FEWEST,
        "{} codes are found, at least {FEWEST} have to be: {found:?}; not found: {silent:?}",
        found.len()
    );
}

#[test]
fn what_one_would_use_has_no_fault() {
    let starter = release::init::starter("orders");
    for (name, text) in
        [("ticker", Mended::Ticker.text()), ("trading", Mended::Trading.text()), ("starter", &starter)]
    {
        let found = findings(text);
        assert!(found.is_empty(), "{name}: {found:#?}");
    }
}

#[test]
fn every_code_has_its_change() {
    let known: Vec<&str> = catalogue().map(|rule| rule.code).collect();
    let changed: Vec<&str> = CHANGES.iter().copied().flatten().map(|change| change.code).collect();
    assert_eq!(changed, known);
}

/// What is wrong with a change itself, or with what is found after it.
fn fault(change: &Change) -> Option<String> {
    let code = change.code;
    let mut text = change.policy.text().to_owned();
    for (find, replace) in change.edits {
        let times = text.matches(find).count();
        if times != 1 {
            return Some(format!("{code}: the text to change stands there {times} times:\n{find}"));
        }
        text = text.replacen(find, replace, 1);
    }
    let found = findings(&text);
    let seen: BTreeSet<&str> = found.iter().map(|finding| finding.code).collect();
    (seen != BTreeSet::from([code])).then(|| format!("{code} should be alone: {found:#?}"))
}

#[test]
fn one_change_of_a_mended_policy_gives_its_code_alone() {
    let faults: Vec<String> = CHANGES.iter().copied().flatten().filter_map(fault).collect();
    assert!(faults.is_empty(), "{} changes:\n{}", faults.len(), faults.join("\n\n"));
}
