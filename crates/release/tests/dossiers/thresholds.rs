//! Thresholds and targets that exclude each other.

use crate::change::Change;
use crate::reading::Mended::{Ticker, Trading};

pub const CHANGES: &[Change] = &[
    Change::new(
        "T01",
        Ticker,
        &[(
            r#"limit = "5m"

[[runbook.step]]
id = "switch""#,
            r#"limit = "15m"

[[runbook.step]]
id = "restore"
title = "Restore the database, if data was damaged"
budget = "20m"
optional = true

[[runbook.step]]
id = "switch""#,
        )],
    ),
    Change::new(
        "T02",
        Ticker,
        &[(
            "value = 1, at_least_events = 300 }\nfor = \"2m\"",
            "value = 1, at_least_events = 300 }\nfor = \"15m\"",
        )],
    ),
    Change::new("T03", Trading, &[("point = \"0s\"", "point = \"5m\"")]),
    Change::new(
        "T04",
        Ticker,
        &[("continuous = true # the write-ahead", "continuous = false # no write-ahead")],
    ),
    Change::new(
        "T05",
        Trading,
        &[("method = \"blue-green\"\nlimit = \"45m\"", "method = \"stop-the-world\"\nlimit = \"45m\"")],
    ),
    Change::new(
        "T06",
        Ticker,
        &[(r#"metric = "incidents", is = "<=", value = 4"#, r#"metric = "incidents", is = "<=", value = 5"#)],
    ),
    Change::new(
        "T07",
        Trading,
        &[(
            "title = \"Requests without error\"\nobjective = 99.9\n",
            "title = \"Requests without error\"\nobjective = 99.99\n",
        )],
    ),
    Change::new("T08", Ticker, &[("objective = 99.9\nperiod = \"7d\"", "objective = 99\nperiod = \"7d\"")]),
    Change::new(
        "T09",
        Ticker,
        &[("objective = 99.9\nperiod = \"7d\"", "objective = 99.9\nperiod = \"30d\"")],
    ),
    // The promise must stay longer than the ladder (8 min), and the roll back short enough for every trigger.
    Change::new(
        "T10",
        Trading,
        &[
            ("restore_within = \"15m\"", "restore_within = \"8m\""),
            (
                r#"limit = "5m"
stated_total = "1m30s"

[[runbook.step]]
id = "switch"
title = "All traffic to the old version"
budget = "30s""#,
                r#"limit = "12m"
stated_total = "9m30s"

[[runbook.step]]
id = "switch"
title = "All traffic to the old version"
budget = "8m30s""#,
            ),
        ],
    ),
    Change::new(
        "T11",
        Ticker,
        &[(r#"role = "on-call-engineer", within = "2m""#, r#"role = "on-call-engineer", within = "15m""#)],
    ),
    Change::new(
        "T12",
        Ticker,
        &[(r#""engineering-director"], within = "3m" }"#, r#""engineering-director"], unanimous = true }"#)],
    ),
    Change::new(
        "T13",
        Trading,
        &[(
            "value = 5, at_least_events = 300 }\nfor = \"1m\"",
            "value = 5, at_least_events = 300 }\nfor = \"10m\"",
        )],
    ),
    Change::new(
        "T14",
        Ticker,
        &[("is = \">\", value = 250, at_least_events", "is = \">\", value = 500, at_least_events")],
    ),
    Change::new(
        "T15",
        Ticker,
        &[(
            "value = 1, at_least_events = 300 }\nfor = \"2m\"",
            "value = 1, at_least_events = 300 }\nfor = \"2m\"\nwatched_every = \"15m\"",
        )],
    ),
    Change::new(
        "T16",
        Ticker,
        &[(r#"metric = "cpu", is = "<", value = 90"#, r#"metric = "cpu", is = "<", value = 70"#)],
    ),
    Change::new(
        "T17",
        Ticker,
        &[(r#"metric = "cpu", is = "<", value = 90"#, r#"metric = "cpu", is = "<", value = 80"#)],
    ),
    Change::new("T18", Trading, &[("  { metric = \"latency\", quantile = 0.99, value = 550 },\n", "")]),
    Change::new(
        "T19",
        Trading,
        &[(
            r#"id = "latency", text = "p50 < 100 ms", target = { metric = "latency", quantile = 0.5, is"#,
            r#"id = "latency", text = "p50 < 100 ms", target = { metric = "latency", is"#,
        )],
    ),
    Change::new(
        "T20",
        Ticker,
        &[(
            r#"metric = "rollbacks", is = "==", value = 0, at_least_events = 1 }"#,
            r#"metric = "rollbacks", is = "==", value = 0 }"#,
        )],
    ),
    Change::new(
        "T21",
        Ticker,
        &[(
            r#"weight = 10
hold = "1h30m"
at_most = "3h"
at = "16:30"
gates = [
  { metric = "error-rate", is = "<", value = 0.1, at_least_events = 4300 },
  { metric = "api-latency", quantile = 0.99, is = "<", value = 250, at_least_events = 4300 },"#,
            r#"weight = 1
hold = "15m"
at = "16:30"
gates = [
  { metric = "error-rate", is = "<", value = 0.1, at_least_events = 300 },
  { metric = "api-latency", quantile = 0.99, is = "<", value = 250, at_least_events = 300 },"#,
        )],
    ),
    Change::new(
        "T22",
        Ticker,
        &[(
            r#"at = "16:30"
gates = [
  { metric = "error-rate", is = "<", value = 0.1, at_least_events = 4300 },"#,
            r#"at = "16:30"
gates = [
  { metric = "error-rate", is = "<", value = 0.1, at_least_events = 430000 },"#,
        )],
    ),
    Change::new(
        "T23",
        Ticker,
        &[(
            "at = \"16:30\"\ngates = [\n",
            "at = \"16:30\"\ngates = [\n  { metric = \"memory-growth\", is = \"<\", value = 0.1 },\n",
        )],
    ),
    Change::new(
        "T24",
        Ticker,
        &[(
            r#"hold = "1h30m"
at_most = "3h"
at = "16:30"
gates = [
"#,
            r#"hold = "15m"
at = "16:30"
gates = [
  { metric = "error-rate", is = "<=", value = 2, times_baseline = "daily-dashboard", at_least_events = 4300 },
"#,
        )],
    ),
];
