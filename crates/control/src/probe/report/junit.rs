//! JUnit results: tests, failed, errors, skipped, flaky.
//!
//! A test that stands in the report several times was tried several times: its last result counts, and one that
//! failed before it passed is flaky; one that failed and was skipped then has failed. Results outside of a test (a suite that could not begin) count as errors.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::kept::{self, Kept};
use super::source::Source;
use super::xml::{Element, Step, walk};
use super::{Found, NOTES_MAX};

/// What a map needs for a test beside its names, bytes.
const TEST_BYTES: usize = 128;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Passed,
    Failed,
    Broken,
    Skipped,
}

#[derive(Debug)]
struct Test {
    last: Ending,
    failed_before: bool,
}

/// Suite, class, name. A suite's name is kept once for all its tests.
type Name = (Rc<str>, String, String);

#[derive(Default)]
struct Results {
    tests: BTreeMap<Name, Test>,
    /// How often a suite broke outside of a test, and the first names of such suites.
    broken: usize,
    broken_names: Vec<Rc<str>>,
    kept: Kept,
}

pub(super) fn read(source: &mut Source, area: Option<&str>) -> Result<Found, String> {
    let mut results = Results::default();
    let mut suites: Vec<Rc<str>> = Vec::new();
    // Whether the suites around, one by one, are in the area.
    let mut inside: Vec<bool> = Vec::new();
    let mut test: Option<(Name, bool, Ending, bool)> = None;
    let mut first = true;
    walk(source, |step| {
        match step {
            Step::Begin(element) if std::mem::take(&mut first) && !element.name.starts_with("testsuite") => {
                return Err(format!(
                    "it begins with `{}`, not with `testsuites` or `testsuite`",
                    element.name
                ));
            }
            Step::Begin(element) => match element.name.as_str() {
                "testsuite" => {
                    let name = kept::name(element.get("name"))?;
                    let around = inside.last().copied().unwrap_or(area.is_none());
                    inside.push(around || area.is_some_and(|area| name == area || within(name, area)));
                    suites.push(name.into());
                }
                "testcase" => {
                    let suite = suites.last().cloned().unwrap_or_else(|| "".into());
                    let counts = inside.last().copied().unwrap_or(area.is_none())
                        || area.is_some_and(|area| case_is_in(&element, area));
                    let class = kept::name(element.get("classname"))?.to_owned();
                    let name = (suite, class, kept::name(element.get("name"))?.to_owned());
                    test = Some((name, counts, Ending::Passed, false));
                }
                "failure" | "error" | "skipped" | "flakyFailure" | "flakyError" => match &mut test {
                    Some((_, _, ending, flaky)) => match element.name.as_str() {
                        "failure" if *ending != Ending::Broken => *ending = Ending::Failed,
                        "error" => *ending = Ending::Broken,
                        "skipped" if *ending == Ending::Passed => *ending = Ending::Skipped,
                        "flakyFailure" | "flakyError" => *flaky = true,
                        _ => {}
                    },
                    None if element.name != "skipped" && inside.last().copied().unwrap_or(area.is_none()) => {
                        results.broke(suites.last());
                    }
                    None => {}
                },
                _ => {}
            },
            Step::End(name) if name == "testsuite" => {
                suites.pop();
                inside.pop();
            }
            Step::End(name) if name == "testcase" => {
                if let Some((name, true, ending, flaky)) = test.take() {
                    results.add(name, ending, flaky)?;
                }
            }
            Step::End(_) => {}
        }
        Ok(())
    })?;
    results.found(area)
}

impl Results {
    fn broke(&mut self, suite: Option<&Rc<str>>) {
        self.broken += 1;
        if self.broken_names.len() < NOTES_MAX {
            self.broken_names.extend(suite.cloned());
        }
    }

    fn add(&mut self, name: Name, ending: Ending, flaky: bool) -> Result<(), String> {
        if !self.tests.contains_key(&name) {
            self.kept.entry(TEST_BYTES + name.1.len() + name.2.len())?;
        }
        let test = self.tests.entry(name).or_insert(Test { last: ending, failed_before: false });
        test.failed_before |= flaky || matches!(test.last, Ending::Failed | Ending::Broken);
        // Not trying again mends nothing.
        if !(ending == Ending::Skipped && matches!(test.last, Ending::Failed | Ending::Broken)) {
            test.last = ending;
        }
        Ok(())
    }

    fn found(self, area: Option<&str>) -> Result<Found, String> {
        if self.tests.is_empty() && self.broken == 0 {
            return Err(match area {
                Some(area) => format!("no test in `{area}`: none was run"),
                None => "no test in it: none was run".to_owned(),
            });
        }
        let mut found = Found::default();
        let count = |ending| self.tests.values().filter(|test| test.last == ending).count();
        let flaky = |test: &Test| test.last == Ending::Passed && test.failed_before;
        found.count("tests", self.tests.len());
        found.count("failed", count(Ending::Failed));
        found.count("errors", count(Ending::Broken) + self.broken);
        found.count("skipped", count(Ending::Skipped));
        found.count("flaky", self.tests.values().filter(|test| flaky(test)).count());
        for suite in &self.broken_names {
            found.note(format!("error outside of a test: {suite}"));
        }
        for ((suite, class, name), test) in &self.tests {
            match test.last {
                Ending::Failed => found.note(format!("failed: {suite} {class} {name}")),
                Ending::Broken => found.note(format!("error: {suite} {class} {name}")),
                Ending::Passed if test.failed_before => found.note(format!("flaky: {suite} {class} {name}")),
                Ending::Passed | Ending::Skipped => {}
            }
        }
        Ok(found)
    }
}

fn case_is_in(element: &Element, area: &str) -> bool {
    within(element.get("classname"), area) || within(element.get("file"), area)
}

/// `orders` is around `orders`, `orders.routing`, `orders/routing` and `orders::routing`, not around `orders2`.
fn within(name: &str, area: &str) -> bool {
    name.strip_prefix(area)
        .is_some_and(|rest| rest.is_empty() || area.ends_with('/') || rest.starts_with(['.', '/', ':']))
}
