//! Thresholds and targets that exclude each other.

use crate::support::{Pair, check, clean, finds};

/// A metric of errors in percent, with more text after it.
macro_rules! errors {
    ($more:literal) => {
        concat!("[[metric]]\nid = \"errors\"\nkind = \"ratio\"\nunit = \"%\"\n", $more)
    };
}

/// A step of the roll-out at 40 requests a second, with a gate on errors.
macro_rules! step {
    ($step:literal) => {
        concat!(
            "requests_per_second = 40\n",
            "[[metric]]\nid = \"errors\"\nkind = \"ratio\"\nunit = \"%\"\n",
            "[rollout]\nmethod = \"blue-green\"\n[[rollout.step]]\n",
            $step
        )
    };
}

/// A roll back of 17 minutes, 27 to 47 with the database.
macro_rules! roll_back {
    ($more:literal) => {
        concat!(
            $more,
            r#"
[[runbook]]
id = "back"
purpose = "roll-back"
step = [
  { id = "revert", budget = "5m" },
  { id = "database", budget = "10m..30m", optional = true },
  { id = "switch", budget = "2m" },
  { id = "validate", budget = "10m" },
]
"#
        )
    };
}

pub const PAIRS: &[Pair] = &[
    Pair {
        code: "T01",
        text: roll_back!("[recovery]\ntime = \"15m\"\npoint = \"5m\""),
        says: &[
            "17 to 47 min",
            "takes 17 min without `database`, 27 to 47 min with",
            "5 + 10..30 + 2 + 10 = 27 to 47 min",
        ],
        wrong: "15m",
        right: "50m",
    },
    Pair {
        code: "T02",
        text: r#"
[[metric]]
id = "errors"
kind = "ratio"
unit = "%"
[recovery]
time = "20m"
point = "5m"
[[runbook]]
id = "back"
purpose = "roll-back"
step = [{ id = "revert", budget = "17m" }]
[[trigger]]
id = "errors"
when = { metric = "errors", is = ">", value = 5 }
for = "15m"
then = "roll-back"
"#,
        says: &["15 min + 17 min = 32 min, more than 20 min"],
        wrong: "for = \"15m\"",
        right: "for = \"3m\"",
    },
    Pair {
        code: "T03",
        text: "[recovery]\ntime = \"15m\"\npoint = \"5m\"\nloses_nothing = true\n",
        says: &["5 min of data may be lost", "0 s"],
        wrong: "5m\"\nl",
        right: "0s\"\nl",
    },
    Pair {
        code: "T04",
        text: r#"
[recovery]
time = "15m"
point = "5m"
backup = [{ id = "snapshot", of = "database", every = "1d" }, { id = "wal", of = "database", every = "1d", continuous = true }]
[[runbook]]
id = "back"
purpose = "roll-back"
step = [{ id = "restore", budget = "10m", touches = "revert-data", restores = "snapshot" }]
"#,
        says: &["`snapshot`, which may be 24 h old", "24 h > 5 min"],
        wrong: "restores = \"snapshot\"",
        right: "restores = \"wal\"",
    },
    Pair {
        code: "T05",
        text: r#"
[[slo]]
id = "uptime"
objective = 99.9
period = "30d"
indicator.probe = { check = "alive", every = "1m" }
[[runbook]]
id = "deploy"
purpose = "deploy"
method = "stop-the-world"
step = [
  { id = "start", budget = "7m" },
  { id = "verify", budget = "20m" },
  { id = "switch", budget = "2m" },
  { id = "monitor", budget = "2h", after_service = true },
]
"#,
        says: &["29 min of outage, 67 % of the budget", "29 min / 43.2 min = 67 %"],
        wrong: "stop-the-world",
        right: "blue-green",
    },
    Pair {
        code: "T06",
        text: r#"
[[metric]]
id = "incidents"
kind = "count"
[[metric]]
id = "mttr"
kind = "duration"
unit = "min"
[[slo]]
id = "uptime"
objective = 99.9
period = "30d"
indicator.probe = { check = "alive", every = "1m" }
[[horizon]]
id = "month-1"
after = "30d"
[[horizon.criterion]]
id = "incidents"
text = "Incident count < 5 per week"
target = { metric = "incidents", is = "<", value = 5, over = "7d" }
[[horizon.criterion]]
id = "mttr"
text = "MTTR < 10 minutes"
target = { metric = "mttr", is = "<", value = 10 }
"#,
        says: &["5 x 10 min x 30 / 7 = 214 min, more than 43.2 min"],
        wrong: "value = 5,",
        right: "value = 1,",
    },
    Pair {
        code: "T07",
        text: errors!(
            r#"
[[slo]]
id = "errors"
metric = "errors"
objective = 99.9
period = "30d"
indicator.events = { bad = "failed", total = "all" }
[[trigger]]
id = "too-many"
when = { metric = "errors", is = ">", value = 5 }
then = "roll-back"
"#
        ),
        says: &["between 0.1 % (`errors`) and 5 % (`too-many`)", "0.1 % x 30 d / 4.9 % = 14.7 h"],
        wrong: "value = 5 }",
        right: "value = 0.1 }",
    },
    Pair {
        code: "T08",
        text: r#"
[[slo]]
id = "week-1"
objective = 99.5
period = "7d"
horizon = "week-1"
indicator.probe = { check = "alive", every = "1m" }
[[slo]]
id = "sla"
objective = 99.9
period = "30d"
indicator.probe = { check = "alive", every = "1m" }
[[horizon]]
id = "week-1"
after = "7d"
"#,
        says: &["99.9 %", "50.4 min in 7 d against 43.2 min in 30 d = 117 %"],
        wrong: "99.5",
        right: "99.9",
    },
    Pair {
        code: "T09",
        text: r#"
[[slo]]
id = "sla"
objective = 99.9
period = "30d"
indicator.probe = { check = "alive", every = "1m" }
[[horizon]]
id = "week-1"
after = "7d"
[[horizon.criterion]]
id = "sla"
text = "SLA targets met"
slo = "sla"
"#,
        says: &["at most 7 d", "30 d > 7 d"],
        wrong: "after = \"7d\"",
        right: "after = \"30d\"",
    },
    Pair {
        code: "T10",
        text: roll_back!(
            r#"
[[metric]]
id = "mttr"
kind = "duration"
unit = "min"
from_incidents = "time_to_restore"
[[horizon]]
id = "month-2"
after = "60d"
[[horizon.criterion]]
id = "mttr"
text = "MTTR < 5 minutes"
target = { metric = "mttr", is = "<", value = 5 }
"#
        ),
        says: &["at least 17 min", "5 min < 17 min"],
        wrong: "value = 5 ",
        right: "value = 17 ",
    },
    Pair {
        code: "T11",
        text: r#"
[[severity]]
id = "P0"
means = "System down"
respond_within = "0s"
restore_within = "15m"
[escalation]
chain = [{ role = "engineer", within = "15m" }, { role = "lead", within = "30m" }, { role = "director", within = "60m" }]
"#,
        says: &["15 + 30 + 60 = 105 min, more than 15 min"],
        wrong: "restore_within = \"15m\"",
        right: "restore_within = \"2h\"",
    },
    Pair {
        code: "T12",
        text: r#"
[recovery]
time = "15m"
point = "5m"
[[trigger]]
id = "vote"
vote = { roles = ["engineer", "lead"], unanimous = true }
then = "roll-back"
"#,
        says: &["waits for all of 2 roles without an end", "at most 15 min"],
        wrong: "unanimous = true }",
        right: "unanimous = true, within = \"5m\" }",
    },
    Pair {
        code: "T13",
        text: errors!(
            r#"
[[trigger]]
id = "one-percent"
when = { metric = "errors", is = ">", value = 1 }
then = "roll-back"
[[trigger]]
id = "five-percent"
when = { metric = "errors", is = ">", value = 5 }
for = "15m"
then = "roll-back"
"#
        ),
        says: &["`five-percent` never decides", "`errors` > 1 % at once"],
        wrong: "then = \"roll-back\"\n[",
        right: "then = \"warn\"\n[",
    },
    Pair {
        code: "T14",
        text: errors!(
            r#"
[[trigger]]
id = "alert"
when = { metric = "errors", is = ">", value = 1 }
then = "page"
[[trigger]]
id = "back"
when = { metric = "errors", is = ">", value = 1.0 }
then = "roll-back"
"#
        ),
        says: &["nobody is warned", "`errors` > 1 %"],
        wrong: "value = 1 }",
        right: "value = 0.5 }",
    },
    Pair {
        code: "T15",
        text: errors!(
            r#"
[[trigger]]
id = "errors"
when = { metric = "errors", is = ">", value = 5 }
for = "15m"
watched_every = "30m"
then = "roll-back"
"#
        ),
        says: &["people look only every 30 min", "30 min > 15 min", "up to 45 min"],
        wrong: "watched_every = \"30m\"",
        right: "watched_every = \"5m\"",
    },
    Pair {
        code: "T16",
        text: r#"
[[metric]]
id = "cpu"
kind = "gauge"
unit = "%"
[[baseline]]
id = "staging"
environment = "staging"
value = [{ metric = "cpu", when = "average", value = 52 }, { metric = "cpu", when = "peak", value = 78 }]
[[horizon]]
id = "week-1"
after = "7d"
[[horizon.criterion]]
id = "cpu"
text = "CPU utilization < 70 % at peak"
target = { metric = "cpu", is = "<", value = 70 }
"#,
        says: &["78 % (staging, peak), which already misses < 70 %"],
        wrong: "value = 70",
        right: "value = 90",
    },
    Pair {
        code: "T17",
        text: r#"
[[metric]]
id = "latency"
kind = "latency"
unit = "ms"
[[baseline]]
id = "staging"
environment = "staging"
value = [{ metric = "latency", quantile = 0.99, value = 187 }]
[recovery]
time = "15m"
point = "5m"
headroom = 10
[[check]]
id = "latency"
probe.measured = { target = { metric = "latency", quantile = 0.99, is = "<", value = 200 } }
"#,
        says: &["6.5 % free", "(200 - 187) ms / 200 ms = 6.5 %"],
        wrong: "value = 187",
        right: "value = 145",
    },
    Pair {
        code: "T18",
        text: r#"
[[metric]]
id = "latency"
kind = "latency"
unit = "ms"
[[baseline]]
id = "staging"
environment = "staging"
value = [{ metric = "latency", quantile = 0.99, value = 187 }]
[[trigger]]
id = "slow"
when = { metric = "latency", quantile = 0.99, is = ">", value = 2, times_baseline = "production" }
then = "roll-back"
"#,
        says: &["there is no baseline `production`"],
        wrong: "times_baseline = \"production\"",
        right: "times_baseline = \"staging\"",
    },
    Pair {
        code: "T19",
        text: r#"
[[metric]]
id = "latency"
kind = "latency"
unit = "ms"
[[trigger]]
id = "slow"
when = { metric = "latency", is = ">", value = 500 }
then = "roll-back"
"#,
        says: &["> 500 ms says nothing without a quantile"],
        wrong: "\"latency\", is",
        right: "\"latency\", quantile = 0.99, is",
    },
    Pair {
        code: "T20",
        text: r#"
[[metric]]
id = "failed-orders"
kind = "count"
of = "orders"
[[horizon]]
id = "week-1"
after = "7d"
[[horizon.criterion]]
id = "orders"
text = "Zero order execution failures"
target = { metric = "failed-orders", is = "==", value = 0 }
"#,
        says: &["is met by no orders at all", "at_least_events of orders"],
        wrong: "value = 0 }",
        right: "value = 0, at_least_events = 100 }",
    },
    Pair {
        code: "T21",
        text: step!(
            r#"
weight = 10
hold = "15m"
gates = [{ metric = "errors", is = "<", value = 0.1 }]
"#
        ),
        says: &[
            "needs 4,291 requests",
            "10 % of 40/s in 15 min = 3,600",
            "hold 18 min, or 12 % of the traffic",
        ],
        wrong: "15m",
        right: "18m",
    },
    Pair {
        code: "T22",
        text: step!(
            r#"
weight = 10
hold = "15m"
gates = [{ metric = "errors", is = "<", value = 1, at_least_events = 5000 }]
"#
        ),
        says: &["hold 21 min, or 14 % of the traffic", "10 % of 40/s in 15 min = 3,600"],
        wrong: "15m",
        right: "21m",
    },
    Pair {
        code: "T23",
        text: r#"
[[metric]]
id = "memory-growth"
kind = "gauge"
unit = "%"
shows_after = "6h"
[rollout]
method = "blue-green"
step = [{ weight = 10, hold = "15m", gates = [{ metric = "memory-growth", is = "<", value = 5 }] }]
"#,
        says: &["`memory-growth` shows nothing in less than 6 h, but has 15 min here"],
        wrong: "15m",
        right: "8h",
    },
    Pair {
        code: "T24",
        text: r#"
requests_per_second = 40
[[metric]]
id = "errors"
kind = "ratio"
unit = "%"
[[baseline]]
id = "staging"
environment = "staging"
value = [{ metric = "errors", value = 0.03 }]
[rollout]
method = "blue-green"
alpha = 1
step = [{ weight = 10, hold = "20m", gates = [{ metric = "errors", is = "<=", value = 2, times_baseline = "staging" }] }]
"#,
        says: &["10 % held 20 min at 40/s cannot see 2 times the failures", "hold 4.4 h"],
        wrong: "20m",
        right: "5h",
    },
];

#[test]
fn each_has_one_finding_and_a_clean_twin() {
    check(PAIRS);
}

#[test]
fn a_trigger_at_one_percent_leaves_a_band_too() {
    let text = errors!(
        r#"
[[slo]]
id = "errors"
metric = "errors"
objective = 99.9
period = "30d"
indicator.events = { bad = "failed", total = "all" }
[[trigger]]
id = "too-many"
when = { metric = "errors", is = ">", value = 1 }
then = "roll-back"
"#
    );
    finds(text, "T07", &["0.1 % x 30 d / 0.9 % = 3.3 d"]);
    // The same said of good events.
    let good = text
        .replace("unit = \"%\"", "unit = \"%\"\nmore_is_better = true")
        .replace("is = \">\", value = 1", "is = \"<\", value = 99");
    finds(&good, "T07", &["0.1 % x 30 d / 0.9 % = 3.3 d"]);
}

#[test]
fn about_four_hundred_and_thirty_requests_prove_one_percent() {
    let text = step!(
        r#"
weight = 10
hold = "1m"
gates = [{ metric = "errors", is = "<=", value = 1 }]
"#
    );
    finds(text, "T21", &["needs 427 requests", "10 % of 40/s in 1 min = 240"]);
    // A hold that may be extended for evidence is as long as that.
    clean(&text.replace("\"1m\"", "\"1m\"\nat_most = \"2m\""));
    // A latency limit is a limit on the share of slow requests.
    let latency = text
        .replace(
            "id = \"errors\"\nkind = \"ratio\"\nunit = \"%\"",
            "id = \"latency\"\nkind = \"latency\"\nunit = \"ms\"",
        )
        .replace(
            "\"errors\", is = \"<=\", value = 1",
            "\"latency\", quantile = 0.99, is = \"<\", value = 200",
        );
    finds(&latency, "T21", &["p99 of `latency` < 200 ms needs 427 requests"]);
}

#[test]
fn a_baseline_may_be_what_a_milestone_is_to_change() {
    let text = r#"
[[metric]]
id = "coverage"
kind = "ratio"
unit = "%"
more_is_better = true
[[baseline]]
id = "today"
environment = "staging"
value = [{ metric = "coverage", value = 11 }]
[[horizon]]
id = "month-1"
after = "30d"
[[horizon.criterion]]
id = "coverage"
text = "Test coverage >= 70 %"
target = { metric = "coverage", is = ">=", value = 70 }
"#;
    finds(text, "T16", &["11 %"]);
    clean(&text.replace("text = ", "milestone = \"tests\"\ntext = "));
}

#[test]
fn a_baseline_may_set_a_trigger_off() {
    let text = r#"
[[metric]]
id = "cpu"
kind = "gauge"
unit = "%"
[[baseline]]
id = "staging"
environment = "staging"
value = [{ metric = "cpu", value = 52 }, { metric = "cpu", value = 78 }]
[[trigger]]
id = "cpu"
when = { metric = "cpu", is = ">", value = 75 }
then = "page"
"#;
    finds(text, "T16", &["78 % (staging), which would set off > 75 %"]);
    clean(&text.replace("value = 75", "value = 85"));
}

#[test]
fn headroom_of_good_shares_is_counted_in_bad_ones() {
    let text = r#"
[[metric]]
id = "uptime"
kind = "ratio"
unit = "%"
more_is_better = true
[[baseline]]
id = "staging"
environment = "staging"
value = [{ metric = "uptime", value = 99.97 }]
[recovery]
time = "15m"
point = "5m"
headroom = 10
[[check]]
id = "uptime"
probe.measured = { target = { metric = "uptime", is = ">=", value = 99.9 } }
"#;
    clean(text);
    finds(&text.replace("99.97", "99.905"), "T17", &["5 % free"]);
}

#[test]
fn of_two_equal_triggers_the_later_is_superfluous() {
    let text = r#"
[[trigger]]
id = "plan"
incident = "P0"
then = "roll-back"
[[trigger]]
id = "appendix"
incident = "P0"
then = "roll-back"
"#;
    finds(text, "T13", &["`appendix` never decides"]);
    clean(&text.replacen("P0", "P1", 1));
}

#[test]
fn a_snapshot_may_be_the_only_way_back() {
    let text = r#"
[recovery]
time = "15m"
point = "5m"
backup = [{ id = "snapshot", of = "database", every = "1d" }]
[[runbook]]
id = "back"
purpose = "roll-back"
step = [{ id = "restore", budget = "10m", touches = "revert-data" }]
"#;
    finds(text, "T04", &["`snapshot`"]);
    clean(&text.replace("every = \"1d\"", "every = \"5m\""));
}

#[test]
fn bounds_promise_no_less_than_they_allow() {
    let text = r#"
[[metric]]
id = "restored-after"
kind = "duration"
unit = "min"
from_incidents = "time_to_restore"
[[runbook]]
id = "back"
purpose = "roll-back"
step = [{ id = "find", budget = "0s..5m" }, { id = "decide", budget = "0s..5m" }, { id = "undo", budget = "0s..5m" }]
[[check]]
id = "mttr"
probe.measured = { target = { metric = "restored-after", is = "<", value = 5 } }
"#;
    finds(text, "T10", &["takes 15 min"]);
    clean(&text.replace("value = 5 ", "value = 15 "));
}

#[test]
fn a_vote_and_the_roll_back_fit_into_the_recovery_time() {
    let text = r#"
[recovery]
time = "20m"
point = "5m"
[[runbook]]
id = "back"
purpose = "roll-back"
step = [{ id = "undo", budget = "10m" }]
[[trigger]]
id = "vote"
vote = { roles = ["engineer", "lead"], within = "15m" }
then = "roll-back"
"#;
    finds(text, "T12", &["15 min + 10 min = 25 min, more than 20 min", "at most 10 min"]);
    clean(&text.replace("within = \"15m\"", "within = \"10m\""));
}

#[test]
fn a_response_as_late_as_the_restoration_is_no_response() {
    let text = r#"
[[severity]]
id = "P1"
means = "Trading is off"
respond_within = "15m"
restore_within = "15m"
"#;
    finds(text, "T11", &["less than 15 min"]);
    clean(&text.replace("respond_within = \"15m\"", "respond_within = \"5m\""));
}

#[test]
fn objectives_at_several_edges_do_not_contradict() {
    clean(
        r#"
[[slo]]
id = "p50"
objective = 50
period = "7d"
metric = "latency"
indicator.latency = { histogram = "latency", within = 0.1 }
[[slo]]
id = "p99"
objective = 99
period = "30d"
metric = "latency"
indicator.latency = { histogram = "latency", within = 1 }
"#,
    );
}

#[test]
fn a_query_of_its_own_is_not_the_baseline() {
    clean(
        r#"
[[metric]]
id = "uptime"
kind = "ratio"
unit = "%"
more_is_better = true
[[baseline]]
id = "staging"
environment = "staging"
value = [{ metric = "uptime", value = 99.97 }]
[[check]]
id = "targets-up"
probe.promql = { query = "min(up) * 100", target = { metric = "uptime", is = ">=", value = 100 } }
"#,
    );
}
