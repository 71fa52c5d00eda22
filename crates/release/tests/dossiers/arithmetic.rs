//! Sums, units and lengths.

use crate::change::Change;
use crate::reading::Mended::{Ticker, Trading};

pub const CHANGES: &[Change] = &[
    Change::new("A01", Ticker, &[("stated_total = 6.617", "stated_total = 6.71")]),
    Change::new("A02", Ticker, &[("stated_method = \"mean\"", "stated_method = \"weighted\"")]),
    Change::new("A03", Ticker, &[("weight = 25\n", "weight = 20\n")]),
    Change::new("A04", Ticker, &[("stated_total = 6.617", "threshold = 6.5\nstated_total = 6.617")]),
    Change::new("A05", Ticker, &[("stated_downtime = \"43m12s\"", "stated_downtime = \"45m\"")]),
    Change::new("A06", Trading, &[("stated_length = \"9d\"", "stated_length = \"7d\"")]),
    Change::new("A07", Ticker, &[("session_hours = \"6h15m\"", "session_hours = \"8h\"")]),
    Change::new("A08", Ticker, &[("stated_length = \"60m\"", "stated_length = \"45m\"")]),
    Change::new("A09", Trading, &[("stated_total = \"1m30s\"", "stated_total = \"1m\"")]),
    Change::new("A10", Ticker, &[("limit = \"90m\"", "limit = \"40m\"")]),
    Change::new("A11", Ticker, &[("limit = \"90m\"", "limit = \"45m\"")]),
    Change::new(
        "A12",
        Ticker,
        &[(
            r#"title = "Share escalation contacts", budget = "5m" },"#,
            r#"title = "Share escalation contacts", budget = "15m" }, { id = "questions", title = "Questions" },"#,
        )],
    ),
    Change::new(
        "A13",
        Ticker,
        &[(
            r#"metric = "error-rate", is = "<", value = 0.1, at_least_events = 10000 }"#,
            r#"metric = "error-rate", is = "<", value = 0.1, stated_per = 1000, at_least_events = 10000 }"#,
        )],
    ),
    Change::new(
        "A14",
        Ticker,
        &[(
            r#"metric = "customer-satisfaction", is = ">", value = 90"#,
            r#"metric = "customer-satisfaction", is = ">", value = 100"#,
        )],
    ),
    Change::new(
        "A15",
        Trading,
        &[(r#"metric = "nps", is = ">=", value = 30"#, r#"metric = "nps", is = ">=", value = 7"#)],
    ),
    Change::new("A16", Ticker, &[(r#"series = "up", every = "5s""#, r#"series = "up", every = "1m""#)]),
];
