//! Documents and what becomes of them.

use super::*;
use crate::Loaded;

/// An SLO with one ratio; `extra` goes into its `spec`.
fn ratio(good: &str, total: &str, extra: &str) -> String {
    format!(
        r#"apiVersion: openslo/v1
kind: SLO
metadata:
  name: web.answers
  displayName: Answers
spec:
  service: web
  indicator:
    metadata: {{ name: good }}
    spec:
      ratioMetric:
        counter: true
        {good}
        total:
          metricSource:
            type: Prometheus
            spec: {{ query: '{total}' }}
  timeWindow:
    - duration: 4w
      isRolling: true
  {extra}
  objectives:
    - target: 0.995
"#
    )
}

fn part(name: &str, query: &str) -> String {
    format!("{name}: {{ metricSource: {{ type: Prometheus, spec: {{ query: '{query}' }} }} }}")
}

fn only(text: &str) -> Slo {
    let imported = import(text).unwrap();
    assert_eq!(imported.left_out, [], "{text}");
    imported.slos.into_iter().next().unwrap()
}

#[test]
fn ratios_become_counters_of_bad_events() {
    let all = "sum(rate(req_total{job=\"web\"}[5m]))";
    let events = |bad: &str, total: &str| Indicator::Events { bad: bad.to_owned(), total: total.to_owned() };
    let latency = |histogram: &str, within: &str| Indicator::Latency {
        histogram: histogram.to_owned(),
        within: within.parse().unwrap(),
    };
    for (part, total, expected) in [
        (
            part("bad", "sum(increase(req_total{job=\"web\",code=~\"5..\"}[{{.window}}]))"),
            all,
            events("req_total{job=\"web\",code=~\"5..\"}", "req_total{job=\"web\"}"),
        ),
        (
            part("good", "sum(rate(req_total{code!~\"5..\",job=\"web\"}[5m]))"),
            all,
            events("req_total{job=\"web\",code=~\"5..\"}", "req_total{job=\"web\"}"),
        ),
        (
            part("good", "sum(rate(h_bucket{job=\"web\",le=\"0.5\"}[5m]))"),
            "sum(rate(h_count{job=\"web\"}[5m]))",
            latency("h{job=\"web\"}", "0.5"),
        ),
        (part("good", "h_bucket{le=\"1.0\"}"), "h_bucket{le=\"+Inf\"}", latency("h", "1")),
    ] {
        let slo = only(&ratio(&part, total, ""));
        assert_eq!(slo.indicator, expected, "{part}");
        assert_eq!((slo.id.as_str(), slo.title.as_str()), ("web-answers", "Answers"));
        assert_eq!(
            (slo.objective.to_string(), slo.period.to_string()),
            ("99.5".to_owned(), "28d".to_owned())
        );
    }
}

#[test]
fn what_cannot_be_said_is_named_with_its_line() {
    let bad = part("bad", "errors_total");
    for (text, line, words) in [
        (ratio(&part("good", "ok_total"), "all_total", ""), 13, "a policy counts bad events"),
        (ratio(&bad, "sum(a) / sum(b)", ""), 17, "is not a selector"),
        (ratio(&bad, "all_total", "budgetingMethod: Timeslices"), 21, "`Timeslices`"),
        (ratio(&bad, "t", "").replace("true\n        bad", "false\n        bad"), 12, "counter: false"),
        (
            ratio(&bad, "t", "").replace("            type: Prometheus", "            type: Datadog"),
            16,
            "`Datadog`",
        ),
        (ratio(&bad, "t", "").replace("4w", "1M"), 19, "`1M` has to be in w, d, h or m"),
        (ratio(&bad, "t", "").replace("isRolling: true", "isRolling: false"), 19, "only rolling"),
        (ratio(&bad, "t", "").replace("0.995", "1"), 23, "objective` is 100 %"),
        (ratio(&bad, "t", "").replace("openslo/v1", "openslo/v1alpha"), 1, "only openslo/v1 is read"),
        (
            ratio(&bad, "t", "").replace("kind: SLO", "kind: AlertPolicy"),
            2,
            "kind `AlertPolicy` is not imported",
        ),
        (ratio(&bad, "t", "alertPolicies: [page]"), 21, "alerts follow from the objective"),
    ] {
        let imported = import(&text).unwrap();
        let found = imported.left_out.first().unwrap_or_else(|| panic!("{text}"));
        assert!(found.words.contains(words), "{found} instead of {words}");
        assert_eq!(found.line, line, "{found}");
    }
    let fault = import("apiVersion: openslo/v1\nkind: [").unwrap_err();
    assert!(fault.line >= 2, "{fault}");
    assert!(import("just a text").is_err());
}

const REFERRED: &str = r#"
apiVersion: openslo/v1
kind: SLI
metadata: { name: login }
spec:
  thresholdMetric:
    metricSource:
      metricSourceRef: ours
      type: Prometheus
      spec: { query: 'meridian_probe_success{check="login"}' }
---
apiVersion: openslo/v1
kind: SLO
metadata: { name: login }
spec:
  service: web
  indicatorRef: login
  timeWindow: [{ duration: 30d, isRolling: true }]
  budgetingMethod: Timeslices
  objectives:
    - { displayName: Usual, op: gte, value: 1, target: 0.999, timeSliceTarget: 1, timeSliceWindow: 2m }
    - { displayName: Least, op: gte, value: 1, targetPercent: 99.5, timeSliceTarget: 1, timeSliceWindow: 2m }
"#;

#[test]
fn checks_by_reference_and_several_objectives() {
    let imported = import(REFERRED).unwrap();
    assert_eq!(imported.left_out, []);
    assert_eq!(imported.services, ["web"]);
    let ids: Vec<&str> = imported.slos.iter().map(|slo| slo.id.as_str()).collect();
    assert_eq!(ids, ["login-1", "login-2"]);
    let every = Length::minutes(2);
    assert_eq!(imported.slos[1].indicator, Indicator::Probe { check: "login".to_owned(), every });
    assert_eq!(imported.slos[1].objective.to_string(), "99.5");
    let other = REFERRED.replace("meridian_probe_success", "probe_success");
    let left = &import(&other).unwrap().left_out[0];
    assert!(left.words.contains("only meridian_probe_success"), "{left}");
    assert_eq!(left.line, 10, "{left}");
}

#[test]
fn the_text_is_a_policy_again() {
    let bad = part("bad", "sum(rate(req_total{path=~\"/a\\\\.b|\\\"c\\\"\"}[5m]))");
    let mut slos = import(REFERRED).unwrap().slos;
    slos.push(only(&ratio(&bad, "req_total", "")));
    slos.push(only(
        &ratio(&part("good", "h_bucket{le=\"0.25\"}"), "h_count", "").replace("web.answers", "quick"),
    ));
    let text = format!("format = 1\nservice.name = \"web\"\n\n{}", policy_text(&slos));
    assert_eq!(Loaded::parse(&text).unwrap().policy.slos, slos);
}
