//! Sums, units and lengths.

use crate::support::{Pair, check, clean, finds};

/// Seven rows that sum to 7.15.
macro_rules! matrix {
    ($head:literal) => {
        concat!(
            "[[scorecard]]\nid = \"matrix\"\nmethod = \"weighted\"\n",
            $head,
            r#"
row = [
  { id = "bugs", title = "Zero critical bugs", weight = 25, score.attested = { value = 6, by = "qa" } },
  { id = "core", title = "Core functionality", weight = 20, score.attested = { value = 9, by = "qa" } },
  { id = "speed", title = "Performance", weight = 15, score.attested = { value = 8, by = "qa" } },
  { id = "security", title = "Security baseline", weight = 15, score.attested = { value = 4, by = "qa" } },
  { id = "monitoring", title = "Monitoring", weight = 10, score.attested = { value = 9, by = "qa" } },
  { id = "back", title = "Rollback plan", weight = 10, score.attested = { value = 8, by = "qa" } },
  { id = "team", title = "Team readiness", weight = 5, score.attested = { value = 7, by = "qa" } },
]
"#
        )
    };
}

const AVAILABILITY: &str = r#"
[[metric]]
id = "uptime"
kind = "ratio"
unit = "%"
more_is_better = true
every = "1m"
"#;

pub const PAIRS: &[Pair] = &[
    Pair {
        code: "A01",
        text: matrix!("stated_total = 7.05"),
        says: &["7.15", "6 x 25 % + 9 x 20 % + 8 x 15 % + 4 x 15 % + 9 x 10 % + 8 x 10 % + 7 x 5 % = 7.15"],
        wrong: "7.05",
        right: "7.15",
    },
    Pair {
        code: "A02",
        text: r#"
[[scorecard]]
id = "overall"
method = "mean"
stated_method = "weighted"
stated_total = 6.6
row = [
  { id = "a", title = "Architecture", score.attested = { value = 8.2, by = "qa" } },
  { id = "b", title = "Security", score.attested = { value = 5.5, by = "qa" } },
  { id = "c", title = "Code", score.attested = { value = 7.5, by = "qa" } },
  { id = "d", title = "Tests", score.review = { review = "tests" } },
  { id = "e", title = "Operations", score.attested = { value = 7.8, by = "qa" } },
  { id = "f", title = "Documentation", score.attested = { value = 6.5, by = "qa" } },
]
[[review]]
id = "tests"
title = "QA"
role = "qa"
score = 4.2
"#,
        says: &["plain mean 6.617", "(8.2 + 5.5 + 7.5 + 4.2 + 7.8 + 6.5) / 6 = 6.617"],
        wrong: "stated_method = \"weighted\"",
        right: "stated_method = \"mean\"",
    },
    Pair {
        code: "A03",
        text: r#"
[[scorecard]]
id = "matrix"
method = "weighted"
row = [
  { id = "a", title = "A", weight = 60, score.attested = { by = "qa" } },
  { id = "b", title = "B", weight = 30, score.attested = { by = "qa" } },
]
"#,
        says: &["90 %", "60 + 30 = 90"],
        wrong: "weight = 30",
        right: "weight = 40",
    },
    Pair {
        code: "A04",
        text: matrix!("threshold = 7"),
        says: &[
            "Zero critical bugs (25 %) gives 6.90",
            "Core functionality (20 %) gives 6.95",
            "a margin of 0.15 decides",
            "7.15 - 0.15 = 7.00 is still GO",
        ],
        wrong: "threshold = 7",
        right: "threshold = 6.9",
    },
    Pair {
        code: "A05",
        text: r#"
[[slo]]
id = "week-1"
objective = 99.5
period = "7d"
stated_downtime = "43m"
indicator.probe = { check = "alive", every = "1m" }
"#,
        says: &["50.4 min", "(1 - 0.995) x 10,080 min = 50.4 min"],
        wrong: "43m",
        right: "50m",
    },
    Pair {
        code: "A06",
        text: r#"
zone = "Asia/Kolkata"
sessions = "nse:equity"
[plan]
day0 = "2025-11-18"
[[plan.task]]
id = "soak"
title = "24-hour soak test"
day = -5
to_day = -4
from = "12:00"
to = "09:00"
stated_length = "24h"
"#,
        says: &["21 h, 3.5 h of them in session", "12:00 on day -5 to 09:00 on day -4 is 21 h"],
        wrong: "24h",
        right: "21h",
    },
    Pair {
        code: "A07",
        text: r#"
sessions = "nse:equity"
[plan]
day0 = "2025-11-18"
[[plan.task]]
id = "soak"
title = "Soak test"
day = -5
from = "12:00"
to = "09:00"
session_hours = "6h15m"
"#,
        says: &["3.5 h", "6.3 h"],
        wrong: "12:00",
        right: "09:10",
    },
    Pair {
        code: "A08",
        text: r#"
[[plan.meeting]]
id = "go-no-go"
title = "Final review"
from_day = -1
to_day = -1
stated_length = "60m"
agenda = [{ text = "Security", length = "15m" }, { text = "Code", length = "10m" }, { text = "Vote", length = "45m" }]
"#,
        says: &["70 min", "15 + 10 + 45 = 70 min"],
        wrong: "45m",
        right: "35m",
    },
    Pair {
        code: "A09",
        text: r#"
[[runbook]]
id = "back"
purpose = "roll-back"
stated_total = "15m..30m"
step = [
  { id = "stop", budget = "0s" },
  { id = "revert", budget = "5m" },
  { id = "database", budget = "10m..30m", optional = true },
  { id = "switch", budget = "2m" },
  { id = "validate", budget = "10m" },
]
"#,
        says: &[
            "17 min without `database`, 27 to 47 min with",
            "0 + 5 + 2 + 10 = 17 min; with: 0 + 5 + 10..30 + 2 + 10 = 27 to 47 min",
        ],
        wrong: "15m..30m",
        right: "17m..47m",
    },
    Pair {
        code: "A10",
        text: r#"
[[runbook]]
id = "deploy"
purpose = "deploy"
limit = "30m"
step = [{ id = "start", budget = "25m" }, { id = "smoke", budget = "10m" }]
"#,
        says: &["35 min", "25 + 10 = 35 min; 5 min too long"],
        wrong: "25m",
        right: "15m",
    },
    Pair {
        code: "A11",
        text: r#"
[[runbook]]
id = "deploy"
purpose = "deploy"
limit = "30m"
step = [
  { id = "drain", budget = "2m" },
  { id = "start", budget = "5m" },
  { id = "migrate", budget = "5m" },
  { id = "health", budget = "5m" },
  { id = "smoke", budget = "10m" },
  { id = "switch", budget = "2m" },
  { id = "monitor", budget = "2h", after_service = true },
]
"#,
        says: &["29 min, 1 min of slack", "2 + 5 + 5 + 5 + 10 + 2 = 29 min"],
        wrong: "budget = \"10m\"",
        right: "budget = \"5m\"",
    },
    Pair {
        code: "A12",
        text: r#"
[[runbook]]
id = "back"
purpose = "roll-back"
limit = "15m"
step = [
  { id = "identify", budget = "0s..5m" },
  { id = "decide", budget = "0s..5m" },
  { id = "undo", budget = "0s..5m" },
  { id = "verify" },
  { id = "report", after_service = true },
]
"#,
        says: &["nothing is left for `verify`", "15 min - 15 min = 0 min"],
        wrong: "limit = \"15m\"",
        right: "limit = \"20m\"",
    },
    Pair {
        code: "A13",
        text: r#"
[[metric]]
id = "errors"
kind = "ratio"
unit = "%"
[[horizon]]
id = "week-1"
after = "7d"
[[horizon.criterion]]
id = "errors"
text = "Error rate < 0.1 % (per 1000 requests)"
target = { metric = "errors", is = "<", value = 0.1, stated_per = 1000 }
"#,
        says: &["1 in 1,000", "0.1 / 100 x 1,000 = 1"],
        wrong: ", stated_per = 1000",
        right: "",
    },
    Pair {
        code: "A14",
        text: r#"
[[metric]]
id = "errors"
kind = "ratio"
[[trigger]]
id = "too-many"
when = { metric = "errors", is = ">", value = 5 }
then = "roll-back"
"#,
        says: &["0..1"],
        wrong: "value = 5",
        right: "value = 0.05",
    },
    Pair {
        code: "A15",
        text: r#"
[[metric]]
id = "nps"
kind = "score"
min = -100
max = 100
more_is_better = true
[[horizon]]
id = "month-1"
after = "30d"
[[horizon.criterion]]
id = "nps"
text = "NPS > 7"
target = { metric = "nps", is = ">", value = 7 }
"#,
        says: &["-100..100", "53.5 % of the scale"],
        wrong: "value = 7",
        right: "value = 30",
    },
    Pair {
        code: "A16",
        text: r#"
[[metric]]
id = "uptime"
kind = "ratio"
unit = "%"
more_is_better = true
every = "1m"
[[baseline]]
id = "dashboard"
environment = "production"
over = "1d"
value = [{ metric = "uptime", value = 99.98 }]
"#,
        says: &["steps of 0.069 %", "100 % / 1,440 = 0.069 %", "0.288 looks"],
        wrong: "99.98",
        right: "99.93",
    },
];

#[test]
fn each_has_one_finding_and_a_clean_twin() {
    check(PAIRS);
}

#[test]
fn a_month_may_have_thirty_or_thirty_one_days() {
    let text = r#"
[[slo]]
id = "uptime"
objective = 99.9
period = "30d"
stated_downtime = "45m"
indicator.probe = { check = "alive", every = "1m" }
"#;
    finds(text, "A05", &["43.2 min (30 d), 44.6 (31 d)", "(1 - 0.999) x 43,200 min = 43.2 min"]);
    for right in ["43m", "43m12s"] {
        clean(&text.replace("45m", right));
    }
    finds(&text.replace("45m", "44m"), "A05", &[]);
}

#[test]
fn about_thirty_minutes_are_twenty_nine() {
    let text = r#"
[[runbook]]
id = "deploy"
purpose = "deploy"
stated_total = "30m"
limit = "35m"
step = [{ id = "start", budget = "19m" }, { id = "smoke", budget = "10m" }]
"#;
    finds(text, "A09", &["29 min", "19 + 10 = 29 min", "6 min of slack"]);
    clean(&text.replace("\"30m\"", "\"29m\""));
    // A step that nobody has timed: the sum is unknown, unless it is too long already.
    let open = text.replace("budget = \"10m\"", "title = \"?\"");
    clean(&open);
    finds(&open.replace("\"30m\"", "\"10m\""), "A09", &["at least 19 min"]);
}

#[test]
fn one_point_more_may_be_enough() {
    let text = matrix!("threshold = 7.4");
    finds(text, "A04", &["one point more in Zero critical bugs (25 %) gives 7.40: GO"]);
    // The best score cannot be bettered, and a score that is to be given flips nothing.
    clean(&text.replace("value = 6,", ""));
}

#[test]
fn day_0_may_still_be_open() {
    let text = r#"
sessions = "nse:equity"
decided_on = "2025-11-08"
[[plan.task]]
id = "soak"
title = "24-hour soak test"
day = -5
from = "12:00"
to = "09:00"
stated_length = "24h"
"#;
    finds(text, "A06", &["21 h, 3.5 h of them in session"]);
    // A date that is still to be filled in says nothing.
    let placeholder = text.replace("[[plan.task]]", "[plan]\nday0 = \"2025-11-__\"\n[[plan.task]]");
    finds(&placeholder, "A06", &["21 h, 3.5 h of them in session"]);
    // Without any date, a session is not guessed.
    let undated = text.replace("decided_on = \"2025-11-08\"\n", "");
    let finding = finds(&undated, "A06", &["21 h"]);
    assert!(!finding.message.contains("session"), "{finding:?}");
}

#[test]
fn limits_leave_room_for_a_failed_look() {
    let text = format!(
        "{AVAILABILITY}{}",
        r#"
[[horizon]]
id = "day-1"
after = "1d"
[[horizon.criterion]]
id = "uptime"
text = "Uptime"
target = { metric = "uptime", is = ">=", value = 99.98, over = "1d" }
"#
    );
    finds(&text, "A16", &["steps of 0.069 %"]);
    clean(&text.replace("99.98", "99.9"));
    clean(&text.replace("99.98", "100"));
    let slo = r#"
[[slo]]
id = "uptime"
objective = 99.98
period = "1d"
indicator.probe = { check = "alive", every = "1m" }
"#;
    finds(slo, "A16", &["steps of 0.069 %"]);
    clean(&slo.replace("\"1d\"", "\"7d\""));
}

#[test]
fn what_is_right_stays_silent() {
    // Weights that sum to 100, an agenda that sums, weeks 3 to 10.
    clean(
        r#"
[[plan.meeting]]
id = "go-no-go"
title = "Final review"
from_day = -1
to_day = -1
stated_length = "60m"
agenda = [
  { text = "Security", length = "15m" }, { text = "Code", length = "10m" }, { text = "Testing", length = "10m" },
  { text = "Operations", length = "15m" }, { text = "Rollback", length = "5m" }, { text = "Vote", length = "5m" },
]
[[plan.milestone]]
id = "improvement"
title = "Weeks 3 to 10"
from_day = 15
to_day = 70
stated_length = "8w"
"#,
    );
    clean(matrix!("threshold = 5\nstated_total = 7.15"));
}

#[test]
fn a_phase_is_as_long_as_its_days() {
    let text = r#"
[[plan.milestone]]
id = "improvement"
title = "Weeks 3 to 10"
from_day = 15
to_day = 63
stated_length = "8w"
"#;
    finds(text, "A06", &["49 d (7 weeks)", "63 - 15 + 1 = 49"]);
}

#[test]
fn a_quantile_is_a_share() {
    let text = r#"
[[metric]]
id = "latency"
kind = "latency"
unit = "ms"
[[trigger]]
id = "slow"
when = { metric = "latency", quantile = 99, is = ">", value = 500 }
then = "roll-back"
"#;
    finds(text, "A14", &["0.99"]);
    clean(&text.replace("99", "0.99"));
}

#[test]
fn a_promoter_score_has_one_scale() {
    let text = r#"
[[metric]]
id = "nps"
kind = "score"
min = 0
max = 10
more_is_better = true
[[horizon]]
id = "month-1"
after = "30d"
[[horizon.criterion]]
id = "nps"
text = "NPS > 7"
target = { metric = "nps", is = ">", value = 7 }
"#;
    finds(text, "A15", &["`nps` runs from -100 to 100, not from 0 to 10", "-100..100"]);
    clean(
        &text
            .replace("id = \"nps\"\nkind", "id = \"stars\"\nkind")
            .replace("metric = \"nps\"", "metric = \"stars\""),
    );
}
