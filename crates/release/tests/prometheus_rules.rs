//! The rules that are written are rules, and their tests pass, as Prometheus's own tool judges.
#![expect(clippy::unwrap_used, reason = "a test")]

mod support;

use std::path::Path;
use std::process::Command;

use jiff::civil::date;
use release::Loaded;
use release::calendar::Calendars;
use release::slo::dashboard::{Arms, gateway_dashboard, releases_dashboard, slo_dashboard};
use release::slo::rules::{Group, Rule};
use release::slo::{Objective, RulesFile, objectives, rule_tests, rules_for, slo_rules};

fn run(promtool: &Path, directory: &Path, arguments: &[&str]) {
    let done = Command::new(promtool).args(arguments).current_dir(directory).output().unwrap();
    let said = [done.stdout, done.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(done.status.success(), "{arguments:?}: {}", said.join("\n"));
}

/// Checks the rules of a policy and tests each objective's; returns what is not watched or not tested.
fn judged(promtool: &Path, policy: &str) -> Vec<String> {
    let policy = Loaded::parse(policy).unwrap().policy;
    let objectives = objectives(&policy, &Calendars::builtin(), date(2026, 8, 1)).unwrap();
    let all = slo_rules(&objectives);
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("all.rules.yml"), all.yaml()).unwrap();
    run(promtool, directory.path(), &["check", "rules", "all.rules.yml"]);
    let mut notes = all.notes;
    std::thread::scope(|scope| {
        let tested = objectives.iter().map(|one| {
            let directory = directory.path().join(&one.slo.id);
            scope.spawn(move || tested(promtool, &directory, one))
        });
        for tested in tested.collect::<Vec<_>>() {
            notes.extend(tested.join().unwrap());
        }
    });
    notes
}

fn tested(promtool: &Path, directory: &Path, objective: &Objective) -> Vec<String> {
    let one = std::slice::from_ref(objective);
    let rules = slo_rules(one);
    let tests = rule_tests(one, &rules, "slo.rules.yml");
    std::fs::create_dir(directory).unwrap();
    std::fs::write(directory.join("slo.rules.yml"), rules.yaml()).unwrap();
    for file in &tests.files {
        let name = format!("{}.test.yml", file.name);
        std::fs::write(directory.join(&name), &file.text).unwrap();
        run(promtool, directory, &["test", "rules", &name]);
    }
    tests.notes
}

#[test]
fn every_kind_of_objective_passes_promtool() {
    let Some(promtool) = support::program("MERIDIAN_PROMTOOL", "promtool") else {
        println!("skipped: no promtool");
        return;
    };
    let notes = judged(&promtool, include_str!("../testdata/slo/desk.toml"));
    let named: Vec<&str> = notes.iter().filter_map(|note| note.split(':').next()).collect();
    let expected =
        ["week-1", "up", "sessions", "sessions", "sessions-up", "sessions-up", "sessions-up", "sessions-up"];
    assert_eq!(named, expected, "{notes:#?}");
}

#[test]
fn the_tests_notice_a_changed_rule() {
    let Some(promtool) = support::program("MERIDIAN_PROMTOOL", "promtool") else {
        println!("skipped: no promtool");
        return;
    };
    let policy = Loaded::parse(include_str!("../testdata/slo/desk.toml")).unwrap().policy;
    let objectives = objectives(&policy, &Calendars::builtin(), date(2026, 8, 1)).unwrap();
    let directory = tempfile::tempdir().unwrap();
    for (slo, was, is) in [
        ("availability", "0.0144", "0.02"),
        ("availability", "0.0144", "0.01"),
        ("availability", "for: 2m", "for: 6m"),
        ("availability", ">= 200", ">= 20"),
        ("availability", "for: 5m", "for: 15m"),
        ("fast", "{job=\"desk\",le=\"0.5\"}[5m]", "{job=\"desk\",le=\"0.25\"}[5m]"),
        ("sessions", " * slo:sessions:active:ratio1h{service=\"desk\"}", ""),
    ] {
        let one = objectives.iter().find(|objective| objective.slo.id == slo).unwrap();
        let rules = slo_rules(std::slice::from_ref(one));
        let text = rules.yaml();
        assert!(text.contains(was), "{was}: {text}");
        std::fs::write(directory.path().join("slo.rules.yml"), text.replace(was, is)).unwrap();
        let tests = rule_tests(std::slice::from_ref(one), &rules, "slo.rules.yml");
        let hour = tests.files.iter().find(|file| file.name == "hour").unwrap();
        std::fs::write(directory.path().join("hour.test.yml"), &hour.text).unwrap();
        let mut command = Command::new(&promtool);
        let done =
            command.args(["test", "rules", "hour.test.yml"]).current_dir(directory.path()).output().unwrap();
        assert!(!done.status.success(), "nobody notices {is} instead of {was}");
    }
}

const TRIGGERS: &str = r#"
format = 1
service.name = "ticker"
metric = [
  { id = "errors", kind = "ratio", unit = "%", query = '100 * sum(rate(http_requests_total{status=~"5.."}[5m])) / sum(rate(http_requests_total[5m]))' },
  { id = "latency", kind = "latency", unit = "ms", series = 'http_request_duration_seconds_bucket{job="ticker"}' },
  { id = "up", kind = "gauge", query = 'min(up{job="ticker"})' },
]
trigger = [
  { id = "errors", when = { metric = "errors", is = ">", value = 1 }, for = "5m", then = "roll-back" },
  { id = "slow", when = { metric = "latency", quantile = 0.99, is = ">", value = 500 }, for = "5m", then = "page" },
  { id = "down", when = { metric = "up", is = "==", value = 0 }, for = "1m", then = "page" },
  { id = "slower", when = { metric = "latency", quantile = 0.99, is = ">", value = 2, times_baseline = "load" }, then = "hold" },
  { id = "p0", incident = "P0", then = "roll-back" },
]
"#;

#[test]
fn triggers_become_rules() {
    let rules = rules_for(&Loaded::parse(TRIGGERS).unwrap().policy);
    assert_eq!(rules.notes, ["trigger slower: no rule: it is relative to a baseline"]);
    let text = rules.yaml();
    assert!(text.contains("1000 * histogram_quantile(0.99, sum by (le) (rate(http_request_duration_seconds_bucket{job=\"ticker\"}[5m]))) > 500"), "{text}");
    let Some(promtool) = support::program("MERIDIAN_PROMTOOL", "promtool") else {
        println!("skipped: no promtool");
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("triggers.yml"), text).unwrap();
    run(&promtool, directory.path(), &["check", "rules", "triggers.yml"]);
}

#[test]
fn queries_of_dashboards_are_queries() {
    let Some(promtool) = support::program("MERIDIAN_PROMTOOL", "promtool") else {
        println!("skipped: no promtool");
        return;
    };
    let policy = Loaded::parse(include_str!("../testdata/slo/desk.toml")).unwrap().policy;
    let objectives = objectives(&policy, &Calendars::builtin(), date(2026, 8, 1)).unwrap();
    let dashboards = [
        slo_dashboard("desk", &objectives),
        releases_dashboard("desk", &objectives, Arms::default()).unwrap(),
        gateway_dashboard(),
    ];
    let queries = dashboards.iter().flat_map(|dashboard| dashboard.queries());
    let record = |(place, query): (usize, &str)| Rule::Record {
        name: format!("query:{place}"),
        // Grafana's own variable.
        expr: query.replace("$__rate_interval", "5m"),
        labels: Vec::new(),
    };
    let rules = queries.enumerate().map(record).collect();
    let group = Group { name: "dashboards".to_owned(), interval: None, rules };
    let file = RulesFile { groups: vec![group], notes: Vec::new() };
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("queries.yml"), file.yaml()).unwrap();
    run(&promtool, directory.path(), &["check", "rules", "queries.yml"]);
}
