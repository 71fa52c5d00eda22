use std::fs::{self, File};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use control::cancel::Cancel;
use control::probe::{Outcome, Verdict, run_all};
use release::Figure;

use crate::setup::{ask_one, context, failed, unknown};

/// Asks `kind` of a file with this content. `demand` is targets as `tests >= 1`, and `area NAME`.
async fn ask(kind: &str, format: &str, content: &str, demands: &[&str]) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("report"), content).unwrap();
    ask_file(folder.path(), kind, format, demands).await
}

async fn ask_file(folder: &Path, kind: &str, format: &str, demands: &[&str]) -> Outcome {
    let (mut targets, mut area) = (Vec::new(), String::new());
    for demand in demands {
        match demand.split(' ').collect::<Vec<_>>()[..] {
            ["area", name] => area = format!(", area = \"{name}\""),
            [metric, is, value] => {
                targets.push(format!("{{ metric = \"{metric}\", is = \"{is}\", value = {value} }}"))
            }
            _ => panic!("{demand}"),
        }
    }
    let targets = targets.join(", ");
    let wanted =
        format!("probe.{kind} = {{ path = \"report\", format = \"{format}\", targets = [{targets}]{area} }}");
    // The largest of these reports take their time in a build that is not optimised.
    ask_one(folder, &format!("[[check]]\nid = \"x\"\ntimeout = \"2m\"\n{wanted}\n")).await
}

fn figure(outcome: &Outcome, name: &str) -> String {
    outcome.figures.get(name).map_or_else(|| format!("none: {outcome:?}"), Figure::to_string)
}

const TESTS: &str = r#"<?xml version="1.0"?>
<testsuites>
  <testsuite name="orders" tests="5">
    <testcase classname="orders.book" name="add"/>
    <testcase classname="orders.book" name="retried"><failure message="a &lt; b"/></testcase>
    <testcase classname="orders.book" name="retried"/>
    <testcase classname="orders.route" name="slow"><skipped/></testcase>
    <testcase classname="orders.route" name="reported"><flakyFailure/></testcase>
  </testsuite>
  <testsuite name="streams">
    <testcase classname="streams" name="cut"><failure/></testcase>
    <testcase classname="streams" name="broken"><error/></testcase>
  </testsuite>
</testsuites>"#;

#[tokio::test]
async fn tests_are_counted_by_their_last_result() {
    let outcome = ask("test-report", "junit", TESTS, &["tests >= 6", "failed <= 1", "errors <= 1"]).await;
    assert_eq!(outcome.result, Verdict::Pass, "{outcome:?}");
    for (name, count) in [("tests", "6"), ("failed", "1"), ("errors", "1"), ("skipped", "1"), ("flaky", "2")]
    {
        assert_eq!(figure(&outcome, name), count, "{name}");
    }
    assert!(outcome.output.contains("failed: streams streams cut"), "{}", outcome.output);
    assert!(outcome.output.contains("flaky: orders orders.book retried"), "{}", outcome.output);
    let outcome = ask("test-report", "junit", TESTS, &["tests >= 1"]).await;
    assert!(
        failed(&outcome).contains("failed is 1"),
        "failures fail unless the policy allows them: {outcome:?}"
    );
    let orders = ask("test-report", "junit", TESTS, &["area orders"]).await;
    assert_eq!((&orders.result, figure(&orders, "tests")), (&Verdict::Pass, "4".to_owned()));
    let book = ask("test-report", "junit", TESTS, &["area orders.book"]).await;
    assert_eq!(figure(&book, "tests"), "2");
    assert!(
        unknown(&ask("test-report", "junit", TESTS, &["area order"]).await).contains("no test in `order`")
    );
}

#[tokio::test]
async fn a_report_of_nothing_or_of_half_is_unknown() {
    let cut = &TESTS[..TESTS.len() - 30];
    let bomb = "<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;\">]><testsuites><testcase name=\"&b;\"/></testsuites>";
    let unknown_entity = "<testsuites><testcase name=\"&b;\"/></testsuites>";
    let deep = format!("<testsuite>{}", "<a>".repeat(100_000));
    let wide = format!("<testsuite {}/>", (0..10_000).map(|n| format!("a{n}=\"\" ")).collect::<String>());
    for text in [
        "",
        "<testsuites/>",
        "not XML",
        "<html></html>",
        cut,
        bomb,
        unknown_entity,
        &deep,
        &wide,
        "<testsuite></b>",
    ] {
        unknown(&ask("test-report", "junit", text, &["tests >= 0"]).await);
    }
}

#[tokio::test]
async fn a_suite_that_broke_outside_of_its_tests_fails() {
    let text = "<testsuite name=\"a\"><testcase name=\"good\"/><error>cannot begin</error></testsuite>";
    let outcome = ask("test-report", "junit", text, &["tests >= 1"]).await;
    assert!(failed(&outcome).contains("errors is 1"), "{outcome:?}");
}

#[tokio::test]
async fn lines_are_counted_once_however_often_they_are_reported() {
    let lcov = "TN:\nSF:/build/src/orders/a.rs\nFN:1,f\nDA:1,0\nDA:2,5\nLF:2\nLH:1\nend_of_record\n\
                SF:/build/src/orders/a.rs\nDA:1,1\nDA:2,0\nDA:3,0\nend_of_record\n\
                SF:/build/src/streams/b.rs\nLF:4\nLH:1\nend_of_record\n";
    let outcome = ask("coverage", "lcov", lcov, &["lines >= 42"]).await;
    assert_eq!((&outcome.result, figure(&outcome, "lines").as_str()), (&Verdict::Pass, "42.857142"));
    let orders = ask("coverage", "lcov", lcov, &["lines >= 90", "area src/orders"]).await;
    assert!(failed(&orders).contains("lines is 66.666666, not >= 90"), "{orders:?}");
    assert!(
        unknown(&ask("coverage", "lcov", lcov, &["lines >= 0", "area src/order"]).await)
            .contains("/build/src/orders/a.rs")
    );
    assert!(unknown(&ask("coverage", "lcov", lcov, &[]).await).contains("no target"));
    for text in [
        "",
        "DA:1,1\n",
        "SF:a\nDA:1,1\n",
        "SF:a\nDA:x,1\nend_of_record\n",
        "SF:a\nDA:99999999999,1\nend_of_record\n",
        "<xml/>",
    ] {
        unknown(&ask("coverage", "lcov", text, &["lines >= 0"]).await);
    }
}

#[tokio::test]
async fn cobertura_has_lines_or_a_rate() {
    let lines = r#"<!DOCTYPE coverage SYSTEM "http://cobertura.sourceforge.net/xml/coverage-04.dtd">
        <coverage line-rate="0.99"><packages><package><classes>
        <class filename="src/a.py"><methods><method><lines><line number="1" hits="1"/></lines></method></methods>
        <lines><line number="1" hits="1"/><line number="2" hits="0"/></lines></class>
        </classes></package></packages></coverage>"#;
    let outcome = ask("coverage", "cobertura", lines, &["lines >= 50"]).await;
    assert_eq!((&outcome.result, figure(&outcome, "lines").as_str()), (&Verdict::Pass, "50"));
    let rate = ask("coverage", "cobertura", "<coverage line-rate=\"0.853\"/>", &["lines >= 85"]).await;
    assert_eq!((&rate.result, figure(&rate, "lines").as_str()), (&Verdict::Pass, "85.3"));
    for text in
        ["<coverage/>", "<coverage line-rate=\"85\"/>", "<coverage line-rate=\"NaN\"/>", "<testsuites/>"]
    {
        unknown(&ask("coverage", "cobertura", text, &["lines >= 0"]).await);
    }
}

#[tokio::test]
async fn scanners_are_counted_by_severity() {
    let sarif = r#"{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "trivy", "rules": [
        {"id": "CVE-1", "properties": {"security-severity": "9.8"}},
        {"id": "CVE-2", "properties": {"security-severity": "5.0"}}]}},
        "results": [{"ruleId": "CVE-1", "level": "error"}, {"ruleId": "CVE-2", "level": "error"}, {"ruleId": "x", "level": "note"},
        {"ruleId": "CVE-1", "suppressions": [{"kind": "external"}]}]}]}"#;
    let outcome = ask("image-scan", "sarif", sarif, &["critical <= 1", "high == 0"]).await;
    assert_eq!(outcome.result, Verdict::Pass, "{outcome:?}");
    assert_eq!(
        (figure(&outcome, "medium"), figure(&outcome, "low"), figure(&outcome, "suppressed")),
        ("1".into(), "1".into(), "1".into())
    );
    assert!(outcome.output.starts_with("critical: CVE-1"), "{}", outcome.output);
    assert!(
        failed(&ask("image-scan", "sarif", sarif, &[]).await).contains("critical is 1"),
        "nothing grave, unless the policy says more"
    );
    let trivy = r#"{"SchemaVersion": 2, "Results": [{"Target": "debian", "Vulnerabilities": [{"VulnerabilityID": "C", "Severity": "HIGH"}]}]}"#;
    assert!(failed(&ask("image-scan", "json", trivy, &[]).await).contains("high is 1"));
    let grype = r#"{"matches": [{"vulnerability": {"id": "C", "severity": "Critical"}}]}"#;
    assert!(failed(&ask("image-scan", "json", grype, &[]).await).contains("critical is 1"));
    assert_eq!(ask("image-scan", "json", r#"{"critical": 0, "HIGH": 0}"#, &[]).await.result, Verdict::Pass);
    for text in ["{}", "[]", r#"{"critical": 0}"#] {
        unknown(&ask("image-scan", "json", text, &[]).await);
    }
    let failed_scan = r#"{"runs": [{"invocations": [{"executionSuccessful": false}], "results": []}]}"#;
    for text in ["{}", r#"{"runs": []}"#, r#"{"runs": [{}]}"#, failed_scan] {
        unknown(&ask("image-scan", "sarif", text, &[]).await);
    }
}

#[tokio::test]
async fn figures_are_found_by_name() {
    let text = r#"{"p99_ms": 180.5, "errors": 0.05, "stage": {"hours": 24, "growth": 1e-3}, "big": 1e300}"#;
    let fine = text.replace(", \"big\": 1e300", "");
    assert_eq!(
        ask("load-report", "json", &fine, &["p99_ms < 250", "errors < 0.1"]).await.result,
        Verdict::Pass
    );
    assert!(failed(&ask("soak", "json", &fine, &["stage.hours >= 48"]).await).contains("24, not >= 48"));
    assert_eq!(
        ask("soak", "json", &fine, &["hours >= 24", "growth == 0.001", "area stage"]).await.result,
        Verdict::Pass
    );
    let missing = ask("load-report", "json", &fine, &["p95_ms < 1"]).await;
    assert!(unknown(&missing).contains("errors, p99_ms, stage.growth, stage.hours"), "{missing:?}");
    assert!(unknown(&ask("load-report", "json", text, &["errors < 1"]).await).contains("too large"));
    unknown(&ask("load-report", "json", &fine, &["area none", "hours > 1"]).await);
    unknown(&ask("load-report", "lcov", &fine, &["errors < 1"]).await);
}

#[tokio::test]
async fn hostile_files_are_refused_in_time() {
    let deep = "[".repeat(1_000_000);
    unknown(&ask("load-report", "json", &deep, &["errors < 1"]).await);
    let line = "x".repeat(1_000_000);
    assert!(unknown(&ask("coverage", "lcov", &line, &["lines > 1"]).await).contains("longer than"));
    let folder = tempfile::tempdir().unwrap();
    // A gigabyte that takes no room.
    File::create(folder.path().join("report")).unwrap().set_len(1 << 30).unwrap();
    for (kind, format) in [("coverage", "lcov"), ("load-report", "json"), ("coverage", "cobertura")] {
        assert!(unknown(&ask_file(folder.path(), kind, format, &["lines > 1"]).await).contains("1073741824"));
    }
    fs::remove_file(folder.path().join("report")).unwrap();
    unknown(&ask_file(folder.path(), "coverage", "lcov", &["lines > 1"]).await);
    // A pipe that nobody writes to.
    assert!(
        std::process::Command::new("mkfifo").arg(folder.path().join("report")).status().unwrap().success()
    );
    let outcome = ask_file(folder.path(), "coverage", "lcov", &["lines > 1"]).await;
    assert!(unknown(&outcome).contains("no file"), "{outcome:?}");
}

/// A few hundred kilobytes that would take gigabytes, if names were repeated for everything under them.
#[tokio::test]
async fn small_reports_that_would_fill_memory_are_refused() {
    let long = "x".repeat(60_000);
    let cases = "<testcase name=\"a\"/>".repeat(3);
    let suite = format!("<testsuite name=\"{long}\">{cases}</testsuite>");
    assert!(unknown(&ask("test-report", "junit", &suite, &["tests >= 1"]).await).contains("name"));
    let case = format!("<testsuite><testcase name=\"a\" classname=\"{long}\"/></testsuite>");
    assert!(unknown(&ask("test-report", "junit", &case, &["tests >= 1"]).await).contains("name"));
    let file = format!("SF:{long}\nDA:1,1\nend_of_record\n");
    assert!(unknown(&ask("coverage", "lcov", &file, &["lines > 1"]).await).contains("name"));
    let members: Vec<_> = (0..100).map(|number| format!("\"f{number}\": 1")).collect();
    let figures = format!("{{\"{long}\": {{{}}}}}", members.join(", "));
    assert!(unknown(&ask("load-report", "json", &figures, &["f1 < 2"]).await).contains("name"));
    // Words of any length are no names.
    let notes = format!("{{\"errors\": 0, \"{long}\": \"{long}\"}}");
    assert_eq!(ask("load-report", "json", &notes, &["errors < 1"]).await.result, Verdict::Pass);
    let message =
        format!("<testsuite><testcase name=\"a\"><skipped message=\"{long}\"/></testcase></testsuite>");
    assert_eq!(ask("test-report", "junit", &message, &["tests >= 1"]).await.result, Verdict::Pass);
    let maps = format!("{{\"errors\": 0, \"list\": [{}{{}}]}}", "{\"a\":1},".repeat(300_000));
    assert!(unknown(&ask("load-report", "json", &maps, &["errors < 1"]).await).contains("memory"));
    let files: String = (0..300_000).map(|number| format!("SF:{number}\nDA:1,1\nend_of_record\n")).collect();
    assert!(unknown(&ask("coverage", "lcov", &files, &["lines > 1"]).await).contains("memory"));
}

#[tokio::test]
async fn many_errors_of_one_suite_are_counted() {
    let name = "x".repeat(1_000);
    let text = format!("<testsuite name=\"{name}\">{}</testsuite>", "<error/>".repeat(5_000));
    let outcome = ask("test-report", "junit", &text, &["tests >= 0"]).await;
    assert!(failed(&outcome).contains("errors is 5000"), "{outcome:?}");
}

#[tokio::test]
async fn a_test_that_is_skipped_after_it_failed_has_failed() {
    let case = |inside: &str| format!("<testcase name=\"a\">{inside}</testcase>");
    for (first, metric) in [("<failure/>", "failed is 1"), ("<error/>", "errors is 1")] {
        let text = format!("<testsuite>{}{}</testsuite>", case(first), case("<skipped/>"));
        assert!(failed(&ask("test-report", "junit", &text, &["tests >= 1"]).await).contains(metric));
        let text = format!("<testsuite>{}{}{}</testsuite>", case(first), case("<skipped/>"), case(""));
        assert_eq!(ask("test-report", "junit", &text, &["flaky == 1"]).await.result, Verdict::Pass);
    }
}

#[tokio::test]
async fn a_scan_without_results_is_unknown() {
    for text in ["{\"SchemaVersion\": 2}", "{\"SchemaVersion\": 2, \"Results\": []}", "{\"Results\": null}"] {
        let outcome = ask("image-scan", "json", text, &[]).await;
        assert!(unknown(&outcome).contains("nothing was scanned"), "{outcome:?}");
    }
    let clean = "{\"SchemaVersion\": 2, \"Results\": [{\"Target\": \"app\"}]}";
    assert_eq!(ask("image-scan", "json", clean, &[]).await.result, Verdict::Pass);
}

#[tokio::test]
async fn a_report_that_is_older_than_evidence_may_be_is_unknown() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("report");
    fs::write(&file, "{\"errors\": 0}").unwrap();
    let written = fs::metadata(&file).unwrap().modified().unwrap();
    let hours = |hours: u64| Duration::from_secs(hours * 3_600);
    let set = |time: SystemTime| File::options().write(true).open(&file).unwrap().set_modified(time).unwrap();
    let report = |name: &str| {
        format!(
            "{{ path = \"{name}\", format = \"json\", targets = [{{ metric = \"errors\", is = \"<\", value = 1 }}] }}"
        )
    };
    let check =
        |more: &str| format!("[[check]]\nid = \"x\"\n{more}probe.load-report = {}\n", report("report"));
    set(written - hours(25));
    let old = ask_one(folder.path(), &check("")).await;
    assert!(unknown(&old).contains("see `expires`"), "{old:?}");
    assert_eq!(ask_one(folder.path(), &check("expires = \"2d\"\n")).await.result, Verdict::Pass);
    set(written + hours(1));
    assert!(unknown(&ask_one(folder.path(), &check("")).await).contains("in the future"));
    // What is known to be broken may be as old as it likes.
    fs::rename(&file, folder.path().join("broken")).unwrap();
    fs::write(folder.path().join("broken"), "{\"errors\": 9}").unwrap();
    File::options()
        .write(true)
        .open(folder.path().join("broken"))
        .unwrap()
        .set_modified(written - hours(999))
        .unwrap();
    fs::write(&file, "{\"errors\": 0}").unwrap();
    let control = format!("control.load-report = {}\n", report("broken"));
    let outcome = ask_one(folder.path(), &check(&control)).await;
    assert_eq!(outcome.result, Verdict::Pass, "{outcome:?}");
}

#[tokio::test]
async fn a_scan_of_another_image_says_nothing_about_this_one() {
    let folder = tempfile::tempdir().unwrap();
    let trivy = "{\"SchemaVersion\": 2, \"Metadata\": {\"RepoDigests\": [\"r/app@sha256:aa11\", \"s/app@sha256:bb22\"]}, \
                 \"Results\": [{\"Target\": \"app\"}]}";
    let grype = "{\"matches\": [], \"source\": {\"target\": {\"repoDigests\": [\"r/app@sha256:bb22\"]}}}";
    for text in [trivy, grype] {
        fs::write(folder.path().join("report"), text).unwrap();
        for (digest, about, same) in [
            ("sha256:bb22", "artefact", true),
            ("sha256:cc33", "artefact", false),
            ("sha256:cc33", "environment", true),
        ] {
            let check = format!(
                "[[check]]\nid = \"x\"\nabout = \"{about}\"\nprobe.image-scan = {{ path = \"report\", format = \"json\" }}\n"
            );
            let (checks, context) = context(&check, folder.path());
            let (_canceller, cancel) = Cancel::pair();
            let context = Arc::new(context.with_digest(digest.to_owned()));
            let outcome = run_all(&checks, &context, NonZeroUsize::MIN, &cancel, |_| ()).await.remove(0);
            if same {
                assert_eq!(outcome.result, Verdict::Pass, "{outcome:?}");
            } else {
                assert!(unknown(&outcome).contains("not about sha256:cc33"), "{outcome:?}");
            }
        }
    }
}
