//! Order and dates.

use crate::change::Change;
use crate::reading::Mended::{Ticker, Trading};

pub const CHANGES: &[Change] = &[
    Change::new("D01", Ticker, &[("watch = \"2h30m\"", "watch = \"24h\"")]),
    Change::new("D02", Ticker, &[("from = \"16:00\"\nto = \"16:30\"", "from = \"09:00\"\nto = \"09:30\"")]),
    // Where a release has to lie outside sessions, the bell is a case of D01.
    Change::new("D03", Ticker, &[("outside_sessions = true\n", ""), ("at = \"18:45\"", "at = \"09:15\"")]),
    Change::new("D04", Ticker, &[("prefer = [\"wed\"]", "prefer = [\"tue\"]")]),
    Change::new("D05", Ticker, &[("service.zone = \"Asia/Kolkata\"\n", "")]),
    Change::new("D06", Ticker, &[("to = \"2025-11-26\"", "to = \"2025-11-31\"")]),
    Change::new("D07", Ticker, &[("old_arm_removed_after = \"7d\"", "old_arm_removed_after = \"1h\"")]),
    Change::new(
        "D08",
        Ticker,
        &[
            (
                r#"  { id = "drain", title = "Nothing is connected to the old version", budget = "10m", touches = "drain", action.hook = { name = "drain" } },
"#,
                "",
            ),
            (
                r#""ticker-service-blue", "-n", "production"] } },
"#,
                r#""ticker-service-blue", "-n", "production"] } },
  { id = "drain", title = "Nothing is connected to the old version", budget = "10m", touches = "drain", action.hook = { name = "drain" } },
"#,
            ),
        ],
    ),
    Change::new(
        "D09",
        Trading,
        &[
            (
                r#"[[runbook.step]]
id = "migrate"
title = "Database migrations (additions only)"
budget = "5m"
touches = "migrate"
action.command = { run = ["bin/migrate", "--additions-only", "--database", "trading"], env = { PGPASSWORD = "secret:trading-db-password" } }

"#,
                "",
            ),
            (
                r#"[[runbook.step]]
id = "health"
"#,
                r#"[[runbook.step]]
id = "migrate"
title = "Database migrations (additions only)"
budget = "5m"
touches = "migrate"
action.command = { run = ["bin/migrate", "--additions-only", "--database", "trading"], env = { PGPASSWORD = "secret:trading-db-password" } }

[[runbook.step]]
id = "health"
"#,
            ),
        ],
    ),
    Change::new(
        "D10",
        Ticker,
        &[(
            r#"[[runbook.step]]
id = "report"
"#,
            r#"[[runbook.step]]
id = "old-code"
title = "The old version for good"
after_service = true
touches = "revert-code"

[[runbook.step]]
id = "old-data"
title = "Restore the database"
after_service = true
touches = "revert-data"
restores = "database"

[[runbook.step]]
id = "report"
"#,
        )],
    ),
    Change::new(
        "D11",
        Ticker,
        &[("proves = [\"p1-tests\"]", "delivers = [\"security-test-suite\"]\nproves = [\"p1-tests\"]")],
    ),
    Change::new(
        "D12",
        Ticker,
        &[(
            r#"checks = ["coverage-70"], milestone = "p0-tests""#,
            r#"checks = ["coverage-70"], milestone = "p1-tests""#,
        )],
    ),
    Change::new("D13", Ticker, &[("fixes = [\"blocker-1\"]\n", "")]),
    Change::new(
        "D14",
        Ticker,
        &[(
            r#"checks = ["load-tests"], required = true }"#,
            r#"checks = ["load-tests"], required = true, deferred_to_day = 14 }"#,
        )],
    ),
    Change::new(
        "D15",
        Ticker,
        &[(
            r#"checks = ["p0-tests"], deferred_to_day = 28"#,
            r#"checks = ["p0-tests"], stated_done = true, deferred_to_day = 28"#,
        )],
    ),
    Change::new("D16", Ticker, &[("to_day = 69", "to_day = 75")]),
    Change::new("D17", Ticker, &[("canary_at_step = 1", "canary_at_step = 3")]),
    Change::new("D18", Ticker, &[("from_day = 15\nto_day = 30\n", "from_day = 8\nto_day = 30\n")]),
    Change::new(
        "D19",
        Ticker,
        &[(r#"from_day = 7, from = "00:00", lasts = "8d""#, r#"from_day = 8, from = "00:00", lasts = "7d""#)],
    ),
    Change::new(
        "D20",
        Ticker,
        &[(
            "title = \"Week 4: external penetration test\"\nday = 22",
            "title = \"Week 3: external penetration test\"\nday = 18",
        )],
    ),
    Change::new("D21", Ticker, &[("weight = 50\n", "weight = 10\n")]),
];
