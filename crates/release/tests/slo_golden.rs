//! The text of rules and of their tests, as people review it: a change shows up as a diff of these files.

use jiff::civil::date;
use release::Loaded;
use release::calendar::Calendars;
use release::slo::{objectives, rule_tests, slo_rules};

#[test]
fn rules_and_tests_are_written_as_before() {
    let policy = Loaded::parse(include_str!("../testdata/slo/desk.toml")).unwrap().policy;
    let mut all = objectives(&policy, &Calendars::builtin(), date(2026, 8, 1)).unwrap();
    all.retain(|objective| objective.slo.id == "sessions");
    let rules = slo_rules(&all);
    assert_eq!(rules.yaml(), include_str!("../testdata/slo/sessions.rules.yml"));
    let tests = rule_tests(&all, &rules, "sessions.rules.yml");
    assert_eq!(tests.files[0].text, include_str!("../testdata/slo/sessions.hour.test.yml"));
}
