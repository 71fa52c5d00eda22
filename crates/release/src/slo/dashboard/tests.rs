//! What holds for every dashboard.

use std::collections::BTreeSet;

use jiff::civil::date;
use serde_json::Value;

use super::*;
use crate::Loaded;
use crate::calendar::Calendars;
use crate::slo::{Objective, objectives};

fn desk() -> Vec<Objective> {
    let policy = Loaded::parse(include_str!("../../../testdata/slo/desk.toml")).unwrap().policy;
    objectives(&policy, &Calendars::builtin(), date(2026, 8, 1)).unwrap()
}

fn all() -> [Dashboard; 3] {
    let desk = desk();
    [
        slo_dashboard("desk", &desk),
        releases_dashboard("desk", &desk, Arms::default()).unwrap(),
        gateway_dashboard(),
    ]
}

#[test]
fn panels_do_not_overlap_and_ids_are_unique() {
    for dashboard in all() {
        let text = dashboard.json();
        let read: Value = serde_json::from_str(&text).unwrap();
        let panels = read["panels"].as_array().unwrap();
        let mut ids = BTreeSet::new();
        let mut taken = BTreeSet::new();
        for panel in panels {
            assert!(ids.insert(panel["id"].as_u64().unwrap()), "{}", panel["title"]);
            let side = |name: &str| panel["gridPos"][name].as_u64().unwrap();
            assert!(side("x") + side("w") <= 24 && side("h") > 0, "{}", panel["title"]);
            for x in side("x")..side("x") + side("w") {
                for y in side("y")..side("y") + side("h") {
                    assert!(taken.insert((x, y)), "{} lies over another panel", panel["title"]);
                }
            }
            let queries = panel["targets"].as_array();
            assert_eq!(panel["type"] == "row", queries.is_none(), "{}", panel["title"]);
        }
        assert!(read["uid"].as_str().unwrap().len() <= 40);
        assert_eq!(text, dashboard.json());
    }
    assert_eq!(all().map(|dashboard| dashboard.json()), all().map(|dashboard| dashboard.json()));
}

/// Names of our own metrics in a text, histograms without their suffixes.
fn metrics(text: &str) -> BTreeSet<String> {
    let inside = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let words = text.split(|letter: char| !inside(letter)).filter(|word| word.starts_with("meridian_"));
    words.map(|word| word.strip_suffix("_bucket").unwrap_or(word).to_owned()).collect()
}

#[test]
fn the_gateways_dashboard_shows_the_metrics_of_the_documentation() {
    let page = include_str!("../../../../../docs/metrics.md");
    let rows = page.lines().filter(|line| line.starts_with("| `meridian_"));
    let documented = metrics(&rows.filter_map(|row| row.split('`').nth(1)).collect::<Vec<_>>().join(" "));
    assert!(documented.len() > 20, "{documented:?}");
    let dashboard = gateway_dashboard();
    let shown = metrics(&dashboard.queries().collect::<Vec<_>>().join(" "));
    let unknown: Vec<_> = shown.difference(&documented).collect();
    assert_eq!(unknown, [""; 0], "a panel asks for what nobody exports");
    let missing: Vec<_> = documented.difference(&shown).collect();
    assert_eq!(missing, [""; 0], "no panel shows it");
    assert_eq!(metrics(&dashboard.json()), shown, "variables ask for the same metrics");
}

#[test]
fn the_dashboard_of_objectives_asks_for_what_is_recorded() {
    let desk = desk();
    let rules = crate::slo::slo_rules(&desk).yaml();
    let dashboard = slo_dashboard("desk", &desk);
    let mut asked = 0;
    for query in dashboard.queries() {
        for name in query.split(|letter: char| !letter.is_ascii_alphanumeric() && !"_:".contains(letter)) {
            if name.starts_with("slo:") {
                assert!(rules.contains(&format!("record: \"{name}\"")), "{name} is not recorded");
                asked += 1;
            }
        }
    }
    assert!(asked > 40, "{asked}");
}

#[test]
fn a_release_is_shown_per_version() {
    let dashboard =
        releases_dashboard("desk", &desk(), Arms { label: "track", candidate: "new", stable: "old" });
    let dashboard = dashboard.unwrap();
    let queries: Vec<&str> = dashboard.queries().collect();
    let asks = |text: &str| queries.iter().any(|query| query.contains(text));
    assert!(asks("http_requests_total{job=\"desk\",status=~\"5..|429\",track=\"new\"}"), "{queries:#?}");
    assert!(asks("http_requests_total{job=\"desk\",track=\"old\"}"));
    assert!(asks(
        "histogram_quantile(0.99, sum by (le) (rate(http_request_duration_seconds_bucket{job=\"desk\",track=\"new\"}[5m])))"
    ));
    assert!(dashboard.json().contains("\"-- Grafana --\""));
    let wrong = Arms { label: "a b", ..Arms::default() };
    assert!(releases_dashboard("desk", &desk(), wrong).is_err());
}
