//! Roles and states.

use super::spotting::{Fault, findings, silent, spot};

const FAULTS: &[Fault] = &[
    Fault {
        code: "R01",
        policy: "[[check]]
id = \"secrets\"
probe.rota = {}
[[blocker]]
id = \"secrets\"
title = \"Secrets\"
checks = [\"secrets\"]
stated = \"open\"
[[role]]
id = \"dev\"
title = \"Developer\"
[[scorecard]]
id = \"matrix\"
method = \"weighted\"
threshold = 7.0
row = [{ id = \"a\", title = \"A\", weight = 60, score.attested = { value = 8, by = \"dev\" } }, { id = \"b\", title = \"B\", weight = 40, score.attested = { value = 6, by = \"dev\" } }]",
        files: &[],
        mend: ("stated = \"open\"", "stated = \"fixed\""),
        says: &["7.2 of at least 7", "does not decide"],
    },
    Fault {
        code: "R02",
        policy: "[[check]]
id = \"alerts\"
probe.alert-delivered = {}
[[section]]
id = \"operations\"
title = \"Operations\"
item = [{ text = \"Alert rules defined\", stated_done = true }]",
        files: &[],
        mend: ("stated_done", "checks = [\"alerts\"], stated_done"),
        says: &["ticked"],
    },
    Fault {
        code: "R02",
        policy: "blocker = [{ id = \"cors\", title = \"CORS\", checks = [], stated = \"open\" }]
check = [{ id = \"cors\", probe.rota = {} }]",
        files: &[],
        mend: ("checks = []", "checks = [\"cors\"]"),
        says: &["`cors` is gone"],
    },
    Fault {
        code: "R03",
        policy: "[[role]]
id = \"director\"
title = \"Engineering Director\"
[[role]]
id = \"security\"
title = \"Security\"
[approval]
outcomes = [\"GO\"]
votes = [\"GO\"]
rule = \"unanimous\"
author = \"director\"
signer = [{ role = \"director\" }]",
        files: &[],
        mend: ("{ role = \"director\" }", "{ role = \"director\" }, { role = \"security\" }"),
        says: &["director"],
    },
    Fault {
        code: "R03",
        // Two roles, one person.
        policy: "role = [{ id = \"lead\", title = \"Lead\" }, { id = \"qa\", title = \"QA\" }]
person = [{ id = \"ann\", name = \"Ann\", roles = [\"lead\", \"qa\"] }, { id = \"bob\", name = \"Bob\", roles = [] }]
plan.task = [{ id = \"soak\", title = \"Soak\", day = -5, owner = \"lead\", signers = [\"qa\"] }]",
        files: &[],
        mend: ("name = \"Bob\", roles = []", "name = \"Bob\", roles = [\"qa\"]"),
        says: &["task `soak`"],
    },
    Fault {
        code: "R04",
        policy: "role = [{ id = \"qa-lead\", title = \"QA Lead\" }]
plan.task = [{ id = \"soak\", title = \"Soak\", day = -5, signers = [\"QA Manager\"] }]",
        files: &[],
        mend: ("QA Manager", "qa-lead"),
        says: &["QA Manager", "qa-lead"],
    },
    Fault {
        code: "R05",
        policy: "role = [{ id = \"qa\", title = \"QA\" }]
person = [{ id = \"ann\", name = \"Ann\", roles = [] }]
plan.task = [{ id = \"soak\", title = \"Soak\", day = -5, signers = [\"qa\"] }]",
        files: &[],
        mend: ("roles = []", "roles = [\"qa\"]"),
        says: &["nobody holds"],
    },
    Fault {
        code: "R06",
        policy: "role = [{ id = \"a\", title = \"QA Lead\" }, { id = \"b\", title = \"QA Manager\" }]",
        files: &[],
        mend: ("QA Manager", "Product Owner"),
        says: &["QA Lead"],
    },
    Fault {
        code: "R06",
        policy: "role = [{ id = \"a\", title = \"On-Call Engineer\" }, { id = \"b\", title = \"Oncall Engineer\" }]",
        files: &[],
        mend: ("Oncall Engineer", "Platform Engineer"),
        says: &[],
    },
    Fault {
        code: "R07",
        policy: "role = [{ id = \"a\", title = \"Alpha\" }, { id = \"b\", title = \"Bravo\" }, { id = \"c\", title = \"Charlie\" }]
[approval]
outcomes = [\"GO\"]
votes = [\"GO\"]
rule = \"unanimous\"
author = \"c\"
signer = [{ role = \"a\", after = [\"b\"] }, { role = \"b\", checks = [\"word\"] }, { role = \"c\", after = [\"a\"] }]
[[check]]
id = \"word\"
probe.attest = { by = \"c\", text = \"It is so\" }",
        files: &[],
        mend: ("{ role = \"c\", after = [\"a\"] }", "{ role = \"c\" }"),
        says: &["a after b after c after a"],
    },
    Fault {
        code: "R08",
        policy: "role = [{ id = \"a\", title = \"Alpha\" }, { id = \"b\", title = \"Bravo\" }]
[approval]
outcomes = [\"GO\", \"GO WITH CONDITIONS\", \"NO-GO\"]
votes = [\"go\", \"no-go\"]
stated_outcome = \"CONDITIONAL APPROVAL\"
rule = \"unanimous\"
author = \"b\"
signer = [{ role = \"a\" }]",
        files: &[],
        mend: ("CONDITIONAL APPROVAL", "GO with conditions"),
        says: &["CONDITIONAL APPROVAL", "GO WITH CONDITIONS"],
    },
    Fault {
        code: "R09",
        policy: "role = [{ id = \"a\", title = \"Alpha\" }]
review = [
  { id = \"security\", title = \"Security\", role = \"a\", score = 5.5, stated_status = \"blocked\" },
  { id = \"tests\", title = \"Tests\", role = \"a\", score = 4.2, stated_status = \"conditional\" },
  { id = \"docs\", title = \"Documentation\", role = \"a\", score = 6.5, stated_status = \"acceptable\" },
]",
        files: &[],
        mend: ("stated_status = \"conditional\"", "stated_status = \"blocked\""),
        says: &["4.2 conditional, 5.5 blocked"],
    },
    Fault {
        code: "R10",
        policy: "role = [{ id = \"a\", title = \"Alpha\" }]
band = [{ from = 7, status = \"pass\" }, { from = 5, status = \"conditional\" }, { from = 0, status = \"blocked\" }]
review = [{ id = \"docs\", title = \"Documentation\", role = \"a\", score = 6.5, stated_status = \"PASS\" }]",
        files: &[],
        mend: ("6.5", "7"),
        says: &["6.5 is in the band from 5 up: conditional"],
    },
    Fault {
        code: "R11",
        policy: "role = [{ id = \"a\", title = \"Alpha\" }]
[[scorecard]]
id = \"matrix\"
method = \"weighted\"
row = [
  { id = \"bugs\", title = \"Bugs\", weight = 25, measures = \"security-issues\", score.attested = { by = \"a\" } },
  { id = \"security\", title = \"Security\", weight = 15, measures = \"security-issues\", score.attested = { by = \"a\" } },
]",
        files: &[],
        mend: ("weight = 15, measures = \"security-issues\"", "weight = 15"),
        says: &["25 % + 15 % = 40 %"],
    },
    Fault {
        code: "R12",
        policy: "role = [{ id = \"a\", title = \"Alpha\" }]
[[scorecard]]
id = \"matrix\"
method = \"mean\"
row = [{ id = \"bugs\", title = \"Zero critical bugs\", yes_or_no = true, score.attested = { value = 6, by = \"a\" } }]",
        files: &[],
        mend: ("value = 6", "value = 0"),
        says: &["0 or 10"],
    },
    Fault {
        code: "R13",
        policy: "check = [{ id = \"x\", probe.rota = {} }]
blocker = [{ id = \"x\", title = \"X\", checks = [\"x\"] }]
[[section]]
id = \"security\"
title = \"Security\"
stated_items = 2
stated_blocking = 2
item = [{ text = \"One\", blocker = \"x\" }, { text = \"Two\" }]",
        files: &[],
        mend: ("stated_blocking = 2", "stated_blocking = 1"),
        says: &["counts 2 blocking items, and 1 are"],
    },
    Fault {
        code: "R13",
        policy: "role = [{ id = \"a\", title = \"Alpha\" }]
review = [{ id = \"audit\", title = \"Audit\", role = \"a\", stated_findings = { critical = 4 } }]
finding = [{ id = \"F1\", title = \"Secret\", review = \"audit\", severity = \"CRITICAL\" }]",
        files: &[],
        mend: ("critical = 4", "critical = 1"),
        says: &["counts 4 critical, and 1 are listed"],
    },
    Fault {
        code: "R14",
        policy: "plan.day0 = \"2025-11-__\"",
        files: &[],
        mend: ("2025-11-__", "2025-11-18"),
        says: &["`2025-11-__`"],
    },
    Fault {
        code: "R14",
        policy: "person = [{ id = \"ann\", name = \"Ann\", roles = [], contact = \"[Phone]\" }]",
        files: &[],
        mend: ("[Phone]", "+91 22 5555 0100"),
        says: &["`[Phone]`"],
    },
    Fault {
        code: "R14",
        policy: "environment = [{ id = \"production\", url = \"https://ticker.example.com\" }]",
        files: &[],
        mend: ("ticker.example.com", "ticker.internal"),
        says: &["a real address is needed"],
    },
    Fault {
        code: "R15",
        policy: "[[section]]
id = \"operations\"
title = \"Operations\"
item = [{ text = \"Communication plan\", needs = \"communication-plan\" }]
[[plan.task]]
id = \"write\"
title = \"Write it\"
day = -5",
        files: &[],
        mend: ("day = -5", "day = -5\ndelivers = [\"communication-plan\"]"),
        says: &["communication-plan"],
    },
    Fault {
        code: "R16",
        policy: "role = [{ id = \"on-call\", title = \"On call\" }, { id = \"operations\", title = \"Operations\" }]
escalation.chain = [{ role = \"on-call\", within = \"15m\" }, { role = \"operations\", within = \"30m\" }]
runbook = [{ id = \"down\", purpose = \"incident\", run_by = \"on-call\", escalates_to = \"on-call\" }]",
        files: &[],
        mend: ("escalates_to = \"on-call\"", "escalates_to = \"operations\""),
        says: &["right: \"operations\""],
    },
    Fault {
        code: "R17",
        policy: "check = [{ id = \"rollback\", probe.rollback-rehearsed = {} }]
section = [{ id = \"s\", title = \"S\", item = [{ text = \"Rollback tested\", checks = [\"roll-back\"] }] }]",
        files: &[],
        mend: ("\"roll-back\"", "\"rollback\""),
        says: &["one of: rollback"],
    },
    Fault {
        code: "R17",
        policy: "trigger = [{ id = \"p0\", incident = \"P0\", then = \"roll-back\" }]
severity = [{ id = \"P1\", means = \"bad\", respond_within = \"15m\" }]",
        files: &[],
        mend: ("id = \"P1\"", "id = \"P0\""),
        says: &["no severity `P0`"],
    },
    Fault {
        code: "R18",
        policy: "metric = [{ id = \"errors\", kind = \"ratio\" }, { id = \"errors\", kind = \"count\" }]",
        files: &[],
        mend: ("{ id = \"errors\", kind = \"count\" }", "{ id = \"failures\", kind = \"count\" }"),
        says: &["`errors`"],
    },
];

#[test]
fn each_fault_of_roles_and_states_is_found_alone() {
    spot('R', FAULTS);
}

#[test]
fn titles_of_different_functions_are_told_apart() {
    let titles = [
        "Security Lead",
        "Backend Lead",
        "Frontend Lead",
        "Operations Lead",
        "Trading Operations",
        "QA Lead",
        "Product Owner",
        "Engineering Director",
        "On-Call Engineer",
        "Backend Engineer",
        "Legal",
        "Logal",
    ];
    let roles =
        titles.iter().enumerate().map(|(i, title)| format!("{{ id = \"r{i}\", title = \"{title}\" }}"));
    silent(&format!("role = [{}]", roles.collect::<Vec<_>>().join(", ")), &[]);
}

#[test]
fn what_is_not_stated_is_not_held_against_anybody() {
    // No score yet, findings listed elsewhere, an example address in a control, brackets and underscores with a meaning.
    silent(
        "role = [{ id = \"a\", title = \"Alpha\" }]
review = [{ id = \"audit\", title = \"Audit\", role = \"a\", stated_status = \"blocked\", stated_findings = { critical = 4 } }]
band = [{ from = 7, status = \"pass\" }]
metric = [{ id = \"m\", kind = \"rate\", query = 'sum(rate({__name__=\"x\"}[5m]))', title = \"a [b] c__d, to do\" }]
[[check]]
id = \"cors\"
probe.http = { url = \"{env}/orders\", method = \"OPTIONS\", headers = { Origin = \"https://evil.example.com\", Access-Control-Request-Method = \"POST\" } }
control.http = { url = \"https://broken.example.com/orders\" }
",
        &[],
    );
}

#[test]
fn a_quote_is_the_line_of_the_fault() {
    let seen = findings("plan.day0 = \"2025-11-__\" # later\n", &[]);
    assert_eq!(seen[0].quote, "plan.day0 = \"2025-11-__\" # later");
    assert_eq!((seen[0].position.line, seen[0].position.column), (3, 6));
}
