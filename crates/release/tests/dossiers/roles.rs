//! Roles and states.

use crate::change::Change;
use crate::reading::Mended::{Ticker, Trading};

pub const CHANGES: &[Change] = &[
    // A decision by points needs both: a threshold that is reached, and a blocker that is open.
    Change::new(
        "R01",
        Ticker,
        &[
            ("stated_total = 6.617", "threshold = 5\nstated_total = 6.617"),
            ("finding = \"CVE-TICKER-002\"\n", "finding = \"CVE-TICKER-002\"\nstated = \"open\"\n"),
        ],
    ),
    Change::new(
        "R02",
        Ticker,
        &[(
            "finding = \"CVE-TICKER-003\"\nchecks = [\"encryption-decrypts\"]\n",
            "finding = \"CVE-TICKER-003\"\nchecks = []\n",
        )],
    ),
    Change::new(
        "R03",
        Ticker,
        &[("signers = [\"engineering-director\"]\n", "signers = [\"release-manager\"]\n")],
    ),
    Change::new(
        "R04",
        Ticker,
        &[(
            r#"owner = "trading-desk", checks = ["integration-tests"], "#,
            r#"owner = "trading-operations", checks = ["integration-tests"], "#,
        )],
    ),
    Change::new("R05", Ticker, &[("roles = [\"qa-manager\"]", "roles = []")]),
    Change::new(
        "R06",
        Ticker,
        &[(
            r#"  { id = "backend-lead", title = "Backend Lead" },
"#,
            r#"  { id = "backend-lead", title = "Backend Lead" },
  { id = "backend-manager", title = "Backend Manager" },
"#,
        )],
    ),
    Change::new(
        "R07",
        Ticker,
        &[(
            "[[approval.signer]]\nrole = \"security-lead\"\n",
            "[[approval.signer]]\nrole = \"security-lead\"\nafter = [\"engineering-director\"]\n",
        )],
    ),
    Change::new(
        "R08",
        Ticker,
        &[(
            r#"outcomes = ["GO", "GO WITH CONDITIONS", "NO-GO"]"#,
            r#"outcomes = ["GO", "GO WITH CONDITIONS", "NO-GO", "DEFER"]"#,
        )],
    ),
    // Reviews are held to the bands (R10), so the status that is out of order is one of a row.
    Change::new(
        "R09",
        Ticker,
        &[(
            r#"score.review = { review = "architecture" }, note = "Solid async design, needs minor improvements" },
  { id = "security", title = "Security", score.review = { review = "security" }, "#,
            r#"score.review = { review = "architecture" }, stated_status = "conditional", note = "Solid async design, needs minor improvements" },
  { id = "security", title = "Security", score.review = { review = "security" }, stated_status = "pass", "#,
        )],
    ),
    Change::new(
        "R10",
        Ticker,
        &[("score = 4.2\nstated_status = \"conditional\"", "score = 4.2\nstated_status = \"blocked\"")],
    ),
    Change::new("R11", Ticker, &[("measures = \"load\"", "measures = \"functional-tests\"")]),
    Change::new(
        "R12",
        Ticker,
        &[(
            r#"score.measured = { pass = { metric = "critical-bugs", is = "==", value = 0 } }"#,
            r#"score.attested = { by = "qa-manager", value = 6 }"#,
        )],
    ),
    Change::new(
        "R13",
        Ticker,
        &[("stated_findings = { critical = 3, high = 1 }", "stated_findings = { critical = 4, high = 1 }")],
    ),
    Change::new("R14", Ticker, &[("contact = \"pager:isha\"", "contact = \"[Phone]\"")]),
    Change::new(
        "R15",
        Ticker,
        &[(
            r#"delivers = ["incident-runbooks", "incident-response-plan"]"#,
            r#"delivers = ["incident-runbooks"]"#,
        )],
    ),
    Change::new("R16", Trading, &[("escalates_to = \"sre-lead\"", "escalates_to = \"on-call\"")]),
    Change::new(
        "R17",
        Ticker,
        &[(r#"action.check = { check = "token-revoked" }"#, r#"action.check = { check = "token-refused" }"#)],
    ),
    Change::new("R18", Ticker, &[("id = \"other-origins\"", "id = \"own-origin\"")]),
];
